//! What was read of accounts' lists, on disk.
//!
//! ```text
//! blocks  module ‖ account ‖ block number ‖ block hash -> OutflowBlock
//! times   timestamp ‖ key of `blocks`                  -> (nothing)
//! ```
//!
//! Everything here can be read again from the node: whatever is missing is. An entry is named by its block's hash and names
//! its predecessor by hash, so that blocks of a branch that the chain left are never reached from one that it has. What is
//! older than a week goes when something new comes, and beyond the capacity the oldest goes first, whoever's it is.

use std::{path::Path, sync::Arc};

use alloy::primitives::{Address, B256};
use parking_lot::Mutex;
use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, Direction, IteratorMode, Options, WriteBatch,
};

use super::{BlockLink, MAX_EVENTS, OutflowBlock, Window};

/// Layout on disk.
const FORMAT: &[u8] = b"writ history 1";

/// Blocks kept unless configured otherwise: a few hundred bytes each.
pub const DEFAULT_HISTORY_BLOCKS: usize = 262_144;

/// Most blocks removed when something new is kept.
const MAX_REMOVED: usize = 4_096;

const BLOCKS: &str = "blocks";
const TIMES: &str = "times";

/// Why the index is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The directory cannot be opened.
    #[error(
        "the index of histories in {path} cannot be opened ({source}): another operator may be running on it; \
         give each a directory of its own"
    )]
    Open {
        /// The directory.
        path: String,
        /// What rocksdb said.
        source: rocksdb::Error,
    },
    /// The directory holds something else.
    #[error(
        "the index of histories in {path} is of another chain or layout: delete it, everything in it is read again"
    )]
    Mismatch {
        /// The directory.
        path: String,
    },
    /// Reading or writing failed.
    #[error("the index of histories failed: {0}")]
    Storage(#[from] rocksdb::Error),
    /// A stored value does not decode.
    #[error("the index of histories is damaged ({0}): delete it, everything in it is read again")]
    Damaged(#[from] postcard::Error),
    /// The task that asked it was ended.
    #[error("the index of histories could not be asked: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// One account's list.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListKey([u8; 40]);

impl ListKey {
    pub(super) fn new(module: Address, account: Address) -> Self {
        let mut key = [0; 40];
        key[..20].copy_from_slice(module.as_slice());
        key[20..].copy_from_slice(account.as_slice());
        Self(key)
    }

    fn number(&self, number: u64) -> Vec<u8> {
        [&self.0[..], &number.to_be_bytes()].concat()
    }

    fn block(&self, number: u64, hash: B256) -> Vec<u8> {
        [&self.0[..], &number.to_be_bytes(), hash.as_slice()].concat()
    }
}

/// The block's number in a key of this list.
fn number_of(key: &[u8]) -> Option<u64> {
    key.get(40..48)?.try_into().ok().map(u64::from_be_bytes)
}

/// An index of accounts' histories. Clones share it; one process at a time can hold it.
#[derive(Clone)]
pub struct HistoryIndex {
    inner: Arc<Inner>,
}

struct Inner {
    database: DB,
    path: String,
    capacity: usize,
    /// Blocks kept. The lock is held while it changes.
    count: Mutex<usize>,
}

impl std::fmt::Debug for HistoryIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryIndex").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl HistoryIndex {
    /// Opens the index in `path`, which is created when absent, for one chain, with room for `capacity` blocks.
    ///
    /// # Errors
    ///
    /// [`IndexError`] when the directory is unusable, in use, or holds something else.
    pub fn open(path: &Path, chain_id: u64, capacity: usize) -> Result<Self, IndexError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_max_open_files(64);
        options.set_keep_log_file_num(2);
        let families =
            [BLOCKS, TIMES].map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
        let shown = path.display().to_string();
        let database = DB::open_cf_descriptors(&options, path, families)
            .map_err(|source| IndexError::Open { path: shown.clone(), source })?;
        let format = [FORMAT, &chain_id.to_be_bytes()].concat();
        match database.get(b"format")? {
            None => database.put(b"format", format)?,
            Some(found) if found == format => {}
            Some(_) => return Err(IndexError::Mismatch { path: shown }),
        }
        let inner = Inner { database, path: shown, capacity, count: Mutex::new(0) };
        let mut count = 0;
        for entry in inner.database.iterator_cf(inner.family(BLOCKS)?, IteratorMode::Start) {
            entry?;
            count += 1;
        }
        *inner.count.lock() = count;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Blocks that it keeps.
    #[must_use]
    pub fn len(&self) -> usize {
        *self.inner.count.lock()
    }

    /// Whether it keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The blocks with this number, one of each branch that was seen.
    pub(super) async fn at(
        &self,
        list: &ListKey,
        number: u64,
    ) -> Result<Vec<BlockLink>, IndexError> {
        let prefix = list.number(number);
        self.ask(move |inner| {
            let from = IteratorMode::From(&prefix, Direction::Forward);
            let mut found = Vec::new();
            for entry in inner.database.iterator_cf(inner.family(BLOCKS)?, from) {
                let (key, value) = entry?;
                if !key.starts_with(&prefix) {
                    break;
                }
                found.push(decode(&value)?.at);
            }
            Ok(found)
        })
        .await
    }

    /// The number of the newest block below this one.
    pub(super) async fn newest_below(
        &self,
        list: &ListKey,
        number: u64,
    ) -> Result<Option<u64>, IndexError> {
        let (list, end) = (*list, list.number(number));
        self.ask(move |inner| {
            // Keys of the number itself are longer, and come after it.
            let from = IteratorMode::From(&end, Direction::Reverse);
            let below =
                inner.database.iterator_cf(inner.family(BLOCKS)?, from).next().transpose()?;
            let own = below.filter(|(key, _)| key.starts_with(&list.0));
            Ok(own.and_then(|(key, _)| number_of(&key)))
        })
        .await
    }

    /// The blocks from this one back, as far as they are here and in the week that ends `now`.
    pub(super) async fn chain(
        &self,
        list: &ListKey,
        from: BlockLink,
        now: u64,
    ) -> Result<Vec<OutflowBlock>, IndexError> {
        let list = *list;
        self.ask(move |inner| {
            let start = list.block(from.number, from.hash);
            let family = inner.family(BLOCKS)?;
            let entries =
                inner.database.iterator_cf(family, IteratorMode::From(&start, Direction::Reverse));
            let (mut blocks, mut wanted) = (Vec::new(), from);
            for entry in entries {
                let (key, value) = entry?;
                let below = number_of(&key).is_none_or(|number| number < wanted.number);
                if !key.starts_with(&list.0) || below || blocks.len() as u64 > MAX_EVENTS {
                    break;
                }
                // Of another branch.
                if key[..] != list.block(wanted.number, wanted.hash) {
                    continue;
                }
                let block = decode(&value)?;
                let previous = block.previous;
                blocks.push(block);
                match previous {
                    Some(link) if Window::Week.holds(link.timestamp, now) => wanted = link,
                    _ => break,
                }
            }
            Ok(blocks)
        })
        .await
    }

    /// Keeps blocks, and forgets what is older than the week that ends `now`, in one step.
    pub(super) async fn keep(
        &self,
        list: &ListKey,
        blocks: Vec<OutflowBlock>,
        now: u64,
    ) -> Result<(), IndexError> {
        if blocks.is_empty() {
            return Ok(());
        }
        let list = *list;
        self.ask(move |inner| inner.keep(&list, &blocks, now)).await
    }

    /// Disk work leaves the threads that answer others.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Inner) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, IndexError> {
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || question(&inner)).await?
    }
}

