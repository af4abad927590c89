//! The gate on a block whose state is in memory: what it demands, verifies, obtains and refuses.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use common::{
    ACCOUNT, Behaviour, CHAIN, MODULE, NOW, World, account_code, account_of,
    chain::{gate, pinned, pinned_as, request, returns},
    operation,
};
use writ_attestation::{
    AccountKind, AccountPolicy, AttestationError, EXECUTE_USER_OP, MAGIC, Mode, OperatorSet,
    PlacementError, Validator, attach,
};
use writ_gateway::{
    Attested, Gate, GateError, GateMode, GateRequest, Gated, NotRequired, StandingError,
};
use writ_simulation::{MemoryState, PinnedBlock};
use writ_types::{Factory, UserOperation};

use Behaviour::Honest;

async fn refused(gate: &Gate, block: &PinnedBlock, operation: &UserOperation) -> AttestationError {
    match gate.admit(request(block, operation)).await {
        Err(GateError::Attestation(error)) => error,
        other => panic!("an attestation error was expected: {other:?}"),
    }
}

fn attested(gated: Gated) -> Attested {
    match gated {
        Gated::Attested(attested) => *attested,
        Gated::NotRequired(why) => panic!("not required: {why:?}"),
    }
}

#[tokio::test]
async fn an_attestation_is_obtained_and_then_verifies() {
    let world = World::new(2, 3);
    let (gateway, operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway));
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let op = operation(0);
    let got = attested(gate.admit(request(&block, &op)).await.unwrap());
    assert!(got.obtained);
    assert!(got.operation.signature.starts_with(&op.signature));
    assert_eq!(UserOperation { signature: op.signature.clone(), ..got.operation.clone() }, op);
    let question = gate.deciding_question(request(&block, &got.operation)).await.unwrap();
    assert_eq!(question.operation, op, "operators are asked about what the owner signed");
    assert!(question.detached.is_none());

    // What was attached is accepted as it stands, by a gate without operators too.
    for one in &operators {
        one.stop();
    }
    let alone = self::gate(GateMode::Installed, None);
    let again = attested(alone.admit(request(&block, &got.operation)).await.unwrap());
    assert!(!again.obtained);
    assert_eq!(again.verified, got.verified);
    gate.recheck(request(&block, &got.operation)).await.unwrap();
    // The next block still has it as its parent.
    let next = pinned(8, &world.view.policy, &world.view.operators, true);
    gate.recheck(request(&next, &got.operation)).await.unwrap();
    // Further back the node is asked, and here there is none: closed.
    let later = pinned(9, &world.view.policy, &world.view.operators, true);
    assert!(matches!(gate.recheck(request(&later, &got.operation)).await, Err(GateError::Node(_))));
}

