//! Programs: what a policy becomes, as bytes and checked.

use alloy::primitives::{B256, keccak256};

use crate::{
    Limits, decode,
    encoding::ENCODING_VERSION,
    vm::opcode::{Instruction, Op, Operand},
};

/// The version of the specification that programs here follow.
pub const PROGRAM_VERSION: u8 = 1;
/// The most bytes that a program has: a contract's code, less the byte in front of it.
pub const MAX_PROGRAM_BYTES: usize = 24_575;
/// The most registers of a rule.
pub const MAX_REGISTERS: u16 = 4_096;
/// The most registers of all rules along a chain of calls, three more for each rule in it.
pub const MAX_STACK: u32 = 8_192;
/// What a rule in a chain takes besides its registers: where its caller goes on.
const FRAME: u32 = 3;

const HEAD: usize = 9;
const INSTRUCTION: usize = 7;

/// A rule: its instructions, its registers, its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleHead {
    /// Its first instruction.
    pub entry: u16,
    /// How many registers it has.
    pub registers: u16,
    /// How many of them, from the second on, are arguments.
    pub parameters: u16,
}

/// Why bytes are not a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Another version of the specification.
    #[error("unknown program version {0}, version {PROGRAM_VERSION} is accepted")]
    Version(u8),
    /// Too long for a contract's code.
    #[error("program of {0} bytes, at most {MAX_PROGRAM_BYTES} are accepted")]
    TooLong(usize),
    /// The bytes end early, or go on behind the last literal.
    #[error("program has another length than it says")]
    Length,
    /// A literal is not canonical or not where its offset says.
    #[error("literal {0} is not a canonical value at its offset")]
    Literal(usize),
    /// There is no rule, or one has a wrong entry, too many registers or parameters.
    #[error("rule {0} is malformed")]
    Rule(usize),
    /// An operation or one of its operands is wrong.
    #[error("instruction {0} is malformed")]
    Instruction(usize),
    /// The registers along a chain of calls are too many.
    #[error("chain of calls from rule {0} takes too many registers")]
    Stack(usize),
}

/// A valid program. What is in it holds what the specification's section 2 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub(super) literals: Vec<u8>,
    pub(super) offsets: Vec<u32>,
    pub(super) rules: Vec<RuleHead>,
    pub(super) words: Vec<u16>,
    pub(super) code: Vec<Instruction>,
}

impl Program {
    /// Builds a program from its parts.
    ///
    /// # Errors
    /// The first rule of the specification that the parts break.
    pub(crate) fn new(
        literals: &[Vec<u8>],
        rules: Vec<RuleHead>,
        words: Vec<u16>,
        code: Vec<Instruction>,
    ) -> Result<Self, ProgramError> {
        let mut offsets = Vec::with_capacity(literals.len());
        let mut blob = Vec::new();
        for literal in literals {
            offsets.push(u32::try_from(blob.len()).map_err(|_| ProgramError::Length)?);
            blob.extend_from_slice(literal);
        }
        let program = Self { literals: blob, offsets, rules, words, code };
        program.check()?;
        Ok(program)
    }

