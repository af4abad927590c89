//! Reads what `handleOps` gave back: its revert data and its events.

use alloy::{
    primitives::{Address, Bytes, Log},
    sol_types::{GenericContractError, SolError, SolEvent, SolInterface},
};
use revm::context::result::ExecutionResult;
use writ_types::describe_entry_point_error;

use crate::{
    abi::{Events, Failures},
    failure::{AaCode, FailedOp, Failure},
    outcome::OpReceipt,
    tracer::OpRecord,
};

/// Why the transaction failed; `None` if it did not. Texts and data are kept up to `most` bytes.
pub(crate) fn failure(result: &ExecutionResult, most: usize) -> Option<Failure> {
    match result {
        ExecutionResult::Success { .. } => None,
        ExecutionResult::Halt { reason, .. } => Some(Failure::Halted(format!("{reason:?}"))),
        ExecutionResult::Revert { output, .. } => Some(reverted(output, most)),
    }
}

fn reverted(data: &Bytes, most: usize) -> Failure {
    if let Ok(failed) = Failures::FailedOpWithRevert::abi_decode(data)
        && let Ok(index) = usize::try_from(failed.opIndex)
    {
        let inner = Some(cut(&failed.inner, most));
        return failed_op(index, &failed.reason, inner, most);
    }
    if let Ok(failed) = Failures::FailedOp::abi_decode(data)
        && let Ok(index) = usize::try_from(failed.opIndex)
    {
        return failed_op(index, &failed.reason, None, most);
    }
    if let Ok(failed) = Failures::SignatureValidationFailed::abi_decode(data) {
        return Failure::Aggregator(failed.aggregator);
    }
    Failure::Reverted { name: name_of(data, most), data: cut(data, most) }
}

fn failed_op(index: usize, reason: &str, inner: Option<Bytes>, most: usize) -> Failure {
    let reason = cut_text(reason, most);
    Failure::Op(FailedOp { index, aa_code: AaCode::parse(&reason), reason, inner })
}

/// `SenderCreator` of v0.8 and v0.9 names operation 0 when an EIP-7702 account's initialisation fails, whichever
/// operation it was. Its frame in the trace tells which.
pub(crate) fn placed(failure: Failure, records: &[OpRecord]) -> Failure {
    match failure {
        Failure::Op(mut failed) if failed.reason.starts_with("AA13 EIP7702") => {
            let initialised = |record: &OpRecord| {
                let frame = record.trace.deploy.as_ref();
                frame.is_some_and(|frame| !frame.status.is_success())
            };
            if let Some(index) = records.iter().rposition(initialised) {
                failed.index = index;
            }
            Failure::Op(failed)
        }
        other => other,
    }
}

fn name_of(data: &Bytes, most: usize) -> Option<String> {
    if let Ok(error) = GenericContractError::abi_decode(data) {
        return Some(cut_text(&error.to_string(), most));
    }
    describe_entry_point_error(data).map(|name| cut_text(&name, most))
}

/// The EntryPoint's receipts, in order of execution, which is the order of the operations.
pub(crate) fn receipts(entry_point: Address, logs: &[Log]) -> Vec<OpReceipt> {
    let (mut reason, mut post_op_reason) = (None, None);
    let mut receipts = Vec::new();
    for log in logs.iter().filter(|log| log.address == entry_point) {
        if let Ok(event) = Events::UserOperationRevertReason::decode_log(log) {
            reason = Some((event.userOpHash, event.data.revertReason));
        } else if let Ok(event) = Events::PostOpRevertReason::decode_log(log) {
            post_op_reason = Some((event.userOpHash, event.data.revertReason));
        } else if let Ok(event) = Events::UserOperationEvent::decode_log(log) {
            let hash = event.userOpHash;
            let of_this = |found: Option<(_, Bytes)>| {
                found.filter(|(of, _)| *of == hash).map(|(_, data)| data)
            };
            receipts.push(OpReceipt {
                user_op_hash: hash,
                success: event.success,
                actual_gas_cost: event.actualGasCost,
                actual_gas_used: event.actualGasUsed,
                revert_reason: of_this(reason.take()),
                post_op_revert_reason: of_this(post_op_reason.take()),
            });
        }
    }
    receipts
}

fn cut(data: &Bytes, most: usize) -> Bytes {
    if data.len() <= most { data.clone() } else { Bytes::copy_from_slice(&data[..most]) }
}

fn cut_text(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{U256, keccak256};
    use proptest::prelude::*;

    use super::*;
    use crate::failure::Blame;

    #[test]
    fn failed_operations_are_read_with_and_without_inner_data() {
        let plain = Failures::FailedOp { opIndex: U256::from(3), reason: "AA31 deposit".into() };
        let Failure::Op(failed) = reverted(&plain.abi_encode().into(), 64) else { panic!() };
        assert_eq!((failed.index, failed.reason.as_str(), failed.inner), (3, "AA31 deposit", None));
        assert_eq!(failed.aa_code.map(AaCode::blame), Some(Blame::Paymaster));
        let inner = Bytes::from(vec![7; 100]);
        let wrapped = Failures::FailedOpWithRevert {
            opIndex: U256::from(1),
            reason: "AA23 reverted".into(),
            inner,
        };
        let Failure::Op(failed) = reverted(&wrapped.abi_encode().into(), 64) else { panic!() };
        assert_eq!(failed.inner.map(|inner| inner.len()), Some(64), "bounded");
    }

    #[test]
    fn other_reverts_are_named_when_they_are_known() {
        let name = |data: &[u8]| match reverted(&Bytes::copy_from_slice(data), 64) {
            Failure::Reverted { name, .. } => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(&keccak256("Reentrancy()")[..4]), Some("Reentrancy()".to_owned()));
        assert_eq!(name(&[1, 2, 3, 4]), None);
        assert_eq!(name(&[]), None);
        let huge = Failures::FailedOp { opIndex: U256::MAX, reason: "AA20".into() };
        let named = name(&huge.abi_encode()).expect("in words");
        assert!(named.starts_with("FailedOp("), "an index beyond any bundle is nobody's: {named}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(data: Vec<u8>, kind in 0..3usize) {
            let selectors = [
                Failures::FailedOp::SELECTOR,
                Failures::FailedOpWithRevert::SELECTOR,
                Failures::SignatureValidationFailed::SELECTOR,
            ];
            let data = [&selectors[kind][..], &data].concat();
            let _ = reverted(&data.into(), 16).to_string();
        }
    }
}
