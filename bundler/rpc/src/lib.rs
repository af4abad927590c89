//! The bundler's JSON-RPC: methods, strict parameters, error objects, and the HTTP server.
//!
//! ```text
//!   POST /        ──> limits (body, batch, connections, requests at once, time)
//!                       ──> parameters read as JSON values ──writ-types──> typed, or -32602 naming the field
//!                             ──> Backend (what the node implements)
//!                                   ──> result, or Refusal { code, message, data }
//!   GET /health   ──> Backend::health ──> 200 or 503, with what is wrong
//! ```
//!
//! | method | parameters | result |
//! |---|---|---|
//! | `eth_sendUserOperation` | operation, EntryPoint | userOpHash |
//! | `eth_estimateUserOperationGas` | operation, EntryPoint, state override? | [`GasEstimate`] |
//! | `eth_getUserOperationByHash` | hash | [`UserOperationByHash`] or null |
//! | `eth_getUserOperationReceipt` | hash | [`UserOperationReceipt`] or null |
//! | `eth_supportedEntryPoints` | | addresses, preferred first |
//! | `eth_chainId` | | quantity |
//! | `writ_getPolicy` | account | [`PolicyView`] |
//! | `writ_evaluate` | operation, EntryPoint | [`Evaluation`] |
//! | `writ_attest` | operation, EntryPoint | the operation with its attestation |
//! | `writ_attestCall` | call off the ERC-4337 path | [`AttestedCall`] |
//! | `writ_getDecision` | evidence hash, action hash, userOpHash or safeTxHash | [`Decision`] or null |
//! | `writ_getUserOperationStatus` | hash | [`OperationStatus`] or null |
//! | `writ_getUserOperationGasPrice` | | [`GasPrices`] |
//! | `web3_clientVersion` | | text |
//!
//! `debug_bundler_*` (clearState, clearMempool, clearReputation, dumpMempool, dumpReputation, setReputation,
//! getStakeStatus, sendBundleNow, setBundlingMode, addUserOps) are ERC-7769's, for tests.
//!
//! Existing clients find `pimlico_getUserOperationStatus` (with that service's words), `pimlico_getUserOperationGasPrice`
//! and `rundler_maxPriorityFeePerGas` as well.
//!
//! Invariants:
//! * A parameter reaches the [`Backend`] only completely understood.
//! * No error is a bare message: every refusal carries the code of its kind, and `data` where there is any.
//! * Everything a stranger can send is bounded before it is looked at.
//! * `debug_bundler_*` is served by [`serve_debug`] alone, on a listener of its own; the public one has none of it.

mod backend;
mod debug;
mod dispatch;
mod enforcement;
mod error;
mod health;
mod methods;
mod params;
mod response;
mod server;

pub use backend::Backend;
pub use debug::{
    Bundling, DebugBackend, DebugOptions, ReputationEntry, ReputationSetting, ReputationStatus,
    StakeStatus, StakeView, debug_methods,
};
pub use dispatch::MethodLimits;
pub use enforcement::{CandidatesView, EnforcementView, PathView};
pub use error::error_object;
pub use health::{Check, Health};
pub use methods::methods;
pub use params::{AccountOverride, StateOverrides};
pub use response::{
    AttestedBlock, AttestedCall, Bound, CallActionView, Decision, Evaluation, GasEstimate,
    GasPrice, GasPrices, OperationStatus, PolicyEntry, PolicyView, ReadyCall, UserOperationByHash,
    UserOperationReceipt, Verdict,
};
pub use server::{RunningServer, ServerConfig, ServerError, serve, serve_debug};
