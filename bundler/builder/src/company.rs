//! Who can be in one bundle: GREP-020, LIM-050, LOC-020.

use std::collections::{HashMap, HashSet};

use alloy::primitives::Address;
use writ_pool::{Pool, PoolOperation, ReputationStatus};
use writ_types::Constants;

/// The bundle so far, as far as it decides who else may join.
#[derive(Debug)]
pub(crate) struct Company<'a> {
    constants: &'a Constants,
    pool: &'a Pool,
    senders: HashSet<Address>,
    /// Addresses that members' validations access, with the senders on whose account.
    visited: HashMap<Address, HashSet<Address>>,
    /// Addresses that members' validations create, with the sender.
    created: HashMap<Address, Address>,
    /// Operations of throttled entities.
    throttled: HashMap<Address, usize>,
    contexts: usize,
}

impl<'a> Company<'a> {
    pub(crate) fn new(constants: &'a Constants, pool: &'a Pool) -> Self {
        Self {
            constants,
            pool,
            senders: HashSet::new(),
            visited: HashMap::new(),
            created: HashMap::new(),
            throttled: HashMap::new(),
            contexts: 0,
        }
    }

    /// Adds the operation, or says that it does not go with those that are in.
    pub(crate) fn join(&mut self, pooled: &PoolOperation) -> bool {
        let throttled = match self.throttled(pooled) {
            Some(throttled) => throttled,
            None => return false,
        };
        let contexts = self.contexts.saturating_add(pooled.facts.context_length);
        if contexts > self.constants.max_bundle_context_size || !self.is_apart(pooled) {
            return false;
        }
        self.contexts = contexts;
        for address in throttled {
            *self.throttled.entry(address).or_default() += 1;
        }
        let sender = pooled.operation.sender;
        self.senders.insert(sender);
        for address in &pooled.facts.visited {
            self.visited.entry(*address).or_default().insert(sender);
        }
        self.created.extend(pooled.facts.created.iter().map(|address| (*address, sender)));
        true
    }

    /// LOC-020: neither accesses the other's sender, or what the other creates. One sender's operations are no
    /// strangers to each other.
    fn is_apart(&self, pooled: &PoolOperation) -> bool {
        let sender = pooled.operation.sender;
        let visited_by_other = |address: &Address| {
            self.visited.get(address).is_some_and(|by| by.iter().any(|other| *other != sender))
        };
        let facts = &pooled.facts;
        !visited_by_other(&sender)
            && !facts.created.iter().any(visited_by_other)
            && facts.visited.iter().all(|address| {
                let foreign = *address != sender && self.senders.contains(address);
                let created = self.created.get(address).is_some_and(|other| *other != sender);
                !foreign && !created
            })
    }

    /// The operation's throttled entities; `None` if one of them has no place left (GREP-020), or is banned (GREP-010).
    fn throttled(&self, pooled: &PoolOperation) -> Option<Vec<Address>> {
        let mut throttled = Vec::new();
        for entity in pooled.operation.entities() {
            let at = pooled.entry_point.address;
            match self.pool.reputation_of(at, entity.address).status {
                ReputationStatus::Ok => {}
                ReputationStatus::Banned => return None,
                ReputationStatus::Throttled if throttled.contains(&entity.address) => {}
                ReputationStatus::Throttled => throttled.push(entity.address),
            }
        }
        let most = self.constants.throttled_entity_bundle_count;
        let has_place =
            |address: &Address| self.throttled.get(address).copied().unwrap_or(0) < most;
        throttled.iter().all(has_place).then_some(throttled)
    }
}

#[cfg(test)]
#[path = "company_tests.rs"]
mod tests;
