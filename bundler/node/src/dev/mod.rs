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
mod play;
mod screen;
mod services;
mod stage;
mod transcript;
mod wallet;
mod workplace;

use std::path::PathBuf;

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use clap::Args;
use serde_json::json;
use writ_attestation::OperatorSet;
use writ_policy::{PolicyStore, policy_commitment};
use writ_types::{EntryPoint, EntryPointVersion};

pub use self::{
    chain::Chain,
    children::ChildProcess,
    error::DevError,
    screen::Screen,
    services::{BundlerProcess, OperatorProcess},
    stage::Stage,
    transcript::{Claim, Transcript},
    wallet::{RpcFailure, Wallet},
    workplace::Workplace,
};
use self::{
    limits::{Limits, in_tokens, tokens},
    play::Play,
    services::development_key,
    stage::StagePolicy,
    wallet::{BundlerClient, sending_provider},
};

const PER_OPERATION: u64 = 100;
const PER_DAY: u64 = 200;
const OPERATORS: usize = 3;

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

/// Sets the stage, plays the demonstration and, unless `--once`, serves until Ctrl-C.
///
/// # Errors
/// The first thing that did not go as described; every child has been ended by then.
pub async fn run(arguments: DevArguments) -> Result<(), DevError> {
    let interrupted = tokio::signal::ctrl_c();
    tokio::select! {
        outcome = play(arguments) => outcome,
        _ = interrupted => Ok(()),
    }
}

async fn play(arguments: DevArguments) -> Result<(), DevError> {
    let workplace = Workplace::open(arguments.folder.clone(), arguments.root.clone())?;
    let screen = Screen::new();
    screen.heading("Writ: an operation settles only when its account's policy authorized it");
    let chain = Chain::start(&workplace).await?;
    screen.step("anvil", &format!("{} (chain {})", chain.url(), chain::CHAIN_ID));

    let deployer = development_key(0)?;
    let provider = sending_provider(chain.url().clone(), deployer.clone());
    let token = Stage::ground(&workplace, provider.clone(), deployer.address()).await?;
    for version in [EntryPointVersion::V07, EntryPointVersion::V08] {
        screen.step(
            &format!("EntryPoint {version}"),
            &EntryPoint::canonical(version).address.to_string(),
        );
    }
    screen.step("Writ module", &writ_bindings::module_address().to_string());
    screen.step("token DEMO", &token.to_string());

    let mut operators = Vec::with_capacity(OPERATORS);
    for number in 1..=OPERATORS {
        let key = PrivateKeySigner::random();
        let operator = OperatorProcess::start(&workplace, number, &key, chain.url()).await?;
        screen.step(&format!("operator {number}"), &format!("{} signs as {}", operator.url(), operator.address()));
        operators.push(operator);
    }
    let set = OperatorSet::new(operators.iter().map(OperatorProcess::address).collect())
        .map_err(|error| DevError::unexpected(format!("operator set: {error}")))?;

    let owner = PrivateKeySigner::random();
    let policy = spending_policy(&workplace, token)?;
    let stage = Stage::accounts(
        provider, deployer.address(), token, &set, &policy, &owner, tokens(10_000),
    )
    .await?;
    screen.step("account on v0.8", &stage.account_v08.to_string());
    screen.step("account on v0.7", &stage.account_v07.to_string());
    let (per_operation, per_day) = (tokens(PER_OPERATION), tokens(PER_DAY));
    screen.step(
        "policy",
        &format!(
            "agent-spending: at most {} an operation and {} a day; {} of {OPERATORS} operators must sign",
            in_tokens(per_operation), in_tokens(per_day), stage::THRESHOLD,
        ),
    );

    let port = bundler_port(arguments.port)?;
    let bundler = BundlerProcess::start(
        &workplace, port, &development_key(1)?, chain.url(), stage.module, &operators,
    )
    .await?;
    screen.step("bundler", bundler.url().as_str());

    let client = BundlerClient::new(bundler.url().clone());
    let wallet = |account, version| {
        Wallet::new(
            account,
            EntryPoint::canonical(version),
            stage.module,
            owner.clone(),
            chain::CHAIN_ID,
            chain.url().clone(),
            client.clone(),
        )
    };
    let transcript = Transcript {
        node: chain.url().to_string(),
        module: stage.module,
        token,
        per_operation,
        per_day,
        accounts: vec![stage.account_v08, stage.account_v07],
        claims: Vec::new(),
    };
    let mut play = Play {
        screen,
        wallet: wallet(stage.account_v08, EntryPointVersion::V08),
        wallet_v07: wallet(stage.account_v07, EntryPointVersion::V07),
        owner,
        limits: Limits::new(per_operation, per_day, policy),
        operators,
        transcript,
        stage,
    };
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
        invite(&play, &bundler);
        // Until Ctrl-C, which ends this future and with it every child.
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// The spending policy of the checkout, with limits on `token`.
fn spending_policy(workplace: &Workplace, token: Address) -> Result<StagePolicy, DevError> {
    let failed = |what: String| DevError::unexpected(format!("policy agent-spending: {what}"));
    let store =
        PolicyStore::open(&workplace.policies()).map_err(|error| failed(error.to_string()))?;
    let policy = store
        .by_name("agent-spending")
        .ok_or_else(|| failed("it is not in the folder `policies`".into()))?;
    let token = format!("{token:#x}");
    // Written as text: the amounts are beyond what JSON libraries keep exact.
    let parameters = format!(
        r#"{{
            "limits": [{{"asset": "{token}", "symbol": "DEMO", "decimals": 18,
                         "perOperation": {}, "perDay": {}}}],
            "targets": [{{"address": "{token}", "selectors": ["0xa9059cbb"]}}],
            "spenders": [], "paymasters": [],
            "feePerOperation": 100000000000000000, "validFor": 300
        }}"#,
        tokens(PER_OPERATION),
        tokens(PER_DAY),
    );
    let parameters =
        policy.parameters_from_json(&parameters).map_err(|error| failed(error.to_string()))?;
    let id = policy.policy_id();
    Ok(StagePolicy {
        id,
        parameters: parameters.encoded().to_vec().into(),
        commitment: policy_commitment(&[(id, parameters.hash())]),
        reads_history: policy.manifest().reads_history,
    })
}

/// 4337 if it is free and none was asked for.
fn bundler_port(asked: Option<u16>) -> Result<u16, DevError> {
    match asked {
        Some(port) => Ok(port),
        None if std::net::TcpListener::bind(("127.0.0.1", 4337)).is_ok() => Ok(4337),
        None => chain::free_port(),
    }
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
fn invite(play: &Play, bundler: &BundlerProcess) {
    let screen = &play.screen;
    screen.heading("Still serving; Ctrl-C stops everything. Try:");
    let account = play.stage.account_v08;
    screen.line(&format!(
        "  curl -s {} -H 'content-type: application/json' -d '{}'",
        bundler.url(),
        json!({"jsonrpc": "2.0", "id": 1, "method": "writ_getPolicy", "params": [account]})
    ));
}
