//! What an account's policies need to be shown, beside what every policy is.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use writ_attestation::PolicyReference;
use writ_facts::AskedFact;
use writ_policy::{FactSource, FunctionConflict, FunctionTable, Limits, PolicyStore, decode};

/// The most facts that the policies of one account ask for together.
pub const MAX_ASKED_FACTS: usize = 16;

/// Functions and facts that a set of policies asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) functions: FunctionTable,
    /// Each name once.
    pub(crate) facts: Vec<AskedFact>,
}

/// Why the policies of an account cannot be shown what they need.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NeedsError {
    /// The policy is not in the store.
    #[error("policy {0} is not in the policy store")]
    UnknownPolicy(B256),
    /// A policy's parameters are not what they should be.
    #[error("policy {0}: {1}")]
    Parameters(B256, String),
    /// Two policies pin different functions for one selector.
    #[error(transparent)]
    Functions(#[from] FunctionConflict),
    /// Two policies ask for different facts under one name.
    #[error("two of the account's policies ask for different facts under the name {0}")]
    Fact(String),
    /// More facts than are verified for one decision.
    #[error("the account's policies ask for {0} facts, more than {MAX_ASKED_FACTS}")]
    TooManyFacts(usize),
}

impl Needs {
    /// What the policies behind `references` ask for.
    pub(crate) fn of(
        store: &PolicyStore,
        references: &[PolicyReference],
    ) -> Result<Self, NeedsError> {
        let mut functions = Vec::new();
        let mut facts: Vec<AskedFact> = Vec::new();
        for PolicyReference { policy_id, parameters } in references {
            let policy = store.get(*policy_id).ok_or(NeedsError::UnknownPolicy(*policy_id))?;
            functions.extend(policy.manifest().functions.iter().cloned());
            for requirement in &policy.manifest().required_facts {
                let refuse = |problem: String| NeedsError::Parameters(*policy_id, problem);
                let issuers = match &requirement.source {
                    FactSource::Statement(rule) => {
                        let parameters = decode(parameters, &Limits::PARAMETERS)
                            .map_err(|error| refuse(error.to_string()))?;
                        rule.issuers.resolve(&parameters).ok_or_else(|| {
                            refuse(format!(
                                "the issuers of fact {} are not a list of addresses",
                                requirement.name
                            ))
                        })?
                    }
                    _ => BTreeSet::new(),
                };
                let asked = AskedFact { requirement: requirement.clone(), issuers };
                let name = &requirement.name;
                match facts.iter().find(|known| known.requirement.name == *name) {
                    None => facts.push(asked),
                    Some(known)
                        if known.requirement.is_same(requirement)
                            && known.issuers == asked.issuers => {}
                    Some(_) => return Err(NeedsError::Fact(name.clone())),
                }
            }
        }
        if facts.len() > MAX_ASKED_FACTS {
            return Err(NeedsError::TooManyFacts(facts.len()));
        }
        Ok(Self { functions: FunctionTable::new(functions)?, facts })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use alloy::primitives::Address;
    use serde_json::{Value as Json, json};
    use writ_policy::{Bundle, CompiledPolicy, MANIFEST_FILE};

    use super::*;

    /// Puts a policy that asks for this into the store, bound to `approvers`.
    fn reference(
        store: &mut PolicyStore,
        name: &str,
        facts: &[Json],
        functions: &[Json],
        approvers: &Json,
    ) -> PolicyReference {
        let mut manifest = json!({
            "format": 1, "name": name, "version": "1", "engine": "regorus-strict", "entry": "data.writ.t.decision",
            "provable": false, "level": "quorum", "readsHistory": false, "requiredFacts": facts, "files": {},
        });
        if !functions.is_empty() {
            manifest["functions"] = functions.into();
        }
        let rego =
            "package writ.t\n\nimport rego.v1\n\ndecision := {\"allow\": true, \"reasons\": []}\n";
        let mut files: BTreeMap<String, Vec<u8>> = [
            (MANIFEST_FILE, manifest.to_string()),
            ("schema.json", json!({"type": "object"}).to_string()),
            ("words.json", json!([{"text": "Everything."}]).to_string()),
            ("t.rego", rego.to_owned()),
        ]
        .map(|(name, text)| (name.to_owned(), text.into_bytes()))
        .into();
        let packed = Bundle::pack(&files).unwrap();
        files.insert(MANIFEST_FILE.to_owned(), packed.as_value().to_json().into_bytes());
        let policy = CompiledPolicy::compile(Bundle::from_files(&files).unwrap()).unwrap();
        let parameters = json!({ "approvers": approvers }).to_string();
        let parameters =
            policy.parameters_from_json(&parameters).unwrap().encoded().to_vec().into();
        PolicyReference { policy_id: store.insert(policy), parameters }
    }

    fn approval(name: &str, required: bool) -> Json {
        json!({
            "name": name, "kind": "statement", "required": required, "maxAge": 60, "binding": "action",
            "issuers": {"parameter": "approvers"}, "shape": "boolean",
        })
    }

    fn mint(parameter: &str) -> Json {
        json!({"name": "mint", "inputs": [{"name": parameter, "type": "address"}]})
    }

    fn people(seeds: &[u8]) -> Json {
        seeds
            .iter()
            .map(|seed| format!("{:?}", Address::repeat_byte(*seed)))
            .collect::<Vec<_>>()
            .into()
    }

    #[test]
    fn what_policies_agree_on_is_asked_for_once() {
        let mut store = PolicyStore::default();
        let one =
            reference(&mut store, "one", &[approval("a", true)], &[mint("to")], &people(&[1]));
        let two = reference(
            &mut store,
            "two",
            &[approval("a", false), approval("b", true)],
            &[mint("to")],
            &people(&[1]),
        );
        let needs = Needs::of(&store, &[one, two]).unwrap();
        let names: Vec<&str> =
            needs.facts.iter().map(|fact| fact.requirement.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(needs.facts[0].issuers, BTreeSet::from([Address::repeat_byte(1)]));
        assert_eq!(Needs::of(&store, &[]).unwrap(), Needs::default());
    }

    #[test]
    fn what_they_do_not_agree_on_is_refused_by_name() {
        let mut store = PolicyStore::default();
        let mut of = |name: &str, facts: &[Json], functions: &[Json], approvers: &[u8]| {
            reference(&mut store, name, facts, functions, &people(approvers))
        };
        let one = of("one", &[approval("a", true)], &[mint("to")], &[1]);
        // The same policy's words under another account's parameters: other people.
        let others = of("two", &[approval("a", true)], &[], &[2]);
        let mut longer = approval("a", true);
        longer["maxAge"] = 61.into();
        let longer = of("three", &[longer], &[], &[1]);
        let renamed = of("four", &[], &[mint("who")], &[1]);
        let many: Vec<Json> = (0..8).map(|index| approval(&format!("f{index}"), true)).collect();
        let more: Vec<Json> = (0..8).map(|index| approval(&format!("g{index}"), true)).collect();
        let many = [of("five", &many, &[], &[1]), of("six", &more, &[], &[1])];
        let refused = |references: &[PolicyReference]| Needs::of(&store, references).unwrap_err();

        for other in [others, longer] {
            assert_eq!(refused(&[one.clone(), other]), NeedsError::Fact("a".to_owned()));
        }
        let conflict = refused(&[one.clone(), renamed]);
        assert!(matches!(&conflict, NeedsError::Functions(_)), "{conflict}");
        assert!(conflict.to_string().contains("mint(address)"));
        let [five, six] = many;
        assert!(Needs::of(&store, &[five.clone(), six.clone()]).is_ok());
        assert_eq!(refused(&[five, six, one.clone()]), NeedsError::TooManyFacts(17));

        let unknown = PolicyReference { policy_id: B256::ZERO, ..one.clone() };
        assert_eq!(refused(&[unknown]), NeedsError::UnknownPolicy(B256::ZERO));
        for parameters in [vec![], writ_policy::encode(&writ_policy::Value::empty_object())] {
            let misfit = PolicyReference { parameters: parameters.into(), ..one.clone() };
            assert!(
                matches!(refused(&[misfit]), NeedsError::Parameters(id, _) if id == one.policy_id)
            );
        }
    }
}