#[tokio::test]
async fn modes_demand_as_they_say() {
    let world = World::new(2, 3);
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let op = operation(0);
    let off = gate(GateMode::Off, None).admit(request(&block, &op)).await.unwrap();
    assert_eq!(off, Gated::NotRequired(NotRequired::Off));
    let without = gate(GateMode::Installed, None).admit(request(&block, &op)).await;
    assert!(matches!(without, Err(GateError::Required(_))), "{without:?}");

    // An account that Writ has nothing to do with.
    let mut free = world.view.policy.clone();
    free.state.validator_installed = false;
    free.state.hook_installed = false;
    let block = pinned(7, &free, &world.view.operators, true);
    let gated = gate(GateMode::Installed, None).admit(request(&block, &op)).await.unwrap();
    assert_eq!(gated, Gated::NotRequired(NotRequired::Unbound));
    let refusal = gate(GateMode::Required, None).admit(request(&block, &op)).await.unwrap_err();
    assert!(refusal.to_string().contains("has no policy of its own"), "{refusal}");

    // Off in the module, or left: nothing is looked at.
    let mut off = world.view.policy.clone();
    off.configuration.mode = Mode::Off;
    let mut left = world.view.policy.clone();
    left.state.exit_at = NOW;
    for policy in [off, left] {
        let block = pinned(7, &policy, &world.view.operators, true);
        let gated = gate(GateMode::Installed, None).admit(request(&block, &op)).await.unwrap();
        assert_eq!(gated, Gated::NotRequired(NotRequired::Unbound));
    }
    // An exit that is only announced changes nothing.
    let mut leaving = world.view.policy.clone();
    leaving.state.exit_at = NOW + 1;
    let block = pinned(7, &leaving, &world.view.operators, true);
    assert!(gate(GateMode::Installed, None).admit(request(&block, &op)).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_placed_or_decided_is_refused_by_name() {
    let world = World::new(2, 3);
    let gate = gate(GateMode::Installed, None);
    let block = pinned(7, &world.view.policy, &world.view.operators, true);

    // Another validator receives the signature.
    let mut elsewhere = operation(0);
    elsewhere.nonce = U256::from(1);
    let error = refused(&gate, &block, &elsewhere).await;
    assert_eq!((error.check(), error.code()), ("placement", -32531));
    // An account that only observes is not stopped by that.
    let mut observing = world.view.policy.clone();
    observing.configuration.mode = Mode::Observe;
    let observed = pinned(7, &observing, &world.view.operators, true);
    let gated = gate.admit(request(&observed, &elsewhere)).await.unwrap();
    assert_eq!(gated, Gated::NotRequired(NotRequired::Observing));

    // Another EntryPoint.
    let mut other = world.view.policy.clone();
    other.configuration.entry_point = Address::repeat_byte(1);
    let error =
        refused(&gate, &pinned(7, &other, &world.view.operators, true), &operation(0)).await;
    assert_eq!(error.check(), "entryPoint");

    // A level that is not built.
    let mut level = world.view.policy.clone();
    level.configuration.level = 3;
    let error =
        refused(&gate, &pinned(7, &level, &world.view.operators, true), &operation(0)).await;
    assert_eq!(error, AttestationError::UnsupportedLevel(3));

    // Not deployed.
    let mut fresh = operation(0);
    fresh.factory = Some(Factory { address: Address::repeat_byte(0xfa), data: Bytes::new() });
    let undeployed = pinned(7, &world.view.policy, &world.view.operators, false);
    let refusal = gate.admit(request(&undeployed, &fresh)).await.unwrap_err();
    assert!(refusal.to_string().contains("not deployed"), "{refusal}");
    // By another validator it can be deployed.
    fresh.nonce = U256::from(1);
    let gated = gate.admit(request(&undeployed, &fresh)).await.unwrap();
    assert_eq!(gated, Gated::NotRequired(NotRequired::Unbound));

    // A set that is none, and a module that answers nonsense: closed.
    let mut state_only = world.view.policy.clone();
    state_only.configuration.operator_set = Address::repeat_byte(0x44);
    let mut state = MemoryState::new();
    state.set_account(MODULE, U256::ZERO, 1, returns(&state_only.encode()));
    state.set_account(ACCOUNT, U256::ZERO, 1, account_code());
    let broken = PinnedBlock::in_memory(*block.header(), CHAIN, state.clone());
    let result = gate.admit(request(&broken, &operation(0))).await;
    assert!(matches!(result, Err(GateError::Standing(StandingError::Set { .. }))), "{result:?}");
    state.set_account(MODULE, U256::ZERO, 1, returns(&[1; 31]));
    let broken = PinnedBlock::in_memory(*block.header(), CHAIN, state);
    let result = gate.admit(request(&broken, &operation(0))).await;
    assert!(matches!(result, Err(GateError::Standing(StandingError::Module { .. }))), "{result:?}");
}

#[tokio::test]
async fn a_threshold_is_one_that_an_attestation_can_have() {
    let world = World::new(2, 40);
    let gate = gate(GateMode::Installed, None);
    for (threshold, operators, possible) in
        [(0, 3, false), (1, 3, true), (3, 3, true), (4, 3, false), (32, 40, true), (33, 40, false)]
    {
        let all: Vec<Address> = world.keys[..operators].iter().map(|key| key.address()).collect();
        let set = OperatorSet::new(all).unwrap();
        let mut policy = world.view.policy.clone();
        policy.configuration.threshold = threshold;
        policy.configuration.operator_set = set.address();
        policy.configuration.operator_set_code_hash = set.code_hash();
        let block = pinned(7, &policy, &set, true);
        let refusal = gate.admit(request(&block, &operation(0))).await.unwrap_err().to_string();
        // Where it is possible, what is missing is the attestation.
        let reason = if possible { "carries none" } else { "which no attestation can have" };
        assert!(refusal.contains(reason), "{threshold} of {operators}: {refusal}");
    }
}

#[tokio::test]
async fn only_an_account_that_observes_may_go_through_another_validator() {
    let world = World::new(2, 3);
    let mut elsewhere = operation(0);
    elsewhere.nonce = U256::from(1);
    for (demanded, mode, refused) in [
        (GateMode::Installed, Mode::Observe, false),
        (GateMode::Installed, Mode::Enforce, true),
        (GateMode::Required, Mode::Observe, true),
        (GateMode::Required, Mode::Enforce, true),
    ] {
        let mut policy = world.view.policy.clone();
        policy.configuration.mode = mode;
        let block = pinned(7, &policy, &world.view.operators, true);
        match gate(demanded, None).admit(request(&block, &elsewhere)).await {
            Ok(gated) => {
                assert_eq!(gated, Gated::NotRequired(NotRequired::Observing));
                assert!(!refused, "{demanded:?} {mode:?}");
            }
            Err(GateError::Attestation(error)) => {
                assert_eq!(error.check(), "placement");
                assert!(refused, "{demanded:?} {mode:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn damaged_signatures_are_not_said_to_be_for_something_else() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway));
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let op = operation(0);
    let mut suffix = attested(gate.admit(request(&block, &op)).await.unwrap()).suffix;
    // The decision is recorded, and it is about this very operation: nothing was moved.
    let (one, other) = (suffix.signatures[0].index, suffix.signatures[1].index);
    suffix.signatures.reverse();
    (suffix.signatures[0].index, suffix.signatures[1].index) = (one, other);
    let mut damaged = op.clone();
    damaged.signature = attach(&op.signature, &suffix).unwrap();
    let error = refused(&gate, &block, &damaged).await;
    assert!(matches!(error, AttestationError::Signature { .. }), "{error:?}");
}

#[tokio::test]
async fn an_attestation_for_something_else_is_refused_by_name() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway));
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let op = attested(gate.admit(request(&block, &operation(0))).await.unwrap()).operation;

    let mut moved = op.clone();
    moved.call_data = vec![1, 2, 3, 4].into();
    assert_eq!(refused(&gate, &block, &moved).await.check(), "callData");
    let mut moved = op.clone();
    moved.nonce += U256::ONE;
    assert_eq!(refused(&gate, &block, &moved).await.check(), "nonce");
    let mut costly = op.clone();
    costly.max_fee_per_gas *= 2;
    assert_eq!(refused(&gate, &block, &costly).await.check(), "maxCost");

    let with = |change: fn(&mut AccountPolicy)| {
        let mut policy = world.view.policy.clone();
        change(&mut policy);
        pinned(7, &policy, &world.view.operators, true)
    };
    let revised = with(|policy| policy.state.revision += 1);
    assert_eq!(refused(&gate, &revised, &op).await.check(), "revision");
    let moved_on = with(|policy| policy.state.sequence += 1);
    assert_eq!(refused(&gate, &moved_on, &op).await.check(), "sequence");
    let other_policy = with(|policy| policy.configuration.policy = B256::ZERO);
    assert_eq!(refused(&gate, &other_policy, &op).await.check(), "policy");
    let other_set = with(|policy| policy.configuration.operator_set_code_hash = B256::ZERO);
    assert_eq!(refused(&gate, &other_set, &op).await.check(), "operatorSet");

    // The block that it was made at is gone.
    let mut header = *block.header();
    header.hash = keccak256("another");
    let mut state = MemoryState::new();
    state.set_account(MODULE, U256::ZERO, 1, returns(&world.view.policy.encode()));
    state.set_account(
        world.view.policy.configuration.operator_set,
        U256::ZERO,
        1,
        world.view.operators.code(),
    );
    state.set_account(ACCOUNT, U256::ZERO, 1, account_code());
    let reorganised = PinnedBlock::in_memory(header, CHAIN, state);
    assert_eq!(refused(&gate, &reorganised, &op).await.check(), "block");

    // Time.
    let (_, suffix) = writ_attestation::Suffix::split(&op.signature).unwrap().unwrap();
    let at = |now| {
        let (gate, block, op) = (&gate, &block, &op);
        async move { gate.recheck(GateRequest { now, ..request(block, op) }).await }
    };
    at(suffix.valid_until - 12).await.unwrap();
    for late in [suffix.valid_until - 11, suffix.valid_until + 1] {
        match at(late).await {
            Err(GateError::Attestation(error)) => {
                assert_eq!((error.check(), error.code()), ("expired", -32533));
            }
            other => panic!("{other:?}"),
        }
    }

    // Bytes.
    let mut trailing = op.clone();
    trailing.signature = [&op.signature[..], &[0]].concat().into();
    assert_eq!(refused(&gate, &block, &trailing).await.check(), "trailingBytes");
    let mut twice = op.clone();
    twice.signature = [&op.signature[..], &suffix.encode().unwrap()].concat().into();
    assert_eq!(refused(&gate, &block, &twice).await.check(), "twoSuffixes");

    // The control.
    gate.recheck(request(&block, &op)).await.unwrap();
}

#[tokio::test]
async fn a_poisoned_suffix_does_not_keep_the_real_one_out() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway.clone()));
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let op = operation(0);

    // A stranger saw the operation and sends it with rubbish that looks like an attestation, then with a real one for
    // something else, before the owner does.
    let mut rubbish = op.clone();
    rubbish.signature = [&op.signature[..], &[0xff; 40], &[0, 40], &MAGIC].concat().into();
    refused(&gate, &block, &rubbish).await;
    let stolen = attested(gate.admit(request(&block, &operation(5))).await.unwrap()).suffix;
    let mut poisoned = op.clone();
    poisoned.signature = attach(&op.signature, &stolen).unwrap();
    assert_eq!(refused(&gate, &block, &poisoned).await.check(), "nonce");

    // Same userOpHash, and it gets in.
    let real = attested(gate.admit(request(&block, &op)).await.unwrap());
    assert!(real.obtained);
    // The poison stays out, also now.
    refused(&gate, &block, &poisoned).await;
    gate.recheck(request(&block, &real.operation)).await.unwrap();
}

