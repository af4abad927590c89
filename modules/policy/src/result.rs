//! Reading the value of a policy's entry rule as a decision, strictly.

use alloy::primitives::{Address, U256};

use crate::{AssetBound, AssetKind, Decision, DenyCode, Value};

/// The most reasons a decision carries; further ones are counted in the last.
pub const MAX_REASONS: usize = 32;
/// The longest reason, in bytes; a longer one is cut.
pub const MAX_REASON_BYTES: usize = 512;
/// The most bounds a policy may set, as many as the chain enforces.
pub const MAX_BOUNDS: usize = 8;
/// The fields of a bound.
const BOUND_FIELDS: [&str; 5] = ["asset", "kind", "maxOut", "id", "spender"];
/// The longest validity a policy may ask for, in seconds: thirty days.
pub const MAX_VALID_FOR: u64 = 30 * 86_400;

/// Reads a result `{allow, reasons, bounds?, validFor?}`.
///
/// It is an allow only if `allow` is true *and* no reason is given: a policy that says yes and
/// gives a reason against it has contradicted itself, and is taken at its word against it.
pub(crate) fn read_decision(result: &Value) -> Decision {
    match try_read(result) {
        Ok(decision) => decision,
        Err(problem) => Decision::deny(DenyCode::MalformedResult, problem),
    }
}

fn try_read(result: &Value) -> Result<Decision, String> {
    let fields = result
        .as_object()
        .ok_or_else(|| format!("the result is {}, an object was expected", result.kind()))?;
    if let Some(unknown) = fields
        .keys()
        .find(|name| !["allow", "reasons", "bounds", "validFor"].contains(&name.as_str()))
    {
        return Err(format!("the result has an unknown field {unknown:?}"));
    }
    let allow = fields
        .get("allow")
        .and_then(Value::as_bool)
        .ok_or_else(|| "allow is missing or is not a boolean".to_owned())?;
    let reasons = read_reasons(fields.get("reasons"))?;
    let bounds = fields.get("bounds").map_or_else(|| Ok(Vec::new()), read_bounds);
    let bounds = bounds.map_err(|problem| format!("bounds: expected {problem}"))?;
    let valid_for = fields.get("validFor").map(read_valid_for).transpose()?;
    if allow && reasons.is_empty() {
        let denied = None;
        return Ok(Decision { allow: true, reasons, bounds, valid_for, denied, detail: None });
    }
    let detail = allow.then(|| "allow is true, but reasons were given".to_owned());
    let reasons = match reasons.is_empty() {
        true => vec![DenyCode::Policy.reason().to_owned()],
        false => reasons,
    };
    let denied = Some(DenyCode::Policy);
    Ok(Decision { allow: false, reasons, bounds: Vec::new(), valid_for: None, denied, detail })
}

fn read_reasons(reasons: Option<&Value>) -> Result<Vec<String>, String> {
    let texts: Option<Vec<&str>> = match reasons {
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
        Some(Value::Set(items)) => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let texts = texts.ok_or("reasons is missing or is not an array or set of strings")?;
    let mut reasons: Vec<String> = texts.into_iter().map(cut).collect();
    reasons.sort_unstable();
    reasons.dedup();
    if reasons.len() > MAX_REASONS {
        let more = reasons.len() - (MAX_REASONS - 1);
        reasons.truncate(MAX_REASONS - 1);
        reasons.push(format!("and {more} further reasons"));
    }
    Ok(reasons)
}

/// Cuts a reason at a character boundary, so that a stranger's text cannot swell a denial.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= MAX_REASON_BYTES {
        return text.to_owned();
    }
    let mut end = MAX_REASON_BYTES - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}

fn read_valid_for(value: &Value) -> Result<u64, String> {
    value
        .as_integer()
        .and_then(|seconds| seconds.to_u64())
        .filter(|seconds| (1..=MAX_VALID_FOR).contains(seconds))
        .ok_or_else(|| format!("validFor is not between 1 and {MAX_VALID_FOR} seconds"))
}

/// Reads a list of bounds, at most one on the same, and sorts it. The error says what was expected.
fn read_bounds(value: &Value) -> Result<Vec<AssetBound>, String> {
    let mut bounds = list_bounds(value)?;
    bounds.sort_unstable();
    if bounds.windows(2).any(|pair| pair[0].key() == pair[1].key()) {
        return Err("one bound for each asset".to_owned());
    }
    Ok(bounds)
}

/// Reads a list of `{asset, kind, maxOut, id, spender}` as it stands; the last two may be left out where they are zero. The
/// error says what was expected.
pub(crate) fn list_bounds(value: &Value) -> Result<Vec<AssetBound>, String> {
    let items: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Set(items) => items.iter().collect(),
        other => return Err(format!("an array of bounds, not {}", other.kind())),
    };
    if items.len() > MAX_BOUNDS {
        return Err(format!("at most {MAX_BOUNDS} bounds, not {}", items.len()));
    }
    items.into_iter().map(read_bound).collect()
}

fn read_bound(value: &Value) -> Result<AssetBound, String> {
    let problem = || {
        format!(
            "a bound {{asset, kind, maxOut below 2^128, id, spender}} that fits its kind, not {value}"
        )
    };
    let fields = value.as_object().ok_or_else(problem)?;
    if fields.keys().any(|name| !BOUND_FIELDS.contains(&name.as_str())) {
        return Err(problem());
    }
    let word = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = word("kind").and_then(AssetKind::from_word).ok_or_else(problem)?;
    let address = |value: &Value| value.as_str()?.parse::<Address>().ok();
    let asset = fields.get("asset").and_then(address).ok_or_else(problem)?;
    let spender = match fields.get("spender") {
        None => Address::ZERO,
        Some(value) => address(value).ok_or_else(problem)?,
    };
    let id = match fields.get("id") {
        None => U256::ZERO,
        Some(value) => {
            value.as_integer().and_then(|integer| integer.to_u256()).ok_or_else(problem)?
        }
    };
    let max_out = fields.get("maxOut").and_then(Value::as_integer);
    let max_out = max_out.and_then(|most| most.to_u128()).ok_or_else(problem)?;
    let granted = matches!(kind, AssetKind::Allowance | AssetKind::Operator);
    // Zero stands for the native currency and for nothing else, and what a kind does not have is zero.
    let fits = (kind == AssetKind::Native) == asset.is_zero()
        && granted != spender.is_zero()
        && (kind == AssetKind::Erc1155 || id.is_zero());
    if fits { Ok(AssetBound { kind, asset, id, spender, max_out }) } else { Err(problem()) }
}

#[cfg(test)]
#[path = "result_tests.rs"]
mod tests;
