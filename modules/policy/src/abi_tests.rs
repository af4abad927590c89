#![allow(clippy::unwrap_used)]

use alloy::{
    dyn_abi::{DynSolType, DynSolValue},
    primitives::{Address, I256, U256, keccak256},
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{Limits, decode_json};

const SWAP: &str =
    "address token, int24 tick, tuple[](address to, bytes memo) legs, string note, bool[2] flags";

/// `type name, type(type name, …) name, …` as a JSON ABI has it.
fn parameters(text: &str) -> Json {
    let (mut listed, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let end = rest.find([' ', '(']).unwrap_or(rest.len());
        let mut parameter = json!({"type": &rest[..end]});
        rest = &rest[end..];
        if let Some(inner) = rest.strip_prefix('(') {
            let close = inner.find(')').unwrap();
            parameter["components"] = parameters(&inner[..close]);
            rest = &inner[close + 1..];
        }
        let end = rest.find(',').unwrap_or(rest.len());
        parameter["name"] = rest[..end].trim().into();
        listed.push(parameter);
        rest = rest.get(end + 1..).unwrap_or_default().trim();
    }
    listed.into()
}

fn read(json: &Json) -> Result<AbiFunction, String> {
    AbiFunction::from_value(&decode_json(&json.to_string(), &Limits::PARAMETERS).unwrap())
}

fn made(name: &str, inputs: &str) -> Result<AbiFunction, String> {
    read(&json!({"name": name, "inputs": parameters(inputs)}))
}

/// A value of `kind` made of the bytes of a seed.
fn arbitrary(kind: &AbiType, seed: &mut impl Iterator<Item = u8>) -> DynSolValue {
    let mut byte = || seed.next().unwrap_or_default();
    match kind {
        AbiType::Uint(bits) => {
            let number = U256::from_be_bytes(keccak256([byte()]).0);
            DynSolValue::Uint(number >> (256 - bits), *bits)
        }
        AbiType::Int(bits) => {
            let number = I256::from_raw(U256::from_be_bytes(keccak256([byte()]).0));
            DynSolValue::Int(number.asr(256 - bits), *bits)
        }
        AbiType::Address => DynSolValue::Address(Address::repeat_byte(byte())),
        AbiType::Bool => DynSolValue::Bool(byte() % 2 == 1),
        AbiType::FixedBytes(length) => {
            let mut word = keccak256([byte()]);
            word[*length..].fill(0);
            DynSolValue::FixedBytes(word, *length)
        }
        AbiType::Bytes => DynSolValue::Bytes(vec![7; usize::from(byte() % 70)]),
        AbiType::Text => DynSolValue::String("é".repeat(usize::from(byte() % 40))),
        AbiType::Array(item) => {
            let count = byte() % 4;
            DynSolValue::Array((0..count).map(|_| arbitrary(item, seed)).collect())
        }
        AbiType::FixedArray(item, count) => {
            DynSolValue::FixedArray((0..*count).map(|_| arbitrary(item, seed)).collect())
        }
        AbiType::Tuple(fields) => {
            DynSolValue::Tuple(fields.iter().map(|field| arbitrary(&field.kind, seed)).collect())
        }
    }
}

fn shown(value: &DynSolValue, kind: &AbiType) -> Value {
    match (value, kind) {
        (DynSolValue::Uint(number, _), _) => (*number).into(),
        (DynSolValue::Int(number, _), _) => {
            Integer::new(number.is_negative(), number.unsigned_abs()).into()
        }
        (DynSolValue::Address(address), _) => (*address).into(),
        (DynSolValue::Bool(truth), _) => (*truth).into(),
        (DynSolValue::FixedBytes(word, length), _) => Value::hex(&word[..*length]),
        (DynSolValue::Bytes(bytes), _) => Value::hex(bytes),
        (DynSolValue::String(text), _) => text.as_str().into(),
        (DynSolValue::Array(items), AbiType::Array(item))
        | (DynSolValue::FixedArray(items), AbiType::FixedArray(item, _)) => {
            Value::array(items.iter().map(|value| shown(value, item)))
        }
        (DynSolValue::Tuple(items), AbiType::Tuple(fields)) => Value::object(
            fields
                .iter()
                .zip(items)
                .map(|(field, value)| (field.name.clone(), shown(value, &field.kind))),
        ),
        _ => unreachable!("made of the same type"),
    }
}

fn encoded(function: &AbiFunction, seed: &[u8]) -> (Vec<u8>, Vec<Value>) {
    let mut seed = seed.iter().copied();
    let values: Vec<_> =
        function.inputs.iter().map(|field| arbitrary(&field.kind, &mut seed)).collect();
    let expected = values
        .iter()
        .zip(&function.inputs)
        .map(|(value, field)| shown(value, &field.kind))
        .collect();
    let data =
        [function.selector.to_vec(), DynSolValue::Tuple(values).abi_encode_params()].concat();
    (data, expected)
}

#[test]
fn signatures_are_read_with_their_names() {
    let function = made("swap", SWAP).unwrap();
    assert_eq!(function.signature, "swap(address,int24,(address,bytes)[],string,bool[2])");
    assert_eq!(function.selector, keccak256(&function.signature)[..4]);
    let names: Vec<&str> = function.inputs.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["token", "tick", "legs", "note", "flags"]);
    assert_eq!(function.inputs[2].kind.name(), "(address,bytes)[]");
    let reads = read(&json!({
        "type": "function", "name": "ok", "stateMutability": "view", "outputs": [{"type": "bool", "name": ""}],
        "inputs": [{"name": "who", "type": "address", "internalType": "contract IOwner"}],
    }))
    .unwrap();
    assert_eq!(reads.outputs[0].kind, AbiType::Bool);
}

