//! Evidence: the complete input of a decision.

use alloy::primitives::{B256, Bytes};
use writ_attestation::{Action, Attestation, Bounds, Denial, Domain, reasons_hash};
use writ_policy::Value;

use crate::account::Account;

/// The complete input of a decision, and what the statements about it need.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The input document.
    pub document: Value,
    /// Its canonical encoding.
    pub encoded: Bytes,
    /// keccak256 of the encoding.
    pub hash: B256,
    /// What is decided about.
    pub action: Action,
    /// What left the account in the simulation, exactly.
    pub bounds: Bounds,
    /// The account.
    pub account: Account,
    /// The sequence that the module will require; 0 when no policy reads history.
    pub sequence: u64,
    /// Most that the operation may cost, in wei; 0 off the ERC-4337 path.
    pub max_cost: u128,
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// Number of the pinned block.
    pub block_number: u64,
    /// Hash of the pinned block.
    pub block_hash: B256,
    /// Timestamp of the pinned block.
    pub timestamp: u64,
    /// The earliest end of the facts that it rests on, Unix seconds; none where it rests on none.
    pub facts_until: Option<u64>,
}

impl Evidence {
    /// The statement of an allow that holds for `valid_for` seconds after the pinned block, and no longer than the facts
    /// that it rests on.
    #[must_use]
    pub fn attestation(&self, valid_for: u64) -> Attestation {
        let (configuration, state) =
            (&self.account.policy.configuration, &self.account.policy.state);
        let until = self.timestamp.saturating_add(valid_for);
        Attestation {
            action: self.action.hash(),
            policy: configuration.policy,
            evidence: self.hash,
            bounds: self.bounds.hash(),
            revision: state.revision,
            epoch: configuration.epoch,
            sequence: self.sequence,
            level: configuration.level,
            block_number: self.block_number,
            block_hash: self.block_hash,
            // EntryPoint v0.8 and later want a time strictly after validAfter: the pinned block's own is to count.
            valid_after: self.timestamp.saturating_sub(1),
            valid_until: self.facts_until.map_or(until, |facts| until.min(facts)),
        }
    }

    /// The statement of a refusal.
    #[must_use]
    pub fn denial(&self, reasons: &[String]) -> Denial {
        Denial {
            action: self.action.hash(),
            policy: self.account.policy.configuration.policy,
            evidence: self.hash,
            revision: self.account.policy.state.revision,
            block_number: self.block_number,
            block_hash: self.block_hash,
            reasons: reasons_hash(reasons),
        }
    }
}
