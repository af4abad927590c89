//! An operation whose gas and fees are not known yet, as gas estimation receives it.

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, Bytes, U256},
};

use crate::{EntryPointVersion, Factory, FieldError, Paymaster, UserOperation};

/// A [`Paymaster`] whose gas limits may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialPaymaster {
    /// The paymaster contract.
    pub address: Address,
    /// Gas for `validatePaymasterUserOp`, if the sender fixed it.
    pub verification_gas_limit: Option<u128>,
    /// Gas for `postOp`, if the sender fixed it.
    pub post_op_gas_limit: Option<u128>,
    /// Data for the paymaster, without the signature suffix.
    pub data: Bytes,
    /// v0.9 only: the paymaster's signature.
    pub signature: Option<Bytes>,
}

/// A [`UserOperation`] of which gas limits, fees and signature may be absent (ERC-7769,
/// `eth_estimateUserOperationGas`). The EIP-7702 tuple may lack its signature, which then reads as zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialUserOperation {
    /// The EntryPoint version.
    pub version: EntryPointVersion,
    /// The account.
    pub sender: Address,
    /// Key and sequence.
    pub nonce: U256,
    /// Present when the operation is to create the sender.
    pub factory: Option<Factory>,
    /// What the sender is called with.
    pub call_data: Bytes,
    /// Gas for the execution phase, if fixed.
    pub call_gas_limit: Option<u128>,
    /// Gas for validation, if fixed.
    pub verification_gas_limit: Option<u128>,
    /// Gas for what cannot be measured, if fixed.
    pub pre_verification_gas: Option<U256>,
    /// Highest total price per gas, if fixed.
    pub max_fee_per_gas: Option<u128>,
    /// Highest tip per gas, if fixed.
    pub max_priority_fee_per_gas: Option<u128>,
    /// Present when a paymaster pays.
    pub paymaster: Option<PartialPaymaster>,
    /// A stub, or nothing.
    pub signature: Option<Bytes>,
    /// EIP-7702 tuple, to be treated as if the sender had signed it.
    pub authorization: Option<SignedAuthorization>,
}

/// What stands in for absent fields in [`PartialUserOperation::complete`]. All zero by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GasDefaults {
    /// For `callGasLimit`.
    pub call_gas_limit: u128,
    /// For `verificationGasLimit`.
    pub verification_gas_limit: u128,
    /// For `paymasterVerificationGasLimit`.
    pub paymaster_verification_gas_limit: u128,
    /// For `paymasterPostOpGasLimit`.
    pub paymaster_post_op_gas_limit: u128,
    /// For `preVerificationGas`.
    pub pre_verification_gas: U256,
    /// For both fees; ERC-7769 says zero.
    pub fee_per_gas: u128,
}

impl PartialUserOperation {
    /// The operation with every absent field filled from `defaults`; an absent signature is empty.
    pub fn complete(&self, defaults: &GasDefaults) -> UserOperation {
        let paymaster = self.paymaster.as_ref().map(|paymaster| {
            let limit = |given: Option<u128>, default| match self.version {
                EntryPointVersion::V06 => 0,
                _ => given.unwrap_or(default),
            };
            Paymaster {
                address: paymaster.address,
                verification_gas_limit: limit(
                    paymaster.verification_gas_limit,
                    defaults.paymaster_verification_gas_limit,
                ),
                post_op_gas_limit: limit(
                    paymaster.post_op_gas_limit,
                    defaults.paymaster_post_op_gas_limit,
                ),
                data: paymaster.data.clone(),
                signature: paymaster.signature.clone(),
            }
        });
        UserOperation {
            version: self.version,
            sender: self.sender,
            nonce: self.nonce,
            factory: self.factory.clone(),
            call_data: self.call_data.clone(),
            call_gas_limit: self.call_gas_limit.unwrap_or(defaults.call_gas_limit),
            verification_gas_limit: self
                .verification_gas_limit
                .unwrap_or(defaults.verification_gas_limit),
            pre_verification_gas: self
                .pre_verification_gas
                .unwrap_or(defaults.pre_verification_gas),
            max_fee_per_gas: self.max_fee_per_gas.unwrap_or(defaults.fee_per_gas),
            max_priority_fee_per_gas: self.max_priority_fee_per_gas.unwrap_or(defaults.fee_per_gas),
            paymaster,
            signature: self.signature.clone().unwrap_or_default(),
            authorization: self.authorization.clone(),
        }
    }

    /// The operation, if nothing is absent.
    ///
    /// # Errors
    /// Names the first absent field.
    pub fn into_complete(self) -> Result<UserOperation, FieldError> {
        let packed = self.version.is_packed();
        let paymaster = self.paymaster.as_ref();
        let absent = [
            ("callGasLimit", self.call_gas_limit.is_none()),
            ("verificationGasLimit", self.verification_gas_limit.is_none()),
            ("preVerificationGas", self.pre_verification_gas.is_none()),
            ("maxFeePerGas", self.max_fee_per_gas.is_none()),
            ("maxPriorityFeePerGas", self.max_priority_fee_per_gas.is_none()),
            (
                "paymasterVerificationGasLimit",
                packed && paymaster.is_some_and(|p| p.verification_gas_limit.is_none()),
            ),
            (
                "paymasterPostOpGasLimit",
                packed && paymaster.is_some_and(|p| p.post_op_gas_limit.is_none()),
            ),
            ("signature", self.signature.is_none()),
        ];
        match absent.iter().find(|(_, is_absent)| *is_absent) {
            Some((field, _)) => Err(FieldError::missing(field)),
            None => Ok(self.complete(&GasDefaults::default())),
        }
    }
}

impl From<UserOperation> for PartialUserOperation {
    fn from(operation: UserOperation) -> Self {
        let packed = operation.version.is_packed();
        Self {
            version: operation.version,
            sender: operation.sender,
            nonce: operation.nonce,
            factory: operation.factory,
            call_data: operation.call_data,
            call_gas_limit: Some(operation.call_gas_limit),
            verification_gas_limit: Some(operation.verification_gas_limit),
            pre_verification_gas: Some(operation.pre_verification_gas),
            max_fee_per_gas: Some(operation.max_fee_per_gas),
            max_priority_fee_per_gas: Some(operation.max_priority_fee_per_gas),
            paymaster: operation.paymaster.map(|paymaster| PartialPaymaster {
                address: paymaster.address,
                verification_gas_limit: packed.then_some(paymaster.verification_gas_limit),
                post_op_gas_limit: packed.then_some(paymaster.post_op_gas_limit),
                data: paymaster.data,
                signature: paymaster.signature,
            }),
            signature: Some(operation.signature),
            authorization: operation.authorization,
        }
    }
}
