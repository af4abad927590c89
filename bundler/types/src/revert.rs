//! The EntryPoints' own errors in words.

use std::{collections::HashMap, sync::LazyLock};

use alloy::{
    dyn_abi::{DynSolValue, ErrorExt},
    hex,
    json_abi::Error,
    primitives::{Selector, keccak256},
};

/// Custom errors of the EntryPoints and of what belongs to them: SenderCreator, deposits and stakes, the published
/// base contracts of accounts and paymasters. v0.9 has them where earlier versions reverted with texts.
const ERRORS: [&str; 33] = [
    // handleOps
    "FailedOp(uint256 opIndex, string reason)",
    "FailedOpWithRevert(uint256 opIndex, string reason, bytes inner)",
    "SignatureValidationFailed(address aggregator)",
    "PostOpReverted(bytes returnData)",
    "Reentrancy()",
    "ReentrancyGuardReentrantCall()",
    "InternalFunction()",
    "InvalidBeneficiary(address beneficiary)",
    "FailedSendToBeneficiary(address beneficiary, uint256 amount, bytes revertData)",
    "InvalidPaymaster(address paymaster)",
    "InvalidPaymasterData(uint256 paymasterAndDataLength)",
    "InvalidPaymasterSignatureLength(uint256 dataLength, uint256 pmSignatureLength)",
    "Eip7702SenderNotDelegate(address sender)",
    "Eip7702SenderWithoutCode(address sender)",
    "SenderAddressResult(address sender)",
    "DelegateAndRevert(bool success, bytes ret)",
    // deposits and stakes
    "DepositWithdrawalFailed(address account, address withdrawAddress, uint256 amount, bytes revertReason)",
    "InsufficientDeposit(uint256 currentDeposit, uint256 withdrawAmount)",
    "InvalidStake(uint256 msgValue, uint256 currentStake)",
    "InvalidUnstakeDelay(uint256 newUnstakeDelaySec, uint256 currentUnstakeDelaySec)",
    "NotStaked(uint256 currentStake, uint256 unstakeDelaySec, bool staked)",
    "StakeNotUnlocked(uint256 withdrawTime, uint256 blockTimestamp)",
    "StakeWithdrawalFailed(address account, address withdrawAddress, uint256 amount, bytes revertReason)",
    "WithdrawalNotDue(uint256 withdrawTime, uint256 blockTimestamp)",
    // accounts, factories, paymasters
    "NotFromEntryPoint(address msgSender, address entity, address entryPoint)",
    "NotOwner(address msgSender, address entity, address owner)",
    "NotOwnerOrEntryPoint(address msgSender, address entity, address entryPoint, address owner)",
    "NotSenderCreator(address msgSender, address entity, address senderCreator)",
    "ExecuteError(uint256 index, bytes error)",
    "ECDSAInvalidSignature()",
    "ECDSAInvalidSignatureLength(uint256 length)",
    "ECDSAInvalidSignatureS(bytes32 s)",
    "MustOverride()",
];

static BY_SELECTOR: LazyLock<HashMap<Selector, Error>> = LazyLock::new(|| {
    let parsed = ERRORS.iter().filter_map(|text| Error::parse(text).ok());
    parsed.map(|error| (selector_of(&error), error)).collect()
});

fn selector_of(error: &Error) -> Selector {
    Selector::from_slice(&keccak256(error.signature())[..4])
}

/// The EntryPoint's custom error that this revert data is, with its values by name, such as
/// `InsufficientDeposit(currentDeposit 5, withdrawAmount 7)`. `None` for everything else, and for data that is cut.
///
/// ```
/// use alloy::primitives::keccak256;
/// let data = &keccak256("Reentrancy()")[..4];
/// assert_eq!(writ_types::describe_entry_point_error(data).as_deref(), Some("Reentrancy()"));
/// assert_eq!(writ_types::describe_entry_point_error(&[1, 2, 3, 4]), None);
/// ```
pub fn describe_entry_point_error(data: &[u8]) -> Option<String> {
    let selector = Selector::from_slice(data.get(..4)?);
    let error = BY_SELECTOR.get(&selector)?;
    let decoded = error.decode_error(data).ok()?;
    let values: Vec<_> = error
        .inputs
        .iter()
        .zip(&decoded.body)
        .map(|(input, value)| format!("{} {}", input.name, words(value)))
        .collect();
    Some(format!("{}({})", error.name, values.join(", ")))
}

/// One value, never longer than a line.
fn words(value: &DynSolValue) -> String {
    const MOST: usize = 64;
    match value {
        DynSolValue::Address(address) => address.to_checksum(None),
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::Bool(flag) => flag.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::String(text) => format!("{:?}", text.chars().take(MOST).collect::<String>()),
        DynSolValue::Bytes(bytes) if bytes.len() > MOST => {
            format!("{}…", hex::encode_prefixed(&bytes[..MOST]))
        }
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        // No error of the table has another type.
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use alloy::{
        primitives::{Address, U256},
        sol,
        sol_types::SolError,
    };
    use proptest::prelude::*;

    use super::*;

    sol! {
        error InsufficientDeposit(uint256 currentDeposit, uint256 withdrawAmount);
        error InvalidPaymaster(address paymaster);
        error FailedSendToBeneficiary(address beneficiary, uint256 amount, bytes revertData);
    }

    #[test]
    fn every_line_of_the_table_is_an_error_of_its_own() {
        assert_eq!(BY_SELECTOR.len(), ERRORS.len());
    }

    #[test]
    fn values_come_with_their_names_and_bounds() {
        let described = |data: &[u8]| describe_entry_point_error(data);
        let data =
            InsufficientDeposit { currentDeposit: U256::from(5), withdrawAmount: U256::from(7) }
                .abi_encode();
        let expected = "InsufficientDeposit(currentDeposit 5, withdrawAmount 7)";
        assert_eq!(described(&data).as_deref(), Some(expected));
        assert_eq!(described(&data[..40]), None, "cut");
        let zero = InvalidPaymaster { paymaster: Address::ZERO }.abi_encode();
        let expected = "InvalidPaymaster(paymaster 0x0000000000000000000000000000000000000000)";
        assert_eq!(described(&zero).as_deref(), Some(expected));
        let long = FailedSendToBeneficiary {
            beneficiary: Address::ZERO,
            amount: U256::ZERO,
            revertData: vec![7; 5_000].into(),
        };
        assert!(described(&long.abi_encode()).is_some_and(|text| text.len() < 300));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(data: Vec<u8>, which in 0..ERRORS.len()) {
            let error = Error::parse(ERRORS[which]).expect("parses");
            let data = [&selector_of(&error)[..], &data].concat();
            let _ = describe_entry_point_error(&data);
        }
    }
}
