use alloy::primitives::{Address, B256, Bytes};
use writ_simulation::trace::{CodeState, FrameTrace, OpTrace};
use writ_types::{EntryPoint, Factory, Paymaster, RuleId, Violation};

use super::*;
use crate::testing;

const FACTORY: Address = Address::repeat_byte(0xfa);
const PAYMASTER: Address = Address::repeat_byte(0x9a);

/// An operation with factory and paymaster, the entities in `staked` being staked.
fn pooled(staked: &[EntityKind]) -> PoolOperation {
    let mut operation = testing::operation();
    operation.factory = Some(Factory { address: FACTORY, data: Bytes::new() });
    operation.paymaster = Some(Paymaster {
        address: PAYMASTER,
        verification_gas_limit: 1,
        post_op_gas_limit: 1,
        data: Bytes::new(),
        signature: None,
    });
    let entry_point = EntryPoint::canonical(operation.version);
    let mut pooled = PoolOperation::new(operation, entry_point, B256::ZERO);
    pooled.sender_staked = staked.contains(&EntityKind::Account);
    pooled.facts.staked_factory = staked.contains(&EntityKind::Factory);
    pooled.facts.staked_paymaster = staked.contains(&EntityKind::Paymaster);
    pooled
}

fn failed(index: usize, reason: &str) -> Failure {
    Failure::Op(FailedOp {
        index,
        aa_code: AaCode::parse(reason),
        reason: reason.into(),
        inner: None,
    })
}

/// What the sender would have been refused with.
fn error(reason: &str) -> AdmissionError {
    match failed(0, reason) {
        Failure::Op(failed) => AdmissionError::rejected(failed, &pooled(&[]).operation),
        _ => AdmissionError::Busy(0),
    }
}

fn sender() -> Address {
    testing::operation().sender
}

use EntityKind::{Account, Factory as F, Paymaster as P};

#[test]
fn erep_015_a_paymaster_is_forgiven_what_others_fail() {
    for reason in
        ["AA13 initCode failed or OOG", "AA23 reverted", "AA24 signature error", "AA25 nonce"]
    {
        assert_eq!(
            after_validation(&error(reason), &pooled(&[])),
            [Sanction::Forgive(PAYMASTER)],
            "{reason}"
        );
    }
}

#[test]
fn erep_015_does_not_forgive_the_paymasters_own_failure() {
    for reason in ["AA33 reverted", "AA34 signature error", "AA31 paymaster deposit too low"] {
        assert_eq!(after_validation(&error(reason), &pooled(&[P])), [], "{reason}");
    }
}

#[test]
fn erep_015_every_error_is_pinned_on_the_entity_that_it_names() {
    let range = |entity| AdmissionError::OutOfRange {
        entity,
        after: 0,
        until: 1,
        now: 2,
        margin: 0,
        unit: "seconds",
    };
    let pinned = |entity| AdmissionError::Pinned {
        entity,
        reason: "reverted".into(),
        data: Bytes::new(),
        decoded: None,
    };
    let (account, paymaster) = (Entity::new(Account, sender()), Entity::new(P, PAYMASTER));
    let deposit = AdmissionError::PaymasterDeposit {
        rule: RuleId::Erep010,
        paymaster: PAYMASTER,
        deposit: Default::default(),
        required: Default::default(),
    };
    for error in [
        AdmissionError::PaymasterSignature(PAYMASTER),
        deposit,
        range(paymaster),
        pinned(paymaster),
    ] {
        assert_eq!(after_validation(&error, &pooled(&[P])), [], "{error}");
        // EREP-030: a staked account answers for its paymaster.
        let forgiven = after_validation(&error, &pooled(&[Account, P]));
        assert_eq!(forgiven, [Sanction::Forgive(PAYMASTER)], "{error}");
    }
    for error in [AdmissionError::Signature, range(account), pinned(account)] {
        let forgiven = after_validation(&error, &pooled(&[]));
        assert_eq!(forgiven, [Sanction::Forgive(PAYMASTER)], "{error}");
    }
}

