//! An account that no Writ module looks at: an owner's signature and nothing else.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol_types::SolValue,
};
use writ_bindings::{
    DevToken, EntryPoint as EntryPointContract, PlainOwnerValidator, dev_account_creation_code,
};
use writ_node::dev::{BundlerClient, CHAIN_ID, Wallet, tokens};
use writ_types::{EntryPoint, EntryPointVersion};

use crate::World;

/// A wallet of the World's owner around an account on EntryPoint v0.8, sending through `bundler`.
#[must_use]
pub fn v08_wallet(
    world: &World,
    account: Address,
    validator: Address,
    bundler: BundlerClient,
) -> Wallet {
    let entry_point = EntryPoint::canonical(EntryPointVersion::V08);
    let (owner, node) = (world.network.owner.clone(), world.network.chain.url().clone());
    Wallet::new(account, entry_point, validator, owner, CHAIN_ID, node, bundler)
}

/// Deploys such an account of the World's owner on EntryPoint v0.8, with tokens and a deposit.
///
/// # Panics
/// When the chain does not do as it is asked.
pub async fn plain_account(world: &World, bundler: BundlerClient) -> Wallet {
    let stage = &world.network.stage;
    let provider = stage.provider.clone();
    let create = async |code: Bytes| {
        let request =
            TransactionRequest::default().with_from(stage.deployer).with_deploy_code(code);
        let pending = provider.send_transaction(request).await.expect("sent");
        pending.get_receipt().await.expect("mined").contract_address.expect("created")
    };
    let validator = create(PlainOwnerValidator::BYTECODE.clone()).await;
    let entry_point = EntryPoint::canonical(EntryPointVersion::V08).address;
    let owner = world.network.owner.address().abi_encode();
    let code = dev_account_creation_code(entry_point, validator, owner.into(), Address::ZERO);
    let account = create(code).await;
    let deposit = EntryPointContract::new(entry_point, &provider);
    let deposit = deposit.depositTo(account).value(tokens(1)).send().await.expect("sent");
    deposit.get_receipt().await.expect("mined");
    let mint = DevToken::new(stage.token, &provider);
    mint.mint(account, tokens(100)).send().await.expect("sent").get_receipt().await.expect("mined");
    v08_wallet(world, account, validator, bundler)
}
