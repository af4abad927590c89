//! The module's events, fetched from the node.

use alloy::{primitives::Address, rpc::types::Filter, sol_types::SolEvent};
use writ_bindings::WritModule;
use writ_simulation::{NodeClient, NodeError};

use crate::history::{Outflow, OutflowSource};

impl OutflowSource for NodeClient {
    type Error = NodeError;

    async fn outflows(
        &self,
        module: Address,
        account: Address,
        from: u64,
        to: u64,
    ) -> Result<Vec<Outflow>, NodeError> {
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
                let block = log.block_number.ok_or_else(|| malformed("a log without block"))?;
                let event = WritModule::Outflow::decode_log_validate(&log.inner)
                    .map_err(|error| malformed(&error.to_string()))?;
                Ok(Outflow {
                    block,
                    asset: event.asset,
                    amount: event.amount,
                    sequence: event.sequence,
                    timestamp: event.timestamp.to(),
                    previous_block: event.previousBlock.to(),
                })
            })
            .collect()
    }
}

/// The policies in the `ConfigurationSet` events of `account` in one block, in order.
pub(crate) async fn policies_set(
    node: &NodeClient,
    module: Address,
    account: Address,
    block: u64,
) -> Result<Vec<WritModule::ConfigurationSet>, NodeError> {
    let filter = Filter::new()
        .address(module)
        .event_signature(WritModule::ConfigurationSet::SIGNATURE_HASH)
        .topic1(account)
        .from_block(block)
        .to_block(block);
    node.logs(&filter)
        .await?
        .into_iter()
        .map(|log| {
            WritModule::ConfigurationSet::decode_log_validate(&log.inner)
                .map(|event| event.data)
                .map_err(|error| malformed(&error.to_string()))
        })
        .collect()
}

fn malformed(detail: &str) -> NodeError {
    NodeError::Malformed { method: "eth_getLogs".to_owned(), detail: detail.to_owned() }
}
