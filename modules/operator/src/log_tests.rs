use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use alloy::primitives::address;
use writ_attestation::{Bound, OperatorKey, UserOperationAction, reasons_hash};

use super::*;

const ACCOUNT: Address = address!("00000000000000000000000000000000000000ac");
const MODULE: Address = address!("00000000000000000000000000000000000000aa");
const ENTRY_POINT: Address = address!("00000000000000000000000000000000000000e1");

/// What differs between the decisions of these tests.
#[derive(Clone, Copy)]
struct Case {
    evidence: u8,
    call: u8,
    nonce: u64,
    sequence: u64,
    revision: u64,
    valid_until: u64,
    allow: bool,
}

const CASE: Case = Case {
    evidence: 1,
    call: 1,
    nonce: 7,
    sequence: 3,
    revision: 1,
    valid_until: 400,
    allow: true,
};

fn entry(case: Case) -> Entry {
    let action = UserOperationAction {
        account: ACCOUNT,
        entry_point: ENTRY_POINT,
        nonce: U256::from(case.nonce),
        init_code: B256::ZERO,
        call_data: B256::repeat_byte(case.call),
        paymaster_and_data: B256::ZERO,
        account_code: B256::ZERO,
        call_gas_limit: 1,
        max_cost: U256::ONE,
    };
    let bounds = Bounds::new(vec![Bound::native(5)]).unwrap();
    let (evidence, policy) = (B256::repeat_byte(case.evidence), B256::repeat_byte(9));
    let (block_number, block_hash) = (u64::from(case.evidence), B256::repeat_byte(case.evidence));
    let statement = if case.allow {
        let attestation = Attestation {
            action: action.hash(),
            policy,
            evidence,
            bounds: bounds.hash(),
            revision: case.revision,
            epoch: 0,
            sequence: case.sequence,
            level: 1,
            block_number,
            block_hash,
            valid_after: 99,
            valid_until: case.valid_until,
        };
        Statement::Allow { attestation, bounds }
    } else {
        let reasons = vec!["no".to_owned()];
        let denial = Denial {
            action: action.hash(),
            policy,
            evidence,
            revision: case.revision,
            block_number,
            block_hash,
            reasons: reasons_hash(&reasons),
        };
        Statement::Deny { denial, reasons }
    };
    Entry {
        domain: Domain::new(1, MODULE),
        action: action.into(),
        evidence: Bytes::from(vec![case.evidence]),
        index: 0,
        statement,
    }
}

/// Records at a time, under a request of its own.
fn record_at(log: &SigningLog, case: Case, now: u64) -> Result<Entry, LogError> {
    let entry = entry(case);
    let request = keccak256(serde_json::to_vec(&entry).unwrap());
    log.record(request, entry, Some(case.sequence), now)
}

/// Records under a request of its own, at time 100 and for a policy that reads history.
fn record(log: &SigningLog, case: Case) -> Result<Entry, LogError> {
    record_at(log, case, 100)
}

fn with_log(test: impl FnOnce(&SigningLog)) {
    let folder = tempfile::tempdir().unwrap();
    test(&SigningLog::open(folder.path()).unwrap());
}

#[test]
fn a_decision_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let request = B256::repeat_byte(5);
    let recorded = {
        let log = SigningLog::open(folder.path()).unwrap();
        log.record(request, entry(CASE), None, 100).unwrap()
    };
    let log = SigningLog::open(folder.path()).unwrap();
    assert_eq!(log.answered(request).unwrap(), Some(recorded.clone()));
    assert_eq!(log.decision(recorded.evidence_hash()).unwrap(), Some(recorded));
    assert_eq!(log.answered(B256::ZERO).unwrap(), None);
    assert_eq!(log.decision(B256::ZERO).unwrap(), None);
    assert_eq!(log.decision(B256::repeat_byte(0xff)).unwrap(), None);
}

#[test]
fn one_directory_serves_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let _held = SigningLog::open(folder.path()).unwrap();
    let error = SigningLog::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("a directory of its own"), "{error}");
}

#[test]
fn the_same_subject_gets_the_recorded_answer() {
    with_log(|log| {
        let first = record(log, CASE).unwrap();
        // Another validity (a changed setting) does not make another statement.
        assert_eq!(record(log, Case { valid_until: 300, ..CASE }).unwrap(), first);
    });
}

#[test]
fn evidence_is_decided_once() {
    with_log(|log| {
        record(log, CASE).unwrap();
        let other = Case { allow: false, ..CASE };
        assert!(matches!(record(log, other), Err(LogError::Conflict { .. })));
        // The same evidence under another action: a statement of its own, with the same verdict or none.
        let moved = Case { call: 2, nonce: 8, sequence: 4, ..CASE };
        assert!(matches!(
            record(log, Case { allow: false, ..moved }),
            Err(LogError::Conflict { .. })
        ));
        assert!(record(log, moved).is_ok());
    });
    with_log(|log| {
        record(log, Case { allow: false, ..CASE }).unwrap();
        assert!(matches!(record(log, CASE), Err(LogError::Conflict { .. })));
    });
}

#[test]
fn nobody_shops_for_a_block() {
    with_log(|log| {
        record(log, CASE).unwrap();
        let elsewhere = Case { evidence: 2, ..CASE };
        let Err(LogError::Live(live)) = record(log, elsewhere) else {
            panic!("a second live allow")
        };
        assert_eq!((live.block_number, live.valid_until), (1, 400));
        // A refusal at another block hurts nobody.
        assert!(record(log, Case { allow: false, evidence: 3, ..CASE }).is_ok());
        // Another nonce with the same sequence would spend the same history twice.
        let same_sequence = Case { evidence: 4, nonce: 8, ..CASE };
        assert!(matches!(record(log, same_sequence), Err(LogError::Live(_))));
        assert!(record(log, Case { evidence: 5, nonce: 8, sequence: 4, ..CASE }).is_ok());
    });
}

