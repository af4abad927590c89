//! What can go around the module, as `writ_getPolicy` tells it.

use alloy::primitives::{Address, B256, FixedBytes};
use serde::{Deserialize, Serialize};

use crate::response::{checksummed, checksummed_option};

/// What WritLens found on an account, path by path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnforcementView {
    /// True only where every path was examined, and none is open and none unverifiable.
    pub enforced: bool,
    /// Why nothing was examined, where nothing was; `paths` is empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unexamined: Option<String>,
    /// What the lens takes the account for.
    pub kind: String,
    /// The code that the account runs: its own address where it is no proxy.
    #[serde(serialize_with = "checksummed")]
    pub implementation: Address,
    /// Hash of that code; zero where there is none.
    pub code_hash: B256,
    /// The implementation is what the account's ERC-1967 slot holds.
    pub implementation_from_storage: bool,
    /// Where the candidates come from that the account does not list itself.
    pub candidates: CandidatesView,
    /// One for each path, in the lens's order.
    pub paths: Vec<PathView>,
}

/// Where candidates come from, which decides what their absence proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CandidatesView {
    /// `events`: every event of the account since it exists was looked at. `partial`: not, and rows that rest on the absence
    /// of a candidate are unverifiable.
    pub source: String,
    /// First block that was looked at; absent when none was.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "alloy::serde::quantity::opt"
    )]
    pub from_block: Option<u64>,
    /// Why `partial`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was found on one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathView {
    /// Its name in `EnforcementPath`.
    pub path: String,
    /// The same in words.
    pub title: String,
    /// `closed`, `open`, `unverifiable` (counts as open) or `notApplicable`.
    pub verdict: String,
    /// When such a path is open or unverifiable; only where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who makes it so; absent when nobody in particular does.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "checksummed_option"
    )]
    pub subject: Option<Address>,
    /// The function in question, of fallback handlers; Kernel's permission, of other validators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<FixedBytes<4>>,
}
