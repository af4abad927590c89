//! Why the pool refuses.

use std::path::PathBuf;

use alloy::primitives::{Address, B256, U256};
use writ_types::{Entity, EntityKind, ErrorCode, Refusal, RuleId};

use crate::Status;

/// Why an operation does not fit beside the ones that are pooled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// The very same operation is pooled.
    #[error("already known")]
    AlreadyKnown {
        /// Its hash.
        hash: B256,
    },
    /// Another operation has this nonce, and the newcomer does not pay enough more.
    #[error(
        "replacement underpriced: maxFeePerGas {required_fee} and maxPriorityFeePerGas {required_priority_fee} are needed"
    )]
    Underpriced {
        /// Hash of the pooled operation.
        pooled: B256,
        /// Least `maxFeePerGas`.
        required_fee: U256,
        /// Least `maxPriorityFeePerGas`.
        required_priority_fee: U256,
    },
    /// Another operation has this nonce and is already in a signed transaction.
    #[error("the operation with this nonce was already submitted")]
    InFlight {
        /// Hash of the pooled operation.
        pooled: B256,
    },
    /// An entity is banned (GREP-010).
    #[error("{entity} is banned: too few of its operations were included, or it broke a bundle")]
    Banned {
        /// The entity.
        entity: Entity,
    },
    /// A throttled entity has as many operations as it may (GREP-020).
    #[error("{entity} is throttled and has {limit} operations in the mempool, which is the most")]
    Throttled {
        /// The entity.
        entity: Entity,
        /// The limit.
        limit: usize,
    },
    /// An unstaked sender (UREP-010) or paymaster (UREP-020) has as many operations as it may.
    #[error(
        "{entity} is unstaked and has {limit} operations in the mempool, which is the most; with a stake of \
         {minimum_stake} wei for {minimum_delay} seconds there is no limit"
    )]
    Unstaked {
        /// The sender or paymaster.
        entity: Entity,
        /// The limit.
        limit: u64,
        /// Stake that would lift it, in wei.
        minimum_stake: U256,
        /// Unstake delay that would lift it, in seconds.
        minimum_delay: u32,
    },
    /// The paymaster's deposit does not cover all of its pooled operations (EREP-010).
    #[error("paymaster {paymaster} deposit {deposit} too low: its operations need {required} wei")]
    PaymasterDeposit {
        /// The paymaster.
        paymaster: Address,
        /// What it has, in wei.
        deposit: U256,
        /// What it would need, in wei.
        required: U256,
    },
    /// One address is an entity of one operation and the sender of another.
    #[error("{entity} is used as a {other} entity in another UserOperation currently in mempool")]
    EntityRoles {
        /// The address, and its part in the newcomer.
        entity: Entity,
        /// Its part in the pooled operation: `sender` or `different`.
        other: &'static str,
    },
    /// Validation touches storage in a contract that is the sender of another operation.
    #[error(
        "validation touches storage of {contract}, the sender of another UserOperation in the mempool"
    )]
    ForeignSender {
        /// The contract.
        contract: Address,
    },
    /// Operations of one sender name different EIP-7702 delegates.
    #[error("another UserOperation of {sender} delegates to {pooled}, not to {given}")]
    Delegates {
        /// The sender.
        sender: Address,
        /// Delegate of the pooled operation.
        pooled: Address,
        /// Delegate of the newcomer.
        given: Address,
    },
    /// The pool is full.
    #[error("the mempool is full ({what}); try again after the next block")]
    Full {
        /// The limit that is reached.
        what: &'static str,
    },
}

