//! `writ migrate layout`: what an upgrade does to the storage of a contract, from the build-info files of both versions.
//!
//! ```text
//! --before FILE:CONTRACT ──┐
//! --after  FILE:CONTRACT ──┼── solc, as the files were built ──> layouts ──> C1, C2, C3 ──> report ──> standard output
//! --proxy  FILE:CONTRACT ──┘                                                            └─> verdict ──> exit code
//! ```
//!
//! Invariants:
//! * No chain is asked, nothing is sent, nothing is written.
//! * Exit code 0 means safe and nothing else: 1 no comparison, 2 wrong usage, 3 unsafe, 4 unverified.

mod error;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use writ_migration::{
    BuildInfo, Compiler, ContractLayout, Target, Verdict, clash, compare, layouts, limits,
};

pub use error::MigrateError;

/// What is to be done.
#[derive(Clone, Debug, Args)]
pub struct MigrateArguments {
    /// Which step.
    #[command(subcommand)]
    pub step: MigrateStep,
}

/// The steps.
#[derive(Clone, Debug, Subcommand)]
pub enum MigrateStep {
    /// Compare storage layouts: does the new code read what the old code stored? Exit code 0: safe; 3: unsafe; 4: not everything
    /// could be compared; 1: no comparison.
    Layout(LayoutArguments),
}

/// What `writ migrate layout` is told.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("against").args(["before", "proxy"]).required(true).multiple(true))]
pub struct LayoutArguments {
    /// The implementation that runs today: a build-info file and the contract, `build-info.json:Vault` or
    /// `build-info.json:src/Vault.sol:Vault`.
    #[arg(long, value_name = "FILE:CONTRACT")]
    pub before: Option<BuiltContract>,

    /// The implementation that is to run.
    #[arg(long, value_name = "FILE:CONTRACT")]
    pub after: BuiltContract,

    /// The proxy that runs it, to be compared with what it runs.
    #[arg(long, value_name = "FILE:CONTRACT")]
    pub proxy: Option<BuiltContract>,

    /// The compiler: an executable that takes standard JSON as solc does, of the version that built the files.
    #[arg(long, env = "WRIT_SOLC", value_name = "PATH", default_value = "solc")]
    pub solc: PathBuf,

    /// Words for people, or the report as JSON.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Words.
    Text,
    /// `writ-layout-report/1`.
    Json,
}

/// A contract of a build-info file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltContract {
    /// The file.
    pub file: PathBuf,
    /// The contract in it.
    pub contract: Target,
}

impl FromStr for BuiltContract {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A file's name may have a colon in it; build-infos end in `.json`.
        let split = text.find(".json:").map(|at| at + ".json".len()).or_else(|| text.find(':'));
        let (file, contract) = split
            .filter(|at| *at > 0)
            .map(|at| (&text[..at], &text[at + 1..]))
            .ok_or_else(|| format!("{text:?} names no contract: write FILE:CONTRACT"))?;
        let contract = contract.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { file: file.into(), contract })
    }
}

/// Runs a step.
///
/// # Errors
/// There is no comparison, or its verdict is not safe.
pub fn run(arguments: &MigrateArguments) -> Result<(), MigrateError> {
    let MigrateStep::Layout(arguments) = &arguments.step;
    layout(arguments)
}

fn layout(arguments: &LayoutArguments) -> Result<(), MigrateError> {
    let compiler =
        Compiler::at(&arguments.solc).map_err(|error| MigrateError::Compiler(Box::new(error)))?;
    let read = |contract: &BuiltContract| load(&compiler, contract);
    let after = read(&arguments.after)?;
    let before = arguments.before.as_ref().map(read).transpose()?;
    let proxy = arguments.proxy.as_ref().map(read).transpose()?;
    let compared = before.map(|before| compare(&before, &after));
    let clashes = proxy.map(|proxy| clash(&proxy, &after));
    let report = match (compared, clashes) {
        (Some(compared), Some(clashes)) => compared.with(clashes),
        (Some(report), None) | (None, Some(report)) => report,
        // clap demands one of them.
        (None, None) => return Err(MigrateError::NothingToCompare),
    };
    let text = match arguments.format {
        Format::Text => report.to_string(),
        Format::Json => {
            let json = serde_json::to_string_pretty(&report).map_err(std::io::Error::from);
            format!("{}\n", json.map_err(MigrateError::Print)?)
        }
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(MigrateError::Print)?;
    match report.verdict {
        Verdict::Safe => Ok(()),
        Verdict::Unsafe => Err(MigrateError::Unsafe),
        Verdict::Unverified => Err(MigrateError::Unverified),
    }
}

fn load(compiler: &Compiler, contract: &BuiltContract) -> Result<ContractLayout, MigrateError> {
    let named =
        |error| MigrateError::Layout { file: contract.file.clone(), source: Box::new(error) };
    let build = BuildInfo::parse(&bytes(&contract.file)?).map_err(named)?;
    let found = layouts(compiler, &build, std::slice::from_ref(&contract.contract));
    found.map_err(named)?.pop().ok_or_else(|| {
        named(writ_migration::LayoutError::NoContract(contract.contract.to_string()))
    })
}

/// One byte more than a build-info may have, so that its parser says so.
fn bytes(path: &Path) -> Result<Vec<u8>, MigrateError> {
    let failed = |source| MigrateError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(limits::BUILD_INFO_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_named_by_file_and_name() {
        let parse = |text: &str| text.parse::<BuiltContract>();
        let plain = parse("out/build-info/a.json:Vault").unwrap();
        assert_eq!(plain.file, Path::new("out/build-info/a.json"));
        assert_eq!((plain.contract.source, plain.contract.name.as_str()), (None, "Vault"));
        let full = parse("a:b.json:src/Vault.sol:Vault").unwrap();
        assert_eq!(full.file, Path::new("a:b.json"));
        assert_eq!(full.contract.source.as_deref(), Some("src/Vault.sol"));
        for wrong in ["", "Vault", "a.json", "a.json:", ":Vault", "a.json:1x", "a.json::Vault"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
