//! What a decision costs: policy evaluation with nothing and with twenty rows of history, and the
//! steps around it. `cargo bench -p writ-policy`.

use std::{hint::black_box, path::Path};

use criterion::{Criterion, criterion_group, criterion_main};
use regorus::{languages::rego::compiler::Compiler, rvm::RegoVM};
use writ_policy::{
    BoundPolicy, Bundle, CompiledPolicy, Limits, PolicySet, Value, decode, decode_json, encode,
    read_files,
    vm::{FUEL_LIMIT, Machine},
};

const INPUT: &str = include_str!("../tests/vectors/input.json");
const SPENDING: &str = include_str!("../tests/vectors/agent-spending.parameters.json");
const COUNTERPARTY: &str = include_str!("../tests/vectors/counterparty.parameters.json");

fn compile(name: &str) -> CompiledPolicy {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
    let files = read_files(&folder).expect("the policy in the tree");
    CompiledPolicy::compile(Bundle::from_files(&files).expect("a bundle")).expect("compiles")
}

fn bind(policy: &CompiledPolicy, parameters: &str) -> BoundPolicy {
    let parameters = policy.parameters_from_json(parameters).expect("parameters");
    policy.bind(parameters).expect("binds")
}

/// The example input with `rows` assets spent today, 60 USDC of them the one that is decided on.
fn input(rows: usize) -> Value {
    let mut spent: Vec<String> =
        (1..rows).map(|row| format!(r#"{{"asset": "0x{row:040x}", "amount": {row}}}"#)).collect();
    if rows > 0 {
        let decided = "0x1111111111111111111111111111111111111111";
        spent.push(format!(r#"{{"asset": "{decided}", "amount": 60000000}}"#));
    }
    let day =
        r#""spent": [{"asset": "0x1111111111111111111111111111111111111111", "amount": 60000000}]"#;
    assert_eq!(INPUT.matches(day).count(), 1);
    let listed = format!(r#""spent": [{}]"#, spent.join(","));
    decode_json(&INPUT.replace(day, &listed), &Limits::INPUT).expect("decodes")
}

fn evaluation(criterion: &mut Criterion) {
    let (spending, counterparty) = (compile("agent-spending"), compile("counterparty"));
    let mut group = criterion.benchmark_group("policy");
    for rows in [0, 20] {
        let input = input(rows);
        let policy = bind(&spending, SPENDING);
        assert!(policy.evaluate(&input).expect("decides").allow);
        group.bench_function(format!("agent-spending, {rows} rows of history"), |bencher| {
            bencher.iter(|| policy.evaluate(black_box(&input)));
        });
    }
    let policy = bind(&counterparty, COUNTERPARTY);
    let example = input(0);
    assert!(policy.evaluate(&example).expect("decides").allow);
    group.bench_function("counterparty", |bencher| {
        bencher.iter(|| policy.evaluate(black_box(&example)));
    });
    let both = vec![bind(&spending, SPENDING), bind(&counterparty, COUNTERPARTY)];
    let set = PolicySet::new(both).expect("a set");
    group.bench_function("both as a set", |bencher| {
        bencher.iter(|| set.evaluate(black_box(&example)));
    });
    group.bench_function("bind parameters", |bencher| {
        bencher.iter(|| bind(&spending, black_box(SPENDING)));
    });
    group.bench_function("compile from files", |bencher| {
        bencher.iter(|| compile("agent-spending"));
    });
    group.finish();
}

fn encoding(criterion: &mut Criterion) {
    let input = input(20);
    let (text, bytes) = (input.to_json(), encode(&input));
    let mut group = criterion.benchmark_group("input");
    group.bench_function(format!("decode {} bytes of JSON", text.len()), |bencher| {
        bencher.iter(|| decode_json(black_box(&text), &Limits::INPUT));
    });
    group.bench_function(format!("encode {} bytes", bytes.len()), |bencher| {
        bencher.iter(|| encode(black_box(&input)));
    });
    group.bench_function(format!("decode {} bytes", bytes.len()), |bencher| {
        bencher.iter(|| decode(black_box(&bytes), &Limits::INPUT));
    });
    group.finish();
}

/// `agent-spending` with twenty rows on each engine alone: PolicyVM, and regorus' own two.
fn engines(criterion: &mut Criterion) {
    let policy = compile("agent-spending");
    let parameters = policy.parameters_from_json(SPENDING).expect("parameters");
    let (input, data) = (input(20), Value::object([("parameters", parameters.value().clone())]));
    let mut group = criterion.benchmark_group("engine, agent-spending, 20 rows");

    let program = policy.program().expect("provable");
    let bare = |value: &Value| encode(value).split_off(1);
    let (parameters, encoded) = (bare(parameters.value()), bare(&input));
    let mut machine = Machine::new();
    group.bench_function("PolicyVM", |bencher| {
        bencher.iter(|| machine.run(program, &parameters, black_box(&encoded), FUEL_LIMIT));
    });

    // JSON is fine here: no number is beyond 64 bits.
    let mut regorus = regorus::Engine::new();
    for (name, text) in policy.bundle().sources() {
        regorus.add_policy(name.clone(), text.clone()).expect("parses");
    }
    regorus.add_data_json(&data.to_json()).expect("data");
    let rule = policy.manifest().entry.clone();
    let argument = regorus::Value::from_json_str(&input.to_json()).expect("input");
    group.bench_function("regorus' interpreter", |bencher| {
        bencher.iter(|| {
            let mut engine = regorus.clone();
            engine.set_input(argument.clone());
            engine.eval_rule(rule.clone())
        });
    });
    let compiled = regorus.compile_with_entrypoint(&rule.as_str().into()).expect("compiles");
    let rvm = Compiler::compile_from_policy(&compiled, &[rule.as_str()]).expect("compiles");
    let mut vm = RegoVM::new();
    vm.load_program(rvm);
    vm.set_data(regorus::Value::from_json_str(&data.to_json()).expect("data")).expect("data");
    group.bench_function("regorus' RVM", |bencher| {
        bencher.iter(|| {
            vm.set_input(argument.clone());
            vm.execute()
        });
    });
    group.finish();
}

criterion_group!(benches, evaluation, engines, encoding);
criterion_main!(benches);
