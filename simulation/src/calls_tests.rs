use alloy::primitives::{hex, keccak256};

use super::*;
use crate::{DelegateCall, NativeTransfer, SenderCall, test_utils::TestChain};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const ACCOUNT: Address = Address::repeat_byte(0xac);
const CODE: Address = Address::repeat_byte(0xc0);

/// Returns who calls, the value, and the origin.
const WITNESS: [u8; 15] = hex!("335f52346020523260405260605ff3");
/// Keeps a mark for the transaction when called with data, and returns it when called without.
const MARK: [u8; 19] = hex!("36600c575f5c5f5260205ff35b60015f5d0000");

fn call(from: Address, to: Address, value: u64, data: &[u8]) -> SimulatedCall {
    SimulatedCall { from, to, value: U256::from(value), data: Bytes::copy_from_slice(data) }
}

fn sequence(calls: Vec<SimulatedCall>) -> CallSequence {
    CallSequence {
        calls,
        account: ACCOUNT,
        implementation: None,
        watched: ACCOUNT,
        overrides: Overrides::default(),
    }
}

async fn outcomes(chain: &TestChain, sequence: &CallSequence) -> Vec<SimulatedOutcome> {
    Simulator::default().simulate_calls(&chain.pin(), sequence).await.expect("runs")
}

/// Sends a wei to [`BOB`].
fn pays_bob() -> Vec<u8> {
    [&hex!("5f5f5f5f600173")[..], BOB.as_slice(), &hex!("5af150")].concat()
}

#[test]
fn the_stage_is_named_by_a_hash() {
    assert_eq!(STAGE, Address::from_word(keccak256("writ.simulation.stage")));
}

#[tokio::test]
async fn whoever_is_to_call_calls_and_pays_with_code_or_without() {
    let mut chain = TestChain::new();
    chain.put(ACCOUNT, WITNESS.to_vec());
    chain.put(BOB, hex!("00").to_vec());
    for from in [ALICE, BOB] {
        chain.fund(from, U256::from(7));
        let found = outcomes(&chain, &sequence(vec![call(from, ACCOUNT, 7, &[1])])).await;
        let word = |address: Address| address.into_word().to_vec();
        let value = U256::from(7).to_be_bytes_vec();
        let expected = [word(from), value, word(DEFAULT_ORIGIN)].concat();
        assert_eq!(found[0].output, expected);
        let moved = NativeTransfer { from, to: ACCOUNT, amount: U256::from(7) };
        assert_eq!(found[0].effects.native, [moved]);

        let found = outcomes(&chain, &sequence(vec![call(from, ACCOUNT, 8, &[1])])).await;
        assert_eq!(found[0].status, FrameStatus::Revert, "it has seven");
        assert!(found[0].effects.native.is_empty());
    }
}

#[tokio::test]
async fn calls_share_a_transaction_and_end_with_the_first_that_fails() {
    let mut chain = TestChain::new();
    chain.put(ACCOUNT, MARK.to_vec());
    chain.put(CODE, hex!("5f5ffd").to_vec());
    let marked = vec![call(ALICE, ACCOUNT, 0, &[1]), call(BOB, ACCOUNT, 0, &[])];
    let found = outcomes(&chain, &sequence(marked)).await;
    assert_eq!(found[1].output, U256::ONE.to_be_bytes_vec());
    let failing =
        vec![call(ALICE, ACCOUNT, 0, &[]), call(ALICE, CODE, 0, &[]), call(ALICE, ACCOUNT, 0, &[])];
    let found = outcomes(&chain, &sequence(failing)).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].output, U256::ZERO.to_be_bytes_vec(), "the mark is gone");
    assert_eq!(found[1].status, FrameStatus::Revert);
}

#[tokio::test]
async fn what_a_reverted_frame_did_is_forgotten_except_whom_the_account_called() {
    let mut chain = TestChain::new();
    chain.fund(ACCOUNT, U256::from(9));
    let logs_and_pays = [hex!("5f5fa0").to_vec(), pays_bob()].concat();
    for (end, kept) in [(&hex!("00")[..], 1), (&hex!("5f5ffd"), 0)] {
        chain.put(ACCOUNT, [&logs_and_pays, end].concat());
        let found = outcomes(&chain, &sequence(vec![call(ALICE, ACCOUNT, 0, &[])])).await;
        assert_eq!(found[0].effects.native.len(), kept);
        assert_eq!(found[0].logs.len(), kept);
        let called = SenderCall { to: BOB, value: U256::ONE, data: Some(Bytes::new()) };
        assert_eq!(found[0].effects.calls, [called]);
    }
    // Of others nothing is kept.
    chain.put(ACCOUNT, [&logs_and_pays[..], &hex!("00")].concat());
    let watched = CallSequence { watched: BOB, ..sequence(vec![call(ALICE, ACCOUNT, 0, &[])]) };
    assert!(outcomes(&chain, &watched).await[0].logs.is_empty());
}

#[tokio::test]
async fn only_what_the_account_hands_on_unchanged_is_no_delegatecall() {
    let mut chain = TestChain::new();
    chain.fund(ACCOUNT, U256::from(9));
    let proxy = [&hex!("365f5f375f5f365f73")[..], CODE.as_slice(), &hex!("5af400")].concat();
    chain.put(ACCOUNT, proxy);
    // Delegates to somebody else with other bytes, and pays.
    let delegates = [&hex!("5f5f5f5f73")[..], BOB.as_slice(), &hex!("5af450")].concat();
    chain.put(CODE, [delegates, pays_bob()].concat());
    let delegated = |to| DelegateCall { from: ACCOUNT, to };
    for (implementation, expected) in [
        (Some(CODE), vec![delegated(BOB)]),
        (None, vec![delegated(CODE), delegated(BOB)]),
        (Some(BOB), vec![delegated(CODE), delegated(BOB)]),
    ] {
        let asked =
            CallSequence { implementation, ..sequence(vec![call(ALICE, ACCOUNT, 0, &[1, 2, 3])]) };
        let found = outcomes(&chain, &asked).await;
        assert_eq!(found[0].effects.delegate_calls, expected);
        assert_eq!(found[0].effects.native.len(), 1);
    }
}

#[tokio::test]
async fn what_a_stranger_can_make_grow_is_bounded() {
    let chain = TestChain::new();
    let run = |calls| async {
        let sequence = sequence(calls);
        Simulator::default().simulate_calls(&chain.pin(), &sequence).await
    };
    assert!(matches!(run(Vec::new()).await, Err(SimulationError::InvalidRequest(_))));
    let many = vec![call(ALICE, BOB, 0, &[]); MAX_SIMULATED_CALLS + 1];
    assert!(matches!(run(many).await, Err(SimulationError::LimitExceeded { what: "calls", .. })));

    // Logs for ever.
    let mut chain = TestChain::new();
    chain.put(ACCOUNT, hex!("5b5f5fa05f56").to_vec());
    let endless = sequence(vec![call(ALICE, ACCOUNT, 0, &[])]);
    let simulator = Simulator::default();
    let found = simulator.simulate_calls(&chain.pin(), &endless).await;
    assert!(matches!(found, Err(SimulationError::LimitExceeded { what: "trace records", .. })));
}
