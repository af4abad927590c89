//! Who may join the pool, who replaces whom, and who is bundled first.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;

use alloy::{
    eips::eip7702::{Authorization, SignedAuthorization},
    primitives::{Address, Bytes, U256},
};
use common::{CHAIN, entry_point, open, operation, sender};
use tempfile::TempDir;
use writ_pool::{Conflict, Pool, PoolConfig, PoolError, PoolOperation, Slot, Status};
use writ_types::{ErrorCode, Paymaster, Refusal, RuleId};

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

fn conflict(result: Result<writ_pool::Inserted, PoolError>) -> Conflict {
    match result {
        Err(PoolError::Conflict(conflict)) => conflict,
        other => panic!("expected a conflict, found {other:?}"),
    }
}

fn with_paymaster(mut entry: PoolOperation, address: Address) -> PoolOperation {
    entry.operation.paymaster = Some(Paymaster {
        address,
        verification_gas_limit: 1,
        post_op_gas_limit: 1,
        data: Bytes::new(),
        signature: None,
    });
    entry.hash = entry.operation.hash(entry_point().address, CHAIN, None).unwrap();
    entry
}

fn delegating(mut entry: PoolOperation, to: Address) -> PoolOperation {
    let inner = Authorization { chain_id: U256::from(CHAIN), address: to, nonce: 0 };
    entry.operation.authorization =
        Some(SignedAuthorization::new_unchecked(inner, 0, U256::from(1), U256::from(1)));
    entry
}

fn hashes(operations: &[std::sync::Arc<PoolOperation>]) -> Vec<alloy::primitives::B256> {
    operations.iter().map(|operation| operation.hash).collect()
}

#[test]
fn replacement_needs_exactly_ten_percent_on_both_fees() {
    let folder = folder();
    let pool = open(&folder);
    let old = operation(1, 0, 0, 1_000);
    pool.insert(old.clone()).unwrap();
    assert!(matches!(conflict(pool.insert(old.clone())), Conflict::AlreadyKnown { .. }));

    let with_fees = |fee: u128, tip: u128| {
        let mut new = operation(1, 0, 0, 1_000);
        new.operation.max_fee_per_gas = fee;
        new.operation.max_priority_fee_per_gas = tip;
        new.hash = new.operation.hash(entry_point().address, CHAIN, None).unwrap();
        new
    };
    for (fee, tip) in [(2_199, 1_100), (2_200, 1_099), (1_999, 1_100)] {
        match conflict(pool.insert(with_fees(fee, tip))) {
            Conflict::Underpriced { required_fee, required_priority_fee, pooled } => {
                assert_eq!(required_fee, U256::from(2_200));
                assert_eq!(required_priority_fee, U256::from(1_100));
                assert_eq!(pooled, old.hash);
            }
            other => panic!("{other}"),
        }
    }
    let new = with_fees(2_200, 1_100);
    assert_eq!(pool.insert(new.clone()).unwrap().replaced, Some(old.hash));
    assert_eq!(pool.len(), 1);
    let record = pool.status(old.hash).unwrap().unwrap();
    assert_eq!(record.status, Status::Dropped);
    assert!(record.reason.contains(&new.hash.to_string()));
    // The bump is rounded up: one wei more than a tip of 1 is 2.
    pool.insert(operation(2, 0, 0, 1)).unwrap();
    let mut same = operation(2, 0, 0, 1);
    same.operation.call_gas_limit += 1;
    same.hash = same.operation.hash(entry_point().address, CHAIN, None).unwrap();
    assert!(matches!(conflict(pool.insert(same)), Conflict::Underpriced { .. }));
}

