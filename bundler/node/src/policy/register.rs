//! `writ policy register`: puts a policy's program and manifest on the chain, so that anyone can prove what it decides.
//!
//! ```text
//! bundle ── compile ──> manifest, program ── PolicyRegistry.register, tried ──> printed, or sent and read back
//! ```
//!
//! Anybody may register, and what is registered is what the id says: the signer needs gas, and no right.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use alloy::{
    primitives::{Address, B256, Bytes},
    sol_types::{SolCall, SolInterface},
};
use clap::Args;
use serde::{Deserialize, Serialize};
use url::Url;
use writ_bindings::{PolicyRegistry, PolicyRegistry::PolicyRegistryErrors};
use writ_policy::{Bundle, CompiledPolicy, encode};
use writ_simulation::{
    CallFailure, NodeClient, NodeError, NodeOptions, SimulationError, Simulator, StateOptions,
    StateProvider,
};

use super::{
    Context, PolicyError, Report, SHORT,
    check::complaint,
    job::{Answer, Job},
};
use crate::sync::{SendingArguments, SyncError, send::send};

/// What the command is told.
#[derive(Clone, Debug, Args)]
pub struct RegisterArguments {
    /// The policy's folder: manifest, code, schema and words.
    #[arg(value_name = "FOLDER")]
    pub bundle: PathBuf,

    /// The registry of policies.
    #[arg(long, value_name = "ADDRESS")]
    pub registry: Address,

    /// JSON-RPC URL of the node.
    #[arg(
        long,
        visible_alias = "rpc",
        env = "WRIT_NODE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8545"
    )]
    pub node_url: Url,

    /// Send the call. Without it it is printed, and nothing is sent.
    #[arg(long)]
    pub send: bool,

    /// Who signs and pays, and how much.
    #[command(flatten)]
    pub sending: SendingArguments,
}

/// Why a policy was not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// There is no program to register.
    #[error(
        "policy {0} is outside the provable profile: it has no program that the chain could re-execute"
    )]
    NotProvable(B256),
    /// The node does not answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The registry cannot be asked.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The registry refuses.
    #[error("the registry at {registry} refuses: {reason}")]
    Refused {
        /// Its address.
        registry: Address,
        /// What it says.
        reason: String,
    },
    /// The key or account cannot be used.
    #[error("{0}")]
    Signer(String),
    /// Nobody signs.
    #[error(
        "who sends? Name a key with --signer-key-file, or an account that the node holds unlocked with --signer-address; without \
         --send the call is printed"
    )]
    NoSigner,
    /// It was not sent, or not mined.
    #[error(transparent)]
    Sending(#[from] SyncError),
    /// Sent, and not there.
    #[error("transaction {0} was mined, and the policy is not registered")]
    NotThere(B256),
}

/// What a bundle compiles to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Compiled {
    policy_id: B256,
    name: String,
    /// In its canonical encoding.
    manifest: Bytes,
    /// None outside of the provable profile.
    program: Option<Bytes>,
}

impl Compiled {
    pub(super) fn new(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        let compiled = Bundle::from_files(files).and_then(CompiledPolicy::compile);
        let policy = compiled.map_err(|error| complaint(&error, files))?;
        Ok(Self {
            policy_id: policy.policy_id(),
            name: policy.manifest().name.clone(),
            manifest: encode(policy.manifest().as_value()).into(),
            program: policy.program().map(|program| program.to_bytes().into()),
        })
    }
}

/// What is on the chain, or is to be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registration {
    name: String,
    policy_id: B256,
    registry: Address,
    /// Where the program lies; none as long as the policy is not registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<Address>,
    /// The transaction that registered it, where this run sent one.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<B256>,
    /// The call that registers it, where none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<Bytes>,
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "policy  {} ({})", self.policy_id, self.name)?;
        match (self.program, self.transaction, &self.call) {
            (Some(program), Some(transaction), _) => {
                write!(f, "registered by transaction {transaction}, its program at {program}")
            }
            (Some(program), ..) => write!(f, "stands already, its program at {program}"),
            (None, _, Some(call)) => write!(f, "to      {}\ndata    {call}", self.registry),
            (None, ..) => Ok(()),
        }
    }
}

