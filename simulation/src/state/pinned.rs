//! One block's state.

use std::{sync::Arc, sync::mpsc, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    rpc::types::Block,
};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use tokio::runtime::Handle;

use super::{
    cache::{Accessed, BlockCache, CodeCache, MemoryState, Shared},
    db::StateError,
    flights::{Answers, Flights, Key, Value},
};
use crate::node::{NodeClient, NodeError, StateRead, StateValue};

/// What of a block's header the EVM can see, and its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Hash of the block before.
    pub parent_hash: B256,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// Wei per gas; zero before EIP-1559.
    pub base_fee: u64,
    /// Gas limit of the block.
    pub gas_limit: u64,
    /// Fee recipient.
    pub coinbase: Address,
    /// The beacon chain's randomness.
    pub prevrandao: B256,
    /// Excess blob gas (EIP-4844); zero where the chain has none.
    pub excess_blob_gas: u64,
}

impl BlockHeader {
    /// Takes the parts from an RPC block.
    pub fn from_rpc(block: &Block) -> Self {
        let header = &block.header;
        Self {
            number: header.number,
            hash: header.hash,
            parent_hash: header.parent_hash,
            timestamp: header.timestamp,
            base_fee: header.base_fee_per_gas.unwrap_or_default(),
            gas_limit: header.gas_limit,
            coinbase: header.beneficiary,
            prevrandao: header.mix_hash,
            excess_blob_gas: header.excess_blob_gas.unwrap_or_default(),
        }
    }
}

/// The state after one block. Clones share the cache; everything read through it is of that block
/// hash or an error.
#[derive(Clone, Debug)]
pub struct PinnedBlock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    header: BlockHeader,
    chain_id: u64,
    cache: Arc<BlockCache>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Node {
        client: NodeClient,
        runtime: Handle,
        shared: Arc<Shared>,
        flights: Flights,
    },
    /// Everything is in the cache; what is not does not exist.
    Memory,
}

impl PinnedBlock {
    pub(super) fn from_node(
        header: BlockHeader,
        chain_id: u64,
        client: NodeClient,
        runtime: Handle,
        shared: Arc<Shared>,
        capacity: usize,
    ) -> Self {
        let cache = Arc::new(BlockCache::new(capacity));
        let source = Source::Node { client, runtime, shared, flights: Flights::default() };
        Self { inner: Arc::new(Inner { header, chain_id, cache, source }) }
    }

    /// A block whose whole state is given. Nothing is ever asked of a node.
    pub fn in_memory(header: BlockHeader, chain_id: u64, state: MemoryState) -> Self {
        let cache = BlockCache::new(usize::MAX);
        for (address, info) in state.accounts {
            cache.insert_account(address, info);
        }
        for ((address, slot), value) in state.slots {
            cache.insert_slot(address, slot, value);
        }
        let source = Source::Memory;
        let cache = Arc::new(cache);
        Self { inner: Arc::new(Inner { header, chain_id, cache, source }) }
    }

    /// The header.
    pub fn header(&self) -> &BlockHeader {
        &self.inner.header
    }

    /// Height.
    pub fn number(&self) -> u64 {
        self.inner.header.number
    }

    /// Hash.
    pub fn hash(&self) -> B256 {
        self.inner.header.hash
    }

    /// Seconds since 1970.
    pub fn timestamp(&self) -> u64 {
        self.inner.header.timestamp
    }

    /// Wei per gas.
    pub fn base_fee(&self) -> u64 {
        self.inner.header.base_fee
    }

    /// Chain id.
    pub fn chain_id(&self) -> u64 {
        self.inner.chain_id
    }

    /// Fetches what is neither cached nor on its way yet, in one round of batches.
    ///
    /// # Errors
    /// When the node does not serve the block's state.
    pub async fn prefetch(
        &self,
        accounts: &[Address],
        slots: &[(Address, U256)],
    ) -> Result<(), NodeError> {
        let accounts = accounts.iter().map(|address| Key::Account(*address));
        let slots = slots.iter().map(|(address, slot)| Key::Slot(*address, *slot));
        self.fetch(accounts.chain(slots).collect()).await.map(|_| ())
    }

    /// Balance, nonce and code of an address.
    ///
    /// # Errors
    /// When the node does not serve the block's state.
    pub async fn account(&self, address: Address) -> Result<AccountInfo, NodeError> {
        if let Some(known) = self.inner.cache.account(&address) {
            return Ok(known);
        }
        let key = Key::Account(address);
        match self.fetch_one(key).await? {
            Some(Value::Account(info)) => Ok(info),
            // It landed between the two looks at the cache, or there is no node.
            _ => Ok(self.inner.cache.account(&address).unwrap_or_default()),
        }
    }

