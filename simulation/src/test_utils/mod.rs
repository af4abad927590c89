//! Chains in memory with the real EntryPoints on them, for tests and benches of this and other
//! crates (feature `test-utils`).
//!
//! Everything is done by transactions in revm: EntryPoints come from their published creation code
//! through the deterministic deployer, accounts from their factories through `handleOps`.

mod accounts;
mod artifacts;
mod chain;

pub use accounts::{SimpleAccount, execute_call};
pub use artifacts::{artifact, entry_point_creation_code, entry_point_salt, workspace_root};
pub use chain::{CHAIN_ID, RICH, TestChain};
