//! The gate before accounts that have the module built in: what they say of it, and what EIP-7702 puts at their address.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use alloy::{
    eips::eip7702::{Authorization, SignedAuthorization},
    primitives::{Address, Bytes, U256, keccak256},
    sol_types::SolValue,
};
use common::{
    ACCOUNT,
    Behaviour::Honest,
    CHAIN, MODULE, World,
    chain::{answers, gate, pinned_with, request},
    operation,
};
use writ_attestation::{
    AccountKind, AccountPolicy, AttestationError, Mode, PlacementError, Suffix, Validator, attach,
};
use writ_gateway::{Gate, GateError, GateMode, Gated, NotRequired};
use writ_simulation::PinnedBlock;
use writ_types::{EIP7702_FACTORY, Factory, UserOperation};

const DELEGATE: Address = Address::repeat_byte(0xde);
const OTHER: Address = Address::repeat_byte(0xd0);

/// Code that says that it is of this kind, with this module built in.
fn says(kind: AccountKind, module: Address, initialized: bool) -> Bytes {
    let selector = |signature: &str| keccak256(signature)[..4].try_into().unwrap();
    answers(&[
        (selector("accountId()"), (kind.account_id().to_owned(),).abi_encode_params()),
        (selector("writModule()"), module.abi_encode()),
        (selector("isModuleInstalled(uint256,address,bytes)"), initialized.abi_encode()),
    ])
}

fn delegation(to: Address) -> Bytes {
    [&[0xef, 0x01, 0x00], to.as_slice()].concat().into()
}

/// An operation of one of the account's own nonce keys.
fn own(sequence: u64) -> UserOperation {
    let key = AccountKind::WritDelegate.nonce_key(Validator::BuiltIn, 7).unwrap();
    let nonce = (U256::from(key) << 64) + U256::from(sequence);
    UserOperation { nonce, ..operation(sequence) }
}

fn tuple(to: Address) -> Option<SignedAuthorization> {
    let tuple = Authorization { chain_id: U256::from(CHAIN), address: to, nonce: 1 };
    Some(SignedAuthorization::new_unchecked(tuple, 0, U256::ONE, U256::ONE))
}

fn marker(data: &'static [u8]) -> Option<Factory> {
    Some(Factory { address: EIP7702_FACTORY, data: Bytes::from_static(data) })
}

async fn placement(gate: &Gate, block: &PinnedBlock, operation: &UserOperation) -> PlacementError {
    match gate.admit(request(block, operation)).await {
        Err(GateError::Attestation(AttestationError::Placement(error))) => error,
        other => panic!("a placement error was expected: {other:?}"),
    }
}

fn obtained(gated: Gated) -> UserOperation {
    match gated {
        Gated::Attested(attested) if attested.obtained => attested.operation,
        other => panic!("an attestation was expected: {other:?}"),
    }
}

