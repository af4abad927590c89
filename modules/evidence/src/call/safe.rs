//! What a Safe is asked to do, in calls: its own functions that manage it, and batches.

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes, U256, b256, keccak256},
    sol,
    sol_types::SolCall,
};
use writ_types::SafeOperation;

use super::CallError;
use crate::{
    calls::{Argument, ArgumentValue, Call, CallsError, MAX_CALLS, Own, decode_call, exact},
    error::EvidenceError,
};

sol! {
    function multiSend(bytes transactions) external payable;

    function addOwnerWithThreshold(address owner, uint256 _threshold) external;
    function removeOwner(address prevOwner, address owner, uint256 _threshold) external;
    function swapOwner(address prevOwner, address oldOwner, address newOwner) external;
    function changeThreshold(uint256 _threshold) external;
    function enableModule(address module) external;
    function disableModule(address prevModule, address module) external;
}

/// Code of the published `MultiSend` and `MultiSendCallOnly` of Safe 1.3.0, 1.4.1 and 1.5.0, where the contract's own
/// address, which `MultiSend` holds, is zero.
const BATCHES: [B256; 6] = [
    b256!("ea3cd4564369cbf8fc26ee65c7f0ba817895866824160662a75f266ef84e45cf"),
    b256!("a9865ac2d9c7a1591619b188c4d88167b50df6cc0c5327fcbd1c8c75f7c066ad"),
    b256!("be8c0a076af4c2555e37ce30e86a260c5d695e7f1f372621e64eb3b8f91afcea"),
    b256!("ecd5bd14a08c5d2122379900b2f272bdf107a7e92423c10dd5fe3254386c9939"),
    b256!("6162351242f2689768583ab62161154ad1e0454a1f7706f20ec2346dfd0e157d"),
    b256!("cdbdcec38d2f1c7d961b0029ff8416b7e86e9974d6f0e9c9580c7d17fcfb6663"),
];

/// Bytes of a batch's entry before its data.
const HEAD: usize = 1 + 20 + 32 + 32;

/// Whether the code at `address` is one of Safe's own batch contracts.
pub(super) fn is_batch(address: Address, code: &[u8]) -> bool {
    let mut code = code.to_vec();
    let own = address.as_slice();
    let mut at = 0;
    while let Some(found) = code.get(at..).and_then(|rest| find(rest, own)) {
        at += found;
        code[at..at + own.len()].fill(0);
        at += own.len();
    }
    BATCHES.contains(&keccak256(&code))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The calls that a Safe makes. `batches` says that the target is a batch contract.
pub(super) fn safe_calls(
    own: Own,
    (to, value, data): (Address, U256, &Bytes),
    operation: SafeOperation,
    batches: bool,
) -> Result<Vec<Call>, EvidenceError> {
    match operation {
        SafeOperation::Call => Ok(vec![one(own, 0, to, value, data.clone())?]),
        SafeOperation::DelegateCall if batches => batch(own, data),
        SafeOperation::DelegateCall => Err(CallError::DelegateCall { to }.into()),
    }
}

/// One call: of the Safe to itself only what manages it, and what is known.
fn one(own: Own, index: usize, to: Address, value: U256, data: Bytes) -> Result<Call, CallsError> {
    if to != own.account {
        return decode_call(own, index, to, value, data);
    }
    let Some(selector) = data.first_chunk::<4>().copied() else {
        // A Safe that pays itself nothing or something: nothing moves.
        let (selector, function, arguments) = (None, "", Vec::new());
        return Ok(Call { to, value, selector, function, arguments, data, pinned: None });
    };
    let (function, arguments) = managing(selector, &data)?
        .ok_or(CallsError::SelfCall { index, selector: selector.into() })?;
    let selector = Some(FixedBytes(selector));
    Ok(Call { to, value, selector, function, arguments, data, pinned: None })
}

type Managing = Option<(&'static str, Vec<Argument>)>;

fn managing(selector: [u8; 4], data: &[u8]) -> Result<Managing, CallsError> {
    let address = |name, value| Argument { name, value: ArgumentValue::Address(value) };
    let uint = |name, value| Argument { name, value: ArgumentValue::Uint(value) };
    Ok(Some(match selector {
        addOwnerWithThresholdCall::SELECTOR => {
            let call: addOwnerWithThresholdCall = exact(data)?;
            (
                addOwnerWithThresholdCall::SIGNATURE,
                vec![address("owner", call.owner), uint("_threshold", call._threshold)],
            )
        }
        removeOwnerCall::SELECTOR => {
            let call: removeOwnerCall = exact(data)?;
            (
                removeOwnerCall::SIGNATURE,
                vec![
                    address("prevOwner", call.prevOwner),
                    address("owner", call.owner),
                    uint("_threshold", call._threshold),
                ],
            )
        }
        swapOwnerCall::SELECTOR => {
            let call: swapOwnerCall = exact(data)?;
            (
                swapOwnerCall::SIGNATURE,
                vec![
                    address("prevOwner", call.prevOwner),
                    address("oldOwner", call.oldOwner),
                    address("newOwner", call.newOwner),
                ],
            )
        }
        changeThresholdCall::SELECTOR => {
            let call: changeThresholdCall = exact(data)?;
            (changeThresholdCall::SIGNATURE, vec![uint("_threshold", call._threshold)])
        }
        enableModuleCall::SELECTOR => {
            let call: enableModuleCall = exact(data)?;
            (enableModuleCall::SIGNATURE, vec![address("module", call.module)])
        }
        disableModuleCall::SELECTOR => {
            let call: disableModuleCall = exact(data)?;
            (
                disableModuleCall::SIGNATURE,
                vec![address("prevModule", call.prevModule), address("module", call.module)],
            )
        }
        _ => return Ok(None),
    }))
}

/// The calls of a batch, which ends with its last entry: the contract passes over bytes that are no whole entry.
fn batch(own: Own, data: &Bytes) -> Result<Vec<Call>, EvidenceError> {
    let refused = CallsError::NonCanonical { what: "the batch" };
    if data.first_chunk::<4>() != Some(&multiSendCall::SELECTOR) {
        return Err(refused.into());
    }
    let batch: multiSendCall = exact(data)?;
    let mut rest = &batch.transactions[..];
    let mut calls = Vec::new();
    while !rest.is_empty() {
        let index = calls.len();
        if index == MAX_CALLS {
            return Err(CallsError::TooManyCalls { count: U256::from(index + 1) }.into());
        }
        let (head, tail) = rest.split_at_checked(HEAD).ok_or(refused.clone())?;
        match head[0] {
            0 => {}
            1 => return Err(CallError::DelegateCallInBatch { index }.into()),
            _ => return Err(refused.into()),
        }
        let length =
            usize::try_from(U256::from_be_slice(&head[53..])).map_err(|_| refused.clone())?;
        let (data, after) = tail.split_at_checked(length).ok_or(refused.clone())?;
        let (to, value) = (Address::from_slice(&head[1..21]), U256::from_be_slice(&head[21..53]));
        calls.push(one(own, index, to, value, Bytes::copy_from_slice(data))?);
        rest = after;
    }
    if calls.is_empty() {
        return Err(CallsError::EmptyBatch.into());
    }
    Ok(calls)
}

#[cfg(test)]
#[path = "safe_tests.rs"]
mod tests;
