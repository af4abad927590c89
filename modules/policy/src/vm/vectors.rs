//! What the interpreter in Solidity has to say, fuel included: `WRIT_WRITE_VECTORS=1` writes the
//! file, without it the test compares.

use std::{fmt::Write as _, path::Path};

use alloy::primitives::hex;

use super::{
    Answer, FUEL_LIMIT, Machine,
    generate::{Random, input, parameters, policy},
};
use crate::{
    Bundle, CompiledPolicy, Limits, decode_json, encoding::encode_bare, engine::Engine, read_files,
};

/// How many generated policies are among the vectors.
const GENERATED: usize = 60;

struct Case {
    name: String,
    program: Vec<u8>,
    parameters: Vec<u8>,
    input: Vec<u8>,
    limit: u64,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let example = include_str!("../../tests/vectors/input.json");
    let example = encode_bare(&decode_json(example, &Limits::INPUT).expect("decodes"));
    let spending = include_str!("../../tests/vectors/agent-spending.parameters.json");
    let counterparty = include_str!("../../tests/vectors/counterparty.parameters.json");
    for (name, parameters) in [("agent-spending", spending), ("counterparty", counterparty)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
        let files = read_files(&folder).expect("the policy in the tree");
        let bundle = Bundle::from_files(&files).expect("a bundle");
        let policy = CompiledPolicy::compile(bundle).expect("compiles");
        let parameters = policy.parameters_from_json(parameters).expect("parameters");
        cases.push(Case {
            name: name.to_owned(),
            program: policy.program().expect("provable").to_bytes(),
            parameters: encode_bare(parameters.value()),
            input: example.clone(),
            limit: FUEL_LIMIT,
        });
    }
    let mut machine = Machine::new();
    let bound = encode_bare(&parameters());
    let generated = (0..u64::MAX).filter_map(|seed| {
        let mut random = Random::new(seed);
        let source = policy(&mut random);
        let (engine, checks) = Engine::new(&[("t.rego", &source)], "data.t.p").ok()?;
        checks.check().ok()?;
        let program = engine.provable().ok()?;
        let input = encode_bare(&input(&mut random));
        // Some of them run out of fuel, each somewhere else.
        let (_, fuel) = machine.run(&program, &bound, &input, FUEL_LIMIT);
        let limit = if seed % 7 == 3 { fuel * (seed % 11) / 11 } else { FUEL_LIMIT };
        let program = program.to_bytes();
        let parameters = bound.clone();
        Some(Case { name: format!("generated {seed}"), program, parameters, input, limit })
    });
    cases.extend(generated.take(GENERATED));
    cases
}

fn written(cases: &[Case]) -> String {
    let mut machine = Machine::new();
    let mut out = "[\n".to_owned();
    for (index, case) in cases.iter().enumerate() {
        let program = super::Program::from_bytes(&case.program).expect("valid");
        let (answer, fuel) = machine.run(&program, &case.parameters, &case.input, case.limit);
        let (status, value, code) = match &answer {
            Answer::Value(value) => ("value", hex::encode_prefixed(value), 0),
            Answer::Undefined => ("undefined", "0x".to_owned(), 0),
            Answer::Fault(fault) => ("fault", "0x".to_owned(), fault.code()),
        };
        let _ = write!(
            out,
            "{}{{\"name\":\"{}\",\"program\":\"{}\",\"parameters\":\"{}\",\"input\":\"{}\",\"limit\":{},\"status\":\"{status}\",\"value\":\"{value}\",\"code\":{code},\"fuel\":{fuel}}}",
            if index == 0 { "" } else { ",\n" },
            case.name,
            hex::encode_prefixed(&case.program),
            hex::encode_prefixed(&case.parameters),
            hex::encode_prefixed(&case.input),
            case.limit,
        );
    }
    out.push_str("\n]\n");
    out
}

#[test]
fn policyvm_vectors_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/policyvm.json");
    let current = written(&cases());
    if std::env::var_os("WRIT_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &current).expect("writes the vectors");
    }
    let committed = std::fs::read_to_string(&path).expect("the vectors");
    assert!(committed == current, "run again with WRIT_WRITE_VECTORS=1");
}
