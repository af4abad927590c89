//! What an operator answers when it does not decide.

use alloy::primitives::B256;
use writ_attestation::wire::OperatorFault;
use writ_evidence::{AccountError, CallError, EvidenceError, HistoryError, NeedsError};
use writ_simulation::{NodeError, SimulationError};

use crate::log::LogError;

/// The sentence for people that goes with a fault.
pub(crate) fn message(fault: &OperatorFault) -> String {
    match fault {
        OperatorFault::BlockUnknown { hash } => {
            format!(
                "block {hash} is not on this operator's canonical chain (yet): ask again or name another"
            )
        }
        OperatorFault::BlockTooOld { oldest } => {
            format!("the block is too old: this operator decides at block {oldest} or later")
        }
        OperatorFault::UnknownPolicy { policy_id } => {
            format!(
                "this operator has no policy {policy_id}: it has to be put into its policy store first"
            )
        }
        OperatorFault::LiveAllow { block_number, valid_until, .. } => format!(
            "another allow for this nonce or sequence, made at block {block_number}, is live until {valid_until}: \
             use it, or wait"
        ),
        OperatorFault::SimulationFailed { reason, aa_code: Some(code) } => {
            format!("the operation fails in simulation: {code} {reason}")
        }
        OperatorFault::SimulationFailed { reason, aa_code: None } => {
            format!("what is asked about fails in simulation: {reason}")
        }
        OperatorFault::NotConfigured { reason } => {
            format!("nothing can be decided for the account: {reason}")
        }
        OperatorFault::NotInSet { operator } => {
            format!("this operator ({operator}) is not in the account's operator set")
        }
        OperatorFault::Refused { reason } => format!("refused: {reason}"),
        OperatorFault::EvaluationFailed { reason } => {
            format!("the policy could not be evaluated: {reason}")
        }
        OperatorFault::Busy => "the operator is at its limit: ask again".to_owned(),
        OperatorFault::Unavailable { reason } => {
            format!("the operator cannot decide now: {reason}")
        }
        _ => fault.kind().to_owned(),
    }
}

/// A request that is malformed, or asks for what is not built.
pub(crate) fn refused(reason: impl Into<String>) -> OperatorFault {
    OperatorFault::Refused { reason: reason.into() }
}

/// The node failed, or does not have the block.
pub(crate) fn from_node(error: &NodeError, hash: B256) -> OperatorFault {
    match error {
        NodeError::UnknownBlock { .. } => OperatorFault::BlockUnknown { hash },
        other => OperatorFault::Unavailable { reason: other.to_string() },
    }
}

/// The log refused.
pub(crate) fn from_log(error: &LogError) -> OperatorFault {
    match error {
        LogError::Live(live) => OperatorFault::LiveAllow {
            block_number: live.block_number,
            block_hash: live.block_hash,
            valid_until: live.valid_until,
        },
        other => OperatorFault::Unavailable { reason: other.to_string() },
    }
}

/// There is no evidence. `hash` is the block that was asked for.
pub(crate) fn from_evidence(error: &EvidenceError, hash: B256) -> OperatorFault {
    use AccountError as A;
    use EvidenceError as E;

    let reason = error.to_string();
    match error {
        E::Node(error) | E::Account(A::Node(error)) | E::History(HistoryError::Source(error)) => {
            from_node(error, hash)
        }
        E::Simulation(error) | E::Account(A::State(error)) => from_simulation(error, hash),
        E::Needs(NeedsError::UnknownPolicy(policy_id)) => {
            OperatorFault::UnknownPolicy { policy_id: *policy_id }
        }
        E::Account(_) | E::Throwaway(_) | E::Needs(_) => OperatorFault::NotConfigured { reason },
        // Read a moment later it may be there: a longer history, another branch, another state of the disk.
        E::History(
            HistoryError::Missing { .. }
            | HistoryError::Inconsistent { .. }
            | HistoryError::Reorganised { .. }
            | HistoryError::TooFar
            | HistoryError::Index(_),
        ) => OperatorFault::Unavailable { reason },
        E::Failed { reason, aa_code } => {
            OperatorFault::SimulationFailed { reason: reason.clone(), aa_code: aa_code.clone() }
        }
        E::Call(CallError::NoCode(_) | CallError::NoGuard { .. } | CallError::Enforcer { .. }) => {
            OperatorFault::NotConfigured { reason }
        }
        E::Call(CallError::Reverted(_) | CallError::Unadmitted(_)) => {
            OperatorFault::SimulationFailed { reason, aa_code: None }
        }
        E::PredecessorFailed { .. } | E::NotExecuted | E::Reverted | E::Unstable { .. } => {
            OperatorFault::SimulationFailed { reason, aa_code: None }
        }
        _ => OperatorFault::Refused { reason },
    }
}

fn from_simulation(error: &SimulationError, hash: B256) -> OperatorFault {
    match error {
        SimulationError::Node(error) => from_node(error, hash),
        // Facts about the operation.
        SimulationError::LimitExceeded { .. }
        | SimulationError::InvalidRequest(_)
        | SimulationError::InvalidTransaction(_) => {
            OperatorFault::SimulationFailed { reason: error.to_string(), aa_code: None }
        }
        _ => OperatorFault::Unavailable { reason: error.to_string() },
    }
}
