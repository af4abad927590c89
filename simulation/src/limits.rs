//! Bounds on what one simulation may cost this process.

use std::time::Duration;

/// Bounds of one simulation. An operation that exceeds one is refused with
/// [`SimulationError::LimitExceeded`](crate::SimulationError::LimitExceeded), never cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Gas of the simulated transaction (the block's own gas limit applies as well). Bounds steps
    /// and EVM memory.
    pub gas: u64,
    /// Operations in a bundle.
    pub ops: usize,
    /// Records (calls, storage slots, code accesses) kept for one validation frame, and effects
    /// kept for one execution.
    pub records: usize,
    /// Bytes of return data kept per frame.
    pub output: usize,
    /// Bytes of calldata kept of all [`SenderCall`](crate::SenderCall)s of one execution together. More is not an
    /// error: the calls beyond are told without their calldata.
    pub call_data: usize,
    /// Reads that miss the cache and go to the node while the EVM waits.
    pub node_reads: usize,
    /// Time the EVM may wait for the node in total.
    pub node_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            gas: 60_000_000,
            ops: 128,
            records: 16_384,
            output: 8_192,
            call_data: 65_536,
            node_reads: 2_048,
            node_time: Duration::from_secs(10),
        }
    }
}
