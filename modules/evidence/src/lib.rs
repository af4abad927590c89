//! Builds the input of a policy: what an operation says, what it does, and what its account did before.
//!
//! ```text
//!  request: operation, EntryPoint, module, predecessors, pinned block
//!     │
//!     ├─ AccountReader ── configurationOf, operator set's code, accountId, ConfigurationSet event ──> Account
//!     │                   (an EIP-7702 account as the operation's own tuple delegates it)
//!     ├─ predecessors ─── suffix split and verified like the module does
//!     ├─ AccountIdentity ─ does the module receive the signature, does its hook see the calldata? or refused
//!     ├─ decode_calls ─── what the account calls itself with, canonical or refused ──> Call*
//!     ├─ simulation under a throw-away quorum ── effects ──> what moves ── again, measured by the module ──> exact bounds
//!     │                                                                   └─ and again under them
//!     ├─ Needs ────────── the policies' manifests: functions to name, facts to verify (writ_facts) or to read
//!     └─ read_history ─── Outflow events, a list linked backwards from the pinned state, and the transfers beside them,
//!                         through an index if there is one ──> History: hour, day, week
//!                                                                  │
//!                        document (writ_policy::Value) ── encode ──┴─> Evidence { hash, action, bounds, … }
//!
//!  call (a guarded contract, a guarded Safe): the same without an EntryPoint, see `call`
//!  detached (the asker's policy, no module): simulation as it is ── calls that the account makes, outflows ──> the same
//! ```
//!
//! Invariants:
//! * [`Evidence`] is a function of the request and the state of one block: two machines get the same bytes.
//! * What is not understood is refused by name, never left out.
//! * Nothing that a stranger can make long is read without a bound.
//!
//! Said honestly: `effects` rest on a simulation in which the configuration's record has other operators. A contract
//! that is called can look at that code and behave differently on the chain; what it can take then is what `bounds` let it.
//! `history` counts the `Outflow` events since the policies read history, not what left the account on other ways.

mod account;
mod adapter;
mod bounds;
mod builder;
mod call;
mod calls;
mod delegation;
mod detached;
mod document;
mod error;
mod evidence;
mod facts;
mod history;
mod logs;
mod needs;
mod predecessor;
mod run;

pub use account::{Account, AccountError, AccountReader, AccountSight};
pub use bounds::{AssetError, exact_bounds};
pub use builder::{EvidenceBuilder, EvidenceRequest, MAX_EVIDENCE_LEN, OwnerSignature};
pub use call::{CallError, CallEvidenceRequest, Enforced, exec_transaction, revert_words};
pub use calls::{
    Argument, ArgumentValue, BuiltInCall, Call, CallType, CallsError, ExecType, Execution,
    MAX_CALLS, Own, PinnedArgument, PinnedCall, decode_calls, encode_built_in, encode_execute,
};
pub use delegation::TupleError;
pub use detached::Authority;
pub use document::{MAX_EFFECTS, TooManyEffects};
pub use error::{EvidenceError, PredecessorError};
pub use evidence::Evidence;
pub use history::{
    BlockLink, Counterparty, DEFAULT_HISTORY_BLOCKS, History, HistoryError, HistoryHead,
    HistoryIndex, HistorySource, IndexError, MAX_ASSETS, MAX_COUNTERPARTIES, OutflowBlock,
    OutflowLog, Spending, TooManyAssets, TransferLog, Window, read_history,
};
pub use needs::{MAX_ASKED_FACTS, NeedsError};
