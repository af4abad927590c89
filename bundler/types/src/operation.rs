//! The user operation itself: one type for every EntryPoint version.

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, Bytes, U256, address, aliases::U192},
};

use crate::EntryPointVersion;

/// The marker that stands for "the sender is an EIP-7702 account" where a factory would be: `0x7702`,
/// padded to the right to 20 bytes.
pub const EIP7702_FACTORY: Address = address!("7702000000000000000000000000000000000000");

/// How the sender comes into being when it has no code yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Factory {
    /// Contract that deploys the sender, or [`EIP7702_FACTORY`].
    pub address: Address,
    /// Calldata for the factory; with the EIP-7702 marker, calldata for the sender itself (empty: no call).
    pub data: Bytes,
}

impl Factory {
    /// Whether this is the EIP-7702 marker and not a contract. Only v0.8 and later give it that meaning.
    pub fn is_eip7702(&self) -> bool {
        self.address == EIP7702_FACTORY
    }
}

/// Who pays for the operation when the sender does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Paymaster {
    /// The paymaster contract.
    pub address: Address,
    /// Gas for `validatePaymasterUserOp`. Zero on v0.6, which uses the operation's verification gas limit.
    pub verification_gas_limit: u128,
    /// Gas for `postOp`. Zero on v0.6, which uses the operation's verification gas limit.
    pub post_op_gas_limit: u128,
    /// Data for the paymaster, without the signature suffix.
    pub data: Bytes,
    /// v0.9 only: the paymaster's signature, which the userOpHash does not cover.
    pub signature: Option<Bytes>,
}

/// A user operation for one EntryPoint version (ERC-4337; fields as in ERC-7769).
///
/// Gas limits and fees are 128 bits wide, as packed on chain since v0.7; v0.6 refuses anything above 120.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserOperation {
    /// The EntryPoint version that decides wire form, packing and hash.
    pub version: EntryPointVersion,
    /// The account.
    pub sender: Address,
    /// Key (192 bits) and sequence (64 bits).
    pub nonce: U256,
    /// Present when the operation is to create the sender.
    pub factory: Option<Factory>,
    /// What the sender is called with in the execution phase.
    pub call_data: Bytes,
    /// Gas for the execution phase.
    pub call_gas_limit: u128,
    /// Gas for creating the sender and for `validateUserOp`.
    pub verification_gas_limit: u128,
    /// Gas paid for what the EntryPoint cannot measure: calldata, intrinsic gas, bundle overhead.
    pub pre_verification_gas: U256,
    /// Highest total price per gas, in wei.
    pub max_fee_per_gas: u128,
    /// Highest tip per gas, in wei.
    pub max_priority_fee_per_gas: u128,
    /// Present when a paymaster pays.
    pub paymaster: Option<Paymaster>,
    /// Passed to the account; by convention not covered by the hash.
    pub signature: Bytes,
    /// EIP-7702 tuple to be put in the bundle's authorization list before the operation runs.
    pub authorization: Option<SignedAuthorization>,
}

impl UserOperation {
    /// The 192-bit nonce key.
    pub fn nonce_key(&self) -> U192 {
        U192::from(self.nonce >> 64)
    }

    /// The 64-bit sequence within the nonce key.
    pub fn nonce_sequence(&self) -> u64 {
        self.nonce.as_limbs()[0]
    }

    /// Whether the sender is declared to be an EIP-7702 account by the factory marker.
    pub fn is_eip7702(&self) -> bool {
        self.version.supports_eip7702() && self.factory.as_ref().is_some_and(Factory::is_eip7702)
    }

    /// The factory contract that would be called, if any; the EIP-7702 marker is not one.
    pub fn factory_address(&self) -> Option<Address> {
        self.factory.as_ref().filter(|_| !self.is_eip7702()).map(|factory| factory.address)
    }

    /// The paymaster contract, if any.
    pub fn paymaster_address(&self) -> Option<Address> {
        self.paymaster.as_ref().map(|paymaster| paymaster.address)
    }

