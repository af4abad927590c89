//! The server as a client meets it: real HTTP, good and bad requests.

#![allow(clippy::unwrap_used)]

mod echo;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use echo::{CHAIN, Echo, SENDER, known};
use serde_json::{Value, json};
use writ_rpc::{RunningServer, ServerConfig, ServerError, serve};
use writ_types::{EntryPointVersion, UserOperation};

struct Client {
    server: RunningServer,
    backend: Arc<Echo>,
    http: reqwest::Client,
}

impl Client {
    async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
        change(&mut config);
        let backend = Arc::new(Echo::default());
        let server = serve(&config, backend.clone()).await.unwrap();
        Self { server, backend, http: reqwest::Client::new() }
    }

    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn post(&self, body: String) -> (u16, String) {
        let response = self
            .http
            .post(self.server.url())
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn raw(&self, body: String) -> Value {
        serde_json::from_str(&self.post(body).await.1).unwrap()
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.raw(request.to_string()).await
    }

    async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// Code and message of the error; -32602 must name the field in `data`, too.
    async fn error(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.call(method, params).await;
        let error = answer.get("error").unwrap_or_else(|| panic!("no error: {answer}"));
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
    }
}

fn at() -> Value {
    json!(EntryPointVersion::V08.canonical_address())
}

fn operation() -> Value {
    json!({
        "sender": SENDER, "nonce": "0x0", "callData": "0x01", "callGasLimit": "0x2",
        "verificationGasLimit": "0x3", "preVerificationGas": "0x4", "maxFeePerGas": "0x5",
        "maxPriorityFeePerGas": "0x6", "signature": "0x07"
    })
}

fn protected_call() -> Value {
    json!({
        "kind": "contract", "path": "posted", "contract": SENDER, "caller": SENDER, "value": "0x5",
        "data": "0x0102", "nonce": "0x7"
    })
}

#[tokio::test]
async fn a_call_off_the_4337_path_is_read_strictly_and_answered() {
    let client = Client::new().await;
    let attested = client.result("writ_attestCall", json!([protected_call()])).await;
    assert_eq!(attested["attestation"], "0x0102");
    assert_eq!(attested["action"]["path"], 2);
    assert_eq!(attested["action"]["nonce"], "0x7");
    assert_eq!(attested["validUntil"], "0x3");
    assert!(attested.get("signatures").is_none());

    let mut unknown = protected_call();
    unknown["operators"] = json!([]);
    let (code, message) = client.error("writ_attestCall", json!([unknown])).await;
    assert_eq!((code, message.as_str()), (-32602, "operators: unknown field"));
    let (code, message) = client.error("writ_attestCall", json!([])).await;
    assert_eq!((code, message.as_str()), (-32602, "call: missing"));
    let long = json!(format!("0x{}", "00".repeat(70_000)));
    let mut oversized = protected_call();
    oversized["data"] = long;
    let (code, message) = client.error("writ_attestCall", json!([oversized])).await;
    assert!(code == -32602 && message.starts_with("data: 70000 bytes"), "{message}");
}

fn changed(field: &str, value: Value) -> Value {
    let mut changed = operation();
    changed[field] = value;
    changed
}

