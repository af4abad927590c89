//! Arithmetic on integers with a sign and 256 bits, and nothing beyond.

use super::{fault::Fault, heap::Place, machine::Machine, opcode::Op};

impl Machine {
    pub(super) fn arithmetic(&mut self, op: Op, left: Place, right: Place) -> Result<Place, Fault> {
        let (left, right) = (self.integer(left)?, self.integer(right)?);
        let result = match op {
            Op::Add => left.checked_add(right).ok_or(Fault::Overflow)?,
            Op::Sub => left.checked_sub(right).ok_or(Fault::Overflow)?,
            Op::Mul => left.checked_mul(right).ok_or(Fault::Overflow)?,
            _ => left.checked_rem(right).ok_or(Fault::Division)?,
        };
        self.write_integer(result)
    }
}
