//! Gas estimation: what it finds is enough, and hardly more than enough.

use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::{Address, Bytes, U256, keccak256};
use revm::{bytecode::opcode as op, primitives::hardfork::SpecId};
use writ_simulation::{
    Overrides, PinnedBlock, SimulationRequest,
    estimation::{
        EstimationError, EstimationRequest, GasEstimate, GasLimits, SignaturePlan, estimate,
    },
    test_utils::{SimpleAccount, execute_call},
};
use writ_types::{
    CalldataGas, EntryPointVersion, ErrorCode, GasDefaults, GasSchedule, PartialPaymaster,
    PartialUserOperation, UserOperation,
};

use crate::{
    asm::{Asm, account, asm, contract, paymaster},
    case::{HELPER, PAYMASTER, sender},
    world::{World, simulator},
};

/// `postOp(uint8,bytes,uint256,uint256)`
const POST_OP: u32 = 0x7c62_7b21;

/// An operation of which nothing but sender and callData is known.
fn unknown(world: &World, sender: Address) -> PartialUserOperation {
    PartialUserOperation {
        version: world.entry_point.version,
        sender,
        nonce: U256::ZERO,
        factory: None,
        call_data: vec![1, 2, 3, 4].into(),
        call_gas_limit: None,
        verification_gas_limit: None,
        pre_verification_gas: None,
        max_fee_per_gas: None,
        max_priority_fee_per_gas: None,
        paymaster: None,
        signature: None,
        authorization: None,
    }
}

fn sponsored(mut operation: PartialUserOperation) -> PartialUserOperation {
    operation.paymaster = Some(PartialPaymaster {
        address: PAYMASTER,
        verification_gas_limit: None,
        post_op_gas_limit: None,
        data: Bytes::new(),
        signature: None,
    });
    operation
}

/// An account that burns gas in validation and in execution.
fn burner(validation: u64, execution: Asm) -> Bytes {
    account(asm().executing(execution).burn(validation).pay_prefund())
}

fn estimated(
    world: &World,
    operation: &PartialUserOperation,
) -> Result<GasEstimate, EstimationError> {
    let request = EstimationRequest::new(world.entry_point, operation.clone());
    estimate(&simulator(SpecId::PRAGUE), &world.pin(), &request)
}

/// Whether the operation succeeds with these limits, on the unchanged chain.
fn succeeds(world: &World, operation: &PartialUserOperation, limits: GasLimits, pvg: U256) -> bool {
    let block = world.pin();
    let defaults = GasDefaults {
        fee_per_gas: u128::from(block.base_fee()) * 2,
        pre_verification_gas: pvg,
        ..GasDefaults::default()
    };
    let mut operation = operation.complete(&defaults);
    limits.apply(&mut operation);
    operation_succeeds(world, &block, operation)
}

fn operation_succeeds(world: &World, block: &PinnedBlock, operation: UserOperation) -> bool {
    let request = SimulationRequest::single(world.entry_point, operation);
    simulator(SpecId::PRAGUE).simulate_sync(block, &request).unwrap().is_success()
}

/// Asserts that the found limits are enough and that each of them, 100 gas lower, is not.
#[track_caller]
fn assert_tight(world: &World, operation: &PartialUserOperation, estimate: &GasEstimate) {
    let pvg = estimate.pre_verification_gas;
    assert!(succeeds(world, operation, estimate.found, pvg), "{estimate:?} is not enough");
    assert!(succeeds(world, operation, estimate.limits(), pvg), "slack does no harm");
    let lowered: [fn(&mut GasLimits) -> &mut u128; 4] = [
        |limits| &mut limits.verification,
        |limits| &mut limits.call,
        |limits| &mut limits.paymaster_verification,
        |limits| &mut limits.post_op,
    ];
    for (index, limit) in lowered.into_iter().enumerate() {
        let mut limits = estimate.found;
        let limit = limit(&mut limits);
        if *limit < 100 {
            continue;
        }
        *limit -= 100;
        assert!(!succeeds(world, operation, limits, pvg), "limit {index} of {estimate:?} is loose");
    }
}