impl Report for Registration {
    fn refusal(&self) -> Option<String> {
        None
    }
}

/// Registers the policy, or says which call does.
///
/// # Errors
/// When the bundle is none, is not provable, or the registry refuses it; also when it could not be sent.
pub(super) async fn register(
    context: &Context<'_>,
    arguments: &RegisterArguments,
) -> Result<Registration, PolicyError> {
    let Answer::Compiled(compiled) = context.ask(&arguments.bundle, Job::Compile, SHORT)? else {
        return Err(PolicyError::Unusable("the child answered another question".to_owned()));
    };
    Ok(put(compiled, arguments).await.map_err(Box::new)?)
}

async fn put(
    compiled: Compiled,
    arguments: &RegisterArguments,
) -> Result<Registration, RegisterError> {
    let Compiled { policy_id, name, manifest, program } = compiled;
    let program = program.ok_or(RegisterError::NotProvable(policy_id))?;
    let call = Bytes::from(PolicyRegistry::registerCall { manifest, program }.abi_encode());
    let client = NodeClient::new(arguments.node_url.as_str(), NodeOptions::default())?;
    let state = StateProvider::new(client.clone(), StateOptions::default());
    let registry = arguments.registry;
    let mut registration =
        Registration { name, policy_id, registry, program: None, transaction: None, call: None };
    registration.program = program_of(&state, registry, policy_id).await?;
    if registration.program.is_some() {
        return Ok(registration);
    }
    // Tried before anybody pays for it.
    let tried = Simulator::default().call(&state.latest().await?, registry, call.clone()).await?;
    tried.map_err(|failure| RegisterError::Refused { registry, reason: said(&failure) })?;
    if !arguments.send {
        registration.call = Some(call);
        return Ok(registration);
    }
    let signer = arguments.sending.signer(&client).await;
    let signer = signer.map_err(|error| RegisterError::Signer(error.to_string()))?;
    let signer = signer.ok_or(RegisterError::NoSigner)?;
    let transaction = send(&state, &signer, registry, call, &arguments.sending).await?;
    registration.program = program_of(&state, registry, policy_id).await?;
    registration.transaction = Some(transaction);
    match registration.program {
        Some(_) => Ok(registration),
        None => Err(RegisterError::NotThere(transaction)),
    }
}

/// Where the policy's program lies, if it is registered.
async fn program_of(
    state: &StateProvider,
    registry: Address,
    policy_id: B256,
) -> Result<Option<Address>, RegisterError> {
    let refused = |reason: String| RegisterError::Refused { registry, reason };
    let block = state.latest().await?;
    let call = PolicyRegistry::programOfCall { policyId: policy_id }.abi_encode();
    let answer = Simulator::default().call(&block, registry, call.into()).await?;
    let answer = answer.map_err(|failure| refused(failure.to_string()))?;
    let found = PolicyRegistry::programOfCall::abi_decode_returns_validate(&answer)
        .map_err(|error| refused(format!("it is no registry of policies: {error}")))?;
    Ok(Some(found).filter(|program| !program.is_zero()))
}

/// The registry's refusal in words.
fn said(failure: &CallFailure) -> String {
    let CallFailure::Reverted(data) = failure else { return failure.to_string() };
    match PolicyRegistryErrors::abi_decode(data) {
        Ok(error) => format!("{error:?}"),
        // What `PolicyCheck` says of the program comes through as it is.
        Err(_) => writ_bindings::PolicyCheck::PolicyCheckErrors::abi_decode(data)
            .map_or_else(|_| failure.to_string(), |error| format!("{error:?}")),
    }
}
