//! Where events come from.

use std::future::Future;

use alloy::primitives::{Address, B256, U256};

/// An `Outflow` event of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowLog {
    /// Number of the block that holds it.
    pub block: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// The transaction.
    pub transaction: B256,
    /// The asset; zero for native currency.
    pub asset: Address,
    /// Net decrease, in the asset's smallest unit; 0 of what was lent, counted or deposited, which is no spending.
    pub amount: U256,
    /// Number of the attested action.
    pub sequence: u64,
    /// Timestamp of its block, in seconds.
    pub timestamp: u64,
    /// The last block before this one with such an event; 0 for none.
    pub previous_block: u64,
}

/// An ERC-20 `Transfer` of the account's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferLog {
    /// Number of the block that holds it.
    pub block: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// The transaction.
    pub transaction: B256,
    /// The token.
    pub token: Address,
    /// The payee.
    pub to: Address,
    /// In the token's smallest unit.
    pub amount: U256,
}

/// Where events come from.
pub trait HistorySource: Sync {
    /// Why they could not be had.
    type Error: std::error::Error + Send + Sync + 'static;

    /// All `Outflow` events of `module` for `account` in the blocks `from..=to`.
    fn outflows(
        &self,
        module: Address,
        account: Address,
        from: u64,
        to: u64,
    ) -> impl Future<Output = Result<Vec<OutflowLog>, Self::Error>> + Send;

    /// All transfers out of `account` that `tokens` logged in the blocks `from..=to`.
    fn transfers(
        &self,
        tokens: &[Address],
        account: Address,
        from: u64,
        to: u64,
    ) -> impl Future<Output = Result<Vec<TransferLog>, Self::Error>> + Send;

    /// Hash of the canonical block with this number; `None` if there is none.
    fn block_hash(
        &self,
        number: u64,
    ) -> impl Future<Output = Result<Option<B256>, Self::Error>> + Send;
}
