//! Reputation in the pool: counted, faded and sanctioned in the batch of the event that is the reason for it.

use std::collections::{BTreeMap, HashMap, HashSet};

use alloy::primitives::{Address, B256};

use crate::{
    Counters, Inclusion, Pool, PoolError, PoolOperation, ReputationStatus, Sanction, Status,
    StatusRecord,
    entry::StoredFacts,
    index::{Index, Live, parties},
    pool::State,
    reputation::{Change, Edits, Party, Reputation},
    store::{Batch, Table},
};

/// Key of the decay clock among what the database says about itself.
const CLOCK: &str = "reputation-clock";

/// What is known about one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReputationEntry {
    /// The address.
    pub address: Address,
    /// How often it was seen and included.
    pub counters: Counters,
    /// What follows from that.
    pub status: ReputationStatus,
}

/// What a sanction or the passing of time removes from the index, once it is written.
#[derive(Debug, Default)]
pub(crate) struct Purge {
    removed: Vec<B256>,
    change: Change,
}

impl Purge {
    pub(crate) fn apply(self, index: &mut Index) {
        for hash in &self.removed {
            index.remove(hash);
        }
        index.reputation.apply(self.change);
    }
}

impl Pool {
    pub(crate) fn recover_reputation(&self) -> Result<Reputation, PoolError> {
        let mut parties = BTreeMap::new();
        for item in self.store.all::<Counters>(Table::Reputation)? {
            let (key, counters) = item?;
            let party = Party::of_key(&key).ok_or_else(|| {
                self.store.corrupt(format!("a key of {} bytes among reputations", key.len()))
            })?;
            parties.insert(party, counters);
        }
        Ok(Reputation::new(parties, self.store.get(Table::Meta, CLOCK)?))
    }

    pub(crate) fn facts(&self, hash: B256) -> Result<StoredFacts, PoolError> {
        Ok(self.store.get(Table::Facts, hash)?.unwrap_or_default())
    }

    /// Adds a change of reputation to an event.
    pub(crate) fn put_change(&self, batch: &mut Batch, change: &Change) -> Result<(), PoolError> {
        for (party, counters) in &change.parties {
            match counters {
                Some(counters) => {
                    self.store.put(batch, Table::Reputation, party.key(), counters)?;
                }
                None => batch.delete(Table::Reputation, party.key()),
            }
        }
        match change.clock {
            Some(clock) => self.store.put(batch, Table::Meta, CLOCK, &clock),
            None => Ok(()),
        }
    }

    fn finish(&self, edits: Edits<'_>) -> Change {
        edits.finish(&self.config.constants, self.config.max_reputations)
    }

    /// Counts a new operation as seen for its reputable entities, unless it was before; and the one whose place it
    /// takes, which cannot be included any more, as not seen. So whoever has a part in both keeps its count, and
    /// whoever was swapped out loses one (GREP-050).
    pub(crate) fn see(
        &self,
        batch: &mut Batch,
        new: &PoolOperation,
        replaced: Option<B256>,
    ) -> Result<Change, PoolError> {
        let index = self.index();
        let mut edits = index.reputation.edit();
        let at = new.entry_point.address;
        if let Some(replaced) = replaced {
            let before = self.facts(replaced)?;
            for address in &before.seen {
                edits.unsee(Party::new(at, *address));
            }
            self.store.put(
                batch,
                Table::Facts,
                replaced,
                &StoredFacts { seen: vec![], ..before },
            )?;
        }
        let before = self.facts(new.hash)?.seen;
        let seen = new.reputable();
        for address in seen.iter().filter(|address| !before.contains(address)) {
            edits.see(Party::new(at, *address));
        }
        let seen = merged(before, seen);
        let facts = StoredFacts { facts: new.facts.clone(), seen };
        self.store.put(batch, Table::Facts, new.hash, &facts)?;
        let change = self.finish(edits);
        self.put_change(batch, &change)?;
        Ok(change)
    }

