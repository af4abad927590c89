//! Published contracts, read from where the package manager put them.

use std::path::{Path, PathBuf};

use alloy::primitives::{B256, Bytes, b256, hex};
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

/// Salt under which an EntryPoint was deployed on every chain.
pub const fn entry_point_salt(version: EntryPointVersion) -> B256 {
    match version {
        EntryPointVersion::V06 => B256::ZERO,
        EntryPointVersion::V07 => {
            b256!("90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3")
        }
        EntryPointVersion::V08 => {
            b256!("0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9")
        }
        EntryPointVersion::V09 => {
            b256!("7702864008ddeab30aa67b7adc3d2653bc8d162714b1fe8fe4582df814f3bf61")
        }
    }
}
