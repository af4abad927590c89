//! What is read from the calldata of an account with the module built in is what the account does with it, also where the
//! calldata was tampered with.

#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use alloy::primitives::{Address, Bytes, U256};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use writ_attestation::AccountKind;
use writ_bindings::{erc7579::Execution, module_address};
use writ_evidence::{Own, decode_calls};
use writ_tests::{Staged, built_in_encodings};
use writ_types::EntryPointVersion;

type Made = (Address, U256, Bytes);

fn stages() -> Vec<Staged> {
    let on_v08 = |kind: &AccountKind| Staged::new(*kind, EntryPointVersion::V08).unwrap();
    AccountKind::BUILT_IN.iter().map(on_v08).collect()
}

/// The calls that operators show to a policy.
fn shown(stage: &Staged, call_data: &Bytes) -> Option<Vec<Made>> {
    let own = Own { kind: stage.kind, ..Own::of(stage.account) };
    let calls = decode_calls(own, call_data).ok()?;
    Some(calls.into_iter().map(|call| (call.to, call.value, call.data)).collect())
}

/// The calls that the account makes; none when its execution reverts.
fn made(stage: &Staged, call_data: &Bytes) -> Option<Vec<Made>> {
    let simulation = stage.simulate(vec![stage.operation(0, call_data)]);
    // What is attested is valid, whatever its execution does.
    assert_eq!(simulation.failure, None);
    let outcome = &simulation.ops[0];
    outcome.receipt.as_ref().filter(|receipt| receipt.success)?;
    let calls = outcome.effects.calls.iter().filter(|call| call.to != module_address());
    Some(calls.map(|call| (call.to, call.value, call.data.clone().unwrap())).collect())
}

/// Calls of accounts that do nothing, with a selector or without data: all that operators understand.
fn execution() -> impl Strategy<Value = Execution> {
    let data = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 4..70)];
    (any::<[u8; 20]>(), 0u64..1_000, data).prop_map(|(target, value, data)| Execution {
        target: target.into(),
        value: U256::from(value),
        callData: data.into(),
    })
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn what_is_shown_is_what_is_done() {
    for stage in stages() {
        let calls = prop::collection::vec(execution(), 1..5);
        let ran = runner(24).run(&calls, |calls| {
            for (encoding, call_data) in built_in_encodings(stage.kind, &calls) {
                let expected: Vec<Made> = calls
                    .iter()
                    .map(|call| (call.target, call.value, call.callData.clone()))
                    .collect();
                let expected = Some(expected);
                prop_assert_eq!(&shown(&stage, &call_data), &expected, "{}", encoding);
                prop_assert_eq!(&made(&stage, &call_data), &expected, "{}", encoding);
            }
            Ok(())
        });
        ran.unwrap_or_else(|error| panic!("{}: {error}", stage.name()));
    }
}

#[test]
fn what_was_tampered_with_is_refused_or_done_as_it_is_shown() {
    for stage in stages() {
        let (refused, done) = (Cell::new(0u32), Cell::new(0u32));
        let tampered = (
            prop::collection::vec(execution(), 1..3),
            any::<prop::sample::Index>(),
            // Every word is tampered with in its last byte, where offsets, lengths and small values stand; or anywhere.
            prop_oneof![Just(true), Just(false)],
            any::<prop::sample::Index>(),
            any::<u8>(),
        );
        let ran = runner(64).run(&tampered, |(calls, encoding, at_end, at, byte)| {
            let mut encodings = built_in_encodings(stage.kind, &calls);
            let (encoding, call_data) = encodings.swap_remove(encoding.index(encodings.len()));
            let mut call_data = call_data.to_vec();
            let words = (call_data.len() - 4) / 32;
            let at = match at_end {
                true => 4 + 32 * at.index(words) + 31,
                false => 4 + at.index(call_data.len() - 4),
            };
            call_data[at] = byte;
            let call_data = call_data.into();
            let Some(shown) = shown(&stage, &call_data) else {
                refused.set(refused.get() + 1);
                return Ok(());
            };
            // What reverts does nothing: a value that the account does not have.
            if let Some(made) = made(&stage, &call_data) {
                prop_assert_eq!(made, shown, "{}", encoding);
                done.set(done.get() + 1);
            }
            Ok(())
        });
        ran.unwrap_or_else(|error| panic!("{}: {error}", stage.name()));
        let (refused, done) = (refused.get(), done.get());
        assert!(refused > 5 && done > 5, "{}: {refused} refused, {done} done", stage.name());
    }
}
