//! The pool: opening, inserting, looking up, removing.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    path::Path,
    sync::Arc,
};

use alloy::primitives::{Address, B256};
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

use crate::{
    Attempt, Conflict, Inclusion, PoolConfig, PoolError, PoolOperation, Sanction, Slot, Status,
    StatusRecord, best,
    bundles::StoredAttempt,
    entry::{Queue, StoredFacts, StoredOperation},
    index::{Index, Live},
    standing::Purge,
    store::{Batch, Store, Table},
};

/// What an insertion did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// The operation it took the place of: another one with the same nonce, or itself without attestation.
    pub replaced: Option<B256>,
}

/// The mempool. Cheap to share behind an [`Arc`]; every method takes `&self`.
#[derive(Debug)]
pub struct Pool {
    pub(crate) config: PoolConfig,
    pub(crate) store: Store,
    /// Held until an event is in the log and in the index: events happen one after another. Waiting for
    /// the disk comes after it, so that events which arrive together share one trip.
    state: Mutex<State>,
    /// Held only to look or to apply an event: readers never wait for the disk.
    index: RwLock<Index>,
    changes: watch::Sender<u64>,
}

/// What writers need to know beside the live operations.
#[derive(Debug, Default)]
pub(crate) struct State {
    counter: u64,
    pub(crate) open_attempts: BTreeMap<u64, Attempt>,
    pub(crate) settled_attempts: VecDeque<B256>,
    /// Finished operations in the order of finishing; some may be live again.
    finished: BTreeMap<u64, B256>,
    finished_at: HashMap<B256, u64>,
    by_block: BTreeMap<u64, HashSet<B256>>,
    block_of: HashMap<B256, u64>,
}

impl State {
    /// A number that was never given before in this database.
    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Notes that an operation is finished; it will be forgotten in its turn.
    pub(crate) fn finish(
        &mut self,
        store: &Store,
        batch: &mut Batch,
        hash: B256,
    ) -> Result<(), PoolError> {
        let order = self.next();
        if let Some(before) = self.finished_at.insert(hash, order) {
            self.finished.remove(&before);
            batch.delete(Table::Finished, before.to_be_bytes());
        }
        self.finished.insert(order, hash);
        store.put(batch, Table::Finished, order.to_be_bytes(), &hash)
    }

    /// Notes that an operation is live again.
    pub(crate) fn unfinish(&mut self, batch: &mut Batch, hash: &B256) {
        if let Some(order) = self.finished_at.remove(hash) {
            self.finished.remove(&order);
            batch.delete(Table::Finished, order.to_be_bytes());
        }
    }

    /// Forgets the oldest finished operations beyond `most`; returns them.
    pub(crate) fn prune(&mut self, batch: &mut Batch, most: usize) -> Vec<B256> {
        let mut forgotten = Vec::new();
        while self.finished.len() > most {
            let Some((order, hash)) = self.finished.pop_first() else { break };
            self.finished_at.remove(&hash);
            batch.delete(Table::Finished, order.to_be_bytes());
            batch.delete(Table::Operations, hash);
            batch.delete(Table::Facts, hash);
            batch.delete(Table::Statuses, hash);
            batch.delete(Table::Inclusions, hash);
            forgotten.push(hash);
        }
        forgotten
    }

    pub(crate) fn remember_block(&mut self, block: u64, hash: B256) {
        self.by_block.entry(block).or_default().insert(hash);
        self.block_of.insert(hash, block);
    }

    pub(crate) fn forget_block(&mut self, hash: &B256) {
        let Some(block) = self.block_of.remove(hash) else { return };
        if let Some(hashes) = self.by_block.get_mut(&block) {
            hashes.remove(hash);
            if hashes.is_empty() {
                self.by_block.remove(&block);
            }
        }
    }

    /// Hashes of inclusions in block `from` and later, latest block first, in a fixed order.
    pub(crate) fn mined_since(&self, from: u64) -> Vec<B256> {
        let blocks = self.by_block.range(from..).rev();
        blocks
            .flat_map(|(_, hashes)| {
                let mut hashes: Vec<B256> = hashes.iter().copied().collect();
                hashes.sort_unstable();
                hashes
            })
            .collect()
    }
}

