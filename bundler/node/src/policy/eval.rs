//! `writ policy eval`.

use std::{collections::BTreeMap, fmt, path::Path};

use serde::{Deserialize, Serialize};
use writ_policy::{
    AssetBound, Bundle, CompiledPolicy, Decision, DenyCode, EngineAnswer, EvaluationError, Limits,
    Parameters, ParametersError, decode_json, explain,
};

use super::{
    Context, PolicyError, Report, SHORT,
    check::complaint,
    job::{Answer, Document, Job},
    read_document,
};

/// A decision, and how it came about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvalReport {
    /// `allow`, `deny`, or `none` if nobody may sign.
    outcome: String,
    /// Why there is none.
    undecided: Option<String>,
    decision: Option<DecisionView>,
    /// What the policy means under these parameters.
    words: Vec<String>,
    policy_id: String,
    parameters_hash: String,
    engine: String,
    policyvm: Option<EngineView>,
    regorus: Option<EngineView>,
    /// Of each reason the rules that give it; only if that was asked for.
    explained: Option<Vec<Explained>>,
}

/// A decision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DecisionView {
    allow: bool,
    reasons: Vec<String>,
    bounds: Vec<BoundView>,
    /// In seconds.
    valid_for: Option<u64>,
    /// `policy` if the policy said no, otherwise what went wrong.
    denied: Option<String>,
    /// What the engine said about it.
    detail: Option<String>,
}

/// The most that may leave of one asset.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoundView {
    kind: String,
    asset: String,
    /// In decimal digits, as every amount here.
    id: String,
    spender: String,
    max_out: String,
}

/// What one engine said.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EngineView {
    said: String,
    fuel: Option<u64>,
}

/// Where one reason comes from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    reason: String,
    /// As `file:line: name`; empty if the reason is the engine's own.
    rules: Vec<String>,
}

impl EvalReport {
    pub(super) fn new(
        files: &BTreeMap<String, Vec<u8>>,
        input: &Document,
        parameters: &Document,
        explains: bool,
    ) -> Result<Self, String> {
        let refuse = |error: &writ_policy::BundleError| complaint(error, files);
        let bundle = Bundle::from_files(files).map_err(|error| refuse(&error))?;
        let policy = CompiledPolicy::compile(bundle).map_err(|error| refuse(&error))?;
        let given = policy
            .parameters_from_json(&parameters.text)
            .map_err(|error| not_parameters(&parameters.name, error))?;
        let document = decode_json(&input.text, &Limits::INPUT).map_err(|error| {
            format!("{}:{}:{}: {}", input.name, error.line, error.column, error.problem)
        })?;
        let bound = policy.bind(given.clone()).map_err(|error| error.to_string())?;
        let examination = bound.examine(&document);
        let (outcome, undecided, decision) = match examination.decision {
            Ok(decision) if decision.allow => ("allow", None, Some(decision)),
            Ok(decision) => ("deny", None, Some(decision)),
            Err(error) => ("none", Some(undecided(&error)), None),
        };
        let explained = match (&decision, explains) {
            (Some(decision), true) => Some(
                explained(decision, policy.bundle(), &given, &document)
                    .map_err(|error| refuse(&error))?,
            ),
            _ => None,
        };
        let engine = policy.manifest().as_value().get("engine");
        Ok(Self {
            outcome: outcome.to_owned(),
            undecided,
            decision: decision.map(DecisionView::new),
            words: bound.describe().to_vec(),
            policy_id: policy.policy_id().to_string(),
            parameters_hash: given.hash().to_string(),
            engine: engine.and_then(|name| name.as_str()).unwrap_or_default().to_owned(),
            policyvm: examination.policyvm.map(EngineView::new),
            regorus: examination.regorus.map(EngineView::new),
            explained,
        })
    }
}

fn not_parameters(file: &str, error: ParametersError) -> String {
    match error {
        ParametersError::Json(error) => {
            format!("{file}:{}:{}: {}", error.line, error.column, error.problem)
        }
        ParametersError::Schema(problems) => {
            format!("{file}: the policy's schema.json does not take them: {}", problems.join("; "))
        }
        other => format!("{file}: {other}"),
    }
}

fn undecided(error: &EvaluationError) -> String {
    match error {
        EvaluationError::Differ(said) => {
            format!("the two engines differ, which is a defect of one of them: {said}")
        }
        other => other.to_string(),
    }
}

