//! The result of a simulation, one [`OpOutcome`] per operation of the bundle.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::{
    answers::Answers,
    effects::Effects,
    failure::Failure,
    trace::{FrameStatus, OpTrace},
    validation::{PaymasterValidation, ValidationData},
};

/// What `handleOps` did, in a state that nothing was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Number of the block whose state was used.
    pub block_number: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// One entry per operation of the request, in its order. When the bundle failed, operations
    /// that were never reached have no frames.
    pub ops: Vec<OpOutcome>,
    /// Why `handleOps` as a whole reverted; `None` when it succeeded. An operation whose execution
    /// reverted is not a failure: see [`OpOutcome::execution`].
    pub failure: Option<Failure>,
    /// Gas used by the whole transaction, refunds subtracted, intrinsic gas included.
    pub gas_used: u64,
    /// Every address and slot that the transaction read from the block's state, sorted: what a
    /// cache must hold to run it again.
    pub accessed: Arc<Vec<(Address, Vec<U256>)>>,
}

impl Simulation {
    /// The outcome of the last operation: the one asked about, when the others are predecessors.
    pub fn last(&self) -> Option<&OpOutcome> {
        self.ops.last()
    }

    /// Whether the bundle was included and every operation executed without reverting.
    pub fn is_success(&self) -> bool {
        self.failure.is_none()
            && self.ops.iter().all(|op| op.receipt.as_ref().is_some_and(|receipt| receipt.success))
    }
}

/// What happened to one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpOutcome {
    /// What the ERC-7562 rules look at.
    pub trace: OpTrace,
    /// What the account returned from `validateUserOp`, if it returned a word.
    pub account: Option<ValidationData>,
    /// What the paymaster returned, if it returned something well-formed.
    pub paymaster: Option<PaymasterValidation>,
    /// False when signature failures were forgiven on request: then nothing is known about them.
    pub signature_checked: bool,
    /// The sender's call in the execution phase; `None` if it was not reached or callData is empty.
    pub execution: Option<ExecutionFrame>,
    /// The paymaster's `postOp`, if called. The last one, where v0.6 calls it twice.
    pub post_op: Option<ExecutionFrame>,
    /// Gas of the whole `innerHandleOp` frame, if it was called.
    pub inner_gas_used: Option<u64>,
    /// What the sender's call did.
    pub effects: Effects,
    /// What the watched contract asked during the sender's call, whether that was reverted or not.
    pub answers: Answers,
    /// What `postOp` did (a paymaster taking its fee in tokens, for instance).
    pub post_op_effects: Effects,
    /// The EntryPoint's own account of the operation, if it was included.
    pub receipt: Option<OpReceipt>,
}

/// A frame of the unrestricted phases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionFrame {
    /// Gas given.
    pub gas_limit: u64,
    /// Gas spent, refunds not subtracted.
    pub gas_used: u64,
    /// How it ended.
    pub status: FrameStatus,
    /// Return or revert data, at most [`Limits::output`](crate::Limits::output) bytes.
    pub output: Bytes,
}

/// `UserOperationEvent` and the events that explain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpReceipt {
    /// The EntryPoint's hash of the operation.
    pub user_op_hash: B256,
    /// Whether execution (and postOp) succeeded.
    pub success: bool,
    /// Wei taken from the sender's or the paymaster's deposit.
    pub actual_gas_cost: U256,
    /// Gas charged, preVerificationGas and penalties included.
    pub actual_gas_used: U256,
    /// Revert data of the execution, if it reverted with any.
    pub revert_reason: Option<Bytes>,
    /// Revert data of `postOp`, if it reverted with any (v0.7 and later).
    pub post_op_revert_reason: Option<Bytes>,
}