#[test]
fn what_is_not_a_signature_is_refused_by_name() {
    for (inputs, problem) in [
        ("address", "no name"),
        ("address 1a", "no name"),
        ("address a, uint256 a", "two parameters are called a"),
        ("tuple[](address to, bytes) legs", "no name"),
        ("tuple a", "components"),
        ("tuple() a", "at least one"),
        ("bool(bool b) a", "no components"),
        ("uint7 a", "uint7"),
        ("uint a", "uint"),
        ("uint08 a", "uint08"),
        ("bytes33 a", "bytes33"),
        ("uint256[0] a", "uint256[0]"),
        ("uint256[+2] a", "uint256[+2]"),
        ("uint256[65] a", "1 to 64"),
        ("uint256[][][][][][] a", "nested deeper"),
        ("function a", "function"),
        ("uint256] a", "uint256]"),
    ] {
        let error = made("swap", inputs).unwrap_err();
        assert!(error.contains(problem), "{inputs}: {error}");
    }
    let many = (0..17).map(|index| format!("bool a{index}")).collect::<Vec<_>>().join(",");
    assert!(made("f", &many).unwrap_err().contains("at most 16"));
    for (json, problem) in [
        (json!([]), "JSON ABI"),
        (json!({"inputs": []}), "name"),
        (json!({"name": "a b", "inputs": []}), "name"),
        (json!({"name": "f"}), "inputs is missing"),
        (json!({"name": "f", "inputs": {}}), "not an array"),
        (json!({"name": "f", "inputs": [1]}), "not an object"),
        (json!({"name": "f", "inputs": [{"name": "a"}]}), "no type"),
        (
            json!({"name": "f", "inputs": [{"name": "a", "type": "bool", "indexed": true}]}),
            "indexed",
        ),
        (json!({"name": "f", "inputs": [], "payable": true}), "payable"),
        (json!({"name": "f", "inputs": [], "type": "event"}), "type is not function"),
    ] {
        let error = read(&json).unwrap_err();
        assert!(error.contains(problem), "{json}: {error}");
    }
    assert!(AbiType::parse("tuple").is_err());
}

#[test]
fn offsets_that_overlap_or_leave_gaps_are_refused() {
    let function = made("f", "bytes a, bytes b").unwrap();
    let word = |number: u64| U256::from(number).to_be_bytes::<32>().to_vec();
    let data = |parts: &[Vec<u8>]| [function.selector.to_vec(), parts.concat()].concat();
    let canonical = data(&[word(64), word(96), word(0), word(0)]);
    assert!(function.arguments(&canonical).is_some());
    // Both tails are the same word; alloy's decoder follows that.
    let overlapping = data(&[word(64), word(64), word(0)]);
    let types: DynSolType = "(bytes,bytes)".parse().unwrap();
    assert!(types.abi_decode_params(&overlapping[4..]).is_ok());
    assert!(function.arguments(&overlapping).is_none());
    let gap = data(&[word(64), word(128), word(0), word(1), word(0)]);
    assert!(function.arguments(&gap).is_none());
    let swapped = data(&[word(96), word(64), word(0), word(0)]);
    assert!(function.arguments(&swapped).is_none());
    // An array that says more items than there can be.
    let array = made("f", "uint256[] a").unwrap();
    let huge = [array.selector.to_vec(), word(32), word(u64::MAX)].concat();
    assert!(array.arguments(&huge).is_none());
    let many = [array.selector.to_vec(), word(32), word(4_096), vec![0; 4_096 * 32]].concat();
    assert!(array.arguments(&many).is_none(), "more values than are shown");
}

#[test]
fn dirty_words_are_refused() {
    let function = made("f", "uint8 a, int8 b, address c, bool d, bytes2 e").unwrap();
    let good = [0_u64; 5].map(|number| U256::from(number).to_be_bytes::<32>()).concat();
    assert!(decode_abi(&function.inputs, &good).is_some());
    for (at, byte) in [(30, 1), (32, 0x80), (62, 1), (64 + 11, 1), (127, 2), (128 + 2, 1)] {
        let mut dirty = good.clone();
        dirty[at] = byte;
        assert!(decode_abi(&function.inputs, &dirty).is_none(), "byte {at}");
    }
    let mut negative = good;
    negative[32..64].fill(0xff);
    let values = decode_abi(&function.inputs, &negative).unwrap();
    assert_eq!(values[1], Value::from(-1_i64));
    negative[63] = 0x7f;
    assert!(decode_abi(&function.inputs, &negative).is_none(), "-129 is no int8");
}

proptest! {
    /// What alloy encodes is read as what it was, and nothing else is: neither with a byte more or less, nor with one changed.
    #[test]
    fn exactly_the_encoding_is_accepted(seed in proptest::collection::vec(any::<u8>(), 0..64), at in any::<usize>(), bit in 0..8_u32) {
        let function = made("swap", SWAP).unwrap();
        let (data, expected) = encoded(&function, &seed);
        prop_assert_eq!(function.arguments(&data), Some(expected.clone()));
        prop_assert_eq!(function.arguments(&data[..data.len() - 1]), None);
        prop_assert_eq!(function.arguments(&[&data[..], &[0]].concat()), None);
        let mut changed = data;
        let at = at % changed.len();
        changed[at] ^= 1 << bit;
        // Another encoding is another value.
        if let Some(values) = function.arguments(&changed) {
            prop_assert_ne!(values, expected);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(data in proptest::collection::vec(prop_oneof![Just(0_u8), Just(32), Just(64), any::<u8>()], 0..600)) {
        let function = made("swap", SWAP).unwrap();
        let _ = decode_abi(&function.inputs, &data);
    }
}
