//! Who may be an EIP-7702 account: AUTH-020, AUTH-030. Such an account's owner can change its code with a signature
//! at any time, so that nobody else's validation may rest on it.

use writ_types::{RuleId, Violation};

use super::{RuleContext, opcode_name, violation};
use crate::{
    rules::calls::call_name,
    trace::{CodeState, OpTrace, Phase},
};

/// AUTH-020: an EIP-7702 account may only be the sender, never factory or paymaster.
pub(super) fn auth_020(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames() {
        // The initialisation call of an EIP-7702 account goes to the sender itself.
        let is_sender = match frame.phase {
            Phase::Paymaster => false,
            Phase::Deploy => trace.factory.is_none(),
            _ => true,
        };
        if let (false, CodeState::Delegated(_)) = (is_sender, frame.entity_code) {
            let detail = "is an EIP-7702 account, which may only be the sender";
            violations.push(violation(RuleId::Auth020, trace, frame, frame.entity, detail));
        }
    }
}

/// AUTH-030: an EIP-7702 account may be called or looked at only if it is the sender of this operation.
pub(super) fn auth_030(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames() {
        for call in frame.calls.iter().filter(|call| call.to != trace.sender) {
            if let CodeState::Delegated(_) = call.target {
                let name = call_name(call.kind);
                let detail = format!("uses {name} on an EIP-7702 account that is not the sender");
                violations.push(violation(RuleId::Auth030, trace, frame, call.to, detail));
            }
        }
        for access in &frame.code_accesses {
            if access.delegated && access.target != trace.sender {
                let name = opcode_name(access.opcode);
                let detail = format!("uses {name} on an EIP-7702 account that is not the sender");
                violations.push(violation(RuleId::Auth030, trace, frame, access.target, detail));
            }
        }
    }
}
