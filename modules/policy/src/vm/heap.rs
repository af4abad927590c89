//! Encoded values in one run of bytes.
//!
//! A value *is* its canonical encoding, and what refers to it is the place where that begins, as in
//! the EVM's memory. Place 0 is never a value and stands for undefined.

use alloy::primitives::U256;

use crate::encoding::tag;

/// Where a value begins; 0 is undefined.
pub(super) type Place = u64;

/// The place of nothing.
pub(super) const UNDEFINED: Place = 0;

/// The two booleans stand at the same places in every evaluation.
pub(super) const fn boolean(value: bool) -> Place {
    if value { 2 } else { 1 }
}

/// Bytes of encoded values, only ever appended to.
#[derive(Debug, Default)]
pub(super) struct Heap {
    pub(super) bytes: Vec<u8>,
}

impl Heap {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0, tag::FALSE, tag::TRUE]);
    }

    /// Where the next byte goes.
    pub(super) fn end(&self) -> Place {
        self.bytes.len() as Place
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a copy of what already stands here.
    pub(super) fn copy(&mut self, at: Place, length: usize) {
        let from = at as usize;
        if let Some(end) = from.checked_add(length).filter(|end| *end <= self.bytes.len()) {
            self.bytes.extend_from_within(from..end);
        }
    }

    pub(super) fn tag(&self, at: Place) -> u8 {
        self.bytes.get(at as usize).copied().unwrap_or(0)
    }

    pub(super) fn number(&self, at: Place) -> u32 {
        let at = at as usize;
        match self.bytes.get(at..at + 4) {
            Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    /// The encoded bytes of a value, its tag included.
    pub(super) fn size(&self, at: Place) -> usize {
        match self.tag(at) {
            tag::FALSE | tag::TRUE => 1,
            tag::POSITIVE | tag::NEGATIVE => 33,
            _ => 5 + self.number(at + 1) as usize,
        }
    }

    pub(super) fn slice(&self, at: Place, length: usize) -> &[u8] {
        let at = at as usize;
        self.bytes.get(at..at + length).unwrap_or_default()
    }

    pub(super) fn value(&self, at: Place) -> &[u8] {
        self.slice(at, self.size(at))
    }

    /// The bytes of a string.
    pub(super) fn text(&self, at: Place) -> &[u8] {
        self.slice(at + 5, self.number(at + 1) as usize)
    }

    /// The magnitude of an integer.
    pub(super) fn word(&self, at: Place) -> U256 {
        U256::try_from_be_slice(self.slice(at + 1, 32)).unwrap_or_default()
    }

    /// Where a container's items begin.
    pub(super) const fn first(at: Place) -> Place {
        at + 9
    }

    /// How many items a container has; an object's entries.
    pub(super) fn count(&self, at: Place) -> u32 {
        self.number(at + 5)
    }

    /// Where the value after this one begins.
    pub(super) fn after(&self, at: Place) -> Place {
        at + self.size(at) as Place
    }

    pub(super) fn is_container(&self, at: Place) -> bool {
        self.tag(at) >= tag::ARRAY
    }
}
