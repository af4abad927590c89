//! A real chain with a real account: anvil, EntryPoint v0.8 or v0.7, the module, a token.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use alloy::{
    hex,
    network::TransactionBuilder,
    node_bindings::{Anvil, AnvilInstance},
    primitives::{Address, B256, Bytes, U256},
    providers::{Provider, RootProvider, ext::AnvilApi},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolCall, SolConstructor},
};
use tempfile::TempDir;
use writ_attestation::{
    AccountPolicy, Bounds, Domain, OperatorKey, Suffix, attach,
    wire::{AttestRequest, BlockRef, OperatorResponse},
};
use writ_bindings::{
    DevToken, EntryPoint as EntryPointContract, WritModule, deterministic_address,
    deterministic_calldata, dev_account_creation_code, installation_data, module_address,
    module_creation_code,
};
use writ_evidence::{CallType, ExecType, Execution, encode_execute};
use writ_operator::{Operator, OperatorConfig};
use writ_policy::{Bundle, CompiledPolicy, MANIFEST_FILE, Parameters, policy_commitment};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation, handle_ops_calldata};

/// One anvil with everything on it. Its process ends when this is dropped.
pub struct Chain {
    pub anvil: AnvilInstance,
    pub provider: RootProvider,
    pub funder: Address,
    pub entry_point: EntryPoint,
    pub module: Address,
    pub token: Address,
    pub owner: PrivateKeySigner,
    pub account: Address,
    pub folder: TempDir,
    /// The policies of the account, in order.
    pub parameters: Vec<Parameters>,
    /// Where operators find them.
    pub store: PathBuf,
}

pub const ETHER: u128 = 1_000_000_000_000_000_000;
pub const RECIPIENT: Address = Address::repeat_byte(0x77);

/// The operators' keys, by position in the set.
pub fn operator_key(index: u8) -> OperatorKey {
    OperatorKey::from_hex(&hex::encode([index + 1; 32])).unwrap()
}

