//! An unmodified viem client: it estimates, signs once as the owner, sends, and gets its receipt.

use std::{process::Stdio, time::Duration};

use alloy::{
    primitives::{Address, hex},
    sol_types::SolValue,
};
use serde_json::{Map, Value, json};
use tokio::process::Command;
use url::Url;
use writ_node::dev::CHAIN_ID;
use writ_simulation::test_utils::artifact;
use writ_tests::{Ground, World, ether, key, root};
use writ_types::EntryPointVersion;

/// How long the whole visit of the wallet may take on a busy machine.
const VISIT: Duration = Duration::from_secs(150);

/// Runs a wallet's script with these variables beside the node's and the bundler's.
async fn visit(script: &str, node: &Url, bundler: &Url, own: &[(&str, String)]) -> Value {
    let child = Command::new("node")
        .arg(root().join("tests/wallet").join(script))
        .env("NODE_URL", node.as_str())
        .env("BUNDLER_URL", bundler.as_str())
        .env("CHAIN_ID", CHAIN_ID.to_string())
        .envs(own.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is installed");
    let ended = tokio::time::timeout(VISIT, child.wait_with_output()).await;
    let output = ended.expect("the wallet is done in time").expect("the wallet ran");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "viem: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {complaint}"))
}

async fn viem(world: &World) -> Value {
    let network = &world.network;
    let own = [
        ("OWNER_KEY", format!("0x{}", hex::encode(network.owner.to_bytes()))),
        ("VALIDATOR", network.stage.module.to_string()),
        ("TOKEN", network.stage.token.to_string()),
        ("ACCOUNT_V07", network.stage.account_v07.to_string()),
        ("ACCOUNT_V08", network.stage.account_v08.to_string()),
    ];
    visit("viem.mjs", network.chain.url(), network.bundler.url(), &own).await
}

fn check_included(seen: &Value, account: &Value) {
    assert_eq!(seen["success"], true, "{seen}");
    assert_eq!(seen["hash"], seen["receiptHash"], "{seen}");
    assert_eq!(seen["transaction"], seen["foundIn"], "{seen}");
    assert_eq!(seen["sender"], *account, "{seen}");
    assert_eq!(seen["signed"], 1, "the owner signs once: {seen}");
    assert!(seen["logs"].as_u64().is_some_and(|logs| logs > 0), "{seen}");
    // The owner's 65 bytes went in; the attestation was attached on the way.
    let length = seen["signatureBytes"].as_u64().expect("a length");
    assert!(length > 65 + 200, "no attestation is attached: {seen}");
    // Right after sending an operation is pending, or, on a busy machine, included already.
    let known = ["UserOperationNotFoundError", "UserOperationReceiptNotFoundError", "found"];
    for answer in seen["pending"].as_array().expect("two answers") {
        assert!(known.iter().any(|name| answer == name), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viem_needs_to_know_nothing_of_writ() {
    let world = World::start(env!("CARGO_BIN_EXE_writ-under-test")).await;
    let seen = viem(&world).await;
    let stage = &world.network.stage;
    for (version, account) in [("0.8", stage.account_v08), ("0.7", stage.account_v07)] {
        let seen = &seen[version];
        let account = json!(account.to_checksum(None));
        check_included(&seen["single"], &account);
        check_included(&seen["batch"], &account);
        assert_eq!(seen["arrived"], "10000000000000000");
        assert_eq!(seen["split"], json!(["20000000000000000", "30000000000000000"]));
        assert_eq!(seen["chainId"], CHAIN_ID);
        assert_eq!(seen["served"].as_array().map(Vec::len), Some(2));
        for field in ["callGasLimit", "verificationGasLimit", "preVerificationGas"] {
            let gas = seen["estimate"][field].as_str().and_then(|gas| gas.parse::<u64>().ok());
            assert!(gas.is_some_and(|gas| gas > 0), "{field}: {}", seen["estimate"]);
        }
        // One over the limit: the policy's words reach the wallet's user, and nothing moves.
        assert_eq!(seen["refused"]["code"], -32532, "{}", seen["refused"]);
        let words = seen["refused"]["details"].as_str().unwrap_or_default();
        assert!(words.contains("per-operation"), "{words}");
        assert_eq!(seen["greedy"], "0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viem_uses_the_published_accounts_of_v06_and_of_eip7702() {
    let ground = Ground::start(env!("CARGO_BIN_EXE_writ-under-test")).await;
    let owner = key("owner in viem");
    ground.node.set_balance(owner.address(), ether(10)).await;
    let mut implementations = Map::new();
    for version in [EntryPointVersion::V08, EntryPointVersion::V09] {
        let Some(entry_point) = ground.entry_point(version) else { continue };
        let mut code = artifact(version, "Simple7702Account").to_vec();
        if version == EntryPointVersion::V09 {
            code.extend(entry_point.address.abi_encode());
        }
        let implementation = ground.node.create(&code).await;
        implementations.insert(version.to_string(), json!(implementation));
    }
    let own = [
        ("OWNER_KEY", format!("0x{}", hex::encode(owner.to_bytes()))),
        ("FACTORY_V06", ground.factory(EntryPointVersion::V06).to_string()),
        ("IMPLEMENTATIONS", Value::Object(implementations.clone()).to_string()),
        ("FRIEND", Address::repeat_byte(0xf1).to_string()),
    ];
    let seen = visit("published.mjs", ground.node.url(), &ground.url, &own).await;

    let created = |seen: &Value| seen["initCode"].as_str().is_some_and(|code| code.len() > 2);
    assert!(created(&seen["0.6"][0]) && !created(&seen["0.6"][1]), "{seen}");
    for version in implementations.keys() {
        // The first one brings the tuple, the second finds the account delegated.
        let types = [&seen[version][0]["type"], &seen[version][1]["type"]];
        assert_eq!(types, ["eip7702", "eip1559"], "{seen}");
        assert_eq!(seen[version][0]["sender"], json!(owner.address().to_checksum(None)));
    }
    assert_eq!(seen["0.8"][0]["factory"], "0x7702", "{seen}");
    for operation in seen.as_object().expect("versions").values().flat_map(|two| two.as_array()) {
        assert!(operation.iter().all(|one| one["success"] == true), "{seen}");
    }
}
