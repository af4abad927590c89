//! What a rollup charges for publishing a transaction's bytes, besides the gas of running it.
//!
//! ```text
//!  handleOps([op]) ──> DataAvailability ─┬─ OpStack:  GasPriceOracle.getL1Fee in revm, at the pinned block ─> wei
//!                                        └─ Arbitrum: NodeInterface.gasEstimateL1Component at the node     ─> gas
//!                                               │
//!                     wei / what the operation pays per gas, rounded up
//!                                               v
//!                                   part of preVerificationGas
//! ```
//!
//! Invariants:
//! * Nothing of a chain's fee formula is repeated here: its own contract is asked, so that the next fork of the rollup
//!   changes the answer without a change of this code.
//! * A chain that cannot answer is an error, never a free operation.

mod arbitrum;
mod filling;
mod op_stack;

pub use filling::filled;

use alloy::primitives::U256;
use writ_types::{EntryPoint, UserOperation, handle_ops_calldata};

use crate::{CallFailure, DEFAULT_ORIGIN, NodeError, PinnedBlock, SimulationError, Simulator};

/// The kind of chain, as far as the price of bytes goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataAvailability {
    /// Gas is all there is to pay.
    #[default]
    None,
    /// A fee in wei beside the gas, charged to the transaction's sender (Bedrock and later).
    OpStack,
    /// Gas on top of the gas of execution, counted by the transaction's gas limit (Nitro and later).
    Arbitrum,
}

/// The price of an operation's bytes could not be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataAvailabilityError {
    /// The state could not be had, or the call did not fit into a simulation.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The chain does not answer as its kind does: most likely it is not of that kind.
    #[error("{contract} does not tell the price of data: {reason}; is the chain of this kind?")]
    NotThatKind {
        /// Who was asked.
        contract: &'static str,
        /// What came back instead.
        reason: String,
    },
    /// The operations are not of one version.
    #[error("{0}")]
    Encoding(String),
}

impl DataAvailabilityError {
    /// Whether the same question may be answered later without anybody changing it.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Simulation(error) if error.is_transient())
    }

    fn refused(contract: &'static str, failure: &CallFailure) -> Self {
        Self::NotThatKind { contract, reason: failure.to_string() }
    }
}

impl From<NodeError> for DataAvailabilityError {
    fn from(error: NodeError) -> Self {
        Self::Simulation(error.into())
    }
}

impl DataAvailability {
    /// Gas that `operations`, sent as one bundle, owe for their bytes when each gas pays `price` wei. Zero where the
    /// chain charges for gas only.
    ///
    /// # Errors
    /// [`DataAvailabilityError`]; nothing is known about the price then.
    pub async fn gas(
        self,
        simulator: &Simulator,
        block: &PinnedBlock,
        entry_point: EntryPoint,
        operations: &[UserOperation],
        price: u128,
    ) -> Result<U256, DataAvailabilityError> {
        if self == Self::None {
            return Ok(U256::ZERO);
        }
        let calldata = handle_ops_calldata(operations, DEFAULT_ORIGIN)
            .map_err(|error| DataAvailabilityError::Encoding(error.to_string()))?;
        match self {
            Self::None => Ok(U256::ZERO),
            Self::OpStack => {
                let transaction =
                    op_stack::unsigned(block.chain_id(), entry_point.address, calldata);
                let fee = op_stack::fee(simulator, block, transaction).await?;
                // Who pays nothing per gas cannot pay for bytes with any amount of it.
                Ok(fee.div_ceil(U256::from(price.max(1))))
            }
            Self::Arbitrum => arbitrum::gas(block, entry_point.address, calldata).await,
        }
    }

    /// Whether a transaction's gas limit has to leave room for this gas.
    pub const fn counts_in_gas_limit(self) -> bool {
        matches!(self, Self::Arbitrum)
    }
}

/// What an estimate adds, for the price may rise before the operation is sent: an eighth, by which a base fee rises at
/// most from one block to the next (EIP-1559).
pub fn with_margin(gas: U256) -> U256 {
    gas + gas.div_ceil(U256::from(8))
}
