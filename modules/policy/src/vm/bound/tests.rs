//! The bound is never below what is used, and is a number for whatever policies compile to.

use std::collections::BTreeMap;

use super::{FuelBound, InputSize, Shape};
use crate::{
    CompiledPolicy, Limits, Value, decode_json,
    encoding::encode_bare,
    engine::Engine,
    vm::{
        FUEL_LIMIT, Instruction, Machine, Op, Program, RuleHead, gas_of,
        generate::{Random, decision, input, parameters, policy},
    },
};

const CASES: u64 = 1_500;

/// The size of the smallest class of inputs that this one is in.
fn size(input: &Value) -> InputSize {
    fn widen(value: &Value, size: &mut InputSize) {
        let mut items = |count: usize| size.items = size.items.max(count as u64);
        match value {
            Value::Array(list) => {
                items(list.len());
                list.iter().for_each(|item| widen(item, size));
            }
            Value::Set(list) => {
                items(list.len());
                list.iter().for_each(|item| widen(item, size));
            }
            Value::Object(fields) => {
                items(fields.len());
                for (name, field) in fields {
                    size.text = size.text.max(name.len() as u64);
                    widen(field, size);
                }
            }
            Value::String(text) => size.text = size.text.max(text.len() as u64),
            _ => {}
        }
    }
    let mut size = InputSize { bytes: encode_bare(input).len() as u64, items: 0, text: 0 };
    widen(input, &mut size);
    size
}

#[test]
fn what_is_used_is_within_the_bound() {
    let bound = parameters();
    let encoded = encode_bare(&bound);
    let parameters = Shape::of_value(&bound);
    let mut machine = Machine::new();
    let (mut programs, mut unbounded, mut worst) = (0_u64, 0_u64, 0_f64);
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let source = if seed % 2 == 0 { policy(&mut random) } else { decision(&mut random) };
        let Ok((engine, _)) = Engine::new(&[("t.rego", &source)], "data.t.p") else { continue };
        let Ok(program) = engine.provable() else { continue };
        programs += 1;
        for _ in 0..4 {
            let input = input(&mut random);
            let (_, fuel) = machine.run(&program, &encoded, &encode_bare(&input), u64::MAX);
            for shape in [Shape::of_value(&input), Shape::of_input(&size(&input))] {
                let found = FuelBound::of(&program, &parameters, &shape);
                let Some(most) = found.analysed else {
                    unbounded += 1;
                    continue;
                };
                assert!(fuel <= most, "{fuel} fuel, at most {most} of\n{source}\n{input}");
                assert_eq!(found.may_run_out(), most > FUEL_LIMIT);
                assert_eq!(found.gas, gas_of(most.min(FUEL_LIMIT)));
                worst = worst.max(fuel as f64 / most as f64);
            }
        }
    }
    eprintln!("{programs} programs, {unbounded} without a bound, {worst} of the bound at most");
    // Eight evaluations of each.
    assert!(programs > 400 && unbounded < programs * 2, "{unbounded} evaluations without a bound");
    assert!(worst > 0.5, "the bound is far from what is used: {worst}");
}

fn program(literals: &[Vec<u8>], code: &[(Op, u16, u16, u16)]) -> Program {
    let code = code.iter().map(|&(op, a, b, c)| Instruction::new(op, a, b, c)).collect();
    let rule = RuleHead { entry: 0, registers: 12, parameters: 0 };
    Program::new(literals, vec![rule], Vec::new(), code).expect("valid")
}

fn analysed(program: &Program, input: &Value) -> Option<u64> {
    let nothing = Shape::of_value(&Value::from(false));
    FuelBound::of(program, &nothing, &Shape::of_value(input)).analysed
}

/// The input's items, each looked at once for each.
#[test]
fn loops_multiply() {
    use Op::{Bool, Input, Iter, Jmp, Next, Ret};
    let nested = program(
        &[],
        &[
            (Input, 1, 0, 0),
            (Iter, 2, 1, 8),
            (Next, 2, 5, 8),
            (Iter, 6, 1, 2),
            (Next, 6, 9, 2),
            (Bool, 10, 1, 0),
            (Jmp, 4, 0, 0),
            (Jmp, 2, 0, 0),
            (Ret, 10, 0, 0),
        ],
    );
    let mut machine = Machine::new();
    for count in [0_u64, 1, 2, 7, 40] {
        let input = Value::array((0..count).map(|_| Value::from(false)));
        let most = analysed(&nested, &input).expect("bounded");
        let (_, fuel) = machine.run(&nested, &[0], &encode_bare(&input), u64::MAX);
        let close = most <= fuel + 20 * (count + 1) + 8 * (count + 1) * 3 + 16;
        assert!(fuel <= most && close, "{count}: {fuel} and {most}");
    }
}

