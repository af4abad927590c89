//! Which addresses may be called and looked at: OP-041, OP-042, OP-051 to OP-055, OP-061, OP-062.

use alloy::primitives::{Address, U256};
use revm::bytecode::opcode;
use writ_types::{RuleId, Violation};

use super::{RuleContext, opcode_name, violation};
use crate::trace::{CallKind, CallUse, CodeAccess, CodeState, FrameTrace, OpTrace, Phase};

/// `depositTo(address)`
const DEPOSIT_TO: [u8; 4] = [0xb7, 0x60, 0xfa, 0xf9];
/// `incrementNonce(uint192)`
const INCREMENT_NONCE: [u8; 4] = [0x0b, 0xd2, 0x8e, 0x3b];
/// Where precompiles live: addresses below this (but not zero). Chains put their own here as well.
const PRECOMPILE_RANGE: u32 = 0x1_0000;

/// The number of an address in the range of precompiles.
fn precompile_number(address: Address) -> Option<u32> {
    let number = u32::try_from(U256::from_be_slice(address.as_slice())).ok()?;
    (1..PRECOMPILE_RANGE).contains(&number).then_some(number)
}

pub(super) fn call_name(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Call => "CALL",
        CallKind::CallCode => "CALLCODE",
        CallKind::DelegateCall => "DELEGATECALL",
        CallKind::StaticCall => "STATICCALL",
    }
}

/// OP-041: `EXTCODE*` and `*CALL` to an address without code is blocked, whether or not it succeeds: code could
/// appear there later. Exception: OP-042. Calls to precompiles are judged by OP-062.
pub(super) fn op_041(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames() {
        for call in &frame.calls {
            let judged_elsewhere = precompile_number(call.to).is_some();
            if call.target.has_code()
                || judged_elsewhere
                || op_042(trace, frame, call.from, call.to)
            {
                continue;
            }
            let detail = format!("uses {} on an address without code", call_name(call.kind));
            violations.push(violation(RuleId::Op041, trace, frame, call.to, detail));
        }
        for access in frame.code_accesses.iter().filter(|access| !access.has_code) {
            if op_042(trace, frame, access.contract, access.target) {
                continue;
            }
            let name = opcode_name(access.opcode);
            let detail = format!("uses {name} on an address without code");
            violations.push(violation(RuleId::Op041, trace, frame, access.target, detail));
        }
    }
}

/// OP-042, exception to OP-041: in the deployment frame the factory may use the sender's address before there
/// is code. So may the sender about itself, whose constructor runs then.
fn op_042(trace: &OpTrace, frame: &FrameTrace, from: Address, to: Address) -> bool {
    frame.phase == Phase::Deploy
        && to == trace.sender
        && (Some(from) == trace.factory || from == trace.sender)
}

/// OP-051: `EXTCODESIZE ISZERO` on the EntryPoint is allowed: compilers emit it before each call.
fn op_051(access: &CodeAccess) -> bool {
    access.opcode == opcode::EXTCODESIZE && access.next_opcode == opcode::ISZERO
}

/// OP-052: the sender or the factory may call `depositTo(sender)` with any value.
fn op_052(trace: &OpTrace, frame: &FrameTrace, call: &CallUse, context: &RuleContext) -> bool {
    let of_factory = Some(call.from) == trace.factory
        || (frame.phase == Phase::Deploy && !context.constants.deposits_by_entities_only);
    call.kind == CallKind::Call
        && (of_factory || pays_for_sender(trace, frame, call, context))
        && call.selector == Some(DEPOSIT_TO)
        && call.argument == Some(trace.sender)
}

/// OP-053: the sender may call the fallback function (empty input) with any value.
fn op_053(trace: &OpTrace, frame: &FrameTrace, call: &CallUse, context: &RuleContext) -> bool {
    call.kind == CallKind::Call
        && pays_for_sender(trace, frame, call, context)
        && call.input_len == 0
}

