//! Every method: its parameters, and the call to the backend.

use std::sync::Arc;

use alloy::primitives::U256;
use jsonrpsee::core::RegisterMethodError;
use serde_json::{Value, json};
use writ_types::{
    AttestableCall, FieldError, PartialUserOperation, PresentedFacts, Refusal, UserOperation,
    parse_address, parse_hash,
};

use crate::{
    Backend, MethodLimits, OperationStatus, StateOverrides,
    dispatch::{Context, Methods},
    params::{entry_point, state_overrides, user_op_hash},
};

impl<B: Backend> Context<B> {
    /// An operation as it is sent, with its EntryPoint.
    fn operation(
        &self,
        [operation, at]: [Value; 2],
    ) -> Result<(writ_types::EntryPoint, UserOperation), Refusal> {
        let at = entry_point(&at, &self.backend.entry_points())?;
        let limits = self.backend.parse_limits();
        let operation = UserOperation::from_rpc_with(&operation, at.version, &limits)?;
        operation.check_authorization_chain(self.backend.chain_id())?;
        Ok((at, operation))
    }

    /// An operation whose gas is not known, with its EntryPoint.
    fn partial(
        &self,
        [operation, at]: [Value; 2],
    ) -> Result<(writ_types::EntryPoint, PartialUserOperation), Refusal> {
        let at = entry_point(&at, &self.backend.entry_points())?;
        let limits = self.backend.parse_limits();
        let operation = PartialUserOperation::from_rpc_with(&operation, at.version, &limits)?;
        Ok((at, operation))
    }
}

/// What issuers stated, where something is presented.
fn presented(facts: Option<Value>) -> Result<PresentedFacts, FieldError> {
    facts.map_or_else(|| Ok(PresentedFacts::default()), |facts| PresentedFacts::from_rpc(&facts))
}

const OPERATION: [&str; 2] = ["userOperation", "entryPoint"];
const HASH: [&str; 1] = ["userOpHash"];

/// The words that another bundler's clients know.
fn pimlico_status(status: Option<&OperationStatus>) -> Value {
    let word = match status.map(|status| status.status.as_str()) {
        None => "not_found",
        Some("received" | "pending") => "not_submitted",
        Some("submitted") => "submitted",
        Some("included") => "included",
        Some("failed") => "reverted",
        Some(_) => "rejected",
    };
    json!({
        "status": word,
        "transactionHash": status.and_then(|status| status.transaction_hash),
    })
}

/// All methods over `backend`.
///
/// # Errors
/// Never in practice: only if two methods had one name.
pub fn methods<B: Backend>(
    backend: Arc<B>,
    limits: MethodLimits,
) -> Result<jsonrpsee::Methods, RegisterMethodError> {
    let mut all = Methods::new(backend, limits);
    eth(&mut all)?;
    writ(&mut all)?;
    operation_state(&mut all)?;
    Ok(all.finish())
}

fn eth<B: Backend>(all: &mut Methods<B>) -> Result<(), RegisterMethodError> {
    all.add("eth_sendUserOperation", |context, parameters| async move {
        let (required, facts) = parameters.with_optional(OPERATION)?;
        let (at, operation) = context.operation(required)?;
        context.backend.send_user_operation(at, operation, presented(facts)?).await
    })?;
    all.add("eth_estimateUserOperationGas", |context, parameters| async move {
        let (required, overrides) = parameters.with_optional(OPERATION)?;
        let (at, operation) = context.partial(required)?;
        let overrides = match overrides {
            Some(value) => state_overrides(&value)?,
            None => StateOverrides::new(),
        };
        context.backend.estimate_user_operation_gas(at, operation, overrides).await
    })?;
    all.add("eth_getUserOperationByHash", |context, parameters| async move {
        let [hash] = parameters.exactly(HASH)?;
        context.backend.user_operation_by_hash(user_op_hash(&hash)?).await
    })?;
    all.add("eth_getUserOperationReceipt", |context, parameters| async move {
        let [hash] = parameters.exactly(HASH)?;
        context.backend.user_operation_receipt(user_op_hash(&hash)?).await
    })?;
    all.add("eth_supportedEntryPoints", |context, parameters| async move {
        parameters.exactly([])?;
        let served = context.backend.entry_points();
        Ok(served.iter().map(|at| at.address.to_checksum(None)).collect::<Vec<_>>())
    })?;
    all.add("eth_chainId", |context, parameters| async move {
        parameters.exactly([])?;
        Ok(U256::from(context.backend.chain_id()))
    })?;
    all.add("web3_clientVersion", |context, parameters| async move {
        parameters.exactly([])?;
        Ok(context.backend.client_version())
    })
}

fn writ<B: Backend>(all: &mut Methods<B>) -> Result<(), RegisterMethodError> {
    all.add("writ_getPolicy", |context, parameters| async move {
        let [account] = parameters.exactly(["account"])?;
        let account = parse_address("account", &account)?;
        context.backend.policy(account).await
    })?;
    all.add("writ_evaluate", |context, parameters| async move {
        let (required, facts) = parameters.with_optional(OPERATION)?;
        let (at, operation) = context.partial(required)?;
        context.backend.evaluate(at, operation, presented(facts)?).await
    })?;
    all.add("writ_attest", |context, parameters| async move {
        let (required, facts) = parameters.with_optional(OPERATION)?;
        let (at, operation) = context.operation(required)?;
        let attested = context.backend.attest(at, operation, presented(facts)?).await?;
        Ok(attested.to_rpc())
    })?;
    all.add("writ_attestCall", |context, parameters| async move {
        let ([call], facts) = parameters.with_optional(["call"])?;
        let call = AttestableCall::from_rpc(&call)?;
        context.backend.attest_call(call, presented(facts)?).await
    })?;
    all.add("writ_getDecision", |context, parameters| async move {
        let [hash] = parameters.exactly(["hash"])?;
        let hash = parse_hash("hash", &hash).map_err(|error: FieldError| Refusal::from(error))?;
        context.backend.decision(hash).await
    })
}

fn operation_state<B: Backend>(all: &mut Methods<B>) -> Result<(), RegisterMethodError> {
    all.add("writ_getUserOperationStatus", |context, parameters| async move {
        let [hash] = parameters.exactly(HASH)?;
        context.backend.user_operation_status(user_op_hash(&hash)?).await
    })?;
    all.add("pimlico_getUserOperationStatus", |context, parameters| async move {
        let [hash] = parameters.exactly(HASH)?;
        let status = context.backend.user_operation_status(user_op_hash(&hash)?).await?;
        Ok(pimlico_status(status.as_ref()))
    })?;
    for name in ["writ_getUserOperationGasPrice", "pimlico_getUserOperationGasPrice"] {
        all.add(name, |context, parameters| async move {
            parameters.exactly([])?;
            context.backend.gas_prices().await
        })?;
    }
    all.add("rundler_maxPriorityFeePerGas", |context, parameters| async move {
        parameters.exactly([])?;
        let prices = context.backend.gas_prices().await?;
        Ok(prices.standard.max_priority_fee_per_gas)
    })
}
