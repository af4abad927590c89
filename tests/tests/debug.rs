//! `debug_bundler_*` on a running bundler: a tester drives it, and nobody gets past the gate that way.

use alloy::{primitives::U256, signers::local::PrivateKeySigner};
use serde_json::{Value, json};
use url::Url;
use writ_node::dev::{BundlerClient, BundlerProcess, Wallet, free_port, tokens};
use writ_tests::{World, plain_account, v08_wallet};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");

/// A bundler that builds nothing by itself, and a tester's way into it.
struct Driven {
    world: World,
    bundler: BundlerProcess,
    debug: BundlerClient,
    plain: Wallet,
}

impl Driven {
    async fn start(settings: &[&str]) -> Self {
        let world = World::start(PROGRAM).await;
        let port = free_port().expect("a port");
        let mut all = vec![format!("--debug-listen=127.0.0.1:{port}")];
        all.extend(settings.iter().map(ToString::to_string));
        let bundler = world.bundler_beside("driven", &all).await;
        let url: Url = format!("http://127.0.0.1:{port}").parse().expect("a URL");
        let plain = plain_account(&world, BundlerClient::new(bundler.url().clone())).await;
        let driven = Self { world, bundler, debug: BundlerClient::new(url), plain };
        assert_eq!(driven.ask("setBundlingMode", json!(["manual"])).await, "ok");
        driven
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        let answer = self.debug.must(name(method), params).await;
        answer.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn refused(&self, method: &str, params: Value) -> i64 {
        match self.debug.call(name(method), params).await {
            Err(Ok(failure)) => failure.code,
            other => panic!("{method}: a refusal was due: {other:?}"),
        }
    }

    async fn pay(&self, wallet: &Wallet, amount: U256, lane: u32) -> writ_types::UserOperation {
        let to = PrivateKeySigner::random().address();
        let call_data = Wallet::transfer(self.world.token(), to, amount);
        wallet.prepare(call_data, lane).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn pooled(&self) -> Vec<Value> {
        let dumped = self.ask("dumpMempool", json!([self.plain.entry_point.address])).await;
        dumped.as_array().expect("a list").clone()
    }
}

/// The full name of a debug method.
fn name(method: &str) -> &'static str {
    match method {
        "addUserOps" => "debug_bundler_addUserOps",
        "clearMempool" => "debug_bundler_clearMempool",
        "clearState" => "debug_bundler_clearState",
        "dumpMempool" => "debug_bundler_dumpMempool",
        "dumpReputation" => "debug_bundler_dumpReputation",
        "getStakeStatus" => "debug_bundler_getStakeStatus",
        "sendBundleNow" => "debug_bundler_sendBundleNow",
        "setBundlingMode" => "debug_bundler_setBundlingMode",
        "setReputation" => "debug_bundler_setReputation",
        other => panic!("{other} is not used here"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_sees_the_pool_and_says_when_to_bundle() {
    let driven = Driven::start(&[]).await;
    let at = driven.plain.entry_point.address;
    let client = BundlerClient::new(driven.bundler.url().clone());
    let operation = driven.pay(&driven.plain, tokens(1), 0).await;
    let hash = driven.plain.send(&operation).await.expect("admitted");

    let pooled = driven.pooled().await;
    let sent = operation.to_rpc();
    assert_eq!(pooled.len(), 1);
    for (key, value) in pooled[0].as_object().expect("an object") {
        assert!(value.is_null() || sent.get(key) == Some(value), "{key}: {value}");
    }
    let receipt = client.must("eth_getUserOperationReceipt", json!([hash])).await;
    assert!(receipt.expect("answered").is_null(), "nothing is built by itself");

    let sent = driven.ask("sendBundleNow", json!([])).await;
    assert!(sent.as_str().is_some_and(|text| text.len() == 66), "a transaction: {sent}");
    // The answer came when it was settled: whoever asks next sees it.
    assert!(driven.pooled().await.is_empty());
    let receipt = client.must("eth_getUserOperationReceipt", json!([hash])).await;
    assert_eq!(receipt.expect("answered")["receipt"]["transactionHash"], sent);
    assert_eq!(driven.ask("sendBundleNow", json!([])).await, "ok", "nothing to send");

    // Reputation is set, seen, and forgotten.
    let somebody = PrivateKeySigner::random().address();
    let settings = json!([{ "address": somebody, "opsSeen": "0x2710", "opsIncluded": "0x0" }]);
    assert_eq!(driven.ask("setReputation", json!([settings, at])).await, "ok");
    let known = driven.ask("dumpReputation", json!([at])).await;
    assert_eq!(
        known,
        json!([{
            "address": somebody.to_checksum(None),
            "opsSeen": "0x2710", "opsIncluded": "0x0", "status": "banned"
        }])
    );
    let stake = driven.ask("getStakeStatus", json!([somebody, at])).await;
    assert_eq!(stake["isStaked"], false, "{stake}");
    assert_eq!(stake["stakeInfo"]["stake"], "0", "{stake}");

    let operation = driven.pay(&driven.plain, tokens(1), 1).await;
    driven.plain.send(&operation).await.expect("admitted");
    assert_eq!(driven.pooled().await.len(), 1);
    assert_eq!(driven.ask("clearState", json!([])).await, "ok");
    assert!(driven.pooled().await.is_empty());
    assert_eq!(driven.ask("dumpReputation", json!([at])).await, json!([]));

    // The public listener knows nothing of this.
    match client.call("debug_bundler_clearState", json!([])).await {
        Err(Ok(failure)) => assert_eq!(failure.code, -32601),
        other => panic!("it is not there: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_unvalidated_has_passed_the_gate_all_the_same() {
    let mut driven = Driven::start(&["--profile=compat"]).await;
    let at = driven.plain.entry_point.address;
    let v08 = driven.world.v08();
    let client = BundlerClient::new(driven.bundler.url().clone());
    let bound = v08_wallet(&driven.world, v08.account, v08.validator, client.clone());

    // Not even its signature is looked at where nothing is demanded; bundling finds out.
    let mut forged = driven.pay(&driven.plain, tokens(1), 0).await;
    let mut signature = forged.signature.to_vec();
    signature[10] ^= 1;
    forged.signature = signature.into();
    assert_eq!(driven.ask("addUserOps", json!([[forged.to_rpc()], at])).await, "ok");
    assert_eq!(driven.pooled().await.len(), 1);
    assert_eq!(driven.ask("sendBundleNow", json!([])).await, "ok", "there is nothing to send");
    assert!(driven.pooled().await.is_empty(), "it was dropped");
    let hash = driven.plain.hash(&forged).expect("a hash");
    let status = client.must("writ_getUserOperationStatus", json!([hash])).await;
    assert_eq!(status.expect("answered")["status"], "dropped");

    // Where a policy is demanded, it is asked.
    let allowed = driven.pay(&bound, tokens(1), 0).await;
    assert_eq!(driven.ask("addUserOps", json!([[allowed.to_rpc()]])).await, "ok");
    let pooled = driven.pooled().await;
    let signature = pooled[0]["signature"].as_str().expect("a signature");
    assert!(signature.len() > allowed.signature.to_string().len(), "the attestation was attached");
    let over = v08.prepare(over_limit(&driven.world), 1).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(driven.refused("addUserOps", json!([[over.to_rpc()]])).await, -32532);
    for operator in &mut driven.world.network.operators[..2] {
        operator.kill().await.expect("killed");
    }
    let more = driven.pay(&bound, tokens(1), 2).await;
    assert_eq!(driven.refused("addUserOps", json!([[more.to_rpc()]])).await, -32534);
    assert_eq!(driven.pooled().await.len(), 1, "only what was attested is there");

    // The compatibility profile gives the status as a number.
    let somebody = PrivateKeySigner::random().address();
    let settings = json!([{ "address": somebody, "opsSeen": 10_000, "opsIncluded": 0 }]);
    driven.ask("setReputation", json!([settings, at])).await;
    let known = driven.ask("dumpReputation", json!([at])).await;
    assert_eq!(known[0]["status"], "0x2", "{known}");
    driven.ask("clearMempool", json!([])).await;
    assert!(driven.pooled().await.is_empty());
    assert_eq!(driven.ask("dumpReputation", json!([at])).await, known, "it stays");
}

/// A transfer of more than one operation may move.
fn over_limit(world: &World) -> alloy::primitives::Bytes {
    let to = PrivateKeySigner::random().address();
    Wallet::transfer(world.token(), to, tokens(101))
}
