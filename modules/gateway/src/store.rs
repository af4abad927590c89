//! Decisions on disk.
//!
//! ```text
//! decisions:  evidence hash           -> Decision (JSON)
//! operations: userOpHash, safeTxHash  -> evidence hash
//! actions:    action hash             -> evidence hash
//! slots:      domain, account, nonce  -> evidence hash of the latest allow (of calls: caller as well)
//! ```
//!
//! One synchronous write batch per decision: after a crash it is there whole, or not at all.

use std::{fmt, path::Path, sync::Arc};

use alloy::primitives::B256;
use rocksdb::{ColumnFamily, DB, ErrorKind, Options, WriteBatch, WriteOptions};

use crate::{Decision, Verdict};

const DECISIONS: &str = "decisions";
const OPERATIONS: &str = "operations";
const ACTIONS: &str = "actions";
const SLOTS: &str = "slots";

/// The decision store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the store open.
    #[error(
        "the decision store {path} is locked: stop the other process that uses it, or configure another folder"
    )]
    Locked {
        /// The folder.
        path: String,
    },
    /// The store cannot be opened.
    #[error("the decision store {path} cannot be opened: {reason}")]
    Open {
        /// The folder.
        path: String,
        /// What rocksdb said.
        reason: String,
    },
    /// Reading or writing failed.
    #[error("the decision store failed: {0}")]
    Database(#[from] rocksdb::Error),
    /// A record does not decode.
    #[error("the decision store holds a record that does not decode: {0}")]
    Corrupt(#[from] serde_json::Error),
    /// A column family is missing: not a decision store.
    #[error("the decision store lacks {0}: the folder belongs to something else")]
    Layout(&'static str),
    /// The write was interrupted by shutdown.
    #[error("the decision could not be written: the process is shutting down")]
    Stopped,
}

/// Decisions by evidence hash, action hash and userOpHash. Clones share the database.
#[derive(Clone)]
pub struct DecisionStore {
    db: Arc<DB>,
}

impl fmt::Debug for DecisionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecisionStore").field("path", &self.db.path()).finish()
    }
}

impl DecisionStore {
    /// Opens the store in `path`, creating it when absent.
    ///
    /// # Errors
    /// When the folder is locked by another process or cannot be used.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_compression_type(rocksdb::DBCompressionType::Lz4);
        options.set_keep_log_file_num(2);
        let db = DB::open_cf(&options, path, [DECISIONS, OPERATIONS, ACTIONS, SLOTS]).map_err(
            |error| {
                let path = path.display().to_string();
                let reason = error.to_string();
                // rocksdb reports a held lock as an I/O error that speaks of the LOCK file.
                if error.kind() == ErrorKind::IOError && reason.to_lowercase().contains("lock") {
                    StoreError::Locked { path }
                } else {
                    StoreError::Open { path, reason }
                }
            },
        )?;
        Ok(Self { db: Arc::new(db) })
    }

    /// The decision that `hash` names: an evidence hash, an action hash, a userOpHash or a safeTxHash.
    ///
    /// # Errors
    /// When the database fails or holds something else than decisions.
    pub fn get(&self, hash: B256) -> Result<Option<Decision>, StoreError> {
        if let Some(decision) = self.by_evidence(hash)? {
            return Ok(Some(decision));
        }
        for index in [OPERATIONS, ACTIONS] {
            if let Some(decision) = self.by_index(index, hash)? {
                return Ok(Some(decision));
            }
        }
        Ok(None)
    }

    /// The decision on this evidence.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn by_evidence(&self, evidence: B256) -> Result<Option<Decision>, StoreError> {
        let found = self.db.get_pinned_cf(self.family(DECISIONS)?, evidence)?;
        Ok(found.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// The latest allow for a slot.
    pub(crate) fn by_slot(&self, slot: B256) -> Result<Option<Decision>, StoreError> {
        self.by_index(SLOTS, slot)
    }

    /// Makes a decision durable. An allow is never replaced by a denial on the same evidence.
    pub(crate) fn put(&self, decision: &Decision, slot: B256) -> Result<(), StoreError> {
        let evidence = decision.evidence_hash;
        let allowed = matches!(decision.verdict, Verdict::Allowed { .. });
        let keep = !allowed
            && self
                .by_evidence(evidence)?
                .is_some_and(|kept| matches!(kept.verdict, Verdict::Allowed { .. }));
        let mut batch = WriteBatch::default();
        if keep {
            // Two verdicts on one evidence: a quorum and enough others contradicted each other.
            tracing::error!(%evidence, "operators denied what a quorum of them had allowed");
        } else {
            batch.put_cf(self.family(DECISIONS)?, evidence, serde_json::to_vec(decision)?);
        }
        let known_as = decision.known_as().map(|hash| (OPERATIONS, hash));
        for (index, hash) in known_as.into_iter().chain([(ACTIONS, decision.action_hash)]) {
            // What the account's own policy decided is what an operation is asked for; the bundler's stays known by its
            // evidence.
            let enforced = |known: Decision| !known.domain.module.is_zero();
            let beside = decision.domain.module.is_zero()
                && self.by_index(index, hash)?.is_some_and(enforced);
            if !beside {
                batch.put_cf(self.family(index)?, hash, evidence);
            }
        }
        if allowed {
            batch.put_cf(self.family(SLOTS)?, slot, evidence);
        }
        let mut options = WriteOptions::default();
        options.set_sync(true);
        Ok(self.db.write_opt(batch, &options)?)
    }

    fn by_index(&self, index: &'static str, hash: B256) -> Result<Option<Decision>, StoreError> {
        match self.db.get_pinned_cf(self.family(index)?, hash)? {
            Some(evidence) if evidence.len() == 32 => self.by_evidence(B256::from_slice(&evidence)),
            _ => Ok(None),
        }
    }

    fn family(&self, name: &'static str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or(StoreError::Layout(name))
    }
}
