//! The policies in the tree: their own tests, whether those tests need every rule and every
//! comparison, and what the policies decide on a whole input document.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use writ_policy::{
    BoundPolicy, Bundle, CompiledPolicy, Decision, DenyCode, Limits, MANIFEST_FILE, PolicySet,
    PolicyStore, Value, decode_json, explain, idle_rules, read_files, run_tests, test_bundle,
};

const INPUT: &str = include_str!("vectors/input.json");
const SPENDING: &str = include_str!("vectors/agent-spending.parameters.json");
const COUNTERPARTY: &str = include_str!("vectors/counterparty.parameters.json");
const GUARDED: &str = include_str!("vectors/guarded-calls.parameters.json");
const PROTOCOLS: &str = include_str!("vectors/protocol-calls.parameters.json");
const FREEZE: &str = include_str!("vectors/freeze.parameters.json");
const JURISDICTION: &str = include_str!("vectors/jurisdiction-and-age.parameters.json");
const APPROVAL: &str = include_str!("vectors/two-person-approval.parameters.json");
const ROUTER: &str = "0x4444444444444444444444444444444444444444";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

/// Every policy in the tree.
fn names() -> Vec<String> {
    let folders = std::fs::read_dir(root()).expect("the policies");
    let folders =
        folders.map(|entry| entry.expect("a folder")).filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    assert!(names.len() >= 5, "{names:?}");
    names
}

fn files(name: &str) -> BTreeMap<String, Vec<u8>> {
    read_files(&root().join(name)).expect(name)
}

fn bundle(name: &str) -> Bundle {
    Bundle::from_files(&files(name)).expect(name)
}

fn bound(name: &str, parameters: &str) -> BoundPolicy {
    let policy = CompiledPolicy::compile(bundle(name)).expect(name);
    let parameters = policy.parameters_from_json(parameters).expect("parameters");
    policy.bind(parameters).expect("binds")
}

fn input() -> Value {
    decode_json(INPUT, &Limits::INPUT).expect("the example decodes")
}

/// The example input with one text replaced by another.
fn changed(from: &str, to: &str) -> Value {
    assert!(INPUT.contains(from), "{from}");
    decode_json(&INPUT.replacen(from, to, 1), &Limits::INPUT).expect("still decodes")
}

fn decide(policy: &BoundPolicy, input: &Value) -> Decision {
    policy.evaluate(input).expect("no limit is reached")
}

#[test]
fn own_tests_pass() {
    for name in names() {
        let results = run_tests(&bundle(&name)).expect(&name);
        assert!(results.len() >= 6, "{name}: only {} tests", results.len());
        for result in results {
            assert_eq!(result.failure, None, "{name}: {}:{}", result.file, result.line);
        }
    }
}

#[test]
fn every_rule_is_needed_by_a_test() {
    for name in names() {
        assert_eq!(idle_rules(&bundle(&name)).expect(&name), [], "{name}");
    }
}

/// PolicyVM decides as regorus does on every document that a test names, and the tests evaluate every line.
#[test]
fn both_engines_decide_every_case_alike() {
    for name in names() {
        let report = test_bundle(&bundle(&name), &|_| true).expect(&name);
        let cases: usize = report.tests.iter().map(|test| test.cases).sum();
        assert!(cases >= report.tests.len() / 2, "{name}: only {cases} documents");
        for test in &report.tests {
            assert!(test.passed(), "{name}: {test:?}");
            assert_eq!(test.remarks, [""; 0], "{name}: {}", test.name);
        }
        assert!(report.most_fuel.is_some_and(|fuel| fuel > 0), "{name}");
        for (file, lines) in report.coverage {
            assert!(lines.not_covered.is_empty() && lines.covered.len() > 10, "{name}: {file}");
        }
    }
}

/// Changes one comparison, connective or number at a time. A change that no test notices would be
/// a limit that nobody checked.
#[test]
fn every_comparison_is_needed_by_a_test() {
    const CHANGES: [(&str, &str); 14] = [
        (" > ", " >= "),
        (" > ", " < "),
        (" >= ", " > "),
        (" <= ", " < "),
        (" == ", " != "),
        (" != ", " == "),
        (" + ", " - "),
        (" - ", " + "),
        ("not ", ""),
        (" 0", " 1"),
        (" false", " true"),
        (".from ", ".to "),
        (".to ", ".from "),
        (".owner ", ".spender "),
    ];
    for name in names() {
        let (mut tried, mut survived) = (0, Vec::new());
        let original = files(&name);
        for (file, text) in bundle(&name).sources() {
            for (from, to) in CHANGES {
                for (at, _) in text.match_indices(from) {
                    let line = text[..at].lines().count();
                    let is_comment =
                        text.lines().nth(line - 1).is_some_and(|line| line.starts_with('#'));
                    if is_comment {
                        continue;
                    }
                    tried += 1;
                    let mut mutant = text.clone();
                    mutant.replace_range(at..at + from.len(), to);
                    if passes(&original, file, &mutant) {
                        survived.push(format!("{file}:{line}: {from:?} as {to:?}"));
                    }
                }
            }
        }
        assert!(tried >= 10, "{name}: only {tried} changes");
        assert_eq!(survived, Vec::<String>::new(), "{name}");
    }
}

