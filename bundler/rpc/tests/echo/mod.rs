//! A backend that answers from what it is given.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use alloy::primitives::{Address, B256, U256};
use serde_json::json;
use writ_rpc::{
    AttestedBlock, AttestedCall, Backend, CallActionView, Check, Decision, Evaluation, GasEstimate,
    GasPrice, GasPrices, Health, OperationStatus, PolicyView, ReadyCall, StateOverrides,
    UserOperationByHash, UserOperationReceipt, Verdict,
};
use writ_types::{
    AttestableCall, EntryPoint, EntryPointVersion, ErrorCode, GasDefaults, PartialUserOperation,
    PresentedFacts, ProtectedCall, Refusal, UserOperation,
};

pub(crate) const CHAIN: u64 = 31_337;
pub(crate) const SENDER: &str = "0x1111111111111111111111111111111111111111";

/// Answers from what it is given, so that a test sees what arrived.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) sick: AtomicBool,
    pub(crate) stuck: AtomicBool,
}

fn price(wei: u64) -> GasPrice {
    GasPrice { max_fee_per_gas: U256::from(wei * 2), max_priority_fee_per_gas: U256::from(wei) }
}

pub(crate) fn known() -> B256 {
    B256::repeat_byte(0xab)
}

impl Backend for Echo {
    fn entry_points(&self) -> Vec<EntryPoint> {
        vec![
            EntryPoint::canonical(EntryPointVersion::V08),
            EntryPoint::canonical(EntryPointVersion::V06),
        ]
    }

    fn chain_id(&self) -> u64 {
        CHAIN
    }

    fn client_version(&self) -> String {
        "writ/test".into()
    }

    async fn send_user_operation(
        &self,
        at: EntryPoint,
        operation: UserOperation,
        _: PresentedFacts,
    ) -> Result<B256, Refusal> {
        match operation.nonce_sequence() {
            // Over the limit, as a policy would say it.
            1 => Err(Refusal::new(ErrorCode::PolicyDenied, "denied by policy")
                .with(|data| data.reasons = vec!["over the limit per operation".into()])),
            2 => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(B256::ZERO)
            }
            _ => operation
                .hash(at.address, CHAIN, None)
                .map_err(|error| Refusal::new(ErrorCode::InvalidFields, error.to_string())),
        }
    }

    async fn estimate_user_operation_gas(
        &self,
        _: EntryPoint,
        operation: PartialUserOperation,
        overrides: StateOverrides,
    ) -> Result<GasEstimate, Refusal> {
        let operation =
            operation.complete(&GasDefaults { call_gas_limit: 7, ..GasDefaults::default() });
        Ok(GasEstimate {
            pre_verification_gas: U256::from(overrides.len()),
            verification_gas_limit: U256::from(operation.verification_gas_limit),
            call_gas_limit: U256::from(operation.call_gas_limit),
            paymaster_verification_gas_limit: None,
            paymaster_post_op_gas_limit: None,
        })
    }

    async fn user_operation_by_hash(
        &self,
        hash: B256,
    ) -> Result<Option<UserOperationByHash>, Refusal> {
        Ok((hash == known()).then(|| UserOperationByHash {
            user_operation: json!({}),
            entry_point: EntryPointVersion::V08.canonical_address(),
            block_number: Some(16),
            block_hash: Some(B256::ZERO),
            transaction_hash: Some(B256::ZERO),
        }))
    }

    async fn user_operation_receipt(
        &self,
        hash: B256,
    ) -> Result<Option<UserOperationReceipt>, Refusal> {
        Ok((hash == known()).then(|| UserOperationReceipt {
            user_op_hash: hash,
            entry_point: EntryPointVersion::V08.canonical_address(),
            sender: SENDER.parse().unwrap(),
            nonce: U256::from(1),
            paymaster: None,
            actual_gas_cost: U256::from(10),
            actual_gas_used: U256::from(5),
            success: true,
            reason: None,
            logs: vec![],
            receipt: json!({}),
        }))
    }

    async fn policy(&self, account: Address) -> Result<PolicyView, Refusal> {
        Ok(PolicyView {
            account,
            module: None,
            configuration: None,
            policies: vec![],
            bundler_policies: vec![],
            enforcement: None,
            block: AttestedBlock { number: 1, hash: B256::ZERO },
        })
    }

    async fn evaluate(
        &self,
        _: EntryPoint,
        _: PartialUserOperation,
        facts: PresentedFacts,
    ) -> Result<Evaluation, Refusal> {
        Ok(Evaluation {
            decision: Verdict::NotRequired,
            // What it was given, so that a test sees that it arrives.
            reasons: facts.get("kyc").map(|_| facts.to_rpc().to_string()).into_iter().collect(),
            bounds: vec![],
            effects: json!({}),
            signature_checked: false,
            block: AttestedBlock { number: 1, hash: B256::ZERO },
            action: None,
            evidence: None,
        })
    }

    async fn attest(
        &self,
        _: EntryPoint,
        mut operation: UserOperation,
        _: PresentedFacts,
    ) -> Result<UserOperation, Refusal> {
        operation.signature = [&operation.signature[..], b"attested"].concat().into();
        Ok(operation)
    }

    async fn attest_call(
        &self,
        call: AttestableCall,
        _: PresentedFacts,
    ) -> Result<AttestedCall, Refusal> {
        let ProtectedCall::Contract(contract) = &call.call else {
            return Err(Refusal::new(ErrorCode::PolicyDenied, "denied by policy"));
        };
        Ok(AttestedCall {
            enforcer: contract.contract,
            action: CallActionView {
                account: contract.contract,
                caller: contract.caller,
                target: contract.contract,
                value: contract.value,
                call_data: B256::ZERO,
                path: call.path as u8,
                operation: 0,
                context: contract.context,
                nonce: U256::from(contract.nonce),
            },
            action_hash: B256::ZERO,
            attestation: contract.data.clone(),
            transaction: ReadyCall { to: contract.contract, data: contract.data.clone() },
            signatures: None,
            policy: B256::ZERO,
            evidence: known(),
            bounds: vec![],
            block: AttestedBlock { number: 1, hash: B256::ZERO },
            valid_after: 2,
            valid_until: 3,
            signers: vec![contract.caller],
        })
    }

    async fn decision(&self, _: B256) -> Result<Option<Decision>, Refusal> {
        Ok(None)
    }

    async fn user_operation_status(&self, hash: B256) -> Result<Option<OperationStatus>, Refusal> {
        Ok((hash == known()).then(|| OperationStatus {
            status: "failed".into(),
            reason: "included, execution reverted".into(),
            transaction_hash: Some(B256::repeat_byte(1)),
            block_number: Some(255),
            gate: Some("enforced".into()),
            decisions: vec![known()],
        }))
    }

    async fn gas_prices(&self) -> Result<GasPrices, Refusal> {
        Ok(GasPrices { slow: price(1), standard: price(2), fast: price(3) })
    }

    async fn health(&self) -> Health {
        if self.stuck.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let ok = !self.sick.load(Ordering::Relaxed);
        let detail = if ok { "block 7" } else { "unreachable" };
        Health { checks: vec![Check { name: "node".into(), ok, detail: detail.into() }] }
    }
}
