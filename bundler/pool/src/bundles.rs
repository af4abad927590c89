//! Signed bundle transactions: recorded before they are sent, until their nonce is used.

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

use crate::{
    Pool, PoolError, Status, StatusRecord,
    pool::State,
    store::{Batch, Table},
};

/// One signed transaction of the builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its hash.
    pub transaction: B256,
    /// Who signed it.
    pub signer: Address,
    /// The signer's nonce. Replacements and cancellations share it.
    pub nonce: u64,
    /// The operations in it; empty for a cancellation.
    pub operations: Vec<B256>,
    /// The signed bytes, to be sent again after a restart.
    pub raw: Bytes,
    /// Whatever the builder wants to find again (fees, purpose, moment), in a form of its own.
    pub note: Vec<u8>,
}

/// An attempt with its place in the order and whether its nonce is used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredAttempt {
    pub(crate) order: u64,
    pub(crate) settled: bool,
    pub(crate) attempt: Attempt,
}

impl Pool {
    /// Records a signed transaction. Its operations become `submitted`, in the same event. To be called
    /// before the transaction leaves this process.
    ///
    /// # Errors
    /// When an operation is not live, or the database fails; nothing is changed then.
    pub fn record_attempt(&self, attempt: Attempt) -> Result<(), PoolError> {
        let mut state = self.state();
        let status = Status::Submitted { transaction: attempt.transaction };
        let record = StatusRecord::new(status, "in a signed bundle transaction");
        {
            let index = self.index();
            if let Some(hash) = attempt.operations.iter().find(|hash| index.get(hash).is_none()) {
                return Err(PoolError::Unknown(*hash));
            }
        }
        // Recorded again, it keeps its place in the order.
        let known: Option<StoredAttempt> = self.store.get(Table::Attempts, attempt.transaction)?;
        state.settled_attempts.retain(|settled| *settled != attempt.transaction);
        let order = known.map_or_else(|| state.next(), |known| known.order);
        let mut batch = Batch::default();
        let stored = StoredAttempt { order, settled: false, attempt };
        self.store.put(&mut batch, Table::Attempts, stored.attempt.transaction, &stored)?;
        for hash in &stored.attempt.operations {
            self.store.put(&mut batch, Table::Statuses, hash, &record)?;
        }
        let written = self.store.write(batch)?;
        let mut index = self.index_mut();
        for hash in &stored.attempt.operations {
            index.set_status(hash, status);
        }
        state.open_attempts.insert(stored.order, stored.attempt);
        drop(index);
        drop(state);
        self.store.sync(written)
    }

    /// Attempts whose nonce is not known to be used, oldest first.
    pub fn open_attempts(&self) -> Vec<Attempt> {
        self.state().open_attempts.values().cloned().collect()
    }

    /// A recorded attempt, settled or not.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn attempt(&self, transaction: B256) -> Result<Option<Attempt>, PoolError> {
        let stored: Option<StoredAttempt> = self.store.get(Table::Attempts, transaction)?;
        Ok(stored.map(|stored| stored.attempt))
    }

    /// Closes every attempt with this signer and nonce: the nonce is used, or the transaction was given up.
    /// Operations that are still `submitted` in one of them are `pending` again; returns their hashes.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub fn settle(
        &self,
        signer: Address,
        nonce: u64,
        reason: &str,
    ) -> Result<Vec<B256>, PoolError> {
        let mut state = self.state();
        let closed: Vec<(u64, Attempt)> = state
            .open_attempts
            .iter()
            .filter(|(_, attempt)| attempt.signer == signer && attempt.nonce == nonce)
            .map(|(order, attempt)| (*order, attempt.clone()))
            .collect();
        if closed.is_empty() {
            return Ok(Vec::new());
        }
        let returned: Vec<B256> = {
            let index = self.index();
            let mut hashes: Vec<B256> = index
                .values()
                .filter(|live| {
                    closed.iter().any(|(_, attempt)| {
                        live.status == Status::Submitted { transaction: attempt.transaction }
                    })
                })
                .map(|live| live.operation.hash)
                .collect();
            hashes.sort_unstable();
            hashes
        };
        let mut batch = Batch::default();
        let record = StatusRecord::new(Status::Pending, reason);
        for hash in &returned {
            self.store.put(&mut batch, Table::Statuses, hash, &record)?;
        }
        for (order, attempt) in &closed {
            let stored = StoredAttempt { order: *order, settled: true, attempt: attempt.clone() };
            self.store.put(&mut batch, Table::Attempts, attempt.transaction, &stored)?;
        }
        let forgotten = state.settle_attempts(&closed, self.config.max_settled_attempts);
        for transaction in forgotten {
            batch.delete(Table::Attempts, transaction);
        }
        let written = self.store.write(batch)?;
        let mut index = self.index_mut();
        for hash in &returned {
            index.set_status(hash, Status::Pending);
        }
        drop(index);
        drop(state);
        self.store.sync(written)?;
        self.announce();
        Ok(returned)
    }
}

impl State {
    /// Moves attempts from the open to the settled ones; returns those that are to be forgotten.
    fn settle_attempts(&mut self, closed: &[(u64, Attempt)], most: usize) -> Vec<B256> {
        for (order, attempt) in closed {
            self.open_attempts.remove(order);
            self.settled_attempts.push_back(attempt.transaction);
        }
        let surplus = self.settled_attempts.len().saturating_sub(most);
        self.settled_attempts.drain(..surplus).collect()
    }
}
