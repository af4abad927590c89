//! regorus, wrapped so that it can only do what a policy needs.
//!
//! The rest of the crate never touches regorus; what it does not promise is settled here:
//! numbers come from our own decoder, a failing builtin is an error and not "undefined", a panic
//! stays inside, and running out of wall-clock time is told apart from a wrong policy.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
    time::{Duration, Instant},
};

use alloy::primitives::U256;
use regorus::{
    Engine as Regorus, LimitError, PolicyLengthConfig, Value as Rego,
    languages::rego::compiler::Compiler, utils::limits::ExecutionTimerConfig,
};

use crate::{
    Integer, SourceError, Value,
    bounded::install,
    convert::{ConvertError, from_rego, to_rego},
    profile::{PARAMETERS, Program},
    source::{MAX_COLUMNS, MAX_SOURCE_BYTES},
    vm,
};

mod observe;

pub(crate) use observe::{RECORD, Recorded, Recorder};

/// How long one evaluation may take. Ten thousand times what the policies in the tree need.
pub const EVALUATION_TIME: Duration = Duration::from_millis(500);

/// How many steps of the interpreter pass between two looks at the clock.
const STEPS_PER_LOOK: NonZeroU32 = NonZeroU32::new(32).expect("not zero");

/// What one evaluation came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The rule has this value.
    Value(Value),
    /// The rule has no value.
    Undefined,
    /// The rule's value is not one of ours.
    Foreign(ConvertError),
    /// An error that every machine gets.
    Failed(String),
    /// A limit of this machine, or a defect of the engine: another machine may get further.
    Stopped(String),
}

/// Policy code, parsed and analysed, ready to be evaluated many times.
///
/// Cloning shares the code.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    regorus: Regorus,
    rule: String,
    time: Duration,
}

impl Engine {
    /// Parses `files` (name and text, within the source limits) and prepares `rule`.
    pub(crate) fn new(files: &[(&str, &str)], rule: &str) -> Result<(Self, Program), SourceError> {
        let regorus = parse(files)?;
        let program = program(&regorus, files)?;
        Ok((Self::of(regorus, rule)?, program))
    }

    fn of(regorus: Regorus, rule: &str) -> Result<Self, SourceError> {
        let mut engine = Self { regorus, rule: rule.to_owned(), time: EVALUATION_TIME };
        engine.prepare().map_err(|error| parse_error("bundle", &error))?;
        Ok(engine)
    }

    /// The same code with parameters mounted at `data.parameters`.
    pub(crate) fn with_parameters(&self, parameters: &Value) -> Result<Self, String> {
        let mut engine = self.clone();
        let document = Value::object([(PARAMETERS, parameters.clone())]);
        let document = to_rego(&document).map_err(|error| error.to_string())?;
        engine.regorus.add_data(document).map_err(|error| error.to_string())?;
        engine.prepare()?;
        Ok(engine)
    }

    /// The same code with another time limit.
    #[cfg(test)]
    pub(crate) fn with_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Analyses now what would otherwise be analysed in the first evaluation of every clone.
    fn prepare(&mut self) -> Result<(), String> {
        let rule = self.rule.as_str().into();
        guard(|| self.regorus.compile_with_entrypoint(&rule))
            .and_then(|compiled| compiled.map(|_| ()).map_err(|error| error.to_string()))
    }

    /// The rule as a PolicyVM program.
    ///
    /// # Errors
    /// The first thing that the provable profile does not cover, and where it stands.
    pub(crate) fn provable(&self) -> Result<vm::Program, SourceError> {
        let rule = self.rule.as_str();
        let mut regorus = self.regorus.clone();
        guard(|| -> Result<_, String> {
            let compiled = regorus.compile_with_entrypoint(&rule.into());
            let compiled = compiled.map_err(|error| error.to_string())?;
            Compiler::compile_from_policy(&compiled, &[rule]).map_err(|error| error.to_string())
        })
        .and_then(|program| program)
        .map_err(|message| parse_error("bundle", &message))
        .and_then(|program| vm::translate(&program, rule))
    }

