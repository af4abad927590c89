//! What only EntryPoint v0.9 has: validity in block numbers, initCode for a sender that exists, custom errors.

use alloy::{
    primitives::{Address, U256},
    sol_types::{SolCall, SolValue},
};
use serde_json::json;
use writ_bindings::{DevWindowValidator, Erc7579Account, dev_account_creation_code};
use writ_tests::{Account, Ground, ether, execute, key};
use writ_types::{EntryPoint, EntryPointVersion, Paymaster, UserOperation, handle_ops_calldata};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const REJECTED: i64 = -32500;
const OUT_OF_RANGE: i64 = -32503;
const FLAG: u64 = 0x8000_0000_0000;
const FRIEND: Address = Address::repeat_byte(0xf1);

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_counted_and_existing_senders_may_be_deployed() {
    let ground = Ground::start(PROGRAM).await;
    let Some(entry_point) = ground.entry_point(EntryPointVersion::V09) else { return };
    account_windows(&ground, entry_point).await;
    paymaster_windows(&ground, entry_point).await;
    init_code_of_an_existing_sender(&ground).await;
    deployment_in_front(&ground).await;
    errors_with_values(&ground).await;
}

/// An account whose validator returns the window that is written before the owner's signature.
async fn windowed(ground: &Ground, entry_point: EntryPoint) -> Account {
    let owner = key("owner of a window");
    let validator = ground.node.create(&DevWindowValidator::BYTECODE).await;
    let code = dev_account_creation_code(
        entry_point.address,
        validator,
        owner.address().abi_encode().into(),
        Address::ZERO,
    );
    let address = ground.node.create(&code).await;
    ground.node.set_balance(address, ether(10)).await;
    // OpenZeppelin's account reads the validator from the 20 highest bytes of the nonce.
    let nonce_key = U256::from_be_slice(validator.as_slice()) << 32;
    Account { nonce_key, ..Account::new(address, entry_point, None, owner) }
}

fn within(account: &Account, after: u64, until: u64) -> Account {
    let prefix = [&after.to_be_bytes()[2..], &until.to_be_bytes()[2..]].concat();
    Account { prefix: prefix.into(), ..account.clone() }
}

async fn account_windows(ground: &Ground, entry_point: EntryPoint) {
    let account = windowed(ground, entry_point).await;
    let call = [FRIEND.as_slice(), &[0; 32]].concat();
    let call =
        Erc7579Account::executeCall { mode: Default::default(), executionCalldata: call.into() };
    let call_data: alloy::primitives::Bytes = call.abi_encode().into();
    ground.node.mine(20).await;
    let estimating = within(&account, 0, 0);
    let gas = ground.estimated(ground.draft(&estimating, call_data.clone()).await).await;
    let now = ground.node.block_number().await;
    for (after, until, values) in [
        // Over, not begun, and over too soon after the next block.
        (FLAG | 1, FLAG | (now - 1), (1, Some(now - 1))),
        (FLAG | (now + 5), FLAG | (now + 9), (now + 5, Some(now + 9))),
        (FLAG | now, 0, (now, None)),
        (FLAG | 1, FLAG | (now + 1), (1, Some(now + 1))),
        (FLAG, FLAG, (0, Some(0))),
        // With one flag only they are seconds, in the year 4,000,000.
        (FLAG | 1, 5, (FLAG | 1, Some(5))),
    ] {
        let operation = within(&account, after, until).signed(gas.clone());
        let refused = ground.refuses(&operation, OUT_OF_RANGE).await;
        let number = |value: u64| json!(U256::from(value));
        assert_eq!(refused.data["validAfter"], number(values.0), "{after:#x} {until:#x}");
        let expected = values.1.map_or(serde_json::Value::Null, number);
        assert_eq!(refused.data["validUntil"], expected, "{after:#x} {until:#x}");
        assert_eq!(refused.data["entity"], "account");
        let unit = if after & FLAG != 0 && (until == 0 || until & FLAG != 0) {
            "blocks"
        } else {
            "seconds"
        };
        assert!(refused.message.contains(unit), "{}", refused.message);
    }
    // In its range, though as seconds it would be long over.
    let operation = within(&account, FLAG | (now - 1), FLAG | (now + 50)).signed(gas);
    ground.include(&operation).await;
    let gas = ground.estimated(ground.draft(&estimating, call_data).await).await;
    let open = within(&account, FLAG | 1, 0).signed(gas);
    ground.include(&open).await;
}