    /// Counts operations as included for those for whom they count as seen; each once, however often it is indexed.
    pub(crate) fn count_inclusions(&self, inclusions: &[Inclusion]) -> Result<Change, PoolError> {
        let index = self.index();
        let mut edits = index.reputation.edit();
        let mut counted = HashSet::new();
        for inclusion in inclusions {
            let known: Option<Inclusion> = self.store.get(Table::Inclusions, inclusion.hash)?;
            if known.is_none() && counted.insert(inclusion.hash) {
                for address in self.facts(inclusion.hash)?.seen {
                    edits.include(Party::new(inclusion.entry_point, address));
                }
            }
        }
        Ok(self.finish(edits))
    }

    /// Takes back what [`count_inclusions`](Self::count_inclusions) counted.
    pub(crate) fn count_exclusions(&self, hashes: &[B256]) -> Result<Change, PoolError> {
        let index = self.index();
        let mut edits = index.reputation.edit();
        for hash in hashes {
            let known: Option<Inclusion> = self.store.get(Table::Inclusions, hash)?;
            let Some(inclusion) = known else { continue };
            for address in self.facts(*hash)?.seen {
                edits.exclude(Party::new(inclusion.entry_point, address));
            }
        }
        Ok(self.finish(edits))
    }

    /// Removes a live operation, `dropped` for this reason, and in the same event changes the reputation of its
    /// entities. A ban removes their other operations too (GREP-010), except those that are in a signed transaction.
    ///
    /// # Errors
    /// [`PoolError::Unknown`], or a database error.
    pub fn remove_with(
        &self,
        hash: B256,
        reason: &str,
        sanctions: &[Sanction],
    ) -> Result<(), PoolError> {
        self.set_status_with(hash, Status::Dropped, reason, sanctions)
    }

    /// Changes reputations at an EntryPoint without removing an operation that is the reason for it. As for
    /// [`remove_with`](Self::remove_with), a ban removes operations. [`Sanction::Forgive`] is meaningless here.
    ///
    /// # Errors
    /// A database error.
    pub fn sanction(&self, entry_point: Address, sanctions: &[Sanction]) -> Result<(), PoolError> {
        let constants = self.config.constants;
        self.change_reputation(|edits| {
            for sanction in sanctions {
                impose(edits, entry_point, *sanction, &constants);
            }
        })
    }

    /// The changes that sanctions make on account of an operation, and the operations that a ban removes.
    pub(crate) fn sanctioned(
        &self,
        state: &mut State,
        batch: &mut Batch,
        hash: B256,
        sanctions: &[Sanction],
    ) -> Result<Purge, PoolError> {
        let Some(operation) = self.get(hash) else { return Ok(Purge::default()) };
        let at = operation.entry_point.address;
        let mut stored = self.facts(hash)?;
        let index = self.index();
        let mut edits = index.reputation.edit();
        for sanction in sanctions {
            match sanction {
                // Only once, and only what was counted.
                Sanction::Forgive(address) => {
                    if let Some(place) = stored.seen.iter().position(|seen| seen == address) {
                        stored.seen.remove(place);
                        edits.unsee(Party::new(at, *address));
                    }
                }
                other => impose(&mut edits, at, *other, &self.config.constants),
            }
        }
        self.store.put(batch, Table::Facts, hash, &stored)?;
        self.purge(state, batch, &index, edits, |live| live.operation.hash == hash)
    }

