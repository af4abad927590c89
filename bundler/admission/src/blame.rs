//! Whose reputation pays for a failure. Pure.
//!
//! ```text
//!   fails alone, before the bundle            fails in the bundle, after it had passed alone
//!   ├─ policy ........... counts for nobody   ├─ the last entity called before the revert
//!   ├─ factory, account . not the paymaster   │    ├─ account, staked factory ──> factory   EREP-020
//!   │    └─ staked factory, validateUserOp    │    └─ other, staked account ────> account   EREP-030
//!   │       rejected: factory banned EREP-020 │         └──> banned if it is reputable        GREP-040
//!   └─ paymaster ........ staked account:     └─ paymasters whose context changed: banned     EREP-055
//!        not the paymaster         EREP-030
//! ```
//!
//! Nobody is punished for what others can bring about: a used nonce, a deployed sender, spent funds, time.

use writ_pool::{PoolOperation, Sanction};
use writ_simulation::{AaCode, Blame, FailedOp, Failure, OpOutcome, Simulation, trace::Phase};
use writ_types::{Entity, EntityKind, UserOperation};

use crate::AdmissionError;

/// The operation and the entity that a reverted bundle is pinned on (LOC-040): the last one that the EntryPoint called
/// before the revert, or the one whose turn it was when the EntryPoint itself refused and said which.
pub(crate) fn culprit(
    failure: &Failure,
    simulation: &Simulation,
    operations: &[&UserOperation],
) -> (usize, Entity) {
    let last = simulation.ops.iter().rposition(|op| op.trace.frames().next().is_some());
    let index = match failure {
        Failure::Op(failed) => failed.index,
        _ => last.unwrap_or(0),
    };
    let index = index.min(operations.len().saturating_sub(1));
    let operation = operations[index];
    let account = Entity::new(EntityKind::Account, operation.sender);
    if let Failure::Op(FailedOp { aa_code: Some(code), .. }) = failure {
        match code.blame() {
            Blame::Factory => {
                let factory = operation.factory_address();
                return (
                    index,
                    factory.map_or(account, |factory| Entity::new(EntityKind::Factory, factory)),
                );
            }
            Blame::Account => return (index, account),
            Blame::Paymaster => {
                let paymaster = operation.paymaster_address();
                return (
                    index,
                    paymaster
                        .map_or(account, |paymaster| Entity::new(EntityKind::Paymaster, paymaster)),
                );
            }
            Blame::Limits | Blame::Bundler => {}
        }
    }
    let entity =
        simulation.ops.get(index).map_or(account, |outcome| last_called(outcome, operation));
    (index, entity)
}

/// The entity that the EntryPoint called last in validating an operation.
pub(crate) fn last_called(outcome: &OpOutcome, operation: &UserOperation) -> Entity {
    let account = Entity::new(EntityKind::Account, operation.sender);
    outcome.trace.frames().last().map_or(account, |frame| match frame.phase {
        Phase::Paymaster | Phase::PostOp => Entity::new(EntityKind::Paymaster, frame.entity),
        Phase::Deploy if frame.entity != operation.sender => {
            Entity::new(EntityKind::Factory, frame.entity)
        }
        _ => account,
    })
}

/// Who answers for what `culprit` did: a staked factory for the account it creates (EREP-020), a staked account for
/// its other entities (EREP-030).
pub(crate) fn responsible(culprit: Entity, pooled: &PoolOperation) -> Entity {
    let sender = Entity::new(EntityKind::Account, pooled.operation.sender);
    match (culprit.kind, pooled.operation.factory_address()) {
        (EntityKind::Account, Some(factory))
            if pooled.is_staked(EntityKind::Factory) && pooled.factory_acts() =>
        {
            Entity::new(EntityKind::Factory, factory)
        }
        (EntityKind::Factory | EntityKind::Paymaster, _)
            if pooled.is_staked(EntityKind::Account) =>
        {
            sender
        }
        _ => culprit,
    }
}

