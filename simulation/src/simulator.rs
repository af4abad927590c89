//! Runs `handleOps` on a pinned block.

mod changes;

use std::{sync::Arc, time::Instant};

use alloy::{
    eips::eip7702::{RecoveredAuthority, RecoveredAuthorization},
    primitives::{Address, Bytes, KECCAK256_EMPTY, TxKind, U256},
};
use revm::{
    Context, ExecuteEvm, MainBuilder, MainContext,
    bytecode::Bytecode,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{EVMError, ExecutionResult},
    },
    context_interface::{block::BlobExcessGasAndPrice, either::Either},
    handler::MainnetContext,
    primitives::hardfork::SpecId,
    state::{AccountInfo, EvmState},
};
use tokio::sync::Semaphore;
use writ_types::handle_ops_calldata;

use crate::{
    decode,
    error::{CallFailure, SimulationError},
    limits::Limits,
    outcome::{OpOutcome, Simulation},
    overrides::Overrides,
    prefetch,
    request::SimulationRequest,
    state::{BlockHeader, PinnedBlock, SimulationDb, StateError},
    tracer::{self, OpRecord, Setup, Tracer},
};

/// How simulations are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatorOptions {
    /// The chain's fork.
    pub spec: SpecId,
    /// Bounds of one simulation.
    pub limits: Limits,
    /// Simulations at the same time; further ones wait.
    pub concurrency: usize,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
        Self { spec: SpecId::PRAGUE, limits: Limits::default(), concurrency: 2 * cores }
    }
}

/// Simulates bundles. Clones share the bound on concurrency.
#[derive(Clone, Debug)]
pub struct Simulator {
    options: SimulatorOptions,
    workers: Arc<Semaphore>,
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new(SimulatorOptions::default())
    }
}

/// Wei of a simulated transaction's sender: enough for any gas, small enough never to overflow.
const FUNDS: U256 = U256::from_limbs([0, 0, 1, 0]);

impl Simulator {
    /// A simulator.
    pub fn new(options: SimulatorOptions) -> Self {
        let workers = Arc::new(Semaphore::new(options.concurrency.max(1)));
        Self { options, workers }
    }

    /// How it was made.
    pub fn options(&self) -> &SimulatorOptions {
        &self.options
    }

    /// Runs the request's bundle on the block, on a thread where waiting for the node is allowed,
    /// after fetching in one batch what it will need.
    ///
    /// # Errors
    /// When there is no verdict: see [`SimulationError`].
    pub async fn simulate(
        &self,
        block: &PinnedBlock,
        request: &SimulationRequest,
    ) -> Result<Simulation, SimulationError> {
        self.check(request)?;
        self.warm(block, request).await?;
        let request = request.clone();
        self.run_blocking(block, move |simulator, block| simulator.simulate_sync(block, &request))
            .await
    }

    /// Fetches what the request will need, as [`Self::simulate`] does first: for callers that then make many runs with
    /// [`Self::simulate_sync`].
    ///
    /// # Errors
    /// When the node does not serve the block's state.
    pub async fn warm(
        &self,
        block: &PinnedBlock,
        request: &SimulationRequest,
    ) -> Result<(), SimulationError> {
        Ok(prefetch::prefetch(block, request, self.gas_limit(block.header())).await?)
    }

    /// The same on the calling thread, without prefetching. For callers that make many runs on a
    /// warm cache; must not be called on a runtime's worker thread when the block is a node's.
    ///
    /// # Errors
    /// As [`Self::simulate`].
    pub fn simulate_sync(
        &self,
        block: &PinnedBlock,
        request: &SimulationRequest,
    ) -> Result<Simulation, SimulationError> {
        self.check(request)?;
        self.trace(block, request, tracer::run)
    }

