use alloy::primitives::{address, b256, bytes};
use proptest::prelude::*;

use super::*;

fn contract() -> Value {
    json!({
        "kind": "contract",
        "path": "presented",
        "contract": "0x1111111111111111111111111111111111111111",
        "caller": "0x2222222222222222222222222222222222222222",
        "value": "0x5",
        "data": "0xd0e30db0",
        "nonce": "0xffffffffffffffff",
    })
}

fn safe() -> Value {
    json!({
        "kind": "safe",
        "path": "posted",
        "chainId": "0x1",
        "safe": "0x1111111111111111111111111111111111111111",
        "to": "0x2222222222222222222222222222222222222222",
        "value": "0x5",
        "data": "0x",
        "operation": "0x0",
        "safeTxGas": "0x1",
        "baseGas": "0x2",
        "gasPrice": "0x3",
        "gasToken": "0x3333333333333333333333333333333333333333",
        "refundReceiver": "0x4444444444444444444444444444444444444444",
        "nonce": "0x7",
        "signatures": "0x01",
    })
}

fn module() -> Value {
    json!({
        "kind": "safeModule",
        "path": "presented",
        "safe": "0x1111111111111111111111111111111111111111",
        "module": "0x5555555555555555555555555555555555555555",
        "to": "0x2222222222222222222222222222222222222222",
        "value": "0x0",
        "data": "0x",
        "operation": "0x1",
        "nonce": "0x0",
    })
}

fn changed(mut value: Value, field: &str, to: Value) -> Result<AttestableCall, FieldError> {
    value[field] = to;
    AttestableCall::from_rpc(&value)
}

#[test]
fn every_kind_is_read_and_written_back() {
    for value in [contract(), safe(), module()] {
        let call = AttestableCall::from_rpc(&value).unwrap();
        assert_eq!(AttestableCall::from_rpc(&call.to_rpc()).unwrap(), call);
    }
    let ProtectedCall::Contract(call) = AttestableCall::from_rpc(&contract()).unwrap().call else {
        panic!("another kind");
    };
    assert_eq!(call.context, B256::ZERO, "what is not bound is zero");
    assert_eq!((call.nonce, call.value), (u64::MAX, U256::from(5)));
    let ProtectedCall::SafeModule(call) = AttestableCall::from_rpc(&module()).unwrap().call else {
        panic!("another kind");
    };
    assert_eq!(call.operation, SafeOperation::DelegateCall);
}

#[test]
fn every_field_is_needed_and_no_other_is_accepted() {
    for value in [contract(), safe(), module()] {
        for field in value.as_object().unwrap().keys().filter(|field| *field != "chainId") {
            let error = changed(value.clone(), field, Value::Null).unwrap_err();
            assert_eq!(&error.field, field, "{error}");
        }
        let error = changed(value.clone(), "policy", json!("0x00")).unwrap_err();
        assert_eq!((error.field.as_str(), error.reason.as_str()), ("policy", "unknown field"));
    }
    // Nobody says in the request who enforces, or under what.
    for field in ["guard", "module", "threshold", "revision", "operators"] {
        assert_eq!(changed(contract(), field, json!("0x1")).unwrap_err().field, field);
    }
}

#[test]
fn what_is_no_value_of_its_field_is_refused_by_name() {
    for (value, field, wrong) in [
        (contract(), "kind", json!("module")),
        (contract(), "path", json!("attached")),
        (contract(), "path", json!(1)),
        (contract(), "nonce", json!("0x10000000000000000")),
        (contract(), "context", json!("0x00")),
        (contract(), "value", json!(5)),
        (contract(), "data", json!(format!("0x{}", "00".repeat(MAX_CALL_DATA + 1)))),
        (safe(), "operation", json!("0x2")),
        (safe(), "operation", json!(format!("0x1{}", "0".repeat(63)))),
        (safe(), "chainId", json!("0x10000000000000000")),
        (safe(), "safeTxHash", json!("0x12")),
        (safe(), "signatures", json!(format!("0x{}", "00".repeat(MAX_OWNER_SIGNATURES + 1)))),
    ] {
        assert_eq!(changed(value, field, wrong).unwrap_err().field, field);
    }
    assert_eq!(AttestableCall::from_rpc(&json!([])).unwrap_err().field, "call");
}

/// The example of Safe's own EIP-712 encoding: computed with viem's `hashTypedData`.
#[test]
fn the_hash_is_what_owners_sign() {
    let transaction = SafeTransaction {
        safe: address!("1111111111111111111111111111111111111111"),
        to: address!("2222222222222222222222222222222222222222"),
        value: U256::from(5),
        data: bytes!("deadbeef"),
        operation: SafeOperation::DelegateCall,
        safe_tx_gas: U256::from(1),
        base_gas: U256::from(2),
        gas_price: U256::from(3),
        gas_token: address!("3333333333333333333333333333333333333333"),
        refund_receiver: address!("4444444444444444444444444444444444444444"),
        nonce: 7,
        signatures: Bytes::new(),
        safe_tx_hash: None,
    };
    let expected = b256!("5b76946be547cb176685db4b2fb8e0b3e999a05c085ac8ad718457167838934c");
    assert_eq!(transaction.hash(31_337), expected);
    assert_ne!(transaction.hash(1), expected);
}

proptest! {
    #[test]
    fn every_bound_field_changes_the_hash(field in 0usize..11, bit in 0usize..8) {
        let AttestableCall { call: ProtectedCall::Safe(base), .. } =
            AttestableCall::from_rpc(&safe()).unwrap()
        else {
            panic!("another kind");
        };
        let mut other = base.clone();
        let number = U256::ONE << bit;
        match field {
            0 => other.safe.0[19] ^= 1 << bit,
            1 => other.to.0[0] ^= 1 << bit,
            2 => other.value ^= number,
            3 => other.data = vec![1u8 << bit].into(),
            4 => other.operation = SafeOperation::DelegateCall,
            5 => other.safe_tx_gas ^= number,
            6 => other.base_gas ^= number,
            7 => other.gas_price ^= number,
            8 => other.gas_token.0[3] ^= 1 << bit,
            9 => other.refund_receiver.0[3] ^= 1 << bit,
            _ => other.nonce ^= 1 << bit,
        }
        prop_assert_ne!(base.hash(1), other.hash(1));
        // Signatures are not what is signed.
        let signed = SafeTransaction { signatures: vec![9].into(), ..base.clone() };
        prop_assert_eq!(base.hash(1), signed.hash(1));
    }

    #[test]
    fn anything_is_read_or_refused(text in "\\PC{0,40}", field in 0usize..8) {
        let names = ["kind", "path", "chainId", "safe", "nonce", "data", "operation", "signatures"];
        let _ = changed(safe(), names[field], Value::String(text));
    }
}
