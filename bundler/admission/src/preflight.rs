//! Judging an operation whose attestation is still to come, under a quorum that exists in this process only.
//!
//! The operators in the configuration's record are replaced with ephemeral keys, and those really sign: validation runs
//! the module's own code over a real suffix, and only what the set consists of is pretended. Nothing of this is ever sent
//! anywhere.

use std::fmt;

use alloy::primitives::{Bytes, U256};
use writ_attestation::{
    Bound, Bounds, Domain, Suffix, ThrowawayQuorum, ThrowawayRequest, attach, largest_suffix,
};
use writ_gateway::AccountView;
use writ_simulation::{Moved, Overrides, PinnedBlock, estimation::SignaturePlan};
use writ_types::{EntryPoint, UserOperation};

use crate::AdmissionError;

/// A throw-away quorum for one account at one block.
pub(crate) struct Pretence {
    quorum: ThrowawayQuorum,
    account: AccountView,
    entry_point: EntryPoint,
    chain_id: u64,
    block: (u64, alloy::primitives::B256, u64),
    sequence: u64,
    bounds: Bounds,
}

impl fmt::Debug for Pretence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pretence")
            .field("account", &self.account.policy.configuration.owner)
            .finish_non_exhaustive()
    }
}

impl Pretence {
    /// A quorum of as many operators as the account's set has. `ahead` attested operations run before this one.
    pub(crate) fn new(
        account: AccountView,
        entry_point: EntryPoint,
        block: &PinnedBlock,
        ahead: u64,
    ) -> Result<Self, AdmissionError> {
        let internal = |reason: String| AdmissionError::AttestationRequired(reason);
        let quorum = ThrowawayQuorum::new(account.operators.len())
            .map_err(|error| internal(error.to_string()))?;
        let bounds = Bounds::new(vec![Bound::native(u128::MAX)])
            .map_err(|error| internal(error.to_string()))?;
        let sequence = account.policy.next_sequence(ahead);
        Ok(Self {
            quorum,
            sequence,
            entry_point,
            chain_id: block.chain_id(),
            block: (block.number(), block.hash(), block.timestamp()),
            bounds,
            account,
        })
    }

    /// The same with a bound on each of these assets, as far as a suffix can carry them: every bound costs gas. The native
    /// currency is always among them.
    pub(crate) fn bounding(mut self, assets: &Moved) -> Self {
        let assets = assets.keys().copied().take(writ_attestation::MAX_BOUNDS);
        if let Ok(bounds) = Bounds::new(assets.map(Bound::widest).collect()) {
            self.bounds = bounds;
        }
        self
    }

    /// What has to be pretended: the operators in the configuration's record.
    pub(crate) fn overrides(&self, on: Overrides) -> Overrides {
        let AccountView { module, policy, operators, .. } = &self.account;
        let record = self.quorum.record(*module, &policy.configuration, operators);
        on.with_code(record.address, record.code)
    }

    /// The operation with a suffix of the throw-away quorum in place of whatever suffix it has.
    pub(crate) fn attested(
        &self,
        operation: &UserOperation,
    ) -> Result<UserOperation, AdmissionError> {
        let mut attested = operation.clone();
        attested.signature = self.sign(operation).map_err(AdmissionError::Internal)?;
        Ok(attested)
    }

    /// The operations that run first, attested by this quorum as they were by the real one: under the code that is
    /// pretended, their own attestations do not verify.
    pub(crate) fn behind(
        &self,
        ahead: &[UserOperation],
    ) -> Result<Vec<UserOperation>, AdmissionError> {
        let mut attested = 0;
        let mut behind = Vec::with_capacity(ahead.len());
        for operation in ahead {
            let mut operation = operation.clone();
            if let Ok(Some((owner, suffix))) = Suffix::split(&operation.signature) {
                let sequence = self.account.policy.next_sequence(attested);
                let (max_cost, bounds) = (suffix.max_cost, &suffix.bounds);
                operation.signature = self
                    .attest(&operation, owner, sequence, max_cost, bounds)
                    .map_err(AdmissionError::Internal)?;
                attested += 1;
            }
            behind.push(operation);
        }
        Ok(behind)
    }

    fn sign(&self, operation: &UserOperation) -> Result<Bytes, String> {
        let owner = match Suffix::split(&operation.signature) {
            Ok(Some((owner, _))) => owner,
            _ => operation.signature.as_ref(),
        };
        self.attest(operation, owner, self.sequence, u128::MAX, &self.bounds)
    }

    fn attest(
        &self,
        operation: &UserOperation,
        owner: &[u8],
        sequence: u64,
        max_cost: u128,
        bounds: &Bounds,
    ) -> Result<Bytes, String> {
        let request = ThrowawayRequest {
            operation,
            entry_point: self.entry_point.address,
            domain: Domain::new(self.chain_id, self.account.module),
            policy: &self.account.policy,
            account_code: self.account.account_code,
            sequence,
            block: self.block,
            max_cost,
            bounds,
        };
        let suffix = self.quorum.attest(&request).map_err(|error| error.to_string())?;
        attach(owner, &suffix).map_err(|error| error.to_string())
    }
}

impl SignaturePlan for Pretence {
    fn signature(&self, operation: &UserOperation) -> Result<Bytes, String> {
        self.sign(operation)
    }

    fn longest(&self, operation: &UserOperation) -> usize {
        let threshold = usize::from(self.account.policy.configuration.threshold);
        operation.signature.len() + largest_suffix(threshold)
    }
}

/// The prefund that an operation may not exceed under any attestation: what fits into `maxCost`.
pub(crate) fn fits_max_cost(operation: &UserOperation) -> bool {
    operation.required_prefund() <= U256::from(u128::MAX)
}