fn ether() -> U256 {
    U256::from(10).pow(U256::from(18))
}

#[test]
fn limits_are_enough_and_100_gas_less_is_not() {
    for version in World::versions() {
        for (validation, execution) in [(1, 1), (1_000, 10), (10, 3_000), (30_000, 200_000)] {
            let mut world = World::of(version);
            world.put(sender(), burner(validation, asm().burn(execution)));
            world.fund(sender(), ether());
            let operation = unknown(&world, sender());
            let estimate = estimated(&world, &operation).unwrap();
            assert_tight(&world, &operation, &estimate);
            assert_eq!(estimate.slack.verification, 4_000);
            assert_eq!(estimate.slack.call, 0);
            assert_eq!(estimate.found.post_op, 0);
        }
    }
}

#[test]
fn calls_inside_calls_need_more_than_they_use() {
    // Each level keeps 1/64 of the gas, so the limit must exceed what is used.
    let mut world = World::of(EntryPointVersion::V07);
    for depth in 0x80..0x8a {
        // Fails if the call it makes fails: the last instruction reverts on a zero.
        let body = asm()
            .push(0)
            .push(0)
            .push(0)
            .push(0)
            .push(0)
            .address(Address::with_last_byte(depth + 1))
            .ops(&[op::GAS, op::CALL, op::ISZERO])
            .when(asm().push(0).push(0).op(op::REVERT));
        world.put(Address::with_last_byte(depth), contract(body));
    }
    world.put(Address::with_last_byte(0x8a), contract(asm().burn(20_000)));
    let execution = asm()
        .push(0)
        .push(0)
        .push(0)
        .push(0)
        .push(0)
        .address(Address::with_last_byte(0x80))
        .ops(&[op::GAS, op::CALL, op::ISZERO])
        .when(asm().push(0).push(0).op(op::REVERT));
    world.put(sender(), burner(10, execution));
    world.fund(sender(), ether());
    let operation = unknown(&world, sender());
    let estimate = estimated(&world, &operation).unwrap();
    assert_tight(&world, &operation, &estimate);
    assert!(estimate.found.call > 20_000 * 26 * 107 / 100, "ten levels of 1/64: {estimate:?}");
}

#[test]
fn paymasters_have_limits_of_their_own() {
    for version in World::versions().into_iter().filter(|version| version.is_packed()) {
        for (validation, post_op) in [(1, 1), (5_000, 20), (20, 5_000)] {
            let mut world = World::of(version);
            world.put(sender(), burner(10, asm().burn(10)));
            let body = asm().on_selector(POST_OP, asm().burn(post_op)).burn(validation);
            world.put(PAYMASTER, paymaster(body, 32));
            deposit(&mut world, PAYMASTER);
            let operation = sponsored(unknown(&world, sender()));
            let estimate = estimated(&world, &operation).unwrap();
            assert_tight(&world, &operation, &estimate);
            assert_eq!(estimate.slack.paymaster_verification, 4_000);
            assert!(estimate.found.post_op >= u128::from(post_op) * 26);
        }
    }
}

fn deposit(world: &mut World, account: Address) {
    deposit_wei(world, account, ether());
}

fn deposit_wei(world: &mut World, account: Address, wei: U256) {
    let selector = &keccak256("depositTo(address)")[..4];
    let data = [selector, account.into_word().as_slice()].concat();
    world.chain.send(world.entry_point.address, data.into(), wei);
}

/// An account that pays only what it is asked for: nothing, while its deposit lasts.
fn with_deposit(version: EntryPointVersion, wei: U256) -> (World, PartialUserOperation) {
    let mut world = World::of(version);
    world.put(sender(), burner(10, asm().burn(10)));
    world.fund(sender(), ether() * U256::from(1_000));
    deposit_wei(&mut world, sender(), wei);
    let mut operation = unknown(&world, sender());
    operation.max_fee_per_gas = Some(5_000_000_000);
    // All of it is paid: limits are for the dearest price.
    operation.max_priority_fee_per_gas = Some(4_000_000_000);
    (world, operation)
}

