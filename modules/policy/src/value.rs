//! The values policies compute with.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use alloy::primitives::{Address, B256, U256};

use crate::Integer;

/// A value of an input document, of parameters, or of a decision.
///
/// There is no null and no float: both have no exact meaning in an authorization. Object keys are
/// strings. A set cannot be written in JSON; it exists for results and for the encoding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// An exact integer.
    Integer(Integer),
    /// Unicode text. Addresses, hashes and bytes are `0x` and lowercase hexadecimal.
    String(String),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by name, each name once.
    Object(BTreeMap<String, Value>),
    /// Distinct values.
    Set(BTreeSet<Value>),
}

impl Value {
    /// An object from names and values; of a repeated name the last value stays.
    pub fn object<K: Into<String>, I: IntoIterator<Item = (K, Self)>>(fields: I) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// An array.
    pub fn array<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// An empty object.
    pub const fn empty_object() -> Self {
        Self::Object(BTreeMap::new())
    }

    /// `0x` and the lowercase hexadecimal digits of `bytes`, as every hash, selector and byte
    /// string stands in the input document.
    pub fn hex(bytes: impl AsRef<[u8]>) -> Self {
        Self::String(alloy::primitives::hex::encode_prefixed(bytes.as_ref()))
    }

    /// The boolean, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// The integer, if it is one.
    pub const fn as_integer(&self) -> Option<Integer> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(value) = self { Some(value) } else { None }
    }

    /// The fields, if it is an object.
    pub const fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        if let Self::Object(value) = self { Some(value) } else { None }
    }

    /// The field `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The value under a dotted path, such as `chain.block.number`.
    pub fn path(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, name| value.get(name))
    }

    /// What kind of value it is, in one word with its article, for error messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Set(_) => "a set",
        }
    }

    /// The value as compact JSON with sorted keys; sets are written as arrays.
    ///
    /// This is the view for people and logs. What is hashed is the canonical encoding
    /// ([`crate::encode`]), never this text.
    pub fn to_json(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::String(value) => write_string(formatter, value),
            Self::Array(items) => write_items(formatter, items),
            Self::Set(items) => write_items(formatter, items),
            Self::Object(fields) => {
                formatter.write_char('{')?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        formatter.write_char(',')?;
                    }
                    write_string(formatter, name)?;
                    write!(formatter, ":{value}")?;
                }
                formatter.write_char('}')
            }
        }
    }
}

fn write_items<'a>(
    formatter: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = &'a Value>,
) -> fmt::Result {
    formatter.write_char('[')?;
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            formatter.write_char(',')?;
        }
        write!(formatter, "{item}")?;
    }
    formatter.write_char(']')
}

fn write_string(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => formatter.write_str("\\\"")?,
            '\\' => formatter.write_str("\\\\")?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            control if u32::from(control) < 0x20 => {
                write!(formatter, "\\u{:04x}", u32::from(control))?;
            }
            other => formatter.write_char(other)?,
        }
    }
    formatter.write_char('"')
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Address> for Value {
    /// `0x` and forty lowercase digits, without the checksum's capitals.
    fn from(value: Address) -> Self {
        Self::hex(value)
    }
}

impl From<B256> for Value {
    fn from(value: B256) -> Self {
        Self::hex(value)
    }
}

impl From<Vec<Self>> for Value {
    fn from(value: Vec<Self>) -> Self {
        Self::Array(value)
    }
}

macro_rules! from_integer {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::Integer(Integer::from(value))
            }
        }
    )*};
}
from_integer!(U256, u8, u16, u32, u64, u128, usize, i64, i128);

impl From<Integer> for Value {
    fn from(value: Integer) -> Self {
        Self::Integer(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lowercase() {
        let address = alloy::primitives::address!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108");
        assert_eq!(
            Value::from(address).as_str(),
            Some("0x4337084d9e255ff0702461cf8895ce9e3b5ff108")
        );
    }

    #[test]
    fn paths_walk_objects_only() {
        let value = Value::object([("a", Value::object([("b", Value::from(7_u64))]))]);
        assert_eq!(value.path("a.b"), Some(&Value::from(7_u64)));
        assert_eq!(value.path("a.c"), None);
        assert_eq!(value.path("a.b.c"), None);
    }

    #[test]
    fn json_text_escapes() {
        let value = Value::object([("k\"", Value::from("a\\\n\u{1}é"))]);
        assert_eq!(value.to_json(), "{\"k\\\"\":\"a\\\\\\n\\u0001é\"}");
    }
}
