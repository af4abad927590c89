//! A bundle's manifest: what the policy is, and the hash of everything it is made of.

use std::collections::BTreeMap;

use alloy::primitives::{B256, keccak256};

use crate::{FactRequirement, MAX_FUNCTIONS, PinnedFunction, Value, encode};

/// The manifest format that this crate reads.
pub const MANIFEST_FORMAT: u64 = 1;
/// regorus' strict interpreter behind the checks of this crate. Its decisions cannot be
/// re-executed on the chain.
pub const ENGINE: &str = "regorus-strict";
/// PolicyVM, version 1 of its specification, with regorus' strict interpreter beside it. Its
/// decisions can be re-executed on the chain.
pub const PROVABLE_ENGINE: &str = "policyvm-1";
/// The field with the hash of the program.
pub(crate) const PROGRAM_FIELD: &str = "program";
/// The field with the functions whose arguments are shown by name; none without it.
const FUNCTIONS_FIELD: &str = "functions";
/// The name of the parameters' schema in every bundle.
pub const SCHEMA_FILE: &str = "schema.json";
/// The name of the description for people in every bundle.
pub const WORDS_FILE: &str = "words.json";

/// What a policy says about itself. The policy's id is the hash of all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// A short name, such as `agent-spending`.
    pub name: String,
    /// The author's version, such as `1.0.0`.
    pub version: String,
    /// The rule whose value is the decision, such as `data.writ.agent_spending.decision`.
    pub entry: String,
    /// Whether decisions depend on `input.history`, which binds them to the account's sequence.
    pub reads_history: bool,
    /// keccak256 of the PolicyVM program that the code compiles to, if the policy is provable.
    pub program: Option<B256>,
    /// The facts that it asks for.
    pub required_facts: Vec<FactRequirement>,
    /// The functions whose arguments it sees by name, beside those that everybody sees.
    pub functions: Vec<PinnedFunction>,
    /// keccak256 of each file that the policy is made of, by name.
    pub files: BTreeMap<String, B256>,
    value: Value,
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("manifest.json: {0}")]
pub struct ManifestError(pub String);

impl Manifest {
    /// Reads a manifest, refusing fields and values that it does not know.
    ///
    /// # Errors
    /// Naming the field.
    pub fn from_value(value: Value) -> Result<Self, ManifestError> {
        const FIELDS: [&str; 10] = [
            "format",
            "name",
            "version",
            "engine",
            "entry",
            "provable",
            "level",
            "readsHistory",
            "requiredFacts",
            "files",
        ];
        let refuse = |problem: String| Err(ManifestError(problem));
        let Some(fields) = value.as_object() else {
            return refuse(format!("{} was found, an object was expected", value.kind()));
        };
        let known =
            |name: &str| FIELDS.contains(&name) || [PROGRAM_FIELD, FUNCTIONS_FIELD].contains(&name);
        if let Some(unknown) = fields.keys().find(|name| !known(name)) {
            return refuse(format!("unknown field {unknown:?}"));
        }
        if let Some(missing) = FIELDS.iter().find(|name| !fields.contains_key(**name)) {
            return refuse(format!("{missing} is missing"));
        }
        let text = |name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or_else(|| ManifestError(format!("{name} is not a string")))
        };
        let flag = |name: &str| {
            let flag = value.get(name).and_then(Value::as_bool);
            flag.ok_or_else(|| ManifestError(format!("{name} is not a boolean")))
        };
        if value.get("format") != Some(&Value::from(MANIFEST_FORMAT)) {
            return refuse(format!("format {MANIFEST_FORMAT} is accepted"));
        }
        let provable = match text("engine")? {
            ENGINE => false,
            PROVABLE_ENGINE => true,
            other => {
                let problem =
                    format!("engine {other:?} is not known, {ENGINE} and {PROVABLE_ENGINE} are");
                return refuse(problem);
            }
        };
        if flag("provable")? != provable {
            return refuse(format!("provable is true with engine {PROVABLE_ENGINE} and only then"));
        }
        let program = match (provable, fields.contains_key(PROGRAM_FIELD)) {
            (true, true) => Some(hash_of(text(PROGRAM_FIELD)?, PROGRAM_FIELD)?),
            (false, false) => None,
            (true, false) => return refuse("program is missing: pack the bundle".to_owned()),
            (false, true) => return refuse(format!("program belongs to {PROVABLE_ENGINE}")),
        };
        match text("level")? {
            "quorum" => {}
            other => return refuse(format!("level {other:?} is not built, quorum is")),
        }
        let required_facts = FactRequirement::list(&fields["requiredFacts"])
            .map_err(|problem| ManifestError(format!("requiredFacts{problem}")))?;
        let functions = read_functions(fields.get(FUNCTIONS_FIELD))?;
        let name = text("name")?.to_owned();
        if !is_name(&name, b"-") {
            return refuse(format!("name {name:?} is not lowercase letters, digits and -"));
        }
        let version = text("version")?.to_owned();
        if version.is_empty() || version.len() > 32 || !version.is_ascii() {
            return refuse(format!("version {version:?} is not 1 to 32 ASCII characters"));
        }
        let entry = text("entry")?.to_owned();
        let path: Vec<&str> = entry.split('.').collect();
        if path.len() < 3 || path[0] != "data" || !path.iter().all(|part| is_name(part, b"_")) {
            return refuse(format!("entry {entry:?} is not data.<package>.<rule>"));
        }
        let reads_history = flag("readsHistory")?;
        let files = read_files(value.get("files"))?;
        Ok(Self {
            name,
            version,
            entry,
            reads_history,
            program,
            required_facts,
            functions,
            files,
            value,
        })
    }

    /// The policy's id: keccak256 of the manifest's canonical encoding. The same on every machine
    /// and chain, and different for any change of the code, the schema or the words.
    pub fn policy_id(&self) -> B256 {
        keccak256(encode(&self.value))
    }

    /// The manifest as it was read.
    pub const fn as_value(&self) -> &Value {
        &self.value
    }
}