    /// Removes what banned entities have in the pool, except `spared` ones, and writes all changes.
    fn purge(
        &self,
        state: &mut State,
        batch: &mut Batch,
        index: &Index,
        mut edits: Edits<'_>,
        spared: impl Fn(&Live) -> bool,
    ) -> Result<Purge, PoolError> {
        let offenders = edits.offenders(&self.config.constants);
        let mut removed = involving(index, &offenders, ReputationStatus::Banned);
        removed.retain(|(live, _)| !spared(live));
        let removed: Vec<(B256, Party)> =
            removed.into_iter().map(|(live, party)| (live.operation.hash, party)).collect();
        for (hash, party) in &removed {
            let reason = format!("{} is banned (GREP-010)", party.address);
            self.store.put(
                batch,
                Table::Statuses,
                hash,
                &StatusRecord::new(Status::Dropped, reason),
            )?;
            state.finish(&self.store, batch, *hash)?;
            self.forgive_others(batch, &mut edits, *hash, *party)?;
        }
        let change = self.finish(edits);
        self.put_change(batch, &change)?;
        Ok(Purge { removed: removed.into_iter().map(|(hash, _)| hash).collect(), change })
    }

    /// An operation that goes because of `culprit` counts for nobody else.
    fn forgive_others(
        &self,
        batch: &mut Batch,
        edits: &mut Edits<'_>,
        hash: B256,
        culprit: Party,
    ) -> Result<(), PoolError> {
        let mut stored = self.facts(hash)?;
        stored.seen.retain(|address| {
            let keeps = *address == culprit.address;
            if !keeps {
                edits.unsee(Party::new(culprit.entry_point, *address));
            }
            keeps
        });
        self.store.put(batch, Table::Facts, hash, &stored)
    }

    /// Lets time pass: reputation fades for every hour since the last call, also those in which the process stood
    /// still; and operations of throttled entities that have waited for too many blocks are dropped, as are those of
    /// banned ones. To be called for each new head; `now` in Unix seconds.
    ///
    /// # Errors
    /// A database error; nothing is changed then.
    pub fn pass_time(&self, block: u64, now: u64) -> Result<(), PoolError> {
        let mut state = self.state();
        let mut batch = Batch::default();
        let index = self.index();
        let mut edits = index.reputation.edit();
        edits.pass_time(now);
        let constants = &self.config.constants;
        let offenders = edits.offenders(constants);
        let age = |live: &Live| block.saturating_sub(live.operation.facts.admitted_at);
        let expired: Vec<(B256, Party)> =
            involving(&index, &offenders, ReputationStatus::Throttled)
                .into_iter()
                .filter(|(live, _)| age(live) >= constants.throttled_entity_live_blocks)
                .map(|(live, party)| (live.operation.hash, party))
                .collect();
        for (hash, party) in &expired {
            let reason = format!(
                "{} is throttled, and the operation was not included within {} blocks (GREP-020)",
                party.address, constants.throttled_entity_live_blocks
            );
            self.store.put(
                &mut batch,
                Table::Statuses,
                hash,
                &StatusRecord::new(Status::Dropped, reason),
            )?;
            state.finish(&self.store, &mut batch, *hash)?;
        }
        let expired: HashSet<B256> = expired.into_iter().map(|(hash, _)| hash).collect();
        let mut purge = self.purge(&mut state, &mut batch, &index, edits, |live| {
            expired.contains(&live.operation.hash)
        })?;
        purge.removed.extend(expired);
        drop(index);
        if purge.removed.is_empty() && purge.change.is_empty() {
            return Ok(());
        }
        self.commit(state, batch, purge)
    }

    /// The reputation of one address.
    pub fn reputation_of(&self, entry_point: Address, address: Address) -> ReputationEntry {
        let counters = self.index().reputation.get(&Party::new(entry_point, address));
        ReputationEntry { address, counters, status: counters.status(&self.config.constants) }
    }

    /// Everybody who has a reputation at an EntryPoint, by address.
    pub fn reputations(&self, entry_point: Address) -> Vec<ReputationEntry> {
        let index = self.index();
        let here = index.reputation.iter().filter(|(party, _)| party.entry_point == entry_point);
        here.map(|(party, counters)| ReputationEntry {
            address: party.address,
            counters,
            status: counters.status(&self.config.constants),
        })
        .collect()
    }

