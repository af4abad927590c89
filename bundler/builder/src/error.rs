//! What stops the builder for a moment.

use alloy::primitives::{Address, U256};
use writ_admission::AdmissionError;
use writ_pool::PoolError;
use writ_simulation::NodeError;

use crate::{Part, SignerError};

/// Why the builder could not do its next step. Nothing is lost: it tries again by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderError {
    /// The node does not answer, or not as it should.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The store failed.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// Judging a bundle failed without a verdict.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The signer's account is a contract or delegated to one.
    #[error(
        "the bundler's account {account} has code: EntryPoint v0.9 takes bundles only from accounts without; use a \
         key whose account is not delegated (EIP-7702)"
    )]
    SignerHasCode {
        /// The account.
        account: Address,
    },
    /// The signer cannot pay for transactions.
    #[error("the bundler's account {account} has {balance} wei: send it at least {least} wei")]
    SignerUnfunded {
        /// The account.
        account: Address,
        /// What it has.
        balance: U256,
        /// What it should have.
        least: U256,
    },
    /// Signing failed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The builder has stopped.
    #[error("the builder has stopped")]
    Stopped,
}

impl BuilderError {
    /// The part whose health this is about.
    pub(crate) const fn part(&self) -> Part {
        match self {
            Self::Pool(_) => Part::Store,
            Self::SignerHasCode { .. } | Self::SignerUnfunded { .. } | Self::Signer(_) => {
                Part::Signer
            }
            Self::Admission(AdmissionError::BundleCall(_)) => Part::Submission,
            Self::Node(_) | Self::Admission(_) | Self::Stopped => Part::Node,
        }
    }
}
