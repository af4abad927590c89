//! Why accounts were not moved.

use alloy::primitives::{Address, B256};
use writ_builder::SignerError;
use writ_simulation::{NodeError, SimulationError};

/// Why `writ sync` fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The node does not answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A contract cannot be asked.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Too many at once.
    #[error("{0} accounts were named, at most {1} are looked at in one run")]
    TooManyAccounts(usize, usize),
    /// Nobody signs.
    #[error(
        "who sends? Name a key with --signer-key-file, or an account that the node holds unlocked with --signer-address; without \
         --send the calls are printed"
    )]
    NoSigner,
    /// The key or account cannot be used.
    #[error("{0}")]
    Signer(String),
    /// The transaction was not signed.
    #[error(transparent)]
    Signing(#[from] SignerError),
    /// The module does not say how the account is configured.
    #[error("{module} does not answer like a Writ module: {reason}")]
    Module {
        /// The address.
        module: Address,
        /// What it did.
        reason: String,
    },
    /// Another run may have sent the same.
    #[error(
        "transactions of {0} wait to be mined, and may be the same ones: run again when they are"
    )]
    SignerBusy(Address),
    /// More than is to be paid.
    #[error("the chain asks for {asked} wei for a unit of gas, and --max-fee-per-gas is {most}")]
    TooExpensive {
        /// What it would be.
        asked: u128,
        /// What is allowed.
        most: u128,
    },
    /// Sent, and not known to be mined.
    #[error("transaction {0} was sent and is not mined yet: run again to see")]
    NotMined(B256),
    /// Mined, and reverted.
    #[error("transaction {0} reverted: the chain has moved on since it was tried")]
    Reverted(B256),
    /// Mined, and without the effect.
    #[error(
        "transaction {transaction} was mined, and the account is on epoch {epoch}, not {wanted}"
    )]
    NotMoved {
        /// The transaction.
        transaction: B256,
        /// Where the account is.
        epoch: u64,
        /// Where it should be.
        wanted: u64,
    },
    /// The result cannot be printed.
    #[error("cannot print the result: {0}")]
    Output(std::io::Error),
    /// What is said above of each.
    #[error("{count} of the accounts could not be looked at or moved, {first} the first of them")]
    NotDone {
        /// The first.
        first: Address,
        /// How many.
        count: usize,
    },
}
