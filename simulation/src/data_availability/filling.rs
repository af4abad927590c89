//! Stand-ins for what is not known yet of an operation: as long as the real thing, and compressing as badly.

use alloy::primitives::{B256, Bytes, U256, keccak256};
use writ_types::UserOperation;

/// The operation with each gas field that is zero, and the whole signature, replaced by bytes that do not compress;
/// the signature by `signature_length` of them, if it is not longer already. What is charged for its bytes is about
/// what will be charged for the finished operation's, and hardly ever less.
pub fn filled(operation: &UserOperation, signature_length: usize) -> UserOperation {
    let mut noise = Noise::default();
    let mut filled = operation.clone();
    // Three bytes: up to 16.7 million gas. Fees of up to 4 gwei, and more when they are given.
    for (limit, bytes) in [
        (&mut filled.verification_gas_limit, 3),
        (&mut filled.call_gas_limit, 3),
        (&mut filled.max_fee_per_gas, 4),
        (&mut filled.max_priority_fee_per_gas, 4),
    ] {
        if *limit == 0 {
            *limit = noise.number(bytes);
        }
    }
    if filled.pre_verification_gas.is_zero() {
        filled.pre_verification_gas = U256::from(noise.number(3));
    }
    if let Some(paymaster) = filled.paymaster.as_mut().filter(|_| operation.version.is_packed()) {
        for limit in [&mut paymaster.verification_gas_limit, &mut paymaster.post_op_gas_limit] {
            if *limit == 0 {
                *limit = noise.number(3);
            }
        }
    }
    filled.signature = noise.bytes(signature_length.max(operation.signature.len()));
    filled
}

/// Bytes without pattern, the same every time.
#[derive(Debug, Default)]
struct Noise {
    state: B256,
}

impl Noise {
    fn next(&mut self) -> B256 {
        self.state = keccak256(self.state);
        self.state
    }

    fn number(&mut self, bytes: usize) -> u128 {
        self.next()[..bytes].iter().fold(0, |number, byte| (number << 8) | u128::from(byte | 1))
    }

    fn bytes(&mut self, length: usize) -> Bytes {
        let mut bytes = Vec::with_capacity(length + 32);
        while bytes.len() < length {
            bytes.extend_from_slice(self.next().as_slice());
        }
        bytes.truncate(length);
        bytes.into()
    }
}
