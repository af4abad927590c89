//! OP-041, OP-042, OP-051 to OP-055, OP-061, OP-062.

use alloy::primitives::{Address, U256};
use revm::{bytecode::opcode as op, primitives::hardfork::SpecId};
use writ_types::{
    Constants,
    EntityKind::{Account, Factory, Paymaster},
    EntryPoint, EntryPointVersion, RuleId,
};

use crate::{
    asm::{Asm, asm, contract},
    case::{
        EMPTY, FACTORY, HELPER, PAYMASTER, created, existing, ids, new_sender, sender, sponsored,
    },
};

const CALLS: [u8; 4] = [op::CALL, op::CALLCODE, op::DELEGATECALL, op::STATICCALL];

fn entry_point() -> Address {
    EntryPoint::canonical(EntryPointVersion::V07).address
}

/// Every way to use an address: the four calls and the three looks.
fn uses_of(target: Address) -> Vec<Asm> {
    let mut uses: Vec<_> = CALLS.into_iter().map(|kind| asm().call(kind, target, 0, &[])).collect();
    uses.push(asm().address(target).ops(&[op::EXTCODESIZE, op::POP]));
    uses.push(asm().address(target).ops(&[op::EXTCODEHASH, op::POP]));
    uses.push(asm().push(0).push(0).push(0).address(target).op(op::EXTCODECOPY));
    uses
}

/// Calldata: a selector and one address.
fn call_data(signature: &str, argument: Address) -> Vec<u8> {
    let selector = alloy::primitives::keccak256(signature);
    [&selector[..4], argument.into_word().as_slice()].concat()
}

fn deposit_to(account: Address) -> Vec<u8> {
    call_data("depositTo(address)", account)
}

#[test]
fn op_041_addresses_without_code() {
    for body in uses_of(EMPTY) {
        existing(body.clone()).breaks(&[(RuleId::Op041, Account)]);
        sponsored(body.clone()).breaks(&[(RuleId::Op041, Paymaster)]);
        created(body.clone(), asm()).breaks(&[(RuleId::Op041, Factory)]);
        existing(asm().executing(body)).execute().is_fine();
    }
    for body in uses_of(HELPER) {
        existing(body.clone()).with(HELPER, asm()).is_fine();
        sponsored(body.clone()).with(HELPER, asm()).is_fine();
        created(body, asm()).with(HELPER, asm()).is_fine();
    }
}

#[test]
fn op_041_names_the_address() {
    let found = existing(asm().call(op::STATICCALL, EMPTY, 0, &[])).violations();
    assert_eq!(found[0].address, Some(EMPTY));
    assert!(found[0].detail.contains("STATICCALL"), "{}", found[0].detail);
}

#[test]
fn op_041_zero_is_no_precompile() {
    existing(asm().call(op::CALL, Address::ZERO, 0, &[])).breaks(&[(RuleId::Op041, Account)]);
}

#[test]
fn op_042_the_factory_may_use_the_sender_before_it_exists() {
    for body in uses_of(new_sender()) {
        // DELEGATECALL and CALLCODE run nothing, as there is nothing yet.
        created(body, asm()).is_fine();
    }
    created(asm(), asm())
        .constructor(asm().op(op::ADDRESS).ops(&[op::EXTCODESIZE, op::POP]))
        .is_fine();
}

#[test]
fn op_042_is_about_the_factory_and_the_sender_only() {
    for body in uses_of(EMPTY) {
        created(body, asm()).breaks(&[(RuleId::Op041, Factory)]);
    }
    // A helper of the factory is not the factory.
    for body in uses_of(new_sender()) {
        created(asm().call(op::CALL, HELPER, 0, &[]), asm())
            .with(HELPER, body)
            .breaks(&[(RuleId::Op041, Factory)]);
    }
}

#[test]
fn op_051_the_check_that_compilers_emit() {
    let size = |next| asm().address(entry_point()).ops(&[op::EXTCODESIZE, next, op::POP]);
    existing(size(op::ISZERO)).is_fine();
    sponsored(size(op::ISZERO)).is_fine();
}

