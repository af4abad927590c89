//! How an account comes to run its own code, which is no delegatecall *by the operation*.
//!
//! ```text
//!  EntryPoint ── callData ──> account (proxy) ── the same bytes ──> implementation        handed on
//!                                                                       │ executeUserOp
//!                             account (proxy) <── what it wraps ────────┘                 unwrapped (Kernel)
//!                                  └── the same bytes ──> implementation                  handed on
//! ```
//!
//! Two kinds of DELEGATECALL in the sender's storage are the account's own, and are not told among the effects:
//! * The code at the account's address hands on, byte for byte, what it was called with, to the contract that it handed its
//!   validation on to. All validation comes before any execution, so that no operation chooses that contract.
//! * What was called by the EntryPoint for `executeUserOp` calls the account's own address with exactly what that wraps.
//!
//! Everything else is told: a delegatecall to the same implementation with other bytes, one of the account to itself by any
//! other code, one to another contract by the account's own address, which then was moved to other code on the way.

use alloy::primitives::{B256, keccak256};
use revm::interpreter::{CallInputs, CallScheme};

use super::{Frame, Role, Tracer};
use crate::trace::Phase;

/// `executeUserOp(PackedUserOperation,bytes32)`, also in front of what it wraps.
const EXECUTE_USER_OP: [u8; 4] = [0x8d, 0xd7, 0x71, 0x2f];

/// What a frame is to the sender's own dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispatch {
    /// Nothing.
    No,
    /// The code at the sender's address runs for it; the hash of what it was called with.
    Own(B256),
    /// Its implementation runs, for what the EntryPoint called the sender with.
    Implementation,
}

/// Hash of what follows the selector of `executeUserOp`, if calldata begins with it.
pub(super) fn wrapped(call_data: &[u8]) -> Option<B256> {
    call_data.strip_prefix(&EXECUTE_USER_OP).map(keccak256)
}

impl Tracer {
    /// What a frame that is about to begin is to the dispatch of the operation's sender, and whether it is a delegatecall of
    /// that dispatch. `input` gives the hash of what it is called with.
    pub(super) fn dispatch_of(
        &mut self,
        role: Role,
        inputs: &CallInputs,
        input: impl Fn() -> B256,
    ) -> (Dispatch, bool) {
        let caller = self.frames.last().copied();
        let validating = self.current.is_some();
        let op = match role {
            Role::Entity(Phase::Account) => self.ops.get_mut(self.validated),
            _ if validating => self.ops.get_mut(self.op),
            _ => self.executing(),
        };
        let Some(op) = op else { return (Dispatch::No, false) };
        let sender = op.trace.sender;
        if inputs.target_address != sender {
            return (Dispatch::No, false);
        }
        let delegates = inputs.scheme == CallScheme::DelegateCall;
        if inputs.bytecode_address == sender {
            let input = input();
            let unwraps = delegates
                && op.wrapped == Some(input)
                && caller.is_some_and(|caller| is_executed(&caller));
            return (Dispatch::Own(input), unwraps);
        }
        let Some(Frame { role: called_as, dispatch: Dispatch::Own(called), .. }) = caller else {
            return (Dispatch::No, false);
        };
        if !delegates || input() != called {
            return (Dispatch::No, false);
        }
        if validating && called_as == Role::Entity(Phase::Account) {
            op.implementation.get_or_insert(inputs.bytecode_address);
        }
        let handed_on = op.implementation == Some(inputs.bytecode_address);
        let executed = called_as == Role::Unrestricted(Phase::Execution);
        let dispatch = if handed_on && executed { Dispatch::Implementation } else { Dispatch::No };
        (dispatch, handed_on)
    }
}

/// Whether a frame runs the sender's own code for what the EntryPoint called it with.
fn is_executed(frame: &Frame) -> bool {
    match frame.dispatch {
        Dispatch::Implementation => true,
        Dispatch::Own(_) => frame.role == Role::Unrestricted(Phase::Execution),
        Dispatch::No => false,
    }
}
