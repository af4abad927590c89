//! STO-010, STO-021, STO-022, STO-031, STO-032, STO-033, OP-070, EREP-050, COD-010.

use alloy::primitives::{Address, U256};
use revm::bytecode::opcode as op;
use writ_simulation::rules::code_digest;
use writ_types::{
    EntityKind::{Account, Factory, Paymaster},
    RuleId,
};

use crate::{
    asm::{Asm, asm},
    case::{
        Case, FACTORY, HELPER, PAYMASTER, created, existing, ids, new_sender, sender, sponsored,
    },
};

/// Reading and writing, durable and transient (OP-070: judged alike).
const READS: [u8; 2] = [op::SLOAD, op::TLOAD];
const WRITES: [u8; 2] = [op::SSTORE, op::TSTORE];

/// Uses the slot on top of the stack.
fn using(slot: Asm, opcode: u8) -> Asm {
    if READS.contains(&opcode) {
        slot.ops(&[opcode, op::POP])
    } else {
        asm().push(1).then(slot).op(opcode)
    }
}

fn all() -> impl Iterator<Item = u8> {
    READS.into_iter().chain(WRITES)
}

/// Uses a plain slot, which is associated with nobody.
fn plain(opcode: u8) -> Asm {
    using(asm().push(5), opcode)
}

/// Uses `keccak256(owner ‖ 3) + offset`.
fn associated(owner: Address, offset: u64, opcode: u8) -> Asm {
    using(asm().associated(owner, 3).push(offset).op(op::ADD), opcode)
}

fn calls_helper() -> Asm {
    asm().call(op::CALL, HELPER, 0, &[])
}

/// An account that calls a helper which runs `body`.
fn helped(body: Asm) -> Case {
    existing(calls_helper()).with(HELPER, body)
}

/// A paymaster that calls a helper which runs `body`.
fn helped_paymaster(body: Asm) -> Case {
    sponsored(calls_helper()).with(HELPER, body)
}

#[test]
fn sto_010_own_storage_of_the_account() {
    for opcode in all() {
        existing(plain(opcode)).is_fine();
        created(asm(), asm()).account(plain(opcode)).is_fine();
        created(asm(), asm()).constructor(plain(opcode)).is_fine();
        // By somebody else's code, run as the account.
        existing(asm().call(op::DELEGATECALL, HELPER, 0, &[]))
            .with(HELPER, plain(opcode))
            .is_fine();
        // In the paymaster's frame, by the account.
        let account = asm().op(op::CALLDATASIZE).op(op::ISZERO).when(plain(opcode).op(op::STOP));
        sponsored(asm().call(op::CALL, sender(), 0, &[])).account(account).is_fine();
    }
}

#[test]
fn sto_010_the_same_code_as_a_contract_of_its_own() {
    for opcode in all() {
        helped(plain(opcode)).breaks(&[(RuleId::Sto033, Account)]);
    }
}

#[test]
fn sto_021_slots_associated_with_an_existing_account() {
    for opcode in all() {
        helped(using(asm().address(sender()), opcode)).is_fine();
        for offset in [0, 1, 127] {
            helped(associated(sender(), offset, opcode)).is_fine();
        }
        helped_paymaster(associated(sender(), 0, opcode)).is_fine();
    }
}

#[test]
fn sto_021_needs_association_with_the_sender() {
    for opcode in all() {
        helped(associated(sender(), 128, opcode)).breaks(&[(RuleId::Sto033, Account)]);
        helped(associated(HELPER, 0, opcode)).breaks(&[(RuleId::Sto033, Account)]);
        helped(using(asm().address(HELPER), opcode)).breaks(&[(RuleId::Sto033, Account)]);
        // The slot before the hash.
        let before = using(asm().push(1).associated(sender(), 3).op(op::SUB), opcode);
        helped(before).breaks(&[(RuleId::Sto033, Account)]);
    }
}

#[test]
fn sto_021_is_about_contracts_that_are_no_entities() {
    // The account reaches into the paymaster, at a slot associated with itself.
    let only_when_called =
        |body: Asm| asm().op(op::CALLDATASIZE).op(op::ISZERO).when(body.op(op::STOP));
    for opcode in all() {
        existing(asm().call(op::CALL, PAYMASTER, 0, &[]))
            .paymaster(only_when_called(associated(sender(), 0, opcode)), 0)
            .staked(PAYMASTER)
            .breaks(&[(RuleId::Sto033, Account)]);
    }
}

