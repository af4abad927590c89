//! State of a contract: what is asked, and what the answer says.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use writ_policy::{AbiField, StateArgument, StateRead, StateRule, Value, decode_abi};

use crate::{Context, FactError};

/// The longest answer of a contract, in bytes.
const MAX_ANSWER: usize = 16_384;

/// What has to be read at the pinned block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateQuestion {
    /// A static call with this calldata.
    Call(Address, Bytes),
    /// A word of storage.
    Slot(Address, U256),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateAnswer {
    /// What the call returned.
    Returned(Bytes),
    /// What the slot holds.
    Word(B256),
    /// The call reverted, or nobody is there.
    Failed,
}

/// What has to be read for `rule` about an account; none on another chain than the rule's.
pub fn state_question(rule: &StateRule, chain_id: u64, account: Address) -> Option<StateQuestion> {
    if rule.chain_id != chain_id {
        return None;
    }
    Some(match &rule.read {
        StateRead::Call { function, arguments } => {
            let mut data = function.selector.to_vec();
            for argument in arguments {
                let word = match argument {
                    StateArgument::Account => account.into_word(),
                    StateArgument::Word(word) => *word,
                };
                data.extend_from_slice(word.as_slice());
            }
            StateQuestion::Call(rule.contract, data.into())
        }
        StateRead::Slot { slot, by_account: false, .. } => {
            StateQuestion::Slot(rule.contract, (*slot).into())
        }
        StateRead::Slot { slot, by_account: true, .. } => {
            let slot = keccak256([account.into_word().as_slice(), slot.as_slice()].concat());
            StateQuestion::Slot(rule.contract, slot.into())
        }
    })
}

/// The value, and the hash of what was read where.
pub(crate) fn decode(
    rule: &StateRule,
    answer: &StateAnswer,
    context: &Context,
) -> Result<(Value, B256), FactError> {
    let question = state_question(rule, context.chain_id, context.account)
        .ok_or(FactError::Unreadable("the contract is on another chain"))?;
    let (field, data) = match (&rule.read, answer) {
        (StateRead::Call { function, .. }, StateAnswer::Returned(data)) => {
            (function.outputs.first().cloned(), data.to_vec())
        }
        (StateRead::Slot { kind, .. }, StateAnswer::Word(word)) => {
            (Some(AbiField { name: String::new(), kind: kind.clone() }), word.to_vec())
        }
        (_, StateAnswer::Failed) => {
            return Err(FactError::Unreadable("the contract does not answer"));
        }
        _ => return Err(FactError::Unreadable("another answer than to what was asked")),
    };
    if data.len() > MAX_ANSWER {
        return Err(FactError::Unreadable("the contract's answer is too long"));
    }
    let decoded = field
        .and_then(|field| decode_abi(&[field], &data))
        .and_then(|values| values.into_iter().next());
    let value = decoded.ok_or(FactError::Unreadable(
        "the contract's answer is not of the type that is asked for",
    ))?;
    let place = match question {
        StateQuestion::Call(contract, input) => [contract.as_slice(), &input].concat(),
        StateQuestion::Slot(contract, slot) => {
            [contract.as_slice(), &slot.to_be_bytes::<32>()].concat()
        }
    };
    let proof = keccak256([keccak256(place), keccak256(&data)].concat());
    Ok((value, proof))
}
