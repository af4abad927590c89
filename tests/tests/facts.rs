//! Facts through the bundler's RPC: a second person's approval is asked for, given, moved elsewhere and refused, and enforced.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::{SignerSync as _, local::PrivateKeySigner},
    sol_types::SolStruct as _,
};
use serde_json::{Value, json};
use writ_attestation::AccountKind;
use writ_bindings::{EntryPoint as EntryPointAbi, WritModule, installation_data};
use writ_facts::{Statement, domain};
use writ_node::dev::{CHAIN_ID, Wallet};
use writ_policy::{PolicyStore, policy_commitment};
use writ_tests::{Node, World, create_account, ether, execute_in, root, single, versions_of};
use writ_types::{EntryPoint, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const INVALID: i64 = -32602;
const DENIED: i64 = -32532;
const FRIEND: Address = Address::repeat_byte(0xf1);
const LIMIT: u64 = 1_000;

fn approver() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x5e)).expect("a key")
}

/// An account that needs a second person above [`LIMIT`] wei.
async fn account(world: &World, node: &mut Node) -> Wallet {
    let kind = AccountKind::OpenZeppelin;
    let entry_point = EntryPoint::canonical(versions_of(kind)[0]);
    let policies = PolicyStore::open(&root().join("policies")).expect("the policies of the tree");
    let policy = policies.by_name("two-person-approval").expect("it is in the tree");
    let parameters = json!({
        "approvers": [format!("{:?}", approver().address())],
        "limits": [{"kind": "native", "asset": format!("{:?}", Address::ZERO), "above": LIMIT}],
        "validFor": 300,
    });
    let parameters = policy.parameters_from_json(&parameters.to_string()).expect("they fit");
    let reference = WritModule::PolicyReference {
        policyId: policy.policy_id(),
        parameters: parameters.encoded().to_vec().into(),
    };
    let stage = &world.network.stage;
    let mut configuration = stage.configuration_v08.clone();
    configuration.entryPoint = entry_point.address;
    configuration.policy = policy_commitment(&[(policy.policy_id(), parameters.hash())]);
    configuration.readsHistory = false;
    let data = installation_data(&configuration, &[reference]);
    let account = create_account(node, kind, entry_point, data);
    node.set_balance(account, ether(1)).await;
    let deposit = EntryPointAbi::depositToCall { account };
    let deposit = alloy::sol_types::SolCall::abi_encode(&deposit);
    node.send(entry_point.address, deposit.into(), ether(1)).await;
    let (owner, url) = (world.network.owner.clone(), world.network.chain.url().clone());
    Wallet::new(account, entry_point, stage.module, owner, CHAIN_ID, url, world.client())
}

/// A signed operation that sends wei.
async fn sending(wallet: &Wallet, lane: u32, amount: u64) -> UserOperation {
    let data = execute_in([0, 0], &single(FRIEND, U256::from(amount), &[]));
    wallet.prepare(data, lane).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The approval of an action that lets `most` wei leave, valid for ten minutes of the chain's time.
fn approval(wallet: &Wallet, action: B256, most: u64, now: u64) -> Value {
    let statement = Statement {
        issuer: approver().address(),
        account: wallet.account,
        action,
        name: "approval".to_owned(),
        value: format!(
            r#"[{{"asset":"{0:?}","id":0,"kind":"native","maxOut":{most},"spender":"{0:?}"}}]"#,
            Address::ZERO
        ),
        validAfter: now,
        validUntil: now + 600,
        id: action,
    };
    let digest = statement.eip712_signing_hash(&domain(CHAIN_ID));
    let signature = approver().sign_hash_sync(&digest).expect("signs");
    json!({ "approval": {
        "kind": "statement", "issuer": statement.issuer, "account": statement.account, "action": action,
        "value": statement.value, "validAfter": format!("{:#x}", statement.validAfter),
        "validUntil": format!("{:#x}", statement.validUntil), "id": statement.id,
        "signature": Bytes::from(signature.as_bytes().to_vec()),
    } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_persons_approval_travels_with_the_operation() {
    let world = World::start(PROGRAM).await;
    let mut node = Node::new(world.network.chain.url().clone());
    let wallet = account(&world, &mut node).await;
    let at = wallet.entry_point.address;
    let action_of = async |operation: &UserOperation| {
        let asked = world.must("writ_evaluate", json!([operation.to_rpc(), at])).await;
        let action: B256 = serde_json::from_value(asked["action"].clone()).expect("an action");
        (asked, action)
    };
    let block = world.anvil("eth_getBlockByNumber", json!(["latest", false])).await;
    let now: U256 = serde_json::from_value(block["timestamp"].clone()).expect("a time");
    let now = now.to::<u64>();

    let policy = world.must("writ_getPolicy", json!([wallet.account])).await;
    let asked = &policy["policies"][0]["requiredFacts"][0];
    assert_eq!((&asked["name"], &asked["binding"]), (&json!("approval"), &json!("action")));

    // Up to the limit nobody is asked.
    world.include(&wallet, &sending(&wallet, 0, LIMIT).await).await;

    // Above, an ordinary client is told what is missing.
    let large = sending(&wallet, 1, LIMIT + 1).await;
    let failure = world.refuses(&wallet, &large, DENIED).await;
    let told = failure.data["reasons"][0].as_str().expect("a reason");
    assert!(told.ends_with("1001 would leave, the approval is missing"), "{told}");
    let (asked, action) = action_of(&large).await;
    assert_eq!(asked["decision"], "deny");

    let send = |operation: &UserOperation, facts: &Value| json!([operation.to_rpc(), at, facts]);
    let good = approval(&wallet, action, LIMIT + 1, now);
    let low = approval(&wallet, action, LIMIT, now);
    let failure = world.refused("eth_sendUserOperation", send(&large, &low), DENIED).await;
    assert!(
        failure.data["reasons"][0]
            .as_str()
            .is_some_and(|told| told.contains("more than what was approved"))
    );
    // Of another operation, which sends the same.
    let other = sending(&wallet, 2, LIMIT + 1).await;
    let failure = world.refused("eth_sendUserOperation", send(&other, &good), DENIED).await;
    assert!(
        failure.data["reasons"][0]
            .as_str()
            .is_some_and(|told| told.ends_with("the approval is other-subject"))
    );
    // What is no fact is refused by its field, and nothing is asked.
    let failure = world
        .refused("eth_sendUserOperation", send(&large, &json!({"approval": {}})), INVALID)
        .await;
    assert!(failure.message.contains("facts.approval.kind"), "{}", failure.message);

    // With the operation.
    let hash = world.must("eth_sendUserOperation", send(&large, &good)).await;
    world.receipt(serde_json::from_value(hash).expect("a hash")).await;

    // Or before it, for a client that knows nothing of facts, and for any bundler.
    let (_, action) = action_of(&other).await;
    let facts = approval(&wallet, action, LIMIT + 1, now);
    let attested = world.must("writ_attest", send(&other, &facts)).await;
    let attested = UserOperation::from_rpc(&attested, wallet.entry_point.version).expect("one");
    world.include(&wallet, &attested).await;
}
