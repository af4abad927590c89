//! What happens at each step.

use alloy::primitives::{Address, KECCAK256_EMPTY, Log, U256};
use revm::{
    Database, Inspector,
    bytecode::opcode,
    context_interface::{ContextTr, JournalTr},
    inspector::JournalExt,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, Interpreter,
        interpreter::EthInterpreter,
        interpreter_types::{InputsTr, Jumps, LegacyBytecode, LoopControl, MemoryTr},
    },
    state::AccountInfo,
};

use super::{
    After, Tracer, effects,
    meter::Counted,
    peek, record,
    table::{self, Class},
};
use crate::trace::{
    Association, CodeAccess, CodeState, CountedGas, OpcodeClass, OpcodeUse, StorageAccess,
    StorageUse,
};

impl<CTX> Inspector<CTX, EthInterpreter> for Tracer
where
    CTX: ContextTr<Journal: JournalExt>,
{
    #[inline]
    fn step(&mut self, interp: &mut Interpreter<EthInterpreter>, _: &mut CTX) {
        let opcode = interp.bytecode.opcode();
        let class = self.table[opcode as usize];
        if class != Class::Plain {
            self.record_step(class, opcode, interp);
        }
    }

    #[inline]
    fn step_end(&mut self, interp: &mut Interpreter<EthInterpreter>, context: &mut CTX) {
        if self.waiting {
            self.record_after(interp, context);
        }
    }

    fn log(&mut self, _: &mut CTX, log: Log) {
        let Some(phase) = self.collecting else { return };
        let bound = self.setup.limits.records;
        let entry_point = self.setup.entry_point.address;
        let Some(op) = self.executing() else { return };
        let effects = op.effects_of(phase);
        effects::log(effects, &log, entry_point);
        self.overflow |= effects::Checkpoint::of(effects).records() > bound;
    }

    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.enter_call(context, inputs);
        None
    }

    fn call_end(&mut self, context: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.leave_call(context, inputs, outcome);
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.enter_create(context, inputs);
        None
    }

    fn create_end(&mut self, _: &mut CTX, inputs: &CreateInputs, outcome: &mut CreateOutcome) {
        self.leave_create(inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        let Some(phase) = self.collecting else { return };
        if let Some(op) = self.executing() {
            effects::native(op.effects_of(phase), contract, target, value);
        }
    }
}

impl Tracer {
    /// An opcode that matters in the running frame, before it runs.
    #[inline(never)]
    fn record_step(&mut self, class: Class, opcode: u8, interp: &mut Interpreter<EthInterpreter>) {
        let stack = interp.stack.data();
        match class {
            Class::Plain | Class::Effect => {}
            Class::Banned => self.record_opcode(opcode, OpcodeClass::Banned),
            Class::Unassigned => self.record_opcode(opcode, OpcodeClass::Unassigned),
            Class::Balance => self.record_opcode(opcode, OpcodeClass::Balance),
            Class::Gas => {
                if !table::is_call(next_opcode(interp)) {
                    self.record_opcode(opcode, OpcodeClass::LoneGas);
                }
            }
            Class::Load => self.record_slot(interp, StorageAccess::READ),
            Class::Store => self.record_slot(interp, StorageAccess::WRITE),
            Class::TransientLoad => self.record_slot(interp, StorageAccess::TRANSIENT_READ),
            Class::TransientStore => self.record_slot(interp, StorageAccess::TRANSIENT_WRITE),
            Class::ExtCode => {
                let Some(target) = peek(stack, 0) else { return };
                let target = Address::from_word(target.to_be_bytes().into());
                self.after = After::ExtCode { opcode, target, next: next_opcode(interp) };
                self.waiting = true;
            }
            Class::Keccak => {
                let (Some(offset), Some(len)) = (peek(stack, 0), peek(stack, 1)) else { return };
                let (Ok(offset), Ok(len)) = (usize::try_from(offset), usize::try_from(len)) else {
                    return;
                };
                if len > 32 {
                    self.after = After::Keccak { offset };
                    self.waiting = true;
                }
            }
            Class::EntryGas => {
                self.after = After::EntryGas;
                self.waiting = true;
            }
            Class::EntryCall => {
                let own = U256::from_be_bytes(self.setup.entry_point.address.into_word().0);
                if peek(stack, 1) == Some(own) {
                    self.stopped = true;
                    interp.halt(InstructionResult::Stop);
                }
            }
        }
    }

