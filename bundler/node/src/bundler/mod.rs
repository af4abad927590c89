//! `writ bundler`: the parts, put together.

mod attest_call;
mod backend;
mod convert;
mod debug;
mod enforcement;
mod entry_points;
mod gate_policy;
mod policy_view;

use std::{path::Path, sync::Arc};

use alloy::primitives::Address;
use tokio::sync::watch;
use writ_admission::{Admission, AdmissionParts, AdmissionRules};
use writ_attestation::read_secret;
use writ_builder::{
    Builder, BuilderConfig, BuilderError, BuilderParts, BundleSigner, Health, Part,
};
use writ_evidence::EvidenceBuilder;
use writ_gateway::{
    AccountReader, DecisionStore, Gate, GateOptions, Gateway, GatewayOptions, OperatorEndpoint,
};
use writ_policy::{PolicyStore, WorkerLimits};
use writ_pool::{Pool, PoolConfig};
use writ_rpc::{DebugOptions, ServerConfig};
use writ_simulation::{NodeClient, NodeOptions, Simulator, StateOptions, StateProvider};
use writ_types::Profile;

use self::{backend::NodeBackend, debug::NodeDebug, enforcement::Enforcement};
use crate::{
    NodeError,
    config::{BundlerArguments, DataAvailability, GateMode},
    metrics, policy, shutdown,
};

/// Seconds that an attestation must still be valid for when an operation is admitted or bundled.
const EXPIRY_MARGIN: u64 = 30;

/// Runs the bundler until SIGINT or SIGTERM.
///
/// # Errors
/// When a part does not start; each says what to do.
pub async fn run(arguments: BundlerArguments) -> Result<(), NodeError> {
    metrics::serve(arguments.metrics_listen)?;
    let named = entry_points::named(&arguments.entry_points)?;
    if arguments.beneficiary.is_some_and(|beneficiary| beneficiary.is_zero()) {
        // Every EntryPoint refuses it, and the operations of the bundle would be blamed.
        return Err(NodeError::start(
            "--beneficiary: the zero address cannot be paid; leave it out to pay the signer",
        ));
    }
    let policies = Arc::new(policies(arguments.policies.as_deref())?);
    std::fs::create_dir_all(&arguments.data_dir).map_err(|error| {
        NodeError::start(format!("cannot use {}: {error}", arguments.data_dir.display()))
    })?;

    let node = NodeClient::new(arguments.node_url.as_str(), NodeOptions::default())
        .map_err(NodeError::start)?;
    let (key_file, account) = (arguments.signer_key_file.as_deref(), arguments.signer_address);
    let signer = signer(key_file, account, &node).await?;
    let signer_address = signer.address();
    let chain_id = node.chain_id().await.map_err(NodeError::start)?;
    let entry_points = entry_points::served(named, &node, chain_id).await?;
    for entry_point in &entry_points {
        tracing::info!(%entry_point, "serving an EntryPoint");
    }
    let constants = arguments.constants();
    let pool = PoolConfig {
        max_operations: arguments.pool_size as usize,
        constants,
        ..PoolConfig::new(chain_id)
    };
    let pool =
        Arc::new(Pool::open(arguments.data_dir.join("pool"), pool).map_err(NodeError::start)?);
    let state = StateProvider::new(node.clone(), StateOptions::default());
    let simulator = Simulator::default();

    let gate = gate(&arguments, &simulator, &node, &policies)?;
    let parts = AdmissionParts {
        state: state.clone(),
        simulator: simulator.clone(),
        gate: Arc::new(gate),
        pool,
        entry_points,
    };
    let rules = AdmissionRules {
        data_availability: data_availability(&arguments),
        ..AdmissionRules::new(constants)
    };
    let admission = Admission::new(parts, rules);
    // A wrong setting would refuse every operation, one after another: better not to start.
    match admission.check_data_availability().await {
        Err(error) if !error.is_transient() => {
            return Err(NodeError::start(format!("--data-availability: {error}")));
        }
        _ => {}
    }

    let health = Health::new();
    let parts = BuilderParts {
        admission: admission.clone(),
        node: node.clone(),
        signer,
        health: health.clone(),
    };
    let config = BuilderConfig {
        beneficiary: arguments.beneficiary,
        poll_interval: arguments.poll_interval(),
        max_operations: arguments.bundle_size as usize,
        ..BuilderConfig::default()
    };
    let (builder, handle) = Builder::new(parts, config);
    if let Err(error) = builder.check_signer().await {
        if !matches!(error, BuilderError::Node(_)) {
            return Err(NodeError::start(error));
        }
        health.red(Part::Node, error.to_string());
    }

    let debug = NodeDebug { admission: admission.clone(), builder: handle.clone() };
    let backend = Arc::new(NodeBackend {
        admission,
        builder: handle,
        evidence: EvidenceBuilder::new(state, simulator.clone()),
        enforcement: Enforcement::new(simulator, node),
        modules: arguments.modules.clone(),
        policies,
        chain_id,
        signer: signer_address,
    });
    let server = writ_rpc::serve(&ServerConfig::new(arguments.listen), backend.clone())
        .await
        .map_err(NodeError::start)?;
    let debug = match arguments.debug_listen {
        Some(listen) => {
            let options = DebugOptions { numeric_status: arguments.profile == Profile::Compat };
            let config = ServerConfig::new(listen);
            let server = writ_rpc::serve_debug(&config, backend, Arc::new(debug), options).await;
            Some(server.map_err(NodeError::start)?)
        }
        None => None,
    };
    tracing::info!(url = server.url(), chain = chain_id, signer = %signer_address, "bundler is serving");

    let (stop, stopped) = watch::channel(false);
    let serving = async {
        shutdown::requested().await;
        // First no new operations, then the builder ends between two steps; everything is durable.
        server.stop().await;
        if let Some(debug) = debug {
            debug.stop().await;
        }
        let _ = stop.send(true);
    };
    tokio::join!(builder.run(stopped), serving);
    Ok(())
}