#[test]
fn what_a_deposit_pays_takes_no_gas_to_pay() {
    for version in World::versions() {
        let (world, operation) = with_deposit(version, ether());
        let paid = estimated(&world, &operation).unwrap();
        assert_tight(&world, &operation, &paid);
        let (world, operation) = with_deposit(version, U256::from(1));
        let paying = estimated(&world, &operation).unwrap();
        assert_tight(&world, &operation, &paying);
        assert!(paying.found.verification > paid.found.verification + 5_000, "{paying:?} {paid:?}");
    }
}

#[test]
fn without_fees_an_account_is_expected_to_pay_whatever_deposit_it_has() {
    for version in World::versions() {
        let (world, operation) = with_deposit(version, ether());
        let mut feeless = operation.clone();
        feeless.max_fee_per_gas = None;
        feeless.max_priority_fee_per_gas = None;
        let estimate = estimated(&world, &feeless).unwrap();
        // So dear that the deposit is not enough.
        let mut dear = operation.clone();
        dear.max_fee_per_gas = Some(30_000_000_000_000);
        let pvg = estimate.pre_verification_gas;
        assert!(succeeds(&world, &dear, estimate.found, pvg), "v{version}");
        // The control: what is enough at fees that the deposit covers is not.
        let covered = estimated(&world, &operation).unwrap();
        assert!(!succeeds(&world, &dear, covered.found, pvg), "v{version}");
    }
}

#[test]
fn a_deposit_that_covers_the_limits_but_not_their_slack_is_no_trap() {
    for version in World::versions() {
        let (world, operation) = with_deposit(version, ether());
        let covered = estimated(&world, &operation).unwrap();
        let limits = covered.found.verification + covered.found.call;
        let gas = U256::from(limits) + covered.pre_verification_gas + U256::from(1_000);
        let (world, operation) = with_deposit(version, gas * U256::from(5_000_000_000_u64));
        let estimate = estimated(&world, &operation).unwrap();
        let pvg = estimate.pre_verification_gas;
        assert!(
            !succeeds(
                &world,
                &operation,
                {
                    let mut slack = covered.found;
                    slack.verification += 4_000;
                    slack
                },
                pvg
            ),
            "v{version}: the trap is there"
        );
        for enough in [estimate.found, estimate.limits()] {
            assert!(succeeds(&world, &operation, enough, pvg), "v{version}: {estimate:?}");
        }
    }
}

#[test]
fn a_poor_payer_gets_the_same_estimate() {
    for version in World::versions() {
        let mut rich = World::of(version);
        rich.put(sender(), burner(10, asm().burn(10)));
        let post_op = asm().on_selector(POST_OP, asm().burn(5));
        rich.put(PAYMASTER, paymaster(post_op, 32));
        let poor = rich.clone();
        rich.fund(sender(), ether());
        deposit(&mut rich, PAYMASTER);
        let operation = unknown(&rich, sender());
        let (of_rich, of_poor) = (estimated(&rich, &operation), estimated(&poor, &operation));
        assert_eq!(of_rich.unwrap().found, of_poor.unwrap().found);
        let operation = sponsored(operation);
        let (of_rich, of_poor) = (estimated(&rich, &operation), estimated(&poor, &operation));
        // The first deposit of all costs more to write than a change of it.
        let (of_rich, of_poor) = (of_rich.unwrap().found, of_poor.unwrap().found);
        assert_eq!(of_rich.call, of_poor.call);
        assert_eq!(of_rich.paymaster_verification, of_poor.paymaster_verification);
    }
}

#[test]
fn fees_change_no_limit() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(10, asm().burn(10)));
    world.fund(sender(), ether());
    let without = unknown(&world, sender());
    let mut with = without.clone();
    with.max_fee_per_gas = Some(30_000_000_000);
    with.max_priority_fee_per_gas = Some(1_000_000_000);
    let mut zero = without.clone();
    zero.max_fee_per_gas = Some(0);
    zero.max_priority_fee_per_gas = Some(0);
    let found = estimated(&world, &without).unwrap();
    assert_eq!(estimated(&world, &with).unwrap().found, found.found);
    assert_eq!(estimated(&world, &zero).unwrap(), found);
}

