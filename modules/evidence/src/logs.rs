//! The module's events, fetched from the node.

use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use writ_bindings::{Erc20, WritModule};
use writ_simulation::{NodeClient, NodeError};
use writ_types::AssetKind;

use crate::history::{HistorySource, OutflowLog, TransferLog};

impl HistorySource for NodeClient {
    type Error = NodeError;

    async fn outflows(
        &self,
        module: Address,
        account: Address,
        from: u64,
        to: u64,
    ) -> Result<Vec<OutflowLog>, NodeError> {
        let filter = Filter::new()
            .address(module)
            .event_signature(WritModule::Outflow::SIGNATURE_HASH)
            .topic1(account)
            .from_block(from)
            .to_block(to);
        self.logs(&filter)
            .await?
            .into_iter()
            .map(|log| {
                let (block, block_hash, transaction) = place(&log)?;
                let event = WritModule::Outflow::decode_log_validate(&log.inner)
                    .map_err(|error| malformed(&error.to_string()))?;
                Ok(OutflowLog {
                    block,
                    block_hash,
                    transaction,
                    asset: event.asset,
                    // Of other kinds something was counted, lent or deposited: part of the list, and no spending.
                    amount: if is_spent(event.kind) { event.amount } else { U256::ZERO },
                    sequence: event.sequence,
                    timestamp: event.timestamp.to(),
                    previous_block: event.previousBlock.to(),
                })
            })
            .collect()
    }

    async fn transfers(
        &self,
        tokens: &[Address],
        account: Address,
        from: u64,
        to: u64,
    ) -> Result<Vec<TransferLog>, NodeError> {
        let filter = Filter::new()
            .address(tokens.to_vec())
            .event_signature(Erc20::Transfer::SIGNATURE_HASH)
            .topic1(account)
            .from_block(from)
            .to_block(to);
        let mut transfers = Vec::new();
        for log in self.logs(&filter).await? {
            // Of another shape, as an ERC-721's: it says nothing about an amount.
            let Ok(event) = Erc20::Transfer::decode_log_validate(&log.inner) else { continue };
            let (block, block_hash, transaction) = place(&log)?;
            let (token, to, amount) = (log.address(), event.to, event.value);
            transfers.push(TransferLog { block, block_hash, transaction, token, to, amount });
        }
        Ok(transfers)
    }

    async fn block_hash(&self, number: u64) -> Result<Option<B256>, NodeError> {
        Ok(self.block(number.into()).await?.map(|block| block.header.hash))
    }
}

/// Block and transaction of a log.
fn place(log: &Log) -> Result<(u64, B256, B256), NodeError> {
    match (log.block_number, log.block_hash, log.transaction_hash) {
        (Some(block), Some(hash), Some(transaction)) => Ok((block, hash, transaction)),
        _ => Err(malformed("a log without block or transaction")),
    }
}

/// The policies of one block, in order: in the `ConfigurationSet` events of `account`, and in the
/// `ConfigurationPublished` events of the same commitment, for an account that installed what was published before.
pub(crate) async fn policies_set(
    node: &NodeClient,
    module: Address,
    account: Address,
    commitment: B256,
    block: u64,
) -> Result<Vec<Vec<WritModule::PolicyReference>>, NodeError> {
    // One question: the second topic is the account of the one and the commitment of the other, and which is which is
    // looked at here.
    let filter = Filter::new()
        .address(module)
        .from_block(block)
        .to_block(block)
        .event_signature(vec![
            WritModule::ConfigurationPublished::SIGNATURE_HASH,
            WritModule::ConfigurationSet::SIGNATURE_HASH,
        ])
        .topic1(vec![commitment, account.into_word()]);
    let (mut published, mut set) = (Vec::new(), Vec::new());
    for log in node.logs(&filter).await? {
        let (signature, subject) = (log.topics().first(), log.topics().get(1));
        if signature == Some(&WritModule::ConfigurationPublished::SIGNATURE_HASH) {
            if subject == Some(&commitment) {
                let event = WritModule::ConfigurationPublished::decode_log_validate(&log.inner);
                let event = event.map_err(|error| malformed(&error.to_string()))?;
                published.push(event.data.policies);
            }
        } else if subject == Some(&account.into_word()) {
            let event = WritModule::ConfigurationSet::decode_log_validate(&log.inner);
            set.push(event.map_err(|error| malformed(&error.to_string()))?.data.policies);
        }
    }
    published.append(&mut set);
    Ok(published)
}

fn is_spent(kind: u8) -> bool {
    AssetKind::from_u8(kind).is_some_and(AssetKind::is_spent)
}

fn malformed(detail: &str) -> NodeError {
    NodeError::Malformed { method: "eth_getLogs".to_owned(), detail: detail.to_owned() }
}
