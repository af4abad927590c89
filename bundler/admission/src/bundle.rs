//! The last look at operations together: gate, whole-bundle trace, rules, code.

use std::sync::Arc;

use alloy::primitives::Address;
use writ_pool::PoolOperation;
use writ_simulation::{Failure, PinnedBlock, SimulationRequest};
use writ_types::{EntryPoint, RuleId, UserOperation, Violation};

use crate::{Admission, AdmissionError, Verdict, verdict::explain};

/// A bundle that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleCheck {
    /// Gas that the whole transaction used, intrinsic gas included.
    pub gas_used: u64,
    /// One verdict per operation.
    pub verdicts: Vec<Verdict>,
}

/// A bundle that does not, and through which operation.
#[derive(Clone, Debug, thiserror::Error)]
#[error("operation {index} of the bundle: {error}")]
pub struct BundleFault {
    /// Place of the culprit.
    pub index: usize,
    /// What is wrong with it.
    pub error: AdmissionError,
}

/// Why a bundle was not judged, or not passed.
pub(crate) type BundleResult = Result<Result<BundleCheck, BundleFault>, AdmissionError>;

impl Admission {
    /// Checks operations as one bundle on `block`: the gate for each, then the trace of the whole bundle as `origin`
    /// would send it, the rules for each, and that the code of what validation visits is what it was (COD-010).
    ///
    /// # Errors
    /// The outer error when there is no verdict (the node does not answer, the bundle is too large); the inner one
    /// names the first operation that must not be in this bundle. It may be fine in another.
    pub async fn check_bundle(
        &self,
        entry_point: EntryPoint,
        operations: &[Arc<PoolOperation>],
        block: &PinnedBlock,
        (origin, beneficiary): (Address, Address),
    ) -> BundleResult {
        for (index, pooled) in operations.iter().enumerate() {
            let ahead = ahead_of(operations, index);
            if let Err(error) = self.recheck_gate(pooled, &ahead, block).await {
                if error.is_transient() {
                    return Err(error);
                }
                return Ok(Err(BundleFault { index, error }));
            }
        }
        let ops: Vec<UserOperation> =
            operations.iter().map(|pooled| pooled.operation.clone()).collect();
        let request = SimulationRequest {
            origin,
            beneficiary,
            ..SimulationRequest::bundle(entry_point, ops)
        };
        let simulation = self.simulator().simulate(block, &request).await?;
        if let Some(failure) = &simulation.failure {
            let index = match failure {
                Failure::Op(failed) => failed.index.min(operations.len().saturating_sub(1)),
                _ => last_reached(&simulation),
            };
            let error = explain(failure, Vec::new(), &operations[index].operation, index);
            return Ok(Err(BundleFault { index, error }));
        }
        let mut verdicts = Vec::with_capacity(operations.len());
        for (index, pooled) in operations.iter().enumerate() {
            let judged =
                self.judge(&pooled.operation, &simulation, index, block, pooled.attested).await;
            let judged = match judged.and_then(|verdict| same_code(pooled, verdict)) {
                Ok(verdict) => {
                    let (ahead, outcome) = (ahead_of(operations, index), simulation.ops.get(index));
                    self.recheck_detached(pooled, &ahead, block, outcome).await.map(|()| verdict)
                }
                Err(error) => Err(error),
            };
            match judged {
                Ok(verdict) => verdicts.push(verdict),
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => return Ok(Err(BundleFault { index, error })),
            }
        }
        Ok(Ok(BundleCheck { gas_used: simulation.gas_used, verdicts }))
    }

    /// Judges one pooled operation again, with its sender's pooled predecessors run before it.
    ///
    /// # Errors
    /// As [`recheck`](Self::recheck).
    pub async fn revalidate(
        &self,
        pooled: &PoolOperation,
        block: &PinnedBlock,
    ) -> Result<Verdict, AdmissionError> {
        let ahead = self.ahead_of(&pooled.operation, pooled.entry_point);
        self.recheck(pooled, &ahead, block).await
    }

    /// Judges one pooled operation again, with `ahead` run before it: gate, simulation, rules, code.
    ///
    /// # Errors
    /// What is wrong with it now; [transient](AdmissionError::is_transient) errors say nothing about it.
    pub async fn recheck(
        &self,
        pooled: &PoolOperation,
        ahead: &[UserOperation],
        block: &PinnedBlock,
    ) -> Result<Verdict, AdmissionError> {
        self.recheck_gate(pooled, ahead, block).await?;
        let ops = ahead.iter().cloned().chain([pooled.operation.clone()]).collect();
        let request = SimulationRequest::bundle(pooled.entry_point, ops);
        let simulation = self.simulator().simulate(block, &request).await?;
        let verdict =
            self.judge(&pooled.operation, &simulation, ahead.len(), block, pooled.attested).await?;
        let verdict = same_code(pooled, verdict)?;
        self.recheck_detached(pooled, ahead, block, simulation.last()).await?;
        Ok(verdict)
    }
}

/// The same sender's operations before `index`, in order.
fn ahead_of(operations: &[Arc<PoolOperation>], index: usize) -> Vec<UserOperation> {
    let sender = operations[index].operation.sender;
    let before = operations[..index].iter().filter(|other| other.operation.sender == sender);
    before.map(|other| other.operation.clone()).collect()
}

/// The operation that was running when the bundle failed without saying whose fault it is: the last one with a frame.
fn last_reached(simulation: &writ_simulation::Simulation) -> usize {
    simulation.ops.iter().rposition(|op| op.trace.frames().next().is_some()).unwrap_or(0)
}

/// COD-010: what validation visits has the code that it had when the operation was admitted.
fn same_code(pooled: &PoolOperation, verdict: Verdict) -> Result<Verdict, AdmissionError> {
    match pooled.code_digest {
        Some(before) if before != verdict.code => Err(AdmissionError::Rules(vec![Violation {
            rule: RuleId::Cod010,
            entity: writ_types::Entity::new(
                writ_types::EntityKind::Account,
                pooled.operation.sender,
            ),
            address: None,
            detail: "code that validation visits has changed since the operation was admitted"
                .to_owned(),
        }])),
        _ => Ok(verdict),
    }
}
