//! Facts on their way into the document: what is presented is verified, what contracts say is read at the pinned block.

use alloy::primitives::B256;
use writ_facts::{AskedFact, Context, StateAnswer, StateQuestion, state_question, verify};
use writ_policy::{FactSource, Value};
use writ_simulation::{PinnedBlock, Simulator};
use writ_types::PresentedFacts;

use crate::{account::Account, error::EvidenceError};

/// `input.facts`, and until when what is in it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    pub(crate) facts: Vec<(String, Value)>,
    /// The earliest end of a verified fact, Unix seconds.
    pub(crate) until: Option<u64>,
}

impl Stated {
    pub(crate) fn to_value(&self) -> Value {
        Value::object(self.facts.iter().cloned())
    }
}

/// Every fact that is asked for: verified, or why not. A fact that fails takes the same way as one that holds: the policy is
/// asked in any case.
pub(crate) async fn state(
    simulator: &Simulator,
    block: &PinnedBlock,
    account: &Account,
    action: B256,
    asked: &[AskedFact],
    presented: &PresentedFacts,
) -> Result<Stated, EvidenceError> {
    let configuration = &account.policy.configuration;
    let context = Context {
        chain_id: block.chain_id(),
        account: account.address,
        action,
        policy: configuration.policy,
        owner: configuration.owner,
        now: block.timestamp(),
    };
    let mut stated = Stated::default();
    for fact in asked {
        let read = read(simulator, block, account, fact).await?;
        let value = match verify(fact, presented, read.as_ref(), &context) {
            Ok(fact) => {
                stated.until = stated.until.into_iter().chain([fact.valid_until]).min();
                fact.to_value()
            }
            Err(error) => error.to_value(),
        };
        stated.facts.push((fact.requirement.name.clone(), value));
    }
    Ok(stated)
}

async fn read(
    simulator: &Simulator,
    block: &PinnedBlock,
    account: &Account,
    fact: &AskedFact,
) -> Result<Option<StateAnswer>, EvidenceError> {
    let FactSource::ContractState(rule) = &fact.requirement.source else { return Ok(None) };
    Ok(Some(match state_question(rule, block.chain_id(), account.address) {
        None => StateAnswer::Failed,
        Some(StateQuestion::Call(contract, input)) => {
            match simulator.call(block, contract, input).await? {
                Ok(returned) => StateAnswer::Returned(returned),
                Err(_) => StateAnswer::Failed,
            }
        }
        Some(StateQuestion::Slot(contract, slot)) => {
            StateAnswer::Word(block.storage(contract, slot).await?.into())
        }
    }))
}
