use alloy::primitives::{B256, Bytes};
use writ_simulation::{
    AaCode, FailedOp, Failure, PaymasterValidation, ValidationData,
    trace::{CodeState, FrameTrace, Phase},
};
use writ_types::Paymaster;

use super::*;
use crate::{testing, verdict::tests::outcome};

const PAYMASTER: Address = Address::repeat_byte(0x9a);

/// A sponsored operation whose paymaster returned a context of `context` bytes when it was validated by itself.
fn pooled(context: usize) -> Arc<PoolOperation> {
    let mut operation = testing::operation();
    operation.paymaster = Some(Paymaster {
        address: PAYMASTER,
        verification_gas_limit: 1,
        post_op_gas_limit: 1,
        data: Bytes::new(),
        signature: None,
    });
    let entry_point = EntryPoint::canonical(operation.version);
    let mut pooled = PoolOperation::new(operation, entry_point, B256::ZERO);
    pooled.facts.context_length = context;
    Arc::new(pooled)
}

/// Both operations ran up to their paymaster, which returned `contexts`; then the bundle failed for the account of
/// the second one.
fn failing(operations: &[Arc<PoolOperation>], contexts: [usize; 2]) -> Simulation {
    let ops = operations.iter().zip(contexts).map(|(pooled, context_len)| {
        let mut outcome = outcome(&pooled.operation);
        outcome.trace.paymaster_frame =
            Some(FrameTrace::new(Phase::Paymaster, PAYMASTER, CodeState::Contract, 1));
        outcome.paymaster =
            Some(PaymasterValidation { data: ValidationData::default(), context_len });
        outcome
    });
    Simulation {
        block_number: 1,
        block_hash: B256::ZERO,
        ops: ops.collect(),
        failure: Some(Failure::Op(FailedOp {
            index: 1,
            aa_code: Some(AaCode(23)),
            reason: "AA23 reverted".into(),
            inner: None,
        })),
        gas_used: 0,
        accessed: Default::default(),
    }
}

#[test]
fn erep_055_a_paymaster_whose_context_changed_is_banned_whoever_reverted() {
    let operations = [pooled(32), pooled(32)];
    let fault = reverted(&failing(&operations, [64, 32]), &operations).expect("it failed");
    assert_eq!((fault.index, fault.sanctions), (1, vec![Sanction::Ban(PAYMASTER)]));
}

#[test]
fn erep_055_the_same_length_is_no_reason() {
    let operations = [pooled(32), pooled(32)];
    let fault = reverted(&failing(&operations, [32, 32]), &operations).expect("it failed");
    assert_eq!(fault.sanctions, []);
    assert!(
        reverted(&Simulation { failure: None, ..failing(&operations, [64, 32]) }, &operations)
            .is_none()
    );
}

#[test]
fn erep_055_is_broken_without_a_revert_too() {
    let verdict = |context_length| Verdict {
        validity: Default::default(),
        init_code_ignored: false,
        code: B256::ZERO,
        slots: Vec::new(),
        executes: true,
        gas_used: U256::ZERO,
        findings: crate::Findings { context_length, ..Default::default() },
    };
    assert!(same_context(&pooled(32), verdict(32)).is_ok());
    match same_context(&pooled(32), verdict(33)) {
        Err(AdmissionError::Rules(violations)) => {
            assert_eq!(violations[0].rule, RuleId::Erep055);
            assert_eq!(violations[0].entity.address, PAYMASTER);
        }
        other => panic!("{other:?}"),
    }
}
