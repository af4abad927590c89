//! The life of one bundle transaction, as a pure state machine.
//!
//! ```text
//!            tick: work, no back-off            Built / Signed
//!   Idle ───────────────────────────> Building ────────────────> Submitted ──┐ stuck: Sign(Bundle), fees bumped
//!    ^  <── NothingToBuild ──────────────┘                          │  ^ └────┘
//!    │                                                              │  └─────────── Unmined (reorg)
//!    │                               bumps used up, or Spoiled      v
//!    │                                                          Cancelling ──┐ stuck: Sign(Cancel), fees bumped
//!    │                                                              │   └────┘
//!    │                  Settled(Bundle | Cancelled | Foreign)       v   the account's nonce moved past ours
//!    └─────────────────────────────────────────────────────────  Settling
//! ```
//!
//! Invariants, each a property test:
//! * at most one nonce is in flight, and all its attempts carry that nonce;
//! * each attempt raises both fees of the one before it by at least [`SubmissionRules::bump_per_mille`],
//!   and none exceeds [`SubmissionRules::max_fee_cap`];
//! * a flight that a node may have seen ends only when its nonce was used on the chain;
//! * nothing is broadcast before it was signed *and* recorded (the driver reports `Signed` after its durable write).

use alloy::primitives::TxHash;
use serde::{Deserialize, Serialize};

use crate::fees::Fees;

/// A moment: the chain's height and a clock in seconds, both given from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Height of the head.
    pub block: u64,
    /// Seconds of any clock that does not run backwards.
    pub seconds: u64,
}

/// What an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// `handleOps` with the bundle.
    Bundle,
    /// An empty transfer to ourselves, only to use up the nonce.
    Cancel,
}

/// One signed transaction of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its hash.
    pub hash: TxHash,
    /// What it offers.
    pub fees: Fees,
    /// Bundle or cancellation.
    pub purpose: Purpose,
    /// When it was signed.
    pub at: Moment,
}

/// A nonce in use, and everything that was signed for it, oldest first. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    nonce: u64,
    attempts: Vec<Attempt>,
    /// Some attempt reached a node, or may have before a restart.
    seen: bool,
    /// A node confirmed that it has the newest attempt.
    acknowledged: bool,
    /// The newest attempt is known to pay too little: replace it at the next tick.
    due: bool,
    /// When the newest attempt was last signed or sent again.
    patience: Moment,
}

impl Flight {
    /// A flight with its first attempt.
    #[must_use]
    pub fn new(nonce: u64, first: Attempt) -> Self {
        Self {
            nonce,
            attempts: vec![first],
            seen: false,
            acknowledged: false,
            due: false,
            patience: first.at,
        }
    }

    /// Rebuilds a flight from recorded attempts, oldest first; `None` if there are none.
    ///
    /// Any of them may have reached a node, and the newest may not have: it is sent again at the first tick.
    #[must_use]
    pub fn recover(nonce: u64, attempts: Vec<Attempt>) -> Option<Self> {
        let patience = attempts.last()?.at;
        Some(Self { nonce, attempts, seen: true, acknowledged: false, due: false, patience })
    }

    /// The nonce of every attempt.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Everything signed for this nonce, oldest first.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The newest attempt.
    #[must_use]
    pub fn last(&self) -> &Attempt {
        &self.attempts[self.attempts.len() - 1]
    }
}

/// When to replace, when to give up, and how much to pay at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionRules {
    /// Raise of both fees per replacement, in thousandths. Nodes demand 100 (10 %).
    pub bump_per_mille: u16,
    /// Blocks without inclusion after which an attempt counts as stuck.
    pub stuck_blocks: u64,
    /// Seconds after which it counts as stuck even if the chain stands still.
    pub stuck_seconds: u64,
    /// Bundle attempts per nonce, the first included, before it is cancelled.
    pub max_attempts: usize,
    /// No attempt ever offers more per gas.
    pub max_fee_cap: u128,
    /// Blocks and seconds to wait before building again after a transaction was refused.
    pub retreat: u64,
}

impl Default for SubmissionRules {
    fn default() -> Self {
        Self {
            bump_per_mille: 125,
            stuck_blocks: 3,
            stuck_seconds: 45,
            max_attempts: 8,
            max_fee_cap: 500_000_000_000,
            retreat: 2,
        }
    }
}

/// What a node said about a broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// It has the transaction, now or already.
    Known,
    /// Its pool holds something with this nonce that pays too much to be replaced by this.
    Underpriced,
    /// The nonce was used on the chain.
    NonceUsed,
    /// It was not understood whether the transaction arrived: send the same bytes again.
    Unreachable,
    /// Refused for good (funds, gas limit, malformed), with the node's words.
    Refused(String),
}