    /// One storage slot.
    ///
    /// # Errors
    /// When the node does not serve the block's state.
    pub async fn storage(&self, address: Address, slot: U256) -> Result<U256, NodeError> {
        if let Some(known) = self.inner.cache.slot(address, slot) {
            return Ok(known);
        }
        match self.fetch_one(Key::Slot(address, slot)).await? {
            Some(Value::Word(word)) => Ok(word),
            _ => Ok(self.inner.cache.slot(address, slot).unwrap_or_default()),
        }
    }

    async fn fetch_one(&self, key: Key) -> Result<Option<Value>, NodeError> {
        let rounds = self.fetch(vec![key]).await?;
        Ok(rounds.iter().find_map(|answers| answers.get(&key).cloned()))
    }

    /// Reads what is not cached, sharing what others are reading already.
    async fn fetch(&self, mut keys: Vec<Key>) -> Result<Vec<Arc<Answers>>, NodeError> {
        let Source::Node { client, runtime, shared, flights } = &self.inner.source else {
            return Ok(Vec::new());
        };
        let cache = &self.inner.cache;
        let known = |key: &Key| match key {
            Key::Account(address) => cache.has_account(address),
            Key::Slot(address, slot) => cache.slot(*address, *slot).is_some(),
        };
        keys.retain(|key| !known(key));
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (client, shared, cache) = (client.clone(), shared.clone(), cache.clone());
        let pinned = (self.number(), self.hash());
        let ask = |keys| async move {
            let answers = read(&client, pinned, keys, &shared.codes).await?;
            for (key, value) in &answers {
                match (key, value) {
                    (Key::Account(address), Value::Account(info)) => {
                        cache.insert_account(*address, info.clone());
                    }
                    (Key::Slot(address, slot), Value::Word(word)) => {
                        cache.insert_slot(*address, *slot, *word);
                    }
                    _ => {}
                }
            }
            Ok(answers)
        };
        flights.join(keys, known, runtime, ask).await
    }

    /// Whether all of this is cached.
    pub(crate) fn has(&self, accounts: &[Address], slots: &[(Address, U256)]) -> bool {
        let cache = &self.inner.cache;
        accounts.iter().all(|address| cache.has_account(address))
            && slots.iter().all(|(address, slot)| cache.slot(*address, *slot).is_some())
    }

    /// What the node says that a transaction touches at this block, as far as it can say: nothing where it does not
    /// offer access lists, or the transaction reverts there. A hint for reading ahead, never an answer.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub(crate) async fn access_list(
        &self,
        to: Address,
        input: &Bytes,
        gas: u64,
    ) -> Result<Vec<(Address, Vec<U256>)>, NodeError> {
        let Source::Node { client, .. } = &self.inner.source else { return Ok(Vec::new()) };
        client.access_list(self.number(), self.hash(), to, input, gas).await
    }

    /// What the node answers to a call at this block; `None` when there is no node behind the state. Never cached, and
    /// never part of a simulation.
    ///
    /// # Errors
    /// When the node does not serve the block, the call reverts, or the node does not answer.
    pub(crate) async fn call_node(
        &self,
        to: Address,
        input: Bytes,
    ) -> Result<Option<Bytes>, NodeError> {
        let Source::Node { client, .. } = &self.inner.source else { return Ok(None) };
        client.call_at(self.number(), self.hash(), to, input).await.map(Some)
    }

    /// Remembers what the last operation of `sender` used: the next one will need much of it.
    pub(crate) fn remember(&self, sender: Address, accessed: &Accessed) {
        if let Source::Node { shared, .. } = &self.inner.source {
            shared.remembered.lock().put(sender, accessed.clone());
        }
    }

    /// What was remembered for `sender`, at this block or an earlier one.
    pub(crate) fn remembered(&self, sender: &Address) -> Option<Accessed> {
        match &self.inner.source {
            Source::Node { shared, .. } => shared.remembered.lock().get(sender).cloned(),
            Source::Memory => None,
        }
    }

    /// The same for the EVM's thread, waiting at most `limit`. The flag tells whether the node was
    /// asked.
    pub(super) fn account_blocking(
        &self,
        address: Address,
        limit: Duration,
    ) -> Result<(AccountInfo, bool), StateError> {
        if let Some(known) = self.inner.cache.account(&address) {
            return Ok((known, false));
        }
        let block = self.clone();
        self.wait(limit, async move { block.account(address).await })
    }

    pub(super) fn storage_blocking(
        &self,
        address: Address,
        slot: U256,
        limit: Duration,
    ) -> Result<(U256, bool), StateError> {
        if let Some(known) = self.inner.cache.slot(address, slot) {
            return Ok((known, false));
        }
        let block = self.clone();
        self.wait(limit, async move { block.storage(address, slot).await })
    }

    pub(super) fn block_hash_blocking(
        &self,
        number: u64,
        limit: Duration,
    ) -> Result<(B256, bool), StateError> {
        let header = &self.inner.header;
        if number.checked_add(1) == Some(header.number) {
            return Ok((header.parent_hash, false));
        }
        match &self.inner.source {
            Source::Memory => Ok((B256::ZERO, false)),
            Source::Node { client, .. } => {
                let client = client.clone();
                let pinned = (header.number, header.hash);
                self.wait(limit, async move { ancestor_hash(&client, pinned, number).await })
            }
        }
    }

    /// Runs `read` on the runtime while this thread waits. Unlike `block_on` this cannot panic when
    /// the thread belongs to a runtime itself.
    fn wait<T: Send + 'static + Default>(
        &self,
        limit: Duration,
        read: impl Future<Output = Result<T, NodeError>> + Send + 'static,
    ) -> Result<(T, bool), StateError> {
        let Source::Node { runtime, .. } = &self.inner.source else {
            return Ok((T::default(), false));
        };
        let (sender, receiver) = mpsc::sync_channel(1);
        let task = runtime.spawn(async move {
            // The receiver may have given up; then nobody needs the answer.
            let _ = sender.send(read.await);
        });
        match receiver.recv_timeout(limit) {
            Ok(answer) => Ok((answer?, true)),
            Err(_) => {
                task.abort();
                Err(StateError::TooSlow)
            }
        }
    }
}

