//! The call as it will come, under a throw-away quorum.
//!
//! ```text
//!  contract    caller ──> present (or post) · caller ──> the call itself
//!  safe        execTransaction with the attestation behind the owners' signatures, or post · execTransaction
//!  safeModule  present (or post) · module ──> execTransactionFromModule
//! ```
//!
//! In the configuration's record the operators are replaced with ephemeral keys that really sign, and where the mode only
//! observes it is told to refuse; nothing else is patched. What is decided on is a run that the enforcing contract itself let
//! through, under the bounds that are attested, and that it said it admitted with this nonce.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolError, SolEvent},
};
use writ_attestation::{
    AttestationError, Bound, Bounds, SetError, ThrowawayAction, ThrowawayQuorum, bring,
};
use writ_bindings::{IWritGuarded, WritModule, WritSafeGuard};
use writ_simulation::{
    CallSequence, DEFAULT_ORIGIN, Effects, Moved, Overrides, PinnedBlock, SimulatedCall,
    SimulatedOutcome, Simulator,
};
use writ_types::{AttestableCall, CallPath, ProtectedCall, SafeTransaction};

use super::{CallError, Enforced, error::revert_words};
use crate::{
    bounds::{AssetError, exact_bounds, widest_bounds},
    calls::Call,
    error::EvidenceError,
};

mod abi {
    #![allow(missing_docs, unreachable_pub)]
    use alloy::sol;

    sol! {
        function execTransaction(
            address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice,
            address gasToken, address refundReceiver, bytes signatures
        ) external payable returns (bool success);
        function execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation)
            external returns (bool success);
    }
}

/// Calldata of the Safe's `execTransaction`, with these signatures.
#[must_use]
pub fn exec_transaction(transaction: &SafeTransaction, signatures: &Bytes) -> Vec<u8> {
    abi::execTransactionCall {
        to: transaction.to,
        value: transaction.value,
        data: transaction.data.clone(),
        operation: transaction.operation as u8,
        safeTxGas: transaction.safe_tx_gas,
        baseGas: transaction.base_gas,
        gasPrice: transaction.gas_price,
        gasToken: transaction.gas_token,
        refundReceiver: transaction.refund_receiver,
        signatures: signatures.clone(),
    }
    .abi_encode()
}

/// The simulation of one call: everything except the bounds is fixed.
pub(super) struct Run<'a> {
    block: &'a PinnedBlock,
    call: &'a AttestableCall,
    enforced: &'a Enforced,
    quorum: ThrowawayQuorum,
}

/// How a run ended.
enum Ended {
    /// The enforcing contract let it through, and it did this.
    Admitted(Box<SimulatedOutcome>),
    /// It reverted with this.
    Reverted(Bytes),
}

impl<'a> Run<'a> {
    pub(super) fn new(
        block: &'a PinnedBlock,
        call: &'a AttestableCall,
        enforced: &'a Enforced,
    ) -> Result<Self, EvidenceError> {
        let quorum = ThrowawayQuorum::new(enforced.account.operators.len())
            .map_err(|error: SetError| EvidenceError::Throwaway(AttestationError::Set(error)))?;
        Ok(Self { block, call, enforced, quorum })
    }

    /// What moves, and what the call does in the run in which the contract itself measured that no more does. `calls` are
    /// those that the account makes.
    pub(super) async fn bounded(
        &self,
        simulator: &Simulator,
        calls: &[Call],
    ) -> Result<(Bounds, Effects), EvidenceError> {
        let account = self.enforced.account.address;
        let moved = |outcome: &SimulatedOutcome| -> Result<Moved, AssetError> {
            let calls = calls.iter().map(Call::as_asset_call);
            Ok(outcome.effects.moved(account, Address::ZERO, calls)?)
        };
        let exact =
            |outcome: &SimulatedOutcome| exact_bounds(&moved(outcome)?, &outcome.answers, account);
        let widest = Bounds::new(vec![Bound::native(u128::MAX)]).map_err(AssetError::List)?;
        let first = match self.simulate(simulator, &widest).await? {
            Ended::Admitted(outcome) => outcome,
            Ended::Reverted(output) => return Err(self.reverted(&output)),
        };
        let seen = moved(&first)?;
        let measured = if seen.len() == 1 {
            first
        } else {
            match self.simulate(simulator, &widest_bounds(&seen)?).await? {
                Ended::Admitted(outcome) => outcome,
                Ended::Reverted(output) => return Err(unmeasured(output)),
            }
        };
        let bounds = exact(&measured)?;
        match self.simulate(simulator, &bounds).await? {
            Ended::Admitted(outcome) if exact(&outcome)? == bounds => Ok((bounds, outcome.effects)),
            Ended::Admitted(_) => Err(EvidenceError::Unstable { output: Bytes::new() }),
            Ended::Reverted(output) => Err(EvidenceError::Unstable { output }),
        }
    }

