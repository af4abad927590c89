//! Random operations, shared by the integration tests.

use alloy::{
    eips::eip7702::{Authorization, SignedAuthorization},
    primitives::{Address, Bytes, U256},
};
use proptest::{collection::vec, option, prelude::*};
use writ_types::{
    EIP7702_FACTORY, EntryPointVersion, Factory, PAYMASTER_SIGNATURE_MAGIC, Paymaster,
    UserOperation,
};

fn bytes(most: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..most).prop_map(Bytes::from)
}

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address::from)
}

fn word() -> impl Strategy<Value = U256> {
    prop_oneof![any::<u64>().prop_map(U256::from), any::<[u8; 32]>().prop_map(U256::from_be_bytes),]
}

/// Numbers of every width up to 120 bits, the widest that all EntryPoints accept.
fn gas() -> impl Strategy<Value = u128> {
    (any::<u128>(), 8u32..=127).prop_map(|(number, shift)| number >> shift)
}

fn factory(version: EntryPointVersion) -> impl Strategy<Value = Factory> {
    let special =
        if version.supports_eip7702() { EIP7702_FACTORY } else { Address::repeat_byte(0x77) };
    let contract = prop_oneof![
        4 => address(),
        1 => Just(special),
    ];
    (contract, bytes(80)).prop_map(|(address, data)| Factory { address, data })
}

/// Paymaster data, sometimes ending in the very bytes that mean something to v0.9.
fn paymaster_data() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        4 => bytes(100),
        1 => bytes(100).prop_map(|data| [&data[..], &[0, 0], &PAYMASTER_SIGNATURE_MAGIC].concat().into()),
    ]
}

fn paymaster(version: EntryPointVersion) -> impl Strategy<Value = Paymaster> {
    let signature = option::of(vec(any::<u8>(), 1..90).prop_map(Bytes::from))
        .prop_map(move |signature| signature.filter(|_| version.supports_paymaster_signature()));
    (address(), gas(), gas(), paymaster_data(), signature).prop_map(
        move |(address, verification, post_op, data, signature)| Paymaster {
            address,
            verification_gas_limit: if version.is_packed() { verification } else { 0 },
            post_op_gas_limit: if version.is_packed() { post_op } else { 0 },
            data,
            signature,
        },
    )
}

fn authorization() -> impl Strategy<Value = SignedAuthorization> {
    (word(), address(), any::<u64>(), 0u8..=1, word(), word()).prop_map(
        |(chain_id, address, nonce, y_parity, r, s)| {
            let inner = Authorization { chain_id, address, nonce };
            SignedAuthorization::new_unchecked(inner, y_parity, r, s)
        },
    )
}

/// Any operation of one version.
pub(crate) fn operation(version: EntryPointVersion) -> impl Strategy<Value = UserOperation> {
    (
        (address(), word(), option::of(factory(version)), bytes(300)),
        (gas(), gas(), gas(), gas(), gas()),
        option::of(paymaster(version)),
        bytes(200),
        option::of(authorization()),
    )
        .prop_map(
            move |((sender, nonce, factory, call_data), gas, paymaster, signature, tuple)| {
                UserOperation {
                    version,
                    sender,
                    nonce,
                    factory,
                    call_data,
                    call_gas_limit: gas.0,
                    verification_gas_limit: gas.1,
                    pre_verification_gas: U256::from(gas.2),
                    max_fee_per_gas: gas.3,
                    max_priority_fee_per_gas: gas.4,
                    paymaster,
                    signature,
                    authorization: tuple,
                }
            },
        )
}
