//! Evidence for a decision that nothing on the chain enforces: any account, looked at from outside.
//!
//! The operation is simulated exactly as it will be sent, with nothing pretended. What the account calls is taken from
//! that run and not from its calldata, so that no account's encoding has to be understood; what leaves it is what left.
//! All of that rests on the simulation: who relies on such a decision looks once more, just before including.

use alloy::primitives::Address;
use writ_attestation::{Bounds, DetachedTerms};
use writ_simulation::{Effects, OpOutcome, SenderCall, SimulationRequest, Simulator};

use crate::{
    bounds::logged_bounds,
    builder::{EvidenceRequest, OwnerSignature},
    calls::{Call, CallsError, MAX_CALLS, observed_call},
    error::{EvidenceError, PredecessorError},
    run::reverted,
};

/// Whose policy decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The account's own, enforced by this contract.
    Module(Address),
    /// The asker's.
    Detached(DetachedTerms),
}

impl Authority {
    /// The enforcing contract; the zero address when there is none.
    #[must_use]
    pub const fn module(&self) -> Address {
        match self {
            Self::Module(module) => *module,
            Self::Detached(_) => Address::ZERO,
        }
    }
}

/// What an operation did to its account: every call that the account made, and the most of each asset that left.
pub(crate) struct Conduct {
    /// The calls, in order.
    pub(crate) calls: Vec<Call>,
    /// Everything that left or was granted.
    pub(crate) bounds: Bounds,
}

impl Conduct {
    /// Reads the conduct of `account` from an execution's effects.
    ///
    /// # Errors
    ///
    /// When there is more than can be shown to a policy, or something that is not understood.
    pub(crate) fn of(
        effects: &Effects,
        account: Address,
        entry_point: Address,
    ) -> Result<Self, EvidenceError> {
        if effects.calls.len() > MAX_CALLS {
            let count = alloy::primitives::U256::from(effects.calls.len());
            return Err(CallsError::TooManyCalls { count }.into());
        }
        let calls = effects
            .calls
            .iter()
            .enumerate()
            .map(|(index, SenderCall { to, value, data })| {
                let data = data.clone().ok_or(CallsError::TooLong { index })?;
                observed_call(*to, *value, data)
            })
            .collect::<Result<_, CallsError>>()?;
        let bounds = logged_bounds(effects, account, entry_point)?;
        Ok(Self { calls, bounds })
    }
}

/// Runs the operation behind its predecessors, as they are.
pub(crate) async fn run(
    simulator: &Simulator,
    request: &EvidenceRequest,
) -> Result<OpOutcome, EvidenceError> {
    let operation = &request.operation;
    for (index, predecessor) in (0u64..).zip(&request.predecessors) {
        let refuse = |source| Err(EvidenceError::Predecessor { index, source });
        if predecessor.sender != operation.sender {
            return refuse(PredecessorError::OtherSender { sender: predecessor.sender });
        }
        if predecessor.version != request.entry_point.version {
            return refuse(PredecessorError::OtherVersion);
        }
    }
    let ops = request.predecessors.iter().chain([operation]).cloned().collect();
    let mut simulated = SimulationRequest::bundle(request.entry_point, ops);
    if request.owner_signature == OwnerSignature::Ignored {
        simulated = simulated.ignoring_signatures();
    }
    let mut simulation = simulator.simulate(&request.block, &simulated).await?;
    if let Some(failure) = simulation.failure {
        return Err(EvidenceError::from_failure(&failure, request.predecessors.len()));
    }
    match simulation.ops.pop() {
        // What a run that reverts would have done in another state, nobody saw.
        Some(outcome) if outcome.receipt.is_some() && reverted(&outcome) => {
            Err(EvidenceError::Reverted)
        }
        Some(outcome) if outcome.receipt.is_some() => Ok(outcome),
        _ => Err(EvidenceError::NotExecuted),
    }
}
