//! One operator's ECDSA signature: `index(1) ‖ r(32) ‖ vs(32)`, compact as EIP-2098 has it.

use alloy::primitives::{Address, B256, keccak256};
use secp256k1::{
    PublicKey,
    ecdsa::{RecoverableSignature, RecoveryId},
};
use serde::{Deserialize, Serialize};

/// Bytes of one packed signature.
pub const SIGNATURE_LEN: usize = 1 + 32 + 32;

/// Half of the group order: the greatest `s` that is not malleable.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A signature by the operator at `index` of the operator set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OperatorSignature {
    /// Position of the signer in the operator set's code.
    #[serde(with = "alloy::serde::quantity")]
    pub index: u8,
    /// `r` of the signature.
    pub r: B256,
    /// `s`, with the parity of the nonce point in the highest bit (EIP-2098).
    pub vs: B256,
}

impl OperatorSignature {
    /// Who signed `digest`. `None` when the numbers are no signature, or `s` is in the upper half (malleable).
    pub fn recover(&self, digest: B256) -> Option<Address> {
        let mut s = self.vs.0;
        let parity = if s[0] & 0x80 == 0 { RecoveryId::Zero } else { RecoveryId::One };
        s[0] &= 0x7f;
        if s > HALF_ORDER {
            return None;
        }
        let mut compact = [0; 64];
        compact[..32].copy_from_slice(self.r.as_slice());
        compact[32..].copy_from_slice(&s);
        let signature = RecoverableSignature::from_compact(&compact, parity).ok()?;
        let key = signature.recover(secp256k1::Message::from_digest(digest.0)).ok()?;
        Some(address_of(&key))
    }

    /// The packed form.
    pub fn pack(&self) -> [u8; SIGNATURE_LEN] {
        let mut bytes = [0; SIGNATURE_LEN];
        bytes[0] = self.index;
        bytes[1..33].copy_from_slice(self.r.as_slice());
        bytes[33..].copy_from_slice(self.vs.as_slice());
        bytes
    }

    /// Reads the packed form.
    pub fn unpack(bytes: &[u8; SIGNATURE_LEN]) -> Self {
        Self {
            index: bytes[0],
            r: B256::from_slice(&bytes[1..33]),
            vs: B256::from_slice(&bytes[33..]),
        }
    }
}

/// The Ethereum address of a public key.
pub(crate) fn address_of(key: &PublicKey) -> Address {
    Address::from_slice(&keccak256(&key.serialize_uncompressed()[1..])[12..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OperatorKey;

    #[test]
    fn recovers_the_signer_and_nobody_else() {
        let key = OperatorKey::random();
        let digest = keccak256("allow");
        let signature = key.sign(digest, 3);
        assert_eq!(signature.index, 3);
        assert_eq!(signature.recover(digest), Some(key.address()));
        assert_ne!(signature.recover(keccak256("deny")), Some(key.address()));
        assert_eq!(OperatorSignature::unpack(&signature.pack()), signature);
    }

    #[test]
    fn refuses_zero_overflow_and_upper_half() {
        let digest = keccak256("allow");
        let good = OperatorKey::random().sign(digest, 0);
        assert_eq!(OperatorSignature { r: B256::ZERO, ..good }.recover(digest), None);
        assert_eq!(OperatorSignature { r: B256::repeat_byte(0xff), ..good }.recover(digest), None);
        assert_eq!(OperatorSignature { vs: B256::ZERO, ..good }.recover(digest), None);
        let mut above = HALF_ORDER;
        above[31] += 1;
        assert_eq!(OperatorSignature { vs: B256::from(above), ..good }.recover(digest), None);
    }
}