#[test]
fn an_allow_that_the_chain_refuses_is_not_live() {
    with_log(|log| {
        record(log, CASE).unwrap();
        let again = Case { evidence: 2, ..CASE };
        assert!(matches!(record_at(log, again, 399), Err(LogError::Live(_))));
        assert!(record_at(log, again, 400).is_ok());
    });
    with_log(|log| {
        record(log, CASE).unwrap();
        assert!(record(log, Case { evidence: 2, revision: 2, ..CASE }).is_ok());
    });
}

#[test]
fn a_refused_record_leaves_nothing_behind() {
    with_log(|log| {
        record(log, CASE).unwrap();
        let refused = entry(Case { evidence: 2, ..CASE });
        let request = B256::repeat_byte(7);
        assert!(log.record(request, refused.clone(), None, 100).is_err());
        assert_eq!(log.answered(request).unwrap(), None);
        assert_eq!(log.decision(refused.evidence_hash()).unwrap(), None);
    });
}

const CHILD: &str = "WRIT_TEST_SIGNING_LOG";

/// The other half of the next test, run in a process of its own: records, says so, and never gets to sign.
#[test]
fn child_that_is_killed_before_it_signs() {
    let Ok(path) = env::var(CHILD) else { return };
    let log = SigningLog::open(Path::new(&path)).unwrap();
    record(&log, CASE).unwrap();
    println!("recorded");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn killed_between_log_and_signature_nothing_else_can_be_signed() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "log::tests::child_that_is_killed_before_it_signs", "--nocapture"])
        .env(CHILD, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with("recorded")));
    // SIGKILL: no destructor, no flush.
    child.kill().unwrap();
    child.wait().unwrap();

    let log = SigningLog::open(folder.path()).unwrap();
    let recorded = log.decision(B256::repeat_byte(1)).unwrap().unwrap();
    assert_eq!(recorded, entry(CASE));
    assert!(matches!(record(&log, Case { allow: false, ..CASE }), Err(LogError::Conflict { .. })));
    assert!(matches!(record(&log, Case { evidence: 2, ..CASE }), Err(LogError::Live(_))));
    // Asked again it signs what was recorded, and gets the very same bytes.
    assert_eq!(record(&log, CASE).unwrap(), recorded);
    let Statement::Allow { attestation, .. } = recorded.statement else { panic!("an allow") };
    let key = OperatorKey::random();
    let digest = attestation.digest(&recorded.domain).unwrap();
    assert_eq!(key.sign(digest, 0), key.sign(digest, 0));
}

/// A decision on a call off the ERC-4337 path.
fn call_entry(evidence: u8, change: impl FnOnce(&mut CallAction), module: Address) -> Entry {
    let mut action = CallAction {
        account: ACCOUNT,
        caller: ACCOUNT,
        target: MODULE,
        value: U256::ZERO,
        call_data: B256::ZERO,
        path: 1,
        operation: 0,
        context: B256::repeat_byte(1),
        nonce: U256::from(7),
    };
    change(&mut action);
    let mut entry = entry(Case { evidence, sequence: 0, ..CASE });
    let Statement::Allow { attestation, .. } = &mut entry.statement else { panic!("an allow") };
    attestation.action = action.hash();
    Entry { action: action.into(), domain: Domain::new(1, module), ..entry }
}

#[test]
fn of_calls_one_allow_lives_for_each_nonce_that_can_be_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = SigningLog::open(folder.path()).unwrap();
    let record = |evidence: u8, change: fn(&mut CallAction), module| {
        log.record(B256::repeat_byte(evidence), call_entry(evidence, change, module), None, 100)
    };
    assert!(record(1, |_| (), MODULE).is_ok());
    // The same nonce: whatever is called, and however the attestation comes.
    for (evidence, change) in [
        (2, (|call| call.value = U256::ONE) as fn(&mut CallAction)),
        (3, |call| call.target = ENTRY_POINT),
        (4, |call| call.path = 2),
        (5, |call| call.context = B256::repeat_byte(2)),
        (6, |call| call.operation = 1),
    ] {
        assert!(matches!(record(evidence, change, MODULE), Err(LogError::Live(_))), "{evidence}");
    }
    // Another one: of another caller, account, enforcing contract; of a module, were it the Safe itself.
    for (evidence, change, module) in [
        (7, (|call| call.nonce = U256::from(8)) as fn(&mut CallAction), MODULE),
        (8, |call| call.caller = ENTRY_POINT, MODULE),
        (9, |call| call.account = ENTRY_POINT, MODULE),
        (10, |_| (), ENTRY_POINT),
        (11, |call| call.context = B256::ZERO, MODULE),
    ] {
        assert!(record(evidence, change, module).is_ok(), "{evidence}");
    }
    // A user operation of the same account and nonce stands in nobody's way.
    let operation = entry(Case { evidence: 12, ..CASE });
    assert!(log.record(B256::repeat_byte(12), operation, Some(3), 100).is_ok());

    // What was written is there after a restart.
    drop(log);
    let log = SigningLog::open(folder.path()).unwrap();
    let kept = log.decision(B256::repeat_byte(1)).unwrap().unwrap();
    assert_eq!(kept, call_entry(1, |_| (), MODULE));
    let again = call_entry(13, |call| call.value = U256::ONE, MODULE);
    let refused = log.record(B256::repeat_byte(13), again.clone(), None, 100);
    assert!(matches!(refused, Err(LogError::Live(_))));
    // Over, or void.
    assert!(log.record(B256::repeat_byte(13), again, None, 400).is_ok());
}
