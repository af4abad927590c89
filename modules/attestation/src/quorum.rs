//! The throw-away quorum: deciding and estimating need an operation that passes validation before anybody has decided.
//!
//! In the configuration's record the operators are replaced, in simulation only, with as many ephemeral keys, and the first
//! k of them really sign. Nothing else is patched, so the gas that verification takes is the real one.

use alloy::primitives::{Address, B256};
use writ_types::UserOperation;

use crate::{
    AccountPolicy, Attestation, AttestationError, Bounds, Configuration, Domain, OperatorKey,
    OperatorSet, Record, SetError, Suffix, action_of,
};

/// Seconds that a throw-away attestation is valid for after its block.
const VALID_FOR: u64 = 600;

/// What a throw-away attestation is made for.
#[derive(Clone, Copy, Debug)]
pub struct ThrowawayRequest<'a> {
    /// The operation.
    pub operation: &'a UserOperation,
    /// Its EntryPoint.
    pub entry_point: Address,
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// The account's configuration and state.
    pub policy: &'a AccountPolicy,
    /// EXTCODEHASH of the account when validation runs.
    pub account_code: B256,
    /// The sequence that the module will require: [`AccountPolicy::next_sequence`].
    pub sequence: u64,
    /// Number, hash and timestamp of the block that is simulated on.
    pub block: (u64, B256, u64),
    /// Most that the operation may cost; `u128::MAX` when the fees are not known yet.
    pub max_cost: u128,
    /// Bounds for the execution; usually as wide as they go.
    pub bounds: &'a Bounds,
}

/// What a throw-away attestation says, whatever it is about.
#[derive(Clone, Copy, Debug)]
pub struct ThrowawayAction<'a> {
    /// Hash of the action.
    pub action: B256,
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// The account's configuration and state.
    pub policy: &'a AccountPolicy,
    /// The sequence that is required; 0 off the ERC-4337 path.
    pub sequence: u64,
    /// Number, hash and timestamp of the block that is simulated on.
    pub block: (u64, B256, u64),
    /// Most that an operation may cost; 0 off the ERC-4337 path.
    pub max_cost: u128,
    /// Bounds for the execution.
    pub bounds: &'a Bounds,
}

/// Ephemeral operators. They never leave the process, and no chain has ever heard of them.
#[derive(Debug)]
pub struct ThrowawayQuorum {
    keys: Vec<OperatorKey>,
    set: OperatorSet,
}

impl ThrowawayQuorum {
    /// A quorum of `operators` fresh keys, as many as the account's real set has.
    ///
    /// # Errors
    /// When a set cannot have that many operators.
    pub fn new(operators: usize) -> Result<Self, SetError> {
        if operators > crate::set::MAX_OPERATORS {
            return Err(SetError::Count(operators));
        }
        let keys: Vec<_> = (0..operators).map(|_| OperatorKey::random()).collect();
        let set = OperatorSet::new(keys.iter().map(OperatorKey::address).collect())?;
        Ok(Self { keys, set })
    }

    /// What to override: the record that `module` has of a configuration with these `operators`, with this quorum in
    /// their place.
    pub fn record(
        &self,
        module: Address,
        configuration: &Configuration,
        operators: &OperatorSet,
    ) -> Record {
        Record::of(module, configuration, operators).with_operators(configuration, &self.set)
    }

    /// The operators as a set.
    pub const fn set(&self) -> &OperatorSet {
        &self.set
    }

    /// A suffix that the module accepts under the override, signed by the first k of the quorum.
    ///
    /// # Errors
    /// When the configured threshold is zero, above the number of operators, or above what a suffix can carry.
    pub fn attest(&self, request: &ThrowawayRequest<'_>) -> Result<Suffix, AttestationError> {
        let action = action_of(
            request.operation,
            request.entry_point,
            request.account_code,
            request.max_cost,
        );
        self.attest_action(&ThrowawayAction {
            action: action.hash(),
            domain: request.domain,
            policy: request.policy,
            sequence: request.sequence,
            block: request.block,
            max_cost: request.max_cost,
            bounds: request.bounds,
        })
    }

    /// The same for any action.
    ///
    /// # Errors
    /// As [`attest`](Self::attest).
    pub fn attest_action(&self, request: &ThrowawayAction<'_>) -> Result<Suffix, AttestationError> {
        let ThrowawayAction { policy, block: (number, hash, timestamp), .. } = *request;
        let attestation = Attestation {
            action: request.action,
            policy: policy.configuration.policy,
            // Nothing was evaluated: a hash that no evidence has, non-zero so that its calldata costs what a real one does.
            evidence: B256::repeat_byte(0xff),
            bounds: request.bounds.hash(),
            revision: policy.state.revision,
            epoch: policy.configuration.epoch,
            sequence: request.sequence,
            level: policy.configuration.level,
            block_number: number,
            block_hash: hash,
            valid_after: timestamp.saturating_sub(1),
            valid_until: timestamp.saturating_add(VALID_FOR),
        };
        let digest = attestation.digest(&request.domain).ok_or(AttestationError::Validity {
            valid_after: attestation.valid_after,
            valid_until: attestation.valid_until,
        })?;
        let required = usize::from(policy.configuration.threshold);
        let signatures: Vec<_> = (0..=u8::MAX)
            .zip(self.keys.iter().take(required))
            .map(|(index, key)| key.sign(digest, index))
            .collect();
        if signatures.len() < required {
            return Err(AttestationError::TooFewSignatures { given: signatures.len(), required });
        }
        let suffix =
            Suffix::new(&attestation, request.max_cost, request.bounds.clone(), signatures);
        // Whatever cannot be encoded is refused here rather than in the middle of a simulation.
        suffix.encode().map(|_| suffix)
    }
}
