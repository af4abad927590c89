//! Running a bundle's own tests: `*_test.rego`, as `opa test` does.
//!
//! ```text
//! test_ rules ──> strict regorus ──> passed | failed, and where
//!      │ rewritten to record (cases)
//!      ▼
//! documents of each `with` ──> PolicyVM, strict regorus ──> agree | differ
//! ```
//!
//! A test is a rule whose name begins with `test_`; it passes if its value is true. One that begins with `todo_test_` is
//! skipped. Beyond that, [`idle_rules`] answers the question that coverage does not: which rule could be deleted with
//! every test still passing?

mod cases;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Bundle, BundleError, Value,
    engine::{Engine, Outcome},
    profile::RuleSpan,
};
use cases::Cases;

/// How one test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The file it stands in.
    pub file: String,
    /// The line it begins at.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Its package, dotted, without `data`.
    pub package: String,
    /// `None` if it passed or was skipped, otherwise what happened instead.
    pub failure: Option<String>,
    /// The last line of it that was evaluated, if it failed: what does not hold stands there, or is called from there.
    pub stopped_at: Option<usize>,
    /// Whether it is one to be written.
    pub skipped: bool,
    /// On how many documents it asks the policy, and both engines decided.
    pub cases: usize,
    /// Documents on which the engines differ, and how; a failure whatever the test says.
    pub differences: Vec<String>,
    /// Documents that could not be decided on, or on which PolicyVM ends in an error and regorus does not: a denial.
    pub remarks: Vec<String>,
}

impl TestResult {
    /// Whether it did not fail.
    pub const fn passed(&self) -> bool {
        self.failure.is_none() && self.differences.is_empty()
    }
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleLocation {
    /// The file it stands in.
    pub file: String,
    /// The line it begins at.
    pub line: usize,
    /// Its name.
    pub name: String,
}

/// The lines of a file that tests evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Lines that were evaluated.
    pub covered: BTreeSet<u32>,
    /// Lines with something to evaluate that were not.
    pub not_covered: BTreeSet<u32>,
}

/// How a bundle's tests went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// Each test, in source order.
    pub tests: Vec<TestResult>,
    /// The policy's files.
    pub coverage: BTreeMap<String, Coverage>,
    /// The most fuel that PolicyVM took for a document; none if the policy is not provable, or there was none.
    pub most_fuel: Option<u64>,
}

/// Runs all tests of a bundle on regorus alone.
///
/// # Errors
/// If the policy or its tests do not compile.
pub fn run_tests(bundle: &Bundle) -> Result<Vec<TestResult>, BundleError> {
    run(bundle.sources(), bundle, &|_| true)
}

/// Runs the tests whose full name (`data.<package>.<test>`) is selected, on both engines, and looks at what they cover.
///
/// # Errors
/// If the policy or its tests do not compile.
pub fn test_bundle(
    bundle: &Bundle,
    select: &dyn Fn(&str) -> bool,
) -> Result<TestReport, BundleError> {
    let mut tests = run(bundle.sources(), bundle, select)?;
    let mut files = pairs(bundle.sources());
    files.extend(pairs(bundle.tests()));
    let (engine, program) = Engine::new(&files, &bundle.manifest().entry)?;
    let running = |test: &&mut TestResult| !test.skipped;
    let paths: Vec<String> = tests.iter().filter(|test| !test.skipped).map(path_of).collect();
    let lines = cover(bundle, &program.rules(), &paths)?;
    let ends: BTreeMap<(String, usize), usize> = program
        .rules()
        .into_iter()
        .filter_map(|rule| {
            let text = bundle.tests().get(&rule.file)?.get(rule.bytes)?;
            Some(((rule.file, rule.line), rule.line + text.matches('\n').count()))
        })
        .collect();
    let mut cases = Cases::new(bundle)?;
    for test in tests.iter_mut().filter(running) {
        if test.failure.is_some() {
            let end = ends.get(&(test.file.clone(), test.line)).copied().unwrap_or(test.line);
            let covered = engine.cover(&[path_of(test)]).remove(&test.file).unwrap_or_default();
            let within = (line_number(test.line)..=line_number(end)).rev();
            test.stopped_at = within
                .into_iter()
                .find(|line| covered.covered.contains(line))
                .and_then(|line| usize::try_from(line).ok());
        }
        cases.run(test);
    }
    Ok(TestReport { coverage: lines, most_fuel: cases.most_fuel(), tests })
}

