//! Signed operations, each of an account of its own that is on the chain already.

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    rpc::types::Block,
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use serde_json::json;
use writ_attestation::{
    AccountPolicy, Bound, Bounds, Domain, MAX_SUFFIX_LEN, ThrowawayQuorum, ThrowawayRequest, attach,
};
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, MODE_ENFORCE, WritModule, dev_account_creation_code, installation_data,
    module_address,
};
use writ_node::dev::{CHAIN_ID, Wallet};
use writ_types::{GasSchedule, UserOperation};

use crate::world::{ENTRY_POINT, World};

sol! {
    interface ISimple {
        function createAccount(address owner, uint256 salt) external returns (address);
        function senderCreator() external view returns (address);
        function getAddress(address owner, uint256 salt) external view returns (address);
        function execute(address target, uint256 value, bytes data) external;
    }
}

/// Accounts that are deployed together.
const BATCH: usize = 64;
/// Most operations of a run: fewer than a pool holds.
const MOST: usize = 8_000;
/// Who is paid.
const PAYEE: Address = address!("00000000000000000000000000000000000f41ed");
/// Threshold and size of the quorum.
const QUORUM: (u8, usize) = (3, 5);

/// What the accounts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SimpleAccount v0.8.
    Simple,
    /// An ERC-7579 account under Writ's module, whose operations carry the quorum's attestation.
    Guarded,
}

/// A source of operations that no bundler has seen.
pub(crate) struct Supply {
    kind: Kind,
    owner: PrivateKeySigner,
    quorum: ThrowawayQuorum,
    ready: Vec<UserOperation>,
    deployed: usize,
}

/// The operation's userOpHash.
pub(crate) fn hash(operation: &UserOperation) -> B256 {
    operation.hash(ENTRY_POINT.address, CHAIN_ID, None).expect("no delegate is needed")
}

impl Supply {
    /// A source of operations by accounts of this kind.
    pub(crate) async fn new(world: &World, kind: Kind) -> Self {
        let quorum = ThrowawayQuorum::new(QUORUM.1).expect("a set");
        if kind == Kind::Guarded {
            let deployment = quorum.set().deployment_input();
            let hash = world.send(Some(DETERMINISTIC_DEPLOYER), deployment, 1_000_000).await;
            world.mine().await;
            world.receipt(hash).await;
        }
        Self { kind, owner: PrivateKeySigner::random(), quorum, ready: Vec::new(), deployed: 0 }
    }

    /// Takes `count` operations, deploying accounts for them where there are none.
    pub(crate) async fn take(&mut self, world: &World, count: usize) -> Vec<UserOperation> {
        while self.ready.len() < count {
            assert!(
                self.deployed < MOST,
                "more than {MOST} operations: measure for a shorter time"
            );
            let accounts = match self.kind {
                Kind::Simple => self.deploy_simple(world).await,
                Kind::Guarded => self.deploy_guarded(world).await,
            };
            for account in &accounts {
                world.set_balance(*account, U256::from(10).pow(U256::from(18))).await;
            }
            // The balances are part of a block that can be named by its hash.
            world.mine().await;
            self.deployed += accounts.len();
            let operations = match self.kind {
                Kind::Simple => accounts.into_iter().map(|account| self.simple(account)).collect(),
                Kind::Guarded => self.attested(world, &accounts).await,
            };
            self.ready.extend(operations);
        }
        self.ready.split_off(self.ready.len() - count)
    }

    /// Takes operations back that no bundler has seen.
    pub(crate) fn give_back(&mut self, operations: Vec<UserOperation>) {
        self.ready.extend(operations);
    }

    async fn deploy_simple(&self, world: &World) -> Vec<Address> {
        let owner = self.owner.address();
        // The factory listens to the EntryPoint's helper only.
        let creator = ISimple::senderCreatorCall {}.abi_encode();
        let creator = world.call(world.factory, creator.into()).await;
        let creator = Address::abi_decode(&creator).expect("an address");
        world.impersonate(creator).await;
        let mut sent = Vec::with_capacity(BATCH);
        let mut accounts = Vec::with_capacity(BATCH);
        for salt in self.deployed..self.deployed + BATCH {
            let salt = U256::from(salt);
            let create = ISimple::createAccountCall { owner, salt }.abi_encode();
            sent.push(world.send_as(creator, Some(world.factory), create.into(), 500_000).await);
            let address = ISimple::getAddressCall { owner, salt }.abi_encode();
            let returned = world.call(world.factory, address.into()).await;
            accounts.push(Address::abi_decode(&returned).expect("an address"));
        }
        world.mine().await;
        for hash in sent {
            world.receipt(hash).await;
        }
        accounts
    }

