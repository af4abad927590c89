//! `validationData`: what an account or a paymaster answers to "may this run?".

use alloy::primitives::{Address, U256};
use serde::{Deserialize, Serialize};
use writ_types::EntryPointVersion;

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

    /// When it is valid, as an EntryPoint of this version reads the bounds.
    pub fn window(self, version: EntryPointVersion) -> ValidityWindow {
        let (after, until) = (self.bound(208), self.bound(160));
        // Absent on the wire: for ever, whatever it is counted in.
        let absent = until == 0;
        let flagged = after & BLOCK_FLAG != 0 && (absent || until & BLOCK_FLAG != 0);
        let in_blocks = flagged && version == EntryPointVersion::V09;
        let plain = |bound: u64| if in_blocks { bound & !BLOCK_FLAG } else { bound };
        let until = if absent { u64::MAX } else { plain(until) };
        let includes_start = matches!(version, EntryPointVersion::V06 | EntryPointVersion::V07);
        ValidityWindow { after: plain(after), until, in_blocks, includes_start }
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
}

/// When an account or a paymaster says that its operation is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValidityWindow {
    /// Start.
    pub after: u64,
    /// Valid up to and including this; `u64::MAX` is for ever.
    pub until: u64,
    /// Both are block numbers (EntryPoint v0.9, when both carry its flag) instead of seconds.
    pub in_blocks: bool,
    /// Whether it is valid at the start itself (v0.6, v0.7), or only after it.
    pub includes_start: bool,
}

impl ValidityWindow {
    /// Whether it is not too early, at this time or in this block.
    pub const fn has_begun(&self, now: u64) -> bool {
        now > self.after || (self.includes_start && now == self.after)
    }

    /// Whether it is valid at this time or in this block.
    pub const fn contains(&self, now: u64) -> bool {
        self.has_begun(now) && now <= self.until
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
        for version in EntryPointVersion::ALL {
            let window = data.window(version);
            assert_eq!((window.after, window.until, window.in_blocks), (7, 9, false));
            assert!(window.contains(9) && !window.contains(10) && !window.contains(6));
            assert_eq!(window.contains(7), !version.supports_eip7702(), "{version}");
        }
        assert_eq!(data.without_signature_failure(), data, "an aggregator is not forgiven");
    }

    #[test]
    fn zero_means_valid_for_ever_and_one_means_failed() {
        let fine = ValidationData::default();
        assert_eq!((fine.sig_failed(), fine.aggregator()), (false, None));
        let window = fine.window(EntryPointVersion::V09);
        assert_eq!((window.after, window.until, window.in_blocks), (0, u64::MAX, false));
        let failed = ValidationData::new(Address::with_last_byte(1), 3, 4);
        assert!(failed.sig_failed());
        assert_eq!(failed.aggregator(), None);
        assert_eq!(failed.without_signature_failure(), ValidationData::new(Address::ZERO, 3, 4));
    }

    #[test]
    fn block_ranges_need_both_flags_and_v09() {
        let window = |after, until, version| {
            let data = ValidationData::new(Address::ZERO, after, until);
            let ValidityWindow { after, until, in_blocks, .. } = data.window(version);
            (after, until, in_blocks)
        };
        let v09 = EntryPointVersion::V09;
        assert_eq!(window(BLOCK_FLAG | 5, BLOCK_FLAG | 6, v09), (5, 6, true));
        assert_eq!(window(BLOCK_FLAG | 5, 0, v09), (5, u64::MAX, true));
        assert_eq!(window(BLOCK_FLAG, BLOCK_FLAG, v09), (0, 0, true), "block 0 is not for ever");
        assert_eq!(window(5, BLOCK_FLAG | 6, v09), (5, BLOCK_FLAG | 6, false));
        assert_eq!(window(BLOCK_FLAG | 5, 6, v09), (BLOCK_FLAG | 5, 6, false));
        assert_eq!(window(0, 0, v09), (0, u64::MAX, false));
        for version in [EntryPointVersion::V06, EntryPointVersion::V07, EntryPointVersion::V08] {
            let seconds = (BLOCK_FLAG | 5, BLOCK_FLAG | 6, false);
            assert_eq!(window(BLOCK_FLAG | 5, BLOCK_FLAG | 6, version), seconds, "{version}");
        }
    }
}
