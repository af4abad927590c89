//! Who may create contracts during validation: OP-031, OP-032, EREP-060, EREP-061.

use writ_types::{RuleId, Violation};

use super::{RuleContext, violation};
use crate::trace::{CreateUse, FrameTrace, OpTrace, Phase};

/// OP-031: CREATE2 exactly once, in the deployment frame, and it must create the sender (by the factory or a
/// helper that it calls).
pub(super) fn op_031(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    let mut sender_created = false;
    for frame in trace.frames() {
        for create in frame.creates.iter().filter(|create| create.create2) {
            let deploys_sender = frame.phase == Phase::Deploy
                && trace.factory.is_some()
                && create.created == Some(trace.sender);
            if deploys_sender && !std::mem::replace(&mut sender_created, true) {
                continue;
            }
            if erep_060(trace, frame, create, context) {
                continue;
            }
            let detail = if frame.phase == Phase::Deploy {
                "uses banned opcode: CREATE2, for something else than creating the sender once"
            } else {
                "uses banned opcode: CREATE2, outside the deployment of the sender"
            };
            violations.push(violation(RuleId::Op031, trace, frame, create.creator_code, detail));
        }
    }
}

/// OP-032: if there is a factory, staked or not, the sender itself may use CREATE; nobody else may, not even
/// on the sender's behalf. Without a factory CREATE falls under OP-011.
pub(super) fn op_032(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    if trace.factory.is_none() {
        return;
    }
    for frame in trace.frames() {
        for create in frame.creates.iter().filter(|create| !create.create2) {
            let by_sender = frame.phase != Phase::Paymaster && create.creator == trace.sender;
            if by_sender
                || erep_060(trace, frame, create, context)
                || erep_061(trace, frame, create, context)
            {
                continue;
            }
            let detail =
                "uses banned opcode: CREATE, which only the sender or a staked factory may";
            violations.push(violation(RuleId::Op032, trace, frame, create.creator_code, detail));
        }
    }
}

/// Whether the operation's factory is staked, in a frame that a factory is responsible for.
fn staked_factory(trace: &OpTrace, frame: &FrameTrace, context: &RuleContext) -> bool {
    frame.phase != Phase::Paymaster
        && trace.factory.is_some_and(|factory| context.is_staked(factory))
}

/// EREP-060: with a staked factory, the factory or the sender may use CREATE and CREATE2.
fn erep_060(
    trace: &OpTrace,
    frame: &FrameTrace,
    create: &CreateUse,
    context: &RuleContext,
) -> bool {
    staked_factory(trace, frame, context)
        && (Some(create.creator) == trace.factory || create.creator == trace.sender)
}

/// EREP-061: a staked factory may use a helper contract that uses CREATE.
fn erep_061(
    trace: &OpTrace,
    frame: &FrameTrace,
    create: &CreateUse,
    context: &RuleContext,
) -> bool {
    !create.create2 && frame.phase == Phase::Deploy && staked_factory(trace, frame, context)
}
