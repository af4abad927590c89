//! What the builder asks of the node. Every request is bounded and repeated by [`NodeClient`].

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, TxHash, U64, U256},
    rpc::types::{Block, FeeHistory, Filter, Log, Transaction, TransactionReceipt},
};
use writ_simulation::{NodeClient, NodeError};

use crate::{Broadcast, FeeRules, GasPrices, REWARD_PERCENTILES, recent::Link};

/// What the code of a delegated account begins with.
const EIP7702_DESIGNATOR: [u8; 3] = [0xef, 0x01, 0x00];

/// Blocks that prices are taken from.
const FEE_BLOCKS: u64 = 10;

/// The node, in the builder's words.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    node: NodeClient,
}

/// A block, as far as following the chain needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) link: Link,
}

impl From<&Block> for Head {
    fn from(block: &Block) -> Self {
        let header = &block.header;
        let link = Link { number: header.number, hash: header.hash, parent: header.parent_hash };
        Self { link }
    }
}

impl Chain {
    pub(crate) const fn new(node: NodeClient) -> Self {
        Self { node }
    }

    pub(crate) async fn chain_id(&self) -> Result<u64, NodeError> {
        self.node.chain_id().await
    }

    pub(crate) async fn head(&self) -> Result<Head, NodeError> {
        self.block(BlockId::latest()).await
    }

    pub(crate) async fn block(&self, id: BlockId) -> Result<Head, NodeError> {
        match self.node.block(id).await? {
            Some(block) => Ok(Head::from(&block)),
            None => Err(NodeError::UnknownBlock {
                block: id.to_string(),
                detail: "it has no such block".into(),
            }),
        }
    }

    /// Transactions of `signer` on the chain, as of the newest block.
    pub(crate) async fn mined_nonce(&self, signer: Address) -> Result<u64, NodeError> {
        let nonce: U64 = self.node.request("eth_getTransactionCount", (signer, "latest")).await?;
        Ok(nonce.to())
    }

    pub(crate) async fn balance(&self, address: Address) -> Result<U256, NodeError> {
        self.node.request("eth_getBalance", (address, "latest")).await
    }

    pub(crate) async fn code(&self, address: Address) -> Result<Bytes, NodeError> {
        self.node.request("eth_getCode", (address, "latest")).await
    }

    /// The account's EIP-7702 delegate after this block.
    pub(crate) async fn delegate(
        &self,
        account: Address,
        block: u64,
    ) -> Result<Option<Address>, NodeError> {
        let code: Bytes = self.node.request("eth_getCode", (account, U64::from(block))).await?;
        let designation = code.strip_prefix(&EIP7702_DESIGNATOR);
        Ok(designation.filter(|rest| rest.len() == 20).map(Address::from_slice))
    }

    /// Sends raw bytes; every outcome is an answer.
    pub(crate) async fn send(&self, raw: &Bytes) -> Broadcast {
        let answer: Result<TxHash, NodeError> =
            self.node.request("eth_sendRawTransaction", (raw,)).await;
        match answer {
            Ok(_) => Broadcast::Known,
            Err(NodeError::Rpc { message, .. }) => classify(&message),
            Err(error) => {
                tracing::warn!(%error, "a transaction may not have reached the node");
                Broadcast::Unreachable
            }
        }
    }

    pub(crate) async fn receipt(
        &self,
        hash: TxHash,
    ) -> Result<Option<TransactionReceipt>, NodeError> {
        self.node.request("eth_getTransactionReceipt", (hash,)).await
    }

    pub(crate) async fn transaction(&self, hash: TxHash) -> Result<Option<Transaction>, NodeError> {
        self.node.request("eth_getTransactionByHash", (hash,)).await
    }

    /// Logs of `addresses` in one block, by hash: never of another block at that height.
    pub(crate) async fn logs(
        &self,
        block: B256,
        addresses: Vec<Address>,
        topic: B256,
    ) -> Result<Vec<Log>, NodeError> {
        self.node
            .logs(&Filter::new().at_block_hash(block).address(addresses).event_signature(topic))
            .await
    }

    pub(crate) async fn prices(&self, rules: &FeeRules) -> Result<GasPrices, NodeError> {
        let history: FeeHistory = self
            .node
            .request(
                "eth_feeHistory",
                (U64::from(FEE_BLOCKS), "latest", REWARD_PERCENTILES.as_slice()),
            )
            .await?;
        let next = history.base_fee_per_gas.last().copied().ok_or_else(|| {
            NodeError::Malformed { method: "eth_feeHistory".into(), detail: "no base fee".into() }
        })?;
        let rewards: Vec<[u128; 3]> = history
            .reward
            .unwrap_or_default()
            .iter()
            .filter_map(|block| <[u128; 3]>::try_from(block.as_slice()).ok())
            .collect();
        Ok(GasPrices::from_history(next, &rewards, rules))
    }
}

/// Nodes share no codes for these, but they do share words.
fn classify(message: &str) -> Broadcast {
    let text = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "already known",
        "known transaction",
        "already imported",
        "already exists",
        "alreadyknown",
    ]) {
        Broadcast::Known
    } else if says(&[
        "nonce too low",
        "nonce is too low",
        "nonce has already been used",
        "oldnonce",
    ]) {
        Broadcast::NonceUsed
    } else if says(&[
        "underpriced",
        "fee too low",
        "less than block base fee",
        "max fee per gas less than",
        "fee cap less than",
        "feetoolow",
        "gas price too low",
    ]) {
        Broadcast::Underpriced
    } else if says(&[
        "txpool is full",
        "pool is full",
        "timeout",
        "timed out",
        "header not found",
        "rate limit",
    ]) {
        Broadcast::Unreachable
    } else {
        Broadcast::Refused(message.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_words_are_understood() {
        for (text, expected) in [
            ("already known", Broadcast::Known),
            ("transaction already imported", Broadcast::Known),
            ("AlreadyKnown", Broadcast::Known),
            ("nonce too low: next nonce 5, tx nonce 4", Broadcast::NonceUsed),
            ("replacement transaction underpriced", Broadcast::Underpriced),
            (
                "max fee per gas less than block base fee: address 0x, maxFeePerGas: 1",
                Broadcast::Underpriced,
            ),
            ("txpool is full", Broadcast::Unreachable),
        ] {
            assert_eq!(classify(text), expected, "{text}");
        }
        let broke = "insufficient funds for gas * price + value";
        assert_eq!(classify(broke), Broadcast::Refused(broke.into()));
    }
}
