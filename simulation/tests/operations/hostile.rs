//! Operations that are made to cost this process as much as they can: each is bounded in gas, steps, records and bytes,
//! and ends in a refusal or in an ordinary verdict.

use alloy::primitives::{Bytes, U256};
use revm::{bytecode::opcode as op, primitives::hardfork::SpecId};
use writ_simulation::{
    Limits, Simulation, SimulationError, SimulationRequest, Simulator, SimulatorOptions,
    estimation::{EstimationRequest, estimate},
};
use writ_types::{EntryPointVersion, PartialUserOperation, UserOperation};

use crate::{
    asm::{account, asm, contract},
    case::{HELPER, sender},
    world::World,
};

/// As much as admission lets an operation have.
const VERIFICATION: u128 = 5_000_000;
const CALL: u128 = 10_000_000;

fn world(code: Bytes) -> World {
    let mut world = World::of(EntryPointVersion::V08);
    world.put(sender(), code);
    world.fund(sender(), U256::from(10).pow(U256::from(18)));
    world
}

fn operation(world: &World) -> UserOperation {
    UserOperation {
        version: world.entry_point.version,
        sender: sender(),
        nonce: U256::ZERO,
        factory: None,
        call_data: vec![1, 2, 3, 4].into(),
        call_gas_limit: CALL,
        verification_gas_limit: VERIFICATION,
        pre_verification_gas: U256::ZERO,
        max_fee_per_gas: 0,
        max_priority_fee_per_gas: 0,
        paymaster: None,
        signature: Bytes::new(),
        authorization: None,
    }
}

fn run(world: &World, limits: Limits) -> Result<Simulation, SimulationError> {
    let options = SimulatorOptions { spec: SpecId::PRAGUE, limits, ..SimulatorOptions::default() };
    let request = SimulationRequest::single(world.entry_point, operation(world));
    Simulator::new(options).simulate_sync(&world.pin(), &request)
}

#[test]
fn validation_that_never_ends_uses_its_gas_and_no_more() {
    let world = world(account(asm().forever()));
    let simulation = run(&world, Limits::default()).unwrap();
    assert!(simulation.failure.is_some());
    let frame = simulation.ops[0].trace.account.as_ref().unwrap();
    assert!(u128::from(frame.gas_used) <= VERIFICATION);
    assert!(!frame.out_of_gas.is_empty());
    // The transaction's own limit holds whatever an operation asks for.
    let limits = Limits { gas: 1_000_000, ..Limits::default() };
    let simulation = run(&world, limits).unwrap();
    assert!(simulation.failure.is_some() && simulation.gas_used <= 1_000_000);
}

#[test]
fn execution_that_never_ends_uses_its_gas_and_no_more() {
    let world = world(account(asm().executing(asm().forever())));
    let simulation = run(&world, Limits::default()).unwrap();
    let execution = simulation.ops[0].execution.as_ref().unwrap();
    assert!(!execution.status.is_success());
    assert!(u128::from(execution.gas_used) <= CALL);
}

#[test]
fn traces_that_grow_without_end_are_refused() {
    // The cheapest record of each kind, over and over, never the same twice.
    let transient = asm().op(op::DUP1).ops(&[op::TLOAD, op::POP]);
    // EXTCODESIZE of ever new addresses.
    let code = asm().op(op::DUP1).ops(&[op::EXTCODESIZE, op::POP]);
    let call =
        asm().push(0).push(0).push(0).push(0).op(op::DUP5).push(0).ops(&[op::STATICCALL, op::POP]);
    for (name, body) in [("slots", transient), ("code", code), ("calls", call)] {
        let world = world(account(asm().counting(body)));
        let limits = Limits { records: 512, ..Limits::default() };
        let error = run(&world, limits).expect_err(name);
        let expected = SimulationError::LimitExceeded { what: "trace records", limit: 512 };
        assert_eq!(error, expected, "{name}");
    }
}

#[test]
fn effects_that_grow_without_end_are_refused() {
    let touch = asm()
        .push(0)
        .push(0)
        .push(0)
        .push(0)
        .push(0)
        .op(op::DUP6)
        .push(0)
        .ops(&[op::CALL, op::POP]);
    let world = world(account(asm().executing(asm().counting(touch))));
    let limits = Limits { records: 512, ..Limits::default() };
    let error = run(&world, limits).unwrap_err();
    assert!(matches!(error, SimulationError::LimitExceeded { .. }), "{error:?}");
}

#[test]
fn memory_is_bought_with_gas() {
    // 2^40 bytes are beyond any gas; four megabytes are not.
    for offset in [1_u64 << 40, u64::MAX, 4 << 20] {
        let world = world(account(asm().push(1).push(offset).op(op::MSTORE)));
        let simulation = run(&world, Limits::default()).unwrap();
        assert!(simulation.failure.is_some(), "{offset}");
        assert!(u128::from(simulation.gas_used) <= VERIFICATION + 200_000);
    }
}

#[test]
fn long_answers_are_cut() {
    let long = asm().push(500_000).push(0).op(op::REVERT);
    for code in [account(long.clone()), account(asm().executing(long))] {
        let simulation = run(&world(code), Limits::default()).unwrap();
        let outcome = &simulation.ops[0];
        let kept = Limits::default().output;
        let frames = [
            outcome.trace.account.as_ref().map(|frame| frame.output.len()),
            outcome.execution.as_ref().map(|frame| frame.output.len()),
        ];
        assert!(frames.iter().flatten().all(|length| *length <= kept), "{frames:?}");
        assert!(frames.iter().flatten().any(|length| *length == kept), "{frames:?}");
    }
}

#[test]
fn calls_of_oneself_end_at_the_depth_of_the_evm() {
    let again = asm().call(op::CALL, sender(), 0, &[9; 36]);
    let simulation = run(&world(account(again)), Limits::default()).unwrap();
    let frame = simulation.ops[0].trace.account.as_ref().unwrap();
    assert!(frame.calls.len() <= 1_024, "{}", frame.calls.len());
    assert!(u128::from(frame.gas_used) <= VERIFICATION);
}

/// An account that takes all the gas it is given but a little has no least limit; one that behaves differently at each
/// limit has none that a search can find. Both get an answer or an error after a bounded number of runs.
#[test]
fn estimates_of_accounts_that_look_at_their_gas_end() {
    let greedy = {
        // Until less than 20,000 gas is left.
        let start = asm();
        start.op(op::JUMPDEST).push(20_000).ops(&[op::GAS, op::GT]).push(0).op(op::JUMPI)
    };
    let parity = asm().op(op::GAS).push(3).op(op::AND).when(asm().push(0).push(0).op(op::REVERT));
    for (name, code) in [
        ("greedy", account(greedy.clone())),
        ("greedy execution", account(asm().executing(asm().call(op::CALL, HELPER, 0, &[])))),
        ("parity", account(parity.clone())),
        ("parity execution", account(asm().executing(parity))),
    ] {
        let mut world = world(code);
        world.put(HELPER, contract(greedy.clone()));
        let mut partial = PartialUserOperation::from(operation(&world));
        partial.call_gas_limit = None;
        partial.verification_gas_limit = None;
        partial.pre_verification_gas = None;
        let mut request = EstimationRequest::new(world.entry_point, partial);
        request.limits.verification = 500_000;
        request.limits.call = 1_000_000;
        let simulator = Simulator::new(SimulatorOptions::default());
        if let Ok(found) = estimate(&simulator, &world.pin(), &request) {
            assert!(found.runs <= request.limits.runs + 4, "{name}: {found:?}");
        }
    }
}
