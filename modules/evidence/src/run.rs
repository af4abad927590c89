//! Simulation under a throw-away quorum.
//!
//! In the configuration's record the operators are replaced with ephemeral keys that really sign; nothing else is patched.
//! The first run is bounded by nothing, the next by what left in it: what is decided on is a run that the module itself
//! let through.

use alloy::{
    primitives::{Address, Bytes},
    sol_types::SolError,
};
use writ_attestation::{
    AttestationError, Bound, Bounds, Domain, ThrowawayQuorum, ThrowawayRequest, attach, max_cost_of,
};
use writ_bindings::WritModule;
use writ_simulation::{OpOutcome, Overrides, SimulationRequest, Simulator};
use writ_types::UserOperation;

use crate::{
    account::Account,
    bounds::{AssetError, exact_bounds, raise},
    builder::{EvidenceRequest, OwnerSignature},
    error::EvidenceError,
    predecessor::Predecessor,
};

/// The simulation of one request: everything except the bounds is fixed.
pub(crate) struct Run<'a> {
    request: &'a EvidenceRequest,
    account: &'a Account,
    domain: Domain,
    before: &'a [Predecessor],
    quorum: ThrowawayQuorum,
    max_cost: u128,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        request: &'a EvidenceRequest,
        account: &'a Account,
        domain: Domain,
        before: &'a [Predecessor],
    ) -> Result<Self, EvidenceError> {
        let quorum = ThrowawayQuorum::new(account.operators.len())
            .map_err(|error| EvidenceError::Throwaway(AttestationError::Set(error)))?;
        let max_cost = max_cost_of(&request.operation);
        Ok(Self { request, account, domain, before, quorum, max_cost })
    }

    /// What leaves, and the run in which the module itself measured that no more does.
    pub(crate) async fn bounded(
        &self,
        simulator: &Simulator,
        sent: &[Address],
    ) -> Result<(Bounds, OpOutcome), EvidenceError> {
        let account = self.account.address;
        let widest = Bounds::new(vec![Bound::native(u128::MAX)]).map_err(AssetError::List)?;
        let first = self.simulate(simulator, &widest).await?;
        let seen = exact_bounds(&first.effects, account, sent.iter().copied())?;
        let mut bounds = seen.clone();
        // A token whose balances move otherwise than its events say (shares that round, for instance) is bounded by what
        // the module measured: one more run for each asset, and no more.
        for _ in 0..=seen.as_slice().len() {
            let outcome = self.simulate(simulator, &bounds).await?;
            if reverted(&outcome) == reverted(&first) {
                if exact_bounds(&outcome.effects, account, sent.iter().copied())? != seen {
                    return Err(EvidenceError::Unstable { output: revert_output(&outcome) });
                }
                return Ok((bounds, outcome));
            }
            let output = revert_output(&outcome);
            bounds = WritModule::BoundExceeded::abi_decode(&output)
                .ok()
                .and_then(|exceeded| raise(&bounds, exceeded.asset, exceeded.actual))
                .ok_or(EvidenceError::Unstable { output })?;
        }
        Err(EvidenceError::Unstable { output: Bytes::new() })
    }

    async fn simulate(
        &self,
        simulator: &Simulator,
        bounds: &Bounds,
    ) -> Result<OpOutcome, EvidenceError> {
        let mut ops = Vec::with_capacity(self.before.len() + 1);
        for (position, predecessor) in (0u64..).zip(self.before) {
            let Predecessor { operation, owner_signature, suffix } = predecessor;
            ops.push(self.attested(
                operation,
                owner_signature,
                position,
                suffix.max_cost,
                &suffix.bounds,
            )?);
        }
        let operation = &self.request.operation;
        let position = self.before.len() as u64;
        ops.push(self.attested(
            operation,
            &operation.signature,
            position,
            self.max_cost,
            bounds,
        )?);

        let Account { module, policy, operators, .. } = self.account;
        let record = self.quorum.record(*module, &policy.configuration, operators);
        let mut request = SimulationRequest::bundle(self.request.entry_point, ops)
            .with_overrides(Overrides::new().with_code(record.address, record.code));
        if self.request.owner_signature == OwnerSignature::Ignored {
            request = request.ignoring_signatures();
        }
        let mut simulation = simulator.simulate(&self.request.block, &request).await?;
        if let Some(failure) = simulation.failure {
            return Err(EvidenceError::from_failure(&failure, self.before.len()));
        }
        match simulation.ops.pop() {
            Some(outcome) if outcome.receipt.is_some() => Ok(outcome),
            _ => Err(EvidenceError::NotExecuted),
        }
    }

    /// The operation with a suffix that the throw-away quorum signed.
    fn attested(
        &self,
        operation: &UserOperation,
        owner_signature: &[u8],
        position: u64,
        max_cost: u128,
        bounds: &Bounds,
    ) -> Result<UserOperation, EvidenceError> {
        let block = &self.request.block;
        let suffix = self
            .quorum
            .attest(&ThrowawayRequest {
                operation,
                entry_point: self.request.entry_point.address,
                domain: self.domain,
                policy: &self.account.policy,
                account_code: self.account.code_hash,
                sequence: self.account.policy.next_sequence(position),
                block: (block.number(), block.hash(), block.timestamp()),
                max_cost,
                bounds,
            })
            .map_err(EvidenceError::Throwaway)?;
        let signature = attach(owner_signature, &suffix).map_err(EvidenceError::Throwaway)?;
        Ok(UserOperation { signature, ..operation.clone() })
    }
}

pub(crate) fn reverted(outcome: &OpOutcome) -> bool {
    !outcome.receipt.as_ref().is_some_and(|receipt| receipt.success)
}

fn revert_output(outcome: &OpOutcome) -> Bytes {
    outcome.execution.as_ref().map(|frame| frame.output.clone()).unwrap_or_default()
}
