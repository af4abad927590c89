//! AUTH-020, AUTH-030.

use alloy::primitives::{Address, Bytes};
use revm::bytecode::opcode as op;
use writ_types::{
    EntityKind::{Account, Factory, Paymaster},
    EntryPointVersion, RuleId,
};

use crate::{
    asm::{Asm, asm, factory, paymaster},
    case::{Case, FACTORY, HELPER, created, existing, init_code, sender, sponsored},
};

/// Where delegated code is.
const DELEGATE: Address = Address::repeat_byte(0xde);

const CALLS: [u8; 4] = [op::CALL, op::CALLCODE, op::DELEGATECALL, op::STATICCALL];

/// The code of an EIP-7702 account.
fn designation() -> Bytes {
    [&[0xef, 0x01, 0x00], DELEGATE.as_slice()].concat().into()
}

/// Every way to use an address.
fn uses_of(target: Address) -> Vec<Asm> {
    let mut uses: Vec<_> = CALLS.into_iter().map(|kind| asm().call(kind, target, 0, &[])).collect();
    uses.push(asm().address(target).ops(&[op::EXTCODESIZE, op::POP]));
    uses.push(asm().address(target).ops(&[op::EXTCODEHASH, op::POP]));
    uses.push(asm().push(0).push(0).push(0).address(target).op(op::EXTCODECOPY));
    uses
}

#[test]
fn auth_020_paymaster_and_factory_are_no_eip_7702_accounts() {
    sponsored(asm())
        .paymaster_code(designation())
        .with_code(DELEGATE, paymaster(asm(), 0))
        .breaks(&[(RuleId::Auth020, Paymaster)]);
    created(asm(), asm())
        .factory_code(designation(), FACTORY)
        .with_code(DELEGATE, factory(asm(), &init_code(), asm()))
        .breaks(&[(RuleId::Auth020, Factory)]);
}

#[test]
fn auth_020_the_sender_may_be_one() {
    let delegated = crate::asm::account(asm());
    existing(asm()).account_code(designation()).with_code(DELEGATE, delegated.clone()).is_fine();
    // Beside a paymaster whose code is its own.
    sponsored(asm()).account_code(designation()).with_code(DELEGATE, delegated).is_fine();
}

/// An EIP-7702 account that runs `body` when it is initialised.
fn initialising(body: Asm) -> Case {
    let when_called = asm().op(op::CALLDATASIZE).push(2).op(op::EQ).when(body.op(op::STOP));
    existing(asm())
        .on(EntryPointVersion::V08)
        .account_code(designation())
        .with_code(DELEGATE, crate::asm::account(when_called))
        .initialised_by(vec![1, 2])
}

#[test]
fn auth_020_the_sender_initialises_itself() {
    let case = initialising(asm().push(1).push(5).op(op::SSTORE));
    case.is_fine();
    let trace = case.trace();
    let storage = trace.deploy.expect("it was initialised").storage;
    assert_eq!(storage.len(), 1, "and ran");
}

#[test]
fn what_an_initialisation_does_is_the_accounts_doing() {
    initialising(asm().ops(&[op::TIMESTAMP, op::POP])).breaks(&[(RuleId::Op011, Account)]);
    initialising(asm().create(op::CREATE2, &asm().build()).op(op::POP))
        .breaks(&[(RuleId::Op031, Account)]);
    initialising(asm().call(op::CALL, HELPER, 0, &[]))
        .with_code(HELPER, designation())
        .breaks(&[(RuleId::Auth030, Account)]);
}

#[test]
fn auth_030_nobody_else_who_is_one_may_be_reached() {
    for body in uses_of(HELPER) {
        let delegated = |case: Case| case.with_code(HELPER, designation()).with(DELEGATE, asm());
        delegated(existing(body.clone())).breaks(&[(RuleId::Auth030, Account)]);
        delegated(sponsored(body.clone())).breaks(&[(RuleId::Auth030, Paymaster)]);
        delegated(created(body.clone(), asm())).breaks(&[(RuleId::Auth030, Factory)]);
        delegated(existing(asm().executing(body.clone()))).execute().is_fine();
        // The control: the same code without a delegation.
        existing(body).with(HELPER, asm()).is_fine();
    }
    let found = existing(asm().call(op::STATICCALL, HELPER, 0, &[]))
        .with_code(HELPER, designation())
        .with(DELEGATE, asm())
        .violations();
    assert_eq!(found[0].address, Some(HELPER));
    assert!(found[0].detail.contains("STATICCALL"), "{}", found[0].detail);
}

#[test]
fn auth_030_the_sender_who_is_one_may_be_reached_and_so_may_its_delegate() {
    // Called while validating, it only looks at its own input.
    let account = |body: Asm| crate::asm::account(body);
    for body in uses_of(sender()) {
        sponsored(body).account_code(designation()).with_code(DELEGATE, account(asm())).is_fine();
    }
    for body in uses_of(DELEGATE) {
        existing(body).with(DELEGATE, asm()).is_fine();
    }
}
