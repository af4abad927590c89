//! What travels between gateways and operators: JSON-RPC over HTTP.
//!
//! ```text
//! operator_identity()                -> Identity
//! operator_attest(AttestRequest)     -> OperatorResponse     durable before it is answered
//! operator_evaluate(AttestRequest)   -> Evaluation           nothing signed, owner signature not checked
//! operator_attestCall(CallAttestRequest) -> OperatorResponse  a call off the ERC-4337 path; durable before it is answered
//! operator_decision(evidence hash)   -> OperatorRecord | null
//! ```
//!
//! Integers are hex quantities, bytes and hashes `0x` hex. Errors are JSON-RPC error objects whose `data` is an
//! [`OperatorFault`].

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use writ_types::PresentedFacts;

use crate::{Action, Attestation, Bounds, Denial, DetachedTerms, OperatorSignature};

/// Most bytes of a request or response that either side reads.
pub const MAX_MESSAGE_LEN: u32 = 1 << 20;

/// Most predecessors that a request may carry.
pub const MAX_PREDECESSORS: usize = 8;

/// Most reasons that a response may carry, and most bytes of one.
pub const MAX_REASONS: usize = 64;

/// Most bytes of one reason.
pub const MAX_REASON_LEN: usize = 1024;

/// JSON-RPC code of every operator fault; `data.kind` tells them apart.
pub const CODE_OPERATOR: i32 = -32000;

/// Who an operator says it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Address of its key.
    pub address: Address,
    /// Chain that it serves.
    #[serde(with = "alloy::serde::quantity")]
    pub chain_id: u64,
    /// Version of its software.
    pub version: String,
}

/// The block that every operator decides at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockRef {
    /// Its number.
    #[serde(with = "alloy::serde::quantity")]
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

/// What a gateway asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestRequest {
    /// The operation as ERC-7769 has it, with the owner's signature and no suffix. Under detached terms: as it will be
    /// sent, with the suffix that the account's own policy demands.
    pub operation: Value,
    /// The EntryPoint that it is for.
    pub entry_point: Address,
    /// The enforcing contract; the zero address under detached terms.
    pub module: Address,
    /// Policies and operators of a detached attestation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detached: Option<DetachedTerms>,
    /// The block to decide at.
    pub block: BlockRef,
    /// The account's own operations that are ahead in the pool, with their suffixes, in order.
    #[serde(default)]
    pub predecessors: Vec<Value>,
    /// What issuers stated, for policies that ask for it.
    #[serde(default, skip_serializing_if = "PresentedFacts::is_empty")]
    pub facts: PresentedFacts,
}

/// What a gateway asks about a call off the ERC-4337 path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallAttestRequest {
    /// The call as [`writ_types::AttestableCall`] has it, the chain named.
    pub call: Value,
    /// The block to decide at.
    pub block: BlockRef,
    /// What issuers stated, for policies that ask for it.
    #[serde(default, skip_serializing_if = "PresentedFacts::is_empty")]
    pub facts: PresentedFacts,
}

/// An operator's signed answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "lowercase")]
pub enum OperatorResponse {
    /// The policy allows.
    Allow(Allow),
    /// The policy refuses.
    Deny(Deny),
}

/// An allow decision, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allow {
    /// What was signed.
    pub attestation: Attestation,
    /// The action behind `attestation.action`; the `maxCost` of a user operation's is [`crate::max_cost_of`] it.
    pub action: Action,
    /// The list behind `attestation.bounds`.
    pub bounds: Bounds,
    /// The canonical input document behind `attestation.evidence`.
    pub evidence: Bytes,
    /// The operator's signature over the attestation's digest.
    pub signature: OperatorSignature,
}

/// A deny decision, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deny {
    /// What was signed.
    pub denial: Denial,
    /// The action behind `denial.action`.
    pub action: Action,
    /// The list behind `denial.reasons`.
    pub reasons: Vec<String>,
    /// The canonical input document behind `denial.evidence`.
    pub evidence: Bytes,
    /// The operator's signature over the denial's digest.
    pub signature: OperatorSignature,
}

/// What a policy would say, unsigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// Whether every policy allows.
    pub allow: bool,
    /// Why not, in the policies' words.
    pub reasons: Vec<String>,
    /// Hash of the action that was decided about: what a fact is bound to that counts for it alone.
    pub action: B256,
    /// What the chain would enforce.
    pub bounds: Option<Bounds>,
    /// Hash of the input document.
    pub evidence: B256,
    /// The input document as JSON, for people.
    pub input: Value,
    /// Whether the owner's signature was checked. Never, in an evaluation.
    pub owner_signature_checked: bool,
}

/// A decision as an operator recorded it before it signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorRecord {
    /// Chain of the decision.
    #[serde(with = "alloy::serde::quantity")]
    pub chain_id: u64,
    /// The enforcing contract.
    pub module: Address,
    /// What was answered.
    pub response: OperatorResponse,
}

