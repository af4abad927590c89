//! Positional parameters, read strictly.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, Bytes, U256};
use jsonrpsee::types::Params;
use serde_json::{Map, Value};
use writ_types::{
    EntryPoint, ErrorCode, FieldError, Refusal, parse_address, parse_bytes, parse_hash,
    parse_quantity,
};

/// The parameters of one request.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<Value>);

impl Parameters {
    pub(crate) fn read(params: &Params<'_>) -> Result<Self, Refusal> {
        let Some(text) = params.as_str() else { return Ok(Self(Vec::new())) };
        match serde_json::from_str(text) {
            Ok(Value::Array(values)) => Ok(Self(values)),
            Ok(_) => Err(invalid("parameters are positional: send an array")),
            Err(error) => Err(invalid(format!("parameters: {error}"))),
        }
    }

    /// Exactly these parameters.
    pub(crate) fn exactly<const N: usize>(self, names: [&str; N]) -> Result<[Value; N], Refusal> {
        let found = self.0.len();
        self.0.try_into().map_err(|_| {
            if found < N {
                Refusal::from(FieldError::new(names[found], "missing"))
            } else {
                invalid(format!("{found} parameters, {N} are accepted"))
            }
        })
    }

    /// These parameters, and perhaps one more.
    pub(crate) fn with_optional<const N: usize>(
        mut self,
        names: [&str; N],
    ) -> Result<([Value; N], Option<Value>), Refusal> {
        let last = if self.0.len() == N + 1 { self.0.pop() } else { None };
        if self.0.len() > N {
            let message = format!("{} parameters, {N} or {} are accepted", self.0.len(), N + 1);
            return Err(invalid(message));
        }
        Ok((self.exactly(names)?, last.filter(|value| !value.is_null())))
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidFields, message)
}

/// One of the served EntryPoints.
pub(crate) fn entry_point(value: &Value, served: &[EntryPoint]) -> Result<EntryPoint, Refusal> {
    let address = parse_address("entryPoint", value)?;
    served.iter().copied().find(|known| known.address == address).ok_or_else(|| {
        let known: Vec<String> = served.iter().map(ToString::to_string).collect();
        let reason = format!("{address} is not served; served are {}", known.join(", "));
        FieldError::new("entryPoint", reason).into()
    })
}

/// A userOpHash.
pub(crate) fn user_op_hash(value: &Value) -> Result<B256, Refusal> {
    parse_hash("userOpHash", value).map_err(|error| {
        let message = format!("Missing/invalid userOpHash: {}", error.reason);
        invalid(message).with(|data| data.field = Some(error.field))
    })
}

/// State that estimation is to assume, by account.
pub type StateOverrides = BTreeMap<Address, AccountOverride>;

/// What to assume about one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountOverride {
    /// Its balance, in wei.
    pub balance: Option<U256>,
    /// Its nonce.
    pub nonce: Option<u64>,
    /// Its code.
    pub code: Option<Bytes>,
    /// All of its storage: what is not listed is zero.
    pub state: Option<BTreeMap<B256, B256>>,
    /// Some of its storage: what is not listed stays.
    pub state_diff: BTreeMap<B256, B256>,
}

/// Accounts in one override set.
const MAX_ACCOUNTS: usize = 32;
/// Slots in one account's override.
const MAX_SLOTS: usize = 256;
/// Longest code, as EIP-170 has it.
const MAX_CODE: usize = 24_576;

/// A state override set, in the form that `eth_call` takes.
pub(crate) fn state_overrides(value: &Value) -> Result<StateOverrides, FieldError> {
    let object = object("stateOverride", value)?;
    if object.len() > MAX_ACCOUNTS {
        let reason = format!("{} accounts, at most {MAX_ACCOUNTS} are accepted", object.len());
        return Err(FieldError::new("stateOverride", reason));
    }
    let mut overrides = StateOverrides::new();
    for (key, value) in object {
        let account = parse_address("account", &Value::String(key.clone()))
            .map_err(|error| error.within("stateOverride"))?;
        let change = account_override(value)
            .map_err(|error| error.within(&format!("stateOverride.{account}")))?;
        if overrides.insert(account, change).is_some() {
            return Err(FieldError::new("stateOverride", format!("{account} is given twice")));
        }
    }
    Ok(overrides)
}

fn object<'a>(field: &str, value: &'a Value) -> Result<&'a Map<String, Value>, FieldError> {
    value.as_object().ok_or_else(|| FieldError::new(field, "expected an object"))
}

fn account_override(value: &Value) -> Result<AccountOverride, FieldError> {
    let mut change = AccountOverride::default();
    for (field, value) in object("account", value)?.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "balance" => change.balance = Some(parse_quantity(field, value, 256)?),
            "nonce" => change.nonce = Some(parse_quantity(field, value, 64)?.to::<u64>()),
            "code" => change.code = Some(parse_bytes(field, value, MAX_CODE)?),
            "state" => change.state = Some(slots(field, value)?),
            "stateDiff" => change.state_diff = slots(field, value)?,
            other => {
                let shown: String = other.chars().take(64).collect();
                return Err(FieldError::new(shown, "unknown field"));
            }
        }
    }
    if change.state.is_some() && !change.state_diff.is_empty() {
        return Err(FieldError::new("stateDiff", "given beside state"));
    }
    Ok(change)
}

fn slots(field: &str, value: &Value) -> Result<BTreeMap<B256, B256>, FieldError> {
    let object = object(field, value)?;
    if object.len() > MAX_SLOTS {
        let reason = format!("{} slots, at most {MAX_SLOTS} are accepted", object.len());
        return Err(FieldError::new(field, reason));
    }
    let word = |value: &Value| parse_quantity(field, value, 256).map(B256::from);
    object
        .iter()
        .map(|(key, value)| Ok((word(&Value::String(key.clone()))?, word(value)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn overrides_are_read_strictly() {
        let account = "0x1111111111111111111111111111111111111111";
        let good = json!({ account: {
            "balance": "0x1", "nonce": "0x2", "code": "0x60", "stateDiff": { "0x0": "0x5" }
        }});
        let read = state_overrides(&good).unwrap();
        let change = &read[&account.parse::<Address>().unwrap()];
        assert_eq!(change.balance, Some(U256::from(1)));
        assert_eq!(change.state_diff[&B256::ZERO], B256::with_last_byte(5));

        let fails = |value: Value| state_overrides(&value).unwrap_err().to_string();
        assert!(fails(json!([])).starts_with("stateOverride: "));
        assert!(fails(json!({ "0x11": {} })).contains("expected 20 bytes"));
        assert!(fails(json!({ account: { "balance": 1 } })).contains(".balance: "));
        assert!(fails(json!({ account: { "storage": {} } })).contains("storage: unknown field"));
        assert!(fails(json!({ account: { "code": "0x1" } })).contains("odd"));
        assert!(
            fails(json!({ account: { "state": {}, "stateDiff": { "0x0": "0x1" } } }))
                .contains("beside")
        );
        let many: Map<String, Value> =
            (0..33).map(|number| (format!("0x{number:040x}"), json!({}))).collect();
        assert!(fails(Value::Object(many)).contains("at most 32"));
        let slots: Map<String, Value> =
            (0..257).map(|number| (format!("{number:#x}"), json!("0x1"))).collect();
        assert!(fails(json!({ account: { "stateDiff": slots } })).contains("at most 256"));
    }
}
