//! One candidate after another through `handleOps`.

use alloy::primitives::U256;
use writ_types::{GasDefaults, PartialUserOperation, UserOperation};

use super::{
    EstimationError, EstimationLimits, EstimationRequest, GasLimits,
    funding::{assumed_fee, fund},
    search::{TIGHT, least},
};
use crate::{
    Effects, Failure, OpOutcome, Overrides, PinnedBlock, Simulation, SimulationRequest, Simulator,
    trace::FrameStatus,
};

/// One of the gas limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dial {
    Verification,
    PaymasterVerification,
    Call,
    PostOp,
}

/// In the order in which they are searched. callGasLimit comes last, because it has to pay as well for what
/// the EntryPoint does around the call and no other limit covers.
pub(super) const DIALS: [Dial; 4] =
    [Dial::PaymasterVerification, Dial::PostOp, Dial::Verification, Dial::Call];

impl Dial {
    /// Whether the operation has this limit. v0.6 uses the account's verification limit for the paymaster.
    pub(super) fn exists(self, operation: &PartialUserOperation) -> bool {
        match self {
            Self::Verification | Self::Call => true,
            Self::PaymasterVerification | Self::PostOp => {
                operation.paymaster.is_some() && operation.version.is_packed()
            }
        }
    }

    /// What the caller fixed; zero stands for nothing.
    pub(super) fn fixed(self, operation: &PartialUserOperation) -> Option<u128> {
        let paymaster = operation.paymaster.as_ref();
        let given = match self {
            Self::Verification => operation.verification_gas_limit,
            Self::Call => operation.call_gas_limit,
            Self::PaymasterVerification => paymaster.and_then(|known| known.verification_gas_limit),
            Self::PostOp => paymaster.and_then(|known| known.post_op_gas_limit),
        };
        given.filter(|gas| *gas != 0 && self.exists(operation))
    }

    /// The limit as it is. What estimation tries is within u64 ([`EstimationLimits`]).
    fn within(self, limits: &mut GasLimits) -> u64 {
        u64::try_from(*self.of(limits)).unwrap_or(u64::MAX)
    }

    pub(super) fn of(self, limits: &mut GasLimits) -> &mut u128 {
        match self {
            Self::Verification => &mut limits.verification,
            Self::Call => &mut limits.call,
            Self::PaymasterVerification => &mut limits.paymaster_verification,
            Self::PostOp => &mut limits.post_op,
        }
    }

    /// Gas that the frames under this limit used: about where the limit will be.
    pub(super) fn used(self, outcome: &OpOutcome) -> u64 {
        let trace = &outcome.trace;
        let frame = |frame: &Option<crate::trace::FrameTrace>| {
            frame.as_ref().map_or(0, |frame| frame.gas_used)
        };
        let later = |frame: &Option<crate::ExecutionFrame>| {
            frame.as_ref().map_or(0, |frame| frame.gas_used)
        };
        match self {
            Self::Verification => match trace.verification_gas {
                Some(counted) => counted.used,
                None => frame(&trace.deploy).saturating_add(frame(&trace.account)),
            },
            Self::PaymasterVerification => match trace.paymaster_verification_gas {
                Some(counted) => counted.used,
                None => frame(&trace.paymaster_frame),
            },
            Self::Call => later(&outcome.execution),
            Self::PostOp => later(&outcome.post_op),
        }
    }
}

impl GasLimits {
    /// Sets an operation's limits. A paymaster's limits are left alone where there is no such limit.
    pub fn apply(&self, operation: &mut UserOperation) {
        operation.verification_gas_limit = self.verification;
        operation.call_gas_limit = self.call;
        if let Some(paymaster) =
            operation.paymaster.as_mut().filter(|_| operation.version.is_packed())
        {
            paymaster.verification_gas_limit = self.paymaster_verification;
            paymaster.post_op_gas_limit = self.post_op;
        }
    }
}

