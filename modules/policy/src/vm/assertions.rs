//! What tests say about the meaning of policies: checked on three engines, and kept as a table.
//!
//! `docs/policy-semantics.md` is this table; `WRIT_WRITE_DOCS=true` writes it anew.

use std::{cell::RefCell, fmt::Write as _, path::Path};

use super::{Answer, Fault, Machine, Program, evm::Evm};
use crate::{
    Limits, Value, decode, decode_json,
    encoding::{ENCODING_VERSION, encode_bare},
    engine::{Engine, Outcome},
};

/// Enough for every case here.
const FUEL: u64 = 100_000;

/// One assertion and what the engines say.
#[derive(Debug)]
struct Row {
    source: String,
    input: String,
    strict: String,
    vm: String,
    opa: Option<String>,
}

thread_local! {
    static ROWS: RefCell<Vec<Row>> = const { RefCell::new(Vec::new()) };
    static EVM: RefCell<Evm> = RefCell::new(Evm::new());
}

/// What an engine says: a value as JSON, `undefined`, or `error`.
pub(super) fn said(answer: &Answer) -> String {
    match answer {
        Answer::Value(bytes) => {
            let document = [&[ENCODING_VERSION], bytes.as_slice()].concat();
            decode(&document, &Limits::INPUT).expect("a canonical value").to_json()
        }
        Answer::Undefined => "undefined".to_owned(),
        Answer::Fault(fault) => format!("error {}", fault.code()),
    }
}

/// The same of regorus, which has one kind of error.
pub(super) fn heard(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => value.to_json(),
        Outcome::Undefined => "undefined".to_owned(),
        Outcome::Foreign(_) | Outcome::Failed(_) => "error".to_owned(),
        Outcome::Stopped(problem) => panic!("stopped: {problem}"),
    }
}

/// Runs on both interpreters of PolicyVM, which must not differ in anything.
pub(super) fn run_twice(
    program: &Program,
    parameters: &[u8],
    input: &[u8],
    limit: u64,
) -> (Answer, u64) {
    let here = Machine::new().run(program, parameters, input, limit);
    let there = EVM.with_borrow_mut(|evm| evm.run(program, parameters, input, limit));
    assert_eq!(here, there, "the two interpreters differ");
    here
}

fn every_engine(source: &str, input: &str) -> (String, String) {
    let source = format!("package t\nimport rego.v1\n{source}\n");
    let (engine, checks) =
        Engine::new(&[("t.rego", &source)], "data.t.p").expect("a policy that parses");
    checks.check().expect("a policy within the checks");
    let input = decode_json(input, &Limits::INPUT).expect("input");
    let bound = engine.with_parameters(&Value::empty_object()).expect("bound");
    let strict = heard(&bound.evaluate(&input));
    let program = engine.provable().unwrap_or_else(|error| panic!("{source}\n{error}"));
    let again = Program::from_bytes(&program.to_bytes()).expect("a program reads back");
    assert_eq!(again, program);
    assert!(EVM.with_borrow_mut(|evm| evm.accepts(&program.to_bytes())), "{source}");
    let parameters = encode_bare(&Value::empty_object());
    let input = encode_bare(&input);
    let (answer, fuel) = run_twice(&program, &parameters, &input, FUEL);
    // Exactly the fuel that it takes is enough, and less is not.
    assert_eq!(run_twice(&program, &parameters, &input, fuel).0, answer);
    let (less, _) = run_twice(&program, &parameters, &input, fuel - 1);
    assert_eq!(less, Answer::Fault(Fault::Fuel), "{source}");
    (strict, said(&answer))
}

#[track_caller]
fn check(source: &str, input: &str, strict: &str, vm: &str, opa: Option<&str>) {
    let found = every_engine(source, input);
    assert_eq!(found, (strict.to_owned(), vm.to_owned()), "{source} of {input}");
    ROWS.with_borrow_mut(|rows| {
        rows.push(Row {
            source: source.to_owned(),
            input: input.to_owned(),
            strict: strict.to_owned(),
            vm: vm.to_owned(),
            opa: opa.map(str::to_owned),
        });
    });
}

/// All engines say `expected`, and so does OPA as it is documented.
#[track_caller]
pub(super) fn agree(source: &str, input: &str, expected: &str) {
    check(source, input, expected, expected, None);
}

/// All engines here say `expected`, and OPA's documentation says `opa`.
#[track_caller]
pub(super) fn agree_against(source: &str, input: &str, expected: &str, opa: &str) {
    check(source, input, expected, expected, Some(opa));
}

/// regorus says `strict`, PolicyVM ends in the error `code`, OPA's documentation says `opa`: a
/// permitted divergence.
#[track_caller]
pub(super) fn diverge(source: &str, input: &str, strict: &str, code: u8, opa: &str) {
    check(source, input, strict, &format!("error {code}"), Some(opa));
}

/// A section of the table: its title, what stands above it, and the test that fills it.
pub(super) type Section = (&'static str, &'static str, fn());

const HEAD: &str = "# What policies mean

Each line was run on three engines: regorus' strict interpreter, PolicyVM in Rust, and PolicyVM in Solidity in an EVM. The two
PolicyVM agree in value, error and fuel, always. This page is written by the tests in `modules/policy/src/vm/tests.rs`
(`WRIT_WRITE_DOCS=true cargo nextest run --locked --workspace --lib -E 'test(/semantics/)'`), so a line that is not so fails them.

* **result** is what decides. *error n* is a code of [the specification](policy-vm.md), section 4, and a denial, like *undefined*.
* **regorus** and **OPA** are filled in where they say something else. OPA was not run: it is what its documentation says of `opa eval`
  without `--strict-builtin-errors`, with which a builtin's undefined is an error too.
* A set is written as an array of its members in order.

Wherever regorus and PolicyVM differ, PolicyVM ends in an error: a decision can be refused for that, never allowed.
";

fn cell(text: &str) -> String {
    format!("`{}`", text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ⏎ "))
}

fn document(sections: &[Section]) -> String {
    let mut out = HEAD.to_owned();
    ROWS.with_borrow_mut(Vec::clear);
    for (title, about, test) in sections {
        test();
        let rows = ROWS.with_borrow_mut(std::mem::take);
        let _ = write!(out, "\n## {title}\n\n{about}\n\n");
        out.push_str("| policy | input | result | regorus | OPA |\n|---|---|---|---|---|\n");
        for row in rows {
            let input = if row.input == "{}" { String::new() } else { cell(&row.input) };
            let strict = if row.strict == row.vm { String::new() } else { cell(&row.strict) };
            let opa = row.opa.unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {input} | {} | {strict} | {opa} |",
                cell(&row.source),
                cell(&row.vm)
            );
        }
    }
    out
}

/// Holds the document to the tests.
pub(super) fn document_is_current(sections: &[Section]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy-semantics.md");
    let current = document(sections);
    if std::env::var_os("WRIT_WRITE_DOCS").is_some() {
        std::fs::write(&path, &current).expect("writes the document");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "run again with WRIT_WRITE_DOCS=true");
}
