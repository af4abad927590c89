//! How an account stands to the registry that it follows.

use std::fmt;

use alloy::{
    primitives::{Address, Bytes},
    sol_types::{SolCall, SolError},
};
use writ_attestation::{AccountPolicy, Configuration};
use writ_bindings::{WritModule, WritModule::WritModuleErrors, WritOperatorRegistry};
use writ_simulation::{CallFailure, PinnedBlock, Simulator};

use super::SyncError;

/// Epochs that are tried from the newest down: a registry says itself how many there are.
const MOST_EPOCHS: u64 = 64;

/// What is to be done for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does not have the module.
    NotInstalled,
    /// Its operators change by configuration alone.
    FollowsNone,
    /// It is on the newest epoch.
    Current(u64),
    /// There are newer epochs, none of which the module takes yet.
    Waiting {
        /// Where it is.
        from: u64,
        /// The newest.
        newest: u64,
        /// What the module says to the newest.
        reason: String,
    },
    /// The module takes it.
    Due(Move),
}

/// From one epoch to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where the account is.
    pub from: u64,
    /// The newest epoch that the module takes.
    pub to: u64,
    /// The newest of the registry.
    pub newest: u64,
    /// What the module says to the newest, where that is another.
    pub reason: Option<String>,
}

impl Move {
    /// The call of the module that makes it.
    #[must_use]
    pub fn call(&self, account: Address) -> Bytes {
        WritModule::syncCall { account, epoch: self.to }.abi_encode().into()
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => write!(f, "does not have the module"),
            Self::FollowsNone => write!(f, "follows no registry"),
            Self::Current(epoch) => write!(f, "is on epoch {epoch}, the newest"),
            Self::Waiting { from, newest, reason } => {
                write!(f, "is on epoch {from}, and cannot be moved to {newest} yet: {reason}")
            }
            Self::Due(Move { from, to, newest, reason }) => {
                write!(f, "is on epoch {from}, and can be moved to {to}")?;
                match reason {
                    Some(reason) => write!(f, "; not to {newest} yet: {reason}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Finds out what is to be done, from the state of one block.
///
/// # Errors
/// When the node does not serve the block, or the module does not answer like one.
pub async fn standing(
    simulator: &Simulator,
    block: &PinnedBlock,
    module: Address,
    account: Address,
) -> Result<Standing, SyncError> {
    let Some(configuration) = configuration(simulator, block, module, account).await? else {
        return Ok(Standing::NotInstalled);
    };
    let (registry, from) = (configuration.registry, configuration.epoch);
    if registry.is_zero() {
        return Ok(Standing::FollowsNone);
    }
    let call = WritOperatorRegistry::latestEpochCall {}.abi_encode();
    let answer = simulator.call(block, registry, call.into()).await?;
    let newest = answer.map_err(|failure| failure.to_string()).and_then(|answer| {
        WritOperatorRegistry::latestEpochCall::abi_decode_returns_validate(&answer)
            .map_err(|error| error.to_string())
    });
    let newest = newest.map_err(|reason| SyncError::Module { module: registry, reason })?;
    if newest <= from {
        return Ok(Standing::Current(from));
    }
    let oldest = from.saturating_add(1).max(newest.saturating_sub(MOST_EPOCHS - 1));
    let mut reason = None;
    for to in (oldest..=newest).rev() {
        let call = WritModule::syncCall { account, epoch: to }.abi_encode();
        match simulator.call(block, module, call.into()).await? {
            Ok(_) => return Ok(Standing::Due(Move { from, to, newest, reason })),
            Err(failure) => reason = reason.or_else(|| Some(said(&failure))),
        }
    }
    Ok(Standing::Waiting { from, newest, reason: reason.unwrap_or_default() })
}

/// The epoch that an account is on; 0 where it does not have the module.
pub(super) async fn epoch_of(
    simulator: &Simulator,
    block: &PinnedBlock,
    module: Address,
    account: Address,
) -> Result<u64, SyncError> {
    let configuration = configuration(simulator, block, module, account).await?;
    Ok(configuration.map_or(0, |configuration| configuration.epoch))
}

async fn configuration(
    simulator: &Simulator,
    block: &PinnedBlock,
    module: Address,
    account: Address,
) -> Result<Option<Configuration>, SyncError> {
    let refuse = |reason: String| SyncError::Module { module, reason };
    let answer = simulator.call(block, module, AccountPolicy::call(account)).await?;
    let answer = answer.map_err(|failure| refuse(failure.to_string()))?;
    let policy = AccountPolicy::decode(&answer).map_err(|error| refuse(error.to_string()))?;
    Ok(policy.state.validator_installed.then_some(policy.configuration))
}

/// The module's refusal in words.
fn said(failure: &CallFailure) -> String {
    let CallFailure::Reverted(data) = failure else { return failure.to_string() };
    if let Ok(error) = WritModule::NotReady::abi_decode(data) {
        return format!("it can be from second {} on", error.readyAt);
    }
    let name =
        data.first_chunk::<4>().and_then(|selector| WritModuleErrors::name_by_selector(*selector));
    name.map_or_else(|| failure.to_string(), |name| format!("{name} ({data})"))
}
