//! Why an attestation is refused: one variant per check, so that the answer names the check.

use alloy::primitives::{Address, B256, U256};
use serde_json::{Value, json};

use crate::{BoundsError, Mismatch, PlacementError, SetError};

/// JSON-RPC code: the attestation is invalid, `data.check` says which check failed.
pub const CODE_INVALID: i64 = -32531;

/// JSON-RPC code: the attestation has expired, or is about to.
pub const CODE_EXPIRED: i64 = -32533;

/// The check that an attestation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// The suffix ends before a field that it must have.
    #[error("the attestation is cut short: {field} needs {needed} bytes and {left} are left")]
    Truncated {
        /// The field.
        field: &'static str,
        /// Bytes that the field takes.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// The length field says something else than the fields before it take.
    #[error("the attestation's length field says {declared} bytes, its fields take {actual}")]
    Length {
        /// What the length field says.
        declared: usize,
        /// What the fields take.
        actual: usize,
    },
    /// Bytes follow the attestation.
    #[error("{0} trailing bytes follow the attestation, which must end the signature")]
    TrailingBytes(usize),
    /// More than one attestation.
    #[error("the signature carries two attestations; exactly one is accepted")]
    TwoSuffixes,
    /// A suffix version that is not built.
    #[error("attestation version {0} is not supported; 1 is")]
    UnsupportedVersion(u8),
    /// A signature scheme that is not built.
    #[error("signature scheme {0} is not supported; 1 (ECDSA) is")]
    UnsupportedScheme(u8),
    /// A verification level that is not built.
    #[error("verification level {0} is not supported; 1 (quorum) is")]
    UnsupportedLevel(u8),
    /// The bounds list is missing or malformed.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// `validAfter < validUntil < 2^47` does not hold.
    #[error("the validity window {valid_after}..{valid_until} is empty or reaches 2^47")]
    Validity {
        /// Start of the window.
        valid_after: u64,
        /// End of the window.
        valid_until: u64,
    },
    /// The operation is for another EntryPoint than the configuration's.
    #[error("the account is configured for EntryPoint {configured}, the operation is for {given}")]
    EntryPoint {
        /// The operation's EntryPoint.
        given: Address,
        /// The configuration's EntryPoint.
        configured: Address,
    },
    /// The level is not the configured one.
    #[error("the attestation has verification level {attested}, the account requires {required}")]
    Level {
        /// Level in the attestation.
        attested: u8,
        /// Level in the configuration.
        required: u8,
    },
    /// The configuration has changed since.
    #[error(
        "the attestation is for revision {attested} of the configuration, the current one is {current}"
    )]
    Revision {
        /// Revision in the attestation.
        attested: u64,
        /// Revision on the chain.
        current: u64,
    },
    /// The operator set is of another epoch.
    #[error("the attestation is for epoch {attested}, the current one is {current}")]
    Epoch {
        /// Epoch in the attestation.
        attested: u64,
        /// Epoch on the chain.
        current: u64,
    },
    /// The history that the decision was made on is not the account's.
    #[error("the attestation is for sequence {attested}, the account's next one is {current}")]
    Sequence {
        /// Sequence in the attestation.
        attested: u64,
        /// Sequence that the chain will require.
        current: u64,
    },
    /// The operator set's code is not the configured one.
    #[error("the operator set's code hash is {found}, the account is configured for {configured}")]
    SetCode {
        /// Hash of the code found.
        found: B256,
        /// Hash in the configuration.
        configured: B256,
    },
    /// The code at the operator set's address is no operator set.
    #[error("the configured operator set is unusable: {0}")]
    Set(#[from] SetError),
    /// Not enough signatures.
    #[error("the attestation has {given} signatures, the account requires exactly {required}")]
    TooFewSignatures {
        /// Signatures given.
        given: usize,
        /// Signatures required.
        required: usize,
    },
    /// Too many signatures.
    #[error("the attestation has {given} signatures, the account requires exactly {required}")]
    TooManySignatures {
        /// Signatures given.
        given: usize,
        /// Signatures required.
        required: usize,
    },
    /// A signer is there twice.
    #[error("operator {0} signed twice; signers are strictly ascending")]
    RepeatedSigner(u8),
    /// Signers are not in ascending order.
    #[error("operator {index} comes after operator {after}; signers are strictly ascending")]
    UnorderedSigners {
        /// The signer out of order.
        index: u8,
        /// The signer before it.
        after: u8,
    },
    /// A signer's index is outside the operator set.
    #[error("operator {index} does not exist; the operator set has {operators}")]
    UnknownSigner {
        /// The index.
        index: u8,
        /// Operators in the set.
        operators: usize,
    },
    /// The most that the operation may cost is below what it must prefund.
    #[error(
        "the attestation allows a cost of {attested} wei, the operation must prefund {required}"
    )]
    MaxCost {
        /// What the operation requires.
        required: U256,
        /// What was attested.
        attested: u128,
    },
    /// The window has not begun.
    #[error("the attestation is valid after {valid_after}, it is {now}")]
    NotYetValid {
        /// Start of the window.
        valid_after: u64,
        /// The time.
        now: u64,
    },
    /// The window is over, or its end is nearer than the margin.
    #[error("the attestation is valid until {valid_until}, and it must be so at {now}")]
    Expired {
        /// End of the window.
        valid_until: u64,
        /// The time that it must reach.
        now: u64,
    },
    /// A signature is not by the operator it names, over this operation under this policy.
    #[error(
        "signature of operator {index} ({operator}) does not verify for this chain, module, account, nonce, callData and policy"
    )]
    Signature {
        /// The signer's index.
        index: u8,
        /// The operator at that index.
        operator: Address,
        /// Whom the signature recovers to, if anybody.
        recovered: Option<Address>,
    },
    /// The block that the decision was made at is not on the canonical chain (any more).
    #[error("the attestation was made at block {number} ({attested}), which is not canonical")]
    Block {
        /// Number of the block.
        number: u64,
        /// Hash in the attestation.
        attested: B256,
        /// Hash of the canonical block at that height, when there is one.
        canonical: Option<B256>,
    },
    /// The account does not hand a signature to the module that an attestation could be attached to.
    #[error("an attestation cannot be placed in this operation: {0}")]
    Placement(#[from] PlacementError),
    /// Under a detached attestation the operation does something else now than what was decided on.
    #[error("the operation does not do what was decided on any more: {0}")]
    Conduct(String),
    /// The attestation is genuine, for something else: found by comparing with the recorded decision.
    #[error("the attestation was made for another {}", names(.0))]
    Moved(Vec<Mismatch>),
}

