//! Following the chain: what blocks included, and undoing it when they are gone.

use std::{collections::HashSet, sync::Arc};

use alloy::{
    eips::BlockId,
    primitives::{Address, TxHash},
    rpc::types::{Log, TransactionReceipt},
    sol_types::SolEvent,
};
use serde_json::json;
use writ_admission::describe_revert;
use writ_pool::{Inclusion, Pool, Unmined};
use writ_simulation::NodeError;

use crate::{
    BuilderError,
    blocking::with_pool,
    chain::{Chain, Head},
    events::{Executed, UserOperationEvent, executed},
    recent::{Link, Recent},
};

/// Keeps the pool's idea of the chain up to date.
#[derive(Debug)]
pub(crate) struct Follower {
    chain: Chain,
    pool: Arc<Pool>,
    entry_points: Vec<Address>,
    recent: Recent,
    depth: usize,
    started: bool,
    undone: Vec<Unmined>,
}

impl Follower {
    pub(crate) fn new(
        chain: Chain,
        pool: Arc<Pool>,
        entry_points: Vec<Address>,
        depth: usize,
    ) -> Self {
        let depth = depth.max(1);
        Self {
            chain,
            pool,
            entry_points,
            recent: Recent::new(depth),
            depth,
            started: false,
            undone: Vec::new(),
        }
    }

    /// Takes in everything up to `head`: undoes inclusions in blocks that are gone, indexes those in new ones.
    ///
    /// When it fails on the way, the next call does the rest again; indexing twice is indexing once.
    pub(crate) async fn follow(&mut self, head: &Head) -> Result<Vec<Unmined>, BuilderError> {
        if self.recent.head().is_some_and(|known| known.hash == head.link.hash) {
            return Ok(Vec::new());
        }
        let branch = self.branch(head).await?;
        let mut next = self.recent.clone();
        let advance = next.advance(&branch);
        let orphaned = advance.orphaned.iter().map(|link| link.number).min();
        let lowest = if self.started { orphaned } else { branch.last().map(|link| link.number) };
        if let Some(lowest) = lowest {
            // At start it is not known which blocks were followed: the whole window is taken in anew.
            let unmined = with_pool(&self.pool, move |pool| pool.unmine(lowest)).await?;
            if self.started {
                tracing::warn!(
                    from = lowest,
                    undone = unmined.len(),
                    "blocks were reorganised away"
                );
            }
            // Kept until the new blocks are read as well: that may fail, and then it is done again.
            self.undone.extend(unmined);
        }
        for link in &advance.added {
            self.index_block(link).await?;
        }
        self.recent = next;
        self.started = true;
        Ok(std::mem::take(&mut self.undone))
    }

    /// Blocks from the head back to one that is known, newest first.
    async fn branch(&self, head: &Head) -> Result<Vec<Link>, BuilderError> {
        let mut branch = vec![head.link];
        let all = !self.started;
        while branch.len() < self.depth {
            let Some(oldest) = branch.last() else { break };
            let joined = if all { oldest.number == 0 } else { self.recent.is_joined(&branch) };
            if joined {
                break;
            }
            let parent = self.chain.block(BlockId::hash(oldest.parent)).await?;
            branch.push(parent.link);
        }
        Ok(branch)
    }

    async fn index_block(&self, link: &Link) -> Result<(), BuilderError> {
        let topic = UserOperationEvent::SIGNATURE_HASH;
        let logs = self.chain.logs(link.hash, self.entry_points.clone(), topic).await?;
        let mut transactions: Vec<TxHash> = Vec::new();
        for log in &logs {
            if let Some(transaction) = log.transaction_hash
                && !transactions.contains(&transaction)
                && self.concerns_us(log)?
            {
                transactions.push(transaction);
            }
        }
        for transaction in transactions {
            let receipt = self.chain.receipt(transaction).await?;
            let receipt = receipt
                .filter(|receipt| receipt.block_hash == Some(link.hash))
                .ok_or_else(|| NodeError::UnknownBlock {
                    block: link.hash.to_string(),
                    detail: format!("it has no receipt for its transaction {transaction}"),
                })?;
            self.index_receipt(&receipt).await?;
        }
        Ok(())
    }

    /// Indexes the operations of one transaction that are known here, or that use up a known one's nonce.
    pub(crate) async fn index_receipt(
        &self,
        receipt: &TransactionReceipt,
    ) -> Result<(), BuilderError> {
        let logs = receipt.inner.logs();
        let mut inclusions = Vec::new();
        for operation in executed(receipt, &self.entry_points) {
            let Some(event) = operation.logs.clone().last().and_then(|place| logs.get(place))
            else {
                continue;
            };
            if self.concerns_us(event)? {
                inclusions.push(inclusion(&operation, receipt, event));
            }
        }
        if inclusions.is_empty() {
            return Ok(());
        }
        for inclusion in &inclusions {
            let (hash, block, success) =
                (inclusion.hash, inclusion.block_number, inclusion.success);
            tracing::info!(%hash, block, success, "operation included");
        }
        with_pool(&self.pool, move |pool| pool.mine(&inclusions)).await.map(|_| ())
    }