async fn paymaster_windows(ground: &Ground, entry_point: EntryPoint) {
    let account = ground.simple(entry_point.version, "sponsored by blocks", U256::ZERO).await;
    let now = ground.node.block_number().await;
    let data = |after: u64, until: u64| {
        let window = U256::from(until) | (U256::from(after) << 48);
        let word: U256 = window << 160;
        alloy::primitives::Bytes::copy_from_slice(&word.to_be_bytes::<32>())
    };
    let mut draft = ground.draft(&account, execute(FRIEND, U256::ZERO, vec![])).await;
    draft.paymaster = Some(Paymaster {
        address: ground.paymaster,
        verification_gas_limit: 0,
        post_op_gas_limit: 0,
        data: data(FLAG | (now - 1), FLAG | (now + 50)),
        signature: None,
    });
    let operation = ground.estimated(draft).await;
    let mut over = operation.clone();
    over.paymaster.as_mut().expect("sponsored").data = data(FLAG | 1, FLAG | (now - 1));
    let refused = ground.refuses(&account.signed(over), OUT_OF_RANGE).await;
    assert_eq!(refused.data["paymaster"], json!(ground.paymaster), "{}", refused.data);
    assert_eq!(refused.data["validUntil"], json!(U256::from(now - 1)));
    assert!(refused.message.contains("blocks"), "{}", refused.message);
    ground.include(&account.signed(operation)).await;
}

/// The factory of a sender that exists is ignored, and its bytes are paid for.
async fn init_code_of_an_existing_sender(ground: &Ground) {
    let account = ground.simple(EntryPointVersion::V09, "deployed twice", ether(10)).await;
    let first = ground.ready(&account, execute(FRIEND, U256::from(1), vec![])).await;
    ground.include(&first).await;
    let plain = ground.draft(&account, execute(FRIEND, U256::from(1), vec![])).await;
    let again = UserOperation { factory: account.factory.clone(), ..plain.clone() };
    let (plain, again) = (ground.estimated(plain).await, ground.estimated(again).await);
    assert!(again.pre_verification_gas > plain.pre_verification_gas, "its bytes are priced");
    ground.include(&account.signed(again)).await;
}

/// Somebody deploys the account while the operation that would have done it waits: it is included all the same.
async fn deployment_in_front(ground: &Ground) {
    let account = ground.simple(EntryPointVersion::V09, "in front", ether(10)).await;
    let waiting = ground.ready(&account, execute(FRIEND, U256::from(3), vec![])).await;
    let mut first = UserOperation { nonce: U256::from(1) << 64, ..waiting.clone() };
    first.call_data = Default::default();
    let first = account.signed(first);
    ground.hold().await;
    let hash = ground.accept(&waiting).await;
    let calldata = handle_ops_calldata(&[first], FRIEND).expect("one version");
    ground.node.send(account.entry_point.address, calldata, U256::ZERO).await;
    assert!(!ground.node.code(account.address).await.is_empty(), "somebody else deployed it");
    ground.release().await;
    let receipt = ground.receipt(hash).await;
    assert_eq!(receipt["success"], true, "{receipt}");
    let found = ground.bundler.must("eth_getUserOperationByHash", json!([hash])).await;
    assert_eq!(found["userOperation"]["factory"], waiting.to_rpc()["factory"]);
}

/// Errors of v0.9 that are no texts arrive in words and in bytes.
async fn errors_with_values(ground: &Ground) {
    let account = ground.simple(EntryPointVersion::V09, "foreign", ether(10)).await;
    let mut foreign = ground.draft(&account, execute(FRIEND, U256::ZERO, vec![])).await;
    foreign.call_gas_limit = 100_000;
    foreign.verification_gas_limit = 400_000;
    foreign.pre_verification_gas = U256::from(200_000);
    // The account of another EntryPoint: it refuses this one by an error with three values.
    let other = ground.simple(EntryPointVersion::V08, "foreign", ether(10)).await;
    ground.include(&ground.ready(&other, execute(FRIEND, U256::ZERO, vec![])).await).await;
    let other = Account { entry_point: account.entry_point, factory: None, ..other };
    foreign.sender = other.address;
    foreign.factory = None;
    let refused = ground.refuses(&other.signed(foreign), REJECTED).await;
    assert_eq!(refused.data["aaCode"], "AA23", "{}", refused.data);
    assert_eq!(refused.data["revertReason"], "account: not from EntryPoint", "{}", refused.data);

    // The factory of v0.9 serves its SenderCreator only, and says so by a custom error.
    let elsewhere = ground.simple(EntryPointVersion::V09, "elsewhere", ether(10)).await;
    let call = elsewhere.factory.clone().expect("a factory");
    let draft = ground.draft(&account, execute(call.address, U256::ZERO, call.data)).await;
    let params = json!([draft.to_rpc(), account.entry_point.address]);
    let refused = ground.bundler.refused("eth_estimateUserOperationGas", params, -32521).await;
    let reason = refused.data["revertReason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("NotSenderCreator(msgSender "), "{}", refused.data);
    let bytes = refused.data["revertData"].as_str().unwrap_or_default();
    assert_eq!(bytes.len(), 2 + 2 * (4 + 3 * 32), "{}", refused.data);
}
