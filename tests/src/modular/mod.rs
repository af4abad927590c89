//! Accounts of every kind that an attestation can be placed on, as published, with the module installed.

mod kinds;
mod place;
mod published;

use alloy::primitives::{Address, Bytes, U256};
use writ_attestation::{AccountKind, EXECUTE_USER_OP, Validator};
use writ_bindings::module_address;

pub use kinds::{create_account, versions_of};
pub use place::Place;

/// The key of the nonces under which the module validates: on Kernel it is the root validator.
///
/// # Panics
/// When the number has too many bits for the kind.
pub fn module_key(kind: AccountKind, number: u32) -> alloy::primitives::aliases::U192 {
    let validator = match kind {
        AccountKind::Kernel => Validator::Root,
        _ => Validator::Module(module_address()),
    };
    kind.nonce_key(validator, number).expect("a small number")
}

/// The nonce with this key and sequence.
pub fn nonce_of(key: alloy::primitives::aliases::U192, sequence: u64) -> U256 {
    (U256::from(key) << 64) | U256::from(sequence)
}

/// Calldata that calls an account of this kind with `call` under its hook.
pub fn under_hook(kind: AccountKind, call: &[u8]) -> Bytes {
    match kind {
        AccountKind::Kernel => [EXECUTE_USER_OP.as_slice(), call].concat().into(),
        _ => Bytes::copy_from_slice(call),
    }
}

/// Calldata of `execute` in a mode of these first two bytes, unwrapped.
pub fn execute_in(mode: [u8; 2], payload: &[u8]) -> Bytes {
    use alloy::sol_types::SolCall;
    let mut word = [0; 32];
    word[..2].copy_from_slice(&mode);
    writ_bindings::Erc7579Account::executeCall {
        mode: word.into(),
        executionCalldata: Bytes::copy_from_slice(payload),
    }
    .abi_encode()
    .into()
}

/// One call, as `execute` takes it.
pub fn single(target: Address, value: U256, data: &[u8]) -> Bytes {
    [target.as_slice(), &value.to_be_bytes::<32>(), data].concat().into()
}
