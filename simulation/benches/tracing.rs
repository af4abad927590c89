//! What tracing costs: `handleOps` under the tracer beside bare revm (`transact`, no inspector), of the same
//! operation in the same state.
//!
//! * `simple-account`: a transfer by a deployed SimpleAccount v0.8; dominated by one signature recovery.
//! * `module-3-of-5`: the same by an ERC-7579 account whose module demands three operators' signatures.
//! * `compute`: a validation of 20,000 instructions and no signature, the worst case for a tracer.
//!
//! Beside them: judging the trace by the rules, and a whole gas estimate.
//!
//! `cargo bench -p writ-simulation --bench tracing`; the last lines print the ratios (aim: below 1.3).

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, Bytes, U256};
use criterion::{Criterion, Throughput};
use writ_simulation::{
    PinnedBlock, SimulationRequest, Simulator,
    estimation::{AsSent, EstimationRequest, SignaturePlan, estimate},
    rules::{RuleContext, check},
    test_utils::{SimpleAccount, TestChain, execute_call},
};
use writ_types::{EntryPoint, EntryPointVersion, PartialUserOperation, UserOperation};

#[path = "../tests/operations/guarded.rs"]
mod guarded;

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

/// Shortest of many rounds, bare and traced in turn, so that both see the same machine.
fn ratio(simulator: &Simulator, case: &Case) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    let time = |run: &dyn Fn()| {
        let begun = Instant::now();
        for _ in 0..20 {
            run();
        }
        begun.elapsed() / 20
    };
    for _ in 0..50 {
        best.0 = best.0.min(time(&|| run_bare(simulator, case)));
        best.1 = best.1.min(time(&|| run_traced(simulator, case)));
    }
    best
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
    println!("\n{:<16} {:>10} {:>10} {:>6}", "traced / bare", "bare", "traced", "ratio");
    for case in &cases {
        let (bare, traced) = ratio(&simulator, case);
        let ratio = traced.as_secs_f64() / bare.as_secs_f64();
        println!("{:<16} {bare:>10.1?} {traced:>10.1?} {ratio:>6.3}", case.name);
    }
}
