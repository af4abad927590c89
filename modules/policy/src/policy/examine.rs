//! A decision with what each engine said, for whoever wants to understand it.

use super::{BoundPolicy, EvaluationError};
use crate::{Decision, DenyCode, Value, agreement, check_input, facts::unmet};

/// What one engine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineAnswer {
    /// The entry rule's value as JSON, `undefined`, or the error.
    pub said: String,
    /// The fuel that it took; of PolicyVM only.
    pub fuel: Option<u64>,
}

/// A decision and how it came about.
#[derive(Clone, Debug)]
pub struct Examination {
    /// As [`BoundPolicy::evaluate`] gives it.
    pub decision: Result<Decision, EvaluationError>,
    /// PolicyVM's answer; none if the policy is not provable, or the input is malformed.
    pub policyvm: Option<EngineAnswer>,
    /// The answer of regorus' strict interpreter; none if the input is malformed.
    pub regorus: Option<EngineAnswer>,
}

impl BoundPolicy {
    /// Decides on an input document and keeps what each engine said.
    pub fn examine(&self, input: &Value) -> Examination {
        if let Err(error) = check_input(input) {
            let decision = Decision::deny(DenyCode::MalformedInput, error.to_string());
            return Examination { decision: Ok(decision), policyvm: None, regorus: None };
        }
        let strict = self.engine.evaluate(input);
        let regorus = Some(EngineAnswer { said: agreement::heard(&strict), fuel: None });
        let Some(program) = &self.program else {
            let decision = self.with_facts(agreement::decide_alone(strict), input);
            return Examination { decision, policyvm: None, regorus };
        };
        let (answer, fuel) = program.run(input);
        let policyvm = Some(EngineAnswer { said: agreement::said(&answer), fuel: Some(fuel) });
        let decision = self.with_facts(agreement::decide(&answer, strict), input);
        Examination { decision, policyvm, regorus }
    }

    /// The decision, which a fact that the manifest requires and the input lacks turns into a denial.
    pub(super) fn with_facts(
        &self,
        decision: Result<Decision, EvaluationError>,
        input: &Value,
    ) -> Result<Decision, EvaluationError> {
        Ok(decision?.unless_unmet(unmet(&self.manifest.required_facts, input)))
    }
}
