//! Why there is no evidence.

use alloy::primitives::{Address, Bytes};
use writ_attestation::{AttestationError, PlacementError};
use writ_bindings::WritModule::WritModuleErrors;
use writ_simulation::{Failure, NodeError, SimulationError};
use writ_types::EntryPointVersion;

use crate::{
    account::AccountError,
    bounds::AssetError,
    call::CallError,
    calls::CallsError,
    document::TooManyEffects,
    history::{HistoryError, TooManyAssets},
    needs::NeedsError,
};

/// Why a request has no evidence. Without evidence nothing is decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The account's calldata is not understood.
    #[error(transparent)]
    Calls(#[from] CallsError),
    /// Nothing is decided about this call off the ERC-4337 path.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The account cannot be decided for.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Something leaves the account that cannot be bounded.
    #[error(transparent)]
    Assets(#[from] AssetError),
    /// The operation does too much to be shown to a policy.
    #[error(transparent)]
    Effects(#[from] TooManyEffects),
    /// The account's policies cannot be shown what they ask for.
    #[error(transparent)]
    Needs(#[from] NeedsError),
    /// The account's history is not complete.
    #[error(transparent)]
    History(#[from] HistoryError<NodeError>),
    /// The account spent more assets than a policy can be asked about.
    #[error(transparent)]
    Spent(#[from] TooManyAssets),
    /// The input document is longer than what is passed on.
    #[error("the input document has {bytes} bytes, more than {}", crate::MAX_EVIDENCE_LEN)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// ERC-7579 modules need EntryPoint v0.7 or later.
    #[error("EntryPoint {version} has no ERC-7579 modules: v0.7 or later is needed")]
    UnsupportedEntryPoint {
        /// The version.
        version: EntryPointVersion,
    },
    /// The operation is in another version's form.
    #[error("the operation has the form of EntryPoint {given}, the request names {version}")]
    MixedVersions {
        /// The operation's version.
        given: EntryPointVersion,
        /// The EntryPoint's version.
        version: EntryPointVersion,
    },
    /// The operation is for another EntryPoint than the account's.
    #[error("the account is configured for EntryPoint {configured}, the operation is for {given}")]
    WrongEntryPoint {
        /// The EntryPoint of the request.
        given: Address,
        /// The EntryPoint of the configuration.
        configured: Address,
    },
    /// The operation deploys its account, whose configuration is then not the one that can be read.
    #[error("operations with a factory are not supported: deploy the account first")]
    Deploys,
    /// The operation carries an attestation already.
    #[error("the operation's signature ends in an attestation: send it without")]
    SuffixPresent,
    /// The module does not receive the operation's signature, or its hook does not see what the account is called with.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// More predecessors than are simulated.
    #[error("{count} predecessors are more than {}", writ_attestation::wire::MAX_PREDECESSORS)]
    TooManyPredecessors {
        /// Predecessors given.
        count: usize,
    },
    /// A predecessor is not what it should be.
    #[error("predecessor {index}: {source}")]
    Predecessor {
        /// Its position.
        index: u64,
        /// What is wrong with it.
        source: PredecessorError,
    },
    /// A predecessor fails in the simulation.
    #[error("predecessor {index} fails: {reason}")]
    PredecessorFailed {
        /// Its position.
        index: u64,
        /// What failed.
        reason: String,
    },
    /// The operation fails in the simulation, before its execution.
    #[error("the operation fails: {reason}")]
    Failed {
        /// What failed.
        reason: String,
        /// The EntryPoint's code, when it gave one.
        aa_code: Option<String>,
    },
    /// The execution reverts, so that what the account does is not seen.
    #[error(
        "the operation's execution reverts: what it does cannot be seen, and not be decided on"
    )]
    Reverted,
    /// The EntryPoint did not report on the operation.
    #[error("the EntryPoint did not execute the operation")]
    NotExecuted,
    /// Under the exact bounds of its first run the operation did something else.
    #[error(
        "the operation does not do the same under the bounds of what it did (it returned {output})"
    )]
    Unstable {
        /// What the second run returned.
        output: Bytes,
    },
    /// No throw-away attestation could be made for the account's configuration.
    #[error("no attestation is possible under the account's configuration: {0}")]
    Throwaway(#[source] AttestationError),
    /// The simulation could not run.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The node failed.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// What is wrong with a predecessor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredecessorError {
    /// It is another account's.
    #[error("it is of account {sender}")]
    OtherSender {
        /// Its sender.
        sender: Address,
    },
    /// It is for another EntryPoint version.
    #[error("it has the form of another EntryPoint version")]
    OtherVersion,
    /// The module does not receive its signature, or its hook does not see what the account is called with.
    #[error("no attestation can be placed in it: {0}")]
    Placement(#[from] PlacementError),
    /// It has no attestation.
    #[error("it carries no attestation")]
    NoSuffix,
    /// Its attestation does not verify.
    #[error("its attestation does not verify: {0}")]
    Attestation(#[from] AttestationError),
}

impl EvidenceError {
    /// The failure of a bundle with `before` predecessors ahead of the operation asked about.
    pub(crate) fn from_failure(failure: &Failure, before: usize) -> Self {
        let Failure::Op(failed) = failure else {
            return Self::Failed { reason: failure.to_string(), aa_code: None };
        };
        let reason = match failed.inner.as_ref().and_then(|inner| module_error(inner)) {
            Some(name) => format!("{} ({name})", failed.reason),
            None => match &failed.inner {
                Some(inner) if !inner.is_empty() => format!("{} ({inner})", failed.reason),
                _ => failed.reason.clone(),
            },
        };
        if failed.index < before {
            return Self::PredecessorFailed { index: failed.index as u64, reason };
        }
        Self::Failed { reason, aa_code: failed.aa_code.map(|code| code.to_string()) }
    }
}

/// The name of the module's error in revert data.
fn module_error(data: &[u8]) -> Option<&'static str> {
    WritModuleErrors::name_by_selector(*data.first_chunk::<4>()?)
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::SolError;
    use writ_bindings::WritModule;
    use writ_simulation::{AaCode, FailedOp};

    use super::*;

    fn failed(index: usize, inner: Option<Bytes>) -> Failure {
        Failure::Op(FailedOp {
            index,
            aa_code: Some(AaCode(23)),
            reason: "AA23 reverted".to_owned(),
            inner,
        })
    }

    #[test]
    fn the_module_is_quoted_by_name() {
        let inner = WritModule::AttestationRequired {}.abi_encode().into();
        let error = EvidenceError::from_failure(&failed(0, Some(inner)), 0);
        assert_eq!(error.to_string(), "the operation fails: AA23 reverted (AttestationRequired)");
    }

    #[test]
    fn a_predecessor_that_fails_is_named() {
        let error = EvidenceError::from_failure(&failed(1, None), 2);
        assert!(matches!(error, EvidenceError::PredecessorFailed { index: 1, .. }));
        let error = EvidenceError::from_failure(&failed(2, None), 2);
        assert!(matches!(error, EvidenceError::Failed { .. }));
    }
}
