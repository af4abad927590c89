//! The most that an evaluation of a policy takes, known before it is ever run.
//!
//! ```text
//! parameters' schema ─► Shape ─┐
//! size of the input  ─► Shape ─┴► analysis: shapes of registers, rounds of loops ─► fuel, gas
//! ```
//! A *shape* says how large a value can be. The analysis finds the shape of every register, how often
//! each instruction can be executed (loops multiply), and charges each at its most. It never runs a
//! program, and what it does not understand has no bound.

mod analysis;
mod cost;
mod loops;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use shape::Shape;

use super::{
    Program,
    fuel::{FUEL_LIMIT, gas_of},
};

/// How large an input document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSize {
    /// Bytes of its encoding.
    pub bytes: u64,
    /// The most items of any list, and entries of any object, in it.
    pub items: u64,
    /// The most bytes of any text in it.
    pub text: u64,
}

impl InputSize {
    /// Every input that decodes.
    pub const ANY: Self = Self { bytes: 1 << 20, items: 1 << 16, text: 1 << 20 };
    /// An operation of a few calls: no list of more than 16, no text of more than 1,024 bytes, 16 KiB in all.
    pub const SMALL: Self = Self { bytes: 16 << 10, items: 16, text: 1_024 };
}

/// The most that evaluations of a policy take, for all inputs of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FuelBound {
    /// Units of fuel. At most [`FUEL_LIMIT`], where every evaluation ends.
    pub fuel: u64,
    /// Gas that a dispute's evaluation takes on the chain, calldata of parameters and input included.
    pub gas: u64,
    /// What the analysis of the program found, which may be above the limit; `None` if it found no
    /// bound.
    pub analysed: Option<u64>,
}

impl FuelBound {
    /// What `program` takes at most for parameters and an input of these shapes.
    pub(crate) fn of(program: &Program, parameters: &Shape, input: &Shape) -> Self {
        Self::new(analysis::bound(program, parameters, input))
    }

    fn new(analysed: Option<u64>) -> Self {
        let fuel = analysed.unwrap_or(FUEL_LIMIT).min(FUEL_LIMIT);
        Self { fuel, gas: gas_of(fuel), analysed }
    }

    /// Whether some input may make an evaluation run out of fuel, which is a denial.
    pub fn may_run_out(&self) -> bool {
        self.analysed.is_none_or(|fuel| fuel > FUEL_LIMIT)
    }
}
