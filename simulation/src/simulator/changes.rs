//! What transactions would leave behind, as [`Overrides`] for what is simulated after them.

use alloy::primitives::{Address, Bytes, TxKind};
use revm::{
    ExecuteEvm, MainBuilder,
    context::{TxEnv, result::ExecutionResult},
    state::EvmState,
};

use super::{Simulator, no_verdict};
use crate::{
    error::{CallFailure, SimulationError},
    overrides::Overrides,
    state::PinnedBlock,
};

impl Simulator {
    /// Sends `calls` one after the other from `sender`, which counts as an account without code, and returns `before` with
    /// the slots that they wrote and the contracts that they created. Balances and nonces are left as they were.
    ///
    /// # Errors
    /// The outer error when the state cannot be had; the inner one is that of the first call that failed.
    pub async fn changes(
        &self,
        block: &PinnedBlock,
        before: Overrides,
        sender: Address,
        calls: Vec<(Address, Bytes)>,
    ) -> Result<Result<Overrides, CallFailure>, SimulationError> {
        self.run_blocking(block, move |simulator, block| {
            let mut after = before;
            for (to, data) in calls {
                match simulator.changed_by(block, &after, sender, to, data)? {
                    Ok(state) => after = with_changes(after, sender, &state),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
            Ok(Ok(after))
        })
        .await
    }

    fn changed_by(
        &self,
        block: &PinnedBlock,
        before: &Overrides,
        sender: Address,
        to: Address,
        data: Bytes,
    ) -> Result<Result<EvmState, CallFailure>, SimulationError> {
        let tx = TxEnv {
            caller: sender,
            kind: TxKind::Call(to),
            data,
            gas_limit: self.gas_limit(block.header()),
            gas_price: block.base_fee().into(),
            chain_id: Some(block.chain_id()),
            ..TxEnv::default()
        };
        let db = self.db(block, before, sender);
        let mut evm = self.context(block.header(), block.chain_id(), db).build_mainnet();
        let ran = evm.transact(tx).map_err(no_verdict)?;
        Ok(match ran.result {
            ExecutionResult::Success { .. } => Ok(ran.state),
            ExecutionResult::Revert { output, .. } => Err(CallFailure::Reverted(output)),
            ExecutionResult::Halt { reason, .. } => Err(CallFailure::Halted(format!("{reason:?}"))),
        })
    }
}

fn with_changes(mut overrides: Overrides, sender: Address, state: &EvmState) -> Overrides {
    for (address, account) in state.iter().filter(|(address, _)| **address != sender) {
        if account.is_created() {
            let code = account.info.code.as_ref().map(|code| code.original_bytes());
            overrides = overrides.with_code(*address, code.unwrap_or_default());
        }
        for (slot, value) in account.changed_storage_slots() {
            overrides = overrides.with_storage(*address, *slot, value.present_value());
        }
    }
    overrides
}
