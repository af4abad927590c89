use proptest::prelude::*;

use super::*;
use crate::arbitrary::json_value;

fn refusal(text: &str) -> DecodeError {
    decode_json(text, &Limits::INPUT).expect_err(text)
}

#[test]
fn reads_every_kind() {
    let value = decode_json(
        " {\"a\" : [true , false, 0, -12],\n\"b\":{}, \"c\":\"\\u00e9\\ud83d\\ude00\\n/\\/\" } ",
        &Limits::INPUT,
    )
    .expect("valid");
    assert_eq!(
        value,
        Value::object([
            ("a", Value::array([true.into(), false.into(), 0_u64.into(), Value::from(-12_i64)])),
            ("b", Value::empty_object()),
            ("c", Value::from("é😀\n//")),
        ])
    );
}

#[test]
fn integers_beyond_64_bits_stay_exact() {
    let text = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let value = decode_json(text, &Limits::INPUT).expect("2^256 - 1");
    assert_eq!(value, Value::from(alloy::primitives::U256::MAX));
    assert_eq!(value.to_json(), text);
}

#[test]
fn numbers_with_two_meanings_are_refused() {
    for (text, problem) in [
        ("0.1", DecodeProblem::NotInteger),
        ("1.0", DecodeProblem::NotInteger),
        ("1e400", DecodeProblem::NotInteger),
        ("1E5", DecodeProblem::NotInteger),
        ("-0", DecodeProblem::Integer(IntegerError::NegativeZero)),
        ("01", DecodeProblem::Integer(IntegerError::Syntax)),
        ("-", DecodeProblem::Integer(IntegerError::Syntax)),
        ("1e99999999", DecodeProblem::NotInteger),
    ] {
        assert_eq!(refusal(text).problem, problem, "{text}");
    }
    let huge = "9".repeat(79);
    assert_eq!(refusal(&huge).problem, DecodeProblem::Integer(IntegerError::TooLarge));
}

#[test]
fn repeated_keys_are_refused_at_the_second() {
    let error = refusal("{\"a\": 1,\n \"\\u0061\": 2}");
    assert_eq!(error.problem, DecodeProblem::DuplicateKey("a".to_owned()));
    assert_eq!((error.line, error.column), (2, 2));
}

#[test]
fn unpaired_surrogates_are_refused() {
    for text in [
        r#""\ud800""#,
        r#""\ud800x""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\udc00\ud800""#,
        r#""\ud800\n""#,
    ] {
        assert_eq!(refusal(text).problem, DecodeProblem::Surrogate, "{text}");
    }
}

#[test]
fn malformed_text_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "nulll1",
        "tru",
        "[1,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a",
        "[",
        "{",
        "1 2",
        "'a'",
        "\"\t\"",
        "+1",
        ".5",
        "NaN",
        "[1}",
        "\"\\u+123\"",
    ] {
        refusal(text);
    }
    assert_eq!(refusal("[null]").problem, DecodeProblem::Null);
    assert_eq!(refusal("1 x").problem, DecodeProblem::Trailing);
    assert_eq!((refusal("[1,\n  x]").line, refusal("[1,\n  x]").column), (2, 3));
}

#[test]
fn limits_hold_at_their_edge() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(decode_json(&nested(16), &Limits::INPUT).is_ok());
    assert_eq!(refusal(&nested(17)).problem, DecodeProblem::TooDeep(16));
    // A hundred thousand brackets must not reach the stack.
    assert_eq!(refusal(&"[".repeat(100_000)).problem, DecodeProblem::TooDeep(16));

    let limits = Limits { bytes: 8, depth: 99, values: 4 };
    assert!(decode_json("[1,2,3] ", &limits).is_ok());
    assert_eq!(
        decode_json("[1,2,3]  ", &limits).expect_err("nine bytes").problem,
        DecodeProblem::TooLong(9, 8)
    );
    let limits = Limits { values: 3, ..limits };
    assert_eq!(
        decode_json("[1,2,3]", &limits).expect_err("four values").problem,
        DecodeProblem::TooMany(3)
    );
}

proptest! {
    #[test]
    fn written_json_reads_back(value in json_value()) {
        prop_assert_eq!(decode_json(&value.to_json(), &Limits::INPUT), Ok(value));
    }

    #[test]
    fn any_text_is_answered_without_a_panic(text in "\\PC{0,64}") {
        let _ = decode_json(&text, &Limits::INPUT);
    }

    #[test]
    fn almost_json_is_answered_without_a_panic(text in "[\\[\\]{}:,\"\\\\u0-9ade.\\-tfn ]{0,64}") {
        let _ = decode_json(&text, &Limits::INPUT);
    }
}
