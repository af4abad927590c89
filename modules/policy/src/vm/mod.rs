//! PolicyVM: the machine that decides, with one meaning in Rust and in Solidity.
//!
//! ```text
//! regorus' RVM program ── translate ──► Program ── Machine::run ──► Answer, fuel used
//!                                         ▲            ▲
//!                       bytes (checked) ──┘            └── parameters, input (encoded)
//! ```
//! `docs/policy-vm.md` is the specification. Values are their canonical encodings, so that the
//! machine computes on the same bytes here and in the EVM and can count the same fuel.
//!
//! Invariants: a [`Program`] is valid from its construction on; a run touches at most some hundred
//! bytes for each unit of fuel, and takes at most [`GAS_PER_FUEL`] gas for it in the EVM, so that nothing that an input says makes it work or allocate
//! without bound; nothing of one run is left for the next.

mod arithmetic;
#[cfg(test)]
mod assertions;
mod bound;
mod build;
mod collection;
mod compare;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod evm;
mod fault;
mod fuel;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod generate;
mod heap;
mod machine;
pub(crate) mod opcode;
mod program;
#[cfg(test)]
mod seeded;
#[cfg(test)]
mod tests;
mod text;
mod translate;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod vectors;

pub(crate) use bound::Shape;
pub use bound::{FuelBound, InputSize};
pub use fault::Fault;
pub use fuel::{FIXED_GAS, FUEL_LIMIT, GAS_PER_FUEL, gas_of};
pub use machine::{Answer, Machine};
pub use opcode::{Instruction, Op};
pub use program::{
    MAX_PROGRAM_BYTES, MAX_REGISTERS, MAX_STACK, PROGRAM_VERSION, Program, ProgramError, RuleHead,
};
pub(crate) use translate::translate;
