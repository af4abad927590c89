//! EIP-712 statements by an address.

use std::collections::BTreeSet;

use alloy::{
    primitives::{Address, B256, Signature},
    sol,
    sol_types::{Eip712Domain, SolStruct},
};
use writ_policy::{Binding, Limits, StatementRule, Value, decode_json};
use writ_types::{MAX_STATEMENT_VALUE, PresentedStatement};

use crate::{CLOCK_SKEW, Context, Fact, FactError};

sol! {
    /// What an issuer signs. Everything that it counts for stands in it, readable in a wallet.
    #[derive(Debug, PartialEq, Eq)]
    struct Statement {
        /// Who signs.
        address issuer;
        /// The account that it is about.
        address account;
        /// The action that it is about; zero when it is about the account as a whole.
        bytes32 action;
        /// The name of the fact.
        string name;
        /// The value, as canonical JSON: sorted names, whole numbers, no spaces.
        string value;
        /// From when it counts, Unix seconds.
        uint64 validAfter;
        /// Until when, Unix seconds.
        uint64 validUntil;
        /// Makes it unlike every other statement of the issuer; take it at random.
        bytes32 id;
    }
}

/// The domain of statements about accounts on a chain.
pub fn domain(chain_id: u64) -> Eip712Domain {
    Eip712Domain {
        name: Some("Writ facts".into()),
        version: Some("1".into()),
        chain_id: Some(alloy::primitives::U256::from(chain_id)),
        ..Default::default()
    }
}

pub(crate) fn verify(
    name: &str,
    rule: &StatementRule,
    issuers: &BTreeSet<Address>,
    max_age: u64,
    presented: &PresentedStatement,
    context: &Context,
) -> Result<Fact, FactError> {
    let PresentedStatement {
        issuer,
        account,
        action,
        value,
        valid_after,
        valid_until,
        id,
        signature,
    } = presented;
    if !issuers.contains(issuer) {
        return Err(FactError::UnknownIssuer(
            "the issuer is not among those whose statements count",
        ));
    }
    // Whoever asks could always say so himself.
    if [context.owner, context.account].contains(issuer) {
        return Err(FactError::UnknownIssuer(
            "the account and its owner cannot state anything about themselves",
        ));
    }
    let statement = Statement {
        issuer: *issuer,
        account: *account,
        action: *action,
        name: name.to_owned(),
        value: value.clone(),
        validAfter: *valid_after,
        validUntil: *valid_until,
        id: *id,
    };
    let digest = statement.eip712_signing_hash(&domain(context.chain_id));
    if signer(digest, signature) != Some(*issuer) {
        return Err(FactError::Signature(
            "the signature is not the issuer's, for this chain, name and content",
        ));
    }
    if *account != context.account {
        return Err(FactError::OtherSubject("it is about another account"));
    }
    let expected = match rule.binding {
        Binding::Account => B256::ZERO,
        Binding::Action => context.action,
    };
    if *action != expected {
        return Err(FactError::OtherSubject(match rule.binding {
            Binding::Account => {
                "it is about one action, a statement about the account is asked for"
            }
            Binding::Action => "it is about another action",
        }));
    }
    if *valid_after > context.now.saturating_add(CLOCK_SKEW) {
        return Err(FactError::NotYetValid { what: "it", from: *valid_after });
    }
    let until = (*valid_until).min(valid_after.saturating_add(max_age));
    if until <= context.now {
        return Err(FactError::Expired { what: "it", at: until });
    }
    Ok(Fact {
        kind: "statement",
        issuer: Value::from(*issuer).as_str().unwrap_or_default().to_owned(),
        value: read(rule, value)?,
        issued_at: *valid_after,
        valid_until: until,
        proof: digest,
    })
}

fn read(rule: &StatementRule, text: &str) -> Result<Value, FactError> {
    let limits = Limits { bytes: MAX_STATEMENT_VALUE, depth: 8, values: 512 };
    let value = decode_json(text, &limits).map_err(|error| {
        FactError::malformed(format!("value, line {}, column {}", error.line, error.column))
    })?;
    // One text for one value: what a wallet showed is what is decided on.
    if value.to_json() != text {
        return Err(FactError::malformed("value is not canonical JSON: sorted names, no spaces"));
    }
    if !rule.shape.holds(&value) {
        return Err(FactError::Content(
            "value does not have the shape that is asked for".to_owned(),
        ));
    }
    Ok(value)
}

/// Who signed, by a signature with low s.
fn signer(digest: B256, signature: &[u8]) -> Option<Address> {
    let (scalars, parity) = signature.split_at_checked(64)?;
    let parity = match parity {
        [27] => false,
        [28] => true,
        _ => return None,
    };
    let signature = Signature::from_bytes_and_parity(scalars, parity);
    if signature.normalize_s().is_some() {
        return None;
    }
    signature.recover_address_from_prehash(&digest).ok()
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
