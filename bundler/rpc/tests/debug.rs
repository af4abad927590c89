//! The debug methods over real HTTP: what they read, what they answer, and where they are not.

#![allow(clippy::unwrap_used)]

mod echo;

use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, U256};
use echo::Echo;
use serde_json::{Value, json};
use writ_rpc::{
    Bundling, DebugBackend, DebugOptions, ReputationEntry, ReputationSetting, ReputationStatus,
    RunningServer, ServerConfig, StakeStatus, StakeView, serve, serve_debug,
};
use writ_types::{EntryPoint, EntryPointVersion, ParseLimits, Refusal, UserOperation};

/// Notes what it is asked to do.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

const SOMEBODY: Address = Address::repeat_byte(0xab);

fn served() -> EntryPoint {
    EntryPoint::canonical(EntryPointVersion::V08)
}

impl DebugBackend for Notes {
    fn entry_points(&self) -> Vec<EntryPoint> {
        vec![served()]
    }

    fn parse_limits(&self) -> ParseLimits {
        ParseLimits::default()
    }

    async fn clear_mempool(&self) -> Result<(), Refusal> {
        self.note("clear mempool");
        Ok(())
    }

    async fn clear_reputation(&self) -> Result<(), Refusal> {
        self.note("clear reputation");
        Ok(())
    }

    async fn dump_mempool(&self, _: EntryPoint) -> Result<Vec<UserOperation>, Refusal> {
        Ok(vec![UserOperation::from_rpc(&operation(), EntryPointVersion::V08).unwrap()])
    }

    async fn dump_reputation(&self, _: EntryPoint) -> Result<Vec<ReputationEntry>, Refusal> {
        let entry = |status, ops_seen| ReputationEntry {
            address: SOMEBODY,
            ops_seen,
            ops_included: 1,
            status,
        };
        Ok(vec![
            entry(ReputationStatus::Ok, 2),
            entry(ReputationStatus::Throttled, 200),
            entry(ReputationStatus::Banned, 10_000),
        ])
    }

    async fn set_reputation(
        &self,
        _: EntryPoint,
        settings: Vec<ReputationSetting>,
    ) -> Result<(), Refusal> {
        for ReputationSetting { address, ops_seen, ops_included } in settings {
            self.note(format!("{address} {ops_seen} {ops_included}"));
        }
        Ok(())
    }

    async fn send_bundle_now(&self) -> Result<Option<B256>, Refusal> {
        let first = self.0.lock().unwrap().is_empty();
        self.note("send");
        Ok(first.then(|| B256::repeat_byte(7)))
    }

    async fn set_bundling(&self, bundling: Bundling) -> Result<(), Refusal> {
        self.note(format!("{bundling:?}"));
        Ok(())
    }

    async fn stake_status(&self, addr: Address, _: EntryPoint) -> Result<StakeStatus, Refusal> {
        let stake = U256::from(10).pow(U256::from(18));
        let stake_info = StakeView { addr, stake, unstake_delay_sec: 2 };
        Ok(StakeStatus { stake_info, is_staked: true })
    }

    async fn add_user_operations(
        &self,
        at: EntryPoint,
        operations: Vec<UserOperation>,
    ) -> Result<(), Refusal> {
        self.note(format!("add {} at {}", operations.len(), at.address));
        Ok(())
    }
}

/// An operation as a client writes it: minimal hex, lower-case bytes, a checksummed address.
fn operation() -> Value {
    json!({
        "sender": SOMEBODY.to_checksum(None), "nonce": "0x1", "callData": "0xab",
        "callGasLimit": "0x2710", "verificationGasLimit": "0x186a0",
        "preVerificationGas": "0xc350", "maxFeePerGas": "0x3b9aca00",
        "maxPriorityFeePerGas": "0x3b9aca00", "signature": "0xface"
    })
}

struct Client {
    server: RunningServer,
    backend: Arc<Notes>,
}

impl Client {
    async fn new(options: DebugOptions) -> Self {
        let config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
        let backend = Arc::new(Notes::default());
        let public = Arc::new(Echo::default());
        let server = serve_debug(&config, public, backend.clone(), options).await.unwrap();
        Self { server, backend }
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        call(&self.server.url(), method, params).await
    }

    async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }
}

