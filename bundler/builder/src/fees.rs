//! Fees: what a bundle transaction offers, how far a replacement must raise it, and the prices quoted to wallets.
//!
//! Everything here is arithmetic; fetching `eth_feeHistory` is [`crate::chain`]'s part.

use serde::{Deserialize, Serialize};

/// The two fee fields of an EIP-1559 transaction, in wei per gas.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub struct Fees {
    /// The most paid per gas, base fee included.
    pub max_fee_per_gas: u128,
    /// The most paid per gas on top of the base fee.
    pub max_priority_fee_per_gas: u128,
}

impl Fees {
    /// Both fields raised by `per_mille` thousandths, rounded up, and by at least one wei.
    ///
    /// Nodes accept a replacement only if *both* fields grew by their price bump (10 % in geth, reth and
    /// anvil), so both always move, also from zero.
    #[must_use]
    pub fn bumped(self, per_mille: u16) -> Self {
        Self {
            max_fee_per_gas: bump(self.max_fee_per_gas, per_mille),
            max_priority_fee_per_gas: bump(self.max_priority_fee_per_gas, per_mille),
        }
    }

    /// Field by field, the larger of the two.
    #[must_use]
    pub fn at_least(self, floor: Self) -> Self {
        Self {
            max_fee_per_gas: self.max_fee_per_gas.max(floor.max_fee_per_gas),
            max_priority_fee_per_gas: self
                .max_priority_fee_per_gas
                .max(floor.max_priority_fee_per_gas),
        }
    }

    /// What is really paid per gas in a block with this base fee.
    #[must_use]
    pub fn effective(self, base_fee: u128) -> u128 {
        self.max_fee_per_gas.min(base_fee.saturating_add(self.max_priority_fee_per_gas))
    }

    /// The same fees with the priority fee no larger than the fee cap, as every node demands.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self { max_fee_per_gas: self.max_fee_per_gas.max(self.max_priority_fee_per_gas), ..self }
    }
}

/// `value * (1000 + per_mille) / 1000` rounded up, at least `value + 1`, saturating.
fn bump(value: u128, per_mille: u16) -> u128 {
    // Split so that the product cannot overflow: value = 1000 q + r.
    let factor = u128::from(per_mille);
    let whole = (value / 1000).saturating_mul(factor);
    let rest = ((value % 1000) * factor).div_ceil(1000);
    value.saturating_add(whole.saturating_add(rest).max(1))
}

/// Three prices for wallets, and the base fee that they rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GasPrices {
    /// Base fee that the next block will have.
    pub base_fee_per_gas: u128,
    /// Enough while fees stay where they are.
    pub slow: Fees,
    /// Survives about two full blocks.
    pub standard: Fees,
    /// Survives about four full blocks.
    pub fast: Fees,
}

/// How quotes are made from the chain's recent blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeRules {
    /// The least priority fee that is quoted, offered and accepted, in wei per gas.
    pub min_priority_fee: u128,
    /// The most that one bundle transaction may ever offer per gas, replacements included.
    pub max_fee_cap: u128,
}

impl Default for FeeRules {
    fn default() -> Self {
        Self { min_priority_fee: 1_000_000, max_fee_cap: 500_000_000_000 }
    }
}

/// How much base fee growth the three quotes absorb, in thousandths: a full block adds 12.5 %.
const HEADROOM: [u128; 3] = [1_125, 1_266, 1_602];

/// The reward percentiles that [`GasPrices::from_history`] expects, in this order.
pub const REWARD_PERCENTILES: [f64; 3] = [20.0, 50.0, 80.0];

