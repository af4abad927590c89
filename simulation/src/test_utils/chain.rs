//! A chain in memory.

use alloy::primitives::{Address, B256, Bytes, TxKind, U256, address, hex};
use revm::{
    Context, ExecuteEvm, MainBuilder, MainContext,
    context::{
        TxEnv,
        result::{ExecutionResult, Output},
    },
    primitives::hardfork::SpecId,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation, handle_ops_calldata};

use super::artifacts::{entry_point_creation_code, entry_point_salt};
use crate::state::{BlockHeader, MemoryState, PinnedBlock};

/// Chain id of every test chain.
pub const CHAIN_ID: u64 = 31_337;
/// Sends the transactions that prepare a chain.
pub const RICH: Address = address!("00000000000000000000000000000000000051c4");
/// The deterministic deployment proxy.
const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
const DEPLOYER_CODE: [u8; 69] = hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// A chain whose state is a value: cloned chains go separate ways.
#[derive(Clone, Debug)]
pub struct TestChain {
    state: MemoryState,
    header: BlockHeader,
    nonce: u64,
}

impl Default for TestChain {
    fn default() -> Self {
        Self::new()
    }
}

impl TestChain {
    /// A chain with the deterministic deployer and a rich account.
    pub fn new() -> Self {
        let mut state = MemoryState::new();
        state.set_account(DEPLOYER, U256::ZERO, 1, DEPLOYER_CODE.to_vec().into());
        state.set_account(RICH, U256::from(10).pow(U256::from(27)), 0, Bytes::new());
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
        Self { state, header, nonce: 0 }
    }

    /// A new chain with one EntryPoint at its canonical address; `None` for v0.9 where its code is
    /// not on the machine.
    ///
    /// # Panics
    /// When the contract packages are not installed.
    pub fn with_entry_point(version: EntryPointVersion) -> Option<(Self, EntryPoint)> {
        let mut chain = Self::new();
        let entry_point = chain.deploy_entry_point(version)?;
        Some((chain, entry_point))
    }

    /// Deploys an EntryPoint as it is on every chain.
    ///
    /// # Panics
    /// When the contract packages are not installed.
    pub fn deploy_entry_point(&mut self, version: EntryPointVersion) -> Option<EntryPoint> {
        let code = entry_point_creation_code(version)?;
        let entry_point = EntryPoint::canonical(version);
        let salt = entry_point_salt(version);
        self.send(DEPLOYER, [salt.as_slice(), &code].concat().into(), U256::ZERO);
        assert!(self.state.code(&entry_point.address).is_some(), "EntryPoint v{version} is absent");
        Some(entry_point)
    }

    /// The state, to look at and to change directly.
    pub fn state_mut(&mut self) -> &mut MemoryState {
        &mut self.state
    }

    /// The state.
    pub fn state(&self) -> &MemoryState {
        &self.state
    }

    /// The header of the block that [`Self::pin`] gives.
    pub fn header_mut(&mut self) -> &mut BlockHeader {
        &mut self.header
    }

    /// Places code at an address.
    pub fn put(&mut self, at: Address, code: impl Into<Bytes>) {
        let balance = self.state.account(&at).map_or(U256::ZERO, |(balance, _)| balance);
        self.state.set_account(at, balance, 1, code.into());
    }

    /// Sets a balance.
    pub fn fund(&mut self, account: Address, wei: U256) {
        self.state.set_balance(account, wei);
    }

    /// The chain as a pinned block.
    pub fn pin(&self) -> PinnedBlock {
        PinnedBlock::in_memory(self.header, CHAIN_ID, self.state.clone())
    }

    /// Sends a transaction that must succeed; returns its output.
    ///
    /// # Panics
    /// When it fails.
    pub fn send(&mut self, to: Address, data: Bytes, value: U256) -> Bytes {
        match self.transact(TxKind::Call(to), data, value) {
            ExecutionResult::Success { output, .. } => output.into_data(),
            other => panic!("transaction to {to} failed: {other:?}"),
        }
    }

    /// Deploys a contract from creation code.
    ///
    /// # Panics
    /// When it fails.
    pub fn create(&mut self, creation_code: Bytes) -> Address {
        match self.transact(TxKind::Create, creation_code, U256::ZERO) {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => address,
            other => panic!("creation failed: {other:?}"),
        }
    }

    /// Includes operations for real; they must not make `handleOps` fail.
    ///
    /// # Panics
    /// When `handleOps` reverts.
    pub fn include(&mut self, entry_point: EntryPoint, ops: &[UserOperation]) {
        let data = handle_ops_calldata(ops, RICH).expect("operations of one version");
        self.send(entry_point.address, data, U256::ZERO);
    }

    /// Sends a transaction, whatever comes of it.
    ///
    /// # Panics
    /// When it cannot be sent at all.
    pub fn transact(&mut self, kind: TxKind, data: Bytes, value: U256) -> ExecutionResult {
        let block = self.pin();
        let tx = TxEnv {
            caller: RICH,
            kind,
            data,
            value,
            nonce: self.nonce,
            gas_limit: self.header.gas_limit,
            gas_price: self.header.base_fee.into(),
            chain_id: Some(CHAIN_ID),
            ..TxEnv::default()
        };
        let header = self.header;
        let mut evm = Context::mainnet()
            .with_db(revm::database_interface::WrapDatabaseRef(block))
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
                cfg.chain_id = CHAIN_ID;
            })
            .modify_block_chained(|env| {
                env.number = U256::from(header.number);
                env.timestamp = U256::from(header.timestamp);
                env.basefee = header.base_fee;
                env.gas_limit = header.gas_limit;
                env.beneficiary = header.coinbase;
                env.prevrandao = Some(header.prevrandao);
            })
            .build_mainnet();
        let ran = evm.transact(tx).expect("the transaction can be sent");
        self.nonce += 1;
        self.state.apply(&ran.state);
        ran.result
    }
}
