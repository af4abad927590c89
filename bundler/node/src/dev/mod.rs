//! `writ dev`: a whole Writ on a development chain, and a demonstration of it.
//!
//! ```text
//! writ dev ─┬─ anvil (child)       EntryPoints v0.7 and v0.8, Writ's module, a token, two accounts
//!           ├─ operator ×3 (child) own key, own store, own socket
//!           ├─ bundler (child)     the public RPC
//!           └─ play                what a wallet tries, through the RPC and around it ─> transcript
//! ```
//!
//! Invariants: every child ends when this process does; every refusal is checked by its exact code
//! or error selector and has a control that goes through; nothing is printed as done that was not
//! seen on the chain or in an answer.

mod chain;
mod children;
mod direct;
mod error;
mod limits;
mod network;
mod play;
mod screen;
mod services;
mod stage;
mod transcript;
mod wallet;
mod workplace;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use self::play::Play;
pub use self::{
    chain::{CHAIN_ID, Chain, free_port},
    children::ChildProcess,
    direct::{DirectOutcome, EntryPointRefusal, handle_ops},
    error::DevError,
    limits::{Limits, in_tokens, tokens},
    network::DevNetwork,
    screen::Screen,
    services::{BundlerProcess, OperatorProcess},
    stage::{Stage, StagePolicy, THRESHOLD},
    transcript::{Claim, Transcript},
    wallet::{BundlerClient, RpcFailure, Wallet},
    workplace::Workplace,
};

/// What `writ dev` is told.
#[derive(Clone, Debug, Args)]
pub struct DevArguments {
    /// Exit after the demonstration: 0 only if all went as described.
    #[arg(long)]
    pub once: bool,

    /// Script to run on the transcript while the chain is still up; its failure is ours.
    #[arg(long, value_name = "SCRIPT")]
    pub verify: Option<PathBuf>,

    /// Root of the checkout, with `node_modules` and `policies`.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub root: PathBuf,

    /// Folder for keys, stores, logs and the transcript; emptied at the start.
    #[arg(long, value_name = "FOLDER", default_value_os_t = std::env::temp_dir().join(format!("writ-dev-{}", std::process::id())))]
    pub folder: PathBuf,

    /// Port of the bundler's RPC; a free one, if not given and 4337 is taken.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
}

/// Sets the stage, plays the demonstration and, unless `--once`, serves until it is told to stop.
///
/// # Errors
/// The first thing that did not go as described; every child has been ended by then.
pub async fn run(arguments: DevArguments) -> Result<(), DevError> {
    tokio::select! {
        outcome = play(arguments) => outcome,
        () = crate::shutdown::requested() => Ok(()),
    }
}

async fn play(arguments: DevArguments) -> Result<(), DevError> {
    let program = std::env::current_exe()
        .map_err(|source| DevError::Start { name: "writ".into(), source })?;
    let workplace = Workplace::open(arguments.folder.clone(), arguments.root.clone(), program)?;
    let screen = Screen::new();
    screen.heading("Writ: an operation settles only when its account's policy authorized it");
    let port = match arguments.port {
        Some(port) => port,
        None => usual_port()?,
    };
    let network = DevNetwork::start(&workplace, &screen, port).await?;
    let mut play = Play::new(screen, network);
    play.run().await?;

    let path = workplace.folder().join("transcript.json");
    let text = serde_json::to_vec_pretty(&play.transcript)
        .map_err(|error| DevError::unexpected(format!("transcript: {error}")))?;
    std::fs::write(&path, text)
        .map_err(|source| DevError::Workplace { path: path.clone(), source })?;
    if let Some(script) = &arguments.verify {
        play.screen.heading("From the chain alone");
        verify(script, &path).await?;
    }
    play.screen.heading("All of it went as described.");
    play.screen.step("transcript", &path.display().to_string());
    if !arguments.once {
        invite(&play);
        // Until a signal, which ends this future and with it every child.
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// 4337 if it is free, else any.
fn usual_port() -> Result<u16, DevError> {
    if std::net::TcpListener::bind(("127.0.0.1", 4337)).is_ok() {
        return Ok(4337);
    }
    chain::free_port()
}

async fn verify(script: &PathBuf, transcript: &PathBuf) -> Result<(), DevError> {
    let status = tokio::process::Command::new(script)
        .arg(transcript)
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|source| DevError::Start { name: script.display().to_string(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(DevError::NotVerified { script: script.clone(), status: status.to_string() })
}

/// What to try next, ready to be copied.
fn invite(play: &Play) {
    let screen = &play.screen;
    screen.heading("Still serving; Ctrl-C stops everything. Try:");
    for (method, params) in [
        ("writ_getPolicy", json!([play.network.stage.account_v08])),
        ("writ_getDecision", json!([play.last_included()])),
    ] {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let url = play.network.bundler.url();
        screen.line(&format!("  curl -s {url} -H 'content-type: application/json' -d '{request}'"));
    }
}
