//! The interpreter: one instruction after the other until the entry rule has a value.

use alloy::primitives::U256;

use super::{
    fault::Fault,
    fuel::{self, Fuel, words},
    heap::{Heap, Place, UNDEFINED, boolean},
    opcode::{Instruction, Op},
    program::Program,
};
use crate::{Integer, encoding::tag};

/// What an evaluation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The entry rule's value, encoded, without the version byte.
    Value(Vec<u8>),
    /// The entry rule has no value.
    Undefined,
    /// An error, the same on every machine.
    Fault(Fault),
}

/// An interpreter with its memory, to be used again and again.
///
/// Nothing of an evaluation is left for the next one.
#[derive(Debug, Default)]
pub struct Machine {
    pub(super) heap: Heap,
    pub(super) fuel: Fuel,
    registers: Vec<u64>,
    memo: Vec<Option<Place>>,
    frames: Vec<Frame>,
    pub(super) builders: Vec<Vec<Place>>,
    open: usize,
}

/// Where a rule's caller goes on.
#[derive(Clone, Copy, Debug)]
struct Frame {
    rule: u16,
    base: usize,
    caller: usize,
    dest: u16,
}

/// `NEXT` keeps the kind of what it goes through above the count of what is left.
const KIND: u32 = 32;

impl Machine {
    /// A machine without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Evaluates `program` on `parameters` and `input`, both canonical encodings without the version
    /// byte, with at most `limit` fuel; gives the answer and the fuel that was used.
    ///
    /// What is not canonical gives an answer without meaning, but an answer.
    pub fn run(
        &mut self,
        program: &Program,
        parameters: &[u8],
        input: &[u8],
        limit: u64,
    ) -> (Answer, u64) {
        self.fuel = Fuel::new(limit);
        let answer = match self.evaluate(program, parameters, input) {
            Ok(UNDEFINED) => Answer::Undefined,
            Ok(place) => Answer::Value(self.heap.value(place).to_vec()),
            Err(fault) => Answer::Fault(fault),
        };
        (answer, self.fuel.used())
    }

    fn evaluate(
        &mut self,
        program: &Program,
        parameters: &[u8],
        input: &[u8],
    ) -> Result<Place, Fault> {
        self.fuel.charge(
            words(program.literals.len())
                + fuel::RULE * program.rules.len() as u64
                + fuel::ARGUMENT_WORD * (words(parameters.len()) + words(input.len())),
        )?;
        self.heap.clear();
        self.open = 0;
        self.frames.clear();
        self.registers.clear();
        self.memo.clear();
        self.memo.resize(program.rules.len(), None);
        let literals = self.heap.end();
        self.heap.extend(&program.literals);
        let data = self.data(parameters);
        let argument = self.heap.end();
        self.heap.extend(input);
        self.execute(program, literals, data, argument)
    }

    /// The object `{"parameters": parameters}`.
    fn data(&mut self, parameters: &[u8]) -> Place {
        const NAME: &[u8] = b"parameters";
        let at = self.heap.end();
        let length = 4 + 5 + NAME.len() + parameters.len();
        self.heap.extend(&[tag::OBJECT]);
        self.heap.extend(&(length as u32).to_be_bytes());
        self.heap.extend(&1_u32.to_be_bytes());
        self.heap.extend(&[tag::STRING]);
        self.heap.extend(&(NAME.len() as u32).to_be_bytes());
        self.heap.extend(NAME);
        self.heap.extend(parameters);
        at
    }

