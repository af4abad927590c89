//! Why there is no attestation.

use std::{fmt, time::Duration};

use alloy::primitives::{Address, B256};
use serde::Serialize;
use writ_attestation::{AttestationError, wire::OperatorFault};
use writ_simulation::NodeError;

use crate::{Lie, StandingError, StoreError};

/// What became of asking one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It allows; the digest that it signed.
    Allowed(B256),
    /// It denies, for these reasons.
    Denied(Vec<String>),
    /// It did not decide.
    Fault(OperatorFault),
    /// It answered something that is not true.
    Lied(Lie),
    /// It could not be reached.
    Unreachable(String),
    /// It did not answer in time.
    TimedOut,
    /// It had not answered when the outcome was certain.
    Pending,
    /// It is not in the account's operator set.
    NotInSet,
}

impl Outcome {
    /// The outcome's name on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Allowed(_) => "allowed",
            Self::Denied(_) => "denied",
            Self::Fault(fault) => fault.kind(),
            Self::Lied(_) => "invalidAnswer",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timedOut",
            Self::Pending => "pending",
            Self::NotInSet => "notInSet",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(_) => f.write_str("allowed"),
            Self::Denied(reasons) => write!(f, "denied: {}", reasons.join("; ")),
            Self::Fault(OperatorFault::SimulationFailed { reason, .. }) => {
                write!(f, "simulation failed: {reason}")
            }
            Self::Fault(
                OperatorFault::NotConfigured { reason } | OperatorFault::Refused { reason },
            ) => {
                write!(f, "refused: {reason}")
            }
            Self::Fault(OperatorFault::EvaluationFailed { reason }) => {
                write!(f, "evaluation failed: {reason}")
            }
            Self::Fault(OperatorFault::Unavailable { reason }) => {
                write!(f, "unavailable: {reason}")
            }
            Self::Fault(OperatorFault::LiveAllow { block_number, valid_until, .. }) => {
                write!(
                    f,
                    "another allow for this nonce, made at block {block_number}, is live until {valid_until}"
                )
            }
            Self::Fault(fault) => f.write_str(fault.kind()),
            Self::Lied(lie) => write!(f, "answered wrongly: {lie}"),
            Self::Unreachable(reason) => write!(f, "unreachable: {reason}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Pending => f.write_str("not waited for"),
            Self::NotInSet => f.write_str("not in the account's operator set"),
        }
    }
}

/// One operator and what became of asking it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorOutcome {
    /// The operator's address, when known.
    pub operator: Option<Address>,
    /// Where it was asked.
    pub url: String,
    /// What became of it.
    #[serde(serialize_with = "named")]
    pub outcome: Outcome,
}

fn named<S: serde::Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut named = serializer.serialize_struct("Outcome", 2)?;
    named.serialize_field("kind", outcome.kind())?;
    named.serialize_field("detail", &outcome.to_string())?;
    named.end()
}

/// Neither enough allows nor enough denials came in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoQuorum {
    /// Equal allows that the account requires.
    pub required: usize,
    /// Operators in its set.
    pub operators: usize,
    /// Most equal allows that came.
    pub allowed: usize,
    /// Denials that came.
    pub denied: usize,
    /// How long it was tried.
    pub waited: Duration,
    /// Each configured operator's outcome.
    pub outcomes: Vec<OperatorOutcome>,
}

impl fmt::Display for NoQuorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { required, operators, allowed, denied, .. } = self;
        write!(
            f,
            "{allowed} of the {required} equal allows that the account requires ({operators} operators, {denied} denied, \
             {} ms):",
            self.waited.as_millis()
        )?;
        for (position, one) in self.outcomes.iter().enumerate() {
            let separator = if position == 0 { " " } else { "; " };
            match one.operator {
                Some(operator) => write!(f, "{separator}{operator} {}", one.outcome)?,
                None => write!(f, "{separator}{} {}", one.url, one.outcome)?,
            }
        }
        Ok(())
    }
}

/// Why the operators gave no attestation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// More operators denied than a quorum can do without.
    #[error("denied by policy: {}", .reasons.join("; "))]
    Denied {
        /// The policies' reasons, as most of the denying operators gave them.
        reasons: Vec<String>,
        /// Hash of the evidence of the decision.
        evidence: B256,
    },
    /// Neither enough allows nor enough denials.
    #[error("no quorum: {0}")]
    NoQuorum(Box<NoQuorum>),
    /// What the quorum signed does not make a suffix that the module accepts.
    #[error(transparent)]
    Attestation(#[from] AttestationError),
    /// The decision could not be made durable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the gate does not let an operation through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// An attestation is demanded and cannot be had here (-32530).
    #[error("attestation required: {0}")]
    Required(String),
    /// The attestation is invalid (-32531) or over (-32533).
    #[error(transparent)]
    Attestation(#[from] AttestationError),
    /// Denied by policy (-32532).
    #[error("denied by policy: {}", .reasons.join("; "))]
    Denied {
        /// The policies' reasons.
        reasons: Vec<String>,
        /// Hash of the evidence.
        evidence: B256,
    },
    /// No quorum in time (-32534).
    #[error("no quorum: {0}")]
    NoQuorum(Box<NoQuorum>),
    /// The chain could not be read: nothing is known about the operation.
    #[error(transparent)]
    Standing(#[from] StandingError),
    /// The node does not answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The decision could not be made durable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<GatewayError> for GateError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Denied { reasons, evidence } => Self::Denied { reasons, evidence },
            GatewayError::NoQuorum(no_quorum) => Self::NoQuorum(no_quorum),
            GatewayError::Attestation(error) => Self::Attestation(error),
            GatewayError::Store(error) => Self::Store(error),
        }
    }
}
