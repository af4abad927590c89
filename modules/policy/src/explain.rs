//! Which rules gave which reason.
//!
//! Every definition of every rule is copied under a name of its own and evaluated: the strings that it gives are the reasons
//! that it is answerable for, also where several definitions add to one set.

use std::collections::BTreeMap;

use crate::{
    Bundle, BundleError, Parameters, RuleLocation, Value,
    convert::to_rego,
    engine::{Engine, Outcome},
    result::cut,
};

/// Where the reasons of a decision come from: of each, the rules that give it for `input`. A reason that no rule gives is the
/// engine's own.
///
/// # Errors
/// If the policy does not compile, or the engine does not take the parameters or the input.
pub fn explain(
    bundle: &Bundle,
    parameters: &Parameters,
    input: &Value,
) -> Result<BTreeMap<String, Vec<RuleLocation>>, BundleError> {
    let mut sources = bundle.sources().clone();
    let files: Vec<(&str, &str)> =
        bundle.sources().iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut copies = Vec::new();
    for (index, rule) in Engine::trees(&files)?.rules().into_iter().enumerate() {
        let Some(source) = sources.get_mut(&rule.file) else { continue };
        if rule.is_default || rule.is_function {
            continue;
        }
        let name = format!("writ_copy_{index}");
        let before = source.get(rule.bytes.start..rule.head.start).unwrap_or_default();
        let after = source.get(rule.head.end..rule.bytes.end).unwrap_or_default();
        let copy = format!("\n{before}{name}{after}\n");
        source.push_str(&copy);
        copies.push((format!("data.{}.{name}", rule.package), rule));
    }
    let files: Vec<(&str, &str)> =
        sources.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let (engine, _) = Engine::new(&files, &bundle.manifest().entry)?;
    let engine = engine.with_parameters(parameters.value()).map_err(BundleError::Engine)?;
    let input = to_rego(input).map_err(|error| BundleError::Engine(error.to_string()))?;
    let mut reasons: BTreeMap<String, Vec<RuleLocation>> = BTreeMap::new();
    for (path, rule) in copies {
        let Outcome::Value(value) = engine.evaluate_rule(&path, Some(input.clone())) else {
            continue;
        };
        let given: Vec<&str> = match &value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            Value::Set(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for reason in given {
            reasons.entry(cut(reason)).or_default().push(RuleLocation {
                file: rule.file.clone(),
                line: rule.line,
                name: rule.name.clone(),
            });
        }
    }
    Ok(reasons)
}
