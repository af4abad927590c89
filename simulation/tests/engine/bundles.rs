//! Whole operations through every EntryPoint version.

use alloy::{
    eips::eip7702::{Authorization, SignedAuthorization},
    primitives::{Address, B256, Bytes, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolValue,
};
use writ_simulation::{
    Failure, Limits, Overrides, SimulationError, SimulationRequest, Simulator, SimulatorOptions,
    test_utils::{CHAIN_ID, SimpleAccount, TestChain, artifact, execute_call},
};
use writ_types::{EIP7702_FACTORY, EntryPoint, EntryPointVersion, Factory};

const SOMEBODY: Address = Address::repeat_byte(0x5b);

fn transfer(wei: u64) -> Bytes {
    execute_call(SOMEBODY, U256::from(wei), Bytes::new())
}

fn each_version(test: impl Fn(TestChain, EntryPoint)) {
    for version in EntryPointVersion::ALL {
        if let Some((chain, entry_point)) = TestChain::with_entry_point(version) {
            test(chain, entry_point);
        }
    }
}

#[test]
fn an_operation_that_creates_its_account_is_followed_through_every_frame() {
    each_version(|mut chain, entry_point| {
        let account = SimpleAccount::new(&mut chain, entry_point, 1);
        let op = account.operation(0, transfer(7), true);
        let hash = account.hash(&op);
        let request = SimulationRequest::single(entry_point, op);
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();

        assert_eq!(simulation.failure, None, "{entry_point}");
        assert!(simulation.is_success());
        let outcome = simulation.last().unwrap();
        let trace = &outcome.trace;
        assert!(!trace.sender_existed);
        let deploy = trace.deploy.as_ref().expect("the factory was called");
        assert_eq!(deploy.entity, account.factory);
        assert!(
            deploy.creates.iter().any(|one| one.create2 && one.created == Some(account.address)),
            "{:?}",
            deploy.creates
        );
        assert!(trace.account.is_some() && trace.paymaster_frame.is_none());
        assert!(outcome.account.is_some_and(|data| !data.sig_failed()));
        assert!(outcome.signature_checked);
        assert!(trace.code_visits.iter().any(|visit| visit.address == account.address
            && visit.code_hash != alloy::primitives::KECCAK256_EMPTY));

        let receipt = outcome.receipt.as_ref().expect("included");
        assert_eq!(receipt.user_op_hash, hash, "{entry_point}");
        assert!(receipt.success && !receipt.actual_gas_cost.is_zero());
        assert!(outcome.execution.as_ref().is_some_and(|frame| frame.status.is_success()));
        let moved = &outcome.effects.native;
        assert_eq!(moved.len(), 1, "the prefund is not execution: {moved:?}");
        assert_eq!((moved[0].from, moved[0].to), (account.address, SOMEBODY));
        assert_eq!(outcome.effects.native_outflow(account.address), Some(U256::from(7)));
        assert!(outcome.effects.touched.contains(&SOMEBODY));
    });
}

#[test]
fn gas_is_that_of_the_same_bundle_without_tracer_and_twice_gives_the_same() {
    each_version(|mut chain, entry_point| {
        let account = SimpleAccount::deployed(&mut chain, entry_point, 2);
        let request =
            SimulationRequest::single(entry_point, account.operation(1, transfer(1), false));
        let simulator = Simulator::default();
        let simulation = simulator.simulate_sync(&chain.pin(), &request).unwrap();
        let bare = simulator.transact_bare(&chain.pin(), &request).unwrap();
        assert!(bare.is_success() && simulation.is_success());
        assert_eq!(simulation.gas_used, bare.tx_gas_used(), "{entry_point}");
        assert!(simulation.ops[0].trace.sender_existed);
        assert_eq!(simulation, simulator.simulate_sync(&chain.pin(), &request).unwrap());
    });
}

#[test]
fn a_wrong_signature_fails_unless_it_is_forgiven_and_then_says_so() {
    each_version(|mut chain, entry_point| {
        let account = SimpleAccount::deployed(&mut chain, entry_point, 3);
        let mut op = account.operation(1, transfer(1), false);
        op.signature = account.signature(B256::repeat_byte(9));
        let request = SimulationRequest::single(entry_point, op);
        let simulator = Simulator::default();

        let refused = simulator.simulate_sync(&chain.pin(), &request).unwrap();
        let Some(Failure::Op(failed)) = &refused.failure else { panic!("{:?}", refused.failure) };
        assert_eq!(
            (failed.index, failed.aa_code.map(|code| code.to_string())),
            (0, Some("AA24".into()))
        );
        assert!(failed.aa_code.unwrap().is_signature());
        assert!(refused.ops[0].account.is_some_and(|data| data.sig_failed()));
        assert!(refused.ops[0].execution.is_none() && refused.ops[0].receipt.is_none());

        let forgiven =
            simulator.simulate_sync(&chain.pin(), &request.ignoring_signatures()).unwrap();
        assert!(forgiven.is_success(), "{:?}", forgiven.failure);
        assert!(!forgiven.ops[0].signature_checked);
        assert!(
            forgiven.ops[0].account.is_some_and(|data| data.sig_failed()),
            "what it said stays"
        );
    });
}

#[test]
fn a_reverting_execution_is_an_outcome_and_has_no_effects() {
    each_version(|mut chain, entry_point| {
        let account = SimpleAccount::deployed(&mut chain, entry_point, 4);
        let too_much = execute_call(SOMEBODY, U256::from(10).pow(U256::from(30)), Bytes::new());
        let op = account.operation(1, too_much, false);
        let request = SimulationRequest::single(entry_point, op);
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        assert_eq!(simulation.failure, None);
        assert!(!simulation.is_success());
        let outcome = &simulation.ops[0];
        assert!(!outcome.receipt.as_ref().unwrap().success);
        assert!(!outcome.execution.as_ref().unwrap().status.is_success());
        assert!(outcome.effects.native.is_empty());
    });
}

#[test]
fn predecessors_run_first_and_a_failing_operation_is_named_by_its_place() {
    each_version(|mut chain, entry_point| {
        let account = SimpleAccount::deployed(&mut chain, entry_point, 5);
        let simulator = Simulator::default();
        let ops = vec![
            account.operation(1, transfer(1), false),
            account.operation(2, transfer(2), false),
            account.operation(3, transfer(3), false),
        ];
        let request = SimulationRequest::bundle(entry_point, ops.clone());
        let simulation = simulator.simulate_sync(&chain.pin(), &request).unwrap();
        assert!(simulation.is_success(), "{:?}", simulation.failure);
        for (index, outcome) in simulation.ops.iter().enumerate() {
            assert_eq!(outcome.trace.index, index);
            assert_eq!(outcome.effects.native[0].amount, U256::from(index + 1));
            assert_eq!(outcome.receipt.as_ref().unwrap().user_op_hash, account.hash(&ops[index]));
        }

        let gap = vec![ops[0].clone(), ops[2].clone()];
        let request = SimulationRequest::bundle(entry_point, gap);
        let simulation = simulator.simulate_sync(&chain.pin(), &request).unwrap();
        let Some(Failure::Op(failed)) = simulation.failure else { panic!("nonce gap accepted") };
        assert_eq!((failed.index, failed.reason.as_str()), (1, "AA25 invalid account nonce"));
    });
}

#[test]
fn validation_alone_stops_before_execution_with_the_same_validation_trace() {
    each_version(|mut chain, entry_point| {
        let account = SimpleAccount::deployed(&mut chain, entry_point, 6);
        let ops = vec![
            account.operation(1, transfer(1), false),
            account.operation(2, transfer(2), false),
        ];
        let request = SimulationRequest::bundle(entry_point, ops);
        let simulator = Simulator::default();
        let whole = simulator.simulate_sync(&chain.pin(), &request).unwrap();
        let part = simulator.simulate_sync(&chain.pin(), &request.validation_only()).unwrap();
        assert_eq!(part.failure, None);
        assert!(part.gas_used < whole.gas_used);
        for (part, whole) in part.ops.iter().zip(&whole.ops) {
            assert_eq!(part.trace, whole.trace);
            assert!(part.execution.is_none() && part.effects.native.is_empty());
            assert!(part.receipt.is_none());
        }
    });
}

#[test]
fn an_authorization_tuple_is_applied_as_the_chain_would() {
    for version in [EntryPointVersion::V08, EntryPointVersion::V09] {
        let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else { continue };
        let mut account = SimpleAccount::new(&mut chain, entry_point, 7);
        let mut code = artifact(version, "Simple7702Account").to_vec();
        if version == EntryPointVersion::V09 {
            code.extend(entry_point.address.abi_encode());
        }
        let delegate = chain.create(code.into());
        account.owner = PrivateKeySigner::random();
        account.address = account.owner.address();
        chain.fund(account.address, U256::from(10).pow(U256::from(18)));
        let tuple = Authorization { chain_id: U256::from(CHAIN_ID), address: delegate, nonce: 0 };
        let signature = account.owner.sign_hash_sync(&tuple.signature_hash()).unwrap();
        let mut op = account.operation(0, transfer(5), false);
        op.factory = Some(Factory { address: EIP7702_FACTORY, data: Bytes::new() });
        op.authorization = Some(tuple.clone().into_signed(signature));
        account.sign(&mut op);
        let request = SimulationRequest::single(entry_point, op.clone());
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        assert!(simulation.is_success(), "{:?}", simulation.failure);
        let trace = &simulation.ops[0].trace;
        let frame = trace.account.as_ref().unwrap();
        assert_eq!(frame.entity_code, writ_simulation::trace::CodeState::Delegated(delegate));
        assert!(trace.code_visits.iter().any(|visit| visit.address == delegate));
        assert_eq!(trace.factory, None, "the marker is not a factory");

        // A stale tuple is skipped by the chain, and then there is no code to validate with.
        let stale = Authorization { chain_id: U256::from(CHAIN_ID), address: delegate, nonce: 9 };
        let signature = account.owner.sign_hash_sync(&stale.signature_hash()).unwrap();
        op.authorization = Some(stale.into_signed(signature));
        let request = SimulationRequest::single(entry_point, op.clone());
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        assert!(simulation.failure.is_some());

        // A tuple that nobody signed counts as the sender's where signatures are forgiven, and only there.
        let unsigned = SignedAuthorization::new_unchecked(tuple, 0, U256::ZERO, U256::ZERO);
        op.authorization = Some(unsigned);
        let request = SimulationRequest::single(entry_point, op);
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        assert!(simulation.failure.is_some());
        let request = request.ignoring_signatures();
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        assert!(simulation.is_success(), "{:?}", simulation.failure);
    }
}

#[test]
fn overrides_replace_exactly_what_they_name() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V07).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 8);
    let poor = Overrides::new().with_balance(account.address, U256::ZERO);
    let op = account.operation(1, transfer(1), false);
    let deposit_slot = chain.state().slot(entry_point.address, U256::ZERO);
    let request = SimulationRequest::single(entry_point, op).with_overrides(poor);
    let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
    // With what is left of its deposit it can or cannot pay; the transfer it surely cannot make.
    assert!(!simulation.is_success());

    let mute = Overrides::new().with_code(account.address, Bytes::from_static(&[0xfe]));
    let request = request.with_overrides(mute);
    let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
    let Some(Failure::Op(failed)) = simulation.failure else { panic!("invalid code accepted") };
    assert_eq!(failed.aa_code.unwrap().to_string(), "AA23");

    let pretended = Overrides::new().with_storage(entry_point.address, U256::ZERO, U256::from(1));
    assert!(!pretended.is_empty());
    assert_eq!(
        chain.state().slot(entry_point.address, U256::ZERO),
        deposit_slot,
        "nothing written"
    );
}