#[test]
fn erep_020_a_staked_factory_answers_for_its_account() {
    let expected = [Sanction::Forgive(PAYMASTER), Sanction::Ban(FACTORY)];
    for reason in ["AA23 reverted", "AA24 signature error", "AA26 over verificationGasLimit"] {
        assert_eq!(after_validation(&error(reason), &pooled(&[F])), expected, "{reason}");
        let pinned = Entity::new(Account, sender());
        assert_eq!(responsible(pinned, &pooled(&[F])).address, FACTORY);
        assert_eq!(
            after_bundle(&failed(0, reason), pinned, &pooled(&[F])),
            Some(Sanction::Ban(FACTORY))
        );
    }
    let broken = AdmissionError::Rules(vec![Violation::new(
        RuleId::Cod010,
        Entity::new(Account, sender()),
        "",
    )]);
    assert_eq!(after_validation(&broken, &pooled(&[F])), expected);
}

#[test]
fn erep_020_not_without_stake_and_not_for_what_others_bring_about() {
    assert_eq!(
        after_validation(&error("AA23 reverted"), &pooled(&[Account, P])),
        [Sanction::Forgive(PAYMASTER)]
    );
    for reason in
        ["AA10 sender already constructed", "AA21 didn't pay prefund", "AA22 expired", "AA25 nonce"]
    {
        assert_eq!(
            after_validation(&error(reason), &pooled(&[F])),
            [Sanction::Forgive(PAYMASTER)],
            "{reason}"
        );
        let pinned = Entity::new(Account, sender());
        assert_eq!(after_bundle(&failed(0, reason), pinned, &pooled(&[F, Account])), None);
    }
}

#[test]
fn erep_020_a_factory_that_v09_ignores_is_not_to_blame() {
    let mut named = pooled(&[F]);
    named.operation.version = writ_types::EntryPointVersion::V09;
    let account = Entity::new(Account, sender());
    assert_eq!(responsible(account, &named), account);
    assert_eq!(
        after_validation(&error("AA23 reverted"), &named),
        [Sanction::Forgive(PAYMASTER)],
        "anybody can name a factory for an account that exists"
    );
    named.facts.created = vec![sender()];
    assert_eq!(responsible(account, &named).address, FACTORY, "where it really creates it");
}

#[test]
fn erep_030_a_staked_account_answers_for_its_paymaster_and_factory() {
    assert_eq!(
        after_validation(&error("AA33 reverted"), &pooled(&[Account, P])),
        [Sanction::Forgive(PAYMASTER)]
    );
    for (kind, address, reason) in [(P, PAYMASTER, "AA33 reverted"), (F, FACTORY, "AA13 failed")] {
        let pinned = Entity::new(kind, address);
        assert_eq!(
            after_bundle(&failed(0, reason), pinned, &pooled(&[Account, F, P])),
            Some(Sanction::Ban(sender())),
            "even where they are staked"
        );
    }
}

#[test]
fn erep_030_an_unstaked_account_does_not() {
    for (kind, address, reason) in [(P, PAYMASTER, "AA33 reverted"), (F, FACTORY, "AA13 failed")] {
        let pinned = Entity::new(kind, address);
        assert_eq!(responsible(pinned, &pooled(&[F, P])), pinned);
        let ban = after_bundle(&failed(0, reason), pinned, &pooled(&[F, P]));
        assert_eq!(ban, Some(Sanction::Ban(address)));
    }
    assert_eq!(after_validation(&error("AA33 reverted"), &pooled(&[F, P])), []);
}

#[test]
fn grep_040_bans_who_has_a_reputation_to_lose() {
    let revert = failed(0, "AA33 reverted");
    let paymaster = Entity::new(P, PAYMASTER);
    assert_eq!(after_bundle(&revert, paymaster, &pooled(&[])), Some(Sanction::Ban(PAYMASTER)));
    let account = Entity::new(Account, sender());
    let revert = failed(0, "AA23 reverted");
    assert_eq!(after_bundle(&revert, account, &pooled(&[])), None, "an unstaked account");
    assert_eq!(after_bundle(&revert, account, &pooled(&[Account])), Some(Sanction::Ban(sender())));
    let factory = Entity::new(F, FACTORY);
    let revert = failed(0, "AA13 initCode failed");
    assert_eq!(after_bundle(&revert, factory, &pooled(&[])), None, "an unstaked factory");
    let halted = Failure::Halted("OutOfGas".into());
    assert_eq!(after_bundle(&halted, factory, &pooled(&[F])), Some(Sanction::Ban(FACTORY)));
    // The bundler's own doing.
    assert_eq!(after_bundle(&failed(0, "AA95 out of gas"), factory, &pooled(&[F])), None);
}

