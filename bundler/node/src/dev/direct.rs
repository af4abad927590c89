//! Around the bundler: operations sent straight to `EntryPoint.handleOps`, as anybody can.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, FixedBytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
    sol_types::SolError,
};
use writ_bindings::EntryPoint as EntryPointContract;
use writ_types::{EntryPoint, UserOperation, handle_ops_calldata};

use super::DevError;

/// Gas of a direct transaction: given, so that the node mines it although it reverts.
const DIRECT_GAS: u64 = 3_000_000;

/// How a direct `handleOps` ended on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectOutcome {
    /// The transaction, mined in any case.
    pub transaction: B256,
    /// What the EntryPoint said when it refused.
    pub refusal: Option<EntryPointRefusal>,
}

/// `FailedOp` or `FailedOpWithRevert`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPointRefusal {
    /// Position of the operation in the bundle.
    pub index: u64,
    /// The EntryPoint's text, such as `AA24 signature error`.
    pub reason: String,
    /// The account's or the module's own revert data; empty for `FailedOp`.
    pub inner: Bytes,
}

impl EntryPointRefusal {
    /// The EntryPoint's code, such as `AA24`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.reason.split_whitespace().next().unwrap_or_default()
    }

    /// Selector of the account's or the module's own error.
    #[must_use]
    pub fn selector(&self) -> Option<FixedBytes<4>> {
        self.inner.get(..4).map(FixedBytes::from_slice)
    }
}

/// Sends `operations` to `handleOps` from the sender of `provider` and waits until it is mined.
pub async fn handle_ops(
    provider: &DynProvider,
    sender: Address,
    entry_point: EntryPoint,
    operations: &[UserOperation],
) -> Result<DirectOutcome, DevError> {
    let calldata = handle_ops_calldata(operations, sender)
        .map_err(|error| DevError::unexpected(format!("handleOps: {error}")))?;
    let request = TransactionRequest::default()
        .with_from(sender)
        .with_to(entry_point.address)
        .with_input(calldata)
        .with_gas_limit(DIRECT_GAS)
        .with_value(U256::ZERO);
    let receipt = provider
        .send_transaction(request.clone())
        .await
        .map_err(DevError::chain("handleOps"))?
        .get_receipt()
        .await
        .map_err(DevError::chain("receipt of handleOps"))?;
    if receipt.status() {
        return Ok(DirectOutcome { transaction: receipt.transaction_hash, refusal: None });
    }
    // The receipt does not say why; the same call on the block before does.
    let before = receipt.block_number.unwrap_or_default().saturating_sub(1);
    let Err(error) = provider.call(request).block(before.into()).await else {
        return Err(DevError::unexpected("handleOps reverted on the chain and not when called"));
    };
    let data = error
        .as_error_resp()
        .and_then(|payload| payload.as_revert_data())
        .ok_or_else(|| DevError::unexpected(format!("handleOps reverted without data: {error}")))?;
    let refusal = decode_refusal(&data)
        .ok_or_else(|| DevError::unexpected(format!("unknown revert of handleOps: {data}")))?;
    Ok(DirectOutcome { transaction: receipt.transaction_hash, refusal: Some(refusal) })
}

fn decode_refusal(data: &[u8]) -> Option<EntryPointRefusal> {
    use EntryPointContract::{FailedOp, FailedOpWithRevert};
    if let Ok(failed) = FailedOpWithRevert::abi_decode(data) {
        return Some(EntryPointRefusal {
            index: failed.opIndex.try_into().ok()?,
            reason: failed.reason,
            inner: failed.inner,
        });
    }
    let failed = FailedOp::abi_decode(data).ok()?;
    Some(EntryPointRefusal {
        index: failed.opIndex.try_into().ok()?,
        reason: failed.reason,
        inner: Bytes::new(),
    })
}
