//! The operator as a gateway sees it: JSON-RPC on a loopback socket.

#![allow(clippy::unwrap_used)]

mod common;

use std::{sync::Arc, time::Duration};

use common::Chain;
use serde_json::{Value, json};
use writ_attestation::wire::{Identity, MAX_MESSAGE_LEN, OperatorFault, OperatorResponse};
use writ_operator::{Operator, OperatorServer, ServerLimits};
use writ_types::EntryPointVersion;

async fn post(url: &str, body: Value) -> (u16, Value) {
    let response = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

async fn call(url: &str, method: &str, parameters: Value) -> Value {
    post(url, json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})).await.1
}

/// The answer to a request that says how long it will be. It is refused for that: whoever sends the rest may be cut off.
async fn announce(url: &str, length: usize) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 256];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_typed_bounded_and_end_with_the_service() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let operator = Arc::new(chain.operator(1).await);
    let loopback = ([127, 0, 0, 1], 0).into();
    let server =
        OperatorServer::start(operator.clone(), loopback, ServerLimits::default()).await.unwrap();
    let url = server.url();

    let identity: Identity =
        serde_json::from_value(call(&url, "operator_identity", json!([])).await["result"].take())
            .unwrap();
    assert_eq!((identity.address, identity.chain_id), (operator.address(), chain.anvil.chain_id()));
    let health = reqwest::get(format!("{url}/health")).await.unwrap();
    assert_eq!(
        (health.status().as_u16(), health.text().await.unwrap()),
        (200, "\"ok\"".to_owned())
    );

    // A decision, and the same again by the hash of its evidence.
    let request = chain.request(&chain.send_native(0, 0, 1)).await;
    let answer = call(&url, "operator_attest", json!([request])).await["result"].take();
    let OperatorResponse::Allow(allow) = serde_json::from_value(answer.clone()).unwrap() else {
        panic!("{answer}")
    };
    let record = call(&url, "operator_decision", json!([allow.attestation.evidence])).await;
    assert_eq!(record["result"]["response"], answer);
    let evaluation = call(&url, "operator_evaluate", json!([request])).await;
    assert_eq!(evaluation["result"]["allow"], true, "{evaluation}");

    // Faults say their kind to programs and what to do to people.
    let mut unknown = request.clone();
    unknown.block.hash = chain.module.into_word();
    let error = call(&url, "operator_attest", json!([unknown])).await["error"].take();
    let fault: OperatorFault = serde_json::from_value(error["data"].clone()).unwrap();
    assert_eq!(fault, OperatorFault::BlockUnknown { hash: unknown.block.hash });
    assert_eq!(error["data"]["kind"], "blockUnknown");
    assert!(error["message"].as_str().unwrap().contains("canonical"), "{error}");
    let mut malformed = json!(request);
    malformed["operation"]["callData"] = json!("0xabc");
    let error = call(&url, "operator_attest", json!([malformed])).await["error"].take();
    assert_eq!(error["data"]["kind"], "refused");
    assert!(error["message"].as_str().unwrap().contains("callData"), "{error}");

    // Too long, and a batch.
    let answer = announce(&url, MAX_MESSAGE_LEN as usize + 1).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let batch = json!([{"jsonrpc": "2.0", "id": 1, "method": "operator_identity", "params": []}]);
    assert!(post(&url, batch).await.1["error"].is_object());

    // Without its node it says so, by name and in health.
    drop(chain);
    let health = reqwest::get(format!("{url}/health")).await.unwrap();
    assert_eq!(health.status().as_u16(), 500);
    let error = call(&url, "operator_attest", json!([unknown])).await["error"].take();
    assert_eq!(error["data"]["kind"], "unavailable", "{error}");

    server.shutdown().await;
    assert!(reqwest::get(format!("{url}/health")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_it_can_do_at_once_is_busy_and_slow_is_cut() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let request = chain.request(&chain.send_native(0, 0, 1)).await;
    let mut config = chain.config(0);
    config.concurrency = 0;
    let operator = Operator::open(config).await.unwrap();
    assert_eq!(operator.attest(&request).await, Err(OperatorFault::Busy));
    drop(operator);

    let operator = Arc::new(chain.operator(0).await);
    let limits = ServerLimits { request_time: Duration::ZERO, ..ServerLimits::default() };
    let server = OperatorServer::start(operator, ([127, 0, 0, 1], 0).into(), limits).await.unwrap();
    let error = call(&server.url(), "operator_attest", json!([request])).await["error"].take();
    assert_eq!(error["data"]["kind"], "unavailable");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_at_the_start_is_said_in_one_sentence() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let mut config = chain.config(0);
    config.policies = chain.folder.path().join("nowhere");
    let error = Operator::open(config).await.unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");

    let running = chain.operator(0).await;
    let error = Operator::open(chain.config(0)).await.unwrap_err().to_string();
    assert!(error.contains("a directory of its own"), "{error}");
    drop(running);

    let mut config = chain.config(0);
    config.validity = 0;
    assert!(Operator::open(config).await.is_err());
    let mut config = chain.config(0);
    config.node = "http://127.0.0.1:1".to_owned();
    let error = Operator::open(config).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1"), "{error}");
}
