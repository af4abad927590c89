//! What the provable profile means, on three engines: regorus' strict interpreter, PolicyVM in Rust
//! and in Solidity.

use super::assertions::{Section, agree, agree_against, diverge, document_is_current};
use crate::engine::Engine;

#[test]
fn numbers_are_exact() {
    agree("p := input.a + input.b", r#"{"a":18446744073709551615,"b":1}"#, "18446744073709551616");
    agree("p := input.a - input.b", r#"{"a":1,"b":2}"#, "-1");
    agree("p := input.a * input.b", r#"{"a":-3,"b":5}"#, "-15");
    agree("p := input.a % input.b", r#"{"a":-7,"b":3}"#, "-1");
    agree("p := input.a % input.b", r#"{"a":7,"b":-3}"#, "1");
    agree("p := abs(input.a)", r#"{"a":-7}"#, "7");
    diverge("p := input.a % input.b", r#"{"a":7,"b":0}"#, "error", 4, "undefined");
    let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    agree("p := input.a + 0", &format!(r#"{{"a":{max}}}"#), max);
    // Beyond 256 bits regorus goes on where PolicyVM ends.
    diverge("p := (input.a + 1) - 1", &format!(r#"{{"a":{max}}}"#), max, 3, "the same as regorus");
    diverge("p := input.a * 2", &format!(r#"{{"a":{max}}}"#), "error", 3, "the exact product");
    diverge(r#"p := input.a + 1"#, r#"{"a":"x"}"#, "error", 2, "undefined");
}

#[test]
fn every_value_has_its_place_in_the_order() {
    for (left, right) in [
        ("false", "true"),
        ("true", "-5"),
        ("-5", "-4"),
        ("-4", "0"),
        ("9", "10"),
        ("10", "\"\""),
        ("\"10\"", "\"9\""),
        ("\"a\"", "\"ab\""),
        ("\"z\"", "[]"),
        ("[]", "[1]"),
        ("[1, 5]", "[2]"),
        ("[2]", "{}"),
        (r#"{"a": 1}"#, r#"{"a": 2}"#),
        (r#"{"a": 2}"#, r#"{"b": 1}"#),
        (r#"{"a": 1}"#, r#"{"a": 1, "b": 1}"#),
        ("[2]", "{1}"),
        ("{1}", "{1, 2}"),
        ("{1, 2}", "{2}"),
    ] {
        agree(
            &format!(
                "x := {left}\ny := {right}\np := [x < y, x <= y, x > y, x >= y, x == y, x != y, y < x]"
            ),
            "{}",
            "[true,true,false,false,false,true,false]",
        );
    }
    diverge("p := {\"b\": 1} < {1}", "{}", "false", 2, "`true`: objects before sets");
    agree("p := sort([3, \"a\", true, [1], 3, -1])", "{}", "[true,-1,3,3,\"a\",[1]]");
    agree("p := [x | some x in {3, 1, -2, 10}]", "{}", "[-2,1,3,10]");
}

#[test]
fn undefined_spreads_and_fails() {
    agree("p := input.a", "{}", "undefined");
    agree("p := input.a + 1", "{}", "undefined");
    agree("p := 1 if { x := input.a }", "{}", "undefined");
    agree("p := 1 if { x := input.a; x == 1 }", "{}", "undefined");
    agree("p := 1 if input.a == input.b", "{}", "undefined");
    agree("p := 1 if not input.a", "{}", "1");
    agree("p := 1 if not input.a == 2", "{}", "1");
    agree("p := 1 if not input.a", r#"{"a":false}"#, "1");
    agree("p := 1 if not input.a", r#"{"a":0}"#, "undefined");
    agree("p := [1, input.a]", "{}", "undefined");
    agree("p := {\"k\": input.a}", "{}", "undefined");
    agree("p := count(input.a)", "{}", "undefined");
    agree("p := 1 if input.a in [1]", "{}", "undefined");
    agree("p := 1 if not input.a in [1]", "{}", "1");
    agree("f(x) := 1\np := f(input.a)", "{}", "undefined");
    agree("p := {x | some o in input.a; x := o.k}", r#"{"a":[{"k":1},{}]}"#, "[1]");
    agree("p := [o.k | some o in input.a]", r#"{"a":[{"k":1},{},{"k":3}]}"#, "[1,3]");
    agree("p := {k: v | some k, v in input.a}", r#"{"a":{"x":1,"y":2}}"#, r#"{"x":1,"y":2}"#);
    agree("p := 1 if { x := false; x }", "{}", "undefined");
}

#[test]
fn indexing() {
    agree("p := input.a[1]", r#"{"a":[5,6]}"#, "6");
    agree("p := input.a[2]", r#"{"a":[5,6]}"#, "undefined");
    agree("p := input.a[-1]", r#"{"a":[5,6]}"#, "undefined");
    agree("p := input.a[input.k].x", r#"{"a":{"q":{"x":4}},"k":"q"}"#, "4");
    agree("p := input.a.b.c.d", r#"{"a":{"b":{"c":{"d":true}}}}"#, "true");
    agree("s := {1, 2}\np := s[2]", "{}", "2");
    agree("s := {1, 2}\np := s[3]", "{}", "undefined");
    agree("p := input.a.b", r#"{"a":"text"}"#, "undefined");
    agree("p := input.a[0]", r#"{"a":"text"}"#, "undefined");
    agree("p := object.get(input.a, \"k\", 7)", r#"{"a":{}}"#, "7");
    diverge("p := object.get(input.b, \"k\", 7)", r#"{"a":{}}"#, "undefined", 2, "undefined");
    agree("p := object.get(input.a, \"k\", 7)", r#"{"a":{"k":1}}"#, "1");
}

#[test]
fn complete_rules() {
    agree("p := 1 if input.a == 1\np := 2 if input.a == 2", r#"{"a":2}"#, "2");
    agree("p := 1 if input.a == 1\np := 1 if input.b == 2", r#"{"a":1,"b":2}"#, "1");
    diverge(
        "p := 1 if input.a == 1\np := 2 if input.b == 2",
        r#"{"a":1,"b":2}"#,
        "error",
        5,
        "error",
    );
    agree("default p := 9\np := 1 if input.a == 1", "{}", "9");
    agree("default p := false", "{}", "false");
    agree("p := 1 if input.a == 1 else := 2 if input.a == 2 else := 3", r#"{"a":2}"#, "2");
    agree("p := 1 if input.a == 1 else := 2 if input.a == 2 else := 3", r#"{"a":5}"#, "3");
    agree("p := 1 if { some x in input.a; x > 5 } else := 2", r#"{"a":[1,2]}"#, "2");
    agree("p := x if some x in input.a", r#"{"a":[4,4]}"#, "4");
    diverge("p := x if some x in input.a", r#"{"a":[4,5]}"#, "error", 5, "error");
    agree("p if input.a", r#"{"a":1}"#, "true");
    agree("p if { input.a; input.b }", r#"{"a":1,"b":false}"#, "undefined");
}

#[test]
fn partial_rules() {
    agree("p contains x if some x in input.a\np contains 9", r#"{"a":[3,1,3]}"#, "[1,3,9]");
    agree("p contains x if { some x in input.a; x > 5 }", r#"{"a":[3,1]}"#, "[]");
    agree("p[k] := v if some k, v in input.a", r#"{"a":{"x":1}}"#, r#"{"x":1}"#);
    diverge(
        "p[k] := v if { some v in input.a; k := \"same\" }",
        r#"{"a":[1,2]}"#,
        "error",
        5,
        "error",
    );
    agree("q contains x if some x in input.a\np := count(q)", r#"{"a":[3,1,3]}"#, "2");
}

/// regorus drops what the rounds before gave, OPA keeps it: PolicyVM denies.
#[test]
fn a_round_without_a_value_is_an_error() {
    let input = r#"{"a":[{"k":1},{}]}"#;
    diverge(
        "p contains o.k if some o in input.a",
        input,
        "[]",
        2,
        "`[1]`: what rounds before gave is kept",
    );
    diverge("p := o.k if some o in input.a", input, "undefined", 2, "`1`");
    diverge("p[k] := o.k if { k := \"x\"; some o in input.a }", input, "{}", 2, "`{\"x\":1}`");
    // Outside a loop nothing is dropped.
    agree("p contains input.b\np contains 1", input, "[1]");
}

#[test]
fn functions() {
    agree("f(x) := x + 1\np := f(f(1))", "{}", "3");
    agree("f(x) := 1 if x > 5\nf(x) := 2 if x <= 5\np := [f(1), f(9)]", "{}", "[2,1]");
    agree("f(x) := 1 if x > 5\np := f(1)", "{}", "undefined");
    agree("f([a, b]) := a + b\np := f([1, 2])", "{}", "3");
    agree("f([a, b]) := a + b\np := f([1, 2, 3])", "{}", "undefined");
    agree("f(_, y) := y\np := f(1, 2)", "{}", "2");
    agree(
        "f(0) := \"zero\"\nf(x) := \"other\" if x != 0\np := [f(0), f(1)]",
        "{}",
        "[\"zero\",\"other\"]",
    );
    agree("f(x) := y if { some y in x; y > 1 }\np := f([1, 2, 1])", "{}", "2");
}

#[test]
fn quantifiers_and_comprehensions() {
    agree("p if every x in input.a { x > 1 }", r#"{"a":[2,3]}"#, "true");
    agree("p if every x in input.a { x > 1 }", r#"{"a":[2,1]}"#, "undefined");
    agree("p if every x in input.a { x > 1 }", r#"{"a":[]}"#, "true");
    agree("p if every x in input.b { x > 1 }", r#"{"a":[2,1]}"#, "undefined");
    agree("p if every k, v in input.a { k != \"z\"; v > 0 }", r#"{"a":{"x":1}}"#, "true");
    agree(
        "p if every x in input.a { some y in input.b; y == x }",
        r#"{"a":[1,2],"b":[2,1,3]}"#,
        "true",
    );
    agree(
        "p if every x in input.a { some y in input.b; y == x }",
        r#"{"a":[1,4],"b":[2,1,3]}"#,
        "undefined",
    );
    agree("p := [i | some i, x in input.a; x > 1]", r#"{"a":[2,1,3]}"#, "[0,2]");
    agree("p := [x | some o in input.a; some x in o]", r#"{"a":[[1],[2,3]]}"#, "[1,2,3]");
    agree("p := {x | some x in input.a; x > 1}", r#"{"a":[2,1,3,2]}"#, "[2,3]");
    agree("p := [y | some x in input.a; y := [z | z := x; z > 1]]", r#"{"a":[1,2]}"#, "[[],[2]]");
    agree("p := sum([x | some x in input.a; not x in input.b])", r#"{"a":[1,2,3],"b":[2]}"#, "4");
    agree(
        "p := {k: sum(vs) | some k, vs in input.a}",
        r#"{"a":{"x":[1,2],"y":[]}}"#,
        r#"{"x":3,"y":0}"#,
    );
    agree("p := count([1 | input.a[_] > 1])", r#"{"a":[2,1,3]}"#, "2");
    agree("p if input.a[_] == 3", r#"{"a":[2,1,3]}"#, "true");
    agree("p if input.a[_].k == input.b[_]", r#"{"a":[{"k":1},{}],"b":[4,1]}"#, "true");
    agree("p := [a, b] if some [a, b] in input.a", r#"{"a":[[1,2]]}"#, "[1,2]");
    agree("p := x if { [x, 2] = input.a }", r#"{"a":[1,2]}"#, "1");
}

#[test]
fn sets() {
    agree("p := ({1, 2} | {2, 3}) - {1}", "{}", "[2,3]");
    agree("p := {1, 2} & {2, 3}", "{}", "[2]");
    agree("p := {1, \"a\", [1]} - {[1]}", "{}", "[1,\"a\"]");
    agree("p := 1 in {1, 2}", "{}", "true");
    agree("p := 1 in {\"k\": 1}", "{}", "true");
    agree("p := \"k\" in {\"k\": 1}", "{}", "false");
    agree("p := 1 in \"1\"", "{}", "false");
    agree("p := {{1}, {1}, {2}}", "{}", "[[1],[2]]");
    agree("p := {1, 2} == {2, 1}", "{}", "true");
    agree("p := object.keys(input.a)", r#"{"a":{"y":1,"x":2}}"#, r#"["x","y"]"#);
}

#[test]
fn aggregates() {
    agree(
        "p := [sum([]), sum([1, 2]), sum({1, 2}), max([1, 3, 2]), min({4, 2})]",
        "{}",
        "[0,3,3,3,2]",
    );
    agree("p := max([])", "{}", "undefined");
    agree("p := max([1, \"a\"])", "{}", "\"a\"");
    agree("p := [count([1]), count({}), count({1, 2}), count(\"éßx\")]", "{}", "[1,0,2,3]");
    diverge("p := count(\"😀\")", "{}", "2", 7, "`1`");
    diverge("p := count(input.a)", r#"{"a":5}"#, "error", 2, "undefined");
    diverge("p := sum(input.a)", r#"{"a":[1,"x"]}"#, "error", 2, "undefined");
    agree("p := array.concat([1], input.a)", r#"{"a":[2,3]}"#, "[1,2,3]");
}

#[test]
fn texts() {
    agree("p := startswith(\"0xab\", \"0x\")", "{}", "true");
    agree(
        "p := [endswith(\"abc\", \"bc\"), contains(\"abc\", \"b\"), contains(\"abc\", \"\")]",
        "{}",
        "[true,true,true]",
    );
    agree("p := concat(\", \", [\"a\", \"b\", \"\"])", "{}", "\"a, b, \"");
    agree("p := concat(\"-\", {\"b\", \"a\"})", "{}", "\"a-b\"");
    agree(
        "p := format_int(input.a, 10)",
        r#"{"a":-1234567890123456789012345}"#,
        "\"-1234567890123456789012345\"",
    );
    agree(
        "p := [substring(\"hello\", 1, 3), substring(\"hello\", 2, -1), substring(\"hello\", 9, 2)]",
        "{}",
        "[\"ell\",\"llo\",\"\"]",
    );
    agree(
        "p := [trim(\"..a.b..\", \".\"), trim_left(\"xxa\", \"x\"), trim_right(\"100\", \"0\")]",
        "{}",
        "[\"a.b\",\"a\",\"1\"]",
    );
    agree(
        "p := [trim_prefix(\"0xab\", \"0x\"), trim_suffix(\"a.sol\", \".sol\"), trim_prefix(\"ab\", \"x\")]",
        "{}",
        "[\"ab\",\"a\",\"ab\"]",
    );
    agree("p := lower(input.a)", r#"{"a":"0xAbZ@[`"}"#, "\"0xabz@[`\"");
    diverge("p := lower(\"É\")", "{}", "error", 7, "`\"é\"`");
    diverge("p := trim(\"é\", \"x\")", "{}", "\"é\"", 7, "the same as regorus");
    diverge("p := substring(\"né\", 0, 1)", "{}", "\"n\"", 7, "the same as regorus");
    diverge("p := startswith(input.a, \"x\")", r#"{"a":5}"#, "error", 2, "undefined");
}

#[test]
fn kinds() {
    agree(
        "p := [is_number(1), is_string(\"\"), is_boolean(true), is_array([]), is_object({}), is_set({1})]",
        "{}",
        "[true,true,true,true,true,true]",
    );
    agree("p := is_number(-1)", "{}", "true");
    agree("p := is_boolean(false)", "{}", "true");
}

#[test]
fn a_default_of_a_function_is_refused() {
    let source = "package t\nimport rego.v1\ndefault f(_) := 1\nf(x) := 2 if x > 3\np := f(1)\n";
    let (_, checks) = Engine::new(&[("t.rego", source)], "data.t.p").expect("parses");
    let error = checks.check().expect_err("refused").to_string();
    assert!(error.contains("t.rego:3:") && error.contains("default of the function f"), "{error}");
}

#[test]
fn what_a_policy_is_refused_for() {
    for (source, at, because) in [
        ("p := array.reverse([1])", 3, "array.reverse"),
        ("p := {1: 2}", 3, "not a string"),
        ("p := data.u", 3, "cannot be proven"),
        ("p := 1 if data.u[input.x]", 3, "cannot be proven"),
    ] {
        let source = format!("package t\nimport rego.v1\n{source}\n");
        let other = "package u\nimport rego.v1\nq := 1\n";
        let files = [("t.rego", source.as_str()), ("u.rego", other)];
        let (engine, _) = Engine::new(&files, "data.t.p").expect("parses");
        let error = engine.provable().expect_err(&source);
        assert!(error.to_string().contains(because), "{source}: {error}");
        assert!(error.to_string().contains(&format!("t.rego:{at}:")), "{source}: {error}");
    }
}

#[test]
fn defaults() {
    agree("default p := 9", "{}", "9");
    agree("default p := 9\np := input.a", "{}", "9");
    agree("default p := 9\np := input.a", r#"{"a":false}"#, "false");
    agree("default p := 9\np := 1 if input.a == 1 else := 2 if input.a == 2", r#"{"a":3}"#, "9");
    agree("default q := false\nq if input.a == 1\np if not q", "{}", "true");
    agree(
        "default p := {\"allow\": false, \"reasons\": []}",
        "{}",
        r#"{"allow":false,"reasons":[]}"#,
    );
    // An error is no undefined: a default does not help.
    diverge(
        "default p := 9\np := 1 % input.a",
        r#"{"a":0}"#,
        "error",
        4,
        "`9`: the error is undefined",
    );
    agree_against(
        "p := 1 if not input.a % 2 == 1",
        r#"{"a":2}"#,
        "1",
        "the same, and so where `input.a` is no number",
    );
}

/// Every section of the document and the test that fills it.
const SECTIONS: &[Section] = &[
    (
        "Numbers",
        "Integers with a sign and 256 bits, exact; nothing else is a number.",
        numbers_are_exact,
    ),
    (
        "Comparison and order",
        "Equality is that of encodings, and so are order and kinds.",
        every_value_has_its_place_in_the_order,
    ),
    (
        "Undefined",
        "What is not there makes undefined what is computed of it, and fails a condition.",
        undefined_spreads_and_fails,
    ),
    ("Indexing", "", indexing),
    ("Complete rules", "", complete_rules),
    ("Partial rules", "Sets and objects of all that their bodies give.", partial_rules),
    (
        "Rounds without a value",
        "A head that is undefined in one round of a loop and defined in another.",
        a_round_without_a_value_is_an_error,
    ),
    (
        "Defaults",
        "`default` stands for a rule that is undefined. Of a function it is refused.",
        defaults,
    ),
    ("Functions", "", functions),
    ("Quantifiers and comprehensions", "", quantifiers_and_comprehensions),
    ("Sets", "", sets),
    ("Aggregates", "", aggregates),
    ("Texts", "Functions that look at characters take ASCII only, but for `count`.", texts),
    ("Kinds", "", kinds),
];

#[test]
fn the_document_of_semantics_is_what_the_tests_say() {
    document_is_current(SECTIONS);
}
