//! The bounds of a pool.

use writ_types::Constants;

/// Bounds of a pool. Every number can be changed between two openings of the same database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolConfig {
    /// Chain the operations are for. A database belongs to one chain for good.
    pub chain_id: u64,
    /// Most live operations.
    pub max_operations: usize,
    /// Most bytes of live operations, ABI-encoded.
    pub max_bytes: usize,
    /// The constants of ERC-7562: how many operations whom, and reputation.
    pub constants: Constants,
    /// Most addresses whose reputation is kept.
    pub max_reputations: usize,
    /// Raise of both fees that a replacement must offer, in percent (10).
    pub replacement_bump: u32,
    /// Finished operations (included, failed, dropped) that are remembered. Must cover the deepest
    /// reorganisation that is to be undone.
    pub max_finished: usize,
    /// Signed transactions that are remembered after they were settled.
    pub max_settled_attempts: usize,
}

impl PoolConfig {
    /// The default bounds for a chain.
    pub const fn new(chain_id: u64) -> Self {
        Self {
            chain_id,
            max_operations: 10_000,
            max_bytes: 64 << 20,
            constants: Constants::TEXT,
            max_reputations: 100_000,
            replacement_bump: 10,
            max_finished: 100_000,
            max_settled_attempts: 10_000,
        }
    }
}
