//! A decision as it is challenged: what was signed, and everything behind its hashes.

use alloy::primitives::{B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};
use writ_attestation::{Action, Attestation, Domain, OperatorSignature, PolicyReference};
use writ_policy::policy_commitment;

/// An attestation with what its hashes are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// What was signed.
    pub attestation: Attestation,
    /// What is behind `attestation.action`.
    pub action: Action,
    /// The input document, encoded.
    pub evidence: Bytes,
    /// The policies behind `attestation.policy`, with their parameters, in order.
    pub policies: Vec<PolicyReference>,
    /// Who signed, by ascending index.
    pub signatures: Vec<OperatorSignature>,
}

/// Why a claim cannot be judged: something does not belong to the attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The evidence is another one.
    #[error("the evidence has the hash {given}, the attestation is about {attested}")]
    Evidence {
        /// Of the bytes.
        given: B256,
        /// What was signed.
        attested: B256,
    },
    /// The policies are others.
    #[error("the policies commit to {given}, the attestation is under {attested}")]
    Policies {
        /// Of the list.
        given: B256,
        /// What was signed.
        attested: B256,
    },
    /// The action is another one.
    #[error("the action has the hash {given}, the attestation is about {attested}")]
    Action {
        /// Of the action.
        given: B256,
        /// What was signed.
        attested: B256,
    },
    /// A time of the attestation does not fit its 48 bits: nobody can have signed it.
    #[error("the attestation's validity window is out of range")]
    Window,
    /// The encoding is of a version that is not read here.
    #[error("the evidence is of another version of the encoding")]
    Encoding,
}

impl Claim {
    /// The policies' commitment.
    pub fn commitment(&self) -> B256 {
        let pairs: Vec<_> = self
            .policies
            .iter()
            .map(|policy| (policy.policy_id, keccak256(&policy.parameters)))
            .collect();
        policy_commitment(&pairs)
    }

    /// Checks that everything belongs together.
    ///
    /// # Errors
    /// Naming the first that does not.
    pub fn check(&self) -> Result<(), ClaimError> {
        let (given, attested) = (keccak256(&self.evidence), self.attestation.evidence);
        if given != attested {
            return Err(ClaimError::Evidence { given, attested });
        }
        let (given, attested) = (self.commitment(), self.attestation.policy);
        if given != attested {
            return Err(ClaimError::Policies { given, attested });
        }
        let (given, attested) = (self.action.hash(), self.attestation.action);
        if given != attested {
            return Err(ClaimError::Action { given, attested });
        }
        self.attestation.digest(&self.domain).map(|_| ()).ok_or(ClaimError::Window)
    }
}
