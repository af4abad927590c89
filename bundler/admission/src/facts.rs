//! What an operation's validation rests on, written down so that a later block can be compared with it.

use alloy::primitives::{Address, B256, KECCAK256_EMPTY, Keccak256, U256};
use writ_pool::{Facts, PoolOperation, Slot, ValidationGas};
use writ_simulation::{
    OpOutcome, PinnedBlock,
    trace::{OpTrace, OpcodeClass},
};
use writ_types::{Entity, EntityKind, EntryPoint, UserOperation};

use crate::{Admission, AdmissionError, Verdict, stakes};

/// What one validation found, besides that it passed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Findings {
    /// Bytes of the paymaster's context.
    pub context_length: usize,
    /// Gas of the validation frames.
    pub gas: ValidationGas,
    /// Addresses that validation called or looked at, without the EntryPoint, sorted.
    pub visited: Vec<Address>,
    /// Addresses that validation created, sorted.
    pub created: Vec<Address>,
    /// Whether the result depends on slots, code and the sender's funds only: a balance that was read can change
    /// without any of them.
    pub comparable: bool,
}

impl Findings {
    pub(crate) fn of(outcome: &OpOutcome) -> Self {
        let trace = &outcome.trace;
        let gas = |frame: &Option<writ_simulation::trace::FrameTrace>| {
            frame.as_ref().map_or(0, |frame| frame.gas_used)
        };
        let used_balance = trace
            .frames()
            .flat_map(|frame| &frame.opcodes)
            .any(|used| used.class == OpcodeClass::Balance);
        Self {
            context_length: outcome.paymaster.map_or(0, |validation| validation.context_len),
            gas: ValidationGas {
                factory: gas(&trace.deploy),
                account: gas(&trace.account),
                paymaster: gas(&trace.paymaster_frame),
            },
            visited: visited(trace),
            created: created(trace),
            comparable: !used_balance,
        }
    }
}

fn visited(trace: &OpTrace) -> Vec<Address> {
    let visits = trace.code_visits.iter().map(|visit| visit.address);
    sorted(visits.filter(|address| *address != trace.entry_point.address))
}

fn created(trace: &OpTrace) -> Vec<Address> {
    sorted(trace.frames().flat_map(|frame| &frame.creates).filter_map(|create| create.created))
}

fn sorted(addresses: impl Iterator<Item = Address>) -> Vec<Address> {
    let mut addresses: Vec<Address> = addresses.collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Everything in the block that the result of a validation rests on: the slots it used, the code of all it visited,
/// and the sender's funds, on which the EntryPoint's question to the account depends. The EntryPoint's own slots
/// change with every operation and are left to the trace of the whole bundle.
///
/// Reading them is one batch of what the bundle's trace has to read anyway; a node gives no list of changed slots that
/// would be cheaper.
pub(crate) async fn state_digest(
    block: &PinnedBlock,
    operation: &UserOperation,
    entry_point: EntryPoint,
    touched: &[Slot],
    visited: &[Address],
) -> Result<B256, AdmissionError> {
    let funds = stakes::slots_of(operation.sender).map(|slot| (entry_point.address, slot));
    let slots: Vec<(Address, U256)> =
        touched.iter().map(|slot| (slot.address, slot.slot)).chain(funds).collect();
    let accounts: Vec<Address> = visited.iter().copied().chain([operation.sender]).collect();
    block.prefetch(&accounts, &slots).await?;
    let mut hasher = Keccak256::new();
    for (address, slot) in &slots {
        hasher.update(address);
        hasher.update(slot.to_be_bytes::<32>());
        hasher.update(block.storage(*address, *slot).await?.to_be_bytes::<32>());
    }
    for address in visited {
        let code = block.account(*address).await?.code_hash;
        hasher.update(address);
        hasher.update(if code.is_zero() { KECCAK256_EMPTY } else { code });
    }
    hasher.update(block.account(operation.sender).await?.balance.to_be_bytes::<32>());
    Ok(hasher.finalize())
}

impl Admission {
    /// Writes down in `pooled` what a verdict at `block` found.
    pub(crate) async fn note(
        &self,
        pooled: &mut PoolOperation,
        verdict: Verdict,
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        let entry_point = pooled.entry_point;
        pooled.code_digest = Some(verdict.code);
        pooled.touched = slots_outside(&verdict, entry_point);
        pooled.validity = verdict.validity;
        pooled.simulated_at = block.number();
        let Findings { context_length, gas, visited, created, comparable } = verdict.findings;
        let state = if comparable {
            let (operation, touched) = (&pooled.operation, &pooled.touched);
            Some(state_digest(block, operation, entry_point, touched, &visited).await?)
        } else {
            None
        };
        pooled.facts = Facts {
            context_length,
            gas,
            visited,
            created,
            state,
            ..std::mem::take(&mut pooled.facts)
        };
        Ok(())
    }

    /// Writes down in `pooled` which of its entities are staked, and what its paymaster has deposited.
    pub(crate) async fn note_stakes(
        &self,
        pooled: &mut PoolOperation,
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        let entities: Vec<Entity> = pooled.operation.entities().collect();
        let addresses = entities.iter().map(|entity| entity.address).collect();
        let standings =
            stakes::standings(self.simulator(), block, pooled.entry_point, addresses).await?;
        let constants = &self.rules().constants;
        for (entity, standing) in entities.iter().zip(standings) {
            let stake = standing.stake;
            let staked = stake.is_staked(constants.min_stake_value, constants.min_unstake_delay);
            match entity.kind {
                EntityKind::Account => pooled.sender_staked = staked,
                EntityKind::Factory => pooled.facts.staked_factory = staked,
                EntityKind::Paymaster => {
                    pooled.facts.staked_paymaster = staked;
                    pooled.facts.paymaster_deposit = Some(standing.deposit);
                }
                EntityKind::Aggregator => {}
            }
        }
        Ok(())
    }
}

/// Slots outside the EntryPoint: its own change with every operation, and simulation applies those.
fn slots_outside(verdict: &Verdict, entry_point: EntryPoint) -> Vec<Slot> {
    verdict
        .slots
        .iter()
        .filter(|(address, _)| *address != entry_point.address)
        .map(|(address, slot)| Slot { address: *address, slot: *slot })
        .collect()
}
