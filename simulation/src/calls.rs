//! Calls that come through no EntryPoint: each as its caller would make it, all in one transaction.
//!
//! ```text
//!  DEFAULT_ORIGIN ──> STAGE (code made for this run)
//!                       ├─ call 0 ── told to come from calls[0].from ──> calls[0].to
//!                       └─ call 1 ── told to come from calls[1].from ──> calls[1].to     effects, of each on its own
//! ```
//!
//! Whoever is to call may be an account with or without code: nothing at its address is replaced, its balance pays, and it
//! gets the callbacks that it would get. The first call that fails is the last one that is made.

use alloy::primitives::{Address, Bytes, Log, TxKind, U256, address};
use revm::{
    InspectEvm, MainBuilder,
    bytecode::opcode,
    context::{TxEnv, result::ExecutionResult},
};

use crate::{
    answers::Answers,
    effects::Effects,
    error::SimulationError,
    overrides::Overrides,
    request::DEFAULT_ORIGIN,
    simulator::{Simulator, no_verdict},
    state::PinnedBlock,
    trace::FrameStatus,
    tracer::CallsTracer,
};

/// Where the calls of a run are made from: the last 20 bytes of `keccak256("writ.simulation.stage")`.
pub(crate) const STAGE: Address = address!("43af0e52ed690591e72bdb7baa40ac7b2f70228f");

/// Most calls of one run.
pub const MAX_SIMULATED_CALLS: usize = 8;

/// One call of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedCall {
    /// `msg.sender`, and who pays the value.
    pub from: Address,
    /// Who is called.
    pub to: Address,
    /// Wei that go with it.
    pub value: U256,
    /// The calldata.
    pub data: Bytes,
}

/// Calls to run one after another in one transaction, and whom they are looked at for.
#[derive(Clone, Debug)]
pub struct CallSequence {
    /// The calls, 1 to [`MAX_SIMULATED_CALLS`].
    pub calls: Vec<SimulatedCall>,
    /// Whose calls are told in [`Effects::calls`], and whose own dispatch is no delegatecall among the effects.
    pub account: Address,
    /// The contract to which the code at the account's address hands on what it is called with, if it does.
    pub implementation: Option<Address>,
    /// The contract whose logs are kept, and what it is answered.
    pub watched: Address,
    /// State to pretend.
    pub overrides: Overrides,
}

/// What one call of a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedOutcome {
    /// How it ended.
    pub status: FrameStatus,
    /// What it returned, or reverted with; of long data the beginning.
    pub output: Bytes,
    /// What it did; nothing, when it failed, but the account's calls.
    pub effects: Effects,
    /// What the watched contract logged, in order.
    pub logs: Vec<Log>,
    /// What the watched contract asked, and was answered.
    pub answers: Answers,
}

impl Simulator {
    /// Runs the calls on the block. There are as many outcomes as calls were made: all up to the first that failed.
    ///
    /// # Errors
    /// When there is no verdict: see [`SimulationError`].
    pub async fn simulate_calls(
        &self,
        block: &PinnedBlock,
        sequence: &CallSequence,
    ) -> Result<Vec<SimulatedOutcome>, SimulationError> {
        let count = sequence.calls.len();
        if count == 0 {
            return Err(SimulationError::InvalidRequest("there is no call to run".to_owned()));
        }
        if count > MAX_SIMULATED_CALLS {
            return Err(SimulationError::LimitExceeded {
                what: "calls",
                limit: MAX_SIMULATED_CALLS,
            });
        }
        let mut accounts = vec![block.header().coinbase, sequence.account, sequence.watched];
        accounts.extend(sequence.implementation);
        accounts.extend(sequence.calls.iter().flat_map(|call| [call.from, call.to]));
        accounts.sort_unstable();
        accounts.dedup();
        block.prefetch(&accounts, &[]).await?;
        let sequence = sequence.clone();
        self.run_blocking(block, move |simulator, block| run(simulator, block, &sequence)).await
    }
}

fn run(
    simulator: &Simulator,
    block: &PinnedBlock,
    sequence: &CallSequence,
) -> Result<Vec<SimulatedOutcome>, SimulationError> {
    let overrides = sequence.overrides.clone().with_code(STAGE, stage(&sequence.calls)?);
    let tx = TxEnv {
        tx_type: 2,
        caller: DEFAULT_ORIGIN,
        kind: TxKind::Call(STAGE),
        gas_limit: simulator.gas_limit(block.header()),
        gas_price: block.base_fee().into(),
        gas_priority_fee: Some(0),
        chain_id: Some(block.chain_id()),
        ..TxEnv::default()
    };
    let db = simulator.db(block, &overrides, DEFAULT_ORIGIN);
    let context = simulator.context(block.header(), block.chain_id(), db);
    let limits = simulator.options().limits;
    let mut evm = context
        .build_mainnet_with_inspector(CallsTracer::new(sequence, simulator.options().limits));
    let result = evm.inspect_one_tx(tx).map_err(no_verdict)?;
    if let ExecutionResult::Halt { reason, .. } = result {
        return Err(SimulationError::Interrupted(format!("the stage halted: {reason:?}")));
    }
    evm.inspector
        .finish()
        .ok_or(SimulationError::LimitExceeded { what: "trace records", limit: limits.records })
}

/// Code that makes the calls in order and stops at the first that fails.
fn stage(calls: &[SimulatedCall]) -> Result<Bytes, SimulationError> {
    /// Bytes of code for one call.
    const EACH: usize = 107;
    let mut code = Vec::new();
    let mut at = EACH * calls.len() + 1;
    let number = |value: usize| {
        u32::try_from(value).map(u32::to_be_bytes).map_err(|_| SimulationError::LimitExceeded {
            what: "bytes of calldata",
            limit: 1 << 24,
        })
    };
    for (index, call) in calls.iter().enumerate() {
        let (length, from, next) =
            (number(call.data.len())?, number(at)?, number(EACH * (index + 1) - 1)?);
        let mut put = |bytes: &[u8]| code.extend_from_slice(bytes);
        // Whoever calls has to be loaded, as a caller is.
        put(&[opcode::PUSH20]);
        put(call.from.as_slice());
        put(&[opcode::BALANCE, opcode::POP]);
        put(&[opcode::PUSH4]);
        put(&length);
        put(&[opcode::PUSH4]);
        put(&from);
        put(&[opcode::PUSH0, opcode::CODECOPY]);
        put(&[opcode::PUSH0, opcode::PUSH0, opcode::PUSH4]);
        put(&length);
        put(&[opcode::PUSH0, opcode::PUSH32]);
        put(&call.value.to_be_bytes::<32>());
        put(&[opcode::PUSH20]);
        put(call.to.as_slice());
        put(&[opcode::GAS, opcode::CALL, opcode::PUSH4]);
        put(&next);
        put(&[opcode::JUMPI, opcode::STOP, opcode::JUMPDEST]);
        at += call.data.len();
    }
    code.push(opcode::STOP);
    for call in calls {
        code.extend_from_slice(&call.data);
    }
    Ok(code.into())
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
