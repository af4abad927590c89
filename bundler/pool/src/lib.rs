//! The durable mempool: what was acknowledged is still there after a crash.
//!
//! ```text
//!   admission ──insert──┐                                   ┌── best(base fee) ──> builder
//!                       v            one batch, in order,   │
//!   builder ──record_attempt──> [ event ] ──> log and index ──> synced ──> returns
//!   chain   ──mine / unmine────────┘                        │
//!                                                           └── status, inclusion, operation ──> RPC
//!
//!              received ──> pending <──> submitted ──> included | failed
//!                 │  ^─────────│─────────────│──────────── (reorganised away)
//!                 └────────────┴──> dropped <┘              each with its reason
//! ```
//!
//! Invariants:
//! * An event is one write batch, and it is on the disk before the call returns. Batches get there in the order of
//!   events, so that nothing is durable without what it rests on; a crash leaves a whole number of events.
//! * The index in memory is a function of the database: [`Pool::open`] rebuilds it.
//! * At most one live operation per EntryPoint, sender and nonce.
//! * Nothing that was accepted is evicted to make room: a full pool refuses newcomers.
//! * Everything is bounded: live operations by number and bytes, finished ones by number, reputations by number.
//! * Reputation changes in the batch of the event that changes it: it is never ahead of the pool or behind it.
//! * An operation counts as seen once for each of its reputable entities, and as included only while it counts as seen.
//!
//! Every call may block on the disk; asynchronous callers use a blocking thread. Reading calls never
//! wait for a write in progress.

mod best;
mod bundles;
mod config;
mod entry;
mod error;
mod inclusion;
mod index;
mod pool;
mod reputation;
mod standing;
mod status;
mod store;

pub use bundles::Attempt;
pub use config::PoolConfig;
pub use entry::{DetachedRecord, Facts, GateRecord, PoolOperation, Slot, ValidationGas, Validity};
pub use error::{Conflict, PoolError};
pub use inclusion::{Inclusion, Unmined};
pub use pool::{Inserted, Pool};
pub use reputation::{Counters, ReputationStatus, Sanction};
pub use standing::ReputationEntry;
pub use status::{Status, StatusRecord};
