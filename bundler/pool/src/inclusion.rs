//! What the chain did with operations, and undoing it when blocks are reorganised away.

use alloy::primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use crate::{
    Pool, PoolError, PoolOperation, Status, StatusRecord,
    entry::{Place, Queue},
    index::Live,
    store::{Batch, Table},
};

/// An operation on chain: one `UserOperationEvent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// The operation.
    pub hash: B256,
    /// The EntryPoint that ran it.
    pub entry_point: Address,
    /// Its sender.
    pub sender: Address,
    /// Its nonce.
    pub nonce: U256,
    /// The transaction.
    pub transaction: B256,
    /// Number of the block.
    pub block_number: u64,
    /// Hash of the block.
    pub block_hash: B256,
    /// Index of its event in the block.
    pub log_index: u64,
    /// Whether the execution phase succeeded.
    pub success: bool,
    /// Why it did not, decoded.
    pub reason: Option<String>,
    /// The receipt in the form of `eth_getUserOperationReceipt`, as JSON text.
    pub receipt: String,
}

/// An inclusion that was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmined {
    /// What was undone.
    pub inclusion: Inclusion,
    /// Whether the operation is live again, as `received`.
    pub restored: bool,
}

impl Inclusion {
    fn status(&self) -> Status {
        let (transaction, block_number) = (self.transaction, self.block_number);
        if self.success {
            Status::Included { transaction, block_number }
        } else {
            Status::Failed { transaction, block_number }
        }
    }

    fn place(&self) -> Place {
        let queue =
            Queue { entry_point: self.entry_point, sender: self.sender, key: self.nonce >> 64 };
        Place { queue, sequence: self.nonce.as_limbs()[0] }
    }
}

impl Pool {
    /// Indexes what a block included, and takes it out of the pool. Live operations whose nonce was used by
    /// another one are dropped; returns their hashes. Inclusions of unknown operations are indexed as well.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub fn mine(&self, inclusions: &[Inclusion]) -> Result<Vec<B256>, PoolError> {
        if inclusions.is_empty() {
            return Ok(Vec::new());
        }
        let mut state = self.state();
        let mut batch = Batch::default();
        let mut gone = Vec::new();
        let mut superseded = Vec::new();
        let change = self.count_inclusions(inclusions)?;
        self.put_change(&mut batch, &change)?;
        for inclusion in inclusions {
            let hash = inclusion.hash;
            self.store.put(&mut batch, Table::Inclusions, hash, inclusion)?;
            let reason = match (&inclusion.reason, inclusion.success) {
                (_, true) => "included, execution succeeded".to_owned(),
                (Some(reason), false) => format!("included, execution reverted: {reason}"),
                (None, false) => "included, execution reverted".to_owned(),
            };
            let record = StatusRecord::new(inclusion.status(), reason);
            self.store.put(&mut batch, Table::Statuses, hash, &record)?;
            state.finish(&self.store, &mut batch, hash)?;
            gone.push(hash);
            let place = inclusion.place();
            let index = self.index();
            let used = index
                .queue(&place.queue)
                .map(|live| &live.operation)
                .filter(|other| other.operation.nonce_sequence() <= place.sequence)
                .map(|other| other.hash);
            for other in used {
                let included = inclusions.iter().any(|inclusion| inclusion.hash == other);
                if !included && !superseded.contains(&other) {
                    superseded.push(other);
                    let reason = format!("its nonce was used by {hash}");
                    let record = StatusRecord::new(Status::Dropped, reason);
                    self.store.put(&mut batch, Table::Statuses, other, &record)?;
                    state.finish(&self.store, &mut batch, other)?;
                }
            }
        }
        let pruned = state.prune(&mut batch, self.config.max_finished);
        let written = self.store.write(batch)?;
        let mut index = self.index_mut();
        for hash in gone.iter().chain(&superseded) {
            index.remove(hash);
        }
        index.reputation.apply(change);
        for inclusion in inclusions {
            state.forget_block(&inclusion.hash);
            state.remember_block(inclusion.block_number, inclusion.hash);
        }
        for hash in pruned {
            state.forget_block(&hash);
        }
        drop(index);
        drop(state);
        self.store.sync(written)?;
        self.announce();
        Ok(superseded)
    }

    /// Undoes every inclusion in block `from` and later. Operations that are remembered become `received`:
    /// they have to be validated again. One whose nonce another live operation has taken since is dropped.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub fn unmine(&self, from: u64) -> Result<Vec<Unmined>, PoolError> {
        let mut state = self.state();
        let hashes = state.mined_since(from);
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Batch::default();
        let mut undone = Vec::new();
        let mut revived: Vec<Live> = Vec::new();
        let change = self.count_exclusions(&hashes)?;
        self.put_change(&mut batch, &change)?;
        for hash in &hashes {
            let Some(inclusion): Option<Inclusion> = self.store.get(Table::Inclusions, hash)?
            else {
                continue;
            };
            batch.delete(Table::Inclusions, hash);
            let known = self.load(*hash)?;
            let restored = match known {
                None => {
                    batch.delete(Table::Statuses, hash);
                    false
                }
                Some((operation, arrival)) => self.revive(
                    &mut batch,
                    &mut revived,
                    (operation, arrival),
                    inclusion.block_number,
                )?,
            };
            undone.push(Unmined { inclusion, restored });
        }
        for live in &revived {
            state.unfinish(&mut batch, &live.operation.hash);
        }
        let written = self.store.write(batch)?;
        let mut index = self.index_mut();
        for live in revived {
            index.insert(live);
        }
        index.reputation.apply(change);
        for hash in &hashes {
            state.forget_block(hash);
        }
        drop(index);
        drop(state);
        self.store.sync(written)?;
        self.announce();
        Ok(undone)
    }

    fn revive(
        &self,
        batch: &mut Batch,
        revived: &mut Vec<Live>,
        (operation, arrival): (PoolOperation, u64),
        block: u64,
    ) -> Result<bool, PoolError> {
        let hash = operation.hash;
        let place = operation.place();
        let taken = self.index().at(&place).is_some()
            || revived.iter().any(|live| live.operation.place() == place);
        let record = if taken {
            StatusRecord::new(
                Status::Dropped,
                format!("block {block} was reorganised away, and another operation has its nonce"),
            )
        } else {
            StatusRecord::new(Status::Received, format!("block {block} was reorganised away"))
        };
        self.store.put(batch, Table::Statuses, hash, &record)?;
        if !taken {
            revived.push(Live::new(operation, Status::Received, arrival));
        }
        Ok(!taken)
    }

    /// Where an operation was included.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn inclusion(&self, hash: B256) -> Result<Option<Inclusion>, PoolError> {
        self.store.get(Table::Inclusions, hash)
    }
}
