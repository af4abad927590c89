//! Policies that are written to hang, exhaust or crash whoever reads them: each costs a child process, and nothing else.

use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;
use writ_node::dev::free_port;
use writ_policy::{
    CompileError, PolicyStore, StoreError, Worker, WorkerError, WorkerLimits, read_files,
};
use writ_tests::{complaint, root, writ};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const LIMITS: WorkerLimits = WorkerLimits { seconds: 2, mebibytes: 768 };

/// A sum so long that whoever walks its syntax tree runs out of stack.
fn overflowing() -> String {
    format!("x := 1{}", "\n+ 1".repeat(15_000))
}

/// Unions so long that reading them takes time with the square of their length, and each within what a stack holds.
fn endless() -> String {
    let union = format!("{{1}}{}", format!("\n{}", "|{1}".repeat(100)).repeat(4));
    (0..38).map(|n| format!("x{n} := {union}\n")).collect()
}

/// A bundle of `rules` and `tests`, as if it had been packed: on regorus alone, so that no program is made of it before.
fn bundle(folder: &Path, rules: &str, tests: &str) {
    let of = |file: &str| root().join("policies/guarded-calls").join(file);
    fs::create_dir_all(folder).expect("a folder");
    let code = format!(
        "package writ.t\n\nimport rego.v1\n\ndecision := {{\"allow\": false, \"reasons\": []}}\n\n{rules}\n"
    );
    let hash = |bytes: &[u8]| alloy::primitives::keccak256(bytes).to_string();
    let read = |file: &str| fs::read(of(file)).expect("a file");
    let manifest = json!({
        "engine": "regorus-strict", "entry": "data.writ.t.decision", "format": 1, "level": "quorum",
        "name": "foreign", "provable": false, "readsHistory": false, "requiredFacts": [], "version": "1.0.0",
        "files": {
            "t.rego": hash(code.as_bytes()),
            "schema.json": hash(&read("schema.json")), "words.json": hash(&read("words.json")),
        },
    });
    let tests = format!("package writ.t_test\n\nimport rego.v1\n\n{tests}\n");
    for (file, text) in [
        ("t.rego", code.into_bytes()),
        ("t_test.rego", tests.into_bytes()),
        ("manifest.json", manifest.to_string().into_bytes()),
        ("schema.json", read("schema.json")),
        ("words.json", read("words.json")),
    ] {
        fs::write(folder.join(file), text).expect("written");
    }
}

fn folder(rules: &str, tests: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    bundle(folder.path(), rules, tests);
    folder
}

fn worker(limits: WorkerLimits) -> Worker {
    Worker::new(PROGRAM.into(), vec!["policy-worker".into()], limits)
}

#[test]
fn compiling_ends_by_the_limits_of_the_child() {
    let compile = |rules: &str, limits| {
        let files = read_files(folder(rules, "").path()).expect("files");
        worker(limits).compile(&files)
    };
    compile("x := 1", LIMITS).expect("a policy");
    let error = compile(&overflowing(), LIMITS).expect_err("too deep");
    assert!(matches!(error, CompileError::Worker(WorkerError::Stack)), "{error}");
    let brief = WorkerLimits { seconds: 1, ..LIMITS };
    let error = compile(&endless(), brief).expect_err("endless");
    assert!(matches!(error, CompileError::Worker(WorkerError::Time(1))), "{error}");
    // What is refused is refused, and no limit was reached.
    let error = compile("x := time.now_ns()", LIMITS).expect_err("a clock");
    assert!(
        matches!(&error, CompileError::Refused(because) if because.contains("clock")),
        "{error}"
    );
    // With next to no memory nothing is compiled, and the parent is told so.
    let little = WorkerLimits { mebibytes: 1, ..LIMITS };
    let error = compile("x := 1", little).expect_err("no memory");
    let CompileError::Worker(error) = error else { panic!("{error}") };
    assert!(error.is_limit(), "{error}");
}

#[test]
fn sources_at_the_edge_of_what_is_accepted_are_read_in_bounded_time() {
    let deep = "[".repeat(8) + "1" + &"]".repeat(8);
    for (rules, accepted) in [
        (format!("x := {deep}"), true),
        (format!("x := {}", deep.replace('[', "{").replace(']', "}")), true),
        (format!("x := [{}]", format!("{},\n", &deep[1..deep.len() - 1]).repeat(1_000)), true),
        (format!("x := [{deep}]"), false),
        (format!("x := {}1", "- ".repeat(200)), false),
        (format!("x := input{}", ".a".repeat(120)), false),
        (format!("x := {}", "9".repeat(400)), false),
        ("x := 1e400".to_owned(), false),
        ("x := \"\\ud800\"".to_owned(), false),
        ("x := `".to_owned(), false),
        (format!("x := 1 if input.a == 1\n{}", "else := 2 if input.a == 2\n".repeat(1_500)), true),
        ((0..60).map(|n| format!("x{n} := x{}\n", n + 1)).collect::<String>() + "x60 := 1", false),
    ] {
        let files = read_files(folder(&rules, "").path()).expect("files");
        let outcome = worker(WorkerLimits { seconds: 10, ..LIMITS }).compile(&files);
        let shown: String = rules.chars().take(60).collect();
        match outcome {
            Ok(()) => assert!(accepted, "{shown}"),
            Err(CompileError::Refused(because)) => assert!(!accepted, "{shown}: {because}"),
            Err(error) => panic!("{shown}: {error}"),
        }
    }
}

