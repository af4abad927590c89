//! An account of any kind on a chain in memory, under a quorum that signs whatever it is asked.

use alloy::{
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use writ_attestation::{
    AccountKind, AccountPolicy, Bound, Bounds, Domain, ThrowawayQuorum, ThrowawayRequest,
    account_code_of, attach,
};
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, SALT, deterministic_calldata, dev_configuration, dev_policy,
    installation_data, module_address, module_creation_code,
};
use writ_simulation::{
    Simulation, SimulationRequest, Simulator,
    test_utils::{CHAIN_ID, TestChain},
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

use super::{Place, create_account, module_key, nonce_of, under_hook, versions_of};
use crate::key;

/// The account.
#[derive(Debug)]
pub struct Staged {
    /// Its kind.
    pub kind: AccountKind,
    /// The chain that it is on.
    pub chain: TestChain,
    /// The EntryPoint that it is made for.
    pub entry_point: EntryPoint,
    /// Its address.
    pub account: Address,
    /// Configuration and state in the module.
    pub policy: AccountPolicy,
    owner: PrivateKeySigner,
    quorum: ThrowawayQuorum,
}

impl Staged {
    /// An account of this kind with ten ether; none where the EntryPoint is not on the machine.
    ///
    /// # Panics
    /// When it does not come to be.
    pub fn new(kind: AccountKind, version: EntryPointVersion) -> Option<Self> {
        let (mut chain, entry_point) = TestChain::with_entry_point(version)?;
        let (owner, quorum) = (key("owner"), ThrowawayQuorum::new(3).expect("a set"));
        let set = quorum.set();
        let module = deterministic_calldata(SALT, &module_creation_code());
        Place::send(&mut chain, DETERMINISTIC_DEPLOYER, module);
        Place::send(&mut chain, DETERMINISTIC_DEPLOYER, set.deployment_input());
        let policies = [dev_policy()];
        let operators = (set.address(), set.code_hash());
        let (signer, at) = (owner.address(), entry_point.address);
        let configuration = dev_configuration(signer, at, operators, (2, 3), &policies);
        let data = installation_data(&configuration, &policies);
        let account = create_account(&mut chain, kind, entry_point, data);
        chain.fund(account, U256::from(10).pow(U256::from(19)));
        let stored = Place::send(&mut chain, module_address(), AccountPolicy::call(account));
        let policy = AccountPolicy::decode(&stored).expect("a configuration");
        assert!(policy.state.hook_installed && policy.state.validator_installed);
        Some(Self { kind, chain, entry_point, account, policy, owner, quorum })
    }

    /// Each of the kinds on every EntryPoint that its code allows and that is on this machine.
    pub fn all(kinds: &[AccountKind]) -> impl Iterator<Item = Self> + '_ {
        kinds.iter().flat_map(|kind| {
            versions_of(*kind).iter().filter_map(move |version| Self::new(*kind, *version))
        })
    }

    /// For messages.
    pub fn name(&self) -> String {
        format!("{} on v{}", self.kind.name(), self.entry_point.version)
    }

    /// The operation that calls the account with `call` under its hook, unsigned, in queue `number`.
    pub fn draft(&self, number: u32, call: &[u8]) -> UserOperation {
        UserOperation {
            version: self.entry_point.version,
            sender: self.account,
            nonce: nonce_of(module_key(self.kind, number), 0),
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
        }
    }

    /// The draft, signed and attested as the account's attested action number `sequence`, for the code that the operation
    /// meets.
    ///
    /// # Panics
    /// When an EIP-7702 marker stands for a delegate that nothing names.
    pub fn attested(&self, sequence: u32, mut operation: UserOperation) -> UserOperation {
        let found = self.chain.state().code(&self.account);
        let delegate = found.as_ref().and_then(|code| code.strip_prefix(&[0xef, 0x01, 0x00]));
        // What the operation brings itself comes before.
        let delegate = delegate.filter(|_| operation.authorization.is_none());
        let delegate = delegate.map(Address::from_slice);
        let hash = operation.hash(self.entry_point.address, CHAIN_ID, delegate).expect("a hash");
        let signature = self.owner.sign_hash_sync(&hash).expect("a local key signs").as_bytes();
        let block = self.chain.pin();
        let found: B256 = found.map_or(KECCAK256_EMPTY, keccak256);
        let request = ThrowawayRequest {
            operation: &operation,
            entry_point: self.entry_point.address,
            domain: Domain::new(CHAIN_ID, module_address()),
            policy: &self.policy,
            account_code: account_code_of(&operation, found),
            sequence: sequence.into(),
            block: (block.number(), block.hash(), block.timestamp()),
            max_cost: u128::MAX,
            bounds: &Bounds::new(vec![Bound::native(u128::MAX)]).expect("one bound"),
        };
        let suffix = self.quorum.attest(&request).expect("the quorum signs");
        operation.signature = attach(&signature, &suffix).expect("it fits");
        operation
    }

    /// The operation that calls the account with `call` under its hook, signed and attested as its attested action number
    /// `sequence`, in a queue of its own.
    pub fn operation(&self, sequence: u32, call: &[u8]) -> UserOperation {
        self.attested(sequence, self.draft(sequence, call))
    }

    /// One bundle of these operations.
    ///
    /// # Panics
    /// When it cannot be simulated.
    pub fn simulate(&self, ops: Vec<UserOperation>) -> Simulation {
        let request = SimulationRequest::bundle(self.entry_point, ops);
        Simulator::default().simulate_sync(&self.chain.pin(), &request).expect("a simulation")
    }
}
