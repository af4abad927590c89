//! Where things stand when they are deployed through the deterministic deployer: the same address on every chain.

use alloy::{
    primitives::{Address, B256, Bytes, address, keccak256},
    sol_types::SolValue,
};

use crate::{DevAccount, MODE_ENFORCE, WritModule};

/// The deterministic deployer (Arachnid's), which anvil and most chains have. Calldata: salt, then creation code.
pub const DETERMINISTIC_DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// Salt of the module and of every operator set.
pub const SALT: B256 = B256::ZERO;

/// Creation code of the module, which takes no arguments.
pub fn module_creation_code() -> Bytes {
    WritModule::BYTECODE.clone()
}

/// Where the module stands once deployed.
pub fn module_address() -> Address {
    deterministic_address(SALT, &WritModule::BYTECODE)
}

/// Creation code of a development account that has the module as validator, and as hook when `hook` is not zero.
pub fn dev_account_creation_code(
    entry_point: Address,
    validator: Address,
    validator_data: Bytes,
    hook: Address,
) -> Bytes {
    let arguments = DevAccount::constructorCall {
        entryPoint_: entry_point,
        validator,
        validatorData: validator_data,
        hook_: hook,
    };
    let mut code = DevAccount::BYTECODE.to_vec();
    code.extend_from_slice(&alloy::sol_types::SolConstructor::abi_encode(&arguments));
    code.into()
}

/// Creation code of an account's implementation (`BYTECODE` of `WritSimpleAccount` or `WritDelegate`) that serves this EntryPoint
/// and has this module built in.
pub fn built_in_creation_code(bytecode: &[u8], entry_point: Address, module: Address) -> Bytes {
    [bytecode, &(entry_point, module).abi_encode_params()].concat().into()
}

/// Development only: a policy that nobody evaluates.
pub fn dev_policy() -> WritModule::PolicyReference {
    WritModule::PolicyReference {
        policyId: B256::repeat_byte(0x11),
        parameters: Bytes::from_static(b"parameters"),
    }
}

/// Development only: a configuration that enforces these policies, which read history, by `threshold` signatures of the
/// operators whose set has this address and code hash; it demands that they are at least `least`.
pub fn dev_configuration(
    owner: Address,
    entry_point: Address,
    (operator_set, operator_set_code_hash): (Address, B256),
    (threshold, least): (u8, u8),
    policies: &[WritModule::PolicyReference],
) -> WritModule::Configuration {
    let commitments: Vec<_> =
        policies.iter().map(|one| (one.policyId, keccak256(&one.parameters))).collect();
    WritModule::Configuration {
        owner,
        ownerValidator: Address::ZERO,
        entryPoint: entry_point,
        registry: Address::ZERO,
        operatorSet: operator_set,
        operatorSetCodeHash: operator_set_code_hash,
        policy: keccak256(commitments.abi_encode()),
        threshold,
        leastOperators: least,
        level: 1,
        mode: MODE_ENFORCE,
        exitDelay: 86_400,
        epoch: 1,
        readsHistory: true,
    }
}

/// What the module's `onInstall` takes in its role as validator.
pub fn installation_data(
    configuration: &WritModule::Configuration,
    policies: &[WritModule::PolicyReference],
) -> Bytes {
    (configuration.clone(), policies.to_vec()).abi_encode_params().into()
}

/// The hash that names a configuration.
pub fn configuration_hash(configuration: &WritModule::Configuration) -> B256 {
    keccak256(configuration.abi_encode())
}

/// Where the deterministic deployer puts this creation code.
pub fn deterministic_address(salt: B256, creation_code: &[u8]) -> Address {
    DETERMINISTIC_DEPLOYER.create2(salt, keccak256(creation_code))
}

/// Calldata for the deterministic deployer.
pub fn deterministic_calldata(salt: B256, creation_code: &[u8]) -> Bytes {
    [salt.as_slice(), creation_code].concat().into()
}
