//! Where an account's policies are found: in its own event or in that of what was published, by one question to the node.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Address, B256},
    sol_types::{SolCall, SolValue},
};
use common::Chain;
use writ_attestation::AccountPolicy;
use writ_bindings::{WritModule, dev_account_creation_code};
use writ_evidence::AccountReader;
use writ_simulation::{NodeClient, NodeOptions, Simulator, StateOptions, StateProvider};
use writ_types::EntryPointVersion;

/// The policies of the account, and how much was asked for them.
async fn found(chain: &Chain, account: Address) -> (usize, u64, u64) {
    let node = NodeClient::new(&chain.anvil.endpoint(), NodeOptions::default()).unwrap();
    let state = StateProvider::new(node.clone(), StateOptions::default());
    let block = state.latest().await.unwrap();
    let simulator = Simulator::default();
    let answer = simulator.call(&block, chain.module, AccountPolicy::call(account)).await.unwrap();
    let policy = AccountPolicy::decode(&answer.unwrap()).unwrap();
    let before = node.stats().calls;
    let reader = AccountReader::new(simulator, node.clone());
    let policies = reader.policies(chain.module, account, &policy).await.unwrap();
    (policies.len(), policy.state.configured_at, node.stats().calls - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_finds_what_was_set_and_what_was_published() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let (count, _, asked) = found(&chain, chain.account).await;
    assert_eq!((count, asked), (1, 1), "what the account set itself");

    // Another configuration, published before there is an account for it.
    let mut configuration = chain.configuration();
    configuration.exitDelay += 1;
    let policies = chain.references();
    let publish = WritModule::publishCall { configuration, policies };
    let published = chain.send(chain.module, publish.abi_encode().into(), 0).await;
    let log = published.logs().first().unwrap();
    let event = log.log_decode::<WritModule::ConfigurationPublished>().unwrap();
    chain.mine(3).await;
    let data = event.inner.data.record.abi_encode();
    let (entry_point, module) = (chain.entry_point.address, chain.module);
    let creation = dev_account_creation_code(entry_point, module, data.into(), module);
    let account = chain.create2(B256::ZERO, &creation).await;
    let (count, block, asked) = found(&chain, account).await;
    assert_eq!(block, published.block_number.unwrap());
    assert_eq!((count, asked), (1, 1), "what was published");
}
