//! The canonical binary encoding: what hashes are taken of.
//!
//! ```text
//! document = version(1) = 0x02 ‖ value
//! value    = 0x00                                    false
//!          | 0x01                                    true
//!          | 0x02 ‖ word(32)                         integer ≥ 0
//!          | 0x03 ‖ word(32), not zero               integer < 0, by its magnitude
//!          | 0x04 ‖ length(4) ‖ UTF-8 bytes          string
//!          | 0x05 ‖ length(4) ‖ count(4) ‖ value*    array
//!          | 0x06 ‖ length(4) ‖ count(4) ‖ (string value)*
//!                                                    object, keys strictly ascending
//!          | 0x07 ‖ length(4) ‖ count(4) ‖ value*    set, members strictly ascending
//! ```
//! `length` counts the bytes behind it, so that a reader steps over any value; `count` counts items,
//! in an object entries. Lengths, counts and words are big endian. Members of a set ascend in
//! the order of values ([`Value`]'s `Ord`, which is Rego's), keys by their bytes, which is the same.
//! An address is an ordinary string of 42 lowercase characters. Every value has exactly one encoding
//! and every other byte string is refused, so `decode` followed by `encode` is the identity; the
//! vectors in `tests/vectors/encoding.json` fix the bytes. `docs/policy-vm.md`, section 1, is the
//! specification: PolicyVM computes on these bytes as they are.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::U256;

use crate::{Integer, Limits, MAX_DEPTH, Value};

/// The version byte that opens every encoding.
pub const ENCODING_VERSION: u8 = 2;

/// The first byte of each kind of value, in the order in which kinds are ordered.
pub(crate) mod tag {
    pub(crate) const FALSE: u8 = 0;
    pub(crate) const TRUE: u8 = 1;
    pub(crate) const POSITIVE: u8 = 2;
    pub(crate) const NEGATIVE: u8 = 3;
    pub(crate) const STRING: u8 = 4;
    pub(crate) const ARRAY: u8 = 5;
    pub(crate) const OBJECT: u8 = 6;
    pub(crate) const SET: u8 = 7;
}
use tag::{ARRAY, FALSE, NEGATIVE, OBJECT, POSITIVE, SET, STRING, TRUE};

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
    /// An object's key is not a string.
    #[error("key at byte {0} is not a string")]
    Key(usize),
    /// A container's items do not end where its length says.
    #[error("container at byte {0} has another length than it says")]
    Length(usize),
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

/// The canonical encoding of `value` without the version byte.
pub(crate) fn encode_bare(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
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
        Value::String(text) => write_text(text, out),
        Value::Array(items) => write_container(ARRAY, items.len(), out, |out| {
            items.iter().for_each(|item| write(item, out));
        }),
        Value::Set(items) => write_container(SET, items.len(), out, |out| {
            items.iter().for_each(|item| write(item, out));
        }),
        Value::Object(fields) => write_container(OBJECT, fields.len(), out, |out| {
            for (name, field) in fields {
                write_text(name, out);
                write(field, out);
            }
        }),
    }
}

fn write_container(
    tag: u8,
    count: usize,
    out: &mut Vec<u8>,
    write_items: impl FnOnce(&mut Vec<u8>),
) {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&number(count));
    write_items(out);
    let length = number(out.len() - at - 4);
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length);
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(STRING);
    out.extend_from_slice(&number(text.len()));
    out.extend_from_slice(text.as_bytes());
}

fn number(length: usize) -> [u8; 4] {
    // Nothing that our limits let in comes near 4 GiB; saturating keeps the function total, and
    // a saturated length can never be decoded.
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
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
            ARRAY => self.container(Self::array),
            SET => self.container(Self::set),
            OBJECT => self.container(Self::object),
            tag => Err(EncodingError::Tag(at, tag)),
        }
    }

    fn integer(&mut self, negative: bool) -> Result<Value, EncodingError> {
        let word = U256::from_be_slice(self.take(32)?);
        Ok(Value::Integer(Integer::new(negative, word)))
    }

    /// Reads a container's head and its items, which must end where the head says.
    fn container(
        &mut self,
        read: fn(&mut Self, usize) -> Result<Value, EncodingError>,
    ) -> Result<Value, EncodingError> {
        let at = self.position - 1;
        let length = self.length()?;
        let end = self.position.checked_add(length).ok_or(EncodingError::End(at))?;
        let count = self.length()?;
        self.depth -= 1;
        let value = read(self, count)?;
        self.depth += 1;
        if self.position == end { Ok(value) } else { Err(EncodingError::Length(at)) }
    }

    fn array(&mut self, count: usize) -> Result<Value, EncodingError> {
        // Grown item by item: a count of 2^32 costs nothing until its items are really there.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.value()?);
        }
        Ok(Value::Array(items))
    }

    fn set(&mut self, count: usize) -> Result<Value, EncodingError> {
        let mut items = BTreeSet::new();
        for _ in 0..count {
            let at = self.position;
            let item = self.value()?;
            if items.last().is_some_and(|last| *last >= item) {
                return Err(EncodingError::Order(at));
            }
            items.insert(item);
        }
        Ok(Value::Set(items))
    }

    fn object(&mut self, count: usize) -> Result<Value, EncodingError> {
        let mut fields = BTreeMap::new();
        let mut previous: Option<&str> = None;
        for _ in 0..count {
            let at = self.position;
            if self.byte()? != STRING {
                return Err(EncodingError::Key(at));
            }
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
