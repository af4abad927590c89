//! Gas limits found by search over the real operation.
//!
//! ```text
//! PartialUserOperation ──complete──> candidate ──SignaturePlan──> signed candidate
//!                                        ^                              │ handleOps in revm, same state
//!                                        │ next limit                   v
//!                                    search (one limit at a time) <── succeeded?
//!                                        │
//!                                        └──> GasEstimate { found limits, slack apart, preVerificationGas }
//! ```
//!
//! Nothing is modelled: whether a limit is enough is decided by running the EntryPoint's own `handleOps` with
//! it, so that the 63/64 rule, nested calls, the EntryPoint's overhead and its penalties are exact. A found
//! limit succeeds, and [`PRECISION`] gas less does not.
//!
//! Each limit is searched with the others at their most, the last one (callGasLimit, unless it is fixed) with
//! the others as found. So they are enough together, at the dearest price the fees allow: what the EntryPoint
//! does around the calls is charged to the operation, but no limit of its own covers it. Then each is lowered as
//! far as it goes with the others as found: limits make the prefund, and a prefund that an existing deposit covers
//! need not be paid.
//!
//! Invariants:
//! * A limit that the caller fixed is used in every run and returned unchanged. Zero means "not fixed",
//!   because deployed wallet clients send zeros when they ask for an estimate.
//! * The signature that the plan gives is made anew for each candidate, as it covers the gas limits.
//! * Funds are pretended, never a result: an account or paymaster that could not pay today gets the same
//!   estimate as one that can, prefund payment included.
//! * Work is bounded by [`EstimationLimits::runs`]; when it is used up the limits found so far, all of which
//!   succeeded, are the answer.

use alloy::primitives::{Bytes, U256};
use writ_types::{EntryPoint, GasSchedule, PartialUserOperation, UserOperation};

use crate::{Overrides, PinnedBlock, Simulator};

mod error;
mod funding;
mod run;
mod search;

pub use error::EstimationError;
use run::{Dial, Runner};
pub use search::PRECISION;

/// What will be in the signature field when the operation is included, beyond what the caller sent: the
/// attestation's suffix, for instance.
pub trait SignaturePlan: std::fmt::Debug + Send + Sync {
    /// The whole signature field to simulate `operation` with. Its own signature field holds what the caller
    /// sent. Called again whenever a gas limit changes.
    ///
    /// # Errors
    /// A sentence, when no such signature can be made.
    fn signature(&self, operation: &UserOperation) -> Result<Bytes, String>;

    /// Bytes of the longest signature field that may take this one's place before inclusion, given what the
    /// caller sent. preVerificationGas pays for that many.
    fn longest(&self, operation: &UserOperation) -> usize;
}

/// The signature field stays as the caller sent it.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsSent;

impl SignaturePlan for AsSent {
    fn signature(&self, operation: &UserOperation) -> Result<Bytes, String> {
        Ok(operation.signature.clone())
    }

    fn longest(&self, operation: &UserOperation) -> usize {
        operation.signature.len()
    }
}

/// The most that estimation looks for, and how long it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimationLimits {
    /// Highest verificationGasLimit and paymasterVerificationGasLimit.
    pub verification: u64,
    /// Highest callGasLimit. The gas of the simulated transaction bounds it as well.
    pub call: u64,
    /// Highest paymasterPostOpGasLimit.
    pub post_op: u64,
    /// Most runs of `handleOps` for one estimate.
    pub runs: usize,
}

impl Default for EstimationLimits {
    fn default() -> Self {
        Self { verification: 5_000_000, call: 30_000_000, post_op: 3_000_000, runs: 128 }
    }
}

/// Gas by limit. Zero where the operation has no such part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GasLimits {
    /// verificationGasLimit
    pub verification: u128,
    /// callGasLimit
    pub call: u128,
    /// paymasterVerificationGasLimit (v0.7 and later)
    pub paymaster_verification: u128,
    /// paymasterPostOpGasLimit (v0.7 and later)
    pub post_op: u128,
}

impl GasLimits {
    fn plus(&self, more: &Self) -> Self {
        Self {
            verification: self.verification.saturating_add(more.verification),
            call: self.call.saturating_add(more.call),
            paymaster_verification: self
                .paymaster_verification
                .saturating_add(more.paymaster_verification),
            post_op: self.post_op.saturating_add(more.post_op),
        }
    }
}