async fn call(url: &str, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let response = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn every_method_reaches_the_backend() {
    let client = Client::new(DebugOptions::default()).await;
    let at = served().address;
    for (method, noted) in [
        ("debug_bundler_clearMempool", vec!["clear mempool"]),
        ("debug_bundler_clearReputation", vec!["clear reputation"]),
        ("debug_bundler_clearState", vec!["clear mempool", "clear reputation"]),
    ] {
        assert_eq!(client.result(method, json!([])).await, "ok");
        assert_eq!(client.backend.taken(), noted);
    }
    for (mode, noted) in [("auto", "Auto"), ("manual", "Manual")] {
        assert_eq!(client.result("debug_bundler_setBundlingMode", json!([mode])).await, "ok");
        assert_eq!(client.backend.taken(), [noted]);
    }
    let sent = client.result("debug_bundler_sendBundleNow", json!([])).await;
    assert_eq!(sent, json!(B256::repeat_byte(7)));
    assert_eq!(client.result("debug_bundler_sendBundleNow", json!([])).await, "ok", "truthy");
    client.backend.taken();

    let settings = json!([
        { "address": SOMEBODY, "opsSeen": "0x64", "opsIncluded": "0x1" },
        { "address": SOMEBODY, "opsSeen": 5, "opsIncluded": 0 },
    ]);
    let set = client.result("debug_bundler_setReputation", json!([settings, at])).await;
    assert_eq!(set, "ok");
    let noted = [format!("{SOMEBODY} 100 1"), format!("{SOMEBODY} 5 0")];
    assert_eq!(client.backend.taken(), noted);

    let stake = client.result("debug_bundler_getStakeStatus", json!([SOMEBODY, at])).await;
    assert_eq!(
        stake,
        json!({
            "stakeInfo": {
                "addr": SOMEBODY.to_checksum(None),
                "stake": "1000000000000000000",
                "unstakeDelaySec": "2"
            },
            "isStaked": true
        })
    );
    for params in [json!([[operation(), operation()]]), json!([[operation(), operation()], at])] {
        assert_eq!(client.result("debug_bundler_addUserOps", params).await, "ok");
        assert_eq!(client.backend.taken(), [format!("add 2 at {at}")]);
    }
}

#[tokio::test]
async fn a_dumped_operation_is_the_one_that_was_sent_and_nothing_more() {
    let client = Client::new(DebugOptions::default()).await;
    let dumped = client.result("debug_bundler_dumpMempool", json!([served().address])).await;
    let dumped = dumped[0].as_object().unwrap().clone();
    let sent = operation();
    for (key, value) in &dumped {
        assert!(value.is_null() || sent.get(key) == Some(value), "{key}: {value}");
    }
    assert!(sent.as_object().unwrap().keys().all(|key| dumped.contains_key(key)));
}

#[tokio::test]
async fn the_status_is_a_word_or_by_option_a_number() {
    let at = json!([served().address]);
    let statuses = |dumped: Value| -> Vec<Value> {
        dumped.as_array().unwrap().iter().map(|entry| entry["status"].clone()).collect()
    };
    let words = Client::new(DebugOptions::default()).await;
    let dumped = words.result("debug_bundler_dumpReputation", at.clone()).await;
    assert_eq!(dumped[0]["opsSeen"], "0x2");
    assert_eq!(dumped[0]["address"], SOMEBODY.to_checksum(None));
    assert_eq!(statuses(dumped), ["ok", "throttled", "banned"]);
    let numbers = Client::new(DebugOptions { numeric_status: true }).await;
    let dumped = numbers.result("debug_bundler_dumpReputation", at).await;
    assert_eq!(statuses(dumped), ["0x0", "0x1", "0x2"]);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_the_name_of_the_field() {
    let client = Client::new(DebugOptions::default()).await;
    let at = served().address;
    let mut odd = operation();
    odd["callData"] = json!("0x1");
    for (method, params, field) in [
        ("debug_bundler_setBundlingMode", json!(["sometimes"]), "mode"),
        ("debug_bundler_setBundlingMode", json!([]), "mode"),
        ("debug_bundler_dumpMempool", json!([SOMEBODY]), "entryPoint"),
        ("debug_bundler_setReputation", json!([{}, at]), "reputations"),
        ("debug_bundler_setReputation", json!([[{}], at]), "reputations.address"),
        (
            "debug_bundler_setReputation",
            json!([[{ "address": SOMEBODY, "opsSeen": -1, "opsIncluded": 0 }], at]),
            "reputations.opsSeen",
        ),
        ("debug_bundler_setReputation", json!([vec![json!({}); 1_001], at]), "reputations"),
        ("debug_bundler_addUserOps", json!([[odd]]), "callData"),
        ("debug_bundler_getStakeStatus", json!(["0x12", at]), "address"),
    ] {
        let answer = client.call(method, params).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        assert_eq!(answer["error"]["data"]["field"], field, "{answer}");
    }
    assert!(client.backend.taken().is_empty());
}

#[tokio::test]
async fn the_public_listener_knows_none_of_them_and_this_one_knows_all() {
    let config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
    let public = serve(&config, Arc::new(Echo::default())).await.unwrap();
    let debug = Client::new(DebugOptions::default()).await;
    for method in ["debug_bundler_clearState", "debug_bundler_dumpMempool"] {
        let answer = call(&public.url(), method, json!([])).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}: {answer}");
    }
    assert!(debug.backend.taken().is_empty());
    let chain = json!(U256::from(echo::CHAIN));
    for url in [public.url(), debug.server.url()] {
        assert_eq!(call(&url, "eth_chainId", json!([])).await["result"], chain);
    }
}
