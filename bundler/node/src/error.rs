//! Why the program ends.

use std::net::SocketAddr;

use writ_attestation::KeyError;

use crate::{
    challenge::ChallengeError, config::ConfigurationError, dev::DevError, migrate::MigrateError,
    owner::OwnerTraceError, policy::PolicyError, sync::SyncError,
};

/// Why `writ` ends with an error: one sentence with the remedy where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Flags, environment or file.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The operator's key, or the bundler's.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An operator does not start.
    #[error(transparent)]
    Operator(#[from] Box<writ_operator::OperatorError>),
    /// The numbers cannot be served.
    #[error("cannot serve metrics on {address}: {source}; name another with --metrics-listen")]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// What went wrong.
        source: metrics_exporter_prometheus::BuildError,
    },
    /// An address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; stop what uses it, or name another with --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A part of the bundler does not start.
    #[error("{0}")]
    Start(String),
    /// The demonstration.
    #[error(transparent)]
    Dev(#[from] DevError),
    /// An owner's check was not traced, or does not pass.
    #[error(transparent)]
    Owner(#[from] OwnerTraceError),
    /// Accounts were not moved.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A policy tool has no answer, or one that is no.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Decisions were not judged, or not challenged.
    #[error(transparent)]
    Challenge(#[from] Box<ChallengeError>),
    /// An upgrade was not compared, or is not safe.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

impl NodeError {
    /// A part of the bundler does not start, for the reason that the part gives.
    pub(crate) fn start(error: impl std::fmt::Display) -> Self {
        Self::Start(error.to_string())
    }
}
