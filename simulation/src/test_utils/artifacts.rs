//! Published contracts, read from where the package manager put them.

use std::path::{Path, PathBuf};

use alloy::primitives::{Bytes, hex};
use writ_types::EntryPointVersion;

/// The workspace's root folder.
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Creation code of a contract of `@account-abstraction/contracts` in this version.
///
/// # Panics
/// When the packages are not installed, with the remedy.
pub fn artifact(version: EntryPointVersion, name: &str) -> Bytes {
    let digits = version.to_string().replace('.', "");
    let path = workspace_root()
        .join(format!("node_modules/@account-abstraction/contracts-v{digits}/artifacts"))
        .join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}): run `npm ci` in the workspace root", path.display())
    });
    let json: serde_json::Value = serde_json::from_str(&text).expect("an artifact is JSON");
    let code = json["bytecode"].as_str().expect("an artifact has bytecode");
    hex::decode(code).expect("bytecode is hex").into()
}

/// Creation code of an EntryPoint; `None` for v0.9 where its file is not on the machine.
///
/// # Panics
/// When the packages are not installed, or the file is absent and `WRIT_FORBID_SKIP` is set.
pub fn entry_point_creation_code(version: EntryPointVersion) -> Option<Bytes> {
    if version != EntryPointVersion::V09 {
        return Some(artifact(version, "EntryPoint"));
    }
    let path = workspace_root().join("../shared/data/entrypoint-v0.9.initcode.hex");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(
            std::env::var_os("WRIT_FORBID_SKIP").is_none(),
            "the creation code of EntryPoint v0.9 is absent and skipping is forbidden"
        );
        eprintln!("SKIPPED: {} is absent, so EntryPoint v0.9 is not tested", path.display());
        return None;
    };
    Some(hex::decode(text.trim()).expect("the file is hex").into())
}
