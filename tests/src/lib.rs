//! End to end: real node, real EntryPoints, real accounts, real wallet clients.
//!
//! ```text
//! test ── World ─┬─ anvil (child)        EntryPoints v0.7 and v0.8, module, token, two accounts
//!                ├─ operator ×3 (child)  2 of 3 must sign
//!                ├─ bundler (child)      <── JSON-RPC, GET /health
//!                └─ a folder of its own  keys, stores, logs: gone with the World
//! ```
//!
//! Invariants: everything listens on loopback only; every child ends with its [`World`], also when the test panics;
//! every wait is bounded.

mod http;
mod plain;
mod quorum;
mod world;

pub use http::{Answer, get, post, post_too_long};
pub use plain::{plain_account, v08_wallet};
pub use quorum::Quorum;
pub use world::{INCLUSION_LIMIT, World, eventually, root};
