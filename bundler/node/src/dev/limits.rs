//! The demonstration's spending limits, and what was spent under them.

use alloy::primitives::{Bytes, U256, utils::format_units};
use rand::Rng;
use writ_bindings::WritModule;

use super::stage::StagePolicy;

/// Limits of the account on v0.8, in the token's smallest unit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most that one operation may move.
    pub per_operation: U256,
    /// Most that may leave in a day.
    pub per_day: U256,
    spent: U256,
    policy: StagePolicy,
}

impl Limits {
    /// Limits of which nothing is spent.
    #[must_use]
    pub fn new(per_operation: U256, per_day: U256, policy: StagePolicy) -> Self {
        Self { per_operation, per_day, spent: U256::ZERO, policy }
    }

    /// A random amount from `least` to `most` whole tokens, with a fraction.
    #[must_use]
    pub fn draw(&self, least: u64, most: u64) -> U256 {
        let cents = rand::rng().random_range(least * 100..=most * 100);
        tokens(cents) / U256::from(100)
    }

    /// What the day still allows.
    #[must_use]
    pub fn left_of_day(&self) -> U256 {
        self.per_day.saturating_sub(self.spent)
    }

    /// Counts `amount` as spent.
    pub fn spend(&mut self, amount: U256) {
        self.spent += amount;
    }

    /// The policy as the module takes it.
    #[must_use]
    pub fn references(&self) -> Vec<WritModule::PolicyReference> {
        vec![WritModule::PolicyReference {
            policyId: self.policy.id,
            parameters: Bytes::clone(&self.policy.parameters),
        }]
    }
}

/// Whole tokens in the token's smallest unit.
#[must_use]
pub fn tokens(count: u64) -> U256 {
    U256::from(count) * U256::from(10).pow(U256::from(18))
}

/// An amount as people read it.
#[must_use]
pub fn in_tokens(amount: U256) -> String {
    let text = format_units(amount, 18).unwrap_or_else(|_| amount.to_string());
    format!("{} DEMO", text.trim_end_matches('0').trim_end_matches('.'))
}
