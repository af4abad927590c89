//! ERC-7562 reputation: counters, what follows from them, and how they fade. Pure: no clock, no disk.
//!
//! ```text
//!   admitted, once per operation ──> seen ──┐                    ┌─ Banned     max_seen > included + BAN_SLACK
//!   UserOperationEvent of a seen one ──> included ──> status ────┼─ Throttled  max_seen > included + THROTTLING_SLACK
//!   each hour: both × 23/24, rounded down ──┘                    └─ Ok         (max_seen = seen / 10)
//! ```
//!
//! Invariants:
//! * An address that is not here is [`ReputationStatus::Ok`]; one that counts nothing is forgotten within the hour.
//! * The number of addresses is bounded. Room is made by forgetting those in good standing that were seen least;
//!   nobody gets rid of a ban by filling the table.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::Address;
use serde::{Deserialize, Serialize};
use writ_types::Constants;

/// Seconds between two decays.
const HOUR: u64 = 3_600;

/// What an address may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReputationStatus {
    /// Everything that its stake allows.
    Ok,
    /// A few operations at a time, for a few blocks (GREP-020).
    Throttled,
    /// Nothing (GREP-010).
    Banned,
}

impl ReputationStatus {
    /// ERC-7769's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::Banned => "banned",
        }
    }
}

/// How often an address was seen, and how often that led to anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Unique valid operations admitted with it (opsSeen).
    pub seen: u64,
    /// Those of them that were included on chain (opsIncluded).
    pub included: u64,
}

impl Counters {
    /// Where these counters put an address.
    pub fn status(self, constants: &Constants) -> ReputationStatus {
        let max_seen = self.max_seen(constants);
        if max_seen > self.included.saturating_add(constants.ban_slack) {
            ReputationStatus::Banned
        } else if max_seen > self.included.saturating_add(constants.throttling_slack) {
            ReputationStatus::Throttled
        } else {
            ReputationStatus::Ok
        }
    }

    fn max_seen(self, constants: &Constants) -> u64 {
        self.seen / constants.min_inclusion_rate_denominator.max(1)
    }

    /// UREP-020: operations that an unstaked paymaster in good standing may have in the mempool:
    /// `10 + inclusionRate * min(opsIncluded, 10 000)`.
    pub fn unstaked_allowance(self, constants: &Constants) -> u64 {
        let counted = self.included.min(constants.max_ops_allowed_unstaked_entity);
        let earned = match u128::from(self.seen) {
            0 => 0,
            seen => u128::from(self.included) * u128::from(counted) / seen,
        };
        constants
            .same_unstaked_entity_mempool_count
            .saturating_add(u64::try_from(earned).unwrap_or(u64::MAX))
    }

    /// The counters an hour later.
    #[must_use]
    pub const fn faded(self) -> Self {
        const fn fade(value: u64) -> u64 {
            // value * 23 / 24 without overflow.
            value - value.div_ceil(24)
        }
        Self { seen: fade(self.seen), included: fade(self.included) }
    }

    /// GREP-040: the counters of an entity that broke a bundle.
    #[must_use]
    pub const fn penalized(self, constants: &Constants) -> Self {
        Self { seen: constants.ban_ops_seen_penalty, included: 0 }
    }

    /// EREP-070: counters in the middle of what counts as throttled, if these are better than that. In the middle, since
    /// the bundle that is the reason for it counts as an inclusion, which must not undo it.
    #[must_use]
    pub fn throttled(self, constants: &Constants) -> Self {
        let slack = constants.throttling_slack.midpoint(constants.ban_slack);
        let seen = self
            .included
            .saturating_add(slack)
            .saturating_add(1)
            .saturating_mul(constants.min_inclusion_rate_denominator.max(1));
        Self { seen: self.seen.max(seen), ..self }
    }

    /// Whether there is nothing to remember.
    pub const fn is_zero(self) -> bool {
        self.seen == 0 && self.included == 0
    }
}

/// An address at an EntryPoint: stakes, and so reputations, are kept for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Party {
    pub(crate) entry_point: Address,
    pub(crate) address: Address,
}

impl Party {
    pub(crate) const fn new(entry_point: Address, address: Address) -> Self {
        Self { entry_point, address }
    }

    /// The key in the database.
    pub(crate) fn key(&self) -> [u8; 40] {
        let mut key = [0; 40];
        key[..20].copy_from_slice(self.entry_point.as_slice());
        key[20..].copy_from_slice(self.address.as_slice());
        key
    }

    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        let key: &[u8; 40] = key.try_into().ok()?;
        Some(Self::new(Address::from_slice(&key[..20]), Address::from_slice(&key[20..])))
    }
}

/// What to do to the reputation of an entity besides counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sanction {
    /// The operation does not count for it: one less seen (EREP-015, EREP-030, and whatever policy refuses).
    Forgive(Address),
    /// It broke a bundle (GREP-040, EREP-055): banned.
    Ban(Address),
    /// It plays with gas (EREP-070): throttled.
    Throttle(Address),
}

/// Everybody's counters.
#[derive(Debug, Default)]
pub(crate) struct Reputation {
    parties: BTreeMap<Party, Counters>,
    /// Unix seconds up to which decay was applied. `None` before the first.
    clock: Option<u64>,
}