#[test]
fn a_verifying_suffix_replaces_one_that_does_not_verify() {
    let folder = folder();
    let pool = open(&folder);
    let mut poisoned = operation(1, 0, 0, 1_000);
    poisoned.operation.signature = Bytes::from_static(b"somebody else's suffix");
    let mut real = operation(1, 0, 0, 1_000);
    real.attested = true;
    assert_eq!(poisoned.hash, real.hash, "the suffix is outside the hash");

    pool.insert(poisoned.clone()).unwrap();
    assert_eq!(pool.insert(real.clone()).unwrap().replaced, Some(real.hash));
    assert_eq!(*pool.get(real.hash).unwrap(), real);
    assert_eq!(pool.len(), 1);
    assert_eq!(pool.status(real.hash).unwrap().unwrap().status, Status::Pending);
    // Not the other way round, and not again.
    assert!(matches!(conflict(pool.insert(poisoned)), Conflict::AlreadyKnown { .. }));
    assert!(matches!(conflict(pool.insert(real.clone())), Conflict::AlreadyKnown { .. }));
    // A dropped operation may be sent again: refusals are not remembered.
    pool.remove(real.hash, "test").unwrap();
    pool.insert(real).unwrap();
}

#[test]
fn an_operation_on_its_way_is_not_replaced() {
    let folder = folder();
    let pool = open(&folder);
    let old = operation(1, 0, 0, 1_000);
    pool.insert(old.clone()).unwrap();
    pool.record_attempt(writ_pool::Attempt {
        transaction: alloy::primitives::B256::repeat_byte(1),
        signer: Address::ZERO,
        nonce: 0,
        operations: vec![old.hash],
        raw: Bytes::new(),
        note: vec![],
    })
    .unwrap();
    assert!(matches!(conflict(pool.insert(operation(1, 0, 0, 5_000))), Conflict::InFlight { .. }));
}

#[test]
fn urep_010_an_unstaked_sender_has_four() {
    let folder = folder();
    let pool = open(&folder);
    for key in 0..4 {
        pool.insert(operation(1, key, 0, 10)).unwrap();
    }
    let fifth = operation(1, 4, 0, 10);
    let refusal = Refusal::from(conflict(pool.insert(fifth)));
    assert_eq!((refusal.code, refusal.data.rule), (ErrorCode::StakeTooLow, Some(RuleId::Urep010)));
    assert_eq!(refusal.data.minimum_unstake_delay, Some(U256::from(86_400)));
    assert_eq!(refusal.data.address, Some(sender(1)));
}

#[test]
fn urep_010_a_replacement_a_stake_and_another_sender_are_fine() {
    let folder = folder();
    let pool = open(&folder);
    for key in 0..4 {
        pool.insert(operation(1, key, 0, 10)).unwrap();
    }
    pool.insert(operation(1, 3, 0, 20)).unwrap();
    pool.insert(operation(2, 0, 0, 10)).unwrap();
    let mut staked = operation(1, 4, 0, 10);
    staked.sender_staked = true;
    pool.insert(staked).unwrap();
}

#[test]
fn a_full_pool_refuses_and_evicts_nobody() {
    let folder = folder();
    let size = operation(0, 0, 0, 1).operation.packed_size();
    let limits = [
        PoolConfig { max_operations: 2, ..PoolConfig::new(CHAIN) },
        PoolConfig { max_bytes: 2 * size, ..PoolConfig::new(CHAIN) },
    ];
    for (at, config) in limits.into_iter().enumerate() {
        let pool = Pool::open(folder.path().join(at.to_string()), config).unwrap();
        pool.insert(operation(1, 0, 0, 1)).unwrap();
        pool.insert(operation(2, 0, 0, 1)).unwrap();
        let refusal = Refusal::from(conflict(pool.insert(operation(3, 0, 0, 1_000_000))));
        assert_eq!(refusal.code, ErrorCode::LimitExceeded);
        assert_eq!((pool.len(), pool.bytes()), (2, 2 * size));
        // A replacement fits where it was.
        pool.insert(operation(2, 0, 0, 2)).unwrap();
    }
}

