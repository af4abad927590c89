//! JSON-RPC over HTTP in front of an [`Operator`].

use std::{net::SocketAddr, sync::Arc, time::Duration};

use alloy::primitives::B256;
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
    server::{
        BatchRequestConfig, ServerBuilder, ServerConfig, ServerHandle,
        middleware::http::ProxyGetRequestLayer,
    },
    types::ErrorObjectOwned,
};
use writ_attestation::wire::{
    AttestRequest, CODE_OPERATOR, CallAttestRequest, Evaluation, Identity, MAX_MESSAGE_LEN,
    OperatorFault, OperatorRecord, OperatorResponse,
};

use crate::Operator;

/// The operator's methods.
#[rpc(server, namespace = "operator")]
pub trait OperatorApi {
    /// Who this operator is.
    #[method(name = "identity")]
    async fn identity(&self) -> RpcResult<Identity>;

    /// Decides and signs.
    #[method(name = "attest")]
    async fn attest(&self, request: AttestRequest) -> RpcResult<OperatorResponse>;

    /// Decides on a call that comes through no EntryPoint, and signs.
    #[method(name = "attestCall")]
    async fn attest_call(&self, request: CallAttestRequest) -> RpcResult<OperatorResponse>;

    /// Decides and signs nothing.
    #[method(name = "evaluate")]
    async fn evaluate(&self, request: AttestRequest) -> RpcResult<Evaluation>;

    /// A recorded decision, by the hash of its evidence.
    #[method(name = "decision")]
    async fn decision(&self, evidence: B256) -> RpcResult<Option<OperatorRecord>>;

    /// Succeeds when the operator could decide now. Also `GET /health`.
    #[method(name = "health")]
    async fn health(&self) -> RpcResult<&'static str>;
}

/// Bounds of the server.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections at once.
    pub connections: u32,
    /// Time for one request.
    pub request_time: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self { connections: 64, request_time: Duration::from_secs(15) }
    }
}

/// A running server. Dropping it stops accepting; [`shutdown`](Self::shutdown) also waits.
#[derive(Debug)]
pub struct OperatorServer {
    address: SocketAddr,
    handle: ServerHandle,
    request_time: Duration,
}

impl OperatorServer {
    /// Serves `operator` on `address`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn start(
        operator: Arc<Operator>,
        address: SocketAddr,
        limits: ServerLimits,
    ) -> std::io::Result<Self> {
        let config = ServerConfig::builder()
            .http_only()
            .max_connections(limits.connections)
            .max_request_body_size(MAX_MESSAGE_LEN)
            .max_response_body_size(MAX_MESSAGE_LEN)
            // A batch would multiply the work behind one connection.
            .set_batch_request_config(BatchRequestConfig::Disabled)
            .build();
        let health = ProxyGetRequestLayer::new([("/health", "operator_health")])
            .map_err(std::io::Error::other)?;
        let server = ServerBuilder::new()
            .set_config(config)
            .set_http_middleware(tower::ServiceBuilder::new().layer(health))
            .build(address)
            .await?;
        let address = server.local_addr()?;
        let methods = Methods { operator, request_time: limits.request_time }.into_rpc();
        Ok(Self { address, handle: server.start(methods), request_time: limits.request_time })
    }

    /// Where the server listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL to give to gateways.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting and waits until the requests under way are answered, no longer than one may take.
    pub async fn shutdown(self) {
        /// For writing the last answer.
        const GRACE: Duration = Duration::from_secs(1);
        // An error says that it is stopped already.
        let _ = self.handle.stop();
        let longest = self.request_time.saturating_add(GRACE);
        // A connection that stays open beyond that has nothing to wait for.
        let _ = tokio::time::timeout(longest, self.handle.stopped()).await;
    }
}

struct Methods {
    operator: Arc<Operator>,
    request_time: Duration,
}

impl Methods {
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, OperatorFault>>,
    ) -> RpcResult<T> {
        match tokio::time::timeout(self.request_time, work).await {
            Ok(result) => result.map_err(|fault| error_object(&fault)),
            Err(_) => Err(error_object(&OperatorFault::Unavailable {
                reason: format!("no decision within {} s", self.request_time.as_secs()),
            })),
        }
    }
}

#[async_trait]
impl OperatorApiServer for Methods {
    async fn identity(&self) -> RpcResult<Identity> {
        Ok(self.operator.identity())
    }

    async fn attest(&self, request: AttestRequest) -> RpcResult<OperatorResponse> {
        self.in_time(self.operator.attest(&request)).await
    }

    async fn attest_call(&self, request: CallAttestRequest) -> RpcResult<OperatorResponse> {
        self.in_time(self.operator.attest_call(&request)).await
    }

    async fn evaluate(&self, request: AttestRequest) -> RpcResult<Evaluation> {
        self.in_time(self.operator.evaluate(&request)).await
    }

    async fn decision(&self, evidence: B256) -> RpcResult<Option<OperatorRecord>> {
        self.operator.decision(evidence).map_err(|fault| error_object(&fault))
    }

    async fn health(&self) -> RpcResult<&'static str> {
        self.in_time(self.operator.health()).await.map(|()| "ok")
    }
}

/// The JSON-RPC error of a fault: one code, the fault itself as data.
fn error_object(fault: &OperatorFault) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(CODE_OPERATOR, crate::fault::message(fault), Some(fault))
}
