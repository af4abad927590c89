//! Looks at calls that come through no EntryPoint: who makes them, and what each does.

use alloy::primitives::{Address, B256, Bytes, Log, U256, keccak256};
use revm::{
    Inspector,
    context_interface::ContextTr,
    inspector::JournalExt,
    interpreter::{
        CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome,
        interpreter::EthInterpreter,
    },
};

use super::{
    effects::{self, Checkpoint},
    frames::status_of,
    inspect::account,
    record,
};
use crate::{
    answers::Answers,
    calls::{CallSequence, SimulatedOutcome},
    effects::Effects,
    limits::Limits,
};

/// A frame on the call stack.
#[derive(Clone, Debug)]
struct Frame {
    /// `address(this)`.
    target: Address,
    /// Hash of what the account was called with, where the code at its own address runs.
    dispatches: Option<B256>,
    /// What the watched contract asks, where this is a question of it.
    question: Option<Bytes>,
    checkpoint: Checkpoint,
    logs: usize,
}

/// The inspector of one [`CallSequence`].
#[derive(Debug)]
pub(crate) struct CallsTracer {
    callers: Vec<Address>,
    account: Address,
    implementation: Option<Address>,
    watched: Address,
    limits: Limits,
    frames: Vec<Frame>,
    ended: Vec<SimulatedOutcome>,
    /// Of the call that is under way.
    effects: Effects,
    logs: Vec<Log>,
    answers: Answers,
    /// Bytes of calldata that may still be kept of the account's calls.
    room: usize,
    overflow: bool,
}

impl CallsTracer {
    pub(crate) fn new(sequence: &CallSequence, limits: Limits) -> Self {
        Self {
            callers: sequence.calls.iter().map(|call| call.from).collect(),
            account: sequence.account,
            implementation: sequence.implementation,
            watched: sequence.watched,
            limits,
            frames: Vec::with_capacity(16),
            ended: Vec::with_capacity(sequence.calls.len()),
            effects: Effects::default(),
            logs: Vec::new(),
            answers: Answers::default(),
            room: limits.call_data,
            overflow: false,
        }
    }

    /// What was seen, unless a list grew beyond [`Limits::records`].
    pub(crate) fn finish(self) -> Option<Vec<SimulatedOutcome>> {
        let mut ended = self.ended;
        for outcome in &mut ended {
            record::fold(&mut outcome.effects.touched);
        }
        (!self.overflow).then_some(ended)
    }

    /// Whether a call is under way.
    const fn looks(&self) -> bool {
        !self.frames.is_empty()
    }

    fn bound(&mut self) {
        let records = Checkpoint::of(&self.effects).records() + self.logs.len();
        self.overflow |= records > self.limits.records;
    }

    fn enter(&mut self, inputs: &CallInputs, caller: Address, input: impl Fn() -> Bytes) -> Frame {
        let calling = self.frames.last().and_then(|calling| calling.dispatches);
        let asks = inputs.scheme == CallScheme::StaticCall && caller == self.watched;
        let frame = Frame {
            target: inputs.target_address,
            dispatches: None,
            question: asks.then(&input),
            checkpoint: Checkpoint::of(&self.effects),
            logs: self.logs.len(),
        };
        let delegates = matches!(inputs.scheme, CallScheme::DelegateCall | CallScheme::CallCode);
        if inputs.scheme == CallScheme::Call
            && self.frames.len() > 1
            && caller == self.account
            && !self.overflow
        {
            let call = (inputs.target_address, inputs.transfer_value().unwrap_or_default());
            self.overflow |= self.effects.calls.len() >= self.limits.records;
            self.room = effects::sender_call(&mut self.effects, call, &input(), self.room);
        }
        if let Some(value) = inputs.transfer_value() {
            effects::native(&mut self.effects, caller, inputs.target_address, value);
        }
        let own = inputs.target_address == self.account;
        if delegates {
            // The account's own code, run for what it was called with, is no delegatecall of the call.
            let handed_on = own
                && inputs.scheme == CallScheme::DelegateCall
                && self.implementation == Some(inputs.bytecode_address)
                && calling == Some(keccak256(input()));
            if !handed_on {
                effects::delegate_call(&mut self.effects, caller, inputs.bytecode_address);
            }
        }
        let (to, most) = (inputs.bytecode_address, usize::MAX);
        self.overflow |= record::push(&mut self.effects.touched, to, most).is_err();
        self.bound();
        let dispatches =
            (own && !delegates && self.implementation.is_some()).then(|| keccak256(input()));
        Frame { dispatches, ..frame }
    }

