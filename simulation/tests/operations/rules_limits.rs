//! LIM-020, LIM-030.

use writ_types::{
    Constants,
    EntityKind::{Account, Paymaster},
    Profile, RuleId,
};

use crate::{
    asm::asm,
    case::{PAYMASTER, created, existing, sponsored},
};

#[test]
fn lim_020_a_context_has_at_most_the_constant() {
    let case = |length| existing(asm()).paymaster(asm(), length).staked(PAYMASTER);
    case(2_049).breaks(&[(RuleId::Lim020, Paymaster)]);
    let found = case(4_000).violations();
    assert!(found[0].detail.contains("4000 bytes; at most 2048"), "{}", found[0].detail);
    let constants = Constants { max_context_size: 31, ..Constants::TEXT };
    case(32).under(constants).breaks(&[(RuleId::Lim020, Paymaster)]);
}

#[test]
fn lim_020_as_many_are_fine() {
    let case = |length| existing(asm()).paymaster(asm(), length).staked(PAYMASTER);
    case(0).is_fine();
    case(2_048).is_fine();
    case(31).under(Constants { max_context_size: 31, ..Constants::TEXT }).is_fine();
}

/// Wide enough that the EntryPoint, which counts its own work on top (AA26, AA36), accepts.
const WIDE: Constants = Constants { validation_gas_slack: 100_000, ..Constants::TEXT };

#[test]
fn lim_030_the_slack_is_counted_to_the_gas() {
    let burning = existing(asm().burn(500)).under(WIDE);
    let used = burning.trace().account.expect("validated").gas_used;
    burning.clone().verification_gas(used + 100_000).is_fine();
    burning.verification_gas(used + 99_999).breaks(&[(RuleId::Lim030, Account)]);
    let burning = sponsored(asm().burn(500)).under(WIDE);
    let used = burning.trace().paymaster_frame.expect("validated").gas_used;
    burning.clone().paymaster_gas(used + 100_000).is_fine();
    burning.paymaster_gas(used + 99_999).breaks(&[(RuleId::Lim030, Paymaster)]);
}

#[test]
fn lim_030_counts_the_deployment_too() {
    let case = created(asm().burn(500), asm()).under(WIDE);
    let trace = case.trace();
    let used =
        trace.deploy.expect("deployed").gas_used + trace.account.expect("validated").gas_used;
    case.clone().verification_gas(used + 100_000).is_fine();
    let thin = case.verification_gas(used + 99_999);
    thin.breaks(&[(RuleId::Lim030, Account)]);
    thin.clone().under(Constants::TEXT).is_fine();
    thin.under(Constants::of(Profile::Compat)).is_fine();
}
