//! One transaction, from its price to its receipt.

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, U64, U256},
    rpc::types::TransactionReceipt,
};
use clap::Args;
use serde_json::json;
use tokio::time::{Instant, sleep};
use writ_builder::{BundleSigner, Call, Fees, Unsigned};
use writ_simulation::{NodeClient, StateProvider};

use super::SyncError;
use crate::{NodeError, bundler};

/// What every command that sends a transaction is told about it.
#[derive(Clone, Debug, Args)]
pub struct SendingArguments {
    /// File with the private key (32 bytes in hex) that signs and pays. It must be readable by its owner only.
    #[arg(
        long,
        env = "WRIT_SIGNER_KEY_FILE",
        value_name = "FILE",
        conflicts_with = "signer_address"
    )]
    pub signer_key_file: Option<PathBuf>,

    /// Instead of a key: an account that the node holds unlocked, as development nodes do.
    #[arg(long, env = "WRIT_SIGNER_ADDRESS", value_name = "ADDRESS")]
    pub signer_address: Option<Address>,

    /// Most to pay for a unit of gas, in wei: while the chain asks for more, nothing is sent.
    #[arg(long, value_name = "WEI")]
    pub max_fee_per_gas: Option<u128>,

    /// Seconds to wait for each transaction.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub wait: u64,
}

impl SendingArguments {
    /// Who signs; none where nobody is named.
    pub(crate) async fn signer(
        &self,
        node: &NodeClient,
    ) -> Result<Option<BundleSigner>, NodeError> {
        let (file, account) = (self.signer_key_file.as_deref(), self.signer_address);
        if file.is_none() && account.is_none() {
            return Ok(None);
        }
        bundler::signer(file, account, node).await.map(Some)
    }
}

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
    arguments: &SendingArguments,
) -> Result<B256, SyncError> {
    let (most, wait) = (arguments.max_fee_per_gas, Duration::from_secs(arguments.wait));
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
