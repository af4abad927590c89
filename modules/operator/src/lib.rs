//! The operator: an independent service that evaluates an account's policies and signs what they decide.
//!
//! ```text
//!  gateway ── operator_attest(request), operator_attestCall(request) ──> server (limits, time)
//!                                            │
//!      answered before? ── yes ──────────────┼──────────────> the recorded answer
//!                                            │ no
//!      block canonical on the own node, at most M blocks old
//!                                            │
//!      writ_evidence: own simulation, own reads ──> evidence, bounds
//!                                            │
//!      writ_policy: the account's set ──> allow | deny with reasons
//!                                            │
//!      signing log (synced) ── refuses a second decision, a second live allow
//!                                            │
//!      signature ──> Attestation | Denial
//! ```
//!
//! Invariants:
//! * Nothing is signed that is not in the log, on disk. One decision per evidence and policy, for ever; at most one live
//!   allow per (account, EntryPoint, nonce), and per (account, module, sequence) when a policy reads history; of calls per
//!   (enforcing contract, account, caller, nonce).
//! * Nothing that the caller computed is believed: everything but the request is read from the operator's own node.
//! * An allow and a denial take the same way: the same reads, the same evaluation, one synced write, one signature.
//! * The key is erased when dropped and never printed.

mod calls;
mod config;
mod decide;
mod error;
mod fault;
mod log;
mod operator;
mod server;

pub use config::{DEFAULT_MAX_BLOCK_AGE, DEFAULT_VALIDITY, MAX_VALIDITY, OperatorConfig};
pub use error::OperatorError;
pub use log::{Entry, LiveAllow, LogError, SigningLog, Statement};
pub use operator::Operator;
pub use server::{OperatorServer, ServerLimits};
