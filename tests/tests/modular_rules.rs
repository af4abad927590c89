//! Every kind of account under the default rules of ERC-7562, and what its attested operations are seen to do.

#![allow(clippy::unwrap_used)]

use alloy::{
    primitives::{Address, Bytes, U256, hex, keccak256},
    sol_types::SolValue,
};
use writ_attestation::AccountKind;
use writ_bindings::erc7579::Execution;
use writ_simulation::{
    rules::{RuleContext, check},
    test_utils::TestChain,
};
use writ_tests::{Staged, execute_in, single};

const FRIEND: Address = Address::repeat_byte(0xf1);

/// Every kind on every EntryPoint.
fn all() -> impl Iterator<Item = Staged> {
    Staged::all(&AccountKind::MODULAR)
}

/// What the account's proxy delegates to, if it is one.
fn implementation(stage: &Staged) -> Option<Address> {
    let slot = match stage.kind {
        AccountKind::OpenZeppelin => return None,
        AccountKind::Safe7579 => U256::ZERO,
        // ERC-1967.
        _ => U256::from_be_bytes(hex!(
            "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
        )),
    };
    let word = stage.chain.state().slot(stage.account, slot);
    Some(Address::from_word(word.into()))
}

/// What the Safe's adapter created first.
fn helper(stage: &Staged) -> Option<Address> {
    let slot = keccak256("fallback_manager.handler.address");
    let handler = stage.chain.state().slot(stage.account, slot.into());
    (stage.kind == AccountKind::Safe7579).then(|| Address::from_word(handler.into()).create(1))
}

/// `execute` of one payment of so many wei to FRIEND, in a mode of these first two bytes.
fn payment(mode: [u8; 2], wei: u64) -> Bytes {
    let pay = Execution { target: FRIEND, value: U256::from(wei), callData: Bytes::new() };
    match mode[0] {
        1 => execute_in(mode, &vec![pay.clone(), pay].abi_encode()),
        _ => execute_in(mode, &single(FRIEND, pay.value, &[])),
    }
}

#[test]
fn attested_operations_of_every_kind_break_no_rule_and_delegate_nothing() {
    for stage in all() {
        let name = stage.name();
        let modes = [[0, 0], [0, 1], [1, 0], [1, 1]];
        let ops = (0u32..).zip(modes).map(|(sequence, mode)| {
            stage.operation(sequence, &payment(mode, u64::from(sequence) + 1))
        });
        let simulation = stage.simulate(ops.collect());
        assert!(simulation.is_success(), "{name}: {:?}", simulation.failure);
        for (outcome, mode) in simulation.ops.iter().zip(modes) {
            // Neither the module nor the account itself breaks one.
            assert_eq!(check(&outcome.trace, &RuleContext::default()), [], "{name}");
            assert!(outcome.receipt.as_ref().is_some_and(|receipt| receipt.success), "{name}");
            // The Safe's adapter makes a batch by a helper of its own, as evidence knows.
            let expected: Vec<_> = helper(&stage)
                .filter(|_| mode[0] == 1)
                .map(|to| (stage.account, to))
                .into_iter()
                .collect();
            let delegated = outcome.effects.delegate_calls.iter();
            let delegated: Vec<_> = delegated.map(|one| (one.from, one.to)).collect();
            assert_eq!(delegated, expected, "{name} {mode:?}");
        }
    }
}

/// Code that stores one in slot 1 of whoever runs it.
const FOREIGN: [u8; 6] = hex!("600160015500");

#[test]
fn a_delegatecall_by_the_operation_is_told_on_every_kind() {
    for mut stage in all() {
        let name = stage.name();
        let foreign = Address::repeat_byte(0xef);
        TestChain::put(&mut stage.chain, foreign, FOREIGN.to_vec());
        let delegate = |target: Address, data: &[u8]| {
            execute_in([0xff, 0], &[target.as_slice(), data].concat())
        };
        let told = |call: &[u8]| {
            let mut simulation = stage.simulate(vec![stage.operation(0, call)]);
            assert!(simulation.is_success(), "{name}: {:?}", simulation.failure);
            let outcome = simulation.ops.pop().unwrap();
            let delegated = outcome.effects.delegate_calls.iter();
            delegated.map(|one| (one.from, one.to)).collect::<Vec<_>>()
        };
        // Foreign code.
        let delegated = told(&delegate(foreign, &[1, 2, 3, 4]));
        assert!(delegated.contains(&(stage.account, foreign)), "{name}: {delegated:?}");
        // The account's own code, called with bytes that nobody was shown as its calldata.
        let receive = told(&delegate(stage.account, &[]));
        assert!(receive.contains(&(stage.account, stage.account)), "{name}: {receive:?}");
        // The implementation, with other bytes than the account was called with.
        if let Some(implementation) = implementation(&stage) {
            let delegated = told(&delegate(implementation, &[]));
            assert!(delegated.contains(&(stage.account, implementation)), "{name}: {delegated:?}");
        }
    }
}
