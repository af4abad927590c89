//! Operations of the account that are ahead in the pool.

use alloy::primitives::Bytes;
use writ_attestation::{AccountIdentity, Context, Domain, Suffix, verify};
use writ_types::UserOperation;

use crate::{
    account::Account,
    builder::EvidenceRequest,
    error::{EvidenceError, PredecessorError},
};

/// An operation ahead of the one asked about, its attestation verified.
#[derive(Debug)]
pub(crate) struct Predecessor {
    pub(crate) operation: UserOperation,
    pub(crate) owner_signature: Bytes,
    pub(crate) suffix: Suffix,
}

/// Takes the predecessors apart and verifies each with the checks of the module. One that nobody attested would
/// let its sender choose what the operation is simulated after.
pub(crate) fn predecessors(
    request: &EvidenceRequest,
    account: &Account,
    identity: AccountIdentity,
    domain: Domain,
) -> Result<Vec<Predecessor>, EvidenceError> {
    let check = |position: u64, operation: &UserOperation| {
        if operation.sender != request.operation.sender {
            return Err(PredecessorError::OtherSender { sender: operation.sender });
        }
        if operation.version != request.entry_point.version {
            return Err(PredecessorError::OtherVersion);
        }
        identity.place(operation, request.authority.module())?;
        let (owner_signature, suffix) =
            Suffix::split(&operation.signature)?.ok_or(PredecessorError::NoSuffix)?;
        let context = Context {
            domain,
            entry_point: request.entry_point.address,
            policy: &account.policy,
            operators: &account.operators,
            account_code: account.code_hash,
            sequence: account.policy.next_sequence(position),
            now: request.block.timestamp(),
        };
        verify(operation, &suffix, &context)?;
        Ok(Predecessor {
            operation: operation.clone(),
            owner_signature: Bytes::copy_from_slice(owner_signature),
            suffix,
        })
    };
    (0u64..)
        .zip(&request.predecessors)
        .map(|(position, operation)| {
            check(position, operation)
                .map_err(|source| EvidenceError::Predecessor { index: position, source })
        })
        .collect()
}
