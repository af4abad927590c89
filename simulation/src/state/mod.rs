//! Chain state pinned to one block, read through a cache.
//!
//! ```text
//!   SimulationDb  (one per simulation: overrides, budget of node reads)
//!        │
//!   PinnedBlock   (one per block hash: accounts and slots, and reads under way, shared by concurrent simulations)
//!        │
//!   StateProvider (code by hash for ever, the last few blocks, what senders used last time)
//!        │
//!   NodeClient
//! ```

mod cache;
mod db;
mod flights;
mod pinned;
mod provider;

use alloy::primitives::Bytes;
use revm::bytecode::Bytecode;

pub use cache::MemoryState;
pub(crate) use db::SimulationDb;
pub use db::StateError;
pub use pinned::{BlockHeader, PinnedBlock};
pub use provider::{StateOptions, StateProvider};

/// Analysed code; what looks like an EIP-7702 designation but is malformed is ordinary code, which
/// halts when called, as on chain.
pub(crate) fn bytecode(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}