/// What to estimate, and on which terms.
#[derive(Clone, Debug)]
pub struct EstimationRequest<'a> {
    /// The EntryPoint; the operation must be of its version.
    pub entry_point: EntryPoint,
    /// The operation, as far as it is known.
    pub operation: PartialUserOperation,
    /// Pooled operations that run before it in the same bundle, in order.
    pub predecessors: Vec<UserOperation>,
    /// State to pretend: the caller's own overrides and those of the throw-away quorum.
    pub overrides: Overrides,
    /// What the signature field will carry.
    pub signature: &'a dyn SignaturePlan,
    /// Constants of preVerificationGas.
    pub schedule: GasSchedule,
    /// Gas for publishing the bytes where the chain charges for that beside execution: part of preVerificationGas.
    pub data_gas: U256,
    /// Added to each verification limit that was found, so that it passes LIM-030.
    pub verification_slack: u64,
    /// Added to the call limit that was found: what the same execution may take more of in another block.
    pub call_slack: u64,
    /// Bounds.
    pub limits: EstimationLimits,
}

impl<'a> EstimationRequest<'a> {
    /// An operation on its own, with the signature it was sent with.
    pub fn new(entry_point: EntryPoint, operation: PartialUserOperation) -> Self {
        Self {
            entry_point,
            operation,
            predecessors: Vec::new(),
            overrides: Overrides::default(),
            signature: &AsSent,
            schedule: GasSchedule::default(),
            data_gas: U256::ZERO,
            verification_slack: 4_000,
            call_slack: 0,
            limits: EstimationLimits::default(),
        }
    }

    /// Sets what the signature field will carry.
    #[must_use]
    pub fn signed_by(mut self, plan: &'a dyn SignaturePlan) -> Self {
        self.signature = plan;
        self
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasEstimate {
    /// What the operation needs in this state, or what the caller fixed.
    pub found: GasLimits,
    /// What LIM-030 demands beyond that, and what was asked for the call; zero for limits that the caller fixed.
    pub slack: GasLimits,
    /// preVerificationGas, enough for every signature up to the plan's longest.
    pub pre_verification_gas: U256,
    /// Runs of `handleOps` that it took.
    pub runs: usize,
}

impl GasEstimate {
    /// The limits to send the operation with: found plus slack.
    pub fn limits(&self) -> GasLimits {
        self.found.plus(&self.slack)
    }

    /// Fills an operation's gas fields with the answer. A paymaster's limits are left alone where there is no
    /// paymaster.
    pub fn apply(&self, operation: &mut UserOperation) {
        self.limits().apply(operation);
        operation.pre_verification_gas = self.pre_verification_gas;
    }
}

/// Estimates one operation. Runs the EVM on the calling thread: call it where blocking is allowed.
///
/// # Errors
/// [`EstimationError`]: the EntryPoint rejects the operation however much gas it gets, its execution reverts,
/// a predecessor fails, or the state cannot be had.
pub fn estimate(
    simulator: &Simulator,
    block: &PinnedBlock,
    request: &EstimationRequest<'_>,
) -> Result<GasEstimate, EstimationError> {
    let mut runner = Runner::new(simulator, block, request)?;
    let first = runner.explore()?;
    let operation = &request.operation;

    let searched: Vec<_> = run::DIALS
        .into_iter()
        .filter(|dial| dial.exists(operation) && dial.fixed(operation).is_none())
        .collect();
    let careful = runner.search(&searched, &first)?;
    let mut slack = GasLimits::default();
    for dial in &searched {
        *dial.of(&mut slack) = match dial {
            Dial::Verification | Dial::PaymasterVerification => request.verification_slack.into(),
            Dial::Call => request.call_slack.into(),
            Dial::PostOp => 0,
        };
    }
    let tight = runner.tighten(&searched, careful, &first)?;
    // Slack raises the prefund, which may be more than an existing deposit covers: then it has to be paid, which takes
    // gas that the tight limits do not have.
    let found = if tight == careful || runner.succeeds(&tight.plus(&slack), &first)? {
        tight
    } else {
        careful
    };
    Ok(GasEstimate {
        found,
        slack,
        pre_verification_gas: runner.pre_verification_gas(),
        runs: runner.runs(),
    })
}