    /// Whether the event is about a known operation, or about the nonce of one that is pooled.
    fn concerns_us(&self, log: &Log) -> Result<bool, BuilderError> {
        let Ok(event) = UserOperationEvent::decode_log_data(&log.inner.data) else {
            return Ok(false);
        };
        if self.pool.get(event.userOpHash).is_some()
            || !self.pool.of_sender(event.sender).is_empty()
        {
            return Ok(true);
        }
        Ok(self.pool.status(event.userOpHash)?.is_some())
    }
}

/// The index entry, with the receipt in the form of ERC-7769.
fn inclusion(operation: &Executed, receipt: &TransactionReceipt, event: &Log) -> Inclusion {
    let reason = if operation.success {
        None
    } else {
        let decoded = operation.reason.as_ref().and_then(|data| describe_revert(data));
        Some(decoded.unwrap_or_else(|| "reverted without data".to_owned()))
    };
    let logs: Vec<&Log> =
        receipt.inner.logs().get(operation.logs.clone()).unwrap_or_default().iter().collect();
    let paymaster = (!operation.paymaster.is_zero()).then(|| operation.paymaster.to_checksum(None));
    let document = json!({
        "userOpHash": operation.hash,
        "entryPoint": operation.entry_point.to_checksum(None),
        "sender": operation.sender.to_checksum(None),
        "nonce": operation.nonce,
        "paymaster": paymaster,
        "actualGasCost": operation.gas_cost,
        "actualGasUsed": operation.gas_used,
        "success": operation.success,
        "reason": reason,
        "logs": logs,
        "receipt": receipt,
    });
    Inclusion {
        hash: operation.hash,
        entry_point: operation.entry_point,
        sender: operation.sender,
        nonce: operation.nonce,
        transaction: receipt.transaction_hash,
        block_number: receipt.block_number.unwrap_or_default(),
        block_hash: receipt.block_hash.unwrap_or_default(),
        log_index: event.log_index.unwrap_or_default(),
        success: operation.success,
        reason,
        receipt: document.to_string(),
    }
}

/// Operations that several undone inclusions name, by the transaction that they were in, newest first.
pub(crate) fn transactions_of(unmined: &[Unmined]) -> Vec<TxHash> {
    let mut seen = HashSet::new();
    let restored =
        unmined.iter().filter(|undone| undone.restored).map(|undone| undone.inclusion.transaction);
    restored.filter(|transaction| seen.insert(*transaction)).collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, Bytes, U256};

    use super::*;

    #[test]
    fn a_failed_operation_says_why_in_its_receipt() {
        let data =
            alloy::sol_types::SolError::abi_encode(&alloy::sol_types::Revert::from("too much"));
        let operation = Executed {
            entry_point: Address::repeat_byte(1),
            hash: B256::repeat_byte(2),
            sender: Address::repeat_byte(3),
            paymaster: Address::ZERO,
            nonce: U256::from(4),
            success: false,
            gas_cost: U256::from(5),
            gas_used: U256::from(6),
            reason: Some(Bytes::from(data)),
            logs: 0..0,
        };
        let receipt: TransactionReceipt = serde_json::from_value(json!({
            "transactionHash": B256::repeat_byte(7), "transactionIndex": "0x0",
            "blockHash": B256::repeat_byte(8), "blockNumber": "0x9", "from": Address::ZERO, "to": Address::ZERO,
            "cumulativeGasUsed": "0x1", "gasUsed": "0x1", "contractAddress": null, "logs": [], "status": "0x1",
            "logsBloom": format!("0x{}", "00".repeat(256)), "type": "0x2", "effectiveGasPrice": "0x1",
        }))
        .expect("a receipt");
        let entry = inclusion(&operation, &receipt, &Log::default());
        assert_eq!(entry.reason.as_deref(), Some("too much"));
        assert_eq!(entry.block_number, 9);
        let document: serde_json::Value = serde_json::from_str(&entry.receipt).expect("JSON");
        assert_eq!(document["reason"], "too much");
        assert_eq!(document["success"], false);
        assert_eq!(document["nonce"], "0x4");
        assert_eq!(document["paymaster"], serde_json::Value::Null);
        assert_eq!(document["receipt"]["transactionHash"], json!(B256::repeat_byte(7)));
    }
}
