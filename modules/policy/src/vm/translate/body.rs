//! Bodies: instructions, loops and comprehensions, with jumps where RVM decides at run time.

use regorus::rvm::{
    Instruction as Rvm,
    instructions::{ComprehensionMode, GuardMode, LiteralOrRegister, LoopMode, LoopStartParams},
};

use super::{
    Translator,
    builtin::{Builtin, builtin},
    number,
    rule::Sink,
};
use crate::{
    SourceError,
    vm::{Instruction, Op, opcode::Operand},
};

/// A place in a rule that jumps lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(usize);

impl Label {
    /// What stands for it in an instruction until the rule is finished.
    fn target(self) -> u16 {
        u16::try_from(self.0).unwrap_or(u16::MAX)
    }
}

/// The instructions of one rule while they are written.
#[derive(Debug)]
pub(super) struct Writer {
    code: Vec<Instruction>,
    /// Where each label stands, once that is known.
    labels: Vec<Option<usize>>,
    registers: u32,
}

impl Writer {
    /// A rule whose first registers are RVM's.
    pub(super) fn new(registers: u16) -> Self {
        Self { code: Vec::new(), labels: Vec::new(), registers: u32::from(registers) }
    }

    pub(super) fn push(&mut self, instruction: Instruction) {
        self.code.push(instruction);
    }

    /// A jump; its target is written as the label's number until the rule is finished.
    pub(super) fn jump(&mut self, op: Op, register: u16, label: Label) {
        let target = label.target();
        self.code.push(match op {
            Op::Jmp => Instruction::new(op, target, 0, 0),
            _ => Instruction::new(op, register, target, 0),
        });
    }

    /// A new register, undefined when the rule begins.
    pub(super) fn register(&mut self) -> u16 {
        self.registers_in_a_row(1)
    }

    fn registers_in_a_row(&mut self, count: u32) -> u16 {
        let register = self.registers;
        self.registers += count;
        // Too many are refused when the rule is finished.
        u16::try_from(register).unwrap_or(u16::MAX)
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The label stands in front of the next instruction.
    pub(super) fn place(&mut self, label: Label) {
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(self.code.len());
        }
    }

    /// The instructions with their targets, and how many registers they use; the first
    /// instruction is the program's `entry`-th.
    pub(super) fn finish(self, entry: u16) -> Result<(Vec<Instruction>, u16), &'static str> {
        let labels = &self.labels;
        let target = |label: u16| {
            let place = labels.get(usize::from(label)).copied().flatten();
            place
                .and_then(|place| number(usize::from(entry) + place).ok())
                .ok_or("the program is too large to be proven: simplify the policy")
        };
        let code = self
            .code
            .into_iter()
            .map(|mut instruction| {
                let operands = instruction.op.operands();
                let values = [&mut instruction.a, &mut instruction.b, &mut instruction.c];
                for (operand, value) in operands.into_iter().zip(values) {
                    if operand == Operand::Target {
                        *value = target(*value)?;
                    }
                }
                Ok(instruction)
            })
            .collect::<Result<_, &str>>()?;
        let registers = u16::try_from(self.registers)
            .map_err(|_| "the rule is too large to be proven: split it")?;
        Ok((code, registers))
    }
}

/// What surrounds the instruction that is being translated.
#[derive(Clone, Copy, Debug)]
struct Around {
    sink: Sink,
    /// The builder of the innermost comprehension, and whether it is of an object.
    comprehension: Option<(u16, bool)>,
    /// Where a condition that fails leads.
    fail: Label,
    /// Whether a loop of the rule itself surrounds it, so that there may be several values.
    looped: bool,
}

impl Around {
    /// One round of a loop without a value must not pass unseen: regorus drops the values of the
    /// rounds before it, OPA keeps them, and what is dropped may be the reason to deny.
    fn define(&self, registers: &[u8], writer: &mut Writer) {
        if self.looped {
            for register in registers {
                writer.push(Instruction::new(Op::Def, (*register).into(), 0, 0));
            }
        }
    }
}

