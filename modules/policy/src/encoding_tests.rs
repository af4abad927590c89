use alloy::primitives::hex;
use proptest::prelude::*;

use super::*;
use crate::{arbitrary::value, decode_json};

/// The vectors that every implementation of the encoding reads.
const VECTORS: &str = include_str!("../tests/vectors/encoding.json");

fn bytes_of(vector: &Value) -> Vec<u8> {
    hex::decode(vector.get("encoding").and_then(Value::as_str).expect("encoding")).expect("hex")
}

#[test]
fn accepted_vectors_encode_and_decode() {
    let vectors = decode_json(VECTORS, &Limits::INPUT).expect("vectors");
    let accepted = vectors.get("accepted").and_then(Value::as_array).expect("accepted");
    assert!(accepted.len() >= 10);
    for vector in accepted {
        let value = vector.get("value").expect("value");
        assert_eq!(hex::encode(encode(value)), hex::encode(bytes_of(vector)), "{vector}");
        assert_eq!(decode(&bytes_of(vector), &Limits::INPUT).as_ref(), Ok(value), "{vector}");
    }
}

#[test]
fn refused_vectors_are_refused() {
    let vectors = decode_json(VECTORS, &Limits::INPUT).expect("vectors");
    let refused = vectors.get("refused").and_then(Value::as_array).expect("refused");
    assert!(refused.len() >= 10);
    for vector in refused {
        let error = decode(&bytes_of(vector), &Limits::INPUT).expect_err(&vector.to_json());
        let because = vector.get("because").and_then(Value::as_str).expect("because");
        assert!(error.to_string().contains(because), "{vector}: {error}");
    }
}

#[test]
fn set_members_are_in_the_order_of_values() {
    // By the encoding's bytes the shorter string would come first, and -1 behind 0.
    let set =
        Value::Set([Value::from("b"), Value::from("aa"), 0_u64.into(), (-1_i64).into()].into());
    let bytes = encode(&set);
    assert_eq!(decode(&bytes, &Limits::INPUT), Ok(set));
    let tail = "04000000026161040000000162";
    assert!(hex::encode(&bytes).ends_with(tail), "{}", hex::encode(&bytes));
    let swapped =
        [&bytes[..bytes.len() - 13], &hex::decode("04000000016204000000026161").expect("hex")]
            .concat();
    assert!(matches!(decode(&swapped, &Limits::INPUT), Err(EncodingError::Order(_))));
}

#[test]
fn limits_hold_at_their_edge() {
    let mut nested = Value::from(true);
    for _ in 0..15 {
        nested = Value::Array(vec![nested]);
    }
    assert_eq!(decode(&encode(&nested), &Limits::INPUT).as_ref(), Ok(&nested));
    let deeper = encode(&Value::Array(vec![nested]));
    assert_eq!(decode(&deeper, &Limits::INPUT), Err(EncodingError::TooDeep(16)));

    let limits = Limits { bytes: 100, depth: 16, values: 3 };
    assert!(decode(&encode(&Value::array([true.into(), true.into()])), &limits).is_ok());
    let three = encode(&Value::array([true.into(), true.into(), true.into()]));
    assert_eq!(decode(&three, &limits), Err(EncodingError::TooMany(3)));
    assert_eq!(decode(&[2; 101], &limits), Err(EncodingError::TooLong(101, 100)));
}

#[test]
fn a_count_of_four_billion_allocates_nothing() {
    let bytes = [2, ARRAY, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(decode(&bytes, &Limits::INPUT), Err(EncodingError::End(10)));
}

proptest! {
    #[test]
    fn every_value_round_trips(value in value()) {
        prop_assert_eq!(decode(&encode(&value), &Limits::INPUT), Ok(value));
    }

    /// Canonicity: whatever decodes is the encoding of what it decodes to. Mutated encodings
    /// reach far deeper into the reader than random bytes do.
    #[test]
    fn whatever_decodes_is_canonical(
        value in value(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        truncate in any::<bool>(),
    ) {
        let mut bytes = encode(&value);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(decoded) = decode(&bytes, &Limits::INPUT) {
            prop_assert_eq!(encode(&decoded), bytes);
        }
    }

    #[test]
    fn small_alphabets_are_canonical_too(bytes in proptest::collection::vec(0_u8..8, 0..40)) {
        let mut document = vec![ENCODING_VERSION];
        document.extend(bytes);
        if let Ok(decoded) = decode(&document, &Limits::INPUT) {
            prop_assert_eq!(encode(&decoded), document);
        }
    }
}
