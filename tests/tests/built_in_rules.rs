//! Accounts with the module built in under the default rules of ERC-7562, and what their attested operations are seen to do.

#![allow(clippy::unwrap_used)]

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use writ_attestation::AccountKind;
use writ_bindings::{WritDelegate, built_in_creation_code, erc7579::Execution, module_address};
use writ_evidence::{Own, decode_calls};
use writ_simulation::{
    Simulation,
    rules::{RuleContext, check},
    test_utils::{CHAIN_ID, TestChain},
};
use writ_tests::{Account, Place, Staged, built_in_encodings, delegate_key};
use writ_types::{EIP7702_FACTORY, Factory, UserOperation};

const FRIEND: Address = Address::repeat_byte(0xf1);

fn all() -> impl Iterator<Item = Staged> {
    Staged::all(&AccountKind::BUILT_IN)
}

fn delegates() -> impl Iterator<Item = Staged> {
    Staged::all(&[AccountKind::WritDelegate])
}

fn payment(wei: u64) -> Execution {
    Execution { target: FRIEND, value: U256::from(wei), callData: Bytes::new() }
}

/// `execute` of one payment.
fn pay(stage: &Staged) -> Bytes {
    built_in_encodings(stage.kind, &[payment(3)])[0].1.clone()
}

/// Every operation was valid and executed, and none broke a rule.
fn is_fine(simulation: &Simulation, name: &str) {
    assert!(simulation.is_success(), "{name}: {:?}", simulation.failure);
    for outcome in &simulation.ops {
        assert_eq!(check(&outcome.trace, &RuleContext::default()), [], "{name}");
        assert!(outcome.receipt.as_ref().is_some_and(|receipt| receipt.success), "{name}");
        // The module keeps its settings' code apart, and asks it by a delegatecall of its own.
        let mut delegated = outcome.effects.delegate_calls.iter();
        assert!(delegated.all(|one| one.from == module_address()), "{name}");
    }
}

/// The payments that the account was seen to make, its hook aside.
fn paid(simulation: &Simulation, index: usize) -> Vec<U256> {
    let calls = simulation.ops[index].effects.calls.iter();
    calls.filter(|call| call.to == FRIEND).map(|call| call.value).collect()
}

#[test]
fn attested_operations_break_no_rule_and_delegate_nothing() {
    let mut stages = 0;
    for stage in all() {
        let name = stage.name();
        let one = built_in_encodings(stage.kind, &[payment(1)]);
        let two = built_in_encodings(stage.kind, &[payment(2), payment(3)]);
        let nothing = built_in_encodings(stage.kind, &[payment(0), payment(0)]);
        let encodings: Vec<_> = one.into_iter().chain(two).chain(nothing).collect();
        let ops = (0u32..).zip(&encodings).map(|(number, (_, call))| stage.operation(number, call));
        let simulation = stage.simulate(ops.collect());
        is_fine(&simulation, &name);
        for (index, (encoding, call)) in encodings.iter().enumerate() {
            let own = Own { kind: stage.kind, ..Own::of(stage.account) };
            let decoded: Vec<_> =
                decode_calls(own, call).unwrap().into_iter().map(|call| call.value).collect();
            assert_eq!(paid(&simulation, index), decoded, "{name} {encoding}");
        }
        stages += 1;
    }
    assert!(stages >= 4, "both kinds, on both EntryPoints that every machine has");
}

#[test]
fn every_nonce_key_is_the_users_own() {
    for stage in all() {
        // The second is how an ERC-7579 account would name another validator.
        let keys = [U256::from(5), U256::from_be_slice(FRIEND.as_slice()) << 32, U256::MAX >> 64];
        let ops = (0u32..).zip(keys).map(|(sequence, key)| {
            // Until v0.9 a ticket names what is called, and of the same call one is open at a time.
            let call = built_in_encodings(stage.kind, &[payment(u64::from(sequence))]);
            let draft = UserOperation { nonce: key << 64, ..stage.draft(0, &call[0].1) };
            stage.attested(sequence, draft)
        });
        is_fine(&stage.simulate(ops.collect()), &stage.name());
    }
}

#[test]
fn an_attestation_moved_away_from_the_end_validates_nothing() {
    for stage in all() {
        let name = stage.name();
        let good = stage.operation(0, &pay(&stage));
        let (owner, suffix) = good.signature.split_at(65);
        for signature in [
            [suffix, owner].concat(),
            [owner, &[0; 12][..], stage.account.as_slice(), suffix, &[0]].concat(),
            [owner, suffix, suffix].concat(),
            suffix.to_vec(),
            owner.to_vec(),
        ] {
            let moved = UserOperation { signature: signature.into(), ..good.clone() };
            assert!(!stage.simulate(vec![moved]).is_success(), "{name}");
        }
        is_fine(&stage.simulate(vec![good]), &name);
    }
}

