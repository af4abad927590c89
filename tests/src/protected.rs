//! A guarded vault and a Safe under its guard on a World's chain, decided on by its operators.

use alloy::{
    hex,
    primitives::{Address, B256, Bytes, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolConstructor, SolValue},
};
use serde_json::{Value, json};
use writ_attestation::PolicyReference;
use writ_bindings::{DevGuardedVault, DevToken, Erc20, MODE_ENFORCE, WritSafeGuard};
use writ_evidence::exec_transaction;
use writ_policy::{Parameters, PolicyStore, policy_commitment};
use writ_types::{
    AttestableCall, CallPath, ContractCall, ProtectedCall, SafeOperation, SafeTransaction,
};

use crate::{Node, World, modular::published::published, root};

sol! {
    function initialize(address owner);
    function deposit(uint256 assets, address receiver) returns (uint256 shares);
    function setup(
        address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken,
        uint256 payment, address paymentReceiver
    );
    function setGuard(address guard);
    function setModuleGuard(address guard);
}

/// Which Safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SafeVersion {
    /// 1.4.1, which knows a transaction guard.
    V141,
    /// 1.5.0, which knows a module guard as well.
    V150,
}

/// What is protected.
#[derive(Debug)]
pub struct Protected {
    node: Node,
    chain_id: u64,
    configuration: WritSafeGuard::Configuration,
    policies: PolicyStore,
    token: Address,
    guard: Address,
}

impl Protected {
    /// On the chain of `world`, by its operators.
    ///
    /// # Panics
    /// When something cannot be deployed.
    pub async fn on(world: &World) -> Self {
        let node = Node::new(world.network.chain.url().clone());
        let of_accounts = &world.network.stage.configuration_v08;
        let configuration = WritSafeGuard::Configuration {
            owner: Address::ZERO,
            ownerValidator: Address::ZERO,
            entryPoint: Address::ZERO,
            registry: Address::ZERO,
            operatorSet: of_accounts.operatorSet,
            operatorSetCodeHash: of_accounts.operatorSetCodeHash,
            policy: B256::ZERO,
            threshold: of_accounts.threshold,
            leastOperators: of_accounts.leastOperators,
            level: of_accounts.level,
            mode: MODE_ENFORCE,
            exitDelay: 3_600,
            epoch: 0,
            readsHistory: false,
        };
        let policies = PolicyStore::open(&root().join("policies")).expect("the policies");
        let constructor =
            WritSafeGuard::constructorCall { adapter: Address::ZERO, module: Address::ZERO };
        let creation = [&WritSafeGuard::BYTECODE[..], &constructor.abi_encode()].concat();
        let guard = node.create(&creation).await;
        let chain_id = writ_node::dev::CHAIN_ID;
        Self { node, chain_id, configuration, policies, token: world.token(), guard }
    }

    /// The configuration under a policy of the tree, and what is behind its commitment.
    fn under(&self, name: &str, parameters: &str) -> (WritSafeGuard::Configuration, Parameters) {
        let policy = self.policies.by_name(name).expect(name);
        let parameters = policy.parameters_from_json(parameters).expect("they fit");
        let policy = policy_commitment(&[(parameters.policy_id(), parameters.hash())]);
        (WritSafeGuard::Configuration { policy, ..self.configuration.clone() }, parameters)
    }

    /// What the configuration of [`vault`](Self::vault) commits to.
    pub fn policies_of_vault(&self, caller: Address) -> Vec<PolicyReference> {
        vec![reference(&self.under("guarded-calls", &of_vault(caller)).1)]
    }

    /// What the configuration of [`safe`](Self::safe) commits to.
    pub fn policies_of_safe(&self, recipient: Address) -> Vec<PolicyReference> {
        vec![reference(&self.under("counterparty", &of_safe(recipient)).1)]
    }

    /// A vault into which `customer` alone may deposit, who has tokens and lets the vault take them; its owner is
    /// [`RICH`](crate::RICH).
    ///
    /// # Panics
    /// When it is not deployed.
    pub async fn vault(&self, customers: &[Address], caller: Address) -> Address {
        let constructor = DevGuardedVault::constructorCall { asset_: self.token };
        let creation = [&DevGuardedVault::BYTECODE[..], &constructor.abi_encode()].concat();
        let implementation = self.node.create(&creation).await;
        let initialize = Bytes::from(initializeCall { owner: crate::RICH }.abi_encode());
        let arguments = (implementation, initialize).abi_encode_params();
        let proxy = bytecode("@openzeppelin/contracts/build/contracts/ERC1967Proxy.json");
        let vault = self.node.create(&[proxy, arguments].concat()).await;
        let (first, parameters) = self.under("guarded-calls", &of_vault(caller));
        let initialize = DevGuardedVault::initializeGuardCall {
            first: DevGuardedVault::Configuration::abi_decode(&first.abi_encode()).expect("same"),
            policies: vec![DevGuardedVault::PolicyReference {
                policyId: parameters.policy_id(),
                parameters: parameters.encoded().to_vec().into(),
            }],
        };
        self.node.send(vault, initialize.abi_encode().into(), U256::ZERO).await;
        for holder in customers {
            let mint = DevToken::mintCall { to: *holder, amount: U256::from(1_000) };
            self.node.send(self.token, mint.abi_encode().into(), U256::ZERO).await;
            let approve = Erc20::approveCall { spender: vault, value: U256::MAX }.abi_encode();
            assert!(self.send_from(*holder, self.token, approve).await, "approved");
        }
        vault
    }