impl Chain {
    /// A chain whose account demands two of three operators under a cap of 1 ether (or 100 tokens) per operation and
    /// twice that a day.
    pub async fn start(version: EntryPointVersion) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("policies");
        let parameters = vec![write_policy(&store)];
        Self::start_with(version, folder, store, parameters).await
    }

    /// The same under other policies.
    pub async fn start_with(
        version: EntryPointVersion,
        folder: TempDir,
        store: PathBuf,
        parameters: Vec<Parameters>,
    ) -> Self {
        let anvil = Anvil::at(anvil_program()).args(["--hardfork", "prague"]).spawn();
        let provider = RootProvider::new_http(anvil.endpoint_url());
        let funder = anvil.addresses()[0];
        let owner = PrivateKeySigner::from_bytes(&B256::repeat_byte(0x0e)).unwrap();
        let mut chain = Self {
            anvil,
            provider,
            funder,
            entry_point: EntryPoint::canonical(version),
            module: module_address(),
            token: deterministic_address(B256::ZERO, &token_creation()),
            owner,
            account: Address::ZERO,
            folder,
            parameters,
            store,
        };
        chain.deploy(version).await;
        chain
    }

    async fn deploy(&mut self, version: EntryPointVersion) {
        let (salt, creation) = entry_point_creation(version).unwrap();
        assert_eq!(self.create2(salt, &creation).await, self.entry_point.address);

        assert_eq!(self.create2(B256::ZERO, &module_creation_code()).await, self.module);
        self.create2(B256::ZERO, &operator_set().creation_code()).await;
        assert_eq!(self.create2(B256::ZERO, &token_creation()).await, self.token);

        self.account = self.deploy_account(&self.configuration(), self.module).await;
        self.send(self.account, Bytes::new(), 10 * ETHER).await;
        let mint = DevToken::mintCall { to: self.account, amount: U256::from(1_000) };
        self.send(self.token, mint.abi_encode().into(), 0).await;
    }

    /// An account with the module as validator, and `hook`, whose gas is paid.
    pub async fn deploy_account(
        &self,
        configuration: &WritModule::Configuration,
        hook: Address,
    ) -> Address {
        let data = installation_data(configuration, &self.references());
        let creation = dev_account_creation_code(self.entry_point.address, self.module, data, hook);
        let account = self.create2(B256::ZERO, &creation).await;
        let deposit = EntryPointContract::depositToCall { account };
        self.send(self.entry_point.address, deposit.abi_encode().into(), 10 * ETHER).await;
        account
    }

    pub fn configuration(&self) -> WritModule::Configuration {
        let operators = operator_set();
        WritModule::Configuration {
            owner: self.owner.address(),
            ownerValidator: Address::ZERO,
            entryPoint: self.entry_point.address,
            registry: Address::ZERO,
            operatorSet: operators.address(),
            operatorSetCodeHash: operators.code_hash(),
            policy: policy_commitment(
                &self
                    .parameters
                    .iter()
                    .map(|policy| (policy.policy_id(), policy.hash()))
                    .collect::<Vec<_>>(),
            ),
            threshold: 2,
            leastOperators: 3,
            level: 1,
            mode: writ_bindings::MODE_ENFORCE,
            exitDelay: 3_600,
            epoch: 0,
            readsHistory: true,
        }
    }

    pub fn references(&self) -> Vec<WritModule::PolicyReference> {
        self.parameters
            .iter()
            .map(|policy| WritModule::PolicyReference {
                policyId: policy.policy_id(),
                parameters: policy.encoded().to_vec().into(),
            })
            .collect()
    }

    /// Deploys through the deterministic deployer.
    pub async fn create2(&self, salt: B256, creation: &[u8]) -> Address {
        self.send(writ_bindings::DETERMINISTIC_DEPLOYER, deterministic_calldata(salt, creation), 0)
            .await;
        deterministic_address(salt, creation)
    }

    /// Sends a transaction that has to succeed.
    pub async fn send(&self, to: Address, data: Bytes, value: u128) -> TransactionReceipt {
        let receipt = self.try_send(to, data, value).await;
        assert!(receipt.status(), "transaction to {to} reverted");
        receipt
    }

    pub async fn try_send(&self, to: Address, data: Bytes, value: u128) -> TransactionReceipt {
        let transaction = TransactionRequest::default()
            .with_from(self.funder)
            .with_to(to)
            .with_input(data)
            .with_gas_limit(20_000_000)
            .with_value(U256::from(value));
        let hash: B256 =
            self.provider.raw_request("eth_sendTransaction".into(), (transaction,)).await.unwrap();
        for _ in 0..200 {
            if let Some(receipt) = self.provider.get_transaction_receipt(hash).await.unwrap() {
                return receipt;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("transaction {hash} was not mined");
    }

    /// Mines blocks.
    pub async fn mine(&self, blocks: u64) {
        self.provider.anvil_mine(Some(blocks), None).await.unwrap();
    }

    /// The newest block.
    pub async fn newest(&self) -> BlockRef {
        let block = self.provider.get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap();
        BlockRef { number: block.header.number, hash: block.header.hash }
    }

    /// An operator on this chain with a log of its own.
    pub async fn operator(&self, index: u8) -> Operator {
        Operator::open(self.config(index)).await.unwrap()
    }

    pub fn config(&self, index: u8) -> OperatorConfig {
        OperatorConfig::new(
            operator_key(index),
            self.anvil.endpoint(),
            self.store.clone(),
            self.folder.path().join(format!("log-{index}")),
        )
    }

    /// A signed operation of the account that sends wei.
    pub fn send_native(&self, key: u32, sequence: u64, amount: u128) -> UserOperation {
        let call = Execution { target: RECIPIENT, value: U256::from(amount), data: Bytes::new() };
        self.operation(key, sequence, &[call])
    }

    /// A signed operation of the account that sends tokens.
    pub fn send_tokens(&self, key: u32, sequence: u64, amount: u64) -> UserOperation {
        let data = writ_bindings::Erc20::transferCall { to: RECIPIENT, value: U256::from(amount) };
        let call =
            Execution { target: self.token, value: U256::ZERO, data: data.abi_encode().into() };
        self.operation(key, sequence, &[call])
    }

    pub fn operation(&self, key: u32, sequence: u64, calls: &[Execution]) -> UserOperation {
        let mode = if calls.len() == 1 { CallType::Single } else { CallType::Batch };
        self.sign(self.unsigned(
            key,
            sequence,
            encode_execute(mode, ExecType::Default, calls).into(),
        ))
    }

    /// The validator is the module, so the nonce begins with its address.
    pub fn unsigned(&self, key: u32, sequence: u64, call_data: Bytes) -> UserOperation {
        let mut nonce = [0; 32];
        nonce[..20].copy_from_slice(self.module.as_slice());
        nonce[20..24].copy_from_slice(&key.to_be_bytes());
        nonce[24..].copy_from_slice(&sequence.to_be_bytes());
        UserOperation {
            version: self.entry_point.version,
            sender: self.account,
            nonce: U256::from_be_bytes(nonce),
            factory: None,
            call_data,
            call_gas_limit: 500_000,
            verification_gas_limit: 500_000,
            pre_verification_gas: U256::from(100_000),
            max_fee_per_gas: 2_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        }
    }

    /// Signs as the owner.
    pub fn sign(&self, mut operation: UserOperation) -> UserOperation {
        let hash = operation.hash(self.entry_point.address, self.anvil.chain_id(), None).unwrap();
        operation.signature = self.owner.sign_hash_sync(&hash).unwrap().as_bytes().into();
        operation
    }

    /// A request at the newest block.
    pub async fn request(&self, operation: &UserOperation) -> AttestRequest {
        AttestRequest {
            operation: operation.to_rpc(),
            entry_point: self.entry_point.address,
            module: self.module,
            detached: None,
            block: self.newest().await,
            predecessors: Vec::new(),
            facts: Default::default(),
        }
    }

    pub fn domain(&self) -> Domain {
        Domain::new(self.anvil.chain_id(), self.module)
    }

    /// The operation with the quorum's suffix.
    pub fn attested(
        &self,
        operation: &UserOperation,
        answers: &[OperatorResponse],
    ) -> UserOperation {
        let allows: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                OperatorResponse::Allow(allow) => allow,
                OperatorResponse::Deny(deny) => panic!("denied: {:?}", deny.reasons),
            })
            .collect();
        let first = allows[0];
        let suffix = Suffix::new(
            &first.attestation,
            first.action.as_user_operation().unwrap().max_cost.to(),
            first.bounds.clone(),
            allows.iter().map(|allow| allow.signature).collect(),
        );
        UserOperation {
            signature: attach(&operation.signature, &suffix).unwrap(),
            ..operation.clone()
        }
    }

    /// Puts operations on the chain.
    pub async fn handle_ops(&self, operations: &[UserOperation]) -> TransactionReceipt {
        let data = handle_ops_calldata(operations, self.funder).unwrap();
        self.try_send(self.entry_point.address, data, 0).await
    }

    /// Lets time pass, and mines a block in it.
    pub async fn pass(&self, seconds: u64) {
        self.provider.anvil_increase_time(seconds).await.unwrap();
        self.mine(1).await;
    }

    /// Replaces the last blocks by empty ones.
    pub async fn reorganise(&self, depth: u64) {
        let parameters = (depth, Vec::<serde_json::Value>::new());
        let _: serde_json::Value =
            self.provider.raw_request("anvil_reorg".into(), parameters).await.unwrap();
    }

    pub async fn provider_code_hash(&self, address: Address) -> B256 {
        alloy::primitives::keccak256(self.provider.get_code_at(address).await.unwrap())
    }

    pub async fn account_policy(&self) -> AccountPolicy {
        let call = TransactionRequest::default()
            .with_to(self.module)
            .with_input(AccountPolicy::call(self.account));
        AccountPolicy::decode(&self.provider.call(call).await.unwrap()).unwrap()
    }

    pub async fn native_balance(&self, address: Address) -> U256 {
        self.provider.get_balance(address).await.unwrap()
    }
}

