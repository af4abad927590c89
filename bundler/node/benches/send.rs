//! What a wallet waits for, and how much the bundler takes in: `eth_sendUserOperation` over HTTP through the whole
//! `writ bundler`, a child process, over anvil, another one.
//!
//! * `send`: one client, one operation at a time.
//! * `admit`: 16 clients at once, each sending one operation after the other; what counts is operations per second.
//!
//! In both, beside each other: `transport` (`web3_clientVersion` by the same clients to the same server), `simulate`
//! (the simulator alone, reading the same state from the same node), `insert` (the durable pool alone),
//! `gate off` (SimpleAccounts) and `attested 3-of-5` (accounts under Writ's module, each operation carrying its
//! attestation, which the gate verifies). Each operation is the only one of its account, of which the bundler has
//! seen nothing yet: no admission is cheaper because of an earlier one, except that contracts are known.
//!
//! Nothing is bundled meanwhile: the builder's first look comes after all is over, and that is checked.
//!
//! `cargo bench -p writ-node --bench send`; needs `npm ci` in the repository's root.

#[path = "send/bundler.rs"]
mod bundler;
#[path = "send/supply.rs"]
mod supply;
#[path = "send/world.rs"]
mod world;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, U256};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use serde_json::{Value, json};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use writ_node::dev::{BundlerClient, CHAIN_ID};
use writ_pool::{Pool, PoolConfig, PoolOperation};
use writ_simulation::{SimulationRequest, Simulator, StateOptions, StateProvider};
use writ_types::UserOperation;

use crate::{
    bundler::Bundler,
    supply::{Kind, Supply},
    world::{ENTRY_POINT, World},
};

/// Clients of the group `admit`.
const CLIENTS: usize = 16;
/// Operations of each client in an iteration of `admit`.
const EACH: usize = 2;

/// Runs futures until a signal comes; then it panics, and all children end while the stack unwinds.
struct Runner {
    runtime: Runtime,
    stopped: watch::Receiver<bool>,
}

impl Runner {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (stop, stopped) = watch::channel(false);
        runtime.spawn(async move {
            let mut terminate = signal(SignalKind::terminate()).expect("a handler");
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            let _ = stop.send(true);
        });
        Self { runtime, stopped }
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut stopped = self.stopped.clone();
        self.runtime.block_on(async {
            tokio::select! {
                done = work => done,
                _ = stopped.wait_for(|stopped| *stopped) => panic!("interrupted; every child is ended"),
            }
        })
    }
}

/// Sends the requests, by `clients` at the same time, and gives what was answered and how long all of it took.
async fn send(
    client: &BundlerClient,
    method: &'static str,
    requests: Vec<Value>,
    clients: usize,
) -> (Vec<Value>, Duration) {
    let share = requests.len().div_ceil(clients);
    let shares: Vec<Vec<Value>> = requests.chunks(share).map(<[Value]>::to_vec).collect();
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for share in shares {
        let client = client.clone();
        working.spawn(async move {
            let mut answers = Vec::with_capacity(share.len());
            for params in share {
                answers.push(client.must(method, params).await.expect("an answer"));
            }
            answers
        });
    }
    let answers = working.join_all().await.concat();
    (answers, begun.elapsed())
}

/// Sends the operations; all must be admitted.
async fn admit(client: &BundlerClient, operations: &[UserOperation], clients: usize) -> Duration {
    let requests =
        operations.iter().map(|one| json!([one.to_rpc(), ENTRY_POINT.address])).collect();
    let (answers, took) = send(client, "eth_sendUserOperation", requests, clients).await;
    let mut given: Vec<B256> = answers
        .into_iter()
        .map(|answer| serde_json::from_value(answer).expect("a userOpHash"))
        .collect();
    let mut expected: Vec<B256> = operations.iter().map(supply::hash).collect();
    given.sort_unstable();
    expected.sort_unstable();
    assert_eq!(given, expected, "each operation was admitted under its own hash");
    took
}