    fn execute(
        &mut self,
        program: &Program,
        literals: Place,
        data: Place,
        input: Place,
    ) -> Result<Place, Fault> {
        let entry = u16::try_from(program.rules.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let mut frame = Frame { rule: entry, base: 0, caller: 0, dest: 0 };
        let Some(head) = program.rules.get(usize::from(entry)) else { return Ok(UNDEFINED) };
        self.fuel.charge(fuel::registers(head.registers))?;
        self.registers.resize(usize::from(head.registers), UNDEFINED);
        let mut at = usize::from(head.entry);
        loop {
            // A valid program ends every rule with a jump or a return.
            let Some(&Instruction { op, a, b, c }) = program.code.get(at) else {
                return Ok(UNDEFINED);
            };
            self.fuel.charge(fuel::INSTRUCTION)?;
            at += 1;
            let base = frame.base;
            let literal = |index: u16| {
                literals + program.offsets.get(usize::from(index)).map_or(0, |at| u64::from(*at))
            };
            match op {
                Op::Ret => {
                    let value = self.get(base, a);
                    let Some(caller) = self.frames.pop() else {
                        // Whoever asked is given a copy.
                        if value != UNDEFINED {
                            self.fuel.charge(fuel::write(self.heap.size(value)))?;
                        }
                        return Ok(value);
                    };
                    if program.rules.get(usize::from(frame.rule)).is_some_and(|r| r.parameters == 0)
                        && let Some(memo) = self.memo.get_mut(usize::from(frame.rule))
                    {
                        *memo = Some(value);
                    }
                    self.registers.truncate(base);
                    let dest = frame.dest;
                    at = frame.caller;
                    frame = caller;
                    self.set(frame.base, dest, value);
                }
                Op::Call => {
                    let rule = usize::from(b);
                    if let Some(Some(value)) = self.memo.get(rule) {
                        let value = *value;
                        self.set(base, a, value);
                        continue;
                    }
                    let Some(head) = program.rules.get(rule) else { return Ok(UNDEFINED) };
                    let list = program.list(c);
                    self.fuel.charge(fuel::PASSED * list.len() as u64)?;
                    if list.iter().any(|register| self.get(base, *register) == UNDEFINED) {
                        self.set(base, a, UNDEFINED);
                        continue;
                    }
                    self.fuel.charge(fuel::registers(head.registers))?;
                    let callee = self.registers.len();
                    self.registers.resize(callee + usize::from(head.registers), UNDEFINED);
                    for (parameter, register) in (1_u16..).zip(list) {
                        let value = self.get(base, *register);
                        self.set(callee, parameter, value);
                    }
                    self.frames.push(frame);
                    frame = Frame { rule: b, base: callee, caller: at, dest: a };
                    at = usize::from(head.entry);
                }
                Op::Lit => self.set(base, a, literal(b)),
                Op::Input => self.set(base, a, input),
                Op::Data => self.set(base, a, data),
                Op::Move => {
                    let value = self.get(base, b);
                    self.set(base, a, value);
                }
                Op::Bool => {
                    self.set(base, a, boolean(b != 0));
                }
                Op::Index => {
                    let value = self.index(self.get(base, b), self.get(base, c))?;
                    self.set(base, a, value);
                }
                Op::Field => {
                    let value = self.index(self.get(base, b), literal(c))?;
                    self.set(base, a, value);
                }
                Op::Jmp => at = usize::from(a),
                Op::Jt if self.truthy(self.get(base, a)) => at = usize::from(b),
                Op::Jf if !self.truthy(self.get(base, a)) => at = usize::from(b),
                Op::Ju if self.get(base, a) == UNDEFINED => at = usize::from(b),
                Op::Jd if self.get(base, a) != UNDEFINED => at = usize::from(b),
                Op::Jt | Op::Jf | Op::Ju | Op::Jd => {}
                Op::Def if self.get(base, a) == UNDEFINED => return Err(Fault::Type),
                Op::Def => {}
                Op::Not => {
                    let value = self.get(base, b);
                    let negated = value == UNDEFINED || self.heap.tag(value) == tag::FALSE;
                    self.set(base, a, boolean(negated));
                }
                Op::Iter => {
                    let value = self.get(base, b);
                    if value == UNDEFINED {
                        at = usize::from(c);
                        continue;
                    }
                    if !self.heap.is_container(value) {
                        return Err(Fault::Type);
                    }
                    let kind = u64::from(self.heap.tag(value)) << KIND;
                    self.set(base, a, Heap::first(value));
                    self.set(base, a + 1, kind | u64::from(self.heap.count(value)));
                    self.set(base, a + 2, 0);
                }
                Op::Next => {
                    let left = self.get(base, a + 1);
                    if left as u32 == 0 {
                        at = usize::from(c);
                        continue;
                    }
                    self.fuel.charge(fuel::STEP)?;
                    let mut item = self.get(base, a);
                    match (left >> KIND) as u8 {
                        tag::ARRAY => {
                            let index = self.get(base, a + 2);
                            self.set(base, a + 2, index + 1);
                        }
                        tag::OBJECT => {
                            self.set(base, a + 2, item);
                            item = self.heap.after(item);
                        }
                        _ => self.set(base, a + 2, item),
                    }
                    self.set(base, b, item);
                    let after = self.heap.after(item);
                    self.set(base, a, after);
                    self.set(base, a + 1, left - 1);
                }
                Op::Key => {
                    let mut key = self.get(base, b + 2);
                    if key != UNDEFINED && (self.get(base, b + 1) >> KIND) as u8 == tag::ARRAY {
                        key = self.natural(key - 1)?;
                    }
                    self.set(base, a, key);
                }
                Op::Yield => {
                    let value = self.get(base, b);
                    let former = self.get(base, a);
                    if value != UNDEFINED {
                        if former == UNDEFINED {
                            self.set(base, a, value);
                        } else if !self.equal(former, value)? {
                            return Err(Fault::Conflict);
                        }
                    }
                }
                Op::Open => {
                    let builder = self.open_builder();
                    self.set(base, a, builder | (u64::from(b) << KIND));
                }
                Op::Push => {
                    let value = self.get(base, b);
                    let builder = self.get(base, a);
                    if value != UNDEFINED {
                        self.push(builder as u32, (builder >> KIND) == 1, value)?;
                    }
                }
                Op::Put => {
                    let (key, value) = (self.get(base, b), self.get(base, c));
                    if key != UNDEFINED && value != UNDEFINED {
                        self.put(self.get(base, a) as u32, key, value)?;
                    }
                }
                Op::Seal => {
                    let builder = self.get(base, b);
                    let value = self.seal(builder as u32, builder >> KIND)?;
                    self.set(base, a, value);
                }
                Op::Pack => {
                    let value = self.pack(program.list(b), base, u64::from(c))?;
                    self.set(base, a, value);
                }
                Op::Substr | Op::Get => {
                    let mut operands = [UNDEFINED; 3];
                    for (operand, register) in operands.iter_mut().zip(program.list(b)) {
                        *operand = self.get(base, *register);
                    }
                    let value = match (operands, op) {
                        ([UNDEFINED, ..], Op::Get) => return Err(Fault::Type),
                        (operands, _) if operands.contains(&UNDEFINED) => UNDEFINED,
                        (operands, Op::Get) => self.get_or(operands)?,
                        (operands, _) => self.substring(operands)?,
                    };
                    self.set(base, a, value);
                }
                Op::Count
                | Op::Sum
                | Op::Min
                | Op::Max
                | Op::Abs
                | Op::Lower
                | Op::Keys
                | Op::Sort => {
                    let operand = self.get(base, b);
                    let value = match operand {
                        UNDEFINED => UNDEFINED,
                        operand => self.unary(op, operand)?,
                    };
                    self.set(base, a, value);
                }
                Op::Type => {
                    let operand = self.get(base, b);
                    let value = match operand {
                        UNDEFINED => UNDEFINED,
                        operand => {
                            let kind = match self.heap.tag(operand) {
                                tag::FALSE => tag::TRUE,
                                tag::NEGATIVE => tag::POSITIVE,
                                kind => kind,
                            };
                            boolean(u16::from(kind) == c)
                        }
                    };
                    self.set(base, a, value);
                }
                Op::Eq
                | Op::Ne
                | Op::Lt
                | Op::Le
                | Op::Gt
                | Op::Ge
                | Op::Add
                | Op::Sub
                | Op::Mul
                | Op::Mod
                | Op::In
                | Op::Starts
                | Op::Ends
                | Op::Contains
                | Op::Join
                | Op::Format
                | Op::Trim
                | Op::Triml
                | Op::Trimr
                | Op::Trimp
                | Op::Trims
                | Op::Union
                | Op::Inter
                | Op::Acat => {
                    let (left, right) = (self.get(base, b), self.get(base, c));
                    let value = match left == UNDEFINED || right == UNDEFINED {
                        true => UNDEFINED,
                        false => self.binary(op, left, right)?,
                    };
                    self.set(base, a, value);
                }
            }
        }
    }

    #[inline]
    pub(super) fn get(&self, base: usize, register: u16) -> u64 {
        self.registers.get(base + usize::from(register)).copied().unwrap_or(UNDEFINED)
    }

    #[inline]
    fn set(&mut self, base: usize, register: u16, value: u64) {
        if let Some(place) = self.registers.get_mut(base + usize::from(register)) {
            *place = value;
        }
    }

    fn truthy(&self, value: Place) -> bool {
        value != UNDEFINED && self.heap.tag(value) != tag::FALSE
    }

    /// A new builder, by its number; 0 is none.
    fn open_builder(&mut self) -> u64 {
        match self.builders.get_mut(self.open) {
            Some(builder) => builder.clear(),
            None => self.builders.push(Vec::new()),
        }
        self.open += 1;
        self.open as u64
    }

    /// What the instruction table calls a function of one operand.
    fn unary(&mut self, op: Op, value: Place) -> Result<Place, Fault> {
        match op {
            Op::Count => self.count(value),
            Op::Sum => self.sum(value),
            Op::Min => self.extreme(value, std::cmp::Ordering::Less),
            Op::Max => self.extreme(value, std::cmp::Ordering::Greater),
            Op::Abs => {
                let integer = self.integer(value)?;
                self.write_integer(Integer::from(integer.magnitude()))
            }
            Op::Lower => self.lower(value),
            Op::Keys => self.keys(value),
            _ => self.sort(value),
        }
    }

    /// What the instruction table calls a function of two operands.
    fn binary(&mut self, op: Op, left: Place, right: Place) -> Result<Place, Fault> {
        match op {
            Op::Eq => Ok(boolean(self.equal(left, right)?)),
            Op::Ne => Ok(boolean(!self.equal(left, right)?)),
            Op::Lt => Ok(boolean(self.order(left, right)?.is_lt())),
            Op::Le => Ok(boolean(self.order(left, right)?.is_le())),
            Op::Gt => Ok(boolean(self.order(left, right)?.is_gt())),
            Op::Ge => Ok(boolean(self.order(left, right)?.is_ge())),
            Op::Add | Op::Mul | Op::Mod => self.arithmetic(op, left, right),
            Op::Sub if self.heap.tag(left) == tag::SET && self.heap.tag(right) == tag::SET => {
                self.merge(left, right, op)
            }
            Op::Sub => self.arithmetic(op, left, right),
            Op::In => self.contains_item(left, right),
            Op::Union | Op::Inter => self.merge(left, right, op),
            Op::Acat => self.array_concat(left, right),
            _ => self.text_function(op, left, right),
        }
    }

    /// A new integer.
    pub(super) fn write_integer(&mut self, integer: Integer) -> Result<Place, Fault> {
        self.fuel.charge(fuel::write(33))?;
        let at = self.heap.end();
        self.heap.extend(&[if integer.is_negative() { tag::NEGATIVE } else { tag::POSITIVE }]);
        self.heap.extend(&integer.magnitude().to_be_bytes::<32>());
        Ok(at)
    }

    pub(super) fn natural(&mut self, number: u64) -> Result<Place, Fault> {
        self.write_integer(Integer::from(U256::from(number)))
    }

    /// The integer at `value`, or the fault that it is none.
    pub(super) fn integer(&self, value: Place) -> Result<Integer, Fault> {
        match self.heap.tag(value) {
            tag::POSITIVE => Ok(Integer::new(false, self.heap.word(value))),
            tag::NEGATIVE => Ok(Integer::new(true, self.heap.word(value))),
            _ => Err(Fault::Type),
        }
    }
}
