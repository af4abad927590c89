//! Policy sets: the ordered policies of one account, all of which must allow.

use alloy::{
    primitives::{B256, keccak256},
    sol_types::SolValue,
};

use crate::{
    AssetBound, BoundPolicy, Decision, DenyCode, EvaluationError, Value, check_input,
    input::input_bounds,
};

/// The most policies in a set.
pub const MAX_POLICIES: usize = 8;

/// What an account's configuration holds of its policies:
/// `keccak256(abi.encode((bytes32 policyId, bytes32 paramsHash)[]))`, in the set's order.
pub fn policy_commitment(policies: &[(B256, B256)]) -> B256 {
    keccak256(policies.to_vec().abi_encode())
}

/// Why policies are not a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicySetError {
    /// An empty set would allow everything.
    #[error("a policy set has at least one policy")]
    Empty,
    /// More policies than a set may have.
    #[error("{0} policies, at most {MAX_POLICIES} are accepted")]
    TooMany(usize),
}

/// Policies in order, all of which must allow.
#[derive(Clone, Debug)]
pub struct PolicySet {
    policies: Vec<BoundPolicy>,
}

/// What a set decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetDecision {
    /// Whether every policy allowed.
    pub allow: bool,
    /// All policies' reasons, in the order of the set, without repetition.
    pub reasons: Vec<String>,
    /// The bounds to enforce: the input's own, lowered to the lowest that a policy set for the
    /// asset. Empty unless allowed.
    pub bounds: Vec<AssetBound>,
    /// The shortest validity that a policy asked for, in seconds, if one did.
    pub valid_for: Option<u64>,
    /// Each policy's own decision, in the order of the set.
    pub decisions: Vec<Decision>,
}

impl PolicySet {
    /// A set of policies in the order of the account's commitment.
    ///
    /// # Errors
    /// If there is none or there are too many.
    pub fn new(policies: Vec<BoundPolicy>) -> Result<Self, PolicySetError> {
        match policies.len() {
            0 => Err(PolicySetError::Empty),
            1..=MAX_POLICIES => Ok(Self { policies }),
            more => Err(PolicySetError::TooMany(more)),
        }
    }

    /// The policies in order.
    pub fn policies(&self) -> &[BoundPolicy] {
        &self.policies
    }

    /// The commitment that the account's configuration must hold.
    pub fn commitment(&self) -> B256 {
        let pairs: Vec<(B256, B256)> = self
            .policies
            .iter()
            .map(|policy| (policy.policy_id(), policy.parameters().hash()))
            .collect();
        policy_commitment(&pairs)
    }

    /// Whether any of the policies depends on the account's history.
    pub fn reads_history(&self) -> bool {
        self.policies.iter().any(BoundPolicy::reads_history)
    }

    /// What the set means, in sentences for people.
    pub fn describe(&self) -> Vec<String> {
        self.policies.iter().flat_map(|policy| policy.describe().iter().cloned()).collect()
    }

    /// Decides on an input document with every policy of the set, also after the first denial:
    /// whoever is refused learns all reasons at once.
    ///
    /// # Errors
    /// [`EvaluationError::Abstain`] if any policy had to be abandoned.
    pub fn evaluate(&self, input: &Value) -> Result<SetDecision, EvaluationError> {
        let bounds = match check_input(input).and_then(|()| input_bounds(input)) {
            Ok(bounds) => bounds,
            Err(error) => {
                let decision = Decision::deny(DenyCode::MalformedInput, error.to_string());
                return Ok(denied(vec![decision]));
            }
        };
        let decisions: Vec<Decision> = self
            .policies
            .iter()
            .map(|policy| policy.evaluate_checked(input))
            .collect::<Result<_, _>>()?;
        if !decisions.iter().all(|decision| decision.allow) {
            return Ok(denied(decisions));
        }
        Ok(SetDecision {
            allow: true,
            reasons: Vec::new(),
            bounds: lowest(bounds, &decisions),
            valid_for: decisions.iter().filter_map(|decision| decision.valid_for).min(),
            decisions,
        })
    }
}

fn denied(decisions: Vec<Decision>) -> SetDecision {
    let mut reasons: Vec<String> = Vec::new();
    for reason in decisions.iter().flat_map(|decision| &decision.reasons) {
        if !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    SetDecision { allow: false, reasons, bounds: Vec::new(), valid_for: None, decisions }
}

/// Lowers each bound to the lowest that any policy set for its asset. A policy's bound on an asset
/// that the input does not list changes nothing: of that asset nothing leaves.
fn lowest(mut bounds: Vec<AssetBound>, decisions: &[Decision]) -> Vec<AssetBound> {
    for own in decisions.iter().flat_map(|decision| &decision.bounds) {
        for bound in &mut bounds {
            if bound.key() == own.key() {
                bound.max_out = bound.max_out.min(own.max_out);
            }
        }
    }
    bounds
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;