    async fn deploy_guarded(&self, world: &World) -> Vec<Address> {
        let set = self.quorum.set();
        let reference = WritModule::PolicyReference {
            policyId: B256::repeat_byte(0x11),
            parameters: Bytes::from_static(b"parameters"),
        };
        let commitment = (reference.policyId, keccak256(&reference.parameters));
        let configuration = WritModule::Configuration {
            owner: self.owner.address(),
            ownerValidator: Address::ZERO,
            entryPoint: ENTRY_POINT.address,
            registry: Address::ZERO,
            operatorSet: set.address(),
            operatorSetCodeHash: set.code_hash(),
            policy: keccak256(vec![commitment].abi_encode()),
            threshold: QUORUM.0,
            leastOperators: QUORUM.0,
            level: 1,
            mode: MODE_ENFORCE,
            exitDelay: 86_400,
            epoch: 1,
            readsHistory: true,
        };
        let code = dev_account_creation_code(
            ENTRY_POINT.address,
            module_address(),
            installation_data(&configuration, &[reference]),
            module_address(),
        );
        let mut sent = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            sent.push(world.send(None, code.clone(), 10_000_000).await);
        }
        world.mine().await;
        let mut accounts = Vec::with_capacity(BATCH);
        for hash in sent {
            accounts.push(world.receipt(hash).await.contract_address.expect("created"));
        }
        accounts
    }

    fn simple(&self, account: Address) -> UserOperation {
        let call = ISimple::executeCall { target: PAYEE, value: U256::from(5), data: Bytes::new() };
        let mut operation = UserOperation {
            version: ENTRY_POINT.version,
            sender: account,
            nonce: U256::ZERO,
            factory: None,
            call_data: call.abi_encode().into(),
            call_gas_limit: 120_000,
            verification_gas_limit: 150_000,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: 20_000_000_000,
            max_priority_fee_per_gas: 2_000_000_000,
            paymaster: None,
            signature: Bytes::from(vec![0xee; 65]),
            authorization: None,
        };
        operation.pre_verification_gas =
            GasSchedule::default().pre_verification_gas_for_estimate(&operation, 65);
        self.sign(operation)
    }

    /// As the owner.
    fn sign(&self, mut operation: UserOperation) -> UserOperation {
        let signature = self.owner.sign_hash_sync(&hash(&operation)).expect("a local key signs");
        operation.signature = signature.as_bytes().to_vec().into();
        operation
    }

    /// One operation of each account with the quorum's attestation. All are configured in the same way.
    async fn attested(&self, world: &World, accounts: &[Address]) -> Vec<UserOperation> {
        let returned = world.call(module_address(), AccountPolicy::call(accounts[0])).await;
        let policy = AccountPolicy::decode(&returned).expect("configurationOf decodes");
        let code: Bytes = world.request("eth_getCode", json!([accounts[0], "latest"])).await;
        let block: Block = world.request("eth_getBlockByNumber", json!(["latest", false])).await;
        let bounds = Bounds::new(vec![Bound::native(5)]).expect("one bound");
        let attest = |account: &Address| {
            let mut operation = self.simple(*account);
            operation.nonce = U256::from_be_slice(module_address().as_slice()) << 96;
            operation.call_data = Wallet::execute(PAYEE, U256::from(5), &[]);
            operation.call_gas_limit = 300_000;
            operation.verification_gas_limit = 490_000;
            operation.pre_verification_gas = GasSchedule::default()
                .pre_verification_gas_for_estimate(&operation, 65 + MAX_SUFFIX_LEN);
            let mut operation = self.sign(operation);
            let request = ThrowawayRequest {
                operation: &operation,
                entry_point: ENTRY_POINT.address,
                domain: Domain::new(CHAIN_ID, module_address()),
                policy: &policy,
                account_code: keccak256(&code),
                sequence: policy.state.sequence,
                block: (block.header.number, block.header.hash, block.header.timestamp),
                max_cost: u128::MAX,
                bounds: &bounds,
            };
            let suffix = self.quorum.attest(&request).expect("the quorum signs");
            operation.signature = attach(&operation.signature, &suffix).expect("it fits");
            operation
        };
        accounts.iter().map(attest).collect()
    }
}
