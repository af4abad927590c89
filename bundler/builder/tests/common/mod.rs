//! A chain with EntryPoint v0.8 and SimpleAccount, and a bundler on it with its gate off.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod anvil;

use std::{path::Path, sync::Arc, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, TxHash, U256, address, b256},
    rpc::types::TransactionReceipt,
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::SolCall,
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use writ_admission::{Admission, AdmissionParts, AdmissionRules};
use writ_builder::{
    Builder, BuilderConfig, BuilderHandle, BuilderParts, BundleSigner, FeeRules, Health,
    SubmissionRules,
};
use writ_gateway::{AccountReader, Gate, GateMode, GateOptions};
use writ_pool::{Pool, PoolConfig};
use writ_simulation::{NodeClient, Simulator, StateOptions, StateProvider};
use writ_types::{EntryPoint, EntryPointVersion, Factory, GasSchedule, UserOperation};

pub use anvil::Anvil;

sol! {
    interface ISimple {
        function createAccount(address owner, uint256 salt) external returns (address);
        function getAddress(address owner, uint256 salt) external view returns (address);
        function execute(address target, uint256 value, bytes data) external;
    }
}

pub const ENTRY_POINT: EntryPoint = EntryPoint::canonical(EntryPointVersion::V08);
pub const CHAIN_ID: u64 = 31_337;
/// anvil's first account, unlocked.
pub const RICH: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
/// Somebody to send money to.
pub const FRIEND: Address = address!("00000000000000000000000000000000000f41ed");
const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const SALT: B256 = b256!("0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9");

fn creation_code(name: &str) -> Bytes {
    let path = anvil::root()
        .join("node_modules/@account-abstraction/contracts-v08/artifacts")
        .join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run `npm ci` in the repository's root", path.display())
    });
    let artifact: Value = serde_json::from_str(&text).expect("an artifact");
    artifact["bytecode"].as_str().expect("creation code").parse().expect("hex")
}

/// Sends a transaction from the rich account and mines it.
pub async fn transact(
    node: &NodeClient,
    to: Option<Address>,
    data: Bytes,
    value: U256,
) -> TransactionReceipt {
    let mut transaction = json!({"from": RICH, "data": data, "value": value, "gas": "0xb71b00"});
    if let Some(to) = to {
        transaction["to"] = json!(to);
    }
    let hash: TxHash =
        node.request("eth_sendTransaction", json!([transaction])).await.expect("sent");
    let _: Value = node.request("evm_mine", json!([])).await.expect("mined");
    let receipt: Option<TransactionReceipt> =
        node.request("eth_getTransactionReceipt", json!([hash])).await.expect("answered");
    let receipt = receipt.expect("mined");
    assert!(receipt.status(), "the set-up's transaction reverted");
    receipt
}

/// Deploys EntryPoint and factory; gives the factory's address.
pub async fn deploy(node: &NodeClient) -> Address {
    let input = [SALT.as_slice(), &creation_code("EntryPoint")].concat();
    transact(node, Some(DEPLOYER), input.into(), U256::ZERO).await;
    let code: Bytes =
        node.request("eth_getCode", json!([ENTRY_POINT.address, "latest"])).await.expect("code");
    assert!(!code.is_empty(), "EntryPoint v0.8 is at its canonical address");
    let factory = [
        creation_code("SimpleAccountFactory").as_ref(),
        ENTRY_POINT.address.into_word().as_slice(),
    ]
    .concat();
    transact(node, None, factory.into(), U256::ZERO).await.contract_address.expect("created")
}

/// A wallet around one SimpleAccount.
pub struct Wallet {
    pub owner: PrivateKeySigner,
    pub address: Address,
    factory: Address,
    pub node: NodeClient,
    next: u64,
}

impl Wallet {
    /// An account with money that does not exist yet.
    pub async fn new(node: &NodeClient, factory: Address) -> Self {
        let owner = PrivateKeySigner::random();
        let call =
            ISimple::getAddressCall { owner: owner.address(), salt: U256::ZERO }.abi_encode();
        let returned: Bytes = node
            .request("eth_call", json!([{"to": factory, "data": Bytes::from(call)}, "latest"]))
            .await
            .expect("an address");
        let address = Address::from_slice(&returned[12..32]);
        let wallet = Self { owner, address, factory, node: node.clone(), next: 0 };
        wallet.fund(U256::from(10u64.pow(18))).await;
        wallet
    }

    pub async fn fund(&self, wei: U256) {
        let _: Value = self
            .node
            .request("anvil_setBalance", json!([self.address, wei]))
            .await
            .expect("funded");
    }

