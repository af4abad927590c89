//! The local policy store: bundles on disk, found by their id. The only file of this crate that
//! touches the disk, and it only reads.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::primitives::B256;

use crate::{
    Bundle, BundleError, CompileError, CompiledPolicy, MANIFEST_FILE, Worker,
    bundle::{MAX_FILES, MAX_TEST_BYTES},
};

/// The most policies that a store holds.
const MAX_STORED: usize = 1_024;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {1}", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// A file is longer than any file of a bundle.
    #[error("{path} is longer than {MAX_TEST_BYTES} bytes", path = .0.display())]
    TooLong(PathBuf),
    /// A folder does not hold the bundle that it should.
    #[error("policy in {path}: {1}", path = .0.display())]
    Bundle(PathBuf, #[source] Box<BundleError>),
    /// A child process did not compile it.
    #[error("policy in {path}: {1}", path = .0.display())]
    Compiler(PathBuf, #[source] CompileError),
    /// A folder is named after another policy than it holds.
    #[error("{path} holds policy {1}", path = .0.display())]
    Misnamed(PathBuf, B256),
    /// Two folders hold the same policy.
    #[error("{a} and {b} hold the same policy", a = .0.display(), b = .1.display())]
    Twice(PathBuf, PathBuf),
    /// More folders than a store may have.
    #[error("{path} holds more than {MAX_STORED} policies", path = .0.display())]
    TooMany(PathBuf),
}

/// Policies by their id.
///
/// A store is a folder of folders, each with the files of one bundle. A folder may have any name;
/// one that is named like an id (`0x…`) must hold the policy of that id. Everything is checked
/// when the store is opened, so a file that was tampered with is found then, and what was opened
/// does not change afterwards.
#[derive(Clone, Debug, Default)]
pub struct PolicyStore {
    policies: BTreeMap<B256, Arc<CompiledPolicy>>,
}

impl PolicyStore {
    /// Opens the store in `root`, reading, checking and compiling every policy in it, in this process: for policies that were
    /// read by who opens it.
    ///
    /// # Errors
    /// If anything in it is not what it should be: a store is right as a whole or not used.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Self::load(root, None)
    }

    /// The same, where each policy has to be compiled by `worker` within its limits before this process does it.
    ///
    /// # Errors
    /// As [`PolicyStore::open`], and if a child is ended by a limit.
    pub fn open_with(root: &Path, worker: &Worker) -> Result<Self, StoreError> {
        Self::load(root, Some(worker))
    }

    fn load(root: &Path, worker: Option<&Worker>) -> Result<Self, StoreError> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for entry in list(root)? {
            if entry.join(MANIFEST_FILE).is_file() {
                folders.push(entry);
            }
            if folders.len() > MAX_STORED {
                return Err(StoreError::TooMany(root.to_owned()));
            }
        }
        folders.sort();
        let mut store = Self::default();
        let mut places: BTreeMap<B256, PathBuf> = BTreeMap::new();
        for folder in folders {
            let policy = load(&folder, worker)?;
            let id = policy.policy_id();
            let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("0x") && name != id.to_string() {
                return Err(StoreError::Misnamed(folder, id));
            }
            if let Some(other) = places.insert(id, folder.clone()) {
                return Err(StoreError::Twice(other, folder));
            }
            store.policies.insert(id, Arc::new(policy));
        }
        Ok(store)
    }

    /// Adds a policy that was compiled elsewhere, such as from memory in a test.
    pub fn insert(&mut self, policy: CompiledPolicy) -> B256 {
        let id = policy.policy_id();
        self.policies.insert(id, Arc::new(policy));
        id
    }

    /// The policy with this id.
    pub fn get(&self, policy_id: B256) -> Option<&Arc<CompiledPolicy>> {
        self.policies.get(&policy_id)
    }

    /// The policy with this name, if exactly one has it. Names are for people; what an account
    /// commits to is the id.
    pub fn by_name(&self, name: &str) -> Option<&Arc<CompiledPolicy>> {
        let mut named = self.policies.values().filter(|policy| policy.manifest().name == name);
        named.next().filter(|_| named.next().is_none())
    }

    /// All policies, ordered by id.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<CompiledPolicy>> {
        self.policies.values()
    }
}

fn load(folder: &Path, worker: Option<&Worker>) -> Result<CompiledPolicy, StoreError> {
    let refuse = |error: BundleError| StoreError::Bundle(folder.to_owned(), Box::new(error));
    let files = read_files(folder)?;
    if let Some(worker) = worker {
        // The same bytes, so that nothing can change in between.
        worker.compile(&files).map_err(|error| StoreError::Compiler(folder.to_owned(), error))?;
    }
    let bundle = Bundle::from_files(&files).map_err(refuse)?;
    CompiledPolicy::compile(bundle).map_err(refuse)
}

/// Reads the files of one bundle's folder; folders inside it are ignored.
///
/// # Errors
/// If a file cannot be read or is longer than any file of a bundle.
pub fn read_files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
    let mut files = BTreeMap::new();
    for path in list(folder)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let of_bundle = name.ends_with(".rego") || name.ends_with(".json");
        // One more than allowed is enough to be refused.
        if !of_bundle || !path.is_file() || files.len() > MAX_FILES {
            continue;
        }
        files.insert(name.to_owned(), read_bounded(&path)?);
    }
    Ok(files)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error| StoreError::Read(folder.to_owned(), error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}

/// Reads a file without trusting the length that the disk reports for it.
fn read_bounded(path: &Path) -> Result<Vec<u8>, StoreError> {
    let failed = |error| StoreError::Read(path.to_owned(), error);
    let most = u64::try_from(MAX_TEST_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_TEST_BYTES {
        return Err(StoreError::TooLong(path.to_owned()));
    }
    Ok(bytes)
}
