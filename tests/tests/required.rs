//! A bundler that demands a policy of its own of everything: accounts without a module, and those with one beside theirs.

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use writ_node::dev::{BundlerClient, BundlerProcess, Wallet, tokens};
use writ_tests::{World, plain_account, v08_wallet};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const INCLUSION: Duration = Duration::from_secs(60);

/// A World with one more bundler, which lets only payments to a friend pass.
struct Required {
    world: World,
    bundler: BundlerProcess,
    friend: Address,
    /// Owner and validator of an account without a Writ module.
    plain: Wallet,
}

impl Required {
    async fn start() -> Self {
        let world = World::start(PROGRAM).await;
        let friend = PrivateKeySigner::random().address();
        let policy = gate_policy(&world, friend);
        let settings =
            ["--gate=required".to_owned(), format!("--gate-policy={}", policy.display())];
        let bundler = world.bundler_beside("required", &settings).await;
        let plain = plain_account(&world, BundlerClient::new(bundler.url().clone())).await;
        Self { world, bundler, friend, plain }
    }

    fn client(&self) -> BundlerClient {
        BundlerClient::new(self.bundler.url().clone())
    }

    /// The account that has the module, sending through this bundler.
    fn bound(&self) -> Wallet {
        let v08 = self.world.v08();
        v08_wallet(&self.world, v08.account, v08.validator, self.client())
    }

    async fn status(&self, hash: B256) -> Value {
        let status = self.client().must("writ_getUserOperationStatus", json!([hash])).await;
        status.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn decision(&self, hash: &Value) -> Value {
        let decision = self.client().must("writ_getDecision", json!([hash])).await;
        decision.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Two of the World's operators must say that `friend` is who gets something.
fn gate_policy(world: &World, friend: Address) -> PathBuf {
    let operators: Vec<_> = world.network.operators.iter().map(|one| one.address()).collect();
    let (token, module) = (world.token(), world.network.stage.module);
    let policy = json!({
        "threshold": 2,
        "operators": operators,
        "policies": [{
            "policy": "counterparty",
            "parameters": {
                "recipients": [format!("{friend:#x}")],
                "contracts": [format!("{token:#x}"), format!("{module:#x}")],
                "denied": [],
                "validFor": 300
            }
        }]
    });
    let path = world.folder().join("gate-policy.json");
    std::fs::write(&path, policy.to_string()).expect("a policy file");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_included_under_the_bundlers_own_policy_or_not_at_all() {
    let mut required = Required::start().await;
    let (friend, token) = (required.friend, required.world.token());
    let stranger = PrivateKeySigner::random().address();
    let ten = tokens(10);

    // An account without a module: gated, not enforced, and nothing of it on the wire.
    let plain = required.plain.clone();
    let pay = async |wallet: &Wallet, to: Address, lane: u32| {
        let prepared = wallet.prepare(Wallet::transfer(token, to, ten), lane).await;
        prepared.unwrap_or_else(|error| panic!("{error}"))
    };
    let operation = pay(&plain, friend, 0).await;
    let hash = plain.send(&operation).await.expect("admitted");
    let receipt = required.client().receipt(hash, INCLUSION).await.expect("a receipt");
    assert_eq!(receipt["success"], true, "{receipt}");
    let status = required.status(hash).await;
    assert_eq!(status["gate"], "gated", "{status}");
    let decisions = status["decisions"].as_array().expect("a list");
    assert_eq!(decisions.len(), 1, "{status}");
    let decision = required.decision(&decisions[0]).await;
    assert_eq!(decision["decision"], "allow", "{decision}");
    assert_eq!(decision["signers"].as_array().map(Vec::len), Some(2), "{decision}");
    let found = required.client().must("eth_getUserOperationByHash", json!([hash])).await;
    let found = found.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found["userOperation"]["signature"], json!(operation.signature), "{found}");

    // The same to somebody else: the policy's own reasons, and the other bundler does not mind.
    let refused = pay(&plain, stranger, 1).await;
    let failure = match plain.send(&refused).await {
        Err(Ok(failure)) => failure,
        other => panic!("it was to be refused: {other:?}"),
    };
    assert_eq!(failure.code, -32532, "{} {}", failure.message, failure.data);
    assert!(failure.message.contains(&format!("{stranger:#x}")), "{}", failure.message);
    let elsewhere =
        v08_wallet(&required.world, plain.account, plain.validator, required.world.client());
    let control = pay(&elsewhere, stranger, 1).await;
    required.world.include(&elsewhere, &control).await;

    // An account with a module: both policies, each with its decision.
    let bound = required.bound();
    let operation = pay(&bound, friend, 0).await;
    let hash = bound.send(&operation).await.expect("admitted");
    required.client().receipt(hash, INCLUSION).await.expect("a receipt");
    let status = required.status(hash).await;
    assert_eq!(status["gate"], "enforced", "{status}");
    assert_eq!(status["decisions"].as_array().map(Vec::len), Some(2), "{status}");
    let by_hash = required.decision(&json!(hash)).await;
    assert_eq!(
        by_hash["evidence"], status["decisions"][0],
        "the account's own is what it is asked for"
    );
    let refused = pay(&bound, stranger, 1).await;
    match bound.send(&refused).await {
        Err(Ok(failure)) => assert_eq!(failure.code, -32532, "{}", failure.message),
        other => panic!("the spending policy allows it, the bundler's does not: {other:?}"),
    }

    // What people ask.
    let draft = refused.to_rpc();
    let params = json!([draft, plain.entry_point.address]);
    let said = required.client().must("writ_evaluate", params).await;
    assert_eq!(
        said.unwrap_or_else(|error| panic!("{error}"))["decision"],
        "allow",
        "its own policy's"
    );
    let operation = pay(&plain, stranger, 2).await;
    let params = json!([operation.to_rpc(), plain.entry_point.address]);
    let said = required.client().must("writ_evaluate", params.clone()).await;
    assert_eq!(said.unwrap_or_else(|error| panic!("{error}"))["decision"], "deny");
    let view = required.client().must("writ_getPolicy", json!([plain.account])).await;
    let view = view.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(view["bundlerPolicies"][0]["name"], "counterparty", "{view}");
    assert!(view["module"].is_null(), "{view}");
    match required.client().call("writ_attest", params).await {
        Err(Ok(failure)) => assert_eq!(failure.code, -32530, "{}", failure.message),
        other => panic!("a detached attestation is not attached: {other:?}"),
    }

    // Without a quorum nothing passes; with one again, it does.
    let operation = pay(&plain, friend, 2).await;
    for operator in &mut required.world.network.operators[..2] {
        operator.kill().await.expect("killed");
    }
    match plain.send(&operation).await {
        Err(Ok(failure)) => assert_eq!(failure.code, -32534, "{}", failure.message),
        other => panic!("one operator is no quorum: {other:?}"),
    }
    for operator in &mut required.world.network.operators[..2] {
        operator.restart().await.expect("restarted");
    }
    let hash = plain.send(&operation).await.expect("admitted");
    required.client().receipt(hash, INCLUSION).await.expect("a receipt");
}