/// Runs candidates of one request.
#[derive(Debug)]
pub(super) struct Runner<'a> {
    simulator: &'a Simulator,
    block: &'a PinnedBlock,
    request: &'a EstimationRequest<'a>,
    /// Complete but for gas limits and signature.
    operation: UserOperation,
    overrides: Overrides,
    most: GasLimits,
    runs: usize,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        simulator: &'a Simulator,
        block: &'a PinnedBlock,
        request: &'a EstimationRequest<'a>,
    ) -> Result<Self, EstimationError> {
        let partial = &request.operation;
        let mut operation = partial.complete(&GasDefaults::default());
        if operation.max_fee_per_gas == 0 {
            operation.max_fee_per_gas = assumed_fee(block, request.entry_point, &operation)?;
        }
        // The dearest case: every gas costs all that the prefund was computed with. A lower tip leaves some of
        // the prefund unused, and would hide that the limits do not cover the EntryPoint's own work. A wei below
        // the maximum, so that the EntryPoint goes the longest of its ways to the price.
        let base = u128::from(block.base_fee());
        operation.max_priority_fee_per_gas =
            operation.max_fee_per_gas.saturating_sub(base.saturating_add(1));
        let gas = simulator.options().limits.gas.min(block.header().gas_limit);
        let most = most(partial, &request.limits, gas);
        most.apply(&mut operation);
        // No limit but a price: what a caller gives counts where it is enough.
        let longest = request.signature.longest(&operation);
        let of_bytes = request.schedule.pre_verification_gas_for_estimate(&operation, longest);
        let needed = of_bytes.saturating_add(request.data_gas);
        operation.pre_verification_gas = operation.pre_verification_gas.max(needed);
        let overrides = fund(block, request.entry_point, &operation, request.overrides.clone())?;
        Ok(Self { simulator, block, request, operation, overrides, most, runs: 0 })
    }

    pub(super) fn pre_verification_gas(&self) -> U256 {
        self.operation.pre_verification_gas
    }

    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    fn run(&mut self, limits: &GasLimits) -> Result<Simulation, EstimationError> {
        self.runs += 1;
        let mut operation = self.operation.clone();
        limits.apply(&mut operation);
        operation.signature =
            self.request.signature.signature(&operation).map_err(EstimationError::Signature)?;
        let mut ops = self.request.predecessors.clone();
        ops.push(operation);
        let simulation = SimulationRequest::bundle(self.request.entry_point, ops)
            .with_overrides(self.overrides.clone())
            .ignoring_signatures();
        Ok(self.simulator.simulate_sync(self.block, &simulation)?)
    }

    /// The operation with as much gas as can be had: it succeeds, or gas is not what it lacks.
    pub(super) fn explore(&mut self) -> Result<OpOutcome, EstimationError> {
        let most = self.most;
        let mut simulation = self.run(&most)?;
        let before = self.request.predecessors.len();
        match simulation.failure.take() {
            Some(Failure::Op(failed)) if failed.index < before => {
                let index = failed.index;
                return Err(EstimationError::Predecessor { index, failure: Failure::Op(failed) });
            }
            Some(failure) => return Err(EstimationError::Rejected(failure)),
            None => {}
        }
        let Some(outcome) = simulation.ops.pop() else {
            return Err(EstimationError::Unstable);
        };
        if let Some(frame) = &outcome.execution
            && !frame.status.is_success()
        {
            return Err(EstimationError::ExecutionReverted {
                data: frame.output.clone(),
                out_of_gas: frame.status == FrameStatus::OutOfGas,
            });
        }
        match &outcome.receipt {
            Some(receipt) if receipt.success => Ok(outcome),
            receipt => {
                let told = receipt.as_ref().and_then(|known| known.post_op_revert_reason.clone());
                let seen = || outcome.post_op.as_ref().map(|frame| frame.output.clone());
                let data = told.or_else(seen).unwrap_or_default();
                Err(EstimationError::PostOpReverted { data })
            }
        }
    }

    /// Limits that are enough together, each found with the others at their most or as found before.
    pub(super) fn search(
        &mut self,
        searched: &[Dial],
        reference: &OpOutcome,
    ) -> Result<GasLimits, EstimationError> {
        let most = self.most;
        let mut found = most;
        for (index, dial) in searched.iter().enumerate() {
            // The last one is searched with the others as found, so that all of them are enough together: what
            // the EntryPoint does between the frames must fit in what they leave over.
            let last = index + 1 == searched.len();
            let others = if last { found } else { most };
            let highest = dial.within(&mut found);
            let hint = dial.used(reference);
            if last && !self.succeeds(&others, reference)? {
                return Err(EstimationError::Unstable);
            }
            let gas = least(hint, highest, |gas| self.suffices(&others, *dial, gas, reference))?;
            *dial.of(&mut found) = gas.into();
        }
        Ok(found)
    }

    /// Lowers each limit as far as it goes with the others as they are, until none can be lowered. Every step is one
    /// that succeeded.
    pub(super) fn tighten(
        &mut self,
        searched: &[Dial],
        mut found: GasLimits,
        reference: &OpOutcome,
    ) -> Result<GasLimits, EstimationError> {
        loop {
            let before = found;
            for dial in searched {
                let others = found;
                let gas = dial.within(&mut found);
                // Where it was found tight in this company already, one run tells.
                let lower = gas.saturating_sub(TIGHT);
                if gas == 0 || !self.suffices(&others, *dial, lower, reference)? {
                    continue;
                }
                let hint = dial.used(reference);
                let gas = least(hint, lower, |gas| self.suffices(&others, *dial, gas, reference))?;
                *dial.of(&mut found) = gas.into();
            }
            if found == before {
                return Ok(found);
            }
        }
    }

    /// Whether the operation succeeds with one limit of `limits` set to `gas`. Answers no when the allowance of
    /// runs is used up.
    pub(super) fn suffices(
        &mut self,
        limits: &GasLimits,
        dial: Dial,
        gas: u64,
        reference: &OpOutcome,
    ) -> Result<bool, EstimationError> {
        if self.runs >= self.request.limits.runs {
            return Ok(false);
        }
        let mut limits = *limits;
        *dial.of(&mut limits) = gas.into();
        self.succeeds(&limits, reference)
    }

    /// Whether the operation succeeds with these limits and does what it did with plenty of gas: an account
    /// that swallows the failure of a call would otherwise be given too little for that call.
    pub(super) fn succeeds(
        &mut self,
        limits: &GasLimits,
        reference: &OpOutcome,
    ) -> Result<bool, EstimationError> {
        let simulation = self.run(limits)?;
        Ok(simulation.failure.is_none()
            && simulation.last().is_some_and(|outcome| {
                outcome.receipt.as_ref().is_some_and(|receipt| receipt.success)
                    && same_shape(&outcome.effects, &reference.effects)
            }))
    }
}