    /// The result of the instruction noted in `after`.
    #[cold]
    fn record_after<CTX>(&mut self, interp: &Interpreter<EthInterpreter>, context: &mut CTX)
    where
        CTX: ContextTr<Journal: JournalExt>,
    {
        self.waiting = false;
        let after = std::mem::replace(&mut self.after, After::Nothing);
        if interp.bytecode.is_end() {
            // It failed: nothing was hashed, nobody's code was seen.
            return;
        }
        match after {
            After::Nothing => {}
            After::EntryGas => {
                let Some(left) = peek(interp.stack.data(), 0) else { return };
                let counted = self.meter.read(left.saturating_to());
                let Some(op) = self.ops.get_mut(self.op) else { return };
                match counted {
                    Some((Counted::Verification, used)) => {
                        let limit = op.verification_gas_limit;
                        op.trace.verification_gas = Some(CountedGas { limit, used });
                    }
                    Some((Counted::PaymasterVerification, used)) => {
                        let limit = op.paymaster_verification_gas_limit;
                        op.trace.paymaster_verification_gas = Some(CountedGas { limit, used });
                    }
                    None => {}
                }
            }
            After::Keccak { offset } => {
                let Some(base) = peek(interp.stack.data(), 0) else { return };
                if offset.saturating_add(32) > interp.memory.size() {
                    return;
                }
                let mut first = [0; 32];
                first.copy_from_slice(&interp.memory.slice_len(offset, 32));
                if first[..12] != [0; 12] {
                    return;
                }
                let owner = Address::from_slice(&first[12..]);
                let bound = self.setup.limits.records;
                let Some(op) = self.ops.get_mut(self.op) else { return };
                if op.is_owner(owner) {
                    let association = Association { owner, base };
                    let pushed = record::push(&mut op.trace.associations, association, bound);
                    self.keep(pushed);
                }
            }
            After::ExtCode { opcode, target, next } => {
                let contract = interp.input.target_address();
                let code = code_state(context, target);
                let (has_code, delegated) =
                    (code.has_code(), matches!(code, CodeState::Delegated(_)));
                let bound = self.setup.limits.records;
                if let Some((frame, _)) = &mut self.current {
                    let access = CodeAccess {
                        opcode,
                        contract,
                        target,
                        has_code,
                        delegated,
                        next_opcode: next,
                    };
                    let accessed = record::push(&mut frame.code_accesses, access, bound);
                    let visited = record::push(&mut self.visited, target, bound);
                    self.keep(accessed.and(visited));
                }
            }
        }
    }

    fn record_opcode(&mut self, opcode: u8, class: OpcodeClass) {
        let Some(running) = self.frames.last() else { return };
        let used = OpcodeUse { opcode, class, contract: running.target, code: running.code };
        let bound = self.setup.limits.records;
        if let Some((frame, _)) = &mut self.current {
            let pushed = record::push(&mut frame.opcodes, used, bound);
            self.keep(pushed);
        }
    }

    fn record_slot(&mut self, interp: &Interpreter<EthInterpreter>, access: StorageAccess) {
        let Some(slot) = peek(interp.stack.data(), 0) else { return };
        let address = interp.input.target_address();
        let bound = self.setup.limits.records;
        if let Some((frame, _)) = &mut self.current {
            let used = StorageUse { address, slot, access };
            let pushed = record::push_slot(&mut frame.storage, used, bound);
            self.keep(pushed);
        }
    }
}

/// The instruction byte after the running one; STOP at the end of the code.
fn next_opcode(interp: &Interpreter<EthInterpreter>) -> u8 {
    let next = interp.bytecode.pc() + 1;
    interp.bytecode.bytecode_slice().get(next).copied().unwrap_or(opcode::STOP)
}

/// The account as it stands now, without making it warm.
pub(super) fn account<CTX>(context: &mut CTX, address: Address) -> Option<AccountInfo>
where
    CTX: ContextTr<Journal: JournalExt>,
{
    if let Some(account) = context.journal().evm_state().get(&address) {
        return Some(account.info.clone());
    }
    // A failure to read shows itself when the EVM needs the same account.
    context.db_mut().basic(address).ok().flatten()
}

/// What stands at an address now.
pub(super) fn code_state<CTX>(context: &mut CTX, address: Address) -> CodeState
where
    CTX: ContextTr<Journal: JournalExt>,
{
    if context.journal().precompile_addresses().contains(&address) {
        return CodeState::Precompile;
    }
    match account(context, address) {
        Some(info) if info.code_hash != KECCAK256_EMPTY && !info.code_hash.is_zero() => {
            match info.code.as_ref().and_then(|code| code.eip7702_address()) {
                Some(delegate) => CodeState::Delegated(delegate),
                None => CodeState::Contract,
            }
        }
        _ => CodeState::None,
    }
}
