//! The live operations in memory, and the rules between them.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::Arc,
};

use alloy::primitives::{Address, B256, U256};
use writ_types::{Constants, Entity, EntityKind};

use crate::{
    Conflict, PoolConfig, PoolOperation, ReputationStatus, Status,
    entry::{Place, Queue},
    reputation::{Party, Reputation},
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

/// Every live operation, reachable by hash, by place, and counted by sender and entity; and what is known of entities.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: HashMap<B256, Live>,
    queues: BTreeMap<Queue, BTreeMap<u64, B256>>,
    senders: HashMap<Address, usize>,
    entities: HashMap<Address, usize>,
    /// Operations in which a party has any part.
    parties: HashMap<Party, usize>,
    /// Sum of the highest possible costs of a paymaster's operations, in wei.
    costs: HashMap<Party, U256>,
    pub(crate) reputation: Reputation,
    bytes: usize,
}

fn count_up<K: Eq + std::hash::Hash>(map: &mut HashMap<K, usize>, key: K) {
    *map.entry(key).or_default() += 1;
}

fn count_down<K: Eq + std::hash::Hash>(map: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut known) = map.entry(key) {
        *known.get_mut() -= 1;
        if *known.get() == 0 {
            known.remove();
        }
    }
}

/// Every address that has a part in the operation, once, at its EntryPoint.
pub(crate) fn parties(operation: &PoolOperation) -> Vec<Party> {
    let at = operation.entry_point.address;
    let mut parties: Vec<Party> =
        operation.operation.entities().map(|entity| Party::new(at, entity.address)).collect();
    parties.sort_unstable();
    parties.dedup();
    parties
}

/// The paymaster, and what it may have to pay.
fn cost(operation: &PoolOperation) -> Option<(Party, U256)> {
    let paymaster = operation.operation.paymaster_address()?;
    let party = Party::new(operation.entry_point.address, paymaster);
    Some((party, operation.operation.required_prefund()))
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
        count_up(&mut self.senders, operation.operation.sender);
        for entity in others(operation) {
            count_up(&mut self.entities, entity.address);
        }
        for party in parties(operation) {
            count_up(&mut self.parties, party);
        }
        if let Some((paymaster, cost)) = cost(operation) {
            let sum = self.costs.entry(paymaster).or_default();
            *sum = sum.saturating_add(cost);
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
        count_down(&mut self.senders, live.operation.operation.sender);
        for entity in others(&live.operation) {
            count_down(&mut self.entities, entity.address);
        }
        for party in parties(&live.operation) {
            count_down(&mut self.parties, party);
        }
        if let Some((paymaster, cost)) = cost(&live.operation)
            && let Entry::Occupied(mut sum) = self.costs.entry(paymaster)
        {
            *sum.get_mut() = sum.get().saturating_sub(cost);
            if sum.get().is_zero() {
                sum.remove();
            }
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
        self.check_reputation(new, old, &config.constants)?;
        self.check_limits(new, old, config)?;
        self.check_deposit(new, old)?;
        self.check_roles(new, old, config)?;
        Ok(old.map(|old| old.operation.hash))
    }

    /// GREP-010, GREP-020, UREP-010, UREP-020: what reputation and stake allow the operation's entities. A staked
    /// entity in good standing is not limited (SREP-040).
    fn check_reputation(
        &self,
        new: &PoolOperation,
        old: Option<&Live>,
        constants: &Constants,
    ) -> Result<(), Conflict> {
        let replaced = old.map_or_else(Vec::new, |old| parties(&old.operation));
        for entity in new.operation.entities() {
            let party = Party::new(new.entry_point.address, entity.address);
            let pooled = self.parties.get(&party).copied().unwrap_or(0);
            let needs_place = !replaced.contains(&party);
            let counters = self.reputation.get(&party);
            let limit = match counters.status(constants) {
                ReputationStatus::Banned => return Err(Conflict::Banned { entity }),
                ReputationStatus::Throttled => {
                    let limit = constants.throttled_entity_mempool_count;
                    if needs_place && pooled >= limit {
                        return Err(Conflict::Throttled { entity, limit });
                    }
                    continue;
                }
                ReputationStatus::Ok => match entity.kind {
                    _ if new.is_staked(entity.kind) => continue,
                    EntityKind::Account => constants.same_sender_mempool_count as u64,
                    EntityKind::Paymaster => counters.unstaked_allowance(constants),
                    EntityKind::Factory | EntityKind::Aggregator => continue,
                },
            };
            if needs_place && pooled as u64 >= limit {
                return Err(Conflict::Unstaked {
                    entity,
                    limit,
                    minimum_stake: constants.min_stake_value,
                    minimum_delay: constants.min_unstake_delay,
                });
            }
        }
        Ok(())
    }

    /// EREP-010: a paymaster's deposit covers all of its pooled operations.
    fn check_deposit(&self, new: &PoolOperation, old: Option<&Live>) -> Result<(), Conflict> {
        let (Some((party, cost_of_new)), Some(deposit)) = (cost(new), new.facts.paymaster_deposit)
        else {
            return Ok(());
        };
        let replaced = old
            .and_then(|old| cost(&old.operation))
            .filter(|(other, _)| *other == party)
            .map_or(U256::ZERO, |(_, cost)| cost);
        let pooled = self.costs.get(&party).copied().unwrap_or_default();
        let required = pooled.saturating_sub(replaced).saturating_add(cost_of_new);
        if deposit < required {
            let paymaster = party.address;
            return Err(Conflict::PaymasterDeposit { paymaster, deposit, required });
        }
        Ok(())
    }

    fn check_limits(
        &self,
        new: &PoolOperation,
        old: Option<&Live>,
        config: &PoolConfig,
    ) -> Result<(), Conflict> {
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
    fn check_roles(
        &self,
        new: &PoolOperation,
        old: Option<&Live>,
        config: &PoolConfig,
    ) -> Result<(), Conflict> {
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
        let at_entry = config.constants.foreign_sender_at_entry;
        if let Some(slot) = new.touched.iter().find(foreign).filter(|_| at_entry) {
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

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
