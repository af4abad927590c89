//! ERC-7579 `execute(bytes32 mode, bytes executionCalldata)`.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::{SolCall, SolValue},
};

use super::{CallsError, MAX_CALLS};

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
    let mut reader = Reader { bytes: call_data, at: 0, what: WHAT };
    let selector = reader.take(4)?;
    if selector != executeCall::SELECTOR.as_slice() {
        return Err(CallsError::UnsupportedFunction {
            selector: alloy::primitives::FixedBytes::from_slice(selector),
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
    let mut reader = Reader { bytes: payload, at: 0, what: "the single execution" };
    let target = Address::from_slice(reader.take(20)?);
    let value = U256::from_be_slice(reader.take(32)?);
    Ok(Execution { target, value, data: Bytes::copy_from_slice(&payload[52..]) })
}

/// `abi.encode(Execution[])`, with each offset required to be where the canonical encoding puts it.
///
/// Reading in order and never following an offset keeps the work linear in the input: overlapping
/// elements, which could multiply it, cannot be expressed.
fn decode_batch(payload: &[u8]) -> Result<Vec<Execution>, CallsError> {
    let mut reader = Reader { bytes: payload, at: 0, what: "the batch" };
    reader.expect(0x20)?;
    let count = reader.word()?;
    if count.is_zero() {
        return Err(CallsError::EmptyBatch);
    }
    let count = match usize::try_from(count) {
        Ok(small) if small <= MAX_CALLS => small,
        _ => return Err(CallsError::TooManyCalls { count }),
    };
    let offsets: Vec<U256> = (0..count).map(|_| reader.word()).collect::<Result<_, _>>()?;
    let base = 0x40;
    let mut calls = Vec::with_capacity(count);
    for offset in offsets {
        if offset != U256::from(reader.at - base) {
            return Err(CallsError::NonCanonical { what: "the batch" });
        }
        let word = reader.take(32)?;
        if word[..12].iter().any(|byte| *byte != 0) {
            return Err(CallsError::NonCanonical { what: "the batch" });
        }
        let target = Address::from_slice(&word[12..]);
        let value = reader.word()?;
        reader.expect(0x60)?;
        calls.push(Execution { target, value, data: Bytes::copy_from_slice(reader.tail()?) });
    }
    reader.finish()?;
    Ok(calls)
}

/// Reads forward only, so that no byte is read twice.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    fn error(&self) -> CallsError {
        CallsError::NonCanonical { what: self.what }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CallsError> {
        let end = self.at.checked_add(length).ok_or_else(|| self.error())?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| self.error())?;
        self.at = end;
        Ok(taken)
    }

    fn word(&mut self) -> Result<U256, CallsError> {
        self.take(32).map(U256::from_be_slice)
    }

    fn expect(&mut self, word: u64) -> Result<(), CallsError> {
        if self.word()? == U256::from(word) { Ok(()) } else { Err(self.error()) }
    }

    /// A `bytes` tail: length, bytes, zero padding to a word.
    fn tail(&mut self) -> Result<&'a [u8], CallsError> {
        let length = usize::try_from(self.word()?).map_err(|_| self.error())?;
        let bytes = self.take(length)?;
        let padding = self.take((32 - length % 32) % 32)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(self.error());
        }
        Ok(bytes)
    }

    fn finish(&self) -> Result<(), CallsError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error()) }
    }
}
