//! What tracing costs: `handleOps` under the tracer beside bare revm (`transact`, no inspector), of the same
//! operation in the same state.
//!
//! * `simple-account`: a transfer by a deployed SimpleAccount v0.8; dominated by one signature recovery.
//! * `module-3-of-5`: the same by an ERC-7579 account whose module demands three operators' signatures.
//! * `compute`: a validation of 20,000 instructions and no signature, the worst case for a tracer.
//!
//! Beside them: judging the trace by the rules, and a whole gas estimate; nanoseconds that tracing adds per instruction,
//! beside revm-inspectors' ERC-7562 tracer on the same transactions; bundles of 1, 16 and 128 operations; and what a
//! hostile operation costs, whose validation burns five million gas.
//!
//! `cargo bench -p writ-simulation --bench tracing`; the last lines print the ratios (aim: at most 1.2).

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, Bytes, U256};
use criterion::{Criterion, Throughput};
use writ_simulation::{
    DEFAULT_ORIGIN, PinnedBlock, SimulationRequest, Simulator,
    estimation::{AsSent, EstimationRequest, SignaturePlan, estimate},
    rules::{RuleContext, check},
    test_utils::{SimpleAccount, TestChain, execute_call},
};
use writ_types::{EntryPoint, EntryPointVersion, PartialUserOperation, UserOperation};

#[path = "../tests/operations/guarded.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod guarded;
#[path = "tracing/peer.rs"]
mod peer;

use guarded::Guarded;

/// Somebody to pay, who exists already.
const PAYEE: Address = Address::repeat_byte(0x77);

/// One operation in one state.
struct Case {
    name: &'static str,
    block: PinnedBlock,
    request: SimulationRequest,
    /// What is estimated, and how it is signed for that.
    estimate: Option<(PartialUserOperation, Box<dyn SignaturePlan>)>,
}

fn chain() -> (TestChain, EntryPoint) {
    let (mut chain, entry_point) =
        TestChain::with_entry_point(EntryPointVersion::V08).expect("v0.8 is in the registry");
    chain.fund(PAYEE, U256::from(1));
    // The peer's tracer runs without the simulator's pretended funds.
    chain.fund(DEFAULT_ORIGIN, U256::from(10).pow(U256::from(21)));
    (chain, entry_point)
}

fn case(
    name: &'static str,
    chain: &TestChain,
    entry_point: EntryPoint,
    operation: UserOperation,
) -> Case {
    let request = SimulationRequest::single(entry_point, operation);
    Case { name, block: chain.pin(), request, estimate: None }
}

/// The operation without its gas limits.
fn unknown(operation: &UserOperation) -> PartialUserOperation {
    let mut partial = PartialUserOperation::from(operation.clone());
    partial.call_gas_limit = None;
    partial.verification_gas_limit = None;
    partial.pre_verification_gas = None;
    partial
}

fn simple_account() -> Case {
    let (mut chain, entry_point) = chain();
    let account = SimpleAccount::deployed(&mut chain, entry_point, 1);
    let operation = account.operation(1, execute_call(PAYEE, U256::from(5), Bytes::new()), false);
    let partial = unknown(&operation);
    let mut case = case("simple-account", &chain, entry_point, operation);
    case.estimate = Some((partial, Box::new(AsSent)));
    case
}

fn module() -> Case {
    let (mut chain, entry_point) = chain();
    let account = Guarded::new(&mut chain, entry_point, 3, 5);
    chain.include(entry_point, &[account.payment(0, PAYEE, U256::from(5))]);
    let operation = account.payment(1, PAYEE, U256::from(5));
    let mut partial = unknown(&operation);
    partial.signature = Some(account.owner_signature(&operation));
    let mut case = case("module-3-of-5", &chain, entry_point, operation);
    case.estimate = Some((partial, Box::new(account)));
    case
}

/// Counts down from 2,500, eight instructions each time, then returns zero.
fn compute() -> Case {
    let (mut chain, entry_point) = chain();
    let sender = Address::repeat_byte(0x99);
    let code: [u8; 21] = [
        0x61, 0x09, 0xc4, // PUSH2 2500
        0x5b, 0x60, 0x01, 0x90, 0x03, // JUMPDEST, PUSH1 1, SWAP1, SUB
        0x80, 0x60, 0x03, 0x57, // DUP1, PUSH1 3, JUMPI
        0x5f, 0x52, // PUSH0, MSTORE (the counter, zero, at 0)
        0x60, 0x20, 0x5f, 0xf3, // PUSH1 32, PUSH0, RETURN
        0x00, 0x00, 0x00,
    ];
    chain.put(sender, code.to_vec());
    let operation = UserOperation {
        version: entry_point.version,
        sender,
        nonce: U256::ZERO,
        factory: None,
        call_data: Bytes::new(),
        call_gas_limit: 0,
        verification_gas_limit: 490_000,
        pre_verification_gas: U256::ZERO,
        max_fee_per_gas: 0,
        max_priority_fee_per_gas: 0,
        paymaster: None,
        signature: Bytes::new(),
        authorization: None,
    };
    case("compute", &chain, entry_point, operation)
}

fn run_bare(simulator: &Simulator, case: &Case) {
    let result = simulator.transact_bare(&case.block, &case.request).expect("state in memory");
    black_box(result);
}

fn run_traced(simulator: &Simulator, case: &Case) {
    let result = simulator.simulate_sync(&case.block, &case.request).expect("state in memory");
    black_box(result);
}

