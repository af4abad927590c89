//! The second validation: an operation by itself, before it goes into a bundle.

use std::sync::Arc;

use writ_pool::PoolOperation;
use writ_simulation::{PinnedBlock, Simulation, SimulationRequest};
use writ_types::{Entity, EntityKind, RuleId, UserOperation, Violation};

use crate::{Admission, AdmissionError, Verdict, facts::state_digest, stakes, verdict::Stage};

/// What a second validation found of an operation that passes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing that its result rests on has changed, so that it is what it was.
    Unchanged,
    /// It was simulated again and passes; its facts are new.
    Renewed(Box<PoolOperation>),
}

impl Admission {
    /// Fetches in one batch what validating these operations again will read.
    ///
    /// # Errors
    /// When the node does not serve the block's state.
    pub async fn prefetch_again(
        &self,
        operations: &[Arc<PoolOperation>],
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        let mut accounts = vec![block.header().coinbase];
        let mut slots = Vec::new();
        for pooled in operations {
            let at = pooled.entry_point.address;
            accounts.extend([at, pooled.operation.sender]);
            accounts.extend(&pooled.facts.visited);
            slots.extend(pooled.touched.iter().map(|slot| (slot.address, slot.slot)));
            let entities = pooled.operation.entities();
            slots.extend(
                entities.flat_map(|entity| stakes::slots_of(entity.address)).map(|slot| (at, slot)),
            );
        }
        Ok(block.prefetch(&accounts, &slots).await?)
    }

    /// Validates a pooled operation again on `block`, behind the pooled operations of its sender that run first.
    ///
    /// It is simulated only when something that its last result rests on is different now: a slot that validation
    /// used, the code of something it visited, the sender's funds, who is staked. The gate is not asked; the check of
    /// the whole bundle does that.
    ///
    /// # Errors
    /// What is wrong with it now; [transient](AdmissionError::is_transient) errors say nothing about it.
    pub async fn validate_again(
        &self,
        pooled: &PoolOperation,
        block: &PinnedBlock,
    ) -> Result<Renewal, AdmissionError> {
        let mut renewed = pooled.clone();
        self.note_stakes(&mut renewed, block).await?;
        let stakes = |pooled: &PoolOperation| {
            [EntityKind::Account, EntityKind::Factory, EntityKind::Paymaster]
                .map(|kind| pooled.is_staked(kind))
        };
        if stakes(pooled) == stakes(&renewed) && self.is_unchanged(pooled, block).await? {
            return Ok(Renewal::Unchanged);
        }
        let ahead = self.ahead_of(&pooled.operation, pooled.entry_point);
        let (verdict, _) = self.simulate_again(pooled, &ahead, block).await?;
        self.note(&mut renewed, verdict, block).await?;
        Ok(Renewal::Renewed(Box::new(renewed)))
    }

    /// Whether everything that the operation's last validation rests on is still the same.
    async fn is_unchanged(
        &self,
        pooled: &PoolOperation,
        block: &PinnedBlock,
    ) -> Result<bool, AdmissionError> {
        let Some(before) = pooled.facts.state else { return Ok(false) };
        let (operation, facts) = (&pooled.operation, &pooled.facts);
        let now =
            state_digest(block, operation, pooled.entry_point, &pooled.touched, &facts.visited);
        Ok(now.await? == before)
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
        let (verdict, simulation) = self.simulate_again(pooled, ahead, block).await?;
        self.recheck_detached(pooled, ahead, block, simulation.last()).await?;
        Ok(verdict)
    }

    async fn simulate_again(
        &self,
        pooled: &PoolOperation,
        ahead: &[UserOperation],
        block: &PinnedBlock,
    ) -> Result<(Verdict, Simulation), AdmissionError> {
        let ops = ahead.iter().cloned().chain([pooled.operation.clone()]).collect();
        let request = SimulationRequest::bundle(pooled.entry_point, ops);
        let simulation = self.simulator().simulate(block, &request).await?;
        let verdict = self
            .judge(
                &pooled.operation,
                &simulation,
                ahead.len(),
                block,
                (pooled.attested, Stage::Later),
            )
            .await?;
        Ok((same_code(pooled, verdict)?, simulation))
    }
}

/// COD-010: what validation visits has the code that it had when the operation was admitted.
///
/// When somebody else has deployed the sender since, v0.9 ignores the initCode: the factory and its helpers are visited
/// no more, so that the two digests are of different things. All rules were checked again on what is visited now.
pub(crate) fn same_code(
    pooled: &PoolOperation,
    verdict: Verdict,
) -> Result<Verdict, AdmissionError> {
    match pooled.code_digest {
        Some(before) if before != verdict.code && !verdict.init_code_ignored => {
            let account = Entity::new(EntityKind::Account, pooled.operation.sender);
            let detail = "visits code that has changed since the operation was admitted";
            Err(AdmissionError::Rules(vec![Violation::new(RuleId::Cod010, account, detail)]))
        }
        _ => Ok(verdict),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, U256};
    use writ_pool::Validity;
    use writ_types::EntryPoint;

    use super::*;
    use crate::{Findings, testing};

    #[test]
    fn cod_010_code_is_what_it_was_unless_the_factory_is_ignored_by_now() {
        let (before, now) = (B256::repeat_byte(1), B256::repeat_byte(2));
        for (admitted_with, init_code_ignored, same) in [
            (Some(now), false, true),
            (Some(before), false, false),
            (Some(before), true, true),
            (None, false, true),
        ] {
            let operation = testing::operation();
            let entry_point = EntryPoint::canonical(operation.version);
            let mut pooled = PoolOperation::new(operation, entry_point, B256::ZERO);
            pooled.code_digest = admitted_with;
            let verdict = Verdict {
                validity: Validity::default(),
                code: now,
                init_code_ignored,
                slots: Vec::new(),
                executes: true,
                gas_used: U256::ZERO,
                findings: Findings::default(),
            };
            match same_code(&pooled, verdict) {
                Ok(_) => assert!(same),
                Err(AdmissionError::Rules(violations)) => {
                    assert!(!same);
                    assert_eq!(violations[0].rule, RuleId::Cod010);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}
