//! `writ policy`: the tools of a policy's author.
//!
//! ```text
//! writ policy check | test | eval | pack ── files ──> `writ policy-worker` (limits on time and memory) ── report ──> text | JSON
//! writ policy register ──────────────────── files ──> `writ policy-worker` ── program ──> the chain's registry of policies
//! ```
//!
//! Whatever looks at a policy does it in a child process, so that a hostile one costs some seconds and nothing else. The
//! operator and the bundler compile their policy stores in such children, too.
//!
//! Exit codes: 0, the answer is yes; 1, there is no answer, since arguments or files cannot be used; 2, the answer is no (an operator
//! would refuse the bundle, a test failed, the operation is denied, the manifest is out of date); 3, there is no answer, since a limit
//! was reached or the two engines differ.

mod check;
mod error;
mod eval;
mod job;
mod pack;
pub mod register;
mod test;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use writ_policy::{Limits, WorkerLimits, read_files};

pub use error::PolicyError;
use job::{Answer, Job, Request};
pub(crate) use job::{WORKER, serve, worker};
use register::RegisterArguments;

/// What `writ policy` is told.
#[derive(Clone, Debug, Args)]
pub struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,

    /// How the answer is written.
    #[arg(long, value_enum, global = true, default_value = "text")]
    format: Format,

    /// Processor time that the work may take, for each bundle. Without it, what suits the command.
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    cpu_seconds: Option<u64>,

    /// Address space that the work may take, in MiB.
    #[arg(long, global = true, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..=1_048_576))]
    memory_mib: Option<u64>,
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// One JSON document on standard output.
    Json,
}

#[derive(Clone, Debug, Subcommand)]
enum PolicyCommand {
    /// Look at bundles as an operator does: what would be refused and why, whether they are provable, which rules no test needs.
    Check {
        /// The bundles' folders.
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// Warnings count as errors.
        #[arg(long)]
        strict: bool,
    },
    /// Run the tests in `*_test.rego`, and decide on every document that they name on both engines.
    Test {
        /// The bundles' folders.
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// Only tests whose full name (`data.<package>.<test>`) this regular expression finds.
        #[arg(long, short, value_name = "REGEX")]
        run: Option<String>,
        /// Name the tests that pass as well.
        #[arg(long, short)]
        verbose: bool,
        /// Say which lines of the policy the tests evaluate.
        #[arg(long, short)]
        coverage: bool,
    },
    /// Decide on one input document.
    Eval {
        /// The bundle's folder.
        #[arg(value_name = "BUNDLE")]
        bundle: PathBuf,
        /// JSON file with the input document.
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// JSON file with the parameters.
        #[arg(long, value_name = "FILE")]
        parameters: PathBuf,
        /// Say which rules gave which reason.
        #[arg(long)]
        explain: bool,
    },
    /// Write the hashes of bundles' files and programs into their manifests.
    Pack {
        /// The bundles' folders.
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// Write nothing; fail if a manifest is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Put a policy's program on the chain, so that decisions under it can be challenged.
    Register(Box<RegisterArguments>),
}

/// How much time and memory there is where no flag says so: for what runs all tests many times, and for the rest.
const LONG: WorkerLimits = WorkerLimits::REVIEW;
const SHORT: WorkerLimits = WorkerLimits { seconds: 30, mebibytes: 1_024 };

/// What a command has to say of one bundle.
trait Report: Serialize + std::fmt::Display {
    /// Why the answer is no, if it is.
    fn refusal(&self) -> Option<String>;

    /// Whether a refusal means that there is no answer, rather than no.
    fn is_undecided(&self) -> bool {
        false
    }
}

/// Does what was asked, and prints the answer.
///
/// # Errors
/// When there is no answer, or when it is no; [`PolicyError::exit_code`] tells them apart.
pub async fn run(arguments: PolicyArguments) -> Result<(), PolicyError> {
    let context = Context { arguments: &arguments };
    match &arguments.command {
        PolicyCommand::Check { bundles, strict } => {
            context.each(bundles, |bundle| check::check(&context, bundle, *strict))
        }
        PolicyCommand::Test { bundles, run, verbose, coverage } => {
            let asked = test::Asked { run: run.clone(), verbose: *verbose, coverage: *coverage };
            context.each(bundles, |bundle| test::test(&context, bundle, &asked))
        }
        PolicyCommand::Eval { bundle, input, parameters, explain } => {
            context.one(eval::eval(&context, bundle, input, parameters, *explain))
        }
        PolicyCommand::Pack { bundles, check } => {
            context.each(bundles, |bundle| pack::pack(&context, bundle, *check))
        }
        PolicyCommand::Register(asked) => context.one(register::register(&context, asked).await),
    }
}

/// What every command needs.
struct Context<'a> {
    arguments: &'a PolicyArguments,
}

