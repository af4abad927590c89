//! `writ policy check`.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{Deserialize, Serialize};
use writ_policy::{
    BundleError, Finding, PROVABLE_ENGINE, Place, finding_of, review,
    vm::{FuelBound, InputSize},
};

use super::{
    Context, LONG, PolicyError, Report,
    job::{Answer, Job},
};

/// What is known of a bundle.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckReport {
    /// Whether an operator would load it as it is.
    accepted: bool,
    name: Option<String>,
    version: Option<String>,
    /// The id of the policy as its files are now.
    policy_id: Option<String>,
    engine: Option<String>,
    /// Whether its decisions can be proven wrong on the chain.
    provable: bool,
    /// Why the code keeps it from that.
    unprovable: Option<FindingView>,
    /// What an evaluation takes at most; of a provable policy only.
    cost: Option<Cost>,
    /// The same for an operation of a few calls: no list of more than 16, 16 KiB in all.
    small_cost: Option<Cost>,
    /// Whether decisions are bound to the account's history.
    reads_history: Option<bool>,
    tests_passed: usize,
    tests: usize,
    findings: Vec<FindingView>,
    /// Whether warnings count as errors.
    strict: bool,
}

/// What an evaluation takes at most, whatever its input says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    fuel: u64,
    /// Of a dispute's evaluation on the chain.
    gas: u64,
    /// What the program's analysis found; none if it found no bound.
    analysed: Option<u64>,
    /// Whether some input may take more than there is, which is a denial.
    may_run_out: bool,
}

impl Cost {
    fn new(bound: FuelBound) -> Self {
        let may_run_out = bound.may_run_out();
        Self { fuel: bound.fuel, gas: bound.gas, analysed: bound.analysed, may_run_out }
    }
}

/// One finding.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FindingView {
    /// `error` or `warning`.
    severity: String,
    file: Option<String>,
    /// From one; zero for the whole file.
    line: usize,
    column: usize,
    problem: String,
    remedy: String,
}

impl FindingView {
    fn new(finding: Finding) -> Self {
        let place = finding.place.unwrap_or(Place { file: String::new(), line: 0, column: 0 });
        Self {
            severity: if finding.is_error { "error" } else { "warning" }.to_owned(),
            file: (!place.file.is_empty()).then_some(place.file),
            line: place.line,
            column: place.column,
            problem: finding.problem,
            remedy: finding.remedy,
        }
    }

    fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// Where it stands, as editors understand it.
    fn place(&self) -> String {
        match (&self.file, self.line, self.column) {
            (None, ..) => String::new(),
            (Some(file), 0, _) => format!("{file}: "),
            (Some(file), line, 0) => format!("{file}:{line}: "),
            (Some(file), line, column) => format!("{file}:{line}:{column}: "),
        }
    }
}

impl fmt::Display for FindingView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}\n    {}", self.severity, self.place(), self.problem, self.remedy)
    }
}

/// Why files are no bundle, in one text.
pub(super) fn complaint(error: &BundleError, files: &BTreeMap<String, Vec<u8>>) -> String {
    let finding = FindingView::new(finding_of(error, files));
    format!("{}{}; {}", finding.place(), finding.problem, finding.remedy)
}

impl CheckReport {
    pub(super) fn new(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let review = review(files);
        let manifest = review.manifest.as_ref();
        let provable = review.policy.as_ref().is_some_and(|policy| policy.program().is_some());
        let cost = |size: &InputSize| {
            review.policy.as_ref().and_then(|policy| policy.fuel_bound_for(size)).map(Cost::new)
        };
        let field = |name: &str| {
            let value = manifest.and_then(|manifest| manifest.as_value().get(name)?.as_str());
            value.map(str::to_owned)
        };
        Self {
            accepted: review.is_accepted(),
            name: field("name"),
            version: field("version"),
            policy_id: manifest.map(|manifest| manifest.policy_id().to_string()),
            engine: field("engine"),
            provable,
            cost: cost(&InputSize::ANY),
            small_cost: cost(&InputSize::SMALL),
            reads_history: manifest.map(|manifest| manifest.reads_history),
            unprovable: review.unprovable.map(|error| {
                FindingView::new(Finding {
                    is_error: false,
                    place: Some(Place { file: error.file, line: error.line, column: error.column }),
                    problem: error.problem,
                    remedy: "docs/policies.md has what the provable profile covers".to_owned(),
                })
            }),
            tests_passed: review.tests.0,
            tests: review.tests.1,
            findings: review.findings.into_iter().map(FindingView::new).collect(),
            strict: false,
        }
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        if let Some(id) = &self.policy_id {
            writeln!(f, "  policy    {} {}", known(&self.name), known(&self.version))?;
            writeln!(f, "  id        {id}")?;
            writeln!(f, "  engine    {}", known(&self.engine))?;
            writeln!(f, "  provable  {}", if self.provable { "yes" } else { "no" })?;
            if let Some(reason) = &self.unprovable {
                writeln!(
                    f,
                    "            {}{}\n            {}",
                    reason.place(),
                    reason.problem,
                    reason.remedy
                )?;
            } else if !self.provable {
                writeln!(
                    f,
                    "            the manifest does not name {PROVABLE_ENGINE}, or the code is not accepted"
                )?;
            }
            if let Some(cost) = &self.cost {
                writeln!(
                    f,
                    "  cost      at most {} fuel, on the chain {} gas",
                    cost.fuel, cost.gas
                )?;
                if cost.may_run_out {
                    writeln!(
                        f,
                        "            no bound below the limit was found: an input that takes more is denied"
                    )?;
                }
            }
            if let Some(cost) = &self.small_cost {
                let more = if cost.may_run_out { ", or it is denied" } else { "" };
                writeln!(
                    f,
                    "            of few calls at most {} fuel, {} gas{more}",
                    cost.fuel, cost.gas
                )?;
            }
            if let Some(reads) = self.reads_history {
                writeln!(
                    f,
                    "  history   {}",
                    if reads {
                        "read: decisions are bound to the account's sequence"
                    } else {
                        "not read"
                    }
                )?;
            }
            writeln!(f, "  tests     {} of {} pass", self.tests_passed, self.tests)?;
        }
        for finding in &self.findings {
            writeln!(f, "  {}", finding.to_string().replace('\n', "\n  "))?;
        }
        writeln!(f, "  {}", if self.accepted { "accepted" } else { "refused" })
    }
}

impl Report for CheckReport {
    fn refusal(&self) -> Option<String> {
        let errors = self.findings.iter().filter(|finding| finding.is_error()).count();
        let warnings = self.findings.len() - errors;
        if errors > 0 {
            return Some(format!(
                "{errors} errors, {warnings} warnings: an operator would refuse it"
            ));
        }
        (self.strict && warnings > 0)
            .then(|| format!("{warnings} warnings, and --strict was given"))
    }
}

pub(super) fn check(
    context: &Context<'_>,
    bundle: &Path,
    strict: bool,
) -> Result<CheckReport, PolicyError> {
    match context.ask(bundle, Job::Check, LONG)? {
        Answer::Check(report) => Ok(CheckReport { strict, ..report }),
        _ => Err(PolicyError::Unusable("the child answered another question".to_owned())),
    }
}
