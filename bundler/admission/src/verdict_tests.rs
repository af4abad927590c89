use writ_simulation::{
    AaCode, Answers, OpReceipt,
    trace::{CodeState, CountedGas, FrameTrace, OpTrace, OutOfGas, Phase},
};
use writ_types::{Constants, EntryPoint, Factory, Profile};

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
        answers: Answers::default(),
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
        // Both at once: it has not begun and will be over too soon.
        (1_001, 1_010, true, Err(-32531)),
        (1_000, 1_010, true, Err(-32533)),
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

fn failed(index: usize, code: u8) -> Failure {
    let reason = format!("AA{code} something");
    Failure::Op(FailedOp { index, aa_code: Some(AaCode(code)), reason, inner: None })
}

#[test]
fn an_entry_points_refusal_of_the_range_names_the_range() {
    let (operation, mut simulation) = with_window(900, 1_029);
    let rules = AdmissionRules::default();
    let bench =
        Bench { head: &HEAD, rules: &rules, stakes: &[], attested: false, stage: Stage::First };
    let mut judged = |failure| {
        simulation.failure = Some(failure);
        judge(&operation, &simulation, 0, bench).unwrap_err()
    };
    for code in [22, 27, 32, 37] {
        let error = judged(failed(0, code));
        assert!(matches!(error, AdmissionError::OutOfRange { until: 1_029, .. }), "{error}");
    }
    // Another refusal is about something else, and that of another operation about another range.
    assert!(matches!(judged(failed(0, 23)), AdmissionError::Rejected(_)));
    let ahead = judged(failed(1, 22));
    assert!(matches!(&ahead, AdmissionError::Reverted(why) if why.contains("ahead")), "{ahead}");
}

#[test]
fn a_broken_rule_explains_a_revert_that_it_can_cause() {
    let operation = operation();
    let entity = Entity::new(EntityKind::Account, operation.sender);
    let broken = |rule| vec![Violation::new(rule, entity, "")];
    let halted = || Failure::Halted("OutOfGas".into());
    let nameless = || Failure::Reverted { name: None, data: Default::default() };
    for failure in [failed(0, 13), failed(0, 23), failed(0, 33), halted(), nameless()] {
        for rule in [RuleId::Op011, RuleId::Op013, RuleId::Op020] {
            let error = explain(&failure, broken(rule), &operation, 0);
            assert!(matches!(error, AdmissionError::Rules(_)), "{failure}: {error}");
        }
        let error = explain(&failure, broken(RuleId::Op041), &operation, 0);
        assert!(!matches!(error, AdmissionError::Rules(_)), "{failure}: {error}");
    }
    // The account answered; nothing reverted.
    let error = explain(&failed(0, 24), broken(RuleId::Op020), &operation, 0);
    assert!(matches!(error, AdmissionError::Signature), "{error}");
    // What another operation does is not explained by this one's rules.
    let error = explain(&failed(1, 23), broken(RuleId::Op020), &operation, 0);
    assert!(matches!(&error, AdmissionError::Reverted(why) if why.contains("ahead")), "{error}");
}

#[test]
fn init_code_is_ignored_by_v09_where_nothing_was_deployed() {
    let factory = Address::repeat_byte(0xfa);
    for (version, named, deployed, ignored) in [
        (EntryPointVersion::V09, true, false, true),
        (EntryPointVersion::V09, true, true, false),
        (EntryPointVersion::V09, false, false, false),
        (EntryPointVersion::V08, true, false, false),
    ] {
        let mut operation = operation();
        operation.version = version;
        operation.factory = named.then(|| Factory { address: factory, data: Default::default() });
        let mut outcome = outcome(&operation);
        outcome.trace.deploy =
            deployed.then(|| FrameTrace::new(Phase::Deploy, factory, CodeState::Contract, 100_000));
        let verdict = judged(&operation, &simulation(outcome), false).expect("clean");
        assert_eq!(verdict.init_code_ignored, ignored, "{version} {named} {deployed}");
    }
}

#[test]
fn two_ranges_meet_where_they_count_alike() {
    let range = |after, until, in_blocks| Validity { after, until, in_blocks };
    assert_eq!(both(range(10, 20, false), range(15, 30, false)), range(15, 20, false));
    assert_eq!(both(range(15, 30, true), range(10, 20, true)), range(15, 20, true));
    let (seconds, blocks) = (range(10, 20, false), range(5, 15, true));
    assert_eq!(both(seconds, blocks), seconds, "blocks are left to simulation");
    assert_eq!(both(blocks, seconds), seconds);
    assert_eq!(both(Validity::default(), blocks), blocks, "for ever is no range in seconds");
    assert_eq!(both(blocks, Validity::default()), blocks);
}
