//! `writ challenge`: re-evaluates what operators attested, and proves on the chain what they attested wrongly.
//!
//! ```text
//! --operation, --watch: UserOperationEvent ──> handleOps ──> suffix ──┐   account's configurations (chain)
//! --source: evidence by its hash ─────────────────────────────────────┼──────────────┘
//! --claim: all of it in a file ───────────────────────────────────────┴─> judge ──> right │ unprovable │ wrong
//!                                                                                                        │
//!                              --dry-run: the transaction, tried and printed  <──────────────────────────┤
//!                              otherwise: sent, and the bonds read back  <───────────────────────────────┘
//! ```
//!
//! Invariants:
//! * What is sent was tried on the newest block by the disputes contract itself: nobody pays for a proof that fails.
//! * Nothing is asked of those who signed but the evidence, which anybody else may serve as well.
//! * What cannot be judged is said aloud and is an error at the end; it never passes for right.
//! * Blocks, operations and sources of one run are bounded.

mod chain;
mod error;
mod source;

use std::{io::Write as _, path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes},
    sol_types::{SolCall, SolInterface},
};
use clap::Args;
use url::Url;
use writ_bindings::{WritDisputes, WritDisputes::WritDisputesErrors};
use writ_challenger::{Claim, Judgement, challenge, judge};
use writ_policy::PolicyStore;
use writ_simulation::{
    CallFailure, NodeClient, NodeOptions, PinnedBlock, Simulator, StateOptions, StateProvider,
};
use writ_types::EntryPointVersion;

use self::{
    chain::{Chain, Included, attested, included},
    source::{Source, evidence},
};
use crate::{
    bundler, shutdown,
    sync::{SendingArguments, send::send},
};

pub use error::ChallengeError;

/// Most sources of evidence.
const MOST_SOURCES: usize = 32;
/// Most modules.
const MOST_MODULES: usize = 16;
/// Most operations that are looked at again.
const MOST_OPEN: usize = 1_024;
/// Most blocks that are looked at in one question.
const MOST_BLOCKS: u64 = 2_000;

/// What the command is told.
#[derive(Clone, Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["claim", "operation", "watch"])))]
pub struct ChallengeArguments {
    /// The disputes contract of the operators' registry.
    #[arg(long, value_name = "ADDRESS")]
    pub disputes: Address,

    /// Folder of the policies, as operators have it.
    #[arg(long, value_name = "FOLDER")]
    pub policies: PathBuf,

    /// A decision with everything behind its hashes, as `--save` writes it.
    #[arg(long, value_name = "FILE")]
    pub claim: Option<PathBuf>,

    /// The operation with this userOpHash, as it was included.
    #[arg(long, value_name = "HASH", requires = "modules")]
    pub operation: Option<B256>,

    /// Every attested operation, block after block, until SIGINT or SIGTERM.
    #[arg(long, requires = "modules")]
    pub watch: bool,

    /// The Writ modules whose attestations are looked at, comma-separated.
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    pub modules: Vec<Address>,

    /// Who may have evidence: URLs of bundlers and operators, comma-separated.
    #[arg(long = "source", value_name = "URLS", value_delimiter = ',')]
    pub sources: Vec<Url>,

    /// The first block that is looked at, for operations and for what accounts configured.
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    pub from_block: u64,

    /// JSON-RPC URL of the node. It needs no debug or trace methods.
    #[arg(
        long,
        env = "WRIT_NODE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8545"
    )]
    pub node_url: Url,

    /// Send nothing: print the transaction that would be sent.
    #[arg(long)]
    pub dry_run: bool,

    /// Writes a decision that is wrong into this folder, by its digest, to be challenged again with `--claim`.
    #[arg(long, value_name = "FOLDER")]
    pub save: Option<PathBuf>,

    /// Who gets the reporter's part of the bonds. Without it: who sends.
    #[arg(long, value_name = "ADDRESS")]
    pub reporter: Option<Address>,

    /// Who signs and pays, and how much.
    #[command(flatten)]
    pub sending: SendingArguments,

    /// With `--watch`: seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value = "12", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub every: u64,
}