#[tokio::test]
async fn every_method_answers() {
    let client = Client::new().await;
    let hash = client.result("eth_sendUserOperation", json!([operation(), at()])).await;
    let expected = UserOperation::from_rpc(&operation(), EntryPointVersion::V08)
        .unwrap()
        .hash(EntryPointVersion::V08.canonical_address(), CHAIN, None)
        .unwrap();
    assert_eq!(hash, json!(expected));

    assert_eq!(client.result("eth_chainId", json!([])).await, json!("0x7a69"));
    assert_eq!(client.result("web3_clientVersion", json!([])).await, json!("writ/test"));
    let served = client.result("eth_supportedEntryPoints", json!([])).await;
    assert_eq!(
        served,
        json!([
            "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108",
            "0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"
        ])
    );

    let partial = json!({ "sender": SENDER, "nonce": "0x0", "callData": "0x" });
    let gas = client.result("eth_estimateUserOperationGas", json!([partial, at()])).await;
    assert_eq!(
        gas,
        json!({ "preVerificationGas": "0x0", "verificationGasLimit": "0x0", "callGasLimit": "0x7" })
    );
    let overrides = json!({ SENDER: { "balance": "0x1" } });
    let params = json!([partial, at(), overrides]);
    let gas = client.result("eth_estimateUserOperationGas", params).await;
    assert_eq!(gas["preVerificationGas"], "0x1");
    let params = json!([partial, at(), null]);
    client.result("eth_estimateUserOperationGas", params).await;

    let by_hash = client.result("eth_getUserOperationByHash", json!([known()])).await;
    assert_eq!(by_hash["blockNumber"], "0x10");
    assert_eq!(by_hash["entryPoint"], "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108");
    let receipt = client.result("eth_getUserOperationReceipt", json!([known()])).await;
    assert_eq!(receipt["entryPoint"], "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108");
    assert_eq!(receipt["actualGasCost"], "0xa");
    assert_eq!(receipt["reason"], "", "a string, as ERC-7769 has it");
    assert_eq!(receipt.get("paymaster"), None, "nobody but the account");
    for method in ["eth_getUserOperationByHash", "eth_getUserOperationReceipt", "writ_getDecision"]
    {
        assert_eq!(client.result(method, json!([B256::ZERO])).await, Value::Null, "{method}");
    }

    let policy = client.result("writ_getPolicy", json!([SENDER])).await;
    assert_eq!(policy["module"], Value::Null);
    let evaluation = client.result("writ_evaluate", json!([operation(), at()])).await;
    assert_eq!(evaluation["decision"], "notRequired");
    // What issuers stated may come with it, and arrives as it was sent.
    let fact = json!({"kind": "sd-jwt-vc", "credential": "a~b"});
    let facts = json!({ "kyc": fact });
    let evaluation = client.result("writ_evaluate", json!([operation(), at(), facts])).await;
    assert_eq!(evaluation["reasons"], json!([facts.to_string()]));
    let attested = client.result("writ_attest", json!([operation(), at()])).await;
    assert_eq!(attested["signature"], "0x076174746573746564");
    assert_eq!(attested["sender"], SENDER);
}

#[tokio::test]
async fn names_that_existing_clients_call() {
    let client = Client::new().await;
    let status = client.result("writ_getUserOperationStatus", json!([known()])).await;
    assert_eq!(status["status"], "failed");
    assert_eq!(status["blockNumber"], "0xff");
    let theirs = client.result("pimlico_getUserOperationStatus", json!([known()])).await;
    assert_eq!(theirs, json!({ "status": "reverted", "transactionHash": B256::repeat_byte(1) }));
    let theirs = client.result("pimlico_getUserOperationStatus", json!([B256::ZERO])).await;
    assert_eq!(theirs, json!({ "status": "not_found", "transactionHash": null }));
    assert_eq!(
        client.result("writ_getUserOperationStatus", json!([B256::ZERO])).await,
        Value::Null
    );
    for method in ["writ_getUserOperationGasPrice", "pimlico_getUserOperationGasPrice"] {
        let prices = client.result(method, json!([])).await;
        assert_eq!(prices["fast"], json!({ "maxFeePerGas": "0x6", "maxPriorityFeePerGas": "0x3" }));
    }
    assert_eq!(client.result("rundler_maxPriorityFeePerGas", json!([])).await, json!("0x2"));
}

#[tokio::test]
async fn requests_that_are_not_json_rpc() {
    let client = Client::new().await;
    let code = |answer: Value| answer["error"]["code"].as_i64().unwrap();
    assert_eq!(code(client.raw("{\"jsonrpc\":".into()).await), -32700);
    assert_eq!(code(client.raw("nonsense".into()).await), -32700);
    assert_eq!(code(client.raw("{\"id\":1,\"a\":1}".into()).await), -32600);
    assert_eq!(client.error("eth_sendUserOp", json!([])).await.0, -32601);
    // A hundred thousand brackets are refused, not followed.
    assert_eq!(code(client.raw("[".repeat(100_000)).await), -32700);
    // The debug namespace is not here.
    assert_eq!(client.error("debug_bundler_clearState", json!([])).await.0, -32601);
    // Web pages cannot send what a browser would send without asking first.
    let plain = client.http.post(client.server.url()).body("{}").send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 415);
}

