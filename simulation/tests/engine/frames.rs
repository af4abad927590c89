//! Paymasters, and what the tracer sees of code that misbehaves.

use alloy::{
    primitives::{Address, Bytes, U256, keccak256},
    sol,
    sol_types::{SolCall, SolValue},
};
use revm::bytecode::opcode as op;
use writ_simulation::{
    Failure, Simulation, SimulationRequest, Simulator,
    test_utils::{SimpleAccount, TestChain, execute_call},
    trace::{CodeState, FrameStatus, OpcodeClass, StorageAccess},
};
use writ_types::{EntryPoint, EntryPointVersion, Paymaster, UserOperation};

use crate::code::{call, on_selector, push, push_address, return_word, revert};

sol! {
    function depositTo(address account);
}

const PAYMASTER: Address = Address::repeat_byte(0x9a);
const ODD: Address = Address::repeat_byte(0x0d);
const VALIDATE_PAYMASTER: [u8; 4] = [0x52, 0xb7, 0x51, 0x2c];
const VALIDATE: [u8; 4] = [0x19, 0x82, 0x2f, 0x7c];

/// Returns memory that begins with these words.
fn return_words(words: &[U256]) -> Vec<u8> {
    let mut code = Vec::new();
    for (index, word) in words.iter().enumerate() {
        code.extend([crate::code::push_word(*word), push(32 * index as u64)].concat());
        code.push(op::MSTORE);
    }
    code.extend([push(32 * words.len() as u64), push(0), vec![op::RETURN]].concat());
    code
}

fn sponsored(chain: &mut TestChain, account: &SimpleAccount) -> UserOperation {
    let entry_point = account.entry_point.address;
    let data = depositToCall { account: PAYMASTER }.abi_encode();
    chain.send(entry_point, data.into(), U256::from(10).pow(U256::from(18)));
    let mut op = account.operation(1, execute_call(Address::ZERO, U256::ZERO, Bytes::new()), false);
    op.paymaster = Some(Paymaster {
        address: PAYMASTER,
        verification_gas_limit: 100_000,
        post_op_gas_limit: 50_000,
        data: Bytes::new(),
        signature: None,
    });
    account.sign(&mut op);
    op
}

fn simulate(chain: &TestChain, entry_point: EntryPoint, op: UserOperation) -> Simulation {
    let request = SimulationRequest::single(entry_point, op);
    Simulator::default().simulate_sync(&chain.pin(), &request).unwrap()
}

#[test]
fn a_paymaster_has_its_own_frames_context_and_post_op_effects() {
    for version in [EntryPointVersion::V07, EntryPointVersion::V08, EntryPointVersion::V09] {
        let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else { continue };
        let account = SimpleAccount::deployed(&mut chain, entry_point, 20);
        let context = [U256::from(64), U256::ZERO, U256::from(32), U256::from(0xabc)];
        let post_op = [call(ODD, 3), vec![op::STOP]].concat();
        chain.put(PAYMASTER, on_selector(VALIDATE_PAYMASTER, &return_words(&context), &post_op));
        let op = sponsored(&mut chain, &account);
        let poor = simulate(&chain, entry_point, op.clone());
        let outcome = poor.last().unwrap();
        let validation = outcome.paymaster.expect("well-formed");
        assert_eq!(validation.context_len, 32);
        let frame = outcome.trace.paymaster_frame.as_ref().unwrap();
        assert_eq!((frame.entity, frame.gas_limit), (PAYMASTER, 100_000));
        assert!(outcome.post_op.is_some(), "{version}");
        assert!(outcome.post_op_effects.native.is_empty(), "it has nothing to send");

        chain.fund(PAYMASTER, U256::from(10));
        let simulation = simulate(&chain, entry_point, op);
        let outcome = simulation.last().unwrap();
        assert_eq!(outcome.post_op_effects.native[0].amount, U256::from(3));
        assert!(outcome.effects.native.is_empty(), "postOp is not execution");
    }
}

#[test]
fn a_paymasters_signature_failure_is_forgiven_on_request_only() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V07).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 21);
    let failed = [U256::from(64), U256::from(1), U256::ZERO];
    chain.put(PAYMASTER, return_words(&failed));
    let op = sponsored(&mut chain, &account);
    let refused = simulate(&chain, entry_point, op.clone());
    let Some(Failure::Op(failed)) = refused.failure else { panic!("accepted") };
    assert_eq!(failed.aa_code.unwrap().to_string(), "AA34");
    let request = SimulationRequest::single(entry_point, op).ignoring_signatures();
    let forgiven = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
    assert!(forgiven.is_success(), "{:?}", forgiven.failure);
}

