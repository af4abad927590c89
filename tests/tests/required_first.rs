//! The bundler's own policy over first operations, which deploy their account, on the oldest EntryPoint and on a newer one.

use std::time::Duration;

use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use url::Url;
use writ_node::dev::{BundlerClient, ChildProcess, OperatorProcess, Workplace};
use writ_tests::{Ground, ether, execute, root};
use writ_types::EntryPointVersion;

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const LIMIT: Duration = Duration::from_secs(60);
const FRIEND: Address = Address::repeat_byte(0xf1);
const STRANGER: Address = Address::repeat_byte(0xf2);

#[tokio::test(flavor = "multi_thread")]
async fn a_first_operation_is_decided_on_by_what_it_does() {
    let ground = Ground::start(PROGRAM).await;
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("operator");
    let workplace = Workplace::open(place, root(), PROGRAM.into()).expect("a workplace");
    let key = PrivateKeySigner::random();
    let operator = OperatorProcess::start(&workplace, 1, &key, ground.node.url()).await;
    let operator = operator.unwrap_or_else(|error| panic!("{error}"));
    let policy = json!({
        "threshold": 1,
        "operators": [operator.address()],
        "policies": [{ "policy": "counterparty", "parameters": {
            "recipients": [format!("{FRIEND:#x}")], "contracts": [], "denied": [], "validFor": 300
        } }]
    });
    let file = folder.path().join("policy.json");
    std::fs::write(&file, policy.to_string()).expect("a policy file");
    let arguments = ground.arguments_with(&[
        "--gate=required".to_owned(),
        format!("--gate-policy={}", file.display()),
        format!("--operators={}", operator.url()),
    ]);
    let listen = arguments.iter().find_map(|one| one.strip_prefix("--listen="));
    let url: Url = format!("http://{}", listen.expect("an address")).parse().expect("a URL");
    let log = folder.path().join("bundler.log");
    let mut bundler = ChildProcess::start("required", PROGRAM.as_ref(), &arguments, log)
        .unwrap_or_else(|error| panic!("{error}"));
    let client = BundlerClient::new(url);
    let answers = || async { client.call("eth_chainId", json!([])).await.is_ok() };
    bundler.wait_until(LIMIT, answers).await.unwrap_or_else(|error| panic!("{error}"));

    for version in [EntryPointVersion::V06, EntryPointVersion::V08] {
        let account = ground.simple(version, &format!("gated {version}"), ether(10)).await;
        let send = async |to: Address| {
            let operation = ground.ready(&account, execute(to, U256::from(7), vec![])).await;
            assert!(operation.factory.is_some(), "the account does not exist yet");
            let params = json!([operation.to_rpc(), account.entry_point.address]);
            client.call("eth_sendUserOperation", params).await
        };
        match send(STRANGER).await {
            Err(Ok(failure)) => assert_eq!(failure.code, -32532, "{version}: {}", failure.message),
            other => panic!("{version}: the policy lets nothing go there: {other:?}"),
        }
        let before = ground.node.balance(FRIEND).await;
        let hash = match send(FRIEND).await {
            Ok(hash) => hash,
            other => panic!("{version}: {other:?}"),
        };
        let parsed = serde_json::from_value(hash.clone()).expect("a hash");
        let receipt = client.receipt(parsed, LIMIT).await.expect("a receipt");
        assert_eq!(receipt["success"], true, "{receipt}");
        assert_eq!(ground.node.balance(FRIEND).await, before + U256::from(7));
        let status = client.must("writ_getUserOperationStatus", json!([hash])).await;
        let status: Value = status.expect("answered");
        assert_eq!(status["gate"], "gated", "{status}");
    }
}
