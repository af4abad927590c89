//! The bundler behind the RPC: every method handed to the part that knows.

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};
use serde_json::Value;
use writ_admission::Admission;
use writ_builder::{BuilderHandle, Fees, Part};
use writ_evidence::EvidenceBuilder;
use writ_policy::PolicyStore;
use writ_rpc::{
    AttestedBlock, AttestedCall, Backend, Check, Decision, Evaluation, GasEstimate, GasPrice,
    GasPrices, Health, OperationStatus, PolicyView, StateOverrides, UserOperationByHash,
    UserOperationReceipt, Verdict,
};
use writ_simulation::NodeStats;
use writ_types::{
    AttestableCall, EntryPoint, ErrorCode, PartialUserOperation, PresentedFacts, Refusal,
    UserOperation,
};

use super::{
    attest_call::attest_call, convert, enforcement::Enforcement, policy_view::policy_view,
};

/// Everything that answers.
#[derive(Debug)]
pub(super) struct NodeBackend {
    pub(super) admission: Admission,
    pub(super) builder: BuilderHandle,
    pub(super) evidence: EvidenceBuilder,
    pub(super) enforcement: Enforcement,
    pub(super) modules: Vec<Address>,
    pub(super) policies: Arc<PolicyStore>,
    pub(super) chain_id: u64,
    pub(super) signer: Address,
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::Internal, error.to_string())
}

fn unavailable(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::ResourceUnavailable, error.to_string())
}

impl Backend for NodeBackend {
    fn entry_points(&self) -> Vec<EntryPoint> {
        self.admission.entry_points().to_vec()
    }

    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn client_version(&self) -> String {
        concat!("writ/", env!("CARGO_PKG_VERSION")).to_owned()
    }

    async fn send_user_operation(
        &self,
        entry_point: EntryPoint,
        operation: UserOperation,
        facts: PresentedFacts,
    ) -> Result<B256, Refusal> {
        let admission = self.admission.clone();
        // A task of its own: a client that hangs up must not stop an admission half-way.
        let task = tokio::spawn(async move {
            admission.admit_with(operation, entry_point.address, &facts).await
        });
        Ok(task.await.map_err(internal)??)
    }

    async fn estimate_user_operation_gas(
        &self,
        entry_point: EntryPoint,
        operation: PartialUserOperation,
        overrides: StateOverrides,
    ) -> Result<GasEstimate, Refusal> {
        let paymaster = operation.paymaster.is_some();
        let overrides = convert::overrides(overrides)?;
        let found = self.admission.estimate(operation, entry_point.address, overrides).await?;
        let limits = found.limits();
        Ok(GasEstimate {
            pre_verification_gas: found.pre_verification_gas,
            verification_gas_limit: U256::from(limits.verification),
            call_gas_limit: U256::from(limits.call),
            paymaster_verification_gas_limit: paymaster
                .then(|| U256::from(limits.paymaster_verification)),
            paymaster_post_op_gas_limit: paymaster.then(|| U256::from(limits.post_op)),
        })
    }

    async fn user_operation_by_hash(
        &self,
        hash: B256,
    ) -> Result<Option<UserOperationByHash>, Refusal> {
        let found = self.builder.lookup().operation(hash).await.map_err(unavailable)?;
        // Deployed clients read the block number of whatever is returned: a pending operation is
        // null, as most bundlers answer, and its state is told by writ_getUserOperationStatus.
        Ok(found.filter(|found| found.block_number.is_some()).map(|found| UserOperationByHash {
            user_operation: found.user_operation,
            entry_point: found.entry_point,
            block_number: found.block_number,
            block_hash: found.block_hash,
            transaction_hash: found.transaction_hash,
        }))
    }

    async fn user_operation_receipt(
        &self,
        hash: B256,
    ) -> Result<Option<UserOperationReceipt>, Refusal> {
        let Some(found) = self.builder.lookup().receipt(hash).await.map_err(internal)? else {
            return Ok(None);
        };
        serde_json::from_value(found).map(Some).map_err(internal)
    }