/// Whether all tests pass with another text of one file.
fn passes(original: &BTreeMap<String, Vec<u8>>, file: &str, text: &str) -> bool {
    let mut files = original.clone();
    files.insert(file.to_owned(), text.as_bytes().to_vec());
    let manifest = Bundle::pack(&files).expect("packs");
    files.insert(MANIFEST_FILE.to_owned(), manifest.as_value().to_json().into_bytes());
    let bundle = Bundle::from_files(&files).expect("a bundle");
    run_tests(&bundle).is_ok_and(|results| results.iter().all(|result| result.failure.is_none()))
}

#[test]
fn the_store_opens_and_finds_by_id() {
    let store = PolicyStore::open(&root()).expect("run `writ policy pack` after a change");
    for name in names() {
        let policy = store.by_name(&name).expect(&name);
        assert_eq!(policy.policy_id(), bundle(&name).policy_id());
        assert_eq!(store.get(policy.policy_id()).expect("by id").manifest().name, name);
        assert_eq!(policy.manifest().reads_history, name == "agent-spending", "{name}");
    }
    assert!(store.by_name("nobody").is_none());
    assert_eq!(store.policies().count(), names().len());
}

#[test]
fn the_example_operation_is_allowed() {
    let spending = bound("agent-spending", SPENDING);
    let counterparty = bound("counterparty", COUNTERPARTY);
    let decision = decide(&spending, &input());
    assert_eq!((decision.allow, decision.valid_for), (true, Some(300)), "{decision:?}");
    let decision = decide(&counterparty, &input());
    assert_eq!((decision.allow, decision.valid_for), (true, Some(120)), "{decision:?}");

    let set = PolicySet::new(vec![spending, counterparty]).expect("a set");
    let decision = set.evaluate(&input()).expect("no limit is reached");
    assert!(decision.allow);
    assert_eq!(decision.valid_for, Some(120));
    assert_eq!(decision.bounds.len(), 3);
    assert_eq!(decision.bounds[1].max_out, 40_000_000);
}

/// The policy of guarded contracts decides on no user operation, and only on a document that says who calls.
#[test]
fn a_call_is_decided_on_as_one() {
    let policy = bound("guarded-calls", GUARDED);
    let refused = decide(&policy, &input());
    assert!(!refused.allow);
    let action = format!(
        r#""action": {{"enforcer": "{ROUTER}", "caller": "0x2222222222222222222222222222222222222222",
        "target": "{ROUTER}", "path": "posted", "operation": "call", "context": "0x{}", "nonce": 7}}, "calls": ["#,
        "00".repeat(32)
    );
    let call = |caller: &str| {
        let text = INPUT.replacen("\"calls\": [", &action, 1).replacen(
            "\"caller\": \"0x2222",
            &format!("\"caller\": \"{caller}"),
            1,
        );
        decode_json(&text, &Limits::INPUT).expect("still decodes")
    };
    let decision = decide(&policy, &call("0x2222"));
    assert_ne!(decision.denied, Some(DenyCode::MalformedInput), "{decision:?}");
    assert!(decision.reasons.iter().any(|reason| reason.contains("guarded contracts alone")));
    let malformed = decide(&policy, &call("2222"));
    assert_eq!(malformed.denied, Some(DenyCode::MalformedInput));
}

