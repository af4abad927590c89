//! EIP-7702 accounts: tuples that travel with their operation, and tuples that are worth nothing any more.

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolValue,
};
use serde_json::{Value, json};
use writ_simulation::test_utils::artifact;
use writ_tests::{Account, Ground, ether, execute, key};
use writ_types::{EIP7702_FACTORY, EntryPoint, EntryPointVersion, Factory, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const INVALID_FIELDS: i64 = -32602;
const REJECTED: i64 = -32500;
const RULE: i64 = -32502;
const FRIEND: Address = Address::repeat_byte(0xf1);

/// The published EIP-7702 account under one EntryPoint, and one of the same code at another address.
struct Stage<'a> {
    ground: &'a Ground,
    entry_point: EntryPoint,
    delegate: Address,
    other: Address,
}

#[tokio::test(flavor = "multi_thread")]
async fn delegations_travel_with_their_operations() {
    let ground = Ground::start(PROGRAM).await;
    for version in [EntryPointVersion::V08, EntryPointVersion::V09] {
        let Some(entry_point) = ground.entry_point(version) else { continue };
        let mut code = artifact(version, "Simple7702Account").to_vec();
        if version == EntryPointVersion::V09 {
            code.extend(entry_point.address.abi_encode());
        }
        let (delegate, other) = (ground.node.create(&code).await, ground.node.create(&code).await);
        let stage = Stage { ground: &ground, entry_point, delegate, other };
        stage.life().await;
        stage.initialisation().await;
        stage.wrong_tuples().await;
        stage.several_in_one_bundle().await;
        stage.went_stale().await;
        stage.superfluous().await;
        stage.changed_underneath().await;
    }
}

fn marker(data: &[u8]) -> Option<Factory> {
    Some(Factory { address: EIP7702_FACTORY, data: Bytes::copy_from_slice(data) })
}

