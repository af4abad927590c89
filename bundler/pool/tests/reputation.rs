//! Reputation beside the pool: what counts, what it allows, and that it is never ahead of the pool or behind it.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::primitives::{Address, B256, Bytes, U256};
use common::{CHAIN, entry_point, included, open, operation};
use tempfile::TempDir;
use writ_pool::{
    Attempt, Conflict, Counters, Inserted, Pool, PoolConfig, PoolError, PoolOperation,
    ReputationStatus, Sanction, Status,
};
use writ_types::{Constants, ErrorCode, Factory, Paymaster, Refusal, RuleId};

const PAYMASTER: Address = Address::repeat_byte(0x9a);
const OTHER_PAYMASTER: Address = Address::repeat_byte(0x9b);
const FACTORY: Address = Address::repeat_byte(0xfa);
const BANNED: Counters = Counters { seen: 10_000, included: 0 };
const THROTTLED: Counters = Counters { seen: 120, included: 1 };

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

fn hashed(mut entry: PoolOperation) -> PoolOperation {
    entry.hash = entry.operation.hash(entry_point().address, CHAIN, None).unwrap();
    entry
}

/// An operation of sender `number` that `paymaster` pays for.
fn sponsored(number: u64, fee: u128, paymaster: Address) -> PoolOperation {
    let mut entry = operation(number, 0, 0, fee);
    entry.operation.paymaster = Some(Paymaster {
        address: paymaster,
        verification_gas_limit: 1,
        post_op_gas_limit: 1,
        data: Bytes::new(),
        signature: None,
    });
    hashed(entry)
}

/// An operation whose sender `FACTORY` creates.
fn created(number: u64, staked: bool) -> PoolOperation {
    let mut entry = operation(number, 0, 0, 10);
    entry.operation.factory = Some(Factory { address: FACTORY, data: Bytes::new() });
    entry.facts.staked_factory = staked;
    hashed(entry)
}

fn counters(pool: &Pool, address: Address) -> (u64, u64) {
    let Counters { seen, included } = pool.reputation_of(entry_point().address, address).counters;
    (seen, included)
}

fn status(pool: &Pool, address: Address) -> ReputationStatus {
    pool.reputation_of(entry_point().address, address).status
}

fn set(pool: &Pool, address: Address, counters: Counters) {
    pool.set_reputations(entry_point().address, &[(address, counters)]).unwrap();
}

fn refusal(result: Result<Inserted, PoolError>) -> Refusal {
    match result {
        Err(PoolError::Conflict(conflict)) => conflict.into(),
        other => panic!("expected a conflict, found {other:?}"),
    }
}

fn dropped(pool: &Pool, entry: &PoolOperation) -> Option<String> {
    let record = pool.status(entry.hash).unwrap().unwrap();
    (record.status == Status::Dropped).then_some(record.reason)
}

fn submit(pool: &Pool, entry: &PoolOperation) {
    pool.record_attempt(Attempt {
        transaction: B256::repeat_byte(1),
        signer: Address::ZERO,
        nonce: 0,
        operations: vec![entry.hash],
        raw: Bytes::new(),
        note: vec![],
    })
    .unwrap();
}

#[test]
fn grep_010_a_banned_entity_is_refused_in_every_part() {
    let folder = folder();
    let pool = open(&folder);
    for (banned, entry) in [
        (PAYMASTER, sponsored(1, 10, PAYMASTER)),
        (FACTORY, created(2, true)),
        (common::sender(3), operation(3, 0, 0, 10)),
    ] {
        set(&pool, banned, BANNED);
        let refusal = refusal(pool.insert(entry.clone()));
        assert_eq!(
            (refusal.code, refusal.data.rule),
            (ErrorCode::Throttled, Some(RuleId::Grep010))
        );
        assert_eq!(refusal.data.address, Some(banned));
        assert!(
            refusal.message.contains(&banned.to_string()) && refusal.message.contains("banned")
        );
        set(&pool, banned, Counters::default());
        pool.insert(entry).unwrap();
    }
}

