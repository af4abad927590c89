//! The form operations have on chain: both tuple layouts, `handleOps` calldata, and the way back.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::{SolCall, SolValue},
};

use crate::{
    EntryPointVersion, Factory, Paymaster, UserOperation,
    abi::{AbiLegacyOperation, AbiPackedOperation, LegacyEntryPoint, PackedEntryPoint},
};

/// Ends `paymasterAndData` of a v0.9 operation that carries a paymaster signature: the first eight bytes
/// of `keccak256("PaymasterSignature")`.
pub const PAYMASTER_SIGNATURE_MAGIC: [u8; 8] = [0x22, 0xe3, 0x25, 0xa2, 0x97, 0x43, 0x96, 0x56];

/// Address and two gas limits stand before the paymaster's data.
const PAYMASTER_DATA_OFFSET: usize = 52;
/// Length (2 bytes) and magic (8 bytes) stand after the paymaster's signature.
const PAYMASTER_SUFFIX: usize = 10;

/// The tuple that EntryPoint v0.7 and later take.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PackedUserOperation {
    /// The account.
    pub sender: Address,
    /// Key and sequence.
    pub nonce: U256,
    /// Factory and its data, or empty.
    pub init_code: Bytes,
    /// What the sender is called with.
    pub call_data: Bytes,
    /// `verificationGasLimit` (high 128 bits) and `callGasLimit`.
    pub account_gas_limits: B256,
    /// `preVerificationGas`.
    pub pre_verification_gas: U256,
    /// `maxPriorityFeePerGas` (high 128 bits) and `maxFeePerGas`.
    pub gas_fees: B256,
    /// Paymaster, its two gas limits, its data (and signature), or empty.
    pub paymaster_and_data: Bytes,
    /// Passed to the account.
    pub signature: Bytes,
}

/// On-chain bytes that are no operation of the stated version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The ABI encoding is broken.
    #[error("malformed ABI encoding: {0}")]
    Abi(String),
    /// `initCode` is neither empty nor starts with a whole address.
    #[error("initCode has {0} bytes, too few for a factory address")]
    InitCode(usize),
    /// `paymasterAndData` is neither empty nor long enough for its fixed fields.
    #[error("paymasterAndData has {0} bytes, too few for its fixed fields")]
    PaymasterAndData(usize),
    /// The v0.9 paymaster signature claims more bytes than there are.
    #[error("the paymaster signature claims {claimed} bytes, {available} are there")]
    PaymasterSignature {
        /// Length in the suffix.
        claimed: usize,
        /// Bytes that precede the suffix.
        available: usize,
    },
    /// A gas value of a v0.6 operation is wider than 128 bits.
    #[error("{0} does not fit in 128 bits")]
    TooWide(&'static str),
    /// A packed tuple for v0.6, which has none.
    #[error("EntryPoint v0.6 has no packed operations")]
    NotPacked,
}

/// Operations for different tuple layouts cannot share one `handleOps` call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("operation {index} is for EntryPoint v{found}, the bundle is for v{expected}")]
pub struct MixedVersions {
    /// Position of the first operation that differs.
    pub index: usize,
    /// Its version.
    pub found: EntryPointVersion,
    /// Version of the first operation.
    pub expected: EntryPointVersion,
}

fn pair(high: u128, low: u128) -> B256 {
    let mut word = [0; 32];
    word[..16].copy_from_slice(&high.to_be_bytes());
    word[16..].copy_from_slice(&low.to_be_bytes());
    B256::new(word)
}

fn unpair(word: B256) -> (u128, u128) {
    let number = U256::from_be_bytes(word.0);
    let high: U256 = number >> 128;
    let low = number & U256::from(u128::MAX);
    (high.to::<u128>(), low.to::<u128>())
}

/// Splits a v0.9 paymaster signature off the paymaster's data. A signature of length zero is no signature
/// (the EntryPoint strips nothing then).
pub(crate) fn split_paymaster_data(data: &Bytes) -> Result<(Bytes, Option<Bytes>), UnpackError> {
    let Some(body) = data.strip_suffix(&PAYMASTER_SIGNATURE_MAGIC) else {
        return Ok((data.clone(), None));
    };
    let Some((before, length)) = body.split_last_chunk::<2>() else {
        return Ok((data.clone(), None));
    };
    match usize::from(u16::from_be_bytes(*length)) {
        0 => Ok((data.clone(), None)),
        claimed if claimed > before.len() => {
            Err(UnpackError::PaymasterSignature { claimed, available: before.len() })
        }
        claimed => {
            let start = before.len() - claimed;
            Ok((data.slice(..start), Some(data.slice(start..before.len()))))
        }
    }
}

