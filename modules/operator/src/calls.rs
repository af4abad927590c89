//! Decisions on calls that come through no EntryPoint.

use alloy::primitives::{B256, keccak256};
use writ_attestation::wire::{CallAttestRequest, OperatorFault, OperatorResponse};
use writ_evidence::CallEvidenceRequest;
use writ_types::AttestableCall;

use crate::{
    Operator, fault,
    operator::{counted, facts_id},
};

impl Operator {
    /// Decides on a call of a guarded contract or of a guarded Safe, and signs. The same request gets the same answer, for
    /// ever.
    ///
    /// # Errors
    ///
    /// [`OperatorFault`] when nothing is decided. A refusal by the policy is an answer, not a fault.
    pub async fn attest_call(
        &self,
        request: &CallAttestRequest,
    ) -> Result<OperatorResponse, OperatorFault> {
        counted(self.decide_call(request).await)
    }

    async fn decide_call(
        &self,
        request: &CallAttestRequest,
    ) -> Result<OperatorResponse, OperatorFault> {
        let _permit = self.permit()?;
        let call = AttestableCall::from_rpc(&request.call)
            .map_err(|error| fault::refused(format!("call: {error}")))?;
        // What is signed is for this operator's chain: an asker who means another has to learn it.
        if call.chain_id != Some(self.chain_id) {
            return Err(fault::refused(format!(
                "the call names no chain, or another than this operator's: {} is served",
                self.chain_id
            )));
        }
        let id = request_id(&call, request.block.hash, facts_id(&request.facts));
        // Also when the block has become old meanwhile: whoever lost the answer can ask again.
        if let Some(entry) = self.log.answered(id).map_err(|error| fault::from_log(&error))? {
            return self.sign(&entry);
        }
        let block = self.pin(request.block).await?;
        let hash = block.hash();
        let evidence = self
            .builder
            .build_call(&CallEvidenceRequest { block, call, facts: request.facts.clone() })
            .await
            .map_err(|error| fault::from_evidence(&error, hash))?;
        self.conclude(id, evidence).await
    }
}

/// Names exactly this request: every byte of the call, the owners' signatures included.
fn request_id(call: &AttestableCall, block: B256, facts: B256) -> B256 {
    // The JSON of a parsed call is one text for one call.
    let call = keccak256(call.to_rpc().to_string());
    keccak256([b"call", block.as_slice(), call.as_slice(), facts.as_slice()].concat())
}
