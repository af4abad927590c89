//! The constants of ERC-7562, and the named sets of them.

use std::{fmt, str::FromStr};

use alloy::primitives::U256;
use serde::{Deserialize, Serialize};

/// A named set of [`Constants`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The values of the text.
    #[default]
    Default,
    /// What the public compatibility suite needs: its operations have gas limits that LIM-030, LIM-060 and LIM-070
    /// refuse, its stakes are one ether for two seconds, and it wants STO-041 judged at bundling.
    Compat,
}

/// A text that names no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no profile; `default` and `compat` are")]
pub struct UnknownProfile(pub String);

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Compat => "compat",
        })
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        [Self::Default, Self::Compat]
            .into_iter()
            .find(|profile| profile.to_string() == text)
            .ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}

/// Every constant of ERC-7562. All of them are configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constants {
    /// MIN_STAKE_VALUE in wei. The text leaves it to each chain (about 1000 USD).
    pub min_stake_value: U256,
    /// MIN_UNSTAKE_DELAY in seconds.
    pub min_unstake_delay: u32,
    /// SAME_SENDER_MEMPOOL_COUNT (UREP-010).
    pub same_sender_mempool_count: usize,
    /// SAME_UNSTAKED_ENTITY_MEMPOOL_COUNT (UREP-020).
    pub same_unstaked_entity_mempool_count: u64,
    /// THROTTLED_ENTITY_MEMPOOL_COUNT (GREP-020).
    pub throttled_entity_mempool_count: usize,
    /// THROTTLED_ENTITY_LIVE_BLOCKS (GREP-020).
    pub throttled_entity_live_blocks: u64,
    /// THROTTLED_ENTITY_BUNDLE_COUNT (GREP-020).
    pub throttled_entity_bundle_count: usize,
    /// MIN_INCLUSION_RATE_DENOMINATOR. Not zero.
    pub min_inclusion_rate_denominator: u64,
    /// THROTTLING_SLACK.
    pub throttling_slack: u64,
    /// BAN_SLACK.
    pub ban_slack: u64,
    /// BAN_OPS_SEEN_PENALTY (GREP-040).
    pub ban_ops_seen_penalty: u64,
    /// MAX_OPS_ALLOWED_UNSTAKED_ENTITY (UREP-020).
    pub max_ops_allowed_unstaked_entity: u64,
    /// PRE_VERIFICATION_OVERHEAD_GAS (LIM-070).
    pub pre_verification_overhead_gas: u64,
    /// MAX_VERIFICATION_GAS (LIM-060). Verification gas limits stay below it.
    pub max_verification_gas: u64,
    /// MAX_USEROP_SIZE in bytes (LIM-010).
    pub max_user_operation_size: usize,
    /// MAX_CONTEXT_SIZE in bytes (LIM-020).
    pub max_context_size: usize,
    /// MAX_BUNDLE_SIZE in bytes (LIM-040).
    pub max_bundle_size: usize,
    /// MAX_BUNDLE_CONTEXT_SIZE in bytes (LIM-050).
    pub max_bundle_context_size: usize,
    /// VALIDATION_GAS_SLACK (LIM-030). Zero switches the rule off.
    pub validation_gas_slack: u64,
    /// Whether STO-041 is judged when an operation arrives, as the text has it. Otherwise such operations are pooled
    /// and only kept apart when a bundle is made.
    pub foreign_sender_at_entry: bool,
    /// Whether OP-052 and OP-053 are for the sender and the factory themselves, as the text has it. Otherwise contracts
    /// that they call may pay the EntryPoint as they may.
    pub deposits_by_entities_only: bool,
}

/// One ether in wei.
const ETHER: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

impl Constants {
    /// The values of the text.
    pub const TEXT: Self = Self {
        min_stake_value: ETHER,
        min_unstake_delay: 86_400,
        same_sender_mempool_count: 4,
        same_unstaked_entity_mempool_count: 10,
        throttled_entity_mempool_count: 4,
        throttled_entity_live_blocks: 10,
        throttled_entity_bundle_count: 4,
        min_inclusion_rate_denominator: 10,
        throttling_slack: 10,
        ban_slack: 50,
        ban_ops_seen_penalty: 10_000,
        max_ops_allowed_unstaked_entity: 10_000,
        pre_verification_overhead_gas: 50_000,
        max_verification_gas: 500_000,
        max_user_operation_size: 8_192,
        max_context_size: 2_048,
        max_bundle_size: 262_144,
        max_bundle_context_size: 65_536,
        validation_gas_slack: 4_000,
        foreign_sender_at_entry: true,
        deposits_by_entities_only: true,
    };

    /// The constants of a profile.
    pub const fn of(profile: Profile) -> Self {
        match profile {
            Profile::Default => Self::TEXT,
            Profile::Compat => Self {
                min_unstake_delay: 2,
                // The suite's plain transfer pays 42,000 for its bytes and for everything else.
                pre_verification_overhead_gas: 21_000,
                max_verification_gas: 10_000_000,
                validation_gas_slack: 0,
                foreign_sender_at_entry: false,
                deposits_by_entities_only: false,
                ..Self::TEXT
            },
        }
    }
}

impl Default for Constants {
    fn default() -> Self {
        Self::TEXT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_names_that_read_back() {
        for profile in [Profile::Default, Profile::Compat] {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        assert_eq!("fast".parse::<Profile>(), Err(UnknownProfile("fast".into())));
    }

    #[test]
    fn the_default_profile_is_the_text() {
        let text = Constants::default();
        assert_eq!(text, Constants::of(Profile::Default));
        assert_eq!(text.min_stake_value, U256::from(10).pow(U256::from(18)));
        assert_eq!((text.min_unstake_delay, text.max_verification_gas), (86_400, 500_000));
        assert_eq!(
            (text.validation_gas_slack, text.pre_verification_overhead_gas),
            (4_000, 50_000)
        );
        assert_eq!((text.min_inclusion_rate_denominator, text.ban_ops_seen_penalty), (10, 10_000));
    }

    #[test]
    fn the_suite_gets_its_limits_and_nothing_else() {
        let compat = Constants::of(Profile::Compat);
        assert!(compat.max_verification_gas > 5_000_000, "what its factories are given");
        assert_eq!((compat.min_stake_value, compat.min_unstake_delay), (ETHER, 2));
        assert_eq!(compat.ban_slack, Constants::TEXT.ban_slack);
    }
}
