//! OP-011, OP-012, OP-013, OP-020, OP-080.

use alloy::primitives::{Address, U256};
use revm::{bytecode::opcode as op, primitives::hardfork::SpecId};
use writ_types::{
    EntityKind::{Account, Factory, Paymaster},
    RuleId,
};

use crate::{
    asm::{Asm, asm},
    case::{FACTORY, HELPER, PAYMASTER, created, existing, ids, sender, sponsored},
    world::World,
};

/// Opcodes of OP-011 that only push a word.
const NULLARY: [u8; 9] = [
    op::ORIGIN,
    op::GASPRICE,
    op::COINBASE,
    op::TIMESTAMP,
    op::NUMBER,
    op::DIFFICULTY,
    op::GASLIMIT,
    op::BASEFEE,
    op::BLOBBASEFEE,
];

const CALLS: [u8; 4] = [op::CALL, op::CALLCODE, op::DELEGATECALL, op::STATICCALL];

fn uses(opcode: u8) -> Asm {
    asm().ops(&[opcode, op::POP])
}

#[test]
fn op_011_each_banned_opcode_in_each_frame() {
    for opcode in NULLARY {
        existing(uses(opcode)).breaks(&[(RuleId::Op011, Account)]);
        sponsored(uses(opcode)).breaks(&[(RuleId::Op011, Paymaster)]);
        created(uses(opcode), asm()).breaks(&[(RuleId::Op011, Factory)]);
    }
    for opcode in [op::BLOCKHASH, op::BLOBHASH] {
        existing(asm().push(0).ops(&[opcode, op::POP])).breaks(&[(RuleId::Op011, Account)]);
    }
    let selfdestruct = asm().address(sender()).op(op::SELFDESTRUCT);
    existing(asm().call(op::CALL, HELPER, 0, &[]))
        .with(HELPER, selfdestruct)
        .breaks(&[(RuleId::Op011, Account)]);
    existing(asm().call_gas(op::CALL, HELPER, 5_000, &[]))
        .with(HELPER, asm().op(op::INVALID))
        .breaks(&[(RuleId::Op011, Account)]);
}

#[test]
fn op_011_on_every_entry_point() {
    for version in World::versions() {
        existing(uses(op::TIMESTAMP)).on(version).breaks(&[(RuleId::Op011, Account)]);
        created(uses(op::TIMESTAMP), asm()).on(version).breaks(&[(RuleId::Op011, Factory)]);
        sponsored(uses(op::TIMESTAMP)).on(version).breaks(&[(RuleId::Op011, Paymaster)]);
        created(asm(), asm()).paymaster(asm(), 0).on(version).is_fine();
    }
}

#[test]
fn op_011_through_every_kind_of_call() {
    for kind in CALLS {
        let case = existing(asm().call(kind, HELPER, 0, &[])).with(HELPER, uses(op::TIMESTAMP));
        let found = case.violations();
        assert_eq!(ids(&found), [(RuleId::Op011, Account)]);
        assert_eq!(found[0].address, Some(HELPER), "the code that used it is named");
        assert!(found[0].detail.contains("TIMESTAMP"), "{}", found[0].detail);
    }
    created(asm(), asm()).constructor(uses(op::NUMBER)).breaks(&[(RuleId::Op011, Factory)]);
}

#[test]
fn op_011_even_if_the_frame_reverts() {
    existing(asm().call(op::CALL, HELPER, 0, &[]))
        .with(HELPER, uses(op::TIMESTAMP).push(0).push(0).op(op::REVERT))
        .breaks(&[(RuleId::Op011, Account)]);
    let rejected = existing(uses(op::TIMESTAMP).push(0).push(0).op(op::REVERT));
    assert_eq!(ids(&rejected.violations_when_rejected()), [(RuleId::Op011, Account)]);
}