#[test]
fn sto_021_the_hash_may_come_from_another_frame() {
    // The account computes the hash, the helper is given the slot in calldata.
    let slot = alloy::primitives::keccak256(
        [sender().into_word().0, U256::from(3).to_be_bytes::<32>()].concat(),
    );
    let from_calldata = using(asm().push(0).op(op::CALLDATALOAD), op::SLOAD);
    let account = |hashing: Asm| {
        existing(hashing.call(op::CALL, HELPER, 0, slot.as_slice()))
            .with(HELPER, from_calldata.clone())
    };
    account(asm().associated(sender(), 3).op(op::POP)).is_fine();
    // Nobody computed it: it cannot be known to be associated.
    account(asm()).breaks(&[(RuleId::Sto033, Account)]);
}

/// The account under creation, and its constructor, call a helper that runs `body`.
fn under_creation(body: Asm) -> [Case; 2] {
    [
        created(asm(), asm()).account(calls_helper()).with(HELPER, body.clone()),
        created(asm(), asm()).constructor(calls_helper()).with(HELPER, body),
    ]
}

#[test]
fn sto_022_a_staked_factory_opens_the_new_accounts_slots() {
    for opcode in all() {
        for case in under_creation(associated(new_sender(), 0, opcode)) {
            case.staked(FACTORY).is_fine();
        }
    }
}

#[test]
fn sto_022_not_without_stake_and_not_others() {
    for opcode in all() {
        let kinds = [Account, Factory];
        let cases = under_creation(associated(new_sender(), 0, opcode));
        for (case, kind) in cases.into_iter().zip(kinds) {
            case.breaks(&[(RuleId::Sto022, kind)]);
        }
        // A stake does not open slots that are not associated, except for reading.
        let [case, _] = under_creation(associated(new_sender(), 128, opcode));
        case.staked(FACTORY).breaks(&[(RuleId::Sto033, Account)]);
    }
}

#[test]
fn sto_022_is_about_accounts_that_this_operation_creates() {
    let case = helped(associated(sender(), 0, op::SSTORE));
    let mut trace = case.trace();
    // EntryPoint v0.9 ignores the factory of an account that exists.
    trace.factory = Some(FACTORY);
    assert_eq!(ids(&case.judge(&trace)), []);
    // The control: it does not exist.
    trace.sender_existed = false;
    assert_eq!(ids(&case.judge(&trace)), [(RuleId::Sto022, Account)]);
    // An earlier operation of the same bundle created it.
    trace.factory = None;
    assert_eq!(ids(&case.judge(&trace)), []);
}

#[test]
fn sto_031_own_storage_of_factory_and_paymaster() {
    for opcode in all() {
        sponsored(plain(opcode)).staked(PAYMASTER).is_fine();
        created(plain(opcode), asm()).staked(FACTORY).is_fine();
    }
}

#[test]
fn sto_031_not_without_a_stake_of_its_own() {
    for opcode in all() {
        sponsored(plain(opcode)).breaks(&[(RuleId::Sto031, Paymaster)]);
        sponsored(plain(opcode)).staked(sender()).breaks(&[(RuleId::Sto031, Paymaster)]);
        created(plain(opcode), asm()).breaks(&[(RuleId::Sto031, Factory)]);
        // A slot associated with the account does not help: the paymaster is an entity.
        sponsored(associated(sender(), 0, opcode)).breaks(&[(RuleId::Sto031, Paymaster)]);
    }
}

#[test]
fn sto_032_slots_associated_with_a_staked_entity() {
    for opcode in all() {
        helped_paymaster(associated(PAYMASTER, 0, opcode)).staked(PAYMASTER).is_fine();
        created(calls_helper(), asm())
            .with(HELPER, associated(FACTORY, 5, opcode))
            .staked(FACTORY)
            .is_fine();
    }
}

#[test]
fn sto_032_not_without_stake_and_not_for_others() {
    for opcode in all() {
        let case = helped_paymaster(associated(PAYMASTER, 0, opcode));
        case.breaks(&[(RuleId::Sto032, Paymaster)]);
        case.staked(sender()).breaks(&[(RuleId::Sto032, Paymaster)]);
        created(calls_helper(), asm())
            .with(HELPER, associated(FACTORY, 5, opcode))
            .breaks(&[(RuleId::Sto032, Factory)]);
        // Associated with the factory, but used by the account.
        created(asm(), asm())
            .account(calls_helper())
            .with(HELPER, associated(FACTORY, 0, opcode))
            .staked(FACTORY)
            .breaks(&[(RuleId::Sto033, Account)]);
    }
}

#[test]
fn sto_033_reading_anything_when_staked() {
    for opcode in READS {
        helped_paymaster(plain(opcode)).staked(PAYMASTER).is_fine();
        helped(plain(opcode)).staked(sender()).is_fine();
        created(calls_helper(), asm()).with(HELPER, plain(opcode)).staked(FACTORY).is_fine();
    }
}

