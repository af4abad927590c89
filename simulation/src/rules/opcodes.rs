//! Opcodes whose result an account or entity could use to behave differently on chain: OP-011, OP-012,
//! OP-013, OP-020, OP-080.

use writ_types::{RuleId, Violation};

use super::{RuleContext, opcode_name, violation};
use crate::trace::{OpTrace, OpcodeClass};

/// Reports every recorded opcode of one class.
fn report(
    rule: RuleId,
    class: OpcodeClass,
    trace: &OpTrace,
    violations: &mut Vec<Violation>,
    detail: impl Fn(&str) -> String,
) {
    for frame in trace.frames() {
        for used in frame.opcodes.iter().filter(|used| used.class == class) {
            let detail = detail(&opcode_name(used.opcode));
            violations.push(violation(rule, trace, frame, used.code, detail));
        }
    }
}

/// OP-011: ORIGIN, GASPRICE, BLOCKHASH, COINBASE, TIMESTAMP, NUMBER, PREVRANDAO, GASLIMIT, BASEFEE, BLOBHASH,
/// BLOBBASEFEE, CREATE, INVALID and SELFDESTRUCT are blocked in all validation frames.
///
/// CREATE has exceptions, all of which need a factory; with a factory it is judged by OP-032.
pub(super) fn op_011(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    report(RuleId::Op011, OpcodeClass::Banned, trace, violations, |name| {
        format!("uses banned opcode: {name}")
    });
    if trace.factory.is_none() {
        for frame in trace.frames() {
            for create in frame.creates.iter().filter(|create| !create.create2) {
                let detail = "uses banned opcode: CREATE";
                violations.push(violation(
                    RuleId::Op011,
                    trace,
                    frame,
                    create.creator_code,
                    detail,
                ));
            }
        }
    }
}

/// OP-012: GAS is allowed only when the very next instruction is a `*CALL`.
pub(super) fn op_012(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    report(RuleId::Op012, OpcodeClass::LoneGas, trace, violations, |name| {
        format!("uses banned opcode: {name} without a call directly after it")
    });
}

/// OP-013: any opcode that is not assigned in the chain's fork is blocked.
pub(super) fn op_013(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    report(RuleId::Op013, OpcodeClass::Unassigned, trace, violations, |name| {
        format!("uses banned opcode: {name}, which is not assigned")
    });
}

/// OP-020: a revert caused by running out of gas is blocked, in inner frames too and whatever ran out
/// (memory expansion, the stipend sentry of SSTORE, a precompile), because it reveals the gas limit.
pub(super) fn op_020(trace: &OpTrace, _: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames() {
        for ended in &frame.out_of_gas {
            let detail = "runs out of gas";
            violations.push(violation(RuleId::Op020, trace, frame, ended.contract, detail));
        }
    }
}

/// OP-080: BALANCE and SELFBALANCE are allowed only to a staked entity.
pub(super) fn op_080(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    for frame in trace.frames().filter(|frame| !context.is_staked(frame.entity)) {
        for used in frame.opcodes.iter().filter(|used| used.class == OpcodeClass::Balance) {
            let detail =
                format!("uses banned opcode: {} without being staked", opcode_name(used.opcode));
            let found = violation(RuleId::Op080, trace, frame, used.code, detail);
            violations.push(found.needing(context.constants.min_stake_value));
        }
    }
}
