//! The result of an evaluation.

use alloy::primitives::Address;
/// What may leave the account at most, of one asset: a policy's own bound, or one of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetBound {
    /// What kind of asset it is.
    pub kind: AssetKind,
    /// The token's address; zero for the native currency.
    pub asset: Address,
    /// The most that may leave, net, in the asset's smallest unit.
    pub max_out: u128,
}

/// The kinds of asset that the chain can measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetKind {
    /// The chain's own currency.
    Native,
    /// An ERC-20 token.
    Erc20,
}

impl AssetKind {
    /// The word that stands in the input document and in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Erc20 => "erc20",
        }
    }
}

/// The rule that decided, when it was not the policy itself that said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenyCode {
    /// The policy gave reasons, or `allow` was not true.
    Policy,
    /// The entry rule has no value for this input.
    Undefined,
    /// The evaluation raised an error.
    EvaluationFailed,
    /// The result is not a decision: a missing or unknown field, a wrong type, too many reasons.
    MalformedResult,
    /// The input document does not have the shape that policies rely on.
    MalformedInput,
}

impl DenyCode {
    /// The reason that is recorded and signed for this code; empty for the policy's own.
    ///
    /// Fixed texts: what an engine says about an error may change with its version, and the
    /// reasons of a denial are hashed.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Policy => "the policy does not allow this operation",
            Self::Undefined => "the policy has no result for this operation",
            Self::EvaluationFailed => "the policy failed on this operation",
            Self::MalformedResult => "the policy's result is not a decision",
            Self::MalformedInput => "the input document is malformed",
        }
    }
}

/// A decision. Denied unless everything says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the operation may proceed. Implies that `reasons` is empty and `denied` is `None`.
    pub allow: bool,
    /// Why not, sorted and without repetition; at least one if `allow` is false.
    pub reasons: Vec<String>,
    /// Bounds tighter than the input's own, at most one per asset; empty if the policy sets none.
    pub bounds: Vec<AssetBound>,
    /// For how many seconds the decision may stand, if the policy says so.
    pub valid_for: Option<u64>,
    /// What kind of denial it is, if it is one.
    pub denied: Option<DenyCode>,
    /// What the engine said about an error, for the policy's author. Never hashed or signed.
    pub detail: Option<String>,
}

impl Decision {
    /// A denial by the engine rather than by the policy's own reasons.
    pub(crate) fn deny(code: DenyCode, detail: impl Into<String>) -> Self {
        Self {
            allow: false,
            reasons: vec![code.reason().to_owned()],
            bounds: Vec::new(),
            valid_for: None,
            denied: Some(code),
            detail: Some(detail.into()),
        }
    }
}