#[test]
fn op_051_no_other_look_at_its_code() {
    let size = |next| asm().address(entry_point()).ops(&[op::EXTCODESIZE, next, op::POP]);
    existing(size(op::NOT)).breaks(&[(RuleId::Op054, Account)]);
    let hash = asm().address(entry_point()).ops(&[op::EXTCODEHASH, op::ISZERO, op::POP]);
    existing(hash).breaks(&[(RuleId::Op054, Account)]);
    // ISZERO later, but not next.
    let later =
        asm().address(entry_point()).ops(&[op::EXTCODESIZE, op::JUMPDEST, op::ISZERO, op::POP]);
    existing(later).breaks(&[(RuleId::Op054, Account)]);
}

#[test]
fn op_052_deposits_for_the_sender() {
    for value in [0, 1] {
        let deposit = |account| asm().call(op::CALL, entry_point(), value, &deposit_to(account));
        existing(deposit(sender())).is_fine();
        created(deposit(new_sender()), asm()).is_fine();
        created(asm(), deposit(new_sender())).is_fine();
        created(asm(), asm()).constructor(deposit(new_sender())).is_fine();
        created(asm(), asm()).account(deposit(new_sender())).is_fine();
    }
}

#[test]
fn op_052_no_deposits_for_or_by_others() {
    let deposit = |account| asm().call(op::CALL, entry_point(), 0, &deposit_to(account));
    existing(deposit(HELPER)).breaks(&[(RuleId::Op054, Account)]);
    sponsored(deposit(PAYMASTER)).breaks(&[(RuleId::Op054, Paymaster)]);
    sponsored(deposit(sender())).breaks(&[(RuleId::Op054, Paymaster)]);
    existing(asm().call(op::CALL, HELPER, 0, &[]))
        .with(HELPER, deposit(sender()))
        .breaks(&[(RuleId::Op054, Account)]);
    // With value it is a call with value, too.
    existing(asm().call(op::CALL, entry_point(), 1, &deposit_to(HELPER)))
        .breaks(&[(RuleId::Op054, Account), (RuleId::Op061, Account)]);
    // The same input by another kind of call is another thing.
    existing(asm().call(op::DELEGATECALL, entry_point(), 0, &deposit_to(sender())))
        .breaks(&[(RuleId::Op054, Account)]);
    // Dirty upper bytes are not the sender's address.
    let mut dirty = deposit_to(sender());
    dirty[4] = 1;
    existing(asm().call(op::CALL, entry_point(), 0, &dirty)).breaks(&[(RuleId::Op054, Account)]);
}

#[test]
fn op_053_the_sender_may_pay_the_fallback() {
    for value in [0, 1] {
        existing(asm().call(op::CALL, entry_point(), value, &[])).is_fine();
    }
    created(asm(), asm()).account(asm().call(op::CALL, entry_point(), 1, &[])).is_fine();
}

#[test]
fn op_053_nobody_else_may() {
    let pay = |value| asm().call(op::CALL, entry_point(), value, &[]);
    sponsored(pay(0)).breaks(&[(RuleId::Op054, Paymaster)]);
    sponsored(pay(1)).breaks(&[(RuleId::Op054, Paymaster), (RuleId::Op061, Paymaster)]);
    created(pay(1), asm()).breaks(&[(RuleId::Op054, Factory), (RuleId::Op061, Factory)]);
    existing(asm().call(op::CALL, HELPER, 0, &[]))
        .with(HELPER, pay(1))
        .breaks(&[(RuleId::Op054, Account), (RuleId::Op061, Account)]);
    // One byte of input is not the fallback.
    existing(asm().call(op::CALL, entry_point(), 0, &[0])).breaks(&[(RuleId::Op054, Account)]);
    existing(asm().call_gas(op::STATICCALL, entry_point(), 50_000, &[]))
        .breaks(&[(RuleId::Op054, Account)]);
}

