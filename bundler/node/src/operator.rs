//! `writ operator`: one operator until it is told to stop.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use writ_attestation::OperatorKey;
use writ_operator::{Operator, OperatorConfig, OperatorServer};
use writ_policy::WorkerLimits;

use crate::{NodeError, config::OperatorArguments, metrics, policy, shutdown};

/// Runs the operator until SIGINT or SIGTERM.
///
/// # Errors
/// When its key, policies, signing log, node or address cannot be used; each says what to do.
pub async fn run(arguments: OperatorArguments) -> Result<(), NodeError> {
    metrics::serve(arguments.metrics_listen)?;
    let key = OperatorKey::from_file(&arguments.key_file)?;
    let history = arguments.history_dir.unwrap_or_else(|| beside(&arguments.data_dir));
    let mut config = OperatorConfig::new(
        key,
        arguments.node_url.to_string(),
        arguments.policies,
        arguments.data_dir,
    );
    config.listen = arguments.listen;
    config.worker = Some(policy::worker(WorkerLimits::COMPILE).map_err(NodeError::start)?);
    config.max_block_age = arguments.max_block_age;
    config.validity = arguments.max_validity;
    config.history = match arguments.history_blocks {
        0 => None,
        blocks => Some((history, blocks as usize)),
    };
    let limits = config.limits;
    let operator = Arc::new(Operator::open(config).await.map_err(Box::new)?);
    let identity = operator.identity();
    let server = OperatorServer::start(operator, arguments.listen, limits)
        .await
        .map_err(|source| NodeError::Listen { address: arguments.listen, source })?;
    tracing::info!(
        address = %identity.address,
        chain = identity.chain_id,
        url = server.url(),
        "operator is serving"
    );
    shutdown::requested().await;
    server.shutdown().await;
    Ok(())
}

/// The folder of the same name with `-history` behind it.
fn beside(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push("-history");
    folder.with_file_name(name)
}
