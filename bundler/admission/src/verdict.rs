//! From a simulation to a verdict: is this operation fit for the pool?
//!
//! Order matters, since one operation can fail in several ways and its sender should hear the cause:
//! rules that explain a revert, the EntryPoint's rejection, the validity ranges, aggregators, all other rules.

use alloy::primitives::{Address, B256, U256};
use writ_attestation::AttestationError;
use writ_pool::Validity;
use writ_simulation::{
    AaCode, FailedOp, Failure, OpOutcome, Simulation, ValidationData, ValidityWindow,
    rules::{RuleContext, check, code_digest},
};
use writ_types::{
    Constants, Entity, EntityKind, EntryPointVersion, RuleId, StakeInfo, UserOperation, Violation,
};

use crate::{AdmissionError, AdmissionRules, Findings, blame, rules::Head};

/// What a passed simulation says about an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// When the operation itself is valid, by its account and paymaster; an attestation's window is not counted.
    pub validity: Validity,
    /// Digest over the code of everything that validation visited (COD-010).
    pub code: B256,
    /// Whether the EntryPoint ignored the operation's initCode, since the sender exists by now (v0.9).
    pub init_code_ignored: bool,
    /// Durable slots that validation used: while none of them changes, it gives the same result.
    pub slots: Vec<(Address, U256)>,
    /// Whether the execution phase succeeds; an operation that reverts there still pays.
    pub executes: bool,
    /// Gas that the EntryPoint charges for it in this state.
    pub gas_used: U256,
    /// What validation found for later.
    pub findings: Findings,
}

/// What the operation is judged by, besides its simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bench<'a> {
    /// The pinned block.
    pub(crate) head: &'a Head,
    /// Numbers.
    pub(crate) rules: &'a AdmissionRules,
    /// Stakes of the operation's entities at that block.
    pub(crate) stakes: &'a [StakeInfo],
    /// Whether the account's validity range is its attestation's: then its end is `-32533`, not `-32503`.
    pub(crate) attested: bool,
    /// The first validation, or a later one.
    pub(crate) stage: Stage,
}

/// Which validation an operation is judged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// At entry.
    First,
    /// Before or in a bundle. The slack that LIM-030 demands is there to be used: what the EntryPoint counts depends on
    /// the state and on the place in the bundle, and its own check is what counts now.
    Later,
}

impl Bench<'_> {
    fn constants(&self) -> Constants {
        match self.stage {
            Stage::First => self.rules.constants,
            Stage::Later => Constants { validation_gas_slack: 0, ..self.rules.constants },
        }
    }
}

/// Judges the operation at `index` of a simulated bundle.
///
/// # Errors
/// The first reason against it.
pub(crate) fn judge(
    operation: &UserOperation,
    simulation: &Simulation,
    index: usize,
    bench: Bench<'_>,
) -> Result<Verdict, AdmissionError> {
    let Some(outcome) = simulation.ops.get(index) else {
        return Err(AdmissionError::Internal(format!("the simulation has no operation {index}")));
    };
    let context = RuleContext { stakes: bench.stakes.to_vec(), constants: bench.constants() };
    let violations = check(&outcome.trace, &context);
    if let Some(failure) = &simulation.failure {
        // The EntryPoint says only that it is out of its range; the range itself is in the trace.
        if out_of_window(failure, index) {
            ranges(operation, outcome, bench)?;
        }
        let error = explain(failure, violations, operation, index);
        // That one ahead of it fails is not its own entities' fault.
        let of_other = matches!(failure, Failure::Op(failed) if failed.index != index);
        return Err(if of_other {
            error
        } else {
            error.about(blame::last_called(outcome, operation))
        });
    }
    let validity = ranges(operation, outcome, bench)?;
    aggregators(outcome)?;
    if !violations.is_empty() {
        return Err(AdmissionError::Rules(violations));
    }
    Ok(Verdict {
        validity,
        code: code_digest(&outcome.trace),
        init_code_ignored: operation.version == EntryPointVersion::V09
            && operation.factory_address().is_some()
            && outcome.trace.deploy.is_none(),
        slots: outcome.trace.durable_slots(),
        executes: outcome.receipt.as_ref().is_some_and(|receipt| receipt.success),
        gas_used: outcome.receipt.as_ref().map_or(U256::ZERO, |receipt| receipt.actual_gas_used),
        findings: Findings::of(outcome),
    })
}

