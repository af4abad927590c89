//! What holds for every operation: reading undoes writing, in JSON and in ABI encoding.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::primitives::{Address, Bytes, U256};
use common::operation;
use proptest::{collection::vec, prelude::*};
use writ_types::{
    CalldataGas, EntryPointVersion, GasSchedule, ParseLimits, PartialUserOperation, UserOperation,
    decode_handle_ops, handle_ops_calldata,
};

/// Any operation of any version.
fn any_operation() -> impl Strategy<Value = UserOperation> {
    prop_oneof![
        operation(EntryPointVersion::V06),
        operation(EntryPointVersion::V07),
        operation(EntryPointVersion::V08),
        operation(EntryPointVersion::V09),
    ]
}

proptest! {
    #[test]
    fn json_reads_back(operation in any_operation()) {
        let json = operation.to_rpc();
        let read = UserOperation::from_rpc(&json, operation.version).unwrap();
        prop_assert_eq!(&read, &operation);
        let partial = PartialUserOperation::from_rpc(&json, operation.version).unwrap();
        prop_assert_eq!(partial.into_complete().unwrap(), operation);
    }

    #[test]
    fn tuple_reads_back(operation in any_operation(), beneficiary: [u8; 20]) {
        let mut bare = operation;
        bare.authorization = None;
        let beneficiary = Address::from(beneficiary);
        let calldata = handle_ops_calldata(&[bare.clone(), bare.clone()], beneficiary).unwrap();
        let (read, to) = decode_handle_ops(&calldata, bare.version).unwrap();
        prop_assert_eq!(to, beneficiary);
        prop_assert_eq!(&read, &[bare.clone(), bare.clone()]);
        if let Some(packed) = bare.pack() {
            prop_assert_eq!(UserOperation::from_packed(packed, bare.version).unwrap(), bare);
        }
    }

    #[test]
    fn size_is_the_encodings_length(operation in any_operation()) {
        prop_assert_eq!(operation.packed_size(), operation.abi_encode().len());
    }

    #[test]
    fn no_version_reads_anothers_fields(operation in any_operation()) {
        let json = operation.to_rpc();
        let legacy = !operation.version.is_packed();
        for version in EntryPointVersion::ALL {
            if version.is_packed() == legacy {
                let error = UserOperation::from_rpc(&json, version);
                // A packed operation without factory and paymaster uses common fields only.
                if legacy || operation.factory.is_some() || operation.paymaster.is_some() {
                    prop_assert!(error.is_err(), "{version} read an operation of {}", operation.version);
                }
            }
        }
    }

    #[test]
    fn hash_and_calldata_differ_with_the_operation(operation in any_operation(), bit in 0usize..256) {
        let at = Address::repeat_byte(1);
        let delegate = Some(Address::repeat_byte(2));
        let hash = operation.hash(at, 1, delegate).unwrap();
        let mut other = operation.clone();
        other.nonce ^= U256::from(1) << bit;
        prop_assert_ne!(other.hash(at, 1, delegate).unwrap(), hash);
        other.nonce = operation.nonce;
        other.call_data = [&operation.call_data[..], &[0]].concat().into();
        prop_assert_ne!(other.hash(at, 1, delegate).unwrap(), hash);
    }

    #[test]
    fn paymaster_signature_is_outside_the_hash(operation in any_operation(), signature in vec(any::<u8>(), 1..90)) {
        let at = Address::repeat_byte(1);
        let delegate = Some(Address::repeat_byte(2));
        let hash = operation.hash(at, 1, delegate).unwrap();
        let mut other = operation.clone();
        match other.paymaster.as_mut().and_then(|paymaster| paymaster.signature.as_mut()) {
            Some(old) => {
                *old = Bytes::from(signature);
                prop_assert_eq!(other.hash(at, 1, delegate).unwrap(), hash);
            }
            None => prop_assert_eq!(operation.paymaster_and_data_signed(), operation.paymaster_and_data()),
        }
    }

    #[test]
    fn estimate_covers_the_final_operation(operation in any_operation()) {
        let schedule = GasSchedule::default();
        let estimate = schedule.pre_verification_gas_for_estimate(&operation, 200);
        prop_assert!(estimate >= schedule.pre_verification_gas(&operation, 0));
    }

    #[test]
    fn garbage_never_panics(bytes in vec(any::<u8>(), 0..400), text in ".{0,60}") {
        for version in EntryPointVersion::ALL {
            let _ = decode_handle_ops(&bytes, version);
            let _ = UserOperation::from_rpc(&serde_json::json!({ "sender": text, "nonce": text }), version);
            let _ = UserOperation::from_rpc(&serde_json::json!({ &text: text }), version);
        }
        let gas = CalldataGas::of(&bytes);
        prop_assert!(gas.floor() >= gas.standard());
    }

    #[test]
    fn broken_handle_ops_is_refused_or_read_exactly(operation in any_operation(), cut in 0usize..600) {
        let calldata = handle_ops_calldata(std::slice::from_ref(&operation), Address::ZERO).unwrap();
        let cut = cut.min(calldata.len() - 1);
        // Whatever is cut off the end holds at least padding; a reader must not make anything up.
        if let Ok((read, _)) = decode_handle_ops(&calldata[..cut], operation.version) {
            prop_assert!(read.is_empty());
        }
    }
}

#[test]
fn limits_are_exact() {
    let mut operation = UserOperation::from_rpc(
        &serde_json::json!({
            "sender": Address::ZERO, "nonce": "0x0", "callData": "0x", "callGasLimit": "0x0",
            "verificationGasLimit": "0x0", "preVerificationGas": "0x0", "maxFeePerGas": "0x0",
            "maxPriorityFeePerGas": "0x0", "signature": "0x"
        }),
        EntryPointVersion::V08,
    )
    .unwrap();
    let empty = operation.packed_size();
    operation.call_data = Bytes::from(vec![1; 8_192 - empty]);
    assert_eq!(operation.packed_size(), 8_192);
    assert!(UserOperation::from_rpc(&operation.to_rpc(), EntryPointVersion::V08).is_ok());

    operation.call_data = Bytes::from(vec![1; 8_192 - empty + 1]);
    let error = UserOperation::from_rpc(&operation.to_rpc(), EntryPointVersion::V08).unwrap_err();
    assert_eq!(error.field, "callData");
    assert!(error.reason.contains("8224 bytes, at most 8192"), "{error}");

    let wider = ParseLimits { max_packed_size: 9_000 };
    assert!(
        UserOperation::from_rpc_with(&operation.to_rpc(), EntryPointVersion::V08, &wider).is_ok()
    );
}
