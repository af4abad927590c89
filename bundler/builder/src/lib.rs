//! Bundle assembly, fees, signers, submission state machine.

mod fees;
mod submission;

pub use fees::{FeeRules, Fees, GasPrices, REWARD_PERCENTILES};
pub use submission::{
    Attempt, Broadcast, Command, Event, Flight, Moment, Purpose, Settlement, Submission,
    SubmissionRules,
};
