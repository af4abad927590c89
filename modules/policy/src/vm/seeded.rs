//! Whether the differential test would find a wrong translator: programs with one kind of
//! mistake sown into them, each of which has to show.

use super::{
    Answer, FUEL_LIMIT, Fault, Instruction, Machine, Op, Program,
    generate::{Random, input, parameters, policy},
};
use crate::{
    Limits, Value, decode,
    encoding::{ENCODING_VERSION, encode_bare},
    engine::{Engine, Outcome},
};

/// A mistake: changes an instruction if it applies to it.
type Mistake = (&'static str, fn(&mut Instruction) -> bool);

fn becomes(instruction: &mut Instruction, from: Op, to: Op) -> bool {
    let applies = instruction.op == from;
    if applies {
        instruction.op = to;
    }
    applies
}

fn swap(instruction: &mut Instruction, op: Op) -> bool {
    std::mem::swap(&mut instruction.b, &mut instruction.c);
    instruction.op == op
}

/// Leaves an instruction out; a register that is moved to itself is nothing.
fn leave_out(instruction: &mut Instruction, op: Op) -> bool {
    let applies = instruction.op == op;
    if applies {
        *instruction = Instruction::new(Op::Move, 0, 0, 0);
    }
    applies
}

const MISTAKES: &[Mistake] = &[
    ("a condition turned round", |i| becomes(i, Op::Jf, Op::Jt)),
    ("undefined taken for defined", |i| becomes(i, Op::Ju, Op::Jd)),
    ("a body with a value that goes on to else", |i| leave_out(i, Op::Jd)),
    ("an assignment that is not checked", |i| leave_out(i, Op::Ju)),
    ("a condition that is not checked", |i| leave_out(i, Op::Jf)),
    ("equal for unequal", |i| becomes(i, Op::Eq, Op::Ne)),
    ("unequal for equal", |i| becomes(i, Op::Ne, Op::Eq)),
    ("less or equal for less", |i| becomes(i, Op::Lt, Op::Le)),
    ("less for less or equal", |i| becomes(i, Op::Le, Op::Lt)),
    ("greater or equal for greater", |i| becomes(i, Op::Gt, Op::Ge)),
    ("greater for greater or equal", |i| becomes(i, Op::Ge, Op::Gt)),
    ("operands of less swapped", |i| i.op == Op::Lt && swap(i, Op::Lt)),
    ("operands of a difference swapped", |i| i.op == Op::Sub && swap(i, Op::Sub)),
    ("operands of a remainder swapped", |i| i.op == Op::Mod && swap(i, Op::Mod)),
    ("a sum for a product", |i| becomes(i, Op::Mul, Op::Add)),
    ("a difference for a sum", |i| becomes(i, Op::Add, Op::Sub)),
    ("negation left out", |i| becomes(i, Op::Not, Op::Move)),
    ("least for most", |i| becomes(i, Op::Max, Op::Min)),
    ("most for least", |i| becomes(i, Op::Min, Op::Max)),
    ("a count for a sum", |i| becomes(i, Op::Sum, Op::Count)),
    ("intersection for union", |i| becomes(i, Op::Union, Op::Inter)),
    ("union for intersection", |i| becomes(i, Op::Inter, Op::Union)),
    ("a member that is not added", |i| leave_out(i, Op::Push)),
    ("a value that is not given", |i| leave_out(i, Op::Yield)),
    ("suffix for prefix", |i| becomes(i, Op::Starts, Op::Ends)),
    ("prefix for suffix", |i| becomes(i, Op::Ends, Op::Starts)),
    ("trimmed at the wrong end", |i| becomes(i, Op::Triml, Op::Trimr)),
    ("trimmed at the other end", |i| becomes(i, Op::Trimr, Op::Triml)),
    ("a suffix cut for a prefix", |i| becomes(i, Op::Trimp, Op::Trims)),
    ("a prefix cut for a suffix", |i| becomes(i, Op::Trims, Op::Trimp)),
    ("a set for an array", |i| {
        let applies = i.op == Op::Pack && i.c == 0;
        i.c = if applies { 1 } else { i.c };
        applies
    }),
    ("an array built as a set", |i| {
        let applies = i.op == Op::Open && i.b == 0;
        i.b = if applies { 1 } else { i.b };
        applies
    }),
    ("true for false", |i| {
        let applies = i.op == Op::Bool;
        i.b = if applies { 1 - i.b } else { i.b };
        applies
    }),
    ("another kind asked for", |i| {
        let applies = i.op == Op::Type && i.c != 2;
        i.c = if applies { 2 } else { i.c };
        applies
    }),
    ("another literal", |i| {
        let applies = i.op == Op::Lit && i.b > 0;
        i.b -= u16::from(applies);
        applies
    }),
    ("another field", |i| {
        let applies = i.op == Op::Field && i.c > 0;
        i.c -= u16::from(applies);
        applies
    }),
    ("the key that is asked for taken for the value", |i| {
        let applies = i.op == Op::In;
        i.b = if applies { i.c } else { i.b };
        applies
    }),
    ("sorting left out", |i| becomes(i, Op::Sort, Op::Move)),
    ("the sign kept", |i| becomes(i, Op::Abs, Op::Move)),
];

/// A mistake has to show in one of so many policies.
const POLICIES: u64 = 4_000;

fn differs(engine: &Engine, answer: &Answer, input: &Value) -> bool {
    let vm = match answer {
        Answer::Value(bytes) => {
            decode(&[&[ENCODING_VERSION], bytes.as_slice()].concat(), &Limits::INPUT).ok()
        }
        Answer::Undefined => None,
        // An error is a denial, whatever the other engine says: that it is wrong does not show.
        Answer::Fault(_) => return false,
    };
    match engine.evaluate(input) {
        Outcome::Value(value) => vm.as_ref() != Some(&value),
        Outcome::Undefined => vm.is_some() || *answer != Answer::Undefined,
        _ => true,
    }
}

#[test]
fn every_sown_mistake_shows() {
    let mut machine = Machine::new();
    let bound = encode_bare(&parameters());
    let mut hidden: Vec<&Mistake> = MISTAKES.iter().collect();
    for seed in 0..POLICIES {
        if hidden.is_empty() {
            break;
        }
        let mut random = Random::new(seed);
        let source = policy(&mut random);
        let Ok((engine, checks)) = Engine::new(&[("t.rego", &source)], "data.t.p") else {
            continue;
        };
        let (Ok(()), Ok(program)) = (checks.check(), engine.provable()) else { continue };
        let engine = engine.with_parameters(&parameters()).expect("bound");
        let inputs: Vec<Value> = (0..4).map(|_| input(&mut random)).collect();
        hidden.retain(|(_, mistake)| {
            let mut wrong = program.clone();
            let sown = wrong.code.iter_mut().filter_map(|i| mistake(i).then_some(())).count() > 0;
            // What a check of programs refuses has been found.
            if !sown {
                return true;
            }
            if Program::from_bytes(&wrong.to_bytes()).is_err() {
                return true;
            }
            !inputs.iter().any(|input| {
                let (answer, _) = machine.run(&wrong, &bound, &encode_bare(input), FUEL_LIMIT);
                differs(&engine, &answer, input)
            })
        });
    }
    let names: Vec<&str> = hidden.iter().map(|(name, _)| *name).collect();
    assert!(names.is_empty(), "not found: {names:?}");
}

#[test]
fn generated_policies_use_every_instruction_and_every_error() {
    let mut machine = Machine::new();
    let bound = encode_bare(&parameters());
    // Instead of `Jt` regorus' compiler writes a negation and a condition.
    let mut unused: Vec<Op> = Op::ALL.iter().copied().filter(|op| *op != Op::Jt).collect();
    let mut faults =
        vec![Fault::Type, Fault::Overflow, Fault::Division, Fault::Conflict, Fault::Text];
    for seed in 0..POLICIES {
        if unused.is_empty() && faults.is_empty() {
            break;
        }
        let mut random = Random::new(seed);
        let source = policy(&mut random);
        let Ok((engine, _)) = Engine::new(&[("t.rego", &source)], "data.t.p") else { continue };
        let Ok(program) = engine.provable() else { continue };
        unused.retain(|op| program.code.iter().all(|instruction| instruction.op != *op));
        let argument = encode_bare(&input(&mut random));
        if let (Answer::Fault(fault), _) = machine.run(&program, &bound, &argument, FUEL_LIMIT) {
            faults.retain(|other| *other != fault);
        }
    }
    assert!(unused.is_empty(), "not used: {unused:?}");
    assert!(faults.is_empty(), "never met: {faults:?}");
}
