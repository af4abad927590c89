//! Facts as they are presented with a request: what issuers stated, not yet verified by anybody.
//!
//! They may be private. So they are sent on and verified, and nothing else: neither logged nor shown by `Debug`.

use std::{collections::BTreeMap, fmt};

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value, json};

use crate::{
    FieldError,
    field::{expected_object, parse_address, parse_bytes, parse_hash, parse_u64},
};

/// The most facts that one request presents.
pub const MAX_PRESENTED_FACTS: usize = 16;
/// The longest value of a statement, in bytes.
pub const MAX_STATEMENT_VALUE: usize = 4_096;
/// The longest credential with its disclosures and key binding, in bytes.
pub const MAX_CREDENTIAL: usize = 32_768;
/// The longest status list token, in bytes.
pub const MAX_STATUS_LIST: usize = 65_536;
/// The most bytes of all texts together: with an operation and its predecessors they fit one message.
pub const MAX_PRESENTED_BYTES: usize = 256 * 1_024;

/// Facts by the names that policies ask for them by. Empty for a request that presents none.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PresentedFacts(BTreeMap<String, PresentedFact>);

/// One fact as it is presented.
#[derive(Clone, PartialEq, Eq)]
pub enum PresentedFact {
    /// An EIP-712 statement.
    Statement(PresentedStatement),
    /// An SD-JWT VC.
    Credential(PresentedCredential),
}

/// An EIP-712 statement with its signature; its name is the one that it is presented under.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedStatement {
    /// Whose signature it is.
    pub issuer: Address,
    /// The account that it is about.
    pub account: Address,
    /// The action that it is about; zero when it is about the account as a whole.
    pub action: B256,
    /// The value, as canonical JSON.
    pub value: String,
    /// From when it counts, Unix seconds.
    pub valid_after: u64,
    /// Until when, Unix seconds.
    pub valid_until: u64,
    /// Makes it unlike every other statement of the issuer.
    pub id: B256,
    /// `r ‖ s ‖ v`.
    pub signature: Bytes,
}

/// An SD-JWT VC with the disclosures that are shown, and the holder's key binding.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedCredential {
    /// `<issuer's JWT>~<disclosure>~…~<key binding JWT>`.
    pub credential: String,
    /// The status list token that the credential names, if it names one.
    pub status_list: Option<String>,
}

impl PresentedFacts {
    /// No facts, for as long as anybody wants.
    pub const fn none() -> &'static Self {
        static NONE: PresentedFacts = PresentedFacts(BTreeMap::new());
        &NONE
    }

    /// Reads `{name: {"kind": "statement", …} | {"kind": "sd-jwt-vc", …}}`.
    ///
    /// # Errors
    /// Names the field that is missing, unknown, malformed or too large.
    pub fn from_rpc(value: &Value) -> Result<Self, FieldError> {
        let object = value.as_object().ok_or_else(|| expected_object("facts", value))?;
        if object.len() > MAX_PRESENTED_FACTS {
            let reason =
                format!("{} facts, at most {MAX_PRESENTED_FACTS} are accepted", object.len());
            return Err(FieldError::new("facts", reason));
        }
        let mut facts = BTreeMap::new();
        let mut bytes = 0;
        for (name, value) in object {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if name.is_empty() || name.len() > 64 || !plain {
                return Err(FieldError::new(
                    "facts",
                    "a name is not 1 to 64 letters, digits and _",
                ));
            }
            let at = format!("facts.{name}");
            let object = value.as_object().ok_or_else(|| expected_object(&at, value))?;
            let fact = PresentedFact::from_object(object).map_err(|error| error.within(&at))?;
            bytes += fact.len();
            facts.insert(name.clone(), fact);
        }
        if bytes > MAX_PRESENTED_BYTES {
            let reason = format!("{bytes} bytes, at most {MAX_PRESENTED_BYTES} are accepted");
            return Err(FieldError::new("facts", reason));
        }
        Ok(Self(facts))
    }

    /// The JSON of these facts: one text for one set of them.
    pub fn to_rpc(&self) -> Value {
        self.0
            .iter()
            .map(|(name, fact)| (name.clone(), fact.to_rpc()))
            .collect::<Map<_, _>>()
            .into()
    }

    /// The fact that is presented under a name.
    pub fn get(&self, name: &str) -> Option<&PresentedFact> {
        self.0.get(name)
    }

    /// Whether none are presented.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for PresentedFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_rpc().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PresentedFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_rpc(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl FromIterator<(String, PresentedFact)> for PresentedFacts {
    fn from_iter<I: IntoIterator<Item = (String, PresentedFact)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

impl PresentedFact {
    fn from_object(object: &Map<String, Value>) -> Result<Self, FieldError> {
        match field(object, "kind")?.as_str() {
            Some("statement") => {
                only(
                    object,
                    &[
                        "issuer",
                        "account",
                        "action",
                        "value",
                        "validAfter",
                        "validUntil",
                        "id",
                        "signature",
                    ],
                )?;
                let signature = parse_bytes("signature", field(object, "signature")?, 65)?;
                if signature.len() != 65 {
                    return Err(FieldError::new("signature", "expected 65 bytes: r, s, v"));
                }
                Ok(Self::Statement(PresentedStatement {
                    issuer: parse_address("issuer", field(object, "issuer")?)?,
                    account: parse_address("account", field(object, "account")?)?,
                    action: parse_hash("action", field(object, "action")?)?,
                    value: text(object, "value", MAX_STATEMENT_VALUE)?,
                    valid_after: parse_u64("validAfter", field(object, "validAfter")?)?,
                    valid_until: parse_u64("validUntil", field(object, "validUntil")?)?,
                    id: parse_hash("id", field(object, "id")?)?,
                    signature,
                }))
            }
            Some("sd-jwt-vc") => {
                only(object, &["credential", "statusList"])?;
                let status_list = match object.get("statusList") {
                    None | Some(Value::Null) => None,
                    Some(_) => Some(text(object, "statusList", MAX_STATUS_LIST)?),
                };
                let credential = text(object, "credential", MAX_CREDENTIAL)?;
                Ok(Self::Credential(PresentedCredential { credential, status_list }))
            }
            _ => Err(FieldError::new("kind", "expected statement or sd-jwt-vc")),
        }
    }

