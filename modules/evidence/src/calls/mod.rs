//! What an account will be asked to do, read from its real calldata.
//!
//! ```text
//! callData (Kernel: what `executeUserOp` wraps) ─> execution (ERC-7579 `execute`, install, uninstall) ─┐
//! callData of an account with the module built in ─> built_in (`execute`, `executeBatch`) ─────────────┴> [target, value, data]
//!                                     └─> function (of tokens, and of deposits, by exact layout; else selector only)
//! ```
//!
//! Two decoders that disagree are a bypass: an account follows an ABI offset that a fixed-position
//! reader ignores. So nothing is guessed here. A byte string is accepted only when it is *the* encoding
//! of what was read from it: offsets are required to be the canonical ones while reading, and the
//! result is encoded again and compared with the input before it is returned.

mod built_in;
mod execution;
mod function;
mod pinned;
mod reader;

use alloy::primitives::{Address, Bytes, FixedBytes, U256};
use writ_attestation::AccountKind;
use writ_simulation::AssetCall;

pub use built_in::{BuiltInCall, encode_built_in};
pub use execution::{CallType, ExecType, Execution, encode_execute};
pub(crate) use function::exact;
pub use function::{Argument, ArgumentValue};
pub(crate) use pinned::name_pinned;
pub use pinned::{PinnedArgument, PinnedCall};

/// The most calls one operation may contain.
pub const MAX_CALLS: usize = 128;

/// What is the account itself, and how it is spoken to: calls to it are calls to its own functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The account.
    pub account: Address,
    /// Its kind, which decides about the functions that it has.
    pub kind: AccountKind,
    /// The contract that a Safe has for an ERC-7579 account: what the Safe calls there, it has itself do.
    pub adapter: Option<Address>,
}

impl Own {
    /// An ERC-7579 account without adapter.
    #[must_use]
    pub const fn of(account: Address) -> Self {
        Self { account, kind: AccountKind::OpenZeppelin, adapter: None }
    }
}

/// One call that the account makes, decoded as far as it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The contract or account called.
    pub to: Address,
    /// Native value sent, in wei.
    pub value: U256,
    /// The first four bytes of the data, none when the data is empty.
    pub selector: Option<FixedBytes<4>>,
    /// The signature of a known function, empty for an unknown one.
    pub function: &'static str,
    /// The arguments of a known function, in order.
    pub arguments: Vec<Argument>,
    /// The whole calldata of the call.
    pub data: Bytes,
    /// What a policy pinned, of a function that is unknown otherwise.
    pub pinned: Option<PinnedCall>,
}

impl Call {
    /// What of it may be about the caller's assets.
    pub(crate) fn as_asset_call(&self) -> AssetCall<'_> {
        AssetCall { to: self.to, data: &self.data }
    }
}

/// Why calldata was not understood. Every variant is a refusal: nothing is decided on a guess.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallsError {
    /// The account's calldata has one to three bytes.
    #[error("the account's calldata has {length} bytes, fewer than a function selector")]
    TooShort {
        /// Bytes given.
        length: usize,
    },
    /// The account's function is not one whose effect is known.
    #[error("the account's function {selector} is not supported: use {supported}")]
    UnsupportedFunction {
        /// The selector found.
        selector: FixedBytes<4>,
        /// What accounts of this kind are called with.
        supported: &'static str,
    },
    /// Of the arrays that make a batch, one is longer than another.
    #[error("the batch has {targets} targets, {values} values and {data} calldatas")]
    BatchLengths {
        /// How many targets.
        targets: usize,
        /// How many values; none at all means that each is zero.
        values: usize,
        /// How many calldatas.
        data: usize,
    },
    /// An ERC-7579 call type other than single and batch.
    #[error(
        "ERC-7579 call type {call_type:#04x} is not supported: use single (0x00) or batch (0x01)"
    )]
    UnsupportedCallType {
        /// The first byte of the mode word.
        call_type: u8,
    },
    /// An ERC-7579 execution type other than default and try.
    #[error("ERC-7579 execution type {exec_type:#04x} is not supported: use 0x00 or 0x01")]
    UnsupportedExecType {
        /// The second byte of the mode word.
        exec_type: u8,
    },
    /// Bytes of the mode word that have no meaning here are not zero.
    #[error("the ERC-7579 mode's selector and payload must be zero")]
    UnsupportedMode,
    /// The bytes are not the canonical ABI encoding of what they say.
    #[error("{what} is not canonically encoded")]
    NonCanonical {
        /// What was being read.
        what: &'static str,
    },
    /// A function that a policy pins is called with other bytes than the encoding of its arguments.
    #[error("the call of {function} at {to} is not canonically encoded")]
    NonCanonicalPinned {
        /// The contract called.
        to: Address,
        /// The function's signature.
        function: String,
    },
    /// A batch without calls, which would pass every rule about its calls.
    #[error("the batch is empty")]
    EmptyBatch,
    /// More calls than [`MAX_CALLS`].
    #[error("the batch has {count} calls, more than {MAX_CALLS}")]
    TooManyCalls {
        /// Calls in the batch.
        count: U256,
    },
    /// A call that the account was seen to make has more calldata than a simulation keeps.
    #[error("call {index} of the account has too much calldata to be shown to a policy")]
    TooLong {
        /// Position of the call.
        index: usize,
    },
    /// A call to the zero address, which OpenZeppelin's ERC-7579 accounts take as a call to themselves.
    #[error("call {index} goes to the zero address: name the target")]
    ZeroTarget {
        /// Position of the call.
        index: usize,
    },
    /// The account calls one of its own functions, behind which further calls could hide.
    #[error("call {index} calls the account's own function {selector}")]
    SelfCall {
        /// Position of the call.
        index: usize,
        /// The function called.
        selector: FixedBytes<4>,
    },
    /// The account calls its own adapter, behind which further calls could hide.
    #[error("call {index} goes to the account's own adapter {adapter}")]
    AdapterCall {
        /// Position of the call.
        index: usize,
        /// The adapter.
        adapter: Address,
    },
}

