//! Evidence for a call off the ERC-4337 path: of a guarded contract, or by a guarded Safe.
//!
//! ```text
//!  AttestableCall ─┬─ reader: who enforces it, what it keeps, is it what it says ──> Enforced
//!                  ├─ nonce unused, value there, chain and hash as asked
//!                  ├─ safe: calls, decoded canonically or refused
//!                  └─ run: throw-away quorum, as the caller would make it ──> effects, bounds, "admitted"
//!                                              │
//!                                     document ─┴─> Evidence
//! ```
//!
//! Said honestly: in the simulation the transaction's origin is the same for all, and whoever calls does so directly. A
//! contract that behaves otherwise on the chain is held there by the bounds.

mod error;
mod reader;
mod run;
mod safe;

use alloy::primitives::{Address, Bytes, U256, keccak256};
use writ_attestation::{CallAction, Domain, Enforcer, carries_suffix};
use writ_simulation::PinnedBlock;
use writ_types::{AttestableCall, CallPath, EntryPointVersion, PresentedFacts, ProtectedCall};

pub use error::{CallError, revert_words};
pub use run::exec_transaction;

use self::{reader::address_in, run::Run, safe::is_batch};
use crate::{
    account::{Account, AccountError},
    adapter::{FALLBACK_HANDLER, without_delegatecall},
    bounds::keeps_stake,
    builder::{EvidenceBuilder, MAX_EVIDENCE_LEN},
    calls::{Call, Own, name_pinned, observed_call},
    document::{Asked, Facts, Standing, document},
    error::EvidenceError,
    evidence::Evidence,
    history::History,
};

/// What evidence about a call is asked for.
#[derive(Clone, Debug)]
pub struct CallEvidenceRequest {
    /// The block that everything is read at.
    pub block: PinnedBlock,
    /// The call.
    pub call: AttestableCall,
    /// What issuers stated, for policies that ask for it. What none asks for is not looked at.
    pub facts: PresentedFacts,
}

/// A call with whoever enforces it.
#[derive(Clone, Debug)]
pub struct Enforced {
    /// The contract that enforces it, and for whom.
    pub enforcer: Enforcer,
    /// Its EIP-712 domain.
    pub domain: Domain,
    /// What is attested.
    pub action: CallAction,
    /// The account as that contract knows it.
    pub account: Account,
    /// To whom the account's own code hands on what it is called with.
    pub(crate) implementation: Option<Address>,
    /// What to pretend that the contract keeps, so that it refuses where it only observes.
    pub(crate) pretended: Option<(U256, U256)>,
}

impl EvidenceBuilder {
    /// Simulates the call as it will come and writes down everything that a policy may decide on.
    ///
    /// The result is a function of the request and the pinned state: independent callers get the same bytes.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`] when the request, whoever enforces it, or the simulation leaves nothing to decide on.
    pub async fn build_call(
        &self,
        request: &CallEvidenceRequest,
    ) -> Result<Evidence, EvidenceError> {
        let enforced = self.reader.read_enforced(&request.block, &request.call).await?;
        self.build_enforced(request, enforced).await
    }

    /// The same, where [`AccountReader::read_enforced`](crate::AccountReader::read_enforced) was asked already, about the
    /// same call at the same block.
    ///
    /// # Errors
    ///
    /// As [`Self::build_call`].
    pub async fn build_enforced(
        &self,
        request: &CallEvidenceRequest,
        enforced: Enforced,
    ) -> Result<Evidence, EvidenceError> {
        let CallEvidenceRequest { block, call, facts } = request;
        check(call, block.chain_id())?;
        self.check_nonce(block, call, &enforced).await?;
        check_balance(block, &call.call).await?;
        let (mut calls, batch) = self.called(block, call).await?;
        let needs = self.needs(&enforced.account)?;
        name_pinned(enforced.account.address, &mut calls, &needs.functions)?;
        let account = enforced.account.address;
        let made = match call.call {
            // Whoever calls makes it, and not the contract.
            ProtectedCall::Contract(_) => &[][..],
            _ => calls.as_slice(),
        };
        let run = Run::new(block, call, &enforced)?;
        let (bounds, mut effects) = run.bounded(&self.simulator, made).await?;
        if let Some(batch) = batch {
            without_delegatecall(&mut effects, account, batch);
        }

        let action = enforced.action.hash();
        let stated = self.stated_about(block, &enforced.account, action, &needs, facts).await?;
        let balance = block.account(account).await?.balance;
        let standing = Standing { deployed: true, balance };
        let document = document(&Facts {
            chain_id: block.chain_id(),
            block: (block.number(), block.hash(), block.timestamp()),
            account,
            code_hash: enforced.account.code_hash,
            sight: enforced.account.sight,
            standing,
            asked: Asked::Call { action: &enforced.action, enforcer: enforced.enforcer.contract() },
            calls: &calls,
            bounds: &bounds,
            effects: [&effects, &Default::default()],
            reverted: false,
            sequence: 0,
            history: &History::default(),
            stated: &stated,
        })?;
        let encoded = Bytes::from(writ_policy::encode(&document));
        if encoded.len() > MAX_EVIDENCE_LEN {
            return Err(EvidenceError::TooLarge { bytes: encoded.len() });
        }
        Ok(Evidence {
            hash: keccak256(&encoded),
            encoded,
            document,
            action: enforced.action.into(),
            bounds,
            domain: enforced.domain,
            account: enforced.account,
            sequence: 0,
            max_cost: 0,
            block_number: block.number(),
            block_hash: block.hash(),
            timestamp: block.timestamp(),
            facts_until: stated.until,
        })
    }

