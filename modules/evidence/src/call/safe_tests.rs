#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const SAFE: Address = Address::repeat_byte(0x5a);
const OTHER: Address = Address::repeat_byte(0x07);
const HANDLER: Address = Address::repeat_byte(0x4a);

fn own() -> Own {
    Own { adapter: Some(HANDLER), ..Own::of(SAFE) }
}

fn entry(operation: u8, to: Address, value: u64, data: &[u8]) -> Vec<u8> {
    [
        &[operation][..],
        to.as_slice(),
        &U256::from(value).to_be_bytes::<32>(),
        &U256::from(data.len()).to_be_bytes::<32>(),
        data,
    ]
    .concat()
}

fn packed(transactions: Vec<u8>) -> Bytes {
    multiSendCall { transactions: transactions.into() }.abi_encode().into()
}

fn batched(transactions: Vec<u8>) -> Result<Vec<Call>, EvidenceError> {
    let data = packed(transactions);
    safe_calls(own(), (OTHER, U256::ZERO, &data), SafeOperation::DelegateCall, true)
}

fn called(to: Address, data: &[u8]) -> Result<Vec<Call>, EvidenceError> {
    let data = Bytes::copy_from_slice(data);
    safe_calls(own(), (to, U256::ONE, &data), SafeOperation::Call, false)
}

#[test]
fn a_batch_is_shown_as_its_calls() {
    let transfer = [&alloy::hex!("a9059cbb")[..], &OTHER.into_word()[..], &[0; 32]].concat();
    let calls = batched([entry(0, OTHER, 7, &[]), entry(0, OTHER, 0, &transfer)].concat()).unwrap();
    assert_eq!((calls[0].to, calls[0].value), (OTHER, U256::from(7)));
    assert_eq!(calls[1].function, "transfer(address,uint256)");
}

#[test]
fn what_is_no_batch_of_calls_is_refused() {
    let good = entry(0, OTHER, 1, &[1, 2, 3, 4]);
    let refused = |transactions| batched(transactions).unwrap_err();
    assert!(matches!(
        refused(entry(1, OTHER, 0, &[])),
        EvidenceError::Call(CallError::DelegateCallInBatch { index: 0 })
    ));
    for wrong in [
        entry(2, OTHER, 0, &[]),
        [&good[..], &[0; 31]].concat(),
        good[..good.len() - 1].to_vec(),
        entry(0, OTHER, 0, &[1]),
    ] {
        assert!(matches!(refused(wrong), EvidenceError::Calls(CallsError::NonCanonical { .. })));
    }
    assert!(matches!(refused(Vec::new()), EvidenceError::Calls(CallsError::EmptyBatch)));
    // The contract takes the zero address for the Safe itself.
    assert!(matches!(
        refused(entry(0, Address::ZERO, 0, &[])),
        EvidenceError::Calls(CallsError::ZeroTarget { .. })
    ));
    let endless: Vec<u8> = (0..=MAX_CALLS).flat_map(|_| good.clone()).collect();
    assert!(matches!(refused(endless), EvidenceError::Calls(CallsError::TooManyCalls { .. })));
    // Bytes behind the encoding, another function, none.
    let (to, value) = (OTHER, U256::ZERO);
    for data in [[&packed(good.clone())[..], &[0]].concat(), good, Vec::new()] {
        let data = Bytes::from(data);
        let calls = safe_calls(own(), (to, value, &data), SafeOperation::DelegateCall, true);
        assert!(matches!(calls, Err(EvidenceError::Calls(CallsError::NonCanonical { .. }))));
    }
}

#[test]
fn foreign_code_does_not_run_as_the_safe() {
    let data = packed(entry(0, OTHER, 1, &[]));
    let refused = safe_calls(own(), (OTHER, U256::ZERO, &data), SafeOperation::DelegateCall, false);
    assert!(matches!(refused, Err(EvidenceError::Call(CallError::DelegateCall { to: OTHER }))));
}