#[test]
fn a_reverting_post_op_undoes_the_execution_and_its_effects() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V07).unwrap();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 22);
    let context = [U256::from(64), U256::ZERO, U256::from(32), U256::from(1)];
    chain.put(PAYMASTER, on_selector(VALIDATE_PAYMASTER, &return_words(&context), &revert()));
    let mut op = sponsored(&mut chain, &account);
    op.call_data = execute_call(ODD, U256::from(5), Bytes::new());
    account.sign(&mut op);
    let simulation = simulate(&chain, entry_point, op);
    let outcome = simulation.last().unwrap();
    assert_eq!(simulation.failure, None);
    assert!(outcome.execution.as_ref().unwrap().status.is_success());
    assert_eq!(outcome.post_op.as_ref().unwrap().status, FrameStatus::Revert);
    assert!(!outcome.receipt.as_ref().unwrap().success);
    assert!(outcome.effects.native.is_empty(), "the transfer was rolled back with the frame");
}

/// An account whose validation runs `body` and then says yes; its deposit pays.
fn account_of(chain: &mut TestChain, entry_point: EntryPoint, body: &[u8]) -> UserOperation {
    let yes = [body, &return_word(U256::ZERO)].concat();
    chain.put(ODD, on_selector(VALIDATE, &yes, &[]));
    let data = depositToCall { account: ODD }.abi_encode();
    chain.send(entry_point.address, data.into(), U256::from(10).pow(U256::from(18)));
    UserOperation {
        version: entry_point.version,
        sender: ODD,
        nonce: U256::ZERO,
        factory: None,
        call_data: Bytes::new(),
        call_gas_limit: 10_000,
        verification_gas_limit: 300_000,
        pre_verification_gas: U256::from(50_000),
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1,
        paymaster: None,
        signature: Bytes::new(),
        authorization: None,
    }
}

#[test]
fn one_account_that_does_everything_is_recorded_once_each() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    let library = Address::repeat_byte(0x11);
    let empty = Address::repeat_byte(0x22);
    chain.put(library, vec![op::STOP]);
    let body = [
        vec![op::TIMESTAMP, op::POP, op::TIMESTAMP, op::POP],
        vec![op::GAS, op::POP],
        vec![op::SELFBALANCE, op::POP],
        push(7),
        vec![op::SLOAD, op::POP],
        push(1),
        push(7),
        vec![op::SSTORE],
        push(1),
        push(8),
        vec![op::TSTORE],
        push_address(library),
        vec![op::EXTCODESIZE, op::ISZERO, op::POP],
        push_address(empty),
        vec![op::EXTCODEHASH, op::POP],
        call(library, 0),
        vec![op::POP],
        call(empty, 0),
        vec![op::POP],
        // keccak256(own address ‖ 5)
        vec![op::ADDRESS],
        push(0),
        vec![op::MSTORE],
        push(5),
        push(32),
        vec![op::MSTORE],
        push(64),
        push(0),
        vec![op::KECCAK256, op::SLOAD, op::POP],
    ]
    .concat();
    let op = account_of(&mut chain, entry_point, &body);
    let simulation = simulate(&chain, entry_point, op);
    assert!(simulation.is_success(), "{:?}", simulation.failure);
    let trace = &simulation.ops[0].trace;
    let frame = trace.account.as_ref().unwrap();

    let opcodes: Vec<_> = frame.opcodes.iter().map(|used| (used.opcode, used.class)).collect();
    assert_eq!(
        opcodes,
        [
            (op::TIMESTAMP, OpcodeClass::Banned),
            (op::SELFBALANCE, OpcodeClass::Balance),
            (op::GAS, OpcodeClass::LoneGas),
        ]
    );
    assert!(frame.opcodes.iter().all(|used| used.contract == ODD && used.code == ODD));

    let seven = frame.storage.iter().find(|used| used.slot == U256::from(7)).unwrap();
    assert!(seven.access.contains(StorageAccess::READ.union(StorageAccess::WRITE)));
    let eight = frame.storage.iter().find(|used| used.slot == U256::from(8)).unwrap();
    assert!(eight.access.writes() && !eight.access.durable());
    let base = U256::from_be_bytes(keccak256((ODD, U256::from(5)).abi_encode()).0);
    assert!(trace.is_associated(ODD, base), "{:?}", trace.associations);
    assert!(!trace.is_associated(ODD, base.wrapping_sub(U256::from(1))));
    assert!(frame.storage.iter().any(|used| used.slot == base));

    let looked: Vec<_> =
        frame.code_accesses.iter().map(|one| (one.target, one.has_code, one.next_opcode)).collect();
    assert!(looked.contains(&(library, true, op::ISZERO)));
    assert!(looked.contains(&(empty, false, op::POP)));

    let called: Vec<_> = frame.calls.iter().map(|one| (one.to, one.target)).collect();
    assert_eq!(called, [(library, CodeState::Contract), (empty, CodeState::None)]);
    assert!(frame.calls.iter().all(|one| one.depth == 0 && one.from == ODD));
    let visited: Vec<_> = trace.code_visits.iter().map(|visit| visit.address).collect();
    assert_eq!(visited, [ODD, library, empty]);
    assert_eq!(
        trace.durable_slots().iter().filter(|(of, _)| *of == ODD).count(),
        2,
        "transient slots are not durable"
    );
}

