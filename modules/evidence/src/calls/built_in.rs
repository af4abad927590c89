//! What accounts with the module built in are called with: SimpleAccount's `execute`, and its batches.
//!
//! ```text
//! execute(address target, uint256 value, bytes data)            both
//! executeBatch((address, uint256, bytes)[] calls)               both: as SimpleAccount of EntryPoint v0.8 and later
//! executeBatch(address[] targets, uint256[] values, bytes[] data)   WritSimpleAccount: as SimpleAccount of EntryPoint v0.7
//! ```
//!
//! They have no modes: a call that fails reverts everything, and nothing delegates.

use alloy::{
    primitives::{Bytes, FixedBytes, U256},
    sol_types::SolCall,
};
use writ_attestation::AccountKind;

use super::{CallsError, Execution, execution::decode_batch, reader::Reader};

mod abi {
    #![allow(missing_docs, unreachable_pub)]
    use alloy::sol;

    sol! {
        function execute(address target, uint256 value, bytes data);

        struct Call { address target; uint256 value; bytes data; }
        function executeBatch(Call[] calls);
    }

    pub mod arrays {
        use alloy::sol;
        sol! {
            function executeBatch(address[] targets, uint256[] values, bytes[] data);
        }
    }
}

const SUPPORTED: &str = "execute(address,uint256,bytes) or executeBatch";

/// One of the encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInCall {
    /// `execute`.
    One,
    /// `executeBatch` of a list of calls.
    Calls,
    /// `executeBatch` of three lists.
    Arrays,
    /// `executeBatch` of three lists of which that of the values is empty: each is zero.
    ArraysWithoutValues,
}

impl BuiltInCall {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::One, Self::Calls, Self::Arrays, Self::ArraysWithoutValues];

    /// Whether accounts of this kind have the function.
    #[must_use]
    pub const fn is_of(self, kind: AccountKind) -> bool {
        match self {
            Self::One | Self::Calls => kind.is_built_in(),
            Self::Arrays | Self::ArraysWithoutValues => {
                matches!(kind, AccountKind::WritSimpleAccount)
            }
        }
    }
}

/// The canonical calldata for the given calls. [`BuiltInCall::One`] takes exactly the first, and is empty without one;
/// [`BuiltInCall::ArraysWithoutValues`] loses the values.
#[must_use]
pub fn encode_built_in(encoding: BuiltInCall, calls: &[Execution]) -> Vec<u8> {
    let targets = || calls.iter().map(|call| call.target).collect();
    let data = || calls.iter().map(|call| call.data.clone()).collect();
    match encoding {
        BuiltInCall::One => calls.first().cloned().map_or_else(Vec::new, |call| {
            let Execution { target, value, data } = call;
            abi::executeCall { target, value, data }.abi_encode()
        }),
        BuiltInCall::Calls => {
            let call = |call: &Execution| abi::Call {
                target: call.target,
                value: call.value,
                data: call.data.clone(),
            };
            abi::executeBatchCall { calls: calls.iter().map(call).collect() }.abi_encode()
        }
        BuiltInCall::Arrays => {
            let values = calls.iter().map(|call| call.value).collect();
            abi::arrays::executeBatchCall { targets: targets(), values, data: data() }.abi_encode()
        }
        BuiltInCall::ArraysWithoutValues => {
            let values = Vec::new();
            abi::arrays::executeBatchCall { targets: targets(), values, data: data() }.abi_encode()
        }
    }
}

/// Reads the calldata of an account of this kind, refusing every byte string that [`encode_built_in`] would not produce.
pub(super) fn decode(kind: AccountKind, call_data: &Bytes) -> Result<Vec<Execution>, CallsError> {
    let what = "the account's calldata";
    let (selector, arguments) = call_data
        .split_first_chunk::<4>()
        .ok_or(CallsError::TooShort { length: call_data.len() })?;
    let selector = *selector;
    let (encoding, calls) = match selector {
        abi::executeCall::SELECTOR => (BuiltInCall::One, vec![decode_one(arguments)?]),
        abi::executeBatchCall::SELECTOR => (BuiltInCall::Calls, decode_batch(arguments)?),
        abi::arrays::executeBatchCall::SELECTOR if BuiltInCall::Arrays.is_of(kind) => {
            decode_arrays(arguments)?
        }
        selector => {
            let selector = FixedBytes(selector);
            return Err(CallsError::UnsupportedFunction { selector, supported: SUPPORTED });
        }
    };
    if encode_built_in(encoding, &calls) != call_data[..] {
        return Err(CallsError::NonCanonical { what });
    }
    Ok(calls)
}

fn decode_one(arguments: &[u8]) -> Result<Execution, CallsError> {
    let mut reader = Reader::new(arguments, "the account's calldata");
    let target = reader.address()?;
    let value = reader.word()?;
    reader.expect(0x60)?;
    let data = Bytes::copy_from_slice(reader.tail()?);
    reader.finish()?;
    Ok(Execution { target, value, data })
}

fn decode_arrays(arguments: &[u8]) -> Result<(BuiltInCall, Vec<Execution>), CallsError> {
    let mut reader = Reader::new(arguments, "the batch");
    reader.expect(0x60)?;
    let (values_at, data_at) = (reader.word()?, reader.word()?);

    let count = reader.count()?;
    let targets = (0..count).map(|_| reader.address()).collect::<Result<Vec<_>, _>>()?;
    reader.stands_at(0, values_at)?;
    let count = reader.count()?;
    let values = reader.words(count)?;
    reader.stands_at(0, data_at)?;
    let count = reader.count()?;
    let elements = reader.at();
    let offsets = reader.words(count)?;
    let mut data = Vec::with_capacity(count);
    for offset in offsets {
        reader.stands_at(elements, offset)?;
        data.push(Bytes::copy_from_slice(reader.tail()?));
    }
    reader.finish()?;

    // As the account has it.
    let (encoding, values) = match values.len() {
        0 => (BuiltInCall::ArraysWithoutValues, vec![U256::ZERO; targets.len()]),
        _ => (BuiltInCall::Arrays, values),
    };
    if targets.len() != data.len() || values.len() != data.len() {
        let (targets, data) = (targets.len(), data.len());
        let values = if encoding == BuiltInCall::Arrays { values.len() } else { 0 };
        return Err(CallsError::BatchLengths { targets, values, data });
    }
    if targets.is_empty() {
        return Err(CallsError::EmptyBatch);
    }
    let calls = targets.into_iter().zip(values).zip(data);
    let calls = calls.map(|((target, value), data)| Execution { target, value, data });
    Ok((encoding, calls.collect()))
}

#[cfg(test)]
#[path = "built_in_tests.rs"]
mod tests;
