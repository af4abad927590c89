//! What happens when frames begin and end.

use alloy::primitives::{Address, Bytes, KECCAK256_EMPTY, keccak256};
use revm::{
    context_interface::ContextTr,
    inspector::JournalExt,
    interpreter::{
        CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome, CreateScheme, Gas,
        InstructionResult,
    },
};

use super::{
    Frame, OpRecord, Pending, Role, Tracer,
    dispatch::Dispatch,
    effects::{self, Checkpoint},
    inspect::{account, code_state},
    meter::Counted,
    record, returned, table,
};
use crate::{
    outcome::ExecutionFrame,
    trace::{CallKind, CallUse, CodeVisit, CreateUse, FrameStatus, FrameTrace, OutOfGas, Phase},
};

/// Bytes of input that are looked at: selector and first argument.
const HEAD: usize = 36;

impl Tracer {
    pub(super) fn enter_call<CTX>(&mut self, context: &mut CTX, inputs: &CallInputs)
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let mut head = [0; HEAD];
        let input_len = {
            let input = inputs.input.as_bytes(context);
            let known = input.len().min(HEAD);
            head[..known].copy_from_slice(&input[..known]);
            input.len()
        };
        let selector = (input_len >= 4).then(|| [head[0], head[1], head[2], head[3]]);
        let role = self.role_of(inputs, selector);
        let (dispatch, own) =
            self.dispatch_of(role, inputs, || keccak256(&*inputs.input.as_bytes(context)));
        let mut frame = Frame {
            role,
            target: inputs.target_address,
            code: inputs.bytecode_address,
            record: Pending::Nothing,
            checkpoint: Checkpoint::default(),
            dispatch,
        };
        match role {
            Role::Inner if self.current.is_some() => {
                frame.record = self.record_call(context, inputs, selector, &head, input_len);
            }
            Role::Inner if self.collecting.is_some() => {
                self.note_sender_call(context, inputs);
                frame.checkpoint = self.collect_call(inputs, own);
            }
            Role::Entity(phase) => {
                match phase {
                    Phase::Account => self.meter.begin(Counted::Verification),
                    Phase::Paymaster => self.meter.begin(Counted::PaymasterVerification),
                    _ => {}
                }
                self.begin_entity(context, phase, inputs);
            }
            Role::InnerHandleOp => {
                self.executed += 1;
            }
            Role::Unrestricted(phase) => {
                self.collecting = Some(phase);
                frame.checkpoint = self.collect_call(inputs, own);
            }
            Role::Creator => self.meter.begin(Counted::Verification),
            Role::Inner | Role::Outside => {}
        }
        self.frames.push(frame);
        self.choose_table();
    }

    pub(super) fn leave_call<CTX>(
        &mut self,
        context: &mut CTX,
        inputs: &CallInputs,
        outcome: &mut CallOutcome,
    ) where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let Some(frame) = self.frames.pop() else { return };
        let status = status_of(outcome.result.result);
        if status == FrameStatus::OutOfGas {
            self.record_out_of_gas(frame.target);
        }
        if let (Pending::Call(index), Some((trace, _))) = (frame.record, &mut self.current)
            && let Some(call) = trace.calls.get_mut(index)
        {
            call.status = status;
        }
        if status.is_success() {
            self.note_answer(context, inputs, &outcome.result.output);
        } else {
            self.forget_since(frame.checkpoint);
        }
        let gas = &outcome.result.gas;
        match frame.role {
            Role::Entity(phase) => {
                if phase != Phase::Deploy {
                    self.meter.end();
                }
                self.end_entity(context, phase, status, gas, &mut outcome.result.output);
            }
            Role::Creator => self.end_creator(status, gas, inputs.gas_limit),
            Role::InnerHandleOp => {
                if let Some(op) = self.executing() {
                    op.inner_gas_used = Some(gas.total_gas_spent());
                    if !status.is_success() {
                        // Whatever execution and postOp did is undone with the frame around them.
                        for effects in [&mut op.effects, &mut op.post_op_effects] {
                            Checkpoint::default().restore(effects);
                        }
                    }
                }
            }
            Role::Unrestricted(phase) => {
                self.collecting = None;
                let output = self.bounded(&outcome.result.output);
                let ended = ExecutionFrame {
                    gas_limit: inputs.gas_limit,
                    gas_used: gas.total_gas_spent(),
                    status,
                    output,
                };
                if let Some(op) = self.executing() {
                    match phase {
                        Phase::PostOp => op.post_op = Some(ended),
                        _ => op.execution = Some(ended),
                    }
                }
            }
            Role::Inner | Role::Outside => {}
        }
        self.choose_table();
    }

    pub(super) fn enter_create<CTX>(&mut self, context: &mut CTX, inputs: &CreateInputs)
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let create2 = matches!(inputs.scheme(), CreateScheme::Create2 { .. });
        let nonce = account(context, inputs.caller()).map_or(0, |creator| creator.nonce);
        let created = inputs.created_address(nonce);
        let mut frame = Frame {
            role: Role::Inner,
            target: created,
            code: created,
            record: Pending::Nothing,
            checkpoint: Checkpoint::default(),
            dispatch: Dispatch::No,
        };
        let depth = self.depth();
        let creator_code = self.frames.last().map_or(Address::ZERO, |running| running.code);
        let bound = self.setup.limits.records;
        if let Some((trace, _)) = &mut self.current {
            self.overflow |= trace.creates.len() >= bound;
            frame.record = Pending::Create(trace.creates.len());
            trace.creates.push(CreateUse {
                create2,
                creator: inputs.caller(),
                creator_code,
                created: None,
                depth,
                status: FrameStatus::Success,
            });
            let visited = record::push(&mut self.visited, created, bound);
            self.keep(visited);
        }
        if let Some(effects) = self.collected() {
            frame.checkpoint = Checkpoint::of(effects);
            effects::native(effects, inputs.caller(), created, inputs.value());
            effects.created.push(created);
            effects.touched.push(created);
            let records = Checkpoint::of(effects).records();
            self.overflow |= records > bound;
        }
        self.frames.push(frame);
        self.choose_table();
    }

    pub(super) fn leave_create(&mut self, _: &CreateInputs, outcome: &CreateOutcome) {
        let Some(frame) = self.frames.pop() else { return };
        let status = status_of(outcome.result.result);
        if status == FrameStatus::OutOfGas {
            self.record_out_of_gas(frame.target);
        }
        if let (Pending::Create(index), Some((trace, _))) = (frame.record, &mut self.current)
            && let Some(create) = trace.creates.get_mut(index)
        {
            create.status = status;
            create.created = outcome.address.filter(|_| status.is_success());
        }
        if !status.is_success() {
            self.forget_since(frame.checkpoint);
        }
        self.choose_table();
    }

    /// The operation whose `innerHandleOp` is running or was last.
    pub(super) fn executing(&mut self) -> Option<&mut OpRecord> {
        self.ops.get_mut(self.executed.checked_sub(1)?)
    }

    /// A frame's part in `handleOps`, told by caller and depth.
    fn role_of(&self, inputs: &CallInputs, selector: Option<[u8; 4]>) -> Role {
        let entry_point = self.setup.entry_point.address;
        let Some(caller) = self.frames.last() else { return Role::Outside };
        match (self.frames.len(), caller.role) {
            (1, Role::Outside) => {
                if inputs.target_address == self.sender_creator {
                    Role::Creator
                } else if inputs.target_address == entry_point {
                    Role::InnerHandleOp
                } else if selector == Some(self.selectors.validate_user_op) {
                    Role::Entity(Phase::Account)
                } else if selector == Some(self.selectors.validate_paymaster) {
                    Role::Entity(Phase::Paymaster)
                } else if selector.is_some() && self.executed > 0 {
                    // v0.6 calls postOp once more after a reverted innerHandleOp.
                    Role::Unrestricted(Phase::PostOp)
                } else {
                    // The beneficiary's payment.
                    Role::Outside
                }
            }
            (2, Role::Creator) => Role::Entity(Phase::Deploy),
            (2, Role::InnerHandleOp) => {
                let op = self.executed.checked_sub(1).and_then(|index| self.ops.get(index));
                match op {
                    Some(op) if op.calls_sender && op.execution.is_none() => {
                        Role::Unrestricted(Phase::Execution)
                    }
                    _ => Role::Unrestricted(Phase::PostOp),
                }
            }
            (_, Role::Outside) => Role::Outside,
            _ => Role::Inner,
        }
    }

    fn begin_entity<CTX>(&mut self, context: &mut CTX, phase: Phase, inputs: &CallInputs)
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        match phase {
            Phase::Deploy => self.op = self.validated,
            Phase::Account => {
                self.op = self.validated;
                self.validated += 1;
            }
            _ => {}
        }
        let entity = inputs.bytecode_address;
        let code = code_state(context, entity);
        if let Some(op) = self.ops.get_mut(self.op) {
            let first = phase == Phase::Deploy || op.trace.deploy.is_none();
            if first && phase != Phase::Paymaster {
                let sender = op.trace.sender;
                op.trace.sender_existed = code_state(context, sender).has_code();
            }
        }
        self.visited.clear();
        self.visited.push(entity);
        let trace = FrameTrace::new(phase, entity, code, inputs.gas_limit);
        self.current = Some((trace, self.frames.len()));
    }

    fn end_entity<CTX>(
        &mut self,
        context: &mut CTX,
        phase: Phase,
        status: FrameStatus,
        gas: &Gas,
        output: &mut Bytes,
    ) where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let Some((mut trace, _)) = self.current.take() else { return };
        trace.gas_used = gas.total_gas_spent();
        trace.status = status;
        trace.output = self.bounded(output);
        record::finish(&mut trace);
        let visits = self.visits(context);
        let forgive = self.setup.ignore_signature && status.is_success();
        let Some(op) = self.ops.get_mut(self.op) else { return };
        op.trace.code_visits.extend(visits);
        match phase {
            Phase::Deploy => op.trace.deploy = Some(trace),
            Phase::Account => {
                op.trace.account = Some(trace);
                op.account = returned::account(output).filter(|_| status.is_success());
            }
            _ => {
                op.trace.paymaster_frame = Some(trace);
                op.paymaster = returned::paymaster(output).filter(|_| status.is_success());
            }
        }
        let word = if phase == Phase::Account { 0 } else { 32 };
        if forgive
            && phase != Phase::Deploy
            && let Some(forgiven) = returned::forgive(output, word)
        {
            *output = forgiven;
        }
    }

    /// SenderCreator's own share counts as the deployment's.
    fn end_creator(&mut self, status: FrameStatus, gas: &Gas, gas_limit: u64) {
        let sender_creator = self.sender_creator;
        let Some(op) = self.ops.get_mut(self.op) else { return };
        if let Some(deploy) = &mut op.trace.deploy {
            deploy.gas_used = gas.total_gas_spent();
            deploy.gas_limit = gas_limit;
            if status == FrameStatus::OutOfGas {
                deploy.out_of_gas.push(OutOfGas { contract: sender_creator, depth: 0 });
            }
        }
    }

    /// Code hashes of everything visited in the frame that just ended, delegates included.
    fn visits<CTX>(&mut self, context: &mut CTX) -> Vec<CodeVisit>
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let mut addresses = std::mem::take(&mut self.visited);
        record::fold(&mut addresses);
        let mut visits = Vec::with_capacity(addresses.len());
        for address in &addresses {
            let info = account(context, *address).unwrap_or_default();
            let delegate = info.code.as_ref().and_then(|code| code.eip7702_address());
            visits.push(visit(*address, info.code_hash));
            if let Some(delegate) = delegate {
                let info = account(context, delegate).unwrap_or_default();
                visits.push(visit(delegate, info.code_hash));
            }
        }
        // Keeps the buffer for the next frame.
        self.visited = addresses;
        visits
    }

    fn record_call<CTX>(
        &mut self,
        context: &mut CTX,
        inputs: &CallInputs,
        selector: Option<[u8; 4]>,
        head: &[u8; HEAD],
        input_len: usize,
    ) -> Pending
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let Some(caller) = self.frames.last().copied() else { return Pending::Nothing };
        let to = inputs.bytecode_address;
        let argument =
            (input_len >= HEAD && head[4..16] == [0; 12]).then(|| Address::from_slice(&head[16..]));
        let call = CallUse {
            kind: kind_of(inputs.scheme),
            from: caller.target,
            from_code: caller.code,
            to,
            value: inputs.transfer_value().unwrap_or_default(),
            selector,
            input_len,
            argument,
            target: code_state(context, to),
            depth: self.depth(),
            status: FrameStatus::Success,
        };
        let bound = self.setup.limits.records;
        let visited = record::push(&mut self.visited, to, bound);
        self.keep(visited);
        let Some((trace, _)) = &mut self.current else { return Pending::Nothing };
        if trace.calls.len() >= bound {
            self.overflow = true;
            return Pending::Nothing;
        }
        trace.calls.push(call);
        Pending::Call(trace.calls.len() - 1)
    }

    /// Notes a CALL by the sender in an unrestricted phase.
    fn note_sender_call<CTX>(&mut self, context: &mut CTX, inputs: &CallInputs)
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let caller = self.frames.last().map(|caller| caller.target);
        let limits = self.setup.limits;
        let Some(phase) = self.collecting else { return };
        let Some(op) = self.executing() else { return };
        if inputs.scheme != CallScheme::Call || caller != Some(op.trace.sender) {
            return;
        }
        let room = op.call_data_room;
        let effects = op.effects_of(phase);
        if effects.calls.len() >= limits.records {
            self.overflow = true;
            return;
        }
        let call = (inputs.target_address, inputs.transfer_value().unwrap_or_default());
        let data = inputs.input.as_bytes(context);
        op.call_data_room = effects::sender_call(effects, call, &data, room);
    }

    /// Notes what the watched contract was answered in the execution. Called when the answering frame has been popped.
    fn note_answer<CTX>(&mut self, context: &mut CTX, inputs: &CallInputs, output: &[u8])
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        let asks = self.setup.watched.is_some()
            && self.collecting == Some(Phase::Execution)
            && inputs.scheme == CallScheme::StaticCall
            && self.frames.last().map(|frame| frame.target) == self.setup.watched;
        if !asks {
            return;
        }
        let most = self.setup.limits.records;
        let Some(op) = self.executing() else { return };
        let data = inputs.input.as_bytes(context);
        let kept = op.answers.push(inputs.target_address, &data, output, most);
        self.overflow |= !kept;
    }

    /// Effects of a call in an unrestricted phase; what they were before it. `own` says that it is the sender's own dispatch.
    fn collect_call(&mut self, inputs: &CallInputs, own: bool) -> Checkpoint {
        let caller = self.frames.last().map_or(inputs.caller, |caller| caller.target);
        let bound = self.setup.limits.records;
        let Some(effects) = self.collected() else { return Checkpoint::default() };
        let before = Checkpoint::of(effects);
        if let Some(value) = inputs.transfer_value() {
            effects::native(effects, caller, inputs.target_address, value);
        }
        if !own && matches!(inputs.scheme, CallScheme::DelegateCall | CallScheme::CallCode) {
            effects::delegate_call(effects, caller, inputs.bytecode_address);
        }
        let pushed = record::push(&mut effects.touched, inputs.bytecode_address, usize::MAX);
        let records = Checkpoint::of(effects).records();
        self.keep(pushed);
        self.overflow |= records > bound;
        before
    }

    /// The effects being collected.
    fn collected(&mut self) -> Option<&mut crate::effects::Effects> {
        let phase = self.collecting?;
        self.executing().map(|op| op.effects_of(phase))
    }

    fn forget_since(&mut self, checkpoint: Checkpoint) {
        if let Some(effects) = self.collected() {
            checkpoint.restore(effects);
        }
    }

    /// Depth of the running frame below the entity's own.
    fn depth(&self) -> u16 {
        let first = self.current.as_ref().map_or(0, |(_, first)| *first);
        (self.frames.len().saturating_sub(first + 1)).try_into().unwrap_or(u16::MAX)
    }

    /// Called when the frame has been popped: it stood one deeper than the stack is now.
    fn record_out_of_gas(&mut self, contract: Address) {
        let index = self.frames.len();
        if let Some((trace, first)) = &mut self.current {
            let depth = index.saturating_sub(*first).try_into().unwrap_or(u16::MAX);
            if trace.out_of_gas.len() < self.setup.limits.records {
                trace.out_of_gas.push(OutOfGas { contract, depth });
            } else {
                self.overflow = true;
            }
        }
    }

    fn choose_table(&mut self) {
        self.table = if self.current.is_some() {
            self.validation
        } else if self.frames.len() == 1 {
            if self.setup.validation_only { &table::ENTRY_UNTIL_EXECUTION } else { &table::ENTRY }
        } else if self.collecting.is_some() {
            &table::EFFECTS
        } else {
            &table::PLAIN
        };
    }
}

fn visit(address: Address, code_hash: alloy::primitives::B256) -> CodeVisit {
    let code_hash = if code_hash.is_zero() { KECCAK256_EMPTY } else { code_hash };
    CodeVisit { address, code_hash }
}

const fn kind_of(scheme: CallScheme) -> CallKind {
    match scheme {
        CallScheme::Call => CallKind::Call,
        CallScheme::CallCode => CallKind::CallCode,
        CallScheme::DelegateCall => CallKind::DelegateCall,
        CallScheme::StaticCall => CallKind::StaticCall,
    }
}

/// Every kind of running out of gas is one: plain, memory, precompile, operand, SSTORE's sentry.
pub(super) const fn status_of(result: InstructionResult) -> FrameStatus {
    match result {
        InstructionResult::OutOfGas
        | InstructionResult::MemoryOOG
        | InstructionResult::MemoryLimitOOG
        | InstructionResult::PrecompileOOG
        | InstructionResult::InvalidOperandOOG
        | InstructionResult::ReentrancySentryOOG => FrameStatus::OutOfGas,
        result if result.is_ok() => FrameStatus::Success,
        result if result.is_revert() => FrameStatus::Revert,
        _ => FrameStatus::Halt,
    }
}
