//! `docs/erc-7562.md` is what the rules' enum and this list of where each is checked give.
//!
//! Written anew by `WRIT_WRITE_DOCS=1 cargo test -p writ-types --test rule_table`.

// Helpers of tests are not inside `#[test]` functions.
#![allow(clippy::unwrap_used)]

use std::{fmt::Write, fs, path::PathBuf};

use writ_types::{Constants, Profile, REMOVED_RULES, RuleId, RuleScope};

const OPCODES: &str = "simulation/tests/operations/rules_opcodes.rs";
const CREATION: &str = "simulation/tests/operations/rules_creation.rs";
const CALLS: &str = "simulation/tests/operations/rules_calls.rs";
const STORAGE: &str = "simulation/tests/operations/rules_storage.rs";
const AUTHORIZATION: &str = "simulation/tests/operations/rules_authorization.rs";
const LIMITS: &str = "simulation/tests/operations/rules_limits.rs";
const POOL: &str = "bundler/pool/tests/rules.rs";
const REPUTATION: &str = "bundler/pool/tests/reputation.rs";
const CHECKS: &str = "bundler/admission/src/checks.rs";
const BLAME: &str = "bundler/admission/src/blame_tests.rs";
const BUNDLE: &str = "bundler/admission/src/bundle_tests.rs";
const SAVINGS: &str = "bundler/admission/src/savings_tests.rs";
const COMPANY: &str = "bundler/builder/src/company_tests.rs";
const ASSEMBLE: &str = "bundler/builder/src/assemble.rs";
const CHAIN: &str = "bundler/builder/tests/reputation.rs";
const ENGINE: &str = "simulation/tests/engine/bundles.rs";

/// A test: its file and its name.
type Test = (&'static str, &'static str);

/// Where a rule is checked, a test of what it lets through, and one of what it stops.
struct Coverage {
    checked: &'static str,
    allows: Test,
    refuses: Test,
}

const fn covered(
    checked: &'static str,
    (allowing, allows): Test,
    (refusing, refuses): Test,
) -> Coverage {
    Coverage { checked, allows: (allowing, allows), refuses: (refusing, refuses) }
}

