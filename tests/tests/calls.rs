//! Calls off the ERC-4337 path, end to end: `writ_attestCall` of a real bundler, real operators, a guarded vault, Safes under
//! their guards.

use alloy::{
    primitives::{Address, Bytes, U256, address},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::SolCall,
};
use serde_json::{Value, json};
use writ_bindings::Erc20;
use writ_tests::{Protected, SafeVersion, World};
use writ_types::{AttestableCall, CallPath, ProtectedCall};

sol! {
    function multicall(bytes[] data) returns (bytes[] results);
    function redeem(uint256 shares, address receiver, address owner) returns (uint256 assets);
}

/// Accounts that anvil holds unlocked, beside those of the World.
const CUSTOMER: Address = address!("90F79bf6EB2c4f870365E785982E1f101E93b906");
const STRANGER: Address = address!("15d34AAf54267DB7D7c367839AAf71A00a2C6A65");
const RECIPIENT: Address = address!("7777777777777777777777777777777777777777");

fn bytes(value: &Value) -> Bytes {
    serde_json::from_value(value.clone()).expect("bytes")
}

fn data_of(call: &AttestableCall) -> Bytes {
    match &call.call {
        ProtectedCall::Contract(call) => call.data.clone(),
        other => panic!("{other:?}"),
    }
}