/// Whether it is the sender who calls; or, where the constants are so wide, a contract that it called.
fn pays_for_sender(
    trace: &OpTrace,
    frame: &FrameTrace,
    call: &CallUse,
    context: &RuleContext,
) -> bool {
    let by_helper = frame.phase == Phase::Account && !context.constants.deposits_by_entities_only;
    call.from == trace.sender || by_helper
}

/// OP-054: any other call to the EntryPoint, or look at its code, is blocked. Exceptions: OP-051, OP-052,
/// OP-053, OP-055.
pub(super) fn op_054(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    let entry_point = trace.entry_point.address;
    for frame in trace.frames() {
        for call in frame.calls.iter().filter(|call| call.to == entry_point) {
            if op_052(trace, frame, call, context)
                || op_053(trace, frame, call, context)
                || op_055(trace, call)
            {
                continue;
            }
            let input = match call.selector {
                Some(selector) => format!("selector {}", alloy::hex::encode_prefixed(selector)),
                None => format!("{} bytes of input", call.input_len),
            };
            let detail = format!("uses {} on the EntryPoint with {input}", call_name(call.kind));
            violations.push(violation(RuleId::Op054, trace, frame, call.from, detail));
        }
        for access in frame.code_accesses.iter().filter(|access| access.target == entry_point) {
            if op_051(access) {
                continue;
            }
            let detail = format!("uses {} on the EntryPoint", opcode_name(access.opcode));
            violations.push(violation(RuleId::Op054, trace, frame, access.contract, detail));
        }
    }
}

/// OP-055: the sender may call `incrementNonce(key)`, which takes no value.
fn op_055(trace: &OpTrace, call: &CallUse) -> bool {
    call.kind == CallKind::Call
        && call.from == trace.sender
        && call.selector == Some(INCREMENT_NONCE)
        && call.value.is_zero()
}

/// OP-061: a call with value is blocked, except to the EntryPoint as OP-052 and OP-053 allow.
pub(super) fn op_061(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames() {
        for call in frame.calls.iter().filter(|call| !call.value.is_zero()) {
            let to_entry_point = call.to == trace.entry_point.address;
            let paid = op_052(trace, frame, call, context) || op_053(trace, frame, call, context);
            if to_entry_point && paid {
                continue;
            }
            let detail = format!("uses {} with value", call_name(call.kind));
            violations.push(violation(RuleId::Op061, trace, frame, call.to, detail));
        }
    }
}

/// OP-062: of the precompiles only the pure, known ones may be called: 0x1 to 0x11, and P256VERIFY at 0x100.
/// Anything else in their range is blocked, and so is a known one that the chain's fork does not have.
pub(super) fn op_062(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames() {
        for call in &frame.calls {
            let Some(number) = precompile_number(call.to) else { continue };
            let known = matches!(number, 0x1..=0x11 | 0x100);
            if known && call.target == CodeState::Precompile {
                continue;
            }
            let detail = format!("calls precompile {number:#x}, which is not on the list");
            violations.push(violation(RuleId::Op062, trace, frame, call.to, detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precompiles_are_numbered_from_one_to_ffff() {
        let number =
            |value: u32| precompile_number(Address::left_padding_from(&value.to_be_bytes()));
        assert_eq!(number(0), None);
        assert_eq!(number(1), Some(1));
        assert_eq!(number(0x100), Some(0x100));
        assert_eq!(number(0xffff), Some(0xffff));
        assert_eq!(number(0x1_0000), None);
        assert_eq!(precompile_number(Address::repeat_byte(1)), None);
    }

    #[test]
    fn selectors_are_the_entry_points() {
        let selector = |text: &str| alloy::primitives::keccak256(text)[..4].to_vec();
        assert_eq!(selector("depositTo(address)"), DEPOSIT_TO);
        assert_eq!(selector("incrementNonce(uint192)"), INCREMENT_NONCE);
    }
}
