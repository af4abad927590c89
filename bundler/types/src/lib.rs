//! The words that every other crate of Writ shares: user operations, EntryPoints, rules, refusals, and what of an account can
//! be bounded.
//!
//! ```text
//!  JSON (ERC-7769) ──from_rpc──> UserOperation <──from_packed / abi_decode── chain (handleOps calldata)
//!                                     │
//!        ┌───────────────┬───────────┼──────────────┬──────────────────┐
//!     to_rpc           pack      hash (userOpHash)  required_prefund  calldata gas, preVerificationGas
//!
//!  something is wrong with it ──> FieldError | Violation ──> Refusal { ErrorCode, message, ErrorData }
//! ```
//!
//! One [`UserOperation`] stands for all four deployed EntryPoint versions; what differs between them
//! (RPC field names, packed layout, hash) is decided by its [`EntryPointVersion`] and by nothing else.
//!
//! Invariants:
//! * Nothing here reads a clock, a file or a network; every function is a pure function of its arguments.
//! * Parsing is strict: a value is either understood completely or refused with the [`FieldError`] that
//!   names the field. Nothing is silently dropped, truncated or defaulted, except the fields that ERC-7769
//!   declares optional.
//! * `from_rpc(to_rpc(op)) == op`, and packing followed by unpacking gives the same operation.
//! * [`UserOperation::hash`] equals the deployed EntryPoint's own `getUserOpHash`.
//!
//! ```
//! use alloy::primitives::U256;
//! use serde_json::json;
//! use writ_types::{EntryPointVersion, UserOperation};
//!
//! let request = json!({
//!     "sender": "0x1111111111111111111111111111111111111111",
//!     "nonce": "0x0", "callData": "0x", "callGasLimit": "0x1", "verificationGasLimit": "0x2",
//!     "preVerificationGas": "0x3", "maxFeePerGas": "0xa", "maxPriorityFeePerGas": "0x1", "signature": "0x"
//! });
//! let operation = UserOperation::from_rpc(&request, EntryPointVersion::V08)?;
//! assert_eq!(operation.required_prefund(), U256::from((1 + 2 + 3) * 10));
//!
//! let mut odd = request.clone();
//! odd["callData"] = json!("0xabc");
//! let error = UserOperation::from_rpc(&odd, EntryPointVersion::V08).unwrap_err();
//! assert_eq!(error.field, "callData");
//! # Ok::<(), writ_types::FieldError>(())
//! ```

mod abi;
mod asset;
mod call;
mod constants;
mod entity;
mod entry_point;
mod error;
mod facts;
mod field;
mod gas;
mod hash;
mod operation;
mod packing;
mod partial;
mod revert;
mod rpc;
mod rule;

pub use asset::{Asset, AssetKind};
pub use call::{
    AttestableCall, CallPath, ContractCall, MAX_CALL_DATA, MAX_OWNER_SIGNATURES, ProtectedCall,
    SafeModuleCall, SafeOperation, SafeTransaction,
};
pub use constants::{Constants, Profile, UnknownProfile};
pub use entity::{Entity, EntityKind, StakeInfo, Violation};
pub use entry_point::{EntryPoint, EntryPointVersion, UnknownVersion};
pub use error::{ErrorCode, ErrorData, Refusal};
pub use facts::{
    MAX_CREDENTIAL, MAX_PRESENTED_BYTES, MAX_PRESENTED_FACTS, MAX_STATEMENT_VALUE, MAX_STATUS_LIST,
    PresentedCredential, PresentedFact, PresentedFacts, PresentedStatement,
};
pub use field::{FieldError, ParseLimits, parse_address, parse_bytes, parse_hash, parse_quantity};
pub use gas::{CalldataGas, GasSchedule};
pub use hash::HashError;
pub use operation::{EIP7702_FACTORY, Factory, Paymaster, UserOperation};
pub use packing::{
    MixedVersions, PAYMASTER_SIGNATURE_MAGIC, PackedUserOperation, UnpackError, decode_handle_ops,
    handle_ops_calldata,
};
pub use partial::{GasDefaults, PartialPaymaster, PartialUserOperation};
pub use revert::describe_entry_point_error;
pub use rule::{REMOVED_RULES, RuleId, RuleScope, UnknownRule};
