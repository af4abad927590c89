//! Policy bundles: files whose hashes the manifest holds. No disk here, see [`crate::PolicyStore`].

use std::collections::BTreeMap;

use alloy::primitives::{B256, keccak256};

use crate::{
    DecodeError, Limits, Manifest, ManifestError, SourceError, Value, decode_json,
    engine::Engine,
    manifest::{
        PROGRAM_FIELD, PROVABLE_ENGINE, SCHEMA_FILE, WORDS_FILE, is_policy_file, is_test_file,
    },
    source::{check_source, check_source_of},
    words::Words,
};

/// The name of the manifest in every bundle.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The most files in a bundle.
pub const MAX_FILES: usize = 32;
/// The longest test file, in bytes.
pub(crate) const MAX_TEST_BYTES: usize = 256 * 1024;

/// Why files are not a policy bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file that every bundle has is missing.
    #[error("{0} is missing")]
    Missing(String),
    /// More files than a bundle may have.
    #[error("{0} files, at most {MAX_FILES} are accepted")]
    TooManyFiles(usize),
    /// A file is not UTF-8.
    #[error("{0} is not UTF-8")]
    Utf8(String),
    /// A JSON file does not decode.
    #[error("{0}:{1}")]
    Json(String, DecodeError),
    /// The manifest is not one.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file is not what the manifest says it is.
    #[error(
        "{file} has the hash {actual}, the manifest says {expected}: pack the bundle again, or find out who changed it"
    )]
    Hash {
        /// The file.
        file: String,
        /// The hash in the manifest.
        expected: B256,
        /// The hash of the bytes.
        actual: B256,
    },
    /// A file of policy code that the manifest does not name.
    #[error("{0} is not named in the manifest: pack the bundle again, or remove it")]
    Unnamed(String),
    /// Policy code that is not accepted.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The parameters' schema is not accepted.
    #[error("{SCHEMA_FILE}: {0}")]
    Schema(String),
    /// The description for people is not accepted.
    #[error("{WORDS_FILE}: {0}")]
    Words(String),
    /// The code may read `input.history`, and the manifest does not say so: nothing would bind its decisions to one another.
    #[error(
        "{0}, and the manifest's readsHistory is false: set it, so that two operations cannot both use what is left"
    )]
    History(SourceError),
    /// The code compiles to another program than the manifest says.
    #[error(
        "the code compiles to the program {actual}, the manifest says {expected}: pack the bundle again, or use the release that it was packed with"
    )]
    Program {
        /// The hash in the manifest.
        expected: B256,
        /// The hash of what the code compiles to here.
        actual: B256,
    },
    /// The manifest is not what packing the files gives.
    #[error("{MANIFEST_FILE} is not what packing gives: pack the bundle again")]
    Stale,
    /// The engine of this build is not exact, or does not do what is asked.
    #[error("{0}")]
    Engine(String),
}

/// A policy's files, checked against its manifest but not yet compiled.
#[derive(Clone, Debug)]
pub struct Bundle {
    manifest: Manifest,
    sources: BTreeMap<String, String>,
    tests: BTreeMap<String, String>,
    schema: Value,
    words: Words,
}

