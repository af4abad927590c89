//! What to simulate.

use alloy::primitives::{Address, U256};
use writ_types::{EntryPoint, UserOperation};

use crate::overrides::Overrides;

/// A bundle to run through `handleOps`, and on which terms.
#[derive(Clone, Debug)]
pub struct SimulationRequest {
    /// The EntryPoint to call. Every operation must be of its version.
    pub entry_point: EntryPoint,
    /// Operations in bundle order: pooled predecessors first, the one asked about last.
    pub ops: Vec<UserOperation>,
    /// State to pretend; empty for decisions about inclusion.
    pub overrides: Overrides,
    /// Forgive signature failures that accounts and paymasters report (return value 1, not
    /// reverts), and take EIP-7702 tuples as signed by their senders. For estimation and evaluation
    /// with stub signatures only.
    pub ignore_signature: bool,
    /// Stop before the first execution frame: validation frames only, for re-validation.
    pub validation_only: bool,
    /// Sender of the transaction. It is given a balance and has no code, whatever the chain says.
    pub origin: Address,
    /// Who receives the fees.
    pub beneficiary: Address,
    /// Gas limit of the transaction; `None`, and more than that, stands for the most that a simulation may use
    /// ([`Limits::gas`](crate::Limits::gas), the block's gas limit).
    pub gas: Option<u64>,
    /// A contract whose questions to others are kept, while operations execute: [`OpOutcome::answers`](crate::OpOutcome).
    pub watched: Option<Address>,
    /// Slots that are probably needed besides those that are fetched anyway, by address (a module's
    /// configuration, for instance). An address without slots is fetched itself.
    pub prefetch: Vec<(Address, Vec<U256>)>,
}

/// Origin and beneficiary of simulated transactions: the last 20 bytes of
/// `keccak256("writ.simulation.origin")`. The same everywhere, so that independent operators see
/// the same execution even of code that reads ORIGIN.
pub const DEFAULT_ORIGIN: Address =
    alloy::primitives::address!("93890AACEcF3744Ac169a5d4771d35998E0D64b7");

impl SimulationRequest {
    /// One operation, judged as it is.
    pub fn single(entry_point: EntryPoint, op: UserOperation) -> Self {
        Self::bundle(entry_point, vec![op])
    }

    /// A bundle, judged as it is.
    pub fn bundle(entry_point: EntryPoint, ops: Vec<UserOperation>) -> Self {
        Self {
            entry_point,
            ops,
            overrides: Overrides::default(),
            ignore_signature: false,
            validation_only: false,
            origin: DEFAULT_ORIGIN,
            beneficiary: DEFAULT_ORIGIN,
            gas: None,
            watched: None,
            prefetch: Vec::new(),
        }
    }

    /// Pretends state.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Overrides) -> Self {
        self.overrides = overrides;
        self
    }

    /// Keeps what `contract` asks others while operations execute.
    #[must_use]
    pub fn watching(mut self, contract: Address) -> Self {
        self.watched = Some(contract);
        self
    }

    /// Forgives signature failures.
    #[must_use]
    pub fn ignoring_signatures(mut self) -> Self {
        self.ignore_signature = true;
        self
    }

    /// Stops before execution.
    #[must_use]
    pub fn validation_only(mut self) -> Self {
        self.validation_only = true;
        self
    }
}
