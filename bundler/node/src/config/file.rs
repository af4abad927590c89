//! Values of a TOML file, laid under the environment and the flags.
//!
//! There is one source of names, defaults and help: the clap arguments. A TOML key is the long
//! name of a flag; its value becomes that flag's default, so that a flag on the command line wins
//! over the environment, the environment over the file, and the file over the built-in default.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Command, FromArgMatches, builder::OsStr};

/// Why a configuration could not be read. Each names the thing and what would be accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The file named by `--config` cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {message}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        message: String,
    },
    /// The file has a key that is no flag.
    #[error("{}: unknown key `{key}`; known keys: {known}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Every key that would be accepted.
        known: String,
    },
    /// A value in the file is a table or another kind that no flag takes.
    #[error("{}: `{key}` takes a string, a number, a boolean or a list of these", path.display())]
    UnsupportedValue {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A flag, an environment variable or a value of the file does not parse.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
}

/// Parses `arguments` (without the program's name) for the subcommand `name` over the file named
/// by `--config`, if any.
pub fn parse<T: Args + FromArgMatches>(
    name: &'static str,
    arguments: &[OsString],
    file: Option<PathBuf>,
) -> Result<T, ConfigurationError> {
    let mut command = T::augment_args(Command::new(name).no_binary_name(true));
    if let Some(path) = file {
        command = with_file(command, path)?;
    }
    let matches = command.try_get_matches_from(arguments)?;
    Ok(T::from_arg_matches(&matches)?)
}

/// Makes the file's values the defaults of the command's flags.
fn with_file(mut command: Command, path: PathBuf) -> Result<Command, ConfigurationError> {
    let text = std::fs::read_to_string(&path)
        .map_err(|source| ConfigurationError::Unreadable { path: path.clone(), source })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        ConfigurationError::NotToml { path: path.clone(), message: error.to_string() }
    })?;
    let known: Vec<(String, clap::Id)> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_long()?.to_owned(), argument.get_id().clone())))
        .filter(|(long, _)| long != "config")
        .collect();
    for (key, value) in table {
        let Some((_, id)) = known.iter().find(|(long, _)| *long == key) else {
            return Err(ConfigurationError::UnknownKey {
                path,
                key,
                known: known.into_iter().map(|(long, _)| long).collect::<Vec<_>>().join(", "),
            });
        };
        let Some(values) = texts(&value) else {
            return Err(ConfigurationError::UnsupportedValue { path, key });
        };
        command = command.mut_arg(id.clone(), |argument| {
            argument.required(false).default_values(values.into_iter().map(OsStr::from))
        });
    }
    Ok(command)
}

/// A scalar or a list of scalars as the text that the flag would take.
fn texts(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(flag) => Some(vec![flag.to_string()]),
        toml::Value::Array(items) => items
            .iter()
            .map(|item| match item {
                toml::Value::Array(_) | toml::Value::Table(_) => None,
                scalar => texts(scalar).and_then(|mut one| one.pop()),
            })
            .collect(),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