#[test]
fn op_011_allows_the_same_bytes_as_data_and_the_same_opcodes_in_execution() {
    for opcode in NULLARY {
        existing(asm().push(U256::from(opcode)).op(op::POP)).is_fine();
        existing(asm().executing(uses(opcode))).execute().is_fine();
    }
    // Code after the end of the program is not run.
    existing(asm().load(NULLARY.to_vec(), 0)).is_fine();
}

#[test]
fn op_011_create_without_factory() {
    let create = asm().create(op::CREATE, &asm().build()).op(op::POP);
    existing(create.clone()).breaks(&[(RuleId::Op011, Account)]);
    sponsored(create.clone()).breaks(&[(RuleId::Op011, Paymaster)]);
    existing(asm().executing(create)).execute().is_fine();
}

#[test]
fn op_012_gas_is_for_calls() {
    for kind in CALLS {
        existing(asm().call(kind, HELPER, 0, &[])).with(HELPER, asm()).is_fine();
    }
    existing(asm().executing(uses(op::GAS))).execute().is_fine();
}

#[test]
fn op_012_gas_for_anything_else_is_blocked() {
    existing(uses(op::GAS)).breaks(&[(RuleId::Op012, Account)]);
    sponsored(uses(op::GAS)).breaks(&[(RuleId::Op012, Paymaster)]);
    created(uses(op::GAS), asm()).breaks(&[(RuleId::Op012, Factory)]);
    existing(asm().call(op::STATICCALL, HELPER, 0, &[]))
        .with(HELPER, asm().op(op::GAS))
        .breaks(&[(RuleId::Op012, Account)]);
}

#[test]
fn op_012_means_the_very_next_instruction() {
    // PUSH1 CALL: the byte after GAS is a push, though its operand reads like a call.
    existing(asm().op(op::GAS).push(U256::from(op::CALL)).ops(&[op::POP, op::POP]))
        .breaks(&[(RuleId::Op012, Account)]);
    // GAS, JUMPDEST, CALL
    let apart = asm().push(0).push(0).push(0).push(0).push(0).address(HELPER).ops(&[
        op::GAS,
        op::JUMPDEST,
        op::CALL,
        op::POP,
    ]);
    existing(apart).with(HELPER, asm()).breaks(&[(RuleId::Op012, Account)]);
    // A creation is not a call.
    let creation = asm().push(0).push(0).push(0).ops(&[op::GAS, op::POP, op::CREATE, op::POP]);
    existing(creation).breaks(&[(RuleId::Op011, Account), (RuleId::Op012, Account)]);
}

#[test]
fn op_013_unassigned_opcodes() {
    for opcode in [0x0c, 0x21, 0xa5, 0xef] {
        existing(asm().call_gas(op::CALL, HELPER, 5_000, &[]))
            .with(HELPER, asm().op(opcode))
            .breaks(&[(RuleId::Op013, Account)]);
    }
    let rejected = sponsored(asm().op(0x0c));
    assert_eq!(ids(&rejected.violations_when_rejected()), [(RuleId::Op013, Paymaster)]);
    existing(asm().push(0x0c).op(op::POP)).is_fine();
}

#[test]
fn op_013_depends_on_the_fork() {
    let clz = existing(asm().call_gas(op::CALL, HELPER, 5_000, &[]))
        .with(HELPER, asm().push(1).ops(&[0x1e, op::POP]));
    clz.clone().fork(SpecId::PRAGUE).breaks(&[(RuleId::Op013, Account)]);
    clz.fork(SpecId::OSAKA).is_fine();
}