/// Why an operator did not decide: `data` of its JSON-RPC error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum OperatorFault {
    /// The operator's node does not have the block (it lags), or has another one at that height (it reorganised).
    BlockUnknown {
        /// The block asked for.
        hash: B256,
    },
    /// The block is known, and too old.
    BlockTooOld {
        /// The oldest block number that would be accepted.
        oldest: String,
    },
    /// The operator has no policy with this id.
    UnknownPolicy {
        /// The id.
        policy_id: B256,
    },
    /// Another allow for the same account, EntryPoint and nonce is still live.
    LiveAllow {
        /// Number of the block of the live decision.
        #[serde(with = "alloy::serde::quantity")]
        block_number: u64,
        /// Hash of that block.
        block_hash: B256,
        /// Until when it is live, Unix seconds.
        #[serde(with = "alloy::serde::quantity")]
        valid_until: u64,
    },
    /// The operation fails in simulation, before any policy is asked.
    SimulationFailed {
        /// What failed.
        reason: String,
        /// The EntryPoint's code (`AA23`), when it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aa_code: Option<String>,
    },
    /// The account does not have the module, or in a way that the operator cannot decide for.
    NotConfigured {
        /// In which way.
        reason: String,
    },
    /// The operator is not in the account's operator set.
    NotInSet {
        /// The operator's address.
        operator: Address,
    },
    /// The request is malformed, or asks for something that is not built.
    Refused {
        /// Why.
        reason: String,
    },
    /// The policy could not be evaluated.
    EvaluationFailed {
        /// Why.
        reason: String,
    },
    /// The operator is at its limit of concurrent work.
    Busy,
    /// The operator's node, store or key fails.
    Unavailable {
        /// What fails.
        reason: String,
    },
    /// A kind that this version does not know.
    #[serde(other)]
    Other,
}

impl OperatorFault {
    /// The kind as it stands on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BlockUnknown { .. } => "blockUnknown",
            Self::BlockTooOld { .. } => "blockTooOld",
            Self::UnknownPolicy { .. } => "unknownPolicy",
            Self::LiveAllow { .. } => "liveAllow",
            Self::SimulationFailed { .. } => "simulationFailed",
            Self::NotConfigured { .. } => "notConfigured",
            Self::NotInSet { .. } => "notInSet",
            Self::Refused { .. } => "refused",
            Self::EvaluationFailed { .. } => "evaluationFailed",
            Self::Busy => "busy",
            Self::Unavailable { .. } => "unavailable",
            Self::Other => "other",
        }
    }

    /// Whether asking the same again a moment later can succeed.
    pub const fn is_transient(&self) -> bool {
        // A lagging node catches up, load passes. Everything else is a fact about the request at that block.
        matches!(self, Self::BlockUnknown { .. } | Self::Busy | Self::Unavailable { .. })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::UserOperationAction;

    #[test]
    fn a_fault_is_told_by_its_kind() {
        let fault =
            OperatorFault::LiveAllow { block_number: 7, block_hash: B256::ZERO, valid_until: 9 };
        let value = serde_json::to_value(&fault).unwrap();
        assert_eq!(
            value,
            json!({"kind": "liveAllow", "blockNumber": "0x7", "blockHash": B256::ZERO, "validUntil": "0x9"})
        );
        assert_eq!(value["kind"], fault.kind());
        assert_eq!(serde_json::from_value::<OperatorFault>(value).unwrap(), fault);
        // A kind from a later version is a fault nevertheless.
        let later = json!({"kind": "somethingNew", "why": 1});
        assert_eq!(serde_json::from_value::<OperatorFault>(later).unwrap(), OperatorFault::Other);
    }

    #[test]
    fn a_response_round_trips_and_needs_every_field() {
        let response = OperatorResponse::Deny(Deny {
            denial: Denial {
                action: B256::ZERO,
                policy: B256::ZERO,
                evidence: B256::ZERO,
                revision: u64::MAX,
                block_number: 1,
                block_hash: B256::ZERO,
                reasons: crate::reasons_hash(&["no"]),
            },
            action: Action::UserOperation(UserOperationAction {
                account: Address::ZERO,
                entry_point: Address::ZERO,
                nonce: Default::default(),
                init_code: B256::ZERO,
                call_data: B256::ZERO,
                paymaster_and_data: B256::ZERO,
                account_code: B256::ZERO,
                call_gas_limit: u128::MAX,
                max_cost: Default::default(),
            }),
            reasons: vec!["no".into()],
            evidence: Bytes::from_static(&[1]),
            signature: OperatorSignature { index: 3, r: B256::ZERO, vs: B256::ZERO },
        });
        let value = serde_json::to_value(&response).unwrap();
        assert_eq!(value["decision"], "deny");
        assert_eq!(value["denial"]["revision"], "0xffffffffffffffff");
        assert_eq!(serde_json::from_value::<OperatorResponse>(value.clone()).unwrap(), response);
        let mut cut = value;
        cut["denial"].as_object_mut().unwrap().remove("blockHash");
        assert!(serde_json::from_value::<OperatorResponse>(cut).is_err());
    }
}