#[tokio::test]
async fn operations_ahead_move_the_sequence() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway));
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let first = attested(gate.admit(request(&block, &operation(0))).await.unwrap());
    let second_operation = operation(1);
    let ahead = [first.operation.clone()];
    let behind = GateRequest { predecessors: &ahead, ..request(&block, &second_operation) };
    let second = attested(gate.admit(behind).await.unwrap());
    assert_eq!(second.suffix.sequence, first.suffix.sequence + 1);
    // On its own it would be too early.
    assert_eq!(refused(&gate, &block, &second.operation).await.check(), "sequence");
    gate.recheck(GateRequest { predecessors: &ahead, ..request(&block, &second.operation) })
        .await
        .unwrap();

    let many = vec![first.operation.clone(); 9];
    let third = operation(9);
    let behind = GateRequest { predecessors: &many, ..request(&block, &third) };
    let refusal = gate.admit(behind).await.unwrap_err();
    assert!(
        matches!(&refusal, GateError::Required(reason) if reason.contains("behind 8")),
        "{refusal}"
    );
    let behind = GateRequest { predecessors: &many[..8], ..request(&block, &third) };
    let last = attested(gate.admit(behind).await.unwrap());
    assert_eq!(last.suffix.sequence, first.suffix.sequence + 8);
}

