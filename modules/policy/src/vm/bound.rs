//! The most that an evaluation of a policy takes, known before it is ever run.

use super::fuel::{FUEL_LIMIT, gas_of};

/// The most that any evaluation of a policy takes, whatever its input says.
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
    /// From what the analysis found.
    pub(crate) fn new(analysed: Option<u64>) -> Self {
        let fuel = analysed.unwrap_or(FUEL_LIMIT).min(FUEL_LIMIT);
        Self { fuel, gas: gas_of(fuel), analysed }
    }

    /// Whether some input may make an evaluation run out of fuel, which is a denial.
    pub fn may_run_out(&self) -> bool {
        self.analysed.is_none_or(|fuel| fuel > FUEL_LIMIT)
    }
}
