//! Creation code of accounts as others published them, read at run time from a package that carries it as constants in its
//! sources. The package is copyleft: nothing of it is linked or kept here.

use alloy::primitives::{Bytes, hex};

use crate::root;

const FOLDER: &str = "node_modules/@rhinestone/modulekit/src/deployment/precompiles";

/// The bytes of `bytes … constant <name> = hex"…"` in one of the package's files.
///
/// # Panics
/// When the packages are not installed, or have no such constant.
pub(crate) fn published(file: &str, name: &str) -> Bytes {
    let path = root().join(FOLDER).join(format!("{file}.sol"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}): run `npm ci` in the workspace root", path.display())
    });
    let (_, after) = text.split_once(&format!(" {name} =")).expect(name);
    let digits = after.split('"').nth(1).expect(name);
    hex::decode(digits).expect(name).into()
}

/// Creation code of OpenZeppelin's ERC-1967 proxy, as its package has it.
///
/// # Panics
/// When the packages are not installed.
pub(crate) fn proxy_creation_code() -> Bytes {
    let path =
        root().join("node_modules/@openzeppelin/contracts/build/contracts/ERC1967Proxy.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}): run `npm ci` in the workspace root", path.display())
    });
    let json: serde_json::Value = serde_json::from_str(&text).expect("an artifact is JSON");
    hex::decode(json["bytecode"].as_str().expect("bytecode")).expect("bytecode is hex").into()
}
