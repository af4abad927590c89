//! `writ policy test`.

use std::{collections::BTreeMap, fmt, path::Path};

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use writ_policy::{Bundle, BundleError, Coverage, TestReport, TestResult, test_bundle};

use super::{
    Context, LONG, PolicyError, Report,
    check::complaint,
    job::{Answer, Job},
};

/// The largest compiled filter, in bytes.
const MAX_FILTER: usize = 1 << 20;

/// What was asked for, besides the bundle.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) run: Option<String>,
    pub(super) verbose: bool,
    pub(super) coverage: bool,
}

/// How a bundle's tests went.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestView {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// How many documents both engines decided on, or regorus alone if there is no PolicyVM program.
    cases: usize,
    /// Whether PolicyVM ran.
    policyvm: bool,
    most_fuel: Option<u64>,
    tests: Vec<TestEntry>,
    coverage: Option<BTreeMap<String, CoverageView>>,
    #[serde(skip)]
    verbose: bool,
}

/// One test.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestEntry {
    name: String,
    file: String,
    line: usize,
    /// `passed`, `failed` or `skipped`.
    outcome: String,
    failure: Option<String>,
    /// The last line of it that was evaluated.
    stopped_at: Option<usize>,
    cases: usize,
    differences: Vec<String>,
    remarks: Vec<String>,
}

/// The lines of one file of the policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CoverageView {
    covered: Vec<u32>,
    not_covered: Vec<u32>,
    /// Of the lines with something to evaluate, rounded down.
    percent: usize,
}

impl TestView {
    pub(super) fn new(
        files: &BTreeMap<String, Vec<u8>>,
        run: Option<&str>,
    ) -> Result<Self, String> {
        let filter = run
            .map(|run| RegexBuilder::new(run).size_limit(MAX_FILTER).build())
            .transpose()
            .map_err(|error| format!("--run: {error}"))?;
        let select = |name: &str| filter.as_ref().is_none_or(|filter| filter.is_match(name));
        Self::of(files, &select).map_err(|error| complaint(&error, files))
    }

    fn of(
        files: &BTreeMap<String, Vec<u8>>,
        select: &dyn Fn(&str) -> bool,
    ) -> Result<Self, BundleError> {
        // Tests are run while a policy is written, so before it is packed.
        let mut packed = files.clone();
        let manifest = Bundle::pack(files)?.as_value().to_json();
        packed.insert(writ_policy::MANIFEST_FILE.to_owned(), manifest.into_bytes());
        let bundle = Bundle::from_files(&packed)?;
        let report = test_bundle(&bundle, select)?;
        Ok(Self::from_report(report, bundle.manifest().program.is_some()))
    }

    fn from_report(report: TestReport, policyvm: bool) -> Self {
        let count = |judge: &dyn Fn(&TestResult) -> bool| {
            report.tests.iter().filter(|test| judge(test)).count()
        };
        Self {
            passed: count(&|test| test.passed() && !test.skipped),
            failed: count(&|test| !test.passed()),
            skipped: count(&|test| test.skipped),
            cases: report.tests.iter().map(|test| test.cases).sum(),
            policyvm,
            most_fuel: report.most_fuel,
            coverage: Some(report.coverage.into_iter().map(|(file, c)| (file, c.into())).collect()),
            tests: report.tests.into_iter().map(TestEntry::new).collect(),
            verbose: false,
        }
    }
}

impl TestEntry {
    fn new(test: TestResult) -> Self {
        let outcome = match (test.skipped, test.passed()) {
            (true, _) => "skipped",
            (false, true) => "passed",
            (false, false) => "failed",
        };
        Self {
            name: format!("data.{}.{}", test.package, test.name),
            file: test.file,
            line: test.line,
            outcome: outcome.to_owned(),
            failure: test.failure,
            stopped_at: test.stopped_at,
            cases: test.cases,
            differences: test.differences,
            remarks: test.remarks,
        }
    }
}

impl From<Coverage> for CoverageView {
    fn from(coverage: Coverage) -> Self {
        let (covered, missed) = (coverage.covered.len(), coverage.not_covered.len());
        Self {
            percent: (100 * covered).checked_div(covered + missed).unwrap_or(0),
            covered: coverage.covered.into_iter().collect(),
            not_covered: coverage.not_covered.into_iter().collect(),
        }
    }
}

impl fmt::Display for TestEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome.as_str() {
            "passed" => "PASS",
            "skipped" => "SKIPPED",
            _ => "FAIL",
        };
        write!(f, "  {}:{}: {}: {word}", self.file, self.line, self.name)?;
        match self.cases {
            0 => writeln!(f)?,
            1 => writeln!(f, " (1 document)")?,
            more => writeln!(f, " ({more} documents)")?,
        }
        if let Some(failure) = &self.failure {
            match self.stopped_at {
                Some(line) => {
                    writeln!(f, "    {}:{line}: {failure}: this does not hold", self.file)?;
                }
                None => writeln!(f, "    {failure}")?,
            }
        }
        for difference in &self.differences {
            writeln!(f, "    the engines differ: {difference}")?;
        }
        for remark in &self.remarks {
            writeln!(f, "    {remark}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TestView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for test in &self.tests {
            if self.verbose || test.outcome == "failed" {
                write!(f, "{test}")?;
            }
        }
        let total = self.tests.len();
        writeln!(f, "  PASS: {}/{total}", self.passed)?;
        if self.failed > 0 {
            writeln!(f, "  FAIL: {}/{total}", self.failed)?;
        }
        if self.skipped > 0 {
            writeln!(f, "  SKIPPED: {}/{total}", self.skipped)?;
        }
        match (self.policyvm, self.most_fuel) {
            (true, Some(fuel)) => writeln!(
                f,
                "  {} documents decided by PolicyVM and regorus, at most {fuel} fuel",
                self.cases
            )?,
            (true, None) => writeln!(f, "  no documents to decide on")?,
            (false, _) => writeln!(f, "  PolicyVM: not run, the policy is not provable")?,
        }
        for (file, lines) in self.coverage.iter().flatten() {
            write!(
                f,
                "  {file}: {} % of {} lines",
                lines.percent,
                lines.covered.len() + lines.not_covered.len()
            )?;
            if lines.not_covered.is_empty() {
                writeln!(f)?;
            } else {
                writeln!(f, ", not {}", ranges(&lines.not_covered))?;
            }
        }
        Ok(())
    }
}

/// Ascending numbers, neighbours together: `3-5, 9`.
fn ranges(lines: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &line in lines {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            _ => runs.push((line, line)),
        }
    }
    let shown = runs.into_iter().map(|(start, end)| {
        if start == end { start.to_string() } else { format!("{start}-{end}") }
    });
    shown.collect::<Vec<_>>().join(", ")
}

impl Report for TestView {
    fn refusal(&self) -> Option<String> {
        (self.failed > 0).then(|| format!("{} of {} tests failed", self.failed, self.tests.len()))
    }
}

pub(super) fn test(
    context: &Context<'_>,
    bundle: &Path,
    asked: &Asked,
) -> Result<TestView, PolicyError> {
    match context.ask(bundle, Job::Test { run: asked.run.clone() }, LONG)? {
        Answer::Test(mut view) => {
            view.verbose = asked.verbose;
            view.coverage = view.coverage.filter(|_| asked.coverage);
            Ok(view)
        }
        _ => Err(PolicyError::Unusable("the child answered another question".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn neighbours_stand_together() {
        assert_eq!(ranges(&[1, 3, 4, 5, 9, 10]), "1, 3-5, 9-10");
        assert_eq!(ranges(&[]), "");
    }
}
