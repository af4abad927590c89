//! What an upgrade does to the storage of a live contract, found before it is sent.
//!
//! ```text
//!  build-info (Foundry, Hardhat) ──> BuildInfo ──┐            the output in the file is never believed
//!                                                v
//!  solc, the same version ──> Compiler ── AST ──> declarations reached ──> slots that the code names itself
//!                                │                                          │
//!                                └── storageLayout, with a probe contract per struct that the code places ──┐
//!                                                                                                           v
//!                                            ContractLayout (before)     ContractLayout (after)     ContractLayout (proxy)
//!                                                     └───────── compare ────────┴────────── clash ─────────┘
//!                                                                   v                          v
//!                                                            Report: findings C1, C2, C3 and a verdict
//! ```
//!
//! Invariants:
//! * `Verdict::Safe` means that every variable of the old layout is read by the new code from the same bytes, as the same type.
//!   What cannot be proven is [`Severity::Unverified`], never passed over.
//! * Rules are pure; only [`Compiler`] starts a process and reads no file but the compiler's answer.
//! * A build-info is a stranger's: its size, its sources, the answer's size, the compiler's time and the number of findings are
//!   bounded ([`limits`]), and no source outside the file is read.

mod build_info;
mod compare;
mod error;
mod extract;
mod finding;
mod layout;
pub mod limits;
mod solc;
mod words;

pub use build_info::{BuildInfo, CompilerVersion, Target};
pub use compare::{clash, compare};
pub use error::LayoutError;
pub use extract::layouts;
pub use finding::{Check, Finding, Kind, Place, Report, SCHEMA, Severity, Verdict};
pub use layout::{
    Computed, ContractLayout, ContractName, Field, Location, Namespace, RawSlot, Shape, Source,
    Type, TypeId, Types,
};
pub use solc::{Compiler, namespace_slot};
