//! How far gas estimates lie over real use, and what they cost.
//!
//! Over the operations of `tests/operations/corpus.rs` (every account that the tests have, on every EntryPoint, doing
//! what accounts do): the limits found, slack and preVerificationGas aside, over the gas that the EntryPoint then
//! charged for the same operation with exactly these limits in the same state. An operation for which they are too
//! little ends the bench.
//!
//! `cargo bench -p writ-simulation --bench estimation`

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::BTreeMap, time::Instant};

use writ_simulation::Simulator;

#[path = "../tests/operations/asm.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod asm;
#[path = "../tests/operations/corpus.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod corpus;
#[path = "../tests/operations/guarded.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod guarded;

/// One operation's result.
struct Row {
    excess: f64,
    runs: usize,
    milliseconds: f64,
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn print(name: &str, rows: &[&Row]) {
    let excess: Vec<f64> = rows.iter().map(|row| row.excess).collect();
    let time: Vec<f64> = rows.iter().map(|row| row.milliseconds).collect();
    let runs: Vec<f64> = rows.iter().map(|row| row.runs as f64).collect();
    println!(
        "{name:<30} {:>4} {:>8.2} {:>8.2} {:>8.2} {:>6.0} {:>8.2}",
        rows.len(),
        quantile(&excess, 0.5),
        quantile(&excess, 0.9),
        quantile(&excess, 1.0),
        quantile(&runs, 0.5),
        quantile(&time, 0.5),
    );
}

fn main() {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let simulator = Simulator::default();
    let mut samples = corpus::corpus();
    if !measuring {
        // Run as a test: that it works is all that is asked.
        samples.truncate(3);
    }
    let mut by_account: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for sample in &samples {
        let measured = sample.measure(&simulator);
        // Measured again by itself: the state is in memory, and warm.
        let begun = Instant::now();
        sample.estimate(&simulator);
        let milliseconds = begun.elapsed().as_secs_f64() * 1_000.0;
        let row = Row { excess: measured.excess(), runs: measured.runs, milliseconds };
        by_account.entry(sample.account.clone()).or_default().push(row);
    }
    println!(
        "{:<30} {:>4} {:>8} {:>8} {:>8} {:>6} {:>8}",
        "estimate over real use, %", "ops", "median", "90 %", "most", "runs", "ms"
    );
    for (account, rows) in &by_account {
        print(account, &rows.iter().collect::<Vec<_>>());
    }
    print("all", &by_account.values().flatten().collect::<Vec<_>>());
}
