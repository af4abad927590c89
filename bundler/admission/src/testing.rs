//! A plain operation for unit tests.

use alloy::primitives::{Address, Bytes, U256};
use writ_types::{EntryPointVersion, UserOperation};

/// Passes every cheap check at a base fee of one gwei.
pub(crate) fn operation() -> UserOperation {
    UserOperation {
        version: EntryPointVersion::V08,
        sender: Address::repeat_byte(0xaa),
        nonce: U256::ZERO,
        factory: None,
        call_data: Bytes::from_static(&[1, 2, 3, 4]),
        call_gas_limit: 100_000,
        verification_gas_limit: 200_000,
        pre_verification_gas: U256::from(80_000),
        max_fee_per_gas: 3_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        paymaster: None,
        signature: Bytes::from(vec![0xee; 65]),
        authorization: None,
    }
}