    fn to_rpc(&self) -> Value {
        match self {
            Self::Statement(statement) => json!({
                "kind": "statement",
                "issuer": statement.issuer,
                "account": statement.account,
                "action": statement.action,
                "value": statement.value,
                "validAfter": U256::from(statement.valid_after),
                "validUntil": U256::from(statement.valid_until),
                "id": statement.id,
                "signature": statement.signature,
            }),
            Self::Credential(credential) => {
                let mut value = json!({"kind": "sd-jwt-vc", "credential": credential.credential});
                if let Some(list) = &credential.status_list {
                    value["statusList"] = list.as_str().into();
                }
                value
            }
        }
    }

    /// Bytes of its texts.
    fn len(&self) -> usize {
        match self {
            Self::Statement(statement) => statement.value.len(),
            Self::Credential(credential) => {
                credential.credential.len() + credential.status_list.as_ref().map_or(0, String::len)
            }
        }
    }
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Value, FieldError> {
    object.get(name).ok_or_else(|| FieldError::missing(name))
}

fn only(object: &Map<String, Value>, names: &[&str]) -> Result<(), FieldError> {
    match object.keys().find(|name| *name != "kind" && !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let shown: String = unknown.chars().take(64).collect();
            Err(FieldError::new(shown, "unknown field"))
        }
    }
}

fn text(object: &Map<String, Value>, name: &str, most: usize) -> Result<String, FieldError> {
    let value = field(object, name)?;
    let text = value.as_str().ok_or_else(|| FieldError::new(name, "expected a string"))?;
    if text.len() > most {
        let reason = format!("{} bytes, at most {most} are accepted", text.len());
        return Err(FieldError::new(name, reason));
    }
    Ok(text.to_owned())
}

impl fmt::Debug for PresentedFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PresentedFacts({})", self.0.len())
    }
}

impl fmt::Debug for PresentedFact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Statement(_) => "Statement(..)",
            Self::Credential(_) => "Credential(..)",
        })
    }
}

impl fmt::Debug for PresentedStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PresentedStatement(..)")
    }
}

impl fmt::Debug for PresentedCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PresentedCredential(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Value {
        json!({
            "kind": "statement", "issuer": Address::repeat_byte(1), "account": Address::repeat_byte(2),
            "action": B256::ZERO, "value": "\"secret\"", "validAfter": "0x1", "validUntil": "0x2",
            "id": B256::ZERO, "signature": Bytes::from(vec![7; 65]),
        })
    }

    #[test]
    fn what_is_presented_round_trips_and_is_not_shown() {
        let credential =
            json!({"kind": "sd-jwt-vc", "credential": "secret~", "statusList": "list"});
        let plain = json!({"kind": "sd-jwt-vc", "credential": "secret~"});
        let value = json!({"a": statement(), "b": credential, "c": plain});
        let facts = PresentedFacts::from_rpc(&value).unwrap();
        assert_eq!(facts.to_rpc(), value);
        assert_eq!(PresentedFacts::from_rpc(&facts.to_rpc()).unwrap(), facts);
        let shown = format!("{facts:?} {:?} {:?}", facts.get("a"), facts.get("b"));
        assert!(!shown.contains("secret") && !facts.is_empty());
        assert!(PresentedFacts::from_rpc(&json!({})).unwrap().is_empty());
    }

    #[test]
    fn what_is_malformed_or_too_large_is_refused_by_name() {
        let refused = |value: Value| PresentedFacts::from_rpc(&value).unwrap_err().to_string();
        let changed = |field: &str, value: Value| {
            let mut changed = statement();
            changed[field] = value;
            json!({ "a": changed })
        };
        assert!(refused(json!([])).starts_with("facts: "));
        assert!(refused(json!({"é": statement()})).contains("name"));
        assert!(refused(json!({"a": {"kind": "rumour"}})).starts_with("facts.a.kind: "));
        assert!(refused(changed("secret", json!(1))).contains("unknown field"));
        assert!(refused(changed("signature", json!("0x00"))).contains("65 bytes"));
        assert!(refused(changed("issuer", json!("0x00"))).contains("20 bytes"));
        assert!(refused(changed("validUntil", json!(1))).contains("validUntil"));
        assert!(refused(changed("value", json!("x".repeat(4_097)))).contains("at most 4096"));
        let credential = |length: usize, list: usize| json!({"kind": "sd-jwt-vc", "credential": "x".repeat(length), "statusList": "x".repeat(list)});
        assert!(refused(json!({"a": credential(32_769, 0)})).contains("credential"));
        assert!(refused(json!({"a": credential(0, 65_537)})).contains("statusList"));
        let large = credential(32_768, 65_536);
        assert!(refused(json!({"a": large, "b": large, "c": large})).contains("at most 262144"));
        let many: Map<_, _> = (0..17).map(|index| (format!("f{index}"), statement())).collect();
        assert!(refused(Value::Object(many)).contains("at most 16"));
    }
}