#[test]
fn sto_040_an_address_has_one_part() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(operation(1, 0, 0, 10)).unwrap();
    let text = conflict(pool.insert(with_paymaster(operation(2, 0, 0, 10), sender(1)))).to_string();
    assert!(text.starts_with("paymaster"), "{text}");
    assert!(
        text.ends_with("is used as a sender entity in another UserOperation currently in mempool")
    );

    pool.insert(with_paymaster(operation(3, 0, 0, 10), sender(4))).unwrap();
    let refused = conflict(pool.insert(operation(4, 0, 0, 10)));
    assert!(refused.to_string().contains("is used as a different entity"));
    assert_eq!(Refusal::from(refused).data.rule, Some(RuleId::Sto040));
}

#[test]
fn sto_040_once_the_other_one_is_gone_it_is_welcome() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(with_paymaster(operation(3, 0, 0, 10), sender(4))).unwrap();
    assert!(pool.insert(operation(4, 0, 0, 10)).is_err());
    let other = pool.of_sender(sender(3))[0].hash;
    pool.remove(other, "test").unwrap();
    pool.insert(operation(4, 0, 0, 10)).unwrap();
}

#[test]
fn sto_040_what_is_replaced_does_not_stand_in_the_way() {
    let folder = folder();
    let pool = open(&folder);
    let paid_by_itself = |key, fee| with_paymaster(operation(1, key, 0, fee), sender(1));
    pool.insert(paid_by_itself(0, 10)).unwrap();
    pool.insert(operation(1, 0, 0, 20)).unwrap();
    pool.insert(paid_by_itself(0, 40)).unwrap();
    assert_eq!(pool.len(), 1);
    // What stays does.
    let refused = conflict(pool.insert(operation(1, 1, 0, 10)));
    assert!(matches!(refused, Conflict::EntityRoles { other: "different", .. }), "{refused}");
    pool.insert(operation(1, 0, 0, 80)).unwrap();
    pool.insert(operation(1, 1, 0, 10)).unwrap();
    let refused = conflict(pool.insert(paid_by_itself(0, 160)));
    assert!(matches!(refused, Conflict::EntityRoles { other: "sender", .. }), "{refused}");
}

#[test]
fn sto_041_validation_keeps_out_of_other_senders() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(operation(1, 0, 0, 10)).unwrap();
    let mut foreign = operation(3, 0, 0, 10);
    foreign.touched = vec![Slot { address: sender(1), slot: U256::ZERO }];
    let refusal = Refusal::from(conflict(pool.insert(foreign)));
    assert_eq!(refusal.data.rule, Some(RuleId::Sto041));
    assert_eq!(refusal.data.address, Some(sender(1)));
}

#[test]
fn sto_041_does_not_keep_it_out_of_its_own_sender_and_of_contracts() {
    let folder = folder();
    let pool = open(&folder);
    pool.insert(operation(1, 0, 0, 10)).unwrap();
    let mut own = operation(2, 0, 0, 10);
    own.touched = [sender(2), Address::repeat_byte(7)]
        .map(|address| Slot { address, slot: U256::ZERO })
        .to_vec();
    pool.insert(own).unwrap();
}

#[test]
fn auth_040_one_sender_one_delegate() {
    let folder = folder();
    let pool = open(&folder);
    let (here, there) = (Address::repeat_byte(1), Address::repeat_byte(2));
    pool.insert(delegating(operation(1, 0, 0, 10), here)).unwrap();
    let refused = conflict(pool.insert(delegating(operation(1, 1, 0, 10), there)));
    assert_eq!(Refusal::from(refused).data.rule, Some(RuleId::Auth040));
}

#[test]
fn auth_040_the_same_delegate_and_another_sender_are_fine() {
    let folder = folder();
    let pool = open(&folder);
    let (here, there) = (Address::repeat_byte(1), Address::repeat_byte(2));
    pool.insert(delegating(operation(1, 0, 0, 10), here)).unwrap();
    pool.insert(delegating(operation(1, 1, 0, 10), here)).unwrap();
    pool.insert(delegating(operation(2, 0, 0, 10), there)).unwrap();
    pool.insert(operation(1, 2, 0, 10)).unwrap();
}

