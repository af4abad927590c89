//! The signing log: what was decided, on disk before it is signed.
//!
//! ```text
//! record(entry) ─ under one lock ─> same subject recorded? ─ yes ─> the recorded entry is the answer
//!                                        │ no
//!                                   other verdict for this evidence and policy? ─ yes ─> Conflict
//!                                        │ no
//!                                   other live allow for this nonce or sequence? ─ yes ─> Live
//!                                        │ no
//!                                   one synced write batch ─> only now may it be signed
//! ```
//!
//! A signature follows from the recorded entry and the key alone (RFC 6979), so a crash between write and
//! signature loses nothing: asked again, the same bytes are signed.

use std::path::Path;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use parking_lot::Mutex;
use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, IteratorMode, Options, WriteBatch, WriteOptions,
};
use serde::{Deserialize, Serialize};
use writ_attestation::{Action, Attestation, Bounds, CallAction, Denial, Domain};

/// Layout of the log on disk.
const FORMAT: &[u8] = b"writ signing log 1";

/// Entries by evidence ‖ subject.
const ENTRIES: &str = "entries";
/// Keys of `ENTRIES` by request.
const REQUESTS: &str = "requests";
/// Allow (1) or deny (0) by evidence ‖ policy.
const VERDICTS: &str = "verdicts";
/// The last allow by account and nonce, or account and sequence; detached ones by account, nonce and policy; calls by
/// enforcing contract, account, caller and nonce.
const ALLOWS: &str = "allows";

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Statement {
    /// The policies allow.
    Allow {
        /// The statement.
        attestation: Attestation,
        /// The list behind its `bounds`.
        bounds: Bounds,
    },
    /// A policy refuses.
    Deny {
        /// The statement.
        denial: Denial,
        /// The list behind its `reasons`.
        reasons: Vec<String>,
    },
}

/// One decision, complete: everything that the answer holds except the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// What was decided about.
    pub action: Action,
    /// The canonical input document.
    pub evidence: Bytes,
    /// The operator's position in the account's set.
    pub index: u8,
    /// The decision.
    pub statement: Statement,
}

impl Entry {
    /// Hash of the canonical input document.
    #[must_use]
    pub const fn evidence_hash(&self) -> B256 {
        match &self.statement {
            Statement::Allow { attestation, .. } => attestation.evidence,
            Statement::Deny { denial, .. } => denial.evidence,
        }
    }

    const fn policy(&self) -> B256 {
        match &self.statement {
            Statement::Allow { attestation, .. } => attestation.policy,
            Statement::Deny { denial, .. } => denial.policy,
        }
    }

    /// What the decision is about. The block is in the evidence, and with it revision and epoch are given.
    fn subject(&self) -> B256 {
        keccak256([self.domain.separator(), self.action.hash(), self.evidence_hash()].concat())
    }

    /// The keys under which no second allow may be live.
    fn allow_keys(&self, sequence: Option<u64>) -> Vec<Vec<u8>> {
        let chain = self.domain.chain_id.to_be_bytes();
        let action = match &self.action {
            Action::UserOperation(action) => action,
            Action::Call(action) => return vec![self.call_key(action)],
        };
        let account = action.account;
        let nonce = action.nonce.to_be_bytes::<32>();
        let place = [&chain[..], &account[..], &action.entry_point[..], &nonce].concat();
        if self.domain.module.is_zero() {
            // Of a detached policy each asker has its own; they do not stand in each other's way.
            return vec![[b"d", &place[..], self.policy().as_slice()].concat()];
        }
        let mut keys = vec![[b"n", &place[..]].concat()];
        if let Some(sequence) = sequence {
            let module = self.domain.module;
            keys.push(
                [b"s", &chain[..], &account[..], &module[..], &sequence.to_be_bytes()].concat(),
            );
        }
        keys
    }

    /// Of a call: one for each nonce that the enforcing contract lets be used once, however the attestation comes. A Safe's
    /// own nonces are others than those of a module, were it the Safe itself.
    fn call_key(&self, action: &CallAction) -> Vec<u8> {
        let owners = action.caller == action.account && !action.context.is_zero();
        [
            b"c",
            &self.domain.chain_id.to_be_bytes()[..],
            &self.domain.module[..],
            &action.account[..],
            &action.caller[..],
            &[u8::from(owners)],
            &action.nonce.to_be_bytes::<32>(),
        ]
        .concat()
    }
}

/// What is remembered of an allow to keep it the only one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveAllow {
    /// The account.
    pub account: Address,
    /// Its nonce.
    pub nonce: U256,
    /// Revision of the configuration.
    pub revision: u64,
    /// Number of the block that was decided at.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Until when the chain accepts it, in Unix seconds.
    pub valid_until: u64,
}

/// Why nothing was recorded. Then nothing may be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The same evidence was decided otherwise before.
    #[error("evidence {evidence} was decided otherwise before: nothing is signed")]
    Conflict {
        /// The evidence.
        evidence: B256,
    },
    /// Another allow for the same nonce or sequence is still live.
    #[error("another allow, made at block {}, is live until {}", .0.block_number, .0.valid_until)]
    Live(Box<LiveAllow>),
    /// The directory cannot be opened.
    #[error(
        "the signing log in {path} cannot be opened ({source}): another operator may be running on it; \
         give each operator a directory of its own"
    )]
    Open {
        /// The directory.
        path: String,
        /// What rocksdb said.
        source: rocksdb::Error,
    },
    /// The directory holds something else.
    #[error("the signing log in {path} has a layout that this version does not know")]
    Format {
        /// The directory.
        path: String,
    },
    /// Reading or writing failed.
    #[error("the signing log failed: {0}")]
    Storage(#[from] rocksdb::Error),
    /// A stored value does not decode.
    #[error("the signing log is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// The log of one operator key. One process at a time can hold it.
pub struct SigningLog {
    db: DB,
    /// Check and write are one step.
    writer: Mutex<()>,
}

impl std::fmt::Debug for SigningLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningLog").field("path", &self.db.path()).finish_non_exhaustive()
    }
}

