//! The gateway asks operators; the gate decides what an operation needs before a bundler may include it.
//!
//! ```text
//!  operation ──> Gate::admit ── AccountReader (configurationOf at the pinned block) ──> Standing
//!                  │            an EIP-7702 account as the operation's own tuple delegates it
//!                  │
//!                  ├─ nothing demanded ─────────────────────────────> Gated::NotRequired
//!                  ├─ suffix present ──> verify ── record? ─> diagnose ──> Gated::Attested | refusal by name
//!                  └─ none ──> Gateway::attest
//!                                │  a live recorded decision? ─> its suffix again
//!                                ├─ all operators at once, at one block, each bounded in time and size
//!                                ├─ every answer checked: action, policy, block, bounds, evidence, signature
//!                                ├─ k equal allows ─> record, durable ─> suffix      the slowest is not waited for
//!                                ├─ more than n-k denials ─> Denied (recorded too)
//!                                └─ neither ─> NoQuorum, with each operator's outcome
//!  Gate::admit_detached ── the bundler's own policy, demanded of everything ──> the same, kept beside the operation
//!  a call off the ERC-4337 path ──> Gateway::attest_call ── the same, under what enforces it ──> suffix
//!  before inclusion ──> Gate::recheck: expiry with margin, revision, epoch, sequence, operator set, block still canonical
//! ```
//!
//! Invariants:
//! * Nothing an operator says is believed: what counts is a signature by the set's code over a digest computed here.
//! * No answer, however large, slow or malformed, takes more than the configured bytes and time.
//! * A decision is on disk before anybody gets its suffix.
//! * The gate fails closed: what cannot be read, placed or verified is refused, with the reason.
//! * A refusal is about these bytes, not about the operation: nothing is remembered by userOpHash except decisions, so a
//!   poisoned suffix never keeps the real one out.

mod account;
mod ask;
mod call;
mod check;
mod client;
mod conduct;
mod detached;
mod error;
mod gate;
mod gateway;
mod memory;
mod question;
mod record;
mod store;
mod tally;

pub use account::{AccountReader, AccountView, Standing, StandingError};
pub use ask::Ask;
pub use call::CallAsk;
pub use check::Lie;
pub use client::{OperatorEndpoint, OperatorError};
pub use detached::{BundlerPolicy, BundlerPolicyError, Detached};
pub use error::{GateError, GatewayError, NoQuorum, OperatorOutcome, Outcome};
pub use gate::{Attested, Gate, GateMode, GateOptions, GateRequest, Gated, Need, NotRequired};
pub use gateway::{Gateway, GatewayOptions};
pub use record::{Decision, SignedAllow, SignedDenial, Verdict};
pub use store::{DecisionStore, StoreError};