/// Decodes what an account calls itself with under its hook.
///
/// Empty calldata makes no call and decodes to none. Otherwise it must be ERC-7579's `execute` (single
/// or batch, default or try), or `installModule` or `uninstallModule`, which appear as one call to the
/// account itself; where the module is built in, `execute` or `executeBatch` as the account has them.
///
/// # Errors
///
/// [`CallsError`] names what is not supported or not canonical.
pub fn decode_calls(own: Own, call_data: &Bytes) -> Result<Vec<Call>, CallsError> {
    if call_data.is_empty() {
        return Ok(Vec::new());
    }
    let Some(selector) = call_data.first_chunk::<4>() else {
        return Err(CallsError::TooShort { length: call_data.len() });
    };
    let executions = if own.kind.is_built_in() {
        built_in::decode(own.kind, call_data)?
    } else if function::is_administration(*selector) {
        return Ok(vec![decode_call(own, 0, own.account, U256::ZERO, call_data.clone())?]);
    } else {
        execution::decode_execute(call_data)?.1
    };
    executions
        .into_iter()
        .enumerate()
        .map(|(index, call)| decode_call(own, index, call.target, call.value, call.data))
        .collect()
}

/// A call that an account was seen to make, shown like a decoded one.
///
/// # Errors
///
/// When a known function is called with other bytes than its arguments.
pub(crate) fn observed_call(to: Address, value: U256, data: Bytes) -> Result<Call, CallsError> {
    let selector = data.first_chunk::<4>().copied();
    let (function, arguments) = match selector {
        Some(selector) => match function::of_hook(selector, &data) {
            Some(signature) => (signature, Vec::new()),
            None => function::decode(selector, &data)?,
        },
        None if data.is_empty() => ("", Vec::new()),
        None => return Err(CallsError::NonCanonical { what: "a call's data" }),
    };
    Ok(Call {
        to,
        value,
        selector: selector.map(FixedBytes),
        function,
        arguments,
        data,
        pinned: None,
    })
}

pub(crate) fn decode_call(
    own: Own,
    index: usize,
    to: Address,
    value: U256,
    data: Bytes,
) -> Result<Call, CallsError> {
    if to.is_zero() {
        return Err(CallsError::ZeroTarget { index });
    }
    if own.adapter == Some(to) {
        return Err(CallsError::AdapterCall { index, adapter: to });
    }
    let selector = data.first_chunk::<4>().copied();
    let (function, arguments) = match selector {
        // Fewer than four bytes select nothing: the callee's fallback gets them.
        None if data.is_empty() => ("", Vec::new()),
        None => return Err(CallsError::NonCanonical { what: "a call's data" }),
        Some(selector) if to == own.account => {
            let refused = CallsError::SelfCall { index, selector: selector.into() };
            // What has a module built in takes no others.
            let administered = if own.kind.is_built_in() {
                None
            } else {
                function::administration(selector, &data)?
            };
            let signature = administered.ok_or(refused)?;
            (signature, Vec::new())
        }
        Some(selector) => function::decode(selector, &data)?,
    };
    Ok(Call {
        to,
        value,
        selector: selector.map(FixedBytes),
        function,
        arguments,
        data,
        pinned: None,
    })
}

#[cfg(test)]
mod tests;
