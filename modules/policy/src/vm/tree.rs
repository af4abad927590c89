//! The policies in the tree on both engines, on inputs that were changed in many places.

use std::path::Path;

use super::{Answer, FUEL_LIMIT, Machine, generate::Random};
use crate::{
    Bundle, CompiledPolicy, EvaluationError, Limits, Value, decode_json, encoding::encode_bare,
    read_files,
};

const INPUT: &str = include_str!("../../tests/vectors/input.json");
const POLICIES: [(&str, &str); 2] = [
    ("agent-spending", include_str!("../../tests/vectors/agent-spending.parameters.json")),
    ("counterparty", include_str!("../../tests/vectors/counterparty.parameters.json")),
];

fn compile(name: &str) -> CompiledPolicy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
    let files = read_files(&folder).expect("the policy in the tree");
    CompiledPolicy::compile(Bundle::from_files(&files).expect("a bundle")).expect("compiles")
}

/// Changes some leaves, drops some fields and items, repeats some items.
fn mutate(value: &Value, random: &mut Random) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter_map(|(name, field)| {
                    let kept = !random.one_in(120);
                    kept.then(|| (name.clone(), mutate(field, random)))
                })
                .collect(),
        ),
        Value::Array(items) => {
            let mut changed = Vec::new();
            for item in items {
                if !random.one_in(20) {
                    changed.push(mutate(item, random));
                }
                if random.one_in(6) {
                    changed.push(mutate(item, random));
                }
            }
            Value::Array(changed)
        }
        Value::Integer(_) if random.one_in(15) => {
            random.pick(&[0_u64, 1, 39_999_999, 40_000_001, 200_000_000_000]).into()
        }
        Value::String(_) if random.one_in(40) => Value::from(random.pick(&[
            "",
            "0x0000000000000000000000000000000000000000",
            "0x1111111111111111111111111111111111111111",
            "0x2222222222222222222222222222222222222222",
            "0x4444444444444444444444444444444444444444",
            "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0x9999999999999999999999999999999999999999",
        ])),
        Value::Bool(value) if random.one_in(25) => Value::from(!value),
        other => other.clone(),
    }
}

#[test]
fn policies_in_the_tree_agree_on_changed_inputs() {
    let input = decode_json(INPUT, &Limits::INPUT).expect("the example decodes");
    let mut random = Random::new(7);
    for (name, parameters) in POLICIES {
        let policy = compile(name);
        let parameters = policy.parameters_from_json(parameters).expect("parameters");
        let bound = policy.bind(parameters).expect("binds");
        let (mut allowed, mut denied, mut faults) = (0, 0, 0);
        for _ in 0..1_500 {
            let input = mutate(&input, &mut random);
            // Shapes that the check of inputs refuses are evaluated too: it is not to be leaned on.
            match bound.evaluate_checked(&input) {
                Ok(decision) if decision.allow => allowed += 1,
                Ok(decision) if matches!(decision.denied, Some(crate::DenyCode::Fault(_))) => {
                    faults += 1;
                }
                Ok(_) => denied += 1,
                Err(EvaluationError::Abstain(problem)) => panic!("{name}: {problem}"),
                Err(EvaluationError::Differ(problem)) => panic!("{name}: {problem}\n{input}"),
            }
        }
        assert!(
            allowed > 40 && denied > 150,
            "{name}: {allowed} allowed, {denied} denied, {faults} faults"
        );
    }
}

#[test]
fn policies_in_the_tree_take_little_of_their_fuel() {
    let input = decode_json(INPUT, &Limits::INPUT).expect("the example decodes");
    for (name, parameters) in POLICIES {
        let policy = compile(name);
        let program = policy.program().expect("provable");
        let parameters = policy.parameters_from_json(parameters).expect("parameters");
        let parameters = encode_bare(parameters.value());
        let (answer, fuel) =
            Machine::new().run(program, &parameters, &encode_bare(&input), FUEL_LIMIT);
        assert!(matches!(answer, Answer::Value(_)), "{name}: {answer:?}");
        assert!(fuel * 4 < FUEL_LIMIT, "{name}: {fuel} fuel");
        eprintln!("{name}: {} bytes, {fuel} fuel", program.to_bytes().len());
    }
}
