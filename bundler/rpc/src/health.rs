//! `GET /health`: whether the bundler can do its work, for load balancers and people.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use serde::Serialize;
use tower::{Layer, Service};

/// One thing that serving depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was checked: `node`, `mempool`, `operators`, `signer`.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// What was seen, or what is wrong. No secrets, no paths.
    pub detail: String,
}

/// All checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Each dependency.
    pub checks: Vec<Check>,
}

impl Health {
    /// Whether every check is fine.
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }

    /// What is said when the checks do not come to an end.
    pub(crate) fn unanswered() -> Self {
        let detail = "the checks did not finish in time".to_owned();
        Self { checks: vec![Check { name: "health".to_owned(), ok: false, detail }] }
    }

    fn response(&self) -> HttpResponse {
        let healthy = self.is_healthy();
        let body = serde_json::json!({
            "status": if healthy { "ok" } else { "failing" },
            "checks": self.checks,
        });
        let mut response = HttpResponse::new(HttpBody::from(body.to_string()));
        if let Ok(status) = u16::try_into(if healthy { 200u16 } else { 503u16 }) {
            *response.status_mut() = status;
        }
        if let Ok(json) = "application/json".parse() {
            response.headers_mut().insert("content-type", json);
        }
        response
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Asks for the health.
pub(crate) type Probe = Arc<dyn Fn() -> BoxFuture<Health> + Send + Sync>;

/// Answers `GET /health` and passes everything else on.
#[derive(Clone)]
pub(crate) struct HealthLayer(pub(crate) Probe);

/// [`HealthLayer`] around a service.
#[derive(Clone)]
pub(crate) struct HealthService<S> {
    inner: S,
    probe: Probe,
}

impl<S> Layer<S> for HealthLayer {
    type Service = HealthService<S>;

    fn layer(&self, inner: S) -> HealthService<S> {
        HealthService { inner, probe: self.0.clone() }
    }
}

impl<S, B> Service<HttpRequest<B>> for HealthService<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = BoxFuture<Result<HttpResponse, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        if request.method().as_str() == "GET" && request.uri().path() == "/health" {
            let health = (self.probe)();
            return Box::pin(async move { Ok(health.await.response()) });
        }
        Box::pin(self.inner.call(request))
    }
}
