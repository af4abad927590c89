//! Running a bundle's own tests: `*_test.rego`, as `opa test` does.
//!
//! A test is a rule whose name begins with `test_`; it passes if its value is true. Beyond that,
//! [`idle_rules`] answers the question that coverage does not: which rule could be deleted with
//! every test still passing?

use std::collections::BTreeMap;

use crate::{
    Bundle, BundleError, Value,
    engine::{Engine, Outcome},
    profile::RuleSpan,
};

/// How one test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The file it stands in.
    pub file: String,
    /// The line it begins at.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// `None` if it passed, otherwise what happened instead.
    pub failure: Option<String>,
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLocation {
    /// The file it stands in.
    pub file: String,
    /// The line it begins at.
    pub line: usize,
    /// Its name.
    pub name: String,
}

/// Runs all tests of a bundle.
///
/// # Errors
/// If the policy or its tests do not compile.
pub fn run_tests(bundle: &Bundle) -> Result<Vec<TestResult>, BundleError> {
    run(bundle.sources(), bundle)
}

/// The rules that no test needs: with any one of them deleted, every test still passes.
///
/// # Errors
/// If the policy or its tests do not compile as they are.
pub fn idle_rules(bundle: &Bundle) -> Result<Vec<RuleLocation>, BundleError> {
    let files: Vec<(&str, &str)> = pairs(bundle.sources());
    let (_, program) = Engine::new(&files, &bundle.manifest().entry)?;
    let mut idle = Vec::new();
    for rule in program.rules() {
        let mut sources = bundle.sources().clone();
        if let Some(text) = sources.get_mut(&rule.file) {
            text.replace_range(rule_range(&rule, text), "");
        }
        // A policy that no longer compiles needed its rule.
        let passes = run(&sources, bundle)
            .is_ok_and(|results| results.iter().all(|result| result.failure.is_none()));
        if passes {
            idle.push(RuleLocation { file: rule.file, line: rule.line, name: rule.name });
        }
    }
    Ok(idle)
}

/// The rule's bytes, with the word `default` that stands before the span of a default rule.
fn rule_range(rule: &RuleSpan, text: &str) -> std::ops::Range<usize> {
    let (start, end) = (rule.bytes.start, rule.bytes.end);
    if rule.is_default && !text.get(start..end).unwrap_or_default().starts_with("default") {
        let before = text.get(..start).unwrap_or_default().rfind("default");
        return before.unwrap_or(start)..end;
    }
    start..end
}

fn pairs(files: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

fn run(
    sources: &BTreeMap<String, String>,
    bundle: &Bundle,
) -> Result<Vec<TestResult>, BundleError> {
    let mut files = pairs(sources);
    files.extend(pairs(bundle.tests()));
    let (engine, program) = Engine::new(&files, &bundle.manifest().entry)?;
    let tests = program
        .rules()
        .into_iter()
        .filter(|rule| bundle.tests().contains_key(&rule.file) && rule.name.starts_with("test_"));
    Ok(tests
        .map(|rule| {
            let path = format!("data.{}.{}", rule.package, rule.name);
            let failure = match engine.evaluate_rule(&path, None) {
                Outcome::Value(Value::Bool(true)) => None,
                Outcome::Value(value) => Some(format!("{value} instead of true")),
                Outcome::Undefined => Some("undefined instead of true".to_owned()),
                Outcome::Foreign(error) => Some(error.to_string()),
                Outcome::Failed(error) | Outcome::Stopped(error) => Some(error),
            };
            TestResult { file: rule.file, line: rule.line, name: rule.name, failure }
        })
        .collect())
}
