//! Why nothing is decided about a call.

use alloy::primitives::{Address, B256, Bytes, FixedBytes, U256, hex};
use alloy::sol_types::decode_revert_reason;
use writ_attestation::EnforcerError;
use writ_bindings::{IWritGuarded::IWritGuardedErrors, WritSafeGuard::WritSafeGuardErrors};

/// Why nothing is decided about a call off the ERC-4337 path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The asker means another chain.
    #[error("the call is for chain {given}, this is chain {served}")]
    Chain {
        /// The chain of the request.
        given: u64,
        /// The chain here.
        served: u64,
    },
    /// There is no contract there.
    #[error("there is no contract at {0}")]
    NoCode(Address),
    /// The Safe has no such guard.
    #[error("the Safe {safe} has no {guard}: nothing asks for an attestation of this call")]
    NoGuard {
        /// The Safe.
        safe: Address,
        /// Which guard.
        guard: &'static str,
    },
    /// Whoever is to enforce it is no such contract.
    #[error("{contract} enforces nothing that could be attested: {source}")]
    Enforcer {
        /// The contract that is guarded, or guards the Safe.
        contract: Address,
        /// What is wrong with it.
        source: EnforcerError,
    },
    /// What the asker takes for the Safe's transaction hash is another one's.
    #[error("the safeTxHash of this transaction is {computed}, not {given}")]
    SafeTxHash {
        /// The hash of the request.
        given: B256,
        /// The hash of its transaction.
        computed: B256,
    },
    /// The nonce was used, or given up.
    #[error("nonce {nonce} of {caller} is used or given up: take another")]
    NonceUsed {
        /// Whose nonce.
        caller: Address,
        /// The nonce.
        nonce: u64,
    },
    /// Another transaction of the Safe comes first, or this one was.
    #[error(
        "the Safe's nonce is {current}, the transaction's is {given}: one is decided on when it is next"
    )]
    SafeNonce {
        /// The nonce of the transaction.
        given: u64,
        /// The Safe's.
        current: U256,
    },
    /// Whoever pays has less.
    #[error("{payer} has {balance} wei, and {value} go along")]
    Balance {
        /// Who pays.
        payer: Address,
        /// What it has.
        balance: U256,
        /// The value of the call.
        value: U256,
    },
    /// The Safe refunds whoever sends the transaction, by an amount that nobody knows before.
    #[error(
        "a Safe's transaction with a refund (gasPrice {0}) is not decided on: how much it pays is known afterwards"
    )]
    Refund(U256),
    /// Foreign code would run as the Safe.
    #[error(
        "a delegatecall to {to} is not decided on: only published MultiSend contracts are known there"
    )]
    DelegateCall {
        /// Whose code.
        to: Address,
    },
    /// A batch has a delegatecall in it.
    #[error("call {index} of the batch is a delegatecall")]
    DelegateCallInBatch {
        /// Its position.
        index: usize,
    },
    /// The owners' signatures end like an attestation.
    #[error("the owners' signatures end in an attestation: send them without")]
    SuffixPresent,
    /// The contract binds another context.
    #[error("the contract binds context {bound} in this call, the request says {given}")]
    Context {
        /// The context of the request.
        given: B256,
        /// What the contract binds.
        bound: B256,
    },
    /// The call goes through without asking.
    #[error("nothing asks for an attestation of this call: it needs none")]
    NotGuarded,
    /// Another attestation of the same call waits for it, and would be used up in the place of this one.
    #[error(
        "an attestation of the same call, with nonce {nonce}, was posted and waits: use it first"
    )]
    Waiting {
        /// Its nonce.
        nonce: u64,
    },
    /// The enforcing contract does not take the attestation that was made for the simulation.
    #[error("the enforcing contract refuses any attestation of this call: {0}")]
    Unadmitted(String),
    /// The call fails.
    #[error("the call reverts ({0}): what it does cannot be seen, and not be decided on")]
    Reverted(String),
}

/// What a revert says, in words where there are any.
#[must_use]
pub fn revert_words(output: &Bytes) -> String {
    let named = output.first_chunk::<4>().and_then(|selector| {
        IWritGuardedErrors::name_by_selector(*selector)
            .or_else(|| WritSafeGuardErrors::name_by_selector(*selector))
    });
    match (named, output.first_chunk::<4>()) {
        (Some(name), _) => name.to_owned(),
        (None, None) if output.is_empty() => "without a reason".to_owned(),
        (None, None) => hex::encode_prefixed(output),
        (None, Some(selector)) => decode_revert_reason(output)
            .map(|reason| reason.chars().take(200).collect())
            .unwrap_or_else(|| FixedBytes::<4>::from(selector).to_string()),
    }
}
