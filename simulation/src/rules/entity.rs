//! Rules about one entity: EREP-050, and the digest that COD-010 compares.

use alloy::primitives::{B256, Keccak256, U256};
use writ_types::{RuleId, Violation};

use super::{RuleContext, violation};
use crate::trace::OpTrace;

/// EREP-050: a paymaster without stake may not return a context.
pub(super) fn erep_050(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    let Some(frame) = &trace.paymaster_frame else { return };
    if !frame.status.is_success() || context.is_staked(frame.entity) {
        return;
    }
    // A return value that does not decode is for the EntryPoint to refuse.
    if let Some(length) = context_length(&frame.output).filter(|length| !length.is_zero()) {
        let detail = format!("returns a context of {length} bytes but is not staked");
        let found = violation(RuleId::Erep050, trace, frame, frame.entity, detail);
        violations.push(found.needing(context.constants.min_stake_value));
    }
}

/// Length of the context in the ABI encoding of `(bytes context, uint256 validationData)`; `None` where there is none.
pub fn context_length(output: &[u8]) -> Option<U256> {
    let word = |at: usize| {
        let bytes = output.get(at..at.checked_add(32)?)?;
        Some(U256::from_be_slice(bytes))
    };
    word(usize::try_from(word(0)?).ok()?)
}

/// COD-010: digest of the code of every address visited in validation. It must be the same in the second
/// validation as in the first; an EIP-7702 designation and its delegate's code both count.
pub fn code_digest(trace: &OpTrace) -> B256 {
    let mut hasher = Keccak256::new();
    for visit in &trace.code_visits {
        hasher.update(visit.address);
        hasher.update(visit.code_hash);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_length_reads_only_what_is_there() {
        let mut output = vec![0_u8; 96];
        assert_eq!(context_length(&[]), None);
        assert_eq!(context_length(&output[..31]), None);
        output[31] = 0x40;
        assert_eq!(context_length(&output), Some(U256::ZERO));
        output[95] = 7;
        assert_eq!(context_length(&output), Some(U256::from(7)));
        assert_eq!(context_length(&output[..95]), None);
        output[..32].fill(0xff);
        assert_eq!(context_length(&output), None);
    }
}
