//! Why there is no comparison.

use std::path::PathBuf;

use crate::build_info::CompilerVersion;

/// Why two layouts could not be compared. Nothing is said about the upgrade.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// More bytes than a build-info may have.
    #[error("the build-info has {bytes} bytes; at most {limit} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// What is read.
        limit: usize,
    },
    /// No JSON, or nested too deeply.
    #[error("the build-info is no JSON that can be read: {0}")]
    Json(serde_json::Error),
    /// A part is missing or of another form.
    #[error("the build-info has no usable `{part}`: {remedy}")]
    BuildInfo {
        /// Which.
        part: &'static str,
        /// What would be accepted.
        remedy: &'static str,
    },
    /// Of another language.
    #[error("the build-info is of language {0:?}; only Solidity has a layout that can be compared")]
    Language(String),
    /// More sources than are read.
    #[error("the build-info has {count} sources; at most {limit} are read")]
    TooManySources {
        /// How many.
        count: usize,
        /// What is read.
        limit: usize,
    },
    /// A source is named, but not included.
    #[error(
        "source {0:?} is not included in the build-info; it has to carry `content`, not `urls`"
    )]
    SourceMissing(String),
    /// A contract's name cannot be read.
    #[error(
        "{0:?} names no contract; write <build-info>:<Contract> or <build-info>:<source>:<Contract>"
    )]
    Target(String),
    /// The contract is in no source.
    #[error("there is no contract {0:?} in the build-info")]
    NoContract(String),
    /// Several sources have one.
    #[error("contract {name:?} is in several sources ({}); name one, as <source>:<Contract>", sources.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Where it is.
        sources: Vec<String>,
    },
    /// Too many contracts at once.
    #[error("{count} contracts are asked for at once; at most {limit} are")]
    TooManyContracts {
        /// How many.
        count: usize,
        /// The most.
        limit: usize,
    },
    /// The compiler does not run.
    #[error("cannot run the compiler {}: {source}", path.display())]
    Compiler {
        /// Its executable.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The compiler gives no version.
    #[error("{} gives no version of solc with --version", .0.display())]
    NoVersion(PathBuf),
    /// Another compiler than the one that built it.
    #[error("the build-info was made by solc {build}, and {} is solc {compiler}: layouts are compared as the contract was built; name that compiler with --solc", path.display())]
    Version {
        /// Of the build-info.
        build: CompilerVersion,
        /// Of the executable.
        compiler: CompilerVersion,
        /// The executable.
        path: PathBuf,
    },
    /// It took too long.
    #[error("the compiler did not answer within {0} seconds")]
    Timeout(u64),
    /// It answered more than is read.
    #[error("the compiler answered more than {0} bytes")]
    Answer(u64),
    /// It failed.
    #[error("the compiler ended with {status}: {said}")]
    Failed {
        /// How.
        status: String,
        /// The beginning of what it said.
        said: String,
    },
    /// The sources do not compile.
    #[error("the sources do not compile: {0}")]
    Sources(String),
    /// The compiler read something that the build-info lacks.
    #[error("the compiler read {0:?}, which the build-info does not contain")]
    ForeignSource(String),
    /// What the compiler said cannot be read.
    #[error("the compiler's answer cannot be read at {at}: {what}")]
    Output {
        /// Where.
        at: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A layout of unusual size.
    #[error("the layout of {contract} has more than {limit} fields and types")]
    TooManyFields {
        /// Of which contract.
        contract: String,
        /// What is compared.
        limit: usize,
    },
}

impl LayoutError {
    pub(crate) fn output(at: impl Into<String>, what: &'static str) -> Self {
        Self::Output { at: at.into(), what }
    }
}
