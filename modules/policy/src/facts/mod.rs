//! The facts that a policy asks for: what they are, who may state them, how they are bound to what is decided.
//!
//! They stand in the manifest and so in the policy's id. What is not a key or a fixed rule but one account's choice, such as
//! who has to approve, is named as a parameter there.
//!
//! ```text
//!  manifest.requiredFacts ─> FactRequirement ──┬─ Statement      an EIP-712 statement by an address
//!                                              ├─ Credential     claims of an SD-JWT VC
//!                                              └─ ContractState  read at the pinned block
//!  input.facts.<name> ──────> unmet ───────────> whether a required one is verified
//! ```
//!
//! How a fact is verified is not known here: see `writ_facts`.

mod read;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};

pub use shape::{FactShape, MAX_TEXT};

use crate::{AbiFunction, AbiType, Value, functions::lowercase_address};

/// The most facts that one policy asks for.
pub const MAX_FACTS: usize = 8;
/// The most issuers of one fact.
pub const MAX_ISSUERS: usize = 32;
/// The longest time that a fact may count, in seconds.
pub const MAX_AGE: u64 = 366 * 86_400;
/// What stands in `input.facts.<name>.status` of a fact that was verified.
pub const VERIFIED: &str = "verified";

/// A fact that a policy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRequirement {
    /// Its name in `input.facts`.
    pub name: String,
    /// Whether nothing is allowed without it.
    pub required: bool,
    /// For how many seconds after it was stated (shown by its holder, read) it counts.
    pub max_age: u64,
    /// Where it comes from.
    pub source: FactSource,
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactSource {
    /// An EIP-712 statement.
    Statement(StatementRule),
    /// Claims of an SD-JWT VC.
    Credential(CredentialRule),
    /// What a contract says.
    ContractState(StateRule),
}

impl FactSource {
    /// The word in the manifest.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Statement(_) => "statement",
            Self::Credential(_) => "sd-jwt-vc",
            Self::ContractState(_) => "contract-state",
        }
    }
}

/// What a fact is bound to, so that it counts for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The account, on one chain: it counts for whatever the account does while it lasts.
    Account,
    /// One action of the account: these calls, this nonce, this cost.
    Action,
}

/// Who may make a statement, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRule {
    /// Whose signature counts.
    pub issuers: StatementIssuers,
    /// What it is bound to.
    pub binding: Binding,
    /// What the value looks like, exactly.
    pub shape: FactShape,
}

/// Addresses whose statements count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementIssuers {
    /// These, for every account.
    Fixed(BTreeSet<Address>),
    /// Those that the account lists in the parameter of this name.
    Parameter(String),
}

impl StatementIssuers {
    /// The addresses, under an account's parameters. None when the parameter is no list of addresses.
    pub fn resolve(&self, parameters: &Value) -> Option<BTreeSet<Address>> {
        match self {
            Self::Fixed(addresses) => Some(addresses.clone()),
            Self::Parameter(name) => {
                let listed = parameters.get(name)?.as_array()?;
                listed.iter().map(lowercase_address).collect()
            }
        }
    }
}

/// Which credential, by whom, and what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRule {
    /// Who may have issued it.
    pub issuers: Vec<CredentialIssuer>,
    /// Its type, `vct`.
    pub vct: String,
    /// What the holder's proof of possession is bound to.
    pub binding: Binding,
    /// Whether a credential without a status is refused.
    pub status_required: bool,
    /// What is taken of it, by name. Nothing else of it is shown to anybody.
    pub claims: BTreeMap<String, ClaimRule>,
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    /// Names from the top of the credential down.
    pub path: Vec<String>,
    /// What the value looks like. Fields of an object that it does not name are left out.
    pub shape: FactShape,
}

/// An issuer of credentials and one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialIssuer {
    /// `iss`.
    pub issuer: String,
    /// The key.
    pub key: IssuerKey,
}

/// A public key, as its JWK has it; each has exactly one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerKey {
    /// P-256, `ES256`: the two coordinates.
    P256(B256, B256),
    /// secp256k1, `ES256K`: the two coordinates.
    Secp256k1(B256, B256),
    /// Ed25519, `EdDSA`.
    Ed25519(B256),
}

/// What is read of which contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRule {
    /// The chain: an address means nothing on another.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
    /// What of it.
    pub read: StateRead,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRead {
    /// What a view function returns.
    Call {
        /// The function, with exactly one returned value.
        function: AbiFunction,
        /// Its arguments: the account where none is given.
        arguments: Vec<StateArgument>,
    },
    /// A word of storage.
    Slot {
        /// Its slot; of a mapping by accounts, the mapping's own.
        slot: B256,
        /// Whether it is a mapping by accounts, as Solidity lays it out.
        by_account: bool,
        /// What the word is. Of one word, and the word's lowest bytes.
        kind: AbiType,
    },
}

/// An argument of a view function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateArgument {
    /// The account that is decided about.
    Account,
    /// A word.
    Word(B256),
}

impl FactRequirement {
    pub(crate) fn list(value: &Value) -> Result<Vec<Self>, String> {
        read::requirements(value)
    }

    /// Whether it and `other` ask for the same under one name, whoever of them insists.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.max_age, &self.source) == (&other.name, other.max_age, &other.source)
    }
}

/// Why the facts of a document are not what `requirements` insist on, one sentence per fact.
pub(crate) fn unmet(requirements: &[FactRequirement], document: &Value) -> Vec<String> {
    let facts = document.get("facts");
    let insisted = requirements.iter().filter(|requirement| requirement.required);
    insisted
        .filter_map(|FactRequirement { name, source, .. }| {
            let fact = facts.and_then(|facts| facts.get(name));
            let text = |field| fact.and_then(|fact| fact.get(field)).and_then(Value::as_str);
            match text("status") {
                // Of the kind that was asked for: a document that somebody else made is no better than this one.
                Some(VERIFIED) if text("kind") == Some(source.kind()) => None,
                Some(VERIFIED) => {
                    Some(format!("fact {name} is not verified: not of kind {}", source.kind()))
                }
                Some(status) => {
                    let detail = text("detail").unwrap_or_default();
                    let detail =
                        if detail.is_empty() { String::new() } else { format!(" ({detail})") };
                    Some(format!("fact {name} is not verified: {status}{detail}"))
                }
                None => Some(format!("fact {name} is not verified: missing")),
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