    /// Runs the checked request by `run`, and puts together what came of it.
    fn trace<'a>(
        &self,
        block: &'a PinnedBlock,
        request: &'a SimulationRequest,
        run: impl FnOnce(
            MainnetContext<SimulationDb<'a>>,
            &mut Tracer,
            TxEnv,
        ) -> Result<(ExecutionResult, EvmState), EVMError<StateError>>,
    ) -> Result<Simulation, SimulationError> {
        let tx = self.transaction(block, request)?;
        let setup = Setup {
            entry_point: request.entry_point,
            ignore_signature: request.ignore_signature,
            validation_only: request.validation_only,
            spec: self.options.spec,
            limits: self.options.limits,
            watched: request.watched,
        };
        let mut tracer = Tracer::new(setup, &request.ops);
        let db = self.db(block, &request.overrides, request.origin);
        let context = self.context(block.header(), block.chain_id(), db);
        let (result, state) = run(context, &mut tracer, tx).map_err(no_verdict)?;
        let accessed = accessed(&state, request.origin);
        let stopped = tracer.stopped;
        let records = tracer
            .finish()
            .map_err(|limit| SimulationError::LimitExceeded { what: "trace records", limit })?;
        if let Some(sender) = worth_remembering(request, &accessed) {
            block.remember(sender, &accessed);
        }
        Ok(outcome(block, request, &result, records, stopped, accessed, &self.options.limits))
    }

    /// Runs the request's bundle without tracer, for comparison: what revm alone makes of it.
    ///
    /// # Errors
    /// As [`Self::simulate`].
    pub fn transact_bare(
        &self,
        block: &PinnedBlock,
        request: &SimulationRequest,
    ) -> Result<ExecutionResult, SimulationError> {
        let tx = self.transaction(block, request)?;
        let db = self.db(block, &request.overrides, request.origin);
        let mut evm = self.context(block.header(), block.chain_id(), db).build_mainnet();
        evm.transact(tx).map(|ran| ran.result).map_err(no_verdict)
    }

    /// Reads a contract: a static call from the zero address, gas as for simulations.
    ///
    /// # Errors
    /// The outer error when the state cannot be had; the inner one is the contract's.
    pub async fn call(
        &self,
        block: &PinnedBlock,
        to: Address,
        data: Bytes,
    ) -> Result<Result<Bytes, CallFailure>, SimulationError> {
        self.call_with(block, &Overrides::default(), to, data).await
    }

    /// [`Self::call`] with state to pretend.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_with(
        &self,
        block: &PinnedBlock,
        overrides: &Overrides,
        to: Address,
        data: Bytes,
    ) -> Result<Result<Bytes, CallFailure>, SimulationError> {
        block.prefetch(&[to, block.header().coinbase], &[]).await?;
        let overrides = overrides.clone();
        self.run_blocking(block, move |simulator, block| {
            simulator.call_sync(block, &overrides, to, data)
        })
        .await
    }

    /// [`Self::call_with`] on the calling thread.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn call_sync(
        &self,
        block: &PinnedBlock,
        overrides: &Overrides,
        to: Address,
        data: Bytes,
    ) -> Result<Result<Bytes, CallFailure>, SimulationError> {
        let tx = TxEnv {
            caller: Address::ZERO,
            kind: TxKind::Call(to),
            data,
            gas_limit: self.gas_limit(block.header()),
            gas_price: block.base_fee().into(),
            chain_id: Some(block.chain_id()),
            ..TxEnv::default()
        };
        let db = self.db(block, overrides, Address::ZERO);
        let mut evm = self.context(block.header(), block.chain_id(), db).build_mainnet();
        Ok(match evm.transact(tx).map_err(no_verdict)?.result {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(CallFailure::Reverted(output)),
            ExecutionResult::Halt { reason, .. } => Err(CallFailure::Halted(format!("{reason:?}"))),
        })
    }

    pub(crate) async fn run_blocking<T: Send + 'static>(
        &self,
        block: &PinnedBlock,
        run: impl FnOnce(&Self, &PinnedBlock) -> Result<T, SimulationError> + Send + 'static,
    ) -> Result<T, SimulationError> {
        let permit = self.workers.clone().acquire_owned().await;
        let permit = permit.map_err(|error| SimulationError::Interrupted(error.to_string()))?;
        let (simulator, block) = (self.clone(), block.clone());
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let started = Instant::now();
            let ran = run(&simulator, &block);
            metrics::histogram!("writ_simulation_seconds").record(started.elapsed());
            ran
        })
        .await
        .map_err(|error| SimulationError::Interrupted(error.to_string()))?
    }

    fn check(&self, request: &SimulationRequest) -> Result<(), SimulationError> {
        let most = self.options.limits.ops;
        if request.ops.is_empty() {
            return Err(SimulationError::InvalidRequest("a bundle needs an operation".to_owned()));
        }
        if request.ops.len() > most {
            return Err(SimulationError::LimitExceeded { what: "operations", limit: most });
        }
        let expected = request.entry_point.version;
        match request.ops.iter().position(|op| op.version != expected) {
            None => Ok(()),
            Some(index) => Err(SimulationError::InvalidRequest(format!(
                "operation {index} is for EntryPoint v{}, not for v{expected}",
                request.ops[index].version
            ))),
        }
    }

    fn transaction(
        &self,
        block: &PinnedBlock,
        request: &SimulationRequest,
    ) -> Result<TxEnv, SimulationError> {
        let data = handle_ops_calldata(&request.ops, request.beneficiary)
            .map_err(|error| SimulationError::InvalidRequest(error.to_string()))?;
        let authorizations: Vec<_> = request
            .ops
            .iter()
            .filter_map(|op| {
                let tuple = op.authorization.clone()?;
                // ERC-7769: with a stub signature, the tuple counts as signed by the sender.
                Some(if request.ignore_signature {
                    let authority = RecoveredAuthority::Valid(op.sender);
                    Either::Right(RecoveredAuthorization::new_unchecked(
                        tuple.strip_signature(),
                        authority,
                    ))
                } else {
                    Either::Left(tuple)
                })
            })
            .collect();
        let tx = TxEnv {
            // EIP-7702 where there are tuples, EIP-1559 otherwise.
            tx_type: if authorizations.is_empty() { 2 } else { 4 },
            caller: request.origin,
            kind: TxKind::Call(request.entry_point.address),
            data,
            gas_limit: request.gas.unwrap_or(u64::MAX).min(self.gas_limit(block.header())),
            gas_price: block.base_fee().into(),
            gas_priority_fee: Some(0),
            chain_id: Some(block.chain_id()),
            authorization_list: authorizations,
            ..TxEnv::default()
        };
        Ok(tx)
    }

    /// No more than a block can hold.
    pub(crate) fn gas_limit(&self, header: &BlockHeader) -> u64 {
        self.options.limits.gas.min(header.gas_limit)
    }

    pub(crate) fn db<'a>(
        &self,
        block: &'a PinnedBlock,
        overrides: &'a Overrides,
        origin: Address,
    ) -> SimulationDb<'a> {
        // EntryPoint v0.9 refuses senders with code, so the origin is an ordinary, funded account.
        let account = AccountInfo {
            balance: FUNDS,
            nonce: 0,
            code_hash: KECCAK256_EMPTY,
            code: Some(Bytecode::default()),
            ..AccountInfo::default()
        };
        SimulationDb::new(block, overrides, (origin, account), &self.options.limits)
    }

    pub(crate) fn context<DB: revm::Database>(
        &self,
        header: &BlockHeader,
        chain_id: u64,
        db: DB,
    ) -> MainnetContext<DB> {
        let spec = self.options.spec;
        let mut cfg = CfgEnv::new_with_spec(spec).with_chain_id(chain_id);
        // The bundle's own gas limit is the limit here; EIP-7825 is the builder's business.
        cfg.tx_gas_limit_cap = Some(u64::MAX);
        let mut env = BlockEnv {
            number: U256::from(header.number),
            beneficiary: header.coinbase,
            timestamp: U256::from(header.timestamp),
            gas_limit: header.gas_limit,
            basefee: header.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(header.prevrandao),
            ..BlockEnv::default()
        };
        let fraction = revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE;
        env.blob_excess_gas_and_price =
            Some(BlobExcessGasAndPrice::new(header.excess_blob_gas, fraction));
        Context::mainnet().with_db(db).with_cfg(cfg).with_block(env)
    }
}

