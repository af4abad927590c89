//! What is protected off the ERC-4337 path, on the same chain: a guarded vault, and a Safe 1.5.0 under its guard.

use alloy::{
    hex,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolConstructor, SolValue},
};
use writ_attestation::{
    Suffix,
    wire::{CallAttestRequest, OperatorResponse},
};
use writ_bindings::{DevGuardedVault, DevToken, MODE_ENFORCE, WritSafeGuard};
use writ_evidence::exec_transaction;
use writ_operator::Operator;
use writ_policy::{Parameters, PolicyStore, policy_commitment};
use writ_types::{
    AttestableCall, CallPath, ContractCall, EntryPointVersion, ProtectedCall, SafeModuleCall,
    SafeOperation, SafeTransaction,
};

use crate::common::{Chain, ETHER, RECIPIENT, node_module, operator_set, token_creation};

sol! {
    function deposit(uint256 assets, address receiver) returns (uint256 shares);
    function redeem(uint256 shares, address receiver, address owner) returns (uint256 assets);
    function upgradeToAndCall(address implementation, bytes data);
    function initialize(address owner);
    function multicall(bytes[] data) returns (bytes[] results);
    function multiSend(bytes transactions);

    function setup(
        address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken,
        uint256 payment, address paymentReceiver
    );
    function enableModule(address module);
    function setGuard(address guard);
    function setModuleGuard(address guard);
    function execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation) returns (bool success);
}

/// How many tokens a customer has.
pub const TOKENS: u64 = 1_000;

/// The chain with what is protected on it.
pub struct Protected {
    pub chain: Chain,
    /// Behind a proxy, under `guarded-calls`.
    pub vault: Address,
    /// May deposit.
    pub customer: Address,
    /// May not.
    pub stranger: Address,
    /// Under `counterparty`.
    pub safe: Address,
    pub guard: Address,
    /// An account that the Safe has as a module.
    pub module: Address,
    pub multi_send: Address,
    pub owners: Vec<PrivateKeySigner>,
    pub vault_policy: Parameters,
    pub safe_policy: Parameters,
}

impl Protected {
    pub async fn start() -> Self {
        Self::start_in(MODE_ENFORCE).await
    }

