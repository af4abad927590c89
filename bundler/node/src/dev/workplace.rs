//! Where the demonstration keeps its keys, stores and logs, and where it finds the contracts.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use alloy::{
    primitives::{Bytes, hex},
    signers::local::PrivateKeySigner,
};

use super::DevError;

/// A fresh folder of the demonstration and the root of Writ's checkout.
#[derive(Debug)]
pub struct Workplace {
    folder: PathBuf,
    root: PathBuf,
    program: PathBuf,
}

impl Workplace {
    /// Empties and opens `folder`; `root` is the checkout with `node_modules` and `policies`, and
    /// `program` is `writ` itself, for the children.
    pub fn open(folder: PathBuf, root: PathBuf, program: PathBuf) -> Result<Self, DevError> {
        let failed = |source| DevError::Workplace { path: folder.clone(), source };
        if folder.exists() {
            // Only a folder that an earlier demonstration left behind is emptied.
            if !folder.join(MARKER).is_file() && fs::read_dir(&folder).map_err(failed)?.count() > 0
            {
                return Err(failed(std::io::Error::other(
                    "it exists and is not a demonstration's",
                )));
            }
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        fs::create_dir_all(&folder).map_err(failed)?;
        fs::write(folder.join(MARKER), "left by `writ dev`; emptied at its next start\n")
            .map_err(failed)?;
        Ok(Self { folder, root, program })
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program that the children run.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A log file's path.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// The pinned npm packages.
    #[must_use]
    pub fn node_modules(&self) -> PathBuf {
        self.root.join("node_modules")
    }

    /// The policy bundles of the checkout.
    #[must_use]
    pub fn policies(&self) -> PathBuf {
        self.root.join("policies")
    }

    /// Writes `key` into a file that only its owner can read, and returns the path.
    pub fn key_file(&self, name: &str, key: &PrivateKeySigner) -> Result<PathBuf, DevError> {
        let path = self.folder.join(format!("{name}.key"));
        let failed = |source| DevError::Workplace { path: path.clone(), source };
        let mut file = fs::File::options()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        writeln!(file, "0x{}", hex::encode(key.to_bytes())).map_err(failed)?;
        Ok(path)
    }

    /// Creation code of the EntryPoint in the pinned package (`v07`, `v08`).
    pub fn entry_point_code(&self, package: &str) -> Result<Bytes, DevError> {
        let path = self
            .node_modules()
            .join(format!("@account-abstraction/contracts-{package}/artifacts/EntryPoint.json"));
        fs::read(&path)
            .ok()
            .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
            .and_then(|artifact| artifact["bytecode"].as_str()?.parse().ok())
            .ok_or(DevError::ArtifactMissing { path })
    }
}

/// Marks a folder as one that the demonstration may empty.
const MARKER: &str = ".writ-dev";
