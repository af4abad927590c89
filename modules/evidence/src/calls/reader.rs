//! Reading ABI-encoded bytes of which every one has its place.

use alloy::primitives::{Address, U256};

use super::{CallsError, MAX_CALLS};

/// Reads forward only, so that no byte is read twice: the work is linear in the input, and elements that overlap, which could
/// multiply it, cannot be expressed.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`, which are `what` in an error.
    pub(super) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { bytes, at: 0, what }
    }

    fn error(&self) -> CallsError {
        CallsError::NonCanonical { what: self.what }
    }

    /// How many bytes were read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], CallsError> {
        let end = self.at.checked_add(length).ok_or_else(|| self.error())?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| self.error())?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn word(&mut self) -> Result<U256, CallsError> {
        self.take(32).map(U256::from_be_slice)
    }

    pub(super) fn words(&mut self, count: usize) -> Result<Vec<U256>, CallsError> {
        (0..count).map(|_| self.word()).collect()
    }

    pub(super) fn address(&mut self) -> Result<Address, CallsError> {
        let word = self.take(32)?;
        if word[..12].iter().any(|byte| *byte != 0) {
            return Err(self.error());
        }
        Ok(Address::from_slice(&word[12..]))
    }

    /// How many elements an array has.
    pub(super) fn count(&mut self) -> Result<usize, CallsError> {
        let count = self.word()?;
        match usize::try_from(count) {
            Ok(small) if small <= MAX_CALLS => Ok(small),
            _ => Err(CallsError::TooManyCalls { count }),
        }
    }

    pub(super) fn expect(&mut self, word: u64) -> Result<(), CallsError> {
        if self.word()? == U256::from(word) { Ok(()) } else { Err(self.error()) }
    }

    /// That `offset`, counted from `base`, leads to what is read next.
    pub(super) fn stands_at(&self, base: usize, offset: U256) -> Result<(), CallsError> {
        if offset == U256::from(self.at - base) { Ok(()) } else { Err(self.error()) }
    }

    /// A `bytes` tail: length, bytes, zero padding to a word.
    pub(super) fn tail(&mut self) -> Result<&'a [u8], CallsError> {
        let length = usize::try_from(self.word()?).map_err(|_| self.error())?;
        let bytes = self.take(length)?;
        let padding = self.take((32 - length % 32) % 32)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(self.error());
        }
        Ok(bytes)
    }

    pub(super) fn finish(&self) -> Result<(), CallsError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error()) }
    }
}
