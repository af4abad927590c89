//! The bundler's own policy: obtained for accounts that no module looks at, kept beside, and checked again.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use alloy::primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use common::{
    ACCOUNT, Behaviour, NOW, World,
    chain::{gate, pinned, request},
    operation, sends,
};
use writ_attestation::{AttestationError, DetachedTerms, account_code_of, attach};
use writ_gateway::{BundlerPolicy, Gate, GateError, GateMode, GateRequest, Gated, NotRequired};
use writ_simulation::{Effects, NativeTransfer, PinnedBlock};
use writ_types::{Factory, UserOperation};

use Behaviour::{Denies, Honest};

fn block_of(world: &World, number: u64) -> PinnedBlock {
    pinned(number, &world.view.policy, &world.view.operators, true)
}

/// What an operation that sends `wei` does. The operators of these tests see five.
fn effects(wei: u64) -> Effects {
    let call = sends(wei);
    let native = NativeTransfer { from: ACCOUNT, to: call.to, amount: call.value };
    Effects { calls: vec![call], native: vec![native], ..Default::default() }
}

fn attestation(refused: Result<(), GateError>) -> AttestationError {
    match refused {
        Err(GateError::Attestation(error)) => error,
        other => panic!("an attestation error was expected: {other:?}"),
    }
}

#[tokio::test]
async fn what_no_module_looks_at_is_admitted_on_the_bundlers_own_policy() {
    let (world, policy) = World::detached(2, 3);
    let (gateway, operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Required, Some(gateway.clone())).demanding(Some(policy.clone()));
    let block = block_of(&world, 7);
    let op = operation(0);
    let gated = gate.admit(request(&block, &op)).await.unwrap();
    assert_eq!(
        gated,
        Gated::NotRequired(NotRequired::Unbound),
        "the module's part demands nothing"
    );

    let detached =
        gate.admit_detached(request(&block, &op), &effects(5)).await.unwrap().expect("demanded");
    assert_eq!(detached.policy, policy.commitment());
    assert_eq!(detached.suffix.signatures.len(), 2);
    let kept = gateway.decisions().get(request(&block, &op).user_op_hash).unwrap().unwrap();
    assert_eq!(kept.evidence_hash, detached.suffix.evidence);
    assert!(kept.domain.module.is_zero());

    // Kept beside the operation, it is enough without operators, on this block and on the next.
    for one in &operators {
        one.stop();
    }
    let encoded = detached.suffix.encode().unwrap();
    let (seen, named) = (effects(5), detached.conduct);
    for number in [7, 8] {
        let block = block_of(&world, number);
        let checked =
            gate.recheck_detached(request(&block, &op), Some((&encoded, named)), Some(&seen)).await;
        checked.unwrap();
    }
    let unseen = gate.recheck_detached(request(&block, &op), Some((&encoded, named)), None).await;
    assert_eq!(attestation(unseen).check(), "conduct", "without a simulation nothing is known");
    let again =
        gate.admit_detached(request(&block, &op), &effects(5)).await.unwrap().expect("recorded");
    assert_eq!(again, detached);
    // A recorded decision is about what the operators saw, not about what the operation does by now.
    let changed = gate.admit_detached(request(&block, &op), &effects(6)).await.map(|_| ());
    assert_eq!(attestation(changed).check(), "conduct");
}

