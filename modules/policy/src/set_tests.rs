use std::collections::BTreeMap;

use alloy::primitives::{b256, hex};

use super::*;
use crate::{AssetKind, Bundle, CompiledPolicy, Limits, MANIFEST_FILE, Value, decode_json};

const USDC: &str = "0x1111111111111111111111111111111111111111";

fn input() -> Value {
    decode_json(include_str!("../tests/vectors/input.json"), &Limits::INPUT).expect("decodes")
}

/// A policy of one rule, bound to empty parameters.
fn policy(name: &str, decision: &str) -> BoundPolicy {
    let manifest = format!(
        r#"{{"format": 1, "name": "{name}", "version": "1", "engine": "regorus-strict",
            "provable": false, "level": "quorum", "entry": "data.writ.t.decision",
            "readsHistory": {}, "requiredFacts": [], "files": {{}}}}"#,
        name == "history"
    );
    let mut files: BTreeMap<String, Vec<u8>> = [
        (MANIFEST_FILE, manifest),
        ("t.rego", format!("package writ.t\n\nimport rego.v1\n\n{decision}\n")),
        ("schema.json", r#"{"type": "object"}"#.to_owned()),
        ("words.json", format!(r#"[{{"text": "{name}"}}]"#)),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .collect();
    let manifest = Bundle::pack(&files).expect("packs");
    files.insert(MANIFEST_FILE.to_owned(), manifest.as_value().to_json().into_bytes());
    let bundle = Bundle::from_files(&files).expect("a bundle");
    let compiled = CompiledPolicy::compile(bundle).expect("compiles");
    let parameters = compiled.parameters_from_json("{}").expect("parameters");
    compiled.bind(parameters).expect("binds")
}

fn allow(more: &str) -> BoundPolicy {
    policy("allow", &format!(r#"decision := {{"allow": true, "reasons": []{more}}}"#))
}

fn deny(reasons: &str) -> BoundPolicy {
    policy("deny", &format!(r#"decision := {{"allow": false, "reasons": [{reasons}]}}"#))
}

fn decide(policies: Vec<BoundPolicy>) -> SetDecision {
    PolicySet::new(policies).expect("a set").evaluate(&input()).expect("decides")
}

#[test]
fn all_must_allow() {
    assert!(decide(vec![allow(""), allow("")]).allow);
    let decision = decide(vec![allow(""), deny("\"b\", \"a\""), deny("\"a\", \"c\"")]);
    assert!(!decision.allow);
    assert_eq!(decision.reasons, ["a", "b", "c"]);
    assert_eq!(decision.bounds, []);
    assert_eq!(decision.decisions.len(), 3);
}

#[test]
fn a_policy_without_a_result_denies_for_all() {
    let decision = decide(vec![allow(""), policy("u", "decision := 1 if input.version == 1")]);
    assert!(!decision.allow);
    assert_eq!(decision.reasons, [DenyCode::Undefined.reason()]);
    let decision = decide(vec![policy("e", "decision := 1 % (input.version - 2)"), allow("")]);
    assert_eq!(decision.reasons, [DenyCode::EvaluationFailed.reason()]);
}

#[test]
fn running_out_of_time_is_no_answer() {
    // 20^8 steps; nobody may sign because one machine gave up on them.
    let loops: Vec<String> = (0..8).map(|n| format!("some x{n} in n")).collect();
    let numbers: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let endless =
        format!("n := [{}]\n\ndecision := count([1 | {}])", numbers.join(", "), loops.join("; "));
    let set = PolicySet::new(vec![deny("\"x\""), policy("endless", &endless)]).expect("a set");
    assert!(matches!(set.evaluate(&input()), Err(EvaluationError::Abstain(_))));
}

#[test]
fn bounds_and_validity_only_shrink() {
    let bound = |kind: &str, asset: &str, most: u64| {
        format!(r#"{{"kind": "{kind}", "asset": "{asset}", "maxOut": {most}}}"#)
    };
    let own = |bounds: &[String]| format!(r#", "bounds": [{}]"#, bounds.join(","));
    let native = bound("native", "0x0000000000000000000000000000000000000000", 99);
    let decision = decide(vec![
        allow(&own(&[bound("erc20", USDC, 30_000_000), native])),
        allow(&own(&[bound("erc20", USDC, 20_000_000)])),
        allow(&own(&[bound("erc20", "0x2222222222222222222222222222222222222222", 1)])),
        allow(r#", "validFor": 60"#),
        allow(r#", "validFor": 30"#),
    ]);
    let bounds: Vec<_> = decision.bounds.iter().map(|bound| (bound.kind, bound.max_out)).collect();
    // The native bound of the input is zero and stays zero; no asset is added.
    let allowance = (AssetKind::Allowance, 5);
    assert_eq!(bounds, [(AssetKind::Native, 0), (AssetKind::Erc20, 20_000_000), allowance]);
    assert_eq!(decision.valid_for, Some(30));
    assert_eq!(decide(vec![allow("")]).bounds[1].max_out, 40_000_000);
    // Of an allowance by its spender.
    let lent = |spender: &str| {
        let spender = format!(r#"0, "spender": "0x{}"}}"#, spender.repeat(40));
        own(&[bound("allowance", USDC, 0).replace("0}", &spender)])
    };
    assert_eq!(decide(vec![allow(&lent("4"))]).bounds[2].max_out, 0);
    assert_eq!(decide(vec![allow(&lent("5"))]).bounds[2].max_out, 5);
}

#[test]
fn malformed_input_is_denied_before_any_policy() {
    let set = PolicySet::new(vec![allow("")]).expect("a set");
    let decision = set.evaluate(&Value::empty_object()).expect("decides");
    assert_eq!(decision.reasons, [DenyCode::MalformedInput.reason()]);
    let alone = allow("").evaluate(&Value::empty_object()).expect("decides");
    assert_eq!(alone.denied, Some(DenyCode::MalformedInput));
}

#[test]
fn a_set_is_neither_empty_nor_endless() {
    assert_eq!(PolicySet::new(Vec::new()).err(), Some(PolicySetError::Empty));
    assert!(PolicySet::new(vec![allow(""); 8]).is_ok());
    assert_eq!(PolicySet::new(vec![allow(""); 9]).err(), Some(PolicySetError::TooMany(9)));
}

#[test]
fn one_reader_of_history_makes_the_set_one() {
    let set = |policies| PolicySet::new(policies).expect("a set").reads_history();
    let reader = || policy("history", r#"decision := {"allow": true, "reasons": []}"#);
    assert!(!set(vec![allow("")]));
    assert!(set(vec![allow(""), reader()]));
}

#[test]
fn the_commitment_is_that_of_solidity() {
    // keccak256(abi.encode(pairs)) written out: offset, length, pairs.
    let (a, b) = (B256::repeat_byte(0xaa), B256::repeat_byte(0xbb));
    let mut encoded = hex::decode(format!("{:064x}{:064x}", 0x20, 2)).expect("hex");
    for word in [a, b, b, a] {
        encoded.extend_from_slice(word.as_slice());
    }
    assert_eq!(policy_commitment(&[(a, b), (b, a)]), keccak256(&encoded));
    assert_ne!(policy_commitment(&[(a, b), (b, a)]), policy_commitment(&[(b, a), (a, b)]));
    // The empty list, which no set has: offset and length zero.
    assert_eq!(
        policy_commitment(&[]),
        b256!("569e75fc77c1a856f6daaf9e69d8a9566ca34aa47f9133711ce065a571af0cfd")
    );
}

#[test]
fn a_sets_commitment_is_that_of_its_policies() {
    let (one, two) = (allow(""), deny("\"x\""));
    let pairs: Vec<_> =
        [&one, &two].iter().map(|p| (p.policy_id(), p.parameters().hash())).collect();
    let set = PolicySet::new(vec![one, two]).expect("a set");
    assert_eq!(set.commitment(), policy_commitment(&pairs));
    assert_eq!(set.describe(), ["allow", "deny"]);
}