/// How a nonce was used on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// By one of our bundle attempts.
    Bundle(TxHash),
    /// By our cancellation.
    Cancelled(TxHash),
    /// By a transaction that is not in our records.
    Foreign,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time passed: `mined` is the signer's nonce at the head, `market` what a bundle would offer now,
    /// `work` whether there is anything to bundle.
    Tick {
        /// Now.
        now: Moment,
        /// Transactions of the signer on the chain.
        mined: u64,
        /// Fees of a fresh bundle.
        market: Fees,
        /// Whether building may start.
        work: bool,
    },
    /// A bundle is ready to be signed with this nonce and these fees.
    Built {
        /// The signer's next nonce.
        nonce: u64,
        /// What to offer.
        fees: Fees,
    },
    /// There was nothing to include after all.
    NothingToBuild,
    /// The transaction that was asked for is signed and durably recorded.
    Signed {
        /// Nonce, as asked.
        nonce: u64,
        /// The attempt.
        attempt: Attempt,
    },
    /// It could not be signed or recorded; nothing was sent.
    SigningFailed,
    /// The newest attempt was sent.
    Sent(Broadcast),
    /// The nonce was used like this.
    Settled(Settlement),
    /// The bundle in flight would fail now: it must not be mined.
    Spoiled {
        /// Now.
        now: Moment,
        /// Fees of a fresh bundle.
        market: Fees,
    },
    /// A reorganisation took a settled flight off the chain.
    Unmined(Flight),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Assemble a bundle and report `Built` or `NothingToBuild`.
    Build,
    /// Sign and record, then report `Signed` or `SigningFailed`.
    Sign {
        /// Nonce to use.
        nonce: u64,
        /// Fees to offer.
        fees: Fees,
        /// What to sign.
        purpose: Purpose,
    },
    /// Send the newest attempt's bytes (again) and report `Sent`.
    Broadcast(TxHash),
    /// Find out which attempt was mined and report `Settled`.
    Settle,
    /// The operations of this flight are free for another bundle: no node has it, or its nonce went elsewhere.
    Release(Flight),
    /// The flight is on the chain in this transaction.
    Included(Flight, TxHash),
}

/// Where the signer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// Nothing in flight; no building before the given moment.
    Idle {
        /// Earliest block and second of the next build; either suffices.
        not_before: Moment,
    },
    /// A bundle is being assembled or signed for the first time.
    Building,
    /// At least one bundle attempt may be in a node's pool.
    Submitted(Flight),
    /// At least one cancellation may be in a node's pool too.
    Cancelling(Flight),
    /// The nonce was used; which attempt did it is being looked up.
    Settling(Flight),
}

impl Default for Submission {
    fn default() -> Self {
        Self::Idle { not_before: Moment::default() }
    }
}

impl Submission {
    /// Takes one event; returns the next state and what to do. An event that the state does not expect changes nothing.
    #[must_use]
    pub fn on(self, event: Event, rules: &SubmissionRules) -> (Self, Option<Command>) {
        match (self, event) {
            (state, Event::Unmined(flight)) => state.unmined(flight),
            (
                Self::Submitted(flight) | Self::Cancelling(flight) | Self::Settling(flight),
                Event::Tick { mined, .. },
            ) if mined > flight.nonce => (Self::Settling(flight), Some(Command::Settle)),
            (Self::Idle { not_before }, Event::Tick { now, work, .. }) => {
                let rested = now.block >= not_before.block || now.seconds >= not_before.seconds;
                if work && rested {
                    (Self::Building, Some(Command::Build))
                } else {
                    (Self::Idle { not_before }, None)
                }
            }
            (Self::Building, Event::Built { nonce, fees }) => (
                Self::Building,
                Some(Command::Sign { nonce, fees: cap(fees, rules), purpose: Purpose::Bundle }),
            ),
            (Self::Building, Event::NothingToBuild | Event::SigningFailed) => {
                (Self::default(), None)
            }
            (Self::Building, Event::Signed { nonce, attempt }) => {
                let hash = attempt.hash;
                (Self::Submitted(Flight::new(nonce, attempt)), Some(Command::Broadcast(hash)))
            }
            (Self::Submitted(flight), event) => flight.submitted(event, rules),
            (Self::Cancelling(flight), event) => flight.cancelling(event, rules),
            (Self::Settling(flight), event) => flight.settling(&event),
            (state, _) => (state, None),
        }
    }

    /// The flight in the air, if there is one.
    #[must_use]
    pub fn flight(&self) -> Option<&Flight> {
        match self {
            Self::Submitted(flight) | Self::Cancelling(flight) | Self::Settling(flight) => {
                Some(flight)
            }
            Self::Idle { .. } | Self::Building => None,
        }
    }

    /// The state of a flight whose nonce is open; also the first state after a restart that found one recorded.
    #[must_use]
    pub fn flying(flight: Flight) -> Self {
        match flight.last().purpose {
            Purpose::Bundle => Self::Submitted(flight),
            Purpose::Cancel => Self::Cancelling(flight),
        }
    }

    fn unmined(self, flight: Flight) -> (Self, Option<Command>) {
        let hash = flight.last().hash;
        match self {
            // The later flight waits behind a nonce that is open again. Its operations may go into another
            // bundle: that one gets the same nonce, so the chain takes one of the two.
            Self::Submitted(later) | Self::Cancelling(later) | Self::Settling(later)
                if later.nonce > flight.nonce =>
            {
                (Self::flying(flight), Some(Command::Release(later)))
            }
            Self::Idle { .. } | Self::Building => {
                (Self::flying(flight), Some(Command::Broadcast(hash)))
            }
            state => (state, None),
        }
    }
}

