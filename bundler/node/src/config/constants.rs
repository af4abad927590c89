//! The constants of ERC-7562, one flag each, over those of a profile.

use alloy::primitives::U256;
use clap::Args;
use writ_types::Constants;

/// Heading of these flags in the help.
const HEADING: &str = "ERC-7562 constants (the profile's, if not given)";

/// A value for each constant that is not to be the profile's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = HEADING)]
pub struct ConstantArguments {
    /// MIN_STAKE_VALUE: stake from which an entity counts as staked, in wei.
    #[arg(long, env = "WRIT_MIN_STAKE_VALUE", value_name = "WEI")]
    pub min_stake_value: Option<U256>,
    /// MIN_UNSTAKE_DELAY: unstake delay from which it does.
    #[arg(long, env = "WRIT_MIN_UNSTAKE_DELAY", value_name = "SECONDS")]
    pub min_unstake_delay: Option<u32>,
    /// SAME_SENDER_MEMPOOL_COUNT: pooled operations of an unstaked sender.
    #[arg(long, env = "WRIT_SAME_SENDER_MEMPOOL_COUNT", value_name = "COUNT")]
    pub same_sender_mempool_count: Option<usize>,
    /// SAME_UNSTAKED_ENTITY_MEMPOOL_COUNT: pooled operations of an unstaked paymaster that has earned none.
    #[arg(long, env = "WRIT_SAME_UNSTAKED_ENTITY_MEMPOOL_COUNT", value_name = "COUNT")]
    pub same_unstaked_entity_mempool_count: Option<u64>,
    /// THROTTLED_ENTITY_MEMPOOL_COUNT: pooled operations of a throttled entity.
    #[arg(long, env = "WRIT_THROTTLED_ENTITY_MEMPOOL_COUNT", value_name = "COUNT")]
    pub throttled_entity_mempool_count: Option<usize>,
    /// THROTTLED_ENTITY_LIVE_BLOCKS: blocks for which they live.
    #[arg(long, env = "WRIT_THROTTLED_ENTITY_LIVE_BLOCKS", value_name = "BLOCKS")]
    pub throttled_entity_live_blocks: Option<u64>,
    /// THROTTLED_ENTITY_BUNDLE_COUNT: how many of them one bundle takes.
    #[arg(long, env = "WRIT_THROTTLED_ENTITY_BUNDLE_COUNT", value_name = "COUNT")]
    pub throttled_entity_bundle_count: Option<usize>,
    /// MIN_INCLUSION_RATE_DENOMINATOR: seen operations for one that has to be included.
    #[arg(long, env = "WRIT_MIN_INCLUSION_RATE_DENOMINATOR", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub min_inclusion_rate_denominator: Option<u64>,
    /// THROTTLING_SLACK.
    #[arg(long, env = "WRIT_THROTTLING_SLACK", value_name = "COUNT")]
    pub throttling_slack: Option<u64>,
    /// BAN_SLACK.
    #[arg(long, env = "WRIT_BAN_SLACK", value_name = "COUNT")]
    pub ban_slack: Option<u64>,
    /// BAN_OPS_SEEN_PENALTY: opsSeen of whoever breaks a bundle.
    #[arg(long, env = "WRIT_BAN_OPS_SEEN_PENALTY", value_name = "COUNT")]
    pub ban_ops_seen_penalty: Option<u64>,
    /// MAX_OPS_ALLOWED_UNSTAKED_ENTITY: inclusions that count for an unstaked paymaster.
    #[arg(long, env = "WRIT_MAX_OPS_ALLOWED_UNSTAKED_ENTITY", value_name = "COUNT")]
    pub max_ops_allowed_unstaked_entity: Option<u64>,
    /// PRE_VERIFICATION_OVERHEAD_GAS: what preVerificationGas pays beside the operation's bytes.
    #[arg(long, env = "WRIT_PRE_VERIFICATION_OVERHEAD_GAS", value_name = "GAS")]
    pub pre_verification_overhead_gas: Option<u64>,
    /// MAX_VERIFICATION_GAS: verification gas limits stay below it.
    #[arg(long, env = "WRIT_MAX_VERIFICATION_GAS", value_name = "GAS", value_parser = clap::value_parser!(u64).range(1..=16_000_000))]
    pub max_verification_gas: Option<u64>,
    /// MAX_USEROP_SIZE: size of a packed operation.
    #[arg(long, env = "WRIT_MAX_USER_OPERATION_SIZE", value_name = "BYTES")]
    pub max_user_operation_size: Option<usize>,
    /// MAX_CONTEXT_SIZE: size of a paymaster's context.
    #[arg(long, env = "WRIT_MAX_CONTEXT_SIZE", value_name = "BYTES")]
    pub max_context_size: Option<usize>,
    /// MAX_BUNDLE_SIZE: size of a bundle's calldata.
    #[arg(long, env = "WRIT_MAX_BUNDLE_SIZE", value_name = "BYTES")]
    pub max_bundle_size: Option<usize>,
    /// MAX_BUNDLE_CONTEXT_SIZE: size of a bundle's contexts together.
    #[arg(long, env = "WRIT_MAX_BUNDLE_CONTEXT_SIZE", value_name = "BYTES")]
    pub max_bundle_context_size: Option<usize>,
    /// VALIDATION_GAS_SLACK: gas that each verification gas limit leaves unused; 0 switches LIM-030 off.
    #[arg(long, env = "WRIT_VALIDATION_GAS_SLACK", value_name = "GAS")]
    pub validation_gas_slack: Option<u64>,
}