#[test]
fn sto_033_not_without_stake_and_never_writing() {
    for opcode in READS {
        helped_paymaster(plain(opcode)).breaks(&[(RuleId::Sto033, Paymaster)]);
        helped(plain(opcode)).breaks(&[(RuleId::Sto033, Account)]);
    }
    for opcode in WRITES {
        helped_paymaster(plain(opcode)).staked(PAYMASTER).breaks(&[(RuleId::Sto033, Paymaster)]);
        helped(plain(opcode)).staked(sender()).breaks(&[(RuleId::Sto033, Account)]);
    }
}

#[test]
fn sto_033_not_in_other_entities() {
    // A staked account reads the paymaster's own storage.
    let paymaster = asm().op(op::CALLDATASIZE).op(op::ISZERO).when(plain(op::SLOAD).op(op::STOP));
    existing(asm().call(op::STATICCALL, PAYMASTER, 0, &[]))
        .paymaster(paymaster, 0)
        .staked(sender())
        .staked(PAYMASTER)
        .breaks(&[(RuleId::Sto033, Account)]);
}

#[test]
fn op_070_says_so_and_keeps_reads_and_writes_apart() {
    let found = helped(plain(op::TSTORE)).violations();
    assert_eq!(ids(&found), [(RuleId::Sto033, Account)]);
    assert!(found[0].detail.contains("transient slot 0x5"), "{}", found[0].detail);
    // A transient read is a read even where the durable slot is written, and the other way round.
    let both = plain(op::SSTORE).then(plain(op::TLOAD));
    let found = helped_paymaster(both).staked(PAYMASTER).violations();
    assert_eq!(ids(&found), [(RuleId::Sto033, Paymaster)]);
    assert!(found[0].detail.contains("(slot 0x5)"), "{}", found[0].detail);
}

#[test]
fn op_070_allows_transient_storage_where_storage_is_allowed() {
    existing(plain(op::TSTORE).then(plain(op::TLOAD))).is_fine();
    helped(associated(sender(), 0, op::TSTORE)).is_fine();
    existing(asm().executing(calls_helper())).with(HELPER, plain(op::TSTORE)).execute().is_fine();
}

#[test]
fn storage_of_reverted_frames_counts() {
    let revert = asm().push(0).push(0).op(op::REVERT);
    helped(plain(op::SLOAD).then(revert.clone())).breaks(&[(RuleId::Sto033, Account)]);
    helped(revert).is_fine();
}

#[test]
fn erep_050_a_staked_paymaster_may_return_a_context() {
    let case = |length| existing(asm()).paymaster(asm(), length);
    case(0).is_fine();
    case(64).staked(PAYMASTER).is_fine();
}

#[test]
fn erep_050_context_needs_stake() {
    let case = |length| existing(asm()).paymaster(asm(), length);
    case(1).breaks(&[(RuleId::Erep050, Paymaster)]);
    case(64).breaks(&[(RuleId::Erep050, Paymaster)]);
    case(64).staked(sender()).breaks(&[(RuleId::Erep050, Paymaster)]);
}

#[test]
fn cod_010_the_digest_follows_the_code_of_everything_visited() {
    let digest = |case: &Case| code_digest(&case.trace());
    let case = helped(asm().push(1).op(op::POP));
    assert_eq!(digest(&case), digest(&case));
    let changed = helped(asm().push(2).op(op::POP));
    assert_ne!(digest(&case), digest(&changed), "called code");
    let unvisited = existing(asm()).with(HELPER, asm());
    assert_eq!(digest(&unvisited), digest(&existing(asm())), "code that nobody visits");
    let looks =
        |body| existing(asm().address(HELPER).ops(&[op::EXTCODESIZE, op::POP])).with(HELPER, body);
    assert_ne!(digest(&looks(asm())), digest(&looks(asm().push(1))), "code that is looked at");
}

#[test]
fn cod_010_follows_delegations() {
    let delegate = Address::repeat_byte(0xde);
    let designation = [&[0xef, 0x01, 0x00], delegate.as_slice()].concat();
    let case = |body: Asm| {
        existing(calls_helper()).with_code(HELPER, designation.clone().into()).with(delegate, body)
    };
    let digest = |case: &Case| code_digest(&case.trace());
    assert_ne!(digest(&case(asm().push(1))), digest(&case(asm().push(2))));
    assert_eq!(digest(&case(asm().push(1))), digest(&case(asm().push(1))));
}

#[test]
fn what_a_stake_would_allow_says_which_stake() {
    let ether = U256::from(10).pow(U256::from(18));
    for (case, required) in [
        (sponsored(plain(op::SLOAD)), Some(ether)),
        (helped(plain(op::SLOAD)), Some(ether)),
        (helped(plain(op::SSTORE)), None),
        (existing(asm()).paymaster(asm(), 32), Some(ether)),
        (existing(asm().ops(&[op::SELFBALANCE, op::POP])), Some(ether)),
    ] {
        assert_eq!(case.violations()[0].required, required, "{case:?}");
    }
}
