//! Chains in memory with the real EntryPoints on them.

use std::{path::Path, sync::LazyLock};

use alloy::primitives::{Address, B256, Bytes, TxKind, U256, address, b256, hex};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::TxEnv,
    context_interface::result::{ExecutionResult, Output},
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::AccountInfo,
};
use writ_simulation::{
    BlockHeader, MemoryState, PinnedBlock, Simulation, SimulationRequest, Simulator,
    SimulatorOptions,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

/// State in memory.
pub(crate) type Db = CacheDB<EmptyDB>;

/// The deterministic deployment proxy.
const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const DEPLOYER_CODE: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);
/// Sends the transactions that prepare a chain.
pub(crate) const RICH: Address = address!("00000000000000000000000000000000000051c4");

/// Chain id of every world.
pub(crate) const CHAIN_ID: u64 = 31_337;

/// A simulator under a fork's rules.
pub(crate) fn simulator(fork: SpecId) -> Simulator {
    Simulator::new(SimulatorOptions { spec: fork, ..SimulatorOptions::default() })
}

/// A chain with one EntryPoint at its canonical address.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) entry_point: EntryPoint,
}

impl World {
    /// A chain with nothing but the EntryPoint; deployed once per process.
    pub(crate) fn of(version: EntryPointVersion) -> Self {
        static V06: LazyLock<World> = LazyLock::new(|| World::new(EntryPointVersion::V06));
        static V07: LazyLock<World> = LazyLock::new(|| World::new(EntryPointVersion::V07));
        static V08: LazyLock<World> = LazyLock::new(|| World::new(EntryPointVersion::V08));
        match version {
            EntryPointVersion::V06 => V06.clone(),
            EntryPointVersion::V07 => V07.clone(),
            EntryPointVersion::V08 | EntryPointVersion::V09 => V08.clone(),
        }
    }

    /// Deploys the EntryPoint as on every chain.
    pub(crate) fn new(version: EntryPointVersion) -> Self {
        let mut world = Self { db: Db::default(), entry_point: EntryPoint::canonical(version) };
        world.put(DEPLOYER, DEPLOYER_CODE.to_vec().into());
        world.fund(RICH, U256::from(10).pow(U256::from(24)));
        let salt = match version {
            EntryPointVersion::V06 => B256::ZERO,
            EntryPointVersion::V07 => {
                b256!("90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3")
            }
            EntryPointVersion::V08 => {
                b256!("0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9")
            }
            EntryPointVersion::V09 => panic!("its creation code is not in the package registry"),
        };
        let digit = version.to_string().replace('.', "");
        let code = artifact(&format!("contracts-v{digit}"), "EntryPoint");
        world.transact(DEPLOYER, [salt.as_slice(), &code].concat(), 0);
        assert!(world.has_code(world.entry_point.address), "EntryPoint v{version} not deployed");
        world
    }

    /// Places code.
    pub(crate) fn put(&mut self, at: Address, code: Bytes) {
        let code = Bytecode::new_raw(code);
        let info = AccountInfo { nonce: 1, ..AccountInfo::default() };
        let balance =
            self.db.cache.accounts.get(&at).map_or(U256::ZERO, |known| known.info.balance);
        self.db.insert_account_info(
            at,
            AccountInfo { balance, code_hash: code.hash_slow(), code: Some(code), ..info },
        );
    }

    /// Adds wei.
    pub(crate) fn fund(&mut self, account: Address, wei: U256) {
        let mut info = self
            .db
            .cache
            .accounts
            .get(&account)
            .map_or_else(AccountInfo::default, |known| known.info.clone());
        info.balance += wei;
        self.db.insert_account_info(account, info);
    }

    pub(crate) fn has_code(&self, address: Address) -> bool {
        self.db.cache.accounts.get(&address).is_some_and(|known| !known.info.is_empty_code_hash())
    }

    /// The state as the simulator reads it.
    pub(crate) fn pin(&self) -> PinnedBlock {
        let mut state = MemoryState::new();
        for (address, account) in &self.db.cache.accounts {
            let info = &account.info;
            let code = self.db.cache.contracts.get(&info.code_hash);
            let code = code.map_or_else(Bytes::new, |code| code.original_bytes());
            state.set_account(*address, info.balance, info.nonce, code);
            for (slot, value) in &account.storage {
                state.set_slot(*address, *slot, *value);
            }
        }
        let header = BlockHeader {
            number: 1_000,
            hash: B256::repeat_byte(0xb1),
            parent_hash: B256::repeat_byte(0xb0),
            timestamp: 1_800_000_000,
            base_fee: 1_000_000_000,
            gas_limit: 30_000_000,
            coinbase: Address::repeat_byte(0xcb),
            prevrandao: B256::repeat_byte(0x5a),
            excess_blob_gas: 0,
        };
        PinnedBlock::in_memory(header, CHAIN_ID, state)
    }

    /// Runs a bundle through the EntryPoint as a fork's rules have it.
    pub(crate) fn simulate(&self, fork: SpecId, ops: Vec<UserOperation>) -> Simulation {
        let request = SimulationRequest::bundle(self.entry_point, ops);
        simulator(fork).simulate_sync(&self.pin(), &request).unwrap()
    }

    /// Sends a transaction that must succeed; returns its output.
    pub(crate) fn transact(&mut self, to: Address, data: Vec<u8>, value: u64) -> Bytes {
        self.send(TxKind::Call(to), data, value)
    }

    /// Deploys a contract from creation code.
    pub(crate) fn create(&mut self, creation_code: Vec<u8>) -> Address {
        let nonce = self.db.cache.accounts.get(&RICH).map_or(0, |known| known.info.nonce);
        self.send(TxKind::Create, creation_code, 0);
        RICH.create(nonce)
    }

    fn send(&mut self, kind: TxKind, data: Vec<u8>, value: u64) -> Bytes {
        let nonce = self.db.cache.accounts.get(&RICH).map_or(0, |known| known.info.nonce);
        let tx = TxEnv::builder()
            .caller(RICH)
            .nonce(nonce)
            .kind(kind)
            .data(data.into())
            .value(U256::from(value))
            .gas_limit(16_000_000)
            .gas_price(0)
            .build()
            .unwrap();
        let mut evm = Context::mainnet()
            .modify_cfg_chained(|cfg| cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE))
            .modify_block_chained(|block| block.gas_limit = 30_000_000)
            .with_db(&mut self.db)
            .build_mainnet();
        match evm.transact_commit(tx).unwrap() {
            ExecutionResult::Success {
                output: Output::Call(data) | Output::Create(data, _),
                ..
            } => data,
            other => panic!("transaction failed: {other:?}"),
        }
    }
}

/// Creation code of a contract in `node_modules/@account-abstraction`.
pub(crate) fn artifact(package: &str, name: &str) -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../node_modules/@account-abstraction")
        .join(package)
        .join(format!("artifacts/{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run npm ci", path.display()));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["bytecode"].as_str().unwrap().parse().unwrap()
}
