//! The HTTP server around the methods.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jsonrpsee::{
    core::RegisterMethodError,
    server::{BatchRequestConfig, Server, ServerConfig as HttpConfig, ServerHandle},
};
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    Backend, DebugBackend, DebugOptions, Health, MethodLimits, debug_methods,
    health::{HealthLayer, Probe},
    methods,
};

/// Longest time for finding out about the health; a balancer waits no longer either.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Where to listen, and the bounds on what a stranger can send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Address to listen on; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Longest request body, in bytes.
    pub max_request_bytes: u32,
    /// Longest response body, in bytes.
    pub max_response_bytes: u32,
    /// Most requests in one batch.
    pub max_batch: u32,
    /// Most connections at once.
    pub max_connections: u32,
    /// Most requests being worked on at once.
    pub max_concurrent_requests: usize,
    /// Longest time for one request.
    pub request_timeout: Duration,
    /// Origins whose web pages may call this server. Empty: none may.
    pub cors_origins: Vec<String>,
}

impl ServerConfig {
    /// The default bounds, listening on `listen`.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            max_request_bytes: 1 << 20,
            max_response_bytes: 10 << 20,
            max_batch: 32,
            max_connections: 256,
            max_concurrent_requests: 256,
            request_timeout: Duration::from_secs(20),
            cors_origins: Vec::new(),
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({reason}): stop what uses it, or set another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// A CORS origin is not one.
    #[error("{0:?} is no origin; one looks like https://wallet.example")]
    Origin(String),
    /// Two methods have one name.
    #[error(transparent)]
    Methods(#[from] RegisterMethodError),
}

/// A server that listens until it is stopped or this is dropped.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    handle: ServerHandle,
}

impl RunningServer {
    /// The address it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the RPC.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting, lets requests in progress finish, and returns when all are done.
    pub async fn stop(self) {
        // An error only says that it has stopped before.
        let _ = self.handle.stop();
        self.handle.stopped().await;
    }

    /// Returns when the server has stopped.
    pub async fn stopped(&self) {
        self.handle.clone().stopped().await;
    }
}

/// Starts serving `backend`.
///
/// # Errors
/// When the address is taken or an origin is malformed; each says what to do.
pub async fn serve<B: Backend>(
    config: &ServerConfig,
    backend: Arc<B>,
) -> Result<RunningServer, ServerError> {
    let methods = methods(backend.clone(), limits(config))?;
    let patience = config.request_timeout.min(HEALTH_TIMEOUT);
    let probe: Probe = Arc::new(move || {
        let backend = backend.clone();
        Box::pin(async move {
            timeout(patience, backend.health()).await.unwrap_or_else(|_| Health::unanswered())
        })
    });
    let running = listen(config, methods, Some(HealthLayer(probe))).await?;
    tracing::info!(address = %running.address, "serving JSON-RPC");
    Ok(running)
}

/// Starts serving the debug methods of `debug`, and beside them all of `backend`: tools that drive a bundler know one URL.
///
/// # Errors
/// As [`serve`].
pub async fn serve_debug<B: Backend, D: DebugBackend>(
    config: &ServerConfig,
    backend: Arc<B>,
    debug: Arc<D>,
    options: DebugOptions,
) -> Result<RunningServer, ServerError> {
    let mut methods = debug_methods(debug, limits(config), options)?;
    methods.merge(self::methods(backend, limits(config))?)?;
    let running = listen(config, methods, None).await?;
    tracing::warn!(
        address = %running.address,
        "serving debug_bundler_*: whoever can reach this address controls pool, reputation and bundling"
    );
    Ok(running)
}

const fn limits(config: &ServerConfig) -> MethodLimits {
    MethodLimits { timeout: config.request_timeout, concurrent: config.max_concurrent_requests }
}

async fn listen(
    config: &ServerConfig,
    methods: jsonrpsee::Methods,
    health: Option<HealthLayer>,
) -> Result<RunningServer, ServerError> {
    let http = ServiceBuilder::new().option_layer(cors(&config.cors_origins)?).option_layer(health);
    let settings = HttpConfig::builder()
        .http_only()
        .max_request_body_size(config.max_request_bytes)
        .max_response_body_size(config.max_response_bytes)
        .max_connections(config.max_connections)
        .set_batch_request_config(BatchRequestConfig::Limit(config.max_batch))
        .build();
    let failed = |error: std::io::Error| ServerError::Listen {
        address: config.listen,
        reason: error.to_string(),
    };
    let server = Server::builder()
        .set_config(settings)
        .set_http_middleware(http)
        .build(config.listen)
        .await
        .map_err(failed)?;
    let address = server.local_addr().map_err(failed)?;
    let handle = server.start(methods);
    Ok(RunningServer { address, handle })
}

fn cors(origins: &[String]) -> Result<Option<CorsLayer>, ServerError> {
    if origins.is_empty() {
        return Ok(None);
    }
    let mut allowed = Vec::new();
    for origin in origins {
        let well_formed = origin.starts_with("http://") || origin.starts_with("https://");
        match origin.parse() {
            Ok(value) if well_formed => allowed.push(value),
            _ => return Err(ServerError::Origin(origin.clone())),
        }
    }
    let methods = ["GET", "POST"].into_iter().filter_map(|name| name.parse().ok());
    let headers = ["content-type"].into_iter().filter_map(|name| name.parse().ok());
    Ok(Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(allowed))
            .allow_methods(methods.collect::<Vec<_>>())
            .allow_headers(headers.collect::<Vec<_>>()),
    ))
}
