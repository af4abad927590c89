//! What left before, on a real chain: with and without an index, over reorganisations and restarts, and what races for it.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::primitives::{Address, U256};
use common::{Chain, ETHER, RECIPIENT};
use serde_json::{Value, json};
use writ_attestation::wire::{AttestRequest, OperatorFault, OperatorResponse};
use writ_evidence::{DEFAULT_HISTORY_BLOCKS, HistoryIndex};
use writ_operator::{Operator, OperatorConfig};
use writ_types::{EntryPointVersion, UserOperation};

/// An amount that JSON shows as a number.
const WEI: u128 = 1_000_000;

/// An operator that keeps what it reads.
async fn indexed(chain: &Chain) -> Operator {
    let history = Some((chain.folder.path().join("history"), DEFAULT_HISTORY_BLOCKS));
    Operator::open(OperatorConfig { history, ..chain.config(0) }).await.unwrap()
}

/// Attests with both and executes.
async fn execute(chain: &Chain, operators: [&Operator; 2], operation: &UserOperation) {
    let attested = attested(chain, operators, &chain.request(operation).await, operation).await;
    assert!(chain.handle_ops(&[attested]).await.status());
}

async fn attested(
    chain: &Chain,
    operators: [&Operator; 2],
    request: &AttestRequest,
    operation: &UserOperation,
) -> UserOperation {
    let answers =
        [operators[0].attest(request).await.unwrap(), operators[1].attest(request).await.unwrap()];
    chain.attested(operation, &answers)
}

/// The history that the next operation is decided on, which is the same for both.
async fn history(chain: &Chain, operators: [&Operator; 2]) -> Value {
    let request = chain.request(&chain.send_native(9, 0, 1)).await;
    let seen = [
        operators[0].evaluate(&request).await.unwrap(),
        operators[1].evaluate(&request).await.unwrap(),
    ];
    assert_eq!(seen[0].evidence, seen[1].evidence);
    let [Value::Object(mut input), _] = seen.map(|evaluation| evaluation.input) else {
        panic!("an object")
    };
    input.remove("history").unwrap()
}

fn window(chain: &Chain, operations: u64, ether: u128, tokens: u64) -> Value {
    let (native, token) = (format!("{:?}", Address::ZERO), format!("{:?}", chain.token));
    let (mut spent, mut paid) = (Vec::new(), Vec::new());
    if ether > 0 {
        let amount = json!(u64::try_from(ether).unwrap());
        spent.push(json!({"asset": native, "amount": amount}));
        paid.push(json!({"asset": native, "counterparty": native, "amount": amount}));
    }
    if tokens > 0 {
        let to = format!("{RECIPIENT:?}");
        spent.push(json!({"asset": token, "amount": tokens}));
        paid.push(json!({"asset": token, "counterparty": to, "amount": tokens}));
    }
    json!({"operations": operations, "spent": spent, "counterparties": paid})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_changes_no_answer_over_reorganisations_and_restarts() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let (first, second) = (indexed(&chain).await, chain.operator(1).await);
    let nothing = window(&chain, 0, 0, 0);
    let none = json!({"sequence": 0, "hour": nothing, "day": nothing, "week": nothing});
    assert_eq!(history(&chain, [&first, &second]).await, none);

    execute(&chain, [&first, &second], &chain.send_tokens(0, 0, 60)).await;
    execute(&chain, [&first, &second], &chain.send_native(0, 1, 2 * WEI)).await;
    let both = window(&chain, 2, 2 * WEI, 60);
    let seen = history(&chain, [&first, &second]).await;
    assert_eq!(seen, json!({"sequence": 2, "hour": both, "day": both, "week": both}));

    // An hour later; then one more of each, of which the last is lost.
    chain.pass(3_600).await;
    execute(&chain, [&first, &second], &chain.send_tokens(0, 2, 7)).await;
    let before = history(&chain, [&first, &second]).await;
    assert_eq!(before["hour"], window(&chain, 1, 0, 7));
    assert_eq!(before["day"], window(&chain, 3, 2 * WEI, 67));
    execute(&chain, [&first, &second], &chain.send_native(0, 3, WEI)).await;
    let lost = chain.newest().await;
    let seen = history(&chain, [&first, &second]).await;
    assert_eq!(seen["hour"], window(&chain, 2, WEI, 7));
    assert_eq!(seen["week"], window(&chain, 4, 3 * WEI, 67));
    chain.reorganise(1).await;
    assert_ne!(chain.newest().await.hash, lost.hash);
    assert_eq!(history(&chain, [&first, &second]).await, before);

    // On the other branch something else happens, at the height of what was lost; the index is opened again meanwhile.
    drop(first);
    let index = HistoryIndex::open(
        &chain.folder.path().join("history"),
        chain.anvil.chain_id(),
        DEFAULT_HISTORY_BLOCKS,
    );
    assert_eq!(index.unwrap().len(), 4);
    let first = indexed(&chain).await;
    chain.pass(301).await;
    execute(&chain, [&first, &second], &chain.send_tokens(0, 3, 5)).await;
    let seen = history(&chain, [&first, &second]).await;
    assert_eq!(seen["hour"], window(&chain, 2, 0, 12));
    assert_eq!(seen["week"], window(&chain, 4, 2 * WEI, 72));

    // A day later, and a week.
    chain.pass(86_400).await;
    let seen = history(&chain, [&first, &second]).await;
    assert_eq!((&seen["hour"], &seen["day"]), (&nothing, &nothing));
    assert_eq!(seen["week"], window(&chain, 4, 2 * WEI, 72));
    chain.pass(7 * 86_400).await;
    assert_eq!(history(&chain, [&first, &second]).await["week"], nothing);
}

/// Two operators each, who know nothing of one another, decide two operations of different nonce keys on the same history.
#[tokio::test(flavor = "multi_thread")]
async fn two_operations_cannot_both_use_what_is_left() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let pair = [indexed(&chain).await, chain.operator(1).await];
    execute(&chain, [&pair[0], &pair[1]], &chain.send_native(0, 0, ETHER)).await;
    let forgetful = |index: u8| {
        let log = chain.folder.path().join(format!("forgetful-{index}"));
        Operator::open(OperatorConfig { log, ..chain.config(index) })
    };
    let others = [forgetful(0).await.unwrap(), forgetful(1).await.unwrap()];

    // One ether is left of the day, and each of them takes it.
    let (one, other) = (chain.send_native(1, 0, ETHER), chain.send_native(2, 0, ETHER - 1));
    let (request, rival) = (chain.request(&one).await, chain.request(&other).await);
    let first = attested(&chain, [&pair[0], &pair[1]], &request, &one).await;
    let second = attested(&chain, [&others[0], &others[1]], &rival, &other).await;
    // Whoever signed the one does not sign the other.
    let fault = pair[1].attest(&rival).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::LiveAllow { .. }), "{fault:?}");

    // In one bundle, in either order; and one after the other.
    assert!(!chain.handle_ops(&[first.clone(), second.clone()]).await.status());
    assert!(!chain.handle_ops(&[second.clone(), first.clone()]).await.status());
    assert!(chain.handle_ops(&[second]).await.status());
    assert!(!chain.handle_ops(&[first]).await.status());
    assert_eq!(chain.native_balance(RECIPIENT).await, U256::from(2 * ETHER - 1));

    // Asked again, the first is too much now. (The log of the others never saw it.)
    let answer = others[0].attest(&chain.request(&one).await).await.unwrap();
    let OperatorResponse::Deny(deny) = answer else { panic!("allowed") };
    assert_eq!(deny.reasons, ["over what is left of the day"]);
}
