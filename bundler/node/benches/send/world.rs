//! anvil with EntryPoint v0.8, SimpleAccount's factory and Writ's module. Blocks come only when they are asked for.

use std::path::{Path, PathBuf};

use alloy::{
    primitives::{Address, B256, Bytes, U256, address},
    providers::{Provider, ProviderBuilder},
    rpc::types::TransactionReceipt,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use writ_node::dev::{Chain, Stage, Workplace};
use writ_simulation::{NodeClient, NodeOptions};
use writ_types::{EntryPoint, EntryPointVersion};

/// The EntryPoint of all operations.
pub(crate) const ENTRY_POINT: EntryPoint = EntryPoint::canonical(EntryPointVersion::V08);
/// anvil's first account, unlocked.
const RICH: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

/// The chain. Dropping it ends anvil and removes every file.
pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) node: NodeClient,
    pub(crate) workplace: Workplace,
    pub(crate) factory: Address,
    // After the chain, so that nobody writes into it any more.
    _folder: TempDir,
}

impl World {
    /// Starts anvil and deploys what all accounts share.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let program = PathBuf::from(env!("CARGO_BIN_EXE_writ"));
        let workplace = Workplace::open(folder.path().join("world"), root, program);
        let workplace = workplace.expect("a folder");
        let chain = Chain::start(&workplace).await.unwrap_or_else(|error| panic!("{error}"));
        let provider = ProviderBuilder::new().connect_http(chain.url().clone()).erased();
        let ground = Stage::ground(&workplace, provider, RICH).await;
        ground.unwrap_or_else(|error| panic!("{error}"));

        let node = NodeClient::new(chain.url().as_str(), NodeOptions::default()).expect("a URL");
        let mut world = Self { chain, node, workplace, factory: Address::ZERO, _folder: folder };
        let _: Value = world.request("evm_setAutomine", json!([false])).await;
        // Hundreds of accounts are deployed in a block; one after the other, blocks would outrun the clock.
        let _: Value = world.request("evm_setBlockGasLimit", json!(["0x174876e800"])).await;
        let code = world.simple_account_factory();
        let hash = world.send(None, code, 3_000_000).await;
        world.mine().await;
        world.factory = world.receipt(hash).await.contract_address.expect("created");
        world
    }

    fn simple_account_factory(&self) -> Bytes {
        let path = self
            .workplace
            .node_modules()
            .join("@account-abstraction/contracts-v08/artifacts/SimpleAccountFactory.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; run `npm ci` in the repository's root", path.display())
        });
        let artifact: Value = serde_json::from_str(&text).expect("an artifact");
        let code: Bytes =
            artifact["bytecode"].as_str().expect("creation code").parse().expect("hex");
        [code.as_ref(), ENTRY_POINT.address.into_word().as_slice()].concat().into()
    }

    /// Where all files are.
    pub(crate) fn folder(&self) -> &Path {
        self.workplace.folder()
    }

    /// A request that the node must answer.
    pub(crate) async fn request<R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> R {
        let answer: Result<Value, _> = self.node.request(method, params).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
        serde_json::from_value(answer).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a transaction, which waits for the next block.
    pub(crate) async fn send(&self, to: Option<Address>, data: Bytes, gas: u64) -> B256 {
        self.send_as(RICH, to, data, gas).await
    }

    /// The same in the name of somebody whom the node lets us be.
    pub(crate) async fn send_as(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        gas: u64,
    ) -> B256 {
        let mut transaction = json!({"from": from, "data": data, "gas": U256::from(gas)});
        if let Some(to) = to {
            transaction["to"] = json!(to);
        }
        self.request("eth_sendTransaction", json!([transaction])).await
    }

    /// Makes a block of everything that waits.
    pub(crate) async fn mine(&self) {
        let _: Value = self.request("evm_mine", json!([])).await;
    }

    /// The receipt of a transaction that must have gone well.
    pub(crate) async fn receipt(&self, hash: B256) -> TransactionReceipt {
        let found: Option<TransactionReceipt> =
            self.request("eth_getTransactionReceipt", json!([hash])).await;
        let receipt = found.expect("it was mined");
        assert!(receipt.status(), "the set-up's transaction {hash} reverted");
        receipt
    }

    /// What a contract returns.
    pub(crate) async fn call(&self, to: Address, data: Bytes) -> Bytes {
        self.request("eth_call", json!([{"to": to, "data": data}, "latest"])).await
    }

    /// Gives money, and lets everybody send in the account's name.
    pub(crate) async fn impersonate(&self, account: Address) {
        self.set_balance(account, U256::from(10).pow(U256::from(21))).await;
        let _: Value = self.request("anvil_impersonateAccount", json!([account])).await;
    }

    /// Gives money.
    pub(crate) async fn set_balance(&self, account: Address, wei: U256) {
        let _: Value = self.request("anvil_setBalance", json!([account, wei])).await;
    }

    /// Ends anvil.
    pub(crate) async fn end(mut self) {
        self.chain.stop().await.expect("anvil ends");
    }
}
