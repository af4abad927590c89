//! From evidence to a verdict: the account's own policies, in order, all of which must allow.

use writ_attestation::{
    Bound, Bounds,
    wire::{MAX_REASON_LEN, MAX_REASONS, OperatorFault},
};
use writ_evidence::Account;
use writ_policy::{AssetBound, EvaluationError, PolicySet, PolicyStore, SetDecision, Value};
use writ_types::Asset;

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
        for (most, asset) in lowered(&decision.bounds, bounds) {
            allow = false;
            reasons.push(if asset.kind().is_granted() {
                format!("the policy lets {asset} grow by at most {most}, the operation grants more")
            } else {
                format!("the policy lets at most {most} of {asset} leave, the operation sends more")
            });
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

/// The decided bounds that are below what leaves, and on what.
fn lowered<'a>(
    decided: &'a [AssetBound],
    bounds: &'a Bounds,
) -> impl Iterator<Item = (u128, Asset)> + 'a {
    decided.iter().filter_map(move |own| {
        let on_same = |bound: &&Bound| names(own, bound.asset);
        let bound = bounds.as_slice().iter().find(on_same)?;
        (own.max_out < bound.max_out).then_some((own.max_out, bound.asset))
    })
}

/// Whether a policy's bound is on this asset. Both crates have the same words.
fn names(own: &AssetBound, asset: Asset) -> bool {
    own.kind.as_str() == asset.kind().as_str()
        && (own.asset, own.id, own.spender) == (asset.contract(), asset.id(), asset.grantee())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use alloy::primitives::U256;
    use writ_policy::AssetKind;

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
        AssetBound {
            kind: AssetKind::Erc20,
            asset: TOKEN,
            id: U256::ZERO,
            spender: Address::ZERO,
            max_out,
        }
    }

    /// A policy's own bound on an asset, as the policy crate reads it.
    fn own(asset: Asset, max_out: u128) -> AssetBound {
        AssetBound {
            kind: AssetKind::from_word(asset.kind().as_str()).unwrap(),
            asset: asset.contract(),
            id: asset.id(),
            spender: asset.grantee(),
            max_out,
        }
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
    fn every_kind_is_lowered_by_itself() {
        let (token, spender, operator) = (TOKEN, Address::repeat_byte(1), Address::repeat_byte(1));
        let id = U256::from(7);
        let all = [
            Asset::Native,
            Asset::Erc20(token),
            Asset::Erc721(token),
            Asset::Deposit(token),
            Asset::Erc1155 { token, id },
            Asset::Allowance { token, spender },
            Asset::Operator { token, operator },
        ];
        let bounds = Bounds::new(all.map(|asset| Bound::new(asset, 1)).to_vec()).unwrap();
        for asset in all {
            assert!(verdict(allowed(vec![own(asset, 1)]), &bounds).allow, "{asset}");
            let refused = verdict(allowed(vec![own(asset, 0)]), &bounds);
            assert!(!refused.allow && refused.reasons.len() == 1, "{asset}");
            assert!(refused.reasons[0].contains(&asset.to_string()), "{:?}", refused.reasons);
        }
        // Another id, another spender: another asset.
        for asset in [
            Asset::Erc1155 { token, id: U256::from(8) },
            Asset::Allowance { token, spender: TOKEN },
            Asset::Operator { token, operator: TOKEN },
        ] {
            assert!(verdict(allowed(vec![own(asset, 0)]), &bounds).allow, "{asset}");
        }
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
