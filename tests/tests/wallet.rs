//! An unmodified viem client: it estimates, signs once as the owner, sends, and gets its receipt.

use std::{process::Stdio, time::Duration};

use alloy::primitives::hex;
use serde_json::{Value, json};
use tokio::process::Command;
use writ_node::dev::CHAIN_ID;
use writ_tests::{World, root};

/// How long the whole visit of the wallet may take on a busy machine.
const VISIT: Duration = Duration::from_secs(150);

async fn viem(world: &World) -> Value {
    let network = &world.network;
    let script = root().join("tests/wallet/viem.mjs");
    let child = Command::new("node")
        .arg(&script)
        .env("NODE_URL", network.chain.url().as_str())
        .env("BUNDLER_URL", network.bundler.url().as_str())
        .env("CHAIN_ID", CHAIN_ID.to_string())
        .env("OWNER_KEY", format!("0x{}", hex::encode(network.owner.to_bytes())))
        .env("VALIDATOR", network.stage.module.to_string())
        .env("TOKEN", network.stage.token.to_string())
        .env("ACCOUNT_V07", network.stage.account_v07.to_string())
        .env("ACCOUNT_V08", network.stage.account_v08.to_string())
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
