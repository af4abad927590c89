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
    eips::{BlockId, RpcBlockHash},
    network::Ethereum,
    primitives::{Address, B256, Bytes, U64, U256},
    providers::RootProvider,
    rpc::{
        client::RpcClient,
        types::{AccessListResult, Block, Filter, Log},
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
    no_access_lists: AtomicBool,
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
        let no_access_lists = AtomicBool::new(false);
        let inner = Inner { rpc, transport, options, endpoint, by_number, no_access_lists };
        Ok(Self { inner: Arc::new(inner) })
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

    /// What the node itself answers to a call at a block, for the few addresses that no other EVM can run (Arbitrum's
    /// NodeInterface). A node that takes no block hashes is asked at the block's number.
    ///
    /// # Errors
    /// When the node does not serve the block, the call reverts, or the node does not answer.
    pub async fn call_at(
        &self,
        number: u64,
        hash: B256,
        to: Address,
        input: Bytes,
    ) -> Result<Bytes, NodeError> {
        let call = serde_json::json!({ "to": to, "input": input });
        let at = if self.reads_by_number() {
            BlockId::number(number)
        } else {
            BlockId::Hash(RpcBlockHash::from_hash(hash, Some(true)))
        };
        let named = hash.to_string();
        let answer = self.inner.rpc.request("eth_call", (call, at)).await;
        answer.map_err(|error| self.sort(error, "eth_call", Some(&named)))
    }

    /// What a transaction from the zero address touches at a block, as the node sees it. Empty when the node offers no
    /// access lists (it is not asked again then) or makes none of this transaction.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub async fn access_list(
        &self,
        number: u64,
        hash: B256,
        to: Address,
        input: &Bytes,
        gas: u64,
    ) -> Result<Vec<(Address, Vec<U256>)>, NodeError> {
        if self.inner.no_access_lists.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        // The zero address is rich on public chains, has no code, and needs no nonce here.
        let call = serde_json::json!({
            "from": Address::ZERO, "to": to, "input": input, "gas": U64::from(gas),
        });
        let answer: Result<AccessListResult, _> = if self.reads_by_number() {
            self.request("eth_createAccessList", (call, BlockId::number(number))).await
        } else {
            let at = BlockId::Hash(RpcBlockHash::from_hash(hash, Some(true)));
            self.request("eth_createAccessList", (call, at)).await
        };
        match answer {
            Ok(found) => {
                let slots = |keys: Vec<B256>| keys.into_iter().map(Into::into).collect();
                let items = found.access_list.0.into_iter();
                Ok(items.map(|item| (item.address, slots(item.storage_keys))).collect())
            }
            Err(error @ NodeError::Unreachable { .. }) => Err(error),
            Err(error) => {
                if error.is_unknown_method() {
                    tracing::info!(%error, "the node makes no access lists: reading step by step");
                    self.inner.no_access_lists.store(true, Ordering::Relaxed);
                }
                Ok(Vec::new())
            }
        }
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
