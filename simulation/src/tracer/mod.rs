//! The tracer: one pass over `handleOps`, no allocation per step.
//!
//! ```text
//!  handleOps                          depth 0   EntryPoint: only how much gas it reads to be left
//!   ├─ SenderCreator.createSender     depth 1
//!   │    └─ factory (or sender)       depth 2   Deploy      ┐
//!   ├─ sender.validateUserOp          depth 1   Account     ├ recorded for the rules
//!   ├─ paymaster.validatePaymaster…   depth 1   Paymaster   ┘
//!   ├─ this.innerHandleOp             depth 1
//!   │    ├─ sender (callData)         depth 2   Execution   ┐ effects
//!   │    └─ paymaster.postOp          depth 2   PostOp      ┘
//!   └─ paymaster.postOp               depth 1   PostOp (v0.6, after a reverted innerHandleOp)
//! ```
//!
//! A frame belongs to a phase by who called it at which depth, not by what it does. A table per kind of
//! frame says which opcodes matter in it; a step of any other costs what it costs without a tracer
//! (see [`evm`]).

mod calls;
mod dispatch;
mod effects;
mod evm;
mod frames;
mod inspect;
mod meter;
mod record;
mod returned;
mod table;

use alloy::primitives::{Address, B256, Bytes, U256};
use revm::primitives::hardfork::SpecId;
use writ_types::{EntryPoint, UserOperation};

use crate::{
    abi::Selectors,
    answers::Answers,
    effects::Effects,
    limits::Limits,
    outcome::ExecutionFrame,
    trace::{CodeVisit, FrameTrace, OpTrace, Phase},
    validation::{PaymasterValidation, ValidationData},
};
pub(crate) use calls::CallsTracer;
use dispatch::Dispatch;
use effects::Checkpoint;
pub(crate) use evm::run;
use meter::Meter;
use record::Overflow;
use table::Table;

/// What the tracer is told.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) entry_point: EntryPoint,
    pub(crate) ignore_signature: bool,
    pub(crate) validation_only: bool,
    pub(crate) spec: SpecId,
    pub(crate) limits: Limits,
    /// Whose static calls are kept in unrestricted phases.
    pub(crate) watched: Option<Address>,
}

/// What the tracer saw of one operation.
#[derive(Debug)]
pub(crate) struct OpRecord {
    pub(crate) trace: OpTrace,
    pub(crate) account: Option<ValidationData>,
    pub(crate) paymaster: Option<PaymasterValidation>,
    pub(crate) execution: Option<ExecutionFrame>,
    pub(crate) post_op: Option<ExecutionFrame>,
    pub(crate) inner_gas_used: Option<u64>,
    pub(crate) effects: Effects,
    pub(crate) answers: Answers,
    pub(crate) post_op_effects: Effects,
    /// Bytes of calldata that may still be kept of the sender's calls.
    call_data_room: usize,
    verification_gas_limit: u64,
    paymaster_verification_gas_limit: u64,
    /// The contract to which the account handed its validation on, as it was called; none when it validates by itself.
    implementation: Option<Address>,
    /// Hash of what `executeUserOp` wraps in the operation's calldata.
    wrapped: Option<B256>,
    /// Whether the operation carries callData: if not, `innerHandleOp` makes no call to the sender.
    calls_sender: bool,
}

/// What a frame on the call stack is to `handleOps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Some frame below a role.
    Inner,
    /// `handleOps` itself, and frames outside of any phase.
    Outside,
    /// SenderCreator, called by the EntryPoint.
    Creator,
    /// The first frame of a validation phase.
    Entity(Phase),
    /// `innerHandleOp`.
    InnerHandleOp,
    /// The first frame of an unrestricted phase.
    Unrestricted(Phase),
}

/// Which record a frame belongs to, to be completed when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    Nothing,
    Call(usize),
    Create(usize),
}

/// A frame on the call stack.
#[derive(Clone, Copy, Debug)]
struct Frame {
    role: Role,
    /// `address(this)`.
    target: Address,
    /// Where the code was loaded from.
    code: Address,
    record: Pending,
    checkpoint: Checkpoint,
    dispatch: Dispatch,
}

/// An instruction whose result is looked at right after it ran.
#[derive(Clone, Copy, Debug)]
enum After {
    Nothing,
    Keccak { offset: usize },
    ExtCode { opcode: u8, target: Address, next: u8 },
    EntryGas,
}

/// The inspector. One per simulation.
#[derive(Debug)]
pub(crate) struct Tracer {
    setup: Setup,
    selectors: Selectors,
    sender_creator: Address,
    validation: &'static Table,
    /// The table of the running frame.
    table: &'static Table,
    /// Whether `after` holds something: the one thing looked at after every step.
    waiting: bool,
    after: After,
    meter: Meter,
    frames: Vec<Frame>,
    ops: Vec<OpRecord>,
    /// Calls of `validateUserOp` so far.
    validated: usize,
    /// Calls of `innerHandleOp` so far.
    executed: usize,
    /// The operation whose validation is running or was last.
    op: usize,
    /// The validation frame being recorded, and the stack index of its first frame.
    current: Option<(FrameTrace, usize)>,
    /// Addresses visited in the validation frame being recorded.
    visited: Vec<Address>,
    /// The unrestricted phase whose effects are being collected.
    collecting: Option<Phase>,
    /// The simulation ended at the first execution frame, as asked.
    pub(crate) stopped: bool,
    overflow: bool,
}