#[tokio::test]
async fn parameters_are_counted_and_positional() {
    let client = Client::new().await;
    let send = "eth_sendUserOperation";
    assert_eq!(client.error(send, json!([])).await, (-32602, "userOperation: missing".into()));
    assert_eq!(
        client.error(send, json!([operation()])).await,
        (-32602, "entryPoint: missing".into())
    );
    let (code, message) = client.error(send, json!([operation(), at(), {}, 1])).await;
    assert_eq!((code, message.as_str()), (-32602, "4 parameters, 2 or 3 are accepted"));
    // The third is what issuers stated, and nothing else.
    let (code, message) = client.error(send, json!([operation(), at(), 1])).await;
    assert_eq!((code, message.as_str()), (-32602, "facts: expected an object, found a number"));
    let (code, message) = client.error("writ_attest", json!([operation(), at(), {"a": 1}])).await;
    assert_eq!((code, message.as_str()), (-32602, "facts.a: expected an object, found a number"));
    let (code, message) = client.error(send, json!({ "userOperation": {} })).await;
    assert_eq!((code, message.as_str()), (-32602, "parameters are positional: send an array"));
    assert_eq!(client.error("eth_chainId", json!([1])).await.0, -32602);
    let four = json!([operation(), at(), {}, 4]);
    assert_eq!(client.error("eth_estimateUserOperationGas", four).await.0, -32602);
    // No parameters at all are none.
    let bare = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" });
    assert_eq!(client.raw(bare.to_string()).await["result"], "0x7a69");
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let client = Client::new().await;
    let cases = [
        ("callData", json!("0xabc"), "odd"),
        ("callData", json!("0xzz"), "hex digit"),
        ("callData", json!(5), "a number"),
        ("callData", json!(format!("0x{}", "00".repeat(10_000))), "at most 8192"),
        ("sender", json!("0x12"), "20 bytes"),
        ("nonce", json!("1"), "0x"),
        ("maxFeePerGas", json!(format!("0x{}", "f".repeat(40))), "128 bits"),
        ("signature", json!(null), "missing"),
        ("initCode", json!("0x"), "v0.6"),
        ("paymasterSignature", json!("0x"), "v0.9"),
        ("gas", json!("0x1"), "unknown"),
        ("factoryData", json!("0x"), "without a factory"),
        (
            "eip7702Auth",
            json!({ "chainId": "0x1", "address": SENDER, "nonce": "0x0", "yParity": "0x0", "r": "0x1", "s": "0x1" }),
            "chainid",
        ),
    ];
    for (field, value, words) in cases {
        for method in ["eth_sendUserOperation", "writ_attest"] {
            let answer = client.call(method, json!([changed(field, value.clone()), at()])).await;
            let error = &answer["error"];
            assert_eq!(error["code"], -32602, "{field}: {answer}");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with(field) && message.contains(words), "{field}: {message}");
            assert!(error["data"]["field"].as_str().unwrap().starts_with(field));
        }
    }
    // Control: the operation that differs in none of these is accepted.
    client.result("eth_sendUserOperation", json!([operation(), at()])).await;
}

#[tokio::test]
async fn other_parameters_are_named_as_well() {
    let client = Client::new().await;
    let unknown = json!(EntryPointVersion::V07.canonical_address());
    let (code, message) =
        client.error("eth_sendUserOperation", json!([operation(), unknown])).await;
    assert_eq!(code, -32602);
    assert!(message.starts_with("entryPoint: ") && message.contains("v0.8 at 0x4337"), "{message}");
    // The EntryPoint decides the version, and so which fields are known.
    let old = json!(EntryPointVersion::V06.canonical_address());
    client.result("eth_sendUserOperation", json!([operation(), old])).await;
    let factory = changed("factory", json!(SENDER));
    let (_, message) = client.error("eth_sendUserOperation", json!([factory, old])).await;
    assert!(message.starts_with("factory: a field of EntryPoint v0.7"), "{message}");

    for bad in [json!(""), json!(null), json!("0x12"), json!(1)] {
        let (code, message) = client.error("eth_getUserOperationReceipt", json!([bad])).await;
        assert_eq!(code, -32602);
        assert!(message.starts_with("Missing/invalid userOpHash"), "{message}");
    }
    let (_, message) = client.error("writ_getPolicy", json!(["0x11"])).await;
    assert!(message.starts_with("account: "));
    let bad = json!([operation(), at(), { SENDER: { "balance": 5 } }]);
    let (code, message) = client.error("eth_estimateUserOperationGas", bad).await;
    assert!(code == -32602 && message.starts_with("stateOverride."), "{message}");
}

