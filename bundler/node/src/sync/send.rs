//! One transaction, from its price to its receipt.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U64, U256},
    rpc::types::TransactionReceipt,
};
use serde_json::json;
use tokio::time::{Instant, sleep};
use writ_builder::{BundleSigner, Call, Fees, Unsigned};
use writ_simulation::StateProvider;

use super::SyncError;

/// How often the node is asked for the receipt.
const POLL: Duration = Duration::from_millis(500);
/// Wei on top of the base fee, where the node suggests none.
const PRIORITY_FEE: u128 = 1_000_000_000;

/// Sends the call and waits until it is mined.
pub(crate) async fn send(
    state: &StateProvider,
    signer: &BundleSigner,
    to: Address,
    input: Bytes,
    most: Option<u128>,
    wait: Duration,
) -> Result<B256, SyncError> {
    let client = state.client();
    let sender = signer.address();
    let count = async |tag: &'static str| {
        client.request::<_, U64>("eth_getTransactionCount", (sender, tag)).await
    };
    let nonce: u64 = count("latest").await?.to();
    if count("pending").await?.to::<u64>() > nonce {
        return Err(SyncError::SignerBusy(sender));
    }
    let suggested: Result<U256, _> = client.request("eth_maxPriorityFeePerGas", ()).await;
    let priority = suggested.ok().and_then(|fee| u128::try_from(fee).ok()).unwrap_or(PRIORITY_FEE);
    let base = u128::from(state.latest().await?.base_fee());
    let mut fees = Fees {
        // The base fee can double before it is mined.
        max_fee_per_gas: base.saturating_mul(2).saturating_add(priority),
        max_priority_fee_per_gas: priority,
    };
    if let Some(most) = most {
        let asked = base.saturating_add(priority);
        if asked > most {
            return Err(SyncError::TooExpensive { asked, most });
        }
        fees.max_fee_per_gas = fees.max_fee_per_gas.min(most);
    }
    let transaction = json!({ "from": sender, "to": to, "data": input });
    let gas: U64 = client.request("eth_estimateGas", (transaction,)).await?;
    let call = Call { to, input, gas: gas.to::<u64>().saturating_mul(5) / 4 };
    let unsigned = Unsigned::new(state.chain_id().await?, nonce, fees, &call, Vec::new());
    let signed = signer.sign(unsigned).await?;
    let hash: B256 = client.request("eth_sendRawTransaction", (signed.raw,)).await?;
    mined(state, hash, wait).await
}

async fn mined(state: &StateProvider, hash: B256, wait: Duration) -> Result<B256, SyncError> {
    let deadline = Instant::now() + wait;
    loop {
        let asked = state
            .client()
            .request::<_, Option<TransactionReceipt>>("eth_getTransactionReceipt", (hash,));
        // A node that is gone for a moment has not lost the transaction.
        match asked.await {
            Ok(Some(receipt)) if receipt.status() => return Ok(hash),
            Ok(Some(_)) => return Err(SyncError::Reverted(hash)),
            Err(error) if !error.is_transient() => return Err(error.into()),
            _ if Instant::now() >= deadline => return Err(SyncError::NotMined(hash)),
            _ => sleep(POLL).await,
        }
    }
}
