//! ERC-7579 `execute(bytes32 mode, bytes executionCalldata)`.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::{SolCall, SolValue},
};

use super::{CallsError, reader::Reader};

sol! {
    /// ERC-7579's execution entry of an account.
    function execute(bytes32 mode, bytes executionCalldata);

    /// ERC-7579's element of a batch.
    #[derive(Debug, PartialEq, Eq)]
    struct Execution {
        address target;
        uint256 value;
        bytes data;
    }
}

/// ERC-7579's call type, the first byte of the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallType {
    /// `0x00`: one call, packed.
    Single,
    /// `0x01`: a batch, ABI-encoded.
    Batch,
}

/// ERC-7579's execution type, the second byte of the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecType {
    /// `0x00`: a failing call reverts everything.
    Default,
    /// `0x01`: a failing call is logged and skipped.
    Try,
}

/// The canonical calldata of `execute` for the given calls.
///
/// `CallType::Single` takes exactly the first call; giving it none encodes an empty payload, which
/// no account accepts.
#[must_use]
pub fn encode_execute(call_type: CallType, exec_type: ExecType, calls: &[Execution]) -> Vec<u8> {
    let mut mode = [0u8; 32];
    mode[0] = u8::from(call_type == CallType::Batch);
    mode[1] = u8::from(exec_type == ExecType::Try);
    let payload = match (call_type, calls.first()) {
        (CallType::Batch, _) => calls.abi_encode(),
        (CallType::Single, Some(call)) => {
            [&call.target[..], &call.value.to_be_bytes::<32>(), &call.data].concat()
        }
        (CallType::Single, None) => Vec::new(),
    };
    executeCall { mode: mode.into(), executionCalldata: payload.into() }.abi_encode()
}

/// Reads `execute` calldata, refusing every byte string that [`encode_execute`] would not produce.
pub(super) fn decode_execute(
    call_data: &Bytes,
) -> Result<((CallType, ExecType), Vec<Execution>), CallsError> {
    const WHAT: &str = "the account's calldata";
    let mut reader = Reader::new(call_data, WHAT);
    let selector = reader.take(4)?;
    if selector != executeCall::SELECTOR.as_slice() {
        return Err(CallsError::UnsupportedFunction {
            selector: alloy::primitives::FixedBytes::from_slice(selector),
            supported: "ERC-7579 execute",
        });
    }
    let modes = decode_mode(reader.take(32)?)?;
    reader.expect(0x40)?;
    let payload = reader.tail()?;
    reader.finish()?;

    let calls = match modes.0 {
        CallType::Single => vec![decode_single(payload)?],
        CallType::Batch => decode_batch(payload)?,
    };
    if encode_execute(modes.0, modes.1, &calls) != call_data[..] {
        return Err(CallsError::NonCanonical { what: WHAT });
    }
    Ok((modes, calls))
}

fn decode_mode(mode: &[u8]) -> Result<(CallType, ExecType), CallsError> {
    let call_type = match mode[0] {
        0 => CallType::Single,
        1 => CallType::Batch,
        call_type => return Err(CallsError::UnsupportedCallType { call_type }),
    };
    let exec_type = match mode[1] {
        0 => ExecType::Default,
        1 => ExecType::Try,
        exec_type => return Err(CallsError::UnsupportedExecType { exec_type }),
    };
    if mode[2..].iter().any(|byte| *byte != 0) {
        return Err(CallsError::UnsupportedMode);
    }
    Ok((call_type, exec_type))
}

/// `abi.encodePacked(target, value, data)`: every string of at least 52 bytes is canonical.
fn decode_single(payload: &[u8]) -> Result<Execution, CallsError> {
    let mut reader = Reader::new(payload, "the single execution");
    let target = Address::from_slice(reader.take(20)?);
    let value = U256::from_be_slice(reader.take(32)?);
    Ok(Execution { target, value, data: Bytes::copy_from_slice(&payload[52..]) })
}

/// `abi.encode(Execution[])`, with each offset required to be where the canonical encoding puts it.
///
/// Reading in order and never following an offset keeps the work linear in the input: overlapping
/// elements, which could multiply it, cannot be expressed.
pub(super) fn decode_batch(payload: &[u8]) -> Result<Vec<Execution>, CallsError> {
    let mut reader = Reader::new(payload, "the batch");
    reader.expect(0x20)?;
    let count = reader.count()?;
    if count == 0 {
        return Err(CallsError::EmptyBatch);
    }
    let elements = reader.at();
    let offsets = reader.words(count)?;
    let mut calls = Vec::with_capacity(count);
    for offset in offsets {
        reader.stands_at(elements, offset)?;
        let target = reader.address()?;
        let value = reader.word()?;
        reader.expect(0x60)?;
        calls.push(Execution { target, value, data: Bytes::copy_from_slice(reader.tail()?) });
    }
    reader.finish()?;
    Ok(calls)
}
