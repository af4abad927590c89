//! What is known of one block's state, and code by hash.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alloy::primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256,
    map::{AddressHashMap, HashMap},
};
use lru::LruCache;
use parking_lot::{Mutex, RwLock};
use revm::{bytecode::Bytecode, state::AccountInfo};

use super::bytecode;

/// Accounts and slots of one block. What does not fit any more is read again, never evicted: a
/// block's cache lives for a few blocks only.
#[derive(Debug)]
pub(super) struct BlockCache {
    accounts: RwLock<AddressHashMap<AccountInfo>>,
    slots: RwLock<HashMap<(Address, U256), U256>>,
    entries: AtomicUsize,
    capacity: usize,
}

impl BlockCache {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            accounts: RwLock::default(),
            slots: RwLock::default(),
            entries: AtomicUsize::new(0),
            capacity,
        }
    }

    pub(super) fn account(&self, address: &Address) -> Option<AccountInfo> {
        self.accounts.read().get(address).cloned()
    }

    pub(super) fn slot(&self, address: Address, slot: U256) -> Option<U256> {
        self.slots.read().get(&(address, slot)).copied()
    }

    pub(super) fn has_account(&self, address: &Address) -> bool {
        self.accounts.read().contains_key(address)
    }

    pub(super) fn insert_account(&self, address: Address, info: AccountInfo) {
        if self.has_room() {
            self.accounts.write().insert(address, info);
        }
    }

    pub(super) fn insert_slot(&self, address: Address, slot: U256, value: U256) {
        if self.has_room() {
            self.slots.write().insert((address, slot), value);
        }
    }

    fn has_room(&self) -> bool {
        self.entries.fetch_add(1, Ordering::Relaxed) < self.capacity
    }
}

/// Analysed code by hash. Code never changes under its hash, so an entry is never wrong; the least
/// recently used ones make room when the bytes exceed the capacity.
#[derive(Debug)]
pub(super) struct CodeCache {
    inner: Mutex<Codes>,
    capacity: usize,
}

#[derive(Debug)]
struct Codes {
    by_hash: LruCache<B256, Bytecode>,
    bytes: usize,
}

impl CodeCache {
    pub(super) fn new(capacity: usize) -> Self {
        let by_hash = LruCache::unbounded();
        Self { inner: Mutex::new(Codes { by_hash, bytes: 0 }), capacity }
    }

    /// Hash and analysed form of `code`.
    pub(super) fn intern(&self, code: Bytes) -> (B256, Bytecode) {
        if code.is_empty() {
            return (KECCAK256_EMPTY, Bytecode::default());
        }
        let hash = keccak256(&code);
        if let Some(known) = self.inner.lock().by_hash.get(&hash) {
            return (hash, known.clone());
        }
        // Analysed outside the lock: it is linear in the code.
        let size = code.len();
        let analysed = bytecode(code);
        let mut codes = self.inner.lock();
        if codes.by_hash.put(hash, analysed.clone()).is_none() {
            codes.bytes += size;
        }
        while codes.bytes > self.capacity {
            match codes.by_hash.pop_lru() {
                Some((_, evicted)) => codes.bytes -= evicted.original_byte_slice().len(),
                None => break,
            }
        }
        (hash, analysed)
    }
}

/// Addresses and slots that a transaction used.
pub(super) type Accessed = Arc<Vec<(Address, Vec<U256>)>>;

/// What outlives a block.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) codes: CodeCache,
    /// By sender, what its last operation used.
    pub(super) remembered: Mutex<LruCache<Address, Accessed>>,
}

/// A whole state held in memory: what is not in it does not exist. For tests, benches and replays.
#[derive(Clone, Debug, Default)]
pub struct MemoryState {
    pub(super) accounts: AddressHashMap<AccountInfo>,
    pub(super) slots: HashMap<(Address, U256), U256>,
}

impl MemoryState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets or replaces an account.
    pub fn set_account(&mut self, address: Address, balance: U256, nonce: u64, code: Bytes) {
        let code_hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) };
        let code = Some(bytecode(code));
        let info = AccountInfo { balance, nonce, code_hash, code, ..Default::default() };
        self.accounts.insert(address, info);
    }

    /// Sets a storage slot.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) {
        self.slots.insert((address, slot), value);
    }

    /// Sets the balance of an account, which need not exist.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        self.accounts.entry(address).or_default().balance = balance;
    }

    /// Code at an address.
    pub fn code(&self, address: &Address) -> Option<Bytes> {
        let code = self.accounts.get(address)?.code.as_ref()?;
        (!code.is_empty()).then(|| code.original_bytes())
    }

    /// A storage slot.
    pub fn slot(&self, address: Address, slot: U256) -> U256 {
        self.slots.get(&(address, slot)).copied().unwrap_or_default()
    }

    /// Balance and nonce of an account.
    pub fn account(&self, address: &Address) -> Option<(U256, u64)> {
        self.accounts.get(address).map(|info| (info.balance, info.nonce))
    }

    /// Takes over what a transaction changed.
    pub fn apply(&mut self, changes: &revm::state::EvmState) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() {
                self.accounts.remove(address);
                self.slots.retain(|(owner, _), _| owner != address);
                continue;
            }
            self.accounts.insert(*address, account.info.clone());
            for (slot, value) in &account.storage {
                self.slots.insert((*address, *slot), value.present_value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_makes_room_by_bytes_and_is_found_by_hash() {
        let cache = CodeCache::new(10);
        let (hash, _) = cache.intern(Bytes::from_static(&[1; 6]));
        assert_eq!(hash, keccak256([1; 6]));
        assert!(cache.inner.lock().by_hash.contains(&hash));
        cache.intern(Bytes::from_static(&[2; 6]));
        let codes = cache.inner.lock();
        assert!(!codes.by_hash.contains(&hash));
        assert_eq!(codes.bytes, 6);
    }

    #[test]
    fn a_full_block_cache_takes_nothing_more() {
        let cache = BlockCache::new(1);
        cache.insert_slot(Address::ZERO, U256::ZERO, U256::from(1));
        cache.insert_slot(Address::ZERO, U256::from(1), U256::from(1));
        assert_eq!(cache.slot(Address::ZERO, U256::ZERO), Some(U256::from(1)));
        assert_eq!(cache.slot(Address::ZERO, U256::from(1)), None);
    }

    #[test]
    fn malformed_designations_are_ordinary_code() {
        let cut = Bytes::from_static(&[0xef, 0x01, 0x00, 0x11]);
        assert!(bytecode(cut).eip7702_address().is_none());
        let whole = [&[0xef, 0x01, 0x00][..], &[0x11; 20]].concat();
        assert_eq!(bytecode(whole.into()).eip7702_address(), Some(Address::repeat_byte(0x11)));
    }
}
