//! Public keys and the one algorithm that each of them has.

use alloy::{primitives::B256, signers::k256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Verifier as _;
use writ_policy::{IssuerKey, Value};

/// A key that can verify.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    P256(p256::ecdsa::VerifyingKey),
    Secp256k1(k256::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl Key {
    /// None when the coordinates are no point of the curve.
    pub(crate) fn new(key: &IssuerKey) -> Option<Self> {
        match key {
            IssuerKey::P256(x, y) => {
                let point =
                    p256::EncodedPoint::from_affine_coordinates(&x.0.into(), &y.0.into(), false);
                p256::ecdsa::VerifyingKey::from_encoded_point(&point).ok().map(Self::P256)
            }
            IssuerKey::Secp256k1(x, y) => {
                let point =
                    k256::EncodedPoint::from_affine_coordinates(&x.0.into(), &y.0.into(), false);
                k256::ecdsa::VerifyingKey::from_encoded_point(&point).ok().map(Self::Secp256k1)
            }
            IssuerKey::Ed25519(x) => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(&x.0).ok()?;
                // Anybody can sign for a key of small order.
                (!key.is_weak()).then_some(Self::Ed25519(key))
            }
        }
    }

    /// A holder's key, as `cnf.jwk` has it. Names that say nothing about the point may stand beside.
    pub(crate) fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let coordinate = |name: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
            B256::try_from(bytes.as_slice()).ok()
        };
        let key = match (text("kty")?, text("crv")?) {
            ("EC", "P-256") => IssuerKey::P256(coordinate("x")?, coordinate("y")?),
            ("EC", "secp256k1") => IssuerKey::Secp256k1(coordinate("x")?, coordinate("y")?),
            ("OKP", "Ed25519") => IssuerKey::Ed25519(coordinate("x")?),
            _ => return None,
        };
        Self::new(&key)
    }

    /// What a token's header has to say.
    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::Secp256k1(_) => "ES256K",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Secp256k1(key) => {
                k256::ecdsa::Signature::from_slice(signature).is_ok_and(|signature| {
                    // RFC 8812 takes either s; the crate takes the low one.
                    let signature = signature.normalize_s().unwrap_or(signature);
                    key.verify(message, &signature).is_ok()
                })
            }
            Self::Ed25519(key) => {
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                key.verify_strict(message, &signature).is_ok()
            }
        }
    }
}
