//! Admission: from a received operation to the pool, and its re-check before a bundle.
//!
//! ```text
//!  operation ──> place (bounded) ──> sender's turn ──> pinned block
//!     │ cheap checks: size, gas limits, fees, EIP-7702 tuple, preVerificationGas, pool conflicts      -32602 …
//!     │ gate: what does this account demand?                                                          -32530/-32531
//!     │   └─ an attestation, and none is there: preflight under a throw-away quorum, so that nobody
//!     │      is asked about an operation that could not be included anyway                            -32500 … -32508
//!     │ gate: verify the attestation, or obtain one and attach it                                     -32531 … -32534
//!     │ cheap checks and simulation of the final bytes, nothing patched, pooled predecessors ahead    -32500 …
//!     │ ERC-7562 rules                                                                                -32502, -32505
//!     v
//!  Pool::insert, durable ──> userOpHash
//!
//!  before a bundle: validate_again (each, where its state changed) ──> check_bundle (all together, traced)
//!                        └─ after_validation: whose reputation pays      └─ BundleFault: whom it is pinned on
//! ```
//!
//! Invariants:
//! * What is simulated last is byte for byte what is pooled, in a state of one block, without overrides.
//! * Nothing is pooled that the gate did not pass; the gate's errors and every error of reading fail closed.
//! * A refusal leaves nothing behind: no reputation for policy, no memory by userOpHash.
//! * Operations of one sender are judged one after another, each with the ones before it applied. No other lock is
//!   held while waiting for node or operators.
//! * Work is bounded: so many operations at a time, so many waiting, the rest is refused at once.

mod admission;
mod again;
mod blame;
mod bundle;
mod checks;
mod company;
mod data_gas;
mod delegation;
mod error;
mod estimate;
mod facts;
mod gated;
mod order;
mod preflight;
mod revert;
mod rules;
mod savings;
mod stakes;
mod unvalidated;
mod verdict;

#[cfg(test)]
mod testing;

pub use admission::{Admission, AdmissionParts};
pub use again::Renewal;
pub use blame::after_validation;
pub use bundle::{BundleCheck, BundleFault, Sending};
pub use delegation::{TupleError, TupleUse};
pub use error::{AdmissionError, Rejection};
pub use facts::Findings;
pub use revert::describe as describe_revert;
pub use rules::{AdmissionRules, Head};
pub use verdict::Verdict;