    /// Evaluates the rule for `input`.
    pub(crate) fn evaluate(&self, input: &Value) -> Outcome {
        match to_rego(input) {
            Ok(input) => self.evaluate_rule(&self.rule, Some(input)),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Evaluates any rule of the code, such as a test.
    pub(crate) fn evaluate_rule(&self, rule: &str, input: Option<Rego>) -> Outcome {
        let mut regorus = self.regorus.clone();
        regorus.set_execution_timer_config(timer(self.time));
        if let Some(input) = input {
            regorus.set_input(input);
        }
        let start = Instant::now();
        let result = match guard(|| regorus.eval_rule(rule.to_owned())) {
            Ok(result) => result,
            Err(panic) => return Outcome::Stopped(panic),
        };
        match result {
            Ok(Rego::Undefined) => Outcome::Undefined,
            Ok(value) => from_rego(&value).map_or_else(Outcome::Foreign, Outcome::Value),
            // The error type can be wrapped on its way out, so the clock is asked as well. At
            // worst a failure this late is called a lack of time, and abstaining is the safer name.
            Err(error) if error.downcast_ref::<LimitError>().is_some() => {
                Outcome::Stopped(error.to_string())
            }
            Err(error) if start.elapsed() >= self.time => Outcome::Stopped(error.to_string()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

const fn timer(limit: Duration) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit, check_interval: STEPS_PER_LOOK }
}

fn parse(files: &[(&str, &str)]) -> Result<Regorus, SourceError> {
    let mut regorus = Regorus::new();
    regorus.set_strict_builtin_errors(true);
    install(&mut regorus).map_err(|error| SourceError::new("bundle", 1, 1, error))?;
    // Our own lexer has already enforced these; should it ever fail to, regorus does as well.
    regorus.set_policy_length_config(PolicyLengthConfig {
        max_col: u32::try_from(MAX_COLUMNS)
            .ok()
            .and_then(NonZeroU32::new)
            .unwrap_or(NonZeroU32::MAX),
        max_file_bytes: NonZeroUsize::new(4 * MAX_SOURCE_BYTES).unwrap_or(NonZeroUsize::MAX),
        max_lines: NonZeroUsize::new(20_000).unwrap_or(NonZeroUsize::MAX),
    });
    for (file, text) in files {
        guard(|| regorus.add_policy((*file).to_owned(), (*text).to_owned()))
            .and_then(|parsed| parsed.map_err(|error| error.to_string()))
            .map_err(|message| parse_error(file, &message))?;
    }
    Ok(regorus)
}

fn program(regorus: &Regorus, files: &[(&str, &str)]) -> Result<Program, SourceError> {
    let ast = regorus
        .get_ast_as_json()
        .map_err(|error| SourceError::new("bundle", 1, 1, error.to_string()))?;
    // Nested too deeply: in which file, only the files one by one tell.
    Program::parse(&ast, files).map_err(|error| {
        let alone = |(file, text): &(&str, &str)| {
            let regorus = parse(&[(file, text)]).ok()?;
            let ast = regorus.get_ast_as_json().ok()?;
            let error = Program::parse(&ast, &[(file, text)]).err()?;
            Some(SourceError { file: (*file).to_owned(), ..error })
        };
        files.iter().find_map(alone).unwrap_or(error)
    })
}

/// regorus writes `--> file:line:column` and the message behind `error:`; what else it shows stands on further lines. `file` is
/// for messages without a place.
fn parse_error(file: &str, message: &str) -> SourceError {
    let place = message.split_once("--> ").and_then(|(_, rest)| {
        let mut parts = rest.lines().next()?.rsplitn(3, ':');
        let column = parts.next()?.trim().parse().ok()?;
        let line = parts.next()?.trim().parse().ok()?;
        Some((parts.next()?.trim(), line, column))
    });
    let (file, line, column) = place.unwrap_or((file, 1, 1));
    let problem = message.rsplit_once("error: ").map_or(message, |(_, problem)| problem).trim();
    SourceError::new(file, line, column, problem.lines().next().unwrap_or_default())
}

/// Runs `work` and turns a panic into its message.
fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Whatever a panic leaves half done is a clone that is dropped right after.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        format!("the engine panicked: {message}")
    })
}

/// Asks the engine, once per process, whether it computes exactly at 256 bits.
///
/// Cargo unifies features across a build, and a feature of a dependency decides how engines like
/// this one hold numbers. An operator built with other dependencies must find out at start-up,
/// not by signing.
///
/// # Errors
/// What the engine answered, if it is not what was asked for.
pub fn self_check() -> Result<(), String> {
    static RESULT: OnceLock<Result<(), String>> = OnceLock::new();
    RESULT.get_or_init(run_self_check).clone()
}

const SELF_CHECK: &str = r#"package writ.self_check

import rego.v1

default exact := false

exact if {
	input.a > input.b
	input.b < input.a
	input.a != input.b
	input.a - input.b == 1
	input.a == (input.a + input.a) - input.a
	1 == (input.a * input.a) % input.b
	sum([input.a, input.b]) > input.a
	max({input.a, input.b}) == input.a
	input.a == 115792089237316195423570985008687907853269984665640564039457584007913129639935
	format_int(input.a, 10) == "115792089237316195423570985008687907853269984665640564039457584007913129639935"
}
"#;

fn run_self_check() -> Result<(), String> {
    let engine = Engine::new(&[("self_check.rego", SELF_CHECK)], "data.writ.self_check.exact")
        .map_err(|error| error.to_string())?
        .0;
    let input = Value::object([
        ("a", Value::from(U256::MAX)),
        ("b", Value::from(Integer::from(U256::MAX - U256::from(1)))),
    ]);
    match engine.evaluate(&input) {
        Outcome::Value(Value::Bool(true)) => Ok(()),
        other => Err(format!(
            "the policy engine does not compute exactly at 256 bits ({other:?}); this build must not evaluate policies"
        )),
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
