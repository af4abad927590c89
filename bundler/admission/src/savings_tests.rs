use alloy::primitives::{B256, Bytes};
use writ_simulation::trace::{
    CallKind, CallUse, CodeAccess, CodeState, FrameStatus, Phase, StorageAccess, StorageUse,
};
use writ_types::{EntryPoint, Paymaster};

use super::*;
use crate::{testing, verdict::tests::outcome};

const PAYMASTER: Address = Address::repeat_byte(0x9a);
const TOKEN: Address = Address::repeat_byte(0x70);

/// Operations with this paymaster, staked or not, whose frame used `before` gas alone and `now` in the bundle, writing
/// or reading a slot of a token.
fn case(staked: bool, gas: &[(u64, u64)], access: Option<StorageAccess>) -> Vec<Sanction> {
    let mut operations = Vec::new();
    let mut outcomes = Vec::new();
    for (before, now) in gas {
        let mut operation = testing::operation();
        operation.paymaster = Some(Paymaster {
            address: PAYMASTER,
            verification_gas_limit: 1,
            post_op_gas_limit: 1,
            data: Bytes::new(),
            signature: None,
        });
        let mut outcome = outcome(&operation);
        let mut frame = FrameTrace::new(Phase::Paymaster, PAYMASTER, CodeState::Contract, 1);
        frame.gas_used = *now;
        frame.storage.extend(access.map(|access| StorageUse {
            address: TOKEN,
            slot: U256::ZERO,
            access,
        }));
        outcome.trace.paymaster_frame = Some(frame);
        let entry_point = EntryPoint::canonical(operation.version);
        let mut pooled = PoolOperation::new(operation, entry_point, B256::ZERO);
        pooled.facts.gas.paymaster = *before;
        pooled.facts.staked_paymaster = staked;
        operations.push(Arc::new(pooled));
        outcomes.push(outcome);
    }
    let simulation = Simulation {
        block_number: 1,
        block_hash: B256::ZERO,
        ops: outcomes,
        failure: None,
        gas_used: 0,
        accessed: Default::default(),
    };
    throttled(&operations, &simulation)
}

const THROTTLED: [Sanction; 1] = [Sanction::Throttle(PAYMASTER)];

#[test]
fn erep_070_more_than_a_tenth_less_is_throttled() {
    assert_eq!(case(true, &[(100_000, 89_999)], None), THROTTLED);
    assert_eq!(case(true, &[(100_000, 50_000), (100_000, 50_000)], None), THROTTLED, "once");
}

#[test]
fn erep_070_a_tenth_is_fine_and_so_is_whoever_is_unstaked() {
    assert_eq!(case(true, &[(100_000, 90_000)], None), []);
    assert_eq!(case(true, &[(100_000, 120_000)], None), []);
    assert_eq!(case(false, &[(100_000, 10)], None), []);
}

#[test]
fn erep_070_what_others_warmed_is_no_game() {
    // The second one finds the paymaster and the slot warm.
    for (access, saving) in [
        (None, WARM_ADDRESS),
        (Some(StorageAccess::READ), WARM_ADDRESS + WARM_SLOT),
        (Some(StorageAccess::WRITE), WARM_ADDRESS + WARM_WRITE),
    ] {
        let second = 90_000 - saving;
        assert_eq!(case(true, &[(100_000, 100_000), (100_000, second)], access), [], "{saving}");
        assert_eq!(case(true, &[(100_000, 100_000), (100_000, second - 1)], access), THROTTLED);
        assert_eq!(case(true, &[(100_000, second)], access), THROTTLED, "the first finds it cold");
    }
}

/// A frame of the paymaster that calls and looks at these addresses.
fn frame(called: &[Address], looked_at: &[Address]) -> FrameTrace {
    let mut frame = FrameTrace::new(Phase::Paymaster, PAYMASTER, CodeState::Contract, 1);
    frame.calls.extend(called.iter().map(|to| CallUse {
        kind: CallKind::Call,
        from: PAYMASTER,
        from_code: PAYMASTER,
        to: *to,
        value: U256::ZERO,
        selector: None,
        input_len: 0,
        argument: None,
        target: CodeState::Contract,
        depth: 0,
        status: FrameStatus::Success,
    }));
    frame.code_accesses.extend(looked_at.iter().map(|target| CodeAccess {
        opcode: 0x3b,
        contract: PAYMASTER,
        target: *target,
        has_code: true,
        delegated: false,
        next_opcode: 0,
    }));
    frame
}

#[test]
fn erep_070_what_was_called_or_looked_at_is_warm_and_nothing_else() {
    let other = Address::repeat_byte(0x71);
    for earlier in [frame(&[TOKEN], &[]), frame(&[], &[TOKEN])] {
        let mut warm = Warm::default();
        assert_eq!(warm.saves(&earlier), 0, "the first finds all of it cold");
        warm.add(&earlier);
        for (later, addresses) in [
            (frame(&[], &[]), 1),
            (frame(&[TOKEN], &[]), 2),
            (frame(&[], &[TOKEN]), 2),
            (frame(&[TOKEN, TOKEN], &[TOKEN, PAYMASTER]), 2),
            (frame(&[other], &[other]), 1),
        ] {
            assert_eq!(warm.saves(&later), addresses * WARM_ADDRESS, "{later:?}");
        }
        let mut stranger = frame(&[other], &[]);
        stranger.entity = other;
        assert_eq!(warm.saves(&stranger), 0);
    }
}
