//! Build-infos and compilers that are of no use, or mean harm: refused by name, within the limits.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use serde_json::{Value, json};
use writ_migration::{BuildInfo, Compiler, LayoutError, Target, layouts, limits};

fn info(sources: &Value) -> Vec<u8> {
    json!({
        "solcLongVersion": "0.8.30+commit.73712a01",
        "input": { "language": "Solidity", "sources": sources },
    })
    .to_string()
    .into_bytes()
}

/// A compiler that answers what it is told to.
fn answering(folder: &tempfile::TempDir, script: &str) -> Compiler {
    let path: PathBuf = folder.path().join("solc");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'Version: 0.8.30+commit.73712a01.Linux.g++'; exit; fi\n{script}\n"
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Compiler::at(path).unwrap()
}

fn asked(compiler: &Compiler) -> LayoutError {
    let build = BuildInfo::parse(&info(&json!({ "a.sol": { "content": "" } }))).unwrap();
    let target: Target = "A".parse().unwrap();
    layouts(compiler, &build, &[target]).expect_err("no layout")
}

#[test]
fn more_than_the_limits_is_not_read() {
    let many: serde_json::Map<String, Value> =
        (0..=limits::SOURCES).map(|n| (format!("{n}.sol"), json!({ "content": "" }))).collect();
    let error = BuildInfo::parse(&info(&Value::Object(many))).expect_err("too many");
    assert!(matches!(error, LayoutError::TooManySources { .. }), "{error}");
    let deep = format!("{}{}", "{\"a\":".repeat(200), "}".repeat(200));
    assert!(matches!(BuildInfo::parse(deep.as_bytes()), Err(LayoutError::Json(_))));
    let compiler = common::compiler();
    let build =
        BuildInfo::parse(&info(&json!({ "a.sol": { "content": "contract A {}" } }))).unwrap();
    let targets = vec!["A".parse::<Target>().unwrap(); limits::CONTRACTS + 1];
    let error = layouts(&compiler, &build, &targets).expect_err("too many");
    assert!(matches!(error, LayoutError::TooManyContracts { .. }), "{error}");
}

#[test]
fn what_is_missing_is_named() {
    for (file, part) in [
        (json!({}), "solcLongVersion"),
        (json!({ "solcVersion": "latest" }), "solcLongVersion"),
        (json!({ "solcVersion": "0.8.30" }), "input"),
        (json!({ "solcVersion": "0.8.30", "input": { "language": "Solidity" } }), "input.sources"),
    ] {
        let error = BuildInfo::parse(file.to_string().as_bytes()).expect_err("no build-info");
        assert!(
            matches!(error, LayoutError::BuildInfo { part: named, .. } if named == part),
            "{error}"
        );
    }
}

#[test]
fn the_compiler_has_to_be_the_one_that_built_it() {
    let compiler = common::compiler();
    for (version, agrees) in [
        ("0.8.30", true),
        ("0.8.30+commit.73712a01", true),
        ("0.8.30+commit.73712a01.Emscripten.clang", true),
        ("0.8.30+commit.00000000", false),
        ("0.8.29+commit.73712a01", false),
        ("0.8.3", false),
    ] {
        let file = json!({ "solcLongVersion": version, "input": { "language": "Solidity",
            "sources": { "a.sol": { "content": "contract A {}" } } } });
        let build = BuildInfo::parse(file.to_string().as_bytes()).unwrap();
        let found = layouts(&compiler, &build, &["A".parse().unwrap()]);
        match found {
            Ok(_) => assert!(agrees, "{version}"),
            Err(LayoutError::Version { .. }) => assert!(!agrees, "{version}"),
            Err(error) => panic!("{version}: {error}"),
        }
    }
}

#[test]
fn a_name_that_means_two_contracts_is_refused_and_its_source_tells_them_apart() {
    let file = info(
        &json!({ "a.sol": { "content": "contract A {}" }, "b.sol": { "content": "contract A {}" } }),
    );
    let build = BuildInfo::parse(&file).unwrap();
    let compiler = common::compiler();
    let error = layouts(&compiler, &build, &["A".parse().unwrap()]).expect_err("two");
    assert!(
        matches!(&error, LayoutError::Ambiguous { sources, .. } if sources.len() == 2),
        "{error}"
    );
    let found = layouts(&compiler, &build, &["b.sol:A".parse().unwrap()]).unwrap();
    assert_eq!(found[0].contract.source, "b.sol");
}

#[test]
fn an_answer_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let with = |script: &str| asked(&answering(&folder, script));
    assert!(matches!(with("cat >/dev/null; echo no"), LayoutError::Output { .. }));
    assert!(matches!(with("cat >/dev/null; echo broken >&2; exit 3"), LayoutError::Failed { .. }));
    // One that ends without reading its input.
    assert!(matches!(with("echo '{}'"), LayoutError::Output { .. }));
    let foreign = r#"cat >/dev/null; echo '{"sources":{"/etc/passwd":{"id":0,"ast":{}}}}'"#;
    assert!(matches!(with(foreign), LayoutError::ForeignSource(name) if name == "/etc/passwd"));
    let deep = "cat >/dev/null; head -c 100000 /dev/zero | tr '\\0' '['";
    assert!(matches!(with(deep), LayoutError::Output { .. }));
    let absent = Compiler::at(folder.path().join("absent")).expect_err("nothing there");
    assert!(matches!(absent, LayoutError::Compiler { .. }));
    let silent = Compiler::at("/bin/true").expect_err("no version");
    assert!(matches!(silent, LayoutError::NoVersion(_)));
}

/// Layouts that no compiler writes: an error by name, never a panic.
#[test]
fn a_layout_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let variable = |slot: &str, offset: i64, kind: &str| json!({ "astId": 2, "label": "x", "slot": slot, "offset": offset, "type": kind });
    let word = json!({ "t_uint256": { "encoding": "inplace", "label": "uint256", "numberOfBytes": "32" } });
    let cases = [
        (json!({ "storage": [variable("-1", 0, "t_uint256")], "types": word }), "no slot"),
        (json!({ "storage": [variable("0", 32, "t_uint256")], "types": word }), "no offset"),
        (json!({ "storage": [variable("0", 0, "t_absent")], "types": word }), "not listed"),
        (
            json!({ "storage": [], "types": { "t_x": { "encoding": "inplace", "label": "x", "numberOfBytes": "many" } } }),
            "no size",
        ),
        (
            json!({ "storage": [], "types": { "t_struct(S)1_storage": { "encoding": "inplace", "label": "struct S", "numberOfBytes": "32" } } }),
            "no members",
        ),
        (Value::Null, "no storageLayout"),
    ];
    for (layout, said) in cases {
        let answer = json!({
            "sources": { "a.sol": { "id": 0, "ast": { "nodes": [{ "id": 1, "nodeType": "ContractDefinition", "name": "A",
                "linearizedBaseContracts": [1], "nodes": [] }] } } },
            "contracts": { "a.sol": { "A": { "storageLayout": layout } } },
        });
        fs::write(folder.path().join("answer.json"), answer.to_string()).unwrap();
        let script = format!("cat >/dev/null; cat {}/answer.json", folder.path().display());
        let error = asked(&answering(&folder, &script));
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
}
