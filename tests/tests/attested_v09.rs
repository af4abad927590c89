//! The module under EntryPoint v0.9: attested operations run, and nothing else does, whichever way it comes.

use alloy::primitives::{Address, B256, U256};
use serde_json::json;
use writ_bindings::{DevToken, dev_account_creation_code, installation_data};
use writ_node::dev::{CHAIN_ID, Wallet, handle_ops, tokens};
use writ_tests::{Node, World, ether};
use writ_types::{EntryPoint, EntryPointVersion};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const DENIED: i64 = -32532;

/// Deploys an account of the world's owner under v0.9, with the configuration that its account on v0.8 has.
async fn account(world: &World, node: &Node, entry_point: EntryPoint) -> Wallet {
    use alloy::sol_types::SolCall;

    let stage = &world.network.stage;
    let mut configuration = stage.configuration_v08.clone();
    configuration.entryPoint = entry_point.address;
    let data = installation_data(&configuration, &world.network.limits.references());
    let code = dev_account_creation_code(entry_point.address, stage.module, data, stage.module);
    let account = node.create(&code).await;
    node.set_balance(account, ether(1)).await;
    let mint = DevToken::mintCall { to: account, amount: tokens(10_000) };
    node.send(stage.token, mint.abi_encode().into(), U256::ZERO).await;
    let (owner, url) = (world.network.owner.clone(), world.network.chain.url().clone());
    Wallet::new(account, entry_point, stage.module, owner, CHAIN_ID, url, world.client())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_module_enforces_under_v09_what_it_enforces_elsewhere() {
    let mut world = World::start(PROGRAM).await;
    let node = Node::new(world.network.chain.url().clone());
    let Some(entry_point) = node.deploy_entry_point(EntryPointVersion::V09).await else { return };
    // What the chain has is found at the next start.
    world.network.bundler.kill().await.expect("killed");
    world.network.bundler.restart().await.expect("up again");
    let served = world.must("eth_supportedEntryPoints", json!([])).await;
    assert_eq!(served[0], json!(entry_point.address.to_checksum(None)), "{served}");
    let wallet = account(&world, &node, entry_point).await;

    // Through the bundler: attested on the way, and told apart by its hash on the chain.
    let operation = world.transfer(&wallet, 0).await;
    let receipt = world.include(&wallet, &operation).await;
    let hash: B256 = serde_json::from_value(receipt["userOpHash"].clone()).expect("a hash");
    let status = world.must("writ_getUserOperationStatus", json!([hash])).await;
    assert_eq!(status["gate"], "enforced", "{status}");
    let over = world.transfer_of(&wallet, 0, tokens(101)).await;
    world.refuses(&wallet, &over, DENIED).await;

    // The same call under two keys at once: before v0.9 one bundle could not hold both.
    let to = Address::repeat_byte(0xf1);
    let call_data = Wallet::transfer(world.token(), to, tokens(1));
    world.anvil("evm_setAutomine", json!([false])).await;
    let mut waiting = Vec::new();
    for lane in [1, 2] {
        let operation = wallet.prepare(call_data.clone(), lane).await.expect("estimated");
        waiting.push(world.accept(&wallet, &operation).await);
    }
    world.anvil("evm_setAutomine", json!([true])).await;
    world.anvil("evm_mine", json!([])).await;
    for hash in waiting {
        world.receipt(hash).await;
    }

    // Around the bundler: refused without attestation, and accepted with it.
    let stage = &world.network.stage;
    let plain = world.transfer(&wallet, 0).await;
    let around = async |operation| {
        let sent = handle_ops(&stage.provider, stage.deployer, entry_point, &[operation]).await;
        sent.expect("mined").refusal
    };
    let refusal = around(plain.clone()).await.expect("refused");
    assert_eq!(refusal.code(), "AA23", "{refusal:?}");
    let expected = alloy::primitives::keccak256("AttestationRequired()");
    assert_eq!(refusal.selector().expect("an error").as_slice(), &expected[..4]);
    let attested = world.attest(&wallet, &plain).await;
    assert_eq!(around(attested).await, None);
}
