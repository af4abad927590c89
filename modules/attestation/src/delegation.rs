//! The code that an operation meets at its account: EIP-7702's delegation, where the operation brings one.
//!
//! The chain applies the tuples of a transaction before its first call. So the code at the account is what the tuple says, not
//! what is there before, and it is known without running anything.

use alloy::primitives::{B256, Bytes, KECCAK256_EMPTY, keccak256};
use writ_types::UserOperation;

/// What stands before the delegate's address in the code of an account that delegates.
const DESIGNATION: [u8; 3] = [0xef, 0x01, 0x00];

/// The code that the operation's own tuple puts at its account; empty when the tuple takes the delegation away, none without
/// a tuple. Whether the chain will apply the tuple is not looked at.
pub fn delegated_code(operation: &UserOperation) -> Option<Bytes> {
    let delegate = operation.authorization.as_ref()?.address;
    Some(if delegate.is_zero() {
        Bytes::new()
    } else {
        [&DESIGNATION[..], delegate.as_slice()].concat().into()
    })
}

/// `accountCode` of an attestation, given the account's code hash before the operation; zero where there is no code.
///
/// Code that a factory is about to deploy is zero here; `initCode` names it in the action.
pub fn account_code_of(operation: &UserOperation, found: B256) -> B256 {
    match delegated_code(operation) {
        Some(code) if code.is_empty() => B256::ZERO,
        Some(code) => keccak256(code),
        None if found == KECCAK256_EMPTY => B256::ZERO,
        None => found,
    }
}
