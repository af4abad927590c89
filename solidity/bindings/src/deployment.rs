//! Where things stand when they are deployed through the deterministic deployer: the same address on every chain.

use alloy::{
    primitives::{Address, B256, Bytes, address, keccak256},
    sol_types::SolValue,
};

use crate::{DevAccount, WritModule};

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