/// Sorts revm's errors: none of them says anything about the operation's validity.
pub(crate) fn no_verdict(error: EVMError<StateError>) -> SimulationError {
    match error {
        EVMError::Database(error) => error.into(),
        EVMError::Transaction(error) => SimulationError::InvalidTransaction(error.to_string()),
        EVMError::Header(error) => SimulationError::InvalidRequest(error.to_string()),
        other => SimulationError::Interrupted(other.to_string()),
    }
}

fn outcome(
    block: &PinnedBlock,
    request: &SimulationRequest,
    result: &ExecutionResult,
    records: Vec<OpRecord>,
    stopped: bool,
    accessed: Arc<Vec<(Address, Vec<U256>)>>,
    limits: &Limits,
) -> Simulation {
    let failure =
        decode::failure(result, limits.output).map(|failure| decode::placed(failure, &records));
    let mut receipts = if failure.is_none() && !stopped {
        decode::receipts(request.entry_point.address, result.logs())
    } else {
        Vec::new()
    }
    .into_iter();
    let ops = records
        .into_iter()
        .map(|record| OpOutcome {
            trace: record.trace,
            account: record.account,
            paymaster: record.paymaster,
            signature_checked: !request.ignore_signature,
            execution: record.execution,
            post_op: record.post_op,
            inner_gas_used: record.inner_gas_used,
            effects: record.effects,
            answers: record.answers,
            post_op_effects: record.post_op_effects,
            receipt: receipts.next(),
        })
        .collect();
    Simulation {
        block_number: block.number(),
        block_hash: block.hash(),
        ops,
        failure,
        gas_used: result.tx_gas_used(),
        accessed,
    }
}

