use writ_simulation::{
    AaCode, OpReceipt,
    trace::{CodeState, CountedGas, FrameTrace, OpTrace, OutOfGas, Phase},
};
use writ_types::{Constants, EntryPoint, Profile};

use super::*;
use crate::testing::operation;

const HEAD: Head = Head { chain_id: 31_337, number: 100, timestamp: 1_000, base_fee: 1 };

pub(crate) fn outcome(operation: &UserOperation) -> OpOutcome {
    let entry_point = EntryPoint::canonical(operation.version);
    OpOutcome {
        trace: OpTrace {
            index: 0,
            entry_point,
            sender_creator: entry_point.sender_creator(),
            sender: operation.sender,
            factory: None,
            paymaster: operation.paymaster_address(),
            sender_existed: true,
            deploy: None,
            account: Some(FrameTrace::new(
                Phase::Account,
                operation.sender,
                CodeState::Contract,
                100_000,
            )),
            paymaster_frame: None,
            verification_gas: None,
            paymaster_verification_gas: None,
            associations: Vec::new(),
            code_visits: Vec::new(),
        },
        account: Some(ValidationData::default()),
        paymaster: None,
        signature_checked: true,
        execution: None,
        post_op: None,
        inner_gas_used: None,
        effects: Default::default(),
        post_op_effects: Default::default(),
        receipt: Some(OpReceipt {
            user_op_hash: B256::ZERO,
            success: true,
            actual_gas_cost: U256::ZERO,
            actual_gas_used: U256::from(70_000),
            revert_reason: None,
            post_op_revert_reason: None,
        }),
    }
}

fn simulation(outcome: OpOutcome) -> Simulation {
    Simulation {
        block_number: HEAD.number,
        block_hash: B256::ZERO,
        ops: vec![outcome],
        failure: None,
        gas_used: 0,
        accessed: Default::default(),
    }
}

fn judged(
    operation: &UserOperation,
    simulation: &Simulation,
    attested: bool,
) -> Result<Verdict, i32> {
    let rules = AdmissionRules::default();
    let bench = Bench { head: &HEAD, rules: &rules, stakes: &[], attested, stage: Stage::First };
    judge(operation, simulation, 0, bench).map_err(|error| error.into_refusal().code.code())
}

fn with_window(after: u64, until: u64) -> (UserOperation, Simulation) {
    let operation = operation();
    let mut outcome = outcome(&operation);
    outcome.account = Some(ValidationData::new(Address::ZERO, after, until));
    (operation, simulation(outcome))
}

#[test]
fn a_clean_operation_is_admitted() {
    let operation = operation();
    let verdict = judged(&operation, &simulation(outcome(&operation)), false).expect("clean");
    assert_eq!(verdict.validity, Validity::default());
    assert!(verdict.executes);
}

#[test]
fn ranges_must_hold_now_and_for_the_margin() {
    for (after, until, attested, expected) in [
        (900, 1_030, false, Ok(1_030)),
        // The range of the attestation is the gate's affair, not the operation's own.
        (900, 1_030, true, Ok(u64::MAX)),
        (900, 1_029, false, Err(-32503)),
        (1_001, 2_000, false, Err(-32503)),
        (900, 1_029, true, Err(-32533)),
        (1_001, 2_000, true, Err(-32531)),
    ] {
        let (operation, simulation) = with_window(after, until);
        let verdict =
            judged(&operation, &simulation, attested).map(|verdict| verdict.validity.until);
        assert_eq!(verdict, expected, "{after}..{until} attested: {attested}");
    }
}

#[test]
fn block_ranges_count_blocks_on_v09_only() {
    const FLAG: u64 = 0x8000_0000_0000;
    let (mut operation, simulation) = with_window(FLAG | 90, FLAG | 103);
    operation.version = EntryPointVersion::V09;
    let validity = judged(&operation, &simulation, false).map(|verdict| verdict.validity);
    assert_eq!(validity, Ok(Validity { after: 90, until: 103, in_blocks: true }));
    let (_, ending) = with_window(FLAG | 90, FLAG | 102);
    assert_eq!(judged(&operation, &ending, false), Err(-32503));
}

#[test]
fn aggregators_are_refused_by_name() {
    let operation = operation();
    let mut outcome = outcome(&operation);
    outcome.account = Some(ValidationData::new(Address::repeat_byte(0xa9), 0, 0));
    assert_eq!(judged(&operation, &simulation(outcome), false), Err(-32506));
}

#[test]
fn limits_of_validation_are_judged_by_the_configured_constants() {
    let operation = operation();
    let mut outcome = outcome(&operation);
    outcome.trace.verification_gas = Some(CountedGas { limit: 100_000, used: 96_001 });
    let simulation = simulation(outcome);
    let at = |stage, constants| {
        let rules = AdmissionRules::new(constants);
        let bench = Bench { head: &HEAD, rules: &rules, stakes: &[], attested: false, stage };
        judge(&operation, &simulation, 0, bench).map(|_| ()).map_err(|error| {
            let refusal = error.into_refusal();
            (refusal.code.code(), refusal.data.rule)
        })
    };
    let judged = |constants| at(Stage::First, constants);
    assert_eq!(judged(Constants::TEXT), Err((-32502, Some(RuleId::Lim030))));
    assert_eq!(at(Stage::Later, Constants::TEXT), Ok(()), "the slack is there to be used");
    assert_eq!(judged(Constants { validation_gas_slack: 3_999, ..Constants::TEXT }), Ok(()));
    assert_eq!(judged(Constants::of(Profile::Compat)), Ok(()));
}

#[test]
fn running_out_of_gas_explains_the_revert() {
    let operation = operation();
    let mut outcome = outcome(&operation);
    let failed = FailedOp {
        index: 0,
        aa_code: Some(AaCode(23)),
        reason: "AA23 reverted".into(),
        inner: None,
    };
    let mut failing = simulation(outcome.clone());
    failing.failure = Some(Failure::Op(failed.clone()));
    assert_eq!(judged(&operation, &failing, false), Err(-32500));
    let account = outcome.trace.account.as_mut().expect("present");
    account.out_of_gas.push(OutOfGas { contract: operation.sender, depth: 0 });
    let mut failing = simulation(outcome);
    failing.failure = Some(Failure::Op(failed));
    assert_eq!(judged(&operation, &failing, false), Err(-32502));
}