#[test]
fn policy_counts_for_nobody() {
    let denied = AdmissionError::Denied { reasons: vec![], evidence: None };
    assert_eq!(
        after_validation(&denied, &pooled(&[Account, F, P])),
        [Sanction::Forgive(sender()), Sanction::Forgive(FACTORY), Sanction::Forgive(PAYMASTER)]
    );
}

/// Operations of which the first `validated` have frames; of the last one of them, those up to `phase`.
fn simulated(operations: &[&UserOperation], validated: usize, phase: Phase) -> Simulation {
    let outcome = |index: usize, operation: &UserOperation| {
        let frame = |of: Phase, entity| {
            let ran = index + 1 < validated || (index + 1 == validated && of <= phase);
            ran.then(|| FrameTrace::new(of, entity, CodeState::Contract, 1))
        };
        let entry_point = EntryPoint::canonical(operation.version);
        let mut outcome = crate::verdict::tests::outcome(operation);
        outcome.trace = OpTrace {
            index,
            factory: Some(FACTORY),
            deploy: frame(Phase::Deploy, FACTORY),
            account: frame(Phase::Account, operation.sender),
            paymaster_frame: frame(Phase::Paymaster, PAYMASTER),
            entry_point,
            ..outcome.trace
        };
        outcome
    };
    Simulation {
        block_number: 1,
        block_hash: B256::ZERO,
        ops: operations.iter().enumerate().map(|(index, op)| outcome(index, op)).collect(),
        failure: None,
        gas_used: 0,
        accessed: Default::default(),
    }
}

#[test]
fn loc_040_a_revert_is_pinned_on_whoever_was_called_last() {
    let pooled = pooled(&[]);
    let operations = [&pooled.operation; 3];
    let halted = Failure::Halted("OutOfGas".into());
    let nameless = Failure::Reverted { name: None, data: Bytes::new() };
    for (phase, kind) in [(Phase::Deploy, F), (Phase::Account, Account), (Phase::Paymaster, P)] {
        for failure in [&halted, &nameless] {
            let (index, entity) = culprit(failure, &simulated(&operations, 2, phase), &operations);
            assert_eq!((index, entity.kind), (1, kind), "{failure}");
        }
    }
}

#[test]
fn loc_040_an_account_that_initialises_itself_is_no_factory() {
    let operation = testing::operation();
    let mut simulation = simulated(&[&operation], 1, Phase::Deploy);
    let last = |simulation: &Simulation| last_called(&simulation.ops[0], &operation);
    assert_eq!(last(&simulation), Entity::new(F, FACTORY));
    let frame = FrameTrace::new(Phase::Deploy, operation.sender, CodeState::Contract, 1);
    simulation.ops[0].trace.deploy = Some(frame);
    assert_eq!(last(&simulation), Entity::new(Account, operation.sender));
}

#[test]
fn loc_040_the_entry_points_own_word_goes_first() {
    let pooled = pooled(&[]);
    let operations = [&pooled.operation; 3];
    for (reason, kind) in [
        ("AA13 initCode failed or OOG", F),
        ("AA23 reverted", Account),
        ("AA31 paymaster deposit too low", P),
    ] {
        // AA31 comes before the paymaster is called: the account was the last one.
        let simulation = simulated(&operations, 2, Phase::Account);
        let (index, entity) = culprit(&failed(1, reason), &simulation, &operations);
        assert_eq!((index, entity.kind), (1, kind), "{reason}");
    }
    // In execution the turn is another than that of the last validation.
    let simulation = simulated(&operations, 3, Phase::Paymaster);
    let (index, entity) = culprit(&failed(0, "AA95 out of gas"), &simulation, &operations);
    assert_eq!((index, entity.kind), (0, P));
    // An index beyond the bundle is nobody's.
    assert_eq!(culprit(&failed(9, "AA23 reverted"), &simulation, &operations).0, 2);
}
