//! Pins blocks and keeps what outlives them.

use std::{num::NonZeroUsize, sync::Arc};

use alloy::{eips::BlockId, primitives::B256};
use lru::LruCache;
use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::OnceCell};

use super::{
    BlockHeader, PinnedBlock,
    cache::{CodeCache, Shared},
};
use crate::node::{NodeClient, NodeError};

/// Bounds of what is kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateOptions {
    /// Blocks whose state is kept.
    pub blocks: NonZeroUsize,
    /// Accounts and slots kept per block.
    pub entries_per_block: usize,
    /// Bytes of code kept.
    pub code_bytes: usize,
    /// Senders of which it is remembered what their last operation used.
    pub remembered_senders: NonZeroUsize,
}

impl Default for StateOptions {
    fn default() -> Self {
        Self {
            blocks: NonZeroUsize::MIN.saturating_add(15),
            entries_per_block: 200_000,
            code_bytes: 256 << 20,
            remembered_senders: NonZeroUsize::MIN.saturating_add(4_095),
        }
    }
}

/// Gives out pinned blocks. Clones share everything.
#[derive(Clone, Debug)]
pub struct StateProvider {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: NodeClient,
    options: StateOptions,
    chain_id: OnceCell<u64>,
    blocks: Mutex<LruCache<B256, PinnedBlock>>,
    shared: Arc<Shared>,
}

impl StateProvider {
    /// A provider on `client`. Nothing is asked yet.
    pub fn new(client: NodeClient, options: StateOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                options,
                chain_id: OnceCell::new(),
                blocks: Mutex::new(LruCache::new(options.blocks)),
                shared: Arc::new(Shared {
                    codes: CodeCache::new(options.code_bytes),
                    remembered: Mutex::new(LruCache::new(options.remembered_senders)),
                }),
            }),
        }
    }

    /// The node's client.
    pub fn client(&self) -> &NodeClient {
        &self.inner.client
    }

    /// The chain id, asked once.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn chain_id(&self) -> Result<u64, NodeError> {
        self.inner.chain_id.get_or_try_init(|| self.inner.client.chain_id()).await.copied()
    }

    /// Pins a block. A block named by hash must be canonical at this moment; later reads through
    /// the pinned block fail as soon as the node no longer serves it.
    ///
    /// Must be called on a tokio runtime; the pinned block's reads run there.
    ///
    /// # Errors
    /// [`NodeError::UnknownBlock`] when the node does not have the block, or has another one at its
    /// height; and whatever keeps the node from answering.
    pub async fn pin(&self, id: impl Into<BlockId>) -> Result<PinnedBlock, NodeError> {
        let id = id.into();
        let named = match id {
            BlockId::Hash(hash) => Some(hash.block_hash),
            BlockId::Number(_) => None,
        };
        let known = named.and_then(|hash| self.inner.blocks.lock().get(&hash).cloned());
        let header = match &known {
            Some(block) => *block.header(),
            None => self.header(id).await?,
        };
        if let Some(hash) = named {
            let canonical = self.header(header.number.into()).await?;
            if canonical.hash != hash {
                return Err(NodeError::UnknownBlock {
                    block: hash.to_string(),
                    detail: format!("{} stands at its height {}", canonical.hash, header.number),
                });
            }
        }
        if let Some(block) = known {
            return Ok(block);
        }
        let chain_id = self.chain_id().await?;
        let mut blocks = self.inner.blocks.lock();
        let block = blocks.get_or_insert(header.hash, || {
            PinnedBlock::from_node(
                header,
                chain_id,
                self.inner.client.clone(),
                Handle::current(),
                self.inner.shared.clone(),
                self.inner.options.entries_per_block,
            )
        });
        Ok(block.clone())
    }

    /// Pins the newest block.
    ///
    /// # Errors
    /// As [`Self::pin`].
    pub async fn latest(&self) -> Result<PinnedBlock, NodeError> {
        self.pin(BlockId::latest()).await
    }

    async fn header(&self, id: BlockId) -> Result<BlockHeader, NodeError> {
        let block = self.inner.client.block(id).await?;
        block.as_ref().map(BlockHeader::from_rpc).ok_or_else(|| NodeError::UnknownBlock {
            block: id.to_string(),
            detail: "it has no such block".to_owned(),
        })
    }
}
