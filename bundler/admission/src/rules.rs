//! What this bundler accepts: every number of admission, with its meaning and its default.

use writ_simulation::rules::RuleConstants;
use writ_types::GasSchedule;

/// Limits and prices of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionRules {
    /// Longest ABI-encoded operation in bytes, attestation included (ERC-7562 LIM-010).
    pub max_packed_size: usize,
    /// Highest `verificationGasLimit` and `paymasterVerificationGasLimit` (LIM-060).
    pub max_verification_gas: u128,
    /// Highest sum of an operation's gas limits; must fit into one bundle.
    pub max_operation_gas: u64,
    /// Gas that each verification limit must leave unused (LIM-030).
    pub verification_slack: u64,
    /// Longest paymaster context in bytes (LIM-020).
    pub max_context_size: usize,
    /// Least priority fee per gas in wei.
    pub min_priority_fee: u128,
    /// Share of the current base fee, in thousandths, that `maxFeePerGas` must cover.
    pub base_fee_per_mille: u16,
    /// What an operation's bytes cost.
    pub gas: GasSchedule,
    /// Whether [`GasSchedule`] is enforced on `preVerificationGas`.
    pub enforce_pre_verification_gas: bool,
    /// Seconds for which an operation must stay valid after the pinned block; less is "about to expire".
    pub expiry_margin: u64,
    /// The same in blocks, for EntryPoint v0.9's block ranges.
    pub expiry_margin_blocks: u64,
    /// Stake constants of ERC-7562.
    pub stakes: RuleConstants,
    /// Operations being judged at the same time.
    pub concurrency: usize,
    /// Operations that may wait for a place; more are refused at once with -32005.
    pub waiting: usize,
    /// Pooled operations of the same sender that are simulated ahead of a new one.
    pub max_predecessors: usize,
}

impl Default for AdmissionRules {
    fn default() -> Self {
        Self {
            max_packed_size: 8_192,
            max_verification_gas: 5_000_000,
            max_operation_gas: 16_000_000,
            verification_slack: 0,
            max_context_size: 2_048,
            min_priority_fee: 1_000_000,
            base_fee_per_mille: 1_000,
            gas: GasSchedule::default(),
            enforce_pre_verification_gas: true,
            expiry_margin: 30,
            expiry_margin_blocks: 3,
            stakes: RuleConstants::default(),
            concurrency: 16,
            waiting: 256,
            max_predecessors: 16,
        }
    }
}

/// What is known about the chain when an operation arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Chain id.
    pub chain_id: u64,
    /// Height of the pinned block.
    pub number: u64,
    /// Its time, Unix seconds.
    pub timestamp: u64,
    /// Its base fee in wei per gas.
    pub base_fee: u64,
}