impl Bundle {
    /// Reads a bundle from its files by name.
    ///
    /// # Errors
    /// If a file is missing, unknown to the manifest, too large, or not of the hash that the
    /// manifest says. Files that are neither policy code nor named (such as a README) are ignored.
    pub fn from_files(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        if files.len() > MAX_FILES {
            return Err(BundleError::TooManyFiles(files.len()));
        }
        let manifest = Manifest::from_value(json_file(files, MANIFEST_FILE)?)?;
        let (mut sources, mut tests) = (BTreeMap::new(), BTreeMap::new());
        for (name, &expected) in &manifest.files {
            let actual = keccak256(bytes_of(files, name)?);
            if actual != expected {
                return Err(BundleError::Hash { file: name.clone(), expected, actual });
            }
        }
        for name in files.keys() {
            if is_policy_file(name) {
                if !manifest.files.contains_key(name) {
                    return Err(BundleError::Unnamed(name.clone()));
                }
                let text = text_of(files, name)?;
                check_source(name, text)?;
                sources.insert(name.clone(), text.to_owned());
            } else if is_test_file(name) {
                let text = text_of(files, name)?;
                check_source_of(name, text, MAX_TEST_BYTES)?;
                tests.insert(name.clone(), text.to_owned());
            }
        }
        let schema = json_file(files, SCHEMA_FILE)?;
        let words =
            Words::from_value(&json_file(files, WORDS_FILE)?).map_err(BundleError::Words)?;
        Ok(Self { manifest, sources, tests, schema, words })
    }

    /// The manifest of `files` with the hashes of what they are now, of the program too if the
    /// policy is provable: how a bundle is packed. A manifest without hashes is enough to start from.
    ///
    /// # Errors
    /// If there is no manifest to start from, it is no manifest apart from its hashes, or the
    /// code of a provable policy is outside the profile.
    pub fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Manifest, BundleError> {
        let mut manifest = json_file(files, MANIFEST_FILE)?;
        let hashes = files
            .iter()
            .filter(|(name, _)| is_policy_file(name) || *name == SCHEMA_FILE || *name == WORDS_FILE)
            .map(|(name, bytes)| (name.clone(), Value::from(keccak256(bytes))));
        let hashes = Value::object(hashes);
        let program = match manifest.get("engine").and_then(Value::as_str) {
            Some(PROVABLE_ENGINE) => Some(program_hash(files, &manifest)?),
            _ => None,
        };
        if let Value::Object(fields) = &mut manifest {
            fields.insert("files".to_owned(), hashes);
            fields.remove(PROGRAM_FIELD);
            fields.extend(program.map(|hash| (PROGRAM_FIELD.to_owned(), Value::from(hash))));
        }
        Ok(Manifest::from_value(manifest)?)
    }

    /// What the policy says about itself.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The policy's id.
    pub fn policy_id(&self) -> B256 {
        self.manifest.policy_id()
    }

    /// The policy code by file name.
    pub const fn sources(&self) -> &BTreeMap<String, String> {
        &self.sources
    }

    /// The tests by file name; they are not part of the id.
    pub const fn tests(&self) -> &BTreeMap<String, String> {
        &self.tests
    }

    /// The JSON Schema of the parameters.
    pub const fn schema(&self) -> &Value {
        &self.schema
    }

    pub(crate) const fn words(&self) -> &Words {
        &self.words
    }
}

/// The hash of the program that the code of `files` compiles to.
fn program_hash(files: &BTreeMap<String, Vec<u8>>, manifest: &Value) -> Result<B256, BundleError> {
    let mut sources = Vec::new();
    for name in files.keys().filter(|name| is_policy_file(name)) {
        let text = text_of(files, name)?;
        check_source(name, text)?;
        sources.push((name.as_str(), text));
    }
    let entry = manifest.get("entry").and_then(Value::as_str).unwrap_or_default();
    let (engine, checks) = Engine::new(&sources, entry)?;
    checks.check()?;
    Ok(engine.provable()?.hash())
}

fn bytes_of<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Result<&'a [u8], BundleError> {
    files.get(name).map(Vec::as_slice).ok_or_else(|| BundleError::Missing(name.to_owned()))
}

fn text_of<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> Result<&'a str, BundleError> {
    let bytes = bytes_of(files, name)?;
    std::str::from_utf8(bytes).map_err(|_| BundleError::Utf8(name.to_owned()))
}

fn json_file(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<Value, BundleError> {
    decode_json(text_of(files, name)?, &Limits::PARAMETERS)
        .map_err(|error| BundleError::Json(name.to_owned(), error))
}
