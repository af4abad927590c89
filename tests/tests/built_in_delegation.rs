//! The EIP-7702 account with the module built in: its first operation, its consent, and its coming back from other code, with a
//! real bundler and real operators.

use alloy::{
    primitives::{Address, Bytes, U256},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use serde_json::{Value, json};
use writ_attestation::AccountKind;
use writ_bindings::{Erc20, WritDelegate, built_in_creation_code, module_address};
use writ_node::dev::{Wallet, tokens};
use writ_tests::{
    Account, Node, World, execute, funded_wallet, initialize_delegate, installation, key,
    module_key, nonce_of,
};
use writ_types::{EIP7702_FACTORY, EntryPoint, EntryPointVersion, Factory, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const ATTESTATION: i64 = -32531;
const DENIED: i64 = -32532;
const FRIEND: Address = Address::repeat_byte(0xf1);

/// One account, made of a key, whose operations the world's owner signs.
struct Stage<'a> {
    world: &'a World,
    node: Node,
    key: PrivateKeySigner,
    implementation: Address,
    wallet: Wallet,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_made_of_a_key_lives_under_the_module() {
    let mut world = World::start(PROGRAM).await;
    let node = Node::new(world.network.chain.url().clone());
    let v09 = node.deploy_entry_point(EntryPointVersion::V09).await;
    world.network.bundler.kill().await.expect("killed");
    world.network.bundler.restart().await.expect("up again");
    let elsewhere = node.create(&[0x60, 0x00, 0x5f, 0x53, 0x60, 0x01, 0x5f, 0xf3]).await;
    for version in [EntryPointVersion::V07, EntryPointVersion::V08, EntryPointVersion::V09] {
        if version == EntryPointVersion::V09 && v09.is_none() {
            continue;
        }
        println!("v{version}");
        let entry_point = EntryPoint::canonical(version);
        let code =
            built_in_creation_code(&WritDelegate::BYTECODE, entry_point.address, module_address());
        let implementation = node.create(&code).await;
        let key = key(&format!("made of a key, under v{version}"));
        let wallet = funded_wallet(&world, &node, key.address(), entry_point).await;
        let mut stage = Stage { world: &world, node: node.clone(), key, implementation, wallet };
        stage.before_it_is_initialized().await;
        stage.consents().await;
        stage.operates(0, None, &stage.markers()).await;
        stage.comes_back(elsewhere).await;
        stage.leads_away(elsewhere).await;
    }
}

impl Stage<'_> {
    fn version(&self) -> EntryPointVersion {
        self.wallet.entry_point.version
    }

    fn pay(&self, amount: U256) -> Bytes {
        let call = Erc20::transferCall { to: FRIEND, value: amount };
        execute(self.world.token(), U256::ZERO, call.abi_encode())
    }

    async fn held(&self) -> U256 {
        let account = self.wallet.account;
        self.node.read(self.world.token(), Erc20::balanceOfCall { account }).await
    }

    async fn delegate(&self, to: Address) {
        let account = Account::delegated(self.wallet.entry_point, self.key.clone());
        let nonce = self.node.account_nonce(account.address).await;
        self.node.delegate(&account.tuple(to, nonce)).await;
    }

    /// An operation that pays, with as much gas as any of them takes; unsigned.
    async fn draft(&self, queue: u32, amount: U256) -> UserOperation {
        let prices = self.world.must("writ_getUserOperationGasPrice", json!([])).await;
        let draft = json!({
            "sender": self.wallet.account,
            "nonce": nonce_of(module_key(AccountKind::WritDelegate, queue), 0),
            "callData": self.pay(amount),
            "callGasLimit": U256::from(300_000),
            "verificationGasLimit": U256::from(400_000),
            "preVerificationGas": U256::from(150_000),
            "maxFeePerGas": prices["standard"]["maxFeePerGas"],
            "maxPriorityFeePerGas": prices["standard"]["maxPriorityFeePerGas"],
            "signature": Bytes::from([&[0x11; 64][..], &[27]].concat()),
        });
        UserOperation::from_rpc(&draft, self.version()).expect("an operation")
    }

    /// The operation with a tuple that delegates to `to` now.
    async fn bringing(&self, operation: UserOperation, to: Address) -> UserOperation {
        let account = Account::delegated(self.wallet.entry_point, self.key.clone());
        let nonce = self.node.account_nonce(account.address).await;
        UserOperation { authorization: Some(account.tuple(to, nonce)), ..operation }
    }

    /// Signed by the world's owner; `delegate` is what a marker stands for where no tuple says it.
    fn signed(&self, operation: UserOperation, delegate: Option<Address>) -> UserOperation {
        let owner = self.world.network.owner.clone();
        Account::new(self.wallet.account, self.wallet.entry_point, None, owner)
            .signed_as(operation, delegate)
    }

    fn marker(&self, data: Bytes) -> Option<Factory> {
        let known = self.version().supports_eip7702();
        known.then_some(Factory { address: EIP7702_FACTORY, data })
    }

    /// With the marker, where the EntryPoint knows it, and without.
    fn markers(&self) -> Vec<Option<Factory>> {
        [None].into_iter().chain(self.marker(Bytes::new()).map(Some)).collect()
    }

    async fn refuses(&self, operation: &UserOperation, reason: &str) {
        let failure = self.world.refuses(&self.wallet, operation, ATTESTATION).await;
        assert_eq!(failure.data["check"], "placement", "{}", failure.message);
        assert!(failure.message.contains(reason), "{}: {}", self.version(), failure.message);
    }

    /// Delegated or about to be, and nobody consented: nothing could validate, so that it is said before anything is tried.
    async fn before_it_is_initialized(&self) {
        let reason = "is not initialized, so that no operation of it validates";
        let draft = self.draft(0, tokens(1)).await;
        let first = self.bringing(draft.clone(), self.implementation).await;
        self.refuses(&self.signed(first.clone(), None), reason).await;
        // Also where the operation would initialize the account itself.
        if let Some(factory) = self.marker(Bytes::from_static(&[1, 2, 3, 4])) {
            let initializes = UserOperation { factory: Some(factory), ..first.clone() };
            self.refuses(&self.signed(initializes, None), reason).await;
        }
        for method in ["eth_estimateUserOperationGas", "writ_attest", "writ_evaluate"] {
            let params = json!([self.signed(first.clone(), None).to_rpc(), self.at()]);
            let failure = self.world.refused(method, params, ATTESTATION).await;
            assert!(failure.message.contains(reason), "{method}: {}", failure.message);
        }
        self.delegate(self.implementation).await;
        self.refuses(&self.signed(draft, None), reason).await;
    }

    fn at(&self) -> Address {
        self.wallet.entry_point.address
    }

    /// The key delegates, and consents to what the world's owner may do.
    async fn consents(&mut self) {
        let data = installation(self.world, self.wallet.entry_point);
        initialize_delegate(&mut self.node, self.implementation, &self.key, data);
    }

    /// Operations of the account as it is delegated now, or as their tuple delegates it: estimated for the largest
    /// attestation, attested, included; more than the policy allows is denied. The transaction of the last one.
    async fn operates(
        &self,
        queue: u32,
        bring: Option<Address>,
        markers: &[Option<Factory>],
    ) -> Value {
        let mut last = Value::Null;
        for (queue, factory) in (queue..).zip(markers.iter().cloned()) {
            let draft = UserOperation { factory, ..self.draft(queue, tokens(1)).await };
            let draft = match bring {
                Some(to) => self.bringing(draft, to).await,
                None => draft,
            };
            let estimated = self.estimated(draft).await;
            let named = bring.is_none().then_some(self.implementation);
            let over = UserOperation { call_data: self.pay(tokens(101)), ..estimated.clone() };
            let failure = self.world.refuses(&self.wallet, &self.signed(over, named), DENIED).await;
            assert!(failure.message.contains("per-operation limit"), "{}", failure.message);

            let held = self.held().await;
            let operation = self.signed(estimated, named);
            let params = json!([operation.to_rpc(), self.at()]);
            let hash = self.world.must("eth_sendUserOperation", params).await;
            let hash = serde_json::from_value(hash).expect("a hash");
            let receipt = self.world.receipt(hash).await;
            let status = self.world.must("writ_getUserOperationStatus", json!([hash])).await;
            assert_eq!(status["gate"], "enforced", "{status}");
            assert_eq!(held - self.held().await, tokens(1));
            let transaction = receipt["receipt"]["transactionHash"].clone();
            last = self.node.must("eth_getTransactionByHash", json!([transaction])).await;
            assert_eq!(last["type"], if bring.is_some() { "0x4" } else { "0x2" }, "{last}");
        }
        last
    }

    /// With gas as the bundler estimates it.
    async fn estimated(&self, mut draft: UserOperation) -> UserOperation {
        let params = json!([draft.to_rpc(), self.at()]);
        let gas = self.world.must("eth_estimateUserOperationGas", params).await;
        let limit = |name: &str| -> U256 {
            serde_json::from_value(gas[name].clone()).unwrap_or_else(|_| panic!("{name}: {gas}"))
        };
        draft.call_gas_limit = limit("callGasLimit").to();
        draft.verification_gas_limit = limit("verificationGasLimit").to();
        draft.pre_verification_gas = limit("preVerificationGas");
        draft
    }

    /// While the account is delegated elsewhere nothing of it is attested; what brings the delegation back is.
    async fn comes_back(&self, elsewhere: Address) {
        let ways = [elsewhere, Address::ZERO]
            .into_iter()
            .flat_map(|away| self.markers().into_iter().map(move |marker| (away, marker)));
        for (number, (away, marker)) in (0u32..).zip(ways) {
            self.delegate(away).await;
            let draft = self.draft(20 + number, tokens(1)).await;
            if away == elsewhere {
                self.refuses(&self.signed(draft, None), "are not supported").await;
            }
            let transaction =
                self.operates(30 + number, Some(self.implementation), &[marker]).await;
            let tuples = transaction["authorizationList"].as_array().expect("a list");
            assert_eq!(tuples.len(), 1, "{transaction}");
            let code = self.node.code(self.wallet.account).await;
            assert!(code.ends_with(self.implementation.as_slice()));
            // From here on there is no tuple any more.
            self.operates(40 + 4 * number, None, &self.markers()).await;
        }
    }

    /// An operation that brings other code, or runs something before it is validated.
    async fn leads_away(&self, elsewhere: Address) {
        let draft = self.draft(60, tokens(1)).await;
        let away = self.bringing(draft.clone(), elsewhere).await;
        self.refuses(&self.signed(away, None), "are not supported").await;
        if let Some(factory) = self.marker(Bytes::from_static(&[1, 2, 3, 4])) {
            let runs = UserOperation { factory: Some(factory), ..draft.clone() };
            let runs = self.signed(runs, Some(self.implementation));
            self.refuses(&runs, "behind the EIP-7702 marker").await;
        }
        // A tuple that says what is so already changes nothing.
        let account = Account::delegated(self.wallet.entry_point, self.key.clone());
        let nonce = self.node.account_nonce(account.address).await;
        let own = |nonce| Some(account.tuple(self.implementation, nonce));
        let again = UserOperation { authorization: own(nonce), ..draft };
        let params = json!([self.signed(again, None).to_rpc(), self.at()]);
        let evaluation = self.world.must("writ_evaluate", params).await;
        assert_eq!(evaluation["decision"], "allow", "{evaluation}");
    }
}
