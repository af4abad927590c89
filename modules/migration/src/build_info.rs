//! Build-info files: the standard-JSON input that a contract was built from.
//!
//! Foundry writes one with `forge build --build-info` (`_format: ethers-rs-sol-build-info-1`, the input with a few keys of its
//! own), Hardhat 2 and 3 with every compile (`hh-sol-build-info-1`, `hh3-sol-build-info-1`). Of each only version and input are
//! taken; its output is what somebody claims that the compiler said.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde_json::{Map, Value, json};

use crate::{error::LayoutError, limits};

/// A version of solc: `0.8.30+commit.73712a01`, or without the commit where nothing says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilerVersion {
    number: String,
    commit: Option<String>,
}

impl CompilerVersion {
    /// Whether both can be the same build: equal numbers, and equal commits where both are known.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.number == other.number
            && match (&self.commit, &other.commit) {
                (Some(one), Some(two)) => one == two,
                _ => true,
            }
    }
}

impl fmt::Display for CompilerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)?;
        self.commit.as_ref().map_or(Ok(()), |commit| write!(f, "+commit.{commit}"))
    }
}

impl FromStr for CompilerVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, build) = text.trim().split_once('+').unwrap_or((text.trim(), ""));
        let parts: Vec<&str> = number.split('.').collect();
        let digits = |part: &&str| {
            !part.is_empty() && part.len() < 6 && part.bytes().all(|b| b.is_ascii_digit())
        };
        if parts.len() != 3 || !parts.iter().all(digits) {
            return Err(());
        }
        let commit = build
            .strip_prefix("commit.")
            .map(|rest| rest.split('.').next().unwrap_or_default())
            .filter(|hash| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
        Ok(Self { number: number.to_owned(), commit: commit.map(str::to_owned) })
    }
}

/// What a contract was built from.
#[derive(Debug, Clone)]
pub struct BuildInfo {
    version: CompilerVersion,
    sources: BTreeMap<String, String>,
    settings: Map<String, Value>,
}

impl BuildInfo {
    /// Reads a build-info of Foundry or Hardhat.
    ///
    /// # Errors
    /// What is missing or beyond [`limits`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LayoutError> {
        if bytes.len() > limits::BUILD_INFO_BYTES {
            return Err(LayoutError::TooLarge {
                bytes: bytes.len(),
                limit: limits::BUILD_INFO_BYTES,
            });
        }
        let file: Value = serde_json::from_slice(bytes).map_err(LayoutError::Json)?;
        let version = ["solcLongVersion", "solcVersion"]
            .iter()
            .find_map(|key| file.get(key)?.as_str()?.parse().ok())
            .ok_or(LayoutError::BuildInfo {
                part: "solcLongVersion",
                remedy: "`forge build --build-info` and `hardhat compile` write it",
            })?;
        let input = file.get("input").and_then(Value::as_object).ok_or(LayoutError::BuildInfo {
            part: "input",
            remedy: "it is the short form; `forge build --build-info` and `hardhat compile` write the whole",
        })?;
        // Foundry puts the language beside the input as well.
        let language = input.get("language").or_else(|| file.get("language"));
        match language.and_then(Value::as_str) {
            Some("Solidity") => {}
            other => return Err(LayoutError::Language(other.unwrap_or("unknown").to_owned())),
        }
        let listed =
            input.get("sources").and_then(Value::as_object).ok_or(LayoutError::BuildInfo {
                part: "input.sources",
                remedy: "an object from names to `content`",
            })?;
        if listed.len() > limits::SOURCES {
            return Err(LayoutError::TooManySources {
                count: listed.len(),
                limit: limits::SOURCES,
            });
        }
        let sources = listed
            .iter()
            .map(|(name, source)| {
                let content = source.get("content").and_then(Value::as_str);
                content
                    .map(|content| (name.clone(), content.to_owned()))
                    .ok_or_else(|| LayoutError::SourceMissing(name.clone()))
            })
            .collect::<Result<_, _>>()?;
        // Only what has a say in a layout or in how a source is found. Optimizer and pipeline have not.
        let settings = input
            .get("settings")
            .and_then(Value::as_object)
            .map(|all| {
                all.iter()
                    .filter(|(key, _)| ["remappings", "evmVersion"].contains(&key.as_str()))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect()
            })
            .unwrap_or_default();
        Ok(Self { version, sources, settings })
    }

    /// The compiler that built it.
    #[must_use]
    pub const fn version(&self) -> &CompilerVersion {
        &self.version
    }

    /// Its sources, by name.
    #[must_use]
    pub const fn sources(&self) -> &BTreeMap<String, String> {
        &self.sources
    }

    /// The input for a run that gives the AST of everything and the layouts of contracts of these names; `appended` is put
    /// behind sources.
    pub(crate) fn request(
        &self,
        contracts: &BTreeSet<String>,
        appended: &BTreeMap<String, String>,
    ) -> Value {
        let mut selection = Map::new();
        selection.insert(String::new(), json!(["ast"]));
        for name in contracts {
            selection.insert(name.clone(), json!(["storageLayout", "transientStorageLayout"]));
        }
        let sources: Map<String, Value> = self
            .sources
            .iter()
            .map(|(name, content)| {
                let behind = appended.get(name).map_or("", String::as_str);
                (name.clone(), json!({ "content": format!("{content}{behind}") }))
            })
            .collect();
        let mut settings = self.settings.clone();
        settings.insert("outputSelection".to_owned(), json!({ "*": selection }));
        json!({ "language": "Solidity", "sources": sources, "settings": settings })
    }
}

/// A contract of a build-info, as people name it: `Vault`, or `src/Vault.sol:Vault` where several sources have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The source, where it is named.
    pub source: Option<String>,
    /// The contract.
    pub name: String,
}

impl FromStr for Target {
    type Err = LayoutError;

    fn from_str(text: &str) -> Result<Self, LayoutError> {
        let (source, name) =
            text.rsplit_once(':').map_or((None, text), |(source, name)| (Some(source), name));
        let identifier = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$');
        if !identifier || source == Some("") {
            return Err(LayoutError::Target(text.to_owned()));
        }
        Ok(Self { source: source.map(str::to_owned), name: name.to_owned() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}:")?;
        }
        f.write_str(&self.name)
    }
}
