//! Writ's own module is held to the rules like anybody else, and is estimated without an attestation.

use alloy::primitives::{U256, keccak256};
use revm::primitives::hardfork::SpecId;
use writ_simulation::{
    SimulationRequest,
    estimation::{EstimationRequest, estimate},
    rules::{RuleContext, check},
};
use writ_types::{EntryPointVersion, PartialUserOperation};

use crate::{
    case::EMPTY,
    guarded::Guarded,
    world::{World, simulator},
};

/// Accounts with modules begin with EntryPoint v0.7.
fn versions() -> impl Iterator<Item = EntryPointVersion> {
    World::versions().into_iter().filter(|version| version.is_packed())
}

#[test]
fn an_attested_operation_breaks_no_rule() {
    for version in versions() {
        let mut world = World::of(version);
        let account = Guarded::new(&mut world.chain, world.entry_point, 3, 5);
        let ops = vec![
            account.payment(0, EMPTY, U256::from(5)),
            account.payment(1, EMPTY, U256::from(6)),
        ];
        let simulation = world.simulate(SpecId::PRAGUE, ops);
        assert!(simulation.is_success(), "v{version}: {:?}", simulation.failure);
        for outcome in &simulation.ops {
            assert_eq!(check(&outcome.trace, &RuleContext::default()), [], "v{version}");
            assert_eq!(
                outcome.effects.native_outflow(account.address).map(|wei| wei < U256::from(7)),
                Some(true)
            );
        }
    }
}

#[test]
fn an_operation_without_attestation_is_estimated_for_the_longest_one() {
    for version in versions() {
        let mut world = World::of(version);
        let account = Guarded::new(&mut world.chain, world.entry_point, 3, 5);
        let mut sent = account.payment(0, EMPTY, U256::from(5));
        let mut operation = PartialUserOperation::from(sent.clone());
        operation.call_gas_limit = None;
        operation.verification_gas_limit = None;
        operation.pre_verification_gas = None;
        // A stub: the owner's, but for another operation.
        let mut other = sent.clone();
        other.call_data = keccak256("other").to_vec().into();
        operation.signature = Some(account.owner_signature(&other));
        let request = EstimationRequest::new(world.entry_point, operation).signed_by(&account);
        let simulator = simulator(SpecId::PRAGUE);
        let block = world.pin();
        let estimate = estimate(&simulator, &block, &request).unwrap();

        let mut succeeds = |verification| {
            estimate.apply(&mut sent);
            sent.verification_gas_limit = verification;
            account.sign(&mut sent);
            let request = SimulationRequest::single(world.entry_point, sent.clone());
            simulator.simulate_sync(&block, &request).unwrap().is_success()
        };
        assert!(succeeds(estimate.limits().verification), "v{version}");
        assert!(succeeds(estimate.found.verification), "v{version}");
        // A stub is tried as both kinds of owner's signature, which costs one recovery more than a real one.
        assert!(!succeeds(estimate.found.verification - 5_000), "v{version}");
        // 32 signatures and 8 bounds at 40 gas a byte would be paid for.
        assert!(estimate.pre_verification_gas > U256::from(40 * writ_attestation::MAX_SUFFIX_LEN));
    }
}