    /// A deposit of the caller's.
    pub fn deposit(
        &self,
        vault: Address,
        caller: Address,
        assets: u64,
        path: CallPath,
    ) -> AttestableCall {
        let data = depositCall { assets: U256::from(assets), receiver: caller }.abi_encode();
        let call = ContractCall {
            contract: vault,
            caller,
            value: U256::ZERO,
            data: data.into(),
            context: B256::ZERO,
            nonce: assets,
        };
        AttestableCall { chain_id: None, path, call: ProtectedCall::Contract(call) }
    }

    /// A Safe of one owner under its guard, which pays `recipient` alone.
    ///
    /// # Panics
    /// When it is not deployed.
    pub async fn safe(
        &self,
        version: SafeVersion,
        owner: &PrivateKeySigner,
        recipient: Address,
    ) -> Address {
        const FOLDER: &str = "@safe-global/safe-smart-account/build/artifacts/contracts";
        let singleton = match version {
            SafeVersion::V150 => bytecode(&format!("{FOLDER}/Safe.sol/Safe.json")),
            SafeVersion::V141 => {
                published("Safe7579Precompiles", "SAFE_SINGLETON_BYTECODE").to_vec()
            }
        };
        let singleton = self.node.create(&singleton).await;
        let proxy = bytecode(&format!("{FOLDER}/proxies/SafeProxy.sol/SafeProxy.json"));
        let safe = self.node.create(&[proxy, singleton.abi_encode()].concat()).await;
        let setup = setupCall {
            owners: vec![owner.address()],
            threshold: U256::ONE,
            to: Address::ZERO,
            data: Bytes::new(),
            fallbackHandler: Address::ZERO,
            paymentToken: Address::ZERO,
            payment: U256::ZERO,
            paymentReceiver: Address::ZERO,
        };
        self.node.send(safe, setup.abi_encode().into(), U256::ZERO).await;
        self.node.send(safe, Bytes::new(), U256::from(1_000)).await;
        let (next, parameters) = self.under("counterparty", &of_safe(recipient));
        let configure = WritSafeGuard::configureCall {
            next,
            policies: vec![WritSafeGuard::PolicyReference {
                policyId: parameters.policy_id(),
                parameters: parameters.encoded().to_vec().into(),
            }],
            attestation: Bytes::new(),
        };
        let mut steps = vec![
            (safe, setGuardCall { guard: self.guard }.abi_encode()),
            (self.guard, configure.abi_encode()),
        ];
        if version == SafeVersion::V150 {
            steps.insert(0, (safe, setModuleGuardCall { guard: self.guard }.abi_encode()));
        }
        for (nonce, (to, data)) in (0u64..).zip(steps) {
            let transaction = self.transaction(safe, owner, nonce, to, 0, data);
            assert!(self.execute(&transaction, &transaction.signatures).await, "step {nonce}");
        }
        safe
    }

    /// A call of the Safe that its owner signed.
    ///
    /// # Panics
    /// When it cannot be signed.
    pub fn transaction(
        &self,
        safe: Address,
        owner: &PrivateKeySigner,
        nonce: u64,
        to: Address,
        value: u64,
        data: Vec<u8>,
    ) -> SafeTransaction {
        let transaction = SafeTransaction {
            safe,
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
        };
        let signature = owner.sign_hash_sync(&transaction.hash(self.chain_id)).expect("signs");
        SafeTransaction { signatures: signature.as_bytes().into(), ..transaction }
    }

    /// Sends the transaction with these signatures, by somebody who is no owner; whether it succeeded.
    pub async fn execute(&self, transaction: &SafeTransaction, signatures: &Bytes) -> bool {
        let data = exec_transaction(transaction, signatures);
        self.send_from(crate::RICH, transaction.safe, data).await
    }

    /// A transaction of an unlocked account; whether it succeeded.
    pub async fn send_from(&self, from: Address, to: Address, data: impl Into<Bytes>) -> bool {
        let data: Bytes = data.into();
        let request = json!([{"from": from, "to": to, "data": data, "gas": "0x500000"}]);
        let hash = self.node.must("eth_sendTransaction", request).await;
        loop {
            let receipt = self.node.must("eth_getTransactionReceipt", json!([hash])).await;
            match &receipt["status"] {
                Value::Null => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                status => return status == "0x1",
            }
        }
    }

    /// The chain.
    pub const fn node(&self) -> &Node {
        &self.node
    }
}

fn reference(parameters: &Parameters) -> PolicyReference {
    PolicyReference {
        policy_id: parameters.policy_id(),
        parameters: parameters.encoded().to_vec().into(),
    }
}

fn of_vault(caller: Address) -> String {
    format!(
        r#"{{"callers":["{caller:?}"],"anyone":false,"denied":[],"selectors":["0x{}"],"limits":[],"validFor":300}}"#,
        hex::encode(depositCall::SELECTOR)
    )
}

fn of_safe(recipient: Address) -> String {
    format!(r#"{{"denied":[],"recipients":["{recipient:?}"],"contracts":[],"validFor":300}}"#)
}

/// Creation code in an npm package's artifact.
fn bytecode(path: &str) -> Vec<u8> {
    let path = root().join("node_modules").join(path);
    let text = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}): run `npm ci` in the workspace root", path.display())
    });
    let artifact: Value = serde_json::from_slice(&text).expect("JSON");
    hex::decode(artifact["bytecode"].as_str().expect("code")).expect("hex")
}
