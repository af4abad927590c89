//! Why an operation is not admitted: one enum, one mapping to codes.

use alloy::primitives::{Address, B256, Bytes, U256};
use writ_attestation::AttestationError;
use writ_gateway::{GateError, StandingError};
use writ_pool::PoolError;
use writ_simulation::{AaCode, Blame, FailedOp, NodeError, SimulationError};
use writ_types::{
    Entity, EntityKind, ErrorCode, FieldError, Refusal, RuleId, UserOperation, Violation,
};

use crate::TupleError;

/// A refusal of admission, before it is put into a code and words.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// A field is wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A field is above what this bundler includes.
    #[error("{field}: {actual} {unit}; at most {most} is accepted")]
    Limit {
        /// The rule of ERC-7562 that sets the limit.
        rule: Option<RuleId>,
        /// The field.
        field: &'static str,
        /// What it (or the sum it is part of) is.
        actual: U256,
        /// The most that is accepted.
        most: U256,
        /// What is counted.
        unit: &'static str,
    },
    /// A fee is below what gets an operation included.
    #[error("{field} too low: {actual} wei; at least {required} is required now")]
    FeeTooLow {
        /// The field.
        field: &'static str,
        /// What was offered.
        actual: u128,
        /// What is enough at this block.
        required: u128,
    },
    /// `preVerificationGas` does not pay for the operation's bytes.
    #[error("preVerificationGas too low: {actual}; at least {required} is required")]
    PreVerificationGas {
        /// What was offered.
        actual: U256,
        /// What is enough.
        required: U256,
    },
    /// The EntryPoint is not served.
    #[error("entryPoint {given} is not supported; {} is", list(.supported))]
    EntryPoint {
        /// What was asked for.
        given: Address,
        /// What is served.
        supported: Vec<Address>,
    },
    /// The pool refuses it: known, under-priced replacement, too many, a rule between pooled operations, full.
    #[error("{}", .0.message)]
    Pool(Refusal),
    /// The EntryPoint rejected the operation.
    #[error("{}", .0.failed.reason)]
    Rejected(Box<Rejection>),
    /// An attested operation with the same nonce key, or the same callData, is pooled. One bundle cannot hold both:
    /// the module keeps a ticket for each from validation to execution, one per key, and tells them by callData.
    #[error(
        "an attested operation of {sender} with the same nonce key or the same callData waits for inclusion, and one \
         bundle cannot hold both: send this one afterwards, or another call under another key"
    )]
    KeyBusy {
        /// The account.
        sender: Address,
    },
    /// `handleOps` failed in a way that is not one operation's fault by its own word.
    #[error("the EntryPoint rejects the operation: {0}")]
    Reverted(String),
    /// The same, pinned on the entity that the EntryPoint called last before it.
    #[error("the EntryPoint rejects the operation after calling {entity}: {reason}")]
    Pinned {
        /// Whom it called last.
        entity: Entity,
        /// What it reverted with, in words.
        reason: String,
        /// Revert data, bounded.
        data: Bytes,
        /// The error with its values, where it is a known one.
        decoded: Option<String>,
    },
    /// `handleOps` reverted with an error of the EntryPoint that is no `FailedOp`.
    #[error("the EntryPoint rejects the operation: {failure}")]
    HandleOps {
        /// What happened, in words.
        failure: String,
        /// Revert data, bounded.
        data: Bytes,
        /// The error with its values, where it is a known one.
        decoded: Option<String>,
    },
    /// The chain would skip the EIP-7702 tuple.
    #[error("eip7702Auth would not be applied: {0}")]
    Tuple(#[from] TupleError),
    /// The EIP-7702 delegation under which the operation was admitted is not in force any more.
    #[error("the EIP-7702 delegation of {sender} has changed: {now}")]
    Delegation {
        /// The account.
        sender: Address,
        /// To what.
        now: String,
    },
    /// The account says that the signature is wrong.
    #[error("the account's signature check failed")]
    Signature,
    /// The paymaster says so.
    #[error("the paymaster's signature check failed")]
    PaymasterSignature(Address),
    /// The operation's own validity range excludes now or ends too soon.
    #[error(
        "{entity} is valid after {after} until {}, and must be at {now} and for {margin} more {unit}", end(*until)
    )]
    OutOfRange {
        /// Whose range.
        entity: Entity,
        /// Start.
        after: u64,
        /// End; `u64::MAX` is for ever.
        until: u64,
        /// Now, in the same unit.
        now: u64,
        /// How long it must stay valid.
        margin: u64,
        /// `seconds` or `blocks`.
        unit: &'static str,
    },
    /// ERC-7562 rules are broken.
    #[error("{}", .0.first().map_or_else(String::new, ToString::to_string))]
    Rules(Vec<Violation>),
    /// Aggregators are not supported.
    #[error("aggregator {0} is not supported")]
    Aggregator(Address),
    /// The paymaster's deposit does not cover its operations.
    #[error("paymaster {paymaster} deposit {deposit} too low: its operations need {required} wei")]
    PaymasterDeposit {
        /// The rule that says so.
        rule: RuleId,
        /// The paymaster.
        paymaster: Address,
        /// What it has.
        deposit: U256,
        /// What it would need.
        required: U256,
    },
    /// Execution reverts, where that matters (estimation).
    #[error("execution reverted{}", .decoded.as_ref().map_or_else(String::new, |text| format!(": {text}")))]
    Execution {
        /// Revert data.
        data: Bytes,
        /// In words, where it could be decoded.
        decoded: Option<String>,
    },
    /// The operation costs more to simulate than this bundler gives.
    #[error("the operation exceeds a limit of simulation: {0}")]
    TooHeavy(String),
    /// An attestation is demanded and cannot be had.
    #[error("attestation required: {0}")]
    AttestationRequired(String),
    /// The attestation is wrong, or over.
    #[error("attestation: {0}")]
    Attestation(#[from] AttestationError),
    /// The policy denied.
    #[error("denied by policy: {}", .reasons.join("; "))]
    Denied {
        /// The policies' reasons.
        reasons: Vec<String>,
        /// Hash of the evidence.
        evidence: Option<B256>,
    },
    /// Not enough operators answered in time.
    #[error("no quorum: {detail}")]
    NoQuorum {
        /// Equal allows that came.
        allowed: usize,
        /// Equal allows that the account requires.
        required: usize,
        /// Each operator's outcome, in words.
        detail: String,
    },
    /// The node does not answer.
    #[error("the bundler's node does not answer: {0}")]
    Node(#[from] NodeError),
    /// A simulation was not finished: the node is too slow, or the process is stopping.
    #[error("{0}; try again")]
    Interrupted(String),
    /// The EntryPoint refuses how this bundler calls it, whatever is in the bundle.
    #[error(
        "the EntryPoint refuses this bundler's call ({0}): check its --beneficiary, and that its account has no code"
    )]
    BundleCall(String),
    /// Too many operations are being judged.
    #[error("the bundler is busy: {0} operations are waiting; try again")]
    Busy(usize),
    /// A fault of the bundler itself.
    #[error("internal: {0}")]
    Internal(String),
}