/// The paymaster's data with its signature suffix. The signature is at most 65,535 bytes, as every parser
/// of this crate makes sure; a longer one is cut, and no EntryPoint would accept the result.
pub(crate) fn join_paymaster_data(data: &[u8], signature: &[u8]) -> Bytes {
    let length = u16::try_from(signature.len()).unwrap_or(u16::MAX);
    let mut joined = Vec::with_capacity(data.len() + signature.len() + PAYMASTER_SUFFIX);
    joined.extend_from_slice(data);
    joined.extend_from_slice(&signature[..usize::from(length)]);
    joined.extend_from_slice(&length.to_be_bytes());
    joined.extend_from_slice(&PAYMASTER_SIGNATURE_MAGIC);
    joined.into()
}

impl UserOperation {
    /// `initCode` as it stands on chain: factory and its data, or empty.
    pub fn init_code(&self) -> Bytes {
        self.factory
            .as_ref()
            .map(|factory| [factory.address.as_slice(), &factory.data].concat().into())
            .unwrap_or_default()
    }

    /// `verificationGasLimit ‖ callGasLimit`, 128 bits each.
    pub fn account_gas_limits(&self) -> B256 {
        pair(self.verification_gas_limit, self.call_gas_limit)
    }

    /// `maxPriorityFeePerGas ‖ maxFeePerGas`, 128 bits each.
    pub fn gas_fees(&self) -> B256 {
        pair(self.max_priority_fee_per_gas, self.max_fee_per_gas)
    }

    /// `paymasterAndData` as it stands on chain, a v0.9 paymaster signature included.
    pub fn paymaster_and_data(&self) -> Bytes {
        let Some(paymaster) = &self.paymaster else { return Bytes::new() };
        let mut bytes = paymaster.address.to_vec();
        if self.version.is_packed() {
            bytes.extend_from_slice(
                pair(paymaster.verification_gas_limit, paymaster.post_op_gas_limit).as_slice(),
            );
        }
        match &paymaster.signature {
            Some(signature) => {
                bytes.extend_from_slice(&join_paymaster_data(&paymaster.data, signature));
            }
            None => bytes.extend_from_slice(&paymaster.data),
        }
        bytes.into()
    }

    /// The part of `paymasterAndData` that the sender signs: everything, except that on v0.9 a paymaster
    /// signature and its length are left out (the magic stays, as the EntryPoint hashes it).
    pub fn paymaster_and_data_signed(&self) -> Bytes {
        let whole = self.paymaster_and_data();
        if !self.version.supports_paymaster_signature() || whole.len() < PAYMASTER_DATA_OFFSET {
            return whole;
        }
        match split_paymaster_data(&whole.slice(PAYMASTER_DATA_OFFSET..)) {
            Ok((data, Some(_))) => {
                let kept = PAYMASTER_DATA_OFFSET + data.len();
                [&whole[..kept], &PAYMASTER_SIGNATURE_MAGIC].concat().into()
            }
            _ => whole,
        }
    }

    /// The packed tuple of v0.7 and later; `None` for v0.6.
    pub fn pack(&self) -> Option<PackedUserOperation> {
        self.version.is_packed().then(|| PackedUserOperation {
            sender: self.sender,
            nonce: self.nonce,
            init_code: self.init_code(),
            call_data: self.call_data.clone(),
            account_gas_limits: self.account_gas_limits(),
            pre_verification_gas: self.pre_verification_gas,
            gas_fees: self.gas_fees(),
            paymaster_and_data: self.paymaster_and_data(),
            signature: self.signature.clone(),
        })
    }

