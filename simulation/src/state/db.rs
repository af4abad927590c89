//! What the EVM of one simulation reads from.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256, U256};
use revm::{Database, bytecode::Bytecode, database_interface::DBErrorMarker, state::AccountInfo};

use super::PinnedBlock;
use crate::{limits::Limits, node::NodeError, overrides::Overrides};

/// State that could not be had while the EVM waited for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The node failed.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The operation needs more reads from the node than a simulation may make.
    #[error("more than {0} reads from the node")]
    TooManyReads(usize),
    /// The node took longer in total than a simulation may wait.
    #[error("the node took too long")]
    TooSlow,
    /// Code was asked for by a hash that belongs to no account read before.
    #[error("no account with code {0} was read")]
    UnknownCode(B256),
}

impl DBErrorMarker for StateError {}

/// A pinned block under a request's overrides, with a budget of node reads.
#[derive(Debug)]
pub(crate) struct SimulationDb<'a> {
    block: &'a PinnedBlock,
    overrides: &'a Overrides,
    /// The transaction's sender: always this account, whatever stands at the address.
    origin: (Address, AccountInfo),
    reads: usize,
    most_reads: usize,
    time_left: Duration,
}

impl<'a> SimulationDb<'a> {
    pub(crate) fn new(
        block: &'a PinnedBlock,
        overrides: &'a Overrides,
        origin: (Address, AccountInfo),
        limits: &Limits,
    ) -> Self {
        Self {
            block,
            overrides,
            origin,
            reads: 0,
            most_reads: limits.node_reads,
            time_left: limits.node_time,
        }
    }

    /// Accounts for one read of the block.
    fn read<T>(
        &mut self,
        read: impl FnOnce(&PinnedBlock, Duration) -> Result<(T, bool), StateError>,
    ) -> Result<T, StateError> {
        let begun = Instant::now();
        let (value, asked_node) = read(self.block, self.time_left)?;
        if asked_node {
            self.reads += 1;
            if self.reads > self.most_reads {
                return Err(StateError::TooManyReads(self.most_reads));
            }
            self.time_left = self.time_left.saturating_sub(begun.elapsed());
        }
        Ok(value)
    }
}

impl Database for SimulationDb<'_> {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        if address == self.origin.0 {
            return Ok(Some(self.origin.1.clone()));
        }
        let mut info = self.read(|block, limit| block.account_blocking(address, limit))?;
        if let Some(pretended) = self.overrides.get(&address) {
            info.balance = pretended.balance.unwrap_or(info.balance);
            info.nonce = pretended.nonce.unwrap_or(info.nonce);
            if let Some((hash, code)) = &pretended.code {
                info.code_hash = *hash;
                info.code = Some(code.clone());
            }
        }
        Ok(Some(info))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, StateError> {
        Err(StateError::UnknownCode(hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        let pretended = self.overrides.get(&address).and_then(|account| account.storage.get(&slot));
        match pretended {
            Some(value) => Ok(*value),
            None => self.read(|block, limit| block.storage_blocking(address, slot, limit)),
        }
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        self.read(|block, limit| block.block_hash_blocking(number, limit))
    }
}
