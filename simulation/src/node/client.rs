//! The client that every part of Writ talks to the node through.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use alloy::{
    eips::BlockId,
    network::Ethereum,
    primitives::U64,
    providers::RootProvider,
    rpc::{
        client::RpcClient,
        types::{Block, Filter, Log},
    },
    transports::{
        TransportError,
        http::{Http, reqwest::Url},
    },
};

use alloy_json_rpc::{RpcRecv, RpcSend};

use super::{
    NodeError, NodeStats,
    transport::{FIRST_PAUSE, NodeTransport},
};

/// Bounds of the traffic with the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeOptions {
    /// HTTP requests at the same time.
    pub concurrency: usize,
    /// Calls in one JSON-RPC batch.
    pub batch: usize,
    /// Time limit of one HTTP request.
    pub timeout: Duration,
    /// How often a request that was not answered is repeated.
    pub retries: u32,
    /// Pause before the first repetition; each further one is twice as long.
    pub first_pause: Duration,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            batch: 100,
            timeout: Duration::from_secs(5),
            retries: 3,
            first_pause: FIRST_PAUSE,
        }
    }
}

/// A node reached over HTTP. Clones share connections, bounds and counters.
#[derive(Clone)]
pub struct NodeClient {
    inner: Arc<Inner>,
}

struct Inner {
    rpc: RpcClient,
    transport: NodeTransport,
    options: NodeOptions,
    endpoint: String,
    by_number: AtomicBool,
}

impl fmt::Debug for NodeClient {
    /// Shows neither path nor credentials of the URL: hosted nodes put API keys there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClient").field("endpoint", &self.inner.endpoint).finish_non_exhaustive()
    }
}

impl NodeClient {
    /// A client for the node at `url`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`NodeError::Unreachable`] when `url` is not an HTTP(S) URL.
    pub fn new(url: &str, options: NodeOptions) -> Result<Self, NodeError> {
        let refuse = |detail: String| NodeError::Unreachable {
            endpoint: "(invalid URL)".to_owned(),
            detail,
            attempts: 0,
        };
        let url: Url = url.parse().map_err(|error| refuse(format!("{error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse(format!("scheme {:?}; http and https are accepted", url.scheme())));
        }
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let endpoint = format!("{}://{host}{port}", url.scheme());
        let transport = NodeTransport::new(Http::new(url), options);
        let rpc = RpcClient::new(transport.clone(), true);
        let by_number = AtomicBool::new(false);
        Ok(Self { inner: Arc::new(Inner { rpc, transport, options, endpoint, by_number }) })
    }

    /// Scheme, host and port, fit for logs.
    pub fn endpoint(&self) -> &str {
        &self.inner.endpoint
    }

    /// The bounds it was made with.
    pub fn options(&self) -> &NodeOptions {
        &self.inner.options
    }

    /// How much was asked of the node so far, by all clones together.
    pub fn stats(&self) -> NodeStats {
        self.inner.transport.stats()
    }

    /// An alloy provider over the same transport: same bounds, retries and counters.
    pub fn provider(&self) -> RootProvider<Ethereum> {
        RootProvider::new(self.inner.rpc.clone())
    }

    /// Any JSON-RPC call.
    ///
    /// # Errors
    /// When the node does not answer, or not with an `R`.
    pub async fn request<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, NodeError> {
        self.inner.rpc.request(method, params).await.map_err(|error| self.sort(error, method, None))
    }

    /// The chain id.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn chain_id(&self) -> Result<u64, NodeError> {
        self.request::<_, U64>("eth_chainId", ()).await.map(|id| id.to())
    }

    /// A block without its transactions; `None` if the node does not have it.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn block(&self, id: BlockId) -> Result<Option<Block>, NodeError> {
        match id {
            BlockId::Hash(hash) => {
                self.request("eth_getBlockByHash", (hash.block_hash, false)).await
            }
            BlockId::Number(number) => self.request("eth_getBlockByNumber", (number, false)).await,
        }
    }

    /// The logs that match `filter`.
    ///
    /// # Errors
    /// When the node does not answer, or does not have the filter's block.
    pub async fn logs(&self, filter: &Filter) -> Result<Vec<Log>, NodeError> {
        let block = filter.get_block_hash().map(|hash| hash.to_string());
        self.inner
            .rpc
            .request("eth_getLogs", (filter,))
            .await
            .map_err(|error| self.sort(error, "eth_getLogs", block.as_deref()))
    }

    pub(super) fn rpc(&self) -> &RpcClient {
        &self.inner.rpc
    }

    pub(super) fn reads_by_number(&self) -> bool {
        self.inner.by_number.load(Ordering::Relaxed)
    }

    pub(super) fn read_by_number_from_now_on(&self) {
        self.inner.by_number.store(true, Ordering::Relaxed);
    }

    pub(super) fn sort(
        &self,
        error: TransportError,
        method: &str,
        block: Option<&str>,
    ) -> NodeError {
        let attempts = self.inner.options.retries + 1;
        NodeError::from_transport(error, method, block, &self.inner.endpoint, attempts)
    }
}
