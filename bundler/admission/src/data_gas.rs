//! Gas for publishing an operation's bytes, on chains that charge for that.

use alloy::primitives::U256;
use writ_simulation::{
    PinnedBlock,
    data_availability::{DataAvailability, DataAvailabilityError, filled, with_margin},
};
use writ_types::{EntryPoint, UserOperation};

use crate::{Admission, AdmissionError, AdmissionRules};

impl Admission {
    /// Whether the chain tells what publishing costs, as it is configured to: for a start that fails early.
    ///
    /// # Errors
    /// When it does not, or the state cannot be had.
    pub async fn check_data_availability(&self) -> Result<(), AdmissionError> {
        if self.rules().data_availability == DataAvailability::None {
            return Ok(());
        }
        let block = self.state().latest().await?;
        let Some(entry_point) = self.entry_points().first().copied() else { return Ok(()) };
        self.data_gas(&[], entry_point, &block, 1).await.map(|_| ())
    }

    /// That a received operation's `preVerificationGas` pays for its bytes, published in a bundle of its own.
    pub(crate) async fn pays_for_data(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        let rules = self.rules();
        if !rules.enforce_pre_verification_gas || rules.data_availability == DataAvailability::None
        {
            return Ok(());
        }
        let price = price(operation, block, rules);
        let operations = std::slice::from_ref(operation);
        let data = self.data_gas(operations, entry_point, block, price).await?;
        let required = rules.gas.pre_verification_gas(operation, 0).saturating_add(data);
        let actual = operation.pre_verification_gas;
        if actual < required {
            return Err(AdmissionError::PreVerificationGas { actual, required });
        }
        Ok(())
    }

    /// What an estimate adds to `preVerificationGas` for an operation whose gas fields and signature are still to
    /// come, the signature being at most so many bytes long.
    pub(crate) async fn data_gas_for_estimate(
        &self,
        operation: &UserOperation,
        signature_length: usize,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<U256, AdmissionError> {
        let rules = self.rules();
        if rules.data_availability == DataAvailability::None {
            return Ok(U256::ZERO);
        }
        let filled = filled(operation, signature_length);
        let price = price(operation, block, rules);
        self.data_gas(&[filled], entry_point, block, price).await.map(with_margin)
    }

    /// Gas that a bundle's own gas limit has to leave room for.
    pub(crate) async fn data_gas_in_limit(
        &self,
        operations: &[UserOperation],
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<u64, AdmissionError> {
        if !self.rules().data_availability.counts_in_gas_limit() {
            return Ok(0);
        }
        let gas = self.data_gas(operations, entry_point, block, 1).await.map(with_margin)?;
        Ok(gas.saturating_to())
    }

    async fn data_gas(
        &self,
        operations: &[UserOperation],
        entry_point: EntryPoint,
        block: &PinnedBlock,
        price: u128,
    ) -> Result<U256, AdmissionError> {
        let chain = self.rules().data_availability;
        Ok(chain.gas(self.simulator(), block, entry_point, operations, price).await?)
    }
}

/// Wei that the operation pays per gas in the next block; where it names no fees, the least that is accepted.
fn price(operation: &UserOperation, block: &PinnedBlock, rules: &AdmissionRules) -> u128 {
    let base = u128::from(block.base_fee());
    if operation.max_fee_per_gas == 0 {
        let accepted = base.saturating_mul(u128::from(rules.base_fee_per_mille)).div_ceil(1000);
        return accepted.saturating_add(rules.min_priority_fee);
    }
    operation.max_fee_per_gas.min(base.saturating_add(operation.max_priority_fee_per_gas))
}

impl From<DataAvailabilityError> for AdmissionError {
    fn from(error: DataAvailabilityError) -> Self {
        match error {
            DataAvailabilityError::Simulation(error) => error.into(),
            other => Self::Internal(other.to_string()),
        }
    }
}