#[tokio::test]
async fn nothing_is_demanded_where_the_bundler_has_no_policy_or_another_mode() {
    let (world, policy) = World::detached(1, 1);
    let block = block_of(&world, 7);
    let op = operation(0);
    for (mode, policy) in [
        (GateMode::Off, Some(policy.clone())),
        (GateMode::Installed, Some(policy)),
        (GateMode::Required, None),
    ] {
        let gate = gate(mode, None).demanding(policy);
        assert_eq!(gate.admit_detached(request(&block, &op), &effects(5)).await.unwrap(), None);
        gate.recheck_detached(request(&block, &op), None, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_denial_and_a_missing_quorum_keep_the_operation_out() {
    let (world, policy) = World::detached(2, 3);
    let block = block_of(&world, 7);
    let op = operation(0);
    let ask = |gate: Gate| {
        let (block, op) = (block.clone(), op.clone());
        async move { gate.admit_detached(request(&block, &op), &effects(5)).await.unwrap_err() }
    };
    let (gateway, _operators, _folder) =
        world.gateway(&[Denies("sanctioned"), Denies("sanctioned"), Honest]).await;
    let required = gate(GateMode::Required, Some(gateway)).demanding(Some(policy.clone()));
    let denied = ask(required).await;
    assert!(
        matches!(&denied, GateError::Denied { reasons, .. } if reasons == &["sanctioned"]),
        "{denied:?}"
    );
    let (gateway, operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    operators[0].stop();
    operators[1].stop();
    let required = gate(GateMode::Required, Some(gateway)).demanding(Some(policy.clone()));
    assert!(matches!(ask(required).await, GateError::NoQuorum(_)));
    let nobody = gate(GateMode::Required, None).demanding(Some(policy));
    assert!(matches!(ask(nobody).await, GateError::Required(_)));
}

#[tokio::test]
async fn it_is_obtained_behind_as_many_operations_as_operators_are_told_of() {
    let (world, policy) = World::detached(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Required, Some(gateway)).demanding(Some(policy));
    let block = block_of(&world, 7);
    // Of the ninth one the operators see fourteen.
    let (op, ahead) = (operation(9), vec![operation(0); 9]);
    let behind = |count| GateRequest { predecessors: &ahead[..count], ..request(&block, &op) };
    let refusal = gate.admit_detached(behind(9), &effects(14)).await.unwrap_err();
    assert!(
        matches!(&refusal, GateError::Required(reason) if reason.contains("behind 8")),
        "{refusal}"
    );
    assert!(gate.admit_detached(behind(8), &effects(14)).await.unwrap().is_some());
}

#[tokio::test]
async fn operators_are_asked_about_the_operation_as_it_will_be_sent() {
    let (world, policy) = World::detached(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Required, Some(gateway)).demanding(Some(policy));
    let block = block_of(&world, 7);
    let op = operation(0);
    let detached =
        gate.admit_detached(request(&block, &op), &effects(5)).await.unwrap().expect("demanded");
    // What looks like a suffix is none of the bundler's: nobody takes it off before it is sent.
    let mut carrying = op.clone();
    carrying.signature = attach(&op.signature, &detached.suffix).unwrap();
    let ask = gate.deciding_question(request(&block, &carrying)).await.unwrap();
    assert_eq!(ask.operation, carrying);
    assert!(ask.detached.is_some());
}

#[test]
fn a_bundlers_policy_tells_what_it_was_made_of() {
    let (world, policy) = World::detached(2, 3);
    let operators: Vec<Address> = world.keys.iter().map(|key| key.address()).collect();
    assert_eq!(policy.terms(), &DetachedTerms { policies: Vec::new(), operators });
    assert_eq!((policy.threshold(), policy.commitment()), (2, B256::repeat_byte(0x78)));
}

#[tokio::test]
async fn a_kept_attestation_is_refused_once_it_does_not_hold() {
    let (world, policy) = World::detached(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let gate = gate(GateMode::Required, Some(gateway)).demanding(Some(policy.clone()));
    let block = block_of(&world, 7);
    let op = operation(0);
    let detached =
        gate.admit_detached(request(&block, &op), &effects(5)).await.unwrap().expect("demanded");
    let encoded = detached.suffix.encode().unwrap();
    let named = detached.conduct;
    let recheck = async |gate: &Gate, op: &UserOperation, now: u64, seen: &Effects| {
        let request = GateRequest { now, ..request(&block, op) };
        gate.recheck_detached(request, Some((&encoded, named)), Some(seen)).await
    };
    recheck(&gate, &op, NOW, &effects(5)).await.unwrap();

    let over = attestation(recheck(&gate, &op, NOW + 400, &effects(5)).await);
    assert!(matches!(over, AttestationError::Expired { .. }));
    let other_call = attestation(recheck(&gate, &op, NOW, &effects(6)).await);
    assert_eq!(other_call.check(), "conduct");
    let mut drained = effects(5);
    drained.native[0].amount = U256::from(1_001);
    assert_eq!(attestation(recheck(&gate, &op, NOW, &drained).await).check(), "conduct");
    let mut other = op.clone();
    other.call_data = Bytes::from_static(&[1, 2, 3, 4]);
    assert_eq!(attestation(recheck(&gate, &other, NOW, &effects(5)).await).check(), "callData");

    // Admitted under another policy, or before there was one.
    let terms = DetachedTerms::clone(policy.terms());
    let other = BundlerPolicy::new(terms, B256::repeat_byte(0x79), 2).unwrap();
    let changed = gate.demanding(Some(other));
    assert_eq!(attestation(recheck(&changed, &op, NOW, &effects(5)).await).check(), "policy");
    let before = changed.recheck_detached(request(&block, &op), None, Some(&effects(5))).await;
    assert!(matches!(before, Err(GateError::Required(_))));
}

#[test]
fn the_code_that_is_attested_is_what_the_operation_puts_there() {
    let mut op = operation(0);
    assert_eq!(account_code_of(&op, KECCAK256_EMPTY), B256::ZERO);
    assert_eq!(account_code_of(&op, B256::ZERO), B256::ZERO);
    let code = B256::repeat_byte(0xcc);
    assert_eq!(account_code_of(&op, code), code);
    op.factory = Some(Factory { address: Address::repeat_byte(0xfa), data: Bytes::new() });
    assert_eq!(account_code_of(&op, KECCAK256_EMPTY), B256::ZERO);
}