#[test]
fn every_way_of_running_out_of_gas_is_seen() {
    let (chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V08).unwrap();
    // Each callee gets little gas and runs out of it in its own way.
    let forever = vec![op::JUMPDEST, op::PUSH1, 0, op::JUMP];
    let memory = [push(1), push(1 << 30), vec![op::MSTORE]].concat();
    let sentry = [push(1), push(1), vec![op::SSTORE]].concat();
    for (way, code, gas) in
        [("plain", forever, 5_000u64), ("memory", memory, 5_000), ("sentry", sentry, 2_000)]
    {
        let mut chain = chain.clone();
        let callee = Address::repeat_byte(0x33);
        chain.put(callee, code);
        let body = [
            push(0),
            push(0),
            push(0),
            push(0),
            push(0),
            push_address(callee),
            push(gas),
            vec![op::CALL, op::POP],
        ]
        .concat();
        let op = account_of(&mut chain, entry_point, &body);
        let simulation = simulate(&chain, entry_point, op);
        assert!(simulation.is_success(), "{way}: {:?}", simulation.failure);
        let frame = simulation.ops[0].trace.account.as_ref().unwrap();
        assert_eq!(frame.out_of_gas.len(), 1, "{way}");
        assert_eq!((frame.out_of_gas[0].contract, frame.out_of_gas[0].depth), (callee, 1), "{way}");
        assert_eq!(frame.calls[0].status, FrameStatus::OutOfGas, "{way}");
    }
    // A precompile: pairing of nothing costs 45,000.
    let mut chain = chain;
    let pairing = Address::with_last_byte(8);
    let body = [
        push(0),
        push(0),
        push(0),
        push(0),
        push_address(pairing),
        push(100),
        vec![op::STATICCALL, op::POP],
    ]
    .concat();
    let op = account_of(&mut chain, entry_point, &body);
    let simulation = simulate(&chain, entry_point, op);
    let frame = simulation.ops[0].trace.account.as_ref().unwrap();
    assert_eq!(frame.calls[0].target, CodeState::Precompile);
    assert_eq!(frame.out_of_gas.len(), 1);
}

#[test]
fn an_account_that_reverts_with_garbage_is_a_failure_with_its_bytes() {
    let (mut chain, entry_point) = TestChain::with_entry_point(EntryPointVersion::V07).unwrap();
    let garbage =
        [push(0xdead_beef), push(0), vec![op::MSTORE], push(4), push(28), vec![op::REVERT]];
    let op = account_of(&mut chain, entry_point, &garbage.concat());
    let simulation = simulate(&chain, entry_point, op);
    let Some(Failure::Op(failed)) = simulation.failure else { panic!("{:?}", simulation.failure) };
    assert_eq!(failed.reason, "AA23 reverted");
    assert_eq!(failed.inner, Some(Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef])));
    assert_eq!(simulation.ops[0].trace.account.as_ref().unwrap().status, FrameStatus::Revert);
}
