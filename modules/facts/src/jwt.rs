//! JSON Web Tokens in compact form, read strictly: signed by a key that is known beforehand, or nothing.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use writ_policy::{Limits, Value, decode_json};

use crate::{CLOCK_SKEW, FactError, key::Key};

const HEADER: Limits = Limits { bytes: 8_192, depth: 6, values: 128 };

/// A token whose parts were read and whose signature was not looked at.
pub(crate) struct Unverified<'a> {
    /// Which token it is, for errors.
    what: &'static str,
    algorithm: String,
    signed: &'a str,
    payload: &'a str,
    signature: [u8; 64],
}

impl<'a> Unverified<'a> {
    /// Reads header and signature of `text`, whose `typ` has to be one of `types`.
    pub(crate) fn read(
        what: &'static str,
        text: &'a str,
        types: &[&str],
    ) -> Result<Self, FactError> {
        let malformed = |problem: &str| FactError::malformed(format!("{what}: {problem}"));
        let (signed, signature) =
            text.rsplit_once('.').ok_or_else(|| malformed("not three parts with dots between"))?;
        let (header, payload) =
            signed.split_once('.').ok_or_else(|| malformed("not three parts with dots between"))?;
        if payload.contains('.') {
            return Err(malformed("not three parts with dots between"));
        }
        let header = json(what, "header", header, &HEADER)?;
        let field = |name: &str| header.get(name).and_then(Value::as_str);
        if header.get("crit").is_some() {
            return Err(malformed("its header makes something critical that is not understood"));
        }
        if !field("typ").is_some_and(|found| types.contains(&found)) {
            return Err(malformed("its header's typ is another"));
        }
        let algorithm = field("alg").ok_or_else(|| malformed("its header has no alg"))?.to_owned();
        let signature = bytes(signature).and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        let signature =
            signature.ok_or_else(|| malformed("its signature is not 64 bytes in base64url"))?;
        Ok(Self { what, algorithm, signed, payload, signature })
    }

    /// The payload. Nothing of it counts before [`Self::is_signed_by`].
    pub(crate) fn claims(&self, limits: &Limits) -> Result<Value, FactError> {
        json(self.what, "payload", self.payload, limits)
    }

    /// Whether the token is for `key`'s algorithm and signed by it.
    pub(crate) fn is_signed_by(&self, key: &Key) -> bool {
        self.algorithm == key.algorithm() && key.verifies(self.signed.as_bytes(), &self.signature)
    }
}

/// When a token counts, by its claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) issued_at: Option<u64>,
    /// Exclusive; without it there is no end.
    pub(crate) expires: Option<u64>,
}

impl Times {
    /// `iat`, `nbf` and `exp`, checked against the time.
    pub(crate) fn of(what: &'static str, claims: &Value, now: u64) -> Result<Self, FactError> {
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => match value.as_integer().and_then(|number| number.to_u64()) {
                Some(time) => Ok(Some(time)),
                None => Err(FactError::malformed(format!("{what}: {name} is not a time"))),
            },
        };
        let (issued_at, from, expires) = (time("iat")?, time("nbf")?, time("exp")?);
        for from in [issued_at, from].into_iter().flatten() {
            if from > now.saturating_add(CLOCK_SKEW) {
                return Err(FactError::NotYetValid { what, from });
            }
        }
        match expires {
            Some(at) if at <= now => Err(FactError::Expired { what, at }),
            _ => Ok(Self { issued_at, expires }),
        }
    }
}

/// A base64url part that holds a JSON object.
fn json(what: &'static str, part: &str, text: &str, limits: &Limits) -> Result<Value, FactError> {
    let malformed = |problem: String| FactError::malformed(format!("{what}: its {part} {problem}"));
    if text.len() > limits.bytes.saturating_mul(2) {
        return Err(malformed("is too long".to_owned()));
    }
    let bytes =
        bytes(text).ok_or_else(|| malformed("is not base64url without padding".to_owned()))?;
    let value = object(&bytes, limits).map_err(malformed)?;
    if value.as_object().is_none() {
        return Err(malformed("is not an object".to_owned()));
    }
    Ok(value)
}

/// JSON, with what is wrong in words that do not quote it.
pub(crate) fn object(bytes: &[u8], limits: &Limits) -> Result<Value, String> {
    use writ_policy::DecodeProblem as P;

    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    decode_json(text, limits).map_err(|error| match error.problem {
        P::DuplicateKey(_) => "has a name twice".to_owned(),
        P::Integer(_) => "has a number that is no exact integer".to_owned(),
        P::TooLong(..) | P::TooDeep(_) | P::TooMany(_) => "is too large".to_owned(),
        P::NotInteger | P::Null | P::Surrogate => format!("is not accepted: {}", error.problem),
        _ => "is not JSON".to_owned(),
    })
}

/// Base64url without padding, in its one spelling.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256 of a text, in base64url: how SD-JWT names what it does not show.
pub(crate) fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}