    /// Sum of every gas limit that the sender or the paymaster must be able to pay for.
    ///
    /// v0.6 counts the verification gas limit three times when there is a paymaster. Saturates.
    pub fn total_gas_limit(&self) -> U256 {
        let verification = U256::from(self.verification_gas_limit);
        let paymaster = match (&self.paymaster, self.version) {
            (None, _) => U256::ZERO,
            (Some(_), EntryPointVersion::V06) => verification * U256::from(2),
            (Some(paymaster), _) => {
                U256::from(paymaster.verification_gas_limit)
                    + U256::from(paymaster.post_op_gas_limit)
            }
        };
        // Each term but preVerificationGas is below 2^130, so only the last addition can overflow.
        (verification + paymaster + U256::from(self.call_gas_limit))
            .saturating_add(self.pre_verification_gas)
    }

    /// The most wei the EntryPoint will take for this operation, and demands before it runs. Saturates.
    pub fn required_prefund(&self) -> U256 {
        self.total_gas_limit().saturating_mul(U256::from(self.max_fee_per_gas))
    }

    /// What is paid per gas in a block with this base fee, in wei.
    pub fn effective_gas_price(&self, base_fee: u128) -> u128 {
        self.max_fee_per_gas.min(self.max_priority_fee_per_gas.saturating_add(base_fee))
    }

    /// What the bundler earns per gas in a block with this base fee, in wei; zero when the operation
    /// does not even cover the base fee.
    pub fn effective_priority_fee(&self, base_fee: u128) -> u128 {
        self.effective_gas_price(base_fee).saturating_sub(base_fee)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::tests::sample;

    #[test]
    fn nonce_splits_into_key_and_sequence() {
        let mut operation = sample(EntryPointVersion::V07);
        operation.nonce = (U256::from(0xabcdu64) << 64) | U256::from(u64::MAX);
        assert_eq!(operation.nonce_key(), U192::from(0xabcdu64));
        assert_eq!(operation.nonce_sequence(), u64::MAX);
        operation.nonce = U256::MAX;
        assert_eq!(operation.nonce_key(), U192::MAX);
    }

    #[test]
    fn prefund_counts_what_each_version_counts() {
        let paymaster = Paymaster {
            address: Address::repeat_byte(9),
            verification_gas_limit: 1_000,
            post_op_gas_limit: 10_000,
            data: Bytes::new(),
            signature: None,
        };
        for (version, with, without) in [
            (EntryPointVersion::V06, 5 + 3 * 7 + 11, 5 + 7 + 11),
            (EntryPointVersion::V07, 5 + 7 + 11 + 11_000, 5 + 7 + 11),
            (EntryPointVersion::V09, 5 + 7 + 11 + 11_000, 5 + 7 + 11),
        ] {
            let mut operation = sample(version);
            operation.call_gas_limit = 5;
            operation.verification_gas_limit = 7;
            operation.pre_verification_gas = U256::from(11);
            operation.max_fee_per_gas = 3;
            operation.paymaster = None;
            assert_eq!(operation.required_prefund(), U256::from(3 * without), "{version}");
            operation.paymaster = Some(paymaster.clone());
            assert_eq!(operation.required_prefund(), U256::from(3 * with), "{version}");
            operation.pre_verification_gas = U256::MAX;
            assert_eq!(operation.required_prefund(), U256::MAX, "saturates");
        }
    }

    #[test]
    fn fees_follow_the_base_fee() {
        let mut operation = sample(EntryPointVersion::V08);
        operation.max_fee_per_gas = 100;
        operation.max_priority_fee_per_gas = 10;
        assert_eq!(operation.effective_gas_price(50), 60);
        assert_eq!(operation.effective_priority_fee(50), 10);
        assert_eq!(operation.effective_gas_price(95), 100);
        assert_eq!(operation.effective_priority_fee(95), 5);
        assert_eq!(operation.effective_priority_fee(200), 0);
        operation.max_priority_fee_per_gas = u128::MAX;
        assert_eq!(operation.effective_gas_price(1), 100);
    }
}
