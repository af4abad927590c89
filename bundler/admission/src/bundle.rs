//! The third validation: operations together, as they will be sent.

use std::{collections::HashMap, sync::Arc};

use alloy::primitives::{Address, U256};
use writ_pool::{PoolOperation, Sanction};
use writ_simulation::{PinnedBlock, Simulation, SimulationRequest};
use writ_types::{Entity, EntityKind, EntryPoint, RuleId, UserOperation, Violation};

use crate::{
    Admission, AdmissionError, Verdict,
    again::same_code,
    blame, company, savings, stakes,
    verdict::{Stage, explain},
};

/// How a bundle will be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Who sends it.
    pub origin: Address,
    /// Who receives the fees.
    pub beneficiary: Address,
    /// Gas limit of the transaction; `None` where it is not known yet: as much as a simulation may use.
    pub gas: Option<u64>,
}

/// A bundle that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleCheck {
    /// Gas that the whole transaction used, intrinsic gas included.
    pub gas_used: u64,
    /// Gas for publishing the bundle, where the chain counts it in the transaction's gas limit; zero elsewhere.
    pub data_gas: u64,
    /// One verdict per operation.
    pub verdicts: Vec<Verdict>,
    /// Entities that are to be throttled although nothing failed (EREP-070).
    pub sanctions: Vec<Sanction>,
}

/// A bundle that does not, and through which operation.
#[derive(Clone, Debug, thiserror::Error)]
#[error("operation {index} of the bundle: {error}")]
pub struct BundleFault {
    /// Place of the culprit.
    pub index: usize,
    /// What is wrong with it.
    pub error: AdmissionError,
    /// What follows for entities, given that each operation had passed by itself in the same state (GREP-040,
    /// EREP-055).
    pub sanctions: Vec<Sanction>,
}

impl BundleFault {
    const fn without_sanctions(index: usize, error: AdmissionError) -> Self {
        Self { index, error, sanctions: Vec::new() }
    }
}

/// Why a bundle was not judged, or not passed.
pub(crate) type BundleResult = Result<Result<BundleCheck, BundleFault>, AdmissionError>;

impl Admission {
    /// Checks operations as one bundle on `block`: the gate for each, what the paymasters have deposited, then the
    /// trace of the whole bundle as it would be sent; for each operation the rules, the code of what validation
    /// visits (COD-010), the length of contexts (EREP-055), and that it keeps to itself (LOC-020).
    ///
    /// # Errors
    /// The outer error when there is no verdict (the node does not answer, the bundle is too large); the inner one
    /// names the first operation that must not be in this bundle. It may be fine in another.
    pub async fn check_bundle(
        &self,
        entry_point: EntryPoint,
        operations: &[Arc<PoolOperation>],
        block: &PinnedBlock,
        sending: Sending,
    ) -> BundleResult {
        for (index, pooled) in operations.iter().enumerate() {
            let ahead = ahead_of(operations, index);
            if let Err(error) = self.recheck_gate(pooled, &ahead, block).await {
                if error.is_transient() {
                    return Err(error);
                }
                return Ok(Err(BundleFault::without_sanctions(index, error)));
            }
        }
        if let Some(fault) = self.deposits(entry_point, operations, block).await? {
            return Ok(Err(fault));
        }
        let ops: Vec<UserOperation> =
            operations.iter().map(|pooled| pooled.operation.clone()).collect();
        let Sending { origin, beneficiary, gas } = sending;
        let request = SimulationRequest {
            origin,
            beneficiary,
            gas,
            ..SimulationRequest::bundle(entry_point, ops.clone())
        };
        let simulation = self.simulator().simulate(block, &request).await?;
        if let Some(failure) =
            simulation.failure.as_ref().filter(|failure| failure.is_of_the_call())
        {
            return Err(AdmissionError::BundleCall(failure.to_string()));
        }
        if let Some(fault) = reverted(&simulation, operations) {
            return Ok(Err(fault));
        }
        let mut verdicts = Vec::with_capacity(operations.len());
        for (index, pooled) in operations.iter().enumerate() {
            let judged = self
                .judge(
                    &pooled.operation,
                    &simulation,
                    index,
                    block,
                    (pooled.attested, Stage::Later),
                )
                .await;
            let judged = judged
                .and_then(|verdict| same_code(pooled, verdict))
                .and_then(|verdict| same_context(pooled, verdict));
            let judged = match judged {
                Ok(verdict) => {
                    let (ahead, outcome) = (ahead_of(operations, index), simulation.ops.get(index));
                    self.recheck_detached(pooled, &ahead, block, outcome).await.map(|()| verdict)
                }
                Err(error) => Err(error),
            };
            match judged {
                Ok(verdict) => verdicts.push(verdict),
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => return Ok(Err(BundleFault::without_sanctions(index, error))),
            }
        }
        let members = operations.iter().zip(&verdicts);
        let members: Vec<_> =
            members.map(|(pooled, verdict)| (pooled.operation.sender, &verdict.findings)).collect();
        if let Some((index, violation)) = company::intruder(&members) {
            let error = AdmissionError::Rules(vec![violation]);
            return Ok(Err(BundleFault::without_sanctions(index, error)));
        }
        let sanctions = savings::throttled(operations, &simulation);
        let data_gas = self.data_gas_in_limit(&ops, entry_point, block).await?;
        Ok(Ok(BundleCheck { gas_used: simulation.gas_used, data_gas, verdicts, sanctions }))
    }