#[test]
fn auth_040_a_replacement_may_delegate_elsewhere() {
    let folder = folder();
    let pool = open(&folder);
    let (here, there) = (Address::repeat_byte(1), Address::repeat_byte(2));
    pool.insert(delegating(operation(1, 0, 0, 10), here)).unwrap();
    pool.insert(delegating(operation(1, 0, 0, 20), there)).unwrap();
    pool.insert(delegating(operation(1, 1, 0, 10), there)).unwrap();
    // Not beside one that stays.
    let refused = conflict(pool.insert(delegating(operation(1, 0, 0, 40), here)));
    assert!(matches!(refused, Conflict::Delegates { .. }), "{refused}");
}

#[test]
fn best_first_in_the_order_of_nonces() {
    let folder = folder();
    let pool = open(&folder);
    let cheap_first = operation(1, 0, 0, 5);
    let rich_second = operation(1, 0, 1, 500);
    let middle = operation(2, 0, 7, 50);
    let after_gap = operation(2, 0, 9, 900);
    let equal_but_later = operation(3, 0, 0, 50);
    for entry in [&rich_second, &cheap_first, &middle, &after_gap, &equal_but_later] {
        pool.insert((*entry).clone()).unwrap();
    }
    let at = entry_point().address;
    let expected = [middle.hash, equal_but_later.hash, cheap_first.hash, rich_second.hash];
    assert_eq!(hashes(&pool.best(at, 0, 10)), expected);
    assert_eq!(hashes(&pool.best(at, 0, 2)), expected[..2]);
    assert!(pool.best(Address::ZERO, 0, 10).is_empty(), "another EntryPoint has its own");

    // At a base fee of 95 the second pays 5 per gas and the first one nothing.
    assert_eq!(hashes(&pool.best(at, 95, 1)), [middle.hash]);

    // A held operation holds back those behind it.
    pool.hold(cheap_first.hash, "validate again").unwrap();
    assert_eq!(hashes(&pool.best(at, 0, 10)), expected[..2]);
    pool.release(cheap_first.hash, "validated").unwrap();
    assert_eq!(hashes(&pool.best(at, 0, 10)), expected);
}

#[test]
fn predecessors_and_touched_slots_are_found() {
    let folder = folder();
    let pool = open(&folder);
    let slot = Slot { address: Address::repeat_byte(7), slot: U256::from(1) };
    let mut known = operation(1, 0, 0, 10);
    known.touched = vec![slot];
    let mut elsewhere = operation(2, 0, 0, 10);
    elsewhere.touched = vec![Slot { slot: U256::from(2), ..slot }];
    let unknown = operation(3, 0, 0, 10);
    for entry in [&known, &elsewhere, &unknown] {
        pool.insert(entry.clone()).unwrap();
    }
    let touching = pool.touching(&HashSet::from([slot]));
    assert_eq!(hashes(&touching), [known.hash, unknown.hash]);

    let second = operation(1, 0, 1, 10);
    pool.insert(second.clone()).unwrap();
    pool.insert(operation(1, 1, 0, 10)).unwrap();
    assert_eq!(hashes(&pool.predecessors(&operation(1, 0, 2, 10))), [known.hash, second.hash]);
    assert!(pool.predecessors(&known).is_empty());
    assert_eq!(pool.of_sender(sender(1)).len(), 3);
}

#[test]
fn subscribers_are_woken() {
    let folder = folder();
    let pool = open(&folder);
    let mut changes = pool.subscribe();
    assert!(!changes.has_changed().unwrap());
    pool.insert(operation(1, 0, 0, 10)).unwrap();
    assert!(changes.has_changed().unwrap());
    changes.borrow_and_update();
    assert!(pool.insert(operation(1, 0, 0, 10)).is_err());
    assert!(!changes.has_changed().unwrap(), "a refusal changes nothing");
}