/// A rejection by the EntryPoint, with whose fault it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What the EntryPoint said.
    pub failed: FailedOp,
    /// Sender, factory or paymaster.
    pub entity: Entity,
    /// The revert data in words, where it could be decoded.
    pub decoded: Option<String>,
}

/// The end of a range in words.
fn end(until: u64) -> String {
    if until == u64::MAX { "for ever".to_owned() } else { until.to_string() }
}

fn list(addresses: &[Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl AdmissionError {
    /// A rejection by the EntryPoint, attributed to the right part of `operation`.
    pub(crate) fn rejected(failed: FailedOp, operation: &UserOperation) -> Self {
        let code = failed.aa_code;
        let blame = code.map(AaCode::blame);
        if code.is_some_and(AaCode::is_signature) {
            return match (blame, operation.paymaster_address()) {
                (Some(Blame::Paymaster), Some(paymaster)) => Self::PaymasterSignature(paymaster),
                _ => Self::Signature,
            };
        }
        let decoded = failed.inner.as_ref().and_then(|data| crate::revert::describe(data));
        let paymaster = operation.paymaster_address().filter(|_| blame == Some(Blame::Paymaster));
        let factory = operation.factory_address().filter(|_| blame == Some(Blame::Factory));
        let entity = match (paymaster, factory) {
            (Some(paymaster), _) => Entity::new(EntityKind::Paymaster, paymaster),
            (None, Some(factory)) => Entity::new(EntityKind::Factory, factory),
            (None, None) => Entity::new(EntityKind::Account, operation.sender),
        };
        Self::Rejected(Box::new(Rejection { failed, entity, decoded }))
    }

    /// The same error, pinned on `entity` if it says of nobody that it is at fault.
    pub(crate) fn about(self, entity: Entity) -> Self {
        match self {
            Self::Reverted(reason) => {
                Self::Pinned { entity, reason, data: Bytes::new(), decoded: None }
            }
            Self::HandleOps { failure: reason, data, decoded } => {
                Self::Pinned { entity, reason, data, decoded }
            }
            other => other,
        }
    }

    /// Whether the operation's entities are to blame, for ERC-7562 reputation. Policy never is.
    pub fn is_entity_fault(&self) -> bool {
        !matches!(self, Self::KeyBusy { .. }) && self.clone().into_refusal().is_entity_fault()
    }

    /// Whether the same operation may be admitted a moment later without anybody changing it.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Node(_)
                | Self::Interrupted(_)
                | Self::BundleCall(_)
                | Self::Busy(_)
                | Self::NoQuorum { .. }
        )
    }

    /// Code, words and data as they reach the sender.
    pub fn into_refusal(self) -> Refusal {
        let message = self.to_string();
        let plain = |code| Refusal::new(code, message.clone());
        match self {
            Self::Field(error) => error.into(),
            Self::Pool(refusal) => refusal,
            Self::Limit { rule, field, actual, most, .. } => {
                named(plain(ErrorCode::InvalidFields), field, actual, most)
                    .with(|data| data.rule = rule)
            }
            Self::FeeTooLow { field, actual, required } => named(
                plain(ErrorCode::InvalidFields),
                field,
                U256::from(actual),
                U256::from(required),
            ),
            Self::PreVerificationGas { actual, required } => {
                named(plain(ErrorCode::InvalidFields), "preVerificationGas", actual, required)
                    .with(|data| data.rule = Some(RuleId::Lim070))
            }
            Self::EntryPoint { .. } => {
                plain(ErrorCode::InvalidFields).with(|data| data.field = Some("entryPoint".into()))
            }
            Self::Rejected(rejection) => rejected(*rejection),
            Self::KeyBusy { sender } => plain(ErrorCode::RejectedByEntryPoint)
                .about(Entity::new(EntityKind::Account, sender))
                .with(|data| data.field = Some("nonce".into())),
            Self::Reverted(_) => plain(ErrorCode::RejectedByEntryPoint),
            Self::Pinned { entity, data, decoded, .. } => {
                let code = match entity.kind {
                    EntityKind::Paymaster => ErrorCode::RejectedByPaymaster,
                    _ => ErrorCode::RejectedByEntryPoint,
                };
                reverting(plain(code).about(entity), data, decoded)
            }
            Self::HandleOps { data, decoded, .. } => {
                reverting(plain(ErrorCode::RejectedByEntryPoint), data, decoded)
            }
            Self::Tuple(error) => tuple(&error, plain(ErrorCode::RejectedByEntryPoint)),
            Self::Delegation { sender, .. } => plain(ErrorCode::RejectedByEntryPoint)
                .about(Entity::new(EntityKind::Account, sender))
                .with(|data| data.field = Some("eip7702Auth".into())),
            Self::Signature => plain(ErrorCode::InvalidSignature),
            Self::PaymasterSignature(paymaster) => plain(ErrorCode::RejectedByPaymaster)
                .about(Entity::new(EntityKind::Paymaster, paymaster))
                .with(|data| data.aa_code = Some("AA34".into())),
            Self::OutOfRange { entity, after, until, .. } => {
                plain(ErrorCode::OutOfTimeRange).about(entity).with(|data| {
                    data.valid_after = Some(U256::from(after));
                    data.valid_until = (until != u64::MAX).then(|| U256::from(until));
                })
            }
            Self::Rules(violations) => Refusal::from_violations(violations)
                .unwrap_or_else(|| plain(ErrorCode::RuleViolated)),
            Self::Aggregator(address) => plain(ErrorCode::UnsupportedAggregator)
                .about(Entity::new(EntityKind::Aggregator, address)),
            Self::PaymasterDeposit { rule, paymaster, deposit, required } => {
                plain(ErrorCode::PaymasterDepositTooLow)
                    .about(Entity::new(EntityKind::Paymaster, paymaster))
                    .with(|data| {
                        data.rule = Some(rule);
                        (data.actual, data.required) = (Some(deposit), Some(required));
                    })
            }
            Self::Execution { data: bytes, decoded } => {
                plain(ErrorCode::ExecutionReverted).with(|data| {
                    data.revert_data = Some(bytes);
                    data.revert_reason = decoded;
                })
            }
            Self::TooHeavy(_) => plain(ErrorCode::RejectedByEntryPoint),
            Self::AttestationRequired(_) => plain(ErrorCode::AttestationRequired),
            Self::Attestation(error) => attestation(&error, message),
            Self::Denied { reasons, evidence } => plain(ErrorCode::PolicyDenied)
                .with(|data| (data.reasons, data.evidence) = (reasons, evidence)),
            Self::NoQuorum { allowed, required, .. } => plain(ErrorCode::NoQuorum).with(|data| {
                data.actual = Some(U256::from(allowed));
                data.required = Some(U256::from(required));
            }),
            Self::Node(_) | Self::Interrupted(_) | Self::BundleCall(_) => {
                plain(ErrorCode::ResourceUnavailable)
            }
            Self::Busy(_) => plain(ErrorCode::LimitExceeded),
            Self::Internal(_) => plain(ErrorCode::Internal),
        }
    }
}