#[test]
fn grep_010_a_ban_removes_what_is_pooled_and_nothing_else() {
    let folder = folder();
    let pool = open(&folder);
    let entries = [
        sponsored(1, 10, PAYMASTER),
        sponsored(2, 10, PAYMASTER),
        sponsored(3, 10, OTHER_PAYMASTER),
        sponsored(4, 10, PAYMASTER),
    ];
    for entry in &entries {
        pool.insert(entry.clone()).unwrap();
    }
    submit(&pool, &entries[3]);
    pool.remove_with(entries[0].hash, "broke the bundle", &[Sanction::Ban(PAYMASTER)]).unwrap();
    assert_eq!(dropped(&pool, &entries[0]).as_deref(), Some("broke the bundle"));
    assert!(dropped(&pool, &entries[1]).unwrap().contains("GREP-010"));
    assert_eq!(dropped(&pool, &entries[2]), None);
    assert_eq!(dropped(&pool, &entries[3]), None, "it is in a signed transaction");
    assert_eq!(status(&pool, PAYMASTER), ReputationStatus::Banned);
    // Back from its transaction it is found at the next head.
    pool.settle(Address::ZERO, 0, "not included").unwrap();
    pool.pass_time(1, 0).unwrap();
    assert!(dropped(&pool, &entries[3]).unwrap().contains("GREP-010"));
    assert_eq!(pool.len(), 1);
    drop(pool);
    let pool = open(&folder);
    assert_eq!((pool.len(), counters(&pool, PAYMASTER)), (1, (10_000, 0)));
}

#[test]
fn grep_010_those_who_are_not_banned_do_not_pay_for_it() {
    let folder = folder();
    let pool = open(&folder);
    let mut both = sponsored(1, 10, PAYMASTER);
    both.sender_staked = true;
    pool.insert(both.clone()).unwrap();
    assert_eq!((counters(&pool, PAYMASTER), counters(&pool, common::sender(1))), ((1, 0), (1, 0)));
    pool.sanction(entry_point().address, &[Sanction::Ban(PAYMASTER)]).unwrap();
    assert!(dropped(&pool, &both).is_some());
    assert_eq!(counters(&pool, common::sender(1)), (0, 0));
}

#[test]
fn grep_020_a_throttled_entity_has_four() {
    let folder = folder();
    let pool = open(&folder);
    set(&pool, PAYMASTER, THROTTLED);
    for number in 0..4 {
        let mut entry = sponsored(number, 10, PAYMASTER);
        entry.facts.staked_paymaster = true;
        pool.insert(entry).unwrap();
    }
    let refusal = refusal(pool.insert(sponsored(4, 10, PAYMASTER)));
    assert_eq!((refusal.code, refusal.data.rule), (ErrorCode::Throttled, Some(RuleId::Grep020)));
    assert!(refusal.message.contains("throttled"), "{}", refusal.message);
    assert_eq!(refusal.data.required, Some(U256::from(4)));
    // A replacement needs no further place, another paymaster is not concerned.
    pool.insert(sponsored(3, 20, PAYMASTER)).unwrap();
    pool.insert(sponsored(5, 10, OTHER_PAYMASTER)).unwrap();
}

#[test]
fn grep_020_in_good_standing_there_is_no_such_limit() {
    let folder = folder();
    let pool = open(&folder);
    for number in 0..8 {
        pool.insert(sponsored(number, 10, PAYMASTER)).unwrap();
    }
    pool.pass_time(1_000, 0).unwrap();
    assert_eq!(pool.len(), 8);
}

#[test]
fn grep_020_what_a_throttled_entity_has_lives_for_ten_blocks() {
    let folder = folder();
    let pool = open(&folder);
    let mut throttled = sponsored(1, 10, PAYMASTER);
    throttled.facts.admitted_at = 100;
    let mut fine = sponsored(2, 10, OTHER_PAYMASTER);
    fine.facts.admitted_at = 100;
    pool.insert(throttled.clone()).unwrap();
    pool.insert(fine.clone()).unwrap();
    pool.pass_time(1_000, 0).unwrap();
    assert_eq!(pool.len(), 2, "whoever is in good standing may wait");
    set(&pool, PAYMASTER, THROTTLED);
    pool.pass_time(109, 0).unwrap();
    assert_eq!(pool.len(), 2);
    pool.pass_time(110, 0).unwrap();
    assert!(dropped(&pool, &throttled).unwrap().contains("GREP-020"));
    assert_eq!(dropped(&pool, &fine), None);
}

#[test]
fn grep_050_a_replacement_moves_the_count_to_the_new_paymaster() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(sponsored(1, 100, PAYMASTER)).unwrap();
    pool.insert(sponsored(1, 400, OTHER_PAYMASTER)).unwrap();
    assert_eq!((counters(&pool, PAYMASTER), counters(&pool, OTHER_PAYMASTER)), ((0, 0), (1, 0)));
    pool.insert(operation(1, 0, 0, 800)).unwrap();
    assert_eq!(counters(&pool, OTHER_PAYMASTER), (0, 0));
    assert_eq!(
        pool.reputations(entry_point().address).len(),
        2,
        "a tester sees what was taken back"
    );
    pool.pass_time(1, 1_000).unwrap();
    pool.pass_time(2, 1_000 + 3_600).unwrap();
    assert_eq!(pool.reputations(entry_point().address), [], "and nothing is kept of them");
}

