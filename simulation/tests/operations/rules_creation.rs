//! OP-031, OP-032, EREP-060, EREP-061.

use revm::bytecode::opcode as op;
use writ_types::{
    EntityKind::{Account, Factory, Paymaster},
    RuleId,
};

use crate::{
    asm::{Asm, asm, contract, factory},
    case::{FACTORY, HELPER, PAYMASTER, created, existing, init_code, new_sender, sponsored},
};

/// Creates an empty contract.
fn creates(opcode: u8) -> Asm {
    asm().create(opcode, &asm().build()).op(op::POP)
}

fn calls_helper() -> Asm {
    asm().call(op::CALL, HELPER, 0, &[])
}

#[test]
fn op_031_the_factory_creates_the_sender_once() {
    created(asm(), asm()).is_fine();
    created(creates(op::CREATE2), asm()).breaks(&[(RuleId::Op031, Factory)]);
    created(asm(), creates(op::CREATE2)).breaks(&[(RuleId::Op031, Factory)]);
    // The sender again: fails, but is an attempt to use CREATE2 twice.
    created(asm(), asm().create(op::CREATE2, &init_code()).op(op::POP))
        .breaks(&[(RuleId::Op031, Factory)]);
}

#[test]
fn op_031_a_helper_of_the_factory_may_create_the_sender() {
    let deployer = contract(asm().create(op::CREATE2, &init_code()).return_top());
    // CALL with an output area: what the helper returns is what the factory returns.
    let through_helper = asm()
        .push(32)
        .push(0)
        .push(0)
        .push(0)
        .push(0)
        .address(HELPER)
        .ops(&[op::GAS, op::CALL, op::POP])
        .push(32)
        .push(0)
        .op(op::RETURN)
        .build();
    created(asm(), asm())
        .factory_code(through_helper, HELPER)
        .with_code(HELPER, deployer)
        .is_fine();
}

#[test]
fn op_031_nobody_else_may_use_create2() {
    existing(creates(op::CREATE2)).breaks(&[(RuleId::Op031, Account)]);
    existing(calls_helper()).with(HELPER, creates(op::CREATE2)).breaks(&[(RuleId::Op031, Account)]);
    sponsored(creates(op::CREATE2)).breaks(&[(RuleId::Op031, Paymaster)]);
    created(asm(), asm()).account(creates(op::CREATE2)).breaks(&[(RuleId::Op031, Account)]);
    created(asm(), asm()).constructor(creates(op::CREATE2)).breaks(&[(RuleId::Op031, Factory)]);
    existing(asm().executing(creates(op::CREATE2))).execute().is_fine();
}

#[test]
fn op_031_one_creation_is_free_only_if_it_is_the_senders() {
    // The only CREATE2 makes something else: the sender comes from CREATE, the factory's second creation.
    let code = creates(op::CREATE2).create(op::CREATE, &init_code()).return_top().build();
    let case = created(asm(), asm()).factory_code(code, FACTORY).sender_at(FACTORY.create(2));
    case.breaks(&[(RuleId::Op031, Factory), (RuleId::Op032, Factory)]);
    case.staked(FACTORY).is_fine();
}

#[test]
fn op_031_says_whether_it_was_in_the_deployment() {
    for (case, words) in [
        (created(creates(op::CREATE2), asm()), "for something else than creating the sender once"),
        (existing(creates(op::CREATE2)), "outside the deployment of the sender"),
    ] {
        let found = case.violations();
        assert!(found[0].detail.contains(words), "{}", found[0].detail);
    }
}

#[test]
fn op_032_the_sender_itself_may_use_create() {
    created(asm(), asm()).constructor(creates(op::CREATE)).is_fine();
    created(asm(), asm()).account(creates(op::CREATE)).is_fine();
}

#[test]
fn op_032_nobody_else_may_use_create() {
    created(creates(op::CREATE), asm()).breaks(&[(RuleId::Op032, Factory)]);
    created(asm(), asm())
        .constructor(calls_helper())
        .with(HELPER, creates(op::CREATE))
        .breaks(&[(RuleId::Op032, Factory)]);
    created(asm(), asm())
        .account(calls_helper())
        .with(HELPER, creates(op::CREATE))
        .breaks(&[(RuleId::Op032, Account)]);
    created(asm(), asm()).paymaster(creates(op::CREATE), 0).breaks(&[(RuleId::Op032, Paymaster)]);
    // The sender, but on the paymaster's account.
    created(asm(), asm())
        .account(asm().op(op::CALLDATASIZE).op(op::ISZERO).when(creates(op::CREATE)))
        .paymaster(asm().call(op::CALL, new_sender(), 0, &[]), 0)
        .breaks(&[(RuleId::Op032, Paymaster)]);
}

#[test]
fn erep_060_a_staked_factory_lets_both_create() {
    for opcode in [op::CREATE, op::CREATE2] {
        created(creates(opcode), asm()).staked(FACTORY).is_fine();
        created(asm(), asm()).constructor(creates(opcode)).staked(FACTORY).is_fine();
        created(asm(), asm()).account(creates(opcode)).staked(FACTORY).is_fine();
    }
}

#[test]
fn erep_060_nobody_elses_stake_does() {
    // The paymaster's stake is not the factory's, and does not help itself either.
    created(creates(op::CREATE), asm())
        .paymaster(asm(), 0)
        .staked(PAYMASTER)
        .breaks(&[(RuleId::Op032, Factory)]);
    created(asm(), asm())
        .paymaster(creates(op::CREATE2), 0)
        .staked(PAYMASTER)
        .staked(FACTORY)
        .breaks(&[(RuleId::Op031, Paymaster)]);
}

#[test]
fn erep_061_a_staked_factory_may_have_a_helper_that_uses_create() {
    let case = created(calls_helper(), asm()).with(HELPER, creates(op::CREATE));
    case.staked(FACTORY).is_fine();
}

#[test]
fn erep_061_not_create2_not_without_stake_and_not_for_the_account() {
    let case = |opcode| created(calls_helper(), asm()).with(HELPER, creates(opcode));
    case(op::CREATE).breaks(&[(RuleId::Op032, Factory)]);
    case(op::CREATE2).staked(FACTORY).breaks(&[(RuleId::Op031, Factory)]);
    created(asm(), asm())
        .account(calls_helper())
        .with(HELPER, creates(op::CREATE))
        .staked(FACTORY)
        .breaks(&[(RuleId::Op032, Account)]);
}

#[test]
fn a_factory_must_not_create_the_sender_with_create() {
    // CREATE puts it at an address that depends on the factory's nonce, 1 here.
    let sender = FACTORY.create(1);
    let code = asm().create(op::CREATE, &init_code()).return_top().build();
    let case = created(asm(), asm()).factory_code(code, FACTORY).sender_at(sender);
    case.breaks(&[(RuleId::Op032, Factory)]);
    case.staked(FACTORY).is_fine();
    // The control, with CREATE2.
    created(asm(), asm()).factory_code(factory(asm(), &init_code(), asm()), FACTORY).is_fine();
}