fn bench(criterion: &mut Criterion, simulator: &Simulator, case: &Case) {
    let simulation = simulator.simulate_sync(&case.block, &case.request).expect("a verdict");
    assert!(simulation.failure.is_none(), "{}: {:?}", case.name, simulation.failure);
    let trace = &simulation.ops[0].trace;
    let context = RuleContext::default();
    assert_eq!(check(trace, &context), [], "{}", case.name);

    let mut group = criterion.benchmark_group(case.name);
    group.throughput(Throughput::Elements(1));
    group.bench_function("bare", |bencher| bencher.iter(|| run_bare(simulator, case)));
    group.bench_function("traced", |bencher| bencher.iter(|| run_traced(simulator, case)));
    group.bench_function("rules", |bencher| bencher.iter(|| check(black_box(trace), &context)));
    if let Some((operation, plan)) = &case.estimate {
        let request = EstimationRequest::new(case.request.entry_point, operation.clone())
            .signed_by(plan.as_ref());
        group.bench_function("estimate", |bencher| {
            bencher.iter(|| estimate(simulator, &case.block, &request).expect("an estimate"));
        });
    }
    group.finish();
}

/// Shortest of many rounds, each of `runs` in turn, so that all of them see the same machine.
fn shortest<const N: usize>(rounds: u32, runs: [&dyn Fn(); N]) -> [Duration; N] {
    const REPEAT: u32 = 20;
    let mut best = [Duration::MAX; N];
    for _ in 0..rounds {
        for (best, run) in best.iter_mut().zip(runs) {
            let begun = Instant::now();
            for _ in 0..REPEAT {
                run();
            }
            *best = (*best).min(begun.elapsed() / REPEAT);
        }
    }
    best
}

/// Traced over bare, and what that adds per instruction, beside the peer's.
fn print_ratios(simulator: &Simulator, cases: &[Case]) {
    println!(
        "\n{:<16} {:>10} {:>10} {:>6} {:>8} {:>9} {:>16}",
        "traced / bare", "bare", "traced", "ratio", "steps", "ns a step", "revm-inspectors"
    );
    for case in cases {
        let steps = peer::steps(&case.block, &case.request);
        let [bare, traced, other_bare, other] = shortest(
            40,
            [
                &|| run_bare(simulator, case),
                &|| run_traced(simulator, case),
                &|| peer::bare(&case.block, &case.request),
                &|| peer::traced(&case.block, &case.request),
            ],
        );
        let ratio = traced.as_secs_f64() / bare.as_secs_f64();
        let each = |with: Duration, without: Duration| {
            with.saturating_sub(without).as_nanos() as f64 / steps as f64
        };
        println!(
            "{:<16} {bare:>10.1?} {traced:>10.1?} {ratio:>6.3} {steps:>8} {:>9.2} {:>16.2}",
            case.name,
            each(traced, bare),
            each(other, other_bare),
        );
    }
}

/// Bundles of operations of different accounts.
fn bundles() -> Vec<Case> {
    let (mut chain, entry_point) = chain();
    let accounts: Vec<_> =
        (1..=128).map(|salt| SimpleAccount::deployed(&mut chain, entry_point, salt)).collect();
    let operation = |account: &SimpleAccount| {
        let call = execute_call(PAYEE, U256::from(5), Bytes::new());
        let mut operation = account.operation(1, call, false);
        operation.call_gas_limit = 60_000;
        operation.verification_gas_limit = 80_000;
        account.sign(&mut operation);
        operation
    };
    let all: Vec<_> = accounts.iter().map(operation).collect();
    [("1 operation", 1), ("16 operations", 16), ("128 operations", 128)]
        .map(|(name, count)| Case {
            name,
            block: chain.pin(),
            request: SimulationRequest::bundle(entry_point, all[..count].to_vec()),
            estimate: None,
        })
        .into()
}

fn print_bundles(simulator: &Simulator) {
    println!("\n{:<16} {:>10} {:>10} {:>6}", "whole bundle", "bare", "traced", "ratio");
    for case in &bundles() {
        let simulation = simulator.simulate_sync(&case.block, &case.request).expect("a verdict");
        assert!(simulation.is_success(), "{}: {:?}", case.name, simulation.failure);
        let [bare, traced] =
            shortest(5, [&|| run_bare(simulator, case), &|| run_traced(simulator, case)]);
        let ratio = traced.as_secs_f64() / bare.as_secs_f64();
        println!("{:<16} {bare:>10.1?} {traced:>10.1?} {ratio:>6.3}", case.name);
    }
}

/// Validation that never ends, with the five million gas that admission permits at most.
fn print_hostile(simulator: &Simulator) {
    let mut case = compute();
    let (mut chain, entry_point) = chain();
    let sender = case.request.ops[0].sender;
    // JUMPDEST, PUSH0, JUMP
    chain.put(sender, vec![0x5b, 0x5f, 0x56]);
    let mut operation = case.request.ops[0].clone();
    operation.verification_gas_limit = 5_000_000;
    case.block = chain.pin();
    case.request = SimulationRequest::single(entry_point, operation);
    let simulation = simulator.simulate_sync(&case.block, &case.request).expect("a verdict");
    assert!(simulation.failure.is_some());
    let [bare, traced] =
        shortest(5, [&|| run_bare(simulator, &case), &|| run_traced(simulator, &case)]);
    println!(
        "\nan operation that burns 5,000,000 gas and is refused: {traced:.1?} (bare {bare:.1?})"
    );
}

fn main() {
    let simulator = Simulator::default();
    let cases = [simple_account(), module(), compute()];
    let mut criterion = Criterion::default().configure_from_args();
    for case in &cases {
        bench(&mut criterion, &simulator, case);
    }
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--bench") {
        // Run as a test: that everything works is all that is asked.
        return;
    }
    print_ratios(&simulator, &cases);
    print_bundles(&simulator);
    print_hostile(&simulator);
}
