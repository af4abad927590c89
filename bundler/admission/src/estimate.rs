//! Gas estimation, evaluation and attestation on request: the paths that pool nothing.

use alloy::primitives::{Bytes, U256};
use writ_attestation::{attach, wire::Evaluation};
use writ_gateway::{AccountView, GateRequest, Need, Standing};
use writ_simulation::{
    Moved, Overrides, PinnedBlock, SimulationRequest,
    estimation::{
        EstimationError, EstimationLimits, EstimationRequest, GasEstimate, GasLimits,
        SignaturePlan, estimate,
    },
};
use writ_types::{
    EntryPoint, FieldError, GasDefaults, PartialUserOperation, PresentedFacts, UserOperation,
};

use crate::{
    Admission, AdmissionError, admission::clock, gated::gate_request, preflight::Pretence, revert,
    verdict::explain,
};

/// Gas by which what the EntryPoint counts for verification may grow between the estimate and the first validation, which
/// demands the slack in full (LIM-030): a cold slot, and some memory.
const VERIFICATION_DRIFT: u64 = 4_000;

/// Gas that the module's hook may take more of in another block than in the estimate's: the first outflow of a block is
/// linked to the one before it.
const HOOK_SLACK: u64 = 2_000;

impl Admission {
    /// Estimates an operation's gas, with room for the largest attestation that its account can get, and the gas of
    /// verifying it. Never fails for lack of an attestation. `overrides` is state that the caller wants pretended.
    ///
    /// # Errors
    /// When the operation cannot be included however much gas it gets, when its execution reverts (-32521), or the
    /// state cannot be had.
    pub async fn estimate(
        &self,
        operation: PartialUserOperation,
        entry_point: alloy::primitives::Address,
        overrides: Overrides,
    ) -> Result<GasEstimate, AdmissionError> {
        let entry_point = self.entry_point(entry_point)?;
        same_version(operation.version, entry_point)?;
        let _turn = self.order().turn(operation.sender).await?;
        let block = self.state().latest().await?;
        let whole = operation.complete(&GasDefaults::default());
        self.check_delegation(&whole, &block).await?;
        let ahead = self.ahead_of(&whole, entry_point);
        let account = self.bound_account(&whole, entry_point, &block).await?;
        if ahead.is_empty() {
            return self
                .estimate_at(operation, entry_point, overrides, ahead, account, block)
                .await;
        }
        // Behind others it finds their storage warm. In a bundle of its own, once they are mined, it does not: where it
        // can be run alone, the limits are enough for both.
        let (own, state) = (operation.clone(), overrides.clone());
        let alone =
            self.estimate_at(own, entry_point, state, Vec::new(), account.clone(), block.clone());
        let alone = alone.await;
        let behind =
            self.estimate_at(operation, entry_point, overrides, ahead, account, block).await?;
        Ok(alone.map_or(behind, |alone| greater(&alone, &behind)))
    }

    async fn estimate_at(
        &self,
        operation: PartialUserOperation,
        entry_point: EntryPoint,
        overrides: Overrides,
        ahead: Vec<UserOperation>,
        account: Option<AccountView>,
        block: PinnedBlock,
    ) -> Result<GasEstimate, AdmissionError> {
        let rules = *self.rules();
        let simulator = self.simulator().clone();
        let whole = operation.complete(&GasDefaults::default());
        let attested =
            ahead.iter().filter(|op| writ_attestation::carries_suffix(&op.signature)).count()
                as u64;
        let pretence = account
            .map(|account| Pretence::new(account, entry_point, &block, attested))
            .transpose()?;
        // One asynchronous run warms the cache, and finds what a real attestation would bound.
        let moved = match &pretence {
            None => Moved::default(),
            Some(pretence) => {
                self.moved(pretence, &whole, &ahead, &overrides, entry_point, &block).await
            }
        };
        let pretence = pretence.map(|pretence| pretence.bounding(&moved));
        let ahead = match &pretence {
            Some(pretence) => pretence.behind(&ahead)?,
            None => ahead,
        };
        let longest = pretence.as_ref().map_or(whole.signature.len(), |plan| plan.longest(&whole));
        let data_gas = self.data_gas_for_estimate(&whole, longest, entry_point, &block).await?;
        if pretence.is_none() {
            // The search reads step by step; what it will read is fetched first.
            let ops = ahead.iter().cloned().chain([generous(&whole)]).collect();
            let request = SimulationRequest::bundle(entry_point, ops);
            simulator.warm(&block, &request).await?;
        }
        let limits = EstimationLimits {
            // LIM-060 wants it below.
            verification: rules.constants.max_verification_gas.saturating_sub(1),
            call: rules.max_operation_gas,
            ..EstimationLimits::default()
        };
        let answer = tokio::task::spawn_blocking(move || {
            let mut request = EstimationRequest::new(entry_point, operation);
            request.predecessors = ahead;
            request.schedule = rules.gas;
            request.data_gas = data_gas;
            request.verification_slack =
                rules.constants.validation_gas_slack.saturating_add(VERIFICATION_DRIFT);
            request.limits = limits;
            request.overrides = overrides;
            if let Some(pretence) = &pretence {
                request.call_slack = HOOK_SLACK;
                request.overrides = pretence.overrides(request.overrides);
                request = request.signed_by(pretence);
            }
            estimate(&simulator, &block, &request)
        })
        .await
        .map_err(|error| AdmissionError::Internal(error.to_string()))?;
        answer.map_err(|error| estimation(error, &whole))
    }