/// Why `handleOps` reverted, as far as the operation at `index` is concerned.
pub(crate) fn explain(
    failure: &Failure,
    violations: Vec<Violation>,
    operation: &UserOperation,
    index: usize,
) -> AdmissionError {
    match failure {
        Failure::Op(failed) if failed.index == index && reverted(failed) && causes(&violations) => {
            AdmissionError::Rules(violations)
        }
        Failure::Op(failed) if failed.index == index => {
            AdmissionError::rejected(failed.clone(), operation)
        }
        Failure::Op(failed) => AdmissionError::Reverted(format!(
            "an operation ahead of it in the pool fails: {}",
            failed.reason
        )),
        Failure::Aggregator(address) => AdmissionError::Aggregator(*address),
        Failure::Reverted { .. } | Failure::Halted(_) if causes(&violations) => {
            AdmissionError::Rules(violations)
        }
        Failure::Reverted { name, data } => AdmissionError::HandleOps {
            failure: failure.to_string(),
            data: data.clone(),
            decoded: name.clone(),
        },
        Failure::Halted(_) => AdmissionError::Reverted(failure.to_string()),
    }
}

/// AA22, AA27, AA32, AA37 of the operation at `index`.
fn out_of_window(failure: &Failure, index: usize) -> bool {
    let Failure::Op(failed) = failure else { return false };
    failed.index == index && failed.aa_code.is_some_and(AaCode::is_out_of_window)
}

/// AA13, AA23, AA33: entity code itself reverted, so that a broken rule may be the cause.
fn reverted(failed: &FailedOp) -> bool {
    failed.aa_code.is_some_and(|code| matches!(code.0, 13 | 23 | 33))
}

/// Whether a violation can make code revert by itself: out of gas, INVALID, an unassigned opcode.
fn causes(violations: &[Violation]) -> bool {
    violations
        .iter()
        .any(|violation| matches!(violation.rule, RuleId::Op011 | RuleId::Op013 | RuleId::Op020))
}

/// Both validity ranges; gives their intersection, as far as they count in the same unit.
fn ranges(
    operation: &UserOperation,
    outcome: &OpOutcome,
    bench: Bench<'_>,
) -> Result<Validity, AdmissionError> {
    let mut validity = Validity::default();
    if let Some(data) = outcome.account {
        let account = Entity::new(EntityKind::Account, operation.sender);
        match within(data, account, operation.version, bench) {
            Err(AdmissionError::OutOfRange { after, until, now, margin, .. }) if bench.attested => {
                return Err(if now < after || until >= now.saturating_add(margin) {
                    AttestationError::NotYetValid { valid_after: after, now }.into()
                } else {
                    AttestationError::Expired {
                        valid_until: until,
                        now: now.saturating_add(margin),
                    }
                    .into()
                });
            }
            Ok(_) if bench.attested => {}
            own => validity = own?,
        }
    }
    if let (Some(paymaster), Some(address)) = (outcome.paymaster, operation.paymaster_address()) {
        let entity = Entity::new(EntityKind::Paymaster, address);
        let other = within(paymaster.data, entity, operation.version, bench)?;
        validity = both(validity, other);
    }
    Ok(validity)
}

/// The intersection of two ranges. Of one in seconds and one in blocks the latter is left to simulation.
fn both(one: Validity, other: Validity) -> Validity {
    let unlimited = |range: &Validity| *range == Validity::default();
    match (one.in_blocks, other.in_blocks) {
        (true, false) if unlimited(&other) => one,
        (true, false) => other,
        (false, true) if unlimited(&one) => other,
        (false, true) => one,
        _ => {
            Validity { after: one.after.max(other.after), until: one.until.min(other.until), ..one }
        }
    }
}

/// Checks one range.
fn within(
    data: ValidationData,
    entity: Entity,
    version: EntryPointVersion,
    bench: Bench<'_>,
) -> Result<Validity, AdmissionError> {
    let window = data.window(version);
    let (now, margin, unit) = if window.in_blocks {
        (bench.head.number, bench.rules.expiry_margin_blocks, "blocks")
    } else {
        (bench.head.timestamp, bench.rules.expiry_margin, "seconds")
    };
    let ValidityWindow { after, until, in_blocks, .. } = window;
    if !window.has_begun(now) || until < now.saturating_add(margin) {
        return Err(AdmissionError::OutOfRange { entity, after, until, now, margin, unit });
    }
    Ok(Validity { after, until, in_blocks })
}

fn aggregators(outcome: &OpOutcome) -> Result<(), AdmissionError> {
    let of_account = outcome.account.and_then(ValidationData::aggregator);
    let of_paymaster = outcome.paymaster.and_then(|paymaster| paymaster.data.aggregator());
    match of_account.or(of_paymaster) {
        Some(address) => Err(AdmissionError::Aggregator(address)),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
pub(crate) mod tests;
