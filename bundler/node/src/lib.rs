//! The `writ` program: configuration, wiring, subcommands. No rule of Writ lives here.
//!
//! ```text
//! writ bundler ── config ──> state, pool, gateway, gate ──> admission ─┬─> rpc
//!                                                                     └─> builder
//! writ operator ─ config ──> operator ──> its own server
//! writ dev ────── anvil + contracts + 3 × `writ operator` + `writ bundler` + demonstration
//! writ trace-owner ── one block ──> revm ──> ERC-7562 rules ──> report
//! writ sync ──── registry ──> module.sync(account, epoch), tried, then sent
//! writ policy ── bundle ──> `writ policy-worker`, a child under limits ──> report
//! writ challenge  operations on the chain ──> evidence ──> re-evaluation ──> proof of a wrong decision
//! writ migrate layout ── build-infos, solc ──> layouts compared ──> report, exit code
//! ```
//!
//! Invariants: every setting of a service has one name, shared by flag, environment (`WRIT_…`) and TOML; a
//! process ends with a sentence that says what to do, or serves until SIGINT or SIGTERM.

pub mod bundler;
pub mod challenge;
pub mod config;
pub mod dev;
pub mod metrics;
pub mod migrate;
pub mod operator;
pub mod owner;
pub mod policy;
pub mod sync;

mod command;
mod error;
mod shutdown;

pub use command::{main, run};
pub use error::NodeError;
