//! The interpreter and the check in Solidity, as they ship, in an EVM in memory: the third engine.

use std::path::Path;

use alloy::{
    primitives::{Address, Bytes, TxKind, U256},
    sol,
    sol_types::SolCall,
};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    context::TxEnv,
    context_interface::result::ExecutionResult,
    database::InMemoryDB,
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};

use super::{Answer, Fault, GAS_PER_FUEL, MAX_STACK, Program};

sol! {
    function evaluate(address program, bytes parameters, bytes input, uint64 limit)
        external view returns (uint8 status, uint8 code, bytes value, uint64 fuel);
    function checkProgram(bytes program) external view;
    function isCanonicalInput(bytes value) external view returns (bool);
}

/// What a transaction may take.
const TRANSACTION: u64 = 1 << 24;
/// Where the program that is evaluated stands.
const PROGRAM: Address = Address::repeat_byte(0xaa);
/// What an evaluation takes besides its fuel and its stack, the transaction included.
const BASE: u64 = 21_000 + 20_000 + 5_000;

/// An EVM with the two contracts.
pub(super) struct Evm {
    db: InMemoryDB,
    vm: Address,
    check: Address,
}

impl Evm {
    /// Deploys what the sources compile to.
    pub(super) fn new() -> Self {
        let mut evm = Self { db: InMemoryDB::default(), vm: Address::ZERO, check: Address::ZERO };
        evm.vm = evm.deploy("PolicyVM");
        evm.check = evm.deploy("PolicyCheck");
        evm
    }

    fn deploy(&mut self, name: &str) -> Address {
        let artifact = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../solidity/bindings/abi/{name}.json"));
        let artifact = std::fs::read_to_string(artifact).expect("the contract's artifact");
        let artifact: serde_json::Value = serde_json::from_str(&artifact).expect("JSON");
        let code: Bytes =
            artifact["bytecode"].as_str().expect("bytecode").parse().expect("hexadecimal");
        let nonce = self.db.cache.accounts.get(&Address::ZERO).map_or(0, |a| a.info.nonce);
        let mut evm = Context::mainnet()
            .with_db(&mut self.db)
            .modify_cfg_chained(|cfg| cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA))
            .build_mainnet();
        let transaction = TxEnv {
            kind: TxKind::Create,
            data: code,
            gas_limit: TRANSACTION,
            nonce,
            ..TxEnv::default()
        };
        match evm.transact_commit(transaction).expect("deploys") {
            ExecutionResult::Success { output, .. } => *output.address().expect("created"),
            other => panic!("{name}: {other:?}"),
        }
    }

    fn call(&mut self, to: Address, data: Vec<u8>) -> ExecutionResult {
        let nonce = self.db.cache.accounts.get(&Address::ZERO).map_or(0, |a| a.info.nonce);
        let mut evm = Context::mainnet()
            .with_db(&mut self.db)
            .modify_cfg_chained(|cfg| cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA))
            .build_mainnet();
        let transaction = TxEnv {
            kind: TxKind::Call(to),
            data: data.into(),
            gas_limit: TRANSACTION,
            nonce,
            value: U256::ZERO,
            ..TxEnv::default()
        };
        evm.transact(transaction).expect("can be sent").result
    }

    /// Evaluates as [`super::Machine::run`] does, and holds the evaluation to its price.
    pub(super) fn run(
        &mut self,
        program: &Program,
        parameters: &[u8],
        input: &[u8],
        limit: u64,
    ) -> (Answer, u64) {
        let code = [&[0], program.to_bytes().as_slice()].concat();
        let code = Bytecode::new_raw(code.into());
        self.db.insert_account_info(PROGRAM, AccountInfo::from_bytecode(code));
        let call = evaluateCall {
            program: PROGRAM,
            parameters: parameters.to_vec().into(),
            input: input.to_vec().into(),
            limit,
        };
        let result = self.call(self.vm, call.abi_encode());
        let ExecutionResult::Success { output, .. } = &result else { panic!("{result:?}") };
        let answer = evaluateCall::abi_decode_returns(output.data()).expect("an answer");
        let used = result.tx_gas_used();
        let stack = program.rules.iter().map(|rule| u64::from(rule.registers) + 3).sum::<u64>();
        let stack = stack.min(MAX_STACK.into()) + 1_000;
        let besides = BASE + 3 * stack + stack * stack / 512;
        assert!(used <= besides + GAS_PER_FUEL * answer.fuel, "{used} gas for {}", answer.fuel);
        let said = match (answer.status, answer.code) {
            (0, 0) => Answer::Value(answer.value.to_vec()),
            (1, 0) if answer.value.is_empty() => Answer::Undefined,
            (2, code) if answer.value.is_empty() => {
                Answer::Fault(Fault::from_code(code).expect("an error of the specification"))
            }
            other => panic!("{other:?}"),
        };
        (said, answer.fuel)
    }

    /// Whether `PolicyCheck` takes these bytes for a program.
    pub(super) fn accepts(&mut self, program: &[u8]) -> bool {
        let call = checkProgramCall { program: program.to_vec().into() };
        match self.call(self.check, call.abi_encode()) {
            ExecutionResult::Success { .. } => true,
            ExecutionResult::Revert { .. } => false,
            other => panic!("{other:?}"),
        }
    }

    /// Whether `PolicyCheck` takes these bytes for the encoding of an input.
    pub(super) fn is_canonical_input(&mut self, value: &[u8]) -> bool {
        let call = isCanonicalInputCall { value: value.to_vec().into() };
        match self.call(self.check, call.abi_encode()) {
            ExecutionResult::Success { output, .. } => {
                isCanonicalInputCall::abi_decode_returns(output.data()).expect("an answer")
            }
            other => panic!("{other:?}"),
        }
    }
}