impl ConstantArguments {
    /// `profile` with the given constants laid over it.
    #[must_use]
    pub fn over(&self, profile: Constants) -> Constants {
        Constants {
            min_stake_value: self.min_stake_value.unwrap_or(profile.min_stake_value),
            min_unstake_delay: self.min_unstake_delay.unwrap_or(profile.min_unstake_delay),
            same_sender_mempool_count: self
                .same_sender_mempool_count
                .unwrap_or(profile.same_sender_mempool_count),
            same_unstaked_entity_mempool_count: self
                .same_unstaked_entity_mempool_count
                .unwrap_or(profile.same_unstaked_entity_mempool_count),
            throttled_entity_mempool_count: self
                .throttled_entity_mempool_count
                .unwrap_or(profile.throttled_entity_mempool_count),
            throttled_entity_live_blocks: self
                .throttled_entity_live_blocks
                .unwrap_or(profile.throttled_entity_live_blocks),
            throttled_entity_bundle_count: self
                .throttled_entity_bundle_count
                .unwrap_or(profile.throttled_entity_bundle_count),
            min_inclusion_rate_denominator: self
                .min_inclusion_rate_denominator
                .unwrap_or(profile.min_inclusion_rate_denominator),
            throttling_slack: self.throttling_slack.unwrap_or(profile.throttling_slack),
            ban_slack: self.ban_slack.unwrap_or(profile.ban_slack),
            ban_ops_seen_penalty: self.ban_ops_seen_penalty.unwrap_or(profile.ban_ops_seen_penalty),
            max_ops_allowed_unstaked_entity: self
                .max_ops_allowed_unstaked_entity
                .unwrap_or(profile.max_ops_allowed_unstaked_entity),
            pre_verification_overhead_gas: self
                .pre_verification_overhead_gas
                .unwrap_or(profile.pre_verification_overhead_gas),
            max_verification_gas: self.max_verification_gas.unwrap_or(profile.max_verification_gas),
            max_user_operation_size: self
                .max_user_operation_size
                .unwrap_or(profile.max_user_operation_size),
            max_context_size: self.max_context_size.unwrap_or(profile.max_context_size),
            max_bundle_size: self.max_bundle_size.unwrap_or(profile.max_bundle_size),
            max_bundle_context_size: self
                .max_bundle_context_size
                .unwrap_or(profile.max_bundle_context_size),
            validation_gas_slack: self.validation_gas_slack.unwrap_or(profile.validation_gas_slack),
            foreign_sender_at_entry: profile.foreign_sender_at_entry,
            deposits_by_entities_only: profile.deposits_by_entities_only,
        }
    }
}