    /// The bytes that are registered.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![PROGRAM_VERSION];
        for count in [self.offsets.len(), self.rules.len(), self.words.len(), self.code.len()] {
            // `check` bounds the whole at less than 2^16 bytes.
            out.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
        }
        self.offsets.iter().for_each(|offset| out.extend_from_slice(&offset.to_be_bytes()));
        for rule in &self.rules {
            for word in [rule.entry, rule.registers, rule.parameters] {
                out.extend_from_slice(&word.to_be_bytes());
            }
        }
        self.words.iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
        for instruction in &self.code {
            out.push(instruction.op as u8);
            for word in [instruction.a, instruction.b, instruction.c] {
                out.extend_from_slice(&word.to_be_bytes());
            }
        }
        out.extend_from_slice(&self.literals);
        out
    }

    /// keccak256 of the bytes that are registered.
    pub fn hash(&self) -> B256 {
        keccak256(self.to_bytes())
    }

    /// Reads a program, refusing whatever is not valid.
    ///
    /// # Errors
    /// The first rule of the specification that the bytes break.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        if bytes.len() > MAX_PROGRAM_BYTES {
            return Err(ProgramError::TooLong(bytes.len()));
        }
        let mut reader = Reader { bytes };
        match reader.take::<1>()? {
            [PROGRAM_VERSION] => {}
            [version] => return Err(ProgramError::Version(version)),
        }
        let [literals, rules, words, code] =
            [reader.half()?, reader.half()?, reader.half()?, reader.half()?].map(usize::from);
        // Checked before anything is allocated.
        let heads = literals * 4 + rules * 6 + words * 2 + code * INSTRUCTION;
        if HEAD + heads > bytes.len() {
            return Err(ProgramError::Length);
        }
        let offsets = (0..literals)
            .map(|_| reader.take().map(u32::from_be_bytes))
            .collect::<Result<_, _>>()?;
        let rules = (0..rules)
            .map(|_| {
                Ok(RuleHead {
                    entry: reader.half()?,
                    registers: reader.half()?,
                    parameters: reader.half()?,
                })
            })
            .collect::<Result<_, ProgramError>>()?;
        let words = (0..words).map(|_| reader.half()).collect::<Result<_, _>>()?;
        let code = (0..code)
            .map(|at| {
                let [code] = reader.take()?;
                let op = Op::from_code(code).ok_or(ProgramError::Instruction(at))?;
                Ok(Instruction::new(op, reader.half()?, reader.half()?, reader.half()?))
            })
            .collect::<Result<_, ProgramError>>()?;
        let program = Self { literals: reader.bytes.to_vec(), offsets, rules, words, code };
        program.check()?;
        Ok(program)
    }

    /// The words of the operand list at `at`: its count, then so many registers.
    pub(super) fn list(&self, at: u16) -> &[u16] {
        let at = usize::from(at);
        let count = self.words.get(at).copied().map_or(0, usize::from);
        self.words.get(at + 1..at + 1 + count).unwrap_or_default()
    }

    fn check(&self) -> Result<(), ProgramError> {
        let size = HEAD
            + self.offsets.len() * 4
            + self.rules.len() * 6
            + self.words.len() * 2
            + self.code.len() * INSTRUCTION
            + self.literals.len();
        if size > MAX_PROGRAM_BYTES {
            return Err(ProgramError::TooLong(size));
        }
        self.check_literals()?;
        if self.rules.is_empty() {
            return Err(ProgramError::Rule(0));
        }
        for index in 0..self.rules.len() {
            self.check_rule(index)?;
        }
        let last = self.rules.len() - 1;
        if self.rules.last().is_some_and(|rule| rule.parameters != 0) {
            return Err(ProgramError::Rule(last));
        }
        self.check_stack()
    }

    fn check_literals(&self) -> Result<(), ProgramError> {
        let mut expected = 0;
        let limits = Limits { bytes: MAX_PROGRAM_BYTES, ..Limits::INPUT };
        for (index, offset) in self.offsets.iter().enumerate() {
            let at = *offset as usize;
            let end =
                self.offsets.get(index + 1).map_or(self.literals.len(), |next| *next as usize);
            let bytes = self.literals.get(at..end).filter(|_| at == expected);
            let bytes = bytes.ok_or(ProgramError::Literal(index))?;
            let document = [&[ENCODING_VERSION], bytes].concat();
            decode(&document, &limits).map_err(|_| ProgramError::Literal(index))?;
            expected = end;
        }
        if expected == self.literals.len() { Ok(()) } else { Err(ProgramError::Length) }
    }

    /// The instructions of a rule.
    pub(super) fn range(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let start = usize::from(self.rules.get(index)?.entry);
        let end = self.rules.get(index + 1).map_or(self.code.len(), |next| usize::from(next.entry));
        (start < end && end <= self.code.len() && (index > 0 || start == 0)).then_some(start..end)
    }

    fn check_rule(&self, index: usize) -> Result<(), ProgramError> {
        let error = ProgramError::Rule(index);
        let rule = self.rules.get(index).ok_or(error)?;
        if rule.parameters >= rule.registers || rule.registers > MAX_REGISTERS {
            return Err(error);
        }
        let range = self.range(index).ok_or(error)?;
        let mut uses = vec![Use::Free; usize::from(rule.registers)];
        // Arguments are values whatever is done with them.
        uses.iter_mut().skip(1).take(usize::from(rule.parameters)).for_each(|u| *u = Use::Value);
        for at in range.clone() {
            let instruction = *self.code.get(at).ok_or(error)?;
            self.check_instruction(instruction, index, &range, &mut uses)
                .ok_or(ProgramError::Instruction(at))?;
        }
        match self.code.get(range.end - 1).map(|last| last.op) {
            Some(Op::Ret | Op::Jmp) => Ok(()),
            _ => Err(ProgramError::Instruction(range.end - 1)),
        }
    }

    fn check_instruction(
        &self,
        instruction: Instruction,
        rule: usize,
        range: &std::ops::Range<usize>,
        uses: &mut [Use],
    ) -> Option<()> {
        let values = [instruction.a, instruction.b, instruction.c];
        let [a, b, c] = instruction.op.operands();
        for (operand, value) in [a, b, c].into_iter().zip(values) {
            let index = usize::from(value);
            match operand {
                Operand::None => (value == 0).then_some(())?,
                Operand::Register => uses.get_mut(index)?.be(Use::Value)?,
                Operand::Builder => uses.get_mut(index)?.build(instruction)?,
                Operand::Iterator => {
                    uses.get_mut(index)?.be(Use::Iterator)?;
                    uses.get_mut(index + 1)?.be(Use::Rest)?;
                    uses.get_mut(index + 2)?.be(Use::Rest)?;
                }
                Operand::Literal => self.offsets.get(index).map(|_| ())?,
                Operand::Target => range.contains(&index).then_some(())?,
                Operand::Number(most) => (value <= most).then_some(())?,
                Operand::Rule => (index < rule).then_some(())?,
                Operand::List => self.check_list(value, None, uses)?,
                Operand::ListOf(count) => self.check_list(value, Some(count), uses)?,
                Operand::Arguments => {
                    let callee = self.rules.get(usize::from(instruction.b))?;
                    self.check_list(value, Some(callee.parameters), uses)?;
                }
            }
        }
        // An object is packed from pairs.
        let pairs = instruction.op != Op::Pack || instruction.c != 2;
        (pairs || self.list(instruction.b).len().is_multiple_of(2)).then_some(())
    }

    fn check_list(&self, at: u16, count: Option<u16>, uses: &mut [Use]) -> Option<()> {
        let length = *self.words.get(usize::from(at))?;
        if count.is_some_and(|count| count != length) {
            return None;
        }
        let list = self.list(at);
        if list.len() != usize::from(length) {
            return None;
        }
        list.iter().try_for_each(|register| uses.get_mut(usize::from(*register))?.be(Use::Value))
    }

    fn check_stack(&self) -> Result<(), ProgramError> {
        let mut most: Vec<u32> = Vec::with_capacity(self.rules.len());
        for (index, rule) in self.rules.iter().enumerate() {
            let error = ProgramError::Stack(index);
            let calls = self.code.get(self.range(index).ok_or(error)?).unwrap_or_default();
            let below = calls
                .iter()
                .filter(|instruction| instruction.op == Op::Call)
                .filter_map(|call| most.get(usize::from(call.b)).copied())
                .max();
            let total = below.unwrap_or(0) + u32::from(rule.registers) + FRAME;
            if total > MAX_STACK {
                return Err(error);
            }
            most.push(total);
        }
        Ok(())
    }
}