#[tokio::test]
async fn refusals_keep_code_and_data() {
    let client = Client::new().await;
    let answer =
        client.call("eth_sendUserOperation", json!([changed("nonce", json!("0x1")), at()])).await;
    assert_eq!(
        answer["error"],
        json!({
            "code": -32532, "message": "denied by policy",
            "data": { "reasons": ["over the limit per operation"] }
        })
    );
}

#[tokio::test]
async fn sizes_and_batches_are_bounded() {
    let client = Client::with(|config| {
        config.max_request_bytes = 20_000;
        config.max_batch = 3;
    })
    .await;
    let (status, _) = client.post(format!("\"{}\"", "x".repeat(20_000))).await;
    assert_eq!(status, 413);
    let one = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" });
    let answers = client.raw(json!([one, one, one]).to_string()).await;
    assert_eq!(answers.as_array().unwrap().len(), 3);
    let refused = client.raw(json!([one, one, one, one]).to_string()).await;
    assert_eq!(refused["error"]["code"], -32010);
}

#[tokio::test]
async fn slow_requests_end_and_do_not_pile_up() {
    let client = Client::with(|config| {
        config.request_timeout = Duration::from_millis(400);
        config.max_concurrent_requests = 1;
    })
    .await;
    let slow =
        || client.call("eth_sendUserOperation", json!([changed("nonce", json!("0x2")), at()]));
    let started = Instant::now();
    let late = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        client.call("eth_chainId", json!([])).await
    };
    let (slow_answer, busy_answer) = tokio::join!(slow(), late);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(slow_answer["error"]["code"], -32002);
    assert!(slow_answer["error"]["message"].as_str().unwrap().contains("400 ms"));
    assert_eq!(busy_answer["error"]["code"], -32005);
    // The place is free again.
    client.result("eth_chainId", json!([])).await;
}

#[tokio::test]
async fn health_is_red_while_something_fails() {
    let client = Client::with(|config| config.request_timeout = Duration::from_millis(300)).await;
    let url = format!("{}/health", client.server.url());
    let ask = || async {
        let response = client.http.get(&url).send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        (status, body)
    };
    let (status, body) = ask().await;
    assert_eq!((status, &body["status"]), (200, &json!("ok")));
    client.backend.sick.store(true, Ordering::Relaxed);
    let (status, body) = ask().await;
    assert_eq!((status, &body["status"]), (503, &json!("failing")));
    assert_eq!(body["checks"][0]["detail"], "unreachable");
    client.backend.sick.store(false, Ordering::Relaxed);
    assert_eq!(ask().await.0, 200, "recovers by itself");
    client.backend.stuck.store(true, Ordering::Relaxed);
    let (status, body) = ask().await;
    assert_eq!((status, &body["checks"][0]["ok"]), (503, &json!(false)), "and never hangs");
    // Only GET /health is taken out of the RPC's way.
    let other = client.http.get(client.server.url()).send().await.unwrap();
    assert_eq!(other.status().as_u16(), 405);
}

#[tokio::test]
async fn web_pages_may_call_only_when_configured() {
    let header = "access-control-allow-origin";
    let ask = |client: Client| async move {
        let request = client.http.post(client.server.url()).header("origin", "https://a.example");
        let request = request.header("content-type", "application/json");
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" });
        let response = request.body(body.to_string()).send().await.unwrap();
        response.headers().get(header).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(ask(Client::new().await).await, None);
    let allowing = |origin: &'static str| {
        Client::with(move |config| config.cors_origins = vec![origin.to_owned()])
    };
    assert_eq!(
        ask(allowing("https://a.example").await).await.as_deref(),
        Some("https://a.example")
    );
    assert_eq!(ask(allowing("https://b.example").await).await, None);
    let mut config = ServerConfig::new("127.0.0.1:0".parse().unwrap());
    config.cors_origins = vec!["*".into()];
    let refused = serve(&config, Arc::new(Echo::default())).await;
    assert!(matches!(refused, Err(ServerError::Origin(_))));
}

#[tokio::test]
async fn an_address_in_use_is_named_and_stopping_frees_it() {
    let client = Client::new().await;
    let config = ServerConfig::new(client.server.address());
    let error = serve(&config, Arc::new(Echo::default())).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&client.server.address().to_string()), "{text}");
    assert!(text.contains("set another address"));
    client.server.stop().await;
    serve(&config, Arc::new(Echo::default())).await.unwrap().stop().await;
}
