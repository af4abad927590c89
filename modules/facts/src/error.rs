//! Why something presented is not a fact.

use writ_policy::Value;

/// Why there is no fact. It stands in the evidence, so it names parts, and never what is in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactError {
    /// Nothing is presented under the name.
    #[error("")]
    Missing,
    /// Another kind of fact is presented.
    #[error("the policy asks for a fact of kind {expected}")]
    OtherKind {
        /// The kind that is asked for.
        expected: &'static str,
    },
    /// It is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// Nobody whose statements count made it.
    #[error("{0}")]
    UnknownIssuer(&'static str),
    /// A signature does not verify.
    #[error("{0}")]
    Signature(&'static str),
    /// It is about another account, action or chain, or shown for another.
    #[error("{0}")]
    OtherSubject(&'static str),
    /// It does not count yet.
    #[error("{what} counts from {from}")]
    NotYetValid {
        /// Which part.
        what: &'static str,
        /// From when, Unix seconds.
        from: u64,
    },
    /// It does not count any more, or not for long enough.
    #[error("{what} ends at {at}")]
    Expired {
        /// Which part.
        what: &'static str,
        /// When, Unix seconds.
        at: u64,
    },
    /// Its issuer took it back.
    #[error("{0}")]
    Revoked(&'static str),
    /// Whether its issuer took it back is not known.
    #[error("{0}")]
    StatusUnknown(&'static str),
    /// It says something else than what is asked for.
    #[error("{0}")]
    Content(String),
    /// The contract cannot be read so.
    #[error("{0}")]
    Unreadable(&'static str),
}

impl FactError {
    /// The word in `input.facts.<name>.status`.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::OtherKind { .. } => "other-kind",
            Self::Malformed(_) => "malformed",
            Self::UnknownIssuer(_) => "unknown-issuer",
            Self::Signature(_) => "bad-signature",
            Self::OtherSubject(_) => "other-subject",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Expired { .. } => "expired",
            Self::Revoked(_) => "revoked",
            Self::StatusUnknown(_) => "status-unknown",
            Self::Content(_) => "other-content",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// As it stands in the input document.
    pub fn to_value(&self) -> Value {
        Value::object([("status", self.status().into()), ("detail", self.to_string().into())])
    }

    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
    }
}