fn explained(
    decision: &Decision,
    bundle: &Bundle,
    parameters: &Parameters,
    input: &writ_policy::Value,
) -> Result<Vec<Explained>, writ_policy::BundleError> {
    // What is malformed never came to the rules.
    let known = match decision.denied {
        Some(DenyCode::Policy | DenyCode::Facts) => explain(bundle, parameters, input)?,
        _ => BTreeMap::new(),
    };
    let rules = |reason: &str| {
        let rules = known.get(reason).into_iter().flatten();
        rules.map(|rule| format!("{}:{}: {}", rule.file, rule.line, rule.name)).collect()
    };
    let reasons = decision.reasons.iter();
    Ok(reasons.map(|reason| Explained { reason: reason.clone(), rules: rules(reason) }).collect())
}

impl DecisionView {
    fn new(decision: Decision) -> Self {
        Self {
            allow: decision.allow,
            reasons: decision.reasons,
            bounds: decision.bounds.iter().map(BoundView::new).collect(),
            valid_for: decision.valid_for,
            denied: decision.denied.map(|code| match code {
                DenyCode::Policy => "policy".to_owned(),
                other => other.reason().to_owned(),
            }),
            detail: decision.detail,
        }
    }
}

impl BoundView {
    fn new(bound: &AssetBound) -> Self {
        Self {
            kind: bound.kind.as_str().to_owned(),
            asset: format!("{:#x}", bound.asset),
            id: bound.id.to_string(),
            spender: format!("{:#x}", bound.spender),
            max_out: bound.max_out.to_string(),
        }
    }
}

impl EngineView {
    fn new(answer: EngineAnswer) -> Self {
        Self { said: answer.said, fuel: answer.fuel }
    }
}

impl fmt::Display for EvalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.decision, &self.undecided) {
            (Some(decision), _) => write!(f, "{decision}")?,
            (None, because) => {
                writeln!(
                    f,
                    "NO DECISION: nobody may sign. {}",
                    because.clone().unwrap_or_default()
                )?;
            }
        }
        for explained in self.explained.iter().flatten() {
            writeln!(f, "{:?}", explained.reason)?;
            for rule in &explained.rules {
                writeln!(f, "  given by {rule}")?;
            }
            if explained.rules.is_empty() {
                writeln!(f, "  given by the engine, not by a rule")?;
            }
        }
        writeln!(f, "policy      {}", self.policy_id)?;
        writeln!(f, "parameters  {}", self.parameters_hash)?;
        writeln!(f, "engine      {}", self.engine)?;
        if let Some(answer) = &self.policyvm {
            writeln!(f, "policyvm    {} fuel", answer.fuel.unwrap_or(0))?;
        }
        if self.undecided.is_some() {
            for (name, answer) in [("policyvm", &self.policyvm), ("regorus ", &self.regorus)] {
                if let Some(answer) = answer {
                    writeln!(f, "{name}    {}", answer.said)?;
                }
            }
        } else if self.policyvm.is_some() {
            writeln!(f, "regorus     agrees")?;
        }
        writeln!(f, "in words")?;
        self.words.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl fmt::Display for DecisionView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.allow, self.valid_for) {
            (true, Some(seconds)) => writeln!(f, "ALLOW, for {seconds} seconds")?,
            (true, None) => writeln!(f, "ALLOW, for as long as operators do")?,
            (false, _) => writeln!(f, "DENY")?,
        }
        self.reasons.iter().try_for_each(|reason| writeln!(f, "  {reason}"))?;
        if let Some(detail) = &self.detail {
            writeln!(f, "  ({detail})")?;
        }
        for bound in &self.bounds {
            writeln!(
                f,
                "  at most {} of {} {} (id {}, spender {}) may leave",
                bound.max_out, bound.kind, bound.asset, bound.id, bound.spender
            )?;
        }
        Ok(())
    }
}

impl Report for EvalReport {
    fn refusal(&self) -> Option<String> {
        match self.outcome.as_str() {
            "allow" => None,
            "deny" => Some("denied".to_owned()),
            _ => Some(format!("no decision: {}", self.undecided.clone().unwrap_or_default())),
        }
    }

    fn is_undecided(&self) -> bool {
        self.decision.is_none()
    }
}

pub(super) fn eval(
    context: &Context<'_>,
    bundle: &Path,
    input: &Path,
    parameters: &Path,
    explain: bool,
) -> Result<EvalReport, PolicyError> {
    let document = |path: &Path, limits: &Limits| {
        let text = read_document(path, limits)?;
        Ok::<_, PolicyError>(Document { name: path.display().to_string(), text })
    };
    let input = document(input, &Limits::INPUT)?;
    let parameters = document(parameters, &Limits::PARAMETERS)?;
    match context.ask(bundle, Job::Eval { input, parameters, explain }, SHORT)? {
        Answer::Eval(report) => Ok(report),
        _ => Err(PolicyError::Unusable("the child answered another question".to_owned())),
    }
}
