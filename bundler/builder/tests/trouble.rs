//! What goes wrong on the way: nodes that vanish, processes that stop, chains that change their mind.

mod common;

use std::time::Duration;

use alloy::primitives::{Address, U256};
use common::{Anvil, Bundler, FRIEND, Wallet, balance, config, deploy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;
use writ_builder::{BuilderConfig, BundlingMode, Part, SubmissionRules};
use writ_simulation::NodeClient;

async fn mine(node: &NodeClient) {
    let _: Value = node.request("evm_mine", json!([])).await.expect("mined");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_vanishes_loses_nothing() {
    let folder = TempDir::new().expect("a folder");
    let state = folder.path().join("chain.json");
    let mut anvil = Anvil::start(&[], Some(&state)).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    let manual = BuilderConfig { mode: BundlingMode::Manual, ..config() };
    let running = Bundler::new(&node, &folder.path().join("pool"), manual).await.run();
    let hash = running.send(wallet.operation(FRIEND, 9, &[])).await;

    anvil.stop();
    running.until_health(false).await;
    assert!(running.health.complaints().contains_key(&Part::Node));
    let refused = running
        .admission
        .admit(wallet.operation(FRIEND, 9, &[]), common::ENTRY_POINT.address)
        .await;
    assert_eq!(refused.expect_err("no node").into_refusal().code.code(), -32002);
    running.until(hash, "pending").await;

    anvil.resume().await;
    running.until_health(true).await;
    running.handle.set_mode(BundlingMode::Auto).await.expect("running");
    running.until(hash, "included").await;
    assert_eq!(balance(&node, FRIEND).await, U256::from(9));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_the_bundle_in_flight() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&["--no-mining"], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    let running = Bundler::new(&node, folder.path(), config()).await.run();
    let hash = running.send(wallet.operation(FRIEND, 4, &[])).await;
    running.until(hash, "submitted").await;
    let sent = running.pool.open_attempts();
    running.stop().await;

    // Mined while the bundler was away.
    mine(&node).await;
    let running = Bundler::open(&node, folder.path(), config()).run();
    running.until(hash, "included").await;
    assert_eq!(sent.len(), 1);
    for _ in 0..100 {
        if running.pool.open_attempts().is_empty() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(running.pool.open_attempts().is_empty(), "the flight is settled");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_no_node_has_any_more_is_sent_again_after_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&["--no-mining"], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    let running = Bundler::new(&node, folder.path(), config()).await.run();
    let hash = running.send(wallet.operation(FRIEND, 4, &[])).await;
    running.until(hash, "submitted").await;
    running.stop().await;

    let _: Value = node.request("anvil_dropAllTransactions", json!([])).await.expect("dropped");
    mine(&node).await;
    let running = Bundler::open(&node, folder.path(), config()).run();
    sleep(Duration::from_millis(500)).await;
    mine(&node).await;
    running.until(hash, "included").await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_takes_it_back_and_it_is_included_again() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&[], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    let config = BuilderConfig { submission: SubmissionRules::default(), ..config() };
    let running = Bundler::new(&node, folder.path(), config).await.run();
    let snapshot: Value = node.request("evm_snapshot", json!([])).await.expect("a snapshot");
    let hash = running.send(wallet.operation(FRIEND, 11, &[])).await;
    running.until(hash, "included").await;
    let before = running.pool.inclusion(hash).expect("readable").expect("included");

    let _: Value = node.request("evm_revert", json!([snapshot])).await.expect("reverted");
    // Another chain from here on: two blocks without the operation, at another time.
    let _: Value = node.request("evm_increaseTime", json!([7])).await.expect("later");
    mine(&node).await;
    mine(&node).await;
    for _ in 0..200 {
        let now = running.pool.inclusion(hash).expect("readable");
        if now.as_ref().is_some_and(|now| now.block_hash != before.block_hash) {
            break;
        }
        sleep(Duration::from_millis(50)).await;
        // A chain goes on. (anvil forgets what reaches it while it is being reverted: that is sent anew when it is stuck.)
        mine(&node).await;
    }
    let after = running.pool.inclusion(hash).expect("readable").unwrap_or_else(|| {
        let (status, complaints) = (running.pool.status(hash), running.health.complaints());
        panic!("it was not included again: {status:?}, {complaints:?}")
    });
    assert_ne!(after.block_hash, before.block_hash);
    assert_eq!(balance(&node, FRIEND).await, U256::from(11), "once, not twice");
    running.until(hash, "included").await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganised_operation_that_became_invalid_is_dropped() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&[], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let running = Bundler::new(&node, folder.path(), config()).await.run();
    // In the other chain the account never gets its money, nor the bundler's key a node that takes its bundle.
    let snapshot: Value = node.request("evm_snapshot", json!([])).await.expect("a snapshot");
    let mut wallet = Wallet::new(&node, factory).await;
    let hash = running.send(wallet.operation(FRIEND, 11, &[])).await;
    running.until(hash, "included").await;
    let _: Value = node.request("anvil_setAutomine", json!([false])).await.expect("set");
    let _: Value = node.request("evm_revert", json!([snapshot])).await.expect("reverted");
    mine(&node).await;
    sleep(Duration::from_millis(300)).await;
    let _: Value = node.request("anvil_dropAllTransactions", json!([])).await.expect("dropped");
    mine(&node).await;
    assert!(running.pool.inclusion(hash).expect("readable").is_none(), "it is not on this chain");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_bundle_is_replaced_at_a_higher_price() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&["--no-mining"], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    let submission =
        SubmissionRules { stuck_seconds: 1, stuck_blocks: 1_000, ..SubmissionRules::default() };
    let running =
        Bundler::new(&node, folder.path(), BuilderConfig { submission, ..config() }).await.run();
    let hash = running.send(wallet.operation(FRIEND, 4, &[])).await;
    running.until(hash, "submitted").await;
    for _ in 0..200 {
        if running.pool.open_attempts().len() >= 3 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let attempts = running.pool.open_attempts();
    assert!(attempts.len() >= 3, "{attempts:?}");
    assert!(attempts.iter().all(|attempt| attempt.nonce == attempts[0].nonce));
    mine(&node).await;
    running.until(hash, "included").await;
    assert_eq!(balance(&node, FRIEND).await, U256::from(4));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_would_fail_by_now_is_cancelled() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&["--no-mining"], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    // Long enough for what happens below to come before the first replacement.
    let submission =
        SubmissionRules { stuck_seconds: 3, stuck_blocks: 1_000, ..SubmissionRules::default() };
    let running =
        Bundler::new(&node, folder.path(), BuilderConfig { submission, ..config() }).await.run();
    let hash = running.send(wallet.operation(FRIEND, 4, &[])).await;
    running.until(hash, "submitted").await;
    // It is written down before it is sent: what is dropped below has to be there.
    for _ in 0..200 {
        let pool: Value = node.request("txpool_status", json!([])).await.expect("a status");
        if pool["pending"] != "0x0" {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    wallet.fund(U256::ZERO).await;
    // State changes are seen with the next block; the bundle is kept out of it.
    let _: Value = node.request("anvil_dropAllTransactions", json!([])).await.expect("dropped");
    mine(&node).await;
    let mut cancelled = false;
    for _ in 0..200 {
        cancelled =
            running.pool.open_attempts().iter().any(|attempt| attempt.operations.is_empty());
        if cancelled {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(cancelled, "{:?}", running.pool.open_attempts());
    // The cancellation is written down before it is sent: a single block could come in between, and hold nothing.
    let mining = tokio::spawn({
        let node = node.clone();
        async move {
            loop {
                sleep(Duration::from_millis(200)).await;
                mine(&node).await;
            }
        }
    });
    let reason = running.until(hash, "dropped").await;
    assert!(reason.contains("AA21"), "{reason}");
    mining.abort();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beneficiary_that_takes_no_money_is_nobody_elses_fault() {
    let folder = TempDir::new().expect("a folder");
    let anvil = Anvil::start(&[], None).await;
    let node = anvil.node();
    let factory = deploy(&node).await;
    let mut wallet = Wallet::new(&node, factory).await;
    let beneficiary = Address::repeat_byte(0xbe);
    let reverts = json!([beneficiary, "0x5f5ffd"]);
    let _: Value = node.request("anvil_setCode", reverts).await.expect("set");
    let config = BuilderConfig { beneficiary: Some(beneficiary), ..config() };
    let running = Bundler::new(&node, folder.path(), config).await.run();
    let hash = running.send(wallet.operation(FRIEND, 3, &[])).await;
    running.until_health(false).await;
    let complaints = running.health.complaints();
    let complaint = complaints.get(&Part::Submission).expect("about sending");
    assert!(complaint.contains("--beneficiary"), "{complaint}");
    assert_eq!(running.until(hash, "pending").await, "waits for a bundle");

    let _: Value = node.request("anvil_setCode", json!([beneficiary, "0x"])).await.expect("set");
    // Its code is part of a block's state.
    mine(&node).await;
    running.until(hash, "included").await;
    assert!(balance(&node, beneficiary).await > U256::ZERO);
    running.until_health(true).await;
    running.stop().await;
}
