//! Counting what an evaluation touches, and what each kind of touching takes.

use super::fault::Fault;

/// The fuel of every evaluation that counts: the consensus limit.
///
/// With [`GAS_PER_FUEL`] and [`FIXED_GAS`] it makes every evaluation fit into one transaction of
/// 2^24 gas, its calldata included (section 5 of the specification has the sum).
pub const FUEL_LIMIT: u64 = 140_000;
/// The most gas that the interpreter in Solidity takes for a unit of fuel.
pub const GAS_PER_FUEL: u64 = 100;
/// The most gas that an evaluation takes besides.
pub const FIXED_GAS: u64 = 400_000;

/// The most gas that an evaluation of so much fuel takes on the chain, the calldata of parameters
/// and input included.
pub const fn gas_of(fuel: u64) -> u64 {
    FIXED_GAS.saturating_add(fuel.saturating_mul(GAS_PER_FUEL))
}

/// Each instruction.
pub(super) const INSTRUCTION: u64 = 8;
/// Each rule of the program, once.
pub(super) const RULE: u64 = 1;
/// Each word of parameters and input, once: what is sent with a transaction has its price there.
pub(super) const ARGUMENT_WORD: u64 = 12;
/// `NEXT` that gives an item, and each element of an array that `INDEX` steps over.
pub(super) const STEP: u64 = 2;
/// `INDEX`, `FIELD`, `GET`, `IN`: once, and for each item that is looked at.
pub(super) const LOOKUP: u64 = 4;
pub(super) const LOOKED_AT: u64 = 3;
/// Each pair of values that is put in order.
pub(super) const ORDERED: u64 = 10;
/// Each step of a search by halving, besides.
pub(super) const HALVING: u64 = 2;
/// Each item of a container that a function goes through.
pub(super) const ITEM: u64 = 6;
/// Each item of `SUM`.
pub(super) const SUMMED: u64 = 8;
/// Each argument of `CALL`.
pub(super) const PASSED: u64 = 4;
/// `PACK`: once, and for each register.
pub(super) const PACK: u64 = 8;
pub(super) const PACKED: u64 = 3;
/// Functions of texts: once.
pub(super) const TEXT: u64 = 6;
/// `SUBSTR` and `TRIM…`: once.
pub(super) const CUT: u64 = 12;
/// Each word of a text whose bytes are looked at one by one.
pub(super) const TEXT_WORD: u64 = 3;
/// `FORMAT`: as many digits as the longest integer has, and a sign.
pub(super) const DIGITS: u64 = 80;

/// The words of 32 bytes that so many bytes touch.
#[inline]
pub(super) const fn words(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(32)
}

/// `write(n)`: a new value of so many bytes.
#[inline]
pub(super) const fn write(bytes: usize) -> u64 {
    1 + 2 * words(bytes)
}

/// A new container of so many bytes, from so many places: of an object keys and values.
#[inline]
pub(super) const fn write_container(bytes: usize, places: usize) -> u64 {
    write(bytes) + 3 * places as u64
}

/// `equal` of two values of the same length.
#[inline]
pub(super) const fn equal(bytes: usize) -> u64 {
    1 + words(bytes) + if bytes > 64 { 6 } else { 0 }
}

/// `insert` in a builder before so many places.
#[inline]
pub(super) const fn insert(behind: usize) -> u64 {
    6 + words(4 * behind)
}

/// The registers of a rule that begins to run.
#[inline]
pub(super) const fn registers(count: u16) -> u64 {
    words(4 * count as usize)
}

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
