//! What this bundler accepts: every number of admission, with its meaning and its default.

use writ_simulation::data_availability::DataAvailability;
use writ_types::{Constants, GasSchedule};

/// Limits and prices of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionRules {
    /// The constants of ERC-7562. Sizes count the attestation, which is part of the signature.
    pub constants: Constants,
    /// Highest sum of an operation's gas limits; must fit into one bundle.
    pub max_operation_gas: u64,
    /// Least priority fee per gas in wei.
    pub min_priority_fee: u128,
    /// Share of the current base fee, in thousandths, that `maxFeePerGas` must cover.
    pub base_fee_per_mille: u16,
    /// What an operation's bytes cost. Its overhead is the constant of LIM-070.
    pub gas: GasSchedule,
    /// What the chain charges for an operation's bytes beside gas.
    pub data_availability: DataAvailability,
    /// Whether [`GasSchedule`] is enforced on `preVerificationGas`.
    pub enforce_pre_verification_gas: bool,
    /// Seconds for which an operation must stay valid after the pinned block; less is "about to expire".
    pub expiry_margin: u64,
    /// The same in blocks, for EntryPoint v0.9's block ranges.
    pub expiry_margin_blocks: u64,
    /// Operations being judged at the same time.
    pub concurrency: usize,
    /// Operations that may wait for a place; more are refused at once with -32005.
    pub waiting: usize,
    /// Pooled operations of the same sender that are simulated ahead of a new one.
    pub max_predecessors: usize,
}

impl AdmissionRules {
    /// The default rules with these constants.
    pub const fn new(constants: Constants) -> Self {
        Self {
            constants,
            max_operation_gas: 16_000_000,
            min_priority_fee: 1_000_000,
            base_fee_per_mille: 1_000,
            gas: GasSchedule {
                overhead: constants.pre_verification_overhead_gas,
                authorization: 25_000,
                calldata_floor: true,
            },
            data_availability: DataAvailability::None,
            enforce_pre_verification_gas: true,
            expiry_margin: 30,
            expiry_margin_blocks: 3,
            concurrency: 16,
            waiting: 256,
            max_predecessors: 16,
        }
    }
}

impl Default for AdmissionRules {
    /// The rules with the constants of the text.
    fn default() -> Self {
        Self::new(Constants::TEXT)
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
