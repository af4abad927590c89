//! Admission's side of the gate: what it is asked, when, and what is kept of its answers.

use alloy::primitives::B256;
use writ_attestation::{AttestationError, Suffix, carries_suffix};
use writ_gateway::{AccountView, GateError, GateMode, GateRequest, Gated, Need, Standing};
use writ_pool::{DetachedRecord, GateRecord, PoolOperation};
use writ_simulation::{OpOutcome, PinnedBlock, Simulation};
use writ_types::{EntryPoint, EntryPointVersion, PresentedFacts, UserOperation};

use crate::{Admission, AdmissionError, admission::clock};

impl Admission {
    /// The gate, with the errors that come first coming first: an operation that could not be included anyway is not
    /// the operators' business, and one whose own validity is over is not an expired attestation.
    pub(crate) async fn pass_gate(
        &self,
        request: GateRequest<'_>,
    ) -> Result<Gated, AdmissionError> {
        let gate = self.gate();
        let GateRequest { block, operation, entry_point, predecessors: ahead, .. } = request;
        let account = if gate.options().mode == GateMode::Off {
            None
        } else {
            let now = clock().max(block.timestamp());
            let standing =
                gate.accounts().read(block, operation, now).await.map_err(GateError::from)?;
            match (gate.need(operation, entry_point.address, &standing)?, standing) {
                (Need::Ask, Standing::Bound { account, .. }) => {
                    key_is_free(operation, ahead)?;
                    let view = (*account).clone();
                    self.preflight(operation, entry_point, ahead, view, block).await?;
                    None
                }
                (Need::Verify(_), Standing::Bound { account, .. }) => {
                    key_is_free(operation, ahead)?;
                    Some(*account)
                }
                _ => None,
            }
        };
        match gate.admit(request).await {
            Ok(gated) => Ok(gated),
            Err(GateError::Attestation(error @ AttestationError::Expired { .. })) => {
                if let Some(account) = account {
                    let own = self.preflight(operation, entry_point, ahead, account, block).await;
                    if let Err(own @ AdmissionError::OutOfRange { .. }) = own {
                        return Err(own);
                    }
                }
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What the bundler's own policy demands, obtained for the last operation of `simulation`.
    pub(crate) async fn detached_record(
        &self,
        request: GateRequest<'_>,
        simulation: &Simulation,
    ) -> Result<Option<DetachedRecord>, AdmissionError> {
        let Some(outcome) = simulation.last() else {
            return Err(AdmissionError::Internal("no outcome".to_owned()));
        };
        let detached = self.gate().admit_detached(request, &outcome.effects).await?;
        let Some(detached) = detached else { return Ok(None) };
        Ok(Some(DetachedRecord {
            evidence: detached.suffix.evidence,
            policy: detached.policy,
            attestation: detached.suffix.encode().map_err(GateError::from)?,
            conduct: detached.conduct,
        }))
    }

    /// The gate's part of a re-check.
    pub(crate) async fn recheck_gate(
        &self,
        pooled: &PoolOperation,
        ahead: &[UserOperation],
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        let request =
            gate_request(block, &pooled.operation, (pooled.entry_point, pooled.hash), ahead);
        Ok(self.gate().recheck(request).await?)
    }

    /// The part of a re-check that needs the last simulation: what the bundler's own policy decided on is still what
    /// the operation does.
    pub(crate) async fn recheck_detached(
        &self,
        pooled: &PoolOperation,
        ahead: &[UserOperation],
        block: &PinnedBlock,
        outcome: Option<&OpOutcome>,
    ) -> Result<(), AdmissionError> {
        let request =
            gate_request(block, &pooled.operation, (pooled.entry_point, pooled.hash), ahead);
        let kept = pooled.detached.as_ref().map(|kept| (&kept.attestation, kept.conduct));
        let effects = outcome.map(|outcome| &outcome.effects);
        Ok(self.gate().recheck_detached(request, kept, effects).await?)
    }
}

/// One operation before the gate, now.
pub(crate) fn gate_request<'a>(
    block: &'a PinnedBlock,
    operation: &'a UserOperation,
    (entry_point, user_op_hash): (EntryPoint, B256),
    predecessors: &'a [UserOperation],
) -> GateRequest<'a> {
    let facts = PresentedFacts::none();
    GateRequest { block, operation, entry_point, user_op_hash, predecessors, now: clock(), facts }
}

pub(crate) fn gate_record(suffix: &Suffix, account: &AccountView) -> GateRecord {
    GateRecord {
        evidence: suffix.evidence,
        policy: account.policy.configuration.policy,
        operator_set: account.policy.configuration.operator_set,
        revision: suffix.revision,
        epoch: suffix.epoch,
        sequence: suffix.sequence,
        block_number: suffix.block_number,
        block_hash: suffix.block_hash,
        valid_after: suffix.valid_after,
        valid_until: suffix.valid_until,
    }
}

/// A bundle validates all of its operations before it runs the first. The module's tickets wait in between: one per
/// nonce key, found by callData (by userOpHash on v0.9).
fn key_is_free(operation: &UserOperation, ahead: &[UserOperation]) -> Result<(), AdmissionError> {
    let by_call_data = !matches!(operation.version, EntryPointVersion::V09);
    let busy = ahead.iter().filter(|other| carries_suffix(&other.signature)).any(|other| {
        other.nonce_key() == operation.nonce_key()
            || (by_call_data && other.call_data == operation.call_data)
    });
    if busy { Err(AdmissionError::KeyBusy { sender: operation.sender }) } else { Ok(()) }
}
