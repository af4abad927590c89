//! Attestations: what a quorum of operators signs, how it travels, and how it is verified.
//!
//! ```text
//!  UserOperation ──action_of──> UserOperationAction ──hash──┐
//!  input document ──keccak256──> evidence ──────────────────┤
//!  Bounds ──hash──> bounds ─────────────────────────────────┼─> Attestation ──digest(Domain)──> OperatorKey::sign
//!  AccountPolicy ──> policy, revision, epoch, sequence ─────┘                                          │
//!                                                                                              OperatorSignature × k
//!  owner's signature ‖ Suffix  <───────────────── Suffix::new ── encode ── attach ─────────────────────┘
//!           │
//!        split ──> verify(operation, suffix, Context) ──> Verified | AttestationError (names the check)
//! ```
//!
//! The same bytes and hashes exist in `WritModule` (Solidity) and, through `hashTypedData`, in every wallet library; the
//! vectors in `solidity/test/vectors/attestation.json` prove the three equal.
//!
//! Invariants:
//! * One suffix has one encoding: whatever [`Suffix::decode`] accepts, [`Suffix::encode`] gives back byte for byte.
//! * Parsing never panics and never allocates more than the bytes it was given.
//! * A secret key is never printed, and is erased when dropped.
//! * No I/O except loading a key, no clock: time is an argument.

mod account;
mod action;
mod bound;
mod call;
mod delegation;
mod detached;
mod diagnose;
mod domain;
mod enforcer;
mod error;
mod hooked;
mod key;
mod kind;
mod nonce;
mod placement;
mod quorum;
mod record;
mod secret;
mod set;
mod signature;
mod statement;
mod suffix;
mod typed;
mod verify;
pub mod wire;

pub use account::{AccountError, AccountPolicy, AccountState, Configuration, Mode};
pub use action::{
    Action, CallAction, ConfigurationAction, SignatureAction, UserOperationAction, action_of,
    max_cost_of,
};
pub use bound::{
    ANY, BOUND_LEN, Bound, Bounds, BoundsError, EXTRA_LEN, MAX_BOUNDS, MAX_BOUNDS_LEN,
};
pub use call::{CallContext, bring, call_action, guarded_call, safe_call, verify_call};
pub use delegation::{account_code_of, delegated_code};
pub use detached::{DetachedTerms, PolicyReference};
pub use diagnose::{Mismatch, Subject, diagnose, other_chain};
pub use domain::{DOMAIN_NAME, DOMAIN_VERSION, Domain};
pub use enforcer::{Enforcer, EnforcerError, SafeSlot, SettingsHead};
pub use error::{AttestationError, CODE_EXPIRED, CODE_INVALID};
pub use hooked::EXECUTE_USER_OP;
pub use key::OperatorKey;
pub use kind::AccountKind;
pub use nonce::Validator;
pub use placement::{AccountIdentity, BuiltIn, PlacementError, UnknownKind};
pub use quorum::{ThrowawayAction, ThrowawayQuorum, ThrowawayRequest};
pub use record::Record;
pub use secret::{KeyError, read_secret};
pub use set::{MAX_OPERATORS, OperatorSet, SetError};
pub use signature::{OperatorSignature, SIGNATURE_LEN};
pub use statement::{Attestation, Denial, TIME_LIMIT, reasons_hash};
pub use suffix::{
    LEVEL_QUORUM, MAGIC, MAX_SIGNATURES, MAX_SUFFIX_LEN, SCHEME_ECDSA, Suffix, VERSION, attach,
    carries_suffix, largest_suffix, suffix_len,
};
pub use verify::{Context, Verified, check_configuration, check_window, verify};