#[test]
fn what_is_not_understood_has_no_bound() {
    use Op::{Acat, Bool, Input, Iter, Jmp, Jt, Next, Ret};
    let for_ever = program(&[], &[(Jmp, 0, 0, 0)]);
    let again = program(&[], &[(Bool, 1, 1, 0), (Jt, 1, 0, 0), (Ret, 1, 0, 0)]);
    // Begun anew in each round, which does not end.
    let anew = program(
        &[],
        &[(Input, 1, 0, 0), (Next, 2, 5, 4), (Iter, 2, 1, 4), (Jmp, 1, 0, 0), (Ret, 1, 0, 0)],
    );
    // At its end it goes on inside.
    let inside = program(
        &[],
        &[(Input, 1, 0, 0), (Iter, 2, 1, 4), (Next, 2, 5, 3), (Jmp, 2, 0, 0), (Ret, 1, 0, 0)],
    );
    // Doubles in each round.
    let grows = program(
        &[],
        &[
            (Input, 1, 0, 0),
            (Iter, 2, 1, 5),
            (Next, 2, 6, 5),
            (Acat, 1, 1, 1),
            (Jmp, 2, 0, 0),
            (Ret, 1, 0, 0),
        ],
    );
    let input = Value::array([Value::from(false)]);
    for program in [for_ever, again, anew, inside, grows] {
        let found = FuelBound::of(&program, &Shape::default(), &Shape::of_value(&input));
        assert_eq!((found.analysed, found.fuel), (None, FUEL_LIMIT), "{program:?}");
        assert!(found.may_run_out());
    }
}

#[test]
fn a_schema_says_how_large_parameters_are() {
    let schema = r##"{
        "type": "object", "additionalProperties": false,
        "properties": {
            "who": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/address"}},
            "on": {"type": "boolean"},
            "word": {"enum": ["a", "longer"]}
        },
        "$defs": {"address": {"type": "string", "pattern": "^0x[0-9a-f]{40}$"}}
    }"##;
    let schema = decode_json(schema, &Limits::PARAMETERS).expect("decodes");
    let shape = Shape::of_schema(&schema);
    let address = format!("0x{}", "0".repeat(40));
    let largest = Value::object([
        ("on", Value::from(true)),
        ("who", Value::array((0..3).map(|_| Value::from(address.as_str())))),
        ("word", Value::from("longer")),
    ]);
    let exact = Shape::of_value(&largest);
    assert_eq!((shape.bytes, shape.count, shape.key), (exact.bytes, exact.count, exact.key));
    assert_eq!(shape.field("who"), exact.field("who"));
    // What says nothing, or refers to itself for ever, has the limits of all parameters.
    for open in [r#"{}"#, r##"{"type": "array", "items": {"$ref": "#"}}"##, r#"{"type": "string"}"#]
    {
        let schema = decode_json(open, &Limits::PARAMETERS).expect("decodes");
        assert!(Shape::of_schema(&schema).bytes >= 65_536, "{open}");
    }
}

/// The policies in the tree: of small operations they are within the limit whatever their parameters.
#[test]
fn policies_in_the_tree_are_bounded() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the policies") {
        let path = entry.expect("a folder").path();
        let Ok(files) = crate::read_files(&path) else { continue };
        let bundle = crate::Bundle::from_files(&files).expect("a bundle");
        let policy = CompiledPolicy::compile(bundle).expect("compiles");
        let Some(any) = policy.fuel_bound() else { continue };
        let small = policy.fuel_bound_for(&InputSize::SMALL).expect("provable");
        assert!(small.fuel <= any.fuel, "{path:?}");
        let name = policy.manifest().name.clone();
        found.insert(name, (small.analysed, any.analysed));
    }
    eprintln!("{found:?}");
    assert!(found.len() >= 2);
}
