//! Policies: values, canonical encoding, bundles, and strict Rego evaluation.
//!
//! A *policy* is Rego code that many accounts share, known by the hash of its manifest; its
//! *parameters* are JSON that one account fills in, known by the hash of their canonical encoding.
//! This crate turns both and an *input document* into a *decision*, and does it the same way on
//! every machine.
//!
//! ```text
//! manifest.json, *.rego, schema.json, words.json
//!        │ Bundle: every file has the hash that the manifest says
//!        ▼
//! CompiledPolicy ◄── source limits, allow-list of builtins, no recursion, no fraction, no null
//!        │ bind ◄──── Parameters ◄── decode_json / decode ◄── JSON Schema
//!        ▼
//! BoundPolicy ──┐
//! BoundPolicy ──┤ evaluate ◄── input document ◄── check_input
//!        …      ▼
//! PolicySet ── SetDecision {allow, reasons, bounds, valid_for}
//! ```
//!
//! Invariants:
//!
//! * Integers are exact, with a sign and 256 bits. No float, no null, no repeated key gets in.
//! * A value has exactly one canonical encoding, and nothing else decodes ([`encode`], [`decode`]).
//! * The decision is an allow only if the policy's result says `allow: true` and gives no reason
//!   against it. An undefined result, an error, a result or input of another shape: denied.
//! * A limit of the machine (time, a panic of the engine) is neither: the evaluation is abandoned
//!   ([`EvaluationError::Abstain`]) and nothing may be signed because of it.
//! * Whatever a stranger can send is bounded before it is read.
//! * No chain, no network, no clock; the disk is read in [`PolicyStore`] only, processes are started in [`Worker`] only.
//!
//! A policy runs on one of two engines, which its manifest names:
//!
//! * `policyvm-1`: [`vm`], which has one meaning here and in the EVM, so that a decision can be
//!   proven wrong on the chain; regorus' strict interpreter has to agree ([`EvaluationError::Differ`]).
//!   Work is bounded by fuel, the same on every machine.
//! * `regorus-strict`: the interpreter alone, for policies outside the provable profile, labelled
//!   `not provable`. Intermediate results may exceed 256 bits; the result may not. Work is bounded by
//!   wall-clock time, which is looked at between steps; comparing two values that share their parts
//!   many times over is one step.
//!
//! Either way a policy is code that an operator chose to install: the checks keep an honest policy
//! exact and bounded, they do not contain a hostile one. Reading and compiling has no clock of its own, so policies of others
//! are compiled in a child process first, under the operating system's limits ([`PolicyStore::open_with`], [`Worker`]).

pub use abi::{AbiField, AbiFunction, AbiType, MAX_ABI_VALUES, decode_abi};
pub use builtins::allowed_builtins;
pub use bundle::{Bundle, BundleError, MANIFEST_FILE, MAX_FILES};
pub use decision::{AssetBound, AssetKind, Decision, DenyCode};
pub use encoding::{ENCODING_VERSION, EncodingError, decode, encode};
pub use engine::{EVALUATION_TIME, self_check};
pub use explain::explain;
pub use facts::{
    Binding, ClaimRule, CredentialIssuer, CredentialRule, FactRequirement, FactShape, FactSource,
    IssuerKey, MAX_AGE, MAX_FACTS, MAX_ISSUERS, MAX_TEXT, StateArgument, StateRead, StateRule,
    StatementIssuers, StatementRule, VERIFIED,
};
pub use functions::{
    FunctionConflict, FunctionTable, MAX_FUNCTIONS, PinnedFunction, STANDARD_FUNCTIONS,
};
pub use input::{INPUT_VERSION, InputError, check_input};
pub use input_schema::input_schema;
pub use integer::{Integer, IntegerError};
pub use json::{DecodeError, DecodeProblem, Limits, MAX_DEPTH, decode_json};
pub use manifest::{
    ENGINE, MANIFEST_FORMAT, Manifest, ManifestError, PROVABLE_ENGINE, SCHEMA_FILE, WORDS_FILE,
};
pub use parameters::{Parameters, ParametersError};
pub use policy::{BoundPolicy, CompiledPolicy, EngineAnswer, EvaluationError, Examination};
pub use result::{MAX_BOUNDS, MAX_REASON_BYTES, MAX_REASONS, MAX_VALID_FOR};
pub use review::{Finding, Place, Review, finding_of, review};
pub use set::{MAX_POLICIES, PolicySet, PolicySetError, SetDecision, policy_commitment};
pub use source::{MAX_BRACKET_DEPTH, MAX_COLUMNS, MAX_SOURCE_BYTES, SourceError, check_source};
pub use store::{PolicyStore, StoreError, read_files};
pub use testing::{
    Coverage, RuleLocation, TestReport, TestResult, idle_rules, run_tests, test_bundle,
};
pub use value::Value;
pub use view::json_view;
pub use worker::{COMPILE_JOB, CompileError, Worker, WorkerError, WorkerLimits, work};

mod abi;
mod agreement;
#[cfg(test)]
mod arbitrary;
mod bounded;
mod builtins;
mod bundle;
mod convert;
mod decision;
mod encoding;
mod engine;
mod explain;
mod facts;
mod functions;
mod input;
mod input_schema;
mod input_shape;
mod integer;
mod json;
mod manifest;
mod parameters;
mod policy;
mod profile;
mod result;
mod review;
mod schema;
mod set;
mod source;
mod store;
mod testing;
mod value;
mod view;
pub mod vm;
mod words;
mod worker;