impl Translator<'_> {
    /// Translates from `start` up to the end of the body.
    pub(super) fn body(
        &mut self,
        start: usize,
        sink: Sink,
        fail: Label,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let end = self.end(start)?;
        // RVM loads the input where it is first named, perhaps in a loop that never runs, and
        // counts on it everywhere behind. Here it is loaded first.
        for at in start..end {
            match self.rvm.instructions.get(at) {
                Some(Rvm::LoadInput { dest }) => {
                    writer.push(Instruction::new(Op::Input, (*dest).into(), 0, 0));
                }
                Some(Rvm::LoadData { dest }) => {
                    writer.push(Instruction::new(Op::Data, (*dest).into(), 0, 0));
                }
                _ => {}
            }
        }
        self.block(start..end, Around { sink, comprehension: None, fail, looped: false }, writer)
    }

    /// Where the body ends that the instruction `at` stands in.
    fn end(&self, at: usize) -> Result<usize, SourceError> {
        let rest = self.rvm.instructions.iter().skip(at);
        let is_end = |end: &Rvm| matches!(end, Rvm::RuleReturn {} | Rvm::DestructuringSuccess {});
        let length = rest.map(is_end).position(|end| end).ok_or_else(|| self.odd(at))?;
        Ok(at + length)
    }

    fn block(
        &mut self,
        range: std::ops::Range<usize>,
        around: Around,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let mut at = range.start;
        while at < range.end {
            let rvm = self.rvm;
            let instruction = *rvm.instructions.get(at).ok_or_else(|| self.odd(at))?;
            let data = &rvm.instruction_data;
            match instruction {
                Rvm::LoopStart { params_index } => {
                    let params = data.get_loop_params(params_index).ok_or_else(|| self.odd(at))?;
                    let end = usize::from(params.loop_end);
                    if end <= at || end > range.end {
                        return Err(self.odd(at));
                    }
                    self.iteration(at, params, around, writer)?;
                    at = end;
                }
                Rvm::ComprehensionBegin { params_index } => {
                    let params = data
                        .get_comprehension_begin_params(params_index)
                        .ok_or_else(|| self.odd(at))?;
                    let end = usize::from(params.comprehension_end);
                    // RVM can iterate by the comprehension itself; its Rego compiler does not.
                    if end <= at || end > range.end || params.collection_reg != params.result_reg {
                        return Err(self.odd(at));
                    }
                    let (kind, object) = match params.mode {
                        ComprehensionMode::Array => (0, false),
                        ComprehensionMode::Set => (1, false),
                        ComprehensionMode::Object => (2, true),
                    };
                    let builder = writer.register();
                    let done = writer.label();
                    writer.push(Instruction::new(Op::Open, builder, kind, 0));
                    let inside =
                        Around { comprehension: Some((builder, object)), fail: done, ..around };
                    self.block(usize::from(params.body_start)..end - 1, inside, writer)?;
                    writer.place(done);
                    writer.push(Instruction::new(Op::Seal, params.result_reg.into(), builder, 0));
                    at = end;
                }
                other => {
                    self.instruction(at, other, around, writer)?;
                    at += 1;
                }
            }
        }
        Ok(())
    }

    fn iteration(
        &mut self,
        at: usize,
        params: &LoopStartParams,
        around: Around,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let body = usize::from(params.body_start)..usize::from(params.loop_end) - 1;
        let (value, result) = (u16::from(params.value_reg), u16::from(params.result_reg));
        let iterator = writer.registers_in_a_row(3);
        let (next, done, end) = (writer.label(), writer.label(), writer.label());
        let every = matches!(params.mode, LoopMode::Every);
        // Who asks whether any round succeeded.
        let asked = every || self.is_read(at..self.end(at)?, params.result_reg);
        if asked {
            writer.push(Instruction::new(Op::Bool, result, 0, 0));
        }
        writer.push(Instruction::new(Op::Iter, iterator, params.collection.into(), end.target()));
        writer.place(next);
        writer.push(Instruction::new(Op::Next, iterator, value, done.target()));
        if params.key_reg != params.value_reg && self.is_read(body.clone(), params.key_reg) {
            writer.push(Instruction::new(Op::Key, params.key_reg.into(), iterator, 0));
        }
        let fail = if every { end } else { next };
        self.block(body, Around { fail, looped: true, ..around }, writer)?;
        match params.mode {
            LoopMode::Every => writer.jump(Op::Jmp, 0, next),
            LoopMode::ForEach | LoopMode::Any => {
                if asked {
                    writer.push(Instruction::new(Op::Bool, result, 1, 0));
                }
                let any = matches!(params.mode, LoopMode::Any);
                writer.jump(Op::Jmp, 0, if any { done } else { next });
            }
        }
        writer.place(done);
        if every {
            writer.push(Instruction::new(Op::Bool, result, 1, 0));
        }
        writer.place(end);
        Ok(())
    }

    fn instruction(
        &mut self,
        at: usize,
        instruction: Rvm,
        around: Around,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let three =
            |op: Op, a: u8, b: u8, c: u8| Instruction::new(op, a.into(), b.into(), c.into());
        let data = &self.rvm.instruction_data;
        match instruction {
            // Loaded at the body's start, and RVM's bookkeeping.
            Rvm::LoadInput { .. } | Rvm::LoadData { .. } | Rvm::RuleInit { .. } => {}
            Rvm::Load { dest, literal_idx } => {
                let literal = self.literal(at, literal_idx)?;
                writer.push(Instruction::new(Op::Lit, dest.into(), literal, 0));
            }
            Rvm::LoadTrue { dest } => writer.push(three(Op::Bool, dest, 1, 0)),
            Rvm::LoadFalse { dest } => writer.push(three(Op::Bool, dest, 0, 0)),
            Rvm::LoadBool { dest, value } => writer.push(three(Op::Bool, dest, value.into(), 0)),
            Rvm::Move { dest, src } => match around.sink {
                Sink::Value { rvm, register } if rvm == dest => {
                    around.define(&[src], writer);
                    writer.push(Instruction::new(Op::Yield, register, src.into(), 0));
                }
                // A variable never becomes undefined: the assignment fails.
                _ => {
                    writer.push(three(Op::Move, dest, src, 0));
                    writer.jump(Op::Ju, dest.into(), around.fail);
                }
            },
            Rvm::Add { dest, left, right } => writer.push(three(Op::Add, dest, left, right)),
            Rvm::Sub { dest, left, right } => writer.push(three(Op::Sub, dest, left, right)),
            Rvm::Mul { dest, left, right } => writer.push(three(Op::Mul, dest, left, right)),
            Rvm::Mod { dest, left, right } => writer.push(three(Op::Mod, dest, left, right)),
            Rvm::Eq { dest, left, right } => writer.push(three(Op::Eq, dest, left, right)),
            Rvm::Ne { dest, left, right } => writer.push(three(Op::Ne, dest, left, right)),
            Rvm::Lt { dest, left, right } => writer.push(three(Op::Lt, dest, left, right)),
            Rvm::Le { dest, left, right } => writer.push(three(Op::Le, dest, left, right)),
            Rvm::Gt { dest, left, right } => writer.push(three(Op::Gt, dest, left, right)),
            Rvm::Ge { dest, left, right } => writer.push(three(Op::Ge, dest, left, right)),
            Rvm::Not { dest, operand } => writer.push(three(Op::Not, dest, operand, 0)),
            Rvm::Contains { dest, collection, value } => {
                writer.push(three(Op::In, dest, value, collection));
            }
            Rvm::Index { dest, container, key } => {
                writer.push(three(Op::Index, dest, container, key));
            }
            Rvm::IndexLiteral { dest, container, literal_idx } => {
                let literal = self.literal(at, literal_idx)?;
                writer.push(Instruction::new(Op::Field, dest.into(), container.into(), literal));
            }
            Rvm::ChainedIndex { params_index } => {
                let params =
                    data.get_chained_index_params(params_index).ok_or_else(|| self.odd(at))?;
                let (dest, mut from) = (u16::from(params.dest), u16::from(params.root));
                for component in &params.path_components {
                    writer.push(match component {
                        LiteralOrRegister::Literal(index) => {
                            Instruction::new(Op::Field, dest, from, self.literal(at, *index)?)
                        }
                        LiteralOrRegister::Register(key) => {
                            Instruction::new(Op::Index, dest, from, (*key).into())
                        }
                    });
                    from = dest;
                }
            }
            Rvm::AssertEq { left, right } => {
                let equal = writer.register();
                writer.push(Instruction::new(Op::Eq, equal, left.into(), right.into()));
                writer.jump(Op::Jf, equal, around.fail);
            }
            Rvm::Guard { register, mode } => {
                let op = match mode {
                    GuardMode::Condition => Op::Jf,
                    GuardMode::Not => Op::Jt,
                    GuardMode::NotUndefined => Op::Ju,
                };
                writer.jump(op, register.into(), around.fail);
            }
            // RVM counts like this to take arrays apart; what is no array does not match.
            Rvm::Count { dest, collection } => {
                let array = writer.register();
                writer.push(Instruction::new(Op::Type, array, collection.into(), 5));
                writer.jump(Op::Jf, array, around.fail);
                writer.push(three(Op::Count, dest, collection, 0));
            }
            Rvm::ArrayCreate { params_index } => {
                let params =
                    data.get_array_create_params(params_index).ok_or_else(|| self.odd(at))?;
                self.pack(at, params.dest, params.element_registers(), 0, writer)?;
            }
            Rvm::SetCreate { params_index } => {
                let params =
                    data.get_set_create_params(params_index).ok_or_else(|| self.odd(at))?;
                self.pack(at, params.dest, params.element_registers(), 1, writer)?;
            }
            Rvm::ObjectCreate { params_index } => self.object(at, params_index, writer)?,
            Rvm::ComprehensionYield { value_reg, key_reg } => {
                let comprehension = around.comprehension.ok_or_else(|| self.odd(at))?;
                writer.push(match (comprehension, key_reg) {
                    ((builder, true), Some(key)) => {
                        Instruction::new(Op::Put, builder, key.into(), value_reg.into())
                    }
                    ((builder, false), None) => {
                        Instruction::new(Op::Push, builder, value_reg.into(), 0)
                    }
                    _ => return Err(self.odd(at)),
                });
            }
            Rvm::SetAdd { set, value } => match around.sink {
                Sink::Set { rvm, builder } if rvm == set => {
                    around.define(&[value], writer);
                    writer.push(Instruction::new(Op::Push, builder, value.into(), 0));
                }
                _ => return Err(self.odd(at)),
            },
            Rvm::ObjectSet { obj, key, value } => match around.sink {
                Sink::Object { rvm, builder } if rvm == obj => {
                    around.define(&[key, value], writer);
                    writer.push(Instruction::new(Op::Put, builder, key.into(), value.into()));
                }
                _ => return Err(self.odd(at)),
            },
            Rvm::CallRule { dest, rule_index } => {
                self.call(at, dest, rule_index, &[], writer)?;
            }
            Rvm::FunctionCall { params_index } => {
                let params =
                    data.get_function_call_params(params_index).ok_or_else(|| self.odd(at))?;
                let arguments = params.arg_registers();
                self.call(at, params.dest, params.func_rule_index, arguments, writer)?;
            }
            Rvm::BuiltinCall { params_index } => self.builtin_call(at, params_index, writer)?,
            Rvm::VirtualDataDocumentLookup { .. } => {
                let problem = "a whole package, or a rule by a computed name, cannot be proven: name the rule";
                return Err(self.error(at, problem));
            }
            Rvm::LoadNull { .. } => return Err(self.error(at, "null does not exist here")),
            Rvm::Div { .. } => return Err(self.error(at, "division cannot be proven: multiply")),
            _ => return Err(self.odd(at)),
        }
        Ok(())
    }

    fn pack(
        &mut self,
        at: usize,
        dest: u8,
        registers: &[u8],
        kind: u16,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let registers: Vec<u16> = registers.iter().map(|register| (*register).into()).collect();
        let list = self.list(at, &registers)?;
        writer.push(Instruction::new(Op::Pack, dest.into(), list, kind));
        Ok(())
    }

    fn object(
        &mut self,
        at: usize,
        params_index: u16,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let rvm = self.rvm;
        let params = rvm.instruction_data.get_object_create_params(params_index);
        let params = params.ok_or_else(|| self.odd(at))?;
        let mut registers = Vec::new();
        for (literal, value) in params.literal_key_field_pairs() {
            if !matches!(rvm.literals.get(usize::from(*literal)), Some(regorus::Value::String(_))) {
                return Err(self.error(at, "an object's key is not a string: quote it"));
            }
            let key = writer.register();
            let literal = self.literal(at, *literal)?;
            writer.push(Instruction::new(Op::Lit, key, literal, 0));
            registers.extend([key, u16::from(*value)]);
        }
        for (key, value) in params.field_pairs() {
            registers.extend([u16::from(*key), u16::from(*value)]);
        }
        let list = self.list(at, &registers)?;
        writer.push(Instruction::new(Op::Pack, params.dest.into(), list, 2));
        Ok(())
    }

    fn call(
        &mut self,
        at: usize,
        dest: u8,
        rule: u16,
        arguments: &[u8],
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let number = *self.numbers.get(&usize::from(rule)).ok_or_else(|| self.odd(at))?;
        let arguments: Vec<u16> = arguments.iter().map(|register| (*register).into()).collect();
        let list = self.list(at, &arguments)?;
        writer.push(Instruction::new(Op::Call, dest.into(), number, list));
        Ok(())
    }

    fn builtin_call(
        &mut self,
        at: usize,
        params_index: u16,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let rvm = self.rvm;
        let params = rvm.instruction_data.get_builtin_call_params(params_index);
        let params = params.ok_or_else(|| self.odd(at))?;
        let info = rvm.builtin_info_table.get(usize::from(params.builtin_index));
        let name = info.ok_or_else(|| self.odd(at))?.name.as_str();
        let arguments: Vec<u16> =
            params.arg_registers().iter().map(|register| (*register).into()).collect();
        let dest = params.dest.into();
        let Some(kind) = builtin(name) else {
            let problem = format!("{name} cannot be proven: write it out with other functions");
            return Err(self.error(at, problem));
        };
        writer.push(match (kind, arguments.as_slice()) {
            (Builtin::One(op), [a]) => Instruction::new(op, dest, *a, 0),
            (Builtin::Two(op), [a, b]) => Instruction::new(op, dest, *a, *b),
            (Builtin::Is(kind), [a]) => Instruction::new(Op::Type, dest, *a, kind),
            (Builtin::List(op), list) => Instruction::new(op, dest, self.list(at, list)?, 0),
            _ => return Err(self.odd(at)),
        });
        Ok(())
    }
}
