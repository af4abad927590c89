use std::path::Path;

use super::*;
use crate::read_files;

type Files = BTreeMap<String, Vec<u8>>;

fn tree() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/guarded-calls");
    read_files(&folder).expect("the policy in the tree")
}

fn changed(file: &str, from: &str, to: &str) -> Files {
    let mut files = tree();
    let text = String::from_utf8(files[file].clone()).expect("text");
    assert!(text.contains(from), "{from}");
    files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    files
}

fn repacked(mut files: Files) -> Files {
    let manifest = Bundle::pack(&files).expect("packs").as_value().to_json();
    files.insert(MANIFEST_FILE.to_owned(), manifest.into_bytes());
    files
}

#[test]
fn a_policy_in_the_tree_has_nothing_against_it() {
    let review = review(&tree());
    assert_eq!(review.findings, []);
    assert!(review.is_accepted());
    assert!(review.policy.is_some() && review.unprovable.is_none() && review.history.is_none());
    assert_eq!(review.tests.0, review.tests.1);
}

/// Each complaint stands where the cause does.
#[test]
fn complaints_have_their_place() {
    for (file, from, to, at, line, said) in [
        (
            "guarded_calls.rego",
            "count(refusals) == 0",
            "count(refusals) == null",
            "guarded_calls.rego",
            7,
            "null",
        ),
        (
            "guarded_calls.rego",
            "not guarded",
            "time.now_ns() > 0",
            "guarded_calls.rego",
            24,
            "clock",
        ),
        ("guarded_calls.rego", "not guarded", "]", "guarded_calls.rego", 24, ""),
        (MANIFEST_FILE, "\"quorum\"", "\"tee\"", MANIFEST_FILE, 10, "tee"),
        (MANIFEST_FILE, "calls.decision", "calls.nothing", MANIFEST_FILE, 3, ""),
        (MANIFEST_FILE, "\"format\": 1", "\"format\": 1.5", MANIFEST_FILE, 9, "whole"),
        (MANIFEST_FILE, "\"program\": \"0xa", "\"program\": \"0xb", MANIFEST_FILE, 0, "packing"),
        ("schema.json", "maxItems\": 512", "oneOf\": 512", "schema.json", 12, "oneOf"),
        ("words.json", "\"text\"", "\"txt\"", "words.json", 0, "sentence"),
    ] {
        let mut files = changed(file, from, to);
        if file == "schema.json" || file == "words.json" {
            files = repacked(files);
        }
        let review = review(&files);
        assert!(!review.is_accepted(), "{to}");
        let finding = review.findings.iter().find(|finding| finding.is_error).expect(to);
        let place = finding.place.as_ref().expect(to);
        assert_eq!((place.file.as_str(), place.line), (at, line), "{to}: {finding:?}");
        assert!(finding.problem.contains(said), "{to}: {finding:?}");
        assert!(!finding.remedy.is_empty());
    }
}

#[test]
fn a_change_that_was_not_packed_is_found_and_the_rest_is_still_looked_at() {
    let review = review(&changed("guarded_calls.rego", "may leave in one call", "may leave now"));
    let said: Vec<_> = review.findings.iter().map(|finding| finding.problem.as_str()).collect();
    assert!(said[0].contains("not what the manifest says"), "{said:?}");
    assert!(said.iter().any(|said| said.contains("test_more_leaves_than_may failed")), "{said:?}");
    assert!(review.policy.is_some());
}

#[test]
fn history_that_is_not_declared_is_an_error_and_history_that_is_not_read_a_warning() {
    let text = "not guarded\n\nrefusals contains \"x\" if input.history.day.operations > 1000";
    let undeclared = review(&repacked(changed("guarded_calls.rego", "not guarded", text)));
    let error = undeclared.findings.iter().find(|finding| finding.is_error).expect("an error");
    assert_eq!(error.place.as_ref().map(|place| place.line), Some(26), "{error:?}");
    assert!(error.problem.contains("input.history"));
    // By a name in brackets, too; of another field, not.
    for (text, found) in [
        ("input[\"history\"].day.operations > 1000", true),
        ("input[name_of(input.calls[0])] == 1", true),
        ("count(input) > 1000", true),
        ("input.account.history == 1", false),
        ("input[\"facts\"].history == 1", false),
    ] {
        let rule = format!("not guarded\n\nrefusals contains \"x\" if {text}");
        let review = review(&repacked(changed("guarded_calls.rego", "not guarded", &rule)));
        let finding = review.findings.iter().find(|finding| finding.problem.contains("history"));
        assert_eq!(finding.map(|finding| finding.is_error), found.then_some(true), "{text}");
    }
    let unread = review(&repacked(changed(
        MANIFEST_FILE,
        "\"readsHistory\": false",
        "\"readsHistory\": true",
    )));
    assert!(unread.is_accepted());
    assert!(unread.findings[0].problem.contains("no rule reads"), "{:?}", unread.findings);
}

#[test]
fn what_only_an_author_cares_about_is_a_warning() {
    let mut untested = tree();
    untested.remove("guarded_calls_test.rego");
    let mut idle = tree();
    let text = String::from_utf8(idle["guarded_calls.rego"].clone()).expect("text");
    idle.insert("guarded_calls.rego".to_owned(), format!("{text}\nunused := 1\n").into_bytes());
    let words = changed("words.json", "{validFor:duration}", "{validfor:duration}");
    for (files, said) in [
        (untested, "no tests"),
        (repacked(idle), "no test needs unused"),
        (repacked(words), "{validfor}"),
    ] {
        let review = review(&files);
        assert!(review.is_accepted(), "{said}: {:?}", review.findings);
        assert!(review.findings.iter().any(|f| f.problem.contains(said)), "{:?}", review.findings);
    }
}

#[test]
fn why_a_policy_is_not_provable_has_its_place() {
    let mut files = changed("guarded_calls.rego", "not guarded", "array.reverse([1]) == [2]");
    let text = String::from_utf8(files[MANIFEST_FILE].clone()).expect("text");
    let text = text
        .replace("policyvm-1", "regorus-strict")
        .replace("\"provable\": true", "\"provable\": false");
    files.insert(MANIFEST_FILE.to_owned(), text.into_bytes());
    let review = review(&repacked(files));
    let reason = review.unprovable.as_ref().expect("not provable");
    assert_eq!((reason.file.as_str(), reason.line), ("guarded_calls.rego", 24), "{reason}");
    assert!(review.policy.as_ref().is_some_and(|policy| policy.program().is_none()));
}