/// Judges what was named, and challenges what is wrong.
///
/// # Errors
/// When something cannot be judged, or what is wrong was not challenged; the others are done all the same. With `--watch` only
/// what cannot get better by waiting.
pub async fn run(arguments: ChallengeArguments) -> Result<(), ChallengeError> {
    let (sources, modules) = (arguments.sources.len(), arguments.modules.len());
    if sources > MOST_SOURCES {
        return Err(ChallengeError::TooMany(sources, MOST_SOURCES, "sources"));
    }
    if modules > MOST_MODULES {
        return Err(ChallengeError::TooMany(modules, MOST_MODULES, "modules"));
    }
    // In children, as operators compile them: a policy may be anybody's.
    let policies = bundler::policies(Some(&arguments.policies));
    let policies = policies.map_err(|error| ChallengeError::Policies(error.to_string()))?;
    let client = NodeClient::new(arguments.node_url.as_str(), NodeOptions::default())?;
    let signer = if arguments.dry_run {
        None
    } else {
        let signer = arguments.sending.signer(&client).await;
        let signer = signer.map_err(|error| ChallengeError::Signer(error.to_string()))?;
        Some(signer.ok_or(ChallengeError::NoSigner)?)
    };
    let sources: Result<_, _> = arguments.sources.iter().map(Source::new).collect();
    let challenger = Challenger {
        simulator: Simulator::default(),
        state: StateProvider::new(client, StateOptions::default()),
        sources: sources?,
        policies,
        signer,
        arguments,
    };
    if let Some(file) = &challenger.arguments.claim {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| ChallengeError::File(name.clone(), error))?;
        let claim =
            serde_json::from_str(&text).map_err(|error| ChallengeError::NoClaim(name, error))?;
        return challenger.look_at(&claim).await;
    }
    match challenger.arguments.operation {
        Some(hash) => challenger.operation(hash).await,
        None => challenger.watch().await,
    }
}

/// Everything that a run needs.
struct Challenger {
    simulator: Simulator,
    state: StateProvider,
    sources: Vec<Source>,
    policies: PolicyStore,
    signer: Option<writ_builder::BundleSigner>,
    arguments: ChallengeArguments,
}

impl Challenger {
    fn entry_points() -> Vec<Address> {
        let enforced = EntryPointVersion::ALL.into_iter().filter(|version| version.is_packed());
        enforced.map(EntryPointVersion::canonical_address).collect()
    }

    async fn operation(&self, hash: B256) -> Result<(), ChallengeError> {
        let from = self.arguments.from_block;
        let newest = self.state.latest().await?.number();
        let entry_points = Self::entry_points();
        let found = included(self.state.client(), &entry_points, Some(hash), from, newest).await?;
        let found = found.first().ok_or(ChallengeError::UnknownOperation(hash, from))?;
        self.judge(found).await
    }

