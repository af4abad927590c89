//! The result of an evaluation.

use alloy::primitives::{Address, U256};

use crate::vm::Fault;

/// What may leave the account at most, of one asset: a policy's own bound, or one of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetBound {
    /// What kind of asset it is.
    pub kind: AssetKind,
    /// The token's address, or the EntryPoint's of a deposit; zero for the native currency.
    pub asset: Address,
    /// The token's id for [`AssetKind::Erc1155`]; zero otherwise.
    pub id: U256,
    /// Who is granted something, for [`AssetKind::Allowance`] and [`AssetKind::Operator`]; zero otherwise.
    pub spender: Address,
    /// The most that may leave, or be granted more, net, in the asset's smallest unit. 2^128-1 of an allowance is without
    /// limit.
    pub max_out: u128,
}

impl AssetBound {
    /// What it is on, without how much.
    pub const fn key(&self) -> (AssetKind, Address, U256, Address) {
        (self.kind, self.asset, self.id, self.spender)
    }
}

/// The kinds of asset that the chain can measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetKind {
    /// The chain's own currency.
    Native,
    /// An ERC-20 token.
    Erc20,
    /// How many tokens of an ERC-721.
    Erc721,
    /// The account's deposit at an EntryPoint.
    Deposit,
    /// One token of an ERC-1155.
    Erc1155,
    /// What a spender may take of an ERC-20.
    Allowance,
    /// Whether an operator may move everything of an ERC-721 or ERC-1155: 0 or 1.
    Operator,
}

impl AssetKind {
    /// Every kind, in the order of a bounds list.
    pub const ALL: [Self; 7] = [
        Self::Native,
        Self::Erc20,
        Self::Erc721,
        Self::Deposit,
        Self::Erc1155,
        Self::Allowance,
        Self::Operator,
    ];

    /// The word that stands in the input document and in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Erc20 => "erc20",
            Self::Erc721 => "erc721",
            Self::Deposit => "deposit",
            Self::Erc1155 => "erc1155",
            Self::Allowance => "allowance",
            Self::Operator => "operator",
        }
    }

    /// The kind that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
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
    /// A fact without which the policy allows nothing is not verified.
    Facts,
    /// PolicyVM ended in an error.
    Fault(Fault),
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
            Self::Facts => "a fact that the policy requires is not verified",
            Self::MalformedInput => "the input document is malformed",
            Self::Fault(Fault::Fuel) => "the policy took more than its fuel on this operation",
            Self::Fault(Fault::Type) => "the policy met a value of a wrong kind",
            Self::Fault(Fault::Overflow) => "the policy met an integer beyond 256 bits",
            Self::Fault(Fault::Division) => "the policy divided by zero",
            Self::Fault(Fault::Conflict) => "the policy has two values where one is allowed",
            Self::Fault(Fault::Key) => "the policy has a key that is not a string",
            Self::Fault(Fault::Text) => "the policy met text outside ASCII",
            Self::Fault(Fault::Depth) => "the policy met values nested too deep",
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

    /// The same, unless facts are missing that it needs: then a denial which says so beside its own reasons.
    pub(crate) fn unless_unmet(mut self, unmet: Vec<String>) -> Self {
        if unmet.is_empty() {
            return self;
        }
        if self.allow {
            self = Self {
                reasons: Vec::new(),
                ..Self::deny(DenyCode::Facts, DenyCode::Facts.reason())
            };
        }
        self.reasons.extend(unmet);
        self.reasons.sort();
        self.reasons.dedup();
        self
    }
}