impl From<AdmissionError> for Refusal {
    fn from(error: AdmissionError) -> Self {
        error.into_refusal()
    }
}

impl From<PoolError> for AdmissionError {
    fn from(error: PoolError) -> Self {
        if !matches!(error, PoolError::Conflict(_)) {
            tracing::error!(%error, "the pool failed");
        }
        Self::Pool(error.into())
    }
}

impl From<GateError> for AdmissionError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Required(reason) => Self::AttestationRequired(reason),
            GateError::Attestation(error) => Self::Attestation(error),
            GateError::Denied { reasons, evidence } => {
                Self::Denied { reasons, evidence: Some(evidence) }
            }
            GateError::NoQuorum(no_quorum) => Self::NoQuorum {
                allowed: no_quorum.allowed,
                required: no_quorum.required,
                detail: no_quorum.to_string(),
            },
            GateError::Node(error) | GateError::Standing(StandingError::Node(error)) => {
                Self::Node(error)
            }
            GateError::Standing(StandingError::Simulation(error)) => error.into(),
            GateError::Standing(error) => Self::AttestationRequired(error.to_string()),
            GateError::Store(error) => {
                tracing::error!(%error, "the decision store failed");
                Self::Internal("the decision could not be stored".to_owned())
            }
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<SimulationError> for AdmissionError {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Node(error) => Self::Node(error),
            SimulationError::LimitExceeded { .. } | SimulationError::InvalidTransaction(_) => {
                Self::TooHeavy(error.to_string())
            }
            transient if transient.is_transient() => Self::Interrupted(transient.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

fn named(refusal: Refusal, field: &str, actual: U256, required: U256) -> Refusal {
    refusal.with(|data| {
        data.field = Some(field.to_owned());
        data.actual = Some(actual);
        data.required = Some(required);
    })
}

fn rejected(rejection: Rejection) -> Refusal {
    let Rejection { failed, entity, decoded } = rejection;
    let message = match &decoded {
        Some(text) => format!("{}: {text}", failed.reason),
        None => failed.reason.clone(),
    };
    let code = match entity.kind {
        _ if failed.aa_code.is_some_and(AaCode::is_out_of_window) => ErrorCode::OutOfTimeRange,
        EntityKind::Paymaster => ErrorCode::RejectedByPaymaster,
        _ => ErrorCode::RejectedByEntryPoint,
    };
    Refusal::new(code, message).about(entity).with(|data| {
        data.aa_code = failed.aa_code.map(|code| code.to_string());
        data.revert_data = failed.inner.filter(|inner| !inner.is_empty());
        data.revert_reason = decoded;
    })
}

fn reverting(refusal: Refusal, bytes: Bytes, decoded: Option<String>) -> Refusal {
    refusal.with(|data| {
        data.revert_data = Some(bytes).filter(|bytes| !bytes.is_empty());
        data.revert_reason = decoded;
    })
}

fn tuple(error: &TupleError, refusal: Refusal) -> Refusal {
    let sender = match error {
        TupleError::Nonce { sender, .. } | TupleError::Contract { sender } => *sender,
    };
    refusal.about(Entity::new(EntityKind::Account, sender)).with(|data| {
        data.field = Some("eip7702Auth".into());
        if let TupleError::Nonce { given, current, .. } = error {
            data.field = Some("eip7702Auth.nonce".into());
            (data.actual, data.required) = (Some(U256::from(*given)), Some(U256::from(*current)));
        }
    })
}

fn attestation(error: &AttestationError, message: String) -> Refusal {
    let expired = matches!(error, AttestationError::Expired { .. });
    let code = if expired { ErrorCode::AttestationExpired } else { ErrorCode::AttestationInvalid };
    Refusal::new(code, message).with(|data| {
        data.check = Some(error.check().to_owned());
        match error {
            AttestationError::Expired { valid_until, .. } => {
                data.valid_until = Some(U256::from(*valid_until));
            }
            AttestationError::NotYetValid { valid_after, .. } => {
                data.valid_after = Some(U256::from(*valid_after));
            }
            AttestationError::Revision { attested, current }
            | AttestationError::Epoch { attested, current }
            | AttestationError::Sequence { attested, current } => {
                data.actual = Some(U256::from(*attested));
                data.required = Some(U256::from(*current));
            }
            AttestationError::TooFewSignatures { given, required }
            | AttestationError::TooManySignatures { given, required } => {
                data.actual = Some(U256::from(*given));
                data.required = Some(U256::from(*required));
            }
            AttestationError::MaxCost { required, attested } => {
                data.actual = Some(U256::from(*attested));
                data.required = Some(*required);
            }
            _ => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use writ_types::Paymaster;

    use super::*;
    use crate::testing::operation;

    fn failed(reason: &str) -> FailedOp {
        FailedOp { index: 0, aa_code: AaCode::parse(reason), reason: reason.into(), inner: None }
    }

    fn with_paymaster() -> UserOperation {
        let paymaster = Paymaster {
            address: Address::repeat_byte(9),
            verification_gas_limit: 1,
            post_op_gas_limit: 1,
            data: Bytes::new(),
            signature: None,
        };
        UserOperation { paymaster: Some(paymaster), ..operation() }
    }

    #[test]
    fn rejections_have_the_code_of_whose_fault_they_are() {
        for (reason, code) in [
            ("AA13 initCode failed or OOG", -32500),
            ("AA21 didn't pay prefund", -32500),
            ("AA22 expired or not due", -32503),
            ("AA23 reverted", -32500),
            ("AA24 signature error", -32507),
            ("AA25 invalid account nonce", -32500),
            ("AA31 paymaster deposit too low", -32501),
            ("AA32 paymaster expired or not due", -32503),
            ("AA33 reverted", -32501),
            ("AA34 signature error", -32501),
            ("AA40 over verificationGasLimit", -32500),
        ] {
            let refusal =
                AdmissionError::rejected(failed(reason), &with_paymaster()).into_refusal();
            assert_eq!(refusal.code.code(), code, "{reason}");
            if code == -32501 {
                assert_eq!(refusal.data.paymaster, Some(Address::repeat_byte(9)), "{reason}");
            }
        }
    }

    #[test]
    fn a_rejection_carries_what_was_reverted_with() {
        let inner = alloy::sol_types::Revert::from("not on my watch");
        let data = Bytes::from(alloy::sol_types::SolError::abi_encode(&inner));
        let failed = FailedOp { inner: Some(data.clone()), ..failed("AA23 reverted") };
        let refusal = AdmissionError::rejected(failed, &operation()).into_refusal();
        assert_eq!(refusal.data.aa_code.as_deref(), Some("AA23"));
        assert_eq!(refusal.data.revert_data, Some(data));
        assert_eq!(refusal.data.revert_reason.as_deref(), Some("not on my watch"));
        assert_eq!(refusal.message, "AA23 reverted: not on my watch");
    }

    #[test]
    fn attestation_errors_name_their_check() {
        let expired = AttestationError::Expired { valid_until: 5, now: 6 };
        let refusal = AdmissionError::from(expired).into_refusal();
        assert_eq!(refusal.code, ErrorCode::AttestationExpired);
        assert_eq!(refusal.data.check.as_deref(), Some("expired"));
        let stale = AttestationError::Revision { attested: 1, current: 2 };
        let refusal = AdmissionError::from(stale).into_refusal();
        assert_eq!(refusal.code, ErrorCode::AttestationInvalid);
        assert_eq!(refusal.data.check.as_deref(), Some("revision"));
        assert_eq!(refusal.data.required, Some(U256::from(2)));
    }

    #[test]
    fn policy_never_is_an_entitys_fault() {
        let denied =
            AdmissionError::Denied { reasons: vec!["over the limit".into()], evidence: None };
        assert!(!denied.is_entity_fault());
        assert_eq!(denied.into_refusal().data.reasons, ["over the limit"]);
        assert!(
            !AdmissionError::NoQuorum { allowed: 1, required: 2, detail: "1 of 2".into() }
                .is_entity_fault()
        );
        assert!(!AdmissionError::from(AttestationError::TwoSuffixes).is_entity_fault());
        let entity = Entity::new(EntityKind::Account, Address::ZERO);
        let violation = Violation::new(RuleId::Op011, entity, "x");
        assert!(AdmissionError::Rules(vec![violation]).is_entity_fault());
        assert!(AdmissionError::Signature.is_entity_fault());
    }
}
