//! How far estimates lie over real use, over every account and many calls.

use revm::primitives::hardfork::SpecId;

use crate::{corpus::corpus, world::simulator};

#[test]
fn estimates_are_never_too_low_and_in_the_median_hardly_too_high() {
    let simulator = simulator(SpecId::PRAGUE);
    let samples = corpus();
    assert!(samples.len() >= 200, "only {}", samples.len());
    // Each is sent with exactly what was found, in the same state: too little would panic.
    let mut excesses: Vec<f64> =
        samples.iter().map(|sample| sample.measure(&simulator).excess()).collect();
    excesses.sort_by(f64::total_cmp);
    let median = excesses[excesses.len() / 2];
    assert!((0.0..2.0).contains(&median), "median {median} %");
    assert!(excesses[0] >= 0.0, "charged more than was granted: {}", excesses[0]);
}
