//! Writ's own methods, and the names under which other bundlers' clients look for them.

use std::time::Duration;

use alloy::primitives::{B256, U256, keccak256};
use serde_json::{Value, json};
use writ_node::dev::{Wallet, tokens};
use writ_tests::{World, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const DENIED: i64 = -32532;

fn text(value: &Value) -> String {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

fn quantity(value: &Value) -> U256 {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_told_in_words_and_applied_as_told() {
    let world = World::start(PROGRAM).await;
    policy(&world).await;
    evaluation(&world).await;
    decisions(&world).await;
    other_names(&world).await;
    several_at_once(&world).await;
}

async fn policy(world: &World) {
    let stage = &world.network.stage;
    let view = world.must("writ_getPolicy", json!([stage.account_v08])).await;
    assert_eq!(view["module"], json!(stage.module.to_checksum(None)), "{view}");
    let policies = view["policies"].as_array().expect("policies");
    assert_eq!(policies.len(), 1, "{view}");
    assert_eq!(policies[0]["name"], "agent-spending");
    let words = text(&policies[0]["description"]);
    for part in ["DEMO", "100", "200"] {
        assert!(words.contains(part), "{part} is not in: {words}");
    }
    // Amounts are beyond what a double holds: they arrive as exact decimal text.
    assert_eq!(policies[0]["parameters"]["limits"][0]["perOperation"], "100000000000000000000");
    let configuration = &view["configuration"]["configuration"];
    assert_eq!(quantity(&configuration["threshold"]), U256::from(2), "{view}");
    // Control: an account that is none has no policy, and that is no error.
    let nobody = alloy::primitives::Address::repeat_byte(3);
    let view = world.must("writ_getPolicy", json!([nobody])).await;
    assert_eq!(view["module"], Value::Null, "{view}");
    assert_eq!(view["policies"], json!([]), "{view}");
}

async fn evaluation(world: &World) {
    let wallet = world.v08();
    let nonce = wallet.next_nonce(0).await.expect("a nonce");
    let to = alloy::primitives::Address::repeat_byte(9);
    let evaluate = async |amount: U256| {
        let call_data = Wallet::transfer(world.token(), to, amount);
        let stub = format!("0x{}1b", "11".repeat(64));
        let draft = json!({
            "sender": wallet.account, "nonce": nonce, "callData": call_data, "signature": stub,
        });
        world.must("writ_evaluate", json!([draft, wallet.entry_point.address])).await
    };
    let allowed = evaluate(tokens(99)).await;
    assert_eq!(allowed["decision"], "allow", "{allowed}");
    assert_eq!(allowed["signatureChecked"], false);
    let token = json!(world.token().to_checksum(None));
    let bounds = allowed["bounds"].as_array().expect("bounds");
    let bound = bounds.iter().find(|bound| bound["asset"] == token).expect("the token is bound");
    assert_eq!(quantity(&bound["maxOut"]), tokens(99), "{allowed}");
    assert_eq!(allowed["effects"]["tokens"].as_array().map(Vec::len), Some(1), "{allowed}");

    let denied = evaluate(tokens(101)).await;
    assert_eq!(denied["decision"], "deny", "{denied}");
    assert!(text(&denied["reasons"]).contains("per-operation"), "{denied}");
    // Asking costs nothing: the nonce is where it was, and the day's limit too.
    assert_eq!(wallet.next_nonce(0).await.expect("a nonce"), nonce);
    assert_eq!(evaluate(tokens(99)).await["decision"], "allow");
}

async fn decisions(world: &World) {
    let wallet = world.v08();
    let amount = tokens(60);
    let operation = world.transfer_of(&wallet, 0, amount).await;
    let hash = wallet.hash(&operation).expect("a hash");
    assert!(
        world.must("writ_getDecision", json!([hash])).await.is_null(),
        "nothing is decided yet"
    );
    world.include(&wallet, &operation).await;

    let decision = world.must("writ_getDecision", json!([hash])).await;
    assert_eq!(decision["decision"], "allow", "{decision}");
    assert_eq!(decision["userOpHash"], json!(hash));
    assert_eq!(decision["signers"].as_array().map(Vec::len), Some(2), "{decision}");
    let operators: Vec<String> =
        world.network.operators.iter().map(|one| one.address().to_checksum(None)).collect();
    for signer in decision["signers"].as_array().expect("signers") {
        assert!(operators.iter().any(|known| signer == known), "{signer}");
    }
    assert!(quantity(&decision["validUntil"]) > quantity(&decision["validAfter"]), "{decision}");
    // The evidence is the document that its hash says, found by that hash too.
    let document: alloy::primitives::Bytes =
        serde_json::from_value(decision["document"].clone()).expect("a document");
    assert_eq!(json!(keccak256(&document)), decision["evidence"]);
    let same = world.must("writ_getDecision", json!([decision["evidence"]])).await;
    assert_eq!(same, decision);

    let status = world.must("writ_getUserOperationStatus", json!([hash])).await;
    assert_eq!(status["status"], "included", "{status}");
    assert_eq!(status["gate"], "enforced", "{status}");
    let receipt = world.must("eth_getUserOperationReceipt", json!([hash])).await;
    assert_eq!(status["transactionHash"], receipt["receipt"]["transactionHash"]);
    assert_eq!(status["blockNumber"], receipt["receipt"]["blockNumber"]);

    // A denial is a decision as well, with its reasons and its signers.
    let over = world.transfer_of(&wallet, 0, tokens(150)).await;
    let failure = world.refuses(&wallet, &over, DENIED).await;
    assert!(text(&failure.data["reasons"]).contains("per-operation"), "{}", failure.data);
    let denial = world.must("writ_getDecision", json!([failure.data["evidence"]])).await;
    assert_eq!(denial["decision"], "deny", "{denial}");
    assert_eq!(denial["reasons"], failure.data["reasons"]);
    assert!(denial["signers"].as_array().is_some_and(|signers| signers.len() >= 2), "{denial}");
    let refused = wallet.hash(&over).expect("a hash");
    let status = world.must("writ_getUserOperationStatus", json!([refused])).await;
    assert!(status.is_null(), "a refused operation is not kept: {status}");
}

async fn other_names(world: &World) {
    let version = world.must("web3_clientVersion", json!([])).await;
    assert!(version.as_str().is_some_and(|text| text.starts_with("writ/")), "{version}");
    assert_eq!(world.must("eth_chainId", json!([])).await, "0x7a69");
    let served = world.must("eth_supportedEntryPoints", json!([])).await;
    let [v08, v07] = [world.v08(), world.v07()]
        .map(|wallet| json!(wallet.entry_point.address.to_checksum(None)));
    assert_eq!(served, json!([v08, v07]));

    let prices = world.must("pimlico_getUserOperationGasPrice", json!([])).await;
    for level in ["slow", "standard", "fast"] {
        let [fee, tip] =
            ["maxFeePerGas", "maxPriorityFeePerGas"].map(|name| quantity(&prices[level][name]));
        assert!(fee >= tip && fee > U256::ZERO, "{prices}");
    }
    let tip = world.must("rundler_maxPriorityFeePerGas", json!([])).await;
    assert!(quantity(&tip) <= quantity(&prices["fast"]["maxFeePerGas"]), "{tip} {prices}");

    // The other service's words for where an operation is.
    let unknown = world.must("pimlico_getUserOperationStatus", json!([B256::repeat_byte(1)])).await;
    assert_eq!(unknown["status"], "not_found");
    let wallet = world.v07();
    let operation = world.transfer(&wallet, 0).await;
    world.anvil("evm_setAutomine", json!([false])).await;
    let hash = world.accept(&wallet, &operation).await;
    let status = async |wanted: &'static str| {
        eventually(wanted, Duration::from_secs(30), async || {
            let status = world.must("pimlico_getUserOperationStatus", json!([hash])).await;
            (status["status"] == wanted).then_some(status)
        })
        .await
    };
    let submitted = status("submitted").await;
    assert!(submitted["transactionHash"].is_string(), "{submitted}");
    // While it is pending there is neither operation nor receipt to be had, as deployed clients expect.
    for method in ["eth_getUserOperationByHash", "eth_getUserOperationReceipt"] {
        assert!(world.must(method, json!([hash])).await.is_null(), "{method}");
    }
    world.anvil("evm_setAutomine", json!([true])).await;
    world.anvil("evm_mine", json!([])).await;
    world.receipt(hash).await;
    assert_eq!(status("included").await["transactionHash"], submitted["transactionHash"]);
}

/// Operations of one account under several nonce keys, each estimated, attested and taken while the others wait.
async fn several_at_once(world: &World) {
    let wallet = world.v08();
    world.anvil("evm_setAutomine", json!([false])).await;
    let mut hashes = Vec::new();
    for lane in 10..12 {
        let operation = world.transfer(&wallet, lane).await;
        hashes.push(world.accept(&wallet, &operation).await);
    }
    // The day's limit counts those that wait: 60 are spent, so that of two more of 90 only one fits.
    let (one, other) = (tokens(90), tokens(90));
    let fits = world.transfer_of(&wallet, 14, one).await;
    hashes.push(world.accept(&wallet, &fits).await);
    let over = world.transfer_of(&wallet, 15, other).await;
    let failure = world.refuses(&wallet, &over, DENIED).await;
    assert!(text(&failure.data["reasons"]).contains("daily limit"), "{}", failure.data);
    world.anvil("evm_setAutomine", json!([true])).await;
    world.anvil("evm_mine", json!([])).await;
    for hash in hashes {
        world.receipt(hash).await;
    }
}
