//! The account that sends bundles: a key of our own, or an account that the node holds.

use std::fmt;

use alloy::{
    consensus::{SignableTransaction, TxEnvelope},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, TxHash},
    signers::{SignerSync, local::PrivateKeySigner},
};
use writ_simulation::{NodeClient, NodeError};
use zeroize::Zeroizing;

use crate::{transaction::Unsigned, unlocked::UnlockedAccount};

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// Zero, or not below the curve's order.
    #[error(
        "the bundler's key is not a valid secp256k1 secret key: 32 bytes, not zero, below the curve's order"
    )]
    InvalidKey,
    /// The signature could not be made.
    #[error("signing failed: {0}")]
    Signing(String),
    /// The node was to sign, and does not answer or refuses.
    #[error("the node does not sign for account {account}: {source}")]
    Node {
        /// The account.
        account: Address,
        /// What the node said.
        source: NodeError,
    },
    /// The node does not hold the account.
    #[error("the node does not hold account {account} unlocked; it holds {held:?}")]
    NotHeld {
        /// The account.
        account: Address,
        /// What `eth_accounts` lists.
        held: Vec<Address>,
    },
    /// What the node signed is not what it was given.
    #[error("the node signed something else than it was given: {0}")]
    Altered(String),
}

/// An externally owned account that signs bundle transactions. A key is erased when this is dropped, and never printed.
#[derive(Clone)]
pub struct BundleSigner {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Key(PrivateKeySigner),
    Unlocked(UnlockedAccount),
}

impl fmt::Debug for BundleSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleSigner").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// A transaction that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Its hash.
    pub hash: TxHash,
    /// Its EIP-2718 bytes.
    pub raw: Bytes,
}

impl From<TxEnvelope> for SignedTransaction {
    fn from(envelope: TxEnvelope) -> Self {
        Self { hash: *envelope.tx_hash(), raw: envelope.encoded_2718().into() }
    }
}

impl BundleSigner {
    /// Takes over a secret key.
    ///
    /// # Errors
    /// When the bytes are no secret key.
    pub fn new(secret: &Zeroizing<[u8; 32]>) -> Result<Self, SignerError> {
        // k256's signing key erases itself when dropped.
        let key =
            PrivateKeySigner::from_slice(secret.as_slice()).map_err(|_| SignerError::InvalidKey)?;
        Ok(Self { source: Source::Key(key) })
    }

    /// An account that the node holds unlocked, as development nodes do: it signs by `eth_signTransaction`, and what it
    /// signs is compared with what it was given.
    ///
    /// # Errors
    /// [`SignerError::NotHeld`] when `eth_accounts` does not list it, or that the node does not answer.
    pub async fn unlocked(account: Address, node: NodeClient) -> Result<Self, SignerError> {
        let account = UnlockedAccount::open(account, node).await?;
        Ok(Self { source: Source::Unlocked(account) })
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        match &self.source {
            Source::Key(key) => key.address(),
            Source::Unlocked(account) => account.address(),
        }
    }

    /// Signs a transaction.
    ///
    /// # Errors
    /// When the signature cannot be made.
    pub async fn sign(&self, unsigned: Unsigned) -> Result<SignedTransaction, SignerError> {
        match &self.source {
            Source::Key(key) => sign_with(key, unsigned),
            Source::Unlocked(account) => account.sign(unsigned).await,
        }
    }
}

fn sign_with(key: &PrivateKeySigner, unsigned: Unsigned) -> Result<SignedTransaction, SignerError> {
    let sign = |hash: B256| {
        key.sign_hash_sync(&hash).map_err(|error| SignerError::Signing(error.to_string()))
    };
    let envelope: TxEnvelope = match unsigned {
        Unsigned::Plain(transaction) => {
            let signature = sign(transaction.signature_hash())?;
            transaction.into_signed(signature).into()
        }
        Unsigned::Delegating(transaction) => {
            let signature = sign(transaction.signature_hash())?;
            transaction.into_signed(signature).into()
        }
    };
    Ok(envelope.into())
}

#[cfg(test)]
mod tests {
    use alloy::{
        consensus::{TxEnvelope, transaction::SignerRecoverable},
        eips::eip2718::Decodable2718,
        primitives::U256,
    };

    use super::*;
    use crate::{Fees, transaction::Call};

    #[tokio::test]
    async fn signs_what_it_is_given_and_hides_its_key() {
        let secret = Zeroizing::new([0x42; 32]);
        let signer = BundleSigner::new(&secret).expect("a key");
        let fees = Fees { max_fee_per_gas: 100, max_priority_fee_per_gas: 10 };
        let call =
            Call { to: Address::repeat_byte(1), input: Bytes::from_static(b"x"), gas: 50_000 };
        let unsigned = Unsigned::new(31_337, 7, fees, &call, Vec::new());
        let signed = signer.sign(unsigned).await.expect("signs");
        let decoded = TxEnvelope::decode_2718(&mut signed.raw.as_ref()).expect("decodes");
        assert_eq!(decoded.recover_signer().expect("recovers"), signer.address());
        assert_eq!(*decoded.tx_hash(), signed.hash);
        assert!(!format!("{signer:?}").contains("4242"));
    }

    #[test]
    fn zero_and_the_order_are_no_keys() {
        let order: [u8; 32] = alloy::primitives::uint!(
            0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256
        )
        .to_be_bytes();
        for bytes in [[0; 32], order] {
            assert!(matches!(
                BundleSigner::new(&Zeroizing::new(bytes)),
                Err(SignerError::InvalidKey)
            ));
        }
        let below = (U256::from_be_bytes(order) - U256::from(1)).to_be_bytes();
        assert!(BundleSigner::new(&Zeroizing::new(below)).is_ok());
    }
}
