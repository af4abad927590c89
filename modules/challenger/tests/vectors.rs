//! What the contracts have to say to decisions of real policies: `WRIT_WRITE_VECTORS=1` writes the file, without it the
//! test compares. The verdicts are this workspace's own, so that `solidity/test/disputes` holds the two readings together.

use std::{collections::BTreeMap, path::Path};

use alloy::primitives::Bytes;
use serde_json::{Value as Json, json};
use writ_policy::{
    AssetBound, Bundle, CompiledPolicy, Decision, Limits, MANIFEST_FILE, Value, decode_json,
    encode, read_files, vm::FUEL_LIMIT,
};

const INPUT: &str = include_str!("../../policy/tests/vectors/input.json");
const USDC: &str = "0x1111111111111111111111111111111111111111";

/// A policy whose decision is what its parameters say: it makes every result there is.
const ECHO: &str = "package writ.echo\n\nimport rego.v1\n\ndecision := data.parameters.result\n";

fn in_tree(name: &str) -> CompiledPolicy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
    let files = read_files(&folder).expect("the policy in the tree");
    CompiledPolicy::compile(Bundle::from_files(&files).expect("a bundle")).expect("compiles")
}

fn echo() -> CompiledPolicy {
    let manifest = r#"{"format": 1, "name": "echo", "version": "1", "engine": "policyvm-1", "provable": true,
        "level": "quorum", "entry": "data.writ.echo.decision", "readsHistory": false, "requiredFacts": [], "files": {}}"#;
    let mut files: BTreeMap<String, Vec<u8>> = [
        (MANIFEST_FILE, manifest),
        ("echo.rego", ECHO),
        ("schema.json", r#"{"type": "object"}"#),
        ("words.json", r#"[{"text": "echo"}]"#),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .collect();
    let manifest = Bundle::pack(&files).expect("packs");
    files.insert(MANIFEST_FILE.to_owned(), manifest.as_value().to_json().into_bytes());
    CompiledPolicy::compile(Bundle::from_files(&files).expect("a bundle")).expect("compiles")
}

fn input(change: impl FnOnce(&mut Json)) -> Value {
    let mut document: Json = serde_json::from_str(INPUT).expect("the example");
    change(&mut document);
    decode_json(&document.to_string(), &Limits::INPUT).expect("decodes")
}

/// `rows` assets spent today, 60 USDC of them the one that is decided on.
fn spent(document: &mut Json, rows: u64) {
    let mut all: Vec<Json> =
        (1..rows).map(|row| json!({"asset": format!("0x{row:040x}"), "amount": row})).collect();
    all.push(json!({"asset": USDC, "amount": 60_000_000}));
    document["history"]["day"]["spent"] = all.into();
}

fn policy_vector(policy: &CompiledPolicy) -> Json {
    json!({
        "name": policy.manifest().name,
        "policyId": policy.policy_id(),
        "manifest": Bytes::from(encode(policy.manifest().as_value())),
        "program": Bytes::from(policy.program().expect("provable").to_bytes()),
    })
}

fn case(name: &str, policy: &CompiledPolicy, parameters: &str, input: &Value) -> Json {
    let parameters = policy.parameters_from_json(parameters).expect(name);
    let decision = policy.evaluate(input, &parameters).expect(name);
    json!({
        "name": name,
        "policyId": policy.policy_id(),
        "parameters": Bytes::from(parameters.encoded().to_vec()),
        "evidence": Bytes::from(encode(input)),
        "allow": decision.allow,
        // 2^64-1 where the policy does not say.
        "validFor": format!("{:#x}", decision.valid_for.unwrap_or(u64::MAX)),
        "lower": lowers(&decision, input),
        "bounds": writ_challenger::bounds_of(input).expect("bounds").pack(),
    })
}

/// Whether a policy's own bound is below the input's on the same.
fn lowers(decision: &Decision, input: &Value) -> bool {
    let listed = listed(input);
    decision.bounds.iter().any(|own| {
        let same = |bound: &&AssetBound| bound.key() == own.key();
        listed.iter().find(same).is_some_and(|bound| own.max_out < bound.max_out)
    })
}

fn listed(input: &Value) -> Vec<AssetBound> {
    let array = input.get("bounds").and_then(Value::as_array).expect("bounds");
    array
        .iter()
        .map(|bound| {
            let text = |name: &str| bound.get(name).and_then(Value::as_str).expect("text");
            let number = |name: &str| bound.get(name).and_then(Value::as_integer).expect("number");
            AssetBound {
                kind: writ_policy::AssetKind::from_word(text("kind")).expect("a kind"),
                asset: text("asset").parse().expect("an address"),
                id: number("id").to_u256().expect("an id"),
                spender: text("spender").parse().expect("an address"),
                max_out: number("maxOut").to_u128().expect("an amount"),
            }
        })
        .collect()
}

/// Results of every shape that somebody could hope to slip through, or to be punished for.
fn results() -> Vec<(&'static str, String)> {
    let with = |more: &str| format!(r#"{{"allow": true, "reasons": []{more}}}"#);
    let bound = |bound: &str| with(&format!(r#", "bounds": [{bound}]"#));
    let other = "0x2222222222222222222222222222222222222222";
    let mut all = vec![
        ("allows", with("")),
        ("denies", r#"{"allow": false, "reasons": []}"#.to_owned()),
        ("denies with a reason", r#"{"allow": false, "reasons": ["no"]}"#.to_owned()),
        ("contradicts itself", r#"{"allow": true, "reasons": ["no"]}"#.to_owned()),
        ("reasons that are none", r#"{"allow": true, "reasons": [1]}"#.to_owned()),
        ("no reasons", r#"{"allow": true}"#.to_owned()),
        ("reasons are text", r#"{"allow": true, "reasons": ""}"#.to_owned()),
        ("reasons are an object", r#"{"allow": true, "reasons": {}}"#.to_owned()),
        ("allow is 1", r#"{"allow": 1, "reasons": []}"#.to_owned()),
        ("allow is text", r#"{"allow": "true", "reasons": []}"#.to_owned()),
        ("no allow", r#"{"reasons": []}"#.to_owned()),
        ("an unknown field", with(r#", "more": 1"#)),
        ("a field that ends in zero", with(r#", "validFor\u0000": 1"#)),
        ("a boolean", "true".to_owned()),
        ("an integer", "1".to_owned()),
        ("a text", "\"allow\"".to_owned()),
        ("an array", "[]".to_owned()),
        ("valid for a second", with(r#", "validFor": 1"#)),
        ("valid for thirty days", with(r#", "validFor": 2592000"#)),
        ("valid for too long", with(r#", "validFor": 2592001"#)),
        ("valid for nothing", with(r#", "validFor": 0"#)),
        ("valid for less than nothing", with(r#", "validFor": -1"#)),
        ("valid for a text", with(r#", "validFor": "300""#)),
        ("valid beyond 64 bits", with(r#", "validFor": 18446744073709551917"#)),
        ("no bounds", with(r#", "bounds": []"#)),
        ("bounds are text", with(r#", "bounds": "none""#)),
        ("bounds are an object", with(r#", "bounds": {}"#)),
        ("a bound is text", with(r#", "bounds": ["native"]"#)),
    ];
    let usdc = |more: &str| format!(r#"{{"asset": "{USDC}", "kind": "erc20"{more}}}"#);
    let nobody = "0x0000000000000000000000000000000000000000";
    let bare = USDC.trim_start_matches("0x");
    let approved = |most: &str, spender: &str| {
        bound(&format!(
            r#"{{"asset": "{USDC}", "kind": "allowance", "spender": "{spender}", "maxOut": {most}}}"#
        ))
    };
    let spender = "0x4444444444444444444444444444444444444444";
    all.extend([
        ("a bound that holds", bound(&usdc(r#", "maxOut": 40000000"#))),
        ("a bound above", bound(&usdc(r#", "maxOut": 40000001"#))),
        ("a bound below", bound(&usdc(r#", "maxOut": 39999999"#))),
        ("a bound below without 0x", bound(&format!(r#"{{"asset": "{bare}", "kind": "erc20", "maxOut": 1}}"#))),
        ("a bound on another", bound(&format!(r#"{{"asset": "{other}", "kind": "erc20", "maxOut": 0}}"#))),
        ("a bound of another kind", bound(&format!(r#"{{"asset": "{USDC}", "kind": "erc721", "maxOut": 0}}"#))),
        ("two bounds on one", bound(&format!("{}, {}", usdc(r#", "maxOut": 40000000"#), usdc(r#", "maxOut": 40000001"#)))),
        ("a bound without amount", bound(&usdc(""))),
        ("a bound of 2^128", bound(&usdc(r#", "maxOut": 340282366920938463463374607431768211456"#))),
        ("a bound of 2^128-1", bound(&usdc(r#", "maxOut": 340282366920938463463374607431768211455"#))),
        ("a bound below zero", bound(&usdc(r#", "maxOut": -1"#))),
        ("a bound with an id", bound(&usdc(r#", "maxOut": 50000000, "id": 1"#))),
        ("a bound with id zero", bound(&usdc(r#", "maxOut": 50000000, "id": 0"#))),
        ("a bound with a spender", bound(&usdc(&format!(r#", "maxOut": 50000000, "spender": "{spender}""#)))),
        ("a bound with nobody", bound(&usdc(&format!(r#", "maxOut": 50000000, "spender": "{nobody}""#)))),
        ("a bound with more", bound(&usdc(r#", "maxOut": 50000000, "more": 1"#))),
        ("a bound on no address", bound(r#"{"asset": "0x11", "kind": "erc20", "maxOut": 1}"#)),
        ("a bound on no digits", bound(r#"{"asset": "0xg111111111111111111111111111111111111111", "kind": "erc20", "maxOut": 1}"#)),
        ("a bound on a 0X address", bound(r#"{"asset": "0X1111111111111111111111111111111111111111", "kind": "erc20", "maxOut": 1}"#)),
        ("a bound on capitals", bound(r#"{"asset": "0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD", "kind": "erc20", "maxOut": 1}"#)),
        ("a bound of no kind", bound(&format!(r#"{{"asset": "{USDC}", "kind": "erc777", "maxOut": 50000000}}"#))),
        ("native on a token", bound(&format!(r#"{{"asset": "{USDC}", "kind": "native", "maxOut": 0}}"#))),
        ("native", bound(&format!(r#"{{"asset": "{nobody}", "kind": "native", "maxOut": 0}}"#))),
        ("a token at zero", bound(&format!(r#"{{"asset": "{nobody}", "kind": "erc20", "maxOut": 0}}"#))),
        ("an allowance that holds", approved("5", spender)),
        ("an allowance below", approved("4", spender)),
        ("an allowance of another", approved("0", other)),
        ("an allowance of nobody", approved("5", nobody)),
        ("an item of an ERC-1155", bound(&format!(r#"{{"asset": "{USDC}", "kind": "erc1155", "id": 7, "maxOut": 0}}"#))),
        ("an operator", bound(&format!(r#"{{"asset": "{USDC}", "kind": "operator", "spender": "{spender}", "maxOut": 0}}"#))),
    ]);
    let item =
        |id: usize| format!(r#"{{"asset": "{USDC}", "kind": "erc1155", "id": {id}, "maxOut": 0}}"#);
    let items = |count: usize| (0..count).map(item).collect::<Vec<_>>().join(", ");
    all.extend([("eight bounds", bound(&items(8))), ("nine bounds", bound(&items(9)))]);
    all
}

fn vectors() -> Json {
    let (spending, counterparty, echo) =
        (in_tree("agent-spending"), in_tree("counterparty"), echo());
    let parameters = include_str!("../../policy/tests/vectors/agent-spending.parameters.json");
    let counterparties = include_str!("../../policy/tests/vectors/counterparty.parameters.json");
    let limited = parameters.replace(r#""perDay": 100000000"#, r#""perDay": 99999999"#);
    assert_ne!(limited, parameters);
    let example = input(|_| ());
    let twenty = input(|document| spent(document, 20));
    let reverted = input(|document| document["effects"]["reverted"] = true.into());
    let mut cases = vec![
        case("agent-spending", &spending, parameters, &example),
        case("agent-spending, 20 rows", &spending, parameters, &twenty),
        case("agent-spending, over the day", &spending, &limited, &example),
        case("agent-spending, 20 rows, over the day", &spending, &limited, &twenty),
        case("agent-spending, reverted", &spending, parameters, &reverted),
        case("counterparty", &counterparty, counterparties, &example),
        case("counterparty, reverted", &counterparty, counterparties, &reverted),
    ];
    // Of a guarded contract, which comes through no EntryPoint.
    let call = input(|document| {
        document["action"] = json!({
            "enforcer": "0x00000000000000000000000000000000000000ec", "caller": "0x00000000000000000000000000000000000000ca",
            "target": "0x00000000000000000000000000000000000000ec", "path": "posted", "operation": "call",
            "context": format!("0x{:064x}", 0xc7), "nonce": 9,
        });
    });
    cases.push(case("a call", &echo, r#"{"result": {"allow": true, "reasons": []}}"#, &call));
    for (name, result) in results() {
        let parameters = format!(r#"{{"result": {result}}}"#);
        cases.push(case(name, &echo, &parameters, &example));
    }
    cases.push(case("no result", &echo, "{}", &example));
    json!({
        "fuelLimit": FUEL_LIMIT,
        "policies": ([&spending, &counterparty, &echo].map(policy_vector)),
        "cases": cases,
    })
}

#[test]
fn dispute_vectors_are_current() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../solidity/test/vectors/disputes.json");
    let current = format!("{:#}\n", vectors());
    if std::env::var_os("WRIT_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &current).expect("writes the vectors");
    }
    let committed = std::fs::read_to_string(&path).expect("the vectors");
    assert!(committed == current, "run again with WRIT_WRITE_VECTORS=1");
}
