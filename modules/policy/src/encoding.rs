//! The canonical binary encoding: what hashes are taken of.
//!
//! ```text
//! document = version(1) = 0x01 ‖ value
//! value    = 0x00                                    false
//!          | 0x01                                    true
//!          | 0x02 ‖ word(32)                         integer ≥ 0
//!          | 0x03 ‖ word(32), not zero               integer < 0, by its magnitude
//!          | 0x04 ‖ length(4) ‖ UTF-8 bytes          string
//!          | 0x05 ‖ count(4) ‖ value*                array
//!          | 0x06 ‖ count(4) ‖ value*                set, encodings strictly ascending by bytes
//!          | 0x07 ‖ count(4) ‖ (length(4) ‖ UTF-8 key ‖ value)*
//!                                                    object, keys strictly ascending by bytes
//! ```
//! Lengths, counts and words are big endian. In version 1 an address is an ordinary string of 42
//! lowercase characters. Every value has exactly one encoding and every other byte string is
//! refused, so `decode` followed by `encode` is the identity; the vectors in
//! `tests/vectors/encoding.json` fix the bytes.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::U256;

use crate::{Integer, Limits, MAX_DEPTH, Value};

/// The version byte that opens every encoding.
pub const ENCODING_VERSION: u8 = 1;

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const POSITIVE: u8 = 2;
const NEGATIVE: u8 = 3;
const STRING: u8 = 4;
const ARRAY: u8 = 5;
const SET: u8 = 6;
const OBJECT: u8 = 7;

/// Why bytes are not a canonical encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// The bytes end inside a value.
    #[error("encoding ends early, at byte {0}")]
    End(usize),
    /// The first byte is not a version that is known here.
    #[error("unknown encoding version {0}, version {ENCODING_VERSION} is accepted")]
    Version(u8),
    /// No value has this tag.
    #[error("unknown tag {1} at byte {0}")]
    Tag(usize, u8),
    /// Zero with a minus sign.
    #[error("negative zero at byte {0}")]
    NegativeZero(usize),
    /// A string is not UTF-8.
    #[error("string at byte {0} is not UTF-8")]
    Utf8(usize),
    /// Keys or set members are not strictly ascending.
    #[error("entries are not strictly ascending at byte {0}")]
    Order(usize),
    /// Bytes follow the value.
    #[error("{0} bytes after the value")]
    Trailing(usize),
    /// The encoding is longer than the limit.
    #[error("encoding of {0} bytes, at most {1} are accepted")]
    TooLong(usize, usize),
    /// Nesting beyond the limit.
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    /// More values than the limit.
    #[error("more than {0} values")]
    TooMany(usize),
}

/// The canonical encoding of `value`.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = vec![ENCODING_VERSION];
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Integer(integer) => {
            out.push(if integer.is_negative() { NEGATIVE } else { POSITIVE });
            out.extend_from_slice(&integer.magnitude().to_be_bytes::<32>());
        }
        Value::String(text) => {
            out.push(STRING);
            write_text(text, out);
        }
        Value::Array(items) => {
            out.push(ARRAY);
            write_length(items.len(), out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Set(items) => {
            out.push(SET);
            write_length(items.len(), out);
            // Order by encoded bytes, not by `Ord`: a reader in another language knows only bytes.
            let mut encoded: Vec<Vec<u8>> = items.iter().map(encode_bare).collect();
            encoded.sort_unstable();
            encoded.iter().for_each(|item| out.extend_from_slice(item));
        }
        Value::Object(fields) => {
            out.push(OBJECT);
            write_length(fields.len(), out);
            // `String` orders by bytes, which is the order of the encoding.
            for (name, field) in fields {
                write_text(name, out);
                write(field, out);
            }
        }
    }
}

fn encode_bare(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    // Nothing that our limits let in comes near 4 GiB; saturating keeps the function total, and
    // a saturated length can never be decoded.
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
}