/// A fact that is missing denies by the policy's own code, which the chain can run, and by its manifest.
#[test]
fn a_required_fact_denies_twice() {
    let policy = bound("jurisdiction-and-age", JURISDICTION);
    let decision = decide(&policy, &input());
    assert_eq!(decision.denied, Some(DenyCode::Policy), "no such fact was even asked for");
    assert_eq!(
        decision.reasons,
        [
            "fact person is not verified: missing",
            "the credential of the person behind the account is missing"
        ]
    );
    let with = |fact: &str| changed("\"facts\": {", &format!("\"facts\": {{\"person\": {fact}"));
    let expired = decide(&policy, &with(r#"{"status": "expired", "detail": "it ends at 7"}"#));
    assert_eq!(expired.denied, Some(DenyCode::Policy));
    assert_eq!(
        expired.reasons,
        [
            "fact person is not verified: expired (it ends at 7)",
            "the credential of the person behind the account is expired"
        ]
    );
    let fact = |kind: &str| {
        format!(
            r#"{{"status": "verified", "kind": "{kind}", "issuer": "i", "value": {{"adult": true, "country": "FR"}},
            "issuedAt": 1, "validUntil": 2, "proof": "0x{}"}}"#,
            "00".repeat(32)
        )
    };
    assert!(decide(&policy, &with(&fact("sd-jwt-vc"))).allow);
    // What the policy itself takes, and its manifest does not.
    let other = decide(&policy, &with(&fact("statement")));
    assert_eq!(other.denied, Some(DenyCode::Facts));
    assert_eq!(other.reasons, ["fact person is not verified: not of kind sd-jwt-vc"]);
    // A fact that is not one.
    for wrong in
        [r#"{"status": "verified"}"#, r#"{"status": "expired"}"#, "true", r#"{"detail": ""}"#]
    {
        assert_eq!(decide(&policy, &with(wrong)).denied, Some(DenyCode::MalformedInput), "{wrong}");
    }
}

/// A call of a pinned function has one field more, and all of it.
#[test]
fn a_pinned_call_is_decided_on() {
    let policy = bound("counterparty", COUNTERPARTY);
    let pinned = |pinned: &str| {
        changed("\"calls\": [\n    {", &format!("\"calls\": [\n    {{\"pinned\": {pinned}, "))
    };
    let argument = r#"{"name": "a", "type": "bool", "value": true}"#;
    let good = format!(r#"{{"function": "f(bool)", "args": [{argument}]}}"#);
    assert!(decide(&policy, &pinned(&good)).allow);
    for wrong in ["{}", "true", r#"{"function": "f()"}"#, r#"{"function": "f()", "args": [1]}"#] {
        assert_eq!(
            decide(&policy, &pinned(wrong)).denied,
            Some(DenyCode::MalformedInput),
            "{wrong}"
        );
    }
}

/// What is on the chain named by a limit of one argument, and a stop.
#[test]
fn arguments_and_the_stop_are_decided_on_whole_documents() {
    let protocols = bound("protocol-calls", PROTOCOLS);
    let decision = decide(&protocols, &input());
    assert_eq!((decision.allow, decision.valid_for), (true, Some(300)), "{decision:?}");
    let more = changed("\"value\": 40000000}", "\"value\": 50000001}");
    assert_eq!(
        decide(&protocols, &more).reasons,
        ["argument amount of transfer(address,uint256) may not be 50000001"]
    );

    let frozen = bound("freeze", FREEZE);
    let decision = decide(&frozen, &input());
    assert!(!decision.allow);
    assert_eq!(
        decision.reasons,
        [format!(
            "the account is frozen: {ROUTER} may not be approved to take anything of 0x1111111111111111111111111111111111111111"
        )]
    );
    assert!(FREEZE.contains("\"frozen\": true"));
    let off = FREEZE.replace("\"frozen\": true", "\"frozen\": false");
    assert!(decide(&bound("freeze", &off), &input()).allow);
}

/// Each reason is known by the rule that gives it.
#[test]
fn reasons_are_explained() {
    let policy = CompiledPolicy::compile(bundle("agent-spending")).expect("compiles");
    let parameters = policy.parameters_from_json(SPENDING).expect("parameters");
    let over = changed(
        "\"kind\": \"erc20\", \"maxOut\": 40000000",
        "\"kind\": \"erc20\", \"maxOut\": 150000000",
    );
    let decision = decide(&policy.bind(parameters.clone()).expect("binds"), &over);
    let explained = explain(policy.bundle(), &parameters, &over).expect("explained");
    assert_eq!(explained.keys().collect::<Vec<_>>(), decision.reasons.iter().collect::<Vec<_>>());
    let text = &policy.bundle().sources()["agent_spending.rego"];
    let mut lines = Vec::new();
    for (reason, rules) in explained {
        let [rule] = &rules[..] else { panic!("{reason}: {rules:?}") };
        let body: String =
            text.lines().skip(rule.line - 1).take_while(|line| *line != "}").collect();
        assert!(body.starts_with("refusals contains reason if {"), "{reason}: {body}");
        assert!(body.contains(" exceeded: \""), "{reason}: {body}");
        assert!(
            body.contains("limit.perOperation") == reason.starts_with("per-operation"),
            "{body}"
        );
        lines.push(rule.line);
    }
    lines.dedup();
    assert_eq!(lines.len(), 2, "each from a rule of its own");
}

#[test]
fn reasons_carry_numbers() {
    let spending = bound("agent-spending", SPENDING);
    let over = changed(
        "\"kind\": \"erc20\", \"maxOut\": 40000000",
        "\"kind\": \"erc20\", \"maxOut\": 150000000",
    );
    let decision = decide(&spending, &over);
    assert_eq!(decision.denied, Some(DenyCode::Policy));
    assert_eq!(
        decision.reasons,
        [
            "daily limit of 100 USDC exceeded: 150 USDC asked, 60 USDC spent in 24 hours, 40 USDC left of 0x1111111111111111111111111111111111111111",
            "per-operation limit of 50 USDC exceeded: 150 USDC of 0x1111111111111111111111111111111111111111",
        ]
    );
}

#[test]
fn missing_and_mistyped_input_is_never_allowed() {
    let spending = bound("agent-spending", SPENDING);
    for (from, to) in [
        ("\"maxOut\": 40000000", "\"maxOut\": \"40000000\""),
        ("\"reverted\": false", "\"reverted\": \"false\""),
        ("\"spent\": [", "\"spent2\": ["),
        ("\"version\": 2", "\"version\": 1"),
    ] {
        let decision = decide(&spending, &changed(from, to));
        assert_eq!(decision.denied, Some(DenyCode::MalformedInput), "{to}");
        assert!(!decision.allow);
    }
}

#[test]
fn decisions_do_not_depend_on_what_was_decided_before() {
    let spending = bound("agent-spending", SPENDING);
    let over = changed("\"maxOut\": 40000000", "\"maxOut\": 40000001");
    let (allowed, denied) = (decide(&spending, &input()), decide(&spending, &over));
    assert!(allowed.allow && !denied.allow);
    assert_eq!(decide(&spending, &input()), allowed);
    assert_eq!(decide(&spending, &over), denied);
    // Nor on which thread decides.
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| decide(&spending, &over))).collect();
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), denied);
        }
    });
}

