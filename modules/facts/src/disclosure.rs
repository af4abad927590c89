//! Selective disclosure (RFC 9901): putting what is shown where its digest stands.

use std::collections::{BTreeMap, BTreeSet};

use writ_policy::{Limits, Value};

use crate::{FactError, jwt};

/// The most disclosures of one presentation.
pub(crate) const MAX_DISCLOSURES: usize = 64;
/// The deepest nesting of the credential as it is shown.
const MAX_DEPTH: usize = 16;
/// The most digests in it.
const MAX_DIGESTS: usize = 1_024;
const LIMITS: Limits = Limits { bytes: 16_384, depth: 8, values: 1_024 };
/// What the verifier goes by: an issuer signs it in clear, or it could be shown or hidden at will.
const IN_CLEAR: [&str; 7] = ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"];

struct Disclosure {
    /// Of an object's field; none of an array's item.
    name: Option<String>,
    value: Value,
}

/// Reads disclosures and puts them into `claims`. All of them have to be of this credential, and no digest may stand twice.
///
/// In the result an array of which something is not shown holds an empty set, which no shape of a fact takes and no JSON can
/// write: a policy must not take part of a list for the whole.
pub(crate) fn open(claims: Value, texts: &[&str]) -> Result<Value, FactError> {
    if texts.len() > MAX_DISCLOSURES {
        return Err(FactError::malformed(format!("more than {MAX_DISCLOSURES} disclosures")));
    }
    let mut shown = BTreeMap::new();
    for (index, text) in texts.iter().enumerate() {
        let disclosure = read(text)
            .map_err(|problem| FactError::malformed(format!("disclosure {index} {problem}")))?;
        if shown.insert(jwt::digest(text), disclosure).is_some() {
            return Err(FactError::malformed(format!("disclosure {index} is shown twice")));
        }
    }
    let mut opening = Opening { shown, digests: BTreeSet::new() };
    let Value::Object(mut fields) = claims else {
        return Err(FactError::malformed("the credential is not an object"));
    };
    match fields.remove("_sd_alg").as_ref().map(Value::as_str) {
        None | Some(Some("sha-256")) => {}
        Some(_) => return Err(FactError::malformed("_sd_alg is not sha-256")),
    }
    let opened = opening.object(fields, 0)?;
    if !opening.shown.is_empty() {
        return Err(FactError::malformed("a disclosure is not of this credential"));
    }
    Ok(opened)
}

fn read(text: &str) -> Result<Disclosure, String> {
    let bytes = jwt::bytes(text).ok_or("is not base64url without padding")?;
    let value = jwt::object(&bytes, &LIMITS)?;
    let name = |name: &Value| name.as_str().map(str::to_owned);
    match value.as_array().unwrap_or_default() {
        [Value::String(_), value] => Ok(Disclosure { name: None, value: value.clone() }),
        [Value::String(_), field, value] => {
            let name = name(field).ok_or("has a name that is not text")?;
            if name == "_sd" || name == "..." {
                return Err("has a reserved name".to_owned());
            }
            Ok(Disclosure { name: Some(name), value: value.clone() })
        }
        _ => Err("is not an array of salt, name and value, or of salt and value".to_owned()),
    }
}

struct Opening {
    /// What has not found its place yet, by digest.
    shown: BTreeMap<String, Disclosure>,
    digests: BTreeSet<String>,
}

impl Opening {
    fn value(&mut self, value: Value, depth: usize) -> Result<Value, FactError> {
        if depth > MAX_DEPTH {
            return Err(FactError::malformed(format!("nested deeper than {MAX_DEPTH}")));
        }
        match value {
            Value::Object(fields) => self.object(fields, depth),
            Value::Array(items) => self.array(items, depth),
            plain => Ok(plain),
        }
    }

    fn object(
        &mut self,
        mut fields: BTreeMap<String, Value>,
        depth: usize,
    ) -> Result<Value, FactError> {
        let hidden = match fields.remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(FactError::malformed("_sd is not an array")),
        };
        if fields.contains_key("...") {
            return Err(FactError::malformed("... stands outside of an array"));
        }
        let mut opened = BTreeMap::new();
        for (name, value) in fields {
            opened.insert(name, self.value(value, depth + 1)?);
        }
        for digest in hidden {
            let Some(Disclosure { name, value }) = self.place(&digest)? else { continue };
            let name = name.ok_or_else(|| {
                FactError::malformed("an item of an array is shown where a field belongs")
            })?;
            if depth == 0 && IN_CLEAR.contains(&name.as_str()) {
                return Err(FactError::malformed(format!(
                    "{name} is disclosed, it has to stand in clear"
                )));
            }
            let value = self.value(value, depth + 1)?;
            if opened.insert(name, value).is_some() {
                return Err(FactError::malformed("a field is disclosed that is there already"));
            }
        }
        Ok(Value::Object(opened))
    }

    fn array(&mut self, items: Vec<Value>, depth: usize) -> Result<Value, FactError> {
        let mut opened = Vec::with_capacity(items.len());
        let mut whole = true;
        for item in items {
            let digest = match &item {
                Value::Object(fields) if fields.len() == 1 => fields.get("..."),
                _ => None,
            };
            let Some(digest) = digest else {
                opened.push(self.value(item, depth + 1)?);
                continue;
            };
            match self.place(digest)? {
                None => whole = false,
                Some(Disclosure { name: None, value }) => {
                    opened.push(self.value(value, depth + 1)?);
                }
                Some(_) => {
                    return Err(FactError::malformed(
                        "a field is shown where an item of an array belongs",
                    ));
                }
            }
        }
        if !whole {
            opened.push(Value::Set(BTreeSet::new()));
        }
        Ok(Value::Array(opened))
    }

    /// What is shown for a digest, which may stand in one place only.
    fn place(&mut self, digest: &Value) -> Result<Option<Disclosure>, FactError> {
        let digest = digest.as_str().ok_or_else(|| FactError::malformed("a digest is not text"))?;
        if self.digests.len() >= MAX_DIGESTS {
            return Err(FactError::malformed(format!("more than {MAX_DIGESTS} digests")));
        }
        if !self.digests.insert(digest.to_owned()) {
            return Err(FactError::malformed("a digest stands twice"));
        }
        Ok(self.shown.remove(digest))
    }
}

#[cfg(test)]
#[path = "disclosure_tests.rs"]
mod tests;
