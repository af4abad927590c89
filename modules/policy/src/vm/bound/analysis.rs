//! How large the registers of a program get, and how often its instructions run.

use std::collections::BTreeMap;

use super::{
    cost,
    loops::{self, Loop},
    shape::Shape,
};
use crate::{
    Limits, decode,
    encoding::ENCODING_VERSION,
    vm::{Instruction, Op, Program, fuel},
};

/// How often a rule's registers may grow before they are taken to have no bound.
const MAX_PASSES: usize = 64;
/// How many runs of rules with arguments of different shapes are looked at.
const MAX_RUNS: usize = 1_024;

/// What an evaluation takes at most; `None` if the program is not understood, or nothing bounds it.
pub(super) fn bound(program: &Program, parameters: &Shape, input: &Shape) -> Option<u64> {
    let literals = program.offsets.iter().enumerate().map(|(index, start)| {
        let end = program.offsets.get(index + 1).map_or(program.literals.len(), |at| *at as usize);
        let bytes = program.literals.get(*start as usize..end)?;
        let limits = Limits { bytes: crate::vm::MAX_PROGRAM_BYTES, ..Limits::INPUT };
        let value = decode(&[&[ENCODING_VERSION], bytes].concat(), &limits).ok()?;
        let name = value.as_str().map(str::to_owned);
        Some((Shape::of_value(&value), name))
    });
    let literals = literals.collect::<Option<Vec<_>>>()?;
    let data = Shape::record(BTreeMap::from([("parameters".to_owned(), parameters.clone())]));
    let mut analysis =
        Analysis { program, literals, input, data, seen: BTreeMap::new(), runs: 0, once: 0 };
    let entry = program.rules.len().checked_sub(1)?;
    let run = analysis.run(entry, &[])?;
    let arguments = parameters.bytes.div_ceil(32).saturating_add(input.bytes.div_ceil(32));
    let begin = fuel::words(program.literals.len())
        + fuel::RULE * program.rules.len() as u64
        + fuel::registers(program.rules.last()?.registers);
    let total = [
        begin,
        arguments.saturating_mul(fuel::ARGUMENT_WORD),
        run.fuel,
        analysis.once,
        cost::write(run.result.bytes),
    ];
    let total = total.into_iter().fold(0, u64::saturating_add);
    (total < u64::MAX).then_some(total)
}

/// What one run of a rule takes at most, without rules that run only once, and what it gives.
#[derive(Clone, Debug)]
struct Run {
    fuel: u64,
    result: Shape,
}

struct Analysis<'a> {
    program: &'a Program,
    /// Of each literal, with its text if it is one.
    literals: Vec<(Shape, Option<String>)>,
    input: &'a Shape,
    data: Shape,
    /// Runs that were looked at, by the rule.
    seen: BTreeMap<usize, Vec<(Vec<Shape>, Run)>>,
    runs: usize,
    /// What rules without parameters take, each of which runs once.
    once: u64,
}

/// What is in a rule's registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    values: BTreeMap<u16, Shape>,
    iterators: BTreeMap<u16, Shape>,
    /// Items of arrays and sets, or of objects.
    builders: BTreeMap<u16, Shape>,
    result: Shape,
}

impl State {
    fn get(&self, register: u16) -> Shape {
        self.values.get(&register).cloned().unwrap_or_default()
    }

    fn set(&mut self, register: u16, shape: &Shape) {
        let joined = self.get(register).join(shape);
        self.values.insert(register, joined);
    }
}