#[test]
fn op_052_and_op_053_are_wider_where_the_constants_say_so() {
    let wide = Constants { deposits_by_entities_only: false, ..Constants::TEXT };
    let pay = || asm().call(op::CALL, entry_point(), 1, &[]);
    let deposit = |account| asm().call(op::CALL, entry_point(), 1, &deposit_to(account));
    let through_helper =
        |body| existing(asm().call(op::CALL, HELPER, 0, &[])).with(HELPER, body).under(wide);
    through_helper(pay()).is_fine();
    through_helper(deposit(sender())).is_fine();
    through_helper(deposit(HELPER)).breaks(&[(RuleId::Op054, Account), (RuleId::Op061, Account)]);
    let factory = asm().call(op::CALL, HELPER, 0, &[]);
    let created = created(factory, asm()).with(HELPER, deposit(new_sender())).under(wide);
    created.is_fine();
    // It is the sender's and the factory's, and nobody else's.
    sponsored(pay()).under(wide).breaks(&[(RuleId::Op054, Paymaster), (RuleId::Op061, Paymaster)]);
}

#[test]
fn op_054_everything_else_on_the_entry_point() {
    for body in [
        asm().call(op::CALL, entry_point(), 0, &call_data("balanceOf(address)", sender())),
        asm().call(op::STATICCALL, entry_point(), 0, &call_data("balanceOf(address)", sender())),
        asm().call(op::CALL, entry_point(), 0, &call_data("unlockStake()", sender())),
        asm().push(0).push(0).push(0).address(entry_point()).op(op::EXTCODECOPY),
    ] {
        existing(body.clone()).breaks(&[(RuleId::Op054, Account)]);
        sponsored(body.clone()).breaks(&[(RuleId::Op054, Paymaster)]);
        created(body, asm()).breaks(&[(RuleId::Op054, Factory)]);
    }
}

#[test]
fn op_054_is_about_validation_only() {
    let call = asm().call(op::CALL, entry_point(), 0, &call_data("balanceOf(address)", sender()));
    existing(asm().executing(call)).execute().is_fine();
}

#[test]
fn op_054_follows_the_entry_point_in_use() {
    let v08 = EntryPoint::canonical(EntryPointVersion::V08).address;
    let call = asm().call(op::CALL, v08, 0, &call_data("balanceOf(address)", sender()));
    existing(call.clone()).on(EntryPointVersion::V08).breaks(&[(RuleId::Op054, Account)]);
    // To an operation of v0.7 it is an ordinary contract, absent on this chain.
    existing(call).breaks(&[(RuleId::Op041, Account)]);
}

/// Calldata of `incrementNonce(7)`.
fn increment_nonce() -> Vec<u8> {
    let mut input = call_data("incrementNonce(uint192)", Address::ZERO);
    input[35] = 7;
    input
}

#[test]
fn op_055_the_sender_may_use_up_nonces() {
    let increment = asm().call(op::CALL, entry_point(), 0, &increment_nonce());
    existing(increment.clone()).is_fine();
    created(asm(), asm()).account(increment).is_fine();
}

#[test]
fn op_055_nobody_else_may_and_not_with_value() {
    let input = increment_nonce();
    let increment = |kind| asm().call(kind, entry_point(), 0, &input);
    sponsored(increment(op::CALL)).breaks(&[(RuleId::Op054, Paymaster)]);
    existing(increment(op::CALLCODE)).breaks(&[(RuleId::Op054, Account)]);
    existing(asm().call(op::CALL, HELPER, 0, &[]))
        .with(HELPER, increment(op::CALL))
        .breaks(&[(RuleId::Op054, Account)]);
    existing(asm().call(op::CALL, entry_point(), 1, &input))
        .breaks(&[(RuleId::Op054, Account), (RuleId::Op061, Account)]);
}