impl SigningLog {
    /// Opens the log in `path`, which is created when absent.
    ///
    /// # Errors
    ///
    /// [`LogError::Open`] when the directory is unusable or in use, [`LogError::Format`] when it holds another layout.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_max_open_files(64);
        options.set_keep_log_file_num(2);
        let families = [ENTRIES, REQUESTS, VERDICTS, ALLOWS]
            .map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
        let db = DB::open_cf_descriptors(&options, path, families)
            .map_err(|source| LogError::Open { path: path.display().to_string(), source })?;
        match db.get(b"format")? {
            None => db.put_opt(b"format", FORMAT, &synced())?,
            Some(found) if found == FORMAT => {}
            Some(_) => return Err(LogError::Format { path: path.display().to_string() }),
        }
        Ok(Self { db, writer: Mutex::new(()) })
    }

    /// Records a decision, durably, and returns what may be signed: `entry`, or what was recorded for the same
    /// subject before.
    ///
    /// `sequence` is the attested sequence of an account whose policies read history. `now` is the timestamp of the
    /// block decided at: an allow whose window has ended by then cannot be included behind that block any more.
    ///
    /// # Errors
    ///
    /// [`LogError`]; then nothing was written and nothing may be signed.
    pub fn record(
        &self,
        request: B256,
        entry: Entry,
        sequence: Option<u64>,
        now: u64,
    ) -> Result<Entry, LogError> {
        let _one_at_a_time = self.writer.lock();
        let key = [entry.evidence_hash(), entry.subject()].concat();
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(REQUESTS)?, request, &key);

        if let Some(recorded) = self.read(&key)? {
            let same = matches!(
                (&recorded.statement, &entry.statement),
                (Statement::Allow { .. }, Statement::Allow { .. })
                    | (Statement::Deny { .. }, Statement::Deny { .. })
            );
            if !same {
                return Err(LogError::Conflict { evidence: entry.evidence_hash() });
            }
            self.db.write_opt(batch, &synced())?;
            return Ok(recorded);
        }

        let allows = matches!(entry.statement, Statement::Allow { .. });
        let verdict_key = [entry.evidence_hash(), entry.policy()].concat();
        let verdicts = self.family(VERDICTS)?;
        match self.db.get_pinned_cf(verdicts, &verdict_key)? {
            Some(before) if before[..] != [u8::from(allows)] => {
                return Err(LogError::Conflict { evidence: entry.evidence_hash() });
            }
            _ => batch.put_cf(verdicts, &verdict_key, [u8::from(allows)]),
        }

        if let Statement::Allow { attestation, .. } = &entry.statement {
            let live = LiveAllow {
                account: entry.action.account(),
                nonce: entry.action.nonce(),
                revision: attestation.revision,
                block_number: attestation.block_number,
                block_hash: attestation.block_hash,
                valid_until: attestation.valid_until,
            };
            let allows = self.family(ALLOWS)?;
            for key in entry.allow_keys(sequence) {
                if let Some(before) = self.db.get_pinned_cf(allows, &key)? {
                    let before: LiveAllow = serde_json::from_slice(&before)?;
                    // Another revision voids it on the chain, whatever its window says.
                    if before.valid_until > now && before.revision == attestation.revision {
                        return Err(LogError::Live(Box::new(before)));
                    }
                }
                batch.put_cf(allows, &key, serde_json::to_vec(&live)?);
            }
        }
        batch.put_cf(self.family(ENTRIES)?, &key, serde_json::to_vec(&entry)?);
        self.db.write_opt(batch, &synced())?;
        Ok(entry)
    }

    /// What was answered to exactly this request, if it was answered.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn answered(&self, request: B256) -> Result<Option<Entry>, LogError> {
        match self.db.get_pinned_cf(self.family(REQUESTS)?, request)? {
            Some(key) => self.read(&key),
            None => Ok(None),
        }
    }

    /// A decision on the evidence with this hash, if there is one.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn decision(&self, evidence: B256) -> Result<Option<Entry>, LogError> {
        let from = IteratorMode::From(evidence.as_slice(), rocksdb::Direction::Forward);
        match self.db.iterator_cf(self.family(ENTRIES)?, from).next().transpose()? {
            Some((key, value)) if key.starts_with(evidence.as_slice()) => {
                Ok(Some(serde_json::from_slice(&value)?))
            }
            _ => Ok(None),
        }
    }

    fn read(&self, key: &[u8]) -> Result<Option<Entry>, LogError> {
        let found = self.db.get_pinned_cf(self.family(ENTRIES)?, key)?;
        Ok(found.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    fn family(&self, name: &str) -> Result<&ColumnFamily, LogError> {
        self.db
            .cf_handle(name)
            .ok_or_else(|| LogError::Format { path: self.db.path().display().to_string() })
    }
}

fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