impl AttestationError {
    /// The JSON-RPC code: [`CODE_EXPIRED`] for an expired attestation, [`CODE_INVALID`] for every other failure.
    pub const fn code(&self) -> i64 {
        match self {
            Self::Expired { .. } => CODE_EXPIRED,
            _ => CODE_INVALID,
        }
    }

    /// Name of the check that failed, for programs.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::Length { .. } => "length",
            Self::TrailingBytes(_) => "trailingBytes",
            Self::TwoSuffixes => "twoSuffixes",
            Self::UnsupportedVersion(_) => "version",
            Self::UnsupportedScheme(_) => "scheme",
            Self::UnsupportedLevel(_) | Self::Level { .. } => "level",
            Self::Bounds(BoundsError::Missing) => "boundsMissing",
            Self::Bounds(_) => "bounds",
            Self::Validity { .. } => "validity",
            Self::EntryPoint { .. } => "entryPoint",
            Self::Revision { .. } => "revision",
            Self::Epoch { .. } => "epoch",
            Self::Sequence { .. } => "sequence",
            Self::SetCode { .. } | Self::Set(_) => "operatorSet",
            Self::TooFewSignatures { .. } => "tooFewSignatures",
            Self::TooManySignatures { .. } => "tooManySignatures",
            Self::RepeatedSigner(_) => "repeatedSigner",
            Self::UnorderedSigners { .. } => "unorderedSigners",
            Self::UnknownSigner { .. } => "unknownSigner",
            Self::MaxCost { .. } => "maxCost",
            Self::NotYetValid { .. } => "notYetValid",
            Self::Expired { .. } => "expired",
            Self::Signature { .. } => "signature",
            Self::Block { .. } => "block",
            Self::Placement(_) => "placement",
            Self::Conduct(_) => "conduct",
            // The first difference in the order that people think of them: chain before account before nonce.
            Self::Moved(fields) => fields.first().map_or("signature", Mismatch::name),
        }
    }

    /// `data` of the JSON-RPC error: `{check, ...}` with the values that differ.
    pub fn data(&self) -> Value {
        let mut data = self.values();
        data["check"] = self.check().into();
        data
    }

    fn values(&self) -> Value {
        match self {
            Self::Truncated { field, needed, left } => {
                json!({"field": field, "needed": needed, "left": left})
            }
            Self::Length { declared, actual } => json!({"declared": declared, "actual": actual}),
            Self::TrailingBytes(count) => json!({"count": count}),
            Self::TwoSuffixes => json!({}),
            Self::UnsupportedVersion(given)
            | Self::UnsupportedScheme(given)
            | Self::UnsupportedLevel(given) => {
                json!({"given": given, "accepted": 1})
            }
            Self::Bounds(error) => json!({"reason": error.to_string()}),
            Self::Validity { valid_after, valid_until } => {
                json!({"validAfter": valid_after, "validUntil": valid_until})
            }
            Self::EntryPoint { given, configured } => {
                json!({"given": given, "required": configured})
            }
            Self::Level { attested, required } => {
                json!({"attested": attested, "required": required})
            }
            Self::Revision { attested, current }
            | Self::Epoch { attested, current }
            | Self::Sequence { attested, current } => {
                json!({"attested": attested, "required": current})
            }
            Self::SetCode { found, configured } => json!({"found": found, "required": configured}),
            Self::Set(error) => json!({"reason": error.to_string()}),
            Self::TooFewSignatures { given, required }
            | Self::TooManySignatures { given, required } => {
                json!({"given": given, "required": required})
            }
            Self::RepeatedSigner(index) => json!({"index": index}),
            Self::UnorderedSigners { index, after } => json!({"index": index, "after": after}),
            Self::UnknownSigner { index, operators } => {
                json!({"index": index, "operators": operators})
            }
            Self::MaxCost { required, attested } => {
                json!({"required": required, "attested": U256::from(*attested)})
            }
            Self::NotYetValid { valid_after, now } => {
                json!({"validAfter": valid_after, "now": now})
            }
            Self::Expired { valid_until, now } => json!({"validUntil": valid_until, "now": now}),
            Self::Signature { index, operator, recovered } => {
                json!({"index": index, "operator": operator, "recovered": recovered})
            }
            Self::Block { number, attested, canonical } => {
                json!({"blockNumber": number, "attested": attested, "required": canonical})
            }
            Self::Placement(error) => json!({"reason": error.to_string()}),
            Self::Conduct(reason) => json!({"reason": reason}),
            Self::Moved(fields) => {
                json!({"fields": fields.iter().map(Mismatch::name).collect::<Vec<_>>()})
            }
        }
    }
}

fn names(fields: &[Mismatch]) -> String {
    fields.iter().map(Mismatch::name).collect::<Vec<_>>().join(", ")
}