#[test]
fn what_the_caller_fixed_stays() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(10, asm().burn(10)));
    world.put(PAYMASTER, paymaster(asm(), 32));
    world.fund(sender(), ether());
    let mut operation = sponsored(unknown(&world, sender()));
    operation.verification_gas_limit = Some(345_678);
    operation.call_gas_limit = Some(234_567);
    operation.pre_verification_gas = Some(U256::from(77_777));
    let fixed = operation.paymaster.as_mut().unwrap();
    fixed.verification_gas_limit = Some(123_456);
    fixed.post_op_gas_limit = Some(98_765);
    let estimate = estimated(&world, &operation).unwrap();
    assert_eq!(
        estimate.limits(),
        GasLimits {
            verification: 345_678,
            call: 234_567,
            paymaster_verification: 123_456,
            post_op: 98_765,
        }
    );
    assert_eq!(estimate.pre_verification_gas, U256::from(77_777));
    assert_eq!(estimate.slack, GasLimits::default());
}

#[test]
fn pre_verification_gas_that_pays_for_too_little_is_raised() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(10, asm()));
    world.fund(sender(), ether());
    let absent = unknown(&world, sender());
    let needed = estimated(&world, &absent).unwrap().pre_verification_gas;
    let given = |gas: U256| {
        let operation = PartialUserOperation { pre_verification_gas: Some(gas), ..absent.clone() };
        estimated(&world, &operation).unwrap().pre_verification_gas
    };
    assert_eq!(
        given(needed - U256::from(1)),
        needed,
        "what it would be refused for is no estimate"
    );
    assert_eq!(given(needed + U256::from(1)), needed + U256::from(1));
}

#[test]
fn zero_means_not_fixed() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(10, asm().burn(10)));
    world.fund(sender(), ether());
    let absent = unknown(&world, sender());
    let mut zeros = absent.clone();
    zeros.verification_gas_limit = Some(0);
    zeros.call_gas_limit = Some(0);
    zeros.pre_verification_gas = Some(U256::ZERO);
    assert_eq!(estimated(&world, &zeros).unwrap(), estimated(&world, &absent).unwrap());
}

#[test]
fn a_fixed_limit_that_is_too_low_is_an_error() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(1_000, asm().burn(1_000)));
    world.fund(sender(), ether());
    let mut operation = unknown(&world, sender());
    operation.call_gas_limit = Some(5_000);
    let error = estimated(&world, &operation).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ExecutionReverted);
    assert!(matches!(error, EstimationError::ExecutionReverted { out_of_gas: true, .. }));
    operation.call_gas_limit = None;
    operation.verification_gas_limit = Some(5_000);
    let error = estimated(&world, &operation).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RejectedByEntryPoint);
    assert!(error.to_string().contains("AA23"), "{error}");
}

#[test]
fn a_revert_is_reported_with_its_bytes() {
    let revert = asm().load(b"four and more".to_vec(), 0).push(13).push(0).op(op::REVERT);
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(10, revert.clone()));
    world.fund(sender(), ether());
    let error = estimated(&world, &unknown(&world, sender())).unwrap_err();
    assert_eq!(error.code().code(), -32521);
    assert_eq!(error.revert_data().unwrap().as_ref(), b"four and more");
    assert!(matches!(error, EstimationError::ExecutionReverted { out_of_gas: false, .. }));

    world.put(sender(), burner(10, asm()));
    world.put(PAYMASTER, paymaster(asm().on_selector(POST_OP, revert.clone()), 32));
    let error = estimated(&world, &sponsored(unknown(&world, sender()))).unwrap_err();
    assert!(matches!(error, EstimationError::PostOpReverted { .. }), "{error:?}");
    assert!(error.revert_data().unwrap().windows(13).any(|part| part == b"four and more"));

    world.put(PAYMASTER, paymaster(revert.clone(), 0));
    let error = estimated(&world, &sponsored(unknown(&world, sender()))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RejectedByPaymaster);
    assert_eq!(error.revert_data().unwrap().as_ref(), b"four and more");

    world.put(sender(), account(revert));
    let error = estimated(&world, &unknown(&world, sender())).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RejectedByEntryPoint);
}

