//! What strangers send: JSON of any shape, and packed fields of any bytes. Nothing panics, what is read is read exactly,
//! and work is bounded by the input.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::primitives::{Address, B256, Bytes, U256};
use common::operation;
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};
use writ_types::{
    EntryPointVersion, PAYMASTER_SIGNATURE_MAGIC, PackedUserOperation, PartialUserOperation,
    UserOperation,
};

/// Names that mean something, so that strange values land where they are read.
const NAMES: [&str; 22] = [
    "sender",
    "nonce",
    "factory",
    "factoryData",
    "initCode",
    "callData",
    "callGasLimit",
    "verificationGasLimit",
    "preVerificationGas",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "paymaster",
    "paymasterData",
    "paymasterAndData",
    "paymasterVerificationGasLimit",
    "paymasterPostOpGasLimit",
    "paymasterSignature",
    "signature",
    "eip7702Auth",
    "chainId",
    "address",
    "yParity",
];

fn version() -> impl Strategy<Value = EntryPointVersion> {
    select(EntryPointVersion::ALL.to_vec())
}

/// Text that is nearly hex, and text that is not.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "0x[0-9a-fA-F]{0,70}",
        "0x[0-9a-fA-F]{40}",
        "0x0{0,3}[0-9a-f]{1,66}",
        "0X[0-9a-f]{0,4}",
        ".{0,20}",
        Just("0x7702".to_owned()),
    ]
}

/// JSON of any shape, a few levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let name = prop_oneof![3 => select(NAMES.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(name, inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn packed(init_code: Bytes, paymaster_and_data: Bytes) -> PackedUserOperation {
    PackedUserOperation {
        sender: Address::repeat_byte(1),
        nonce: U256::ZERO,
        init_code,
        call_data: Bytes::new(),
        account_gas_limits: B256::repeat_byte(3),
        pre_verification_gas: U256::from(5),
        gas_fees: B256::repeat_byte(7),
        paymaster_and_data,
        signature: Bytes::new(),
    }
}

/// Bytes of any length, often with the ends and beginnings that mean something.
fn field() -> impl Strategy<Value = Bytes> {
    let any_bytes = || vec(any::<u8>(), 0..200);
    let signed = |(data, length): (Vec<u8>, u16)| {
        [data.as_slice(), &length.to_be_bytes(), &PAYMASTER_SIGNATURE_MAGIC].concat()
    };
    let delegated = |rest: Vec<u8>| {
        let mut marker = vec![0; 20];
        marker[..2].copy_from_slice(&[0x77, 0x02]);
        [marker, rest].concat()
    };
    prop_oneof![
        3 => any_bytes(),
        2 => (any_bytes(), 0..220_u16).prop_map(signed),
        1 => (any_bytes(), any::<u16>()).prop_map(signed),
        2 => any_bytes().prop_map(delegated),
        1 => vec(any::<u8>(), 0..60),
        1 => vec(Just(0_u8), 0..60),
    ]
    .prop_map(Bytes::from)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn json_of_any_shape_is_read_exactly_or_refused(value in value(), version in version()) {
        if let Ok(read) = UserOperation::from_rpc(&value, version) {
            let again = UserOperation::from_rpc(&read.to_rpc(), version);
            prop_assert_eq!(again.ok(), Some(read));
        }
        let _ = PartialUserOperation::from_rpc(&value, version);
    }

    #[test]
    fn an_operation_with_strange_fields_is_read_exactly_or_refused(
        (version, operation) in version().prop_flat_map(|version| (Just(version), operation(version))),
        changes in vec((select(NAMES.to_vec()), proptest::option::of(value())), 1..4),
    ) {
        let mut json = operation.to_rpc();
        let fields = json.as_object_mut().unwrap();
        for (name, change) in changes {
            match change {
                Some(value) => fields.insert(name.to_owned(), value),
                None => fields.remove(name),
            };
        }
        if let Ok(read) = UserOperation::from_rpc(&json, version) {
            let again = UserOperation::from_rpc(&read.to_rpc(), version);
            prop_assert_eq!(again.ok(), Some(read));
        }
        let _ = PartialUserOperation::from_rpc(&json, version);
    }

    #[test]
    fn packed_fields_of_any_bytes_are_read_exactly_or_refused(
        init_code in field(),
        paymaster_and_data in field(),
        version in version(),
    ) {
        let given = packed(init_code, paymaster_and_data);
        if let Ok(read) = UserOperation::from_packed(given.clone(), version) {
            prop_assert_eq!(read.packed_size(), read.abi_encode().len());
            let _ = read.hash(Address::repeat_byte(9), 1, Some(Address::repeat_byte(8)));
            let back = read.pack().unwrap();
            // The EntryPoint must see the very bytes that were given.
            prop_assert_eq!(&back, &given);
        }
    }
}

#[test]
fn deep_and_wide_json_costs_no_more_than_its_length() {
    let mut deep = json!("0x");
    for _ in 0..5_000 {
        deep = json!([deep]);
    }
    let wide: Value = (0..50_000).map(|at| (format!("name{at}"), json!(at))).collect();
    for version in EntryPointVersion::ALL {
        for name in ["sender", "callData", "signature", "eip7702Auth"] {
            assert!(UserOperation::from_rpc(&json!({ name: deep.clone() }), version).is_err());
        }
        assert!(UserOperation::from_rpc(&wide, version).is_err());
        let long = json!({ "callData": format!("0x{}", "00".repeat(2_000_000)) });
        assert!(UserOperation::from_rpc(&long, version).is_err());
    }
    // Dropping it must not recurse either: it is taken apart level by level.
    while let Value::Array(mut inner) = deep {
        deep = inner.pop().unwrap();
    }
}
