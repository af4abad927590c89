//! The command line.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Args, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    NodeError, bundler,
    challenge::{self, ChallengeArguments},
    config::{BundlerArguments, OperatorArguments, parse},
    dev::{self, DevArguments},
    migrate::{self, MigrateArguments},
    operator,
    owner::{self, OwnerArguments},
    policy::{self, PolicyArguments},
    sync::{self, SyncArguments},
};

/// Operations settle only when their account's policy authorized them.
#[derive(Debug, Parser)]
#[command(name = "writ", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the bundler: an ERC-4337 mempool that includes what is authorized.
    Bundler(Box<BundlerArguments>),
    /// Serve one operator: evaluate policies, sign decisions.
    Operator(OperatorArguments),
    /// Start all of it on a development chain and play a demonstration.
    Dev(DevArguments),
    /// Trace an owner's check by the rules of ERC-7562, before it is installed.
    TraceOwner(OwnerArguments),
    /// Move accounts to the newest epoch of the operator registry that they follow.
    Sync(SyncArguments),
    /// Check, test, try out and pack policies.
    Policy(PolicyArguments),
    /// Re-evaluate attested decisions, and prove wrong ones on the chain.
    Challenge(Box<ChallengeArguments>),
    /// Check an upgrade of a live contract before it is sent.
    Migrate(MigrateArguments),
}

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // A child that works under limits starts no threads for anything else.
    if arguments.get(1).is_some_and(|name| name == policy::WORKER) {
        return policy::serve(arguments.get(2..).unwrap_or_default());
    }
    let of_policy = arguments.get(1).is_some_and(|name| name == "policy");
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("writ: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(NodeError::Configuration(crate::config::ConfigurationError::Arguments(error))) => {
            // 2 is an answer of `writ policy`.
            if of_policy && error.use_stderr() {
                let _ = error.print();
                return ExitCode::FAILURE;
            }
            error.exit()
        }
        Err(NodeError::Policy(error)) => {
            eprintln!("writ: {error}");
            ExitCode::from(error.exit_code())
        }
        Err(NodeError::Migrate(error)) => {
            eprintln!("writ: {error}");
            ExitCode::from(error.exit_code())
        }
        Err(error) => {
            eprintln!("writ: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the program on `arguments`, its name first.
///
/// # Errors
/// What keeps the subcommand from starting or from going on.
pub async fn run(arguments: Vec<OsString>) -> Result<(), NodeError> {
    let name = arguments.get(1).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let rest = arguments.get(2..).unwrap_or_default();
    match name.as_str() {
        // These take a file, whose values lie under the environment and the flags.
        "bundler" if !asks_for_help(rest) => {
            log_to_stderr();
            bundler::run(layered::<BundlerArguments>("bundler", rest)?).await
        }
        "operator" if !asks_for_help(rest) => {
            log_to_stderr();
            operator::run(layered::<OperatorArguments>("operator", rest)?).await
        }
        _ => match Cli::try_parse_from(&arguments)
            .map_err(crate::config::ConfigurationError::from)?
        {
            Cli { command: Command::Dev(arguments) } => Ok(dev::run(arguments).await?),
            Cli { command: Command::TraceOwner(arguments) } => Ok(owner::run(arguments).await?),
            Cli { command: Command::Sync(arguments) } => Ok(sync::run(arguments).await?),
            Cli { command: Command::Policy(arguments) } => Ok(policy::run(arguments).await?),
            Cli { command: Command::Challenge(arguments) } => {
                log_to_stderr();
                Ok(challenge::run(*arguments).await.map_err(Box::new)?)
            }
            Cli { command: Command::Migrate(arguments) } => Ok(migrate::run(&arguments)?),
            Cli { command: Command::Bundler(arguments) } => bundler::run(*arguments).await,
            Cli { command: Command::Operator(arguments) } => operator::run(arguments).await,
        },
    }
}

fn asks_for_help(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| {
        argument == "--help" || argument == "-h" || argument == "--version" || argument == "-V"
    })
}

/// Flags over environment over file over defaults.
fn layered<T: Args + FromArgMatches>(
    name: &'static str,
    arguments: &[OsString],
) -> Result<T, crate::config::ConfigurationError> {
    parse(name, arguments, configuration_file(arguments))
}

/// The file named by `--config` or `WRIT_CONFIG`; it has to be known before the rest is parsed.
fn configuration_file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut given = arguments.iter();
    while let Some(argument) = given.next() {
        if argument == "--config" {
            return given.next().map(PathBuf::from);
        }
        if let Some(path) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("WRIT_CONFIG").map(PathBuf::from)
}

/// Logs to standard error, as much as `RUST_LOG` says; `info` of Writ, if it says nothing.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,writ_node=info,writ_admission=info,writ_builder=info,writ_operator=info,writ_gateway=info,writ_rpc=info"));
    // Fails only where a logger is set already, as in tests.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