    /// What can be used once was not used.
    async fn check_nonce(
        &self,
        block: &PinnedBlock,
        call: &AttestableCall,
        enforced: &Enforced,
    ) -> Result<(), EvidenceError> {
        let (caller, nonce) = match &call.call {
            ProtectedCall::Contract(call) => (call.caller, call.nonce),
            ProtectedCall::SafeModule(call) => (call.module, call.nonce),
            ProtectedCall::Safe(call) => {
                // A Safe before 1.5.0 keeps it there as well.
                let current = block.storage(call.safe, SAFE_NONCE).await?;
                if current != U256::from(call.nonce) {
                    return Err(CallError::SafeNonce { given: call.nonce, current }.into());
                }
                return Ok(());
            }
        };
        let contract = enforced.enforcer.contract();
        let data = enforced.enforcer.nonce_call(caller, nonce);
        let answer = self.reader.call(block, contract, data).await?.unwrap_or_default();
        match Enforcer::is_used(&answer, nonce) {
            Some(false) => Ok(()),
            Some(true) => Err(CallError::NonceUsed { caller, nonce }.into()),
            None => Err(CallError::Enforcer {
                contract,
                source: writ_attestation::EnforcerError::Answer("nonceBitmap"),
            }
            .into()),
        }
    }

    /// What is shown to the policy as called, and the batch contract that a Safe calls it by.
    async fn called(
        &self,
        block: &PinnedBlock,
        call: &AttestableCall,
    ) -> Result<(Vec<Call>, Option<Address>), EvidenceError> {
        let (safe, to, value, data, operation) = match &call.call {
            ProtectedCall::Contract(call) => {
                let shown = observed_call(call.contract, call.value, call.data.clone())?;
                return Ok((vec![shown], None));
            }
            ProtectedCall::Safe(call) => {
                (call.safe, call.to, call.value, &call.data, call.operation)
            }
            ProtectedCall::SafeModule(call) => {
                (call.safe, call.to, call.value, &call.data, call.operation)
            }
        };
        let delegates = operation == writ_types::SafeOperation::DelegateCall;
        let code = block.account(to).await?.code.unwrap_or_default();
        let batches = delegates && is_batch(to, &code.original_bytes());
        let handler = address_in(block.storage(safe, FALLBACK_HANDLER.into()).await?);
        let adapter = Some(handler).filter(|handler| !handler.is_zero());
        let own = Own { adapter, ..Own::of(safe) };
        let calls = safe::safe_calls(own, (to, value, data), operation, batches)?;
        for version in EntryPointVersion::ALL {
            keeps_stake(&calls, version.canonical_address())?;
        }
        Ok((calls, batches.then_some(to)))
    }
}

/// Where a Safe keeps its nonce.
const SAFE_NONCE: U256 = U256::from_limbs([5, 0, 0, 0]);

/// What can be said without the chain.
fn check(call: &AttestableCall, chain_id: u64) -> Result<(), EvidenceError> {
    let ProtectedCall::Safe(transaction) = &call.call else { return Ok(()) };
    let computed = transaction.hash(chain_id);
    if let Some(given) = transaction.safe_tx_hash.filter(|given| *given != computed) {
        return Err(CallError::SafeTxHash { given, computed }.into());
    }
    if !transaction.gas_price.is_zero() {
        return Err(CallError::Refund(transaction.gas_price).into());
    }
    if call.path == CallPath::Presented && carries_suffix(&transaction.signatures) {
        return Err(CallError::SuffixPresent.into());
    }
    Ok(())
}

/// Whoever pays has the value.
async fn check_balance(block: &PinnedBlock, call: &ProtectedCall) -> Result<(), EvidenceError> {
    let (payer, value) = match call {
        ProtectedCall::Contract(call) => (call.caller, call.value),
        ProtectedCall::Safe(call) => (call.safe, call.value),
        ProtectedCall::SafeModule(call) => (call.safe, call.value),
    };
    let balance = block.account(payer).await.map_err(AccountError::from)?.balance;
    if balance < value {
        return Err(CallError::Balance { payer, balance, value }.into());
    }
    Ok(())
}
