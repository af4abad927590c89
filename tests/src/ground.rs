//! A chain with every EntryPoint, the published accounts' factories and a paymaster, and a bundler without gate.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::{SolCall, SolConstructor, SolValue},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;
use writ_bindings::{DevPaymaster, DevToken, EntryPoint as EntryPointAbi};
use writ_node::dev::{Chain, ChildProcess, RpcFailure, Workplace, free_port};
use writ_simulation::test_utils::artifact;
use writ_types::{EntryPoint, EntryPointVersion, Factory, UserOperation};

use crate::{Account, INCLUSION_LIMIT, Node, Rpc, eventually, key, root};

sol! {
    function createAccount(address owner, uint256 salt);
    function getAddress(address owner, uint256 salt) returns (address account);
    function execute(address target, uint256 value, bytes data);
}

/// How long a service may take to answer its first request.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Chain and bundler.
#[derive(Debug)]
pub struct Ground {
    // Declared first: the children end before their folder goes.
    _bundler: ChildProcess,
    _chain: Chain,
    folder: TempDir,
    arguments: Vec<String>,
    /// The bundler's public RPC.
    pub bundler: Rpc,
    /// The bundler's URL.
    pub url: Url,
    /// The chain.
    pub node: Node,
    /// The account that sends the bundles.
    pub signer: PrivateKeySigner,
    /// The EntryPoints that are deployed, oldest first: all four where v0.9's code is on the machine.
    pub entry_points: Vec<EntryPoint>,
    /// Pays for anybody, is staked, and has a deposit at every EntryPoint.
    pub paymaster: Address,
    /// Who signs for the paymaster.
    pub paymaster_signer: PrivateKeySigner,
    /// A token that anybody can mint.
    pub token: Address,
    factories: Vec<Address>,
}

/// Ten to the 18.
pub fn ether(count: u64) -> U256 {
    U256::from(count) * U256::from(10).pow(U256::from(18))
}

impl Ground {
    /// Starts anvil, deploys, and starts `program` (`writ`) as a bundler that is told of no EntryPoint.
    ///
    /// # Panics
    /// When a part does not start.
    pub async fn start(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("writ");
        let workplace = Workplace::open(place, root(), program.into()).expect("a workplace");
        let chain = Chain::start(&workplace).await.unwrap_or_else(|error| panic!("{error}"));
        let node = Node::new(chain.url().clone());

        let mut entry_points = Vec::new();
        for version in EntryPointVersion::ALL {
            entry_points.extend(node.deploy_entry_point(version).await);
        }
        let mut factories = Vec::new();
        for entry_point in &entry_points {
            let code = artifact(entry_point.version, "SimpleAccountFactory").to_vec();
            factories.push(node.create(&[code, entry_point.address.abi_encode()].concat()).await);
        }
        let paymaster_signer = key("paymaster");
        let paymaster = paymaster(&node, paymaster_signer.address()).await;
        for entry_point in &entry_points {
            fund_paymaster(&node, paymaster, *entry_point).await;
        }
        let constructor =
            DevToken::constructorCall { name_: "Demo".into(), symbol_: "DEMO".into() };
        let token =
            node.create(&[&DevToken::BYTECODE[..], &constructor.abi_encode()].concat()).await;

        let signer = key("bundler");
        node.set_balance(signer.address(), ether(100)).await;
        let key_file = workplace.key_file("bundler", &signer).expect("a key file");
        let port = free_port().expect("a port");
        let url: Url = format!("http://127.0.0.1:{port}").parse().expect("a URL");
        let arguments = vec![
            "bundler".to_owned(),
            format!("--node-url={}", chain.url()),
            format!("--listen=127.0.0.1:{port}"),
            format!("--data-dir={}", workplace.folder().join("bundler").display()),
            format!("--signer-key-file={}", key_file.display()),
            format!("--policies={}", workplace.policies().display()),
            "--gate=off".to_owned(),
            "--poll-interval-ms=50".to_owned(),
        ];
        let log = workplace.log("bundler");
        let bundler = Rpc::new(url.clone());
        let process = serving(program, &arguments, log, &bundler).await;
        Self {
            _bundler: process,
            _chain: chain,
            folder,
            arguments,
            bundler,
            url,
            node,
            signer,
            entry_points,
            paymaster,
            paymaster_signer,
            token,
            factories,
        }
    }