#[test]
fn grep_050_what_was_replaced_does_not_count_as_seen_any_more() {
    let folder = folder();
    let pool = open(&folder);
    let replaced = sponsored(1, 100, PAYMASTER);
    let other = sponsored(1, 400, OTHER_PAYMASTER);
    pool.insert(replaced.clone()).unwrap();
    pool.insert(other.clone()).unwrap();
    // Should it come again, it is seen again.
    pool.remove(other.hash, "test").unwrap();
    pool.insert(replaced.clone()).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0));
    // Should somebody else include it, that is no inclusion of one that was seen.
    pool.insert(other).unwrap();
    pool.mine(&[included(&replaced, 7)]).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (0, 0));
}

#[test]
fn grep_050_who_stays_keeps_its_count() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(sponsored(1, 100, PAYMASTER)).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0));
    pool.insert(sponsored(1, 200, PAYMASTER)).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0));
}

#[test]
fn srep_040_a_staked_entity_in_good_standing_is_not_limited() {
    let folder = folder();
    let pool = open(&folder);
    for number in 0..20 {
        let mut entry = sponsored(number, 10, PAYMASTER);
        entry.facts.staked_paymaster = true;
        pool.insert(entry).unwrap();
        let mut entry = operation(100, number, 0, 10);
        entry.sender_staked = true;
        pool.insert(entry).unwrap();
        pool.insert(created(200 + number, true)).unwrap();
    }
    assert_eq!((counters(&pool, PAYMASTER), counters(&pool, FACTORY)), ((20, 0), (20, 0)));
    // The control: without the stake there is a limit.
    assert_eq!(refusal(pool.insert(sponsored(50, 10, PAYMASTER))).code, ErrorCode::StakeTooLow);
}

#[test]
fn urep_020_an_unstaked_paymaster_has_ten_and_what_it_earned() {
    let folder = folder();
    let pool = open(&folder);
    for number in 0..10 {
        pool.insert(sponsored(number, 10, PAYMASTER)).unwrap();
    }
    let refused = refusal(pool.insert(sponsored(10, 10, PAYMASTER)));
    assert_eq!((refused.code, refused.data.rule), (ErrorCode::StakeTooLow, Some(RuleId::Urep020)));
    assert!(refused.message.contains("unstaked"), "{}", refused.message);
    assert_eq!(
        (refused.data.paymaster, refused.data.required),
        (Some(PAYMASTER), Some(U256::from(10)))
    );
}

#[test]
fn urep_020_what_was_included_earns_places() {
    let folder = folder();
    let pool = open(&folder);
    for number in 0..10 {
        pool.insert(sponsored(number, 10, PAYMASTER)).unwrap();
    }
    // All that were seen were included: each earns a place.
    set(&pool, PAYMASTER, Counters { seen: 2, included: 2 });
    pool.insert(sponsored(10, 10, PAYMASTER)).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (3, 2));
    // 10 + 2 * 2 / 3 = 11, which is taken.
    assert_eq!(
        refusal(pool.insert(sponsored(11, 10, PAYMASTER))).data.required,
        Some(U256::from(11))
    );
}

#[test]
fn erep_010_a_deposit_covers_all_that_is_pooled() {
    let folder = folder();
    let pool = open(&folder);
    let entry = |number, fee, deposit: U256| {
        let mut entry = sponsored(number, fee, PAYMASTER);
        entry.facts.paymaster_deposit = Some(deposit);
        entry
    };
    let cost = sponsored(1, 10, PAYMASTER).operation.required_prefund();
    let enough = cost * U256::from(2);
    pool.insert(entry(1, 10, enough)).unwrap();
    let short = enough - U256::from(1);
    let refused = refusal(pool.insert(entry(2, 10, short)));
    assert_eq!(refused.code, ErrorCode::PaymasterDepositTooLow);
    assert_eq!(refused.data.rule, Some(RuleId::Erep010));
    assert_eq!((refused.data.actual, refused.data.required), (Some(short), Some(enough)));
    assert!(refused.message.contains("too low"), "{}", refused.message);
}

