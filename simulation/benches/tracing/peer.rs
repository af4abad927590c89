//! The same transactions under revm-inspectors' ERC-7562 tracer, the peer that comes nearest.

use std::hint::black_box;

use alloy::primitives::U256;
use alloy_rpc_types_trace::geth::erc7562::Erc7562Config;
use revm::{
    Context, ExecuteEvm, InspectEvm, Inspector, MainBuilder, MainContext,
    context::TxEnv,
    database_interface::WrapDatabaseRef,
    interpreter::{Interpreter, InterpreterTypes},
    primitives::{TxKind, hardfork::SpecId},
};
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};
use writ_simulation::{DEFAULT_ORIGIN, PinnedBlock, SimulationRequest};
use writ_types::handle_ops_calldata;

type Db = WrapDatabaseRef<PinnedBlock>;
type PeerContext = revm::handler::MainnetContext<Db>;

/// Counts instructions.
#[derive(Debug, Default)]
struct Count(u64);

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Count {
    fn step(&mut self, _: &mut Interpreter<INTR>, _: &mut CTX) {
        self.0 += 1;
    }
}

fn context(block: &PinnedBlock) -> PeerContext {
    let header = *block.header();
    Context::mainnet()
        .with_db(WrapDatabaseRef(block.clone()))
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
            cfg.chain_id = block.chain_id();
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        })
        .modify_block_chained(|env| {
            env.number = U256::from(header.number);
            env.timestamp = U256::from(header.timestamp);
            env.basefee = header.base_fee;
            env.gas_limit = header.gas_limit;
            env.beneficiary = header.coinbase;
            env.prevrandao = Some(header.prevrandao);
        })
}

/// What the simulator sends; the origin must be rich in this state.
fn transaction(block: &PinnedBlock, request: &SimulationRequest) -> TxEnv {
    TxEnv {
        caller: DEFAULT_ORIGIN,
        kind: TxKind::Call(request.entry_point.address),
        data: handle_ops_calldata(&request.ops, request.beneficiary).expect("one version"),
        gas_limit: block.header().gas_limit,
        gas_price: block.base_fee().into(),
        chain_id: Some(block.chain_id()),
        ..TxEnv::default()
    }
}

/// Instructions of the whole transaction.
pub(crate) fn steps(block: &PinnedBlock, request: &SimulationRequest) -> u64 {
    let mut count = Count::default();
    let ran = context(block)
        .build_mainnet_with_inspector(&mut count)
        .inspect_tx(transaction(block, request))
        .expect("it can be sent");
    assert!(ran.result.is_success());
    count.0
}

/// The transaction alone, on the peer's database.
pub(crate) fn bare(block: &PinnedBlock, request: &SimulationRequest) {
    let mut evm = context(block).build_mainnet();
    black_box(evm.transact(transaction(block, request)).expect("it can be sent"));
}

/// Under the peer's tracer, with its frames put together.
pub(crate) fn traced(block: &PinnedBlock, request: &SimulationRequest) {
    let options = Erc7562Config::default();
    let config = TracingInspectorConfig::from_geth_erc7562_config(&options);
    let mut inspector = TracingInspector::new(config);
    let ran = context(block)
        .build_mainnet_with_inspector(&mut inspector)
        .inspect_tx(transaction(block, request))
        .expect("it can be sent");
    let gas = ran.result.tx_gas_used();
    let frames = inspector.geth_builder().geth_erc7562_traces(options, gas, block.clone());
    black_box(frames);
}
