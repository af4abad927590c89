//! Revert data in words.

use alloy::{
    hex,
    primitives::U256,
    sol,
    sol_types::{Panic, Revert, SolError, SolInterface},
};

sol! {
    /// The errors of WritModule that a wallet can run into, and the commonest of accounts.
    interface Known {
        error AttestationRequired();
        error MalformedAttestation();
        error UnsupportedVersion(uint8 version);
        error UnsupportedScheme(uint8 scheme);
        error LevelMismatch(uint8 attested, uint8 required);
        error RevisionMismatch(uint64 attested, uint64 current);
        error EpochMismatch(uint64 attested, uint64 current);
        error SequenceMismatch(uint64 attested, uint64 current);
        error ThresholdMismatch(uint256 given, uint256 required);
        error SignersNotAscending();
        error UnknownSigner(uint8 index, uint256 operators);
        error BoundsMissing();
        error BoundsNotAscending();
        error UnsupportedBoundKind(uint8 kind);
        error BalanceUnreadable(address asset);
        error MaxCostExceeded(uint256 required, uint256 attested);
        error InvalidValidity();
        error TicketAlreadyLive();
        error FrameOpen();
        error NoTicket();
        error BoundExceeded(uint8 kind, address asset, uint256 maxOut, uint256 actual);
        error UninstallNotAllowed();
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    }
}

/// What the data says: a text, a panic, a known error with its values, or the selector of an unknown one.
/// `None` for empty data.
pub fn describe(data: &[u8]) -> Option<String> {
    const MOST: usize = 256;
    if data.is_empty() {
        return None;
    }
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason.chars().take(MOST).collect());
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return Some(format!("panic {:#04x}", panic.code.saturating_to::<u64>()));
    }
    if let Ok(known) = Known::KnownErrors::abi_decode(data) {
        return Some(words(&known));
    }
    if let Some(known) = writ_types::describe_entry_point_error(data) {
        return Some(known);
    }
    match data.get(..4) {
        Some(selector) => Some(format!("error {}", hex::encode_prefixed(selector))),
        None => Some(hex::encode_prefixed(data)),
    }
}

fn words(error: &Known::KnownErrors) -> String {
    use Known::KnownErrors as K;
    let pair = |name: &str, given: U256, required: U256| format!("{name}({given}, {required})");
    match error {
        K::AttestationRequired(_) => "AttestationRequired()".into(),
        K::MalformedAttestation(_) => "MalformedAttestation()".into(),
        K::UnsupportedVersion(e) => format!("UnsupportedVersion({})", e.version),
        K::UnsupportedScheme(e) => format!("UnsupportedScheme({})", e.scheme),
        K::LevelMismatch(e) => format!("LevelMismatch({}, {})", e.attested, e.required),
        K::RevisionMismatch(e) => format!("RevisionMismatch({}, {})", e.attested, e.current),
        K::EpochMismatch(e) => format!("EpochMismatch({}, {})", e.attested, e.current),
        K::SequenceMismatch(e) => format!("SequenceMismatch({}, {})", e.attested, e.current),
        K::ThresholdMismatch(e) => pair("ThresholdMismatch", e.given, e.required),
        K::SignersNotAscending(_) => "SignersNotAscending()".into(),
        K::UnknownSigner(e) => format!("UnknownSigner({}, {})", e.index, e.operators),
        K::BoundsMissing(_) => "BoundsMissing()".into(),
        K::BoundsNotAscending(_) => "BoundsNotAscending()".into(),
        K::UnsupportedBoundKind(e) => format!("UnsupportedBoundKind({})", e.kind),
        K::BalanceUnreadable(e) => format!("BalanceUnreadable({})", e.asset),
        K::MaxCostExceeded(e) => pair("MaxCostExceeded", e.required, e.attested),
        K::InvalidValidity(_) => "InvalidValidity()".into(),
        K::TicketAlreadyLive(_) => "TicketAlreadyLive()".into(),
        K::FrameOpen(_) => "FrameOpen()".into(),
        K::NoTicket(_) => "NoTicket()".into(),
        K::BoundExceeded(e) => {
            format!("BoundExceeded({}, {}, {}, {})", e.kind, e.asset, e.maxOut, e.actual)
        }
        K::UninstallNotAllowed(_) => "UninstallNotAllowed()".into(),
        K::ERC20InsufficientBalance(e) => {
            format!("ERC20InsufficientBalance({}, {}, {})", e.sender, e.balance, e.needed)
        }
        K::ERC20InsufficientAllowance(e) => {
            format!("ERC20InsufficientAllowance({}, {}, {})", e.spender, e.allowance, e.needed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_put_into_words() {
        assert_eq!(describe(&[]), None);
        assert_eq!(describe(&Revert::from("no").abi_encode()).as_deref(), Some("no"));
        assert_eq!(
            describe(&Panic { code: U256::from(0x11) }.abi_encode()).as_deref(),
            Some("panic 0x11")
        );
        let bound = Known::RevisionMismatch { attested: 1, current: 2 };
        assert_eq!(describe(&bound.abi_encode()).as_deref(), Some("RevisionMismatch(1, 2)"));
        let reentered = &alloy::primitives::keccak256("Reentrancy()")[..4];
        assert_eq!(describe(reentered).as_deref(), Some("Reentrancy()"));
        assert_eq!(describe(&[0xde, 0xad, 0xbe, 0xef, 0]).as_deref(), Some("error 0xdeadbeef"));
        assert_eq!(describe(&[1, 2]).as_deref(), Some("0x0102"));
    }
}
