//! State reads, batched at one block hash.

use alloy::{
    eips::{BlockId, BlockNumberOrTag, RpcBlockHash},
    primitives::{Address, B256, Bytes, U256},
    rpc::client::{BatchRequest, Waiter},
};
use futures::future::try_join_all;

use super::{NodeClient, NodeError};

/// One read of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateRead {
    /// `eth_getBalance`
    Balance(Address),
    /// `eth_getTransactionCount`
    Nonce(Address),
    /// `eth_getCode`
    Code(Address),
    /// `eth_getStorageAt`
    Slot(Address, U256),
}

/// The answer to a [`StateRead`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateValue {
    /// Balance, nonce or slot.
    Word(U256),
    /// Code.
    Code(Bytes),
}

enum Answer {
    Word(Waiter<U256>),
    Code(Waiter<Bytes>),
}

impl StateRead {
    const fn method(self) -> &'static str {
        match self {
            Self::Balance(_) => "eth_getBalance",
            Self::Nonce(_) => "eth_getTransactionCount",
            Self::Code(_) => "eth_getCode",
            Self::Slot(..) => "eth_getStorageAt",
        }
    }

    fn add(self, batch: &mut BatchRequest<'_>, at: BlockId) -> Result<Answer, NodeError> {
        let method = self.method();
        let added = match self {
            Self::Balance(address) | Self::Nonce(address) => {
                batch.add_call(method, &(address, at)).map(Answer::Word)
            }
            Self::Code(address) => batch.add_call(method, &(address, at)).map(Answer::Code),
            Self::Slot(address, slot) => {
                batch.add_call(method, &(address, slot, at)).map(Answer::Word)
            }
        };
        added.map_err(|error| NodeError::Malformed {
            method: method.to_owned(),
            detail: error.to_string(),
        })
    }
}

impl NodeClient {
    /// Reads state at exactly this block, in as few round trips as the batch limit allows. The
    /// answers are in the order of `reads`.
    ///
    /// The block is named by its hash, canonical required (EIP-1898). To a node that does not take
    /// hashes its number is sent, with the block's hash asked for in the same batch.
    ///
    /// # Errors
    /// [`NodeError::UnknownBlock`] when the node does not serve that block, or another block stands
    /// at its number; and whatever keeps the node from answering.
    pub async fn read_state(
        &self,
        number: u64,
        hash: B256,
        reads: &[StateRead],
    ) -> Result<Vec<StateValue>, NodeError> {
        let batches = reads.chunks(self.options().batch.max(1));
        let answers = batches.map(|batch| self.read_batch(number, hash, batch));
        Ok(try_join_all(answers).await?.into_iter().flatten().collect())
    }

    async fn read_batch(
        &self,
        number: u64,
        hash: B256,
        reads: &[StateRead],
    ) -> Result<Vec<StateValue>, NodeError> {
        if !self.reads_by_number() {
            let at = BlockId::Hash(RpcBlockHash::from_hash(hash, Some(true)));
            match self.send_reads(at, hash, None, reads).await {
                Err(NodeError::Rpc { code: -32602, message, .. }) => {
                    tracing::warn!(message, "the node takes no block hashes: reading by number");
                    self.read_by_number_from_now_on();
                }
                answer => return answer,
            }
        }
        self.send_reads(BlockId::number(number), hash, Some(number), reads).await
    }

    async fn send_reads(
        &self,
        at: BlockId,
        hash: B256,
        verify: Option<u64>,
        reads: &[StateRead],
    ) -> Result<Vec<StateValue>, NodeError> {
        let named = hash.to_string();
        let mut batch = self.rpc().new_batch();
        let answers =
            reads.iter().map(|read| read.add(&mut batch, at)).collect::<Result<Vec<_>, _>>()?;
        let header = match verify {
            None => None,
            Some(number) => {
                let params = (BlockNumberOrTag::Number(number), false);
                let added = batch.add_call::<_, Option<HashOnly>>("eth_getBlockByNumber", &params);
                Some(added.map_err(|error| self.sort(error, "eth_getBlockByNumber", None))?)
            }
        };
        batch.send().await.map_err(|error| self.sort(error, "batch", Some(&named)))?;
        if let Some(header) = header {
            let found = header
                .await
                .map_err(|error| self.sort(error, "eth_getBlockByNumber", Some(&named)))?;
            if found.as_ref().map(|block| block.hash) != Some(hash) {
                let detail = match found {
                    Some(block) => format!("{} stands at its number", block.hash),
                    None => "it has no block of that number".to_owned(),
                };
                return Err(NodeError::UnknownBlock { block: named, detail });
            }
        }
        let mut values = Vec::with_capacity(reads.len());
        for (read, answer) in reads.iter().zip(answers) {
            let value = match answer {
                Answer::Word(word) => word.await.map(StateValue::Word),
                Answer::Code(code) => code.await.map(StateValue::Code),
            };
            values.push(value.map_err(|error| self.sort(error, read.method(), Some(&named)))?);
        }
        Ok(values)
    }
}

/// A block, of which only the hash matters.
#[derive(Debug, serde::Deserialize)]
struct HashOnly {
    hash: B256,
}
