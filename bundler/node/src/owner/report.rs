//! The report, which the scripts read back. docs/owners.md says what each field means.

use std::{fmt, fs, io, path::Path};

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use writ_types::RuleId;

use super::OwnerTraceError;

/// Names the form of the report; another form has another name.
pub(super) const FORMAT: &str = "writ.owner-trace.1";

/// What came of tracing an owner's check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerReport {
    /// Always `writ.owner-trace.1`.
    pub format: String,
    /// The chain.
    pub chain_id: u64,
    /// Number of the block whose state was used.
    pub block_number: u64,
    /// Its hash.
    pub block_hash: B256,
    /// The EntryPoint.
    pub entry_point: Address,
    /// The account.
    pub account: Address,
    /// The module.
    pub module: Address,
    /// The configuration's `ownerValidator`.
    pub owner_validator: Address,
    /// The configuration's `owner`.
    pub owner: Address,
    /// What the data contract at `owner` holds behind its first byte.
    pub owner_data: Bytes,
    /// What the owner signs for the second run: the userOpHash of an operation that does nothing and costs nothing.
    pub operation_hash: B256,
    /// All code that the check ran or looked at, by ascending address; the account's own only where it was asked.
    pub code: Vec<CodeEntry>,
    /// The runs: with the stub, then with the signature if there was one.
    pub runs: Vec<Run>,
    /// Every violation of every run, as a sentence.
    pub violations: Vec<String>,
    /// What it comes to.
    pub result: OwnerResult,
}

/// Code that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeEntry {
    /// Where it stands.
    pub address: Address,
    /// EXTCODEHASH.
    pub code_hash: B256,
}

/// One run of the check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// `stub` or `signature`.
    pub with: String,
    /// How the account's validation ended.
    pub outcome: RunOutcome,
    /// Why, where the EntryPoint said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Gas of the account's validation, the module's part included.
    pub gas_used: u64,
    /// Every contract on the chain that it ran or looked at, precompiles included, by ascending address.
    pub touched: Vec<Address>,
    /// Rules that it broke.
    pub violations: Vec<TracedViolation>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunOutcome {
    /// The owner takes the signature.
    Accepted,
    /// It does not.
    Rejected,
    /// It reverted, ran out of gas, or never ran.
    Failed,
}

/// A rule that the check breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TracedViolation {
    /// Its id in ERC-7562.
    pub rule: RuleId,
    /// The contract that was touched, called or created, where the rule is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What happened: opcode, slot, limit.
    pub detail: String,
    /// All of it as a sentence.
    pub sentence: String,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerResult {
    /// The stub is refused, the signature accepted, and neither breaks a rule.
    Passes,
    /// The stub breaks no rule; no signature was tried.
    StubOnly,
    /// A rule is broken.
    Violates,
    /// The stub was accepted, the signature was not, or a run failed.
    Unusable,
}

impl OwnerReport {
    /// Why the owner is not to be installed, in a sentence; `None` when nothing that was tried speaks against it.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        match self.result {
            OwnerResult::Passes | OwnerResult::StubOnly => None,
            OwnerResult::Violates => {
                let more = self.violations.len().saturating_sub(1);
                let first = self.violations.first().map(String::as_str).unwrap_or_default();
                Some(match more {
                    0 => format!("the owner's check breaks ERC-7562: {first}"),
                    _ => format!("the owner's check breaks ERC-7562: {first} ({more} more)"),
                })
            }
            OwnerResult::Unusable => {
                let said = self.runs.iter().find_map(|run| complaint(run, self.operation_hash));
                Some(said.unwrap_or_else(|| "the owner's check is unusable".to_owned()))
            }
        }
    }

    /// Writes it as JSON, all or nothing, and makes the folder if there is none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), OwnerTraceError> {
        let failed = |source| OwnerTraceError::Report { path: path.to_owned(), source };
        let mut text =
            serde_json::to_string_pretty(self).map_err(|error| failed(io::Error::other(error)))?;
        text.push('\n');
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, text).map_err(failed)?;
        fs::rename(&beside, path).map_err(failed)
    }
}

/// What is wrong with a run beside broken rules.
pub(super) fn complaint(run: &Run, hash: B256) -> Option<String> {
    let reason = run.reason.as_deref().unwrap_or("no reason was given");
    match (run.with.as_str(), run.outcome) {
        (with, RunOutcome::Failed) => {
            Some(format!("the owner's check with the {with} fails instead of answering: {reason}"))
        }
        ("stub", RunOutcome::Accepted) => Some(
            "the owner accepts the stub: whoever knows it owns the account, or it is no stub"
                .to_owned(),
        ),
        ("signature", RunOutcome::Rejected) => Some(format!(
            "the owner does not accept the signature: what it has to sign, as an operation, is {hash}"
        )),
        _ => None,
    }
}

impl fmt::Display for OwnerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "account {} at block {}", self.account, self.block_number)?;
        writeln!(f, "owner {} under {}", self.owner, self.owner_validator)?;
        for run in &self.runs {
            let outcome = match run.outcome {
                RunOutcome::Accepted => "accepted",
                RunOutcome::Rejected => "rejected",
                RunOutcome::Failed => "failed",
            };
            writeln!(f, "{}: {outcome}, {} gas of validation", run.with, run.gas_used)?;
        }
        for violation in &self.violations {
            writeln!(f, "VIOLATION {violation}")?;
        }
        match self.result {
            OwnerResult::Passes => write!(f, "passes"),
            OwnerResult::StubOnly => write!(
                f,
                "not complete: the owner has to sign this hash as it signs operations, and --signature to be set to it:\n{}",
                self.operation_hash
            ),
            OwnerResult::Violates | OwnerResult::Unusable => write!(f, "does NOT pass"),
        }
    }
}
