//! Why `handleOps` reverted.

use std::fmt;

use alloy::primitives::{Address, Bytes};

/// The bundle was rejected as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `FailedOp` or `FailedOpWithRevert`: one operation is to blame.
    Op(FailedOp),
    /// `SignatureValidationFailed(aggregator)`.
    Aggregator(Address),
    /// Any other revert; `name` if it is one of the EntryPoint's own errors.
    Reverted {
        /// Name of the EntryPoint's error, or of `Error(string)` with its text.
        name: Option<String>,
        /// The revert data, bounded.
        data: Bytes,
    },
    /// The transaction ran out of gas or halted in the EntryPoint itself.
    Halted(String),
}

impl Failure {
    /// Whether it is about how `handleOps` was called, its caller or its beneficiary (AA90, AA91 and their successors in
    /// v0.9): no operation is to blame.
    pub fn is_of_the_call(&self) -> bool {
        let Self::Reverted { name: Some(name), .. } = self else { return false };
        let error = name.strip_prefix("revert: ").unwrap_or(name);
        ["AA90", "AA91", "InvalidBeneficiary", "FailedSendToBeneficiary", "Reentrancy"]
            .iter()
            .any(|known| error.starts_with(known))
    }
}

/// `FailedOp(index, reason)` decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedOp {
    /// Which operation of the bundle.
    pub index: usize,
    /// The code at the beginning of the reason, `AA23` for instance; `None` when there is none.
    pub aa_code: Option<AaCode>,
    /// The reason in full, bounded; bytes that are not UTF-8 are replaced.
    pub reason: String,
    /// Revert data of the account, factory or paymaster, if it was reported.
    pub inner: Option<Bytes>,
}

/// Two digits of an EntryPoint's `AAxx` error. The first tells whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AaCode(pub u8);

/// Who caused an `AAxx` error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// AA1x: creation of the sender.
    Factory,
    /// AA2x: the sender.
    Account,
    /// AA3x and AA5x: the paymaster.
    Paymaster,
    /// AA4x: a gas limit of the operation.
    Limits,
    /// AA9x and others: the call of handleOps itself.
    Bundler,
}

impl AaCode {
    /// Reads `AAxx` at the beginning of a reason.
    pub fn parse(reason: &str) -> Option<Self> {
        match reason.as_bytes() {
            [b'A', b'A', tens, units, ..] if tens.is_ascii_digit() && units.is_ascii_digit() => {
                Some(Self((tens - b'0') * 10 + units - b'0'))
            }
            _ => None,
        }
    }

    /// Whose fault it is.
    pub const fn blame(self) -> Blame {
        match self.0 / 10 {
            1 => Blame::Factory,
            2 => Blame::Account,
            3 | 5 => Blame::Paymaster,
            4 => Blame::Limits,
            _ => Blame::Bundler,
        }
    }

    /// AA22, AA27, AA32, AA37: outside the validity window.
    pub const fn is_out_of_window(self) -> bool {
        matches!(self.0, 22 | 27 | 32 | 37)
    }

    /// AA24, AA34: the signature check failed.
    pub const fn is_signature(self) -> bool {
        matches!(self.0, 24 | 34)
    }
}

impl fmt::Display for AaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AA{:02}", self.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op(failed) => failed.fmt(f),
            Self::Aggregator(address) => {
                write!(f, "signature check of aggregator {address} failed")
            }
            Self::Reverted { name: Some(name), .. } => write!(f, "handleOps reverted: {name}"),
            Self::Reverted { name: None, data } => write!(f, "handleOps reverted: {data}"),
            Self::Halted(reason) => write!(f, "handleOps halted: {reason}"),
        }
    }
}

impl fmt::Display for FailedOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {} of the bundle: {}", self.index, self.reason)?;
        match &self.inner {
            Some(inner) if !inner.is_empty() => write!(f, " ({inner})"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_the_call_is_told_from_what_is_about_an_operation() {
        let reverted =
            |name: &str| Failure::Reverted { name: Some(name.to_owned()), data: Bytes::new() };
        for name in [
            "revert: AA90 invalid beneficiary",
            "revert: AA91 failed send to beneficiary",
            "InvalidBeneficiary(0x00)",
            "FailedSendToBeneficiary(0x00, 0x)",
            "Reentrancy()",
        ] {
            assert!(reverted(name).is_of_the_call(), "{name}");
        }
        for name in ["revert: AA94 gas values overflow", "FailedOp(opIndex 9, reason \"AA90\")"] {
            assert!(!reverted(name).is_of_the_call(), "{name}");
        }
        assert!(!Failure::Reverted { name: None, data: Bytes::new() }.is_of_the_call());
        let failed = FailedOp {
            index: 0,
            aa_code: AaCode::parse("AA91"),
            reason: "AA91 as an account says it".to_owned(),
            inner: None,
        };
        assert!(!Failure::Op(failed).is_of_the_call());
    }
}