#[test]
fn requests_that_make_no_sense_are_refused_by_name() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 9);
    let op = account.operation(1, transfer(1), false);
    let run = |limits: Limits, request: &SimulationRequest| {
        let options = SimulatorOptions { limits, ..SimulatorOptions::default() };
        Simulator::new(options).simulate_sync(&chain.pin(), request)
    };
    let limits = Limits::default();
    let none = SimulationRequest::bundle(entry_point, vec![]);
    assert!(matches!(run(limits, &none), Err(SimulationError::InvalidRequest(_))));
    let mut other = op.clone();
    other.version = EntryPointVersion::V07;
    let mixed = SimulationRequest::bundle(entry_point, vec![op.clone(), other]);
    let Err(SimulationError::InvalidRequest(text)) = run(limits, &mixed) else { panic!() };
    assert!(text.contains("operation 1"), "{text}");
    let two = SimulationRequest::bundle(entry_point, vec![op.clone(), op.clone()]);
    let error = run(Limits { ops: 1, ..limits }, &two).unwrap_err();
    assert_eq!(error, SimulationError::LimitExceeded { what: "operations", limit: 1 });
    let one = SimulationRequest::single(entry_point, op);
    let error = run(Limits { records: 2, ..limits }, &one).unwrap_err();
    assert!(matches!(error, SimulationError::LimitExceeded { what: "trace records", .. }));
    let error = run(Limits { gas: 30_000, ..limits }, &one).unwrap_err();
    assert!(matches!(error, SimulationError::InvalidTransaction(_)), "{error:?}");
    let starved = run(Limits { gas: 200_000, ..limits }, &one).unwrap();
    assert!(starved.failure.is_some());
}