async fn tokens(protected: &Protected, token: Address, holder: Address) -> U256 {
    protected.node().read(token, Erc20::balanceOfCall { account: holder }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_and_safes_get_what_their_contracts_demand() {
    let mut world = World::start(env!("CARGO_BIN_EXE_writ-under-test")).await;
    let protected = Protected::on(&world).await;
    vault(&world, &protected).await;
    for version in [SafeVersion::V150, SafeVersion::V141] {
        safe(&world, &protected, version).await;
    }
    operators_that_are_down(&mut world, &protected).await;
}

async fn vault(world: &World, protected: &Protected) {
    let vault = protected.vault(&[CUSTOMER, STRANGER], CUSTOMER).await;
    let ask = |call: &AttestableCall| json!([call.to_rpc()]);

    // Presented and made in one transaction.
    let call = protected.deposit(vault, CUSTOMER, 100, CallPath::Presented);
    assert!(!protected.send_from(CUSTOMER, vault, data_of(&call)).await, "it is guarded");
    let attested = world.must("writ_attestCall", ask(&call)).await;
    assert_eq!(attested["enforcer"], json!(vault.to_checksum(None)));
    assert_eq!(attested["action"]["caller"], json!(CUSTOMER.to_checksum(None)));
    assert_eq!(attested["signers"].as_array().map(Vec::len), Some(2));
    assert_eq!(attested["transaction"]["to"], json!(vault.to_checksum(None)));
    let present = bytes(&attested["transaction"]["data"]);
    let both = multicallCall { data: vec![present.clone(), data_of(&call)] }.abi_encode();
    assert!(!protected.send_from(STRANGER, vault, both.clone()).await, "for one caller");
    assert!(protected.send_from(CUSTOMER, vault, both.clone()).await);
    assert_eq!(tokens(protected, vault, CUSTOMER).await, U256::from(100));
    assert!(!protected.send_from(CUSTOMER, vault, both).await, "once");
    let used = world.refused("writ_attestCall", ask(&call), -32602).await;
    assert_eq!(used.data["field"], "nonce", "{}", used.message);

    // Anybody finds the decision, with everything that it rests on.
    let decision = world.must("writ_getDecision", json!([attested["actionHash"]])).await;
    assert_eq!(decision["decision"], "allow");
    assert_eq!(decision["evidence"], attested["evidence"]);
    assert_eq!(decision["callAction"], attested["action"]);
    assert_eq!(decision["userOpHash"], Value::Null);
    let document = bytes(&decision["document"]);
    assert_eq!(json!(alloy::primitives::keccak256(&document)), decision["evidence"]);

    // Posted by somebody else.
    let call = protected.deposit(vault, CUSTOMER, 50, CallPath::Posted);
    let attested = world.must("writ_attestCall", ask(&call)).await;
    let again = world.must("writ_attestCall", ask(&call)).await;
    assert_eq!(again["attestation"], attested["attestation"], "the recorded one");
    assert!(protected.send_from(STRANGER, vault, bytes(&attested["transaction"]["data"])).await);
    assert!(!protected.send_from(STRANGER, vault, data_of(&call)).await);
    assert!(protected.send_from(CUSTOMER, vault, data_of(&call)).await);
    assert!(!protected.send_from(CUSTOMER, vault, data_of(&call)).await, "once");
    assert_eq!(tokens(protected, vault, CUSTOMER).await, U256::from(150));

    // Denied by the policy: no attestation, and on the chain nothing happens.
    let call = protected.deposit(vault, STRANGER, 9, CallPath::Presented);
    let denied = world.refused("writ_attestCall", ask(&call), -32532).await;
    let reason = format!("{STRANGER:?} is not among those who may call");
    assert_eq!(denied.data["reasons"], json!([reason]), "{}", denied.message);
    assert!(!protected.send_from(STRANGER, vault, data_of(&call)).await);
    let decision = world.must("writ_getDecision", json!([denied.data["evidence"]])).await;
    assert_eq!(decision["decision"], "deny");

    // Named for what they are, before any operator is asked.
    let good = protected.deposit(vault, CUSTOMER, 7, CallPath::Presented).to_rpc();
    for (field, value, code, named) in [
        ("chainId", json!("0x1"), -32602, Some("chainId")),
        ("context", json!(U256::MAX), -32602, Some("context")),
        ("value", json!(U256::MAX), -32602, Some("value")),
        ("data", json!("0x0"), -32602, Some("data")),
        ("data", json!(format!("0x{}", "00".repeat(70_000))), -32602, Some("data")),
        ("operators", json!([]), -32602, Some("operators")),
        ("contract", json!(RECIPIENT), -32530, None),
        ("contract", json!(world.token()), -32530, None),
        ("value", json!("0x1"), -32521, None),
        // A view, for which nobody asks.
        ("data", json!("0x01e1d114"), -32530, None),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let failure = world.refused("writ_attestCall", json!([wrong]), code).await;
        if let Some(named) = named {
            assert_eq!(failure.data["field"], named, "{}", failure.message);
        }
    }

    // Exits stay open.
    let shares = U256::from(150);
    let out = redeemCall { shares, receiver: CUSTOMER, owner: CUSTOMER }.abi_encode();
    assert!(protected.send_from(CUSTOMER, vault, out).await);
    assert_eq!(tokens(protected, vault, CUSTOMER).await, U256::ZERO);
}

async fn safe(world: &World, protected: &Protected, version: SafeVersion) {
    let owner = PrivateKeySigner::random();
    let safe = protected.safe(version, &owner, RECIPIENT).await;
    let first = if version == SafeVersion::V150 { 3 } else { 2 };
    let transfer = |nonce, to, value| protected.transaction(safe, &owner, nonce, to, value, vec![]);
    let asked = |path, transaction: &writ_types::SafeTransaction| {
        let call = ProtectedCall::Safe(transaction.clone());
        json!([AttestableCall { chain_id: None, path, call }.to_rpc()])
    };
    let before = protected.node().balance(RECIPIENT).await;

    // Behind the owner's signature: ready to be sent by anybody.
    let pays = transfer(first, RECIPIENT, 5);
    assert!(!protected.execute(&pays, &pays.signatures).await, "it is guarded");
    let attested = world.must("writ_attestCall", asked(CallPath::Presented, &pays)).await;
    let hash = pays.hash(writ_node::dev::CHAIN_ID);
    assert_eq!(attested["action"]["context"], json!(hash));
    assert_eq!(attested["transaction"]["to"], json!(safe.to_checksum(None)));
    let signatures = bytes(&attested["signatures"]);
    let moved = transfer(first, RECIPIENT, 6);
    let moved_signatures = [&moved.signatures[..], &bytes(&attested["attestation"])[..]].concat();
    assert!(!protected.execute(&moved, &moved_signatures.into()).await, "for one transaction");
    assert!(protected.send_from(STRANGER, safe, bytes(&attested["transaction"]["data"])).await);
    assert!(!protected.execute(&pays, &signatures).await, "once");
    assert_eq!(protected.node().balance(RECIPIENT).await, before + U256::from(5));
    let decision = world.must("writ_getDecision", json!([hash])).await;
    assert_eq!(decision["callAction"], attested["action"]);
    let over = world.refused("writ_attestCall", asked(CallPath::Presented, &pays), -32602).await;
    assert_eq!(over.data["field"], "nonce");

    // Posted.
    let pays = transfer(first + 1, RECIPIENT, 7);
    let attested = world.must("writ_attestCall", asked(CallPath::Posted, &pays)).await;
    assert!(attested.get("signatures").is_none());
    let to: Address = serde_json::from_value(attested["transaction"]["to"].clone()).expect("one");
    assert!(protected.send_from(STRANGER, to, bytes(&attested["transaction"]["data"])).await);
    assert!(protected.execute(&pays, &pays.signatures).await);
    assert_eq!(protected.node().balance(RECIPIENT).await, before + U256::from(12));

    // Denied, and what is none of the owner's.
    let denied = transfer(first + 2, STRANGER, 1);
    let failure =
        world.refused("writ_attestCall", asked(CallPath::Presented, &denied), -32532).await;
    assert!(failure.message.contains("may not receive"), "{}", failure.message);
    assert!(!protected.execute(&denied, &denied.signatures).await);
    let mut forged = transfer(first + 2, RECIPIENT, 1);
    forged.signatures = transfer(first + 2, RECIPIENT, 2).signatures;
    world.refused("writ_attestCall", asked(CallPath::Presented, &forged), -32521).await;
    let mut other = transfer(first + 2, RECIPIENT, 1);
    other.safe_tx_hash = Some(hash);
    let failure =
        world.refused("writ_attestCall", asked(CallPath::Presented, &other), -32602).await;
    assert_eq!(failure.data["field"], "safeTxHash");
}

async fn operators_that_are_down(world: &mut World, protected: &Protected) {
    let vault = protected.vault(&[CUSTOMER], CUSTOMER).await;
    let call = protected.deposit(vault, CUSTOMER, 3, CallPath::Presented);
    for operator in &mut world.network.operators[1..] {
        operator.kill().await.expect("it ends");
    }
    let failure = world.refused("writ_attestCall", json!([call.to_rpc()]), -32534).await;
    assert!(failure.message.contains("1 of the 2"), "{}", failure.message);
    assert!(!protected.send_from(CUSTOMER, vault, data_of(&call)).await);
    // The one that decided decides the same again, at the block that it decided at.
    world.network.operators[2].restart().await.expect("it starts");
    let attested = world.must("writ_attestCall", json!([call.to_rpc()])).await;
    assert_eq!(attested["signers"].as_array().map(Vec::len), Some(2));
}
