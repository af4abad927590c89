//! Status lists (draft-ietf-oauth-status-list): whether an issuer took a credential back.
//!
//! The token comes with the credential, since nothing is fetched while deciding. It has to be the issuer's own and to say until
//! when it counts: an old list would hide what was revoked since.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use writ_policy::{Limits, Value};

use crate::{
    FactError,
    jwt::{self, Times, Unverified},
    key::Key,
};

/// The longest list, in bytes, after inflating: 8,388,608 credentials of one bit.
const MAX_INFLATED: usize = 1 << 20;
const CLAIMS: Limits = Limits { bytes: 65_536, depth: 6, values: 64 };
const WHAT: &str = "status list";

/// Until when the credential is known not to be revoked; none when it has no status, and need not have one.
pub(crate) fn check(
    credential: &Value,
    required: bool,
    token: Option<&str>,
    keys: &[Key],
    now: u64,
) -> Result<Option<u64>, FactError> {
    let Some(status) = credential.get("status") else {
        return if required {
            Err(FactError::StatusUnknown("the credential has no status, and one is asked for"))
        } else {
            Ok(None)
        };
    };
    let reference = status.get("status_list").ok_or(FactError::StatusUnknown(
        "the credential's status is of a kind that is not known",
    ))?;
    let index = reference.get("idx").and_then(Value::as_integer).and_then(|index| index.to_u64());
    let uri = reference.get("uri").and_then(Value::as_str);
    let (Some(index), Some(uri)) = (index, uri) else {
        return Err(FactError::malformed("the credential's status_list is not idx and uri"));
    };
    let token = token.ok_or(FactError::StatusUnknown("the status list is not presented"))?;

    let token = Unverified::read(WHAT, token, &["statuslist+jwt"])?;
    if !keys.iter().any(|key| token.is_signed_by(key)) {
        return Err(FactError::Signature(
            "the status list is not signed by the credential's issuer",
        ));
    }
    let claims = token.claims(&CLAIMS)?;
    if claims.get("sub").and_then(Value::as_str) != Some(uri) {
        return Err(FactError::StatusUnknown("the status list is another than the credential's"));
    }
    let until = freshness(&claims, now)?;
    match entry(&claims, index)? {
        0 => Ok(Some(until)),
        1 => Err(FactError::Revoked("the status list says invalid")),
        2 => Err(FactError::Revoked("the status list says suspended")),
        _ => Err(FactError::StatusUnknown("the status list says something that is not known")),
    }
}

/// Until when the list counts: the earlier of `exp` and `iat + ttl`, of which it has one.
fn freshness(claims: &Value, now: u64) -> Result<u64, FactError> {
    let times = Times::of(WHAT, claims, now)?;
    let issued_at =
        times.issued_at.ok_or_else(|| FactError::malformed("status list: iat is missing"))?;
    let lasts = match claims.get("ttl") {
        None => None,
        Some(ttl) => match ttl.as_integer().and_then(|ttl| ttl.to_u64()) {
            Some(ttl) if ttl > 0 => Some(issued_at.saturating_add(ttl)),
            _ => return Err(FactError::malformed("status list: ttl is not a number of seconds")),
        },
    };
    let until = [times.expires, lasts].into_iter().flatten().min();
    let at = until
        .ok_or(FactError::StatusUnknown("the status list does not say until when it counts"))?;
    if at <= now { Err(FactError::Expired { what: WHAT, at }) } else { Ok(at) }
}

fn entry(claims: &Value, index: u64) -> Result<u8, FactError> {
    let malformed = |problem: &str| FactError::malformed(format!("status list: {problem}"));
    let list = claims.get("status_list").ok_or_else(|| malformed("status_list is missing"))?;
    let bits = list.get("bits").and_then(Value::as_integer).and_then(|bits| bits.to_u64());
    let bits @ (1 | 2 | 4 | 8) = bits.unwrap_or_default() else {
        return Err(malformed("bits is not 1, 2, 4 or 8"));
    };
    let compressed = list.get("lst").and_then(Value::as_str).and_then(jwt::bytes);
    let compressed = compressed.ok_or_else(|| malformed("lst is not base64url without padding"))?;
    let inflated = decompress_to_vec_zlib_with_limit(&compressed, MAX_INFLATED)
        .map_err(|_| malformed("lst does not inflate, or to more than 1 MiB"))?;
    let per_byte = 8 / bits;
    let byte = usize::try_from(index / per_byte).ok().and_then(|at| inflated.get(at));
    let byte = byte.ok_or(FactError::StatusUnknown("the credential is not in the status list"))?;
    // The lowest bits of a byte are its first entry.
    let shift = u32::try_from((index % per_byte) * bits).unwrap_or_default();
    Ok((byte >> shift) & u8::MAX.unbounded_shr(8 - u32::try_from(bits).unwrap_or(8)))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
