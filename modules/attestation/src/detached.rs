//! Detached attestations: a policy that is demanded by who asks, and that no contract enforces.
//!
//! They are the same statements, signed in the domain of the zero address. There is no configuration on the chain behind
//! them: policies and operators come with the request, and revision, epoch and sequence are zero.

use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    sol_types::SolValue,
};
use serde::{Deserialize, Serialize};

use crate::{AccountPolicy, AccountState, Configuration, LEVEL_QUORUM, Mode, OperatorSet};

/// A policy and the parameters that it is to be evaluated with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyReference {
    /// Content hash of the policy.
    pub policy_id: B256,
    /// Canonical encoding of the parameters.
    pub parameters: Bytes,
}

/// What a detached attestation is asked for under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetachedTerms {
    /// The policies, in order; all must allow.
    pub policies: Vec<PolicyReference>,
    /// The operators, in the order that signatures' indices count.
    pub operators: Vec<Address>,
}

impl DetachedTerms {
    /// Names exactly these terms.
    pub fn hash(&self) -> B256 {
        let policies: Vec<(B256, B256)> = self
            .policies
            .iter()
            .map(|policy| (policy.policy_id, keccak256(&policy.parameters)))
            .collect();
        keccak256((policies, self.operators.clone()).abi_encode())
    }
}

impl AccountPolicy {
    /// The configuration that stands for detached terms wherever an attestation is checked against one.
    pub fn detached(
        entry_point: Address,
        policy: B256,
        threshold: u8,
        operators: &OperatorSet,
    ) -> Self {
        Self {
            configuration: Configuration {
                entry_point,
                policy,
                operator_set_code_hash: operators.code_hash(),
                threshold,
                least_operators: threshold,
                level: LEVEL_QUORUM,
                mode: Mode::Enforce,
                ..Configuration::default()
            },
            state: AccountState::default(),
        }
    }
}
