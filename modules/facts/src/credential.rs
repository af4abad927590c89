//! SD-JWT VCs: an issuer's signed claims, of which the holder shows what is asked for, to whom it is meant for.

use alloy::primitives::{Address, B256, keccak256};
use writ_policy::{Binding, ClaimRule, CredentialIssuer, CredentialRule, Limits, Value};
use writ_types::{MAX_CREDENTIAL, PresentedCredential};

use crate::{
    Context, Fact, FactError, disclosure,
    jwt::{self, Times, Unverified},
    key::Key,
    status,
};

const CLAIMS: Limits = Limits { bytes: MAX_CREDENTIAL, depth: 12, values: 4_096 };
const BINDING: Limits = Limits { bytes: 4_096, depth: 4, values: 64 };
const ISSUED: &str = "credential";
const BOUND: &str = "key binding";

/// The `aud` of a key binding: the account, as CAIP-10 writes it, in lowercase.
pub fn audience(chain_id: u64, account: Address) -> String {
    format!("eip155:{chain_id}:{account:?}")
}

/// The `nonce` of a key binding: the action that it is shown for, or the commitment to the account's policies.
pub fn nonce(bound_to: B256) -> String {
    format!("{bound_to:?}")
}

pub(crate) fn verify(
    rule: &CredentialRule,
    max_age: u64,
    presented: &PresentedCredential,
    context: &Context,
) -> Result<Fact, FactError> {
    let text = presented.credential.as_str();
    let (shown, binding) = text
        .rsplit_once('~')
        .ok_or_else(|| FactError::malformed("the credential has no ~: it is no SD-JWT"))?;
    let mut parts = shown.split('~');
    let token = parts.next().unwrap_or_default();
    let disclosures: Vec<&str> = parts.take(disclosure::MAX_DISCLOSURES + 1).collect();

    let token = Unverified::read(ISSUED, token, &["dc+sd-jwt", "vc+sd-jwt"])?;
    let claims = token.claims(&CLAIMS)?;
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default().to_owned();
    let keys = keys_of(&rule.issuers, &issuer)?;
    if !keys.iter().any(|key| token.is_signed_by(key)) {
        return Err(FactError::Signature(
            "the credential is not signed by its issuer's pinned key",
        ));
    }
    if claims.get("vct").and_then(Value::as_str) != Some(rule.vct.as_str()) {
        return Err(FactError::Content("the credential is of another type (vct)".to_owned()));
    }
    let times = Times::of(ISSUED, &claims, context.now)?;
    let holder = claims.get("cnf").and_then(|confirmation| confirmation.get("jwk"));
    let holder = holder.and_then(Key::from_jwk).ok_or_else(|| {
        FactError::malformed("credential: cnf.jwk is no key of P-256, secp256k1 or Ed25519")
    })?;
    let credential = disclosure::open(claims, &disclosures)?;

    // The ~ belongs to what the holder signs.
    let signed = &text[..=shown.len()];
    let shown_at = bound(rule.binding, binding, signed, &holder, context)?;
    let shown_until = shown_at.saturating_add(max_age);
    if shown_until <= context.now {
        return Err(FactError::Expired { what: BOUND, at: shown_until });
    }
    let list = presented.status_list.as_deref();
    let status_until = status::check(&credential, rule.status_required, list, &keys, context.now)?;

    let value = Value::object(
        rule.claims
            .iter()
            .map(|(name, claim)| Ok((name.clone(), claimed(name, claim, &credential)?)))
            .collect::<Result<Vec<_>, FactError>>()?,
    );
    let until = [times.expires, status_until].into_iter().flatten().fold(shown_until, u64::min);
    Ok(Fact {
        kind: "sd-jwt-vc",
        issuer,
        value,
        issued_at: shown_at,
        valid_until: until,
        proof: keccak256(text),
    })
}

fn keys_of(issuers: &[CredentialIssuer], name: &str) -> Result<Vec<Key>, FactError> {
    let named = issuers.iter().filter(|issuer| issuer.issuer == name);
    let keys: Vec<Key> = named.filter_map(|issuer| Key::new(&issuer.key)).collect();
    if keys.is_empty() {
        return Err(FactError::UnknownIssuer("the credential's issuer is not among the policy's"));
    }
    Ok(keys)
}

/// When the holder showed exactly this, for what is decided about.
fn bound(
    binding: Binding,
    token: &str,
    signed: &str,
    holder: &Key,
    context: &Context,
) -> Result<u64, FactError> {
    if token.is_empty() {
        return Err(FactError::malformed(
            "the key binding is missing: anybody could have copied the credential",
        ));
    }
    let token = Unverified::read(BOUND, token, &["kb+jwt"])?;
    if !token.is_signed_by(holder) {
        return Err(FactError::Signature(
            "the key binding is not signed by the credential's holder",
        ));
    }
    let claims = token.claims(&BINDING)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("sd_hash") != Some(jwt::digest(signed).as_str()) {
        return Err(FactError::Signature("the key binding is of another presentation"));
    }
    if text("aud") != Some(audience(context.chain_id, context.account).as_str()) {
        return Err(FactError::OtherSubject("the key binding is for another account or chain"));
    }
    let (expected, problem) = match binding {
        Binding::Account => {
            (context.policy, "the key binding is for other policies than the account's")
        }
        Binding::Action => (context.action, "the key binding is for another action"),
    };
    if text("nonce") != Some(nonce(expected).as_str()) {
        return Err(FactError::OtherSubject(problem));
    }
    let times = Times::of(BOUND, &claims, context.now)?;
    times.issued_at.ok_or_else(|| FactError::malformed("key binding: iat is missing"))
}

/// What is asked for of one claim, and no more.
fn claimed(name: &str, rule: &ClaimRule, credential: &Value) -> Result<Value, FactError> {
    let found = rule.path.iter().try_fold(credential, |value, field| value.get(field));
    let found = found.ok_or_else(|| FactError::Content(format!("claim {name} is not shown")))?;
    rule.shape.part_of(found).ok_or_else(|| {
        FactError::Content(format!("claim {name} is not shown whole, or not of its shape"))
    })
}

#[cfg(test)]
#[path = "credential_tests.rs"]
mod tests;
