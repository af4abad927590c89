//! From pending to the chain and back, and what a restart finds of it.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::primitives::{Address, B256, Bytes};
use common::{CHAIN, entry_point, included, open, operation};
use tempfile::TempDir;
use writ_pool::{Attempt, Pool, PoolConfig, PoolError, Status};

fn attempt(number: u8, nonce: u64, operations: Vec<B256>) -> Attempt {
    Attempt {
        transaction: B256::repeat_byte(number),
        signer: Address::repeat_byte(9),
        nonce,
        operations,
        raw: Bytes::from(vec![number; 10]),
        note: vec![number],
    }
}

fn status(pool: &Pool, hash: B256) -> Status {
    pool.status(hash).unwrap().unwrap().status
}

#[test]
fn a_bundle_is_on_record_before_it_is_sent() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (operation(1, 0, 0, 10), operation(2, 0, 0, 10));
    let one = attempt(1, 5, vec![first.hash, second.hash]);
    let bumped = attempt(2, 5, vec![first.hash, second.hash]);
    {
        let pool = open(&folder);
        pool.insert(first.clone()).unwrap();
        pool.insert(second.clone()).unwrap();
        pool.record_attempt(one.clone()).unwrap();
        assert!(pool.best(entry_point().address, 0, 10).is_empty(), "not bundled twice");
        pool.record_attempt(bumped.clone()).unwrap();
        // Recorded twice is recorded once.
        pool.record_attempt(bumped.clone()).unwrap();
        assert_eq!(pool.open_attempts().len(), 2);
    }
    let pool = open(&folder);
    assert_eq!(pool.open_attempts(), [one.clone(), bumped.clone()]);
    assert_eq!(status(&pool, first.hash), Status::Submitted { transaction: bumped.transaction });
    assert_eq!(pool.attempt(one.transaction).unwrap(), Some(one));

    // The first one lands after all, with the first operation only.
    assert!(pool.mine(&[included(&first, 100)]).unwrap().is_empty());
    let returned = pool.settle(bumped.signer, 5, "the transaction left it out").unwrap();
    assert_eq!(returned, [second.hash]);
    assert_eq!(status(&pool, second.hash), Status::Pending);
    assert!(matches!(status(&pool, first.hash), Status::Included { block_number: 100, .. }));
    drop(pool);
    let pool = open(&folder);
    assert!(pool.open_attempts().is_empty());
    assert_eq!(pool.attempt(bumped.transaction).unwrap(), Some(bumped));
    assert_eq!(pool.best(entry_point().address, 0, 10).len(), 1);
}

#[test]
fn an_unknown_operation_is_in_no_bundle() {
    let folder = TempDir::new().unwrap();
    let pool = open(&folder);
    let known = operation(1, 0, 0, 10);
    pool.insert(known.clone()).unwrap();
    let result = pool.record_attempt(attempt(1, 0, vec![known.hash, B256::ZERO]));
    assert!(matches!(result, Err(PoolError::Unknown(B256::ZERO))));
    assert_eq!(status(&pool, known.hash), Status::Pending, "nothing was changed");
    assert!(pool.open_attempts().is_empty());
    // A cancellation has no operations.
    pool.record_attempt(attempt(1, 0, vec![])).unwrap();
    assert!(pool.settle(Address::repeat_byte(9), 1, "another nonce").unwrap().is_empty());
    assert_eq!(pool.open_attempts().len(), 1);
    pool.settle(Address::repeat_byte(9), 0, "cancelled").unwrap();
    assert!(pool.open_attempts().is_empty());
}

#[test]
fn inclusions_are_indexed_and_drop_what_they_supersede() {
    let folder = TempDir::new().unwrap();
    let pool = open(&folder);
    let mine = operation(1, 0, 0, 10);
    let same_nonce = operation(1, 0, 0, 99);
    let next = operation(1, 0, 1, 10);
    let other_key = operation(1, 1, 0, 10);
    for entry in [&mine, &next, &other_key] {
        pool.insert(entry.clone()).unwrap();
    }
    // Somebody else's bundle includes another operation with the same nonce.
    let dropped = pool.mine(&[included(&same_nonce, 7)]).unwrap();
    assert_eq!(dropped, [mine.hash]);
    let record = pool.status(mine.hash).unwrap().unwrap();
    assert_eq!(record.status, Status::Dropped);
    assert!(record.reason.contains(&same_nonce.hash.to_string()));
    assert_eq!(pool.len(), 2, "later nonces and other keys stay");
    assert_eq!(pool.inclusion(same_nonce.hash).unwrap().unwrap().log_index, 3);

    let mut reverted = included(&next, 8);
    reverted.success = false;
    reverted.reason = Some("ERC20: too poor".into());
    pool.mine(&[reverted]).unwrap();
    let record = pool.status(next.hash).unwrap().unwrap();
    assert!(matches!(record.status, Status::Failed { block_number: 8, .. }));
    assert!(record.reason.contains("too poor"));
    assert_eq!(*pool.operation(next.hash).unwrap().unwrap(), next, "still answers for it");

    assert!(matches!(pool.insert(next.clone()), Err(PoolError::Conflict(_))), "it is on chain");
    assert!(matches!(
        pool.remove(next.hash, "test"),
        Err(PoolError::Transition { from: "failed", to: "dropped", .. })
    ));
    assert!(matches!(pool.remove(B256::ZERO, "test"), Err(PoolError::Unknown(_))));
}