    /// Reads a packed tuple. The EIP-7702 tuple travels elsewhere in the transaction and stays `None`.
    ///
    /// # Errors
    /// Says which part is too short or contradicts itself.
    pub fn from_packed(
        packed: PackedUserOperation,
        version: EntryPointVersion,
    ) -> Result<Self, UnpackError> {
        if !version.is_packed() {
            return Err(UnpackError::NotPacked);
        }
        let (verification_gas_limit, call_gas_limit) = unpair(packed.account_gas_limits);
        let (max_priority_fee_per_gas, max_fee_per_gas) = unpair(packed.gas_fees);
        Ok(Self {
            version,
            sender: packed.sender,
            nonce: packed.nonce,
            factory: unpack_factory(&packed.init_code, version)?,
            call_data: packed.call_data,
            call_gas_limit,
            verification_gas_limit,
            pre_verification_gas: packed.pre_verification_gas,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            paymaster: unpack_paymaster(&packed.paymaster_and_data, version)?,
            signature: packed.signature,
            authorization: None,
        })
    }

    /// `abi.encode` of the operation in its version's layout.
    pub fn abi_encode(&self) -> Vec<u8> {
        match self.pack() {
            Some(packed) => abi_packed(packed).abi_encode(),
            None => abi_legacy(self).abi_encode(),
        }
    }

    /// Length of [`abi_encode`](Self::abi_encode), computed without building it.
    pub fn packed_size(&self) -> usize {
        let dynamic = |length: usize| 32 + length.div_ceil(32) * 32;
        let init_code = self.factory.as_ref().map_or(0, |factory| 20 + factory.data.len());
        let paymaster_and_data = self.paymaster.as_ref().map_or(0, |paymaster| {
            let fixed = if self.version.is_packed() { PAYMASTER_DATA_OFFSET } else { 20 };
            let suffix = paymaster.signature.as_ref().map_or(0, |s| s.len() + PAYMASTER_SUFFIX);
            fixed + paymaster.data.len() + suffix
        });
        let words = if self.version.is_packed() { 9 } else { 11 };
        32 + words * 32
            + dynamic(init_code)
            + dynamic(self.call_data.len())
            + dynamic(paymaster_and_data)
            + dynamic(self.signature.len())
    }
}

fn unpack_factory(
    init_code: &Bytes,
    version: EntryPointVersion,
) -> Result<Option<Factory>, UnpackError> {
    match init_code.len() {
        0 => Ok(None),
        length @ 1..20 => {
            // The EntryPoint reads the marker as if it were padded with zeros.
            let mut padded = [0; 20];
            padded[..length].copy_from_slice(init_code);
            let factory = Factory { address: Address::new(padded), data: Bytes::new() };
            if version.supports_eip7702() && length >= 2 && factory.is_eip7702() {
                Ok(Some(factory))
            } else {
                Err(UnpackError::InitCode(length))
            }
        }
        _ => Ok(Some(Factory {
            address: Address::from_slice(&init_code[..20]),
            data: init_code.slice(20..),
        })),
    }
}

fn unpack_paymaster(
    bytes: &Bytes,
    version: EntryPointVersion,
) -> Result<Option<Paymaster>, UnpackError> {
    let fixed = if version.is_packed() { PAYMASTER_DATA_OFFSET } else { 20 };
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() < fixed {
        return Err(UnpackError::PaymasterAndData(bytes.len()));
    }
    let (verification_gas_limit, post_op_gas_limit) =
        if version.is_packed() { unpair(B256::from_slice(&bytes[20..52])) } else { (0, 0) };
    let data = bytes.slice(fixed..);
    let (data, signature) = if version.supports_paymaster_signature() {
        split_paymaster_data(&data)?
    } else {
        (data, None)
    };
    Ok(Some(Paymaster {
        address: Address::from_slice(&bytes[..20]),
        verification_gas_limit,
        post_op_gas_limit,
        data,
        signature,
    }))
}

fn abi_packed(packed: PackedUserOperation) -> AbiPackedOperation {
    AbiPackedOperation {
        sender: packed.sender,
        nonce: packed.nonce,
        initCode: packed.init_code,
        callData: packed.call_data,
        accountGasLimits: packed.account_gas_limits,
        preVerificationGas: packed.pre_verification_gas,
        gasFees: packed.gas_fees,
        paymasterAndData: packed.paymaster_and_data,
        signature: packed.signature,
    }
}

