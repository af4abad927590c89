//! Re-evaluates attested decisions, and proves wrong ones on the chain.
//!
//! ```text
//!  Claim {attestation, action, evidence, signatures}      policies, parameters      PolicyStore
//!        │                                                       │                       │
//!        └───────────────────────────────┬───────────────────────┴───────────────────────┘
//!                                      judge
//!                    ┌───────────────────┼──────────────────────┐
//!                  Right              Wrong(proof)          Unprovable: what the chain cannot re-execute
//!                                        │
//!                                    challenge ──> calldata of WritDisputes
//! ```
//!
//! Invariants:
//! * What is called wrong here is what `WritDisputes` takes for wrong: both read the same bytes by the same rules, and
//!   `solidity/test/vectors/disputes.json` holds them together. The chain has the last word.
//! * A decision is never called right because something is missing: what cannot be judged is an error or `Unprovable`.
//! * No I/O, no clock, no key.

mod bounds;
mod challenge;
mod claim;
mod contradiction;
mod judge;

pub use bounds::bounds_of;
pub use challenge::{challenge, twofold};
pub use claim::{Claim, ClaimError};
pub use contradiction::contradiction;
pub use judge::{Judgement, Shortfall, Unprovable, UnprovableReason, Wrong, judge};
