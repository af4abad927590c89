//! EREP-070: a staked entity that uses much less validation gas in the bundle than by itself.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::{Address, U256};
use writ_pool::{PoolOperation, Sanction};
use writ_simulation::{Simulation, trace::FrameTrace};
use writ_types::EntityKind;

/// What a later access saves where an earlier operation of the bundle was: the difference between a cold and a warm
/// address (EIP-2929).
const WARM_ADDRESS: u64 = 2_500;
/// The same for a slot that is read.
const WARM_SLOT: u64 = 2_000;
/// The most that a write can save: from 22,100 for a cold, new value to 100 for one that was changed before.
const WARM_WRITE: u64 = 22_000;

/// Staked entities to throttle: those whose frame used more than a tenth less gas in the bundle than when the operation
/// was validated by itself, and not because earlier operations of the bundle had warmed what it uses.
pub(crate) fn throttled(
    operations: &[Arc<PoolOperation>],
    simulation: &Simulation,
) -> Vec<Sanction> {
    let mut warm = Warm::default();
    let mut sanctions = Vec::new();
    for (pooled, outcome) in operations.iter().zip(&simulation.ops) {
        let (trace, before) = (&outcome.trace, pooled.facts.gas);
        let frames = [
            (EntityKind::Factory, &trace.deploy, before.factory),
            (EntityKind::Account, &trace.account, before.account),
            (EntityKind::Paymaster, &trace.paymaster_frame, before.paymaster),
        ];
        for (kind, frame, before) in frames {
            let Some(frame) = frame else { continue };
            let saved = before.saturating_sub(frame.gas_used.saturating_add(warm.saves(frame)));
            if pooled.is_staked(kind) && saved > before / 10 {
                sanctions.push(Sanction::Throttle(frame.entity));
            }
        }
        trace.frames().for_each(|frame| warm.add(frame));
    }
    sanctions.sort_unstable();
    sanctions.dedup();
    sanctions
}

/// What earlier operations of the bundle used.
#[derive(Debug, Default)]
struct Warm {
    addresses: BTreeSet<Address>,
    slots: BTreeSet<(Address, U256)>,
}

impl Warm {
    fn add(&mut self, frame: &FrameTrace) {
        self.addresses.extend(addresses(frame));
        self.slots.extend(frame.storage.iter().map(|used| (used.address, used.slot)));
    }

    /// The most gas that the frame saves through this.
    fn saves(&self, frame: &FrameTrace) -> u64 {
        let of_addresses = addresses(frame)
            .collect::<BTreeSet<_>>()
            .iter()
            .filter(|address| self.addresses.contains(*address))
            .count() as u64
            * WARM_ADDRESS;
        let of_slots: u64 = frame
            .storage
            .iter()
            .filter(|used| self.slots.contains(&(used.address, used.slot)))
            .map(|used| if used.access.writes() { WARM_WRITE } else { WARM_SLOT })
            .sum();
        of_addresses + of_slots
    }
}

fn addresses(frame: &FrameTrace) -> impl Iterator<Item = Address> {
    let called = frame.calls.iter().map(|call| call.to);
    called.chain(frame.code_accesses.iter().map(|access| access.target)).chain([frame.entity])
}

#[cfg(test)]
#[path = "savings_tests.rs"]
mod tests;
