//! The pinned compiler, build-info files, and the fixtures: pairs of contracts called `Subject`.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use writ_migration::{
    BuildInfo, Compiler, ContractLayout, Report, Target, clash, compare, layouts,
};

pub fn compiler() -> Compiler {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../solidity/toolchain/solc");
    Compiler::at(path).expect("the pinned compiler runs: `npm ci`")
}

pub fn file(sources: &BTreeMap<String, String>) -> Value {
    let sources: serde_json::Map<_, _> =
        sources.iter().map(|(name, text)| (name.clone(), json!({ "content": text }))).collect();
    json!({
        "_format": "hh-sol-build-info-1",
        "solcVersion": "0.8.30",
        "solcLongVersion": "0.8.30+commit.73712a01",
        "input": { "language": "Solidity", "sources": sources, "settings": { "evmVersion": "cancun" } },
    })
}

pub fn build(sources: &BTreeMap<String, String>) -> BuildInfo {
    BuildInfo::parse(file(sources).to_string().as_bytes()).unwrap()
}

/// One pair of a fixture and what its comparison has to say.
pub struct Pair {
    pub name: String,
    pub before: String,
    pub after: String,
    pub proxy: bool,
    /// The verdict, then the kinds that are found.
    pub expected: Vec<String>,
}

pub fn fixtures() -> (BTreeMap<String, String>, Vec<Pair>) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut sources = BTreeMap::new();
    let mut pairs = Vec::new();
    let mut folders: Vec<_> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut has = |file: &str| {
            let text = fs::read_to_string(folder.join(file)).ok()?;
            let source = format!("{name}/{file}");
            let expected = text.lines().next()?.strip_prefix("// expect: ").unwrap_or_default();
            let expected = expected.split_whitespace().map(str::to_owned).collect();
            sources.insert(source.clone(), text);
            Some((source, expected))
        };
        let fixed = has("Fixed.sol");
        let proxy = has("Proxy.sol");
        let is_proxy = proxy.is_some();
        let (first, _) = proxy.or_else(|| has("Before.sol")).unwrap();
        let (second, expected) =
            has(if is_proxy { "Implementation.sol" } else { "After.sol" }).unwrap();
        pairs.push(Pair {
            name: name.clone(),
            before: first.clone(),
            after: second.clone(),
            proxy: is_proxy,
            expected,
        });
        if let Some((fixed, expected)) = fixed {
            // What is repaired is the proxy, or the implementation that comes after.
            let (before, after) = if is_proxy { (fixed, second) } else { (first, fixed) };
            let name = format!("{name} (fixed)");
            pairs.push(Pair { name, before, after, proxy: is_proxy, expected });
        }
    }
    (sources, pairs)
}

pub fn all_layouts(build: &BuildInfo, contracts: &[String]) -> BTreeMap<String, ContractLayout> {
    let targets: Vec<Target> = contracts.iter().map(|contract| contract.parse().unwrap()).collect();
    let found = layouts(&compiler(), build, &targets).unwrap();
    contracts.iter().cloned().zip(found).collect()
}

/// The report of every pair of the fixtures.
pub fn reports() -> Vec<(Pair, Report)> {
    let (sources, pairs) = fixtures();
    let contracts: Vec<String> = sources.keys().map(|source| format!("{source}:Subject")).collect();
    let found = all_layouts(&build(&sources), &contracts);
    pairs
        .into_iter()
        .map(|pair| {
            let one = &found[&format!("{}:Subject", pair.before)];
            let other = &found[&format!("{}:Subject", pair.after)];
            let report = if pair.proxy { clash(one, other) } else { compare(one, other) };
            (pair, report)
        })
        .collect()
}

/// The pinned compiler on any input.
pub fn run_solc(input: &Value) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../solidity/toolchain/solc");
    pipe(Command::new(path).arg("--standard-json"), input)
}

/// What upgrades-core says of pairs of contracts: safe or not, none where it has no verdict, and why.
pub fn upgrades_core(
    sources: &BTreeMap<String, String>,
    pairs: &[(String, String)],
) -> Vec<(Option<bool>, String)> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/upgrades-core.mjs");
    let answer =
        pipe(Command::new("node").arg(script), &json!({ "sources": sources, "pairs": pairs }));
    let list = answer.as_array().unwrap();
    assert_eq!(list.len(), pairs.len());
    list.iter()
        .map(|verdict| (verdict["safe"].as_bool(), verdict["why"].as_str().unwrap().to_owned()))
        .collect()
}

fn pipe(command: &mut Command, input: &Value) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).unwrap()
}
