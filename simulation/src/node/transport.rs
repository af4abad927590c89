//! One transport for everything that goes to the node: at most so many requests at once, a time
//! limit each, retries with growing pauses, and a count.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use alloy::transports::{
    RpcError, TransportError, TransportErrorKind, TransportFut,
    http::{Http, reqwest},
};
use alloy_json_rpc::{RequestPacket, ResponsePacket};
use tokio::sync::Semaphore;
use tower::Service;

use super::NodeOptions;

/// How much was asked of the node so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeStats {
    /// HTTP requests, retries included.
    pub round_trips: u64,
    /// JSON-RPC calls within them.
    pub calls: u64,
    /// HTTP requests that were repetitions of a failed one.
    pub retries: u64,
}

#[derive(Debug, Default)]
struct Counters {
    round_trips: AtomicU64,
    calls: AtomicU64,
    retries: AtomicU64,
}

/// The transport. Clones share the bound and the count.
#[derive(Clone, Debug)]
pub(super) struct NodeTransport {
    http: Http<reqwest::Client>,
    permits: Arc<Semaphore>,
    counters: Arc<Counters>,
    options: NodeOptions,
}

impl NodeTransport {
    pub(super) fn new(http: Http<reqwest::Client>, options: NodeOptions) -> Self {
        Self {
            http,
            permits: Arc::new(Semaphore::new(options.concurrency.max(1))),
            counters: Arc::default(),
            options,
        }
    }

    pub(super) fn stats(&self) -> NodeStats {
        NodeStats {
            round_trips: self.counters.round_trips.load(Ordering::Relaxed),
            calls: self.counters.calls.load(Ordering::Relaxed),
            retries: self.counters.retries.load(Ordering::Relaxed),
        }
    }

    async fn send(mut self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let retries = if repeatable(&request) { self.options.retries } else { 0 };
        let mut pause = self.options.first_pause;
        for attempt in 0.. {
            let error = match self.attempt(request.clone()).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if attempt >= retries || !worth_repeating(&error) {
                return Err(error);
            }
            tracing::debug!(%error, attempt, "request to the node failed, trying again");
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("writ_node_retries_total").increment(1);
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        Err(TransportErrorKind::custom_str("no attempt was made"))
    }

    async fn attempt(&mut self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        // The permit is held for the request only, not while pausing.
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| TransportErrorKind::custom_str("the node client was shut down"))?;
        self.counters.round_trips.fetch_add(1, Ordering::Relaxed);
        self.counters.calls.fetch_add(request.len() as u64, Ordering::Relaxed);
        for call in request.requests() {
            metrics::counter!("writ_node_calls_total", "method" => call.method().to_owned())
                .increment(1);
        }
        let limit = self.options.timeout;
        let started = Instant::now();
        let answer = tokio::time::timeout(limit, self.http.call(request)).await;
        metrics::histogram!("writ_node_request_seconds").record(started.elapsed());
        match answer {
            Ok(answer) => answer.map_err(without_url),
            Err(_) => Err(TransportErrorKind::custom_str(&format!("no answer within {limit:?}"))),
        }
    }
}

impl Service<RequestPacket> for NodeTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// The same error without the node's URL, whose path may be an API key, and with the causes that
/// reqwest keeps behind its first sentence.
fn without_url(error: TransportError) -> TransportError {
    let RpcError::Transport(TransportErrorKind::Custom(custom)) = error else { return error };
    let Ok(http) = custom.downcast::<reqwest::Error>() else {
        return TransportErrorKind::custom_str("the HTTP client failed");
    };
    let mut text = "request failed".to_owned();
    let http = http.without_url();
    let mut cause = std::error::Error::source(&http);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    TransportErrorKind::custom_str(&text)
}

/// Sending a transaction twice is harmless on chain, but the second answer ("already known") would
/// hide what became of the first: its caller decides.
fn repeatable(request: &RequestPacket) -> bool {
    request.requests().iter().all(|request| !request.method().starts_with("eth_send"))
}

/// Only what says nothing about the request itself: connection, time, overload, cut answers.
fn worth_repeating(error: &TransportError) -> bool {
    match error {
        RpcError::Transport(TransportErrorKind::NonRetryable(_)) => false,
        RpcError::Transport(kind) => match kind.as_http_error() {
            Some(http) => http.status == 429 || http.status >= 500,
            None => true,
        },
        // A body that is not JSON-RPC at all: a proxy's error page or an answer cut in the middle.
        RpcError::DeserError { .. } => true,
        _ => false,
    }
}

/// Pause before the first retry when nothing else is configured.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