#[tokio::test]
async fn denials_and_missing_quorums_pass_through() {
    let world = World::new(2, 3);
    let denies = Behaviour::Denies("over the limit");
    let (gateway, operators, _folder) = world.gateway(&[denies.clone(), denies, Honest]).await;
    let gate = gate(GateMode::Installed, Some(gateway));
    let block = pinned(7, &world.view.policy, &world.view.operators, true);
    let op = operation(0);
    match gate.admit(request(&block, &op)).await {
        Err(GateError::Denied { reasons, .. }) => assert_eq!(reasons, ["over the limit"]),
        other => panic!("{other:?}"),
    }
    operators[0].stop();
    operators[1].stop();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(matches!(gate.admit(request(&block, &op)).await, Err(GateError::NoQuorum(_))));
    // An operation without what its account has come to demand is not included either.
    assert!(matches!(gate.recheck(request(&block, &op)).await, Err(GateError::Required(_))));
}

/// The operation with its nonce in the layout of `kind`, calling the account under its hook.
fn on(kind: AccountKind, validator: Validator) -> UserOperation {
    let mut op = operation(0);
    let validator = if kind.is_built_in() { Validator::BuiltIn } else { validator };
    op.nonce = U256::from(kind.nonce_key(validator, 3).unwrap()) << 64;
    if kind == AccountKind::Kernel {
        op.call_data = [EXECUTE_USER_OP.as_slice(), &op.call_data].concat().into();
    }
    op
}