    /// LOC-030: what each paymaster has deposited covers all of its operations in the bundle.
    async fn deposits(
        &self,
        entry_point: EntryPoint,
        operations: &[Arc<PoolOperation>],
        block: &PinnedBlock,
    ) -> Result<Option<BundleFault>, AdmissionError> {
        let mut paymasters: Vec<Address> =
            operations.iter().filter_map(|pooled| pooled.operation.paymaster_address()).collect();
        paymasters.sort_unstable();
        paymasters.dedup();
        if paymasters.is_empty() {
            return Ok(None);
        }
        let standings =
            stakes::standings(self.simulator(), block, entry_point, paymasters.clone()).await?;
        let deposits: HashMap<Address, U256> = paymasters
            .into_iter()
            .zip(standings)
            .map(|(paymaster, standing)| (paymaster, standing.deposit))
            .collect();
        let mut required: HashMap<Address, U256> = HashMap::new();
        for (index, pooled) in operations.iter().enumerate() {
            let Some(paymaster) = pooled.operation.paymaster_address() else { continue };
            let sum = required.entry(paymaster).or_default();
            *sum = sum.saturating_add(pooled.operation.required_prefund());
            let deposit = deposits.get(&paymaster).copied().unwrap_or_default();
            if deposit < *sum {
                let (rule, required) = (RuleId::Loc030, *sum);
                let error = AdmissionError::PaymasterDeposit { rule, paymaster, deposit, required };
                return Ok(Some(BundleFault::without_sanctions(index, error)));
            }
        }
        Ok(None)
    }
}

/// The same sender's operations before `index`, in order.
fn ahead_of(operations: &[Arc<PoolOperation>], index: usize) -> Vec<UserOperation> {
    let sender = operations[index].operation.sender;
    let before = operations[..index].iter().filter(|other| other.operation.sender == sender);
    before.map(|other| other.operation.clone()).collect()
}

/// The fault of a bundle that reverts: whom it is pinned on, and what follows for it and for every paymaster whose
/// context changed its length.
fn reverted(simulation: &Simulation, operations: &[Arc<PoolOperation>]) -> Option<BundleFault> {
    let failure = simulation.failure.as_ref()?;
    let ops: Vec<&UserOperation> = operations.iter().map(|pooled| &pooled.operation).collect();
    let (index, culprit) = blame::culprit(failure, simulation, &ops);
    let pooled = &operations[index];
    let mut sanctions: Vec<Sanction> =
        blame::after_bundle(failure, culprit, pooled).into_iter().collect();
    for (outcome, pooled) in simulation.ops.iter().zip(operations) {
        if let (Some(validation), Some(paymaster)) = (outcome.paymaster, outcome.trace.paymaster)
            && validation.context_len != pooled.facts.context_length
        {
            sanctions.push(Sanction::Ban(paymaster));
        }
    }
    sanctions.sort_unstable();
    sanctions.dedup();
    let error = explain(failure, Vec::new(), &pooled.operation, index).about(culprit);
    Some(BundleFault { index, error, sanctions })
}

/// EREP-055: a paymaster's context is as long as it was when the operation was validated by itself.
fn same_context(pooled: &PoolOperation, verdict: Verdict) -> Result<Verdict, AdmissionError> {
    let (before, now) = (pooled.facts.context_length, verdict.findings.context_length);
    match pooled.operation.paymaster_address() {
        Some(paymaster) if before != now => {
            let entity = Entity::new(EntityKind::Paymaster, paymaster);
            let detail =
                format!("returns a context of {now} bytes in the bundle, and {before} before it");
            let violation = Violation::new(RuleId::Erep055, entity, detail);
            Err(AdmissionError::Rules(vec![violation.needing(U256::from(before))]))
        }
        _ => Ok(verdict),
    }
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