impl Inner {
    fn keep(&self, list: &ListKey, blocks: &[OutflowBlock], now: u64) -> Result<(), IndexError> {
        let mut count = self.count.lock();
        let (family, times) = (self.family(BLOCKS)?, self.family(TIMES)?);
        let (mut batch, mut kept) = (WriteBatch::default(), *count);
        for block in blocks {
            let key = list.block(block.at.number, block.at.hash);
            if self.database.get_pinned_cf(family, &key)?.is_none() {
                kept += 1;
            }
            batch.put_cf(family, &key, postcard::to_stdvec(block)?);
            batch.put_cf(times, [&block.at.timestamp.to_be_bytes()[..], &key].concat(), b"");
        }
        for entry in self.database.iterator_cf(times, IteratorMode::Start).take(MAX_REMOVED) {
            let (time, _) = entry?;
            let Some((timestamp, key)) = time.split_first_chunk() else { break };
            let age = now.saturating_sub(u64::from_be_bytes(*timestamp));
            if age < Window::Week.seconds() && kept <= self.capacity {
                break;
            }
            batch.delete_cf(times, &time);
            batch.delete_cf(family, key);
            kept = kept.saturating_sub(1);
        }
        // Not synced: what a crash takes is read again.
        self.database.write(batch)?;
        *count = kept;
        Ok(())
    }

    fn family(&self, name: &str) -> Result<&ColumnFamily, IndexError> {
        self.database
            .cf_handle(name)
            .ok_or_else(|| IndexError::Mismatch { path: self.path.clone() })
    }
}

fn decode(value: &[u8]) -> Result<OutflowBlock, IndexError> {
    Ok(postcard::from_bytes(value)?)
}