#[test]
fn op_061_calls_with_value() {
    for kind in [op::CALL, op::CALLCODE] {
        let pay = |value| asm().call(kind, HELPER, value, &[]);
        existing(pay(1)).with(HELPER, asm()).breaks(&[(RuleId::Op061, Account)]);
        sponsored(pay(1)).with(HELPER, asm()).breaks(&[(RuleId::Op061, Paymaster)]);
        created(pay(1), asm()).with(HELPER, asm()).breaks(&[(RuleId::Op061, Factory)]);
    }
    // More than the account has: the call fails, the attempt stands.
    existing(asm().call(op::CALL, HELPER, 1_000_000, &[]))
        .with(HELPER, asm())
        .breaks(&[(RuleId::Op061, Account)]);
    // To the sender itself.
    sponsored(asm().call(op::CALL, sender(), 1, &[])).breaks(&[(RuleId::Op061, Paymaster)]);
}

#[test]
fn op_061_without_value_or_while_executing_they_are_fine() {
    for kind in [op::CALL, op::CALLCODE] {
        let pay = |value| asm().call(kind, HELPER, value, &[]);
        existing(pay(0)).with(HELPER, asm()).is_fine();
        existing(asm().executing(pay(1))).with(HELPER, asm()).execute().is_fine();
    }
}

/// Calls a precompile with no input and gas to spare.
fn precompile(number: u64) -> Asm {
    let address = Address::from_word(U256::from(number).into());
    asm().call_gas(op::STATICCALL, address, 200_000, &[])
}

#[test]
fn op_062_the_known_precompiles() {
    for number in (0x1..=0x11).chain([0x100]) {
        existing(precompile(number)).fork(SpecId::OSAKA).is_fine();
    }
    sponsored(precompile(1)).is_fine();
    created(precompile(1), asm()).is_fine();
}

#[test]
fn op_062_no_others() {
    for number in [0x12, 0x64, 0xff, 0x101, 0x200, 0xffff] {
        existing(precompile(number)).fork(SpecId::OSAKA).breaks(&[(RuleId::Op062, Account)]);
    }
    sponsored(precompile(0x12)).breaks(&[(RuleId::Op062, Paymaster)]);
    created(precompile(0x12), asm()).breaks(&[(RuleId::Op062, Factory)]);
    // Code in the range does not make it known.
    let number = Address::from_word(U256::from(0x64).into());
    existing(precompile(0x64))
        .with_code(number, contract(asm()))
        .breaks(&[(RuleId::Op062, Account)]);
    // Beyond the range it is an address like any other.
    existing(precompile(0x1_0000)).breaks(&[(RuleId::Op041, Account)]);
}

#[test]
fn op_062_follows_the_fork() {
    existing(precompile(0x100)).fork(SpecId::PRAGUE).breaks(&[(RuleId::Op062, Account)]);
    existing(precompile(0x0b)).fork(SpecId::CANCUN).breaks(&[(RuleId::Op062, Account)]);
    existing(precompile(0x0b)).fork(SpecId::PRAGUE).is_fine();
}

#[test]
fn several_rules_at_once_come_sorted_and_once() {
    let body = asm()
        .ops(&[op::TIMESTAMP, op::POP, op::TIMESTAMP, op::POP, op::GAS, op::POP])
        .call(op::CALL, EMPTY, 1, &[])
        .call(op::CALL, EMPTY, 1, &[]);
    let case = existing(body).paymaster(asm().ops(&[op::NUMBER, op::POP]), 0);
    let found = case.violations();
    assert_eq!(
        ids(&found),
        [
            (RuleId::Op011, Account),
            (RuleId::Op011, Paymaster),
            (RuleId::Op012, Account),
            (RuleId::Op041, Account),
            (RuleId::Op061, Account),
        ]
    );
    assert_eq!(found, case.violations(), "the same every time");
    let factory = created(asm().ops(&[op::ORIGIN, op::POP]), asm()).violations();
    assert_eq!(factory[0].entity.address, FACTORY);
}
