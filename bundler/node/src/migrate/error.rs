//! Why a migration does not go on.

use std::path::PathBuf;

use writ_migration::LayoutError;

/// Why `writ migrate` ends with another code than zero.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The compiler does not run.
    #[error("{0}; name another one with --solc")]
    Compiler(Box<LayoutError>),
    /// A file has no layout to compare.
    #[error("{}: {source}", file.display())]
    Layout {
        /// The build-info.
        file: PathBuf,
        /// Why.
        source: Box<LayoutError>,
    },
    /// Neither a former version nor a proxy.
    #[error("there is nothing to compare with: name --before or --proxy")]
    NothingToCompare,
    /// The report cannot be printed.
    #[error("cannot print the report: {0}")]
    Print(std::io::Error),
    /// The verdict.
    #[error("the upgrade is unsafe: do not send it")]
    Unsafe,
    /// The verdict.
    #[error(
        "not everything could be compared: what is called unverified has to be looked at by hand"
    )]
    Unverified,
}

impl MigrateError {
    /// What the process ends with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Unsafe => 3,
            Self::Unverified => 4,
            _ => 1,
        }
    }
}
