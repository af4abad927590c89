//! How an account of each kind comes to be, with the module as its validator and its hook.

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes, U256, address, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolValue},
};
use writ_attestation::AccountKind;
use writ_bindings::{
    WritDelegate, WritSimpleAccount, built_in_creation_code, dev_account_creation_code,
    module_address,
};
use writ_simulation::test_utils::artifact;
use writ_types::{EntryPoint, EntryPointVersion};

use super::{
    place::Place,
    published::{proxy_creation_code, published},
};
use crate::key;

mod abi {
    #![allow(missing_docs, unreachable_pub)]
    use super::sol;

    sol! {
        struct ModuleSetup { address module; bytes data; }

        function initMSA(ModuleSetup[] validators, ModuleSetup[] executors, ModuleSetup hook, ModuleSetup[] fallbacks);
        function initializeAccount(bytes data);
        function initNexus(ModuleSetup[] validators, ModuleSetup[] executors, ModuleSetup hook, ModuleSetup[] fallbacks, address registry, address[] attesters, uint8 threshold);
        function createAccount(bytes data, bytes32 salt) returns (address);
        function initialize(bytes21 rootValidator, address hook, bytes validatorData, bytes hookData, bytes[] initConfig);
        function createProxyWithNonce(address singleton, bytes initializer, uint256 nonce) returns (address);
        function setup(address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver);
        function addSafe7579(address safe7579, ModuleSetup[] validators, ModuleSetup[] executors, ModuleSetup[] fallbacks, ModuleSetup[] hooks, address[] attesters, uint8 threshold);
    }
}

use abi::ModuleSetup;

sol! {
    /// SimpleAccount's.
    function initialize(address owner);
}

/// Where code is put that is larger than a chain takes: the reference account's, and Kernel's as this package has it.
const REFERENCE: Address = address!("00000000000000000000000000000000000ea579");
const KERNEL: [Address; 3] = [
    address!("0000000000000000000000000000000000c0de07"),
    address!("0000000000000000000000000000000000c0de08"),
    address!("0000000000000000000000000000000000c0de09"),
];
/// An owner of the Safe that nobody is.
const SAFE_OWNER: Address = Address::repeat_byte(0x5a);

/// The EntryPoints that an account of this kind can be made for.
pub fn versions_of(kind: AccountKind) -> &'static [EntryPointVersion] {
    use EntryPointVersion::{V07, V08, V09};
    match kind {
        AccountKind::OpenZeppelin
        | AccountKind::Nexus
        | AccountKind::Kernel
        | AccountKind::WritSimpleAccount
        | AccountKind::WritDelegate => &[V07, V08, V09],
        // A constant of the published code.
        AccountKind::Reference | AccountKind::Safe7579 => &[V07],
    }
}

/// An account of this kind, which has the module installed with `data`.
pub fn create_account(
    place: &mut impl Place,
    kind: AccountKind,
    entry_point: EntryPoint,
    data: Bytes,
) -> Address {
    let (module, version, entry_point) =
        (module_address(), entry_point.version, entry_point.address);
    match kind {
        AccountKind::OpenZeppelin => {
            place.create(dev_account_creation_code(entry_point, module, data, module))
        }
        AccountKind::Reference => reference(place, module, data),
        AccountKind::Nexus => nexus(place, module, entry_point, data),
        AccountKind::Safe7579 => safe7579(place, module, entry_point, data),
        AccountKind::Kernel => kernel(place, module, entry_point, &data),
        AccountKind::WritSimpleAccount => simple_account(place, version, entry_point, data),
        AccountKind::WritDelegate => delegate(place, version, entry_point, data),
    }
}

/// The key that the EIP-7702 account for this EntryPoint is made of.
pub fn delegate_key(version: EntryPointVersion) -> PrivateKeySigner {
    key(&format!("an account that delegates, under v{version}"))
}

/// The published account, which its owner (whoever sends the transactions) upgrades.
fn simple_account(
    place: &mut impl Place,
    version: EntryPointVersion,
    entry_point: Address,
    data: Bytes,
) -> Address {
    let published = place.create(with(&artifact(version, "SimpleAccount"), &entry_point));
    let initialization = initializeCall { owner: place.sender() }.abi_encode();
    let arguments = (published, Bytes::from(initialization)).abi_encode_params();
    let account = place.create([proxy_creation_code().to_vec(), arguments].concat().into());
    let code = &WritSimpleAccount::BYTECODE;
    let implementation = place.create(built_in_creation_code(code, entry_point, module_address()));
    let initialization = WritSimpleAccount::initializeWritCall { installation: data }.abi_encode();
    let upgrade = WritSimpleAccount::upgradeToAndCallCall {
        newImplementation: implementation,
        data: initialization.into(),
    };
    place.send(account, upgrade.abi_encode().into());
    account
}

/// An account whose key delegates and consents.
fn delegate(
    place: &mut impl Place,
    version: EntryPointVersion,
    entry_point: Address,
    data: Bytes,
) -> Address {
    let key = delegate_key(version);
    let code = &WritDelegate::BYTECODE;
    let implementation = place.create(built_in_creation_code(code, entry_point, module_address()));
    place.delegate(&key, implementation);
    initialize_delegate(place, implementation, &key, data);
    key.address()
}

/// Puts the account of a key, which delegates to `implementation`, under the module.
///
/// # Panics
/// When it is not taken.
pub fn initialize_delegate(
    place: &mut impl Place,
    implementation: Address,
    key: &PrivateKeySigner,
    installation: Bytes,
) {
    let account = key.address();
    let question =
        WritDelegate::consentDigestCall { account, installation: keccak256(&installation) };
    let digest = place.send(implementation, question.abi_encode().into());
    let signature = key.sign_hash_sync(&B256::from_slice(&digest)).expect("a local key signs");
    let signature = signature.as_bytes().into();
    let call = WritDelegate::initializeWritCall { installation, signature };
    place.send(account, call.abi_encode().into());
}