#[test]
fn a_failed_signature_check_is_no_error() {
    let mut world = World::of(EntryPointVersion::V07);
    let body = asm().executing(asm().burn(5)).pay_prefund();
    world.put(sender(), body.return_words(&[U256::from(1)]).build());
    let estimate = estimated(&world, &unknown(&world, sender())).unwrap();
    assert!(estimate.found.verification > 0);
}

/// Appends a fixed suffix and claims that it might be longer.
#[derive(Debug, Default)]
struct Suffix {
    length: usize,
    longest: usize,
    asked: AtomicUsize,
}

impl SignaturePlan for Suffix {
    fn signature(&self, operation: &UserOperation) -> Result<Bytes, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        // Covers the limits, as an attestation does.
        let seed = keccak256(operation.call_gas_limit.to_be_bytes());
        let suffix = seed.iter().copied().cycle().take(self.length);
        Ok(operation.signature.iter().copied().chain(suffix).collect())
    }

    fn longest(&self, operation: &UserOperation) -> usize {
        operation.signature.len() + self.longest
    }
}

#[test]
fn the_suffix_is_simulated_and_paid_for() {
    let mut world = World::of(EntryPointVersion::V07);
    // Copies all its calldata, so that a longer signature costs it gas.
    let copies = asm().op(op::CALLDATASIZE).push(0).push(0x1000).op(op::CALLDATACOPY);
    world.put(sender(), account(asm().executing(asm().burn(3)).then(copies).pay_prefund()));
    world.fund(sender(), ether());
    let operation = unknown(&world, sender());
    let simulator = simulator(SpecId::PRAGUE);
    let with = |plan: &Suffix| {
        let request = EstimationRequest::new(world.entry_point, operation.clone()).signed_by(plan);
        estimate(&simulator, &world.pin(), &request).unwrap()
    };
    let bare = estimated(&world, &operation).unwrap();
    let plan = Suffix { length: 1_024, longest: 2_048, ..Suffix::default() };
    let estimate = with(&plan);
    assert_eq!(plan.asked.load(Ordering::Relaxed), estimate.runs, "made anew for each candidate");
    assert!(estimate.found.verification > bare.found.verification + 100);
    // 2,048 bytes at the floor price, none of them zero, at 32-byte alignment of the field.
    let more = estimate.pre_verification_gas - bare.pre_verification_gas;
    assert!(more >= U256::from(2_048 * 40), "{more}");
    let shorter = with(&Suffix { length: 1_024, longest: 1_024, ..Suffix::default() });
    assert_eq!(shorter.found, estimate.found);
    assert!(shorter.pre_verification_gas < estimate.pre_verification_gas);
}

#[test]
fn pre_verification_gas_has_the_floor_of_eip_7623() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(
        sender(),
        account(
            asm()
                .op(op::CALLDATASIZE)
                .push(3_004)
                .op(op::EQ)
                .when(asm().op(op::STOP))
                .pay_prefund(),
        ),
    );
    world.fund(sender(), ether());
    let mut operation = unknown(&world, sender());
    operation.call_data = vec![7; 3_004].into();
    let estimate = estimated(&world, &operation).unwrap();
    let mut sent = operation.complete(&GasDefaults::default());
    estimate.apply(&mut sent);
    let calldata = CalldataGas::of(&sent.abi_encode());
    assert!(estimate.pre_verification_gas >= U256::from(calldata.floor() + 50_000));
    assert!(estimate.pre_verification_gas >= GasSchedule::default().pre_verification_gas(&sent, 0));
}

