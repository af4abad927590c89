//! `writ policy`: what it says of bundles that are right, and of bundles that are not.

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use tempfile::TempDir;
use writ_tests::{root, writ};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
const RULES: &str = "guarded_calls.rego";
const TESTS: &str = "guarded_calls_test.rego";

/// A copy of a policy in the tree.
fn copy_of(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(root().join("policies").join(name)).expect("the policy") {
        let path = entry.expect("a file").path();
        fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("copied");
    }
    folder
}

fn change(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).expect("written");
}

fn append(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    let before = fs::read_to_string(&path).expect("a file");
    fs::write(path, format!("{before}\n{text}\n")).expect("written");
}

/// Runs `writ policy`; its exit code, and what it said.
async fn policy(arguments: &[&str]) -> (i32, String, String) {
    let arguments: Vec<String> =
        std::iter::once("policy").chain(arguments.iter().copied()).map(str::to_owned).collect();
    let Output { status, stdout, stderr } = writ(PROGRAM, &arguments, None).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let (said, complained) = (text(stdout), text(stderr));
    assert!(!complained.contains("panicked"), "{complained}");
    (status.code().expect("it ends by itself"), said, complained)
}

fn json(said: &str) -> Value {
    serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn name(folder: &TempDir) -> &str {
    folder.path().to_str().expect("text")
}

fn vector(file: &str) -> String {
    let path = root().join("modules/policy/tests/vectors").join(file);
    path.to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_policy_in_the_tree_is_accepted_and_packed() {
    let mut folders: Vec<String> = fs::read_dir(root().join("policies"))
        .expect("the policies")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| path.to_str().expect("text").to_owned())
        .collect();
    folders.sort_unstable();
    let of = |words: &[&'static str]| -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).chain(folders.clone()).collect()
    };
    let check = of(&["check", "--strict", "--format", "json"]);
    let check: Vec<&str> = check.iter().map(String::as_str).collect();
    let (code, said, complained) = policy(&check).await;
    assert_eq!((code, complained.as_str()), (0, ""), "{said}");
    let reports = json(&said);
    assert_eq!(reports.as_array().map(Vec::len), Some(folders.len()));
    for (report, folder) in reports.as_array().expect("a list").iter().zip(&folders) {
        assert_eq!(report["bundle"].as_str(), Some(folder.as_str()));
        assert_eq!(report["accepted"], true, "{report}");
        assert_eq!(report["provable"], true, "{report}");
        assert_eq!(report["findings"], serde_json::json!([]), "{report}");
        let cost = |name: &str| {
            let of = |what: &str| report[name][what].as_u64().unwrap_or_else(|| panic!("{report}"));
            (of("fuel"), of("gas"))
        };
        let (most, small) = (cost("cost"), cost("smallCost"));
        assert!(0 < small.0 && small.0 <= most.0 && small.1 <= most.1, "{report}");
        assert!(most.1 < 30_000_000, "a dispute fits a block: {report}");
        assert_eq!(report["tests"], report["testsPassed"], "{report}");
    }
    let pack = of(&["pack", "--check"]);
    let pack: Vec<&str> = pack.iter().map(String::as_str).collect();
    let (code, said, complained) = policy(&pack).await;
    assert_eq!(code, 0, "{said}{complained}");
    // Packing says the id that checking says.
    for report in reports.as_array().expect("a list") {
        assert!(said.contains(report["policyId"].as_str().expect("an id")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_would_refuse_is_named_with_its_place() {
    for (from, to, place, because) in [
        ("not guarded", "time.now_ns() > 0", "guarded_calls.rego:24:", "clock"),
        ("not guarded", "1 / 2 > 0", "guarded_calls.rego:24:", "cross-multiply"),
        ("not guarded", "input == null", "guarded_calls.rego:24:", "null"),
        ("not guarded", "0.1 > 0", "guarded_calls.rego:24:", "0.1"),
        ("not guarded", "1e400 > 0", "guarded_calls.rego:24:", "number"),
        ("not guarded", "-0 == 0", "guarded_calls.rego:24:", "-0"),
        ("not guarded", "[[[[[[[[[1]]]]]]]]] == []", "guarded_calls.rego:24:", "nested"),
        ("not guarded", "nosuch(1)", "guarded_calls.rego:24:", ""),
        ("not guarded", "array.reverse([1]) == [1]", "guarded_calls.rego:24:", "proven"),
        ("not guarded", "]", "guarded_calls.rego:24:", ""),
    ] {
        let folder = copy_of("guarded-calls");
        change(folder.path(), RULES, from, to);
        let (code, said, complained) = policy(&["check", name(&folder)]).await;
        assert_eq!(code, 2, "{to}: {said}{complained}");
        assert!(
            said.contains(&format!("error: {place}")) && said.contains(because),
            "{to}: {said}"
        );
        assert!(complained.contains("an operator would refuse it"), "{complained}");
        // It is not packed either, and the manifest stays as it was.
        let manifest = fs::read(folder.path().join("manifest.json")).expect("a manifest");
        let (code, said, complained) = policy(&["pack", name(&folder)]).await;
        assert_eq!(code, 1, "{to}: {said}");
        assert!(complained.contains(place), "{to}: {complained}");
        assert_eq!(fs::read(folder.path().join("manifest.json")).expect("a manifest"), manifest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packing_writes_what_checking_asks_for() {
    let folder = copy_of("guarded-calls");
    change(folder.path(), "words.json", "Nobody is on the deny-list.", "Nobody is denied.");
    let (code, said, _) = policy(&["check", name(&folder)]).await;
    assert_eq!(code, 2);
    assert!(said.contains("error: words.json: ") && said.contains("writ policy pack"), "{said}");
    let (code, said, complained) = policy(&["pack", "--check", name(&folder)]).await;
    assert_eq!(code, 2, "{said}");
    assert!(complained.contains("out of date"), "{complained}");
    let (code, said, _) = policy(&["pack", "--format", "json", name(&folder)]).await;
    let report = json(&said)[0].clone();
    assert_eq!((code, &report["written"]), (0, &Value::from(true)), "{said}");
    let (code, said, _) = policy(&["pack", "--check", "--format", "json", name(&folder)]).await;
    let again = json(&said)[0].clone();
    assert_eq!((code, &again["upToDate"]), (0, &Value::from(true)), "{said}");
    assert_eq!(again["policyId"], report["policyId"]);
    assert_eq!(policy(&["check", "--strict", name(&folder)]).await.0, 0);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 6, "nothing is left lying");
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_fail_only_where_that_is_asked_for() {
    let folder = copy_of("guarded-calls");
    append(folder.path(), RULES, "unused := 1");
    assert_eq!(policy(&["pack", name(&folder)]).await.0, 0);
    let (code, said, _) = policy(&["check", name(&folder)]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("warning: guarded_calls.rego:") && said.contains("no test needs unused"),
        "{said}"
    );
    assert_eq!(policy(&["check", "--strict", name(&folder)]).await.0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_run_on_both_engines_and_failures_have_their_place() {
    let folder = copy_of("guarded-calls");
    let (code, said, _) = policy(&["test", "--format", "json", "--coverage", name(&folder)]).await;
    let report = json(&said)[0].clone();
    assert_eq!((code, &report["failed"]), (0, &Value::from(0)), "{said}");
    assert!(
        report["cases"].as_u64() >= Some(14) && report["mostFuel"].as_u64() > Some(0),
        "{said}"
    );
    assert_eq!(report["coverage"][RULES]["percent"], 100, "{said}");

    append(
        folder.path(),
        TESTS,
        "test_wrong if {\n\tguarded_calls.decision.allow == true with input as base\n\t\twith data.parameters as parameters\n\tguarded_calls.decision.validFor == 61 with input as base\n\t\twith data.parameters as parameters\n}\n\ntodo_test_later if false",
    );
    let text = fs::read_to_string(folder.path().join(TESTS)).expect("a file");
    let line = 1 + text.lines().position(|line| line.contains("== 61")).expect("the line");
    let (code, said, complained) = policy(&["test", name(&folder)]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("data.writ.guarded_calls_test.test_wrong: FAIL"), "{said}");
    assert!(said.contains(&format!("{TESTS}:{line}: undefined instead of true")), "{said}");
    assert!(!said.contains("test_anyone"), "only what failed: {said}");
    assert!(said.contains("FAIL: 1/16") && said.contains("SKIPPED: 1/16"), "{said}");
    assert!(complained.contains("1 of 16 tests failed"), "{complained}");

    let (code, said, _) =
        policy(&["test", "-v", "--run", "test_(anyone|no_data)$", name(&folder)]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("test_anyone: PASS") && said.contains("PASS: 2/2"), "{said}");
    let (code, _, complained) = policy(&["test", "--run", "(", name(&folder)]).await;
    assert_eq!(code, 1);
    assert!(complained.contains("--run"), "{complained}");
    // A line that no test comes to.
    append(
        folder.path(),
        RULES,
        "uncovered if {\n\tinput.account.kind == \"x\"\n\tinput.account.kind == \"y\"\n}",
    );
    let (_, said, _) = policy(&["test", "--coverage", name(&folder)]).await;
    assert!(said.contains(&format!("{RULES}: ")) && said.contains(", not "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_comes_with_its_engines_and_its_rules() {
    let bundle = root().join("policies/agent-spending");
    let bundle = bundle.to_str().expect("text");
    let (input, parameters) = (vector("input.json"), vector("agent-spending.parameters.json"));
    let eval = |input: String, format: &'static str| {
        let parameters = parameters.clone();
        async move {
            policy(&[
                "eval",
                bundle,
                "--input",
                &input,
                "--parameters",
                &parameters,
                "--explain",
                "--format",
                format,
            ])
            .await
        }
    };
    let (code, said, complained) = eval(input.clone(), "json").await;
    assert_eq!(code, 0, "{complained}");
    let report = json(&said);
    assert_eq!(
        (&report["outcome"], &report["decision"]["validFor"]),
        (&"allow".into(), &300.into())
    );
    assert!(report["policyvm"]["fuel"].as_u64() > Some(1_000), "{said}");
    assert_eq!(report["policyvm"]["said"], report["regorus"]["said"]);
    assert!(report["words"].as_array().is_some_and(|words| words.len() > 5), "{said}");
    let (code, said, _) = eval(input.clone(), "text").await;
    assert_eq!(code, 0);
    assert!(
        said.starts_with("ALLOW, for 300 seconds") && said.contains("regorus     agrees"),
        "{said}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let over = folder.path().join("over.json");
    let text = fs::read_to_string(&input).expect("the example");
    fs::write(&over, text.replace("\"maxOut\": 40000000", "\"maxOut\": 150000000"))
        .expect("written");
    let (code, said, complained) = eval(over.to_str().expect("text").to_owned(), "text").await;
    assert_eq!((code, complained.as_str()), (2, "writ: denied\n"), "{said}");
    assert!(
        said.starts_with("DENY\n") && said.contains("per-operation limit of 50 USDC exceeded"),
        "{said}"
    );
    assert!(said.contains("given by agent_spending.rego:"), "{said}");
}

/// Whatever stands in a document, there is an answer, soon.
#[tokio::test(flavor = "multi_thread")]
async fn documents_of_strangers_are_refused_with_their_place() {
    let bundle = root().join("policies/agent-spending");
    let bundle = bundle.to_str().expect("text");
    let folder = tempfile::tempdir().expect("a folder");
    let (input, parameters) = (vector("input.json"), vector("agent-spending.parameters.json"));
    let bad = folder.path().join("bad.json");
    let path = bad.to_str().expect("text");
    for (text, said) in [
        ("{\"v\": 1e99999999}", "bad.json:1:7: numbers are whole"),
        ("{\"v\": 1e400}", "bad.json:1:7: numbers are whole"),
        ("{\"v\": 0.1}", "bad.json:1:7: numbers are whole"),
        ("{\"v\": -0}", "bad.json:1:7: "),
        ("{\"v\":\n null}", "bad.json:2:2: null"),
        ("{\"v\": 1, \"v\": 2}", "bad.json:1:10: key \"v\" appears twice"),
        ("{\"v\": \"\\ud800\"}", "bad.json:1:8: unpaired surrogate"),
        (&format!("{{\"v\": {}}}", "9".repeat(500)), "bad.json:1:7: "),
        (&format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)), "nested deeper than 16"),
        (&" ".repeat(2 << 20), "longer than 1048576 bytes"),
    ] {
        fs::write(&bad, text).expect("written");
        let arguments = ["eval", bundle, "--input", path, "--parameters", &parameters];
        let (code, _, complained) = policy(&arguments).await;
        assert_eq!(code, 1, "{said}: {complained}");
        assert!(complained.contains(said), "{said}: {complained}");
        let arguments = ["eval", bundle, "--input", &input, "--parameters", path];
        let (code, _, complained) = policy(&arguments).await;
        let said = said.replace("1048576", "65536");
        assert_eq!(code, 1, "{said}: {complained}");
        assert!(complained.contains(&said), "{said}: {complained}");
    }
    fs::write(&bad, [0x7b, 0xff, 0x7d]).expect("written");
    let (code, _, complained) =
        policy(&["eval", bundle, "--input", path, "--parameters", &parameters]).await;
    assert!(code == 1 && complained.contains("UTF-8"), "{complained}");
    // Not the shape that policies rely on: a denial, as operators give it.
    fs::write(&bad, "{\"version\": 1}").expect("written");
    let (code, said, _) =
        policy(&["eval", bundle, "--input", path, "--parameters", &parameters]).await;
    assert_eq!(code, 2);
    assert!(said.contains("the input document is malformed") && said.contains("input."), "{said}");
    // Not what the policy's schema takes.
    let (code, _, complained) =
        policy(&["eval", bundle, "--input", &input, "--parameters", path]).await;
    assert!(code == 1 && complained.contains("schema.json does not take them"), "{complained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_the_code_is_one() {
    let (code, _, complained) = policy(&["check", "/nowhere"]).await;
    assert!(code == 1 && complained.contains("cannot read /nowhere"), "{complained}");
    let (code, said, _) = policy(&["check", "--format", "json", "/nowhere"]).await;
    assert_eq!(code, 1);
    assert!(
        json(&said)[0]["error"].as_str().is_some_and(|error| error.contains("/nowhere")),
        "{said}"
    );
    let (code, _, complained) = policy(&["check"]).await;
    assert!(code == 1 && complained.contains("BUNDLE"), "{complained}");
    assert_eq!(policy(&["eval", "--nothing"]).await.0, 1);
    assert_eq!(policy(&["--help"]).await.0, 0);
    // One that cannot be read does not keep the others from being looked at, and counts before a no.
    let folder = copy_of("guarded-calls");
    change(folder.path(), "words.json", "Nobody", "Somebody");
    let (code, said, _) = policy(&["pack", "--check", name(&folder), "/nowhere"]).await;
    assert!(code == 1 && said.contains("out of date"), "{said}");
}
