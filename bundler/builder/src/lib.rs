//! Bundle assembly, fees, signers, submission state machine.

mod chain;
mod events;
mod fees;
mod health;
mod recent;
mod signer;
mod submission;
mod transaction;

pub use fees::{FeeRules, Fees, GasPrices, REWARD_PERCENTILES};
pub use health::{Health, Part};
pub use recent::{Advance, Link, Recent};
pub use signer::{BundleSigner, SignedTransaction, SignerError};
pub use submission::{
    Attempt, Broadcast, Command, Event, Flight, Moment, Purpose, Settlement, Submission,
    SubmissionRules,
};
pub use transaction::{Call, Unsigned, bundle_gas};
