//! `writ sync`: moves accounts that follow a registry to its newest epoch, as soon as the module's rules allow it.
//!
//! ```text
//! account ── configurationOf ──> registry, epoch ── latestEpoch ──> newest epoch that `sync` takes, tried in revm (standing)
//!                                                                             │
//!                                  without --send: the call, printed  <───────┤
//!                                  with it: one transaction after the other <─┘ (send) ──> read back
//! ```
//!
//! Invariants:
//! * What is sent was tried on the newest block, by the module itself: no rule of it is repeated here.
//! * Anybody may call `sync`, so that the signer needs gas and no right. Run again, only what is missing is done.
//! * Nothing is sent while a transaction of the signer waits: it may be the same one.
//! * Accounts, epochs tried, waiting for a transaction: all bounded.

mod error;
pub(crate) mod send;
mod standing;

use std::{io::Write as _, time::Duration};

use alloy::primitives::Address;
use clap::Args;
use url::Url;
use writ_simulation::{NodeClient, NodeOptions, Simulator, StateOptions, StateProvider};

pub use error::SyncError;
pub use send::SendingArguments;
pub use standing::{Move, Standing, standing};

use crate::shutdown;

/// Most accounts of one run.
const MOST_ACCOUNTS: usize = 256;

/// What the command is told.
#[derive(Clone, Debug, Args)]
pub struct SyncArguments {
    /// JSON-RPC URL of the node. It needs no debug or trace methods.
    #[arg(
        long,
        env = "WRIT_NODE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8545"
    )]
    pub node_url: Url,

    /// The Writ module.
    #[arg(long, value_name = "ADDRESS")]
    pub module: Address,

    /// The accounts, comma-separated; at most 256.
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',', required = true)]
    pub accounts: Vec<Address>,

    /// Send the calls. Without it they are printed, and nothing is sent.
    #[arg(long)]
    pub send: bool,

    /// Who signs and pays, and how much.
    #[command(flatten)]
    pub sending: SendingArguments,

    /// Look again every so many seconds, until SIGINT or SIGTERM. Without it: once.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub every: Option<u64>,
}

/// Looks at every account, and sends or prints what is due.
///
/// # Errors
/// Once: when an account cannot be looked at, or what was due was not done; the others are done all the same. With `--every`
/// only what cannot get better by waiting.
pub async fn run(mut arguments: SyncArguments) -> Result<(), SyncError> {
    arguments.accounts.sort_unstable();
    arguments.accounts.dedup();
    if arguments.accounts.len() > MOST_ACCOUNTS {
        return Err(SyncError::TooManyAccounts(arguments.accounts.len(), MOST_ACCOUNTS));
    }
    let client = NodeClient::new(arguments.node_url.as_str(), NodeOptions::default())?;
    let signer = if arguments.send {
        let signer = arguments.sending.signer(&client).await;
        let signer = signer.map_err(|error| SyncError::Signer(error.to_string()))?;
        Some(signer.ok_or(SyncError::NoSigner)?)
    } else {
        None
    };
    let state = StateProvider::new(client, StateOptions::default());
    let keeper = Keeper { simulator: Simulator::default(), state, signer, arguments };
    let Some(every) = keeper.arguments.every.map(Duration::from_secs) else {
        return keeper.once().await;
    };
    let stop = shutdown::requested();
    tokio::pin!(stop);
    loop {
        // Between two transactions and not within one: what was sent is waited for.
        if let Err(error) = keeper.once().await {
            eprintln!("writ: {error}; trying again in {} seconds", every.as_secs());
        }
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = tokio::time::sleep(every) => {}
        }
    }
}

/// Everything that a run needs.
struct Keeper {
    simulator: Simulator,
    state: StateProvider,
    signer: Option<writ_builder::BundleSigner>,
    arguments: SyncArguments,
}

impl Keeper {
    async fn once(&self) -> Result<(), SyncError> {
        let mut failed = Vec::new();
        for account in &self.arguments.accounts {
            if let Err(error) = self.one(*account).await {
                say(&format!("{account}: {error}"))?;
                failed.push(*account);
            }
        }
        match failed[..] {
            [] => Ok(()),
            [first, ..] => Err(SyncError::NotDone { first, count: failed.len() }),
        }
    }

    async fn one(&self, account: Address) -> Result<(), SyncError> {
        let module = self.arguments.module;
        let block = self.state.latest().await?;
        let found = standing(&self.simulator, &block, module, account).await?;
        say(&format!("{account}: {found}"))?;
        let Standing::Due(due) = found else { return Ok(()) };
        let Some(signer) = &self.signer else {
            return say(&format!("to   {module}\ndata {}", due.call(account)));
        };
        let call = due.call(account);
        let sent = send::send(&self.state, signer, module, call, &self.arguments.sending).await?;
        // Somebody else may have been faster, and gone further.
        let block = self.state.latest().await?;
        let epoch = standing::epoch_of(&self.simulator, &block, module, account).await?;
        if epoch < due.to {
            return Err(SyncError::NotMoved { transaction: sent, epoch, wanted: due.to });
        }
        say(&format!("{account}: is on epoch {epoch}, by transaction {sent}"))
    }
}

fn say(line: &str) -> Result<(), SyncError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(SyncError::Output)
}
