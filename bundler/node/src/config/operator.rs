//! `writ operator`: names, defaults and help of everything an operator is told.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use url::Url;

/// Everything an operator is told.
#[derive(Clone, Debug, Args)]
pub struct OperatorArguments {
    /// TOML file; its keys are the names of these flags.
    #[arg(long, env = "WRIT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// JSON-RPC URL of this operator's own node.
    #[arg(
        long,
        env = "WRIT_NODE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8545"
    )]
    pub node_url: Url,

    /// Address on which the operator answers.
    #[arg(long, env = "WRIT_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:4340")]
    pub listen: SocketAddr,

    /// Address on which metrics are served to Prometheus. Off, if not given.
    #[arg(long, env = "WRIT_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// Folder of the signing log. One process at a time; never restore it from a backup.
    #[arg(
        long,
        env = "WRIT_DATA_DIR",
        value_name = "FOLDER",
        default_value = "writ-operator-data"
    )]
    pub data_dir: PathBuf,

    /// Folder of the index of accounts' histories: what is read from the node once need not be read again. One process at a
    /// time; it can be deleted. Beside the signing log, if not given.
    #[arg(long, env = "WRIT_HISTORY_DIR", value_name = "FOLDER")]
    pub history_dir: Option<PathBuf>,

    /// Most blocks of histories that are kept, of all accounts together, some hundred bytes each; 0 keeps none.
    #[arg(long, env = "WRIT_HISTORY_BLOCKS", value_name = "BLOCKS", default_value = "262144", value_parser = clap::value_parser!(u32).range(0..=16_777_216))]
    pub history_blocks: u32,

    /// File with the private key (32 bytes in hex) that signs decisions. It must be readable by
    /// its owner only.
    #[arg(long, env = "WRIT_OPERATOR_KEY_FILE", value_name = "FILE")]
    pub key_file: PathBuf,

    /// Folder of policy bundles; each is loaded under the hash of its content.
    #[arg(long, env = "WRIT_POLICIES", value_name = "FOLDER", default_value = "policies")]
    pub policies: PathBuf,

    /// Oldest block, counted from this node's head, on which a decision may rest.
    #[arg(long, env = "WRIT_MAX_BLOCK_AGE", value_name = "BLOCKS", default_value = "8", value_parser = clap::value_parser!(u64).range(0..=256))]
    pub max_block_age: u64,

    /// Longest validity of an attestation, in seconds.
    #[arg(long, env = "WRIT_MAX_VALIDITY", value_name = "SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(12..=86_399))]
    pub max_validity: u64,
}