    fn leave(&mut self, frame: &Frame, kept: bool, output: &[u8]) {
        if let Some(question) = frame.question.as_ref().filter(|_| kept) {
            let most = self.limits.records;
            self.overflow |= !self.answers.push(frame.target, question, output, most);
        }
        if !kept {
            frame.checkpoint.restore(&mut self.effects);
            self.logs.truncate(frame.logs);
        }
    }
}

impl<CTX> Inspector<CTX, EthInterpreter> for CallsTracer
where
    CTX: ContextTr<Journal: JournalExt>,
{
    fn log(&mut self, _: &mut CTX, log: Log) {
        if !self.looks() {
            return;
        }
        // No EntryPoint is called here: the canonical ones are known by their addresses.
        effects::log(&mut self.effects, &log, Address::ZERO);
        if log.address == self.watched {
            self.logs.push(log);
        }
        self.bound();
    }

    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let root = Frame {
            target: inputs.target_address,
            dispatches: None,
            question: None,
            checkpoint: Checkpoint::default(),
            logs: 0,
        };
        let frame = match self.frames.len() {
            // The stage itself.
            0 => root,
            depth => {
                if depth == 1 {
                    if let Some(caller) = self.callers.get(self.ended.len()) {
                        inputs.caller = *caller;
                    }
                    self.room = self.limits.call_data;
                }
                let caller = match (depth, self.frames.last()) {
                    (1, _) | (_, None) => inputs.caller,
                    (_, Some(calling)) => calling.target,
                };
                let inputs = &*inputs;
                let context = &*context;
                self.enter(inputs, caller, || {
                    Bytes::copy_from_slice(&inputs.input.as_bytes(context))
                })
            }
        };
        self.frames.push(frame);
        None
    }

    fn call_end(&mut self, _: &mut CTX, _: &CallInputs, outcome: &mut CallOutcome) {
        let Some(frame) = self.frames.pop() else { return };
        let status = status_of(outcome.result.result);
        self.leave(&frame, status.is_success(), &outcome.result.output);
        if self.frames.len() == 1 {
            let output = &outcome.result.output;
            let most = self.limits.output.min(output.len());
            self.ended.push(SimulatedOutcome {
                status,
                output: Bytes::copy_from_slice(&output[..most]),
                effects: std::mem::take(&mut self.effects),
                logs: std::mem::take(&mut self.logs),
                answers: std::mem::take(&mut self.answers),
            });
        }
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        let nonce = account(context, inputs.caller()).map_or(0, |creator| creator.nonce);
        let created = inputs.created_address(nonce);
        let frame = Frame {
            target: created,
            dispatches: None,
            question: None,
            checkpoint: Checkpoint::of(&self.effects),
            logs: self.logs.len(),
        };
        effects::native(&mut self.effects, inputs.caller(), created, inputs.value());
        self.effects.created.push(created);
        self.effects.touched.push(created);
        self.bound();
        self.frames.push(frame);
        None
    }

    fn create_end(&mut self, _: &mut CTX, _: &CreateInputs, outcome: &mut CreateOutcome) {
        let Some(frame) = self.frames.pop() else { return };
        self.leave(&frame, status_of(outcome.result.result).is_success(), &[]);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        if self.looks() {
            effects::native(&mut self.effects, contract, target, value);
            self.bound();
        }
    }
}