impl Pool {
    /// Opens the database in folder `path`, or creates it, and rebuilds the pool from it.
    ///
    /// # Errors
    /// [`PoolError::Locked`], [`PoolError::Corrupt`], [`PoolError::Mismatch`] or [`PoolError::Storage`],
    /// each saying what to do.
    pub fn open(path: impl AsRef<Path>, config: PoolConfig) -> Result<Self, PoolError> {
        let store = Store::open(path.as_ref(), config.chain_id)?;
        let (changes, _) = watch::channel(0);
        let pool =
            Self { config, store, state: Mutex::default(), index: RwLock::default(), changes };
        pool.recover()?;
        Ok(pool)
    }

    fn recover(&self) -> Result<(), PoolError> {
        let mut state = self.state();
        let mut index = self.index_mut();
        for item in self.store.all::<B256>(Table::Finished)? {
            let (key, hash) = item?;
            let order = u64::from_be_bytes(self.key(&key)?);
            state.counter = state.counter.max(order);
            state.finished_at.insert(hash, order);
            state.finished.insert(order, hash);
        }
        for item in self.store.all::<StatusRecord>(Table::Statuses)? {
            let (key, record) = item?;
            let hash = B256::new(self.key(&key)?);
            if !record.status.is_live() {
                continue;
            }
            let (operation, arrival) = self.load(hash)?.ok_or_else(|| {
                self.store.corrupt(format!("operation {hash} has a status and no content"))
            })?;
            state.counter = state.counter.max(arrival);
            index.insert(Live::new(operation, record.status, arrival));
        }
        for item in self.store.all::<Inclusion>(Table::Inclusions)? {
            let (_, inclusion) = item?;
            state.remember_block(inclusion.block_number, inclusion.hash);
        }
        let mut settled = BTreeMap::new();
        for item in self.store.all::<StoredAttempt>(Table::Attempts)? {
            let (_, stored) = item?;
            state.counter = state.counter.max(stored.order);
            if stored.settled {
                settled.insert(stored.order, stored.attempt.transaction);
            } else {
                state.open_attempts.insert(stored.order, stored.attempt);
            }
        }
        state.settled_attempts = settled.into_values().collect();
        index.reputation = self.recover_reputation()?;
        tracing::info!(
            live = index.len(),
            reputations = index.reputation.iter().count(),
            finished = state.finished.len(),
            open_attempts = state.open_attempts.len(),
            "mempool opened"
        );
        Ok(())
    }

