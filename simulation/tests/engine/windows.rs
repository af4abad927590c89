//! A validity window is read as each EntryPoint reads it: its own verdict is the judge.

use alloy::primitives::{Address, Bytes};
use writ_simulation::{
    AaCode, Failure, SimulationRequest, Simulator, ValidationData,
    test_utils::{SimpleAccount, TestChain},
};
use writ_types::{EntryPoint, EntryPointVersion};

use crate::code::return_word;

const FLAG: u64 = 0x8000_0000_0000;

/// Whether the EntryPoint takes an operation of an account that returns this word.
fn accepted(
    chain: &TestChain,
    entry_point: EntryPoint,
    account: &SimpleAccount,
    word: ValidationData,
) -> bool {
    let mut chain = chain.clone();
    chain.put(account.address, Bytes::from(return_word(word.0)));
    let mut op = account.operation(0, Bytes::new(), false);
    op.max_fee_per_gas = 0;
    op.max_priority_fee_per_gas = 0;
    let request = SimulationRequest::single(entry_point, op);
    let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).expect("a verdict");
    match simulation.failure {
        None => true,
        Some(Failure::Op(failed)) => {
            assert!(failed.aa_code.is_some_and(AaCode::is_out_of_window), "{failed}");
            false
        }
        Some(other) => panic!("{other}"),
    }
}

#[test]
fn windows_are_what_the_entry_points_make_of_them() {
    for version in EntryPointVersion::ALL {
        let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else { continue };
        let account = SimpleAccount::new(&mut chain, entry_point, 1);
        let header = *chain.header_mut();
        let (number, time) = (header.number, header.timestamp);
        let around = |value: u64| [value - 1, value, value + 1];
        let mut bounds = vec![0, 1, FLAG - 1, FLAG, FLAG | 1];
        bounds.extend(around(time));
        bounds.extend(around(FLAG | number));
        let mut seen = [0, 0];
        for after in &bounds {
            for until in &bounds {
                let word = ValidationData::new(Address::ZERO, *after, *until);
                let window = word.window(version);
                let ours = window.contains(if window.in_blocks { number } else { time });
                let theirs = accepted(&chain, entry_point, &account, word);
                assert_eq!(ours, theirs, "v{version}: {after:#x}..{until:#x} {window:?}");
                seen[usize::from(theirs)] += 1;
            }
        }
        assert!(seen.iter().all(|count| *count > 10), "both happen: {seen:?}");
    }
}