fn read_functions(functions: Option<&Value>) -> Result<Vec<PinnedFunction>, ManifestError> {
    let Some(functions) = functions else { return Ok(Vec::new()) };
    let refuse = |problem: String| ManifestError(format!("{FUNCTIONS_FIELD}{problem}"));
    let listed = functions.as_array().unwrap_or_default();
    if listed.is_empty() || listed.len() > MAX_FUNCTIONS {
        return Err(refuse(format!(
            " is not an array of 1 to {MAX_FUNCTIONS}: leave it out where there is none"
        )));
    }
    let mut pinned: Vec<PinnedFunction> = Vec::with_capacity(listed.len());
    for (index, value) in listed.iter().enumerate() {
        let function = PinnedFunction::from_value(value)
            .map_err(|problem| refuse(format!("[{index}]: {problem}")))?;
        pinned.push(function);
    }
    crate::FunctionTable::new(pinned.clone())
        .map_err(|conflict| refuse(format!(": {conflict}")))?;
    Ok(pinned)
}

fn read_files(files: Option<&Value>) -> Result<BTreeMap<String, B256>, ManifestError> {
    let files = files
        .and_then(Value::as_object)
        .ok_or_else(|| ManifestError("files is not an object".to_owned()))?;
    let mut hashes = BTreeMap::new();
    for (name, hash) in files {
        let known = name == SCHEMA_FILE || name == WORDS_FILE || is_policy_file(name);
        if !known {
            let problem = format!(
                "files has {name:?}, only *.rego, {SCHEMA_FILE} and {WORDS_FILE} belong there"
            );
            return Err(ManifestError(problem));
        }
        let hash = hash_of(hash.as_str().unwrap_or_default(), name)?;
        hashes.insert(name.clone(), hash);
    }
    for needed in [SCHEMA_FILE, WORDS_FILE] {
        if !hashes.contains_key(needed) {
            return Err(ManifestError(format!("files lacks {needed}")));
        }
    }
    if hashes.len() < 3 {
        return Err(ManifestError("files lacks a *.rego file".to_owned()));
    }
    Ok(hashes)
}

fn hash_of(text: &str, of: &str) -> Result<B256, ManifestError> {
    let hash = Some(text).filter(|text| text.len() == 66).and_then(|text| text.parse().ok());
    hash.ok_or_else(|| ManifestError(format!("the hash of {of} is not 0x and 64 digits")))
}

/// Whether `name` is a file of policy code: a plain name ending in `.rego`, and not a test.
pub(crate) fn is_policy_file(name: &str) -> bool {
    name.strip_suffix(".rego").is_some_and(|stem| is_name(stem, b"_") && !stem.ends_with("_test"))
}

/// Whether `name` is a file of tests, which are not part of the policy's id.
pub(crate) fn is_test_file(name: &str) -> bool {
    name.strip_suffix("_test.rego").is_some_and(|stem| is_name(stem, b"_"))
}

fn is_name(text: &str, also: &[u8]) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also.contains(&byte);
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(fits)
        && text.as_bytes()[0].is_ascii_lowercase()
}
