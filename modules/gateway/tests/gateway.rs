//! The gateway against operators that lag, reorganise, lie, are slow, or are down.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{Behaviour, NOW, TestOperator, World, block, dead_endpoint, operation};
use writ_attestation::{Context, Domain, Suffix, verify, wire::OperatorFault};
use writ_gateway::{
    Ask, DecisionStore, Gateway, GatewayError, GatewayOptions, Lie, NoQuorum, Outcome, StoreError,
    Verdict,
};

use Behaviour::Honest;

/// Long enough that waiting for it would fail the test.
const FOREVER: Duration = Duration::from_secs(30);

fn assert_verifies(ask: &Ask, suffix: &Suffix) {
    let context = Context {
        domain: Domain::new(ask.chain_id, ask.account.module),
        entry_point: ask.entry_point,
        policy: &ask.account.policy,
        operators: &ask.account.operators,
        account_code: ask.account.account_code,
        sequence: ask.sequence,
        now: NOW,
    };
    verify(&ask.operation, suffix, &context).unwrap();
}

async fn no_quorum(gateway: &Gateway, ask: &Ask) -> NoQuorum {
    match gateway.attest(ask).await {
        Err(GatewayError::NoQuorum(no_quorum)) => *no_quorum,
        other => panic!("no quorum was expected: {other:?}"),
    }
}

fn quick() -> GatewayOptions {
    GatewayOptions {
        time: Duration::from_millis(900),
        pause: Duration::from_millis(40),
        ..Default::default()
    }
}

#[tokio::test]
async fn all_honest_make_an_exact_quorum() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let ask = world.ask(operation(0), 7);
    let suffix = gateway.attest(&ask).await.unwrap();
    assert_eq!(suffix.signatures.len(), 2);
    assert_verifies(&ask, &suffix);
}

#[tokio::test]
async fn the_slowest_is_not_waited_for() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) =
        world.gateway(&[Honest, Behaviour::Slow(FOREVER), Honest]).await;
    let ask = world.ask(operation(0), 7);
    let started = Instant::now();
    let suffix = gateway.attest(&ask).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(suffix.signatures.iter().map(|s| s.index).collect::<Vec<_>>(), [0, 2]);
}

#[tokio::test]
async fn one_down_is_enough_and_two_down_is_bounded() {
    let world = World::new(2, 3);
    let (gateway, operators, _folder) =
        world.gateway_with(&[Honest, Honest, Honest], quick()).await;
    operators[1].stop();
    let ask = world.ask(operation(0), 7);
    assert_verifies(&ask, &gateway.attest(&ask).await.unwrap());

    operators[2].stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let ask = world.ask(operation(1), 8);
    let started = Instant::now();
    let failed = no_quorum(&gateway, &ask).await;
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!((failed.required, failed.operators, failed.allowed, failed.denied), (2, 3, 1, 0));
    assert!(matches!(failed.outcomes[0].outcome, Outcome::Allowed(_)));
    for down in &failed.outcomes[1..] {
        assert!(matches!(down.outcome, Outcome::Unreachable(_)), "{:?}", down.outcome);
    }
    assert!(failed.to_string().contains("1 of the 2"));
}

#[tokio::test]
async fn silence_is_bounded_too() {
    let world = World::new(2, 3);
    let slow = Behaviour::Slow(FOREVER);
    let (gateway, _operators, _folder) =
        world.gateway_with(&[Honest, slow.clone(), slow], quick()).await;
    let started = Instant::now();
    let failed = no_quorum(&gateway, &world.ask(operation(0), 7)).await;
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(failed.outcomes[1].outcome, Outcome::TimedOut);
}

#[tokio::test]
async fn a_lagging_operator_catches_up_within_the_time() {
    let world = World::new(2, 2);
    let (gateway, operators, _folder) =
        world.gateway_with(&[Honest, Behaviour::Lags(2)], quick()).await;
    let ask = world.ask(operation(0), 7);
    assert_verifies(&ask, &gateway.attest(&ask).await.unwrap());
    assert_eq!(operators[1].calls(), 3);
}

#[tokio::test]
async fn one_reorganised_operator_does_not_matter_and_two_are_named() {
    let world = World::new(2, 3);
    let (gateway, operators, _folder) =
        world.gateway_with(&[Behaviour::Reorganised, Honest, Honest], quick()).await;
    let ask = world.ask(operation(0), 7);
    assert_verifies(&ask, &gateway.attest(&ask).await.unwrap());

    operators[1].behave(Behaviour::Reorganised);
    let failed = no_quorum(&gateway, &world.ask(operation(1), 7)).await;
    assert_eq!(failed.outcomes[0].outcome.kind(), "blockUnknown");
    assert_eq!(failed.outcomes[1].outcome.kind(), "blockUnknown");
}

