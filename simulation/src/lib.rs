//! User operations in revm: block-pinned state, tracer, ERC-7562 rules, gas estimation, effects.
//!
//! ```text
//!            node (plain JSON-RPC: no debug_*, no trace_*, no eth_call to an EntryPoint)
//!              │ eth_createAccessList where it has that, then batches of reads at one block hash
//!   NodeClient ┴─> StateProvider ──pin──> PinnedBlock (cache shared by all simulations of the block)
//!                                            │ revm DatabaseRef, Overrides on top
//!   SimulationRequest ──> Simulator ── handleOps(ops) in revm ──> Tracer (one pass)
//!                                            │
//!                                       Simulation { ops: [OpOutcome], failure }
//!                                            ├─ trace ──> rules::check ──> violations by rule id
//!                                            ├─ frames' gas ──> estimation (+ data_availability)
//!                                            └─ effects ──> evidence, bounds
//! ```
//!
//! Invariants:
//! * What runs is the EntryPoint's own `handleOps` in a real transaction; nothing is patched except
//!   what a request's [`Overrides`] name and the origin's balance.
//! * A result is a function of request, block hash and fork: two machines get equal values.
//! * All state of a simulation comes from one block hash; a node that cannot serve it is an error. What is read of a
//!   block is read once, however many simulations need it at the same time.
//! * Everything a stranger can make grow is bounded by [`Limits`]; beyond a bound the operation is
//!   refused, never judged on a cut trace.

pub mod data_availability;
pub mod estimation;
pub mod rules;
#[cfg(any(test, feature = "test-utils"))]
pub mod test_utils;
pub mod trace;

mod abi;
mod answers;
mod assets;
mod calls;
mod decode;
mod effects;
mod error;
mod failure;
mod limits;
mod node;
mod outcome;
mod overrides;
mod prefetch;
mod request;
mod simulator;
mod state;
mod tracer;
mod validation;

pub use answers::Answers;
pub use assets::{AssetCall, Moved, UnboundedGrant, is_entry_point};
pub use calls::{CallSequence, MAX_SIMULATED_CALLS, SimulatedCall, SimulatedOutcome};
pub use effects::{
    Approval, ApprovalKind, DelegateCall, Effects, NativeTransfer, SenderCall, TokenStandard,
    TokenTransfer, Withdrawal,
};
pub use error::{CallFailure, SimulationError};
pub use failure::{AaCode, Blame, FailedOp, Failure};
pub use limits::Limits;
pub use node::{NodeClient, NodeError, NodeOptions, NodeStats, StateRead, StateValue};
pub use outcome::{ExecutionFrame, OpOutcome, OpReceipt, Simulation};
pub use overrides::{AccountOverride, Overrides};
pub use request::{DEFAULT_ORIGIN, SimulationRequest};
pub use simulator::{Simulator, SimulatorOptions};
pub use state::{BlockHeader, MemoryState, PinnedBlock, StateError, StateOptions, StateProvider};
pub use validation::{PaymasterValidation, ValidationData, ValidityWindow};