    /// Block after block. What cannot be judged or challenged now is looked at again with every round.
    async fn watch(&self) -> Result<(), ChallengeError> {
        let mut next = self.arguments.from_block;
        let mut open: Vec<Included> = Vec::new();
        let stop = shutdown::requested();
        tokio::pin!(stop);
        loop {
            for one in std::mem::take(&mut open) {
                // Said when it was seen first.
                if self.judge(&one).await.is_err_and(|error| error.is_transient()) {
                    open.push(one);
                }
            }
            match self.blocks(next, &mut open).await {
                Ok(after) => next = after,
                Err(error) => eprintln!("writ: {error}; trying again"),
            }
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(Duration::from_secs(self.arguments.every)) => {}
            }
        }
    }

    /// Judges what the blocks from `next` on included; gives the first block that was not looked at.
    async fn blocks(&self, mut next: u64, open: &mut Vec<Included>) -> Result<u64, ChallengeError> {
        let newest = self.state.latest().await?.number();
        while next <= newest {
            let to = newest.min(next.saturating_add(MOST_BLOCKS - 1));
            let found =
                included(self.state.client(), &Self::entry_points(), None, next, to).await?;
            for one in found {
                match self.judge(&one).await {
                    // Of accounts that Writ does not protect.
                    Ok(())
                    | Err(ChallengeError::NotAttested(_) | ChallengeError::OtherCall { .. }) => {}
                    Err(error) => {
                        say(&format!("{}: {error}", one.hash))?;
                        if error.is_transient() {
                            open.push(one);
                        }
                    }
                }
            }
            if let Some(more) = open.len().checked_sub(MOST_OPEN).filter(|more| *more > 0) {
                open.drain(..more);
                eprintln!("writ: {more} operations that could not be judged are given up");
            }
            next = to.saturating_add(1);
        }
        Ok(next)
    }

    async fn judge(&self, included: &Included) -> Result<(), ChallengeError> {
        let (operation, suffix) = attested(self.state.client(), included).await?;
        let hash = suffix.evidence;
        let Some(evidence) = evidence(&self.sources, hash).await else {
            return Err(ChallengeError::EvidenceMissing(hash, self.sources.len()));
        };
        let block = self.state.latest().await?;
        let chain = Chain {
            node: self.state.client(),
            simulator: &self.simulator,
            block: &block,
            registry: self.registry(&block).await?,
            modules: &self.arguments.modules,
            from: self.arguments.from_block,
        };
        let claim = chain.claim(included, &operation, suffix, evidence).await?;
        say(&format!("operation {}", included.hash))?;
        self.look_at(&claim).await
    }

    /// The registry whose operators the disputes contract holds to what they sign.
    async fn registry(&self, block: &PinnedBlock) -> Result<Address, ChallengeError> {
        let disputes = self.arguments.disputes;
        let call = WritDisputes::OPERATORSCall {}.abi_encode();
        let answer = self.simulator.call(block, disputes, call.into()).await?;
        let answer = answer.map_err(|failure| failure.to_string()).and_then(|answer| {
            WritDisputes::OPERATORSCall::abi_decode_returns_validate(&answer)
                .map_err(|error| error.to_string())
        });
        answer.map_err(|reason| ChallengeError::Disputes { disputes, reason })
    }

    /// Says what a decision is worth, and challenges it if it is wrong.
    async fn look_at(&self, claim: &Claim) -> Result<(), ChallengeError> {
        match judge(claim, &self.policies)? {
            Judgement::Right => {
                say("right: every policy was re-executed, and allows what was attested")
            }
            Judgement::Unprovable(policies) => {
                for policy in policies {
                    let (place, id) = (policy.index, policy.policy_id);
                    say(&format!("not provable: policy {place} ({id}): {}", policy.reason))?;
                }
                Ok(())
            }
            Judgement::Wrong(wrong) => {
                say(&format!("wrong: {wrong}"))?;
                if let Some(folder) = &self.arguments.save {
                    save(folder, claim)?;
                }
                self.prove(claim, &wrong).await
            }
        }
    }

    async fn prove(
        &self,
        claim: &Claim,
        wrong: &writ_challenger::Wrong,
    ) -> Result<(), ChallengeError> {
        let disputes = self.arguments.disputes;
        let sender = self.signer.as_ref().map(writ_builder::BundleSigner::address);
        let reporter = self.arguments.reporter.or(sender).unwrap_or_default();
        let call = challenge(claim, wrong, reporter)?;
        let block = self.state.latest().await?;
        let taken = self.simulator.call(&block, disputes, call.clone()).await?;
        let taken = taken.map_err(|failure| ChallengeError::Refused(said(&failure)))?;
        let taken = WritDisputes::disproveDecisionCall::abi_decode_returns_validate(&taken)
            .map_err(|error| ChallengeError::Disputes { disputes, reason: error.to_string() })?;
        say(&format!("the proof goes through: it takes {taken} wei of bonds"))?;
        let Some(signer) = &self.signer else {
            return say(&format!("to   {disputes}\ndata {call}"));
        };
        let sending = &self.arguments.sending;
        let transaction = send(&self.state, signer, disputes, call, sending).await?;
        say(&format!(
            "proven by transaction {transaction}; collect what {reporter} is owed at the registry"
        ))
    }
}

/// Keeps a claim under its digest.
fn save(folder: &std::path::Path, claim: &Claim) -> Result<(), ChallengeError> {
    let digest = claim.attestation.digest(&claim.domain).unwrap_or_default();
    let path = folder.join(format!("{digest}.json"));
    let name = path.display().to_string();
    let failed = |error: std::io::Error| ChallengeError::File(name.clone(), error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let text = serde_json::to_string_pretty(claim)
        .map_err(|error| ChallengeError::NoClaim(name.clone(), error))?;
    std::fs::write(&path, text).map_err(failed)?;
    say(&format!("kept in {name}"))
}

/// The contract's refusal in words.
fn said(failure: &CallFailure) -> String {
    let CallFailure::Reverted(data) = failure else { return failure.to_string() };
    let bytes: &Bytes = data;
    WritDisputesErrors::abi_decode(bytes)
        .map_or_else(|_| failure.to_string(), |error| format!("{error:?}"))
}

fn say(line: &str) -> Result<(), ChallengeError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(ChallengeError::Output)
}