impl Reputation {
    pub(crate) const fn new(parties: BTreeMap<Party, Counters>, clock: Option<u64>) -> Self {
        Self { parties, clock }
    }

    pub(crate) fn get(&self, party: &Party) -> Counters {
        self.parties.get(party).copied().unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Party, Counters)> {
        self.parties.iter().map(|(party, counters)| (party, *counters))
    }

    pub(crate) fn edit(&self) -> Edits<'_> {
        Edits { before: self, changed: BTreeMap::new(), clock: None }
    }

    pub(crate) fn apply(&mut self, change: Change) {
        for (party, counters) in change.parties {
            match counters {
                Some(counters) => self.parties.insert(party, counters),
                None => self.parties.remove(&party),
            };
        }
        self.clock = change.clock.or(self.clock);
    }
}

/// Changes that are to be written before they are applied.
#[derive(Debug)]
pub(crate) struct Edits<'a> {
    before: &'a Reputation,
    /// `None`: to be forgotten.
    changed: BTreeMap<Party, Option<Counters>>,
    clock: Option<u64>,
}

/// Finished edits: new counters by party (`None`: forgotten), and the clock if it moved.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) parties: BTreeMap<Party, Option<Counters>>,
    pub(crate) clock: Option<u64>,
}

impl Change {
    pub(crate) fn is_empty(&self) -> bool {
        self.parties.is_empty() && self.clock.is_none()
    }
}

impl Edits<'_> {
    pub(crate) fn get(&self, party: &Party) -> Counters {
        match self.changed.get(party) {
            Some(changed) => changed.unwrap_or_default(),
            None => self.before.get(party),
        }
    }

    pub(crate) fn set(&mut self, party: Party, counters: Counters) {
        if self.get(&party) != counters {
            self.changed.insert(party, Some(counters));
        }
    }

    /// One operation more was seen with it.
    pub(crate) fn see(&mut self, party: Party) {
        let now = self.get(&party);
        self.set(party, Counters { seen: now.seen.saturating_add(1), ..now });
    }

    /// One operation less counts as seen.
    pub(crate) fn unsee(&mut self, party: Party) {
        let now = self.get(&party);
        self.set(party, Counters { seen: now.seen.saturating_sub(1), ..now });
    }

    /// One of the seen operations was included.
    pub(crate) fn include(&mut self, party: Party) {
        let now = self.get(&party);
        self.set(party, Counters { included: now.included.saturating_add(1), ..now });
    }

    /// The block that included it is gone.
    pub(crate) fn exclude(&mut self, party: Party) {
        let now = self.get(&party);
        self.set(party, Counters { included: now.included.saturating_sub(1), ..now });
    }

    /// Forgets everybody.
    pub(crate) fn clear(&mut self) {
        for party in self.before.parties.keys() {
            self.changed.insert(*party, None);
        }
    }

    /// Fades every counter once for each hour since the clock, which may have stood still with the process. A clock
    /// that was set back fades nothing until it has caught up, by at most an hour.
    pub(crate) fn pass_time(&mut self, now: u64) {
        let Some(clock) = self.before.clock else {
            self.clock = Some(now);
            return;
        };
        if clock > now.saturating_add(HOUR) {
            self.clock = Some(now);
            return;
        }
        let hours = now.saturating_sub(clock) / HOUR;
        if hours == 0 {
            return;
        }
        self.clock = Some(clock.saturating_add(hours.saturating_mul(HOUR)));
        for party in self.before.parties.keys() {
            let mut counters = self.get(party);
            for _ in 0..hours {
                let faded = counters.faded();
                if faded == counters {
                    break;
                }
                counters = faded;
            }
            if counters.is_zero() {
                self.changed.insert(*party, None);
            } else {
                self.set(*party, counters);
            }
        }
    }

    /// Everybody who is not in good standing.
    pub(crate) fn offenders(&self, constants: &Constants) -> HashMap<Party, ReputationStatus> {
        let unchanged = self.before.iter().filter(|(party, _)| !self.changed.contains_key(party));
        unchanged
            .chain(self.changed.iter().filter_map(|(party, now)| Some((party, (*now)?))))
            .map(|(party, counters)| (*party, counters.status(constants)))
            .filter(|(_, status)| *status != ReputationStatus::Ok)
            .collect()
    }

    /// Ends the edits. When more than `most` parties would be known, an eighth of them is forgotten: of those in good
    /// standing the ones that were seen least.
    pub(crate) fn finish(mut self, constants: &Constants, most: usize) -> Change {
        let is_new = |party: &Party| !self.before.parties.contains_key(party);
        let new = self.changed.iter().filter(|(party, now)| now.is_some() && is_new(party));
        if self.before.parties.len() + new.count() > most {
            let mut harmless: Vec<(u64, Party)> = self
                .before
                .iter()
                .filter(|(party, _)| !self.changed.contains_key(party))
                .filter(|(_, counters)| counters.status(constants) == ReputationStatus::Ok)
                .map(|(party, counters)| (counters.seen, *party))
                .collect();
            harmless.sort_unstable();
            for (_, party) in harmless.into_iter().take((most / 8).max(1)) {
                self.changed.insert(party, None);
            }
        }
        Change { parties: self.changed, clock: self.clock }
    }
}

#[cfg(test)]
#[path = "reputation_tests.rs"]
mod tests;