fn placement(error: AttestationError) -> PlacementError {
    assert_eq!((error.check(), error.code()), ("placement", -32531));
    match error {
        AttestationError::Placement(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_attestation_is_obtained_on_every_kind_in_its_own_layout() {
    let mut world = World::new(2, 3);
    for kind in AccountKind::MODULAR {
        let code = account_of(kind.account_id());
        world.view.account_code = keccak256(&code);
        let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
        let gate = gate(GateMode::Installed, Some(gateway));
        let at = |policy: &AccountPolicy| {
            pinned_as(7, policy, &world.view.operators, Some(code.clone()))
        };
        let block = at(&world.view.policy);
        let op = on(kind, Validator::Module(MODULE));
        let got = attested(gate.admit(request(&block, &op)).await.unwrap());
        assert!(got.obtained, "{kind:?}");
        assert!(got.operation.signature.starts_with(&op.signature), "at the end, on {kind:?}");

        // The same nonce read as another kind's names somebody else.
        let other =
            if kind == AccountKind::Nexus { AccountKind::OpenZeppelin } else { AccountKind::Nexus };
        let mut elsewhere = op.clone();
        elsewhere.nonce = on(other, Validator::Module(MODULE)).nonce;
        let alone = self::gate(GateMode::Installed, None);
        let error = refused(&alone, &block, &elsewhere).await;
        assert_eq!(error.check(), "placement", "{kind:?}: {error}");
        assert!(alone.question(request(&block, &elsewhere)).await.is_err(), "nobody is asked");
        // Where the module only observes, it is let through.
        let mut observing = world.view.policy.clone();
        observing.configuration.mode = Mode::Observe;
        let gated = alone.admit(request(&at(&observing), &elsewhere)).await.unwrap();
        assert_eq!(gated, Gated::NotRequired(NotRequired::Observing));
    }
}

#[tokio::test]
async fn what_no_hook_sees_and_what_no_module_receives_is_refused_by_name() {
    let world = World::new(2, 3);
    let gate = gate(GateMode::Installed, None);
    let block = |kind: AccountKind| {
        let code = account_of(kind.account_id());
        pinned_as(7, &world.view.policy, &world.view.operators, Some(code))
    };
    let named = Validator::Module(MODULE);

    for (kind, place) in [(AccountKind::Nexus, 224), (AccountKind::Kernel, 248)] {
        let mut op = on(kind, named);
        op.nonce |= U256::from(1) << place;
        let error = placement(refused(&gate, &block(kind), &op).await);
        assert_eq!(error, PlacementError::NonceMode { kind, mode: 1 });
    }
    let kernel = block(AccountKind::Kernel);
    let mut permission = on(AccountKind::Kernel, named);
    permission.nonce += U256::from(1) << 240;
    let error = placement(refused(&gate, &kernel, &permission).await);
    assert_eq!(error, PlacementError::Permission);
    let mut plain = on(AccountKind::Kernel, named);
    plain.call_data = operation(0).call_data;
    let error = placement(refused(&gate, &kernel, &plain).await);
    assert_eq!(error, PlacementError::NotWrapped);
    // Its answer to rootValidator() names no validator module.
    let root = on(AccountKind::Kernel, Validator::Root);
    let error = placement(refused(&gate, &kernel, &root).await);
    assert_eq!(error, PlacementError::OtherRoot { root: None, module: MODULE });

    let safe = AccountKind::Safe7579;
    let mut uninstall = on(safe, named);
    uninstall.call_data = Bytes::from_static(&alloy::hex!("a71763a8"));
    let error = placement(refused(&gate, &block(safe), &uninstall).await);
    assert_eq!(error, PlacementError::Forbidden { function: "uninstallModule", kind: safe });
    for kind in AccountKind::MODULAR {
        let mut op = on(kind, named);
        op.call_data = [EXECUTE_USER_OP.as_slice(), EXECUTE_USER_OP.as_slice()].concat().into();
        let error = placement(refused(&gate, &block(kind), &op).await);
        assert_eq!(error, PlacementError::Forbidden { function: "executeUserOp", kind });
    }
}

#[tokio::test]
async fn an_account_of_no_known_kind_is_refused_by_what_it_calls_itself() {
    let world = World::new(2, 3);
    let gate = gate(GateMode::Installed, None);
    let op = operation(0);
    let at = |policy: &AccountPolicy, code| pinned_as(7, policy, &world.view.operators, Some(code));
    for (code, id) in [
        (account_of("biconomy.nexus.1.2.0"), "biconomy.nexus.1.2.0"),
        (account_of("kernel.advanced.v0.3.2"), "kernel.advanced.v0.3.2"),
        (Bytes::from_static(&[0]), ""),
    ] {
        let error = placement(refused(&gate, &at(&world.view.policy, code.clone()), &op).await);
        assert!(matches!(&error, PlacementError::UnknownKind(kind) if kind.account_id == id));
        assert!(error.to_string().contains(&format!("{id:?}")), "{error}");
        let mut observing = world.view.policy.clone();
        observing.configuration.mode = Mode::Observe;
        let gated = gate.admit(request(&at(&observing, code), &op)).await.unwrap();
        assert_eq!(gated, Gated::NotRequired(NotRequired::Observing));
    }
}

#[tokio::test]
async fn before_there_is_an_account_the_module_is_found_in_every_layout() {
    let world = World::new(2, 3);
    let gate = gate(GateMode::Installed, None);
    let block = pinned(7, &world.view.policy, &world.view.operators, false);
    for kind in AccountKind::MODULAR {
        let refusal = gate.admit(request(&block, &on(kind, Validator::Module(MODULE)))).await;
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains("is not deployed"), "{kind:?}: {refusal}");
    }
}
