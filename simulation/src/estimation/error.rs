//! Why there is no estimate.

use alloy::primitives::Bytes;
use writ_types::ErrorCode;

use crate::{Failure, SimulationError, StateError};

/// Why an operation could not be estimated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EstimationError {
    /// The EntryPoint rejects the operation, with as much gas as estimation grants or as the caller fixed.
    #[error("{0}")]
    Rejected(Failure),
    /// The call in the execution phase fails.
    #[error("{}", if *out_of_gas { "execution ran out of gas" } else { "execution reverted" })]
    ExecutionReverted {
        /// Revert data, bounded; empty when it ran out of gas.
        data: Bytes,
        /// Whether gas was the reason: more than the caller fixed, or than estimation grants.
        out_of_gas: bool,
    },
    /// The paymaster's `postOp` fails.
    #[error("postOp reverted")]
    PostOpReverted {
        /// Revert data, bounded.
        data: Bytes,
    },
    /// A pooled operation that must run first fails.
    #[error("the pooled operation {index} before this one fails: {failure}")]
    Predecessor {
        /// Its place in the request.
        index: usize,
        /// What happened.
        failure: Failure,
    },
    /// Each limit is enough while the others are at their most, but not all of them together: the operation
    /// depends on the gas it is given in a way that has no least limit.
    #[error(
        "no combination of gas limits was found to be enough: the operation depends on how much gas it is given"
    )]
    Unstable,
    /// No signature to simulate with could be made.
    #[error("no signature to simulate with: {0}")]
    Signature(String),
    /// State could not be had.
    #[error(transparent)]
    State(#[from] StateError),
    /// The simulation failed, or was too large.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
}

impl EstimationError {
    /// The JSON-RPC code for this error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Rejected(failure) => rejection_code(failure),
            Self::ExecutionReverted { .. } | Self::PostOpReverted { .. } => {
                ErrorCode::ExecutionReverted
            }
            Self::Predecessor { .. } | Self::Unstable => ErrorCode::RejectedByEntryPoint,
            Self::Signature(_) => ErrorCode::Internal,
            Self::State(_) => ErrorCode::ResourceUnavailable,
            Self::Simulation(_) => ErrorCode::Internal,
        }
    }

    /// Revert data of whatever reverted, if there is any.
    pub fn revert_data(&self) -> Option<&Bytes> {
        match self {
            Self::ExecutionReverted { data, .. } | Self::PostOpReverted { data } => Some(data),
            Self::Rejected(Failure::Op(failed)) => failed.inner.as_ref(),
            Self::Rejected(Failure::Reverted { data, .. }) => Some(data),
            _ => None,
        }
    }
}

/// The code that ERC-7769 gives to a rejection by the EntryPoint.
fn rejection_code(failure: &Failure) -> ErrorCode {
    use crate::Blame;
    let Failure::Op(failed) = failure else { return ErrorCode::RejectedByEntryPoint };
    match failed.aa_code {
        Some(code) if code.is_out_of_window() => ErrorCode::OutOfTimeRange,
        Some(code) if code.is_signature() => ErrorCode::InvalidSignature,
        Some(code) if code.blame() == Blame::Paymaster => ErrorCode::RejectedByPaymaster,
        _ => ErrorCode::RejectedByEntryPoint,
    }
}
