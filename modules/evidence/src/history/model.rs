//! A chain with one account's list on it, as the module keeps it, and a node that serves it.

#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, sync::Mutex};

use alloy::primitives::{Address, B256, U256, keccak256};

use super::{HistoryHead, HistorySource, OutflowLog, TransferLog};

pub(super) const ACCOUNT: Address = Address::repeat_byte(0xac);
pub(super) const TOKEN: Address = Address::repeat_byte(0xaa);
pub(super) const FRIEND: Address = Address::repeat_byte(0x0f);
pub(super) const SHOP: Address = Address::repeat_byte(0x5a);
/// When the first block is made: a week after the beginning, so that no window begins before it.
pub(super) const START: u64 = 1_000_000;

/// An amount of an asset in a transaction of a block, and the transfers that the token logged beside it.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    pub(super) asset: Address,
    pub(super) amount: u64,
    pub(super) transfers: Vec<(Address, u64)>,
}

pub(super) fn spent(asset: Address, amount: u64, transfers: &[(Address, u64)]) -> Spent {
    Spent { asset, amount, transfers: transfers.to_vec() }
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) timestamp: u64,
    pub(super) outflows: Vec<OutflowLog>,
    pub(super) transfers: Vec<TransferLog>,
}

/// Blocks in order, the first of them number 1, with gaps of empty blocks between them.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) blocks: Vec<Block>,
    pub(super) operations: u64,
    /// So that two branches have different hashes.
    branch: u64,
    pub(super) asked: Mutex<Vec<(u64, u64)>>,
}

impl Chain {
    pub(super) fn last_outflow(&self) -> u64 {
        let spending = self.blocks.iter().rev().find(|block| !block.outflows.is_empty());
        spending.map_or(0, |block| block.number)
    }

    /// Adds a block `gap` numbers and `seconds` after the last, in which one operation each spent these.
    pub(super) fn mine(&mut self, gap: u64, seconds: u64, operations: &[Vec<Spent>]) -> u64 {
        let (number, timestamp) = match self.blocks.last() {
            None => (gap, START),
            Some(last) => (last.number + gap, last.timestamp + seconds),
        };
        let previous_block = self.last_outflow();
        let hash = keccak256(
            [number.to_be_bytes(), timestamp.to_be_bytes(), self.branch.to_be_bytes()].concat(),
        );
        let (mut outflows, mut transfers) = (Vec::new(), Vec::new());
        for spent in operations {
            self.operations += 1;
            let sequence = self.operations;
            let transaction = keccak256(sequence.to_be_bytes());
            for Spent { asset, amount, transfers: told } in spent {
                outflows.push(OutflowLog {
                    block: number,
                    block_hash: hash,
                    transaction,
                    asset: *asset,
                    amount: U256::from(*amount),
                    sequence,
                    timestamp,
                    previous_block,
                });
                transfers.extend(told.iter().map(|(to, amount)| TransferLog {
                    block: number,
                    block_hash: hash,
                    transaction,
                    token: *asset,
                    to: *to,
                    amount: U256::from(*amount),
                }));
            }
        }
        self.blocks.push(Block { number, hash, timestamp, outflows, transfers });
        number
    }

    /// One operation that spends this much of the token.
    pub(super) fn spend(&mut self, gap: u64, seconds: u64, amount: u64) -> u64 {
        self.mine(gap, seconds, &[vec![spent(TOKEN, amount, &[(FRIEND, amount)])]])
    }

    /// Leaves the last blocks for another branch.
    pub(super) fn reorganise(&mut self, depth: usize) {
        self.blocks.truncate(self.blocks.len().saturating_sub(depth));
        self.branch += 1;
    }

    /// Seen from its newest block.
    pub(super) fn head(&self) -> HistoryHead {
        let newest = self.blocks.last().unwrap();
        HistoryHead {
            module: Address::ZERO,
            account: ACCOUNT,
            last_outflow_block: self.last_outflow(),
            block_number: newest.number,
            timestamp: newest.timestamp,
        }
    }

    pub(super) fn asked(&self) -> Vec<(u64, u64)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn within(&self, from: u64, to: u64) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| (from..=to).contains(&block.number))
    }
}

impl HistorySource for Chain {
    type Error = Infallible;

    async fn outflows(
        &self,
        _: Address,
        _: Address,
        from: u64,
        to: u64,
    ) -> Result<Vec<OutflowLog>, Infallible> {
        self.asked.lock().unwrap().push((from, to));
        Ok(self.within(from, to).flat_map(|block| block.outflows.clone()).collect())
    }

    async fn transfers(
        &self,
        tokens: &[Address],
        _: Address,
        from: u64,
        to: u64,
    ) -> Result<Vec<TransferLog>, Infallible> {
        let all = self.within(from, to).flat_map(|block| block.transfers.clone());
        Ok(all.filter(|transfer| tokens.contains(&transfer.token)).collect())
    }

    async fn block_hash(&self, number: u64) -> Result<Option<B256>, Infallible> {
        Ok(self.within(number, number).next().map(|block| block.hash))
    }
}