#[test]
fn erep_010_replacements_cost_the_difference_and_what_leaves_is_free_again() {
    let folder = folder();
    let pool = open(&folder);
    let entry = |number, fee, deposit: U256| {
        let mut entry = sponsored(number, fee, PAYMASTER);
        entry.facts.paymaster_deposit = Some(deposit);
        entry
    };
    let cost = sponsored(1, 10, PAYMASTER).operation.required_prefund();
    let enough = cost * U256::from(2);
    pool.insert(entry(1, 10, enough)).unwrap();
    pool.insert(entry(2, 10, enough)).unwrap();
    // A replacement costs the difference; another paymaster has a deposit of its own.
    assert!(pool.insert(entry(2, 20, enough)).is_err());
    pool.insert(entry(2, 20, cost * U256::from(3))).unwrap();
    pool.insert(sponsored(3, 10, OTHER_PAYMASTER)).unwrap();
    // What leaves the pool is free again.
    pool.remove(sponsored(1, 10, PAYMASTER).hash, "test").unwrap();
    pool.insert(entry(4, 10, cost * U256::from(3))).unwrap();
}

#[test]
fn only_paymasters_and_whoever_is_staked_are_seen() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(created(1, false)).unwrap();
    pool.insert(operation(2, 0, 0, 10)).unwrap();
    assert_eq!(
        pool.reputations(entry_point().address),
        [],
        "nobody can ruin a factory without stake"
    );
    pool.insert(sponsored(3, 10, PAYMASTER)).unwrap();
    pool.insert(created(4, true)).unwrap();
    let seen: Vec<_> =
        pool.reputations(entry_point().address).iter().map(|entry| entry.address).collect();
    assert_eq!(seen, [PAYMASTER, FACTORY]);
}

#[test]
fn a_factory_that_v09_ignores_is_not_seen() {
    let folder = folder();
    let pool = open(&folder);
    let mut ignored = created(1, true);
    ignored.operation.version = writ_types::EntryPointVersion::V09;
    pool.insert(hashed(ignored)).unwrap();
    assert_eq!(counters(&pool, FACTORY), (0, 0));
    let mut acting = created(2, true);
    acting.operation.version = writ_types::EntryPointVersion::V09;
    acting.facts.created = vec![acting.operation.sender];
    pool.insert(hashed(acting)).unwrap();
    assert_eq!(counters(&pool, FACTORY), (1, 0));
}

#[test]
fn an_operation_is_seen_once_however_often_it_comes() {
    let folder = folder();
    let pool = open(&folder);
    let entry = sponsored(1, 10, PAYMASTER);
    pool.insert(entry.clone()).unwrap();
    let mut attested = entry.clone();
    attested.attested = true;
    pool.insert(attested).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0), "the same with a better suffix");
    pool.remove(entry.hash, "test").unwrap();
    pool.insert(entry.clone()).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0), "dropped, and sent again");
    // Refused operations are not seen at all.
    assert!(pool.insert(entry).is_err());
    assert_eq!(counters(&pool, PAYMASTER), (1, 0));
}

#[test]
fn what_is_forgiven_counts_for_nobody_and_once() {
    let folder = folder();
    let pool = open(&folder);
    set(&pool, PAYMASTER, Counters { seen: 5, included: 2 });
    let entry = sponsored(1, 10, PAYMASTER);
    pool.insert(entry.clone()).unwrap();
    let twice = [Sanction::Forgive(PAYMASTER), Sanction::Forgive(PAYMASTER)];
    pool.remove_with(entry.hash, "its account failed", &twice).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (5, 2));
    // Included all the same, by somebody else: it was not seen.
    pool.mine(&[included(&entry, 7)]).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (5, 2));
}

#[test]
fn inclusions_count_once_and_a_reorganisation_undoes_them() {
    let folder = folder();
    let pool = open(&folder);
    let entry = sponsored(1, 10, PAYMASTER);
    pool.insert(entry.clone()).unwrap();
    let inclusion = included(&entry, 7);
    pool.mine(&[inclusion.clone(), inclusion.clone()]).unwrap();
    pool.mine(std::slice::from_ref(&inclusion)).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 1));
    pool.unmine(8).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 1), "a block after it");
    pool.unmine(7).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0));
    pool.unmine(7).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 0));
    drop(pool);
    let pool = open(&folder);
    pool.mine(&[included(&entry, 8)]).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 1), "in another block, after a restart");
    // One that was never here.
    pool.mine(&[included(&sponsored(2, 10, PAYMASTER), 8)]).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (1, 1));
}