/// The bounds as `(contract, maxOut)`.
pub fn amounts(bounds: &Bounds) -> Vec<(Address, u128)> {
    bounds.as_slice().iter().map(|bound| (bound.asset.contract(), bound.max_out)).collect()
}

const POLICY: &str = r#"package writ.cap

import rego.v1

decision := {"allow": count(reasons) == 0, "reasons": reasons}

reasons contains "over the limit of one operation" if {
	some bound in input.bounds
	some cap in data.parameters.caps
	cap.asset == bound.asset
	bound.maxOut > cap.perOperation
}

reasons contains "over what is left of the day" if {
	some bound in input.bounds
	some cap in data.parameters.caps
	cap.asset == bound.asset
	spent := sum([entry.amount | some entry in input.history.day.spent; entry.asset == bound.asset])
	spent + bound.maxOut > cap.perDay
}

reasons contains "an asset without a cap" if {
	some bound in input.bounds
	bound.maxOut > 0
	not capped(bound.asset)
}

capped(asset) if {
	some cap in data.parameters.caps
	cap.asset == asset
}
"#;

/// A policy of one operation alone: what is over the cap is refused, and so is every call but to the token.
const LONE_POLICY: &str = r#"package writ.lone

import rego.v1

decision := {"allow": count(reasons) == 0, "reasons": reasons, "validFor": 60}

reasons contains "over the limit of one operation" if {
	some bound in input.bounds
	some cap in data.parameters.caps
	cap.asset == bound.asset
	bound.maxOut > cap.perOperation
}

reasons contains "an unknown contract" if {
	some call in input.calls
	not known(call.to)
}

known(address) if {
	some cap in data.parameters.caps
	cap.asset == address
}
"#;

