//! The live operations in memory, and the rules between them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use alloy::primitives::{Address, B256, U256};
use writ_types::{Entity, EntityKind};

use crate::{
    Conflict, PoolConfig, PoolOperation, Status,
    entry::{Place, Queue},
};

/// A live operation.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) operation: Arc<PoolOperation>,
    pub(crate) status: Status,
    pub(crate) arrival: u64,
    pub(crate) size: usize,
}

impl Live {
    pub(crate) fn new(operation: PoolOperation, status: Status, arrival: u64) -> Self {
        let size = operation.operation.packed_size();
        Self { operation: Arc::new(operation), status, arrival, size }
    }
}

/// Every live operation, reachable by hash, by place, and counted by sender and entity.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: HashMap<B256, Live>,
    queues: BTreeMap<Queue, BTreeMap<u64, B256>>,
    senders: HashMap<Address, usize>,
    entities: HashMap<Address, usize>,
    bytes: usize,
}

fn count(map: &mut HashMap<Address, usize>, address: Address, up: bool) {
    let number = map.entry(address).or_default();
    *number = if up { *number + 1 } else { number.saturating_sub(1) };
    if *number == 0 {
        map.remove(&address);
    }
}

/// Factory and paymaster, as far as there are any.
fn others(operation: &PoolOperation) -> impl Iterator<Item = Entity> {
    operation.operation.entities().filter(|entity| entity.kind != EntityKind::Account)
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, hash: &B256) -> Option<&Live> {
        self.entries.get(hash)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Live> {
        self.entries.values()
    }

    pub(crate) fn at(&self, place: &Place) -> Option<&Live> {
        self.entries.get(self.queues.get(&place.queue)?.get(&place.sequence)?)
    }

    pub(crate) fn queue(&self, queue: &Queue) -> impl Iterator<Item = &Live> {
        self.queues
            .get(queue)
            .into_iter()
            .flat_map(|queue| queue.values())
            .filter_map(|hash| self.get(hash))
    }

    pub(crate) fn queues(&self, entry_point: Address) -> impl Iterator<Item = &Queue> {
        self.queues.keys().filter(move |queue| queue.entry_point == entry_point)
    }

    /// Operations of one sender, in the order of EntryPoint, key and sequence.
    pub(crate) fn of_sender(&self, sender: Address) -> Vec<Arc<PoolOperation>> {
        if !self.senders.contains_key(&sender) {
            return Vec::new();
        }
        let queues = self.queues.keys().filter(|queue| queue.sender == sender);
        queues.flat_map(|queue| self.queue(queue)).map(|live| live.operation.clone()).collect()
    }

    pub(crate) fn insert(&mut self, live: Live) {
        let operation = &live.operation;
        self.remove(&operation.hash);
        let place = operation.place();
        self.queues.entry(place.queue).or_default().insert(place.sequence, operation.hash);
        count(&mut self.senders, operation.operation.sender, true);
        for entity in others(operation) {
            count(&mut self.entities, entity.address, true);
        }
        self.bytes += live.size;
        self.entries.insert(operation.hash, live);
    }

    pub(crate) fn remove(&mut self, hash: &B256) -> Option<Live> {
        let live = self.entries.remove(hash)?;
        let place = live.operation.place();
        if let Some(queue) = self.queues.get_mut(&place.queue) {
            queue.remove(&place.sequence);
            if queue.is_empty() {
                self.queues.remove(&place.queue);
            }
        }
        count(&mut self.senders, live.operation.operation.sender, false);
        for entity in others(&live.operation) {
            count(&mut self.entities, entity.address, false);
        }
        self.bytes -= live.size;
        Some(live)
    }

    pub(crate) fn set_status(&mut self, hash: &B256, status: Status) {
        if let Some(live) = self.entries.get_mut(hash) {
            live.status = status;
        }
    }

    /// Whether `new` may join, and which operation it replaces.
    pub(crate) fn check(
        &self,
        new: &PoolOperation,
        config: &PoolConfig,
    ) -> Result<Option<B256>, Conflict> {
        let old = match self.get(&new.hash) {
            Some(same) => {
                // The hash does not cover the suffix: only one that verifies is better than one that does not.
                if same.operation.attested || !new.attested {
                    return Err(Conflict::AlreadyKnown { hash: new.hash });
                }
                Some(same)
            }
            None => self.at(&new.place()),
        };
        if let Some(old) = old {
            check_replacement(old, new, config)?;
        }
        self.check_limits(new, old, config)?;
        self.check_roles(new, old)?;
        Ok(old.map(|old| old.operation.hash))
    }

    fn check_limits(
        &self,
        new: &PoolOperation,
        old: Option<&Live>,
        config: &PoolConfig,
    ) -> Result<(), Conflict> {
        let sender = new.operation.sender;
        let of_sender = self.senders.get(&sender).copied().unwrap_or(0);
        if old.is_none() && !new.sender_staked && of_sender >= config.max_per_sender {
            return Err(Conflict::SenderLimit { sender, limit: config.max_per_sender });
        }
        if old.is_none() && self.len() >= config.max_operations {
            return Err(Conflict::Full { what: "number of operations" });
        }
        let bytes = self.bytes - old.map_or(0, |old| old.size) + new.operation.packed_size();
        if bytes > config.max_bytes {
            return Err(Conflict::Full { what: "bytes" });
        }
        Ok(())
    }

    /// STO-040, STO-041 and AUTH-040: rules between the newcomer and every operation but the one it replaces.
    fn check_roles(&self, new: &PoolOperation, old: Option<&Live>) -> Result<(), Conflict> {
        let sender = new.operation.sender;
        let replaced_sender =
            |address| usize::from(old.is_some_and(|old| old.operation.operation.sender == address));
        let is_sender = |address: Address| {
            self.senders.get(&address).copied().unwrap_or(0) > replaced_sender(address)
        };
        let replaced_entity = old.map_or(0, |old| {
            others(&old.operation).filter(|entity| entity.address == sender).count()
        });
        if self.entities.get(&sender).copied().unwrap_or(0) > replaced_entity {
            let entity = Entity::new(EntityKind::Account, sender);
            return Err(Conflict::EntityRoles { entity, other: "different" });
        }
        if let Some(entity) = others(new).find(|entity| is_sender(entity.address)) {
            return Err(Conflict::EntityRoles { entity, other: "sender" });
        }
        let foreign = |slot: &&crate::Slot| slot.address != sender && is_sender(slot.address);
        if let Some(slot) = new.touched.iter().find(foreign) {
            return Err(Conflict::ForeignSender { contract: slot.address });
        }
        let Some(tuple) = &new.operation.authorization else { return Ok(()) };
        for pooled in self.of_sender(sender) {
            let replaced = old.is_some_and(|old| old.operation.hash == pooled.hash);
            match &pooled.operation.authorization {
                Some(other) if other.address != tuple.address && !replaced => {
                    return Err(Conflict::Delegates {
                        sender,
                        pooled: other.address,
                        given: tuple.address,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn check_replacement(old: &Live, new: &PoolOperation, config: &PoolConfig) -> Result<(), Conflict> {
    let pooled = old.operation.hash;
    if matches!(old.status, Status::Submitted { .. }) {
        return Err(Conflict::InFlight { pooled });
    }
    if new.attested && !old.operation.attested {
        return Ok(());
    }
    let (old, new) = (&old.operation.operation, &new.operation);
    // Rounded up: exactly ten percent more is enough, and never less.
    let bumped = |fee: u128| {
        (U256::from(fee) * U256::from(100 + config.replacement_bump)).div_ceil(U256::from(100))
    };
    let required_fee = bumped(old.max_fee_per_gas);
    let required_priority_fee = bumped(old.max_priority_fee_per_gas);
    if U256::from(new.max_fee_per_gas) < required_fee
        || U256::from(new.max_priority_fee_per_gas) < required_priority_fee
    {
        return Err(Conflict::Underpriced { pooled, required_fee, required_priority_fee });
    }
    Ok(())
}
