//! Why an operator does not start.

use writ_evidence::IndexError;
use writ_policy::StoreError;
use writ_simulation::NodeError;

use crate::{config::MAX_VALIDITY, log::LogError};

/// Why an operator does not start, in one sentence with the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// The validity is out of range.
    #[error("an allow cannot hold for {given} s: 1 to {MAX_VALIDITY} are accepted")]
    Validity {
        /// The configured seconds.
        given: u64,
    },
    /// The policy store is unusable.
    #[error("the policy store is unusable: {0}")]
    Policies(#[from] StoreError),
    /// The signing log is unusable.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The index of histories is unusable.
    #[error(transparent)]
    History(#[from] IndexError),
    /// The node does not answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}
