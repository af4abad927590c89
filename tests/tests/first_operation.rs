//! The operation that deploys an account and installs the module in it, under the default rules of ERC-7562.

#![allow(clippy::unwrap_used)]

use alloy::{
    primitives::{Address, B256, Bytes, U256, hex, keccak256},
    signers::SignerSync,
    sol_types::SolCall,
};
use writ_attestation::{
    AccountKind, AccountPolicy, Bound, Bounds, Domain, ThrowawayQuorum, ThrowawayRequest, attach,
};
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, SALT, WritModule, deterministic_calldata, dev_account_creation_code,
    dev_configuration, dev_policy, installation_data, module_address, module_creation_code,
};
use writ_simulation::{
    SimulationRequest, Simulator,
    rules::{RuleContext, check},
    test_utils::{CHAIN_ID, TestChain},
};
use writ_tests::{Place, execute_in, key, module_key, nonce_of, single};
use writ_types::{EntryPoint, EntryPointVersion, Factory, RuleId, StakeInfo, UserOperation};

const FRIEND: Address = Address::repeat_byte(0xf1);
const FACTORY: Address = Address::repeat_byte(0xfa);

/// CREATE2 of its calldata, with salt zero, whose address it returns.
const FACTORY_CODE: [u8; 15] = hex!("365f5f375f365f5ff55f5260205ff3");

/// A chain with module, operators and factory, and what the account's constructor hands to the module.
fn stage(
    version: EntryPointVersion,
    quorum: &ThrowawayQuorum,
    published: bool,
) -> Option<(TestChain, EntryPoint, Bytes)> {
    let (mut chain, entry_point) = TestChain::with_entry_point(version)?;
    let set = quorum.set();
    let module = deterministic_calldata(SALT, &module_creation_code());
    Place::send(&mut chain, DETERMINISTIC_DEPLOYER, module);
    Place::send(&mut chain, DETERMINISTIC_DEPLOYER, set.deployment_input());
    TestChain::put(&mut chain, FACTORY, FACTORY_CODE.to_vec());
    let policies = vec![dev_policy()];
    let operators = (set.address(), set.code_hash());
    let owner = key("owner").address();
    let configuration = dev_configuration(owner, entry_point.address, operators, (2, 3), &policies);
    let data = if published {
        let call = WritModule::publishCall { configuration, policies };
        // The record's address, a word, is what the module takes.
        Place::send(&mut chain, module_address(), call.abi_encode().into())
    } else {
        installation_data(&configuration, &policies)
    };
    let code =
        dev_account_creation_code(entry_point.address, module_address(), data, module_address());
    Some((chain, entry_point, code))
}

/// The rules that the first operation of an account breaks, whose factory has this stake.
fn broken(version: EntryPointVersion, published: bool, staked: bool) -> Option<Vec<RuleId>> {
    let quorum = ThrowawayQuorum::new(3).unwrap();
    let (mut chain, entry_point, code) = stage(version, &quorum, published)?;
    let sender = FACTORY.create2(B256::ZERO, keccak256(&code));
    chain.fund(sender, U256::from(10).pow(U256::from(19)));

    // What the operators know of the account: what it will be.
    let (mut after, ..) = stage(version, &quorum, published)?;
    Place::send(&mut after, FACTORY, code.clone());
    let stored = Place::send(&mut after, module_address(), AccountPolicy::call(sender));
    let policy = AccountPolicy::decode(&stored).unwrap();
    assert!(policy.state.hook_installed && policy.state.validator_installed);
    let account_code = keccak256(after.state().code(&sender).unwrap());

    let pay = execute_in([0, 0], &single(FRIEND, U256::ONE, &[]));
    let mut operation = UserOperation {
        version,
        sender,
        nonce: nonce_of(module_key(AccountKind::OpenZeppelin, 0), 0),
        factory: Some(Factory { address: FACTORY, data: code }),
        call_data: pay,
        call_gas_limit: 1_000_000,
        verification_gas_limit: 6_000_000,
        pre_verification_gas: U256::from(100_000),
        max_fee_per_gas: 3_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        paymaster: None,
        signature: Bytes::new(),
        authorization: None,
    };
    let hash = operation.hash(entry_point.address, CHAIN_ID, None).unwrap();
    let signature = key("owner").sign_hash_sync(&hash).unwrap().as_bytes();
    let block = chain.pin();
    let suffix = quorum
        .attest(&ThrowawayRequest {
            operation: &operation,
            entry_point: entry_point.address,
            domain: Domain::new(CHAIN_ID, module_address()),
            policy: &policy,
            account_code,
            sequence: 0,
            block: (block.number(), block.hash(), block.timestamp()),
            max_cost: u128::MAX,
            bounds: &Bounds::new(vec![Bound::native(u128::MAX)]).unwrap(),
        })
        .unwrap();
    operation.signature = attach(&signature, &suffix).unwrap();

    let request = SimulationRequest::bundle(entry_point, vec![operation]);
    let simulation = Simulator::default().simulate_sync(&chain.pin(), &request).unwrap();
    assert!(simulation.is_success(), "v{version}: {:?}", simulation.failure);
    let outcome = &simulation.ops[0];
    assert!(outcome.receipt.as_ref().is_some_and(|receipt| receipt.success), "v{version}");
    let stakes = if staked {
        vec![StakeInfo { address: FACTORY, stake: U256::MAX, unstake_delay: u32::MAX }]
    } else {
        Vec::new()
    };
    let context = RuleContext { stakes, ..RuleContext::default() };
    let mut ids: Vec<_> =
        check(&outcome.trace, &context).into_iter().map(|violation| violation.rule).collect();
    ids.dedup();
    Some(ids)
}

fn versions() -> impl Iterator<Item = EntryPointVersion> {
    use EntryPointVersion::{V07, V08, V09};
    [V07, V08, V09].into_iter()
}

#[test]
fn behind_a_staked_factory_it_breaks_no_rule() {
    let tried: Vec<_> = versions().filter_map(|version| broken(version, true, true)).collect();
    assert!(tried.len() >= 2);
    assert!(tried.iter().all(Vec::is_empty), "{tried:?}");
}

#[test]
fn behind_a_factory_without_stake_it_is_refused_by_sto_022() {
    for version in versions() {
        let Some(ids) = broken(version, true, false) else { continue };
        assert_eq!(ids, [RuleId::Sto022], "v{version}");
    }
}

#[test]
fn a_whole_configuration_is_for_accounts_that_exist() {
    // It is checked and written then: the block's number, and a contract beside the account.
    let ids = broken(EntryPointVersion::V08, false, true).unwrap();
    assert!(ids.contains(&RuleId::Op011) && ids.contains(&RuleId::Op031), "{ids:?}");
}
