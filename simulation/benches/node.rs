//! What state costs that has to come from a node: time, round trips and calls of one simulation, by what is cached and
//! by how far away the node is (a proxy in between answers late).
//!
//! * `cold`: nothing is cached; the node makes access lists.
//! * `cold, no access lists`: the same where it makes none: a round for each step that depends on another.
//! * `next block`: the sender was seen one block before.
//! * `warm`: the same operation again, in the same block.
//!
//! `cargo bench -p writ-simulation --bench node`

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use writ_simulation::{Simulator, StateProvider};
use writ_types::EntryPointVersion;

#[path = "../tests/engine/anvil.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod anvil;
#[path = "../tests/engine/proxy.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod proxy;

use anvil::{World, transfer};

/// Time, round trips and calls.
type Cost = (Duration, u64, u64);

async fn simulate(world: &World, state: &StateProvider) -> Cost {
    let block = state.latest().await.unwrap();
    let request = world.request(world.account.operation(0, transfer(1), true));
    let before = state.client().stats();
    let begun = Instant::now();
    let simulation = Simulator::default().simulate(&block, &request).await.unwrap();
    let time = begun.elapsed();
    assert!(simulation.is_success(), "{:?}", simulation.failure);
    let after = state.client().stats();
    (time, after.round_trips - before.round_trips, after.calls - before.calls)
}

/// The median of some rounds of each case.
async fn measure(world: &World, rounds: usize) -> Vec<(&'static str, Cost)> {
    let behaviour = &world.proxy.behaviour;
    let names = ["cold", "cold, no access lists", "next block", "warm"];
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); names.len()];
    for _ in 0..rounds {
        behaviour.no_access_lists.store(true, Ordering::SeqCst);
        let state = world.state();
        // Find out beforehand that there are none; connections are opened by the first read.
        costs[1].push(simulate(world, &state).await);
        behaviour.no_access_lists.store(false, Ordering::SeqCst);
        let state = world.state();
        costs[0].push(simulate(world, &state).await);
        costs[3].push(simulate(world, &state).await);
        let _: serde_json::Value = world.direct.request("evm_mine", ()).await.unwrap();
        costs[2].push(simulate(world, &state).await);
    }
    let median = |mut costs: Vec<Cost>| {
        costs.sort();
        costs[costs.len() / 2]
    };
    names.into_iter().zip(costs.into_iter().map(median)).collect()
}

#[tokio::main]
async fn main() {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let rounds = if measuring { 15 } else { 1 };
    let world = World::new(EntryPointVersion::V08).await;
    println!(
        "{:<24} {:>8} {:>12} {:>8} {:>8}",
        "deploys and pays", "node at", "time", "rounds", "calls"
    );
    for delay in [0, 20] {
        world.proxy.behaviour.delay.store(delay, Ordering::SeqCst);
        for (name, (time, rounds, calls)) in measure(&world, rounds).await {
            println!("{name:<24} {delay:>5} ms {time:>12.2?} {rounds:>8} {calls:>8}");
        }
    }
}
