//! What a decision is worth: right, wrong and how that is proven, or beyond what the chain can re-execute.

use std::fmt;

use alloy::primitives::{B256, U256};
use writ_attestation::PolicyReference;
use writ_policy::{Decision, EncodingError, Limits, PolicyStore, Value, decode};

use crate::{Claim, ClaimError, bounds_of, contradiction, contradiction::is_known};

/// The version byte of the encoding that is read here.
const ENCODING_VERSION: u8 = writ_policy::ENCODING_VERSION;

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding(error) => write!(f, "the evidence is no canonical encoding: {error}"),
            Self::Statement(leaf) => write!(f, "the statement contradicts {leaf} of its evidence"),
            Self::Decision { index, shortfall } => write!(f, "policy {index} {shortfall}"),
        }
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(reasons) => write!(f, "denies: {}", reasons.join("; ")),
            Self::ValidFor(seconds) => write!(f, "allows for {seconds} seconds, more was attested"),
            Self::Bounds => write!(f, "allows less to leave than was attested"),
        }
    }
}

impl fmt::Display for UnprovableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "the store does not have it"),
            Self::Parameters(error) => write!(f, "its parameters are not what it takes: {error}"),
            Self::OutsideProfile(None) => {
                write!(f, "outside the provable profile; evaluated here it comes to no answer")
            }
            Self::OutsideProfile(Some(allows)) => {
                let verdict = if *allows { "allows" } else { "denies" };
                write!(f, "outside the provable profile; evaluated here it {verdict}")
            }
        }
    }
}

/// What a decision is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Every policy was re-executed and allows what was attested.
    Right,
    /// It is wrong, and that can be proven on the chain.
    Wrong(Wrong),
    /// What could be re-executed allows; these policies could not.
    Unprovable(Vec<Unprovable>),
}

/// In which way a decision is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The evidence is no canonical encoding.
    Encoding(EncodingError),
    /// The statement contradicts this leaf of its evidence.
    Statement(&'static str),
    /// The policy at this place of the set does not allow what was attested.
    Decision {
        /// Its place.
        index: usize,
        /// What is missing.
        shortfall: Shortfall,
    },
}

/// How a policy falls short of what was attested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// It denies, for these reasons.
    Denied(Vec<String>),
    /// It lets the decision stand for so many seconds only.
    ValidFor(u64),
    /// It has a lower bound of its own.
    Bounds,
}

/// A policy that could not be re-executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprovable {
    /// Its place in the set.
    pub index: usize,
    /// Its id.
    pub policy_id: B256,
    /// Why not.
    pub reason: UnprovableReason,
}

/// Why a policy could not be re-executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnprovableReason {
    /// The store does not have it.
    Unknown,
    /// Its parameters are not what it takes: no operator would have evaluated it.
    Parameters(String),
    /// It is outside the provable profile. Evaluated here it allows, denies, or comes to no answer.
    OutsideProfile(Option<bool>),
}

/// Judges a decision.
///
/// # Errors
/// [`ClaimError`] when something that was given does not belong to the attestation.
pub fn judge(claim: &Claim, store: &PolicyStore) -> Result<Judgement, ClaimError> {
    claim.check()?;
    if claim.evidence.first() != Some(&ENCODING_VERSION) {
        return Err(ClaimError::Encoding);
    }
    let document = match decode(&claim.evidence, &Limits::INPUT) {
        Ok(document) => document,
        Err(error) => return Ok(Judgement::Wrong(Wrong::Encoding(error))),
    };
    let Claim { domain, attestation, action, .. } = claim;
    if let Some(leaf) = contradiction(&document, domain, attestation, action) {
        return Ok(Judgement::Wrong(Wrong::Statement(leaf)));
    }
    let mut unprovable = Vec::new();
    for (index, reference) in claim.policies.iter().enumerate() {
        match re_execute(reference, store, &document) {
            Ok(decision) => {
                if let Some(shortfall) = shortfall(&decision, claim, &document) {
                    return Ok(Judgement::Wrong(Wrong::Decision { index, shortfall }));
                }
            }
            Err(reason) => {
                unprovable.push(Unprovable { index, policy_id: reference.policy_id, reason });
            }
        }
    }
    Ok(if unprovable.is_empty() { Judgement::Right } else { Judgement::Unprovable(unprovable) })
}

fn re_execute(
    reference: &PolicyReference,
    store: &PolicyStore,
    document: &Value,
) -> Result<Decision, UnprovableReason> {
    let policy = store.get(reference.policy_id).ok_or(UnprovableReason::Unknown)?;
    let bound = policy
        .parameters_from_encoding(&reference.parameters)
        .and_then(|parameters| policy.bind(parameters))
        .map_err(|error| UnprovableReason::Parameters(error.to_string()))?;
    bound.re_execute(document).ok_or_else(|| {
        let allows = bound.evaluate(document).ok().map(|decision| decision.allow);
        UnprovableReason::OutsideProfile(allows)
    })
}

/// What is missing for the decision to be what was attested.
fn shortfall(decision: &Decision, claim: &Claim, document: &Value) -> Option<Shortfall> {
    if !decision.allow {
        return Some(Shortfall::Denied(decision.reasons.clone()));
    }
    if !is_known(document) {
        return None;
    }
    let timestamp = document.path("chain.block.timestamp").and_then(Value::as_integer);
    let timestamp = timestamp.and_then(|timestamp| timestamp.to_u256());
    if let (Some(valid_for), Some(timestamp)) = (decision.valid_for, timestamp) {
        let valid_until = U256::from(claim.attestation.valid_until);
        if valid_until.saturating_sub(timestamp) > U256::from(valid_for) {
            return Some(Shortfall::ValidFor(valid_for));
        }
    }
    let attested = bounds_of(document)?;
    let lower = decision.bounds.iter().any(|own| {
        attested.as_slice().iter().any(|bound| {
            let asset = bound.asset;
            own.kind.as_str() == asset.kind().as_str()
                && (own.asset, own.id, own.spender)
                    == (asset.contract(), asset.id(), asset.grantee())
                && own.max_out < bound.max_out
        })
    });
    lower.then_some(Shortfall::Bounds)
}
