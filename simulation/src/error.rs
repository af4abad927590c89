//! Why a simulation gave no result.

use alloy::primitives::Bytes;

use crate::{node::NodeError, state::StateError};

/// There is no verdict: neither that the operation is fine nor that it is not. (That `handleOps`
/// reverts is a verdict: see [`Failure`](crate::Failure).)
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The state could not be read.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The node took longer than a simulation may wait for it.
    #[error("the node took too long to serve the state that the operation needs")]
    TooSlow,
    /// The operation demands more than one simulation may cost.
    #[error("the operation exceeds the limit of {limit} {what}")]
    LimitExceeded {
        /// What there is too much of.
        what: &'static str,
        /// How much would be accepted.
        limit: usize,
    },
    /// The request itself is wrong: no operations, or not all of the EntryPoint's version.
    #[error("{0}")]
    InvalidRequest(String),
    /// No such transaction can be in a block: intrinsic gas above the limit, for instance, or an
    /// empty authorization list.
    #[error("handleOps cannot be sent: {0}")]
    InvalidTransaction(String),
    /// The simulation was stopped because the process is shutting down, or a worker was lost.
    #[error("the simulation was interrupted: {0}")]
    Interrupted(String),
}

impl SimulationError {
    /// Whether the same request may succeed later without anybody changing it.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Node(error) => error.is_transient(),
            Self::TooSlow | Self::Interrupted(_) => true,
            _ => false,
        }
    }
}

impl From<StateError> for SimulationError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Node(error) => Self::Node(error),
            StateError::TooSlow => Self::TooSlow,
            StateError::TooManyReads(limit) => {
                Self::LimitExceeded { what: "reads from the node", limit }
            }
            StateError::UnknownCode(hash) => Self::Interrupted(format!("no code {hash}")),
        }
    }
}

/// A static read that did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// It reverted with this data.
    #[error("reverted with {0}")]
    Reverted(Bytes),
    /// It halted: out of gas, bad jump.
    #[error("halted: {0}")]
    Halted(String),
}