#[test]
fn predecessors_run_first() {
    let mut world = World::of(EntryPointVersion::V07);
    // The second execution finds a warm, written slot: it needs less gas than the first.
    let execution = asm().push(1).push(1).op(op::SSTORE);
    world.put(sender(), burner(10, execution));
    world.fund(sender(), ether());
    let first = unknown(&world, sender());
    let alone = estimated(&world, &first).unwrap();
    let mut second = first.clone();
    second.nonce = U256::from(1);
    let error = estimated(&world, &second).unwrap_err();
    assert!(error.to_string().contains("AA25"), "{error}");

    let mut sent = first.complete(&GasDefaults::default());
    alone.apply(&mut sent);
    let mut request = EstimationRequest::new(world.entry_point, second);
    request.predecessors = vec![sent.clone()];
    let estimate_of = |request: &EstimationRequest<'_>| {
        estimate(&simulator(SpecId::PRAGUE), &world.pin(), request)
    };
    let after = estimate_of(&request).unwrap();
    assert!(after.found.call + 15_000 < alone.found.call, "{after:?} after {alone:?}");
    // A predecessor that fails is named.
    sent.nonce = U256::from(5);
    request.predecessors = vec![sent];
    let error = estimate_of(&request).unwrap_err();
    assert!(matches!(error, EstimationError::Predecessor { index: 0, .. }), "{error:?}");
}

#[test]
fn overrides_are_in_force() {
    let mut world = World::of(EntryPointVersion::V07);
    // The account does not care whether the call succeeds; the estimate does.
    world.put(sender(), burner(10, asm().call(op::CALL, HELPER, 0, &[])));
    world.put(HELPER, contract(asm()));
    world.fund(sender(), ether());
    let mut request = EstimationRequest::new(world.entry_point, unknown(&world, sender()));
    let estimate_of = |request: &EstimationRequest<'_>| {
        estimate(&simulator(SpecId::PRAGUE), &world.pin(), request).unwrap()
    };
    let plain = estimate_of(&request);
    request.overrides = Overrides::new().with_code(HELPER, contract(asm().burn(10_000)));
    let changed = estimate_of(&request);
    assert!(changed.found.call > plain.found.call + 200_000);
}

#[test]
fn work_is_bounded() {
    let mut world = World::of(EntryPointVersion::V07);
    world.put(sender(), burner(30_000, asm().burn(100_000)));
    world.fund(sender(), ether());
    let operation = unknown(&world, sender());
    let mut request = EstimationRequest::new(world.entry_point, operation.clone());
    request.limits.runs = 9;
    let estimate = estimate(&simulator(SpecId::PRAGUE), &world.pin(), &request).unwrap();
    assert!(estimate.runs <= 9 + 1, "{estimate:?}");
    assert!(succeeds(&world, &operation, estimate.found, estimate.pre_verification_gas));
}

/// A real account, from its factory: estimated with a stub signature, sent with a real one.
#[test]
fn a_simple_account_is_created_and_used_with_what_was_estimated() {
    for version in World::versions() {
        let mut world = World::of(version);
        let account = SimpleAccount::new(&mut world.chain, world.entry_point, 1);
        let call_data = execute_call(HELPER, U256::from(5), Bytes::new());
        let mut sent = account.operation(0, call_data, true);
        let mut operation = PartialUserOperation::from(sent.clone());
        // By the owner, but for something else.
        operation.signature = Some(account.signature(keccak256("stub")));
        operation.call_gas_limit = None;
        operation.verification_gas_limit = None;
        operation.pre_verification_gas = None;
        let estimate = estimated(&world, &operation).unwrap();

        let block = world.pin();
        estimate.apply(&mut sent);
        account.sign(&mut sent);
        assert!(operation_succeeds(&world, &block, sent.clone()), "v{version}");
        // The control: found limits, one of them too low.
        sent.verification_gas_limit = estimate.found.verification - 100;
        account.sign(&mut sent);
        assert!(!operation_succeeds(&world, &block, sent), "v{version}");
    }
}
