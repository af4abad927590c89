//! Bad input over the live RPC: each refusal by its code and what it names, each with its control.

use alloy::primitives::{B256, Bytes, U256};
use serde_json::{Value, json};
use writ_attestation::{Bound, Bounds, Suffix, attach};
use writ_node::dev::Wallet;
use writ_tests::{Quorum, World, post, post_too_long};
use writ_types::UserOperation;

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const INVALID: i64 = -32602;
const ATTESTATION_INVALID: i64 = -32531;
const ATTESTATION_EXPIRED: i64 = -32533;

/// The operation's JSON with one field set.
fn with(operation: &Value, field: &str, value: Value) -> Value {
    let mut changed = operation.clone();
    changed[field] = value;
    changed
}

fn without(operation: &Value, field: &str) -> Value {
    let mut changed = operation.clone();
    changed.as_object_mut().expect("an object").remove(field);
    changed
}

/// What a client can get wrong in an operation, with the field that the answer must name.
fn malformed(good: &Value) -> Vec<(Value, &'static str)> {
    let zeros = |bytes: usize| json!(format!("0x{}", "00".repeat(bytes)));
    vec![
        (json!([]), "userOperation"),
        (json!("0x"), "userOperation"),
        (Value::Null, "userOperation"),
        (without(good, "sender"), "sender"),
        (with(good, "sender", json!(5)), "sender"),
        (with(good, "sender", json!("0x1234")), "sender"),
        (with(good, "nonce", json!(5)), "nonce"),
        (with(good, "nonce", json!("12")), "nonce"),
        (with(good, "nonce", json!("0x")), "nonce"),
        (with(good, "nonce", json!(format!("0x1{}", "0".repeat(64)))), "nonce"),
        (with(good, "callData", json!("0xabc")), "callData"),
        (with(good, "callData", json!("0xzz")), "callData"),
        (with(good, "callData", json!({})), "callData"),
        (with(good, "callData", zeros(8_192)), "callData"),
        (with(good, "callData", zeros(100_000)), "callData"),
        (with(good, "callGasLimit", json!(true)), "callGasLimit"),
        (with(good, "callGasLimit", json!(format!("0x1{}", "0".repeat(32)))), "callGasLimit"),
        (with(good, "verificationGasLimit", Value::Null), "verificationGasLimit"),
        (without(good, "preVerificationGas"), "preVerificationGas"),
        (with(good, "maxFeePerGas", json!("0x-1")), "maxFeePerGas"),
        (with(good, "maxPriorityFeePerGas", json!([])), "maxPriorityFeePerGas"),
        (without(good, "signature"), "signature"),
        (with(good, "signature", json!(7)), "signature"),
        (with(good, "signature", json!("0x123")), "signature"),
        (with(good, "signature", zeros(8_000)), "signature"),
        (with(good, "initCode", json!("0x")), "initCode"),
        (with(good, "paymasterAndData", json!("0x")), "paymasterAndData"),
        (with(good, "paymasterSignature", json!("0x")), "paymasterSignature"),
        (with(good, "factoryData", json!("0x")), "factoryData"),
        (with(good, "paymasterData", json!("0x")), "paymasterData"),
        (with(good, "paymaster", json!("0x12")), "paymaster"),
        (with(good, "eip7702Auth", json!({ "chainId": "0x1" })), "eip7702Auth.yParity"),
        (with(good, "gasPrice", json!("0x1")), "gasPrice"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused_by_the_name_of_the_field() {
    let world = World::start(PROGRAM).await;
    let wallet = world.v08();
    let entry_point = json!(wallet.entry_point.address);
    let operation = world.transfer(&wallet, 0).await;
    let good = operation.to_rpc();

    for (bad, field) in malformed(&good) {
        let shown: String = bad.to_string().chars().take(120).collect();
        let failure =
            world.refused("eth_sendUserOperation", json!([bad, entry_point]), INVALID).await;
        assert_eq!(failure.data["field"], field, "{}: {shown}", failure.message);
        assert!(failure.message.starts_with(field), "{}", failure.message);
    }
    // Estimation reads as strictly, except for what is not known yet.
    let hex = with(&good, "callData", json!("0xabc"));
    let failure =
        world.refused("eth_estimateUserOperationGas", json!([hex, entry_point]), INVALID).await;
    assert_eq!(failure.data["field"], "callData");
    let bare = without(&without(&good, "callGasLimit"), "signature");
    world.must("eth_estimateUserOperationGas", json!([bare, entry_point])).await;

    parameters(&world, &good, &entry_point).await;
    other_versions(&world).await;
    bodies(&world, &good, &entry_point).await;

    // Control: the operation that all of these were made from.
    world.include(&wallet, &operation).await;
}

/// What is wrong around the operation.
async fn parameters(world: &World, good: &Value, entry_point: &Value) {
    let unknown = json!("0x1111111111111111111111111111111111111111");
    for (method, params, field) in [
        ("eth_sendUserOperation", json!([good, unknown]), json!("entryPoint")),
        ("eth_sendUserOperation", json!([good, 8]), json!("entryPoint")),
        ("eth_sendUserOperation", json!([good, "0.8"]), json!("entryPoint")),
        ("eth_sendUserOperation", json!([good]), json!("entryPoint")),
        ("eth_sendUserOperation", json!([]), json!("userOperation")),
        ("eth_sendUserOperation", json!([good, entry_point, []]), json!("facts")),
        ("eth_sendUserOperation", json!([good, entry_point, {}, {}]), Value::Null),
        ("eth_sendUserOperation", json!({ "userOperation": good }), Value::Null),
        ("eth_estimateUserOperationGas", json!([good, unknown]), json!("entryPoint")),
        ("eth_estimateUserOperationGas", json!([good, entry_point, []]), json!("stateOverride")),
        ("eth_getUserOperationByHash", json!(["0x12"]), json!("userOpHash")),
        ("eth_getUserOperationReceipt", json!([12]), json!("userOpHash")),
        ("eth_getUserOperationReceipt", json!([]), json!("userOpHash")),
        ("writ_getUserOperationStatus", json!(["0x12"]), json!("userOpHash")),
        ("writ_getPolicy", json!(["0x12"]), json!("account")),
        ("writ_getDecision", json!([null]), json!("hash")),
        ("eth_chainId", json!([1]), Value::Null),
    ] {
        let failure = world.refused(method, params, INVALID).await;
        assert_eq!(failure.data["field"], field, "{method}: {}", failure.message);
    }
    world.refused("eth_noSuchMethod", json!([]), -32601).await;
    // Unknown and well-formed is not wrong.
    let nobody = json!([B256::repeat_byte(7)]);
    for method in [
        "eth_getUserOperationByHash",
        "eth_getUserOperationReceipt",
        "writ_getUserOperationStatus",
        "writ_getDecision",
    ] {
        assert!(world.must(method, nobody.clone()).await.is_null(), "{method}");
    }
}

/// Fields that one EntryPoint version has and another has not.
async fn other_versions(world: &World) {
    let wallet = world.v07();
    let entry_point = json!(wallet.entry_point.address);
    let operation = world.transfer(&wallet, 0).await;
    let good = operation.to_rpc();
    let marker = with(&with(&good, "factory", json!("0x7702")), "factoryData", json!("0x"));
    for (bad, field) in [
        (marker, "factory"),
        (with(&good, "initCode", json!("0x")), "initCode"),
        (with(&good, "paymasterSignature", json!("0x00")), "paymasterSignature"),
    ] {
        let failure =
            world.refused("eth_sendUserOperation", json!([bad, entry_point]), INVALID).await;
        assert_eq!(failure.data["field"], field, "{}", failure.message);
    }
    world.include(&wallet, &operation).await;
}

/// What is no JSON-RPC at all, or too much of it.
async fn bodies(world: &World, good: &Value, entry_point: &Value) {
    let url = world.network.bundler.url();
    let request = |params: Value| json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_sendUserOperation", "params": params });
    let whole = request(json!([good, entry_point])).to_string();
    for body in ["", "{", "nonsense", &whole[..whole.len() / 2]] {
        let answer = post(url, body.to_owned()).await;
        assert_eq!(answer.body["error"]["code"], -32700, "{body:.40}: {answer:?}");
    }
    for body in ["{}", r#"{"jsonrpc":"2.0","id":1}"#, "[]"] {
        let answer = post(url, body.to_owned()).await;
        // The JSON-RPC library takes an object without an id for no JSON at all.
        let code = answer.body["error"]["code"].as_i64();
        assert!([Some(-32600), Some(-32700)].contains(&code), "{body}: {answer:?}");
    }
    // A megabyte is the most that is read.
    let padded = with(good, "callData", json!(format!("0x{}", "00".repeat(1 << 20))));
    // The server may hang up before it has seen all of it.
    if let Some(answer) =
        post_too_long(url, request(json!([padded, entry_point])).to_string()).await
    {
        assert!(answer.status == 413 || answer.body["error"].is_object(), "{answer:?}");
        assert!(answer.body["result"].is_null(), "{answer:?}");
    }
    // Control: it still answers, one request or several.
    let chain = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] });
    let answer = post(url, chain.to_string()).await;
    assert_eq!(answer.body["result"], "0x7a69", "{answer:?}");
    let answer = post(url, json!([chain, chain]).to_string()).await;
    assert_eq!(answer.body.as_array().map(Vec::len), Some(2), "{answer:?}");
    let many: Vec<&Value> = std::iter::repeat_n(&chain, 33).collect();
    let answer = post(url, json!(many).to_string()).await;
    assert!(answer.body["error"].is_object(), "33 at once: {answer:?}");
}

