//! One decision of what two engines say.
//!
//! PolicyVM is what counts, also in a dispute years later; regorus has to agree before anybody signs.
//! Where PolicyVM ends in an error the decision is a denial whatever regorus says: the
//! specification permits that it does less, never that it allows more.

use crate::{
    Decision, DenyCode, EvaluationError, Limits, Value, decode, encoding::ENCODING_VERSION,
    engine::Outcome, result::read_decision, vm::Answer,
};

/// The decision of a policy that only regorus evaluates.
pub(crate) fn decide_alone(strict: Outcome) -> Result<Decision, EvaluationError> {
    Ok(match strict {
        Outcome::Value(result) => read_decision(&result),
        Outcome::Undefined => undefined(),
        Outcome::Foreign(error) => Decision::deny(DenyCode::MalformedResult, error.to_string()),
        Outcome::Failed(error) => Decision::deny(DenyCode::EvaluationFailed, error),
        Outcome::Stopped(error) => return Err(EvaluationError::Abstain(error)),
    })
}

/// The decision of a policy that both evaluate.
pub(crate) fn decide(answer: &Answer, strict: Outcome) -> Result<Decision, EvaluationError> {
    match (answer, strict) {
        (_, Outcome::Stopped(error)) => Err(EvaluationError::Abstain(error)),
        (Answer::Fault(fault), _) => Ok(Decision::deny(DenyCode::Fault(*fault), fault.to_string())),
        (Answer::Undefined, Outcome::Undefined) => Ok(undefined()),
        (Answer::Value(encoded), Outcome::Value(result))
            if value(encoded).as_ref() == Some(&result) =>
        {
            Ok(read_decision(&result))
        }
        (answer, strict) => Err(EvaluationError::Differ(format!(
            "PolicyVM {}, regorus {}",
            said(answer),
            heard(&strict)
        ))),
    }
}

/// The decision of PolicyVM alone: what a dispute comes to on the chain.
pub(crate) fn decide_by_proof(answer: &Answer) -> Decision {
    match answer {
        Answer::Fault(fault) => Decision::deny(DenyCode::Fault(*fault), fault.to_string()),
        Answer::Undefined => undefined(),
        Answer::Value(encoded) => value(encoded).map_or_else(
            || Decision::deny(DenyCode::MalformedResult, "the result is beyond the limits"),
            |result| read_decision(&result),
        ),
    }
}

fn undefined() -> Decision {
    Decision::deny(DenyCode::Undefined, "the entry rule is undefined")
}

fn value(encoded: &[u8]) -> Option<Value> {
    let document = [&[ENCODING_VERSION], encoded].concat();
    decode(&document, &Limits::INPUT).ok()
}

/// What PolicyVM said, in words.
pub(crate) fn said(answer: &Answer) -> String {
    match answer {
        Answer::Value(encoded) => {
            value(encoded).map_or_else(|| "an unreadable value".to_owned(), |value| value.to_json())
        }
        Answer::Undefined => "undefined".to_owned(),
        Answer::Fault(fault) => fault.to_string(),
    }
}

/// What regorus said, in words.
pub(crate) fn heard(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Value(value) => value.to_json(),
        Outcome::Undefined => "undefined".to_owned(),
        Outcome::Foreign(error) => error.to_string(),
        Outcome::Failed(error) | Outcome::Stopped(error) => error.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{encoding::encode_bare, vm::Fault};

    fn allowing() -> Value {
        Value::object([("allow", Value::from(true)), ("reasons", Value::array([]))])
    }

    fn answer(value: &Value) -> Answer {
        Answer::Value(encode_bare(value))
    }

    #[test]
    fn what_both_say_counts() {
        let decision = decide(&answer(&allowing()), Outcome::Value(allowing())).expect("agree");
        assert!(decision.allow);
        let decision = decide(&Answer::Undefined, Outcome::Undefined).expect("agree");
        assert_eq!(decision.denied, Some(DenyCode::Undefined));
    }

    #[test]
    fn where_they_differ_nobody_signs() {
        let other = Value::object([("allow", Value::from(false)), ("reasons", Value::array([]))]);
        for strict in
            [Outcome::Value(other), Outcome::Undefined, Outcome::Failed("an error".to_owned())]
        {
            let result = decide(&answer(&allowing()), strict);
            assert!(matches!(result, Err(EvaluationError::Differ(_))), "{result:?}");
        }
        let result = decide(&Answer::Undefined, Outcome::Value(allowing()));
        assert!(matches!(result, Err(EvaluationError::Differ(_))), "{result:?}");
    }

    #[test]
    fn an_error_of_policyvm_denies_whatever_regorus_says() {
        for strict in [Outcome::Value(allowing()), Outcome::Failed("too".to_owned())] {
            let decision = decide(&Answer::Fault(Fault::Fuel), strict).expect("a denial");
            assert_eq!(decision.denied, Some(DenyCode::Fault(Fault::Fuel)));
            assert!(!decision.allow);
        }
    }

    #[test]
    fn a_limit_of_the_machine_is_no_decision() {
        let stopped = Outcome::Stopped("time".to_owned());
        let result = decide(&Answer::Fault(Fault::Type), stopped);
        assert!(matches!(result, Err(EvaluationError::Abstain(_))), "{result:?}");
    }
}
