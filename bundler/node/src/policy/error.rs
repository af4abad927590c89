//! Why `writ policy` ends with an error.

use std::{io, path::PathBuf};

use writ_policy::{StoreError, WorkerError};

use super::register::RegisterError;

/// Why there is no answer, or that it is no.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The bundle's folder cannot be read.
    #[error(transparent)]
    Bundle(#[from] StoreError),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Files or arguments are not what they should be; it says where and what to do.
    #[error("{0}")]
    Unusable(String),
    /// The child process gave no answer.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// There is an answer, and it is no.
    #[error("{0}")]
    Refused(String),
    /// There is no decision that anybody may sign.
    #[error("{0}")]
    Undecided(String),
    /// The policy was not put on the chain.
    #[error(transparent)]
    Register(#[from] Box<RegisterError>),
    /// The answer cannot be printed.
    #[error("cannot print the answer: {0}")]
    Output(io::Error),
}

impl PolicyError {
    /// The code with which the process ends.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 2,
            Self::Undecided(_) => 3,
            Self::Worker(error) if error.is_limit() => 3,
            _ => 1,
        }
    }

    /// The one of two that ends the process: no answer counts before an answer that is no.
    pub(super) fn worse(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        const fn rank(error: &PolicyError) -> u8 {
            match error.exit_code() {
                1 => 3,
                3 => 2,
                _ => 1,
            }
        }
        match (one, other) {
            (Some(one), Some(other)) if rank(&other) > rank(&one) => Some(other),
            (Some(one), _) => Some(one),
            (None, other) => other,
        }
    }
}
