//! The durable mempool: what was acknowledged is still there after a crash.
//!
//! ```text
//!   admission ──insert──┐                                   ┌── best(base fee) ──> builder
//!                       v            one WriteBatch,        │
//!   builder ──record_attempt──> [ event ] ──synced──> rocksdb, then the index in memory
//!   chain   ──mine / unmine────────┘                        │
//!                                                           └── status, inclusion, operation ──> RPC
//!
//!              received ──> pending <──> submitted ──> included | failed
//!                 │  ^─────────│─────────────│──────────── (reorganised away)
//!                 └────────────┴──> dropped <┘              each with its reason
//! ```
//!
//! Invariants:
//! * An event is one synced write batch. It is in the database before the call returns, and readers see
//!   it only after that; a crash between two events loses neither.
//! * The index in memory is a function of the database: [`Pool::open`] rebuilds it.
//! * At most one live operation per EntryPoint, sender and nonce.
//! * Nothing that was accepted is evicted to make room: a full pool refuses newcomers.
//! * Everything is bounded: live operations by number and bytes, finished ones by number.
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
mod status;
mod store;

pub use bundles::Attempt;
pub use config::PoolConfig;
pub use entry::{GateRecord, PoolOperation, Slot, Validity};
pub use error::{Conflict, PoolError};
pub use inclusion::{Inclusion, Unmined};
pub use pool::{Inserted, Pool};
pub use status::{Status, StatusRecord};