    pub(crate) fn key<const N: usize>(&self, key: &[u8]) -> Result<[u8; N], PoolError> {
        key.try_into()
            .map_err(|_| self.store.corrupt(format!("a key of {} bytes instead of {N}", key.len())))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read()
    }

    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write()
    }

    /// Tells subscribers that something changed.
    pub(crate) fn announce(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A stored operation and its number of arrival.
    pub(crate) fn load(&self, hash: B256) -> Result<Option<(PoolOperation, u64)>, PoolError> {
        let Some(stored): Option<StoredOperation> = self.store.get(Table::Operations, hash)? else {
            return Ok(None);
        };
        let arrival = stored.arrival;
        let facts = self.facts(hash)?.facts;
        let operation = stored
            .into_entry(hash, facts)
            .map_err(|reason| self.store.corrupt(format!("operation {hash}: {reason}")))?;
        Ok(Some((operation, arrival)))
    }

    /// The bounds this pool was opened with.
    pub const fn config(&self) -> &PoolConfig {
        &self.config
    }

    /// Adds a validated operation as `pending`. When this returns, it survives a crash.
    ///
    /// It replaces the live operation with the same sender and nonce when it raises both fees enough, or when
    /// it is [`attested`](PoolOperation::attested) and the other is not (so that nobody keeps an operation
    /// out by sending it first with a worthless suffix).
    ///
    /// # Errors
    /// [`PoolError::Conflict`] when it does not fit beside what is pooled; a database error otherwise.
    /// Nothing is changed then.
    pub fn insert(&self, new: PoolOperation) -> Result<Inserted, PoolError> {
        let mut state = self.state();
        let hash = new.hash;
        let before: Option<StatusRecord> = self.store.get(Table::Statuses, hash)?;
        let included = |status: &Status| !status.is_live() && *status != Status::Dropped;
        if before.is_some_and(|record| included(&record.status)) {
            return Err(Conflict::AlreadyKnown { hash }.into());
        }
        let replaced = self.index().check(&new, &self.config)?;
        let arrival = state.next();
        let mut batch = Batch::default();
        self.store.put(
            &mut batch,
            Table::Operations,
            hash,
            &StoredOperation::new(&new, arrival),
        )?;
        let record = StatusRecord::new(Status::Pending, "waits for a bundle");
        self.store.put(&mut batch, Table::Statuses, hash, &record)?;
        let other = replaced.filter(|replaced| *replaced != hash);
        let change = self.see(&mut batch, &new, other)?;
        if let Some(other) = other {
            let reason = format!("replaced by {hash}");
            let record = StatusRecord::new(Status::Dropped, reason);
            self.store.put(&mut batch, Table::Statuses, other, &record)?;
            state.finish(&self.store, &mut batch, other)?;
        }
        state.unfinish(&mut batch, &hash);
        let pruned = state.prune(&mut batch, self.config.max_finished);
        let written = self.store.write(batch)?;
        let mut index = self.index_mut();
        if let Some(other) = other {
            index.remove(&other);
        }
        index.insert(Live::new(new, Status::Pending, arrival));
        index.reputation.apply(change);
        drop(index);
        for hash in pruned {
            state.forget_block(&hash);
        }
        drop(state);
        self.store.sync(written)?;
        self.announce();
        Ok(Inserted { replaced })
    }

    /// Whether [`insert`](Self::insert) would accept this operation now: for refusing early, before anything
    /// expensive is done for it.
    ///
    /// # Errors
    /// The conflict.
    pub fn check(&self, new: &PoolOperation) -> Result<Option<B256>, Conflict> {
        self.index().check(new, &self.config)
    }

    /// Overwrites what simulation and gate found about a live operation; status and order stay.
    ///
    /// # Errors
    /// [`PoolError::Unknown`] when it is not live; a database error otherwise.
    pub fn refresh(&self, renewed: PoolOperation) -> Result<(), PoolError> {
        let state = self.state();
        let hash = renewed.hash;
        let (status, arrival) = self
            .index()
            .get(&hash)
            .map(|live| (live.status, live.arrival))
            .ok_or(PoolError::Unknown(hash))?;
        let mut batch = Batch::default();
        let stored = StoredOperation::new(&renewed, arrival);
        self.store.put(&mut batch, Table::Operations, hash, &stored)?;
        let facts = StoredFacts { facts: renewed.facts.clone(), ..self.facts(hash)? };
        self.store.put(&mut batch, Table::Facts, hash, &facts)?;
        let written = self.store.write(batch)?;
        self.index_mut().insert(Live::new(renewed, status, arrival));
        drop(state);
        self.store.sync(written)
    }

    /// Holds a live operation back until [`release`](Self::release): it has to be validated again.
    ///
    /// # Errors
    /// [`PoolError::Unknown`], or a database error.
    pub fn hold(&self, hash: B256, reason: &str) -> Result<(), PoolError> {
        self.set_status(hash, Status::Received, reason)
    }

    /// Makes a held operation `pending` again.
    ///
    /// # Errors
    /// [`PoolError::Unknown`], or a database error.
    pub fn release(&self, hash: B256, reason: &str) -> Result<(), PoolError> {
        self.set_status(hash, Status::Pending, reason)
    }

    /// Removes a live operation; it is `dropped` for this reason.
    ///
    /// # Errors
    /// [`PoolError::Unknown`], or a database error.
    pub fn remove(&self, hash: B256, reason: &str) -> Result<(), PoolError> {
        self.remove_with(hash, reason, &[])
    }

    fn set_status(&self, hash: B256, next: Status, reason: &str) -> Result<(), PoolError> {
        self.set_status_with(hash, next, reason, &[])
    }

    /// Changes a status, and in the same event somebody's reputation.
    pub(crate) fn set_status_with(
        &self,
        hash: B256,
        next: Status,
        reason: &str,
        sanctions: &[Sanction],
    ) -> Result<(), PoolError> {
        let mut state = self.state();
        let now = self.index().get(&hash).map(|live| live.status);
        let now = match now {
            Some(status) => status,
            None => match self.status(hash)? {
                Some(record) => return Err(PoolError::transition(hash, &record.status, &next)),
                None => return Err(PoolError::Unknown(hash)),
            },
        };
        if !now.may_become(&next) {
            return Err(PoolError::transition(hash, &now, &next));
        }
        let mut batch = Batch::default();
        self.store.put(&mut batch, Table::Statuses, hash, &StatusRecord::new(next, reason))?;
        let mut pruned = Vec::new();
        let mut purge = Purge::default();
        if !next.is_live() {
            state.finish(&self.store, &mut batch, hash)?;
            if !sanctions.is_empty() {
                purge = self.sanctioned(&mut state, &mut batch, hash, sanctions)?;
            }
            pruned = state.prune(&mut batch, self.config.max_finished);
        }
        let written = self.store.write(batch)?;
        let mut index = self.index_mut();
        if next.is_live() {
            index.set_status(&hash, next);
        } else {
            index.remove(&hash);
        }
        purge.apply(&mut index);
        drop(index);
        for hash in pruned {
            state.forget_block(&hash);
        }
        drop(state);
        self.store.sync(written)?;
        self.announce();
        Ok(())
    }

    /// A live operation.
    pub fn get(&self, hash: B256) -> Option<Arc<PoolOperation>> {
        self.index().get(&hash).map(|live| live.operation.clone())
    }

    /// An operation, live or finished, as long as it is remembered.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn operation(&self, hash: B256) -> Result<Option<Arc<PoolOperation>>, PoolError> {
        match self.get(hash) {
            Some(live) => Ok(Some(live)),
            None => Ok(self.load(hash)?.map(|(operation, _)| Arc::new(operation))),
        }
    }

    /// Where an operation is in its life, as long as it is remembered.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn status(&self, hash: B256) -> Result<Option<StatusRecord>, PoolError> {
        self.store.get(Table::Statuses, hash)
    }

    /// Live operations for an EntryPoint, best paying at this base fee first, at most `limit`; those only
    /// that can be bundled now, in the order of their nonces.
    pub fn best(
        &self,
        entry_point: Address,
        base_fee: u128,
        limit: usize,
    ) -> Vec<Arc<PoolOperation>> {
        best::best(&self.index(), entry_point, base_fee, limit)
    }

    /// Every live operation with its status, in the order of arrival.
    pub fn all(&self) -> Vec<(Arc<PoolOperation>, Status)> {
        let index = self.index();
        let mut all: Vec<_> = index.values().collect();
        all.sort_unstable_by_key(|live| live.arrival);
        all.into_iter().map(|live| (live.operation.clone(), live.status)).collect()
    }

    /// How many operations are live, by the word for their status.
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let mut counts = [("received", 0), ("pending", 0), ("submitted", 0)];
        for live in self.index().values() {
            let of = counts.iter_mut().find(|(name, _)| *name == live.status.name());
            if let Some((_, count)) = of {
                *count += 1;
            }
        }
        counts
    }

    /// Live operations of a sender, in the order of EntryPoint, nonce key and sequence.
    pub fn of_sender(&self, sender: Address) -> Vec<Arc<PoolOperation>> {
        self.index().of_sender(sender)
    }

    /// Live operations that have to run before this one: same EntryPoint, sender and nonce key, lower sequence.
    pub fn predecessors(&self, operation: &PoolOperation) -> Vec<Arc<PoolOperation>> {
        let place = operation.place();
        let index = self.index();
        let queue: &Queue = &place.queue;
        index
            .queue(queue)
            .take_while(|live| live.operation.operation.nonce_sequence() < place.sequence)
            .map(|live| live.operation.clone())
            .collect()
    }

    /// Live operations that must be simulated again after a block that changed these slots. Those whose
    /// touched slots are unknown are always among them.
    pub fn touching(&self, changed: &HashSet<Slot>) -> Vec<Arc<PoolOperation>> {
        let index = self.index();
        let mut touching: Vec<_> = index
            .values()
            .filter(|live| {
                let touched = &live.operation.touched;
                touched.is_empty() || touched.iter().any(|slot| changed.contains(slot))
            })
            .collect();
        touching.sort_unstable_by_key(|live| live.arrival);
        touching.into_iter().map(|live| live.operation.clone()).collect()
    }

    /// Number of live operations.
    pub fn len(&self) -> usize {
        self.index().len()
    }

    /// Whether there are no live operations.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of live operations, ABI-encoded.
    pub fn bytes(&self) -> usize {
        self.index().bytes()
    }

    /// A counter that moves with every change; waiting on it wakes a builder without polling.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
