//! The committed artifacts are what the sources compile to.

use std::{path::Path, process::Command};

#[test]
fn committed_artifacts_are_what_the_sources_compile_to() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(
        root.join("node_modules/.bin/forge").exists(),
        "forge is not installed: run `npm ci` in the root of Writ"
    );
    let output = Command::new("node")
        .args(["script/toolchain/bindings.mjs", "--check"])
        .current_dir(root)
        .output()
        .expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