    async fn policy(&self, account: Address) -> Result<PolicyView, Refusal> {
        let block = self.admission.state().latest().await.map_err(unavailable)?;
        let own = self.admission.gate().bundler_policy();
        policy_view(
            self.evidence.reader(),
            &self.enforcement,
            &self.modules,
            &self.policies,
            own,
            &block,
            account,
        )
        .await
    }

    async fn evaluate(
        &self,
        entry_point: EntryPoint,
        operation: PartialUserOperation,
        facts: PresentedFacts,
    ) -> Result<Evaluation, Refusal> {
        let evaluation = self.admission.evaluate(operation, entry_point.address, &facts).await?;
        let block = self.admission.state().latest().await.map_err(unavailable)?;
        Ok(Evaluation {
            decision: if evaluation.allow { Verdict::Allow } else { Verdict::Deny },
            reasons: evaluation.reasons,
            bounds: evaluation.bounds.as_ref().map(convert::bounds).unwrap_or_default(),
            effects: evaluation.input.get("effects").cloned().unwrap_or(Value::Null),
            signature_checked: evaluation.owner_signature_checked,
            block: AttestedBlock { number: block.number(), hash: block.hash() },
            action: Some(evaluation.action),
            evidence: Some(evaluation.evidence),
        })
    }

    async fn attest(
        &self,
        entry_point: EntryPoint,
        operation: UserOperation,
        facts: PresentedFacts,
    ) -> Result<UserOperation, Refusal> {
        Ok(self.admission.attest(operation, entry_point.address, &facts).await?)
    }

    async fn attest_call(
        &self,
        call: AttestableCall,
        facts: PresentedFacts,
    ) -> Result<AttestedCall, Refusal> {
        let Some(gateway) = self.admission.gate().gateway() else {
            return Err(Refusal::new(
                ErrorCode::AttestationRequired,
                "this bundler asks no operators: it can obtain no attestation",
            ));
        };
        let block = self.admission.state().latest().await.map_err(unavailable)?;
        attest_call(&self.evidence, gateway, block, call, facts).await
    }

    async fn decision(&self, hash: B256) -> Result<Option<Decision>, Refusal> {
        let Some(gateway) = self.admission.gate().gateway() else { return Ok(None) };
        let found = gateway.decisions().get(hash).map_err(internal)?;
        Ok(found.map(convert::decision))
    }

    async fn user_operation_status(&self, hash: B256) -> Result<Option<OperationStatus>, Refusal> {
        let pool = self.admission.pool();
        let Some(record) = pool.status(hash).map_err(internal)? else { return Ok(None) };
        let operation = pool.operation(hash).map_err(internal)?;
        Ok(Some(convert::status(record, operation.as_deref())))
    }

    async fn gas_prices(&self) -> Result<GasPrices, Refusal> {
        let level = |fees: Fees| GasPrice {
            max_fee_per_gas: U256::from(fees.max_fee_per_gas),
            max_priority_fee_per_gas: U256::from(fees.max_priority_fee_per_gas),
        };
        let prices = self.builder.prices().await.map_err(unavailable)?;
        Ok(GasPrices {
            slow: level(prices.slow),
            standard: level(prices.standard),
            fast: level(prices.fast),
        })
    }

    async fn health(&self) -> Health {
        let complaints = self.builder.health().complaints();
        let checks = [Part::Node, Part::Signer, Part::Submission, Part::Store]
            .into_iter()
            .map(|part| Check {
                name: part.to_string(),
                ok: !complaints.contains_key(&part),
                detail: match complaints.get(&part) {
                    Some(complaint) => complaint.clone(),
                    None if part == Part::Signer => format!("{} sends the bundles", self.signer),
                    None if part == Part::Node => asked(self.admission.state().client().stats()),
                    None => "ok".to_owned(),
                },
            })
            .collect();
        Health { checks }
    }
}

/// How much was asked of the node since the start.
fn asked(stats: NodeStats) -> String {
    let NodeStats { round_trips, calls, retries } = stats;
    format!("{calls} calls in {round_trips} requests, {retries} of them repeated")
}
