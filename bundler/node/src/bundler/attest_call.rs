//! `writ_attestCall`: the attestation of a call that comes through no EntryPoint.
//!
//! ```text
//!  call ──> own evidence at the newest block (who enforces it, would it go through, what does it do) ── or refused by name
//!             └─> operators, at the same block ──> k equal signatures ──> checked by the contract itself ──> answer
//! ```
//!
//! The own evidence decides nothing: it says what is wrong with a call before anybody else is asked.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy::{
    eips::BlockId,
    primitives::{Bytes, U256},
    sol_types::SolCall,
};
use writ_admission::AdmissionError;
use writ_attestation::{Enforcer, Suffix, bring, guarded_call, safe_call, wire::BlockRef};
use writ_bindings::{IWritGuarded, WritSafeGuard};
use writ_evidence::{
    AccountError, CallError, CallEvidenceRequest, EvidenceBuilder, EvidenceError, exec_transaction,
    revert_words,
};
use writ_gateway::{AccountView, CallAsk, GateError, Gateway};
use writ_rpc::{AttestedCall, ReadyCall};
use writ_simulation::{CallFailure, PinnedBlock, SimulationError};
use writ_types::{AttestableCall, CallPath, ErrorCode, PresentedFacts, ProtectedCall, Refusal};

use super::convert;

/// Obtains the attestation of `call`, decided at `block` or where a decision about the same is live.
pub(super) async fn attest_call(
    evidence: &EvidenceBuilder,
    gateway: &Gateway,
    block: PinnedBlock,
    call: AttestableCall,
    facts: PresentedFacts,
) -> Result<AttestedCall, Refusal> {
    let enforced = evidence.reader().read_enforced(&block, &call).await.map_err(refusal)?;
    let request =
        CallEvidenceRequest { block: block.clone(), call: call.clone(), facts: facts.clone() };
    evidence.build_enforced(&request, enforced.clone()).await.map_err(refusal)?;

    let account = enforced.account;
    let ask = CallAsk {
        chain_id: block.chain_id(),
        account: AccountView {
            module: enforced.enforcer.contract(),
            policy: account.policy,
            operators: account.operators,
            account_code: account.code_hash,
        },
        block: BlockRef { number: block.number(), hash: block.hash() },
        now: now().max(block.timestamp()),
        call,
        facts,
    };
    let (suffix, signers) = gateway
        .attest_call(&ask)
        .await
        .map_err(|error| Refusal::from(AdmissionError::from(GateError::from(error))))?;
    // A decision that was recorded may be of a block that a reorganisation took away.
    evidence
        .state()
        .pin(BlockId::hash(suffix.block_hash))
        .await
        .map_err(|error| refusal(error.into()))?;
    let attestation = suffix.encode().map_err(internal)?;
    let brought = Brought::of(&ask, enforced.enforcer, &attestation);
    // As the contract itself will check it, before anybody sees it.
    let checked = evidence
        .simulator()
        .call(&block, enforced.enforcer.contract(), brought.check)
        .await
        .map_err(|error| refusal(error.into()))?;
    if let Err(failure) = checked {
        return Err(unchecked(&failure, &suffix, &block));
    }
    let action = enforced.action;
    Ok(AttestedCall {
        enforcer: enforced.enforcer.contract(),
        action: convert::call_action(&action),
        action_hash: action.hash(),
        attestation,
        transaction: brought.transaction,
        signatures: brought.signatures,
        policy: ask.account.policy.configuration.policy,
        evidence: suffix.evidence,
        bounds: convert::bounds(&suffix.bounds),
        block: convert::block(BlockRef { number: suffix.block_number, hash: suffix.block_hash }),
        valid_after: suffix.valid_after,
        valid_until: suffix.valid_until,
        signers,
    })
}

/// How an attestation comes to its call.
struct Brought {
    transaction: ReadyCall,
    signatures: Option<Bytes>,
    /// Calldata by which the enforcing contract is asked whether it counts.
    check: Bytes,
}

