//! Pretended funds, so that a lack of them does not stand in the way of an estimate.

use alloy::primitives::{Address, B256, Keccak256, U256};
use revm::DatabaseRef;
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

use crate::{Overrides, PinnedBlock, StateError};

/// Wei per gas that a tip is assumed to be where the caller names no fees.
const ASSUMED_TIP: u64 = 1_000_000_000;

/// Less gas than any operation is charged for.
const FEWEST_GAS: u64 = 20_000;

/// The fee to simulate with where the caller names none (ERC-7769: absent and zero are the same). So high that the
/// account has to pay, whatever deposit it has: paying costs gas, and whether it will have to is not known yet.
pub(super) fn assumed_fee(
    block: &PinnedBlock,
    entry_point: EntryPoint,
    operation: &UserOperation,
) -> Result<u128, StateError> {
    let usual = u128::from(block.base_fee()) * 2 + u128::from(ASSUMED_TIP);
    let slot = deposit_slot(operation.sender);
    let word = block.storage_ref(entry_point.address, slot)?;
    let deposit = held(entry_point.version, word);
    let unaffordable = deposit / U256::from(FEWEST_GAS) + U256::from(1);
    // A deposit that no fee of 96 bits empties is not of this world; its owner is asked for nothing.
    Ok(usual.max(u128::try_from(unaffordable).unwrap_or(usual).min(u128::MAX >> 32)))
}

/// Gives whoever pays for `operation` what the EntryPoint will demand.
///
/// An account without paymaster gets a larger balance, so that it pays its prefund as it will have to; its
/// deposit stays. A paymaster gets a larger deposit.
pub(super) fn fund(
    block: &PinnedBlock,
    entry_point: EntryPoint,
    operation: &UserOperation,
    overrides: Overrides,
) -> Result<Overrides, StateError> {
    let prefund = operation.required_prefund();
    if let Some(paymaster) = operation.paymaster_address() {
        let slot = deposit_slot(paymaster);
        let pretended =
            overrides.get(&entry_point.address).and_then(|known| known.storage.get(&slot));
        let word = match pretended {
            Some(word) => *word,
            None => block.storage_ref(entry_point.address, slot)?,
        };
        let word = raised(entry_point.version, word, prefund);
        let overrides = overrides.with_storage(entry_point.address, slot, word);
        // The EntryPoint pays the beneficiary out of what it holds.
        return enrich(block, entry_point.address, prefund, overrides);
    }
    enrich(block, operation.sender, prefund, overrides)
}

/// Adds to a balance.
fn enrich(
    block: &PinnedBlock,
    address: Address,
    amount: U256,
    overrides: Overrides,
) -> Result<Overrides, StateError> {
    let pretended = overrides.get(&address).and_then(|known| known.balance);
    let balance = match pretended {
        Some(balance) => balance,
        None => block.basic_ref(address)?.map_or(U256::ZERO, |account| account.balance),
    };
    Ok(overrides.with_balance(address, balance.saturating_add(amount)))
}

/// Where the EntryPoint keeps `deposits[account].deposit`: the mapping is its first variable.
fn deposit_slot(account: Address) -> U256 {
    let mut hasher = Keccak256::new();
    hasher.update(account.into_word());
    hasher.update(B256::ZERO);
    hasher.finalize().into()
}

/// The deposit in the first word of a `DepositInfo`.
fn held(version: EntryPointVersion, word: U256) -> U256 {
    word & most(version)
}

/// The largest deposit. v0.6 packs it into the low 112 bits; later versions give it the word.
fn most(version: EntryPointVersion) -> U256 {
    let width = if version == EntryPointVersion::V06 { 112 } else { 256 };
    U256::MAX >> (256_usize - width)
}

/// The first word of a `DepositInfo` with `amount` more in it.
fn raised(version: EntryPointVersion, word: U256, amount: U256) -> U256 {
    let beside: U256 = word & !most(version);
    beside | held(version, word).saturating_add(amount).min(most(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deposits_grow_and_their_neighbours_stay() {
        let ten = U256::from(10);
        assert_eq!(raised(EntryPointVersion::V07, ten, ten), U256::from(20));
        assert_eq!(raised(EntryPointVersion::V08, ten, U256::MAX), U256::MAX);
        let staked = U256::from(1) << 112;
        assert_eq!(raised(EntryPointVersion::V06, staked | ten, ten), staked | U256::from(20));
        let full = (U256::from(1) << 112) - U256::from(1);
        assert_eq!(raised(EntryPointVersion::V06, staked | ten, U256::MAX), staked | full);
    }
}