    /// The next operation: deploys the account if it is the first, and calls `target`.
    pub fn operation(&mut self, target: Address, value: u64, data: &[u8]) -> UserOperation {
        let call = ISimple::executeCall {
            target,
            value: U256::from(value),
            data: Bytes::copy_from_slice(data),
        };
        let mut operation = UserOperation {
            version: EntryPointVersion::V08,
            sender: self.address,
            nonce: U256::from(self.next),
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
        if self.next == 0 {
            let data = ISimple::createAccountCall { owner: self.owner.address(), salt: U256::ZERO };
            operation.factory =
                Some(Factory { address: self.factory, data: data.abi_encode().into() });
            operation.verification_gas_limit = 490_000;
        }
        operation.pre_verification_gas =
            GasSchedule::default().pre_verification_gas_for_estimate(&operation, 65);
        self.next += 1;
        self.sign(operation)
    }

    pub fn sign(&self, mut operation: UserOperation) -> UserOperation {
        let hash = operation.hash(ENTRY_POINT.address, CHAIN_ID, None).expect("a hash");
        operation.signature =
            self.owner.sign_hash_sync(&hash).expect("signs").as_bytes().to_vec().into();
        operation
    }
}

/// A bundler that is not running yet.
pub struct Bundler {
    pub admission: Admission,
    pub pool: Arc<Pool>,
    pub health: Health,
    pub builder: Builder,
    pub handle: BuilderHandle,
}

/// A running one.
pub struct Running {
    pub admission: Admission,
    pub pool: Arc<Pool>,
    pub health: Health,
    pub handle: BuilderHandle,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

pub fn config() -> BuilderConfig {
    BuilderConfig {
        poll_interval: Duration::from_millis(50),
        longest_pause: Duration::from_millis(400),
        bundle_interval: Duration::from_millis(100),
        fees: FeeRules { min_priority_fee: 1_000_000, ..FeeRules::default() },
        submission: SubmissionRules {
            stuck_blocks: 1_000,
            stuck_seconds: 1_000,
            ..SubmissionRules::default()
        },
        ..BuilderConfig::default()
    }
}

pub fn signer() -> BundleSigner {
    BundleSigner::new(&zeroize::Zeroizing::new([0x42; 32])).expect("a key")
}

impl Bundler {
    /// A bundler with its store in `folder`. Its signer is given money.
    pub async fn new(node: &NodeClient, folder: &Path, config: BuilderConfig) -> Self {
        let signer = signer();
        let ten = U256::from(10u64.pow(19));
        let _: Value =
            node.request("anvil_setBalance", json!([signer.address(), ten])).await.expect("funded");
        Self::open(node, folder, config)
    }

    pub fn open(node: &NodeClient, folder: &Path, config: BuilderConfig) -> Self {
        let pool = Arc::new(Pool::open(folder, PoolConfig::new(CHAIN_ID)).expect("a pool"));
        let simulator = Simulator::default();
        let accounts = AccountReader::new(simulator.clone(), Vec::new());
        let options = GateOptions { mode: GateMode::Off, ..GateOptions::default() };
        let parts = AdmissionParts {
            state: StateProvider::new(node.clone(), StateOptions::default()),
            simulator,
            gate: Arc::new(Gate::new(options, accounts, node.clone(), None)),
            pool: pool.clone(),
            entry_points: vec![ENTRY_POINT],
        };
        let admission = Admission::new(parts, AdmissionRules::default());
        let health = Health::new();
        let parts = BuilderParts {
            admission: admission.clone(),
            node: node.clone(),
            signer: signer(),
            health: health.clone(),
        };
        let (builder, handle) = Builder::new(parts, config);
        Self { admission, pool, health, builder, handle }
    }

    pub fn run(self) -> Running {
        let Self { admission, pool, health, builder, handle } = self;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(builder.run(stopped));
        Running { admission, pool, health, handle, stop, task }
    }
}

impl Running {
    pub async fn send(&self, operation: UserOperation) -> B256 {
        self.admission.admit(operation, ENTRY_POINT.address).await.expect("admitted")
    }

    /// Waits until the operation has this status; gives the reason.
    pub async fn until(&self, hash: B256, status: &str) -> String {
        let mut last = None;
        for _ in 0..300 {
            last = self.pool.status(hash).expect("readable");
            if let Some(record) = last.as_ref().filter(|record| record.status.name() == status) {
                return record.reason.clone();
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("{hash} is not {status} but {last:?}; health: {:?}", self.health.complaints());
    }

    pub async fn until_health(&self, green: bool) {
        for _ in 0..300 {
            if self.health.is_green() == green {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("health is {:?}", self.health.complaints());
    }

    /// Stops it and lets go of its store.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.task.await.expect("stopped");
    }
}

pub async fn balance(node: &NodeClient, account: Address) -> U256 {
    node.request("eth_getBalance", json!([account, "latest"])).await.expect("a balance")
}
