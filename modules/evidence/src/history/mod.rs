//! What an account spent before, from the module's own `Outflow` events.
//!
//! ```text
//! state.lastOutflowBlock ─> events of that block ─ previousBlock ─> events of that block ─ … ─> older than a week, or 0
//!                             │ and the transfers that the spent tokens logged in the same transactions
//!                             └─> OutflowBlock (what left, to whom) ─> hour, day, week
//! ```
//!
//! The events form a list that is linked backwards by block number, and its head is in the state that the
//! decision is pinned to. So a node that leaves out events is noticed: a block that the list names and that has no
//! event is an error, never an empty history. A node that leaves out transfers is not: what they would have explained
//! counts as gone to somebody unknown, which is the most that a limit per counterparty can be told.
//!
//! An [`OutflowBlock`] is named by its block's hash and names the one before it by hash as well. So it stays true whatever
//! the chain does later, and [`HistoryIndex`] may keep it: a reorganised block is not reached any more.

mod block;
mod index;
mod read;
mod source;
mod windows;

pub use block::{BlockLink, OutflowBlock};
pub use index::{DEFAULT_HISTORY_BLOCKS, HistoryIndex, IndexError};
pub use read::{HistoryHead, read_history};
pub use source::{HistorySource, OutflowLog, TransferLog};
pub use windows::{
    Counterparty, History, MAX_ASSETS, MAX_COUNTERPARTIES, Spending, TooManyAssets, Window,
};

/// Blocks asked for at once.
const RANGE: u64 = 2_000;

/// Most ranges fetched for one decision.
const MAX_RANGES: usize = 256;

/// Most events in a week.
const MAX_EVENTS: u64 = 16_384;

/// Most transfer logs of one range that are looked through together. A token can log any number in an account's name;
/// beyond this the blocks of the list are asked for one by one.
const MAX_RANGE_TRANSFERS: usize = 16_384;

/// Most transfers of one block that are counted by counterparty. Beyond it all that left in it went to somebody unknown.
const MAX_BLOCK_TRANSFERS: usize = 256;

/// Why a history could not be had completely.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError<E> {
    /// The source failed.
    #[error("the account's history could not be read: {0}")]
    Source(#[source] E),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The list names a block whose events the node did not return.
    #[error(
        "the node has no outflow event of the account in block {block}, which the module's state names"
    )]
    Missing {
        /// The block.
        block: u64,
    },
    /// Events contradict each other, or the state.
    #[error("the outflow events of block {block} are inconsistent: {what}")]
    Inconsistent {
        /// The block.
        block: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The chain was reorganised while it was read.
    #[error("block {block} was replaced while the account's history was read: ask again")]
    Reorganised {
        /// The block.
        block: u64,
    },
    /// More than is kept in mind for one decision.
    #[error("the account's history of one week is too long: more than {MAX_EVENTS} events")]
    TooLong,
    /// The events lie so far apart that they are not read at one go.
    #[error(
        "the account's history of one week takes more than {MAX_RANGES} questions of {RANGE} blocks: \
         with an index of histories what was read is kept, and asking again goes on from there"
    )]
    TooFar,
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod index_tests;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