#[test]
fn parameters_are_checked_however_they_come() {
    let policy = CompiledPolicy::compile(bundle("agent-spending")).expect("compiles");
    let parameters = policy.parameters_from_json(SPENDING).expect("fit");
    let again = policy.parameters_from_encoding(parameters.encoded()).expect("canonical");
    assert_eq!(again, parameters);
    assert_eq!(parameters.hash(), alloy::primitives::keccak256(parameters.encoded()));

    for (from, to) in [
        ("\"decimals\": 6", "\"decimals\": 37"),
        ("\"perDay\": 100000000", "\"perDay\": -1"),
        ("\"perDay\": 100000000", "\"perDay\": \"100000000\""),
        ("\"perDay\": 100000000", "\"perDay\": 1e8"),
        ("\"perDay\": 100000000", "\"perDay\": 100000000, \"perDay\": 1"),
        ("\"perDay\": 100000000", "\"perMonth\": 100000000"),
        ("\"validFor\": 300", "\"validFor\": 0"),
        ("\"symbol\": \"USDC\"", "\"symbol\": \"U S D C\""),
        ("\"asset\": \"0x1111", "\"asset\": \"0X1111"),
        // One asset twice, one contract twice.
        (
            "\"asset\": \"0x0000000000000000000000000000000000000000\"",
            "\"asset\": \"0x1111111111111111111111111111111111111111\"",
        ),
        (
            "\"address\": \"0x2222222222222222222222222222222222222222\"",
            "\"address\": \"0x1111111111111111111111111111111111111111\"",
        ),
    ] {
        assert!(SPENDING.contains(from), "{from}");
        let changed = SPENDING.replacen(from, to, 1);
        assert!(policy.parameters_from_json(&changed).is_err(), "{to}");
    }

    let other = CompiledPolicy::compile(bundle("counterparty")).expect("compiles");
    assert!(other.bind(parameters.clone()).is_err());
    assert!(!other.evaluate(&input(), &parameters).expect("decides").allow);
}

#[test]
fn policies_say_in_words_what_they_mean() {
    let lines = bound("agent-spending", SPENDING).describe().to_vec();
    assert!(lines.contains(
        &"Up to 50 USDC may leave in one operation, and up to 100 USDC within 24 hours (asset 0x1111111111111111111111111111111111111111).".to_owned()
    ), "{lines:#?}");
    assert!(lines.contains(&format!(
        "{ROUTER} may be approved to take tokens, each time up to the limit of one operation."
    )));
    for (name, parameters) in [
        ("agent-spending", SPENDING),
        ("counterparty", COUNTERPARTY),
        ("guarded-calls", GUARDED),
        ("protocol-calls", PROTOCOLS),
        ("freeze", FREEZE),
        ("jurisdiction-and-age", JURISDICTION),
        ("two-person-approval", APPROVAL),
    ] {
        for line in bound(name, parameters).describe() {
            assert!(!line.contains("(not set)") && !line.contains('{'), "{line}");
        }
    }
}
