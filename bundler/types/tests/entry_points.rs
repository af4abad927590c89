//! The hashes are those of the deployed contracts: EntryPoint bytecode runs in revm and is asked.

mod common;

use std::{fs, path::PathBuf};

use alloy::{
    hex,
    primitives::{Address, B256, Bytes, TxKind, keccak256},
    sol,
    sol_types::SolCall,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::TxEnv,
    context_interface::result::ExecutionResult,
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};
use writ_types::{EntryPointVersion, HashError, UserOperation};

sol! {
    function getUserOpHash((address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes) op) returns (bytes32);
}

sol! {
    #[allow(missing_docs)]
    interface Packed {
        function getUserOpHash((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes) op) returns (bytes32);
    }
}

const CHAIN: u64 = 31_337;

/// One EntryPoint, deployed by its own creation code.
struct Deployed {
    database: CacheDB<EmptyDB>,
    address: Address,
}

impl Deployed {
    fn new(creation: Bytes) -> Self {
        let mut database = CacheDB::new(EmptyDB::default());
        let result = run(&mut database, TxKind::Create, creation);
        let address = result.created_address().expect("the EntryPoint deploys");
        Self { database, address }
    }

    fn hash(&mut self, operation: &UserOperation) -> Option<B256> {
        let selector = if operation.version.is_packed() {
            Packed::getUserOpHashCall::SELECTOR
        } else {
            getUserOpHashCall::SELECTOR
        };
        let calldata = [&selector[..], &operation.abi_encode()].concat();
        match run(&mut self.database, TxKind::Call(self.address), calldata.into()) {
            ExecutionResult::Success { output, .. } => Some(B256::from_slice(output.data())),
            _ => None,
        }
    }

    fn delegate(&mut self, account: Address, delegate: Address) {
        let code = Bytecode::new_eip7702(delegate);
        let info = AccountInfo {
            code_hash: keccak256(code.original_byte_slice()),
            code: Some(code),
            ..AccountInfo::default()
        };
        self.database.insert_account_info(account, info);
    }
}

fn run(database: &mut CacheDB<EmptyDB>, to: TxKind, data: Bytes) -> ExecutionResult {
    let mut evm = Context::mainnet()
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
            cfg.chain_id = CHAIN;
            cfg.disable_nonce_check = true;
        })
        .with_db(&mut *database)
        .build_mainnet();
    let transaction = TxEnv::builder()
        .caller(Address::repeat_byte(0xee))
        .kind(to)
        .data(data)
        .gas_limit(30_000_000)
        .chain_id(Some(CHAIN))
        .build()
        .expect("a well-formed transaction");
    if to.is_create() {
        evm.transact_commit(transaction).expect("revm runs")
    } else {
        evm.transact(transaction).expect("revm runs").result
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The creation code, or `None` for v0.9 on a machine that does not have it.
fn creation_code(version: EntryPointVersion) -> Option<Bytes> {
    let package = match version {
        EntryPointVersion::V06 => "contracts-v06",
        EntryPointVersion::V07 => "contracts-v07",
        EntryPointVersion::V08 => "contracts-v08",
        EntryPointVersion::V09 => {
            let file = root().join("../shared/data/entrypoint-v0.9.initcode.hex");
            let text = fs::read_to_string(file).ok()?;
            return Some(hex::decode(text.trim()).expect("hex").into());
        }
    };
    let file = root()
        .join("node_modules/@account-abstraction")
        .join(package)
        .join("artifacts/EntryPoint.json");
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; run `npm ci` first", file.display()));
    let artifact: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    Some(hex::decode(artifact["bytecode"].as_str().expect("bytecode")).expect("hex").into())
}

fn hashes_agree(version: EntryPointVersion) {
    let Some(creation) = creation_code(version) else {
        eprintln!("SKIPPED: no creation code of EntryPoint v{version} on this machine");
        return;
    };
    let mut entry_point = Deployed::new(creation);
    let mut runner = TestRunner::deterministic();
    let mut delegated = 0;
    for round in 0..300 {
        let operation =
            common::operation(version).new_tree(&mut runner).expect("generates").current();
        let delegate = Address::repeat_byte(round as u8);
        let ours = operation.hash(entry_point.address, CHAIN, Some(delegate));
        if operation.is_eip7702() {
            assert_eq!(entry_point.hash(&operation), None, "no delegate, no hash");
            entry_point.delegate(operation.sender, delegate);
            delegated += 1;
        }
        let theirs = entry_point.hash(&operation).expect("the EntryPoint answers");
        assert_eq!(ours, Ok(theirs), "v{version} round {round}: {operation:?}");
    }
    assert_eq!(delegated > 0, version.supports_eip7702());
}

#[test]
fn v06_hashes_agree() {
    hashes_agree(EntryPointVersion::V06);
}

#[test]
fn v07_hashes_agree() {
    hashes_agree(EntryPointVersion::V07);
}

#[test]
fn v08_hashes_agree() {
    hashes_agree(EntryPointVersion::V08);
}

#[test]
fn v09_hashes_agree() {
    hashes_agree(EntryPointVersion::V09);
}

#[test]
fn a_wrong_chain_or_address_would_be_noticed() {
    let version = EntryPointVersion::V08;
    let mut entry_point = Deployed::new(creation_code(version).expect("v0.8 is installed"));
    let mut runner = TestRunner::deterministic();
    let mut operation =
        common::operation(version).new_tree(&mut runner).expect("generates").current();
    operation.factory = None;
    let theirs = entry_point.hash(&operation).expect("the EntryPoint answers");
    assert_eq!(operation.hash(entry_point.address, CHAIN, None), Ok(theirs));
    assert_ne!(operation.hash(entry_point.address, CHAIN + 1, None), Ok(theirs));
    assert_ne!(operation.hash(Address::ZERO, CHAIN, None), Ok(theirs));
    let unknown: Result<B256, HashError> = {
        operation.factory =
            Some(writ_types::Factory { address: writ_types::EIP7702_FACTORY, data: Bytes::new() });
        operation.authorization = None;
        operation.hash(entry_point.address, CHAIN, None)
    };
    assert!(unknown.is_err());
}
