//! Facts: what issuers state, verified before anything is evaluated.
//!
//! ```text
//!  PresentedFact ──┬─ statement   EIP-712, by an address that the policy or the account's parameters name
//!                  └─ credential  issuer's JWT ─ disclosures ─ key binding JWT ─ status list token
//!  contract state ─── calldata or slot, as the manifest has it ── read by the caller ── decoded here
//!                            │
//!  FactRequirement ──────────┴──> Fact { value, issuer, times, proof } | FactError
//!                                    └──> input.facts.<name>
//! ```
//!
//! Invariants:
//! * No I/O, no clock: the time is that of the pinned block, keys and issuers are those of the manifest. Independent
//!   operators come to the same result, word for word.
//! * A [`Fact`] holds what the policy asked for and nothing else: what a credential discloses beyond that stays here.
//! * Whatever a stranger sends is bounded before it is read, and signatures are verified before anything but the issuer's
//!   name is taken from what they sign.
//! * An error names the part and never the content: errors become part of the evidence, which is public.
//!
//! A key has one algorithm, and what a token's header says has to be that: there is no `none`, and no algorithm to confuse.
//! The crates that read SD-JWTs today decode JSON with the last of two equal names, with floats and without bounds; so the
//! verifier here is our own, on the exact decoder of `writ_policy`, and the cryptography is RustCrypto's.

mod credential;
mod disclosure;
mod error;
mod jwt;
mod key;
mod state;
mod statement;
mod status;

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};
use writ_policy::{FactRequirement, FactSource, VERIFIED, Value};
use writ_types::{PresentedFact, PresentedFacts};

pub use credential::{audience, nonce};
pub use error::FactError;
pub use state::{StateAnswer, StateQuestion, state_question};
pub use statement::{Statement, domain};

/// By how many seconds an issuer's clock may be ahead of the pinned block.
pub const CLOCK_SKEW: u64 = 300;
/// For how many seconds a fact has to hold at least: an attestation on anything shorter would be late.
pub const LEAST_VALIDITY: u64 = 30;

/// What facts are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The chain.
    pub chain_id: u64,
    /// The account.
    pub account: Address,
    /// Hash of the action that is decided about.
    pub action: B256,
    /// The commitment to the policies that decide.
    pub policy: B256,
    /// Who owns the account; zero when nobody says.
    pub owner: Address,
    /// Timestamp of the pinned block, Unix seconds.
    pub now: u64,
}

/// A verified fact: what the policy asked for, and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Of which kind it is.
    pub kind: &'static str,
    /// Who says so: an address in lowercase, or the `iss` of a credential.
    pub issuer: String,
    /// What it says.
    pub value: Value,
    /// When it was stated, shown by its holder, or read; Unix seconds.
    pub issued_at: u64,
    /// Until when it counts, Unix seconds.
    pub valid_until: u64,
    /// Hash of everything that was verified: a statement's EIP-712 digest, keccak256 of a presentation or of what was read.
    pub proof: B256,
}

impl Fact {
    /// As it stands in the input document.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("status", VERIFIED.into()),
            ("kind", self.kind.into()),
            ("issuer", self.issuer.as_str().into()),
            ("value", self.value.clone()),
            ("issuedAt", self.issued_at.into()),
            ("validUntil", self.valid_until.into()),
            ("proof", self.proof.into()),
        ])
    }
}

/// A requirement under an account's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFact {
    /// What the manifest says.
    pub requirement: FactRequirement,
    /// Whose statements count; empty for other kinds.
    pub issuers: BTreeSet<Address>,
}

/// Verifies what is presented under the name of `asked`, or what was read for it.
///
/// # Errors
/// [`FactError`] says why there is no fact.
pub fn verify(
    asked: &AskedFact,
    presented: &PresentedFacts,
    read: Option<&StateAnswer>,
    context: &Context,
) -> Result<Fact, FactError> {
    let FactRequirement { name, max_age, source, .. } = &asked.requirement;
    let fact = match (source, presented.get(name)) {
        (FactSource::ContractState(rule), _) => {
            let answer = read.ok_or(FactError::Missing)?;
            let (value, proof) = state::decode(rule, answer, context)?;
            Fact {
                kind: source.kind(),
                issuer: Value::from(rule.contract).as_str().unwrap_or_default().to_owned(),
                value,
                issued_at: context.now,
                valid_until: context.now.saturating_add(*max_age),
                proof,
            }
        }
        (_, None) => return Err(FactError::Missing),
        (FactSource::Statement(rule), Some(PresentedFact::Statement(statement))) => {
            statement::verify(name, rule, &asked.issuers, *max_age, statement, context)?
        }
        (FactSource::Credential(rule), Some(PresentedFact::Credential(credential))) => {
            credential::verify(rule, *max_age, credential, context)?
        }
        (other, Some(_)) => return Err(FactError::OtherKind { expected: other.kind() }),
    };
    if fact.valid_until < context.now.saturating_add(LEAST_VALIDITY) {
        return Err(FactError::Expired { what: "it", at: fact.valid_until });
    }
    Ok(fact)
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
