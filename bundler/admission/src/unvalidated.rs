//! Operations that a tester wants in the pool as they are.

use alloy::primitives::{Address, B256};
use writ_gateway::{GateRequest, Gated};
use writ_pool::PoolOperation;
use writ_types::{StakeInfo, UserOperation};

use crate::{
    Admission, AdmissionError,
    admission::clock,
    estimate::same_version,
    gated::{gate_record, gate_request},
    stakes,
};

impl Admission {
    /// Pools an operation without judging it: no cheap checks, no rules, no reputation, and no simulation unless the
    /// bundler's own policy has to be asked. It passes the gate like every other, and is validated before it is bundled.
    ///
    /// # Errors
    /// What the gate demands and the operation lacks, or what it conflicts with in the pool.
    pub async fn admit_unvalidated(
        &self,
        operation: UserOperation,
        entry_point: Address,
    ) -> Result<B256, AdmissionError> {
        let entry_point = self.entry_point(entry_point)?;
        same_version(operation.version, entry_point)?;
        let _turn = self.order().turn(operation.sender).await?;
        let block = self.state().latest().await?;
        let hash = self.hash(&operation, entry_point, &block).await?;
        let mut pooled = PoolOperation::new(operation, entry_point, hash);
        pooled.attested = true;
        self.pool().check(&pooled).map_err(writ_pool::PoolError::from)?;
        let ahead = self.ahead_of(&pooled.operation, entry_point);
        let operation = pooled.operation.clone();
        let request = gate_request(&block, &operation, (entry_point, hash), &ahead);
        pooled.attested = false;
        if let Gated::Attested(attested) = self.gate().admit(request).await? {
            pooled.gate = Some(gate_record(&attested.suffix, &attested.account));
            pooled.attested = true;
            pooled.operation = attested.operation;
        }
        if self.gate().bundler_policy().is_some() {
            let operation = pooled.operation.clone();
            let attested = pooled.attested;
            let (_, simulation) =
                self.simulate_final(&operation, entry_point, &ahead, &block, attested).await?;
            let request = GateRequest { operation: &operation, ..request };
            pooled.detached = self.detached_record(request, &simulation).await?;
        }
        pooled.simulated_at = block.number();
        pooled.facts.admitted_at = block.number();
        pooled.received_at = clock();
        self.note_stakes(&mut pooled, &block).await?;
        self.insert(pooled).await
    }

    /// An address's stake at an EntryPoint, and whether it counts as staked here (SREP-010).
    ///
    /// # Errors
    /// When the EntryPoint is not served or the state cannot be had.
    pub async fn stake_of(
        &self,
        address: Address,
        entry_point: Address,
    ) -> Result<(StakeInfo, bool), AdmissionError> {
        let entry_point = self.entry_point(entry_point)?;
        let block = self.state().latest().await?;
        let standings =
            stakes::standings(self.simulator(), &block, entry_point, vec![address]).await?;
        let Some(standing) = standings.into_iter().next() else {
            return Err(AdmissionError::Internal("no stake was read".to_owned()));
        };
        let constants = &self.rules().constants;
        let staked =
            standing.stake.is_staked(constants.min_stake_value, constants.min_unstake_delay);
        Ok((standing.stake, staked))
    }
}
