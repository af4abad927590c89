//! Strict reading of JSON values, one field at a time.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde_json::Value;

use crate::EIP7702_FACTORY;

/// What is wrong with one field of a request, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// Path of the field, as the sender wrote it (`callData`, `eip7702Auth.chainId`).
    pub field: String,
    /// What is wrong and what would be accepted.
    pub reason: String,
}

impl FieldError {
    /// An error about `field`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// The same error with the field's path put under `parent`.
    pub fn within(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), reason: self.reason }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(field, "missing")
    }
}

/// Bounds on what a stranger may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseLimits {
    /// Longest ABI-encoded operation, in bytes (ERC-7562 LIM-010; 8,192).
    pub max_packed_size: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self { max_packed_size: 8_192 }
    }
}

/// What kind of JSON value this is, for messages.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

pub(crate) fn expected_object(field: &str, value: &Value) -> FieldError {
    FieldError::new(field, format!("expected an object, found {}", kind(value)))
}

/// The digits of a `0x` string.
fn digits<'a>(field: &str, value: &'a Value) -> Result<&'a str, FieldError> {
    let Value::String(text) = value else {
        return Err(FieldError::new(
            field,
            format!("expected a hex string starting with 0x, found {}", kind(value)),
        ));
    };
    let Some(digits) = text.strip_prefix("0x") else {
        return Err(FieldError::new(field, "expected a hex string starting with 0x"));
    };
    match digits.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
        Some(at) => {
            Err(FieldError::new(field, format!("invalid hex digit at position {}", at + 2)))
        }
        None => Ok(digits),
    }
}

/// Reads a byte string of at most `limit` bytes.
///
/// # Errors
/// Names `field` when the value is no string, has no `0x`, a character that is no hex digit, an odd number
/// of digits, or too many bytes.
pub fn parse_bytes(field: &str, value: &Value, limit: usize) -> Result<Bytes, FieldError> {
    let digits = digits(field, value)?;
    if digits.len() % 2 != 0 {
        return Err(FieldError::new(
            field,
            format!("odd number of hex digits ({}); bytes have two each", digits.len()),
        ));
    }
    if digits.len() / 2 > limit {
        return Err(FieldError::new(
            field,
            format!("{} bytes, at most {limit} are accepted", digits.len() / 2),
        ));
    }
    alloy::hex::decode(digits)
        .map(Bytes::from)
        .map_err(|error| FieldError::new(field, error.to_string()))
}

fn parse_fixed<const N: usize>(field: &str, value: &Value) -> Result<[u8; N], FieldError> {
    let bytes = parse_bytes(field, value, usize::MAX >> 1)?;
    <[u8; N]>::try_from(bytes.as_ref())
        .map_err(|_| FieldError::new(field, format!("expected {N} bytes, found {}", bytes.len())))
}

/// Reads a 20-byte address, in any mixture of upper and lower case.
///
/// # Errors
/// Names `field` as [`parse_bytes`] does, or when the length is not 20 bytes.
pub fn parse_address(field: &str, value: &Value) -> Result<Address, FieldError> {
    parse_fixed(field, value).map(Address::from)
}

/// Reads a 32-byte hash.
///
/// # Errors
/// Names `field` as [`parse_bytes`] does, or when the length is not 32 bytes.
pub fn parse_hash(field: &str, value: &Value) -> Result<B256, FieldError> {
    parse_fixed(field, value).map(B256::from)
}

/// Reads a factory: an address, or `0x7702` where the version gives that a meaning.
pub(crate) fn parse_factory(
    field: &str,
    value: &Value,
    eip7702: bool,
) -> Result<Address, FieldError> {
    let address = if value.as_str() == Some("0x7702") {
        EIP7702_FACTORY
    } else {
        parse_address(field, value)?
    };
    if address == EIP7702_FACTORY && !eip7702 {
        return Err(FieldError::new(
            field,
            "the EIP-7702 marker is understood by EntryPoint v0.8 and later only",
        ));
    }
    Ok(address)
}