/// A really attested operation, taken apart.
struct Attested {
    wallet: Wallet,
    plain: UserOperation,
    whole: UserOperation,
    suffix: Suffix,
}

impl Attested {
    async fn obtain(world: &World, wallet: Wallet, lane: u32) -> Self {
        let plain = world.transfer(&wallet, lane).await;
        let whole = world.attest(&wallet, &plain).await;
        let (owner, suffix) = Suffix::split(&whole.signature).expect("whole").expect("attested");
        assert_eq!(owner, plain.signature.as_ref(), "the owner's signature is as it was");
        Self { wallet, plain, whole, suffix }
    }

    /// The same operation with these bytes as its signature.
    fn signed(&self, signature: impl Into<Bytes>) -> UserOperation {
        UserOperation { signature: signature.into(), ..self.plain.clone() }
    }

    /// The same operation with the suffix changed, and nobody asked to sign that.
    fn changed(&self, change: impl FnOnce(&mut Suffix)) -> UserOperation {
        let mut suffix = self.suffix.clone();
        change(&mut suffix);
        self.signed(attach(&self.plain.signature, &suffix).expect("it encodes"))
    }

    /// The signature with one byte of the suffix's body replaced.
    fn patched(&self, offset: usize, byte: u8) -> UserOperation {
        let mut bytes = self.whole.signature.to_vec();
        bytes[self.plain.signature.len() + offset] = byte;
        self.signed(bytes)
    }

