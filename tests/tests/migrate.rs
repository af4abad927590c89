//! `writ migrate layout`, the program itself: verdicts, exit codes, and files that are of no use.
#![allow(missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");

const BEFORE: &str =
    "contract Vault { address public owner; mapping(address => uint256) public balances; }";
const SAFE: &str = "contract Vault { address public owner; mapping(address => uint256) public balances; uint256 public cap; }";
const UNSAFE: &str = "contract Vault { uint256 public cap; address public owner; mapping(address => uint256) public balances; }";
const UNVERIFIED: &str = "contract Vault { address public owner; mapping(address => uint256) public balances;
    function at(uint256 key) external view returns (uint256 r) { assembly { mstore(0, key) r := sload(keccak256(0, 32)) } } }";
const PROXY: &str =
    "contract Proxy { bool private locked; function lock() external { locked = true; } }";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// As Hardhat writes it.
fn hardhat(source: &str) -> Value {
    let text = format!("// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n{source}\n");
    json!({
        "_format": "hh-sol-build-info-1", "id": "1", "solcVersion": "0.8.30", "solcLongVersion": "0.8.30+commit.73712a01",
        "input": { "language": "Solidity", "sources": { "src/Vault.sol": { "content": text } },
                   "settings": { "optimizer": { "enabled": true }, "evmVersion": "cancun" } },
        "output": { "contracts": {}, "sources": {} },
    })
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().expect("a folder"));
        let all = [
            ("before", BEFORE),
            ("safe", SAFE),
            ("unsafe", UNSAFE),
            ("unverified", UNVERIFIED),
            ("proxy", PROXY),
        ];
        for (name, source) in all {
            files.write(name, &hardhat(source).to_string());
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(format!("{name}.json")), text).expect("a file");
    }

    fn contract(&self, file: &str, contract: &str) -> String {
        format!("{}:{contract}", self.0.path().join(format!("{file}.json")).display())
    }

    fn run(&self, arguments: &[(&str, String)], rest: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(["migrate", "layout"]).env_remove("WRIT_SOLC");
        for (flag, value) in arguments {
            command.arg(flag).arg(value);
        }
        command.args(rest).output().expect("it runs")
    }

    fn compare(&self, after: &str, rest: &[&str]) -> Output {
        let solc = root().join("solidity/toolchain/solc").display().to_string();
        let (before, after) = (self.contract("before", "Vault"), self.contract(after, "Vault"));
        self.run(&[("--before", before), ("--after", after), ("--solc", solc)], rest)
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exit_code_is_the_verdict() {
    let files = Files::new();
    let cases = [("safe", 0, "safe"), ("unsafe", 3, "unsafe"), ("unverified", 4, "unverified")];
    for (after, code, verdict) in cases {
        let output = files.compare(after, &["--format", "json"]);
        assert_eq!(output.status.code(), Some(code), "{}", words(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["schema"], "writ-layout-report/1");
        assert_eq!(report["verdict"], verdict);
        assert_eq!(report["before"], json!({ "source": "src/Vault.sol", "name": "Vault" }));
    }
    let output = files.compare("unsafe", &[]);
    let text = words(&output.stdout);
    assert!(text.contains("`cap` inserted over what is stored"), "{text}");
    assert!(text.contains("src/Vault.sol:3:"), "{text}");
    assert!(words(&output.stderr).contains("do not send it"));
}

#[test]
fn a_proxy_is_compared_with_what_it_runs() {
    let files = Files::new();
    let solc = root().join("solidity/toolchain/solc").display().to_string();
    let proxy = files.contract("proxy", "src/Vault.sol:Proxy");
    let after = files.contract("safe", "Vault");
    let arguments = [("--proxy", proxy), ("--after", after), ("--solc", solc)];
    let output = files.run(&arguments, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(3), "{}", words(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["findings"][0]["check"], "C3");
    assert_eq!(report["findings"][0]["kind"], "proxy-clash");
}

/// What forge writes, with its own keys beside the input.
#[test]
fn a_build_info_of_foundry_is_read() {
    let project = tempfile::tempdir().expect("a folder");
    let root = root().canonicalize().expect("the root");
    let solc = root.join("solidity/toolchain/solc");
    fs::create_dir(project.path().join("src")).expect("a folder");
    fs::write(project.path().join("foundry.toml"), "[profile.default]\nsrc = \"src\"\n")
        .expect("a file");
    let source = format!("// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n{BEFORE}\n");
    fs::write(project.path().join("src/Vault.sol"), source).expect("a file");
    let built = Command::new(root.join("node_modules/.bin/forge"))
        .current_dir(project.path())
        .args(["build", "--build-info", "--offline", "--use"])
        .arg(&solc)
        .output()
        .expect("forge: `npm ci`");
    assert!(built.status.success(), "{}{}", words(&built.stdout), words(&built.stderr));
    let mut found = fs::read_dir(project.path().join("out/build-info")).expect("a build-info");
    let file = found.next().expect("a file").expect("a file").path();
    let before = format!("{}:Vault", file.display());
    let files = Files::new();
    let after = files.contract("safe", "Vault");
    let arguments =
        [("--before", before), ("--after", after), ("--solc", solc.display().to_string())];
    let output = files.run(&arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{}{}", words(&output.stdout), words(&output.stderr));
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let files = Files::new();
    let mut other = hardhat(SAFE);
    other["solcLongVersion"] = json!("0.8.29+commit.ab55807c");
    files.write("other", &other.to_string());
    let mut short = hardhat(SAFE);
    short.as_object_mut().expect("an object").remove("input");
    files.write("short", &short.to_string());
    let mut urls = hardhat(SAFE);
    urls["input"]["sources"]["src/Vault.sol"] = json!({ "urls": ["/etc/passwd"] });
    files.write("urls", &urls.to_string());
    let mut vyper = hardhat(SAFE);
    vyper["input"]["language"] = json!("Vyper");
    files.write("vyper", &vyper.to_string());
    files.write("broken", &hardhat("contract Vault { uint256 }").to_string());
    files.write("missing", &hardhat("contract Safe {}").to_string());
    files.write("text", "no JSON");
    files.write("deep", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    let cases = [
        ("other", "made by solc 0.8.29+commit.ab55807c"),
        ("short", "no usable `input`"),
        ("urls", "not included in the build-info"),
        ("vyper", "only Solidity"),
        ("broken", "do not compile"),
        ("missing", "no contract \"Vault\""),
        ("text", "no JSON that can be read"),
        ("deep", "no JSON that can be read"),
        ("absent", "cannot read"),
    ];
    for (after, said) in cases {
        let output = files.compare(after, &[]);
        let error = words(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{after}: {error}");
        assert!(error.contains(said), "{after}: {error}");
        assert!(output.stdout.is_empty(), "{after}");
    }
    let after = files.contract("safe", "Vault");
    let none = files.run(&[("--after", after.clone())], &[]);
    assert_eq!(none.status.code(), Some(2), "neither --before nor --proxy");
    let before = files.contract("before", "Vault");
    let arguments = [("--before", before), ("--after", after), ("--solc", "/bin/false".to_owned())];
    let output = files.run(&arguments, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output.stderr).contains("name another one with --solc"));
}
