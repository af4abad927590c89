//! Arithmetic on integers with a sign and 256 bits, and nothing beyond.

use super::{fault::Fault, heap::Place, machine::Machine, opcode::Op};
use crate::Integer;

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

impl Integer {
    /// The sum, if it has an integer's 256 bits.
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        if self.is_negative() == other.is_negative() {
            let magnitude = self.magnitude().checked_add(other.magnitude())?;
            return Some(Self::new(self.is_negative(), magnitude));
        }
        Some(match self.magnitude().checked_sub(other.magnitude()) {
            Some(magnitude) => Self::new(self.is_negative(), magnitude),
            None => Self::new(other.is_negative(), other.magnitude() - self.magnitude()),
        })
    }

    /// The difference, if it has an integer's 256 bits.
    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self::new(!other.is_negative(), other.magnitude()))
    }

    /// The product, if it has an integer's 256 bits.
    pub(crate) fn checked_mul(self, other: Self) -> Option<Self> {
        let magnitude = self.magnitude().checked_mul(other.magnitude())?;
        Some(Self::new(self.is_negative() != other.is_negative(), magnitude))
    }

    /// The remainder with the sign of the dividend, unless the divisor is zero.
    pub(crate) fn checked_rem(self, other: Self) -> Option<Self> {
        let magnitude = self.magnitude().checked_rem(other.magnitude())?;
        Some(Self::new(self.is_negative(), magnitude))
    }
}