impl Brought {
    fn of(ask: &CallAsk, enforcer: Enforcer, attestation: &Bytes) -> Self {
        let (action, call) = (ask.action(), &ask.call);
        let path = call.path as u8;
        let check = match &call.call {
            ProtectedCall::Contract(contract) => IWritGuarded::checkCallCall {
                caller: contract.caller,
                expected: guarded_call(contract, &action),
                path,
                attestation: attestation.clone(),
            }
            .abi_encode(),
            _ => WritSafeGuard::checkCallCall {
                call: safe_call(&action),
                path,
                attestation: attestation.clone(),
            }
            .abi_encode(),
        };
        let (to, data, signatures) = match (&call.call, call.path) {
            (ProtectedCall::Safe(transaction), CallPath::Presented) => {
                let signatures = Bytes::from([&transaction.signatures[..], attestation].concat());
                (transaction.safe, exec_transaction(transaction, &signatures), Some(signatures))
            }
            _ => (enforcer.contract(), bring(call, &action, attestation.clone()), None),
        };
        let transaction = ReadyCall { to, data: data.into() };
        Self { transaction, signatures, check: check.into() }
    }
}

fn unchecked(failure: &CallFailure, suffix: &Suffix, block: &PinnedBlock) -> Refusal {
    let (why, data) = match failure {
        CallFailure::Reverted(output) => (revert_words(output), Some(output.clone())),
        other => (other.to_string(), None),
    };
    let message = format!(
        "the enforcing contract does not take what the operators signed at block {} ({why}, asked at block {})",
        suffix.block_number,
        block.number()
    );
    Refusal::new(ErrorCode::AttestationInvalid, message).with(|refused| {
        refused.revert_reason = Some(why);
        refused.revert_data = data;
        refused.evidence = Some(suffix.evidence);
    })
}

/// Why there is nothing to ask operators about.
fn refusal(error: EvidenceError) -> Refusal {
    let message = error.to_string();
    match error {
        EvidenceError::Node(_)
        | EvidenceError::Simulation(SimulationError::Node(_))
        | EvidenceError::Account(AccountError::Node(_) | AccountError::State(_)) => {
            Refusal::new(ErrorCode::ResourceUnavailable, message)
        }
        EvidenceError::Simulation(error) if error.is_transient() => {
            Refusal::new(ErrorCode::ResourceUnavailable, message)
        }
        EvidenceError::Call(error) => call_refusal(&error, message),
        _ => Refusal::new(ErrorCode::AttestationRequired, message),
    }
}

fn call_refusal(error: &CallError, message: String) -> Refusal {
    let field = match error {
        CallError::Chain { .. } => "chainId",
        CallError::SafeTxHash { .. } => "safeTxHash",
        CallError::NonceUsed { .. } | CallError::SafeNonce { .. } => "nonce",
        CallError::Balance { .. } => "value",
        CallError::Refund(_) => "gasPrice",
        CallError::DelegateCall { .. } => "operation",
        CallError::DelegateCallInBatch { .. } => "data",
        CallError::SuffixPresent => "signatures",
        CallError::Context { .. } => "context",
        CallError::Reverted(reason) | CallError::Unadmitted(reason) => {
            let reason = reason.clone();
            return Refusal::new(ErrorCode::ExecutionReverted, message)
                .with(|data| data.revert_reason = Some(reason));
        }
        _ => return Refusal::new(ErrorCode::AttestationRequired, message),
    };
    Refusal::new(ErrorCode::InvalidFields, message).with(|data| {
        data.field = Some(field.to_owned());
        match error {
            CallError::SafeNonce { given, current } => {
                data.actual = Some(U256::from(*given));
                data.required = Some(*current);
            }
            CallError::Balance { balance, value, .. } => {
                data.actual = Some(*balance);
                data.required = Some(*value);
            }
            _ => {}
        }
    })
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::Internal, error.to_string())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