    /// Everything in this mode.
    pub async fn start_in(mode: u8) -> Self {
        let store = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let policies = PolicyStore::open(&store).unwrap();
        let policy = |name: &str, json: &str| {
            policies.by_name(name).unwrap().parameters_from_json(json).unwrap()
        };
        let token = writ_bindings::deterministic_address(B256::ZERO, &token_creation());
        let safe_policy = policy(
            "counterparty",
            &format!(
                r#"{{"denied":[],"recipients":["{RECIPIENT:?}"],"contracts":["{token:?}"],"validFor":200}}"#
            ),
        );
        let folder = tempfile::tempdir().unwrap();
        let parameters = vec![safe_policy.clone()];
        let chain = Chain::start_with(EntryPointVersion::V08, folder, store, parameters).await;
        let accounts = chain.anvil.addresses().to_vec();
        let (customer, stranger, module) = (accounts[1], accounts[2], accounts[3]);
        let vault_policy = policy(
            "guarded-calls",
            &format!(
                r#"{{"callers":["{customer:?}"],"anyone":false,"denied":[],
                "selectors":["0x{}","0x{}","0x{}"],"limits":[],"validFor":250}}"#,
                hex::encode(depositCall::SELECTOR),
                hex::encode(redeemCall::SELECTOR),
                hex::encode(upgradeToAndCallCall::SELECTOR),
            ),
        );
        let mut owners: Vec<_> = [0x51u8, 0x52]
            .map(|byte| PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap())
            .into();
        owners.sort_by_key(PrivateKeySigner::address);
        let mut world = Self {
            chain,
            vault: Address::ZERO,
            customer,
            stranger,
            safe: Address::ZERO,
            guard: Address::ZERO,
            module,
            multi_send: Address::ZERO,
            owners,
            vault_policy,
            safe_policy,
        };
        world.deploy_vault(mode).await;
        world.deploy_safe(mode, "Safe.sol/Safe").await;
        world
    }

    async fn deploy_vault(&mut self, mode: u8) {
        let chain = &self.chain;
        let constructor = DevGuardedVault::constructorCall { asset_: chain.token };
        let creation = [&DevGuardedVault::BYTECODE[..], &constructor.abi_encode()].concat();
        let implementation = chain.create2(B256::ZERO, &creation).await;
        let initialize = Bytes::from(initializeCall { owner: chain.funder }.abi_encode());
        let arguments = (implementation, initialize).abi_encode_params();
        let proxy = bytecode("@openzeppelin/contracts/build/contracts/ERC1967Proxy.json");
        self.vault = chain.create2(B256::ZERO, &[proxy, arguments].concat()).await;
        let first = self.configuration(mode, &self.vault_policy);
        let initialize = DevGuardedVault::initializeGuardCall {
            first: DevGuardedVault::Configuration::abi_decode(&first.abi_encode()).unwrap(),
            policies: vec![DevGuardedVault::PolicyReference {
                policyId: self.vault_policy.policy_id(),
                parameters: self.vault_policy.encoded().to_vec().into(),
            }],
        };
        chain.send(self.vault, initialize.abi_encode().into(), 0).await;
        for holder in [self.customer, self.stranger] {
            let mint = DevToken::mintCall { to: holder, amount: U256::from(TOKENS) };
            chain.send(chain.token, mint.abi_encode().into(), 0).await;
            let approve =
                writ_bindings::Erc20::approveCall { spender: self.vault, value: U256::MAX };
            assert!(self.send_from(holder, chain.token, approve.abi_encode(), 0).await.status());
        }
    }

    async fn deploy_safe(&mut self, mode: u8, singleton: &str) {
        const FOLDER: &str = "@safe-global/safe-smart-account/build/artifacts/contracts";
        let chain = &self.chain;
        let code = |path: &str| bytecode(&format!("{FOLDER}/{path}.json"));
        let singleton = chain.create2(B256::ZERO, &code(singleton)).await;
        self.multi_send =
            chain.create2(B256::ZERO, &code("libraries/MultiSend.sol/MultiSend")).await;
        let proxy = [code("proxies/SafeProxy.sol/SafeProxy"), singleton.abi_encode()].concat();
        self.safe = chain.create2(B256::ZERO, &proxy).await;
        let setup = setupCall {
            owners: self.owners.iter().map(PrivateKeySigner::address).collect(),
            threshold: U256::from(2),
            to: Address::ZERO,
            data: Bytes::new(),
            fallbackHandler: Address::ZERO,
            paymentToken: Address::ZERO,
            payment: U256::ZERO,
            paymentReceiver: Address::ZERO,
        };
        chain.send(self.safe, setup.abi_encode().into(), 0).await;
        chain.send(self.safe, Bytes::new(), 10 * ETHER).await;
        let constructor =
            WritSafeGuard::constructorCall { adapter: Address::ZERO, module: Address::ZERO };
        let creation = [&WritSafeGuard::BYTECODE[..], &constructor.abi_encode()].concat();
        self.guard = chain.create2(B256::ZERO, &creation).await;

        let configure = WritSafeGuard::configureCall {
            next: self.configuration(mode, &self.safe_policy),
            policies: vec![WritSafeGuard::PolicyReference {
                policyId: self.safe_policy.policy_id(),
                parameters: self.safe_policy.encoded().to_vec().into(),
            }],
            attestation: Bytes::new(),
        };
        let safe = self.safe;
        for (nonce, (to, data)) in (0u64..).zip([
            (safe, enableModuleCall { module: self.module }.abi_encode()),
            (safe, setModuleGuardCall { guard: self.guard }.abi_encode()),
            (safe, setGuardCall { guard: self.guard }.abi_encode()),
            (self.guard, configure.abi_encode()),
        ]) {
            let transaction = self.transaction(nonce, to, 0, data);
            assert!(self.execute(&transaction, &transaction.signatures).await.status(), "{nonce}");
        }
    }

    /// Two of the three operators, under this policy.
    fn configuration(&self, mode: u8, policy: &Parameters) -> WritSafeGuard::Configuration {
        let operators = operator_set();
        WritSafeGuard::Configuration {
            owner: Address::ZERO,
            ownerValidator: Address::ZERO,
            entryPoint: Address::ZERO,
            registry: Address::ZERO,
            operatorSet: operators.address(),
            operatorSetCodeHash: operators.code_hash(),
            policy: policy_commitment(&[(policy.policy_id(), policy.hash())]),
            threshold: 2,
            leastOperators: 3,
            level: 1,
            mode,
            exitDelay: 3_600,
            epoch: 0,
            readsHistory: false,
        }
    }

    /// A transaction of an unlocked account.
    pub async fn send_from(
        &self,
        from: Address,
        to: Address,
        data: impl Into<Bytes>,
        value: u128,
    ) -> TransactionReceipt {
        let transaction = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(data.into())
            .with_gas_limit(5_000_000)
            .with_value(U256::from(value));
        let provider = &self.chain.provider;
        let hash: B256 =
            provider.raw_request("eth_sendTransaction".into(), (transaction,)).await.unwrap();
        for _ in 0..200 {
            if let Some(receipt) = provider.get_transaction_receipt(hash).await.unwrap() {
                return receipt;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("transaction {hash} was not mined");
    }

    pub async fn tokens_of(&self, token: Address, holder: Address) -> U256 {
        let data = writ_bindings::Erc20::balanceOfCall { account: holder }.abi_encode();
        let call = TransactionRequest::default().with_to(token).with_input(data);
        U256::from_be_slice(&self.chain.provider.call(call).await.unwrap())
    }

    // ------------------------------------------------------------------ the vault

    /// A deposit of the caller's, for itself.
    pub fn deposit(&self, caller: Address, amount: u64, path: CallPath) -> AttestableCall {
        let data = depositCall { assets: U256::from(amount), receiver: caller }.abi_encode();
        self.vault_call(caller, data, path)
    }

    pub fn vault_call(&self, caller: Address, data: Vec<u8>, path: CallPath) -> AttestableCall {
        self.asked(
            path,
            ProtectedCall::Contract(ContractCall {
                contract: self.vault,
                caller,
                value: U256::ZERO,
                data: data.into(),
                context: B256::ZERO,
                nonce: 0x1234,
            }),
        )
    }

    pub fn asked(&self, path: CallPath, call: ProtectedCall) -> AttestableCall {
        AttestableCall { chain_id: Some(self.chain.anvil.chain_id()), path, call }
    }

    // ------------------------------------------------------------------ the Safe

    /// A call of the Safe that all owners signed.
    pub fn transaction(
        &self,
        nonce: u64,
        to: Address,
        value: u128,
        data: Vec<u8>,
    ) -> SafeTransaction {
        self.sign(SafeTransaction {
            safe: self.safe,
            to,
            value: U256::from(value),
            data: data.into(),
            operation: SafeOperation::Call,
            safe_tx_gas: U256::ZERO,
            base_gas: U256::ZERO,
            gas_price: U256::ZERO,
            gas_token: Address::ZERO,
            refund_receiver: Address::ZERO,
            nonce,
            signatures: Bytes::new(),
            safe_tx_hash: None,
        })
    }

    pub fn sign(&self, transaction: SafeTransaction) -> SafeTransaction {
        let hash = transaction.hash(self.chain.anvil.chain_id());
        let signatures: Vec<u8> = self
            .owners
            .iter()
            .flat_map(|owner| owner.sign_hash_sync(&hash).unwrap().as_bytes())
            .collect();
        SafeTransaction { signatures: signatures.into(), ..transaction }
    }

    /// Sent by somebody who is no owner.
    pub async fn execute(
        &self,
        transaction: &SafeTransaction,
        signatures: &Bytes,
    ) -> TransactionReceipt {
        let data = exec_transaction(transaction, signatures);
        self.send_from(self.stranger, self.safe, data, 0).await
    }

    pub fn module_call(&self, nonce: u64, to: Address, value: u128) -> SafeModuleCall {
        SafeModuleCall {
            safe: self.safe,
            module: self.module,
            to,
            value: U256::from(value),
            data: Bytes::new(),
            operation: SafeOperation::Call,
            nonce,
        }
    }

    pub async fn execute_as_module(&self, call: &SafeModuleCall) -> TransactionReceipt {
        let data = execTransactionFromModuleCall {
            to: call.to,
            value: call.value,
            data: call.data.clone(),
            operation: call.operation as u8,
        };
        self.send_from(self.module, self.safe, data.abi_encode(), 0).await
    }

    // ------------------------------------------------------------------ operators

    pub async fn request(&self, call: &AttestableCall) -> CallAttestRequest {
        CallAttestRequest {
            call: call.to_rpc(),
            block: self.chain.newest().await,
            facts: Default::default(),
        }
    }

    /// Asks two operators, which have to allow, and puts their attestation together.
    pub async fn attested(&self, operators: [&Operator; 2], call: &AttestableCall) -> Bytes {
        let request = self.request(call).await;
        let mut allows = Vec::new();
        for operator in operators {
            match operator.attest_call(&request).await.unwrap() {
                OperatorResponse::Allow(allow) => allows.push(allow),
                OperatorResponse::Deny(deny) => panic!("denied: {:?}", deny.reasons),
            }
        }
        assert_eq!(allows[0].attestation, allows[1].attestation, "they sign the same");
        let first = allows[0].clone();
        let signatures = allows.iter().map(|allow| allow.signature).collect();
        Suffix::new(&first.attestation, 0, first.bounds, signatures).encode().unwrap()
    }
}

/// Creation code in an npm package's artifact.
fn bytecode(path: &str) -> Vec<u8> {
    let text = std::fs::read(node_module(path)).unwrap();
    let artifact: serde_json::Value = serde_json::from_slice(&text).unwrap();
    hex::decode(artifact["bytecode"].as_str().unwrap()).unwrap()
}