#[tokio::test]
async fn a_liar_never_counts() {
    type Expected = fn(&Lie) -> bool;
    let lies: [(Behaviour, Expected); 9] = [
        (Behaviour::SignsAnotherNonce, |lie| *lie == Lie::Field { field: "nonce" }),
        (Behaviour::SignsAnotherDigest, |lie| *lie == Lie::Signature { index: 1 }),
        (Behaviour::SignsWithStrangeKey, |lie| *lie == Lie::Signature { index: 1 }),
        (Behaviour::SignsAs(0), |lie| matches!(lie, Lie::SomebodyElse { .. })),
        (Behaviour::SwapsEvidence, |lie| *lie == Lie::Hash { field: "evidence" }),
        (Behaviour::SignsForAYear, |lie| matches!(lie, Lie::Window { .. })),
        (Behaviour::SignsAnotherRevision, |lie| *lie == Lie::Field { field: "revision" }),
        (Behaviour::SwapsReasons, |lie| *lie == Lie::Hash { field: "reasons" }),
        (Behaviour::Babbles, |lie| matches!(lie, Lie::Malformed(_))),
    ];
    for (behaviour, expected) in lies {
        let world = World::new(2, 2);
        let (gateway, operators, _folder) =
            world.gateway_with(&[Honest, behaviour.clone()], quick()).await;
        let ask = world.ask(operation(0), 7);
        let failed = no_quorum(&gateway, &ask).await;
        match &failed.outcomes[1].outcome {
            Outcome::Lied(lie) => assert!(expected(lie), "{behaviour:?}: {lie}"),
            other => panic!("{behaviour:?}: {other:?}"),
        }
        assert!(gateway.decisions().get(ask.user_op_hash).unwrap().is_none());
        // The control: the same operator, honest again.
        operators[1].behave(Honest);
        assert_verifies(&ask, &gateway.attest(&ask).await.unwrap());
    }
}

