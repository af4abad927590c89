//! Accounts of the published packages and of Writ, in the hands of their owners.

use alloy::{
    eips::eip7702::{Authorization, SignedAuthorization},
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use writ_node::dev::CHAIN_ID;
use writ_types::{EntryPoint, Factory, UserOperation};

/// An account with its owner's key.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub address: Address,
    /// The EntryPoint that it trusts.
    pub entry_point: EntryPoint,
    /// What creates it while it does not exist.
    pub factory: Option<Factory>,
    /// Its owner.
    pub owner: PrivateKeySigner,
    /// Bytes that the account wants in front of the owner's signature.
    pub prefix: Bytes,
    /// Key of its nonces.
    pub nonce_key: U256,
}

impl Account {
    /// An account that exists, or that will by `factory`.
    pub fn new(
        address: Address,
        entry_point: EntryPoint,
        factory: Option<Factory>,
        owner: PrivateKeySigner,
    ) -> Self {
        Self { address, entry_point, factory, owner, prefix: Bytes::new(), nonce_key: U256::ZERO }
    }

    /// The owner's own address as an EIP-7702 account.
    pub fn delegated(entry_point: EntryPoint, owner: PrivateKeySigner) -> Self {
        Self::new(owner.address(), entry_point, None, owner)
    }

    /// A well-formed signature of nobody in particular, for estimates: the one that viem's accounts send.
    pub fn stub_signature(&self) -> Bytes {
        const STUB: [u8; 65] = alloy::primitives::hex!(
            "fffffffffffffffffffffffffffffff0000000000000000000000000000000007aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1c"
        );
        [&self.prefix[..], &STUB].concat().into()
    }

    /// The userOpHash; `delegate` is the account's EIP-7702 delegate, where no tuple says it.
    ///
    /// # Panics
    /// When a delegate is needed and none is known.
    pub fn hash(&self, operation: &UserOperation, delegate: Option<Address>) -> B256 {
        operation.hash(self.entry_point.address, CHAIN_ID, delegate).expect("a hash")
    }

    /// The operation signed by the owner.
    pub fn signed(&self, operation: UserOperation) -> UserOperation {
        self.signed_as(operation, None)
    }

    /// The same where the chain knows the delegate.
    ///
    /// # Panics
    /// Never: a local key always signs.
    pub fn signed_as(&self, operation: UserOperation, delegate: Option<Address>) -> UserOperation {
        let hash = self.hash(&operation, delegate);
        // v0.8's hash is EIP-712 and signed as it is; before that it is signed as a message (EIP-191).
        let signature = if self.entry_point.version.supports_eip7702() {
            self.owner.sign_hash_sync(&hash)
        } else {
            self.owner.sign_message_sync(hash.as_slice())
        };
        let signature = signature.expect("a local key signs").as_bytes();
        UserOperation { signature: [&self.prefix[..], &signature].concat().into(), ..operation }
    }

    /// A tuple that delegates the owner's address.
    pub fn tuple(&self, delegate: Address, nonce: u64) -> SignedAuthorization {
        self.tuple_for(CHAIN_ID, delegate, nonce)
    }

    /// The same for another chain.
    ///
    /// # Panics
    /// Never: a local key always signs.
    pub fn tuple_for(&self, chain_id: u64, delegate: Address, nonce: u64) -> SignedAuthorization {
        let tuple = Authorization { chain_id: U256::from(chain_id), address: delegate, nonce };
        let signature = self.owner.sign_hash_sync(&tuple.signature_hash());
        tuple.into_signed(signature.expect("a local key signs"))
    }
}

/// A key that is the same in every run, so that a failure can be looked at again.
///
/// # Panics
/// Never: such a hash is a key.
pub fn key(name: &str) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(name)).expect("a hash is a key")
}
