//! Every kind of account under the default rules of ERC-7562, and what its attested operations are seen to do.

#![allow(clippy::unwrap_used)]

use alloy::{
    primitives::{Address, B256, Bytes, U256, hex, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolValue,
};
use writ_attestation::{
    AccountKind, AccountPolicy, Bound, Bounds, Domain, ThrowawayQuorum, ThrowawayRequest, attach,
};
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, MODE_ENFORCE, SALT, WritModule, deterministic_calldata,
    erc7579::Execution, installation_data, module_address, module_creation_code,
};
use writ_simulation::{
    Simulation, SimulationRequest, Simulator,
    rules::{RuleContext, check},
    test_utils::{CHAIN_ID, TestChain},
};
use writ_tests::{
    Place, create_account, execute_in, key, module_key, nonce_of, single, under_hook, versions_of,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

const FRIEND: Address = Address::repeat_byte(0xf1);

/// An account of some kind on a chain in memory, and a quorum that signs whatever it is asked.
struct Stage {
    kind: AccountKind,
    chain: TestChain,
    entry_point: EntryPoint,
    account: Address,
    owner: PrivateKeySigner,
    quorum: ThrowawayQuorum,
    policy: AccountPolicy,
}

impl Stage {
    fn new(kind: AccountKind, version: EntryPointVersion) -> Option<Self> {
        let (mut chain, entry_point) = TestChain::with_entry_point(version)?;
        let (owner, quorum) = (key("owner"), ThrowawayQuorum::new(3).unwrap());
        let set = quorum.set();
        let module = deterministic_calldata(SALT, &module_creation_code());
        Place::send(&mut chain, DETERMINISTIC_DEPLOYER, module);
        Place::send(&mut chain, DETERMINISTIC_DEPLOYER, set.deployment_input());
        let reference = WritModule::PolicyReference {
            policyId: B256::repeat_byte(0x11),
            parameters: Bytes::from_static(b"parameters"),
        };
        let commitment = (reference.policyId, keccak256(&reference.parameters));
        let configuration = WritModule::Configuration {
            owner: owner.address(),
            ownerValidator: Address::ZERO,
            entryPoint: entry_point.address,
            registry: Address::ZERO,
            operatorSet: set.address(),
            operatorSetCodeHash: set.code_hash(),
            policy: keccak256(vec![commitment].abi_encode()),
            threshold: 2,
            leastOperators: 3,
            level: 1,
            mode: MODE_ENFORCE,
            exitDelay: 86_400,
            epoch: 1,
            readsHistory: true,
        };
        let data = installation_data(&configuration, &[reference]);
        let account = create_account(&mut chain, kind, entry_point, data);
        chain.fund(account, U256::from(10).pow(U256::from(19)));
        let stored = Place::send(&mut chain, module_address(), AccountPolicy::call(account));
        let policy = AccountPolicy::decode(&stored).unwrap();
        assert!(policy.state.hook_installed && policy.state.validator_installed);
        Some(Self { kind, chain, entry_point, account, owner, quorum, policy })
    }

    /// Every kind on every EntryPoint that its code allows and that is on this machine.
    fn all() -> impl Iterator<Item = Self> {
        AccountKind::ALL.into_iter().flat_map(|kind| {
            versions_of(kind).iter().filter_map(move |version| Self::new(kind, *version))
        })
    }

    fn name(&self) -> String {
        format!("{} on v{}", self.kind.name(), self.entry_point.version)
    }

    /// The operation that calls the account with `call` under its hook, signed and attested as its attested action number
    /// `sequence`, in a queue of its own.
    fn operation(&self, sequence: u32, call: &[u8]) -> UserOperation {
        let mut operation = UserOperation {
            version: self.entry_point.version,
            sender: self.account,
            nonce: nonce_of(module_key(self.kind, sequence), 0),
            factory: None,
            call_data: under_hook(self.kind, call),
            call_gas_limit: 1_000_000,
            verification_gas_limit: 490_000,
            pre_verification_gas: U256::from(100_000),
            max_fee_per_gas: 3_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        };
        let hash = operation.hash(self.entry_point.address, CHAIN_ID, None).unwrap();
        let signature = self.owner.sign_hash_sync(&hash).unwrap().as_bytes();
        let block = self.chain.pin();
        let suffix = self
            .quorum
            .attest(&ThrowawayRequest {
                operation: &operation,
                entry_point: self.entry_point.address,
                domain: Domain::new(CHAIN_ID, module_address()),
                policy: &self.policy,
                account_code: keccak256(self.chain.state().code(&self.account).unwrap()),
                sequence: sequence.into(),
                block: (block.number(), block.hash(), block.timestamp()),
                max_cost: u128::MAX,
                bounds: &Bounds::new(vec![Bound::native(u128::MAX)]).unwrap(),
            })
            .unwrap();
        operation.signature = attach(&signature, &suffix).unwrap();
        operation
    }

    /// What its proxy delegates to, if it is one.
    fn implementation(&self) -> Option<Address> {
        let slot = match self.kind {
            AccountKind::OpenZeppelin => return None,
            AccountKind::Safe7579 => U256::ZERO,
            // ERC-1967.
            _ => U256::from_be_bytes(hex!(
                "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
            )),
        };
        let word = self.chain.state().slot(self.account, slot);
        Some(Address::from_word(word.into()))
    }

    /// What the Safe's adapter created first.
    fn helper(&self) -> Option<Address> {
        let slot = keccak256("fallback_manager.handler.address");
        let handler = self.chain.state().slot(self.account, slot.into());
        (self.kind == AccountKind::Safe7579).then(|| Address::from_word(handler.into()).create(1))
    }

    fn simulate(&self, ops: Vec<UserOperation>) -> Simulation {
        let request = SimulationRequest::bundle(self.entry_point, ops);
        Simulator::default().simulate_sync(&self.chain.pin(), &request).unwrap()
    }
}

/// `execute` of one payment of so many wei to FRIEND, in a mode of these first two bytes.
fn payment(mode: [u8; 2], wei: u64) -> Bytes {
    let pay = Execution { target: FRIEND, value: U256::from(wei), callData: Bytes::new() };
    match mode[0] {
        1 => execute_in(mode, &vec![pay.clone(), pay].abi_encode()),
        _ => execute_in(mode, &single(FRIEND, pay.value, &[])),
    }
}

#[test]
fn attested_operations_of_every_kind_break_no_rule_and_delegate_nothing() {
    for stage in Stage::all() {
        let name = stage.name();
        let modes = [[0, 0], [0, 1], [1, 0], [1, 1]];
        let ops = (0u32..).zip(modes).map(|(sequence, mode)| {
            stage.operation(sequence, &payment(mode, u64::from(sequence) + 1))
        });
        let simulation = stage.simulate(ops.collect());
        assert!(simulation.is_success(), "{name}: {:?}", simulation.failure);
        for (outcome, mode) in simulation.ops.iter().zip(modes) {
            // Neither the module nor the account itself breaks one.
            assert_eq!(check(&outcome.trace, &RuleContext::default()), [], "{name}");
            assert!(outcome.receipt.as_ref().is_some_and(|receipt| receipt.success), "{name}");
            // The Safe's adapter makes a batch by a helper of its own, as evidence knows.
            let expected: Vec<_> = stage
                .helper()
                .filter(|_| mode[0] == 1)
                .map(|to| (stage.account, to))
                .into_iter()
                .collect();
            let delegated = outcome.effects.delegate_calls.iter();
            let delegated: Vec<_> = delegated.map(|one| (one.from, one.to)).collect();
            assert_eq!(delegated, expected, "{name} {mode:?}");
        }
    }
}

/// Code that stores one in slot 1 of whoever runs it.
const FOREIGN: [u8; 6] = hex!("600160015500");

#[test]
fn a_delegatecall_by_the_operation_is_told_on_every_kind() {
    for mut stage in Stage::all() {
        let name = stage.name();
        let foreign = Address::repeat_byte(0xef);
        TestChain::put(&mut stage.chain, foreign, FOREIGN.to_vec());
        let delegate = |target: Address, data: &[u8]| {
            execute_in([0xff, 0], &[target.as_slice(), data].concat())
        };
        let told = |call: &[u8]| {
            let mut simulation = stage.simulate(vec![stage.operation(0, call)]);
            assert!(simulation.is_success(), "{name}: {:?}", simulation.failure);
            let outcome = simulation.ops.pop().unwrap();
            let delegated = outcome.effects.delegate_calls.iter();
            delegated.map(|one| (one.from, one.to)).collect::<Vec<_>>()
        };
        // Foreign code.
        let delegated = told(&delegate(foreign, &[1, 2, 3, 4]));
        assert!(delegated.contains(&(stage.account, foreign)), "{name}: {delegated:?}");
        // The account's own code, called with bytes that nobody was shown as its calldata.
        let receive = told(&delegate(stage.account, &[]));
        assert!(receive.contains(&(stage.account, stage.account)), "{name}: {receive:?}");
        // The implementation, with other bytes than the account was called with.
        if let Some(implementation) = stage.implementation() {
            let delegated = told(&delegate(implementation, &[]));
            assert!(delegated.contains(&(stage.account, implementation)), "{name}: {delegated:?}");
        }
    }
}
