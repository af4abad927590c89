//! An operator's signing key.
//!
//! Signing is libsecp256k1's constant-time code with RFC 6979 nonces. The secret is erased when the key is dropped, and
//! nothing prints it.

use std::{fmt, path::Path};

use alloy::primitives::{Address, B256};
use secp256k1::{Message, PublicKey, SecretKey, ecdsa::RecoverableSignature};
use zeroize::Zeroizing;

use crate::{
    KeyError, secret,
    signature::{OperatorSignature, address_of},
};

/// A secp256k1 signing key.
pub struct OperatorKey {
    secret: SecretKey,
    address: Address,
}

impl OperatorKey {
    /// A fresh key from the system's random source.
    pub fn random() -> Self {
        Self::from_secret(SecretKey::new(&mut secp256k1::rand::rng()))
    }

    /// The key with these bytes; the argument is erased.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "taking the secret by value is what erases it"
    )]
    pub fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Result<Self, KeyError> {
        SecretKey::from_secret_bytes(*bytes)
            .map(Self::from_secret)
            .map_err(|_| KeyError::OutOfRange)
    }

    /// The key written as 64 hex digits, with or without `0x`; surrounding blanks are ignored.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(secret::from_hex(text)?)
    }

    /// Reads the key from a file that only its owner may read.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        Self::from_bytes(secret::read_secret(path)?)
    }

    /// Reads the key from an environment variable.
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        let text =
            std::env::var(variable).map_err(|_| KeyError::Environment(variable.to_owned()))?;
        Self::from_hex(&Zeroizing::new(text))
    }

    /// The operator's address.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a digest as the operator at `index` of its set.
    pub fn sign(&self, digest: B256, index: u8) -> OperatorSignature {
        let signature = RecoverableSignature::sign_ecdsa_recoverable(
            Message::from_digest(digest.0),
            &self.secret,
        );
        let (parity, compact) = signature.serialize_compact();
        let mut vs = B256::from_slice(&compact[32..]);
        // libsecp256k1 returns the lower s, so the highest bit is free for the parity. A recovery id of 2 or 3 (r above
        // the group order) has probability 2^-127.
        vs.0[0] |= (parity.to_u8() & 1) << 7;
        OperatorSignature { index, r: B256::from_slice(&compact[..32]), vs }
    }

    fn from_secret(secret: SecretKey) -> Self {
        Self { address: address_of(&PublicKey::from_secret_key(&secret)), secret }
    }
}

impl Drop for OperatorKey {
    fn drop(&mut self) {
        self.secret.non_secure_erase();
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorKey").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::*;

    /// Anvil's first account.
    const KNOWN: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    #[test]
    fn a_known_key_has_its_known_address() {
        let key = OperatorKey::from_hex(KNOWN).unwrap();
        assert_eq!(key.address(), address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
        assert_eq!(OperatorKey::from_hex(&KNOWN[2..]).unwrap().address(), key.address());
    }

    #[test]
    fn debug_never_shows_the_secret() {
        let key = OperatorKey::from_hex(KNOWN).unwrap();
        let text = format!("{key:?}").to_lowercase();
        assert!(text.contains("f39fd6e51aad88f6f4ce6ab8827279cfffb92266"));
        assert!(!text.contains("ac0974be"));
    }

    #[test]
    fn refuses_what_is_not_a_key() {
        assert!(matches!(OperatorKey::from_hex(""), Err(KeyError::NotHex)));
        assert!(matches!(OperatorKey::from_hex(&"00".repeat(32)), Err(KeyError::OutOfRange)));
        assert!(matches!(OperatorKey::from_hex(&"ff".repeat(32)), Err(KeyError::OutOfRange)));
    }

    #[test]
    fn an_absent_variable_is_named() {
        let error = OperatorKey::from_env("WRIT_TEST_NO_SUCH_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("WRIT_TEST_NO_SUCH_VARIABLE"));
    }
}