    /// What moves in a run with generous gas. Empty when it does not get that far, or when something is granted that no
    /// operator attests: estimation itself, or they, will say why.
    async fn moved(
        &self,
        pretence: &Pretence,
        operation: &UserOperation,
        ahead: &[UserOperation],
        overrides: &Overrides,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Moved {
        let Ok(generous) = pretence.attested(&generous(operation)) else { return Moved::new() };
        let Ok(ahead) = pretence.behind(ahead) else { return Moved::new() };
        let ops = ahead.into_iter().chain([generous]).collect();
        let request = SimulationRequest::bundle(entry_point, ops)
            .with_overrides(pretence.overrides(overrides.clone()))
            .ignoring_signatures();
        let Ok(simulation) = self.simulator().simulate(block, &request).await else {
            return Moved::new();
        };
        let Some(outcome) = simulation.last() else { return Moved::new() };
        let effects = &outcome.effects;
        let moved = effects.moved(operation.sender, entry_point.address, effects.asset_calls());
        moved.unwrap_or_default()
    }

    /// What the account's policies would say about the operation; nothing is signed, recorded or pooled. Absent gas
    /// fields are estimated, and the owner's signature is not checked.
    ///
    /// # Errors
    /// When no policy looks at the account, too few operators agree in time, or gas cannot be estimated.
    pub async fn evaluate(
        &self,
        operation: PartialUserOperation,
        entry_point: alloy::primitives::Address,
        facts: &PresentedFacts,
    ) -> Result<Evaluation, AdmissionError> {
        let entry_point = self.entry_point(entry_point)?;
        same_version(operation.version, entry_point)?;
        let _turn = self.order().turn(operation.sender).await?;
        let block = self.state().latest().await?;
        let mut whole = operation.complete(&GasDefaults::default());
        self.check_delegation(&whole, &block).await?;
        let ahead = self.ahead_of(&whole, entry_point);
        if lacks_gas(&operation) {
            let account = self.bound_account(&whole, entry_point, &block).await?;
            let none = Overrides::default();
            let found = self
                .estimate_at(operation, entry_point, none, ahead.clone(), account, block.clone())
                .await?;
            found.apply(&mut whole);
        }
        if whole.max_fee_per_gas == 0 {
            whole.max_fee_per_gas = u128::from(block.base_fee()) * 2;
        }
        let hash = self.hash(&whole, entry_point, &block).await?;
        let request = gate_request(&block, &whole, (entry_point, hash), &ahead);
        let request = GateRequest { facts, ..request };
        let ask = self.gate().deciding_question(request).await?;
        let gateway = self.gateway(&whole)?;
        Ok(gateway.evaluate(&ask).await.map_err(writ_gateway::GateError::from)?)
    }

    /// The operation with a quorum's attestation attached, ready to be sent through any bundler: judged like one that
    /// is sent here, and not pooled. An operation that carries a valid attestation comes back as it is.
    ///
    /// # Errors
    /// As for an operation that is sent; `-32530` where no Writ module looks at the account.
    pub async fn attest(
        &self,
        operation: UserOperation,
        entry_point: alloy::primitives::Address,
        facts: &PresentedFacts,
    ) -> Result<UserOperation, AdmissionError> {
        let entry_point = self.entry_point(entry_point)?;
        same_version(operation.version, entry_point)?;
        let _turn = self.order().turn(operation.sender).await?;
        let block = self.state().latest().await?;
        self.check(&operation, entry_point, &block).await?;
        self.check_delegation(&operation, &block).await?;
        let hash = self.hash(&operation, entry_point, &block).await?;
        let ahead = self.ahead_of(&operation, entry_point);
        let request = gate_request(&block, &operation, (entry_point, hash), &ahead);
        let request = GateRequest { facts, ..request };
        // Whoever asks for an attestation means it, whatever this bundler's own gate demands.
        let ask = self.gate().question(request).await?;
        self.preflight(&operation, entry_point, &ahead, ask.account.clone(), &block).await?;
        let suffix =
            self.gateway(&operation)?.attest(&ask).await.map_err(writ_gateway::GateError::from)?;
        let mut attested = operation;
        attested.signature = attach(&ask.operation.signature, &suffix)?;
        self.check(&attested, entry_point, &block).await?;
        self.simulate_final(&attested, entry_point, &ahead, &block, true).await?;
        Ok(attested)
    }

    /// The account's view when its module will see this operation's signature; `None` when nothing will be attached.
    async fn bound_account(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<Option<AccountView>, AdmissionError> {
        let now = clock().max(block.timestamp());
        let standing = self.gate().accounts().read(block, operation, now).await;
        let standing = standing.map_err(writ_gateway::GateError::from)?;
        // With the gate off nothing is attached here, but the module may still demand it of whoever sends it.
        let need = self.gate().need(operation, entry_point.address, &standing);
        Ok(match (need, standing) {
            (Ok(Need::Ask | Need::Verify(_)), Standing::Bound { account, .. }) => Some(*account),
            // What nothing validates costs nothing that could be estimated.
            (Err(error), Standing::Uninitialized(_)) => return Err(error.into()),
            _ => None,
        })
    }
}

/// Limits that are enough wherever one of the two is.
fn greater(one: &GasEstimate, other: &GasEstimate) -> GasEstimate {
    let limits = |one: &GasLimits, other: &GasLimits| GasLimits {
        verification: one.verification.max(other.verification),
        call: one.call.max(other.call),
        paymaster_verification: one.paymaster_verification.max(other.paymaster_verification),
        post_op: one.post_op.max(other.post_op),
    };
    GasEstimate {
        found: limits(&one.found, &other.found),
        slack: limits(&one.slack, &other.slack),
        pre_verification_gas: one.pre_verification_gas.max(other.pre_verification_gas),
        runs: one.runs + other.runs,
    }
}

/// The operation with more gas than it is likely to need, for free.
fn generous(operation: &UserOperation) -> UserOperation {
    let mut generous = operation.clone();
    generous.call_gas_limit = 5_000_000;
    generous.verification_gas_limit = 3_000_000;
    generous.max_fee_per_gas = 0;
    generous.max_priority_fee_per_gas = 0;
    if let Some(paymaster) = &mut generous.paymaster {
        paymaster.verification_gas_limit = 1_000_000;
        paymaster.post_op_gas_limit = 1_000_000;
    }
    generous
}

fn lacks_gas(operation: &PartialUserOperation) -> bool {
    let absent = |gas: Option<u128>| gas.is_none_or(|gas| gas == 0);
    absent(operation.call_gas_limit)
        || absent(operation.verification_gas_limit)
        || operation.pre_verification_gas.is_none_or(|gas| gas == U256::ZERO)
}

pub(crate) fn same_version(
    version: writ_types::EntryPointVersion,
    entry_point: EntryPoint,
) -> Result<(), AdmissionError> {
    if version == entry_point.version {
        return Ok(());
    }
    let reason = format!("the operation is of v{version}, EntryPoint {entry_point} is not");
    Err(FieldError::new("entryPoint", reason).into())
}

fn estimation(error: EstimationError, operation: &UserOperation) -> AdmissionError {
    match error {
        EstimationError::Rejected(failure) => {
            let index = match &failure {
                writ_simulation::Failure::Op(failed) => failed.index,
                _ => 0,
            };
            explain(&failure, Vec::new(), operation, index)
        }
        EstimationError::ExecutionReverted { data, out_of_gas: false }
        | EstimationError::PostOpReverted { data } => {
            AdmissionError::Execution { decoded: revert::describe(&data), data }
        }
        EstimationError::ExecutionReverted { .. } => {
            AdmissionError::Execution { data: Bytes::new(), decoded: Some("out of gas".to_owned()) }
        }
        EstimationError::Predecessor { .. } | EstimationError::Unstable => {
            AdmissionError::Reverted(error.to_string())
        }
        EstimationError::State(error) => writ_simulation::SimulationError::from(error).into(),
        EstimationError::Simulation(error) => error.into(),
        other => AdmissionError::Internal(other.to_string()),
    }
}