/// Writes the test's policy into a store and returns its parameters for the account.
fn write_policy(store: &Path) -> Parameters {
    write_bundle(store, ("cap", POLICY), true)
}

/// Writes the policy that reads no history into a store and returns its parameters.
pub fn write_lone_policy(store: &Path) -> Parameters {
    write_bundle(store, ("lone", LONE_POLICY), false)
}

const OPEN_POLICY: &str = r#"package writ.open

import rego.v1

decision := {"allow": true, "reasons": []}
"#;

/// Writes a policy that allows everything into a store, and returns its parameters: what may leave is then the bounds' alone.
pub fn write_open_policy(store: &Path) -> Parameters {
    write_bundle(store, ("open", OPEN_POLICY), false)
}

/// Packs files and writes them into a store.
pub fn store_bundle(
    store: &Path,
    name: &str,
    mut files: BTreeMap<String, Vec<u8>>,
) -> CompiledPolicy {
    let packed = Bundle::pack(&files).unwrap();
    files.insert(MANIFEST_FILE.to_owned(), packed.as_value().to_json().into_bytes());
    let folder = store.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in &files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    CompiledPolicy::compile(Bundle::from_files(&files).unwrap()).unwrap()
}

fn write_bundle(store: &Path, (name, rego): (&str, &str), reads_history: bool) -> Parameters {
    let manifest = format!(
        r#"{{"format":1,"name":"{name}","version":"1.0.0","engine":"regorus-strict",
        "entry":"data.writ.{name}.decision","provable":false,"level":"quorum","readsHistory":{reads_history},
        "requiredFacts":[],"files":{{}}}}"#
    );
    let schema = r#"{"type":"object","properties":{"caps":{"type":"array","items":{"type":"object",
        "properties":{"asset":{"type":"string"},"perOperation":{"type":"integer"},"perDay":{"type":"integer"}},
        "required":["asset","perOperation","perDay"],"additionalProperties":false}}},
        "required":["caps"],"additionalProperties":false}"#;
    let words = r#"[{"each":"caps","text":"At most {perOperation} of {asset} at once.","none":"Nothing."}]"#;
    let files = [
        (MANIFEST_FILE, manifest.as_str()),
        ("schema.json", schema),
        ("words.json", words),
        ("policy.rego", rego),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    let policy = store_bundle(store, name, files.into());
    let token = deterministic_address(B256::ZERO, &token_creation());
    let caps = format!(
        r#"{{"caps":[{{"asset":"{:?}","perOperation":{ETHER},"perDay":{}}},{{"asset":"{token:?}","perOperation":100,"perDay":200}}]}}"#,
        Address::ZERO,
        2 * ETHER,
    );
    policy.parameters_from_json(&caps).unwrap()
}

/// Creation code of the token, which makes its address.
pub fn token_creation() -> Vec<u8> {
    let arguments = DevToken::constructorCall { name_: "Dollar".into(), symbol_: "USD".into() };
    [&DevToken::BYTECODE[..], &arguments.abi_encode()].concat()
}

/// Salt and creation code of an EntryPoint. That of v0.9 is not on npm and stands beside the repository, or nowhere.
pub fn entry_point_creation(version: EntryPointVersion) -> Option<(B256, Vec<u8>)> {
    let (package, salt) = match version {
        EntryPointVersion::V07 => {
            ("contracts-v07", "90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3")
        }
        EntryPointVersion::V08 => {
            ("contracts-v08", "0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9")
        }
        _ => {
            let salt = "7702864008ddeab30aa67b7adc3d2653bc8d162714b1fe8fe4582df814f3bf61";
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../../shared/data/entrypoint-v0.9.initcode.hex");
            let text = std::fs::read_to_string(path).ok()?;
            return Some((salt.parse().unwrap(), hex::decode(text.trim()).unwrap()));
        }
    };
    let path = node_module(&format!("@account-abstraction/{package}/artifacts/EntryPoint.json"));
    let artifact: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let creation = hex::decode(artifact["bytecode"].as_str().unwrap()).unwrap();
    Some((salt.parse().unwrap(), creation))
}

/// The native anvil of the pinned toolchain.
fn anvil_program() -> PathBuf {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    node_module(&format!("@foundry-rs/anvil-{system}-{machine}/bin/anvil"))
}

/// A file of an installed npm package.
pub fn node_module(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules").join(path);
    assert!(path.exists(), "{} is missing: run npm ci in the workspace root", path.display());
    path
}

/// The operators that the accounts of these tests are configured with.
pub fn operator_set() -> writ_attestation::OperatorSet {
    let operators = (0..3).map(|index| operator_key(index).address()).collect();
    writ_attestation::OperatorSet::new(operators).unwrap()
}