fn create(place: &mut impl Place, file: &str, name: &str, arguments: &impl SolValue) -> Address {
    place.create(with(&published(file, name), arguments))
}

fn with(code: &Bytes, arguments: &impl SolValue) -> Bytes {
    [code.to_vec(), arguments.abi_encode()].concat().into()
}

fn account(returned: &Bytes) -> Address {
    Address::abi_decode(returned).expect("an address")
}

fn validators(module: Address, data: Bytes) -> Vec<ModuleSetup> {
    vec![ModuleSetup { module, data }]
}

fn reference(place: &mut impl Place, module: Address, data: Bytes) -> Address {
    const FILE: &str = "ERC7579Precompiles";
    let implementation = place.create_large(REFERENCE, published(FILE, "ERC7579_BYTECODE"));
    let bootstrap = place.create(published(FILE, "ERC7579_BOOTSTRAP_BYTECODE"));
    let setup = abi::initMSACall {
        validators: validators(module, data),
        executors: vec![],
        hook: ModuleSetup { module, data: Bytes::new() },
        fallbacks: vec![],
    };
    let data = (bootstrap, Bytes::from(setup.abi_encode())).abi_encode_params();
    let initialization = abi::initializeAccountCall { data: data.into() }.abi_encode();
    let arguments = (implementation, Bytes::from(initialization)).abi_encode_params();
    let code = [published(FILE, "MSAPROXY_BYTECODE").to_vec(), arguments].concat();
    place.create(code.into())
}

fn nexus(place: &mut impl Place, module: Address, entry_point: Address, data: Bytes) -> Address {
    const FILE: &str = "NexusPrecompiles";
    let implementation = create(place, FILE, "NEXUS_BYTECODE", &entry_point);
    let factory =
        create(place, FILE, "NEXUS_ACCOUNT_FACTORY_BYTECODE", &(implementation, SAFE_OWNER));
    let bootstrap = place.create(published(FILE, "NEXUS_BOOTSTRAP_BYTECODE"));
    let setup = abi::initNexusCall {
        validators: validators(module, data),
        executors: vec![],
        hook: ModuleSetup { module, data: Bytes::new() },
        fallbacks: vec![],
        registry: Address::ZERO,
        attesters: vec![],
        threshold: 0,
    };
    let data = (bootstrap, Bytes::from(setup.abi_encode())).abi_encode_params();
    let call = abi::createAccountCall { data: data.into(), salt: B256::ZERO };
    account(&place.send(factory, call.abi_encode().into()))
}

fn safe7579(place: &mut impl Place, module: Address, entry_point: Address, data: Bytes) -> Address {
    const FILE: &str = "Safe7579Precompiles";
    let singleton = place.create(published(FILE, "SAFE_SINGLETON_BYTECODE"));
    let factory = place.create(published(FILE, "SAFE_PROXY_FACTORY_BYTECODE"));
    let adapter = place.create(published(FILE, "SAFE7579_BYTECODE"));
    let launchpad =
        create(place, FILE, "SAFE7579_LAUNCHPAD_BYTECODE", &(entry_point, Address::ZERO));
    // A hook for every function: `(0, no selector, data)`.
    let everything = (U256::ZERO, FixedBytes::<4>::ZERO, Bytes::new()).abi_encode_params();
    let addition = abi::addSafe7579Call {
        safe7579: adapter,
        validators: validators(module, data),
        executors: vec![],
        fallbacks: vec![],
        hooks: vec![ModuleSetup { module, data: everything.into() }],
        attesters: vec![],
        threshold: 0,
    };
    let setup = abi::setupCall {
        owners: vec![SAFE_OWNER],
        threshold: U256::ONE,
        to: launchpad,
        data: addition.abi_encode().into(),
        fallbackHandler: adapter,
        paymentToken: Address::ZERO,
        payment: U256::ZERO,
        paymentReceiver: Address::ZERO,
    };
    let call = abi::createProxyWithNonceCall {
        singleton,
        initializer: setup.abi_encode().into(),
        nonce: U256::ZERO,
    };
    account(&place.send(factory, call.abi_encode().into()))
}

fn kernel(place: &mut impl Place, module: Address, entry_point: Address, data: &[u8]) -> Address {
    const FILE: &str = "KernelPrecompiles";
    // It is made for one EntryPoint.
    let index = versions_of(AccountKind::Kernel)
        .iter()
        .position(|version| version.canonical_address() == entry_point)
        .expect("a canonical EntryPoint");
    let code = with(&published(FILE, "KERNEL_BYTECODE"), &entry_point);
    let implementation = place.create_large(KERNEL[index], code);
    let factory = create(place, FILE, "KERNEL_FACTORY_BYTECODE", &implementation);
    let mut root = [1; 21];
    root[1..].copy_from_slice(module.as_slice());
    // The hook comes before the validator: it takes the configuration, behind the byte that has Kernel hand it over.
    let initialization = abi::initializeCall {
        rootValidator: root.into(),
        hook: module,
        validatorData: Bytes::new(),
        hookData: [&[0xff], data].concat().into(),
        initConfig: vec![],
    };
    let call =
        abi::createAccountCall { data: initialization.abi_encode().into(), salt: B256::ZERO };
    account(&place.send(factory, call.abi_encode().into()))
}
