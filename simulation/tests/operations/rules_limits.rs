//! LIM-020, LIM-030.

use writ_simulation::trace::CountedGas;
use writ_types::{
    Constants,
    EntityKind::{Account, Paymaster},
    EntryPointVersion, Profile, RuleId,
};

use crate::{
    asm::asm,
    case::{Case, PAYMASTER, created, existing, sponsored},
    world::World,
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

/// What the EntryPoint counted against the two limits.
fn counted(case: &Case) -> (u64, Option<u64>) {
    let trace = case.trace();
    let used = |counted: Option<CountedGas>| counted.map(|counted| counted.used);
    (used(trace.verification_gas).expect("validated"), used(trace.paymaster_verification_gas))
}

#[test]
fn what_the_entry_point_counts_is_known_to_the_last_unit() {
    for version in World::versions() {
        let work = || asm().burn(500);
        let cases = [
            existing(work()),
            created(work(), work()).account(work()),
            existing(work()).paymaster(work(), 0),
            created(asm(), asm()).paymaster(work(), 0),
        ];
        for case in cases {
            let case = case.on(version).under(Constants::of(Profile::Compat));
            let (verification, paymaster) = counted(&case);
            let too_little = |case: Case, code: &str| {
                let failure = case.simulate().failure.expect("rejected").to_string();
                assert!(failure.contains(code), "{version}: {failure}");
            };
            case.clone().verification_gas(verification).is_fine();
            let code = if version.is_packed() { "AA26" } else { "AA40" };
            too_little(case.clone().verification_gas(verification - 1), code);
            if let Some(paymaster) = paymaster {
                case.clone().paymaster_gas(paymaster).is_fine();
                too_little(case.clone().paymaster_gas(paymaster - 1), "AA36");
            }
        }
    }
}

#[test]
fn lim_030_counts_as_the_entry_point_does() {
    let burning = existing(asm().burn(500));
    let (used, _) = counted(&burning);
    let own = burning.trace().account.expect("validated").gas_used;
    assert!(own < used, "the EntryPoint's share is part of it");
    burning.clone().verification_gas(used + 4_000).is_fine();
    burning.verification_gas(used + 3_999).breaks(&[(RuleId::Lim030, Account)]);
    let burning = sponsored(asm().burn(500));
    let used = counted(&burning).1.expect("validated");
    burning.clone().paymaster_gas(used + 4_000).is_fine();
    burning.paymaster_gas(used + 3_999).breaks(&[(RuleId::Lim030, Paymaster)]);
}

#[test]
fn lim_030_counts_the_deployment_too() {
    let case = created(asm().burn(500), asm());
    let deployment = case.trace().deploy.expect("deployed").gas_used;
    let (used, _) = counted(&case);
    assert!(deployment < used);
    case.clone().verification_gas(used + 4_000).is_fine();
    let thin = case.verification_gas(used + 3_999);
    thin.breaks(&[(RuleId::Lim030, Account)]);
    thin.under(Constants::of(Profile::Compat)).is_fine();
}

#[test]
fn lim_030_counts_a_paymaster_of_v06_against_the_one_limit() {
    let case = sponsored(asm().burn(500)).on(EntryPointVersion::V06);
    let (used, apart) = counted(&case);
    assert_eq!(apart, None);
    assert!(used > case.trace().paymaster_frame.expect("validated").gas_used);
    case.clone().verification_gas(used + 4_000).is_fine();
    case.verification_gas(used + 3_999).breaks(&[(RuleId::Lim030, Account)]);
}