/// Reads a quantity of at most `bits` bits. Leading zeros are accepted, because deployed clients send them.
///
/// # Errors
/// Names `field` when the value is no hex string, empty (`0x`), or too large.
pub fn parse_quantity(field: &str, value: &Value, bits: usize) -> Result<U256, FieldError> {
    let digits = digits(field, value)?;
    if digits.is_empty() {
        return Err(FieldError::new(field, "empty quantity; zero is written 0x0"));
    }
    let too_large = || FieldError::new(field, format!("does not fit in {bits} bits"));
    let significant = digits.trim_start_matches('0');
    if significant.len() > 64 {
        return Err(too_large());
    }
    let number = U256::from_str_radix(if significant.is_empty() { "0" } else { significant }, 16)
        .map_err(|error| FieldError::new(field, error.to_string()))?;
    if number.bit_len() > bits { Err(too_large()) } else { Ok(number) }
}

pub(crate) fn parse_u128(field: &str, value: &Value) -> Result<u128, FieldError> {
    // The quantity was checked to fit, so the conversion only changes the type.
    parse_quantity(field, value, 128).map(|number| number.to::<u128>())
}

pub(crate) fn parse_u64(field: &str, value: &Value) -> Result<u64, FieldError> {
    parse_quantity(field, value, 64).map(|number| number.to::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reason<T: std::fmt::Debug>(result: Result<T, FieldError>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.field, "f");
        error.reason
    }

    #[test]
    fn bytes_say_what_is_wrong() {
        assert_eq!(parse_bytes("f", &json!("0xAbcd"), 2).unwrap(), Bytes::from(vec![0xab, 0xcd]));
        assert!(reason(parse_bytes("f", &json!("0xabc"), 9)).contains("odd"));
        assert!(reason(parse_bytes("f", &json!("0xzz"), 9)).contains("position 2"));
        assert!(reason(parse_bytes("f", &json!("abcd"), 9)).contains("0x"));
        assert!(reason(parse_bytes("f", &json!(12), 9)).contains("a number"));
        assert!(reason(parse_bytes("f", &json!(null), 9)).contains("null"));
        assert!(reason(parse_bytes("f", &json!("0x001122"), 2)).contains("at most 2"));
        assert!(reason(parse_bytes("f", &json!("0xé1"), 9)).contains("invalid hex digit"));
    }

    #[test]
    fn quantities_say_what_is_wrong() {
        assert_eq!(parse_quantity("f", &json!("0x0"), 8).unwrap(), U256::ZERO);
        assert_eq!(parse_quantity("f", &json!("0x00ff"), 8).unwrap(), U256::from(255));
        let wide = format!("0x{}1", "0".repeat(300));
        assert_eq!(parse_quantity("f", &json!(wide), 8).unwrap(), U256::from(1));
        assert!(reason(parse_quantity("f", &json!("0x100"), 8)).contains("8 bits"));
        assert!(reason(parse_quantity("f", &json!("0x"), 8)).contains("0x0"));
        assert!(reason(parse_quantity("f", &json!("10"), 8)).contains("0x"));
        assert!(reason(parse_quantity("f", &json!(10), 8)).contains("a number"));
        assert!(
            reason(parse_quantity("f", &json!(format!("0x1{}", "0".repeat(64))), 256))
                .contains("256 bits")
        );
        assert_eq!(
            parse_quantity("f", &json!(format!("0x{}", "f".repeat(64))), 256).unwrap(),
            U256::MAX
        );
    }

    #[test]
    fn addresses_have_twenty_bytes() {
        assert!(reason(parse_address("f", &json!("0x11"))).contains("expected 20 bytes, found 1"));
        assert!(reason(parse_hash("f", &json!("0x11"))).contains("expected 32 bytes"));
        assert_eq!(parse_factory("f", &json!("0x7702"), true).unwrap(), EIP7702_FACTORY);
        assert!(reason(parse_factory("f", &json!("0x7702"), false)).contains("v0.8"));
    }
}
