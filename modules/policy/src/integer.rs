//! Exact integers: a sign and 256 bits of magnitude.

use std::{cmp::Ordering, fmt, str::FromStr};

use alloy::primitives::U256;

/// Decimal digits of 2^256 − 1, the longest magnitude there is.
const MAX_DIGITS: usize = 78;

/// An exact integer between −(2^256 − 1) and 2^256 − 1.
///
/// There is one zero: the sign of zero is always positive, so equal integers have equal fields
/// and one canonical encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Integer {
    negative: bool,
    magnitude: U256,
}

impl Integer {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, magnitude: U256::ZERO };

    /// Builds an integer from its sign and magnitude; the sign of zero is dropped.
    pub fn new(negative: bool, magnitude: U256) -> Self {
        Self { negative: negative && !magnitude.is_zero(), magnitude }
    }

    /// Whether the integer is below zero.
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The absolute value.
    pub const fn magnitude(&self) -> U256 {
        self.magnitude
    }

    /// The integer as an unsigned word, if it is not negative.
    pub const fn to_u256(&self) -> Option<U256> {
        if self.negative { None } else { Some(self.magnitude) }
    }

    /// The integer as `u64`, if it fits.
    pub fn to_u64(&self) -> Option<u64> {
        self.to_u256().and_then(|word| u64::try_from(word).ok())
    }

    /// The integer as `u128`, if it fits.
    pub fn to_u128(&self) -> Option<u128> {
        self.to_u256().and_then(|word| u128::try_from(word).ok())
    }

    /// The sum, if it has an integer's 256 bits.
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        if self.is_negative() == other.is_negative() {
            let magnitude = self.magnitude().checked_add(other.magnitude())?;
            return Some(Self::new(self.is_negative(), magnitude));
        }
        Some(match self.magnitude().checked_sub(other.magnitude()) {
            Some(magnitude) => Self::new(self.is_negative(), magnitude),
            None => Self::new(other.is_negative(), other.magnitude() - self.magnitude()),
        })
    }

    /// The difference, if it has an integer's 256 bits.
    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self::new(!other.is_negative(), other.magnitude()))
    }

    /// The product, if it has an integer's 256 bits.
    pub(crate) fn checked_mul(self, other: Self) -> Option<Self> {
        let magnitude = self.magnitude().checked_mul(other.magnitude())?;
        Some(Self::new(self.is_negative() != other.is_negative(), magnitude))
    }

    /// The remainder with the sign of the dividend, unless the divisor is zero.
    pub(crate) fn checked_rem(self, other: Self) -> Option<Self> {
        let magnitude = self.magnitude().checked_rem(other.magnitude())?;
        Some(Self::new(self.is_negative(), magnitude))
    }
}

/// Why a text is not an [`Integer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntegerError {
    /// The text is not `0` or an optional minus sign and digits without a leading zero.
    #[error("not a decimal integer without leading zeros")]
    Syntax,
    /// `-0` is a second spelling of zero.
    #[error("-0 is not allowed, write 0")]
    NegativeZero,
    /// The magnitude needs more than 256 bits.
    #[error("integer does not fit 256 bits")]
    TooLarge,
}

impl FromStr for Integer {
    type Err = IntegerError;

    /// Reads the one spelling an integer has: no plus sign, no leading zero, no `-0`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(IntegerError::Syntax);
        }
        if digits.starts_with('0') {
            return match (digits.len(), negative) {
                (1, false) => Ok(Self::ZERO),
                (1, true) => Err(IntegerError::NegativeZero),
                _ => Err(IntegerError::Syntax),
            };
        }
        // The length is checked first, so that an attacker's million digits cost nothing.
        if digits.len() > MAX_DIGITS {
            return Err(IntegerError::TooLarge);
        }
        let magnitude = U256::from_str_radix(digits, 10).map_err(|_| IntegerError::TooLarge)?;
        Ok(Self::new(negative, magnitude))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            formatter.write_str("-")?;
        }
        fmt::Display::fmt(&self.magnitude, formatter)
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<U256> for Integer {
    fn from(magnitude: U256) -> Self {
        Self { negative: false, magnitude }
    }
}

macro_rules! from_unsigned {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Integer {
            fn from(value: $kind) -> Self {
                Self { negative: false, magnitude: U256::from(value) }
            }
        }
    )*};
}
from_unsigned!(u8, u16, u32, u64, u128, usize);

impl From<i64> for Integer {
    fn from(value: i64) -> Self {
        Self::new(value < 0, U256::from(value.unsigned_abs()))
    }
}

impl From<i128> for Integer {
    fn from(value: i128) -> Self {
        Self::new(value < 0, U256::from(value.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_extremes() {
        let largest = U256::MAX.to_string();
        assert_eq!(largest.parse::<Integer>(), Ok(Integer::from(U256::MAX)));
        assert_eq!(format!("-{largest}").parse::<Integer>(), Ok(Integer::new(true, U256::MAX)));
        assert_eq!("0".parse::<Integer>(), Ok(Integer::ZERO));
    }

    #[test]
    fn refuses_every_second_spelling() {
        for (text, error) in [
            ("", IntegerError::Syntax),
            ("-", IntegerError::Syntax),
            ("+1", IntegerError::Syntax),
            ("01", IntegerError::Syntax),
            ("-01", IntegerError::Syntax),
            ("1.0", IntegerError::Syntax),
            ("1e3", IntegerError::Syntax),
            (" 1", IntegerError::Syntax),
            ("1_000", IntegerError::Syntax),
            ("-0", IntegerError::NegativeZero),
        ] {
            assert_eq!(text.parse::<Integer>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn refuses_two_to_the_256() {
        let one_more =
            "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(one_more.parse::<Integer>(), Err(IntegerError::TooLarge));
        assert_eq!("9".repeat(100_000).parse::<Integer>(), Err(IntegerError::TooLarge));
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(Integer::new(true, U256::ZERO), Integer::ZERO);
        assert_eq!(Integer::from(0_i64), Integer::ZERO);
    }

    #[test]
    fn orders_across_zero() {
        let mut sorted: Vec<Integer> = [3_i64, -3, 0, -4, 4].map(Integer::from).to_vec();
        sorted.sort();
        assert_eq!(sorted, [-4_i64, -3, 0, 3, 4].map(Integer::from));
    }
}
