//! A bundler without a key: an account that the node holds unlocked sends the bundles.

use alloy::{
    primitives::{Address, U256},
    sol_types::SolValue,
};
use serde_json::{Value, json};
use writ_simulation::test_utils::artifact;
use writ_tests::{
    Account, Ground, INCLUSION_LIMIT, RICH, Rpc, complaint, ether, execute, key, writ,
};
use writ_types::{EIP7702_FACTORY, EntryPointVersion, Factory, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_node_sends_the_bundles() {
    let ground = Ground::start(PROGRAM).await;
    // Only the other bundler sends.
    ground.hold().await;
    let arguments = arguments(&ground, &[format!("--signer-address={RICH}")]);
    let (_process, bundler) = ground.second(PROGRAM, &arguments).await;

    let version = ground.entry_points.last().expect("an EntryPoint").version;
    let account = ground.simple(version, "by the node", ether(10)).await;
    let plain = ground.ready(&account, execute(Address::repeat_byte(1), U256::from(1), vec![]));
    let receipt = included(&bundler, &plain.await).await;
    assert_eq!(sender_and_type(&ground, &receipt).await, (RICH, "0x2".to_owned()));

    // A transaction of type 4 is signed by the node just so.
    let entry_point = ground.entry_point(EntryPointVersion::V08).expect("v0.8 is deployed");
    let code = artifact(entry_point.version, "Simple7702Account").to_vec();
    let delegate = ground.node.create(&[code, entry_point.address.abi_encode()].concat()).await;
    let owner = key("delegated, by the node");
    ground.node.set_balance(owner.address(), ether(10)).await;
    let account = Account::delegated(entry_point, owner);
    let draft = ground.draft(&account, execute(Address::repeat_byte(2), U256::from(1), vec![]));
    let draft = UserOperation {
        factory: Some(Factory { address: EIP7702_FACTORY, data: Default::default() }),
        authorization: Some(account.tuple(delegate, 0)),
        ..draft.await
    };
    let operation = account.signed(ground.estimated(draft).await);
    let receipt = included(&bundler, &operation).await;
    assert_eq!(sender_and_type(&ground, &receipt).await, (RICH, "0x4".to_owned()));

    // Whoever the node does not hold, and whoever is named twice or not at all, is refused by name.
    let stranger = Address::repeat_byte(0x77);
    for (signer, expected) in [
        (vec![format!("--signer-address={stranger}")], "does not hold account"),
        (
            vec![format!("--signer-address={RICH}"), "--signer-key-file=/nowhere".to_owned()],
            "leave one out",
        ),
        (vec![], "--signer-address"),
    ] {
        let said = complaint(&writ(PROGRAM, &self::arguments(&ground, &signer), None).await);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

/// The bundler's command line with this signer instead of the key.
fn arguments(ground: &Ground, signer: &[String]) -> Vec<String> {
    let mut arguments = ground.arguments_with(&[]);
    arguments.retain(|argument| !argument.starts_with("--signer-key-file="));
    arguments.extend(signer.iter().cloned());
    arguments
}

async fn included(bundler: &Rpc, operation: &UserOperation) -> Value {
    let at = writ_types::EntryPoint::canonical(operation.version).address;
    let hash = bundler.must("eth_sendUserOperation", json!([operation.to_rpc(), at])).await;
    let hash = serde_json::from_value(hash).expect("a hash");
    let receipt = bundler.client().receipt(hash, INCLUSION_LIMIT).await;
    let receipt = receipt.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(receipt["success"], true, "{receipt}");
    receipt
}

async fn sender_and_type(ground: &Ground, receipt: &Value) -> (Address, String) {
    let hash = receipt["receipt"]["transactionHash"].clone();
    let transaction = ground.node.must("eth_getTransactionByHash", json!([hash])).await;
    let sender = serde_json::from_value(transaction["from"].clone()).expect("an address");
    (sender, transaction["type"].as_str().expect("a type").to_owned())
}
