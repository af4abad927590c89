//! A whole Writ with a folder of its own.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, U256},
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use writ_node::dev::{
    BundlerClient, BundlerProcess, DevNetwork, RpcFailure, Screen, Wallet, Workplace, free_port,
    tokens,
};
use writ_types::{EntryPointVersion, UserOperation};

use crate::Rpc;

/// How long an operation may take from the RPC to its receipt, on a machine that is busy.
pub const INCLUSION_LIMIT: Duration = Duration::from_secs(60);

/// Chain, contracts, operators and bundler, started for one test.
#[derive(Debug)]
pub struct World {
    /// What runs. Declared first: the children end before their folder goes.
    pub network: DevNetwork,
    folder: TempDir,
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl World {
    /// Starts everything, with `program` (`writ`) as operators and bundler.
    ///
    /// # Panics
    /// When a part does not start; says which and how its log ends.
    pub async fn start(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("writ");
        let workplace = Workplace::open(place, root(), program.into()).expect("a workplace");
        let port = free_port().expect("a port");
        let network = DevNetwork::start(&workplace, &Screen::quiet(), port)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Self { network, folder }
    }

    /// Where keys, stores and logs are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("writ")
    }

    /// Starts one more bundler beside the World's, on a key, store and socket of its own, with these settings.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn bundler_beside(&self, name: &str, settings: &[String]) -> BundlerProcess {
        let key = PrivateKeySigner::random();
        self.anvil("anvil_setBalance", json!([key.address(), tokens(100)])).await;
        let key_file = self.folder().join(format!("{name}.key"));
        std::fs::write(&key_file, alloy::hex::encode(key.to_bytes())).expect("a key file");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key_file, mode).expect("a mode");
        let own = [
            format!("--signer-key-file={}", key_file.display()),
            format!("--data-dir={}", self.folder().join(name).display()),
        ];
        let settings = [&own, settings].concat();
        let bundler = self.network.bundler.beside(name, &settings).await;
        bundler.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The account on EntryPoint v0.8.
    pub fn v08(&self) -> Wallet {
        self.network.wallet(EntryPointVersion::V08)
    }

    /// The account on EntryPoint v0.7.
    pub fn v07(&self) -> Wallet {
        self.network.wallet(EntryPointVersion::V07)
    }

    /// The bundler's public RPC.
    pub fn client(&self) -> BundlerClient {
        self.network.client()
    }

    /// A small signed transfer to a fresh address, far within the limits.
    pub async fn transfer(&self, wallet: &Wallet, lane: u32) -> UserOperation {
        self.transfer_of(wallet, lane, U256::from(10).pow(U256::from(16))).await
    }

    /// A signed transfer of `amount` to a fresh address.
    ///
    /// # Panics
    /// When it cannot be estimated.
    pub async fn transfer_of(&self, wallet: &Wallet, lane: u32, amount: U256) -> UserOperation {
        let to = PrivateKeySigner::random().address();
        let call_data = Wallet::transfer(self.token(), to, amount);
        wallet.prepare(call_data, lane).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The token that the policy limits.
    pub fn token(&self) -> Address {
        self.network.stage.token
    }

    /// The operation with a quorum's attestation, as `writ_attest` returns it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn attest(&self, wallet: &Wallet, operation: &UserOperation) -> UserOperation {
        let params = json!([operation.to_rpc(), wallet.entry_point.address]);
        let attested = self.must("writ_attest", params).await;
        UserOperation::from_rpc(&attested, wallet.entry_point.version).expect("an operation")
    }

    /// Sends it and waits for a receipt that says it succeeded.
    ///
    /// # Panics
    /// When it is refused, does not arrive in time, or fails.
    pub async fn include(&self, wallet: &Wallet, operation: &UserOperation) -> Value {
        let hash = self.accept(wallet, operation).await;
        self.receipt(hash).await
    }

    /// Sends it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn accept(&self, wallet: &Wallet, operation: &UserOperation) -> B256 {
        let sent = wallet.send(operation).await;
        let hash = sent.unwrap_or_else(|error| panic!("refused: {error:?}"));
        assert_eq!(hash, wallet.hash(operation).expect("a hash"), "the hash is its own");
        hash
    }

    /// Waits for a receipt that says that the operation succeeded.
    ///
    /// # Panics
    /// When it does not arrive in time or says otherwise.
    pub async fn receipt(&self, hash: B256) -> Value {
        let receipt = self.client().receipt(hash, INCLUSION_LIMIT).await;
        let receipt = receipt.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(receipt["success"], true, "{receipt}");
        assert_eq!(receipt["userOpHash"], json!(hash));
        receipt
    }

    /// A call that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn must(&self, method: &'static str, params: Value) -> Value {
        self.rpc().must(method, params).await
    }

    /// A call that must be refused with this code.
    ///
    /// # Panics
    /// When it is not.
    pub async fn refused(&self, method: &'static str, params: Value, code: i64) -> RpcFailure {
        self.rpc().refused(method, params, code).await
    }

    fn rpc(&self) -> Rpc {
        Rpc::new(self.network.bundler.url().clone())
    }

    /// An operation that must be refused with this code.
    ///
    /// # Panics
    /// When it is not.
    pub async fn refuses(
        &self,
        wallet: &Wallet,
        operation: &UserOperation,
        code: i64,
    ) -> RpcFailure {
        let params = json!([operation.to_rpc(), wallet.entry_point.address]);
        self.refused("eth_sendUserOperation", params, code).await
    }

    /// A call of the chain's own control methods.
    ///
    /// # Panics
    /// When it fails.
    pub async fn anvil(&self, method: &'static str, params: Value) -> Value {
        Rpc::new(self.network.chain.url().clone()).must(method, params).await
    }
}

/// Asks again until `check` has an answer.
///
/// # Panics
/// When it has none within `limit`.
pub async fn eventually<T, F, W>(what: &str, limit: Duration, mut check: F) -> T
where
    F: FnMut() -> W,
    W: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(began.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