/// `None` for rules that do not apply here.
#[rustfmt::skip]
fn coverage(rule: RuleId) -> Option<Coverage> {
    use RuleId::*;
    let rules = |file: &'static str, tests, allows, refuses| Some(covered(file, (tests, allows), (tests, refuses)));
    let opcodes = |allows, refuses| rules("simulation/src/rules/opcodes.rs", OPCODES, allows, refuses);
    let creation = |allows, refuses| rules("simulation/src/rules/creation.rs", CREATION, allows, refuses);
    let calls = |allows, refuses| rules("simulation/src/rules/calls.rs", CALLS, allows, refuses);
    let storage = |allows, refuses| rules("simulation/src/rules/storage.rs", STORAGE, allows, refuses);
    let pool = |allows, refuses| rules("bundler/pool/src/index.rs", REPUTATION, allows, refuses);
    match rule {
        Op011 => opcodes("op_011_allows_the_same_bytes_as_data_and_the_same_opcodes_in_execution", "op_011_each_banned_opcode_in_each_frame"),
        Op012 => opcodes("op_012_gas_is_for_calls", "op_012_gas_for_anything_else_is_blocked"),
        Op013 => opcodes("op_013_depends_on_the_fork", "op_013_unassigned_opcodes"),
        Op020 => opcodes("op_020_allows_reverts_and_enough_gas", "op_020_every_way_to_run_out_of_gas"),
        Op080 => opcodes("op_080_balances_are_for_staked_entities", "op_080_balances_are_not_for_others"),
        Op031 => creation("op_031_the_factory_creates_the_sender_once", "op_031_nobody_else_may_use_create2"),
        Op032 => creation("op_032_the_sender_itself_may_use_create", "op_032_nobody_else_may_use_create"),
        Erep060 => creation("erep_060_a_staked_factory_lets_both_create", "erep_060_nobody_elses_stake_does"),
        Erep061 => creation("erep_061_a_staked_factory_may_have_a_helper_that_uses_create", "erep_061_not_create2_not_without_stake_and_not_for_the_account"),
        Op041 => calls("op_042_the_factory_may_use_the_sender_before_it_exists", "op_041_addresses_without_code"),
        Op042 => calls("op_042_the_factory_may_use_the_sender_before_it_exists", "op_042_is_about_the_factory_and_the_sender_only"),
        Op051 => calls("op_051_the_check_that_compilers_emit", "op_051_no_other_look_at_its_code"),
        Op052 => calls("op_052_deposits_for_the_sender", "op_052_no_deposits_for_or_by_others"),
        Op053 => calls("op_053_the_sender_may_pay_the_fallback", "op_053_nobody_else_may"),
        Op054 => calls("op_054_is_about_validation_only", "op_054_everything_else_on_the_entry_point"),
        Op055 => calls("op_055_the_sender_may_use_up_nonces", "op_055_nobody_else_may_and_not_with_value"),
        Op061 => calls("op_061_without_value_or_while_executing_they_are_fine", "op_061_calls_with_value"),
        Op062 => calls("op_062_the_known_precompiles", "op_062_no_others"),
        Op070 => storage("op_070_allows_transient_storage_where_storage_is_allowed", "op_070_says_so_and_keeps_reads_and_writes_apart"),
        Sto010 => storage("sto_010_own_storage_of_the_account", "sto_010_the_same_code_as_a_contract_of_its_own"),
        Sto021 => storage("sto_021_slots_associated_with_an_existing_account", "sto_021_needs_association_with_the_sender"),
        Sto022 => storage("sto_022_a_staked_factory_opens_the_new_accounts_slots", "sto_022_not_without_stake_and_not_others"),
        Sto031 => storage("sto_031_own_storage_of_factory_and_paymaster", "sto_031_not_without_a_stake_of_its_own"),
        Sto032 => storage("sto_032_slots_associated_with_a_staked_entity", "sto_032_not_without_stake_and_not_for_others"),
        Sto033 => storage("sto_033_reading_anything_when_staked", "sto_033_not_without_stake_and_never_writing"),
        Erep050 => rules("simulation/src/rules/entity.rs", STORAGE, "erep_050_a_staked_paymaster_may_return_a_context", "erep_050_context_needs_stake"),
        Cod010 => rules("simulation/src/rules/entity.rs, bundler/admission/src/again.rs", CHAIN, "loc_010_only_what_changed_is_simulated_again", "cod_010_changed_code_drops_an_operation_before_its_bundle"),
        Sto040 => rules("bundler/pool/src/index.rs", POOL, "sto_040_once_the_other_one_is_gone_it_is_welcome", "sto_040_an_address_has_one_part"),
        Sto041 => rules("bundler/pool/src/index.rs", POOL, "sto_041_does_not_keep_it_out_of_its_own_sender_and_of_contracts", "sto_041_validation_keeps_out_of_other_senders"),
        Grep010 => pool("grep_010_those_who_are_not_banned_do_not_pay_for_it", "grep_010_a_banned_entity_is_refused_in_every_part"),
        Grep020 => pool("grep_020_in_good_standing_there_is_no_such_limit", "grep_020_a_throttled_entity_has_four"),
        Grep040 => rules("bundler/admission/src/blame.rs", CHAIN, "grep_040_nobody_is_banned_who_only_failed_alone", "grep_040_who_breaks_a_bundle_is_banned_and_the_others_go"),
        Grep050 => rules("bundler/pool/src/standing.rs", REPUTATION, "grep_050_who_stays_keeps_its_count", "grep_050_a_replacement_moves_the_count_to_the_new_paymaster"),
        Srep010 => Some(covered("bundler/admission/src/stakes.rs", (CHAIN, "srep_010_stakes_are_read_from_the_entry_point"), ("bundler/types/src/entity.rs", "stake_needs_amount_and_delay"))),
        Srep040 => pool("srep_040_a_staked_entity_in_good_standing_is_not_limited", "grep_020_a_throttled_entity_has_four"),
        Urep010 => rules("bundler/pool/src/index.rs", POOL, "urep_010_a_replacement_a_stake_and_another_sender_are_fine", "urep_010_an_unstaked_sender_has_four"),
        Urep020 => pool("urep_020_what_was_included_earns_places", "urep_020_an_unstaked_paymaster_has_ten_and_what_it_earned"),
        Erep010 => pool("erep_010_replacements_cost_the_difference_and_what_leaves_is_free_again", "erep_010_a_deposit_covers_all_that_is_pooled"),
        Erep015 => rules("bundler/admission/src/blame.rs", BLAME, "erep_015_a_paymaster_is_forgiven_what_others_fail", "erep_015_does_not_forgive_the_paymasters_own_failure"),
        Erep020 => rules("bundler/admission/src/blame.rs", BLAME, "erep_020_not_without_stake_and_not_for_what_others_bring_about", "erep_020_a_staked_factory_answers_for_its_account"),
        Erep030 => rules("bundler/admission/src/blame.rs", BLAME, "erep_030_an_unstaked_account_does_not", "erep_030_a_staked_account_answers_for_its_paymaster_and_factory"),
        Erep055 => rules("bundler/admission/src/bundle.rs", BUNDLE, "erep_055_the_same_length_is_no_reason", "erep_055_a_paymaster_whose_context_changed_is_banned_whoever_reverted"),
        Erep070 => rules("bundler/admission/src/savings.rs", SAVINGS, "erep_070_what_others_warmed_is_no_game", "erep_070_more_than_a_tenth_less_is_throttled"),
        Auth010 => rules("the format: an operation has one eip7702Auth", CHECKS, "auth_010_a_tuple_is_the_senders_own_and_for_this_chain", "auth_010_an_operation_has_one_tuple_and_a_second_is_refused"),
        Auth020 => rules("simulation/src/rules/authorization.rs", AUTHORIZATION, "auth_020_the_sender_may_be_one", "auth_020_paymaster_and_factory_are_no_eip_7702_accounts"),
        Auth030 => rules("simulation/src/rules/authorization.rs", AUTHORIZATION, "auth_030_the_sender_who_is_one_may_be_reached_and_so_may_its_delegate", "auth_030_nobody_else_who_is_one_may_be_reached"),
        Auth040 => rules("bundler/pool/src/index.rs", POOL, "auth_040_the_same_delegate_and_another_sender_are_fine", "auth_040_one_sender_one_delegate"),
        Lim010 => rules("bundler/admission/src/checks.rs", CHECKS, "a_fair_operation_passes", "lim_010_packed_operations_have_at_most_the_constant"),
        Lim020 => rules("simulation/src/rules/limits.rs", LIMITS, "lim_020_as_many_are_fine", "lim_020_a_context_has_at_most_the_constant"),
        Lim030 => rules("simulation/src/rules/limits.rs", LIMITS, "lim_030_counts_the_deployment_too", "lim_030_counts_as_the_entry_point_does"),
        Lim040 => rules("bundler/builder/src/assemble.rs", ASSEMBLE, "lim_040_a_bundles_calldata_may_be_exactly_so_long", "lim_040_a_byte_more_is_too_long"),
        Lim050 => rules("bundler/builder/src/company.rs", COMPANY, "grep_020_a_throttled_entity_has_four_places_in_a_bundle", "lim_050_contexts_of_a_bundle_are_bounded_together"),
        Lim060 => rules("bundler/admission/src/checks.rs", CHECKS, "a_fair_operation_passes", "lim_060_verification_gas_limits_stay_below_the_constant"),
        Lim070 => rules("bundler/admission/src/checks.rs", CHECKS, "a_fair_operation_passes", "lim_070_pre_verification_gas_pays_for_bytes_and_overhead"),
        Loc010 => rules("bundler/admission/src/again.rs, bundle.rs", CHAIN, "loc_010_only_what_changed_is_simulated_again", "cod_010_changed_code_drops_an_operation_before_its_bundle"),
        Loc020 => rules("bundler/builder/src/company.rs, bundler/admission/src/company.rs", COMPANY, "loc_020_shared_contracts_and_one_senders_queue_go_together", "loc_020_who_accesses_another_sender_waits_whoever_was_first"),
        Loc030 => rules("bundler/admission/src/bundle.rs", CHAIN, "grep_040_who_breaks_a_bundle_is_banned_and_the_others_go", "loc_030_a_bundle_spends_no_more_than_a_paymaster_has"),
        Loc040 => rules("bundler/admission/src/blame.rs", BLAME, "loc_040_the_entry_points_own_word_goes_first", "loc_040_a_revert_is_pinned_on_whoever_was_called_last"),
        Loc050 => rules("simulation/src/simulator.rs", ENGINE, "validation_alone_stops_before_execution_with_the_same_validation_trace", "overrides_replace_exactly_what_they_name"),
        Erep016 | Erep040 | Alt010 | Alt020 | Alt021 | Alt030 | Alt040 | Arep010 | Arep020 | Loc060 => None,
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn linked((file, test): Test) -> String {
    format!("[`{test}`](../{file})")
}

fn scope(rule: RuleId) -> &'static str {
    match rule.scope() {
        RuleScope::Network => "network",
        RuleScope::Local => "local",
        RuleScope::Concept => "concept",
    }
}

fn document() -> String {
    let mut text = String::from(
        "# ERC-7562 in Writ\n\n\
         Generated from the enum `RuleId` and from `bundler/types/tests/rule_table.rs`; written anew by\n\
         `WRIT_WRITE_DOCS=1 cargo test -p writ-types --test rule_table`. Refusals carry the id of the rule in `data.rule`.\n\n\
         ## Rules in force\n\n\
         `LOC-` ids are this bundler's own, for rules to which the text gives none.\n\n\
         | id | reach | what it means | checked in | a test that it allows | a test that it refuses |\n\
         |---|---|---|---|---|---|\n",
    );
    for rule in RuleId::ALL {
        if let Some(Coverage { checked, allows, refuses }) = coverage(*rule) {
            let (scope, meaning) = (scope(*rule), rule.meaning());
            let (allows, refuses) = (linked(allows), linked(refuses));
            writeln!(text, "| {rule} | {scope} | {meaning} | {checked} | {allows} | {refuses} |")
                .unwrap();
        }
    }
    text.push_str("\n## Not applicable\n\n| id | what it means | why |\n|---|---|---|\n");
    for rule in RuleId::ALL {
        if let Some(reason) = rule.not_applicable() {
            writeln!(text, "| {rule} | {} | {reason} |", rule.meaning()).unwrap();
        }
    }
    for (id, fate) in REMOVED_RULES {
        writeln!(text, "| {id} | no rule any more | {fate} |").unwrap();
    }
    text.push_str(
        "\n## Constants\n\nAll are configuration: a flag, a variable and a key of the file each, over `--profile`.\n\n\
         | constant | `default` | `compat` |\n|---|---|---|\n",
    );
    let (default, compat) = (Constants::of(Profile::Default), Constants::of(Profile::Compat));
    for ((name, one), (_, other)) in constants(&default).into_iter().zip(constants(&compat)) {
        writeln!(text, "| {name} | {one} | {other} |").unwrap();
    }
    text
}

fn constants(constants: &Constants) -> Vec<(&'static str, String)> {
    let Constants {
        min_stake_value,
        min_unstake_delay,
        same_sender_mempool_count,
        same_unstaked_entity_mempool_count,
        throttled_entity_mempool_count,
        throttled_entity_live_blocks,
        throttled_entity_bundle_count,
        min_inclusion_rate_denominator,
        throttling_slack,
        ban_slack,
        ban_ops_seen_penalty,
        max_ops_allowed_unstaked_entity,
        pre_verification_overhead_gas,
        max_verification_gas,
        max_user_operation_size,
        max_context_size,
        max_bundle_size,
        max_bundle_context_size,
        validation_gas_slack,
        foreign_sender_at_entry,
        deposits_by_entities_only,
    } = constants;
    vec![
        ("MIN_STAKE_VALUE (wei)", min_stake_value.to_string()),
        ("MIN_UNSTAKE_DELAY (seconds)", min_unstake_delay.to_string()),
        ("SAME_SENDER_MEMPOOL_COUNT", same_sender_mempool_count.to_string()),
        ("SAME_UNSTAKED_ENTITY_MEMPOOL_COUNT", same_unstaked_entity_mempool_count.to_string()),
        ("THROTTLED_ENTITY_MEMPOOL_COUNT", throttled_entity_mempool_count.to_string()),
        ("THROTTLED_ENTITY_LIVE_BLOCKS", throttled_entity_live_blocks.to_string()),
        ("THROTTLED_ENTITY_BUNDLE_COUNT", throttled_entity_bundle_count.to_string()),
        ("MIN_INCLUSION_RATE_DENOMINATOR", min_inclusion_rate_denominator.to_string()),
        ("THROTTLING_SLACK", throttling_slack.to_string()),
        ("BAN_SLACK", ban_slack.to_string()),
        ("BAN_OPS_SEEN_PENALTY", ban_ops_seen_penalty.to_string()),
        ("MAX_OPS_ALLOWED_UNSTAKED_ENTITY", max_ops_allowed_unstaked_entity.to_string()),
        ("PRE_VERIFICATION_OVERHEAD_GAS", pre_verification_overhead_gas.to_string()),
        ("MAX_VERIFICATION_GAS", max_verification_gas.to_string()),
        ("MAX_USEROP_SIZE (bytes)", max_user_operation_size.to_string()),
        ("MAX_CONTEXT_SIZE (bytes)", max_context_size.to_string()),
        ("MAX_BUNDLE_SIZE (bytes)", max_bundle_size.to_string()),
        ("MAX_BUNDLE_CONTEXT_SIZE (bytes)", max_bundle_context_size.to_string()),
        ("VALIDATION_GAS_SLACK", validation_gas_slack.to_string()),
        (
            "STO-041 judged",
            if *foreign_sender_at_entry { "at entry" } else { "in the bundle" }.into(),
        ),
        (
            "OP-052, OP-053 allow",
            if *deposits_by_entities_only { "the entity itself" } else { "whom it calls, too" }
                .into(),
        ),
    ]
}

#[test]
fn the_committed_table_is_what_the_rules_give() {
    let path = root().join("docs/erc-7562.md");
    if std::env::var_os("WRIT_WRITE_DOCS").is_some() {
        fs::write(&path, document()).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == document(),
        "docs/erc-7562.md is out of date: run WRIT_WRITE_DOCS=1 cargo test -p writ-types --test rule_table"
    );
}

#[test]
fn every_rule_in_force_has_tests_that_exist() {
    for rule in RuleId::ALL {
        let covered = coverage(*rule);
        assert_eq!(covered.is_none(), rule.not_applicable().is_some(), "{rule}");
        for (file, test) in covered.iter().flat_map(|covered| [covered.allows, covered.refuses]) {
            let source = fs::read_to_string(root().join(file)).unwrap();
            let place = source.find(&format!("fn {test}()"));
            let place = place.unwrap_or_else(|| panic!("{rule}: {file} has no test {test}"));
            let head = source[..place].trim_end().trim_end_matches("async").trim_end();
            assert!(
                head.ends_with(']') && head[head.len() - 60.min(head.len())..].contains("test"),
                "{test}"
            );
        }
    }
}