/// What a register of a rule is used as; never as two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Free,
    Value,
    /// The builder of arrays or sets.
    Items,
    /// The builder of objects.
    Entries,
    Iterator,
    Rest,
}

impl Use {
    fn be(&mut self, other: Self) -> Option<()> {
        if *self == Self::Free {
            *self = other;
        }
        (*self == other).then_some(())
    }

    /// Used by `OPEN`, `PUSH`, `PUT` or `SEAL`: what items are added to holds no entries.
    fn build(&mut self, instruction: Instruction) -> Option<()> {
        match instruction.op {
            Op::Open if instruction.b == 2 => self.be(Self::Entries),
            Op::Open | Op::Push => self.be(Self::Items),
            Op::Put => self.be(Self::Entries),
            _ => matches!(self, Self::Items | Self::Entries).then_some(()),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ProgramError> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or(ProgramError::Length)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn half(&mut self) -> Result<u16, ProgramError> {
        self.take().map(u16::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(code: &[(Op, u16, u16, u16)]) -> Result<Program, ProgramError> {
        let code = code.iter().map(|&(op, a, b, c)| Instruction::new(op, a, b, c)).collect();
        let rule = RuleHead { entry: 0, registers: 8, parameters: 0 };
        let program = Program::new(&[vec![1]], vec![rule], Vec::new(), code)?;
        assert_eq!(Program::from_bytes(&program.to_bytes()).as_ref(), Ok(&program));
        Ok(program)
    }

    #[test]
    fn a_builder_is_of_items_or_of_entries() {
        use Op::{Input, Lit, Open, Push, Put, Ret, Seal};
        let lit = (Lit, 1, 0, 0);
        let ret = (Ret, 0, 0, 0);
        for good in [
            vec![lit, (Open, 2, 0, 0), (Push, 2, 1, 0), (Seal, 0, 2, 0), ret],
            vec![lit, (Open, 2, 1, 0), (Push, 2, 1, 0), (Seal, 0, 2, 0), ret],
            vec![lit, (Open, 2, 2, 0), (Put, 2, 1, 1), (Seal, 0, 2, 0), ret],
        ] {
            assert!(program(&good).is_ok(), "{good:?}");
        }
        for (at, bad) in [
            (2, vec![lit, (Open, 2, 2, 0), (Push, 2, 1, 0), (Seal, 0, 2, 0), ret]),
            (2, vec![lit, (Open, 2, 0, 0), (Put, 2, 1, 1), (Seal, 0, 2, 0), ret]),
            (2, vec![lit, (Open, 2, 0, 0), (Open, 2, 2, 0), ret]),
            (1, vec![lit, (Seal, 0, 2, 0), ret]),
            (2, vec![lit, (Open, 2, 0, 0), (Input, 2, 0, 0), ret]),
            (1, vec![lit, (Open, 1, 0, 0), ret]),
        ] {
            assert_eq!(program(&bad), Err(ProgramError::Instruction(at)), "{bad:?}");
        }
    }

    #[test]
    fn whatever_is_cut_or_changed_is_refused_or_valid() {
        let whole = program(&[(Op::Lit, 1, 0, 0), (Op::Ret, 1, 0, 0)]).expect("valid").to_bytes();
        for length in 0..whole.len() {
            assert!(Program::from_bytes(&whole[..length]).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            for byte in [0, 1, 2, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                // What is taken is written as it was read: there is no second spelling.
                if let Ok(program) = Program::from_bytes(&changed) {
                    assert_eq!(program.to_bytes(), changed);
                }
            }
        }
    }
}
