//! One block of an account's list.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use super::{HistoryError, MAX_BLOCK_TRANSFERS, OutflowLog, TransferLog};

/// Which block it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockLink {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its timestamp, in seconds.
    pub timestamp: u64,
}

/// What left an account in one block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutflowBlock {
    /// The block.
    pub at: BlockLink,
    /// The block before it in the list; `None` for the list's end.
    pub previous: Option<BlockLink>,
    /// `Outflow` events in it.
    pub events: u64,
    /// Numbers of the attested actions.
    pub sequences: BTreeSet<u64>,
    /// Net amounts that left, by asset.
    pub spent: BTreeMap<Address, U256>,
    /// The same by asset and counterparty, the zero address for whatever no transfer explains. What a transaction gave and
    /// got back is in it, so that it may be more than `spent`, and is never less.
    pub paid: BTreeMap<(Address, Address), U256>,
}

/// A block of which it is not known yet what stands before it, only in which block that is (0 for none).
#[derive(Clone, Debug)]
pub(super) struct Unlinked {
    pub(super) block: OutflowBlock,
    pub(super) previous: u64,
    /// Net amounts by transaction and ERC-20 token.
    tokens: BTreeMap<(B256, Address), U256>,
}

impl Unlinked {
    /// Reads the events of one block, which are of `account`.
    ///
    /// An event without a link is of a frame that kept no history (the configuration changed within the block). One
    /// that names its own block comes after the first of its block when the gap before was too long to be kept.
    pub(super) fn read<E>(number: u64, events: &[OutflowLog]) -> Result<Self, HistoryError<E>> {
        let wrong = |what| HistoryError::Inconsistent { block: number, what };
        let first = events.first().ok_or(HistoryError::Missing { block: number })?;
        let at = BlockLink { number, hash: first.block_hash, timestamp: first.timestamp };
        let mut block = OutflowBlock {
            at,
            previous: None,
            events: events.len() as u64,
            sequences: BTreeSet::new(),
            spent: BTreeMap::new(),
            paid: BTreeMap::new(),
        };
        let (mut previous, mut tokens) = (0, BTreeMap::new());
        for event in events {
            if event.block_hash != at.hash {
                return Err(HistoryError::Reorganised { block: number });
            }
            if event.timestamp != at.timestamp {
                return Err(wrong("times differ"));
            }
            if event.previous_block > number {
                return Err(wrong("the list does not go back"));
            }
            block.sequences.insert(event.sequence);
            add(&mut block.spent, event.asset, event.amount);
            if event.asset.is_zero() {
                add(&mut block.paid, (event.asset, Address::ZERO), event.amount);
            } else {
                add(&mut tokens, (event.transaction, event.asset), event.amount);
            }
            if event.previous_block == 0 || event.previous_block == number {
                continue;
            }
            if previous != 0 && event.previous_block != previous {
                return Err(wrong("links differ"));
            }
            previous = event.previous_block;
        }
        Ok(Self { block, previous, tokens })
    }

    /// Says to whom it went, by the transfers of the same transactions.
    pub(super) fn pay<E>(
        &mut self,
        account: Address,
        transfers: &[TransferLog],
    ) -> Result<(), HistoryError<E>> {
        let at = self.block.at;
        if transfers.iter().any(|transfer| transfer.block_hash != at.hash) {
            return Err(HistoryError::Reorganised { block: at.number });
        }
        let told = transfers.iter().filter(|transfer| {
            let of = (transfer.transaction, transfer.token);
            transfer.to != account && !transfer.amount.is_zero() && self.tokens.contains_key(&of)
        });
        let told: Vec<_> = told.collect();
        let mut unexplained = self.tokens.clone();
        if told.len() <= MAX_BLOCK_TRANSFERS {
            for transfer in told {
                add(&mut self.block.paid, (transfer.token, transfer.to), transfer.amount);
                if let Some(left) = unexplained.get_mut(&(transfer.transaction, transfer.token)) {
                    *left = left.saturating_sub(transfer.amount);
                }
            }
        }
        for ((_, token), left) in unexplained {
            add(&mut self.block.paid, (token, Address::ZERO), left);
        }
        Ok(())
    }
}

/// Adds an amount, unless it is nothing. Sums saturate, which no ledger reaches.
pub(super) fn add<K: Ord>(sums: &mut BTreeMap<K, U256>, key: K, amount: U256) {
    if !amount.is_zero() {
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(amount);
    }
}
