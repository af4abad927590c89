//! Simulation under a throw-away quorum.
//!
//! In the configuration's record the operators are replaced with ephemeral keys that really sign; nothing else is patched.
//! The first run is bounded by nothing and shows what moves. In the next each of that has a bound that holds back nothing,
//! so that the module measures it, and what it was answered is how much moves. What is decided on is the last run, which the
//! module itself let through under exactly these bounds.

use alloy::{primitives::Bytes, sol_types::SolError};
use writ_attestation::{
    AttestationError, Bound, Bounds, Domain, ThrowawayQuorum, ThrowawayRequest, attach, max_cost_of,
};
use writ_bindings::WritModule;
use writ_simulation::{Moved, OpOutcome, Overrides, SimulationRequest, Simulator};
use writ_types::UserOperation;

use crate::{
    account::Account,
    bounds::{AssetError, exact_bounds, widest_bounds},
    builder::{EvidenceRequest, OwnerSignature},
    calls::Call,
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

    /// What moves, and the run in which the module itself measured that no more does.
    pub(crate) async fn bounded(
        &self,
        simulator: &Simulator,
        calls: &[Call],
    ) -> Result<(Bounds, OpOutcome), EvidenceError> {
        let widest = Bounds::new(vec![Bound::native(u128::MAX)]).map_err(AssetError::List)?;
        let first = self.simulate(simulator, &widest).await?;
        let seen = self.moved(&first, calls)?;
        let measured = if seen.len() == 1 {
            first
        } else {
            let measured = self.simulate(simulator, &widest_bounds(&seen)?).await?;
            unless_unreadable(&measured)?;
            if reverted(&measured) != reverted(&first) {
                return Err(unstable(&measured));
            }
            measured
        };
        let bounds = self.exact(&measured, calls)?;
        let outcome = self.simulate(simulator, &bounds).await?;
        let same =
            reverted(&outcome) == reverted(&measured) && self.exact(&outcome, calls)? == bounds;
        if same { Ok((bounds, outcome)) } else { Err(unstable(&outcome)) }
    }

    fn moved(&self, outcome: &OpOutcome, calls: &[Call]) -> Result<Moved, AssetError> {
        let (account, entry_point) = (self.account.address, self.request.entry_point.address);
        let calls = calls.iter().map(Call::as_asset_call);
        Ok(outcome.effects.moved(account, entry_point, calls)?)
    }

    fn exact(&self, outcome: &OpOutcome, calls: &[Call]) -> Result<Bounds, AssetError> {
        exact_bounds(&self.moved(outcome, calls)?, &outcome.answers, self.account.address)
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
            .with_overrides(Overrides::new().with_code(record.address, record.code))
            .watching(*module);
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

/// Refuses what the hook could not measure: it would never let the operation through.
fn unless_unreadable(outcome: &OpOutcome) -> Result<(), AssetError> {
    match WritModule::BalanceUnreadable::abi_decode(&revert_output(outcome)) {
        Ok(unreadable) if reverted(outcome) => {
            Err(AssetError::Unmeasurable { contract: unreadable.asset })
        }
        _ => Ok(()),
    }
}

fn unstable(outcome: &OpOutcome) -> EvidenceError {
    EvidenceError::Unstable { output: revert_output(outcome) }
}

fn revert_output(outcome: &OpOutcome) -> Bytes {
    outcome.execution.as_ref().map(|frame| frame.output.clone()).unwrap_or_default()
}