#[test]
fn of_its_own_functions_a_safe_is_shown_those_that_manage_it() {
    let call = addOwnerWithThresholdCall { owner: OTHER, _threshold: U256::from(2) };
    let shown = called(SAFE, &call.abi_encode()).unwrap();
    assert_eq!(shown[0].function, "addOwnerWithThreshold(address,uint256)");
    assert_eq!(shown[0].arguments[0].value, ArgumentValue::Address(OTHER));
    let longer = [call.abi_encode(), vec![0]].concat();
    assert!(matches!(
        called(SAFE, &longer).unwrap_err(),
        EvidenceError::Calls(CallsError::NonCanonical { .. })
    ));
    // setGuard(address), execTransactionFromModule and whatever else.
    for selector in [alloy::hex!("e19a9dd9"), alloy::hex!("468721a7"), [0; 4]] {
        let data = [&selector[..], &[0; 32]].concat();
        assert!(matches!(
            called(SAFE, &data).unwrap_err(),
            EvidenceError::Calls(CallsError::SelfCall { .. })
        ));
        // In a batch as well.
        assert!(matches!(
            batched(entry(0, SAFE, 0, &data)).unwrap_err(),
            EvidenceError::Calls(CallsError::SelfCall { .. })
        ));
    }
    assert!(matches!(
        called(HANDLER, &[1, 2, 3, 4]).unwrap_err(),
        EvidenceError::Calls(CallsError::AdapterCall { .. })
    ));
}

/// Of the Safe's package as it is published.
#[test]
fn batch_contracts_are_known_by_their_code_wherever_they_stand() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../node_modules/@safe-global/safe-smart-account/build/artifacts/contracts/libraries"
    );
    for name in ["MultiSend", "MultiSendCallOnly", "SignMessageLib"] {
        let path = format!("{folder}/{name}.sol/{name}.json");
        let text = std::fs::read_to_string(path).expect("run npm ci in the workspace root");
        let artifact: serde_json::Value = serde_json::from_str(&text).unwrap();
        let code = alloy::hex::decode(artifact["deployedBytecode"].as_str().unwrap()).unwrap();
        let known = name != "SignMessageLib";
        assert_eq!(is_batch(OTHER, &code), known, "{name}");
        if name != "MultiSend" {
            continue;
        }
        // Deployed, it holds its own address, and nobody else's.
        let at = code.windows(33).position(|at| at[0] == 0x7f && at[1..] == [0; 32]).unwrap();
        for (holds, known) in [(OTHER, true), (SAFE, false)] {
            let mut deployed = code.clone();
            deployed[at + 13..at + 33].copy_from_slice(holds.as_slice());
            assert_eq!(is_batch(OTHER, &deployed), known);
        }
    }
    assert!(!is_batch(OTHER, &[]));
}

proptest! {
    #[test]
    fn any_bytes_are_a_batch_of_calls_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(calls) = batched(bytes.clone()) {
            // What was read is all that there is.
            let again: Vec<u8> = calls
                .iter()
                .flat_map(|call| {
                    let mut one = entry(0, call.to, 0, &call.data);
                    one[21..53].copy_from_slice(&call.value.to_be_bytes::<32>());
                    one
                })
                .collect();
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn a_batch_that_was_packed_is_read_back(
        entries in proptest::collection::vec((any::<[u8; 20]>(), any::<u64>(), proptest::collection::vec(any::<u8>(), 4..60)), 1..8)
    ) {
        let bytes: Vec<u8> = entries
            .iter()
            .flat_map(|(to, value, data)| entry(0, (*to).into(), *value, data))
            .collect();
        if let Ok(calls) = batched(bytes) {
            prop_assert_eq!(calls.len(), entries.len());
            for (call, (to, value, data)) in calls.iter().zip(&entries) {
                prop_assert_eq!(call.to, Address::from(*to));
                prop_assert_eq!(call.value, U256::from(*value));
                prop_assert_eq!(&call.data[..], &data[..]);
            }
        }
    }
}
