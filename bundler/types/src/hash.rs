//! The userOpHash of every EntryPoint version.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolValue,
};

use crate::{EntryPointVersion, UserOperation};

/// Why an operation has no hash yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The operation declares its sender an EIP-7702 account, and neither a tuple nor the chain says to
    /// which delegate.
    #[error("the EIP-7702 delegate of {sender} is not known: send eip7702Auth, or delegate first")]
    DelegateUnknown {
        /// The account without a delegate.
        sender: Address,
    },
}

impl UserOperation {
    /// The userOpHash, exactly as the EntryPoint's `getUserOpHash` computes it.
    ///
    /// `delegate` is the account's current EIP-7702 delegate. It matters only when
    /// [`is_eip7702`](Self::is_eip7702); `None` takes the delegate from the operation's own tuple.
    ///
    /// # Errors
    /// When the hash needs a delegate and none is known.
    pub fn hash(
        &self,
        entry_point: Address,
        chain_id: u64,
        delegate: Option<Address>,
    ) -> Result<B256, HashError> {
        let init_code = self.hashed_init_code(delegate)?;
        let chain_id = U256::from(chain_id);
        let inner = self.struct_hash(keccak256(init_code));
        Ok(match self.version {
            EntryPointVersion::V06 | EntryPointVersion::V07 => {
                keccak256((inner, entry_point, chain_id).abi_encode())
            }
            EntryPointVersion::V08 | EntryPointVersion::V09 => {
                let domain = keccak256(
                    (
                        keccak256(
                            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
                        ),
                        keccak256("ERC4337"),
                        keccak256("1"),
                        chain_id,
                        entry_point,
                    )
                        .abi_encode(),
                );
                keccak256([&[0x19, 0x01], domain.as_slice(), inner.as_slice()].concat())
            }
        })
    }

    /// `initCode` with the EIP-7702 marker replaced by the delegate.
    fn hashed_init_code(&self, delegate: Option<Address>) -> Result<Bytes, HashError> {
        match &self.factory {
            Some(factory) if self.is_eip7702() => {
                let delegate = delegate
                    .or_else(|| self.authorization.as_ref().map(|tuple| tuple.address))
                    .ok_or(HashError::DelegateUnknown { sender: self.sender })?;
                Ok([delegate.as_slice(), &factory.data].concat().into())
            }
            _ => Ok(self.init_code()),
        }
    }

    fn struct_hash(&self, init_code: B256) -> B256 {
        let call_data = keccak256(&self.call_data);
        let paymaster = keccak256(self.paymaster_and_data_signed());
        let limits = self.account_gas_limits();
        let fees = self.gas_fees();
        let gas = self.pre_verification_gas;
        let (sender, nonce) = (self.sender, self.nonce);
        keccak256(match self.version {
            EntryPointVersion::V06 => (
                sender,
                nonce,
                init_code,
                call_data,
                U256::from(self.call_gas_limit),
                U256::from(self.verification_gas_limit),
                gas,
                U256::from(self.max_fee_per_gas),
                U256::from(self.max_priority_fee_per_gas),
                paymaster,
            )
                .abi_encode(),
            EntryPointVersion::V07 => {
                (sender, nonce, init_code, call_data, limits, gas, fees, paymaster).abi_encode()
            }
            EntryPointVersion::V08 | EntryPointVersion::V09 => (
                keccak256(
                    "PackedUserOperation(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,bytes paymasterAndData)",
                ),
                sender,
                nonce,
                init_code,
                call_data,
                limits,
                gas,
                fees,
                paymaster,
            )
                .abi_encode(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{EIP7702_FACTORY, EntryPoint, Factory};
    use alloy::eips::eip7702::{Authorization, SignedAuthorization};

    /// A plain operation to vary in tests.
    pub(crate) fn sample(version: EntryPointVersion) -> UserOperation {
        UserOperation {
            version,
            sender: Address::repeat_byte(0x11),
            nonce: U256::from(3),
            factory: None,
            call_data: Bytes::from_static(&[1, 2, 3]),
            call_gas_limit: 100_000,
            verification_gas_limit: 200_000,
            pre_verification_gas: U256::from(60_000),
            max_fee_per_gas: 2_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            paymaster: None,
            signature: Bytes::from_static(&[0xff; 65]),
            authorization: None,
        }
    }

    #[test]
    fn delegate_comes_from_caller_or_tuple_or_is_missed() {
        let mut operation = sample(EntryPointVersion::V08);
        operation.factory = Some(Factory { address: EIP7702_FACTORY, data: Bytes::new() });
        let at = EntryPoint::canonical(EntryPointVersion::V08).address;
        let delegate = Address::repeat_byte(7);
        assert_eq!(
            operation.hash(at, 1, None),
            Err(HashError::DelegateUnknown { sender: operation.sender })
        );
        let given = operation.hash(at, 1, Some(delegate)).unwrap();
        operation.authorization = Some(SignedAuthorization::new_unchecked(
            Authorization { chain_id: U256::from(1), address: delegate, nonce: 0 },
            0,
            U256::ZERO,
            U256::ZERO,
        ));
        assert_eq!(operation.hash(at, 1, None).unwrap(), given);
        let other = operation.hash(at, 1, Some(Address::repeat_byte(8))).unwrap();
        assert_ne!(other, given, "the chain's delegate is what counts");
    }

    #[test]
    fn signature_is_not_hashed_and_everything_around_it_is() {
        for version in EntryPointVersion::ALL {
            let at = EntryPoint::canonical(version).address;
            let operation = sample(version);
            let hash = operation.hash(at, 1, None).unwrap();
            let mut resigned = operation.clone();
            resigned.signature = Bytes::new();
            assert_eq!(resigned.hash(at, 1, None).unwrap(), hash);
            assert_ne!(operation.hash(at, 2, None).unwrap(), hash);
            assert_ne!(operation.hash(Address::ZERO, 1, None).unwrap(), hash);
        }
    }
}
