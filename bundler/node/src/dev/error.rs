//! What can go wrong while the demonstration is set up or played.

use std::path::PathBuf;

/// Why `writ dev` could not go on. Each is one sentence with the remedy where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// The pinned toolchain is not installed.
    #[error("anvil is not installed: run `npm ci` in the root of Writ, or put anvil on the PATH")]
    AnvilMissing,
    /// A file of the pinned contract packages is missing.
    #[error("{} is missing: run `npm ci` in the root of Writ, or name the root with --root", path.display())]
    ArtifactMissing {
        /// The file.
        path: PathBuf,
    },
    /// The folder for keys, stores and logs cannot be used.
    #[error("cannot use the folder {}: {source}", path.display())]
    Workplace {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A child process could not be started.
    #[error("cannot start {name}: {source}")]
    Start {
        /// What was to be started.
        name: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A child process could not be ended.
    #[error("cannot stop {name}: {source}")]
    Stop {
        /// What was to be ended.
        name: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A child process ended, or did not answer in time.
    #[error("{name} did not become ready; its log {} ends with:\n{tail}", log.display())]
    NotReady {
        /// Which one.
        name: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// No loopback port could be had.
    #[error("no free loopback port: {0}")]
    Port(std::io::Error),
    /// The development chain refused something that it should take.
    #[error("{what}: {message}")]
    Chain {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        message: String,
    },
    /// A scene did not go as described.
    #[error("not as described: {what}")]
    Unexpected {
        /// What happened instead.
        what: String,
    },
    /// The script given with --verify found a claim that the chain does not bear out.
    #[error("{} does not confirm the demonstration ({status})", script.display())]
    NotVerified {
        /// The script.
        script: PathBuf,
        /// How it ended.
        status: String,
    },
}

impl DevError {
    /// Adds what was being asked of the chain to an error of its client.
    pub fn chain<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Chain { what, message: error.to_string() }
    }

    /// A scene did not go as described.
    pub fn unexpected(what: impl Into<String>) -> Self {
        Self::Unexpected { what: what.into() }
    }
}
