//! A decision as it is kept: everything that an auditor or a challenger needs.

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use writ_attestation::{
    Action, Attestation, Bounds, Denial, Domain, OperatorSignature, Subject, Suffix, wire::BlockRef,
};

/// One operator's signature over the attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedAllow {
    /// Who signed.
    pub operator: Address,
    /// The signature.
    pub signature: OperatorSignature,
}

/// One operator's signed denial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedDenial {
    /// Who signed.
    pub operator: Address,
    /// What was signed.
    pub denial: Denial,
    /// The reasons behind the denial's hash.
    pub reasons: Vec<String>,
    /// The signature.
    pub signature: OperatorSignature,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Verdict {
    /// A quorum allowed.
    Allowed {
        /// What every operator of the quorum signed.
        attestation: Box<Attestation>,
        /// The list behind the attestation's `bounds`.
        bounds: Bounds,
        /// The suffix that was handed out.
        suffix: Bytes,
        /// The quorum's signatures.
        signers: Vec<SignedAllow>,
    },
    /// More operators denied than a quorum can do without.
    Denied {
        /// The policies' reasons, as most denying operators gave them.
        reasons: Vec<String>,
        /// The signed denials.
        denials: Vec<SignedDenial>,
    },
}

/// A decision with its pre-images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Hash of the operation that was asked about; none for a call that comes through no EntryPoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_op_hash: Option<B256>,
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// The action that was decided on.
    pub action: Action,
    /// Its hash.
    pub action_hash: B256,
    /// The account's policy commitment.
    pub policy: B256,
    /// The block that was decided at.
    pub block: BlockRef,
    /// Hash of the evidence.
    pub evidence_hash: B256,
    /// The canonical input document.
    pub evidence: Bytes,
    /// When the decision came in, Unix seconds.
    #[serde(with = "alloy::serde::quantity")]
    pub decided_at: u64,
    /// What was decided.
    pub verdict: Verdict,
}

impl Decision {
    /// The suffix, when it was an allow.
    pub fn suffix(&self) -> Option<Suffix> {
        match &self.verdict {
            // Written by this crate, from a suffix: it decodes.
            Verdict::Allowed { suffix, .. } => Suffix::decode(suffix).ok(),
            Verdict::Denied { .. } => None,
        }
    }

    /// What the quorum signed about, when it was an allow of a user operation.
    pub fn subject(&self) -> Option<Subject> {
        match (&self.verdict, &self.action) {
            (Verdict::Allowed { attestation, bounds, .. }, Action::UserOperation(action)) => {
                Some(Subject {
                    domain: self.domain,
                    action: *action,
                    attestation: **attestation,
                    bounds: bounds.clone(),
                })
            }
            _ => None,
        }
    }

    /// What people know the asked about by: the userOpHash, or the safeTxHash of a Safe's owners.
    pub(crate) fn known_as(&self) -> Option<B256> {
        let context = self.action.as_call().map(|action| action.context);
        self.user_op_hash.or(context.filter(|context| !context.is_zero()))
    }
}
