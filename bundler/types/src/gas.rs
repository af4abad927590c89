//! What an operation's bytes cost, and the `preVerificationGas` that pays for them.

use alloy::primitives::{Bytes, U256};

use crate::UserOperation;

/// Calldata bytes, counted the way gas is charged for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CalldataGas {
    /// Bytes that are zero.
    pub zero: u64,
    /// Bytes that are not.
    pub nonzero: u64,
}

impl CalldataGas {
    /// Counts the bytes of `data`.
    pub fn of(data: &[u8]) -> Self {
        let zero = data.iter().filter(|byte| **byte == 0).count() as u64;
        Self { zero, nonzero: data.len() as u64 - zero }
    }

    /// EIP-2028: 4 gas per zero byte, 16 per other byte.
    pub const fn standard(self) -> u64 {
        4 * self.zero + 16 * self.nonzero
    }

    /// EIP-7623 tokens: one per zero byte, four per other byte.
    pub const fn tokens(self) -> u64 {
        self.zero + 4 * self.nonzero
    }

    /// EIP-7623: the least a transaction pays for these bytes, however little it executes.
    pub const fn floor(self) -> u64 {
        10 * self.tokens()
    }
}

/// The constants from which the least acceptable `preVerificationGas` follows.
///
/// `required = max(standard calldata gas + overhead, EIP-7623 floor + overhead - execution) + tuple`
///
/// where `execution` is gas that the operation is certain to be charged for outside `preVerificationGas`:
/// the floor only matters to a transaction that executes little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasSchedule {
    /// Flat share of the transaction's intrinsic gas and of the EntryPoint's own work (ERC-7562 LIM-070,
    /// PRE_VERIFICATION_OVERHEAD_GAS; 50,000).
    pub overhead: u64,
    /// Intrinsic gas of one EIP-7702 tuple (25,000).
    pub authorization: u64,
    /// Whether the chain has EIP-7623 (since Prague).
    pub calldata_floor: bool,
}

impl Default for GasSchedule {
    fn default() -> Self {
        Self { overhead: 50_000, authorization: 25_000, calldata_floor: true }
    }
}

impl GasSchedule {
    /// The least `preVerificationGas` with which this operation pays for itself.
    ///
    /// `execution` is gas certain to be charged beside it; 0 is the careful choice.
    pub fn pre_verification_gas(&self, operation: &UserOperation, execution: u64) -> U256 {
        self.required(
            CalldataGas::of(&operation.abi_encode()),
            operation.authorization.is_some(),
            execution,
        )
    }

    /// The same for an operation whose gas fields and signature are still to be filled in: those count as
    /// if no byte of them were zero, and the signature as if it had at least `signature_length` bytes. So
    /// the answer is enough for every way of filling them in.
    pub fn pre_verification_gas_for_estimate(
        &self,
        operation: &UserOperation,
        signature_length: usize,
    ) -> U256 {
        let mut widest = operation.clone();
        widest.signature = Bytes::from(vec![0xff; signature_length.max(operation.signature.len())]);
        widest.call_gas_limit = u128::MAX;
        widest.verification_gas_limit = u128::MAX;
        widest.pre_verification_gas = U256::from(u128::MAX);
        widest.max_fee_per_gas = u128::MAX;
        widest.max_priority_fee_per_gas = u128::MAX;
        if let Some(paymaster) = widest.paymaster.as_mut().filter(|_| operation.version.is_packed())
        {
            paymaster.verification_gas_limit = u128::MAX;
            paymaster.post_op_gas_limit = u128::MAX;
        }
        self.pre_verification_gas(&widest, 0)
    }

    fn required(&self, calldata: CalldataGas, authorization: bool, execution: u64) -> U256 {
        let standard = U256::from(calldata.standard()) + U256::from(self.overhead);
        let floor = if self.calldata_floor {
            (U256::from(calldata.floor()) + U256::from(self.overhead))
                .saturating_sub(U256::from(execution))
        } else {
            U256::ZERO
        };
        let tuple = if authorization { self.authorization } else { 0 };
        standard.max(floor) + U256::from(tuple)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryPointVersion, hash::tests::sample};

    #[test]
    fn bytes_cost_what_the_protocol_charges() {
        let gas = CalldataGas::of(&[0, 0, 1, 2, 3]);
        assert_eq!((gas.zero, gas.nonzero), (2, 3));
        assert_eq!(gas.standard(), 2 * 4 + 3 * 16);
        assert_eq!(gas.floor(), 10 * (2 + 12));
        assert_eq!(CalldataGas::of(&[]).standard(), 0);
    }

    #[test]
    fn floor_binds_only_operations_that_execute_little() {
        let schedule = GasSchedule::default();
        let mut operation = sample(EntryPointVersion::V08);
        operation.call_data = Bytes::from(vec![0xaa; 3_000]);
        let calldata = CalldataGas::of(&operation.abi_encode());
        let least = |execution| schedule.pre_verification_gas(&operation, execution);
        assert_eq!(least(0), U256::from(calldata.floor() + 50_000));
        assert_eq!(least(1_000), U256::from(calldata.floor() + 49_000));
        assert_eq!(least(u64::MAX), U256::from(calldata.standard() + 50_000));
        let before_prague = GasSchedule { calldata_floor: false, ..schedule };
        assert_eq!(
            before_prague.pre_verification_gas(&operation, 0),
            U256::from(calldata.standard() + 50_000)
        );
    }

    #[test]
    fn a_tuple_is_paid_for() {
        let schedule = GasSchedule::default();
        let plain = sample(EntryPointVersion::V08);
        let mut delegating = plain.clone();
        delegating.authorization = Some(alloy::eips::eip7702::SignedAuthorization::new_unchecked(
            alloy::eips::eip7702::Authorization {
                chain_id: U256::ZERO,
                address: plain.sender,
                nonce: 0,
            },
            0,
            U256::ZERO,
            U256::ZERO,
        ));
        assert_eq!(
            schedule.pre_verification_gas(&delegating, 0),
            schedule.pre_verification_gas(&plain, 0) + U256::from(25_000)
        );
    }
}