/// The policies in the folder that was named, or in the usual one, which need not be there.
pub(crate) fn policies(named: Option<&Path>) -> Result<PolicyStore, NodeError> {
    let usual = Path::new("policies");
    let Some(folder) = named.or_else(|| usual.is_dir().then_some(usual)) else {
        return Ok(PolicyStore::default());
    };
    let worker = policy::worker(WorkerLimits::COMPILE).map_err(NodeError::start)?;
    PolicyStore::open_with(folder, &worker).map_err(NodeError::start)
}

/// The account that sends transactions: exactly one is named.
pub(crate) async fn signer(
    key_file: Option<&Path>,
    account: Option<Address>,
    node: &NodeClient,
) -> Result<BundleSigner, NodeError> {
    match (key_file, account) {
        (Some(file), None) => BundleSigner::new(&read_secret(file)?).map_err(NodeError::start),
        (None, Some(account)) => {
            BundleSigner::unlocked(account, node.clone()).await.map_err(NodeError::start)
        }
        (Some(_), Some(_)) => Err(NodeError::start(
            "--signer-key-file and --signer-address both name who sends the bundles: leave one out",
        )),
        (None, None) => Err(NodeError::start(
            "who sends the bundles? Name a key with --signer-key-file, or an account that the node holds unlocked with \
             --signer-address",
        )),
    }
}

const fn data_availability(
    arguments: &BundlerArguments,
) -> writ_simulation::data_availability::DataAvailability {
    use writ_simulation::data_availability::DataAvailability as Chain;
    match arguments.data_availability {
        DataAvailability::None => Chain::None,
        DataAvailability::OpStack => Chain::OpStack,
        DataAvailability::Arbitrum => Chain::Arbitrum,
    }
}

fn gate(
    arguments: &BundlerArguments,
    simulator: &Simulator,
    node: &NodeClient,
    policies: &PolicyStore,
) -> Result<Gate, NodeError> {
    let mode = match arguments.gate {
        GateMode::Off => writ_gateway::GateMode::Off,
        GateMode::Installed => writ_gateway::GateMode::Installed,
        GateMode::Required => writ_gateway::GateMode::Required,
    };
    let own = arguments.gate_policy.as_deref().map(|file| gate_policy::read(file, policies));
    let own = own.transpose()?;
    if own.is_some() && mode != writ_gateway::GateMode::Required {
        return Err(NodeError::start("--gate-policy is demanded with --gate=required only"));
    }
    if own.is_some() && arguments.operators.is_empty() {
        return Err(NodeError::start(
            "--gate-policy demands attestations of everything: name the operators to ask with --operators",
        ));
    }
    if mode != writ_gateway::GateMode::Off && own.is_none() && arguments.modules.is_empty() {
        return Err(NodeError::start(
            "the gate knows no Writ module: name at least one with --modules, or say --gate=off",
        ));
    }
    let gateway = if arguments.operators.is_empty() {
        // It can still verify attestations that arrive with their operations.
        None
    } else {
        let store =
            DecisionStore::open(&arguments.data_dir.join("decisions")).map_err(NodeError::start)?;
        let options = GatewayOptions {
            operators: arguments
                .operators
                .iter()
                .map(|url| OperatorEndpoint { url: url.to_string(), address: None })
                .collect(),
            time: arguments.quorum_timeout(),
            margin: EXPIRY_MARGIN,
            ..GatewayOptions::default()
        };
        Some(Gateway::new(options, store).map_err(NodeError::start)?)
    };
    let accounts = AccountReader::new(simulator.clone(), arguments.modules.clone());
    let options = GateOptions { mode, margin: EXPIRY_MARGIN };
    Ok(Gate::new(options, accounts, node.clone(), gateway).demanding(own))
}
