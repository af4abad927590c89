//! An HTTP proxy before the node: it lets through what Writ may use, rejects what it must not need,
//! and misbehaves on demand.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use writ_types::EntryPointVersion;

/// How the proxy behaves; shared with the test.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    /// Answer this many requests with HTTP 502.
    pub(crate) fail: AtomicUsize,
    /// Answer this many requests with half of the node's answer.
    pub(crate) cut: AtomicUsize,
    /// Let this many requests through before failing all others; `usize::MAX` for no end.
    pub(crate) let_through: AtomicUsize,
    /// Reject block parameters that are hashes (EIP-1898), as old nodes do.
    pub(crate) no_hashes: AtomicBool,
    /// Do not know `eth_createAccessList`, as some hosted nodes.
    pub(crate) no_access_lists: AtomicBool,
    /// How often it was asked for.
    pub(crate) access_lists: AtomicUsize,
    /// Answer so many milliseconds late.
    pub(crate) delay: AtomicUsize,
    /// Requests seen.
    pub(crate) requests: AtomicUsize,
    /// Methods rejected because Writ must not need them.
    pub(crate) forbidden: AtomicUsize,
}

/// A running proxy; gone with the runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) behaviour: Arc<Behaviour>,
}

impl Proxy {
    /// Listens on a free port before the node at `upstream`.
    pub(crate) async fn before(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behaviour =
            Arc::new(Behaviour { let_through: AtomicUsize::new(usize::MAX), ..Default::default() });
        let shared = behaviour.clone();
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (client, upstream, shared) = (client.clone(), upstream.clone(), shared.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        answer(client.clone(), upstream.clone(), shared.clone(), request)
                    });
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, behaviour }
    }
}

async fn answer(
    client: reqwest::Client,
    upstream: String,
    behaviour: Arc<Behaviour>,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    behaviour.requests.fetch_add(1, Ordering::SeqCst);
    let reply = |status: StatusCode, body: Vec<u8>| {
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        Ok(response)
    };
    let spent = |counter: &AtomicUsize| {
        counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    };
    let unlimited = behaviour.let_through.load(Ordering::SeqCst) == usize::MAX;
    if spent(&behaviour.fail) || (!unlimited && !spent(&behaviour.let_through)) {
        return reply(StatusCode::BAD_GATEWAY, b"bad gateway".to_vec());
    }
    let delay = behaviour.delay.load(Ordering::SeqCst) as u64;
    tokio::time::sleep(Duration::from_millis(delay)).await;
    let calls: Value = serde_json::from_slice(&body).unwrap();
    let list = calls.as_array().cloned().unwrap_or_else(|| vec![calls.clone()]);
    if list.iter().any(is_forbidden) {
        behaviour.forbidden.fetch_add(1, Ordering::SeqCst);
        return reply(StatusCode::OK, refusal(&calls, -32601, "method not found"));
    }
    if list.iter().any(|call| call["method"] == "eth_createAccessList") {
        behaviour.access_lists.fetch_add(1, Ordering::SeqCst);
        if behaviour.no_access_lists.load(Ordering::SeqCst) {
            return reply(StatusCode::OK, refusal(&calls, -32601, "method not found"));
        }
    }
    if behaviour.no_hashes.load(Ordering::SeqCst) && list.iter().any(names_block_by_object) {
        return reply(StatusCode::OK, refusal(&calls, -32602, "invalid argument 1: want a string"));
    }
    let sent = client.post(&upstream).header("content-type", "application/json").body(body).send();
    let bytes = sent.await.unwrap().bytes().await.unwrap().to_vec();
    if spent(&behaviour.cut) {
        return reply(StatusCode::OK, bytes[..bytes.len() / 2].to_vec());
    }
    reply(StatusCode::OK, bytes)
}

fn is_forbidden(call: &Value) -> bool {
    let method = call["method"].as_str().unwrap_or_default();
    let to = call["params"][0]["to"].as_str().unwrap_or_default().to_lowercase();
    let entry_point = EntryPointVersion::ALL
        .iter()
        .any(|version| version.canonical_address().to_string().to_lowercase() == to);
    method.starts_with("debug_")
        || method.starts_with("trace_")
        || (method == "eth_call" && entry_point)
}

fn names_block_by_object(call: &Value) -> bool {
    call["params"].as_array().is_some_and(|params| params.iter().skip(1).any(Value::is_object))
}

fn refusal(calls: &Value, code: i64, message: &str) -> Vec<u8> {
    let one = |call: &Value| json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}});
    let answer = match calls.as_array() {
        Some(calls) => Value::Array(calls.iter().map(one).collect()),
        None => one(calls),
    };
    answer.to_string().into_bytes()
}