/// Tests may call what policies may not.
#[tokio::test(flavor = "multi_thread")]
async fn tests_of_strangers_end_by_the_limits_too() {
    let loops = "count({[a, b, c, d] | some a in numbers.range(0, 200); some b in numbers.range(0, 200); some c in numbers.range(0, 200); some d in numbers.range(0, 200)}) > 0";
    let many: String = (0..40).map(|n| format!("test_{n} if {loops}\n")).collect();
    for (tests, code, said) in [
        ("test_a if count(numbers.range(0, 100000000)) > 0", 3, "768 MiB of memory"),
        ("test_a if count(sprintf(\"%1000000000d\", [1])) > 0", 3, "768 MiB of memory"),
        (many.as_str(), 3, "3 seconds of processor time"),
        // Panics of the engine are failures of the test.
        ("test_a if count(numbers.range(0, 4611686018427387904)) > 0", 2, "1 of 1 tests failed"),
        ("test_a if strings.count(\"x\", \"\") > 0", 2, "1 of 1 tests failed"),
    ] {
        let folder = folder("x := 1", tests);
        let path = folder.path().to_str().expect("text").to_owned();
        let arguments: Vec<String> =
            ["policy", "test", "--cpu-seconds", "3", "--memory-mib", "768", &path]
                .map(str::to_owned)
                .to_vec();
        let output = writ(PROGRAM, &arguments, None).await;
        let complained = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}: {complained}");
        assert!(complained.contains(said), "{said}: {complained}");
        assert!(!complained.contains("panicked"), "{complained}");
    }
}

#[test]
fn a_store_with_a_hostile_policy_is_not_used_and_nobody_is_hurt() {
    let store = tempfile::tempdir().expect("a folder");
    bundle(&store.path().join("good"), "x := 1", "");
    let opened = PolicyStore::open_with(store.path(), &worker(LIMITS)).expect("opens");
    assert_eq!(opened.policies().count(), 1);
    bundle(&store.path().join("hostile"), &overflowing(), "");
    let error = PolicyStore::open_with(store.path(), &worker(LIMITS)).expect_err("hostile");
    assert!(
        matches!(&error, StoreError::Compiler(path, _) if path.ends_with("hostile")),
        "{error}"
    );
    // A program that is no worker is not taken for one.
    let other = Worker::new("/bin/true".into(), Vec::new(), LIMITS);
    fs::remove_dir_all(store.path().join("hostile")).expect("removed");
    let error = PolicyStore::open_with(store.path(), &other).expect_err("no worker");
    assert!(matches!(error, StoreError::Compiler(..)), "{error}");
    let absent = Worker::new("/nowhere/writ".into(), Vec::new(), LIMITS);
    let error = PolicyStore::open_with(store.path(), &absent).expect_err("no program");
    assert!(error.to_string().contains("/nowhere/writ"), "{error}");
}

/// The real operator and the real bundler say which policy it is, and end.
#[tokio::test(flavor = "multi_thread")]
async fn operator_and_bundler_refuse_a_hostile_store_and_do_not_crash() {
    let place = tempfile::tempdir().expect("a folder");
    let path = |name: &str| place.path().join(name).to_str().expect("text").to_owned();
    bundle(&place.path().join("policies/hostile"), &overflowing(), "");
    let key = path("key");
    fs::write(&key, format!("0x{}", "11".repeat(32))).expect("a key");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&key, mode).expect("readable by its owner only");
    let node = format!("http://127.0.0.1:{}", free_port().expect("a port"));
    let arguments =
        |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (policies, data) = (path("policies"), path("data"));
    let operator = arguments(&[
        "operator",
        "--node-url",
        &node,
        "--key-file",
        &key,
        "--policies",
        &policies,
        "--data-dir",
        &data,
    ]);
    let bundler = arguments(&[
        "bundler",
        "--node-url",
        &node,
        "--signer-key-file",
        &key,
        "--policies",
        &policies,
        "--data-dir",
        &data,
    ]);
    for command in [operator, bundler] {
        let said = complaint(&writ(PROGRAM, &command, None).await);
        assert!(said.contains("hostile") && said.contains("stack overflowed"), "{said}");
    }
}
