//! The database: tables, encoding, one synced batch per event.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;
use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, ErrorKind, IteratorMode, Options, WriteBatch,
    WriteOptions,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::PoolError;

/// The tables, each a column family.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    /// userOpHash -> `StoredOperation`, live and finished.
    Operations,
    /// userOpHash -> `StatusRecord`.
    Statuses,
    /// userOpHash -> `Inclusion`.
    Inclusions,
    /// Transaction hash -> `StoredAttempt`.
    Attempts,
    /// Order of finishing (big endian) -> userOpHash.
    Finished,
    /// userOpHash -> `StoredFacts`. Absent for operations of older databases.
    Facts,
    /// EntryPoint and address -> `Counters`.
    Reputation,
    /// What the database is for, and up to when reputation has faded.
    Meta,
}

impl Table {
    const ALL: [Self; 8] = [
        Self::Operations,
        Self::Statuses,
        Self::Inclusions,
        Self::Attempts,
        Self::Finished,
        Self::Facts,
        Self::Reputation,
        Self::Meta,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Statuses => "statuses",
            Self::Inclusions => "inclusions",
            Self::Attempts => "attempts",
            Self::Finished => "finished",
            Self::Facts => "facts",
            Self::Reputation => "reputation",
            Self::Meta => "meta",
        }
    }
}

/// Format of the values. Raised when an older reader would misunderstand them.
const FORMAT: u32 = 2;

#[derive(Debug)]
pub(crate) struct Store {
    database: DB,
    path: PathBuf,
    /// A write failed: what is in memory may be ahead of the disk, so that nothing more is accepted.
    failed: AtomicBool,
    /// Batches written to the log so far.
    written: AtomicU64,
    /// Batches of which it is known that a crash does not undo them. The lock is held while the disk works.
    synced: Mutex<u64>,
}

/// A batch in the log. It is not durable before [`Store::sync`] has returned for it.
#[derive(Debug, Clone, Copy)]
#[must_use = "a batch is not durable before it is synced"]
pub(crate) struct Written(u64);

/// A key and its value.
pub(crate) type Row<T> = (Box<[u8]>, T);

/// Changes that happen together or not at all.
#[derive(Default)]
pub(crate) struct Batch {
    changes: Vec<(Table, Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    pub(crate) fn delete(&mut self, table: Table, key: impl AsRef<[u8]>) {
        self.changes.push((table, key.as_ref().to_vec(), None));
    }
}

impl Store {
    pub(crate) fn open(path: &Path, chain_id: u64) -> Result<Self, PoolError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_paranoid_checks(true);
        options.set_max_open_files(256);
        options.set_keep_log_file_num(2);
        options.set_db_write_buffer_size(32 << 20);
        let tables =
            Table::ALL.map(|table| ColumnFamilyDescriptor::new(table.name(), Options::default()));
        let database = DB::open_cf_descriptors(&options, path, tables)
            .map_err(|error| explain(path, &error))?;
        let store = Self {
            database,
            path: path.to_owned(),
            failed: AtomicBool::new(false),
            written: AtomicU64::new(0),
            synced: Mutex::new(0),
        };
        store.check_meta(chain_id)?;
        Ok(store)
    }

    fn check_meta(&self, chain_id: u64) -> Result<(), PoolError> {
        let found: Option<(u32, u64)> = self.get(Table::Meta, "format")?;
        match found {
            None => {
                let mut batch = Batch::default();
                self.put(&mut batch, Table::Meta, "format", &(FORMAT, chain_id))?;
                let written = self.write(batch)?;
                self.sync(written)
            }
            Some((FORMAT, found)) if found == chain_id => Ok(()),
            Some((FORMAT, found)) => Err(PoolError::Mismatch {
                path: self.path.clone(),
                found: format!("chain {found}"),
                expected: format!("chain {chain_id}"),
            }),
            Some((format, _)) => Err(PoolError::Mismatch {
                path: self.path.clone(),
                found: format!("format {format}"),
                expected: format!("format {FORMAT}"),
            }),
        }
    }