fn abi_legacy(operation: &UserOperation) -> AbiLegacyOperation {
    AbiLegacyOperation {
        sender: operation.sender,
        nonce: operation.nonce,
        initCode: operation.init_code(),
        callData: operation.call_data.clone(),
        callGasLimit: U256::from(operation.call_gas_limit),
        verificationGasLimit: U256::from(operation.verification_gas_limit),
        preVerificationGas: operation.pre_verification_gas,
        maxFeePerGas: U256::from(operation.max_fee_per_gas),
        maxPriorityFeePerGas: U256::from(operation.max_priority_fee_per_gas),
        paymasterAndData: operation.paymaster_and_data(),
        signature: operation.signature.clone(),
    }
}

fn from_abi_packed(
    abi: AbiPackedOperation,
    version: EntryPointVersion,
) -> Result<UserOperation, UnpackError> {
    UserOperation::from_packed(
        PackedUserOperation {
            sender: abi.sender,
            nonce: abi.nonce,
            init_code: abi.initCode,
            call_data: abi.callData,
            account_gas_limits: abi.accountGasLimits,
            pre_verification_gas: abi.preVerificationGas,
            gas_fees: abi.gasFees,
            paymaster_and_data: abi.paymasterAndData,
            signature: abi.signature,
        },
        version,
    )
}

fn from_abi_legacy(abi: AbiLegacyOperation) -> Result<UserOperation, UnpackError> {
    let version = EntryPointVersion::V06;
    let narrow = |name, value: U256| u128::try_from(value).map_err(|_| UnpackError::TooWide(name));
    Ok(UserOperation {
        version,
        sender: abi.sender,
        nonce: abi.nonce,
        factory: unpack_factory(&abi.initCode, version)?,
        call_data: abi.callData,
        call_gas_limit: narrow("callGasLimit", abi.callGasLimit)?,
        verification_gas_limit: narrow("verificationGasLimit", abi.verificationGasLimit)?,
        pre_verification_gas: abi.preVerificationGas,
        max_fee_per_gas: narrow("maxFeePerGas", abi.maxFeePerGas)?,
        max_priority_fee_per_gas: narrow("maxPriorityFeePerGas", abi.maxPriorityFeePerGas)?,
        paymaster: unpack_paymaster(&abi.paymasterAndData, version)?,
        signature: abi.signature,
        authorization: None,
    })
}

/// Calldata of `handleOps(ops, beneficiary)` for operations of one version. No operations: the packed
/// layout's call with an empty list.
///
/// # Errors
/// When the operations are not all for the same EntryPoint version.
pub fn handle_ops_calldata(
    operations: &[UserOperation],
    beneficiary: Address,
) -> Result<Bytes, MixedVersions> {
    let expected = operations.first().map_or(EntryPointVersion::V07, |first| first.version);
    if let Some((index, other)) =
        operations.iter().enumerate().find(|(_, operation)| operation.version != expected)
    {
        return Err(MixedVersions { index, found: other.version, expected });
    }
    Ok(if expected.is_packed() {
        let ops = operations.iter().filter_map(UserOperation::pack).map(abi_packed).collect();
        PackedEntryPoint::handleOpsCall { ops, beneficiary }.abi_encode()
    } else {
        let ops = operations.iter().map(abi_legacy).collect();
        LegacyEntryPoint::handleOpsCall { ops, beneficiary }.abi_encode()
    }
    .into())
}

/// Reads the calldata of `handleOps`: the operations and the beneficiary.
///
/// # Errors
/// When it is another function, or an operation in it cannot be understood.
pub fn decode_handle_ops(
    calldata: &[u8],
    version: EntryPointVersion,
) -> Result<(Vec<UserOperation>, Address), UnpackError> {
    let abi = |error: alloy::sol_types::Error| UnpackError::Abi(error.to_string());
    if version.is_packed() {
        let call = PackedEntryPoint::handleOpsCall::abi_decode(calldata).map_err(abi)?;
        let operations: Result<_, _> =
            call.ops.into_iter().map(|operation| from_abi_packed(operation, version)).collect();
        Ok((operations?, call.beneficiary))
    } else {
        let call = LegacyEntryPoint::handleOpsCall::abi_decode(calldata).map_err(abi)?;
        let operations: Result<_, _> = call.ops.into_iter().map(from_abi_legacy).collect();
        Ok((operations?, call.beneficiary))
    }
}
