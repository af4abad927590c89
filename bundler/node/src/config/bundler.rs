//! `writ bundler`: names, defaults and help of everything the bundler is told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use alloy::primitives::Address;
use clap::{Args, ValueEnum};
use url::Url;
use writ_types::{Constants, Profile};

use super::ConstantArguments;

/// When an operation needs an attestation to be included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GateMode {
    /// Never: a plain ERC-4337 bundler.
    Off,
    /// When the account has a Writ module in Observe or Enforce, or validates by one.
    #[default]
    Installed,
    /// Always: by the policy of --gate-policy if there is one; otherwise accounts without a policy are refused.
    Required,
}

/// What the chain charges for a transaction's bytes, beside the gas of running it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DataAvailability {
    /// Nothing: Ethereum and its test networks.
    #[default]
    None,
    /// A fee told by the GasPriceOracle predeploy: OP Mainnet, Base and others of the stack.
    OpStack,
    /// Gas told by the node's NodeInterface: Arbitrum One and other Nitro chains.
    Arbitrum,
}

/// Everything the bundler is told.
#[derive(Clone, Debug, Args)]
pub struct BundlerArguments {
    /// TOML file; its keys are the names of these flags.
    #[arg(long, env = "WRIT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// JSON-RPC URL of the node. It needs no debug or trace methods.
    #[arg(
        long,
        env = "WRIT_NODE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8545"
    )]
    pub node_url: Url,

    /// Address on which the bundler's JSON-RPC and /health are served.
    #[arg(long, env = "WRIT_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:4337")]
    pub listen: SocketAddr,

    /// Address on which debug_bundler_* is served, for tests: whoever reaches it controls pool, reputation and bundling
    /// (never the gate). Off, if not given.
    #[arg(long, env = "WRIT_DEBUG_LISTEN", value_name = "ADDRESS")]
    pub debug_listen: Option<SocketAddr>,

    /// Address on which metrics are served to Prometheus. Off, if not given.
    #[arg(long, env = "WRIT_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// Folder of the pool, the decisions and the record of submitted bundles. One process at a time.
    #[arg(long, env = "WRIT_DATA_DIR", value_name = "FOLDER", default_value = "writ-data")]
    pub data_dir: PathBuf,

    /// File with the private key (32 bytes in hex) that signs and pays for bundles. It must be
    /// readable by its owner only, and the account must have no code.
    #[arg(long, env = "WRIT_SIGNER_KEY_FILE", value_name = "FILE")]
    pub signer_key_file: Option<PathBuf>,

    /// Instead of a key: an account that the node holds unlocked, as development nodes do.
    #[arg(long, env = "WRIT_SIGNER_ADDRESS", value_name = "ADDRESS")]
    pub signer_address: Option<Address>,

    /// Account that receives the fees of the bundles; the signer, if not given.
    #[arg(long, env = "WRIT_BENEFICIARY", value_name = "ADDRESS")]
    pub beneficiary: Option<Address>,

    /// EntryPoints to serve, preferred first: canonical addresses, comma-separated. If not given, every
    /// canonical one (v0.9, v0.8, v0.7, v0.6) that is deployed on the chain.
    #[arg(long, env = "WRIT_ENTRY_POINTS", value_name = "ADDRESSES", value_delimiter = ',')]
    pub entry_points: Vec<Address>,

    /// What the chain charges for bytes beside gas; preVerificationGas has to pay for it.
    #[arg(long, env = "WRIT_DATA_AVAILABILITY", value_name = "KIND", default_value = "none")]
    pub data_availability: DataAvailability,

    /// When an operation needs an attestation.
    #[arg(long, env = "WRIT_GATE", value_name = "MODE", default_value = "installed")]
    pub gate: GateMode,

    /// JSON file with the policy that --gate=required demands of everything: `threshold`, `operators` (addresses) and
    /// `policies` (each `policy` and `parameters`). The attestations are kept here; nothing enforces them on the chain.
    #[arg(long, env = "WRIT_GATE_POLICY", value_name = "FILE")]
    pub gate_policy: Option<PathBuf>,

    /// Writ modules whose attestations this bundler knows, comma-separated.
    #[arg(long, env = "WRIT_MODULES", value_name = "ADDRESSES", value_delimiter = ',')]
    pub modules: Vec<Address>,

    /// JSON-RPC URLs of the operators to ask, comma-separated.
    #[arg(long, env = "WRIT_OPERATORS", value_name = "URLS", value_delimiter = ',')]
    pub operators: Vec<Url>,

    /// How long the operators have to reach a quorum, in milliseconds.
    #[arg(long, env = "WRIT_QUORUM_TIMEOUT_MS", value_name = "MS", default_value = "3000", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub quorum_timeout_ms: u64,

    /// How often the node is asked for a new head, in milliseconds.
    #[arg(long, env = "WRIT_POLL_INTERVAL_MS", value_name = "MS", default_value = "500", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub poll_interval_ms: u64,

    /// Most operations in the pool.
    #[arg(long, env = "WRIT_POOL_SIZE", value_name = "COUNT", default_value = "10000", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub pool_size: u64,

    /// Most operations in one bundle.
    #[arg(long, env = "WRIT_BUNDLE_SIZE", value_name = "COUNT", default_value = "32", value_parser = clap::value_parser!(u64).range(1..=128))]
    pub bundle_size: u64,

    /// Set of ERC-7562 constants. `default` has the text's values; `compat` is for the public compatibility suite, whose
    /// gas limits and stakes the text's values refuse.
    #[arg(long, env = "WRIT_PROFILE", value_name = "PROFILE", default_value = "default")]
    pub profile: Profile,

    #[command(flatten)]
    #[allow(missing_docs, reason = "its documentation would become that of the command")]
    pub constants: ConstantArguments,

    /// Folder of policy bundles, used to put an account's policy into words (writ_getPolicy). If not given, `policies`
    /// where there is such a folder.
    #[arg(long, env = "WRIT_POLICIES", value_name = "FOLDER")]
    pub policies: Option<PathBuf>,
}

impl BundlerArguments {
    /// The constants of ERC-7562: the profile's, with what was set by itself laid over them.
    #[must_use]
    pub fn constants(&self) -> Constants {
        self.constants.over(Constants::of(self.profile))
    }

    /// How long the operators have to reach a quorum.
    #[must_use]
    pub const fn quorum_timeout(&self) -> Duration {
        Duration::from_millis(self.quorum_timeout_ms)
    }

    /// How often the node is asked for a new head.
    #[must_use]
    pub const fn poll_interval(&self) -> Duration {
        Duration::from_millis(self.poll_interval_ms)
    }
}
