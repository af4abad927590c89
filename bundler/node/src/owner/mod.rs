//! `writ trace-owner`: whether an owner's check keeps to ERC-7562, traced before the owner is installed.
//!
//! ```text
//! arguments ──> pinned block ── the owner configured in the real module, in overrides (probe) ──┐
//!                                                                                               v
//!                 stub, real signature ──> handleOps in revm ──> trace ──> rules ──> OwnerReport ──> JSON file
//!                                                                                               │
//!                                        script/Install.s.sol, script/Operate.s.sol  <──────────┘
//! ```
//!
//! Invariants:
//! * Nothing is sent, and nothing but reads of one block is asked of the node.
//! * What judges the trace is what judges operations at admission, with the text's constants and an account without stake.
//! * `passes` needs both runs: a stub that is refused early shows little of the check.
//! * A trace shows the paths that it took. The report therefore names all code that decided, by hash, and the scripts compare.

mod error;
mod probe;
mod report;
mod trace;

use std::{io::Write as _, path::PathBuf};

use alloy::{
    eips::BlockId,
    primitives::{Address, Bytes},
};
use clap::Args;
use url::Url;
use writ_simulation::{NodeClient, NodeOptions, Simulator, StateOptions, StateProvider};
use writ_types::{EntryPoint, EntryPointVersion};

pub use error::OwnerTraceError;
pub use report::{CodeEntry, OwnerReport, OwnerResult, Run, RunOutcome, TracedViolation};
pub use trace::trace;

/// What the command is told.
#[derive(Clone, Debug, Args)]
pub struct OwnerArguments {
    /// JSON-RPC URL of the node. It needs no debug or trace methods.
    #[arg(
        long,
        env = "WRIT_NODE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8545"
    )]
    pub node_url: Url,

    /// The account, deployed or not.
    #[arg(long, value_name = "ADDRESS")]
    pub account: Address,

    /// The Writ module, deployed.
    #[arg(long, value_name = "ADDRESS")]
    pub module: Address,

    /// The EntryPoint that the account is configured for: v0.7 or later, at its canonical address.
    #[arg(long, value_name = "ADDRESS")]
    pub entry_point: Address,

    /// The configuration's `ownerValidator`: ContractOwner, WeightedOwners, or another stateless validator.
    #[arg(long, value_name = "ADDRESS")]
    pub owner_validator: Address,

    /// The configuration's `owner`: the data contract that script/Owners.s.sol deployed.
    #[arg(long, value_name = "ADDRESS")]
    pub owner: Address,

    /// The signature that the wallet estimates with, in hex: not valid, and as long as a real one.
    #[arg(long, value_name = "HEX")]
    pub stub: Bytes,

    /// The owner's signature of the hash that a first run prints, in hex. Without it the result is `stubOnly`, which the
    /// scripts do not take.
    #[arg(long, value_name = "HEX")]
    pub signature: Option<Bytes>,

    /// Number of the block whose state is used; the newest, if not given.
    #[arg(long, value_name = "NUMBER")]
    pub block: Option<u64>,

    /// Where the report is written. script/Install.s.sol and script/Operate.s.sol read reports in `owner-traces`.
    #[arg(long, value_name = "FILE", default_value = "owner-traces/report.json")]
    pub report: PathBuf,
}

/// Which owner of which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerSubject {
    /// The account.
    pub account: Address,
    /// The module.
    pub module: Address,
    /// The EntryPoint.
    pub entry_point: EntryPoint,
    /// The stateless validator.
    pub validator: Address,
    /// The owner's data contract.
    pub owner: Address,
}

impl OwnerSubject {
    /// The owner that is named, of an account on an EntryPoint that modules work with.
    ///
    /// # Errors
    /// When the EntryPoint is none of those.
    pub fn new(arguments: &OwnerArguments) -> Result<Self, OwnerTraceError> {
        let address = arguments.entry_point;
        let version = EntryPointVersion::from_canonical_address(address)
            .filter(|version| *version != EntryPointVersion::V06)
            .ok_or(OwnerTraceError::EntryPoint(address))?;
        Ok(Self {
            account: arguments.account,
            module: arguments.module,
            entry_point: EntryPoint { address, version },
            validator: arguments.owner_validator,
            owner: arguments.owner,
        })
    }
}

/// Traces, writes the report, and prints it in words.
///
/// # Errors
/// When there is no trace; and [`OwnerTraceError::Refused`] when there is, and the check does not pass.
pub async fn run(arguments: OwnerArguments) -> Result<(), OwnerTraceError> {
    let subject = OwnerSubject::new(&arguments)?;
    let client = NodeClient::new(arguments.node_url.as_str(), NodeOptions::default())?;
    let state = StateProvider::new(client, StateOptions::default());
    let block = match arguments.block {
        Some(number) => state.pin(BlockId::from(number)).await?,
        None => state.latest().await?,
    };
    let (stub, signature) = (&arguments.stub, arguments.signature.as_ref());
    let report = trace(&Simulator::default(), &block, &subject, stub, signature).await?;
    report.write(&arguments.report)?;
    let text = format!("{report}\nreport: {}\n", arguments.report.display());
    std::io::stdout().write_all(text.as_bytes()).map_err(OwnerTraceError::Output)?;
    match report.refusal() {
        None => Ok(()),
        Some(reason) => Err(OwnerTraceError::Refused(reason)),
    }
}
