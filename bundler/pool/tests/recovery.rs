//! Nothing that was acknowledged is lost: the process is killed, the database locked or damaged.

#![allow(clippy::unwrap_used)]

mod common;

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use alloy::primitives::{Address, B256, Bytes};
use common::{CHAIN, included, open, operation};
use proptest::prelude::*;
use tempfile::TempDir;
use writ_pool::{
    Attempt, DetachedRecord, GateRecord, Pool, PoolConfig, PoolError, PoolOperation, Status,
};

const FOLDER: &str = "WRIT_POOL_TEST_FOLDER";

/// The life of the operation with this number, told on standard error after each acknowledged step.
fn live(pool: &Pool, number: u64) {
    let entry = operation(number, 0, 0, 10 + u128::from(number));
    let hash = entry.hash;
    pool.insert(entry.clone()).unwrap();
    eprintln!("ack {hash} pending");
    if number.is_multiple_of(3) {
        let attempt = Attempt {
            transaction: alloy::primitives::keccak256(number.to_be_bytes()),
            signer: Address::ZERO,
            nonce: number,
            operations: vec![hash],
            raw: Bytes::new(),
            note: vec![],
        };
        pool.record_attempt(attempt).unwrap();
        eprintln!("ack {hash} submitted");
    }
    if number.is_multiple_of(6) {
        pool.mine(&[included(&entry, number)]).unwrap();
        eprintln!("ack {hash} included");
        pool.settle(Address::ZERO, number, "mined").unwrap();
    }
    if number.is_multiple_of(7) && !number.is_multiple_of(6) {
        pool.remove(hash, "test").unwrap();
        eprintln!("ack {hash} dropped");
    }
}

/// Not a test by itself: what the process that is going to be killed runs.
#[test]
fn child() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let pool = Pool::open(folder, PoolConfig::new(CHAIN)).unwrap();
    let first = pool.len() as u64 + 1_000 * u64::from(std::process::id());
    for number in first.. {
        live(&pool, number);
    }
}

/// Runs `child` until it has acknowledged `steps` events, kills it, and returns all it acknowledged.
fn run_and_kill(folder: &Path, steps: usize) -> Vec<(B256, String)> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    for line in lines {
        let line = line.unwrap();
        let Some(rest) = line.strip_prefix("ack ") else { panic!("the child failed: {line}") };
        let (hash, status) = rest.split_once(' ').unwrap();
        acknowledged.push((hash.parse().unwrap(), status.to_owned()));
        if acknowledged.len() == steps {
            // SIGKILL. The lines it wrote before are still read.
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    acknowledged
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    let mut told: HashMap<B256, String> = HashMap::new();
    for steps in [1, 2, 7, 23, 60] {
        told.extend(run_and_kill(folder.path(), steps));
        let pool = open(&folder);
        for (hash, acknowledged) in &told {
            let record = pool.status(*hash).unwrap().expect("an acknowledged operation is known");
            let name = record.status.name();
            // The step after the last acknowledged one may have reached the disk before the kill.
            let allowed: &[&str] = match acknowledged.as_str() {
                "pending" => &["pending", "submitted", "dropped"],
                "submitted" => &["submitted", "included", "dropped"],
                "included" => &["included"],
                _ => &["dropped"],
            };
            assert!(allowed.contains(&name), "{hash} was acknowledged {acknowledged}, is {name}");
            assert_eq!(pool.get(*hash).is_some(), record.status.is_live());
            if name == "included" {
                assert!(pool.inclusion(*hash).unwrap().is_some());
            }
            if let Status::Submitted { transaction } = record.status {
                let open = pool.open_attempts();
                assert!(open.iter().any(|attempt| attempt.transaction == transaction));
            }
        }
    }
    assert!(told.len() > 30);
}

#[test]
fn threads_that_insert_together_lose_nothing() {
    let folder = TempDir::new().unwrap();
    let pool = open(&folder);
    let (threads, each) = (8, 25);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let pool = &pool;
            scope.spawn(move || {
                for number in 0..each {
                    pool.insert(operation(1_000 * thread + number, 0, 0, 10)).unwrap();
                    // Everybody also tries to take the same place; one of them gets it.
                    drop(pool.insert(operation(999_999, 0, number, 10 + u128::from(thread))));
                }
            });
        }
    });
    let before = pool.all();
    drop(pool);
    let pool = open(&folder);
    assert_eq!(pool.all(), before);
    for number in
        (0..threads).flat_map(|thread| (0..each).map(move |number| 1_000 * thread + number))
    {
        assert!(pool.get(operation(number, 0, 0, 10).hash).is_some());
    }
    assert_eq!(
        pool.of_sender(common::sender(999_999)).len(),
        4,
        "the limit holds under contention"
    );
}