/// Decodes a canonical encoding, refusing every other byte string.
///
/// # Errors
/// With the byte offset, for everything that [`EncodingError`] names. No allocation is larger
/// than the bytes that were given.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Value, EncodingError> {
    if bytes.len() > limits.bytes {
        return Err(EncodingError::TooLong(bytes.len(), limits.bytes));
    }
    let depth = limits.depth.min(MAX_DEPTH);
    let mut reader = Reader { bytes, position: 0, depth, limits, values: 0 };
    match reader.byte()? {
        ENCODING_VERSION => {}
        version => return Err(EncodingError::Version(version)),
    }
    let value = reader.value()?;
    match bytes.len() - reader.position {
        0 => Ok(value),
        left => Err(EncodingError::Trailing(left)),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    depth: usize,
    limits: &'a Limits,
    values: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], EncodingError> {
        let end = self.position.checked_add(count).ok_or(EncodingError::End(self.position))?;
        let taken = self.bytes.get(self.position..end).ok_or(EncodingError::End(self.position))?;
        self.position = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, EncodingError> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn length(&mut self) -> Result<usize, EncodingError> {
        let bytes = self.take(4)?;
        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        // On a 16-bit target this would not fit; the length is then past the end anyway.
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn text(&mut self) -> Result<&'a str, EncodingError> {
        let length = self.length()?;
        let at = self.position;
        std::str::from_utf8(self.take(length)?).map_err(|_| EncodingError::Utf8(at))
    }

    fn value(&mut self) -> Result<Value, EncodingError> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(EncodingError::TooMany(self.limits.values));
        }
        if self.depth == 0 {
            return Err(EncodingError::TooDeep(self.limits.depth.min(MAX_DEPTH)));
        }
        let at = self.position;
        match self.byte()? {
            FALSE => Ok(Value::Bool(false)),
            TRUE => Ok(Value::Bool(true)),
            POSITIVE => self.integer(false),
            NEGATIVE => match self.integer(true)? {
                Value::Integer(zero) if zero == Integer::ZERO => {
                    Err(EncodingError::NegativeZero(at))
                }
                negative => Ok(negative),
            },
            STRING => self.text().map(|text| Value::String(text.to_owned())),
            ARRAY => self.nested(Self::array),
            SET => self.nested(Self::set),
            OBJECT => self.nested(Self::object),
            tag => Err(EncodingError::Tag(at, tag)),
        }
    }

    fn integer(&mut self, negative: bool) -> Result<Value, EncodingError> {
        let word = U256::from_be_slice(self.take(32)?);
        Ok(Value::Integer(Integer::new(negative, word)))
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, EncodingError>,
    ) -> Result<Value, EncodingError> {
        self.depth -= 1;
        let value = read(self)?;
        self.depth += 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, EncodingError> {
        let count = self.length()?;
        // Grown item by item: a count of 2^32 costs nothing until its items are really there.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.value()?);
        }
        Ok(Value::Array(items))
    }

    fn set(&mut self) -> Result<Value, EncodingError> {
        let count = self.length()?;
        let mut items = BTreeSet::new();
        let mut previous: Option<&[u8]> = None;
        for _ in 0..count {
            let at = self.position;
            let item = self.value()?;
            let encoded = self.bytes.get(at..self.position);
            if previous >= encoded && previous.is_some() {
                return Err(EncodingError::Order(at));
            }
            previous = encoded;
            items.insert(item);
        }
        Ok(Value::Set(items))
    }

    fn object(&mut self) -> Result<Value, EncodingError> {
        let count = self.length()?;
        let mut fields = BTreeMap::new();
        let mut previous: Option<&str> = None;
        for _ in 0..count {
            let at = self.position;
            let name = self.text()?;
            if previous.is_some_and(|previous| previous >= name) {
                return Err(EncodingError::Order(at));
            }
            previous = Some(name);
            let value = self.value()?;
            fields.insert(name.to_owned(), value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