impl Stage<'_> {
    async fn owner(&self, name: &str) -> Account {
        let owner = key(&format!("{name} under {}", self.entry_point.version));
        self.ground.node.set_balance(owner.address(), ether(10)).await;
        Account::delegated(self.entry_point, owner)
    }

    fn send_one() -> Bytes {
        execute(FRIEND, U256::from(1), vec![])
    }

    /// An operation with a tuple of this nonce, that a bundler estimated while nobody had signed the tuple.
    async fn with_tuple(&self, account: &Account, tuple: SignedAuthorization) -> UserOperation {
        let draft = self.ground.draft(account, Self::send_one()).await;
        let stub =
            SignedAuthorization::new_unchecked((*tuple).clone(), 0, U256::from(1), U256::from(1));
        let draft = UserOperation { factory: marker(&[]), authorization: Some(stub), ..draft };
        let estimated = self.ground.estimated(draft).await;
        account.signed(UserOperation { authorization: Some(tuple), ..estimated })
    }

    async fn delegate_of(&self, account: &Account) -> Option<Address> {
        let code = self.ground.node.code(account.address).await;
        code.strip_prefix(&[0xef, 0x01, 0x00]).map(Address::from_slice)
    }

    async fn transaction(&self, receipt: &Value) -> Value {
        let hash = receipt["receipt"]["transactionHash"].clone();
        self.ground.node.must("eth_getTransactionByHash", json!([hash])).await
    }

    /// The first operation delegates and executes in one; then there is no tuple any more.
    async fn life(&self) {
        let ground = self.ground;
        let account = self.owner("life").await;
        let first = self.with_tuple(&account, account.tuple(self.delegate, 0)).await;
        let receipt = ground.include(&first).await;
        assert_eq!(self.delegate_of(&account).await, Some(self.delegate));
        assert_eq!(ground.node.account_nonce(account.address).await, 1);
        let transaction = self.transaction(&receipt).await;
        assert_eq!(transaction["type"], "0x4", "{transaction}");
        let hash = receipt["userOpHash"].clone();
        let found = ground.bundler.must("eth_getUserOperationByHash", json!([hash])).await;
        assert_eq!(found["userOperation"], first.to_rpc());
        assert_eq!(found["userOperation"]["factory"], "0x7702");

        // With the marker the hash names the delegate that is in force; without it, none.
        for (factory, delegate) in [(marker(&[]), Some(self.delegate)), (None, None)] {
            let draft = ground.draft(&account, Self::send_one()).await;
            let draft = UserOperation { factory, ..draft };
            let operation = account.signed_as(ground.estimated(draft).await, delegate);
            let receipt = ground.include(&operation).await;
            assert_eq!(self.transaction(&receipt).await["type"], "0x2");
        }
    }

    /// What stands behind the marker is a call to the account before its validation.
    async fn initialisation(&self) {
        let ground = self.ground;
        let account = self.owner("initialised").await;
        ground.node.delegate(&account.tuple(self.delegate, 0)).await;
        // The account takes calls that it does not know, as an account without code does.
        let draft = ground.draft(&account, Self::send_one()).await;
        let draft = UserOperation { factory: marker(b"hello"), ..draft };
        let operation = account.signed_as(ground.estimated(draft).await, Some(self.delegate));
        let receipt = ground.include(&operation).await;
        let initialised = keccak256("EIP7702AccountInitialized(bytes32,address,address)");
        let logs = receipt["receipt"]["logs"].as_array().expect("logs");
        let told = logs.iter().any(|log| log["topics"][0] == json!(initialised));
        assert_eq!(told, self.entry_point.version == EntryPointVersion::V09, "{receipt}");

        // It does not take this one from SenderCreator.
        let draft = ground.draft(&account, Self::send_one()).await;
        let draft = UserOperation { factory: marker(&Self::send_one()), ..draft };
        let draft = UserOperation {
            call_gas_limit: operation.call_gas_limit,
            verification_gas_limit: operation.verification_gas_limit,
            pre_verification_gas: operation.pre_verification_gas + U256::from(10_000),
            ..draft
        };
        let refused =
            ground.refuses(&account.signed_as(draft, Some(self.delegate)), REJECTED).await;
        assert_eq!(refused.data["aaCode"], "AA13", "{} {}", refused.message, refused.data);
        assert_eq!(refused.data["entity"], "account");
    }

    async fn wrong_tuples(&self) {
        let ground = self.ground;
        let account = self.owner("careless").await;
        let fine = self.with_tuple(&account, account.tuple(self.delegate, 0)).await;
        let resigned = |tuple: SignedAuthorization| {
            account.signed(UserOperation { authorization: Some(tuple), ..fine.clone() })
        };
        let elsewhere = resigned(account.tuple_for(1, self.delegate, 0));
        let refused = ground.refuses(&elsewhere, INVALID_FIELDS).await;
        assert!(refused.message.contains("chainid"), "{}", refused.message);
        let foreign = resigned(self.owner("somebody").await.tuple(self.delegate, 0));
        let refused = ground.refuses(&foreign, INVALID_FIELDS).await;
        assert!(refused.message.contains("sender"), "{}", refused.message);
        let ahead = resigned(account.tuple(self.delegate, 1));
        let refused = ground.refuses(&ahead, REJECTED).await;
        assert_eq!(refused.data["field"], "eip7702Auth.nonce", "{}", refused.data);
        assert_eq!(
            (&refused.data["actual"], &refused.data["required"]),
            (&json!("0x1"), &json!("0x0"))
        );
        // The same is said before anything is signed.
        let params = json!([ahead.to_rpc(), self.entry_point.address]);
        ground.bundler.refused("eth_estimateUserOperationGas", params, REJECTED).await;

        // Nothing is delegated, and nothing is to be.
        let mut none = fine.to_rpc();
        none.as_object_mut().expect("an object").remove("eip7702Auth");
        for method in ["eth_sendUserOperation", "eth_estimateUserOperationGas"] {
            let params = json!([none, self.entry_point.address]);
            let refused = ground.bundler.refused(method, params, INVALID_FIELDS).await;
            assert_eq!(refused.data["field"], "eip7702Auth", "{}", refused.message);
        }
        // Control: each of them differs from this one in one thing. Zero is every chain.
        ground.include(&resigned(account.tuple_for(0, self.delegate, 0))).await;
    }

    /// Two accounts in one type-4 transaction, one of them with two operations and the same tuple in both.
    async fn several_in_one_bundle(&self) {
        let ground = self.ground;
        let (one, other) = (self.owner("one").await, self.owner("other").await);
        let again = Account { nonce_key: U256::from(5), ..one.clone() };
        let mut operations = Vec::new();
        for account in [&one, &other, &again] {
            operations.push(self.with_tuple(account, account.tuple(self.delegate, 0)).await);
        }
        let elsewhere = Account { nonce_key: U256::from(6), ..one.clone() };
        let elsewhere = self.with_tuple(&elsewhere, one.tuple(self.other, 0)).await;
        ground.hold().await;
        let mut hashes = Vec::new();
        for operation in &operations {
            hashes.push(ground.accept(operation).await);
        }
        let refused = ground.refuses(&elsewhere, RULE).await;
        assert_eq!(refused.data["rule"], "AUTH-040", "{}", refused.data);
        ground.release().await;
        let mut transactions = Vec::new();
        for hash in hashes {
            let receipt = ground.receipt(hash).await;
            assert_eq!(receipt["success"], true, "{receipt}");
            transactions.push(self.transaction(&receipt).await);
        }
        assert!(transactions.iter().all(|transaction| *transaction == transactions[0]));
        let list = transactions[0]["authorizationList"].as_array().expect("a list");
        assert_eq!(list.len(), 2, "one for each account: {list:?}");
    }

    /// The account's own transaction makes its tuple worthless: the operation is dropped with the reason, and what came
    /// after it is not held up.
    async fn went_stale(&self) {
        let ground = self.ground;
        let (stale, fresh) = (self.owner("stale").await, self.owner("fresh").await);
        let first = self.with_tuple(&stale, stale.tuple(self.delegate, 0)).await;
        let second = self.with_tuple(&fresh, fresh.tuple(self.delegate, 0)).await;
        ground.hold().await;
        let first = ground.accept(&first).await;
        let second = ground.accept(&second).await;
        self.spend_nonce(stale.address).await;
        ground.release().await;
        let dropped = ground.becomes(first, "dropped").await;
        let reason = dropped["reason"].as_str().expect("a reason");
        assert!(reason.contains("its nonce is 0") && reason.contains("is 1"), "{reason}");
        let receipt = ground.receipt(second).await;
        assert_eq!(receipt["success"], true, "{receipt}");
        assert_eq!(self.delegate_of(&stale).await, None);
        // Signed anew it goes in.
        let again = self.with_tuple(&stale, stale.tuple(self.delegate, 1)).await;
        ground.include(&again).await;
    }

    /// A stale tuple that says what is so already costs nothing, and is left out.
    async fn superfluous(&self) {
        let ground = self.ground;
        let account = self.owner("superfluous").await;
        let tuple = account.tuple(self.delegate, 0);
        let operation = self.with_tuple(&account, tuple.clone()).await;
        ground.hold().await;
        let hash = ground.accept(&operation).await;
        ground.node.delegate(&tuple).await;
        ground.release().await;
        let receipt = ground.receipt(hash).await;
        assert_eq!(receipt["success"], true, "{receipt}");
        assert_eq!(self.transaction(&receipt).await["type"], "0x2");
    }

    /// The marker stands for a delegate; with another one it is another operation.
    async fn changed_underneath(&self) {
        let ground = self.ground;
        let account = self.owner("changed").await;
        ground.node.delegate(&account.tuple(self.delegate, 0)).await;
        let draft = ground.draft(&account, Self::send_one()).await;
        let draft = UserOperation { factory: marker(&[]), ..draft };
        let operation = account.signed_as(ground.estimated(draft).await, Some(self.delegate));
        ground.hold().await;
        let hash: B256 = ground.accept(&operation).await;
        ground.node.delegate(&account.tuple(self.other, 1)).await;
        ground.release().await;
        let dropped = ground.becomes(hash, "dropped").await;
        let reason = dropped["reason"].as_str().expect("a reason");
        assert!(reason.contains(&self.other.to_string()), "{reason}");
    }

    async fn spend_nonce(&self, account: Address) {
        let node = &self.ground.node;
        node.must("anvil_impersonateAccount", json!([account])).await;
        node.transact(json!({"from": account, "to": FRIEND, "value": "0x1", "gas": "0x5208"}))
            .await;
        node.must("anvil_stopImpersonatingAccount", json!([account])).await;
    }
}
