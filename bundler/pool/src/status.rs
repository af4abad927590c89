//! Where an operation is in its life.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

/// Where an operation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Held: it has to be validated (again) before it can be bundled.
    Received,
    /// Waits for a bundle.
    Pending,
    /// In a transaction that was signed and may be on its way.
    Submitted {
        /// The newest such transaction.
        transaction: B256,
    },
    /// On chain, and its execution succeeded.
    Included {
        /// The transaction.
        transaction: B256,
        /// The block.
        block_number: u64,
    },
    /// On chain and paid for, but its execution reverted.
    Failed {
        /// The transaction.
        transaction: B256,
        /// The block.
        block_number: u64,
    },
    /// Removed without having been included.
    Dropped,
}

impl Status {
    /// The word that the RPC uses.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Pending => "pending",
            Self::Submitted { .. } => "submitted",
            Self::Included { .. } => "included",
            Self::Failed { .. } => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// Whether the operation is still in the pool.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Received | Self::Pending | Self::Submitted { .. })
    }

    /// The transaction it is or was in.
    pub const fn transaction(&self) -> Option<B256> {
        match self {
            Self::Submitted { transaction }
            | Self::Included { transaction, .. }
            | Self::Failed { transaction, .. } => Some(*transaction),
            Self::Received | Self::Pending | Self::Dropped => None,
        }
    }

    /// Whether an operation may go from here to `next`.
    ///
    /// A live operation may go anywhere (somebody else may include it at any time). One that was included
    /// goes back to `received` when its block is reorganised away, or into another block; one that was
    /// dropped comes back only by being included by somebody else, or inserted anew.
    pub const fn may_become(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Received | Self::Pending | Self::Submitted { .. }, _) => true,
            (Self::Included { .. } | Self::Failed { .. }, next) => {
                matches!(next, Self::Received | Self::Included { .. } | Self::Failed { .. })
            }
            (Self::Dropped, next) => {
                matches!(next, Self::Received | Self::Included { .. } | Self::Failed { .. })
            }
        }
    }
}

/// A status with what led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// The status.
    pub status: Status,
    /// Why, in words for the person who sent the operation.
    pub reason: String,
}

impl StatusRecord {
    pub(crate) fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_operations_do_not_come_back_by_themselves() {
        let included = Status::Included { transaction: B256::ZERO, block_number: 1 };
        let submitted = Status::Submitted { transaction: B256::ZERO };
        for finished in [included, Status::Dropped] {
            assert!(!finished.is_live());
            assert!(!finished.may_become(&Status::Pending));
            assert!(!finished.may_become(&submitted));
            assert!(finished.may_become(&Status::Received));
        }
        assert!(!included.may_become(&Status::Dropped), "what is on chain is not dropped");
        for live in [Status::Received, Status::Pending, submitted] {
            assert!(live.is_live());
            assert!(live.may_become(&included) && live.may_become(&Status::Dropped));
        }
    }
}
