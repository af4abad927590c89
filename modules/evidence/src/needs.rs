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