/// What a bundle's revert does to the entity it is pinned on, which had passed its validation alone (GREP-040).
pub(crate) fn after_bundle(
    failure: &Failure,
    culprit: Entity,
    pooled: &PoolOperation,
) -> Option<Sanction> {
    if let Failure::Op(failed) = failure
        && failed.aa_code.is_some_and(is_nobodys_fault)
    {
        return None;
    }
    let responsible = responsible(culprit, pooled);
    // Whoever is neither staked nor a paymaster has no reputation to lose; anybody could ruin it otherwise.
    let reputable = responsible.kind == EntityKind::Paymaster || pooled.is_staked(responsible.kind);
    reputable.then_some(Sanction::Ban(responsible.address))
}

/// What failing alone, before a bundle, does to the entities of an operation.
pub fn after_validation(error: &AdmissionError, pooled: &PoolOperation) -> Vec<Sanction> {
    let Some(culprit) = of_error(error, &pooled.operation) else {
        let nobody = if error.is_entity_fault() { vec![] } else { everybody(pooled) };
        return nobody;
    };
    let mut sanctions = Vec::new();
    let paymaster = pooled.operation.paymaster_address();
    let innocent = culprit.kind != EntityKind::Paymaster || pooled.is_staked(EntityKind::Account);
    sanctions.extend(paymaster.filter(|_| innocent).map(Sanction::Forgive));
    if culprit.kind == EntityKind::Account && rejected_by_account(error) {
        let answers = responsible(culprit, pooled);
        if answers.kind == EntityKind::Factory {
            sanctions.push(Sanction::Ban(answers.address));
        }
    }
    sanctions
}

/// An operation that policy refuses counts for nobody.
fn everybody(pooled: &PoolOperation) -> Vec<Sanction> {
    pooled.operation.entities().map(|entity| Sanction::Forgive(entity.address)).collect()
}

/// The entity through which validation failed; `None` where it did not fail through one.
fn of_error(error: &AdmissionError, operation: &UserOperation) -> Option<Entity> {
    let account = Entity::new(EntityKind::Account, operation.sender);
    match error {
        AdmissionError::Rejected(rejection) => Some(rejection.entity),
        AdmissionError::Signature
        | AdmissionError::Aggregator(_)
        | AdmissionError::Tuple(_)
        | AdmissionError::Delegation { .. } => Some(account),
        AdmissionError::PaymasterSignature(paymaster)
        | AdmissionError::PaymasterDeposit { paymaster, .. } => {
            Some(Entity::new(EntityKind::Paymaster, *paymaster))
        }
        AdmissionError::OutOfRange { entity, .. } | AdmissionError::Pinned { entity, .. } => {
            Some(*entity)
        }
        AdmissionError::Rules(violations) => violations.first().map(|violation| violation.entity),
        _ => None,
    }
}

/// Whether it was the account's own code that refused or broke a rule.
fn rejected_by_account(error: &AdmissionError) -> bool {
    match error {
        AdmissionError::Rejected(rejection) => {
            rejection.failed.aa_code.is_none_or(|code| !is_nobodys_fault(code))
        }
        AdmissionError::Signature | AdmissionError::Rules(_) | AdmissionError::Pinned { .. } => {
            true
        }
        _ => false,
    }
}

/// AA10, AA20, AA21, AA22, AA25, AA27, AA31, AA32, AA37: a deployed or missing sender, missing funds, a used nonce, time. Others can
/// bring these about. So can the bundler what it puts into a bundle (AA4x, AA9x).
const fn is_nobodys_fault(code: AaCode) -> bool {
    matches!(code.0, 10 | 20 | 21 | 22 | 25 | 27 | 31 | 32 | 37)
        || matches!(code.blame(), Blame::Limits | Blame::Bundler)
}

#[cfg(test)]
#[path = "blame_tests.rs"]
mod tests;