/// One bundle's part of the JSON document.
#[derive(Serialize)]
struct Entry<R> {
    bundle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    report: Option<R>,
}

impl Context<'_> {
    /// Has `job` done on a bundle's files, in a child.
    fn ask(&self, bundle: &Path, job: Job, usual: WorkerLimits) -> Result<Answer, PolicyError> {
        let limits = WorkerLimits {
            seconds: self.arguments.cpu_seconds.unwrap_or(usual.seconds),
            mebibytes: self.arguments.memory_mib.unwrap_or(usual.mebibytes),
        };
        let request = Request { files: read_files(bundle)?, job };
        job::ask(&request, limits)
    }

    /// Goes through bundles one by one, also after one that fails.
    fn each<R: Report>(
        &self,
        bundles: &[PathBuf],
        answer: impl Fn(&Path) -> Result<R, PolicyError>,
    ) -> Result<(), PolicyError> {
        let (mut entries, mut worst) = (Vec::new(), None);
        for bundle in bundles {
            let outcome = answer(bundle);
            let name = bundle.display().to_string();
            if self.arguments.format == Format::Text {
                match &outcome {
                    Ok(report) => say(&format!("{name}\n{report}"))?,
                    Err(error) => say(&format!("{name}\n  {error}"))?,
                }
            }
            let (entry, error) = match outcome {
                Ok(report) => {
                    let refused = report.refusal();
                    let error =
                        refused.map(|because| PolicyError::Refused(format!("{name}: {because}")));
                    (Entry { bundle: name, error: None, report: Some(report) }, error)
                }
                Err(error) => {
                    let said = Some(error.to_string());
                    (Entry { bundle: name, error: said, report: None }, Some(error))
                }
            };
            entries.push(entry);
            worst = PolicyError::worse(worst, error);
        }
        if self.arguments.format == Format::Json {
            say_json(&entries)?;
        }
        worst.map_or(Ok(()), Err)
    }

    fn one<R: Report>(&self, outcome: Result<R, PolicyError>) -> Result<(), PolicyError> {
        match (outcome, self.arguments.format) {
            (Ok(report), format) => {
                match format {
                    Format::Text => say(&report.to_string())?,
                    Format::Json => say_json(&report)?,
                }
                match (report.refusal(), report.is_undecided()) {
                    (None, _) => Ok(()),
                    (Some(because), true) => Err(PolicyError::Undecided(because)),
                    (Some(because), false) => Err(PolicyError::Refused(because)),
                }
            }
            (Err(error), Format::Json) => {
                say_json(&serde_json::json!({ "error": error.to_string() }))?;
                Err(error)
            }
            (Err(error), Format::Text) => Err(error),
        }
    }
}

/// Reads a document of at most so many bytes as the decoder takes, and one more, so that the decoder refuses it.
fn read_document(path: &Path, limits: &Limits) -> Result<String, PolicyError> {
    let failed = |source| PolicyError::Read { path: path.to_owned(), source };
    let most = u64::try_from(limits.bytes).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() > limits.bytes {
        return Err(PolicyError::Unusable(format!(
            "{}: longer than {} bytes",
            path.display(),
            limits.bytes
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        PolicyError::Unusable(format!("{}: it is not UTF-8: save it as UTF-8", path.display()))
    })
}

fn say(text: &str) -> Result<(), PolicyError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()).map_err(PolicyError::Output)
}

fn say_json(value: &impl Serialize) -> Result<(), PolicyError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| PolicyError::Output(error.into()))?;
    say(&text)
}
