//! Arbitrary values for property tests.

use alloy::primitives::U256;
use proptest::{collection, prelude::*};

use crate::{Integer, Value};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (any::<bool>(), any::<[u8; 32]>()).prop_map(|(sign, word)| Integer::new(
            sign,
            U256::from_be_bytes(word)
        )
        .into()),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::String),
    ]
}

/// Values that JSON can express: everything but sets.
pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::Object),
        ]
    })
}

/// Values of every kind.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            collection::btree_set(inner.clone(), 0..6).prop_map(Value::Set),
            collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::Object),
        ]
    })
}
