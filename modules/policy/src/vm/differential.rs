//! Generated policies and inputs on three engines: regorus' strict interpreter, PolicyVM in Rust,
//! PolicyVM in Solidity.
//!
//! The two interpreters of PolicyVM agree in everything, fuel included; regorus agrees in every
//! value, and where it does not PolicyVM ends in an error. `tests/corpus` keeps a case of each
//! kind of divergence that was ever found. `WRIT_POLICY_CASES` and `WRIT_POLICY_SEED` make the
//! run longer or begin it elsewhere; `WRIT_POLICY_CORPUS=true` writes what it finds to the corpus.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Answer, Fault, Program,
    assertions::{heard, run_twice, said},
    generate::{Random, decision, input, parameters, policy},
};
use crate::{
    Limits, Value, agreement, decode, decode_json,
    encoding::{ENCODING_VERSION, encode_bare},
    engine::{Engine, Outcome},
};

const FUEL: u64 = super::FUEL_LIMIT;
const CASES: u64 = 4_000;
const INPUTS: u64 = 8;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Whether the engines agree, and how: for the statistics. `Err` is a divergence that nothing permits.
fn compare(strict: &Outcome, answer: &Answer) -> Result<&'static str, String> {
    let vm = match answer {
        Answer::Value(bytes) => {
            let document = [&[ENCODING_VERSION], bytes.as_slice()].concat();
            Some(decode(&document, &Limits::INPUT).map_err(|error| error.to_string())?)
        }
        _ => None,
    };
    match (strict, answer, vm) {
        (Outcome::Value(value), Answer::Value(_), Some(vm)) if *value == vm => Ok("value"),
        (Outcome::Undefined, Answer::Undefined, _) => Ok("undefined"),
        (Outcome::Failed(_) | Outcome::Foreign(_), Answer::Fault(_), _) => Ok("error"),
        // What PolicyVM does not do, and ends in a denial: the specification lists them.
        (
            Outcome::Value(_) | Outcome::Undefined,
            Answer::Fault(Fault::Overflow | Fault::Text),
            _,
        ) => Ok("narrower"),
        // regorus leaves off at the first thing that is undefined, and so may not come to the error.
        (Outcome::Value(_) | Outcome::Undefined, Answer::Fault(fault), _)
            if *fault != Fault::Fuel =>
        {
            Ok("eager")
        }
        _ => Err(format!("regorus {}, PolicyVM {}", heard(strict), said(answer))),
    }
}

/// A policy that every engine has, and that the profile covers.
struct Case {
    source: String,
    engine: Engine,
    program: Program,
}

