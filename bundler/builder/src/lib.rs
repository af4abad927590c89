//! The builder: from the pool to the chain, and back when the chain changes its mind.
//!
//! ```text
//!            every poll: head, nonce, prices
//!                 │
//!   Follower ─────┤ blocks that are gone: Pool::unmine ─> held ─> Admission::revalidate ─> pending | dropped
//!                 │ new blocks: UserOperationEvent ─> Pool::mine (receipts, whoever included them)
//!                 v
//!   Submission (pure state machine) ── commands ──┐
//!     Build     Assembler: best first, apart ─> EIP-7702 tuples ─> each again ─> gate, whole-bundle trace, rules
//!                          └─< without the culprit, again <─┘
//!     Sign      BundleSigner ─> Pool::record_attempt, durable
//!     Broadcast eth_sendRawTransaction
//!     Settle    receipts of every attempt ─> included | reverted | somebody else used the nonce
//! ```
//!
//! Invariants:
//! * A transaction is recorded, durably, before it leaves the process; a restart finds it and goes on.
//! * At most one nonce is in flight. A replacement carries the same operations and is checked again first: what
//!   would fail now is cancelled, not paid for twice.
//! * An operation leaves the pool only by a block, by failing by itself (with the reason as its status), or by
//!   being replaced. Trouble with node, signer or store turns health red and drops nothing.
//! * What the last blocks did can be undone: as deep as [`BuilderConfig::reorg_depth`].
//! * A signing key is erased when dropped and never printed; what a node signs is compared with what it was given.

mod assemble;
mod blocking;
mod builder;
mod chain;
mod company;
mod config;
mod drive;
mod error;
mod events;
mod fees;
mod final_check;
mod follow;
mod handle;
mod health;
mod lookup;
mod note;
mod recent;
mod signer;

mod submission;
mod transaction;
mod tuples;
mod unlocked;

pub use builder::{Builder, BuilderParts};
pub use config::{BuilderConfig, BundlingMode};
pub use error::BuilderError;
pub use fees::{FeeRules, Fees, GasPrices, REWARD_PERCENTILES};
pub use handle::BuilderHandle;
pub use health::{Health, Part};
pub use lookup::{FoundOperation, Lookup};
pub use recent::{Advance, Link, Recent};
pub use signer::{BundleSigner, SignedTransaction, SignerError};
pub use submission::{
    Attempt, Broadcast, Command, Event, Flight, Moment, Purpose, Settlement, Submission,
    SubmissionRules,
};
pub use transaction::{Call, Unsigned, bundle_gas};
