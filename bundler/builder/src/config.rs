//! The builder's numbers.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::{FeeRules, SubmissionRules};

/// When bundles are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BundlingMode {
    /// With every block, and every [`BuilderConfig::bundle_interval`] while the chain stands still.
    #[default]
    Auto,
    /// Only when asked.
    Manual,
}

/// Configuration of a builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuilderConfig {
    /// When bundles are built.
    pub mode: BundlingMode,
    /// Who receives the operations' fees; `None`: the signer.
    pub beneficiary: Option<Address>,
    /// Pause between two looks at the node.
    pub poll_interval: Duration,
    /// Longest pause after failures.
    pub longest_pause: Duration,
    /// Least time between two bundles on a chain that makes no blocks by itself.
    pub bundle_interval: Duration,
    /// How long somebody who asks for a bundle is kept waiting for it to settle, and as long for the one before.
    pub settle_limit: Duration,
    /// Most operations in a bundle.
    pub max_operations: usize,
    /// Most gas of a bundle, the sum of its operations' limits. Stays below the protocol's cap on
    /// transactions (EIP-7825: 16,777,216).
    pub max_gas: u64,
    /// Most bytes of a bundle's calldata. Nodes take transactions of at most 128 KiB.
    pub max_bytes: usize,
    /// Bundles that revert on the chain with an operation in them before it is dropped.
    pub max_reverts: u8,
    /// Blocks that are remembered, and so the deepest reorganisation that is undone.
    pub reorg_depth: usize,
    /// Below this balance, in wei, the signer counts as unwell.
    pub min_balance: U256,
    /// Fees.
    pub fees: FeeRules,
    /// Replacing and cancelling.
    pub submission: SubmissionRules,
}

impl Default for BuilderConfig {
    fn default() -> Self {
        Self {
            mode: BundlingMode::Auto,
            beneficiary: None,
            poll_interval: Duration::from_millis(500),
            longest_pause: Duration::from_secs(10),
            bundle_interval: Duration::from_secs(1),
            settle_limit: Duration::from_secs(3),
            max_operations: 64,
            max_gas: 16_000_000,
            max_bytes: 120_000,
            max_reverts: 3,
            reorg_depth: 64,
            min_balance: U256::from(10_000_000_000_000_000u64),
            fees: FeeRules::default(),
            submission: SubmissionRules::default(),
        }
    }
}
