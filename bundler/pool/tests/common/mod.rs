//! Operations and inclusions to put into pools.

// Each test file uses a part of this.
#![allow(dead_code)]

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use writ_pool::{Inclusion, Pool, PoolConfig, PoolOperation};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

pub(crate) const CHAIN: u64 = 31_337;

pub(crate) fn entry_point() -> EntryPoint {
    EntryPoint::canonical(EntryPointVersion::V08)
}

/// A sender that is told apart by one number.
pub(crate) fn sender(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

/// An operation of sender `number`, with a nonce key and sequence, that tips `fee`.
pub(crate) fn operation(number: u64, key: u64, sequence: u64, fee: u128) -> PoolOperation {
    let operation = UserOperation {
        version: EntryPointVersion::V08,
        sender: sender(number),
        nonce: (U256::from(key) << 64) | U256::from(sequence),
        factory: None,
        call_data: Bytes::from_static(&[1, 2, 3]),
        call_gas_limit: 100_000,
        verification_gas_limit: 100_000,
        pre_verification_gas: U256::from(60_000),
        max_fee_per_gas: fee * 2,
        max_priority_fee_per_gas: fee,
        paymaster: None,
        signature: Bytes::from_static(&[9; 65]),
        authorization: None,
    };
    let hash = operation.hash(entry_point().address, CHAIN, None).unwrap();
    PoolOperation::new(operation, entry_point(), hash)
}

/// That operation on chain in block `block`.
pub(crate) fn included(operation: &PoolOperation, block: u64) -> Inclusion {
    Inclusion {
        hash: operation.hash,
        entry_point: operation.entry_point.address,
        sender: operation.operation.sender,
        nonce: operation.operation.nonce,
        transaction: keccak256(block.to_le_bytes()),
        block_number: block,
        block_hash: B256::with_last_byte(block as u8),
        log_index: 3,
        success: true,
        reason: None,
        receipt: r#"{"success":true}"#.to_owned(),
    }
}

pub(crate) fn open(folder: &tempfile::TempDir) -> Pool {
    Pool::open(folder.path(), PoolConfig::new(CHAIN)).unwrap()
}
