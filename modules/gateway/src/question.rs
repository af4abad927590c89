//! What a gateway asks operators, whatever it is about.

use alloy::primitives::B256;
use serde::Serialize;
use writ_attestation::{Action, AttestationError, Domain, Suffix, wire::BlockRef};

use crate::{AccountView, Lie};

/// A question to the operators of an account: about a user operation, or about a call off the ERC-4337 path.
pub(crate) trait Question: Sync {
    /// What travels.
    type Request: Serialize + Sync;
    /// What is known once an attestation was verified.
    type Verified: Send;

    /// The operators' method.
    const ATTEST: &'static str;

    /// The account at the block.
    fn account(&self) -> &AccountView;

    /// Chain and enforcing contract.
    fn domain(&self) -> Domain;

    /// The block to decide at, unless a decision about the same is live at another.
    fn block(&self) -> BlockRef;

    /// The time, Unix seconds.
    fn now(&self) -> u64;

    /// The sequence that the chain will require.
    fn sequence(&self) -> u64;

    /// The operation's hash, if it is about one.
    fn user_op_hash(&self) -> Option<B256>;

    /// What at most one live allow may exist for.
    fn slot(&self) -> B256;

    /// What a decision at the same block would be about: the action, under this configuration, in this history.
    fn subject(&self) -> B256;

    /// The request at `block`.
    fn request(&self, block: BlockRef) -> Self::Request;

    /// Checks the action behind an answer, whose hash was signed.
    fn check_action(&self, action: &Action, signed: B256) -> Result<(), Lie>;

    /// The cost that a suffix tells of a checked action.
    fn max_cost(&self, action: &Action) -> u128;

    /// Checks an attestation as the enforcing contract will.
    fn verify(&self, suffix: &Suffix) -> Result<Self::Verified, AttestationError>;
}