/// Hash of an earlier block, if the pinned one is still canonical when it was answered.
async fn ancestor_hash(
    client: &NodeClient,
    (pinned_number, pinned_hash): (u64, B256),
    number: u64,
) -> Result<B256, NodeError> {
    let ancestor = client.block(number.into()).await?;
    let pinned = client.block(pinned_number.into()).await?;
    match (ancestor, pinned) {
        (Some(ancestor), Some(pinned)) if pinned.header.hash == pinned_hash => {
            Ok(ancestor.header.hash)
        }
        _ => Err(NodeError::UnknownBlock {
            block: pinned_hash.to_string(),
            detail: format!("its ancestor {number} cannot be told"),
        }),
    }
}

/// Reads these in one round of batches.
async fn read(
    client: &NodeClient,
    (number, hash): (u64, B256),
    keys: Vec<Key>,
    codes: &CodeCache,
) -> Result<Answers, NodeError> {
    let reads: Vec<_> = keys
        .iter()
        .flat_map(|key| match *key {
            Key::Account(one) => {
                vec![StateRead::Balance(one), StateRead::Nonce(one), StateRead::Code(one)]
            }
            Key::Slot(address, slot) => vec![StateRead::Slot(address, slot)],
        })
        .collect();
    let mut values = client.read_state(number, hash, &reads).await?.into_iter();
    let mut answers = Answers::with_capacity(keys.len());
    for key in keys {
        let value = match (key, values.next()) {
            (Key::Slot(..), Some(StateValue::Word(word))) => Value::Word(word),
            (Key::Account(_), Some(StateValue::Word(balance))) => {
                Value::Account(account_info(balance, values.next(), values.next(), codes)?)
            }
            _ => return Err(malformed("eth_getStorageAt")),
        };
        answers.insert(key, value);
    }
    Ok(answers)
}

fn account_info(
    balance: U256,
    nonce: Option<StateValue>,
    code: Option<StateValue>,
    codes: &CodeCache,
) -> Result<AccountInfo, NodeError> {
    let (Some(StateValue::Word(nonce)), Some(StateValue::Code(code))) = (nonce, code) else {
        return Err(malformed("eth_getCode"));
    };
    let nonce = u64::try_from(nonce).map_err(|_| malformed("eth_getTransactionCount"))?;
    let (code_hash, code) = codes.intern(code);
    Ok(AccountInfo { balance, nonce, code_hash, code: Some(code), ..Default::default() })
}

fn malformed(method: &str) -> NodeError {
    NodeError::Malformed { method: method.to_owned(), detail: "wrong type".to_owned() }
}

/// Time a single read outside a simulation may take.
const LONE_READ: Duration = Duration::from_secs(30);

/// For code that runs revm by itself on a pinned block. Blocks the thread: call it from
/// `spawn_blocking` or a thread of one's own.
impl DatabaseRef for PinnedBlock {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.account_blocking(address, LONE_READ).map(|(info, _)| Some(info))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, StateError> {
        // Accounts are always handed out with their code.
        Err(StateError::UnknownCode(hash))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.storage_blocking(address, slot, LONE_READ).map(|(value, _)| value)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.block_hash_blocking(number, LONE_READ).map(|(hash, _)| hash)
    }
}