#[test]
fn op_020_every_way_to_run_out_of_gas() {
    let starved =
        |gas, body: Asm| existing(asm().call_gas(op::CALL, HELPER, gas, &[])).with(HELPER, body);
    starved(500, asm().forever()).breaks(&[(RuleId::Op020, Account)]);
    // Memory expansion.
    starved(5_000, asm().push(1).push(0x10_0000).op(op::MSTORE))
        .breaks(&[(RuleId::Op020, Account)]);
    // A copy whose dynamic cost is the last straw.
    starved(5_000, asm().push(0x10_0000).push(0).push(0).op(op::CALLDATACOPY))
        .breaks(&[(RuleId::Op020, Account)]);
    // A precompile.
    existing(asm().call_gas(op::STATICCALL, Address::with_last_byte(1), 100, &[1; 128]))
        .breaks(&[(RuleId::Op020, Account)]);
    // The stipend sentry of SSTORE, on the account's own storage.
    existing(asm().call_gas(op::DELEGATECALL, HELPER, 2_300, &[]))
        .with(HELPER, asm().push(1).push(1).op(op::SSTORE))
        .breaks(&[(RuleId::Op020, Account)]);
}

#[test]
fn op_020_in_each_frame_and_at_its_top() {
    let starving = asm().call_gas(op::CALL, HELPER, 500, &[]);
    sponsored(starving.clone()).with(HELPER, asm().forever()).breaks(&[(RuleId::Op020, Paymaster)]);
    created(starving, asm()).with(HELPER, asm().forever()).breaks(&[(RuleId::Op020, Factory)]);
    let rejected = existing(asm().forever());
    assert_eq!(ids(&rejected.violations_when_rejected()), [(RuleId::Op020, Account)]);
}

#[test]
fn op_020_allows_reverts_and_enough_gas() {
    existing(asm().call_gas(op::CALL, HELPER, 5_000, &[]))
        .with(HELPER, asm().push(0).push(0).op(op::REVERT))
        .is_fine();
    existing(asm().call_gas(op::STATICCALL, Address::with_last_byte(1), 3_000, &[1; 128]))
        .is_fine();
    existing(asm().call_gas(op::DELEGATECALL, HELPER, 50_000, &[]))
        .with(HELPER, asm().push(1).push(1).op(op::SSTORE))
        .is_fine();
    existing(asm().executing(asm().call_gas(op::CALL, HELPER, 500, &[])))
        .with(HELPER, asm().forever())
        .execute()
        .is_fine();
}

/// Both ways to read a balance.
fn balances() -> [Asm; 2] {
    [asm().op(op::SELFBALANCE).op(op::POP), asm().address(HELPER).ops(&[op::BALANCE, op::POP])]
}

#[test]
fn op_080_balances_are_for_staked_entities() {
    for body in balances() {
        existing(body.clone()).staked(sender()).is_fine();
        sponsored(body.clone()).staked(PAYMASTER).is_fine();
        created(body.clone(), asm()).staked(FACTORY).is_fine();
        existing(asm().executing(body)).execute().is_fine();
    }
}

#[test]
fn op_080_balances_are_not_for_others() {
    for body in balances() {
        existing(body.clone()).breaks(&[(RuleId::Op080, Account)]);
        sponsored(body.clone()).breaks(&[(RuleId::Op080, Paymaster)]);
        sponsored(body.clone()).staked(sender()).breaks(&[(RuleId::Op080, Paymaster)]);
        created(body, asm()).breaks(&[(RuleId::Op080, Factory)]);
    }
}

#[test]
fn banned_opcodes_are_named_in_the_words_of_the_compatibility_suite() {
    for (body, name) in [
        (uses(op::TIMESTAMP), "TIMESTAMP"),
        (uses(op::DIFFICULTY), "DIFFICULTY"),
        (uses(op::GAS), "GAS"),
        (uses(op::SELFBALANCE), "SELFBALANCE"),
    ] {
        let shown = existing(body.clone()).violations()[0].to_string();
        assert!(shown.contains(&format!("account uses banned opcode: {name}")), "{shown}");
        let shown = sponsored(body.clone()).violations()[0].to_string();
        assert!(shown.contains(&format!("paymaster uses banned opcode: {name}")), "{shown}");
        let shown = created(body, asm()).violations()[0].to_string();
        assert!(shown.contains("factory") && shown.contains(name), "{shown}");
    }
}
