//! Counting what an evaluation touches.

use super::fault::Fault;

/// The fuel of every evaluation that counts: the consensus limit.
pub const FUEL_LIMIT: u64 = 200_000;

/// The fuel that is left.
#[derive(Debug, Default)]
pub(super) struct Fuel {
    limit: u64,
    left: u64,
}

impl Fuel {
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    /// Takes `amount`, or faults and leaves nothing: who runs out has used all.
    #[inline]
    pub(super) const fn charge(&mut self, amount: u64) -> Result<(), Fault> {
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Fault::Fuel)
            }
        }
    }

    pub(super) const fn used(&self) -> u64 {
        self.limit - self.left
    }
}

/// The words of 32 bytes that so many bytes touch.
#[inline]
pub(super) const fn words(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(32)
}