    /// The suffix on another operation, which its owner signed.
    fn moved_to(&self, wallet: &Wallet, operation: UserOperation) -> UserOperation {
        let mut signed = wallet.sign(operation).expect("signed");
        signed.signature = attach(&signed.signature, &self.suffix).expect("it fits");
        signed
    }
}

async fn refused_for(world: &World, wallet: &Wallet, operation: &UserOperation, check: &str) {
    let code = if check == "expired" { ATTESTATION_EXPIRED } else { ATTESTATION_INVALID };
    let failure = world.refuses(wallet, operation, code).await;
    assert_eq!(failure.data["check"], check, "{}", failure.message);
    assert!(failure.message.starts_with("attestation: "), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_attestations_are_refused_by_the_name_of_the_check() {
    let world = World::start(PROGRAM).await;
    let one = Attested::obtain(&world, world.v08(), 0).await;

    let count_and_order: Vec<(UserOperation, &str)> = vec![
        (one.changed(|suffix| suffix.signatures.truncate(1)), "tooFewSignatures"),
        (one.changed(|suffix| suffix.signatures.push(another(suffix))), "tooManySignatures"),
        (one.changed(|suffix| suffix.signatures[1] = suffix.signatures[0]), "repeatedSigner"),
        (one.changed(|suffix| suffix.signatures.reverse()), "unorderedSigners"),
        (one.changed(|suffix| suffix.signatures[1].index = 7), "unknownSigner"),
        (one.changed(|suffix| suffix.signatures[1].index = 255), "unknownSigner"),
        (one.changed(|suffix| suffix.signatures[0].r = B256::repeat_byte(1)), "signature"),
        (one.changed(|suffix| suffix.signatures[0].vs = B256::repeat_byte(0x7f)), "signature"),
    ];
    let suffix = one.suffix.encode().expect("it encodes");
    let twice = [&one.whole.signature[..], &suffix].concat();
    let tail = [&one.whole.signature[..], &[0]].concat();
    let long_tail = [&one.whole.signature[..], &[0xab; 65]].concat();
    let length = one.whole.signature.len() - one.plain.signature.len() - 10;
    let structure: Vec<(UserOperation, &str)> = vec![
        (one.signed(twice), "twoSuffixes"),
        (one.signed(tail), "trailingBytes"),
        (one.signed(long_tail), "trailingBytes"),
        (one.signed(suffix[suffix.len() - 10..].to_vec()), "truncated"),
        (one.patched(0, 2), "version"),
        (one.patched(1, 2), "scheme"),
        (one.patched(2, 2), "level"),
        (one.patched(127, 0), "boundsMissing"),
        (one.patched(127, 9), "bounds"),
        (one.patched(length, 0xff), "truncated"),
    ];
    for (bad, check) in count_and_order.iter().chain(&structure) {
        refused_for(&world, &one.wallet, bad, check).await;
        // Refused is forgotten: nothing of it is in the pool.
        let hash = one.wallet.hash(bad).expect("a hash");
        let status = world.must("writ_getUserOperationStatus", json!([hash])).await;
        assert!(status.is_null(), "{check}: {status}");
    }
    // Control: none of them keeps the real one out, whose userOpHash they shared.
    world.include(&one.wallet, &one.whole).await;
}

/// A third signature that is in order.
fn another(suffix: &Suffix) -> writ_attestation::OperatorSignature {
    let last = suffix.signatures[1];
    writ_attestation::OperatorSignature { index: last.index + 1, ..last }
}

#[tokio::test(flavor = "multi_thread")]
async fn attestations_for_something_else_are_refused_by_what_differs() {
    let world = World::start(PROGRAM).await;
    let one = Attested::obtain(&world, world.v08(), 0).await;
    let (wallet, suffix) = (&one.wallet, &one.suffix);

    // Moved to another operation that its owner signed.
    let to = alloy::primitives::Address::repeat_byte(9);
    let call_data = Wallet::transfer(world.token(), to, U256::from(1));
    let other_call = UserOperation { call_data, ..one.plain.clone() };
    let nonce = wallet.next_nonce(5).await.expect("a nonce");
    let other_nonce = UserOperation { nonce, ..one.plain.clone() };
    let less_gas = one.plain.call_gas_limit - 1;
    let other_gas = UserOperation { call_gas_limit: less_gas, ..one.plain.clone() };
    for (operation, check) in
        [(other_call, "callData"), (other_nonce, "nonce"), (other_gas, "callGasLimit")]
    {
        let moved = one.moved_to(wallet, operation);
        refused_for(&world, wallet, &moved, check).await;
    }
    let theirs = world.v07();
    let other_account = world.transfer(&theirs, 0).await;
    let moved = one.moved_to(&theirs, other_account.clone());
    refused_for(&world, &theirs, &moved, "account").await;

    // Changed in what it says, with the old signatures under it.
    let bounds = Bounds::new(vec![Bound::native(1)]).expect("bounds");
    let changes: Vec<(UserOperation, &str)> = vec![
        (one.changed(|suffix| suffix.revision += 1), "revision"),
        (one.changed(|suffix| suffix.epoch += 1), "epoch"),
        (one.changed(|suffix| suffix.sequence += 1), "sequence"),
        (one.changed(|suffix| suffix.max_cost = 0), "maxCost"),
        (one.changed(|suffix| suffix.max_cost += 1), "maxCost"),
        (one.changed(|suffix| suffix.bounds = bounds.clone()), "bounds"),
        (one.changed(|suffix| suffix.valid_until += 1), "validity"),
        (one.changed(|suffix| suffix.block_number += 1), "block"),
        (one.changed(|suffix| suffix.evidence = B256::repeat_byte(3)), "signature"),
    ];
    for (bad, check) in &changes {
        refused_for(&world, wallet, bad, check).await;
    }

    // Signed by a real quorum, and wrong all the same.
    let quorum = Quorum::of(&world, wallet).await;
    let resigned = |change: &dyn Fn(&mut Suffix)| {
        let mut changed = suffix.clone();
        change(&mut changed);
        quorum.attest(wallet, &one.plain, changed)
    };
    let now = suffix.valid_until - 300;
    for (bad, check) in [
        (resigned(&|suffix| suffix.revision += 1), "revision"),
        (resigned(&|suffix| suffix.sequence += 1), "sequence"),
        (resigned(&|suffix| suffix.max_cost = 1), "maxCost"),
        (resigned(&|suffix| suffix.block_hash = B256::repeat_byte(4)), "block"),
        (resigned(&|suffix| suffix.block_number += 1_000), "block"),
        (
            resigned(&|suffix| {
                (suffix.valid_after, suffix.valid_until) = (now - 900, now - 600);
            }),
            "expired",
        ),
        (
            resigned(&|suffix| {
                (suffix.valid_after, suffix.valid_until) = (now + 3_600, now + 3_900);
            }),
            "notYetValid",
        ),
    ] {
        refused_for(&world, wallet, &bad, check).await;
    }
    let elsewhere = Quorum::of(&world, wallet).await.on_chain(1);
    let other_chain = elsewhere.attest(wallet, &one.plain, suffix.clone());
    let other_rules = Quorum::of(&world, wallet).await.under_policy(B256::repeat_byte(5));
    let other_policy = other_rules.attest(wallet, &one.plain, suffix.clone());
    refused_for(&world, wallet, &other_chain, "chain").await;
    // No policy but the account's is known under its revision: all that can be said is that this is not what was signed.
    let failure = world.refuses(wallet, &other_policy, ATTESTATION_INVALID).await;
    assert_eq!(failure.data["check"], "signature", "{}", failure.message);
    assert!(failure.message.contains("policy"), "{}", failure.message);

    // Controls: what that quorum signs unchanged goes in, and so do the operations that were used.
    let unchanged = resigned(&|_| ());
    assert_eq!(unchanged.signature, one.whole.signature, "the same quorum signs the same");
    poisoned_while_pending(&world, &one).await;
    world.include(&theirs, &other_account).await;
}

/// With the real one pending, a poisoned copy of it neither replaces nor removes it.
async fn poisoned_while_pending(world: &World, one: &Attested) {
    world.anvil("evm_setAutomine", json!([false])).await;
    let hash = world.accept(&one.wallet, &one.whole).await;
    let poisoned = one.changed(|suffix| suffix.signatures[0].r = B256::repeat_byte(1));
    assert_eq!(one.wallet.hash(&poisoned).expect("a hash"), hash, "they share the hash");
    match one.wallet.send(&poisoned).await {
        Err(Ok(failure)) => assert!(
            [INVALID, ATTESTATION_INVALID].contains(&failure.code),
            "{} {}",
            failure.code,
            failure.message
        ),
        other => panic!("a poisoned copy: {other:?}"),
    }
    world.anvil("evm_setAutomine", json!([true])).await;
    world.anvil("evm_mine", json!([])).await;
    world.receipt(hash).await;
}
