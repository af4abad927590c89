//! `validationData`: what an account or a paymaster answers to "may this run?".

use alloy::primitives::{Address, U256};
use serde::{Deserialize, Serialize};

/// Set in both bounds when v0.9 reads them as block numbers.
const BLOCK_FLAG: u64 = 0x8000_0000_0000;
/// The 48 bits of each bound.
const BOUND_MASK: u64 = 0xffff_ffff_ffff;
/// Signature failure, in place of an aggregator.
const SIG_FAILED: u64 = 1;

/// The word that `validateUserOp` returns: `aggregator(160) | validUntil(48) | validAfter(48)`,
/// from the low bits up. Kept raw; the accessors give its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ValidationData(pub U256);

impl ValidationData {
    /// Composes the word.
    pub fn new(aggregator: Address, valid_after: u64, valid_until: u64) -> Self {
        let bounds =
            (U256::from(valid_after & BOUND_MASK) << 48) | U256::from(valid_until & BOUND_MASK);
        Self((bounds << 160) | U256::from_be_bytes(aggregator.into_word().0))
    }

    /// Whether the signature was declared wrong.
    pub fn sig_failed(self) -> bool {
        self.authorizer() == U256::from(SIG_FAILED)
    }

    /// The aggregator that is to check the signature, if one is named.
    pub fn aggregator(self) -> Option<Address> {
        let authorizer = self.authorizer();
        (authorizer > U256::from(SIG_FAILED))
            .then(|| Address::from_word(authorizer.to_be_bytes().into()))
    }

    /// Valid strictly after this (v0.6 and v0.7: from this on), in seconds or, for a block range, in
    /// blocks.
    pub fn valid_after(self) -> u64 {
        self.bound(208) & !self.flag()
    }

    /// Valid up to and including this; zero on the wire means for ever, given as `u64::MAX`.
    pub fn valid_until(self) -> u64 {
        match self.bound(160) & !self.flag() {
            0 => u64::MAX,
            until => until,
        }
    }

    /// Whether EntryPoint v0.9 reads the bounds as block numbers. Meaningless before v0.9.
    pub fn is_block_range(self) -> bool {
        self.flag() != 0
    }

    /// The same word with a signature failure forgiven. An aggregator stays.
    #[must_use]
    pub fn without_signature_failure(self) -> Self {
        if self.sig_failed() { Self(self.0 - U256::from(SIG_FAILED)) } else { self }
    }

    fn authorizer(self) -> U256 {
        self.0 & (U256::MAX >> 96)
    }

    fn bound(self, shift: usize) -> u64 {
        (self.0 >> shift).as_limbs()[0] & BOUND_MASK
    }

    /// The block flag if both bounds carry it (an absent `validUntil` counts as flagged).
    fn flag(self) -> u64 {
        let until = self.bound(160);
        let flagged = (until == 0 || until & BLOCK_FLAG != 0) && self.bound(208) & BLOCK_FLAG != 0;
        if flagged { BLOCK_FLAG } else { 0 }
    }
}

/// What `validatePaymasterUserOp` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymasterValidation {
    /// The paymaster's verdict.
    pub data: ValidationData,
    /// Length in bytes of the context that it wants back in `postOp`.
    pub context_len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let aggregator = Address::repeat_byte(0xaa);
        let data = ValidationData::new(aggregator, 7, 9);
        assert_eq!(data.aggregator(), Some(aggregator));
        assert!(!data.sig_failed());
        assert_eq!((data.valid_after(), data.valid_until()), (7, 9));
        assert_eq!(data.without_signature_failure(), data, "an aggregator is not forgiven");
    }

    #[test]
    fn zero_means_valid_for_ever_and_one_means_failed() {
        let fine = ValidationData::default();
        assert_eq!((fine.sig_failed(), fine.aggregator()), (false, None));
        assert_eq!((fine.valid_after(), fine.valid_until()), (0, u64::MAX));
        let failed = ValidationData::new(Address::with_last_byte(1), 3, 4);
        assert!(failed.sig_failed());
        assert_eq!(failed.aggregator(), None);
        assert_eq!(failed.without_signature_failure(), ValidationData::new(Address::ZERO, 3, 4));
    }

    #[test]
    fn block_ranges_need_both_flags() {
        let range = ValidationData::new(Address::ZERO, BLOCK_FLAG | 5, BLOCK_FLAG | 6);
        assert!(range.is_block_range());
        assert_eq!((range.valid_after(), range.valid_until()), (5, 6));
        let open = ValidationData::new(Address::ZERO, BLOCK_FLAG | 5, 0);
        assert!(open.is_block_range());
        assert_eq!(open.valid_until(), u64::MAX);
        let half = ValidationData::new(Address::ZERO, 5, BLOCK_FLAG | 6);
        assert!(!half.is_block_range());
        assert_eq!(half.valid_until(), BLOCK_FLAG | 6);
    }
}