    /// The bundler's command line, with another port and another folder, and `changed` instead of the flags that begin
    /// as they do.
    ///
    /// # Panics
    /// When no port is free.
    pub fn arguments_with(&self, changed: &[String]) -> Vec<String> {
        let port = free_port().expect("a port");
        let folder = self.folder.path().join(format!("other-{port}"));
        let own =
            [format!("--listen=127.0.0.1:{port}"), format!("--data-dir={}", folder.display())];
        let name = |argument: &str| argument.split('=').next().unwrap_or_default().to_owned();
        let changed: Vec<String> = own.iter().chain(changed).cloned().collect();
        let kept = |argument: &&String| !changed.iter().any(|other| name(other) == name(argument));
        self.arguments.iter().filter(kept).chain(&changed).cloned().collect()
    }

    /// Starts `program` as a second bundler on the same chain, with this command line.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn second(&self, program: &str, arguments: &[String]) -> (ChildProcess, Rpc) {
        let listen = arguments.iter().find_map(|argument| argument.strip_prefix("--listen="));
        let listen = listen.expect("an address to listen on");
        let log = self.folder.path().join(format!("{listen}.log"));
        let rpc = Rpc::new(format!("http://{listen}").parse().expect("a URL"));
        (serving(program, arguments, log, &rpc).await, rpc)
    }

    /// The EntryPoint of a version, where it is deployed.
    pub fn entry_point(&self, version: EntryPointVersion) -> Option<EntryPoint> {
        self.entry_points.iter().find(|known| known.version == version).copied()
    }

    /// The factory of the published SimpleAccount.
    ///
    /// # Panics
    /// When there is no such EntryPoint.
    pub fn factory(&self, version: EntryPointVersion) -> Address {
        let place = self.entry_points.iter().position(|known| known.version == version);
        self.factories[place.expect("the EntryPoint is deployed")]
    }

    /// The published SimpleAccount of an owner of its own, which does not exist yet and has `wei`.
    ///
    /// # Panics
    /// When there is no such EntryPoint.
    pub async fn simple(&self, version: EntryPointVersion, name: &str, wei: U256) -> Account {
        let entry_point = self.entry_point(version).expect("the EntryPoint is deployed");
        let owner = key(name);
        let (owner_address, salt) = (owner.address(), U256::from(7));
        let factory = self.factory(version);
        let call = getAddressCall { owner: owner_address, salt };
        let address = self.node.read(factory, call).await;
        let data = createAccountCall { owner: owner_address, salt }.abi_encode().into();
        self.node.set_balance(address, wei).await;
        let factory = Factory { address: factory, data };
        Account::new(address, entry_point, Some(factory), owner)
    }

    /// An operation of the account without gas, with prices as the bundler asks for them; it names the factory while the
    /// account does not exist.
    pub async fn draft(&self, account: &Account, call_data: Bytes) -> UserOperation {
        let prices = self.bundler.must("writ_getUserOperationGasPrice", json!([])).await;
        let price = |name: &str| -> U256 {
            serde_json::from_value(prices["standard"][name].clone()).expect("a number")
        };
        let exists = !self.node.code(account.address).await.is_empty();
        let key = account.nonce_key.to();
        UserOperation {
            version: account.entry_point.version,
            sender: account.address,
            nonce: self.node.nonce(account.entry_point, account.address, key).await,
            factory: account.factory.clone().filter(|_| !exists),
            call_data,
            call_gas_limit: 0,
            verification_gas_limit: 0,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: price("maxFeePerGas").to(),
            max_priority_fee_per_gas: price("maxPriorityFeePerGas").to(),
            paymaster: None,
            signature: account.stub_signature(),
            authorization: None,
        }
    }

    /// The draft with gas as the bundler estimates it.
    ///
    /// # Panics
    /// When it cannot be estimated.
    pub async fn estimated(&self, mut draft: UserOperation) -> UserOperation {
        let at = EntryPoint::canonical(draft.version).address;
        let gas =
            self.bundler.must("eth_estimateUserOperationGas", json!([draft.to_rpc(), at])).await;
        let limit = |name: &str| -> U256 {
            serde_json::from_value(gas[name].clone()).unwrap_or_else(|_| panic!("{name}: {gas}"))
        };
        draft.call_gas_limit = limit("callGasLimit").to();
        draft.verification_gas_limit = limit("verificationGasLimit").to();
        draft.pre_verification_gas = limit("preVerificationGas");
        if let Some(paymaster) = draft.paymaster.as_mut().filter(|_| draft.version.is_packed()) {
            paymaster.verification_gas_limit = limit("paymasterVerificationGasLimit").to();
            paymaster.post_op_gas_limit = limit("paymasterPostOpGasLimit").to();
        }
        draft
    }

    /// An operation that is ready to be sent: estimated and signed.
    pub async fn ready(&self, account: &Account, call_data: Bytes) -> UserOperation {
        let draft = self.draft(account, call_data).await;
        account.signed(self.estimated(draft).await)
    }

    /// Sends it; its hash.
    pub async fn accept(&self, operation: &UserOperation) -> B256 {
        let at = EntryPoint::canonical(operation.version).address;
        let hash =
            self.bundler.must("eth_sendUserOperation", json!([operation.to_rpc(), at])).await;
        serde_json::from_value(hash).expect("a hash")
    }

    /// Sends it, and it must be refused with this code.
    pub async fn refuses(&self, operation: &UserOperation, code: i64) -> RpcFailure {
        let at = EntryPoint::canonical(operation.version).address;
        self.bundler.refused("eth_sendUserOperation", json!([operation.to_rpc(), at]), code).await
    }

    /// Waits for its receipt.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn receipt(&self, hash: B256) -> Value {
        match self.bundler.client().receipt(hash, INCLUSION_LIMIT).await {
            Ok(receipt) => receipt,
            Err(error) => {
                let params = json!([hash]);
                let status = self.bundler.must("writ_getUserOperationStatus", params).await;
                panic!("{error}: {status}")
            }
        }
    }

    /// Sends it and waits for a receipt that says that it succeeded.
    ///
    /// # Panics
    /// When it says otherwise.
    pub async fn include(&self, operation: &UserOperation) -> Value {
        let receipt = self.receipt(self.accept(operation).await).await;
        assert_eq!(receipt["success"], true, "{receipt}");
        receipt
    }

    /// Waits until the operation's status is this one; the whole answer.
    pub async fn becomes(&self, hash: B256, wanted: &str) -> Value {
        eventually(&format!("{hash} becomes {wanted}"), INCLUSION_LIMIT, || async {
            let params = json!([hash]);
            let status = self.bundler.must("writ_getUserOperationStatus", params).await;
            (status["status"] == wanted).then_some(status)
        })
        .await
    }

    /// Keeps the bundler from building, as an empty account does; what it takes in waits.
    pub async fn hold(&self) {
        self.node.set_balance(self.signer.address(), U256::ZERO).await;
    }

    /// Lets it build again.
    pub async fn release(&self) {
        self.node.set_balance(self.signer.address(), ether(100)).await;
    }
}