fn tuple(stage: &Staged, to: Address) -> SignedAuthorization {
    let account = Account::delegated(stage.entry_point, delegate_key(stage.entry_point.version));
    let nonce = stage.chain.state().account(&stage.account).map_or(0, |(_, nonce)| nonce);
    account.tuple_for(CHAIN_ID, to, nonce)
}

/// The implementation that the account delegates to.
fn implementation(stage: &Staged) -> Address {
    Address::from_slice(&stage.chain.state().code(&stage.account).unwrap()[3..])
}

/// With the marker, where the EntryPoint knows it, and without.
fn markers(stage: &Staged) -> Vec<Option<Factory>> {
    let marker = Factory { address: EIP7702_FACTORY, data: Bytes::new() };
    let known = stage.entry_point.version.supports_eip7702();
    [None].into_iter().chain(known.then_some(Some(marker))).collect()
}

#[test]
fn an_account_that_comes_back_is_delegated_and_validated_by_one_operation() {
    for stage in delegates() {
        let home = implementation(&stage);
        let elsewhere = Address::repeat_byte(0xe1);
        // It delegates already, to other code, or to none. The consent and the configuration are where they were.
        for found in [Some(home), Some(elsewhere), None] {
            for factory in markers(&stage) {
                let mut stage = again(&stage);
                let name = format!("{} from {found:?} as {factory:?}", stage.name());
                let code = found.map_or_else(Vec::new, designation);
                TestChain::put(&mut stage.chain, stage.account, code);
                let draft = UserOperation { factory, ..stage.draft(0, &pay(&stage)) };
                let authorization = Some(tuple(&stage, home));
                let op = stage.attested(0, UserOperation { authorization, ..draft });
                let simulation = stage.simulate(vec![op.clone()]);
                is_fine(&simulation, &name);
                assert_eq!(paid(&simulation, 0), [U256::from(3)], "{name}");
                // Without the tuple it is the operation of an account that runs this code already, or of none.
                let bare = UserOperation { authorization: None, ..op };
                assert_eq!(stage.simulate(vec![bare]).is_success(), found == Some(home), "{name}");
            }
        }
    }
}

#[test]
fn what_was_attested_of_one_delegation_is_void_under_another() {
    for mut stage in delegates() {
        let (name, home) = (stage.name(), implementation(&stage));
        // The same code at another address, where the key consented to nothing.
        let (at, module) = (stage.entry_point.address, module_address());
        let code = built_in_creation_code(&WritDelegate::BYTECODE, at, module);
        let twin = Place::create(&mut stage.chain, code);
        let draft = stage.draft(0, &pay(&stage));
        let good =
            stage.attested(0, UserOperation { authorization: Some(tuple(&stage, home)), ..draft });
        for other in [twin, Address::ZERO] {
            let moved = UserOperation { authorization: Some(tuple(&stage, other)), ..good.clone() };
            assert!(!stage.simulate(vec![moved]).is_success(), "{name} to {other}");
        }
        is_fine(&stage.simulate(vec![good]), &name);
    }
}

#[test]
fn nothing_validates_before_the_key_consents() {
    for mut stage in delegates() {
        let (name, home) = (stage.name(), implementation(&stage));
        let good = stage.operation(0, &pay(&stage));
        is_fine(&stage.simulate(vec![good.clone()]), &name);
        // As the key does before it delegates elsewhere: from its own address.
        let withdraw = WritDelegate::withdrawConsentCall {}.abi_encode();
        let send = [
            // CALLDATACOPY of all, CALL the implementation, RETURN nothing.
            &[0x36, 0x5f, 0x5f, 0x37, 0x5f, 0x5f, 0x36, 0x5f, 0x5f, 0x73][..],
            home.as_slice(),
            &[0x5a, 0xf1, 0x00],
        ]
        .concat();
        TestChain::put(&mut stage.chain, stage.account, send);
        let account = stage.account;
        Place::send(&mut stage.chain, account, withdraw.into());
        TestChain::put(&mut stage.chain, account, designation(home));
        let simulation = stage.simulate(vec![good]);
        let failure = format!("{:?}", simulation.failure);
        assert!(failure.contains("AA24"), "{name}: {failure}");
    }
}

fn designation(to: Address) -> Vec<u8> {
    [&[0xef, 0x01, 0x00], to.as_slice()].concat()
}

/// The same stage once more.
fn again(stage: &Staged) -> Staged {
    Staged::new(stage.kind, stage.entry_point.version).unwrap()
}