#[test]
fn a_failing_initialisation_is_the_fault_of_its_own_operation() {
    for version in [EntryPointVersion::V08, EntryPointVersion::V09] {
        let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else { continue };
        let first = SimpleAccount::deployed(&mut chain, entry_point, 10);
        let mut second = SimpleAccount::new(&mut chain, entry_point, 11);
        // Reverts whatever it is called with.
        let delegate = Address::repeat_byte(0xde);
        chain.put(delegate, Bytes::from_static(&[0x5f, 0x5f, 0xfd]));
        second.owner = PrivateKeySigner::random();
        second.address = second.owner.address();
        chain.fund(second.address, U256::from(10).pow(U256::from(18)));
        let tuple = Authorization { chain_id: U256::ZERO, address: delegate, nonce: 0 };
        let signature = second.owner.sign_hash_sync(&tuple.signature_hash()).unwrap();
        let mut op = second.operation(0, transfer(5), false);
        op.factory = Some(Factory { address: EIP7702_FACTORY, data: vec![1, 2, 3, 4].into() });
        op.authorization = Some(tuple.into_signed(signature));
        second.sign(&mut op);
        let ops = vec![first.operation(1, transfer(1), false), op];
        let request = SimulationRequest::bundle(entry_point, ops);
        let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
        let Some(Failure::Op(failed)) = simulation.failure else { panic!("{version}: accepted") };
        let code = failed.aa_code.map(|code| code.to_string());
        assert_eq!((failed.index, code.as_deref()), (1, Some("AA13")), "{version}: {failed}");
    }
}
