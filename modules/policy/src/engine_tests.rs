use super::*;
use crate::{Limits, decode_json, source::check_source};

/// Compiles one file the way a bundle does, all checks included.
fn compile(text: &str) -> Result<Engine, SourceError> {
    let text = format!("package writ.t\n\nimport rego.v1\n\n{text}\n");
    check_source("t.rego", &text)?;
    let (engine, program) = Engine::new(&[("t.rego", &text)], "data.writ.t.r")?;
    program.check()?;
    Ok(engine)
}

fn evaluate(text: &str, input: &str) -> Outcome {
    let input = decode_json(input, &Limits::INPUT).expect(input);
    compile(text).expect(text).evaluate(&input)
}

fn value_of(text: &str, input: &str) -> Value {
    match evaluate(text, input) {
        Outcome::Value(value) => value,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_engine_is_exact_at_256_bits() {
    assert_eq!(self_check(), Ok(()));
}

#[test]
fn integers_from_input_stay_exact() {
    let largest = U256::MAX.to_string();
    let input = format!(r#"{{"a": {largest}, "b": -{largest}}}"#);
    assert_eq!(value_of("r := input.a", &input), Value::from(U256::MAX));
    assert_eq!(value_of("r := input.b", &input), Value::from(Integer::new(true, U256::MAX)));
    // 2^64 is where other paths turn to floats.
    assert_eq!(
        value_of("r := input.a + 1", r#"{"a": 18446744073709551615}"#),
        Value::from(1_u128 << 64)
    );
    // Beyond 256 bits is an error of the result, never a wrapped number.
    assert!(matches!(evaluate("r := input.a + 1", &input), Outcome::Foreign(_)));
}

#[test]
fn undefined_and_errors_are_told_apart() {
    assert!(matches!(evaluate("r := input.x", "{}"), Outcome::Undefined));
    assert!(matches!(evaluate("r if input.x > 1", "{}"), Outcome::Undefined));
    assert!(matches!(evaluate("r := input.x % 0", r#"{"x": 1}"#), Outcome::Failed(_)));
    assert!(matches!(evaluate("r := count(input.x)", r#"{"x": 1}"#), Outcome::Failed(_)));
    assert!(matches!(
        evaluate("r := 1 if input.x\nr := 2 if input.x", r#"{"x": true}"#),
        Outcome::Failed(_)
    ));
    // The trap that `not` turns a swallowed error into a yes.
    assert!(matches!(evaluate("r if not input.x % 0 > 1", r#"{"x": 1}"#), Outcome::Failed(_)));
    assert!(matches!(evaluate("r := {1: 2}", "{}"), Outcome::Foreign(_)));
}

#[test]
fn hazardous_builtins_do_not_compile() {
    for (call, because) in [
        ("time.now_ns()", "clock"),
        ("rand.intn(\"a\", 5)", "random"),
        ("uuid.rfc4122(\"a\")", "random"),
        ("http.send({})", "network"),
        ("opa.runtime()", "environment"),
        ("sprintf(\"%1000000000d\", [1])", "memory"),
        ("numbers.range(0, 4611686018427387904)", "argument"),
        ("bits.lsh(1, 4000000000)", "argument"),
        ("to_number(\"1e99999999\")", "exponents"),
        ("regex.match(\"a\", \"a\")", "Unicode"),
        ("strings.count(\"x\", \"\")", "panic"),
        ("json.unmarshal(\"1e99999999\")", "exact"),
        ("units.parse(\"1K\")", "fractions"),
        ("nosuch(1)", "unknown"),
        ("nosuch.thing(1)", "unknown"),
    ] {
        let error = compile(&format!("r := {call}")).expect_err(call);
        assert!(error.to_string().contains(because) || error.problem.contains("find"), "{error}");
        let error = compile(&format!("helper(x) := {call}\nr := 1")).expect_err(call);
        assert_eq!(error.file, "t.rego", "{error}");
    }
}

#[test]
fn inexact_things_do_not_compile() {
    for (text, line) in [
        ("r := null", 5),
        ("r := 1.5", 5),
        ("r := 1e400", 5),
        ("r := -0", 5),
        ("r := input.a / 2", 5),
        ("\nr := [x | x := input.a / 2]", 6),
        ("r if input.x == 1 with input.x as 1", 5),
    ] {
        let error = compile(text).expect_err(text);
        assert_eq!(error.line, line, "{error}");
    }
    let digits = "9".repeat(79);
    assert!(compile(&format!("r := {digits}")).is_err());
}

#[test]
fn a_rule_cannot_take_a_builtins_name() {
    assert!(compile("count(x) := 1\nr := count([])").is_err());
    assert!(compile("walk(x) := 1\nr := walk([])").is_err());
    assert!(compile("mine(x) := x\nr := mine(1)").is_ok());
    assert!(compile("mine(x) := x\nr := data.writ.t.mine(1)").is_ok());
}

#[test]
fn recursion_does_not_compile() {
    for text in [
        "r := f(1)\nf(x) := f(x - 1)",
        "r := 1 if s\ns if t\nt if s",
        "r := 1 if data.writ.t.s\ns if data.writ.t[\"s\"]",
        "r := 1\np[x] := y if { x := \"a\"; y := p.b }",
    ] {
        let error = compile(text).expect_err(text);
        assert!(error.problem.contains("itself") || error.problem.contains("recurs"), "{error}");
    }
}

#[test]
fn chains_of_rules_are_bounded_and_fit_a_small_stack() {
    // The deepest chain, each link inside brackets of its own.
    let chain = |length: usize| {
        let mut text = format!("r := x0\nx{} := input.v", length - 2);
        for link in 0..length - 2 {
            text.push_str(&format!(
                "\nx{link} := [[[[[y | some y in [x{}]]]]]][0][0][0][0][0]",
                link + 1
            ));
        }
        text
    };
    assert!(compile(&chain(26)).expect_err("too deep").problem.contains("deeper"));
    let text = chain(24);
    // Worker threads of tokio and of the test runner have 2 MiB.
    let run = move || value_of(&text, r#"{"v": 7}"#);
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(run);
    let value = thread.expect("a thread").join().expect("no overflow");
    assert_eq!(value, Value::from(7_u64));
}

#[test]
fn endless_work_is_stopped_by_the_clock() {
    let text = "r := count({[a, b, c, d] | some a in input.n; some b in input.n; some c in input.n; some d in input.n})";
    let numbers: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let input = format!(r#"{{"n": [{}]}}"#, numbers.join(","));
    let input = decode_json(&input, &Limits::INPUT).expect("input");
    let engine = compile(text).expect("compiles").with_time(Duration::from_millis(20));
    let start = Instant::now();
    assert!(matches!(engine.evaluate(&input), Outcome::Stopped(_)));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn results_do_not_grow_without_bound() {
    // Rules would be too deep a chain; statements of one rule are not.
    let doubled = |seed: &str, call: &dyn Fn(usize) -> String| {
        let mut text = format!("r := n if {{\n\tx0 := {seed}");
        for step in 1..=40 {
            text.push_str(&format!("\n\tx{step} := {}", call(step - 1)));
        }
        text.push_str("\n\tn := count(x40)\n}");
        text
    };
    let texts = doubled("\"a\"", &|n| format!("concat(\"\", [x{n}, x{n}])"));
    let arrays = doubled("[1]", &|n| format!("array.concat(x{n}, x{n})"));
    for text in [texts, arrays] {
        let Outcome::Failed(error) = evaluate(&text, "{}") else { panic!("{text}") };
        assert!(error.contains("would make more than 65536"), "{error}");
    }
}

#[test]
fn bounded_builtins_answer_like_the_originals() {
    for (text, expected) in [
        ("r := concat(\", \", [\"b\", \"a\"])", Value::from("b, a")),
        ("r := concat(\"-\", {\"b\", \"a\"})", Value::from("a-b")),
        ("r := concat(\"-\", [])", Value::from("")),
        ("r := array.concat([1], [2])", Value::array([1_u64.into(), 2_u64.into()])),
    ] {
        assert_eq!(value_of(text, "{}"), expected, "{text}");
    }
    for text in [
        "r := concat(1, [])",
        "r := concat(\"\", [1])",
        "r := concat(\"\", \"a\")",
        "r := array.concat([], {})",
    ] {
        assert!(matches!(evaluate(text, "{}"), Outcome::Failed(_)), "{text}");
    }
    assert!(matches!(evaluate("r := concat(\"\", [input.x])", "{}"), Outcome::Undefined));
}

#[test]
fn one_evaluation_leaves_nothing_for_the_next() {
    let engine = compile("r := input.v").expect("compiles");
    let one = Value::object([("v", Value::from(1_u64))]);
    assert!(matches!(engine.evaluate(&one), Outcome::Value(_)));
    assert!(matches!(engine.evaluate(&Value::empty_object()), Outcome::Undefined));
}

#[test]
fn parse_errors_point_at_line_and_column() {
    let error = compile("r := ]").expect_err("no value");
    assert_eq!((error.line, error.file.as_str()), (5, "t.rego"), "{error}");
    assert!(error.column > 1, "{error}");
}

#[test]
fn a_panic_becomes_an_error() {
    assert_eq!(guard(|| 1), Ok(1));
    let message = guard(|| panic!("boom {}", 1)).expect_err("a panic");
    assert!(message.contains("boom 1"), "{message}");
}
