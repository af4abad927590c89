//! Accounts of every kind that an attestation can be placed on, as published, with the module installed.

mod kinds;
mod place;
pub(crate) mod published;
mod staged;

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::SolCall,
};
use writ_attestation::{AccountKind, EXECUTE_USER_OP, Validator};
use writ_bindings::{
    DevToken, WritSimpleAccount, erc7579::Execution, installation_data, module_address,
};
use writ_node::dev::{CHAIN_ID, Wallet, tokens};
use writ_types::EntryPoint;

pub use kinds::{create_account, delegate_key, initialize_delegate, versions_of};
pub use place::Place;
pub use staged::Staged;

use crate::{Node, World, ether};

/// The key of the nonces under which the module validates: on Kernel it is the root validator.
///
/// # Panics
/// When the number has too many bits for the kind.
pub fn module_key(kind: AccountKind, number: u32) -> alloy::primitives::aliases::U192 {
    let validator = match kind {
        AccountKind::Kernel => Validator::Root,
        AccountKind::WritSimpleAccount | AccountKind::WritDelegate => Validator::BuiltIn,
        _ => Validator::Module(module_address()),
    };
    kind.nonce_key(validator, number).expect("a small number")
}

/// The nonce with this key and sequence.
pub fn nonce_of(key: alloy::primitives::aliases::U192, sequence: u64) -> U256 {
    (U256::from(key) << 64) | U256::from(sequence)
}

/// Calldata that calls an account of this kind with `call` under its hook.
pub fn under_hook(kind: AccountKind, call: &[u8]) -> Bytes {
    match kind {
        AccountKind::Kernel => [EXECUTE_USER_OP.as_slice(), call].concat().into(),
        _ => Bytes::copy_from_slice(call),
    }
}

/// What installs the configuration that the world's account on v0.8 has, but for the EntryPoint.
pub fn installation(world: &World, entry_point: EntryPoint) -> Bytes {
    let mut configuration = world.network.stage.configuration_v08.clone();
    configuration.entryPoint = entry_point.address;
    installation_data(&configuration, &world.network.limits.references())
}

/// Deploys an account of the world's owner with that configuration, wei and tokens.
pub async fn installed_wallet(
    world: &World,
    node: &mut Node,
    kind: AccountKind,
    entry_point: EntryPoint,
) -> Wallet {
    let account = create_account(node, kind, entry_point, installation(world, entry_point));
    funded_wallet(world, node, account, entry_point).await
}

/// A wallet of the world's owner around an account, which gets wei and tokens.
pub async fn funded_wallet(
    world: &World,
    node: &Node,
    account: Address,
    entry_point: EntryPoint,
) -> Wallet {
    let stage = &world.network.stage;
    node.set_balance(account, ether(1)).await;
    let mint = DevToken::mintCall { to: account, amount: tokens(10_000) };
    node.send(stage.token, mint.abi_encode().into(), U256::ZERO).await;
    let (owner, url) = (world.network.owner.clone(), world.network.chain.url().clone());
    Wallet::new(account, entry_point, stage.module, owner, CHAIN_ID, url, world.client())
}

/// Every way in which an account of this kind, with the module built in, takes these calls; those that lose values are left out.
pub fn built_in_encodings(kind: AccountKind, calls: &[Execution]) -> Vec<(&'static str, Bytes)> {
    use WritSimpleAccount::{
        Execution as Call, executeBatch_0Call, executeBatch_1Call, executeCall,
    };
    let mut encodings = Vec::new();
    if let [Execution { target, value, callData }] = calls {
        let call = executeCall { target: *target, value: *value, data: callData.clone() };
        encodings.push(("execute", call.abi_encode().into()));
    }
    let list = calls.iter().map(|call| Call {
        target: call.target,
        value: call.value,
        callData: call.callData.clone(),
    });
    let batch = executeBatch_0Call { calls: list.collect() };
    encodings.push(("executeBatch of calls", batch.abi_encode().into()));
    if kind == AccountKind::WritSimpleAccount {
        let arrays = executeBatch_1Call {
            targets: calls.iter().map(|call| call.target).collect(),
            values: calls.iter().map(|call| call.value).collect(),
            data: calls.iter().map(|call| call.callData.clone()).collect(),
        };
        encodings.push(("executeBatch of arrays", arrays.abi_encode().into()));
        if calls.iter().all(|call| call.value.is_zero()) {
            let arrays = executeBatch_1Call { values: Vec::new(), ..arrays };
            encodings.push(("executeBatch without values", arrays.abi_encode().into()));
        }
    }
    encodings
}

/// Calldata of `execute` in a mode of these first two bytes, unwrapped.
pub fn execute_in(mode: [u8; 2], payload: &[u8]) -> Bytes {
    let mut word = [0; 32];
    word[..2].copy_from_slice(&mode);
    writ_bindings::Erc7579Account::executeCall {
        mode: word.into(),
        executionCalldata: Bytes::copy_from_slice(payload),
    }
    .abi_encode()
    .into()
}

/// One call, as `execute` takes it.
pub fn single(target: Address, value: U256, data: &[u8]) -> Bytes {
    [target.as_slice(), &value.to_be_bytes::<32>(), data].concat().into()
}
