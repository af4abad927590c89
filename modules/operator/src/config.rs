//! What an operator is made from.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use writ_attestation::OperatorKey;
use writ_policy::Worker;
use writ_types::{EntryPoint, EntryPointVersion};

use crate::ServerLimits;

/// Most blocks that a named block may be behind the node's newest one.
pub const DEFAULT_MAX_BLOCK_AGE: u64 = 8;

/// Seconds that an allow holds after its block, unless a policy wants less.
///
/// Part of what is signed: all operators of a set need the same value, or their digests differ.
pub const DEFAULT_VALIDITY: u64 = 300;

/// The module's own limit on a validity window, in seconds.
pub const MAX_VALIDITY: u64 = 86_400 - 1;

/// Everything that an operator is started with. The key erases itself when dropped and is never printed.
#[derive(Debug)]
pub struct OperatorConfig {
    /// The signing key.
    pub key: OperatorKey,
    /// URL of the operator's own node.
    pub node: String,
    /// Directory of the policies that it knows.
    pub policies: PathBuf,
    /// The program that compiles each of them first, within limits. Without it they are compiled in this process, unbounded:
    /// only for policies that were read by who starts the operator.
    pub worker: Option<Worker>,
    /// Directory of the signing log. It belongs to the key: never start a key on an empty log that has signed before.
    pub log: PathBuf,
    /// Where what was read of accounts' histories is kept, and at most how many blocks of them; nothing is kept without.
    /// It changes no answer, only how much is asked of the node. Never shared by two processes.
    pub history: Option<(PathBuf, usize)>,
    /// Where to listen; loopback unless something in front adds authentication and rate limits.
    pub listen: SocketAddr,
    /// EntryPoints that operations may be for.
    pub entry_points: Vec<EntryPoint>,
    /// Most blocks that a named block may be behind.
    pub max_block_age: u64,
    /// Seconds that an allow holds at most, up to [`MAX_VALIDITY`].
    pub validity: u64,
    /// Decisions under way at once; more are answered `busy`.
    pub concurrency: usize,
    /// Bounds of the server.
    pub limits: ServerLimits,
}

impl OperatorConfig {
    /// A configuration with defaults: loopback on a free port, the canonical EntryPoints, histories read from the
    /// node each time. (No module
    /// enforces a decision on v0.6.)
    #[must_use]
    pub fn new(key: OperatorKey, node: String, policies: PathBuf, log: PathBuf) -> Self {
        Self {
            key,
            node,
            policies,
            worker: None,
            log,
            history: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            entry_points: EntryPointVersion::ALL.into_iter().map(EntryPoint::canonical).collect(),
            max_block_age: DEFAULT_MAX_BLOCK_AGE,
            validity: DEFAULT_VALIDITY,
            concurrency: 16,
            limits: ServerLimits { connections: 64, request_time: Duration::from_secs(15) },
        }
    }
}
