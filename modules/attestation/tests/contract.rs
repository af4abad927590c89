//! The account's configuration, as this crate and the contract's own ABI have it.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use common::World;
use writ_attestation::{AccountPolicy, AccountState};
use writ_bindings::{MODE_ENFORCE, WritModule};

#[test]
fn the_call_is_the_contracts() {
    let account = Address::repeat_byte(7);
    assert_eq!(
        AccountPolicy::call(account),
        WritModule::configurationOfCall { account }.abi_encode()
    );
}

#[test]
fn every_field_is_where_the_contract_returns_it() {
    let mut policy = World::new(2, 3).policy;
    policy.state = AccountState {
        revision: 1,
        sequence: 2,
        configured_at: 3,
        last_outflow_block: 4,
        configuration_nonce: 5,
        exit_at: 6,
        pending_configuration: B256::repeat_byte(7),
        pending_ready_at: 8,
        validator_installed: true,
        hook_installed: false,
        former_until: 9,
    };
    let returned =
        WritModule::configurationOfCall::abi_decode_returns_validate(&policy.encode()).unwrap();
    let (ours, theirs) = (&policy.configuration, &returned.configuration);
    assert_eq!(ours.owner, theirs.owner);
    assert_eq!(ours.owner_validator, theirs.ownerValidator);
    assert_eq!(ours.entry_point, theirs.entryPoint);
    assert_eq!(ours.registry, theirs.registry);
    assert_eq!(ours.operator_set, theirs.operatorSet);
    assert_eq!(ours.operator_set_code_hash, theirs.operatorSetCodeHash);
    assert_eq!(ours.policy, theirs.policy);
    assert_eq!(ours.threshold, theirs.threshold);
    assert_eq!(ours.least_operators, theirs.leastOperators);
    assert_eq!(ours.level, theirs.level);
    assert_eq!(theirs.mode, MODE_ENFORCE);
    assert_eq!(ours.exit_delay, theirs.exitDelay);
    assert_eq!(ours.epoch, theirs.epoch);
    assert_eq!(ours.reads_history, theirs.readsHistory);
    let state = &returned.state;
    assert_eq!((state.revision, state.sequence, state.configurationNonce), (1, 2, 5));
    let times = [
        state.configuredAt,
        state.lastOutflowBlock,
        state.exitAt,
        state.pendingReadyAt,
        state.formerUntil,
    ];
    assert_eq!(times.map(|time| time.to::<u64>()), [3, 4, 6, 8, 9]);
    assert_eq!(state.pendingConfiguration, B256::repeat_byte(7));
    assert!(state.validatorInstalled && !state.hookInstalled);
}