    /// Sets counters by hand. Whoever is banned by that loses its pooled operations.
    ///
    /// # Errors
    /// A database error.
    pub fn set_reputations(
        &self,
        entry_point: Address,
        counters: &[(Address, Counters)],
    ) -> Result<(), PoolError> {
        self.change_reputation(|edits| {
            for (address, counters) in counters {
                edits.set(Party::new(entry_point, *address), *counters);
            }
        })
    }

    /// Forgets every reputation at every EntryPoint.
    ///
    /// # Errors
    /// A database error.
    pub fn clear_reputations(&self) -> Result<(), PoolError> {
        self.change_reputation(|edits| edits.clear())
    }

    fn change_reputation(&self, edit: impl FnOnce(&mut Edits<'_>)) -> Result<(), PoolError> {
        let mut state = self.state();
        let mut batch = Batch::default();
        let index = self.index();
        let mut edits = index.reputation.edit();
        edit(&mut edits);
        let purge = self.purge(&mut state, &mut batch, &index, edits, |_| false)?;
        drop(index);
        self.commit(state, batch, purge)
    }

    /// Drops every live operation. What is in a signed transaction may be included all the same.
    ///
    /// # Errors
    /// A database error.
    pub fn clear_operations(&self) -> Result<(), PoolError> {
        let mut state = self.state();
        let mut batch = Batch::default();
        let mut removed: Vec<B256> =
            self.index().values().map(|live| live.operation.hash).collect();
        removed.sort_unstable();
        for hash in &removed {
            let record = StatusRecord::new(Status::Dropped, "the mempool was cleared");
            self.store.put(&mut batch, Table::Statuses, hash, &record)?;
            state.finish(&self.store, &mut batch, *hash)?;
        }
        self.commit(state, batch, Purge { removed, change: Change::default() })
    }

    /// Writes an event that removes operations and changes reputations, applies it, and waits for the disk.
    fn commit(
        &self,
        mut state: parking_lot::MutexGuard<'_, State>,
        mut batch: Batch,
        purge: Purge,
    ) -> Result<(), PoolError> {
        let pruned = state.prune(&mut batch, self.config.max_finished);
        let written = self.store.write(batch)?;
        purge.apply(&mut self.index_mut());
        for hash in pruned {
            state.forget_block(&hash);
        }
        drop(state);
        self.store.sync(written)?;
        self.announce();
        Ok(())
    }
}

/// Operations in which a party of this status has a part, with that party, in a fixed order.
fn involving<'a>(
    index: &'a Index,
    offenders: &HashMap<Party, ReputationStatus>,
    status: ReputationStatus,
) -> Vec<(&'a Live, Party)> {
    if !offenders.values().any(|other| *other == status) {
        return Vec::new();
    }
    let culprit = |live: &Live| {
        parties(&live.operation).into_iter().find(|party| offenders.get(party) == Some(&status))
    };
    let mut found: Vec<_> = index
        .values()
        .filter(|live| is_removable(live))
        .filter_map(|live| Some((live, culprit(live)?)))
        .collect();
    found.sort_unstable_by_key(|(live, _)| live.operation.hash);
    found
}

/// What is in a signed transaction can no longer be taken back.
fn is_removable(live: &Live) -> bool {
    !matches!(live.status, Status::Submitted { .. })
}

fn impose(
    edits: &mut Edits<'_>,
    entry_point: Address,
    sanction: Sanction,
    constants: &writ_types::Constants,
) {
    match sanction {
        Sanction::Forgive(_) => {}
        Sanction::Ban(address) => {
            let party = Party::new(entry_point, address);
            edits.set(party, edits.get(&party).penalized(constants));
        }
        Sanction::Throttle(address) => {
            let party = Party::new(entry_point, address);
            edits.set(party, edits.get(&party).throttled(constants));
        }
    }
}

/// Both lists, sorted, each address once.
fn merged(mut one: Vec<Address>, other: Vec<Address>) -> Vec<Address> {
    one.extend(other);
    one.sort_unstable();
    one.dedup();
    one
}
