//! Why there is no trace, or none that passes.

use std::path::PathBuf;

use alloy::{primitives::Address, sol_types::SolError};
use writ_bindings::{
    ContractOwner::{ContractOwnerErrors, NotAStatelessValidator, NotOwnerData},
    WritModule::WritModuleErrors,
};
use writ_simulation::{CallFailure, NodeError, SimulationError};
use writ_types::HashError;

/// Why `writ trace-owner` fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerTraceError {
    /// The node does not serve the block.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// There is no verdict.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Not one that the module works with.
    #[error("--entry-point: {0} is no canonical EntryPoint of v0.7 or later")]
    EntryPoint(Address),
    /// There is no code.
    #[error("--{what}: there is no code at {at}: deploy it first")]
    NoCode {
        /// Which.
        what: &'static str,
        /// The address.
        at: Address,
    },
    /// The module does not take the owner.
    #[error("the module does not take this owner: {0}")]
    Configuration(String),
    /// The EntryPoint does not tell the account's nonce.
    #[error("the EntryPoint does not tell the account's nonce: {0}")]
    Nonce(String),
    /// The operation has no hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The report cannot be written.
    #[error("cannot write the report to {}: {source}; name another file with --report", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The result cannot be printed.
    #[error("cannot print the result: {0}")]
    Output(std::io::Error),
    /// The check was traced and does not pass.
    #[error("{0}")]
    Refused(String),
}

impl OwnerTraceError {
    /// The module's own word on why it does not take the configuration.
    pub(super) fn configuration(failure: &CallFailure) -> Self {
        let CallFailure::Reverted(data) = failure else {
            return Self::Configuration(failure.to_string());
        };
        let said = if let Ok(error) = NotAStatelessValidator::abi_decode(data) {
            format!("{} is no stateless validator (ERC-7780, module type 7)", error.validator)
        } else if let Ok(error) = NotOwnerData::abi_decode(data) {
            format!(
                "{} is no data contract of an owner; script/Owners.s.sol deploys one",
                error.owner
            )
        } else if let Some(name) = data.first_chunk::<4>().and_then(|selector| {
            // What an owner check that comes with Writ says of the owner, or the module of the configuration.
            ContractOwnerErrors::name_by_selector(*selector)
                .or_else(|| WritModuleErrors::name_by_selector(*selector))
        }) {
            format!("{name} ({data})")
        } else {
            format!("it reverts with {data}")
        };
        Self::Configuration(said)
    }
}
