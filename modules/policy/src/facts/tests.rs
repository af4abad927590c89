#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Limits, decode_json};

const KEY: &str = r#"{"iss": "https://issuer.example", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}"#;

const LEVEL_OF: &str = r#"{"name": "levelOf", "inputs": [{"name": "who", "type": "address"}, {"name": "list", "type": "uint8"}], "outputs": [{"type": "uint256"}]}"#;

fn value(json: &str) -> Value {
    decode_json(json, &Limits::PARAMETERS).unwrap()
}

fn statement(change: &[(&str, &str)]) -> String {
    object(
        &[
            ("name", "\"kyc\""),
            ("kind", "\"statement\""),
            ("required", "true"),
            ("maxAge", "3600"),
            ("issuers", r#"["0x1111111111111111111111111111111111111111"]"#),
            ("binding", "\"account\""),
            ("shape", "\"boolean\""),
        ],
        change,
    )
}

fn credential(change: &[(&str, &str)]) -> String {
    let issuers = format!("[{KEY}]");
    object(
        &[
            ("name", "\"person\""),
            ("kind", "\"sd-jwt-vc\""),
            ("required", "true"),
            ("maxAge", "3600"),
            ("issuers", &issuers),
            ("vct", "\"urn:pid\""),
            ("binding", "\"action\""),
            ("status", "\"optional\""),
            ("claims", r#"{"over18": {"path": ["age", "18"], "shape": "boolean"}}"#),
        ],
        change,
    )
}

fn state(change: &[(&str, &str)]) -> String {
    object(
        &[
            ("name", "\"listed\""),
            ("kind", "\"contract-state\""),
            ("required", "false"),
            ("maxAge", "60"),
            ("chainId", "31337"),
            ("contract", r#""0x2222222222222222222222222222222222222222""#),
            ("function", LEVEL_OF),
            (
                "arguments",
                r#"["account", "0x0000000000000000000000000000000000000000000000000000000000000007"]"#,
            ),
        ],
        change,
    )
}

/// Fields with some changed; an empty text takes the field out.
fn object(fields: &[(&str, &str)], change: &[(&str, &str)]) -> String {
    let changed = |name: &str| change.iter().find(|(changed, _)| *changed == name);
    let kept = fields.iter().map(|(name, text)| changed(name).unwrap_or(&(name, text)).to_owned());
    let added = change.iter().filter(|(name, _)| fields.iter().all(|(known, _)| known != name));
    let all: Vec<String> = kept
        .chain(added.copied())
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("\"{name}\": {text}"))
        .collect();
    format!("{{{}}}", all.join(", "))
}

fn read(json: &str) -> Result<Vec<FactRequirement>, String> {
    FactRequirement::list(&value(&format!("[{json}]")))
}

#[test]
fn every_kind_is_read() {
    let facts = read(&[statement(&[]), credential(&[]), state(&[])].join(", ")).unwrap();
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.source.kind()).collect();
    assert_eq!(kinds, ["statement", "sd-jwt-vc", "contract-state"]);
    let slot = state(&[
        ("function", ""),
        ("arguments", ""),
        ("slot", r#""0x0000000000000000000000000000000000000000000000000000000000000003""#),
        ("byAccount", "true"),
        ("type", "\"bool\""),
    ]);
    assert!(read(&slot).is_ok());
    assert_eq!(FactRequirement::list(&value("[]")).unwrap(), []);
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let refused = [
        (statement(&[("name", "\"Kyc\"")]), "small letter first"),
        (statement(&[("kind", "\"rumour\"")]), "rumour"),
        (statement(&[("maxAge", "0")]), "maxAge 0"),
        (statement(&[("maxAge", "99999999999")]), "maxAge"),
        (statement(&[("required", "1")]), "required"),
        (statement(&[("extra", "1")]), "unknown field \"extra\""),
        (statement(&[("issuers", "[]")]), "0 issuers"),
        (
            statement(&[("issuers", r#"["0xAA11111111111111111111111111111111111111"]"#)]),
            "lowercase",
        ),
        (statement(&[("issuers", r#"["0x0000000000000000000000000000000000000000"]"#)]), "address"),
        (statement(&[("issuers", r#"{"parameter": 1}"#)]), "parameter"),
        (statement(&[("binding", "\"chain\"")]), "chain"),
        (statement(&[("shape", "\"float\"")]), "float"),
        (statement(&[("shape", r#"{"list": {"list": {"list": {"list": "text"}}}}"#)]), "nested"),
        (statement(&[("shape", r#"{"record": {}}"#)]), "1 to 16 fields"),
        (credential(&[("claims", "{}")]), "0 claims"),
        (credential(&[("claims", r#"{"a": {"path": [], "shape": "text"}}"#)]), "claim a: 0 names"),
        (
            credential(&[("claims", r#"{"a": {"path": ["b"], "shape": "text", "x": 1}}"#)]),
            "claim a: unknown",
        ),
        (credential(&[("vct", "\"\"")]), "vct"),
        (credential(&[("status", "\"maybe\"")]), "maybe"),
        (credential(&[("issuers", &format!("[{KEY}, {KEY}]"))]), "same key twice"),
        (
            credential(&[("issuers", r#"[{"iss": "a", "jwk": {"kty": "RSA", "crv": "none"}}]"#)]),
            "RSA",
        ),
        (
            credential(&[(
                "issuers",
                r#"[{"iss": "a", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}]"#,
            )]),
            "jwk.x",
        ),
        (
            credential(&[(
                "issuers",
                r#"[{"iss": "a", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}}]"#,
            )]),
            "unknown field \"d\"",
        ),
        (state(&[("contract", r#""0x0000000000000000000000000000000000000000""#)]), "contract"),
        (state(&[("function", r#"{"name": "f", "inputs": []}"#)]), "returns 0 values"),
        (state(&[("arguments", "[]")]), "0 arguments"),
        (state(&[("arguments", r#"["account", "account"]"#)]), "not a uint8"),
        (
            state(&[(
                "arguments",
                r#"["account", "0x0000000000000000000000000000000000000000000000000000000000000100"]"#,
            )]),
            "uint8",
        ),
        (state(&[("chainId", "")]), "chainId is missing"),
        (state(&[("slot", "1")]), "unknown field \"slot\""),
    ];
    for (json, problem) in refused {
        let error = read(&json).unwrap_err();
        assert!(error.contains(problem) && error.starts_with("[0]: "), "{json}: {error}");
    }
    assert!(read(&[statement(&[]), statement(&[])].join(", ")).unwrap_err().contains("twice"));
    let many: Vec<String> =
        (0..9).map(|index| statement(&[("name", &format!("\"f{index}\""))])).collect();
    assert!(read(&many.join(", ")).unwrap_err().contains("at most 8"));
    assert!(FactRequirement::list(&value("{}")).is_err());
}

#[test]
fn issuers_come_from_the_accounts_parameters() {
    let fact = read(&statement(&[("issuers", r#"{"parameter": "approvers"}"#)])).unwrap();
    let FactSource::Statement(rule) = &fact[0].source else { panic!("a statement") };
    let one = Address::repeat_byte(1);
    let resolve = |json: &str| rule.issuers.resolve(&value(json));
    assert_eq!(resolve(&format!(r#"{{"approvers": ["{one:?}"]}}"#)), Some(BTreeSet::from([one])));
    for none in ["{}", r#"{"approvers": "x"}"#, r#"{"approvers": ["x"]}"#, r#"{"approvers": [1]}"#]
    {
        assert_eq!(resolve(none), None, "{none}");
    }
}

#[test]
fn a_shape_takes_what_it_names_and_nothing_else() {
    let shape =
        FactShape::from_value(&value(r#"{"record": {"a": {"list": "text"}, "b": "integer"}}"#))
            .unwrap();
    let more = value(r#"{"a": ["x"], "b": 1, "secret": "y"}"#);
    assert_eq!(shape.part_of(&more), Some(value(r#"{"a": ["x"], "b": 1}"#)));
    assert!(!shape.holds(&more) && shape.holds(&value(r#"{"a": [], "b": 1}"#)));
    for other in [
        r#"{"a": ["x"]}"#,
        r#"{"a": [1], "b": 1}"#,
        r#"{"a": ["x"], "b": "1"}"#,
        "[]",
        r#"{"a": ["é"], "b": 1}"#,
    ] {
        assert_eq!(shape.part_of(&value(other)), None, "{other}");
    }
    assert!(FactShape::Text.part_of(&Value::from("x".repeat(MAX_TEXT))).is_some());
    assert!(FactShape::Text.part_of(&Value::from("x".repeat(MAX_TEXT + 1))).is_none());
    assert!(
        FactShape::Address
            .part_of(&Value::from("0xAA11111111111111111111111111111111111111"))
            .is_none()
    );
    let long = Value::array(vec![Value::from("x"); 65]);
    assert!(FactShape::List(Box::new(FactShape::Text)).part_of(&long).is_none());
}

#[test]
fn only_a_verified_fact_of_its_kind_is_met() {
    let facts = read(&[statement(&[]), state(&[])].join(", ")).unwrap();
    let document = |fact: &str| value(&format!(r#"{{"facts": {{"kyc": {fact}}}}}"#));
    let good = r#"{"status": "verified", "kind": "statement"}"#;
    assert_eq!(unmet(&facts, &document(good)), Vec::<String>::new());
    let why = |fact: &str| unmet(&facts, &document(fact)).join("; ");
    assert_eq!(
        why(r#"{"status": "verified", "kind": "contract-state"}"#),
        "fact kyc is not verified: not of kind statement"
    );
    assert_eq!(
        why(r#"{"status": "expired", "detail": "at 7"}"#),
        "fact kyc is not verified: expired (at 7)"
    );
    assert_eq!(why(r#"{"status": "missing", "detail": ""}"#), "fact kyc is not verified: missing");
    assert_eq!(unmet(&facts, &value("{}")), ["fact kyc is not verified: missing"]);
}