    pub(crate) fn corrupt(&self, reason: impl Into<String>) -> PoolError {
        PoolError::Corrupt { path: self.path.clone(), reason: reason.into() }
    }

    fn family(&self, table: Table) -> Result<&ColumnFamily, PoolError> {
        self.database
            .cf_handle(table.name())
            .ok_or_else(|| self.corrupt(format!("the table {} is missing", table.name())))
    }

    fn decode<T: DeserializeOwned>(&self, table: Table, bytes: &[u8]) -> Result<T, PoolError> {
        postcard::from_bytes(bytes)
            .map_err(|error| self.corrupt(format!("a value in {}: {error}", table.name())))
    }

    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        table: Table,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>, PoolError> {
        let bytes = self
            .database
            .get_pinned_cf(self.family(table)?, key)
            .map_err(|error| explain(&self.path, &error))?;
        bytes.map(|bytes| self.decode(table, &bytes)).transpose()
    }

    /// Adds a value to `batch`.
    pub(crate) fn put<T: Serialize>(
        &self,
        batch: &mut Batch,
        table: Table,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<(), PoolError> {
        let bytes = postcard::to_stdvec(value).map_err(|error| PoolError::Storage {
            path: self.path.clone(),
            reason: format!("a value for {} cannot be encoded: {error}", table.name()),
        })?;
        batch.changes.push((table, key.as_ref().to_vec(), Some(bytes)));
        Ok(())
    }

    /// Appends a batch to the log. Batches reach the disk in this order, so that one that rests on an
    /// earlier one is never durable without it. After one failure every further write fails, until the
    /// database is opened again.
    pub(crate) fn write(&self, batch: Batch) -> Result<Written, PoolError> {
        self.check_failed()?;
        let mut changes = WriteBatch::default();
        for (table, key, value) in batch.changes {
            let family = self.family(table)?;
            match value {
                Some(value) => changes.put_cf(family, key, value),
                None => changes.delete_cf(family, key),
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(false);
        self.database.write_opt(changes, &options).map_err(|error| self.fail(&error))?;
        Ok(Written(self.written.fetch_add(1, Ordering::AcqRel) + 1))
    }

    /// Makes a batch durable: when this returns, a crash does not undo it. Callers that wait at the same
    /// time share one trip to the disk.
    pub(crate) fn sync(&self, Written(number): Written) -> Result<(), PoolError> {
        let mut synced = self.synced.lock();
        if *synced >= number {
            return Ok(());
        }
        self.check_failed()?;
        let written = self.written.load(Ordering::Acquire);
        self.database.flush_wal(true).map_err(|error| self.fail(&error))?;
        *synced = written;
        Ok(())
    }

    fn check_failed(&self) -> Result<(), PoolError> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(PoolError::Storage {
            path: self.path.clone(),
            reason: "an earlier write failed; restart after the cause is removed".to_owned(),
        })
    }

    fn fail(&self, error: &rocksdb::Error) -> PoolError {
        self.failed.store(true, Ordering::Release);
        explain(&self.path, error)
    }

    /// Every key and value of a table, in the order of keys.
    pub(crate) fn all<T: DeserializeOwned>(
        &self,
        table: Table,
    ) -> Result<impl Iterator<Item = Result<Row<T>, PoolError>>, PoolError> {
        let family = self.family(table)?;
        Ok(self.database.iterator_cf(family, IteratorMode::Start).map(move |item| {
            let (key, value) = item.map_err(|error| explain(&self.path, &error))?;
            Ok((key, self.decode(table, &value)?))
        }))
    }
}

/// Turns what the engine says into what a person can do about it.
fn explain(path: &Path, error: &rocksdb::Error) -> PoolError {
    let path = path.to_owned();
    let reason = error.to_string();
    match error.kind() {
        ErrorKind::Corruption => PoolError::Corrupt { path, reason },
        ErrorKind::IOError if reason.contains("lock") => PoolError::Locked { path },
        _ => PoolError::Storage { path, reason },
    }
}