/// Starts a bundler and waits until it answers.
async fn serving(
    program: &str,
    arguments: &[String],
    log: std::path::PathBuf,
    rpc: &Rpc,
) -> ChildProcess {
    let mut process = ChildProcess::start("bundler", program.as_ref(), arguments, log)
        .unwrap_or_else(|error| panic!("{error}"));
    let answers = || async { rpc.client().call("eth_chainId", json!([])).await.is_ok() };
    let ready = process.wait_until(START_LIMIT, answers).await;
    ready.unwrap_or_else(|error| panic!("{error}"));
    process
}

/// Calldata of an account's `execute(target, value, data)`.
pub fn execute(target: Address, value: U256, data: impl Into<Bytes>) -> Bytes {
    executeCall { target, value, data: data.into() }.abi_encode().into()
}

/// Deploys a paymaster that has neither stake nor deposit.
pub async fn paymaster(node: &Node, signer: Address) -> Address {
    let constructor = DevPaymaster::constructorCall { signer_: signer };
    node.create(&[&DevPaymaster::BYTECODE[..], &constructor.abi_encode()].concat()).await
}

/// Stakes for a paymaster at an EntryPoint, and deposits.
async fn fund_paymaster(node: &Node, paymaster: Address, entry_point: EntryPoint) {
    let at = entry_point.address;
    let stake = DevPaymaster::addStakeCall { entryPoint: at, unstakeDelaySec: 86_400 };
    node.send(paymaster, stake.abi_encode().into(), ether(2)).await;
    let deposit = EntryPointAbi::depositToCall { account: paymaster };
    node.send(at, deposit.abi_encode().into(), ether(10)).await;
}