#[test]
fn a_database_in_use_is_named() {
    let folder = TempDir::new().unwrap();
    let pool = open(&folder);
    let error = Pool::open(folder.path(), PoolConfig::new(CHAIN)).unwrap_err();
    assert!(matches!(error, PoolError::Locked { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(folder.path().to_str().unwrap()) && text.contains("stop that process"));
    assert_eq!(text.lines().count(), 1);
    drop(pool);
    open(&folder);
}

#[test]
fn a_damaged_database_is_named() {
    let folder = TempDir::new().unwrap();
    open(&folder).insert(operation(1, 0, 0, 10)).unwrap();
    fs::write(folder.path().join("CURRENT"), "nonsense").unwrap();
    let error = Pool::open(folder.path(), PoolConfig::new(CHAIN)).unwrap_err();
    assert!(matches!(error, PoolError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("move the folder away"));
}

#[test]
fn another_chain_has_another_folder() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder));
    let error = Pool::open(folder.path(), PoolConfig::new(1)).unwrap_err();
    assert!(matches!(error, PoolError::Mismatch { .. }));
    assert!(error.to_string().contains("chain 31337, not for chain 1"));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Pool::open(&file, PoolConfig::new(CHAIN)).unwrap_err();
    assert!(matches!(error, PoolError::Storage { .. }), "{error:?}");
    assert!(error.to_string().contains("writable"));
}

/// One random event; whether it is accepted does not matter here.
fn event(pool: &Pool, entries: &[PoolOperation], which: u8, at: usize, block: u64) {
    let entry = &entries[at % entries.len()];
    match which {
        0..=3 => drop(pool.insert(entry.clone())),
        4 => drop(pool.remove(entry.hash, "random")),
        5 => drop(pool.hold(entry.hash, "random")),
        6 => drop(pool.release(entry.hash, "random")),
        7 => {
            let attempt = Attempt {
                transaction: alloy::primitives::keccak256(block.to_be_bytes()),
                signer: Address::ZERO,
                nonce: block,
                operations: vec![entry.hash],
                raw: Bytes::new(),
                note: vec![],
            };
            drop(pool.record_attempt(attempt));
        }
        8 => drop(pool.settle(Address::ZERO, block, "random")),
        9 => drop(pool.mine(&[included(entry, block)])),
        _ => drop(pool.unmine(block)),
    }
}

fn check(pool: &Pool, entries: &[PoolOperation]) -> Result<(), TestCaseError> {
    let all = pool.all();
    let bytes: usize = all.iter().map(|(one, _)| one.operation.packed_size()).sum();
    prop_assert_eq!(pool.bytes(), bytes);
    let places: std::collections::HashSet<_> =
        all.iter().map(|(one, _)| (one.operation.sender, one.operation.nonce)).collect();
    prop_assert_eq!(places.len(), all.len(), "one operation for one nonce");
    for (one, status) in &all {
        let record = pool.status(one.hash).unwrap().unwrap();
        prop_assert_eq!(&record.status, status, "memory agrees with the database");
    }
    for entry in entries {
        let record = pool.status(entry.hash).unwrap();
        let live = record.is_some_and(|record| record.status.is_live());
        prop_assert_eq!(pool.get(entry.hash).is_some(), live);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_a_function_of_the_database(
        events in prop::collection::vec((0u8..=10, 0usize..16, 0u64..4), 1..40),
    ) {
        // Two senders, two keys, two sequences, each with a cheap and a dear operation.
        let entries: Vec<PoolOperation> = (0..16)
            .map(|bits| operation(bits & 1, (bits >> 1) & 1, (bits >> 2) & 1, 10 + u128::from(bits >> 3) * 90))
            .collect();
        let folder = TempDir::new().unwrap();
        let config = PoolConfig { max_finished: 5, ..PoolConfig::new(CHAIN) };
        let pool = Pool::open(folder.path(), config).unwrap();
        for (which, at, block) in events {
            event(&pool, &entries, which, at, block);
            check(&pool, &entries)?;
        }
        let before = pool.all();
        let attempts = pool.open_attempts();
        let best = pool.best(common::entry_point().address, 0, 99);
        drop(pool);
        let pool = Pool::open(folder.path(), config).unwrap();
        check(&pool, &entries)?;
        prop_assert_eq!(pool.all(), before);
        prop_assert_eq!(pool.open_attempts(), attempts);
        prop_assert_eq!(pool.best(common::entry_point().address, 0, 99), best);
    }
}

#[test]
fn what_the_gate_found_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let mut attested = operation(1, 0, 0, 10);
    attested.attested = true;
    attested.gate = Some(GateRecord {
        evidence: B256::repeat_byte(1),
        policy: B256::repeat_byte(2),
        operator_set: common::sender(9),
        revision: 3,
        epoch: 4,
        sequence: 5,
        block_number: 6,
        block_hash: B256::repeat_byte(7),
        valid_after: 8,
        valid_until: 9,
    });
    attested.detached = Some(DetachedRecord {
        evidence: B256::repeat_byte(10),
        policy: B256::repeat_byte(11),
        attestation: vec![12; 300].into(),
        conduct: B256::repeat_byte(13),
    });
    open(&folder).insert(attested.clone()).unwrap();
    assert_eq!(*open(&folder).get(attested.hash).unwrap(), attested);
}