#[test]
fn reputation_and_its_clock_survive_and_catch_up() {
    let folder = folder();
    let pool = open(&folder);
    pool.pass_time(1, 1_000_000).unwrap();
    set(&pool, PAYMASTER, Counters { seen: 240, included: 24 });
    pool.insert(sponsored(1, 10, OTHER_PAYMASTER)).unwrap();
    drop(pool);
    let pool = open(&folder);
    assert_eq!((counters(&pool, PAYMASTER), counters(&pool, OTHER_PAYMASTER)), ((240, 24), (1, 0)));
    // It was stopped for two hours and a half.
    pool.pass_time(2, 1_000_000 + 9_000).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (220, 22));
    drop(pool);
    let pool = open(&folder);
    pool.pass_time(3, 1_000_000 + 3 * 3_600 - 1).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (220, 22), "the same hours do not pass twice");
    pool.pass_time(3, 1_000_000 + 3 * 3_600).unwrap();
    assert_eq!(counters(&pool, PAYMASTER), (210, 21));
    assert_eq!(counters(&pool, OTHER_PAYMASTER), (0, 0));
    drop(pool);
    assert_eq!(open(&folder).reputations(entry_point().address).len(), 1, "what faded is gone");
}

#[test]
fn a_head_that_changes_nothing_wakes_nobody() {
    let folder = folder();
    let pool = open(&folder);
    pool.pass_time(1, 1_000_000).unwrap();
    let changes = pool.subscribe();
    pool.pass_time(2, 1_000_000 + 3_599).unwrap();
    assert!(!changes.has_changed().unwrap());
    pool.pass_time(3, 1_000_000 + 3_600).unwrap();
    assert!(changes.has_changed().unwrap(), "the clock has moved");
}

#[test]
fn the_number_of_reputations_is_bounded() {
    let folder = folder();
    let config = PoolConfig { max_reputations: 16, ..PoolConfig::new(CHAIN) };
    let pool = Pool::open(folder.path(), config).unwrap();
    set(&pool, PAYMASTER, BANNED);
    for number in 1..=100_u8 {
        pool.insert(sponsored(number.into(), 10, Address::repeat_byte(number))).unwrap();
    }
    assert!(pool.reputations(entry_point().address).len() <= 16);
    assert_eq!(status(&pool, PAYMASTER), ReputationStatus::Banned, "nobody floods a ban away");
    drop(pool);
    let pool = Pool::open(folder.path(), config).unwrap();
    assert!(pool.reputations(entry_point().address).len() <= 16);
}

#[test]
fn reputations_can_be_set_by_hand_and_cleared() {
    let folder = folder();
    let pool = open(&folder);
    let pooled = sponsored(1, 10, PAYMASTER);
    pool.insert(pooled.clone()).unwrap();
    set(&pool, PAYMASTER, BANNED);
    assert!(dropped(&pool, &pooled).is_some());
    let elsewhere = pool.reputation_of(Address::ZERO, PAYMASTER);
    assert_eq!(elsewhere.status, ReputationStatus::Ok, "EntryPoints are told apart");
    pool.clear_reputations().unwrap();
    assert_eq!(pool.reputations(entry_point().address), []);
    pool.insert(sponsored(2, 10, PAYMASTER)).unwrap();
    pool.clear_operations().unwrap();
    assert!(pool.is_empty());
    assert_eq!(counters(&pool, PAYMASTER), (1, 0), "the operations only");
    drop(pool);
    assert!(open(&folder).is_empty());
}

#[test]
fn sto_041_is_judged_at_entry_or_left_to_the_bundle() {
    let folder = folder();
    let touching = {
        let mut entry = operation(2, 0, 0, 10);
        entry.touched = vec![writ_pool::Slot { address: common::sender(1), slot: U256::ZERO }];
        entry
    };
    let pool = open(&folder);
    pool.insert(operation(1, 0, 0, 10)).unwrap();
    match pool.insert(touching.clone()) {
        Err(PoolError::Conflict(Conflict::ForeignSender { contract })) => {
            assert_eq!(contract, common::sender(1));
        }
        other => panic!("{other:?}"),
    }
    drop(pool);
    let constants = Constants { foreign_sender_at_entry: false, ..Constants::TEXT };
    let pool =
        Pool::open(folder.path(), PoolConfig { constants, ..PoolConfig::new(CHAIN) }).unwrap();
    pool.insert(touching).unwrap();
}