impl Tracer {
    pub(crate) fn new(setup: Setup, ops: &[UserOperation]) -> Self {
        let sender_creator = setup.entry_point.sender_creator();
        let ops = ops
            .iter()
            .enumerate()
            .map(|(index, op)| OpRecord::new(index, op, &setup, sender_creator))
            .collect();
        Self {
            selectors: Selectors::new(setup.entry_point.version.is_packed()),
            sender_creator,
            validation: table::validation_table(setup.spec),
            table: &table::PLAIN,
            waiting: false,
            after: After::Nothing,
            meter: Meter::new(!setup.entry_point.version.is_packed()),
            frames: Vec::with_capacity(16),
            ops,
            validated: 0,
            executed: 0,
            op: 0,
            current: None,
            visited: Vec::new(),
            collecting: None,
            stopped: false,
            overflow: false,
            setup,
        }
    }

    /// The records, unless a list grew beyond [`Limits::records`].
    pub(crate) fn finish(self) -> Result<Vec<OpRecord>, usize> {
        if self.overflow {
            return Err(self.setup.limits.records);
        }
        let mut ops = self.ops;
        for op in &mut ops {
            record::fold(&mut op.trace.associations);
            fold_visits(&mut op.trace.code_visits);
            record::fold(&mut op.effects.touched);
            record::fold(&mut op.post_op_effects.touched);
        }
        Ok(ops)
    }

    /// Notes that something did not fit.
    fn keep(&mut self, pushed: Result<(), Overflow>) {
        self.overflow |= pushed.is_err();
    }

    /// Return data fit to be kept: bounded, and not holding on to a larger buffer.
    fn bounded(&self, output: &Bytes) -> Bytes {
        let most = self.setup.limits.output;
        if output.len() <= most { output.clone() } else { Bytes::copy_from_slice(&output[..most]) }
    }
}

impl OpRecord {
    fn new(index: usize, op: &UserOperation, setup: &Setup, sender_creator: Address) -> Self {
        Self {
            trace: OpTrace {
                index,
                entry_point: setup.entry_point,
                sender_creator,
                sender: op.sender,
                factory: op.factory_address(),
                paymaster: op.paymaster_address(),
                sender_existed: false,
                deploy: None,
                account: None,
                paymaster_frame: None,
                verification_gas: None,
                paymaster_verification_gas: None,
                associations: Vec::new(),
                code_visits: Vec::new(),
            },
            account: None,
            paymaster: None,
            execution: None,
            post_op: None,
            inner_gas_used: None,
            effects: Effects::default(),
            answers: Answers::default(),
            post_op_effects: Effects::default(),
            call_data_room: setup.limits.call_data,
            verification_gas_limit: op.verification_gas_limit.try_into().unwrap_or(u64::MAX),
            paymaster_verification_gas_limit: op.paymaster.as_ref().map_or(0, |paymaster| {
                paymaster.verification_gas_limit.try_into().unwrap_or(u64::MAX)
            }),
            implementation: None,
            wrapped: dispatch::wrapped(&op.call_data),
            calls_sender: !op.call_data.is_empty(),
        }
    }

    /// Whether slots may be associated with `address`.
    fn is_owner(&self, address: Address) -> bool {
        let trace = &self.trace;
        address == trace.sender
            || Some(address) == trace.factory
            || Some(address) == trace.paymaster
    }

    fn effects_of(&mut self, phase: Phase) -> &mut Effects {
        if phase == Phase::PostOp { &mut self.post_op_effects } else { &mut self.effects }
    }
}

/// One entry per address: the last one recorded, which is the code after all of validation.
fn fold_visits(visits: &mut Vec<CodeVisit>) {
    visits.sort_by_key(|visit| visit.address);
    visits.dedup_by(|later, kept| {
        let same = later.address == kept.address;
        if same {
            *kept = *later;
        }
        same
    });
}

/// Reads the stack from the top without assuming that it is deep enough.
fn peek(stack: &[U256], from_top: usize) -> Option<U256> {
    stack.len().checked_sub(from_top + 1).map(|index| stack[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_visit_of_an_address_counts() {
        let visit = |address, hash| CodeVisit {
            address: Address::repeat_byte(address),
            code_hash: B256::repeat_byte(hash),
        };
        let mut visits = vec![visit(2, 1), visit(1, 5), visit(2, 3)];
        fold_visits(&mut visits);
        assert_eq!(visits, [visit(1, 5), visit(2, 3)]);
    }
}