/// The lines of the policy that the rules at `paths` evaluate.
///
/// regorus leaves out a file of which it evaluated nothing; so each file gets a rule behind its end, which is evaluated.
fn cover(
    bundle: &Bundle,
    rules: &[RuleSpan],
    paths: &[String],
) -> Result<BTreeMap<String, Coverage>, BundleError> {
    let (mut sources, mut ends, mut evaluated) = (bundle.sources().clone(), Vec::new(), Vec::new());
    for (index, (file, text)) in sources.iter_mut().enumerate() {
        let Some(rule) = rules.iter().find(|rule| rule.file == *file) else { continue };
        evaluated.push(format!("data.{}.writ_end_{index}", rule.package));
        ends.push((file.clone(), line_number(2 + text.matches('\n').count())));
        text.push_str(&format!("\nwrit_end_{index} := true\n"));
    }
    evaluated.extend_from_slice(paths);
    let mut files = pairs(&sources);
    files.extend(pairs(bundle.tests()));
    let (engine, _) = Engine::new(&files, &bundle.manifest().entry)?;
    let mut lines = engine.cover(&evaluated);
    let of_file = |(file, end): (String, u32)| {
        let mut lines = lines.remove(&file).unwrap_or_default();
        lines.covered.remove(&end);
        lines.not_covered.remove(&end);
        (file, Coverage { covered: lines.covered, not_covered: lines.not_covered })
    };
    Ok(ends.into_iter().map(of_file).collect())
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
        let passes = run(&sources, bundle, &|_| true)
            .is_ok_and(|results| results.iter().all(TestResult::passed));
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

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

fn path_of(test: &TestResult) -> String {
    format!("data.{}.{}", test.package, test.name)
}

fn run(
    sources: &BTreeMap<String, String>,
    bundle: &Bundle,
    select: &dyn Fn(&str) -> bool,
) -> Result<Vec<TestResult>, BundleError> {
    let mut files = pairs(sources);
    files.extend(pairs(bundle.tests()));
    let (engine, program) = Engine::new(&files, &bundle.manifest().entry)?;
    let mut results: Vec<TestResult> = Vec::new();
    for rule in program.rules() {
        let skipped = rule.name.starts_with("todo_test_");
        if !bundle.tests().contains_key(&rule.file)
            || !(skipped || rule.name.starts_with("test_"))
            // A test of several definitions is one test.
            || results.iter().any(|known| known.name == rule.name && known.package == rule.package)
        {
            continue;
        }
        let path = format!("data.{}.{}", rule.package, rule.name);
        if !select(&path) {
            continue;
        }
        results.push(TestResult {
            failure: if skipped { None } else { failure(&engine, &path) },
            file: rule.file,
            line: rule.line,
            name: rule.name,
            package: rule.package,
            stopped_at: None,
            skipped,
            cases: 0,
            differences: Vec::new(),
            remarks: Vec::new(),
        });
    }
    Ok(results)
}

fn failure(engine: &Engine, path: &str) -> Option<String> {
    match engine.evaluate_rule(path, None) {
        Outcome::Value(Value::Bool(true)) => None,
        Outcome::Value(value) => Some(format!("{value} instead of true")),
        Outcome::Undefined => Some("undefined instead of true".to_owned()),
        Outcome::Foreign(error) => Some(error.to_string()),
        Outcome::Failed(error) | Outcome::Stopped(error) => Some(error),
    }
}
