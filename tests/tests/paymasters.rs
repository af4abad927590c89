//! Operations that a paymaster pays for, under each of the four EntryPoints.

use alloy::{
    primitives::{Address, Bytes, U256},
    signers::SignerSync,
    sol_types::SolEvent,
};
use serde_json::json;
use writ_bindings::{DevPaymaster, EntryPoint as EntryPointAbi};
use writ_tests::{Account, Ground, execute, paymaster};
use writ_types::{EntryPointVersion, Paymaster, UserOperation};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const BY_PAYMASTER: i64 = -32501;
const OUT_OF_RANGE: i64 = -32503;
const DEPOSIT_TOO_LOW: i64 = -32508;
const REVERTED: i64 = -32521;
const FRIEND: Address = Address::repeat_byte(0xf1);

/// What the paymaster reads: the word to return, and the context for `postOp`.
fn data(valid_after: u64, valid_until: u64, context: &[u8]) -> Bytes {
    let window = U256::from(valid_until) | (U256::from(valid_after) << 48);
    let word: U256 = window << 160;
    [&word.to_be_bytes::<32>()[..], context].concat().into()
}

fn sponsored(mut operation: UserOperation, by: Address, data: Bytes) -> UserOperation {
    operation.paymaster = Some(Paymaster {
        address: by,
        verification_gas_limit: 0,
        post_op_gas_limit: 0,
        data,
        signature: None,
    });
    operation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paymaster_pays_and_settles_under_every_entry_point() {
    let ground = Ground::start(PROGRAM).await;
    let poor = paymaster(&ground.node, Address::ZERO).await;
    for entry_point in &ground.entry_points {
        // It has nothing: the paymaster pays for its creation too.
        let name = format!("owner of {}", entry_point.version);
        let account = ground.simple(entry_point.version, &name, U256::ZERO).await;
        pays(&ground, &account).await;
        refuses_to_settle(&ground, &account).await;
        limits(&ground, &account, poor).await;
    }
    if let Some(entry_point) = ground.entry_point(EntryPointVersion::V09) {
        let account = ground.simple(entry_point.version, "signed for", U256::ZERO).await;
        signature(&ground, &account).await;
    }
}

async fn pays(ground: &Ground, account: &Account) {
    for (context, factory) in [(&b""[..], true), (b"how much?", false)] {
        let draft = ground.draft(account, execute(FRIEND, U256::ZERO, vec![])).await;
        assert_eq!(draft.factory.is_some(), factory);
        let draft = sponsored(draft, ground.paymaster, data(0, 0, context));
        let operation = account.signed(ground.estimated(draft).await);
        let deposit = |_: ()| {
            let at = account.entry_point.address;
            ground.node.read(at, EntryPointAbi::balanceOfCall { account: ground.paymaster })
        };
        let before = deposit(()).await;
        let receipt = ground.include(&operation).await;
        assert_eq!(receipt["paymaster"], json!(ground.paymaster.to_checksum(None)), "{receipt}");
        let cost: U256 = serde_json::from_value(receipt["actualGasCost"].clone()).expect("wei");
        assert_eq!(before - deposit(()).await, cost, "the paymaster paid, and exactly that");
        let settled: Vec<Bytes> = receipt["logs"]
            .as_array()
            .expect("logs")
            .iter()
            .filter(|log| log["topics"][0] == json!(DevPaymaster::Settled::SIGNATURE_HASH))
            .map(|log| {
                let data: Bytes = serde_json::from_value(log["data"].clone()).expect("bytes");
                DevPaymaster::Settled::abi_decode_data(&data).expect("an event").1
            })
            .collect();
        let expected: Vec<Bytes> =
            (!context.is_empty()).then(|| Bytes::from_static(context)).into_iter().collect();
        assert_eq!(settled, expected, "postOp runs with its context, and without one not at all");
        let hash = account.hash(&operation, None);
        let found = ground.bundler.must("eth_getUserOperationByHash", json!([hash])).await;
        assert_eq!(found["userOperation"], operation.to_rpc());
    }
}

/// A `postOp` that fails: the estimate says so, and on the chain the operation fails and is paid for.
async fn refuses_to_settle(ground: &Ground, account: &Account) {
    if !account.entry_point.version.is_packed() {
        // v0.6 calls postOp a second time then, and rejects the bundle when that fails too.
        return;
    }
    let plain = ground.draft(account, execute(FRIEND, U256::ZERO, vec![])).await;
    let draft = sponsored(plain, ground.paymaster, data(0, 0, b"refuse"));
    let params = json!([draft.to_rpc(), account.entry_point.address]);
    let refused = ground.bundler.refused("eth_estimateUserOperationGas", params, REVERTED).await;
    let data_given = refused.data["revertData"].as_str().unwrap_or_default();
    assert!(!data_given.is_empty(), "{}", refused.data);

    let other = sponsored(draft.clone(), ground.paymaster, data(0, 0, b"accept"));
    let gas = ground.estimated(other).await;
    let mut insisted = gas.clone();
    insisted.paymaster.as_mut().expect("sponsored").data = data(0, 0, b"refuse");
    let receipt = ground.receipt(ground.accept(&account.signed(insisted)).await).await;
    assert_eq!(receipt["success"], false, "{receipt}");
    assert!(receipt["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{receipt}");
}

/// A paymaster's window that is over, and a deposit that is too small.
async fn limits(ground: &Ground, account: &Account, poor: Address) {
    let draft = ground.draft(account, execute(FRIEND, U256::ZERO, vec![])).await;
    let fine = ground.estimated(sponsored(draft, ground.paymaster, data(0, 1 << 40, b""))).await;
    let mut over = fine.clone();
    over.paymaster.as_mut().expect("sponsored").data = data(5, 1_000, b"");
    let refused = ground.refuses(&account.signed(over), OUT_OF_RANGE).await;
    assert_eq!(refused.data["validAfter"], "0x5", "{}", refused.data);
    assert_eq!(refused.data["validUntil"], "0x3e8");
    assert_eq!(refused.data["paymaster"], json!(ground.paymaster));

    let mut broke = fine.clone();
    broke.paymaster.as_mut().expect("sponsored").address = poor;
    let refused = ground.refuses(&account.signed(broke), DEPOSIT_TOO_LOW).await;
    assert!(refused.message.contains("too low"), "{}", refused.message);
    assert_eq!(refused.data["paymaster"], json!(poor));
    ground.include(&account.signed(fine)).await;
}

/// v0.9: the paymaster signs last, over a hash that its own signature does not change.
async fn signature(ground: &Ground, account: &Account) {
    let draft = ground.draft(account, execute(FRIEND, U256::ZERO, vec![])).await;
    let mut draft = sponsored(draft, ground.paymaster, data(0, 0, b"signed"));
    let sign = |operation: &mut UserOperation, signature: Bytes| {
        operation.paymaster.as_mut().expect("sponsored").signature = Some(signature);
    };
    sign(&mut draft, vec![0x11; 65].into());
    let mut operation = account.signed(ground.estimated(draft).await);
    let hash = account.hash(&operation, None);

    let refused = ground.refuses(&operation, BY_PAYMASTER).await;
    assert_eq!(refused.data["aaCode"], "AA34", "{}", refused.data);
    assert_eq!(refused.data["paymaster"], json!(ground.paymaster));

    let signed = ground.paymaster_signer.sign_hash_sync(&hash).expect("a local key signs");
    sign(&mut operation, signed.as_bytes().into());
    assert_eq!(account.hash(&operation, None), hash, "the paymaster's signature is not hashed");
    // As other bundlers' clients write it: the data ends in the magic already.
    let mut request = operation.to_rpc();
    let magic = alloy::hex::encode(writ_types::PAYMASTER_SIGNATURE_MAGIC);
    request["paymasterData"] =
        json!(format!("{}{magic}", request["paymasterData"].as_str().expect("bytes")));
    let params = json!([request, account.entry_point.address]);
    let sent = ground.bundler.must("eth_sendUserOperation", params).await;
    assert_eq!(sent, json!(hash));
    let receipt = ground.receipt(hash).await;
    assert_eq!(receipt["success"], true, "{receipt}");
    let found = ground.bundler.must("eth_getUserOperationByHash", json!([hash])).await;
    assert_eq!(found["userOperation"], operation.to_rpc());

    // A length that is not there is found before anything is simulated.
    let mut broken = ground.draft(account, execute(FRIEND, U256::ZERO, vec![])).await.to_rpc();
    broken["paymaster"] = json!(ground.paymaster);
    broken["paymasterData"] = json!(format!("0x00ff{magic}"));
    let params = json!([broken, account.entry_point.address]);
    let refused = ground.bundler.refused("eth_estimateUserOperationGas", params, -32602).await;
    assert_eq!(refused.data["field"], "paymasterData", "{}", refused.data);
}