#[tokio::test]
async fn an_attestation_stands_at_the_end_whatever_the_nonce_names() {
    for kind in AccountKind::BUILT_IN {
        let mut world = World::new(2, 3);
        let code = says(kind, MODULE, true);
        world.view.account_code = keccak256(&code);
        let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
        let gate = gate(GateMode::Installed, Some(gateway));
        let block = pinned_with(7, &world.view.policy, &world.view.operators, &[(ACCOUNT, code)]);
        let mut last = None;
        // The second names another contract, as an ERC-7579 account would read it.
        for nonce in [own(0).nonce, U256::from_be_slice(OTHER.as_slice()) << 96, U256::from(1)] {
            let op = UserOperation { nonce, ..own(0) };
            let attested = obtained(gate.admit(request(&block, &op)).await.unwrap());
            assert!(attested.signature.starts_with(&op.signature), "{kind:?}");
            gate.recheck(request(&block, &attested)).await.unwrap();
            last = Some((op, attested));
        }
        // Anywhere else it is no attestation, and nobody is asked for another one.
        let (op, attested) = last.unwrap();
        let suffix = &attested.signature[op.signature.len()..];
        let wrapped = (ACCOUNT, attested.signature.clone()).abi_encode_params();
        for (signature, check) in [
            ([suffix, &op.signature].concat(), "trailingBytes"),
            ([&attested.signature[..], &[0]].concat(), "trailingBytes"),
            (wrapped, "trailingBytes"),
            ([&attested.signature[..], suffix].concat(), "twoSuffixes"),
        ] {
            let misplaced = UserOperation { signature: signature.into(), ..op.clone() };
            match gate.admit(request(&block, &misplaced)).await {
                Err(GateError::Attestation(error)) => {
                    assert_eq!((error.check(), error.code()), (check, -32531), "{kind:?}");
                }
                other => panic!("{kind:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn another_module_and_one_that_waits_are_refused_by_name() {
    let world = World::new(2, 3);
    let gate = gate(GateMode::Installed, None);
    for kind in AccountKind::BUILT_IN {
        let at = |policy: &AccountPolicy, code: Bytes| {
            pinned_with(7, policy, &world.view.operators, &[(ACCOUNT, code)])
        };
        let other = at(&world.view.policy, says(kind, OTHER, true));
        let expected = PlacementError::OtherBuiltIn { built_in: Some(OTHER), module: MODULE };
        assert_eq!(placement(&gate, &other, &own(0)).await, expected);

        let waiting = PlacementError::NotInitialized { kind, module: MODULE };
        let code = says(kind, MODULE, false);
        assert_eq!(placement(&gate, &at(&world.view.policy, code.clone()), &own(0)).await, waiting);
        // Where the module only observes it is no different: nothing validates.
        let mut observing = world.view.policy.clone();
        observing.configuration.mode = Mode::Observe;
        assert_eq!(placement(&gate, &at(&observing, code), &own(0)).await, waiting);
        let gated = gate.admit(request(&at(&observing, says(kind, OTHER, true)), &own(0))).await;
        assert_eq!(gated.unwrap(), Gated::NotRequired(NotRequired::Observing));
    }
}

#[tokio::test]
async fn an_account_is_judged_as_its_operation_delegates_it() {
    let mut world = World::new(2, 3);
    world.view.account_code = keccak256(delegation(DELEGATE));
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway));
    let says = (DELEGATE, says(AccountKind::WritDelegate, MODULE, true));
    let with = |account: Option<Bytes>| {
        let contracts: Vec<_> =
            account.map(|code| (ACCOUNT, code)).into_iter().chain([says.clone()]).collect();
        pinned_with(7, &world.view.policy, &world.view.operators, &contracts)
    };
    let plain = own(0);
    let brought = UserOperation { authorization: tuple(DELEGATE), ..own(1) };
    let marked = UserOperation { factory: marker(&[]), authorization: tuple(DELEGATE), ..own(2) };

    // Delegated already, not yet, and elsewhere.
    for account in [Some(delegation(DELEGATE)), None, Some(delegation(OTHER))] {
        let delegated = account == Some(delegation(DELEGATE));
        let block = with(account);
        for op in [&brought, &marked] {
            let attested = obtained(gate.admit(request(&block, op)).await.unwrap());
            let (_, suffix) = Suffix::split(&attested.signature).unwrap().unwrap();
            gate.recheck(request(&block, &attested)).await.unwrap();
            // What is attested of one operation is not attested of another one.
            let moved = UserOperation {
                signature: attach(&plain.signature, &suffix).unwrap(),
                ..plain.clone()
            };
            if delegated {
                assert!(gate.admit(request(&block, &moved)).await.is_err());
            }
        }
        if delegated {
            obtained(gate.admit(request(&block, &plain)).await.unwrap());
        }
    }

    // Without the tuple it is what it is.
    let bare = gate.admit(request(&with(None), &plain)).await.unwrap();
    assert_eq!(bare, Gated::NotRequired(NotRequired::Unbound), "there is no account");
    let elsewhere = placement(&gate, &with(Some(delegation(OTHER))), &plain).await;
    assert!(matches!(elsewhere, PlacementError::UnknownKind(_)), "{elsewhere}");
    // A tuple that leads away, or to nothing.
    let here = with(Some(delegation(DELEGATE)));
    let away = UserOperation { authorization: tuple(OTHER), ..own(3) };
    let error = placement(&gate, &here, &away).await;
    assert!(matches!(error, PlacementError::UnknownKind(_)), "{error}");
    let nothing = UserOperation { authorization: tuple(Address::ZERO), ..own(3) };
    let gated = gate.admit(request(&here, &nothing)).await.unwrap();
    assert_eq!(gated, Gated::NotRequired(NotRequired::Unbound));
    // Calldata behind the marker runs in the account before anything is validated.
    let initializes = UserOperation { factory: marker(&[1, 2, 3, 4]), ..marked };
    assert_eq!(placement(&gate, &here, &initializes).await, PlacementError::Initializes);
}

#[tokio::test]
async fn a_delegation_without_consent_is_refused_by_name_though_no_module_looks() {
    let world = World::new(2, 3);
    let mut nothing = world.view.policy.clone();
    (nothing.state.validator_installed, nothing.state.hook_installed) = (false, false);
    let mut off = world.view.policy.clone();
    off.configuration.mode = Mode::Off;
    let kind = AccountKind::WritDelegate;
    let delegated = |policy: &AccountPolicy, code: Bytes| {
        let contracts = [(ACCOUNT, delegation(DELEGATE)), (DELEGATE, code)];
        pinned_with(7, policy, &world.view.operators, &contracts)
    };
    let bare = |policy: &AccountPolicy, code: Bytes| {
        pinned_with(7, policy, &world.view.operators, &[(DELEGATE, code)])
    };
    let waiting = PlacementError::NotInitialized { kind, module: MODULE };
    let brought = UserOperation { authorization: tuple(DELEGATE), ..own(0) };
    let initializes = UserOperation { factory: marker(&[1]), ..brought.clone() };
    for mode in [GateMode::Installed, GateMode::Required] {
        let gate = gate(mode, None);
        for policy in [&nothing, &off] {
            let code = says(kind, MODULE, false);
            let here = delegated(policy, code.clone());
            assert_eq!(placement(&gate, &here, &own(0)).await, waiting, "{mode:?}");
            for op in [&brought, &initializes] {
                let first = placement(&gate, &bare(policy, code.clone()), op).await;
                assert_eq!(first, waiting, "{mode:?}");
            }
            assert!(gate.question(request(&here, &own(0))).await.is_err(), "nobody is asked");
        }
    }
    // Another module is not this bundler's business, nor is one that stepped aside.
    let gate = gate(GateMode::Installed, None);
    for (policy, code) in [(&nothing, says(kind, OTHER, false)), (&off, says(kind, MODULE, true))] {
        let gated = gate.admit(request(&delegated(policy, code), &own(0))).await.unwrap();
        assert_eq!(gated, Gated::NotRequired(NotRequired::Unbound));
    }
    // With the gate off nothing is demanded: whether it validates is for the simulation to see.
    let open = common::chain::gate(GateMode::Off, None);
    let here = delegated(&nothing, says(kind, MODULE, false));
    let gated = open.admit(request(&here, &own(0))).await.unwrap();
    assert_eq!(gated, Gated::NotRequired(NotRequired::Off));
}
