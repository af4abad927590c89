//! What operators sign: an attestation (allow) or a denial.

use alloy::{
    primitives::{B256, aliases::U48, keccak256},
    sol_types::SolStruct,
};

use serde::{Deserialize, Serialize};

use crate::{Domain, typed};

/// The first time value that no attestation may reach: 2^47 seconds.
///
/// EntryPoint v0.9 reads the highest bit of its 48-bit validity fields as "this is a block number".
pub const TIME_LIMIT: u64 = 1 << 47;

/// An allow decision, as each operator of the quorum signs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    /// Hash of the action struct; says what exactly was authorized.
    pub action: B256,
    /// The account's policy commitment.
    pub policy: B256,
    /// keccak256 of the canonical input document of the evaluation.
    pub evidence: B256,
    /// keccak256 of the packed bounds list.
    pub bounds: B256,
    /// The configuration's revision; any change of the configuration voids the attestation.
    #[serde(with = "alloy::serde::quantity")]
    pub revision: u64,
    /// The operator set's epoch.
    #[serde(with = "alloy::serde::quantity")]
    pub epoch: u64,
    /// The account's counter of attested actions, for policies that read history; otherwise 0.
    #[serde(with = "alloy::serde::quantity")]
    pub sequence: u64,
    /// Verification level; 1 is a quorum.
    #[serde(with = "alloy::serde::quantity")]
    pub level: u8,
    /// Number of the block that the decision was made at.
    #[serde(with = "alloy::serde::quantity")]
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// First second (Unix time) after which the operation may run.
    #[serde(with = "alloy::serde::quantity")]
    pub valid_after: u64,
    /// Last second at which it may run; `valid_after < valid_until < 2^47`.
    #[serde(with = "alloy::serde::quantity")]
    pub valid_until: u64,
}

impl Attestation {
    /// EIP-712 digest that the operators sign. `None` when a time does not fit its 48 bits.
    pub fn digest(&self, domain: &Domain) -> Option<B256> {
        Some(self.typed()?.eip712_signing_hash(&domain.eip712()))
    }

    /// EIP-712 `hashStruct`. `None` when a time does not fit its 48 bits.
    pub fn hash_struct(&self) -> Option<B256> {
        Some(self.typed()?.eip712_hash_struct())
    }

    fn typed(&self) -> Option<typed::Attestation> {
        Some(typed::Attestation {
            action: self.action,
            policy: self.policy,
            evidence: self.evidence,
            bounds: self.bounds,
            revision: self.revision,
            epoch: self.epoch,
            sequence: self.sequence,
            level: self.level,
            blockNumber: self.block_number,
            blockHash: self.block_hash,
            validAfter: U48::checked_from_limbs_slice(&[self.valid_after])?,
            validUntil: U48::checked_from_limbs_slice(&[self.valid_until])?,
        })
    }
}

/// A refusal, as an operator signs it: a refusal can be audited like an allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// Hash of the action struct that was refused.
    pub action: B256,
    /// The account's policy commitment.
    pub policy: B256,
    /// keccak256 of the canonical input document of the evaluation.
    pub evidence: B256,
    /// The configuration's revision.
    #[serde(with = "alloy::serde::quantity")]
    pub revision: u64,
    /// Number of the block that the decision was made at.
    #[serde(with = "alloy::serde::quantity")]
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// [`reasons_hash`] of the policy's reasons.
    pub reasons: B256,
}

impl Denial {
    /// EIP-712 digest that the operator signs.
    pub fn digest(&self, domain: &Domain) -> B256 {
        self.typed().eip712_signing_hash(&domain.eip712())
    }

    /// EIP-712 `hashStruct`.
    pub fn hash_struct(&self) -> B256 {
        self.typed().eip712_hash_struct()
    }

    fn typed(&self) -> typed::Denial {
        typed::Denial {
            action: self.action,
            policy: self.policy,
            evidence: self.evidence,
            revision: self.revision,
            blockNumber: self.block_number,
            blockHash: self.block_hash,
            reasons: self.reasons,
        }
    }
}

/// Hash of a list of reasons: `keccak256(count:u32 ‖ (length:u32 ‖ UTF-8 bytes)*)`, big endian, in the order given.
pub fn reasons_hash<S: AsRef<str>>(reasons: &[S]) -> B256 {
    let mut bytes = Vec::new();
    // Reasons come from a bounded document; a list that does not fit 32 bits cannot be built.
    bytes.extend_from_slice(&u32::try_from(reasons.len()).unwrap_or(u32::MAX).to_be_bytes());
    for reason in reasons {
        let text = reason.as_ref().as_bytes();
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(text);
    }
    keccak256(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bound_with_their_order_and_limits() {
        let split = reasons_hash(&["ab", "c"]);
        assert_ne!(split, reasons_hash(&["a", "bc"]));
        assert_ne!(split, reasons_hash(&["c", "ab"]));
        assert_ne!(reasons_hash::<&str>(&[]), reasons_hash(&[""]));
        assert_eq!(split, reasons_hash(&["ab".to_owned(), "c".to_owned()]));
    }

    #[test]
    fn a_time_that_does_not_fit_has_no_digest() {
        let mut attestation = Attestation {
            action: B256::ZERO,
            policy: B256::ZERO,
            evidence: B256::ZERO,
            bounds: B256::ZERO,
            revision: 0,
            epoch: 0,
            sequence: 0,
            level: 1,
            block_number: 0,
            block_hash: B256::ZERO,
            valid_after: 0,
            valid_until: (1 << 48) - 1,
        };
        let domain = Domain::new(1, Default::default());
        assert!(attestation.digest(&domain).is_some());
        attestation.valid_until += 1;
        assert_eq!(attestation.digest(&domain), None);
        assert_eq!(attestation.hash_struct(), None);
    }
}