/// Whether two executions did the same things to the same parties. Amounts may differ: they may depend on gas.
fn same_shape(one: &Effects, other: &Effects) -> bool {
    let native = |effects: &Effects| -> Vec<_> {
        effects.native.iter().map(|moved| (moved.from, moved.to)).collect()
    };
    let tokens = |effects: &Effects| -> Vec<_> {
        effects.tokens.iter().map(|moved| (moved.token, moved.from, moved.to, moved.id)).collect()
    };
    let approvals = |effects: &Effects| -> Vec<_> {
        effects.approvals.iter().map(|given| (given.token, given.owner, given.spender)).collect()
    };
    one.touched == other.touched
        && one.created == other.created
        && one.delegate_calls == other.delegate_calls
        && native(one) == native(other)
        && tokens(one) == tokens(other)
        && approvals(one) == approvals(other)
}

/// The highest limits to try, given the gas of the simulated transaction. The EntryPoint insists on having
/// callGasLimit and postOp gas in hand before the execution phase, so these two must leave some for the
/// validation phase, whose limits are only promises.
fn most(operation: &PartialUserOperation, bounds: &EstimationLimits, gas: u64) -> GasLimits {
    let mut most = GasLimits::default();
    for dial in DIALS.into_iter().filter(|dial| dial.exists(operation)) {
        let bound = match dial {
            Dial::Verification | Dial::PaymasterVerification => bounds.verification,
            Dial::Call => bounds.call.min(gas / 4 * 3),
            Dial::PostOp => bounds.post_op.min(gas / 16),
        };
        *dial.of(&mut most) = dial.fixed(operation).unwrap_or_else(|| bound.into());
    }
    most
}