/// Why a call to the pool failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The operation is refused; the database is as it was.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The operation is not known.
    #[error("operation {0} is not known")]
    Unknown(B256),
    /// The operation cannot go from one status to the other.
    #[error("operation {hash} is {from} and cannot become {to}")]
    Transition {
        /// The operation.
        hash: B256,
        /// The word for where it is.
        from: &'static str,
        /// The word for where it was to go.
        to: &'static str,
    },
    /// Another process has the database open.
    #[error("the database {} is in use by another process: stop that process, or set another data folder", path.display())]
    Locked {
        /// Folder of the database.
        path: PathBuf,
    },
    /// The database cannot be read.
    #[error("the database {} is damaged ({reason}): move the folder away and start again, or restore it from a copy", path.display())]
    Corrupt {
        /// Folder of the database.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The database was made for something else.
    #[error("the database {} is for {found}, not for {expected}: set another data folder", path.display())]
    Mismatch {
        /// Folder of the database.
        path: PathBuf,
        /// What it is for.
        found: String,
        /// What it was opened for.
        expected: String,
    },
    /// The database cannot be written or opened for another reason.
    #[error("the database {} cannot be used ({reason}): check that the folder is writable and the disk is not full", path.display())]
    Storage {
        /// Folder of the database.
        path: PathBuf,
        /// What the engine says.
        reason: String,
    },
}

impl PoolError {
    pub(crate) fn transition(hash: B256, from: &Status, to: &Status) -> Self {
        Self::Transition { hash, from: from.name(), to: to.name() }
    }
}

impl From<Conflict> for Refusal {
    fn from(conflict: Conflict) -> Self {
        let message = conflict.to_string();
        match conflict {
            Conflict::AlreadyKnown { hash } | Conflict::InFlight { pooled: hash } => {
                Self::new(ErrorCode::InvalidFields, message)
                    .with(|data| data.user_op_hash = Some(hash))
            }
            Conflict::Underpriced { pooled, required_fee, .. } => {
                Self::new(ErrorCode::InvalidFields, message).with(|data| {
                    data.field = Some("maxFeePerGas".into());
                    data.required = Some(required_fee);
                    data.user_op_hash = Some(pooled);
                })
            }
            Conflict::Banned { entity } => Self::new(ErrorCode::Throttled, message)
                .about(entity)
                .with(|data| data.rule = Some(RuleId::Grep010)),
            Conflict::Throttled { entity, limit } => {
                Self::new(ErrorCode::Throttled, message).about(entity).with(|data| {
                    data.rule = Some(RuleId::Grep020);
                    data.required = Some(U256::from(limit));
                })
            }
            Conflict::Unstaked { entity, limit, minimum_stake, minimum_delay } => {
                Self::new(ErrorCode::StakeTooLow, message).about(entity).with(|data| {
                    data.rule = Some(match entity.kind {
                        EntityKind::Paymaster => RuleId::Urep020,
                        _ => RuleId::Urep010,
                    });
                    data.required = Some(U256::from(limit));
                    data.minimum_stake = Some(minimum_stake);
                    data.minimum_unstake_delay = Some(U256::from(minimum_delay));
                })
            }
            Conflict::PaymasterDeposit { paymaster, deposit, required } => {
                Self::new(ErrorCode::PaymasterDepositTooLow, message)
                    .about(Entity::new(EntityKind::Paymaster, paymaster))
                    .with(|data| {
                        data.rule = Some(RuleId::Erep010);
                        (data.actual, data.required) = (Some(deposit), Some(required));
                    })
            }
            Conflict::EntityRoles { entity, .. } => Self::new(ErrorCode::RuleViolated, message)
                .about(entity)
                .with(|data| data.rule = Some(RuleId::Sto040)),
            Conflict::ForeignSender { contract } => Self::new(ErrorCode::RuleViolated, message)
                .with(|data| {
                    data.rule = Some(RuleId::Sto041);
                    data.address = Some(contract);
                }),
            Conflict::Delegates { sender, .. } => Self::new(ErrorCode::RuleViolated, message)
                .about(Entity::new(EntityKind::Account, sender))
                .with(|data| data.rule = Some(RuleId::Auth040)),
            Conflict::Full { .. } => Self::new(ErrorCode::LimitExceeded, message),
        }
    }
}

impl From<PoolError> for Refusal {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Conflict(conflict) => conflict.into(),
            // Paths of this machine are for its operator, not for a stranger.
            PoolError::Locked { .. }
            | PoolError::Corrupt { .. }
            | PoolError::Mismatch { .. }
            | PoolError::Storage { .. } => {
                Self::new(ErrorCode::ResourceUnavailable, "the mempool's database is unavailable")
            }
            PoolError::Unknown(_) | PoolError::Transition { .. } => {
                Self::new(ErrorCode::Internal, error.to_string())
            }
        }
    }
}
