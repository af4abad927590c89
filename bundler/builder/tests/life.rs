//! Operations on their way through the bundler, on a real chain.

mod common;

use alloy::primitives::{Address, Bytes, U256};
use common::{Anvil, Bundler, ENTRY_POINT, FRIEND, Running, Wallet, balance, config, deploy};
use serde_json::{Value, json};
use tempfile::TempDir;
use writ_builder::{BuilderConfig, BundlingMode, Part};
use writ_simulation::{NodeClient, Overrides};
use writ_types::{PartialUserOperation, UserOperation};

struct Scene {
    _anvil: Anvil,
    folder: TempDir,
    node: NodeClient,
    factory: Address,
}

impl Scene {
    async fn new(arguments: &[&str]) -> Self {
        let anvil = Anvil::start(arguments, None).await;
        let node = anvil.node();
        let factory = deploy(&node).await;
        Self { _anvil: anvil, folder: TempDir::new().expect("a folder"), node, factory }
    }

    async fn run(&self, config: BuilderConfig) -> Running {
        Bundler::new(&self.node, self.folder.path(), config).await.run()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_travels_to_its_receipt() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(config()).await;
    let mut wallet = Wallet::new(&scene.node, scene.factory).await;

    let hash = running.send(wallet.operation(FRIEND, 7, &[])).await;
    running.until(hash, "included").await;
    assert_eq!(balance(&scene.node, FRIEND).await, U256::from(7));

    let receipt = running.handle.lookup().receipt(hash).await.expect("readable").expect("included");
    assert_eq!(receipt["success"], true);
    assert_eq!(receipt["userOpHash"], json!(hash));
    assert_eq!(receipt["entryPoint"], json!(ENTRY_POINT.address.to_checksum(None)));
    assert_eq!(receipt["reason"], Value::Null);
    assert_eq!(receipt["receipt"]["status"], "0x1");
    let found = running.handle.lookup().operation(hash).await.expect("readable").expect("known");
    assert_eq!(json!(found.transaction_hash), receipt["receipt"]["transactionHash"]);
    assert_eq!(found.user_operation["sender"], json!(wallet.address.to_checksum(None)));

    // The same bytes again are known, whatever became of them.
    let second = wallet.operation(FRIEND, 1, &[]);
    let hash = running.send(second.clone()).await;
    let again = running.admission.admit(second, ENTRY_POINT.address).await.expect_err("known");
    assert_eq!(again.into_refusal().code.code(), -32602);
    running.until(hash, "included").await;

    // One whose execution reverts is included too, pays, and says why.
    let failing = wallet.operation(scene.factory, 0, &[0xde, 0xad, 0xbe, 0xef]);
    let hash = running.send(failing).await;
    running.until(hash, "failed").await;
    let receipt = running.handle.lookup().receipt(hash).await.expect("readable").expect("included");
    assert_eq!(receipt["success"], false);
    assert!(receipt["reason"].is_string(), "{receipt}");
    assert!(running.health.is_green(), "{:?}", running.health.complaints());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_operations_of_several_senders_share_a_bundle_in_order() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(BuilderConfig { mode: BundlingMode::Manual, ..config() }).await;
    let mut one = Wallet::new(&scene.node, scene.factory).await;
    let mut two = Wallet::new(&scene.node, scene.factory).await;
    let mut hashes = Vec::new();
    for amount in 1..=3 {
        hashes.push(running.send(one.operation(FRIEND, amount, &[])).await);
        hashes.push(running.send(two.operation(FRIEND, 10 * amount, &[])).await);
    }
    let transaction =
        running.handle.send_bundle_now().await.expect("sent").expect("something to send");
    for hash in &hashes {
        running.until(*hash, "included").await;
        let record = running.pool.status(*hash).expect("readable").expect("known");
        assert_eq!(record.status.transaction(), Some(transaction), "all in one transaction");
    }
    assert_eq!(balance(&scene.node, FRIEND).await, U256::from(66));
    assert_eq!(running.handle.send_bundle_now().await.expect("answered"), None, "nothing is left");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_cannot_pay_any_more_is_dropped_and_the_others_go() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(BuilderConfig { mode: BundlingMode::Manual, ..config() }).await;
    let mut good = Wallet::new(&scene.node, scene.factory).await;
    let mut broke = Wallet::new(&scene.node, scene.factory).await;
    let included = running.send(good.operation(FRIEND, 5, &[])).await;
    let dropped = running.send(broke.operation(FRIEND, 5, &[])).await;
    broke.fund(U256::ZERO).await;
    let _: Value = scene.node.request("evm_mine", json!([])).await.expect("mined");
    let sent = running.handle.send_bundle_now().await.expect("sent");
    assert!(sent.is_some());
    running.until(included, "included").await;
    let reason = running.until(dropped, "dropped").await;
    assert!(reason.contains("AA21"), "{reason}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_reverts_on_the_chain_gives_its_operations_back() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(BuilderConfig { mode: BundlingMode::Manual, ..config() }).await;
    let mut good = Wallet::new(&scene.node, scene.factory).await;
    let mut broke = Wallet::new(&scene.node, scene.factory).await;
    let one = running.send(good.operation(FRIEND, 5, &[])).await;
    let other = running.send(broke.operation(FRIEND, 5, &[])).await;
    // The chain changes under the block that was simulated: what no simulation can see.
    broke.fund(U256::ZERO).await;
    running.handle.send_bundle_now().await.expect("sent").expect("something to send");
    let mut reason = String::new();
    for _ in 0..100 {
        reason = running.pool.status(one).expect("readable").expect("known").reason;
        if reason.contains("reverted on the chain") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(reason.contains("reverted on the chain"), "{reason}");
    // The next bundle is built on the block that shows it.
    running.handle.send_bundle_now().await.expect("sent").expect("something to send");
    running.until(one, "included").await;
    running.until(other, "dropped").await;
    running.stop().await;
}

fn code(error: writ_admission::AdmissionError) -> (i32, Option<String>) {
    let refusal = error.into_refusal();
    (refusal.code.code(), refusal.data.aa_code.or(refusal.data.field))
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_codes_and_leave_nothing_behind() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(BuilderConfig { mode: BundlingMode::Manual, ..config() }).await;
    let mut wallet = Wallet::new(&scene.node, scene.factory).await;
    let fair = wallet.operation(FRIEND, 1, &[]);
    let refused = async |operation: UserOperation| {
        code(running.admission.admit(operation, ENTRY_POINT.address).await.expect_err("refused"))
    };
    let signed = |change: &dyn Fn(&mut UserOperation)| {
        let mut operation = fair.clone();
        change(&mut operation);
        wallet.sign(operation)
    };

    let stranger = Wallet::new(&scene.node, scene.factory).await;
    assert_eq!(refused(stranger.sign(fair.clone())).await, (-32507, None));
    let cheap = signed(&|operation| operation.max_fee_per_gas = 1);
    assert_eq!(refused(cheap).await, (-32602, Some("maxPriorityFeePerGas".into())));
    let thin = signed(&|operation| operation.pre_verification_gas = U256::from(21_000));
    assert_eq!(refused(thin).await, (-32602, Some("preVerificationGas".into())));
    let ahead = signed(&|operation| operation.nonce = U256::from(1));
    assert_eq!(refused(ahead).await, (-32500, Some("AA25".into())));
    let starved = signed(&|operation| operation.verification_gas_limit = 20_000);
    assert!([-32500, -32502].contains(&refused(starved).await.0));
    let unknown = running.admission.admit(fair.clone(), FRIEND).await.expect_err("refused");
    assert_eq!(code(unknown), (-32602, Some("entryPoint".into())));
    assert!(running.pool.is_empty());

    // The control differs from each in that one thing.
    running.send(fair.clone()).await;
    let dearer = signed(&|operation| {
        operation.max_fee_per_gas = operation.max_fee_per_gas * 109 / 100;
        operation.max_priority_fee_per_gas = operation.max_priority_fee_per_gas * 109 / 100;
    });
    assert_eq!(refused(dearer).await.0, -32602, "nine percent do not replace");
    let dearer = signed(&|operation| {
        operation.max_fee_per_gas = operation.max_fee_per_gas * 110 / 100;
        operation.max_priority_fee_per_gas = operation.max_priority_fee_per_gas * 110 / 100;
    });
    running.send(dearer).await;
    assert_eq!(running.pool.len(), 1, "ten percent do");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_is_enough_and_close() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(config()).await;
    let mut wallet = Wallet::new(&scene.node, scene.factory).await;
    let operation = wallet.operation(FRIEND, 3, &[]);
    let mut partial = PartialUserOperation::from(operation.clone());
    partial.call_gas_limit = None;
    partial.verification_gas_limit = None;
    partial.pre_verification_gas = None;
    let estimate = running
        .admission
        .estimate(partial.clone(), ENTRY_POINT.address, Overrides::default())
        .await
        .expect("an estimate");
    let mut exact = operation;
    estimate.apply(&mut exact);
    let hash = running.send(wallet.sign(exact)).await;
    running.until(hash, "included").await;

    partial.call_data = Bytes::from_static(&[1, 2, 3, 4]);
    partial.nonce = U256::from(1);
    partial.factory = None;
    let reverts =
        running.admission.estimate(partial, ENTRY_POINT.address, Overrides::default()).await;
    assert_eq!(code(reverts.expect_err("reverts")).0, -32521);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_with_code_or_without_funds_is_named() {
    let scene = Scene::new(&[]).await;
    let running = scene.run(config()).await;
    let mut wallet = Wallet::new(&scene.node, scene.factory).await;
    let account = common::signer().address();
    let designation = "0xef01000000000000000000000000000000000000000001";
    let _: Value =
        scene.node.request("anvil_setCode", json!([account, designation])).await.expect("set");
    let hash = running.send(wallet.operation(FRIEND, 1, &[])).await;
    running.until_health(false).await;
    let complaint = running.health.complaints().remove(&Part::Signer).expect("about the signer");
    assert!(complaint.contains("has code"), "{complaint}");
    let _: Value = scene.node.request("anvil_setCode", json!([account, "0x"])).await.expect("set");
    running.until(hash, "included").await;
    running.until_health(true).await;

    let ten = balance(&scene.node, account).await;
    let _: Value =
        scene.node.request("anvil_setBalance", json!([account, "0x0"])).await.expect("set");
    let hash = running.send(wallet.operation(FRIEND, 1, &[])).await;
    running.until_health(false).await;
    let complaint = running.health.complaints().remove(&Part::Signer).expect("about the signer");
    assert!(complaint.contains("send it at least"), "{complaint}");
    let _: Value =
        scene.node.request("anvil_setBalance", json!([account, ten])).await.expect("set");
    running.until(hash, "included").await;
    running.stop().await;
}