/// The simulator alone, on the operations' state as the bundler finds it: nothing of the accounts is cached.
async fn simulate(world: &World, operations: &[UserOperation], clients: usize) -> Duration {
    let state = StateProvider::new(world.node.clone(), StateOptions::default());
    let block = state.latest().await.expect("a block");
    let simulator = Simulator::default();
    let (first, rest) = operations.split_first().expect("one to warm the contracts up");
    let run = move |operation: UserOperation| {
        let (simulator, block) = (simulator.clone(), block.clone());
        async move {
            let request = SimulationRequest::single(ENTRY_POINT, operation);
            let simulation = simulator.simulate(&block, &request).await.expect("a verdict");
            assert!(simulation.failure.is_none(), "{:?}", simulation.failure);
        }
    };
    run(first.clone()).await;
    let shares: Vec<Vec<UserOperation>> =
        rest.chunks(rest.len().div_ceil(clients)).map(<[UserOperation]>::to_vec).collect();
    let begun = Instant::now();
    let mut working = JoinSet::new();
    for share in shares {
        let run = run.clone();
        working.spawn(async move {
            for operation in share {
                run(operation).await;
            }
        });
    }
    working.join_all().await;
    begun.elapsed()
}

/// The pool alone: `count` operations like this one, each on the disk before the next of its thread.
fn insert(world: &World, like: &UserOperation, count: usize, threads: usize) -> Duration {
    let folder = tempfile::tempdir_in(world.folder()).expect("a folder");
    let config =
        PoolConfig { max_operations: count, max_bytes: usize::MAX, ..PoolConfig::new(CHAIN_ID) };
    let pool = Arc::new(Pool::open(folder.path(), config).expect("a pool"));
    let operations: Vec<PoolOperation> = (1..=count)
        .map(|number| {
            let number = B256::from(U256::from(number));
            let operation = UserOperation { sender: Address::from_word(number), ..like.clone() };
            PoolOperation::new(operation, ENTRY_POINT, number)
        })
        .collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for share in operations.chunks(count.div_ceil(threads)) {
            let pool = &pool;
            scope.spawn(move || {
                for operation in share {
                    pool.insert(operation.clone()).expect("inserted");
                }
            });
        }
    });
    begun.elapsed()
}

/// One group: what is sent by `clients` at once, in iterations of `size` operations.
struct Scene<'a> {
    runner: &'a Runner,
    world: &'a World,
    clients: usize,
    size: usize,
}

impl Scene<'_> {
    fn count(&self, iterations: u64) -> usize {
        self.size * usize::try_from(iterations).expect("a count")
    }

    /// What the parts cost by themselves.
    fn parts(&self, group: &mut BenchmarkGroup<'_, WallTime>, supply: &mut Supply) {
        let Self { runner, world, clients, .. } = *self;
        group.bench_function("simulate", |bencher| {
            bencher.iter_custom(|iterations| {
                let operations = runner.run(supply.take(world, self.count(iterations) + 1));
                let took = runner.run(simulate(world, &operations, clients));
                // The bundler has not seen them.
                supply.give_back(operations);
                took
            });
        });
        let like = runner.run(supply.take(world, 1)).remove(0);
        group.bench_function("insert", |bencher| {
            bencher.iter_custom(|iterations| insert(world, &like, self.count(iterations), clients));
        });
    }

    /// The whole, with the gate in this mode.
    fn whole(
        &self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        supply: &mut Supply,
        (name, gate): (&str, &str),
    ) {
        let Self { runner, world, clients, .. } = *self;
        let bundler = runner.run(Bundler::start(world, gate));
        // The contracts become known, as they are to a bundler that has run for a minute.
        let first = runner.run(supply.take(world, 1));
        runner.run(admit(bundler.client(), &first, 1));
        if gate == "off" {
            group.bench_function("transport", |bencher| {
                bencher.iter_custom(|iterations| {
                    let requests = vec![json!([]); self.count(iterations)];
                    let sent = send(bundler.client(), "web3_clientVersion", requests, clients);
                    runner.run(sent).1
                });
            });
        }
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let operations = runner.run(supply.take(world, self.count(iterations)));
                runner.run(admit(bundler.client(), &operations, clients))
            });
        });
        runner.run(bundler.end(world));
    }
}

fn main() {
    let runner = Runner::new();
    // Dropped before the runner: children end while there is a runtime to end them on.
    let world = runner.run(World::start());
    let mut simple = runner.run(Supply::new(&world, Kind::Simple));
    let mut guarded = runner.run(Supply::new(&world, Kind::Guarded));
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    for (name, clients, size) in [("send", 1, 1), ("admit", CLIENTS, CLIENTS * EACH)] {
        let scene = Scene { runner: &runner, world: &world, clients, size };
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        if clients > 1 {
            group.throughput(Throughput::Elements(size as u64));
        }
        scene.whole(&mut group, &mut simple, ("gate off", "off"));
        scene.whole(&mut group, &mut guarded, ("attested 3-of-5", "installed"));
        scene.parts(&mut group, &mut simple);
        group.finish();
    }
    criterion.final_summary();
    runner.run(world.end());
}
