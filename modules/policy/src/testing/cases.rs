//! The documents on which a test asks, decided by both engines.
//!
//! PolicyVM has no `with`. So tests are rewritten: before each statement with `with`, one that records `input` and
//! `data.parameters` as that `with` leaves them. The rewritten test runs on regorus; on what it recorded, PolicyVM and regorus
//! evaluate the entry rule.

use std::collections::BTreeMap;

use super::{TestResult, pairs, path_of};
use crate::{
    Bundle, BundleError, EvaluationError, Value, agreement, check_input,
    encoding::encode_bare,
    engine::{Engine, Outcome, RECORD, Recorded, Recorder},
    profile::WithSpan,
    result::read_decision,
    vm::{Answer, FUEL_LIMIT, Machine, Program},
};

/// What deciding on one pair of documents came to.
#[derive(Clone, Debug)]
enum Verdict {
    Agree,
    Remark(String),
    Differ(String),
}

/// Tests that record, and the policy on both engines.
pub(super) struct Cases {
    rewritten: Engine,
    recorder: Recorder,
    policy: Engine,
    program: Option<Program>,
    machine: Machine,
    /// The policy with parameters, by their encoding.
    bound: BTreeMap<Vec<u8>, Result<Engine, String>>,
    /// What is known already, by the encodings of parameters and input.
    known: BTreeMap<(Vec<u8>, Vec<u8>), Verdict>,
    most_fuel: Option<u64>,
}

impl Cases {
    pub(super) fn new(bundle: &Bundle) -> Result<Self, BundleError> {
        let entry = &bundle.manifest().entry;
        let tests = rewrite(bundle)?;
        let mut files = pairs(bundle.sources());
        files.extend(pairs(&tests));
        let recorder = Recorder::default();
        let rewritten = Engine::recording(&files, entry, &recorder)?;
        let (policy, _) = Engine::new(&pairs(bundle.sources()), entry)?;
        let program = bundle.manifest().program.map(|_| policy.provable()).transpose()?;
        Ok(Self {
            rewritten,
            recorder,
            policy,
            program,
            machine: Machine::new(),
            bound: BTreeMap::new(),
            known: BTreeMap::new(),
            most_fuel: None,
        })
    }

    pub(super) const fn most_fuel(&self) -> Option<u64> {
        self.most_fuel
    }

    /// Decides on what `test` asks, and notes in it how that went.
    pub(super) fn run(&mut self, test: &mut TestResult) {
        self.recorder.take();
        let _ = self.rewritten.evaluate_rule(&path_of(test), None);
        let mut seen = Vec::new();
        for recorded in self.recorder.take() {
            if seen.contains(&recorded) {
                continue;
            }
            match self.decide(&recorded) {
                Verdict::Agree => {}
                Verdict::Remark(remark) => test.remarks.push(remark),
                Verdict::Differ(difference) => test.differences.push(difference),
            }
            seen.push(recorded);
        }
        test.cases = seen.len();
    }

    fn decide(&mut self, recorded: &Recorded) -> Verdict {
        let (input, parameters) = match (&recorded.input, &recorded.parameters) {
            (Ok(input), Ok(parameters)) => (input.clone(), parameters.clone()),
            (Err(problem), _) => {
                return Verdict::Remark(format!("not decided on: input: {problem}"));
            }
            (_, Err(problem)) => {
                return Verdict::Remark(format!("not decided on: data.parameters: {problem}"));
            }
        };
        let input = input.unwrap_or_else(Value::empty_object);
        let parameters = parameters.unwrap_or_else(Value::empty_object);
        let key = (encode_bare(&parameters), encode_bare(&input));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let verdict = self.compare(&key, &parameters, &input);
        self.known.insert(key, verdict.clone());
        verdict
    }

    fn compare(
        &mut self,
        (parameters, encoded): &(Vec<u8>, Vec<u8>),
        value: &Value,
        input: &Value,
    ) -> Verdict {
        let policy = &self.policy;
        let bound =
            self.bound.entry(parameters.clone()).or_insert_with(|| policy.with_parameters(value));
        let strict = match bound {
            Ok(engine) => engine.evaluate(input),
            Err(problem) => return Verdict::Remark(format!("not decided on: {problem}")),
        };
        let Some(program) = &self.program else { return Verdict::Agree };
        let (answer, fuel) = self.machine.run(program, parameters, encoded, FUEL_LIMIT);
        self.most_fuel = self.most_fuel.max(Some(fuel));
        let narrower = match (&answer, &strict) {
            (Answer::Fault(fault), Outcome::Value(result)) => {
                Some((fault.to_string(), read_decision(result).allow))
            }
            _ => None,
        };
        match (narrower, agreement::decide(&answer, strict)) {
            // The specification permits it; the author should know when what a test allows is denied.
            (Some((fault, true)), _) if check_input(input).is_ok() => {
                Verdict::Differ(format!("regorus allows, and PolicyVM denies: {fault}"))
            }
            (Some((fault, _)), _) => {
                Verdict::Remark(format!("PolicyVM denies where regorus has a result: {fault}"))
            }
            (None, Ok(_)) => Verdict::Agree,
            (None, Err(EvaluationError::Differ(difference))) => Verdict::Differ(difference),
            (None, Err(EvaluationError::Abstain(problem))) => {
                Verdict::Remark(format!("not decided on: {problem}"))
            }
        }
    }
}

/// The tests with a statement that records before each that has a `with`.
fn rewrite(bundle: &Bundle) -> Result<BTreeMap<String, String>, BundleError> {
    let mut files = pairs(bundle.sources());
    files.extend(pairs(bundle.tests()));
    let mut statements = Engine::trees(&files)?.with_statements();
    // From the end, so that positions before it stay what they are.
    statements.sort_by_key(|statement| std::cmp::Reverse(statement.bytes.start));
    let mut edits: Vec<(String, usize, String)> = Vec::new();
    for statement in &statements {
        if let Some(text) = bundle.tests().get(&statement.file) {
            edits.extend(
                record(text, statement).map(|(at, edit)| (statement.file.clone(), at, edit)),
            );
        }
    }
    edits.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
    let mut tests = bundle.tests().clone();
    for (file, at, edit) in edits {
        if let Some(text) = tests.get_mut(&file).filter(|text| text.is_char_boundary(at)) {
            text.insert_str(at, &edit);
        }
    }
    Ok(tests)
}

/// What is inserted for one statement, and where.
fn record(text: &str, statement: &WithSpan) -> impl Iterator<Item = (usize, String)> + use<> {
    let modifiers = text.get(statement.modifiers.clone()).unwrap_or_default();
    let record = format!(
        "{RECORD}([writ_input | writ_input := input], [writ_parameters | writ_parameters := data.parameters]) {modifiers}\n"
    );
    let before = text.get(..statement.bytes.start).unwrap_or_default().trim_end();
    // A body of one statement needs no braces; one of two does.
    let bare = before.ends_with("if") && !before.ends_with("_if");
    let start = (statement.bytes.start, if bare { format!("{{ {record}") } else { record });
    let end = bare.then(|| (statement.bytes.end, "\n}".to_owned()));
    std::iter::once(start).chain(end)
}