fn cap(fees: Fees, rules: &SubmissionRules) -> Fees {
    let max_fee_per_gas = fees.max_fee_per_gas.min(rules.max_fee_cap);
    Fees {
        max_fee_per_gas,
        max_priority_fee_per_gas: fees.max_priority_fee_per_gas.min(max_fee_per_gas),
    }
}

impl Flight {
    fn submitted(mut self, event: Event, rules: &SubmissionRules) -> (Submission, Option<Command>) {
        match event {
            // Only a transaction that no node ever took can be taken back.
            Event::Sent(Broadcast::Refused(_)) if !self.seen && self.attempts.len() == 1 => {
                let at = self.last().at;
                let not_before = Moment {
                    block: at.block.saturating_add(rules.retreat),
                    seconds: at.seconds.saturating_add(rules.retreat),
                };
                (Submission::Idle { not_before }, Some(Command::Release(self)))
            }
            Event::Tick { now, market, .. } if self.stuck(now, rules) => {
                let exhausted = self.attempts_for(Purpose::Bundle) >= rules.max_attempts;
                let purpose = if exhausted { Purpose::Cancel } else { Purpose::Bundle };
                let command = self.replace(purpose, now, market, rules);
                (Submission::Submitted(self), Some(command))
            }
            Event::Spoiled { now, market } => {
                let command = self.replace(Purpose::Cancel, now, market, rules);
                (Submission::Submitted(self), Some(command))
            }
            event => self.flying(&event),
        }
    }

    fn cancelling(
        mut self,
        event: Event,
        rules: &SubmissionRules,
    ) -> (Submission, Option<Command>) {
        match event {
            Event::Tick { now, market, .. } if self.stuck(now, rules) => {
                let command = self.replace(Purpose::Cancel, now, market, rules);
                (Submission::Cancelling(self), Some(command))
            }
            event => self.flying(&event),
        }
    }

    /// What bundle and cancellation have in common while their nonce is open.
    fn flying(mut self, event: &Event) -> (Submission, Option<Command>) {
        let mut command = None;
        match event {
            Event::Tick { .. } if !self.acknowledged => {
                command = Some(Command::Broadcast(self.last().hash));
            }
            Event::Signed { nonce, attempt } if *nonce == self.nonce => {
                self.attempts.push(*attempt);
                self.patience = attempt.at;
                self.acknowledged = false;
                self.due = false;
                command = Some(Command::Broadcast(attempt.hash));
            }
            Event::Sent(Broadcast::NonceUsed) => {
                return (Submission::Settling(self), Some(Command::Settle));
            }
            Event::Sent(Broadcast::Known) => (self.seen, self.acknowledged) = (true, true),
            Event::Sent(Broadcast::Underpriced) => (self.acknowledged, self.due) = (true, true),
            // It may have arrived all the same.
            Event::Sent(Broadcast::Unreachable) => self.seen = true,
            // The older attempts still stand; this one will be replaced when it is due.
            Event::Sent(Broadcast::Refused(_)) => self.acknowledged = true,
            _ => {}
        }
        (Submission::flying(self), command)
    }

    fn settling(self, event: &Event) -> (Submission, Option<Command>) {
        match event {
            // The block that had used the nonce is gone: wait on.
            Event::Tick { .. } => (Submission::flying(self), None),
            Event::Settled(Settlement::Bundle(hash)) => {
                (Submission::default(), Some(Command::Included(self, *hash)))
            }
            Event::Settled(Settlement::Cancelled(_) | Settlement::Foreign) => {
                (Submission::default(), Some(Command::Release(self)))
            }
            _ => (Submission::Settling(self), None),
        }
    }

    fn stuck(&self, now: Moment, rules: &SubmissionRules) -> bool {
        self.acknowledged
            && (self.due
                || now.block >= self.patience.block.saturating_add(rules.stuck_blocks)
                || now.seconds >= self.patience.seconds.saturating_add(rules.stuck_seconds))
    }

    fn attempts_for(&self, purpose: Purpose) -> usize {
        self.attempts.iter().filter(|attempt| attempt.purpose == purpose).count()
    }

    /// Asks for a dearer attempt, or, where the cap leaves no room, for the same bytes once more.
    fn replace(
        &mut self,
        purpose: Purpose,
        now: Moment,
        market: Fees,
        rules: &SubmissionRules,
    ) -> Command {
        let least = self.last().fees.bumped(rules.bump_per_mille).normalized();
        let wanted = least.at_least(market).normalized();
        let affordable = |fees: &Fees| fees.max_fee_per_gas <= rules.max_fee_cap;
        match [wanted, least].into_iter().find(affordable) {
            Some(fees) => Command::Sign { nonce: self.nonce, fees, purpose },
            None => {
                self.patience = now;
                self.due = false;
                Command::Broadcast(self.last().hash)
            }
        }
    }
}

#[cfg(test)]
#[path = "submission_tests.rs"]
mod tests;