    async fn simulate(
        &self,
        simulator: &Simulator,
        bounds: &Bounds,
    ) -> Result<Ended, EvidenceError> {
        let Enforced { account, enforcer, .. } = self.enforced;
        let record = self.quorum.record(
            enforcer.contract(),
            &account.policy.configuration,
            &account.operators,
        );
        let mut overrides = Overrides::new().with_code(record.address, record.code);
        if let Some((slot, head)) = self.enforced.pretended {
            overrides = overrides.with_storage(enforcer.contract(), slot, head);
        }
        let (calls, last) = self.calls(&self.attestation(bounds)?);
        let sequence = CallSequence {
            account: account.address,
            implementation: self.enforced.implementation,
            watched: enforcer.contract(),
            overrides,
            calls,
        };
        let mut outcomes = simulator.simulate_calls(self.block, &sequence).await?;
        let made = outcomes.len();
        let Some(outcome) = outcomes.pop() else { return Err(EvidenceError::NotExecuted) };
        if made <= last {
            return Err(CallError::Unadmitted(revert_words(&outcome.output)).into());
        }
        if !outcome.status.is_success() {
            return Ok(Ended::Reverted(outcome.output));
        }
        // A Safe tells its caller, and goes on, when what it was asked for failed.
        if !matches!(self.call.call, ProtectedCall::Contract(_))
            && outcome.output[..] != U256::ONE.to_be_bytes::<32>()
        {
            return Err(CallError::Reverted("the Safe says that it failed".to_owned()).into());
        }
        self.admitted(&outcome)?;
        Ok(Ended::Admitted(Box::new(outcome)))
    }

    /// The attestation by the throw-away quorum, as it is presented, posted or attached.
    fn attestation(&self, bounds: &Bounds) -> Result<Bytes, EvidenceError> {
        let block = self.block;
        let suffix = self.quorum.attest_action(&ThrowawayAction {
            action: self.enforced.action.hash(),
            domain: self.enforced.domain,
            policy: &self.enforced.account.policy,
            sequence: 0,
            block: (block.number(), block.hash(), block.timestamp()),
            max_cost: 0,
            bounds,
        });
        suffix.and_then(|suffix| suffix.encode()).map_err(EvidenceError::Throwaway)
    }

    /// The calls to make, and the position of the one that is asked about.
    fn calls(&self, attestation: &Bytes) -> (Vec<SimulatedCall>, usize) {
        let contract = self.enforced.enforcer.contract();
        let brought = |from| SimulatedCall {
            from,
            to: contract,
            value: U256::ZERO,
            data: bring(self.call, &self.enforced.action, attestation.clone()).into(),
        };
        match &self.call.call {
            ProtectedCall::Contract(call) => {
                let itself = SimulatedCall {
                    from: call.caller,
                    to: contract,
                    value: call.value,
                    data: call.data.clone(),
                };
                (vec![brought(call.caller), itself], 1)
            }
            ProtectedCall::Safe(call) => {
                let transaction = |signatures: Bytes| SimulatedCall {
                    from: DEFAULT_ORIGIN,
                    to: call.safe,
                    value: U256::ZERO,
                    data: exec_transaction(call, &signatures).into(),
                };
                match self.call.path {
                    CallPath::Presented => {
                        let attached = [&call.signatures[..], attestation].concat();
                        (vec![transaction(attached.into())], 0)
                    }
                    CallPath::Posted => {
                        let posted = brought(DEFAULT_ORIGIN);
                        (vec![posted, transaction(call.signatures.clone())], 1)
                    }
                }
            }
            ProtectedCall::SafeModule(call) => {
                let itself = SimulatedCall {
                    from: call.module,
                    to: call.safe,
                    value: U256::ZERO,
                    data: abi::execTransactionFromModuleCall {
                        to: call.to,
                        value: call.value,
                        data: call.data.clone(),
                        operation: call.operation as u8,
                    }
                    .abi_encode()
                    .into(),
                };
                (vec![brought(DEFAULT_ORIGIN), itself], 1)
            }
        }
    }

    /// Whether the enforcing contract says that it admitted exactly this.
    fn admitted(&self, outcome: &SimulatedOutcome) -> Result<(), CallError> {
        let action = &self.enforced.action;
        let mut other = None;
        for log in &outcome.logs {
            let (nonce, path) = match &self.call.call {
                ProtectedCall::Contract(_) => match IWritGuarded::CallAdmitted::decode_log(log) {
                    Ok(event)
                        if event.caller == action.caller && event.callData == action.call_data =>
                    {
                        (event.nonce, event.path)
                    }
                    _ => continue,
                },
                _ => match WritSafeGuard::CallAdmitted::decode_log(log) {
                    Ok(event)
                        if event.safe == action.account
                            && event.caller == action.caller
                            && event.target == action.target
                            && event.callData == action.call_data =>
                    {
                        (event.nonce, event.path)
                    }
                    _ => continue,
                },
            };
            if U256::from(nonce) == action.nonce && path == action.path {
                return Ok(());
            }
            other = Some(nonce);
        }
        Err(other.map_or(CallError::NotGuarded, |nonce| CallError::Waiting { nonce }))
    }

    /// What a revert in the widest bounds means.
    fn reverted(&self, output: &Bytes) -> EvidenceError {
        let given = self.enforced.action.context;
        if let ProtectedCall::Contract(_) = self.call.call
            && let Ok(refused) = IWritGuarded::CallNotAttested::abi_decode(output)
            && refused.context != given
        {
            return CallError::Context { given, bound: refused.context }.into();
        }
        CallError::Reverted(revert_words(output)).into()
    }
}

/// Why nothing is admitted under bounds that hold nothing back.
fn unmeasured(output: Bytes) -> EvidenceError {
    match WritModule::BalanceUnreadable::abi_decode(&output) {
        Ok(unreadable) => AssetError::Unmeasurable { contract: unreadable.asset }.into(),
        Err(_) => EvidenceError::Unstable { output },
    }
}
