//! From evidence to a verdict: the account's own policies, in order, all of which must allow.

use writ_attestation::{
    Bounds,
    wire::{MAX_REASON_LEN, MAX_REASONS, OperatorFault},
};
use writ_evidence::Account;
use writ_policy::{
    AssetBound, AssetKind, EvaluationError, PolicySet, PolicyStore, SetDecision, Value,
};

/// What the policies decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether all allow.
    pub(crate) allow: bool,
    /// Why not.
    pub(crate) reasons: Vec<String>,
    /// For how many seconds the allow may stand, when a policy says so.
    pub(crate) valid_for: Option<u64>,
}

/// Evaluates the policies that the account's configuration commits to.
///
/// # Errors
///
/// When a policy is not in the store, its parameters do not fit it, or it has no answer: nothing is signed then.
pub(crate) fn decide(
    store: &PolicyStore,
    account: &Account,
    document: &Value,
    bounds: &Bounds,
) -> Result<Verdict, OperatorFault> {
    let set = policy_set(store, account)?;
    let decision = set.evaluate(document).map_err(|error| match error {
        EvaluationError::Abstain(reason) => OperatorFault::EvaluationFailed { reason },
        other => OperatorFault::EvaluationFailed { reason: other.to_string() },
    })?;
    Ok(verdict(decision, bounds))
}

fn policy_set(store: &PolicyStore, account: &Account) -> Result<PolicySet, OperatorFault> {
    let not_configured = |reason: String| OperatorFault::NotConfigured { reason };
    let mut policies = Vec::with_capacity(account.references.len());
    for reference in &account.references {
        let policy_id = reference.policy_id;
        let policy = store.get(policy_id).ok_or(OperatorFault::UnknownPolicy { policy_id })?;
        let bound = policy
            .parameters_from_encoding(&reference.parameters)
            .and_then(|parameters| policy.bind(parameters))
            .map_err(|error| not_configured(format!("policy {policy_id}: {error}")))?;
        policies.push(bound);
    }
    let set = PolicySet::new(policies).map_err(|error| not_configured(error.to_string()))?;
    let configuration = &account.policy.configuration;
    if set.commitment() != configuration.policy {
        return Err(not_configured(
            "the policies are not the ones that the account commits to".to_owned(),
        ));
    }
    if set.reads_history() && !configuration.reads_history {
        // Without a sequence two operations could each spend what is left of the day.
        return Err(not_configured(
            if account.module.is_zero() {
                "a policy reads history, which only a module keeps: it cannot decide detached"
            } else {
                "a policy reads history, and the configuration's readsHistory is off"
            }
            .to_owned(),
        ));
    }
    Ok(set)
}

fn verdict(decision: SetDecision, bounds: &Bounds) -> Verdict {
    let mut reasons = decision.reasons;
    let mut allow = decision.allow;
    if allow {
        // The module measures what really leaves: under a lower bound the execution would only revert.
        for lowered in lowered(&decision.bounds, bounds) {
            allow = false;
            reasons.push(format!(
                "the policy lets at most {} of {} leave, the operation sends more",
                lowered.max_out,
                if lowered.asset.is_zero() {
                    "native currency".to_owned()
                } else {
                    lowered.asset.to_string()
                }
            ));
        }
    }
    reasons.truncate(MAX_REASONS);
    for reason in &mut reasons {
        let end =
            (0..=MAX_REASON_LEN.min(reason.len())).rev().find(|end| reason.is_char_boundary(*end));
        reason.truncate(end.unwrap_or_default());
    }
    Verdict { allow, reasons, valid_for: decision.valid_for }
}

/// The decided bounds that are below what leaves.
fn lowered<'a>(
    decided: &'a [AssetBound],
    bounds: &'a Bounds,
) -> impl Iterator<Item = &'a AssetBound> {
    decided.iter().filter(move |own| {
        bounds.as_slice().iter().any(|bound| {
            let kind = match bound.kind {
                writ_attestation::BoundKind::Native => AssetKind::Native,
                writ_attestation::BoundKind::Erc20 => AssetKind::Erc20,
            };
            (kind, bound.asset) == (own.kind, own.asset) && own.max_out < bound.max_out
        })
    })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use writ_attestation::Bound;

    use super::*;

    const TOKEN: Address = Address::repeat_byte(0x70);

    fn allowed(bounds: Vec<AssetBound>) -> SetDecision {
        SetDecision {
            allow: true,
            reasons: Vec::new(),
            bounds,
            valid_for: Some(60),
            decisions: Vec::new(),
        }
    }

    fn bound(max_out: u128) -> AssetBound {
        AssetBound { kind: AssetKind::Erc20, asset: TOKEN, max_out }
    }

    #[test]
    fn an_allow_stands_only_while_the_bounds_hold_what_leaves() {
        let bounds = Bounds::new(vec![Bound::native(0), Bound::erc20(TOKEN, 10)]).unwrap();
        for (max_out, allow) in [(9, false), (10, true), (11, true)] {
            let verdict = verdict(allowed(vec![bound(max_out)]), &bounds);
            assert_eq!(verdict.allow, allow, "{max_out}");
            assert_eq!(verdict.reasons.is_empty(), allow);
        }
        assert_eq!(verdict(allowed(Vec::new()), &bounds).valid_for, Some(60));
    }

    #[test]
    fn reasons_are_cut_to_what_an_answer_carries() {
        let bounds = Bounds::new(vec![Bound::native(0)]).unwrap();
        let reasons = vec!["ä".repeat(MAX_REASON_LEN); MAX_REASONS + 1];
        let denied = SetDecision { allow: false, reasons, ..allowed(Vec::new()) };
        let verdict = verdict(denied, &bounds);
        assert!(!verdict.allow);
        assert_eq!(verdict.reasons.len(), MAX_REASONS);
        assert!(
            verdict
                .reasons
                .iter()
                .all(|reason| reason.len() <= MAX_REASON_LEN && !reason.is_empty())
        );
    }
}