#[test]
fn a_reorganisation_brings_operations_back() {
    let folder = TempDir::new().unwrap();
    let pool = open(&folder);
    let deep = operation(1, 0, 0, 10);
    let shallow = operation(2, 0, 0, 10);
    let contested = operation(3, 0, 0, 10);
    let foreign = operation(4, 0, 0, 10);
    for entry in [&deep, &shallow, &contested] {
        pool.insert(entry.clone()).unwrap();
    }
    pool.mine(&[included(&deep, 10)]).unwrap();
    pool.mine(&[included(&shallow, 11), included(&contested, 11), included(&foreign, 11)]).unwrap();
    assert!(pool.is_empty());
    let usurper = operation(3, 0, 0, 50);
    pool.insert(usurper).unwrap();
    drop(pool);

    let pool = open(&folder);
    let undone = pool.unmine(11).unwrap();
    assert_eq!(undone.len(), 3);
    let restored: Vec<B256> =
        undone.iter().filter(|one| one.restored).map(|one| one.inclusion.hash).collect();
    assert_eq!(restored, [shallow.hash]);
    assert_eq!(status(&pool, shallow.hash), Status::Received);
    assert_eq!(*pool.get(shallow.hash).unwrap(), shallow);
    assert_eq!(status(&pool, contested.hash), Status::Dropped);
    assert_eq!(pool.status(foreign.hash).unwrap(), None, "never ours, forgotten");
    assert_eq!(pool.inclusion(shallow.hash).unwrap(), None);
    assert!(pool.inclusion(deep.hash).unwrap().is_some(), "below the fork");
    assert!(pool.unmine(11).unwrap().is_empty(), "undone once");

    // Held until validated again, then bundled, then included in another block.
    let ready = |pool: &Pool| {
        let best = pool.best(entry_point().address, 0, 10);
        best.iter().any(|one| one.hash == shallow.hash)
    };
    assert!(!ready(&pool));
    pool.release(shallow.hash, "validated again").unwrap();
    assert!(ready(&pool));
    pool.mine(&[included(&shallow, 12)]).unwrap();
    drop(pool);
    let pool = open(&folder);
    assert!(matches!(status(&pool, shallow.hash), Status::Included { block_number: 12, .. }));
    assert_eq!(pool.unmine(12).unwrap().len(), 1);
}

#[test]
fn finished_operations_are_forgotten_in_turn() {
    let folder = TempDir::new().unwrap();
    let config = PoolConfig { max_finished: 2, max_settled_attempts: 1, ..PoolConfig::new(CHAIN) };
    let entries: Vec<_> = (0..4).map(|number| operation(number, 0, 0, 10)).collect();
    {
        let pool = Pool::open(folder.path(), config).unwrap();
        for (number, entry) in entries.iter().enumerate() {
            pool.insert(entry.clone()).unwrap();
            pool.record_attempt(attempt(number as u8, number as u64, vec![entry.hash])).unwrap();
            pool.mine(&[included(entry, number as u64)]).unwrap();
            pool.settle(Address::repeat_byte(9), number as u64, "mined").unwrap();
        }
    }
    let pool = Pool::open(folder.path(), config).unwrap();
    for (number, entry) in entries.iter().enumerate() {
        let known = number >= 2;
        assert_eq!(pool.status(entry.hash).unwrap().is_some(), known);
        assert_eq!(pool.operation(entry.hash).unwrap().is_some(), known);
        assert_eq!(pool.inclusion(entry.hash).unwrap().is_some(), known);
        let tx = B256::repeat_byte(number as u8);
        assert_eq!(pool.attempt(tx).unwrap().is_some(), number == 3);
    }
    // One that comes back to life is not forgotten in its old turn.
    pool.unmine(2).unwrap();
    assert_eq!(pool.len(), 2);
    for number in 10..14 {
        let entry = operation(number, 0, 0, 10);
        pool.insert(entry.clone()).unwrap();
        pool.remove(entry.hash, "test").unwrap();
    }
    drop(pool);
    let pool = Pool::open(folder.path(), config).unwrap();
    assert_eq!(pool.len(), 2);
    assert!(pool.get(entries[2].hash).is_some() && pool.get(entries[3].hash).is_some());
}

#[test]
fn refreshed_findings_survive() {
    let folder = TempDir::new().unwrap();
    let mut entry = operation(1, 0, 0, 10);
    {
        let pool = open(&folder);
        assert!(matches!(pool.refresh(entry.clone()), Err(PoolError::Unknown(_))));
        pool.insert(entry.clone()).unwrap();
        entry.simulated_at = 77;
        entry.code_digest = Some(B256::repeat_byte(3));
        pool.refresh(entry.clone()).unwrap();
    }
    assert_eq!(*open(&folder).get(entry.hash).unwrap(), entry);
}
