//! What validation may return and must leave unused: LIM-020, LIM-030.

use alloy::primitives::U256;
use writ_types::{RuleId, Violation};

use super::{RuleContext, entity::context_length, violation};
use crate::trace::OpTrace;

/// LIM-020: a paymaster's context has at most so many bytes.
pub(super) fn lim_020(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    let Some(frame) = &trace.paymaster_frame else { return };
    let most = context.constants.max_context_size;
    if !frame.status.is_success() {
        return;
    }
    if let Some(length) = context_length(&frame.output).filter(|length| *length > U256::from(most))
    {
        let detail = format!("returns a context of {length} bytes; at most {most} are accepted");
        let found = violation(RuleId::Lim020, trace, frame, frame.entity, detail);
        violations.push(found.needing(U256::from(most)));
    }
}

/// LIM-030: each verification gas limit leaves so much unused, as the EntryPoint counts: its own work, and with v0.6 all of
/// validation, is part of it. What a deployment used counts against the account's, which pays for both.
pub(super) fn lim_030(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    let slack = context.constants.validation_gas_slack;
    let counted = [
        (&trace.account, trace.verification_gas),
        (&trace.paymaster_frame, trace.paymaster_verification_gas),
    ];
    for (frame, counted) in counted {
        let Some((frame, counted)) = frame.as_ref().zip(counted) else { continue };
        let left = counted.left();
        if left < slack {
            let detail = format!(
                "leaves {left} of its verification gas limit; at least {slack} is required"
            );
            let found = violation(RuleId::Lim030, trace, frame, frame.entity, detail);
            violations.push(found.needing(U256::from(counted.used.saturating_add(slack))));
        }
    }
}
