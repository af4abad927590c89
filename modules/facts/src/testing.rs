//! An issuer and a holder for tests.

use alloy::primitives::{Address, B256, keccak256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value as Json, json};
use writ_policy::{FactRequirement, IssuerKey, Value, decode_json};
use writ_types::{PresentedCredential, PresentedFact, PresentedFacts};

use crate::{AskedFact, Context, audience, jwt, nonce};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const VCT: &str = "urn:eudi:pid:1";
pub(crate) const STATUS_URI: &str = "https://issuer.example/status/1";

pub(crate) fn context() -> Context {
    Context {
        chain_id: 31_337,
        account: Address::repeat_byte(0xac),
        action: B256::repeat_byte(0xa1),
        policy: B256::repeat_byte(0x90),
        owner: Address::repeat_byte(0x0e),
        now: NOW,
    }
}

pub(crate) fn value(json: &Json) -> Value {
    decode_json(&json.to_string(), &writ_policy::Limits::PARAMETERS).expect("JSON of a test")
}

/// One requirement, as a manifest has it.
pub(crate) fn requirement(json: &Json) -> FactRequirement {
    let manifest = json!({
        "format": 1, "name": "test", "version": "1", "engine": "regorus-strict", "entry": "data.a.b",
        "provable": false, "level": "quorum", "readsHistory": false, "requiredFacts": [json],
        "files": {"a.rego": B256::ZERO, "schema.json": B256::ZERO, "words.json": B256::ZERO},
    });
    let manifest = writ_policy::Manifest::from_value(value(&manifest)).expect("a manifest");
    manifest.required_facts.into_iter().next().expect("one")
}

/// A private key of each kind.
pub(crate) enum Private {
    P256(p256::ecdsa::SigningKey),
    Secp256k1(alloy::signers::k256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Private {
    pub(crate) fn p256(seed: u8) -> Self {
        let key = keccak256([seed]);
        Self::P256(p256::ecdsa::SigningKey::from_slice(key.as_slice()).expect("a key"))
    }

    pub(crate) fn secp256k1(seed: u8) -> Self {
        let key = keccak256([seed]);
        Self::Secp256k1(
            alloy::signers::k256::ecdsa::SigningKey::from_slice(key.as_slice()).expect("a key"),
        )
    }

    pub(crate) fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&keccak256([seed]).0))
    }

    pub(crate) fn public(&self) -> IssuerKey {
        let word = |bytes: &[u8]| B256::from_slice(bytes);
        match self {
            Self::P256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                IssuerKey::P256(word(point.x().expect("x")), word(point.y().expect("y")))
            }
            Self::Secp256k1(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                IssuerKey::Secp256k1(word(point.x().expect("x")), word(point.y().expect("y")))
            }
            Self::Ed25519(key) => IssuerKey::Ed25519(word(key.verifying_key().as_bytes())),
        }
    }

    pub(crate) fn jwk(&self) -> Json {
        let text = |word: B256| URL_SAFE_NO_PAD.encode(word);
        match self.public() {
            IssuerKey::P256(x, y) => {
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            IssuerKey::Secp256k1(x, y) => {
                json!({"kty": "EC", "crv": "secp256k1", "x": text(x), "y": text(y)})
            }
            IssuerKey::Ed25519(x) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(x)}),
        }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::Secp256k1(_) => "ES256K",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Secp256k1(key) => {
                let signature: alloy::signers::k256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }

    /// A token with the key's own algorithm in the header.
    pub(crate) fn token(&self, typ: &str, payload: &Json) -> String {
        self.token_with(&json!({"alg": self.algorithm(), "typ": typ}), &payload.to_string())
    }

    pub(crate) fn token_with(&self, header: &Json, payload: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(&header.to_string()), part(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A disclosure of a field, and its digest.
pub(crate) fn disclosure(name: &str, value: impl Into<Json>) -> (String, String) {
    encoded(&Json::Array(vec![format!("salt of {name}").into(), name.into(), value.into()]))
}

/// A disclosure of an item, and its digest.
pub(crate) fn item(value: impl Into<Json>) -> (String, String) {
    let value = value.into();
    encoded(&Json::Array(vec![format!("salt of {value}").into(), value]))
}

pub(crate) fn encoded(disclosure: &Json) -> (String, String) {
    let text = URL_SAFE_NO_PAD.encode(disclosure.to_string());
    let digest = jwt::digest(&text);
    (text, digest)
}

/// A credential on its way from its issuer to a verifier; what a test changes is public.
pub(crate) struct Scene {
    pub(crate) issuer: Private,
    pub(crate) holder: Private,
    /// Claims in clear.
    pub(crate) claims: Json,
    pub(crate) disclosures: Vec<String>,
    /// Claims of the key binding; `sd_hash` is put in unless it is there.
    pub(crate) binding: Json,
    pub(crate) status_list: Option<String>,
    pub(crate) requirement: Json,
}

impl Scene {
    /// Over eighteen, of a country, with more that nobody asked for.
    pub(crate) fn new(issuer: Private) -> Self {
        let holder = Private::p256(2);
        let (adult, adult_digest) = disclosure("18", json!(true));
        let (country, country_digest) = disclosure("country", json!("FR"));
        let (birth, birth_digest) = disclosure("birthdate", json!("1990-01-01"));
        let claims = json!({
            "iss": ISSUER, "vct": VCT, "iat": NOW - 1_000, "exp": NOW + 10_000,
            "cnf": {"jwk": holder.jwk()}, "_sd_alg": "sha-256",
            "_sd": [birth_digest],
            "age_equal_or_over": {"_sd": [adult_digest, jwt::digest("decoy")]},
            "address": {"_sd": [country_digest]},
        });
        let at = context();
        let binding = json!({
            "aud": audience(at.chain_id, at.account), "nonce": nonce(at.policy), "iat": NOW - 10,
        });
        let requirement = json!({
            "name": "person", "kind": "sd-jwt-vc", "required": true, "maxAge": 3_600,
            "issuers": [{"iss": ISSUER, "jwk": issuer.jwk()}],
            "vct": VCT, "binding": "account", "status": "optional",
            "claims": {
                "adult": {"path": ["age_equal_or_over", "18"], "shape": "boolean"},
                "country": {"path": ["address", "country"], "shape": "text"},
            },
        });
        let disclosures = vec![adult, country, birth];
        Self { issuer, holder, claims, disclosures, binding, status_list: None, requirement }
    }

    pub(crate) fn credential(&self) -> String {
        let token = self.issuer.token("dc+sd-jwt", &self.claims);
        let mut shown = format!("{token}~");
        for disclosure in &self.disclosures {
            shown.push_str(disclosure);
            shown.push('~');
        }
        let mut binding = self.binding.clone();
        if binding.get("sd_hash").is_none() {
            binding["sd_hash"] = jwt::digest(&shown).into();
        }
        shown + &self.holder.token("kb+jwt", &binding)
    }

    pub(crate) fn verify(&self) -> Result<crate::Fact, crate::FactError> {
        self.verify_text(self.credential())
    }

    pub(crate) fn verify_text(&self, credential: String) -> Result<crate::Fact, crate::FactError> {
        let status_list = self.status_list.clone();
        let fact = PresentedFact::Credential(PresentedCredential { credential, status_list });
        let presented: PresentedFacts = [("person".to_owned(), fact)].into_iter().collect();
        let asked =
            AskedFact { requirement: requirement(&self.requirement), issuers: Default::default() };
        crate::verify(&asked, &presented, None, &context())
    }

    /// The word of the refusal.
    pub(crate) fn refused(&self) -> &'static str {
        self.verify().expect_err("refused").status()
    }
}
