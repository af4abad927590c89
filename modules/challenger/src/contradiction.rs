//! Where a statement says something else than its evidence: `Contradictions.sol` in Rust, leaf by leaf.

use alloy::primitives::{Address, B256, KECCAK256_EMPTY, U256};
use writ_attestation::{Action, Attestation, CallAction, Domain, UserOperationAction};
use writ_policy::Value;

use crate::bounds_of;

/// The longest window of an attestation that any contract takes, in seconds.
const MAX_VALIDITY: u64 = 86_400;

/// The last version of the document whose leaves mean what is compared here.
const LAST_VERSION: u64 = 2;

/// Whether the document is of a version whose leaves mean what is compared here.
pub(crate) fn is_known(document: &Value) -> bool {
    let version = document.get("version").and_then(Value::as_integer);
    let version = version.and_then(|version| version.to_u64());
    version.is_some_and(|version| (1..=LAST_VERSION).contains(&version))
}

/// The first leaf of the document that the attestation or its action contradicts.
///
/// What is not in the document, or is of another kind there, contradicts nothing, and neither does a document of a later version.
pub fn contradiction(
    document: &Value,
    domain: &Domain,
    attestation: &Attestation,
    action: &Action,
) -> Option<&'static str> {
    if !is_known(document) {
        return None;
    }
    let document = Document(document);
    of_statement(document, domain, attestation).or_else(|| match action {
        Action::UserOperation(action) => of_operation(document, action),
        Action::Call(action) => of_call(document, action, domain.module),
    })
}

#[derive(Clone, Copy)]
struct Document<'a>(&'a Value);

impl Document<'_> {
    fn number(self, path: &str) -> Option<U256> {
        self.0.path(path)?.as_integer()?.to_u256()
    }

    fn numbered(self, path: &'static str, expected: impl TryInto<U256>) -> Option<&'static str> {
        let expected = expected.try_into().ok();
        self.number(path).filter(|found| Some(*found) != expected).map(|_| path)
    }

    fn address(self, path: &'static str, expected: Address) -> Option<&'static str> {
        let found: Address = self.0.path(path)?.as_str()?.parse().ok()?;
        (found != expected).then_some(path)
    }

    fn word(self, path: &'static str, expected: B256) -> Option<&'static str> {
        let text = self.0.path(path)?.as_str().filter(|text| text.len() == 66)?;
        let found: B256 = text.parse().ok()?;
        (found != expected).then_some(path)
    }

    fn choice(self, path: &'static str, other: &str) -> Option<&'static str> {
        (self.0.path(path)?.as_str()? == other).then_some(path)
    }

    /// An address is named, and the operation has no bytes that could begin with it.
    fn invented(self, path: &'static str, hash: B256) -> Option<&'static str> {
        if hash == KECCAK256_EMPTY { self.address(path, Address::ZERO) } else { None }
    }
}

fn of_statement(
    document: Document<'_>,
    domain: &Domain,
    attestation: &Attestation,
) -> Option<&'static str> {
    document
        .numbered("chain.id", domain.chain_id)
        .or_else(|| document.numbered("chain.block.number", attestation.block_number))
        .or_else(|| document.word("chain.block.hash", attestation.block_hash))
        .or_else(|| {
            let timestamp = document.number("chain.block.timestamp")?;
            let misses = U256::from(attestation.valid_after) > timestamp
                || U256::from(attestation.valid_until).saturating_sub(timestamp)
                    > U256::from(MAX_VALIDITY);
            misses.then_some("chain.block.timestamp")
        })
        .or_else(|| document.numbered("history.sequence", attestation.sequence))
        .or_else(|| (bounds_of(document.0)?.hash() != attestation.bounds).then_some("bounds"))
}

fn of_operation(document: Document<'_>, action: &UserOperationAction) -> Option<&'static str> {
    document
        .address("account.address", action.account)
        .or_else(|| document.0.get("action").map(|_| "action"))
        .or_else(|| document.word("account.codeHash", action.account_code))
        .or_else(|| document.address("operation.entryPoint", action.entry_point))
        .or_else(|| document.numbered("operation.nonce.key", action.nonce >> 64))
        .or_else(|| {
            let sequence = action.nonce & U256::from(u64::MAX);
            document.numbered("operation.nonce.sequence", sequence)
        })
        .or_else(|| document.numbered("operation.callGasLimit", U256::from(action.call_gas_limit)))
        .or_else(|| document.numbered("operation.maxCost", action.max_cost))
        .or_else(|| document.invented("operation.factory", action.init_code))
        .or_else(|| document.invented("operation.paymaster", action.paymaster_and_data))
}

fn of_call(document: Document<'_>, action: &CallAction, enforcer: Address) -> Option<&'static str> {
    let path = if action.path == 1 { "posted" } else { "presented" };
    let operation = if action.operation == 0 { "delegatecall" } else { "call" };
    document
        .address("account.address", action.account)
        .or_else(|| document.address("action.enforcer", enforcer))
        .or_else(|| document.address("action.caller", action.caller))
        .or_else(|| document.address("action.target", action.target))
        .or_else(|| document.choice("action.path", path))
        .or_else(|| document.choice("action.operation", operation))
        .or_else(|| document.word("action.context", action.context))
        .or_else(|| document.numbered("action.nonce", action.nonce))
}