impl Analysis<'_> {
    fn run(&mut self, rule: usize, arguments: &[Shape]) -> Option<Run> {
        let known = self.seen.get(&rule).and_then(|runs| {
            runs.iter().find(|(shapes, _)| shapes == arguments).map(|(_, run)| run.clone())
        });
        if known.is_some() {
            return known;
        }
        self.runs += 1;
        if self.runs > MAX_RUNS {
            return None;
        }
        let range = self.program.range(rule)?;
        let loops = loops::find(&self.program.code, range.clone())?;
        let mut state = State::default();
        for (register, shape) in (1_u16..).zip(arguments) {
            state.set(register, shape);
        }
        let mut passes = 0;
        // Registers are one for all instructions, and only ever grow; what grows for ever has no bound.
        let fuel = loop {
            let before = state.clone();
            let mut fuel = 0_u64;
            let mut added: BTreeMap<u16, Shape> = BTreeMap::new();
            for at in range.clone() {
                let instruction = *self.program.code.get(at)?;
                let times = rounds(&loops, at, &state);
                let each = self.step(instruction, times, &mut state, &mut added)?;
                let each = each.saturating_add(fuel::INSTRUCTION);
                fuel = fuel.saturating_add(each.saturating_mul(times));
            }
            state.builders = added;
            if state == before {
                break fuel;
            }
            passes += 1;
            if passes > MAX_PASSES {
                return None;
            }
        };
        let run = Run { fuel, result: state.result };
        self.seen.entry(rule).or_default().push((arguments.to_vec(), run.clone()));
        Some(run)
    }

    /// The fuel of an instruction besides its own, and what it does to the registers. `added` is what
    /// builders are given in this pass.
    fn step(
        &mut self,
        instruction: Instruction,
        times: u64,
        state: &mut State,
        added: &mut BTreeMap<u16, Shape>,
    ) -> Option<u64> {
        let Instruction { op, a, b, c } = instruction;
        let (left, right) = (state.get(b), state.get(c));
        let (fuel, result) = match op {
            Op::Ret => {
                state.result = state.result.join(&state.get(a));
                return Some(0);
            }
            Op::Jmp | Op::Jt | Op::Jf | Op::Ju | Op::Jd | Op::Def => return Some(0),
            Op::Open => {
                added.entry(a).or_default();
                return Some(0);
            }
            Op::Iter => {
                let shape = state.iterators.get(&a).map_or_else(|| left.clone(), |f| f.join(&left));
                state.iterators.insert(a, shape);
                return Some(0);
            }
            Op::Next => {
                let item = state.iterators.get(&a).map(Shape::item).unwrap_or_default();
                state.set(b, &item);
                return Some(fuel::STEP);
            }
            Op::Push | Op::Put => {
                let former = state.builders.get(&a).cloned().unwrap_or_default();
                let (key, item) = if op == Op::Put { (left.bytes, right) } else { (0, left) };
                let fuel = if op == Op::Put {
                    let name = Shape::scalar(former.key.max(key));
                    let found = cost::equal(&former.item(), &item);
                    cost::include(former.count.saturating_mul(2), &name, &name)
                        .saturating_add(found)
                } else {
                    cost::include(former.count, &former.item(), &item)
                };
                let entry = added.entry(a).or_default();
                let count = entry.count.saturating_add(times);
                let (key, item) = (entry.key.max(key), entry.item().join(&item));
                *entry = Shape::map(count, key, item);
                return Some(fuel);
            }
            Op::Call => {
                let list = self.program.list(c).to_vec();
                let arguments: Vec<Shape> = list.iter().map(|r| state.get(*r)).collect();
                let rule = usize::from(b);
                let first = !self.seen.contains_key(&rule);
                let run = self.run(rule, &arguments)?;
                let registers = fuel::registers(self.program.rules.get(rule)?.registers);
                let inside = run.fuel.saturating_add(registers);
                let passed = fuel::PASSED * list.len() as u64;
                state.set(a, &run.result);
                if list.is_empty() {
                    // Run once, whoever asks first.
                    if first {
                        self.once = self.once.saturating_add(inside);
                    }
                    return Some(0);
                }
                return Some(passed.saturating_add(inside));
            }
            Op::Lit => (0, self.literals.get(usize::from(b))?.0.clone()),
            Op::Input => (0, self.input.clone()),
            Op::Data => (0, self.data.clone()),
            Op::Move => (0, left),
            Op::Bool | Op::Not | Op::Type => (0, Shape::scalar(1)),
            Op::Index => (cost::lookup(&left, &right), left.item()),
            Op::Field => {
                let (key, name) = self.literals.get(usize::from(c))?;
                let value = name.as_ref().map_or_else(|| left.item(), |name| left.field(name));
                (cost::lookup(&left, key), value)
            }
            Op::In => (cost::lookup(&right, &left), Shape::scalar(1)),
            Op::Eq | Op::Ne => (cost::equal(&left, &right), Shape::scalar(1)),
            Op::Lt | Op::Le | Op::Gt | Op::Ge => (cost::order(&left, &right), Shape::scalar(1)),
            Op::Add | Op::Mul | Op::Mod | Op::Abs => (cost::write(33), Shape::integer()),
            Op::Sub => {
                let result = left.join(&Shape::integer());
                (cost::merge(&left, &right, &left).max(cost::write(33)), result)
            }
            Op::Key => {
                let iterated = state.iterators.get(&b).map(Shape::any_key).unwrap_or_default();
                (cost::write(33), iterated)
            }
            Op::Yield => (cost::equal(&state.get(a), &left), left),
            Op::Seal => {
                let shape = state.builders.get(&b).cloned().unwrap_or_default();
                let places = shape.count.saturating_mul(2);
                (cost::write_container(&shape, places), shape)
            }
            Op::Pack => self.pack(instruction, state),
            Op::Count => (cost::count(&left), Shape::integer()),
            Op::Sum => (cost::total(&left), Shape::integer()),
            Op::Min | Op::Max => (cost::extreme(&left), left.item()),
            Op::Lower => (cost::lower(&left), Shape::scalar(left.bytes)),
            Op::Starts | Op::Ends => (cost::part(&left, &right), Shape::scalar(1)),
            Op::Trimp | Op::Trims => (cost::part(&left, &right), Shape::scalar(left.bytes)),
            Op::Contains => (cost::contains(&left, &right), Shape::scalar(1)),
            Op::Trim | Op::Triml | Op::Trimr => {
                (cost::cut(&left, &right), Shape::scalar(left.bytes))
            }
            Op::Substr => {
                let text = state.get(*self.program.list(b).first()?);
                (cost::cut(&text, &Shape::default()), Shape::scalar(text.bytes))
            }
            Op::Join => {
                let each = right.item().bytes.saturating_add(left.bytes);
                let bytes = right.count.saturating_mul(each).saturating_add(5);
                (cost::join(&right, &Shape::scalar(bytes)), Shape::scalar(bytes))
            }
            Op::Format => (cost::format(), Shape::scalar(84)),
            Op::Get => {
                let [object, key, default] = self.program.list(b) else { return None };
                let object = state.get(*object);
                let value = object.item().join(&state.get(*default));
                (cost::lookup(&object, &state.get(*key)), value)
            }
            Op::Keys => {
                let keys = Shape::list(left.count, Shape::scalar(left.key));
                (cost::keys(&left, &keys), keys)
            }
            Op::Sort => {
                let sorted = Shape::list(left.count, left.item());
                (cost::sort(&sorted), sorted)
            }
            Op::Union | Op::Inter | Op::Acat => {
                let count = left.count.saturating_add(right.count);
                let both = Shape::list(count, left.item().join(&right.item()));
                let fuel = if op == Op::Acat {
                    cost::concatenate(&both)
                } else {
                    cost::merge(&left, &right, &both)
                };
                (fuel, both)
            }
        };
        state.set(a, &result);
        Some(fuel)
    }

    fn pack(&self, instruction: Instruction, state: &State) -> (u64, Shape) {
        let list = self.program.list(instruction.b);
        let shapes: Vec<Shape> = list.iter().map(|register| state.get(*register)).collect();
        let count = shapes.len() as u64;
        let join = |shapes: &mut dyn Iterator<Item = &Shape>| {
            shapes.fold(Shape::default(), |item, shape| item.join(shape))
        };
        let each = fuel::PACK.saturating_add(count.saturating_mul(fuel::PACKED));
        let (shape, added) = if instruction.c == 2 {
            let key = join(&mut shapes.iter().step_by(2));
            let item = join(&mut shapes.iter().skip(1).step_by(2));
            let name = Shape::scalar(key.bytes);
            let found = cost::equal(&item, &item);
            let added = cost::include(count, &name, &name).saturating_add(found);
            (Shape::map(count / 2, key.bytes, item), added)
        } else {
            let item = join(&mut shapes.iter());
            let added = cost::include(count, &item, &item);
            (Shape::list(count, item), added)
        };
        let fuel = each
            .saturating_add(added.saturating_mul(count))
            .saturating_add(cost::write_container(&shape, count));
        (fuel, shape)
    }
}

/// How often an instruction runs at most in one run of its rule.
fn rounds(loops: &[Loop], at: usize, state: &State) -> u64 {
    loops.iter().filter(|found| found.range.contains(&at)).fold(1, |times, found| {
        let count = state.iterators.get(&found.iterator).map_or(0, |shape| shape.count);
        // `NEXT` itself runs once more, to find the end.
        let end = u64::from(found.range.start == at);
        times.saturating_mul(count.saturating_add(end))
    })
}