#[tokio::test]
async fn a_liar_beside_a_quorum_changes_nothing() {
    let world = World::new(2, 3);
    let (gateway, _operators, _folder) =
        world.gateway(&[Behaviour::SignsAs(1), Honest, Honest]).await;
    let ask = world.ask(operation(0), 7);
    let suffix = gateway.attest(&ask).await.unwrap();
    assert_eq!(suffix.signatures.iter().map(|s| s.index).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn one_operator_behind_two_urls_has_one_vote() {
    let world = World::new(2, 3);
    let (_, operators, _folder) = world.gateway(&[Honest, Behaviour::SignsAs(0)]).await;
    // Without addresses, a signature is whose it recovers to.
    let endpoints = operators
        .iter()
        .map(|one| writ_gateway::OperatorEndpoint { address: None, ..one.endpoint() })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let store = DecisionStore::open(folder.path()).unwrap();
    let gateway = Gateway::new(GatewayOptions { operators: endpoints, ..quick() }, store).unwrap();
    let failed = no_quorum(&gateway, &world.ask(operation(0), 7)).await;
    assert_eq!(failed.allowed, 1);
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let world = World::new(1, 2);
    let (gateway, operators, _folder) =
        world.gateway_with(&[Behaviour::Floods, Behaviour::Reorganised], quick()).await;
    let failed = no_quorum(&gateway, &world.ask(operation(0), 7)).await;
    assert!(
        matches!(&failed.outcomes[0].outcome, Outcome::Unreachable(_) | Outcome::Lied(_)),
        "{:?}",
        failed.outcomes[0].outcome
    );
    operators[1].behave(Honest);
    assert!(gateway.attest(&world.ask(operation(0), 7)).await.is_ok());
}

#[tokio::test]
async fn more_denials_than_spare_operators_are_a_denial_with_reasons() {
    let world = World::new(2, 3);
    let denies = Behaviour::Denies("over the daily limit");
    let (gateway, operators, _folder) =
        world.gateway(&[denies.clone(), Behaviour::Slow(FOREVER), denies]).await;
    let ask = world.ask(operation(0), 7);
    let Err(GatewayError::Denied { reasons, evidence }) = gateway.attest(&ask).await else {
        panic!("a denial was expected")
    };
    assert_eq!(reasons, ["over the daily limit"]);
    let decision = gateway.decisions().get(evidence).unwrap().unwrap();
    assert_eq!(gateway.decisions().get(ask.user_op_hash).unwrap().as_ref(), Some(&decision));
    let Verdict::Denied { denials, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!(denials.len(), 2);
    for denial in denials {
        assert_eq!(
            denial.signature.recover(denial.denial.digest(&decision.domain)),
            Some(denial.operator)
        );
    }

    // One denial alone decides nothing.
    operators[1].behave(Honest);
    operators[2].behave(Honest);
    assert_verifies(&ask, &gateway.attest(&ask).await.unwrap());
}

#[tokio::test]
async fn a_decision_is_durable_and_found_by_each_of_its_names() {
    let world = World::new(2, 3);
    let (gateway, _operators, folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let ask = world.ask(operation(0), 7);
    let suffix = gateway.attest(&ask).await.unwrap();
    let path = folder.path().join("decisions");
    let locked = DecisionStore::open(&path).unwrap_err();
    assert!(matches!(locked, StoreError::Locked { .. }), "{locked}");
    drop(gateway);

    let store = DecisionStore::open(&path).unwrap();
    let decision = store.get(suffix.evidence).unwrap().unwrap();
    assert_eq!(decision.suffix(), Some(suffix));
    assert_eq!(decision.evidence_hash, alloy::primitives::keccak256(&decision.evidence));
    for name in [decision.action_hash, ask.user_op_hash] {
        assert_eq!(store.get(name).unwrap().as_ref(), Some(&decision));
    }
    assert_eq!(store.get(alloy::primitives::B256::ZERO).unwrap(), None);
}

#[tokio::test]
async fn a_live_decision_is_handed_out_again_without_asking() {
    let world = World::new(2, 3);
    let (gateway, operators, _folder) = world.gateway(&[Honest, Honest, Honest]).await;
    let first = gateway.attest(&world.ask(operation(0), 7)).await.unwrap();
    let calls = || operators.iter().map(TestOperator::calls).sum::<usize>();
    let before = calls();
    assert_eq!(gateway.attest(&world.ask(operation(0), 9)).await.unwrap(), first);
    // A fee bump within the attested cost needs no new decision.
    let mut bumped = operation(0);
    bumped.max_fee_per_gas = bumped.max_fee_per_gas * 121 / 100;
    assert_eq!(gateway.attest(&world.ask(bumped, 9)).await.unwrap(), first);
    assert_eq!(calls(), before);

    // Another call at the same nonce is another matter: a live allow stands in the way, at every operator.
    let mut other = operation(0);
    other.call_data = vec![1, 2, 3, 4].into();
    let failed = no_quorum(&gateway, &world.ask(other, 9)).await;
    assert!(failed.outcomes.iter().any(|one| one.outcome.kind() == "liveAllow"), "{failed}");
    // And so is a decision that is about to expire.
    let mut late = world.ask(operation(0), 9);
    late.now = first.valid_until - 1;
    assert!(calls() > before);
    let asked = calls();
    let _ = gateway.attest(&late).await;
    assert!(calls() > asked);
}

#[tokio::test]
async fn a_question_that_failed_halfway_is_asked_again_at_its_block() {
    let world = World::new(2, 2);
    let (gateway, operators, _folder) =
        world.gateway_with(&[Honest, Behaviour::Reorganised], quick()).await;
    no_quorum(&gateway, &world.ask(operation(0), 7)).await;
    operators[1].behave(Honest);
    let suffix = gateway.attest(&world.ask(operation(0), 8)).await.unwrap();
    assert_eq!((suffix.block_number, suffix.block_hash), (block(7).number, block(7).hash));
}

#[tokio::test]
async fn a_gateway_without_memory_finds_the_live_block_from_the_operators() {
    let world = World::new(2, 3);
    let behaviours = [Honest, Honest, Behaviour::Reorganised];
    let (gateway, operators, _folder) = world.gateway_with(&behaviours, quick()).await;
    let first = gateway.attest(&world.ask(operation(0), 7)).await.unwrap();
    operators[2].behave(Honest);
    let folder = tempfile::tempdir().unwrap();
    let store = DecisionStore::open(folder.path()).unwrap();
    let endpoints = operators.iter().map(TestOperator::endpoint).collect();
    let other = Gateway::new(GatewayOptions { operators: endpoints, ..quick() }, store).unwrap();
    // The third allows at block 8, where nobody else may join it.
    assert_eq!(other.attest(&world.ask(operation(0), 8)).await.unwrap(), first);
    assert!(operators[2].calls() > 0);
}

#[tokio::test]
async fn a_remembered_block_that_is_gone_is_given_up() {
    let world = World::new(2, 2);
    let too_old = Behaviour::Faults(OperatorFault::BlockTooOld { oldest: "8".into() });
    let (gateway, operators, _folder) =
        world.gateway_with(&[Behaviour::Reorganised, too_old], quick()).await;
    no_quorum(&gateway, &world.ask(operation(0), 7)).await;
    for one in &operators {
        one.behave(Honest);
    }
    assert_eq!(gateway.attest(&world.ask(operation(0), 8)).await.unwrap().block_number, 8);
}

#[tokio::test]
async fn operators_outside_the_set_are_not_asked() {
    let world = World::new(2, 3);
    let (_, operators, _folder) = world.gateway(&[Honest, Honest]).await;
    let stranger = dead_endpoint(Some(alloy::primitives::Address::repeat_byte(0x99))).await;
    let endpoints = operators.iter().map(TestOperator::endpoint).chain([stranger]).collect();
    let folder = tempfile::tempdir().unwrap();
    let store = DecisionStore::open(folder.path()).unwrap();
    let gateway = Gateway::new(GatewayOptions { operators: endpoints, ..quick() }, store).unwrap();
    assert!(gateway.attest(&world.ask(operation(0), 7)).await.is_ok());
    operators[0].behave(Behaviour::Reorganised);
    let failed = no_quorum(&gateway, &world.ask(operation(1), 7)).await;
    assert_eq!(failed.outcomes[2].outcome, Outcome::NotInSet);
    let identities = gateway.identities().await;
    assert_eq!(identities[0].1.as_ref().unwrap().address, world.keys[0].address());
    assert!(identities[2].1.is_err());
}

#[tokio::test]
async fn an_evaluation_needs_as_many_that_agree() {
    let world = World::new(2, 3);
    let (gateway, operators, _folder) =
        world.gateway(&[Behaviour::Denies("no"), Honest, Honest]).await;
    let ask = world.ask(operation(0), 7);
    assert!(gateway.evaluate(&ask).await.unwrap().allow);
    operators[1].behave(Behaviour::Denies("no"));
    let evaluation = gateway.evaluate(&ask).await.unwrap();
    assert_eq!((evaluation.allow, evaluation.reasons), (false, vec!["no".to_owned()]));
    assert!(gateway.decisions().get(evaluation.evidence).unwrap().is_none());
}

#[test]
fn an_unusable_url_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = DecisionStore::open(folder.path()).unwrap();
    let operators = vec![writ_gateway::OperatorEndpoint { url: "nonsense".into(), address: None }];
    let error =
        Gateway::new(GatewayOptions { operators, ..Default::default() }, store).unwrap_err();
    assert!(error.to_string().contains("nonsense"));
}

#[tokio::test]
async fn the_same_question_twice_at_once_is_asked_at_one_block() {
    let world = World::new(2, 3);
    let slow = Behaviour::Slow(Duration::from_millis(100));
    let (gateway, _operators, _folder) = world.gateway(&[slow.clone(), slow.clone(), slow]).await;
    let (first, second) = (world.ask(operation(0), 7), world.ask(operation(0), 8));
    let (first, second) = tokio::join!(gateway.attest(&first), gateway.attest(&second));
    assert_eq!(first.unwrap().block_number, second.unwrap().block_number);
}

#[tokio::test]
async fn a_decision_that_is_over_is_made_anew() {
    let world = World::new(2, 2);
    let (gateway, operators, _folder) =
        world.gateway_with(&[Honest, Behaviour::Reorganised], quick()).await;
    no_quorum(&gateway, &world.ask(operation(0), 7)).await;
    // Much later the first operator's answer at block 7 is of no use, and the question is asked at the present block.
    operators[1].behave(Honest);
    let mut late = world.ask(operation(0), 9);
    late.now = NOW + 295;
    let failed = no_quorum(&gateway, &late).await;
    assert!(failed.outcomes.iter().any(|one| one.outcome.kind() == "liveAllow"), "{failed}");
    operators[0].forget();
    operators[1].forget();
    late.now = NOW + 200;
    assert_eq!(gateway.attest(&late).await.unwrap().block_number, 9);
}
