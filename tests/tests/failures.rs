//! What fails around an operation: a bundler that is killed, a node that goes away, a folder that is taken.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use serde_json::{Value, json};
use tokio::process::Command;
use writ_node::dev::{BundlerClient, free_port};
use writ_tests::{SOON, World, complaint, eventually, get, root};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const UNAVAILABLE: i64 = -32002;

async fn status(world: &World, hash: B256) -> Value {
    world.must("writ_getUserOperationStatus", json!([hash])).await
}

async fn becomes(world: &World, hash: B256, wanted: &str) -> Value {
    let what = format!("{hash} becomes {wanted}");
    eventually(&what, SOON, || async {
        let status = status(world, hash).await;
        (status["status"] == wanted).then_some(status)
    })
    .await
}

async fn writ(arguments: &[String], path: Option<&str>) -> Output {
    writ_tests::writ(PROGRAM, arguments, path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_bundler_loses_nothing() {
    let mut world = World::start(PROGRAM).await;
    let wallet = world.v08();
    world.anvil("evm_setAutomine", json!([false])).await;
    let first = world.transfer(&wallet, 0).await;
    let second = world.transfer(&wallet, 1).await;

    // Killed the moment the hash was returned, before it could be in any bundle.
    let hash = world.accept(&wallet, &first).await;
    world.network.bundler.kill().await.expect("killed");
    world.network.bundler.restart().await.expect("up again");
    assert!(!status(&world, hash).await.is_null(), "the accepted operation is gone");

    // Killed with a transaction under way, and started again while it is not mined.
    let submitted = becomes(&world, hash, "submitted").await;
    world.network.bundler.kill().await.expect("killed");
    world.network.bundler.restart().await.expect("up again");
    let after = status(&world, hash).await;
    assert_eq!(after["transactionHash"], submitted["transactionHash"], "{after}");
    // Another one is taken while the first is under way.
    let other = world.accept(&wallet, &second).await;

    // Killed again, and mined while nobody looks.
    world.network.bundler.kill().await.expect("killed");
    world.anvil("evm_mine", json!([])).await;
    world.anvil("evm_setAutomine", json!([true])).await;
    world.network.bundler.restart().await.expect("up again");
    let receipt = world.receipt(hash).await;
    assert_eq!(receipt["receipt"]["transactionHash"], submitted["transactionHash"]);
    world.receipt(other).await;
    let found = world.must("eth_getUserOperationByHash", json!([hash])).await;
    assert_eq!(found["transactionHash"], submitted["transactionHash"]);

    // Control: nothing was left in a state that keeps the next one out.
    let third = world.transfer(&wallet, 0).await;
    world.include(&wallet, &third).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_away_is_said_and_waited_for() {
    let mut world = World::start(PROGRAM).await;
    let wallet = world.v08();
    let url = world.network.bundler.url().clone();
    let healthy = get(&url, "/health").await;
    assert_eq!((healthy.status, &healthy.body["status"]), (200, &json!("ok")), "{healthy:?}");

    world.anvil("evm_setAutomine", json!([false])).await;
    let accepted = world.transfer(&wallet, 0).await;
    let later = world.transfer(&wallet, 1).await;
    let hash = world.accept(&wallet, &accepted).await;
    becomes(&world, hash, "submitted").await;

    world.network.chain.stop().await.expect("stopped");
    let red = eventually("health turns red", SOON, || async {
        let health = get(&url, "/health").await;
        (health.status == 503).then_some(health)
    })
    .await;
    assert_eq!(red.body["status"], "failing");
    let checks = red.body["checks"].as_array().expect("checks");
    let node = checks.iter().find(|check| check["name"] == "node").expect("a check of the node");
    assert_eq!(node["ok"], false, "{node}");

    let asked = Instant::now();
    let failure = world.refuses(&wallet, &later, UNAVAILABLE).await;
    assert!(asked.elapsed() < Duration::from_secs(25), "said after {:?}", asked.elapsed());
    assert!(failure.message.contains("node"), "{}", failure.message);
    // What is known without the node is still told.
    let kept = status(&world, hash).await;
    assert!(["pending", "submitted"].iter().any(|word| kept["status"] == *word), "{kept}");

    // It comes back without the transactions that it had not mined.
    world.network.chain.restart().await.expect("up again");
    let green = eventually("health turns green", SOON, || async {
        let health = get(&url, "/health").await;
        (health.status == 200).then_some(health)
    })
    .await;
    assert_eq!(green.body["status"], "ok");
    // What is not mined within three blocks is sent again.
    world.anvil("anvil_mine", json!(["0x3"])).await;
    world.receipt(hash).await;
    // Control: what was refused for the node's sake goes in as it is.
    world.include(&wallet, &later).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_said_in_one_sentence() {
    let mut world = World::start(PROGRAM).await;
    let port = free_port().expect("a port");
    let other_port = |argument: &String| match argument.strip_prefix("--listen=") {
        Some(_) => format!("--listen=127.0.0.1:{port}"),
        None => argument.clone(),
    };
    let first = world.network.bundler.arguments().to_vec();
    let second: Vec<String> = first.iter().map(other_port).collect();
    let said = complaint(&writ(&second, None).await);
    assert!(said.contains("in use by another process"), "{said}");
    assert!(said.contains("stop that process, or set another data folder"), "{said}");

    // The one that has it is not disturbed.
    let wallet = world.v08();
    let operation = world.transfer(&wallet, 0).await;
    world.include(&wallet, &operation).await;

    // The same socket.
    let folder = world.folder().join("another");
    let elsewhere = |argument: &String| match argument.strip_prefix("--data-dir=") {
        Some(_) => format!("--data-dir={}", folder.display()),
        None => argument.clone(),
    };
    let same_socket: Vec<String> = first.iter().map(elsewhere).collect();
    let said = complaint(&writ(&same_socket, None).await);
    assert!(said.contains("cannot listen on 127.0.0.1"), "{said}");
    assert!(said.contains("stop what uses it, or set another address"), "{said}");

    // Control: the very command line that was refused serves once the first has ended.
    world.network.bundler.kill().await.expect("killed");
    let mut command = Command::new(PROGRAM);
    command.args(&second).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let _second = command.spawn().expect("it starts");
    let url = url::Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
    let client = BundlerClient::new(url);
    let hash = wallet.hash(&operation).expect("a hash");
    let receipt = eventually("the second one serves", SOON, || async {
        client.call("eth_getUserOperationReceipt", json!([hash])).await.ok()
    })
    .await;
    assert_eq!(receipt["success"], true, "{receipt}");
}

fn dev(root: &Path, folder: &Path) -> Vec<String> {
    let port = free_port().expect("a port");
    vec![
        "dev".to_owned(),
        "--once".to_owned(),
        format!("--port={port}"),
        format!("--root={}", root.display()),
        format!("--folder={}", folder.display()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (empty, place) = (folder.path().join("root"), folder.path().join("place"));
    std::fs::create_dir(&empty).expect("a root");

    let said = complaint(&writ(&dev(&empty, &place), Some("/nowhere")).await);
    assert!(said.contains("anvil is not installed: run `npm ci`"), "{said}");

    // With the tools and without the contracts.
    let tools = root().join("node_modules/@foundry-rs").canonicalize().expect("npm ci was run");
    std::fs::create_dir(empty.join("node_modules")).expect("a folder");
    std::os::unix::fs::symlink(tools, empty.join("node_modules/@foundry-rs")).expect("a link");
    let said = complaint(&writ(&dev(&empty, &place), Some("/nowhere")).await);
    assert!(said.contains("EntryPoint.json is missing: run `npm ci`"), "{said}");

    // A folder that is somebody's is not emptied.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).expect("a folder");
    std::fs::write(taken.join("letter"), "dear").expect("a file");
    let said = complaint(&writ(&dev(&root(), &taken), None).await);
    assert!(said.contains("cannot use the folder"), "{said}");
    assert!(taken.join("letter").is_file());

    // A bundler without its node, and one without its key.
    let key = folder.path().join("key");
    std::fs::write(&key, "11".repeat(32)).expect("a file");
    let port = free_port().expect("a port");
    let module = "--modules=0x1111111111111111111111111111111111111111".to_owned();
    let bundler = |key: &Path| {
        vec![
            "bundler".to_owned(),
            format!("--node-url=http://127.0.0.1:{port}"),
            "--listen=127.0.0.1:0".to_owned(),
            format!("--data-dir={}", folder.path().join("data").display()),
            format!("--signer-key-file={}", key.display()),
            format!("--policies={}", root().join("policies").display()),
            module.clone(),
        ]
    };
    let said = complaint(&writ(&bundler(&key), None).await);
    assert!(said.contains("chmod 600"), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, mode).expect("a mode");
    let said = complaint(&writ(&bundler(&key), None).await);
    assert!(said.contains(&format!("127.0.0.1:{port}")), "the node is named: {said}");
    let said = complaint(&writ(&bundler(&folder.path().join("none")), None).await);
    assert!(said.contains("key file"), "{said}");
}
