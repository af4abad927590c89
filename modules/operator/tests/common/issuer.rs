//! An issuer of credentials, and one of statements.

#![allow(unreachable_pub)]

use alloy::{
    primitives::{Address, B256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolStruct,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use writ_facts::{Statement, audience, domain, nonce};
use writ_types::{PresentedCredential, PresentedFact, PresentedFacts, PresentedStatement};

/// A key of P-256.
pub struct Key(SigningKey);

impl Key {
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(keccak256([seed]).as_slice()).unwrap())
    }

    pub fn jwk(&self) -> Value {
        let point = self.0.verifying_key().to_encoded_point(false);
        let text = |bytes: &[u8]| BASE64.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "x": text(point.x().unwrap()), "y": text(point.y().unwrap())})
    }

    fn token(&self, typ: &str, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": typ}).to_string();
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims.to_string()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature.to_bytes()))
    }
}

fn digest(text: &str) -> String {
    BASE64.encode(Sha256::digest(text))
}

/// A credential as its holder shows it; what a test changes is public.
pub struct Credential {
    pub issuer: Key,
    pub holder: Key,
    pub account: Address,
    pub chain_id: u64,
    /// What the key binding is bound to.
    pub bound_to: B256,
    /// The time at which everything is issued.
    pub now: u64,
    pub lasts: u64,
    pub adult: bool,
    /// What the status list says.
    pub status: u8,
}

pub const SECRET: &str = "1990-12-31";

impl Credential {
    pub fn present(&self) -> PresentedFacts {
        let disclosure = |name: &str, value: Value| {
            BASE64.encode(json!([format!("salt of {name}"), name, value]).to_string())
        };
        let shown = [
            disclosure("18", json!(self.adult)),
            disclosure("country", json!("FR")),
            // Nobody asked for it.
            disclosure("birthdate", json!(SECRET)),
        ];
        let [adult, country, birth] = shown.each_ref().map(|text| digest(text));
        let uri = "https://issuer.example/status";
        let claims = json!({
            "iss": "https://issuer.example", "vct": "urn:eudi:pid:1", "iat": self.now - 60, "exp": self.now + self.lasts,
            "cnf": {"jwk": self.holder.jwk()}, "status": {"status_list": {"idx": 0, "uri": uri}},
            "_sd": [birth], "age_equal_or_over": {"_sd": [adult]}, "address": {"_sd": [country]},
        });
        let mut credential = self.issuer.token("dc+sd-jwt", &claims) + "~";
        for disclosure in shown {
            credential += &(disclosure + "~");
        }
        let binding = json!({
            "aud": audience(self.chain_id, self.account), "nonce": nonce(self.bound_to), "iat": self.now,
            "sd_hash": digest(&credential),
        });
        credential += &self.holder.token("kb+jwt", &binding);
        let list = BASE64.encode(miniz_oxide::deflate::compress_to_vec_zlib(&[self.status], 9));
        let list = json!({"iat": self.now - 60, "ttl": 86_400, "sub": uri, "status_list": {"bits": 8, "lst": list}});
        let status_list = Some(self.issuer.token("statuslist+jwt", &list));
        let fact = PresentedFact::Credential(PresentedCredential { credential, status_list });
        [("person".to_owned(), fact)].into_iter().collect()
    }
}

/// Signs a statement under its name.
pub fn state(statement: &Statement, chain_id: u64, key: &PrivateKeySigner) -> PresentedFacts {
    let digest = statement.eip712_signing_hash(&domain(chain_id));
    let fact = PresentedFact::Statement(PresentedStatement {
        issuer: statement.issuer,
        account: statement.account,
        action: statement.action,
        value: statement.value.clone(),
        valid_after: statement.validAfter,
        valid_until: statement.validUntil,
        id: statement.id,
        signature: key.sign_hash_sync(&digest).unwrap().as_bytes().to_vec().into(),
    });
    [(statement.name.clone(), fact)].into_iter().collect()
}
