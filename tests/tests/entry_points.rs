//! Whole lives of operations under each of the four EntryPoints, served by one bundler.

use alloy::{
    primitives::{Address, B256, U256},
    sol_types::SolCall,
};
use serde_json::{Value, json};
use writ_bindings::{EntryPoint as EntryPointAbi, Erc20};
use writ_tests::{Account, Ground, ether, execute};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const INVALID_FIELDS: i64 = -32602;
const REJECTED: i64 = -32500;
const BAD_SIGNATURE: i64 = -32507;
const REVERTED: i64 = -32521;
const FRIEND: Address = Address::repeat_byte(0xf1);

fn address(address: Address) -> Value {
    json!(address.to_checksum(None))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bundler_serves_every_entry_point_that_the_chain_has() {
    let ground = Ground::start(PROGRAM).await;
    preference(&ground).await;
    let mut accounts = Vec::new();
    for entry_point in &ground.entry_points {
        let name = format!("owner of {}", entry_point.version);
        let account = ground.simple(entry_point.version, &name, ether(10)).await;
        creation(&ground, &account).await;
        failure(&ground, &account).await;
        refusals(&ground, &account).await;
        accounts.push(account);
    }
    replacement(&ground, &accounts).await;
    by_somebody_else(&ground, &accounts).await;
}

/// Not told otherwise it serves what is deployed, the newest first.
async fn preference(ground: &Ground) {
    let served = ground.bundler.must("eth_supportedEntryPoints", json!([])).await;
    let newest_first = ground.entry_points.iter().rev().map(|known| address(known.address));
    assert_eq!(served, Value::Array(newest_first.collect()));
}

/// The first operation creates its account and pays: estimate, sign, send, receipt, by hash.
async fn creation(ground: &Ground, account: &Account) {
    let before = ground.node.balance(FRIEND).await;
    let operation = ground.ready(account, execute(FRIEND, U256::from(7), vec![])).await;
    assert!(operation.factory.is_some(), "the account does not exist yet");
    let hash = ground.accept(&operation).await;
    assert_eq!(hash, account.hash(&operation, None));
    let receipt = ground.receipt(hash).await;
    assert_eq!(ground.node.balance(FRIEND).await, before + U256::from(7));

    assert_eq!(receipt["success"], true, "{receipt}");
    assert_eq!(receipt["userOpHash"], json!(hash));
    assert_eq!(receipt["entryPoint"], address(account.entry_point.address));
    assert_eq!(receipt["sender"], address(account.address));
    assert_eq!(receipt["nonce"], "0x0");
    assert_eq!(receipt["paymaster"], Value::Null);
    assert_eq!(receipt["reason"], "");
    let quantity = |name: &str| -> U256 {
        serde_json::from_value(receipt[name].clone())
            .unwrap_or_else(|_| panic!("{name}: {receipt}"))
    };
    let (cost, used) = (quantity("actualGasCost"), quantity("actualGasUsed"));
    assert!(cost >= used && used > U256::from(100_000), "{receipt}");
    assert!(cost <= operation.required_prefund(), "{receipt}");
    let logs = receipt["logs"].as_array().expect("logs");
    let last = logs.last().expect("the EntryPoint's own event is among them");
    assert_eq!(last["topics"][1], json!(hash));
    assert_eq!(receipt["receipt"]["from"], json!(ground.signer.address()));

    let found = ground.bundler.must("eth_getUserOperationByHash", json!([hash])).await;
    assert_eq!(found["userOperation"], operation.to_rpc(), "as it was sent");
    assert_eq!(found["entryPoint"], receipt["entryPoint"]);
    for name in ["blockNumber", "blockHash", "transactionHash"] {
        assert_eq!(found[name], receipt["receipt"][name], "{name}");
    }
    let legacy = found["userOperation"].get("initCode").is_some();
    assert_eq!(legacy, account.entry_point.version == EntryPointVersion::V06);
    let packed = found["userOperation"].get("factory").is_some();
    assert_eq!(packed, !legacy, "{found}");
}

/// A call that fails is refused by the estimate, and included as failed when its owner insists.
async fn failure(ground: &Ground, account: &Account) {
    let transfer = Erc20::transferCall { to: FRIEND, value: U256::from(1) }.abi_encode();
    let broke = ground.draft(account, execute(ground.token, U256::ZERO, transfer)).await;
    let at = account.entry_point.address;
    let params = json!([broke.to_rpc(), at]);
    let refused = ground.bundler.refused("eth_estimateUserOperationGas", params, REVERTED).await;
    let expected = format!("ERC20InsufficientBalance({}, 0, 1)", account.address);
    assert_eq!(refused.data["revertReason"], expected, "{}", refused.data);

    let gas =
        ground.estimated(ground.draft(account, execute(FRIEND, U256::from(1), vec![])).await).await;
    let insisted =
        UserOperation { call_data: broke.call_data, call_gas_limit: 200_000, ..gas.clone() };
    let insisted = account.signed(insisted);
    let hash = ground.accept(&insisted).await;
    let receipt = ground.receipt(hash).await;
    assert_eq!(receipt["success"], false, "{receipt}");
    assert_eq!(receipt["reason"], expected, "{receipt}");
    let status = ground.becomes(hash, "failed").await;
    assert_eq!(status["transactionHash"], receipt["receipt"]["transactionHash"]);

    // An error of the EntryPoint itself: a text before v0.9, since then a custom error with values.
    let too_much =
        EntryPointAbi::withdrawToCall { withdrawAddress: FRIEND, withdrawAmount: ether(9) };
    let greedy = execute(at, U256::ZERO, too_much.abi_encode());
    let mut greedy = UserOperation { call_data: greedy, call_gas_limit: 200_000, ..gas };
    greedy.nonce = ground.draft(account, Default::default()).await.nonce;
    let receipt = ground.receipt(ground.accept(&account.signed(greedy)).await).await;
    assert_eq!(receipt["success"], false, "{receipt}");
    let reason = receipt["reason"].as_str().expect("a reason");
    if account.entry_point.version == EntryPointVersion::V09 {
        assert!(reason.starts_with("InsufficientDeposit(currentDeposit "), "{reason}");
        assert!(reason.ends_with(&format!("withdrawAmount {})", ether(9))), "{reason}");
    } else {
        assert_eq!(reason, "Withdraw amount too large");
    }
}

/// The same words and codes under each EntryPoint.
async fn refusals(ground: &Ground, account: &Account) {
    let operation = ground.ready(account, execute(FRIEND, U256::from(1), vec![])).await;
    let stranger = Account { owner: writ_tests::key("stranger"), ..account.clone() };
    ground.refuses(&stranger.signed(operation.clone()), BAD_SIGNATURE).await;

    let ahead = UserOperation { nonce: operation.nonce + U256::from(1), ..operation.clone() };
    let refused = ground.refuses(&account.signed(ahead), REJECTED).await;
    assert_eq!(refused.data["aaCode"], "AA25", "{}", refused.data);

    // The sender exists: before v0.9 its factory is an error.
    if account.entry_point.version != EntryPointVersion::V09 {
        let again = UserOperation { factory: account.factory.clone(), ..operation.clone() };
        let again = UserOperation { pre_verification_gas: U256::from(200_000), ..again };
        let refused = ground.refuses(&account.signed(again), REJECTED).await;
        assert_eq!(refused.data["aaCode"], "AA10", "{}", refused.data);
    }

    // Written for one EntryPoint and sent to another.
    for other in ground.entry_points.iter().filter(|other| **other != account.entry_point) {
        let params = json!([operation.to_rpc(), other.address]);
        let expected = if other.version.is_packed() && operation.version.is_packed() {
            BAD_SIGNATURE
        } else {
            INVALID_FIELDS
        };
        // SimpleAccount listens to its own EntryPoint only, so that another one may fail earlier.
        match ground.bundler.client().call("eth_sendUserOperation", params).await {
            Err(Ok(failure)) => assert!(
                [expected, REJECTED].contains(&failure.code),
                "{} {}",
                failure.code,
                failure.message
            ),
            answer => panic!("{other} took {answer:?}"),
        }
    }
    ground.include(&operation).await;
}

/// Ten percent more on both fees take the place of a waiting operation, under each EntryPoint in the same way.
async fn replacement(ground: &Ground, accounts: &[Account]) {
    let mut ready = Vec::new();
    for account in accounts {
        ready.push(ground.ready(account, execute(FRIEND, U256::from(1), vec![])).await);
    }
    ground.hold().await;
    let mut replaced = Vec::new();
    for (account, operation) in accounts.iter().zip(&ready) {
        let raised = |percent: u128| {
            account.signed(UserOperation {
                max_fee_per_gas: operation.max_fee_per_gas * percent / 100,
                max_priority_fee_per_gas: (operation.max_priority_fee_per_gas * percent)
                    .div_ceil(100),
                ..operation.clone()
            })
        };
        let first = ground.accept(operation).await;
        ground.refuses(operation, INVALID_FIELDS).await;
        let refused = ground.refuses(&raised(109), INVALID_FIELDS).await;
        assert_eq!(refused.data["userOpHash"], json!(first), "{}", refused.data);
        let second = ground.accept(&raised(111)).await;
        let status = ground.becomes(first, "dropped").await;
        assert_eq!(status["reason"], format!("replaced by {second}"));
        replaced.push(second);
    }
    ground.release().await;
    for hash in replaced {
        let receipt = ground.receipt(hash).await;
        assert_eq!(receipt["success"], true, "{receipt}");
    }
}

/// An operation that waits here and that another bundler includes is found all the same.
async fn by_somebody_else(ground: &Ground, accounts: &[Account]) {
    for account in accounts {
        let operation = ground.ready(account, execute(FRIEND, U256::from(1), vec![])).await;
        ground.hold().await;
        let hash = ground.accept(&operation).await;
        let calldata = writ_types::handle_ops_calldata(std::slice::from_ref(&operation), FRIEND);
        let EntryPoint { address: at, .. } = account.entry_point;
        let sent = ground.node.send(at, calldata.expect("one version"), U256::ZERO).await;
        let receipt = ground.receipt(hash).await;
        assert_eq!(receipt["receipt"]["transactionHash"], sent["transactionHash"]);
        let transaction: B256 =
            serde_json::from_value(sent["transactionHash"].clone()).expect("a hash");
        let found = ground.bundler.must("eth_getUserOperationByHash", json!([hash])).await;
        assert_eq!(found["transactionHash"], json!(transaction));
        ground.release().await;
    }
}
