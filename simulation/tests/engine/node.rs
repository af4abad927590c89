//! A real node behind the proxy.

use std::{sync::atomic::Ordering, time::Duration};

use alloy::{
    eips::BlockId,
    primitives::{Address, Bytes, U256},
    sol_types::SolValue,
};
use writ_simulation::{
    Limits, NodeClient, NodeError, NodeOptions, SimulationError, Simulator, SimulatorOptions,
    StateOptions, StateProvider,
};
use writ_types::{EntryPointVersion, handle_ops_calldata};

use crate::anvil::{PAYEE, World, options, transfer};

#[tokio::test(flavor = "multi_thread")]
async fn simulation_foretells_what_the_chain_then_does() {
    for version in [EntryPointVersion::V07, EntryPointVersion::V08] {
        let world = World::new(version).await;
        let state = world.state();
        let simulator = Simulator::default();
        for (nonce, create) in [(0, true), (1, false)] {
            let op = world.account.operation(nonce, transfer(7), create);
            let block = state.latest().await.unwrap();
            let simulation = simulator.simulate(&block, &world.request(op.clone())).await.unwrap();
            assert!(simulation.is_success(), "{version}: {:?}", simulation.failure);
            let foretold = simulation.last().unwrap().receipt.clone().unwrap();

            let data = handle_ops_calldata(std::slice::from_ref(&op), PAYEE).unwrap();
            let receipt = world.send(Some(world.entry_point.address), data, U256::ZERO).await;
            let event = receipt
                .logs()
                .iter()
                .find(|log| log.topics().len() == 4 && log.topics()[1] == foretold.user_op_hash)
                .expect("the operation's event");
            let (_, success, _, gas) =
                <(U256, bool, U256, U256)>::abi_decode(&event.data().data).unwrap();
            assert_eq!((success, gas), (true, foretold.actual_gas_used), "{version} {nonce}");
        }
        assert_eq!(world.proxy.behaviour.forbidden.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_senders_state_comes_in_one_batch_and_the_same_block_costs_nothing() {
    let world = World::new(EntryPointVersion::V08).await;
    let state = world.state();
    let simulator = Simulator::default();
    let op = world.account.operation(0, transfer(1), true);
    let block = state.latest().await.unwrap();
    let first = simulator.simulate(&block, &world.request(op.clone())).await.unwrap();
    let warm = state.client().stats();
    let again = simulator.simulate(&block, &world.request(op.clone())).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(state.client().stats(), warm, "everything was cached");

    let _: serde_json::Value = world.direct.request("evm_mine", ()).await.unwrap();
    let next = state.latest().await.unwrap();
    assert_eq!(next.number(), block.number() + 1);
    let before = state.client().stats();
    let later = simulator.simulate(&next, &world.request(op)).await.unwrap();
    assert_eq!(later.ops[0].effects, first.ops[0].effects);
    assert_eq!(state.client().stats().round_trips - before.round_trips, 1);
    // Both handles of one block share what was read.
    let same = state.pin(next.hash()).await.unwrap();
    let counted = state.client().stats().round_trips;
    same.account(world.account.address).await.unwrap();
    assert_eq!(state.client().stats().round_trips, counted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_needs_too_much_from_the_node_is_refused() {
    let world = World::new(EntryPointVersion::V08).await;
    // With an access list nothing would be left to read.
    world.proxy.behaviour.no_access_lists.store(true, Ordering::SeqCst);
    let state = world.state();
    let block = state.latest().await.unwrap();
    let limits = Limits { node_reads: 1, ..Limits::default() };
    let simulator = Simulator::new(SimulatorOptions { limits, ..SimulatorOptions::default() });
    let request = world.request(world.account.operation(0, transfer(1), true));
    let error = simulator.simulate(&block, &request).await.unwrap_err();
    let expected = SimulationError::LimitExceeded { what: "reads from the node", limit: 1 };
    assert_eq!(error, expected);

    let limits = Limits { node_time: Duration::from_nanos(1), ..Limits::default() };
    let simulator = Simulator::new(SimulatorOptions { limits, ..SimulatorOptions::default() });
    let block = world.state().latest().await.unwrap();
    let error = simulator.simulate(&block, &request).await.unwrap_err();
    assert_eq!(error, SimulationError::TooSlow);
    assert!(error.is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_was_reorganised_away_is_unknown_not_wrong() {
    let world = World::new(EntryPointVersion::V08).await;
    let state = world.state();
    let snapshot: U256 = world.direct.request("evm_snapshot", ()).await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_mine", ()).await.unwrap();
    let gone = state.latest().await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_revert", (snapshot,)).await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_increaseTime", (1_000,)).await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_mine", ()).await.unwrap();
    let op = world.account.operation(0, transfer(1), true);
    let error = Simulator::default().simulate(&gone, &world.request(op.clone())).await.unwrap_err();
    assert!(matches!(error, SimulationError::Node(NodeError::UnknownBlock { .. })), "{error:?}");
    assert!(error.is_transient());
    let error = state.pin(gone.hash()).await.unwrap_err();
    assert!(matches!(error, NodeError::UnknownBlock { .. }), "{error:?}");
    let error = state.pin(BlockId::number(9_999)).await.unwrap_err();
    assert!(matches!(error, NodeError::UnknownBlock { .. }), "{error:?}");

    // The same through a node that takes numbers only: the height is there, the hash is another.
    let state = world.state();
    world.proxy.behaviour.no_hashes.store(true, Ordering::SeqCst);
    let snapshot: U256 = world.direct.request("evm_snapshot", ()).await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_mine", ()).await.unwrap();
    let block = state.latest().await.unwrap();
    let simulator = Simulator::default();
    let simulation = simulator.simulate(&block, &world.request(op.clone())).await.unwrap();
    assert!(simulation.is_success(), "reading by number works: {:?}", simulation.failure);
    let _: serde_json::Value = world.direct.request("evm_revert", (snapshot,)).await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_increaseTime", (5_000,)).await.unwrap();
    let _: serde_json::Value = world.direct.request("evm_mine", ()).await.unwrap();
    let error = block.account(Address::repeat_byte(0xee)).await.unwrap_err();
    assert!(matches!(error, NodeError::UnknownBlock { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stumbles_is_asked_again_and_one_that_fell_is_reported() {
    let world = World::new(EntryPointVersion::V08).await;
    let state = world.state();
    let simulator = Simulator::default();
    let op = world.account.operation(0, transfer(1), true);
    let behaviour = &world.proxy.behaviour;

    behaviour.fail.store(2, Ordering::SeqCst);
    let block = state.latest().await.unwrap();
    behaviour.cut.store(1, Ordering::SeqCst);
    let simulation = simulator.simulate(&block, &world.request(op.clone())).await.unwrap();
    assert!(simulation.is_success(), "{:?}", simulation.failure);
    assert_eq!(state.client().stats().retries, 3);

    // The node falls in the middle: after the batch, while the EVM reads on.
    let state = world.state();
    let block = state.latest().await.unwrap();
    behaviour.no_access_lists.store(true, Ordering::SeqCst);
    behaviour.let_through.store(3, Ordering::SeqCst);
    let error = simulator.simulate(&block, &world.request(op.clone())).await.unwrap_err();
    let SimulationError::Node(NodeError::Unreachable { attempts, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*attempts, 4);
    assert!(error.is_transient());
    // It recovers by itself, on the same pinned block.
    behaviour.let_through.store(usize::MAX, Ordering::SeqCst);
    assert!(simulator.simulate(&block, &world.request(op)).await.unwrap().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_not_there_is_reported_without_its_secrets() {
    let client = NodeClient::new("http://user:secret@127.0.0.1:1/v3/apikey", options()).unwrap();
    let state = StateProvider::new(client.clone(), StateOptions::default());
    let error = state.latest().await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { attempts: 4, .. }), "{error:?}");
    for text in [error.to_string(), format!("{client:?}"), format!("{error:?}")] {
        assert!(!text.contains("secret") && !text.contains("apikey"), "{text}");
    }
    assert!(NodeClient::new("ftp://node", options()).is_err());
    assert!(NodeClient::new("not a url", options()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_are_read_at_the_pinned_block() {
    let world = World::new(EntryPointVersion::V08).await;
    let state = world.state();
    let block = state.latest().await.unwrap();
    let simulator = Simulator::default();
    let selector = &alloy::primitives::keccak256("getAddress(address,uint256)")[..4];
    let data = [selector, &(world.account.owner.address(), U256::from(40)).abi_encode()].concat();
    let answer = simulator.call(&block, world.account.factory, data.into()).await.unwrap().unwrap();
    assert_eq!(Address::abi_decode(&answer).unwrap(), world.account.address);
    let refused = simulator.call(&block, world.account.factory, Bytes::from_static(&[1])).await;
    assert!(refused.unwrap().is_err());
}

/// Calls and round trips of one simulation in a state of which nothing is cached.
async fn cold(world: &World) -> (u64, u64) {
    let state = world.state();
    let block = state.latest().await.unwrap();
    let before = state.client().stats();
    let request = world.request(world.account.operation(0, transfer(1), true));
    let simulation = Simulator::default().simulate(&block, &request).await.unwrap();
    assert!(simulation.is_success(), "{:?}", simulation.failure);
    let after = state.client().stats();
    (after.calls - before.calls, after.round_trips - before.round_trips)
}

#[tokio::test(flavor = "multi_thread")]
async fn cold_state_comes_in_an_access_list_and_one_batch() {
    let world = World::new(EntryPointVersion::V08).await;
    let behaviour = &world.proxy.behaviour;
    let (calls, rounds) = cold(&world).await;
    assert_eq!((behaviour.access_lists.load(Ordering::SeqCst), rounds), (1, 2));

    // Without access lists each step of the execution that depends on another takes a round, and nothing else changes.
    behaviour.no_access_lists.store(true, Ordering::SeqCst);
    let (alone, steps) = cold(&world).await;
    assert!(steps > 2, "{steps} rounds");
    assert!(alone <= calls + 1, "{alone} calls without, {calls} with an access list");

    // A node that makes none is not asked again.
    let state = world.state();
    let block = state.latest().await.unwrap();
    let before = behaviour.access_lists.load(Ordering::SeqCst);
    for salt in 0..3 {
        let mut other = world.account.operation(0, transfer(1), true);
        other.sender = Address::repeat_byte(salt + 1);
        let simulation = Simulator::default().simulate(&block, &world.request(other)).await;
        assert!(simulation.unwrap().failure.is_some(), "nobody's account");
    }
    assert_eq!(behaviour.access_lists.load(Ordering::SeqCst), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_simulated_at_once_share_their_reads() {
    let world = World::new(EntryPointVersion::V08).await;
    let behaviour = &world.proxy.behaviour;
    behaviour.no_access_lists.store(true, Ordering::SeqCst);
    let (alone, _) = cold(&world).await;

    // Slow enough that each of them is still waiting when the others ask for the same.
    behaviour.delay.store(20, Ordering::SeqCst);
    let state = world.state();
    let block = state.latest().await.unwrap();
    let before = state.client().stats();
    let request = world.request(world.account.operation(0, transfer(1), true));
    let simulator = Simulator::default();
    let run = || simulator.simulate(&block, &request);
    for simulation in futures::future::join_all([run(), run(), run(), run()]).await {
        assert!(simulation.unwrap().is_success());
    }
    // Each may have tried whether the node makes access lists.
    let calls = state.client().stats().calls - before.calls;
    assert!(calls <= alone + 3, "{calls} calls for four, {alone} for one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_answer_is_given_up_in_time() {
    let world = World::new(EntryPointVersion::V08).await;
    let patience = NodeOptions {
        timeout: Duration::from_millis(100),
        retries: 1,
        first_pause: Duration::from_millis(1),
        ..options()
    };
    let client = NodeClient::new(&world.proxy.url, patience).unwrap();
    let state = StateProvider::new(client, StateOptions::default());
    let block = state.latest().await.unwrap();
    world.proxy.behaviour.delay.store(60_000, Ordering::SeqCst);
    let request = world.request(world.account.operation(0, transfer(1), true));
    let simulator = Simulator::default();
    let simulation = simulator.simulate(&block, &request);
    let error = tokio::time::timeout(Duration::from_secs(30), simulation).await;
    let error = error.expect("given up long before the node answers").unwrap_err();
    assert!(matches!(error, SimulationError::Node(NodeError::Unreachable { .. })), "{error:?}");
    assert!(error.is_transient());
    // Nothing of the attempt stands in the way of the next.
    world.proxy.behaviour.delay.store(0, Ordering::SeqCst);
    let again = simulator.simulate(&block, &request).await.unwrap();
    assert!(again.is_success());
}