/// `Err` is why there is none.
fn case(source: String, bound: &Value) -> Result<Case, String> {
    let (engine, checks) =
        Engine::new(&[("t.rego", &source)], "data.t.p").map_err(|_| "unparsed".to_owned())?;
    checks.check().map_err(|_| "unchecked".to_owned())?;
    let program = engine.provable().map_err(|error| error.to_string())?;
    let engine = engine.with_parameters(bound)?;
    Ok(Case { source, engine, program })
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// One case of the corpus, as it is written.
fn record(source: &str, parameters: &Value, input: &Value, regorus: &str, vm: &str) -> String {
    let object = serde_json::json!({
        "source": source,
        "parameters": parameters.to_json(),
        "input": input.to_json(),
        "regorus": regorus,
        "policyvm": vm,
    });
    format!("{object:#}\n")
}

#[test]
fn generated_policies_agree_on_three_engines() {
    let first = number("WRIT_POLICY_SEED", 0);
    let keep = std::env::var_os("WRIT_POLICY_CORPUS").is_some();
    let bound = parameters();
    let encoded = encode_bare(&bound);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut decisions: BTreeMap<&str, u64> = BTreeMap::new();
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut differences = Vec::new();
    for seed in first..first + number("WRIT_POLICY_CASES", CASES) {
        let mut random = Random::new(seed);
        let decides = seed % 2 == 1;
        let source = if decides { decision(&mut random) } else { policy(&mut random) };
        let case = match case(source, &bound) {
            Ok(case) => case,
            Err(reason) => {
                *refused.entry(reason).or_default() += 1;
                continue;
            }
        };
        for _ in 0..INPUTS {
            let input = input(&mut random);
            let (answer, _) = run_twice(&case.program, &encoded, &encode_bare(&input), FUEL);
            let strict = case.engine.evaluate(&input);
            let outcome = compare(&strict, &answer);
            let (kind, regorus, vm) = (outcome.clone(), heard(&strict), said(&answer));
            let name = match &kind {
                Ok("narrower" | "eager") => {
                    let strict =
                        if matches!(strict, Outcome::Undefined) { "undefined" } else { "value" };
                    Some(format!("{}-{strict}-{}", kind.unwrap_or_default(), vm.replace(' ', "-")))
                }
                Ok(_) => None,
                Err(_) => Some(format!("difference-{seed}")),
            };
            if let Some(name) = name {
                let text = record(&case.source, &bound, &input, &regorus, &vm);
                let smallest = found.entry(name).or_insert((usize::MAX, String::new()));
                if text.len() < smallest.0 {
                    *smallest = (text.len(), text);
                }
            }
            match outcome {
                Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
                Err(difference) => {
                    let source = &case.source;
                    differences.push(format!("seed {seed}\n{source}\n{input}\n{difference}"));
                    break;
                }
            }
            if decides {
                let decided = match &answer {
                    Answer::Fault(_) => "error",
                    _ => match agreement::decide(&answer, strict) {
                        Ok(decision) if decision.allow => "allow",
                        Ok(_) => "deny",
                        Err(error) => panic!("{error}"),
                    },
                };
                *decisions.entry(decided).or_default() += 1;
            }
        }
    }
    eprintln!("{outcomes:?}, {decisions:?}, refused: {refused:?}");
    if keep {
        for (name, (_, text)) in found {
            let path = corpus().join(format!("{name}.json"));
            if !path.exists() {
                std::fs::write(&path, text).expect("writes the case");
            }
        }
    }
    let shown = differences.iter().take(5).cloned().collect::<Vec<_>>().join("\n----\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
    at_least(&outcomes, &["value", "undefined", "error"], 20);
    at_least(&decisions, &["allow", "deny", "error"], 10);
}

/// Each of `wanted` is at least one in `part` of them together.
fn at_least(counts: &BTreeMap<&str, u64>, wanted: &[&str], part: u64) {
    let count = |outcome: &&str| counts.get(outcome).copied().unwrap_or(0);
    let total: u64 = wanted.iter().map(count).sum();
    for outcome in wanted {
        let count = count(outcome);
        assert!(total > 0 && count * part >= total, "only {count} of {total} are {outcome}");
    }
}

/// Every divergence that was ever found is still the one that it was, and no other.
#[test]
fn the_corpus_of_divergences_holds() {
    let mut cases = 0;
    let folder = std::fs::read_dir(corpus()).expect("the corpus");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|e| e == "json")) {
        let text = std::fs::read_to_string(path).expect("a case");
        let fields: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let field = |name: &str| fields[name].as_str().expect("a text").to_owned();
        let value = |name: &str| decode_json(&field(name), &Limits::INPUT).expect("a value");
        let (bound, input) = (value("parameters"), value("input"));
        let case = case(field("source"), &bound).expect("a policy within the profile");
        let (answer, _) =
            run_twice(&case.program, &encode_bare(&bound), &encode_bare(&input), FUEL);
        let strict = case.engine.evaluate(&input);
        let permitted = compare(&strict, &answer);
        assert!(matches!(permitted, Ok("narrower" | "eager")), "{path:?}: {permitted:?}");
        let now = record(&case.source, &bound, &input, &heard(&strict), &said(&answer));
        assert_eq!(now, text, "{path:?}");
        cases += 1;
    }
    assert!(cases >= 8, "only {cases} cases");
}