/// Slots beyond which an operation is too unlike the next one, or too hostile, to be learnt from.
const MOST_REMEMBERED: usize = 512;

/// The sender whose next operation will need what this run needed: when the run was whole, all of it
/// was that sender's, and it is small.
fn worth_remembering(
    request: &SimulationRequest,
    accessed: &[(Address, Vec<U256>)],
) -> Option<Address> {
    let sender = request.ops.last()?.sender;
    let size: usize = accessed.iter().map(|(_, slots)| 1 + slots.len()).sum();
    let own = request.ops.iter().all(|op| op.sender == sender);
    (own && !request.validation_only && size <= MOST_REMEMBERED).then_some(sender)
}

/// Everything the transaction loaded from the block's state, sorted.
fn accessed(state: &EvmState, origin: Address) -> Arc<Vec<(Address, Vec<U256>)>> {
    let mut accessed: Vec<_> = state
        .iter()
        .filter(|(address, _)| **address != origin)
        .map(|(address, account)| {
            // A contract that the transaction created has no storage in the block.
            let in_block = (!account.is_created()).then_some(&account.storage);
            let mut slots: Vec<_> =
                in_block.into_iter().flat_map(|slots| slots.keys()).copied().collect();
            slots.sort_unstable();
            (*address, slots)
        })
        .collect();
    accessed.sort_unstable_by_key(|(address, _)| *address);
    Arc::new(accessed)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::hex;
    use proptest::{collection::vec, prelude::*};
    use revm::{InspectEvm, MainBuilder, bytecode::opcode};
    use writ_types::EntryPointVersion;

    use super::*;
    use crate::test_utils::{SimpleAccount, TestChain, execute_call};

    const SENDER: Address = Address::repeat_byte(0x99);

    /// By revm's own inspector, which asks the tracer before and after every instruction.
    fn by_inspector(
        simulator: &Simulator,
        block: &PinnedBlock,
        request: &SimulationRequest,
    ) -> Result<Simulation, SimulationError> {
        simulator.trace(block, request, |context, tracer, tx| {
            let ran = context.build_mainnet_with_inspector(tracer).inspect_tx(tx)?;
            Ok((ran.result, ran.state))
        })
    }

    #[track_caller]
    fn assert_same(simulator: &Simulator, block: &PinnedBlock, request: &SimulationRequest) {
        let here = simulator.simulate_sync(block, request);
        assert_eq!(here, by_inspector(simulator, block, request));
    }

    /// An operation of an account with this code, which is called in validation and in execution.
    fn of(entry_point: writ_types::EntryPoint) -> writ_types::UserOperation {
        writ_types::UserOperation {
            version: entry_point.version,
            sender: SENDER,
            nonce: U256::ZERO,
            factory: None,
            call_data: vec![1, 2, 3, 4].into(),
            call_gas_limit: 100_000,
            verification_gas_limit: 100_000,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: 0,
            max_priority_fee_per_gas: 0,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        }
    }

    #[test]
    fn real_operations_leave_the_same_trace_as_under_revms_inspector() {
        for version in EntryPointVersion::ALL {
            let Some((mut chain, entry_point)) = TestChain::with_entry_point(version) else {
                continue;
            };
            let account = SimpleAccount::new(&mut chain, entry_point, 1);
            // Logs, and destroys itself in favour of the sender.
            let witness = Address::repeat_byte(0x44);
            chain.put(witness, hex!("60016002602060005fa2503033ff").to_vec());
            chain.fund(witness, U256::from(77));
            let call = execute_call(witness, U256::from(5), Bytes::new());
            let operation = account.operation(0, call, true);
            let request = SimulationRequest::single(entry_point, operation);
            let (simulator, block) = (Simulator::default(), chain.pin());
            assert!(simulator.simulate_sync(&block, &request).expect("runs").failure.is_none());
            assert_same(&simulator, &block, &request);
            assert_same(&simulator, &block, &request.validation_only());
        }
    }

    /// Code that gets somewhere: opcodes of all kinds, with small numbers for them on the stack.
    fn code() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => any::<u8>().prop_map(|byte| vec![byte]),
            4 => any::<u8>().prop_map(|byte| vec![opcode::PUSH1, byte]),
            2 => Just(vec![opcode::ADDRESS]),
            1 => Just(vec![opcode::PUSH1, 0x20, opcode::PUSH0, opcode::KECCAK256]),
            1 => Just(vec![opcode::ADDRESS, opcode::EXTCODESIZE]),
            1 => Just(vec![opcode::PUSH0, opcode::SLOAD]),
            1 => Just(vec![opcode::PUSH1, 1, opcode::PUSH1, 2, opcode::SSTORE]),
            1 => Just(vec![opcode::PUSH0, opcode::PUSH0, opcode::PUSH0, opcode::LOG1]),
            1 => Just(vec![opcode::ADDRESS, opcode::SELFDESTRUCT]),
            1 => Just(hex!("5f5f5f5f5f305af1").to_vec()),
            1 => Just(hex!("5f5f5ff0").to_vec()),
            1 => Just(hex!("5f5260205ff3").to_vec()),
        ];
        vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]

        /// Neither panics, both are bounded by gas, and they agree.
        #[test]
        fn any_code_leaves_the_same_trace_as_under_revms_inspector(code in code()) {
            static WORLD: std::sync::LazyLock<(TestChain, writ_types::EntryPoint)> =
                std::sync::LazyLock::new(|| {
                    TestChain::with_entry_point(EntryPointVersion::V08).expect("v0.8 is here")
                });
            let (mut chain, entry_point) = WORLD.clone();
            chain.put(SENDER, code);
            chain.fund(SENDER, U256::from(1_000));
            let request = SimulationRequest::single(entry_point, of(entry_point));
            assert_same(&Simulator::default(), &chain.pin(), &request);
        }
    }
}
