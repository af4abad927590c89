use alloy::primitives::Bytes;
use writ_types::{EntryPoint, EntryPointVersion, Factory, Paymaster, UserOperation};

use super::*;

/// Operation `sequence` of one sender, with the same factory and paymaster each time.
fn live(sequence: u64) -> Live {
    let operation = UserOperation {
        version: EntryPointVersion::V08,
        sender: Address::repeat_byte(1),
        nonce: U256::from(sequence),
        factory: Some(Factory { address: Address::repeat_byte(0xfa), data: Bytes::new() }),
        call_data: Bytes::new(),
        call_gas_limit: 5,
        verification_gas_limit: 7,
        pre_verification_gas: U256::ZERO,
        max_fee_per_gas: 11,
        max_priority_fee_per_gas: 1,
        paymaster: Some(Paymaster {
            address: Address::repeat_byte(0x9a),
            verification_gas_limit: 1,
            post_op_gas_limit: 1,
            data: Bytes::new(),
            signature: None,
        }),
        signature: Bytes::new(),
        authorization: None,
    };
    let entry_point = EntryPoint::canonical(EntryPointVersion::V08);
    let hash = B256::from(U256::from(sequence));
    Live::new(PoolOperation::new(operation, entry_point, hash), Status::Pending, sequence)
}

#[test]
fn nothing_is_left_of_what_has_left() {
    let empty = format!("{:?}", Index::default());
    let mut index = Index::default();
    index.insert(live(0));
    index.insert(live(1));
    assert!(index.senders.values().chain(index.entities.values()).all(|count| *count == 2));
    assert!(index.remove(&B256::from(U256::from(1))).is_some());
    assert!(index.senders.values().chain(index.entities.values()).all(|count| *count == 1));
    assert_eq!((index.len(), index.senders.len(), index.entities.len()), (1, 1, 2));
    assert_eq!(index.bytes(), live(0).size);
    assert!(index.remove(&B256::ZERO).is_some());
    assert_eq!(format!("{index:?}"), empty, "counts and sums of zero are not kept");
    assert!(index.remove(&B256::ZERO).is_none());
    assert_eq!(format!("{index:?}"), empty);
}