impl GasPrices {
    /// Quotes from the next base fee and, per recent block, the priority fees at [`REWARD_PERCENTILES`].
    ///
    /// Blocks without transactions report zero rewards and say nothing about the market, so they are left
    /// out; each quote takes the median of what remains. Quotes never fall below the rules' floor and rise
    /// from slow to fast.
    #[must_use]
    pub fn from_history(base_fee: u128, rewards: &[[u128; 3]], rules: &FeeRules) -> Self {
        let mut floor = rules.min_priority_fee;
        let mut quotes = [Fees::default(); 3];
        for (level, quote) in quotes.iter_mut().enumerate() {
            let mut seen: Vec<u128> =
                rewards.iter().map(|block| block[level]).filter(|tip| *tip > 0).collect();
            seen.sort_unstable();
            let priority = seen.get(seen.len() / 2).copied().unwrap_or(0).max(floor);
            floor = priority;
            let base = base_fee.saturating_mul(HEADROOM[level]).div_ceil(1000);
            *quote = Fees {
                max_fee_per_gas: base.saturating_add(priority),
                max_priority_fee_per_gas: priority,
            };
        }
        let [slow, standard, fast] = quotes;
        Self { base_fee_per_gas: base_fee, slow, standard, fast }
    }

    /// What a bundle offers: the standard priority fee, under a cap that survives about six full blocks.
    #[must_use]
    pub fn bundle(&self, rules: &FeeRules) -> Fees {
        let priority = self.standard.max_priority_fee_per_gas;
        let wanted = self.base_fee_per_gas.saturating_mul(2).saturating_add(priority);
        let cap = wanted.min(rules.max_fee_cap);
        Fees { max_fee_per_gas: cap, max_priority_fee_per_gas: priority.min(cap) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: FeeRules = FeeRules { min_priority_fee: 7, max_fee_cap: 1_000_000 };

    #[test]
    fn empty_chain_quotes_the_floor() {
        let prices = GasPrices::from_history(1_000, &[[0; 3]; 5], &RULES);
        assert_eq!(prices.slow, Fees { max_fee_per_gas: 1_132, max_priority_fee_per_gas: 7 });
        assert!(prices.fast.max_fee_per_gas > prices.standard.max_fee_per_gas);
    }

    #[test]
    fn quotes_the_median_of_blocks_with_transactions() {
        let rewards = [[0, 0, 0], [10, 20, 30], [11, 21, 31], [12, 22, 500]];
        let prices = GasPrices::from_history(0, &rewards, &RULES);
        assert_eq!(prices.slow.max_priority_fee_per_gas, 11);
        assert_eq!(prices.standard.max_priority_fee_per_gas, 21);
        assert_eq!(prices.fast.max_priority_fee_per_gas, 31);
    }

    #[test]
    fn a_bundle_never_offers_more_than_the_cap() {
        let prices = GasPrices::from_history(10_000_000, &[], &RULES);
        assert_eq!(prices.bundle(&RULES).max_fee_per_gas, RULES.max_fee_cap);
    }

    #[test]
    fn exactly_ten_percent_is_ten_percent() {
        let fees = Fees { max_fee_per_gas: 1_000, max_priority_fee_per_gas: 0 };
        assert_eq!(fees.bumped(100), Fees { max_fee_per_gas: 1_100, max_priority_fee_per_gas: 1 });
        assert_eq!(Fees { max_fee_per_gas: 1, ..fees }.bumped(125).max_fee_per_gas, 2);
    }

    proptest! {
        #[test]
        fn a_bump_always_satisfies_the_nodes_rule(fee in 0..u128::MAX / 4, per_mille in 100u16..2000) {
            let raised = bump(fee, per_mille);
            prop_assert!(raised > fee);
            prop_assert!(raised >= fee + fee / 1000 * u128::from(per_mille));
            // geth: new >= old * (100 + 10) / 100
            prop_assert!(raised >= fee / 100 * 110 + fee % 100 * 110 / 100);
        }

        #[test]
        fn quotes_rise_and_respect_the_floor(base in 0..10u128.pow(14), rewards in prop::collection::vec(any::<[u64; 3]>(), 0..20)) {
            let rewards: Vec<[u128; 3]> = rewards.iter().map(|block| block.map(u128::from)).collect();
            let prices = GasPrices::from_history(base, &rewards, &RULES);
            prop_assert!(prices.slow.max_priority_fee_per_gas >= RULES.min_priority_fee);
            prop_assert!(prices.slow <= prices.standard && prices.standard <= prices.fast);
            for quote in [prices.slow, prices.standard, prices.fast] {
                prop_assert!(quote.max_fee_per_gas >= base + quote.max_priority_fee_per_gas);
            }
        }
    }
}
