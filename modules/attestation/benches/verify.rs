//! What the gate pays per attested operation: parsing the suffix and verifying a 3-of-5 quorum.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use common::World;
use criterion::{Criterion, criterion_group, criterion_main};
use writ_attestation::{Suffix, attach, verify};

fn bench(c: &mut Criterion) {
    let world = World::new(3, 5);
    let signature = attach(&world.operation.signature, &world.suffix(&[0, 2, 4])).unwrap();
    c.bench_function("attestation/split", |b| {
        b.iter(|| Suffix::split(black_box(&signature)).unwrap());
    });
    c.bench_function("attestation/verify 3-of-5", |b| {
        let context = world.context();
        b.iter(|| {
            let (_, suffix) = Suffix::split(black_box(&signature)).unwrap().unwrap();
            verify(&world.operation, &suffix, &context).unwrap()
        });
    });
    let digest = world.attestation().digest(&world.domain).unwrap();
    c.bench_function("attestation/sign", |b| b.iter(|| world.keys[0].sign(black_box(digest), 0)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
