//! Generated policies and inputs on both engines: PolicyVM never says more than regorus does.
//!
//! `WRIT_POLICY_CASES` and `WRIT_POLICY_SEED` make it longer or begin it elsewhere.

use std::collections::BTreeMap;

use super::{
    Answer, Fault, Machine,
    generate::{Random, input, parameters, policy},
};
use crate::{
    Limits, Value, decode,
    encoding::{ENCODING_VERSION, encode_bare},
    engine::{Engine, Outcome},
};

const FUEL: u64 = 1_000_000;
const CASES: u64 = 4_000;
const INPUTS: u64 = 8;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// How an evaluation came out on the two engines, for the statistics.
fn compare(engine: &Engine, answer: &Answer, input: &Value) -> Result<&'static str, String> {
    let strict = engine.evaluate(input);
    let vm = match answer {
        Answer::Value(bytes) => {
            let document = [&[ENCODING_VERSION], bytes.as_slice()].concat();
            Some(decode(&document, &Limits::INPUT).map_err(|error| error.to_string())?)
        }
        _ => None,
    };
    match (&strict, answer, vm) {
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
        (_, _, vm) => Err(format!("regorus {strict:?}, PolicyVM {answer:?} {vm:?}")),
    }
}

#[test]
fn generated_policies_agree() {
    let first = number("WRIT_POLICY_SEED", 0);
    let mut machine = Machine::new();
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    let mut differences = Vec::new();
    for seed in first..first + number("WRIT_POLICY_CASES", CASES) {
        let mut random = Random::new(seed);
        let source = policy(&mut random);
        let Ok((engine, checks)) = Engine::new(&[("t.rego", &source)], "data.t.p") else {
            *outcomes.entry("unparsed").or_default() += 1;
            continue;
        };
        if checks.check().is_err() {
            *outcomes.entry("unchecked").or_default() += 1;
            continue;
        }
        let program = match engine.provable() {
            Ok(program) => program,
            Err(error) => {
                *refused.entry(error.to_string()).or_default() += 1;
                continue;
            }
        };
        let engine = engine.with_parameters(&parameters()).expect("bound");
        let bound = encode_bare(&parameters());
        for _ in 0..INPUTS {
            let input = input(&mut random);
            let (answer, _) = machine.run(&program, &bound, &encode_bare(&input), FUEL);
            match compare(&engine, &answer, &input) {
                Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
                Err(difference) => {
                    differences.push(format!("seed {seed}\n{source}\n{input}\n{difference}"));
                    break;
                }
            }
        }
    }
    eprintln!("{outcomes:?}, refused: {refused:?}");
    let shown = differences.iter().take(5).cloned().collect::<Vec<_>>().join("\n----\n");
    assert!(differences.is_empty(), "{} differences\n{shown}", differences.len());
    let total: u64 = ["value", "undefined", "error"].iter().filter_map(|o| outcomes.get(o)).sum();
    for outcome in ["value", "undefined", "error"] {
        let count = outcomes.get(outcome).copied().unwrap_or(0);
        assert!(count * 20 >= total, "only {count} of {total} are {outcome}");
    }
}
