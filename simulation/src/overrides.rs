//! State that a simulation pretends to be different.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use revm::bytecode::Bytecode;

/// Replacements of code, balance and single storage slots, by address. Empty for everything that
/// decides about inclusion; used for throw-away quorums and for estimation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    accounts: BTreeMap<Address, AccountOverride>,
}

/// Replacements at one address; what is `None` or absent stays as it is on chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountOverride {
    /// Balance in wei.
    pub balance: Option<U256>,
    /// Code with its hash.
    pub code: Option<(B256, Bytecode)>,
    /// Account nonce.
    pub nonce: Option<u64>,
    /// Single slots; other slots stay.
    pub storage: BTreeMap<U256, U256>,
}

impl Overrides {
    /// No replacement.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the code at `address`. Code that begins with the EIP-7702 prefix and is a valid
    /// designation delegates, as it would on chain.
    #[must_use]
    pub fn with_code(mut self, address: Address, code: Bytes) -> Self {
        let hash = if code.is_empty() { KECCAK256_EMPTY } else { keccak256(&code) };
        self.entry(address).code = Some((hash, crate::state::bytecode(code)));
        self
    }

    /// Replaces the balance of `address`.
    #[must_use]
    pub fn with_balance(mut self, address: Address, balance: U256) -> Self {
        self.entry(address).balance = Some(balance);
        self
    }

    /// Replaces the nonce of `address`.
    #[must_use]
    pub fn with_nonce(mut self, address: Address, nonce: u64) -> Self {
        self.entry(address).nonce = Some(nonce);
        self
    }

    /// Replaces one storage slot of `address`.
    #[must_use]
    pub fn with_storage(mut self, address: Address, slot: U256, value: U256) -> Self {
        self.entry(address).storage.insert(slot, value);
        self
    }

    /// Replacements at `address`, if any.
    pub fn get(&self, address: &Address) -> Option<&AccountOverride> {
        self.accounts.get(address)
    }

    /// The addresses with replacements.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        self.accounts.keys().copied()
    }

    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    fn entry(&mut self, address: Address) -> &mut AccountOverride {
        self.accounts.entry(address).or_default()
    }
}
