use super::*;
use crate::{Limits, decode_json};

fn json(text: &str) -> Value {
    decode_json(text, &Limits::PARAMETERS).expect(text)
}

fn schema(text: &str) -> Schema {
    Schema::compile(&json(text)).expect(text)
}

#[test]
fn amounts_of_256_bits_are_integers() {
    let schema = schema(r#"{"type": "integer", "minimum": 1}"#);
    for text in ["1", "18446744073709551616", &U256::MAX.to_string()] {
        assert_eq!(schema.check(&json(text)), Ok(()), "{text}");
    }
    for text in ["0", "-1", "-18446744073709551616", "\"1\"", "true", "[1]"] {
        assert!(schema.check(&json(text)).is_err(), "{text}");
    }
}

#[test]
fn limits_up_to_2_to_the_53_hold_against_any_value() {
    let schema = schema(r#"{"type": "integer", "maximum": 9007199254740992, "minimum": -5}"#);
    for (text, fits) in [
        ("9007199254740992", true),
        ("9007199254740993", false),
        ("18446744073709551616", false),
        (&U256::MAX.to_string(), false),
        ("-5", true),
        ("-6", false),
        ("-9223372036854775809", false),
    ] {
        assert_eq!(schema.check(&json(text)).is_ok(), fits, "{text}");
    }
}

#[test]
fn what_could_be_judged_wrongly_or_elsewhere_is_refused() {
    for text in [
        r#"{"maximum": 9007199254740993}"#,
        r#"{"enum": [1, [18446744073709551616]]}"#,
        r#"{"multipleOf": 3}"#,
        r#"{"properties": {"a": {"multipleOf": 3}}}"#,
        r#"{"items": {"$ref": "file:///etc/passwd"}}"#,
        r#"{"$ref": "https://example.com/s.json"}"#,
        r#"{"$ref": "other.json"}"#,
        r##"{"$ref": "#/$defs/missing"}"##,
        r#"{"$id": "https://example.com/"}"#,
        r#"{"$dynamicRef": "x"}"#,
        r#"{"format": "email"}"#,
        r#"{"pattern": "("}"#,
        r#"{"pattern": "(a{1000}){1000}"}"#,
        r#"{"type": "whatever"}"#,
        r#"[]"#,
    ] {
        assert!(Schema::compile(&json(text)).is_err(), "{text}");
    }
}

#[test]
fn entries_are_unique_by_their_key() {
    let schema = schema(
        r#"{"properties": {"limits": {"x-key": "asset", "items": {"required": ["asset"]}}}}"#,
    );
    assert_eq!(schema.check(&json(r#"{"limits": [{"asset": "a"}, {"asset": "b"}]}"#)), Ok(()));
    let twice = json(r#"{"limits": [{"asset": "a", "x": 1}, {"asset": "a", "x": 2}]}"#);
    assert_eq!(
        schema.check(&twice),
        Err(vec!["parameters/limits: two entries for asset \"a\"".to_owned()])
    );
}

#[test]
fn problems_name_their_place() {
    let schema = schema(
        r#"{"type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}"#,
    );
    let problems = schema.check(&json(r#"{"a": [1, "x"], "b": 1}"#)).expect_err("two problems");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().any(|problem| problem.starts_with("parameters/a/1: ")), "{problems:?}");
}
