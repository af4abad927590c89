//! Functions that policies pin: their arguments by name, of calls whose function nobody else knows.

use alloy::primitives::Address;
use writ_policy::{FunctionTable, Value};

use super::{Call, CallsError};

/// A call of a pinned function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedCall {
    /// The function's signature.
    pub function: String,
    /// The arguments, in order.
    pub arguments: Vec<PinnedArgument>,
}

/// An argument of a pinned function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedArgument {
    /// Its name, as the policy has it.
    pub name: String,
    /// Its ABI type.
    pub abi_type: String,
    /// Its value; a tuple is an object of its fields.
    pub value: Value,
}

/// Names the functions and arguments of calls by what is pinned; what is known without stays as it is.
///
/// # Errors
///
/// When a pinned function is called with other bytes than the encoding of its arguments: what it would take them for, only
/// it knows.
pub(crate) fn name_pinned(
    account: Address,
    calls: &mut [Call],
    table: &FunctionTable,
) -> Result<(), CallsError> {
    for call in calls {
        let Some(selector) = call.selector.filter(|_| call.function.is_empty()) else { continue };
        // Of the account itself only what manages it is called, which has its names.
        if call.to == account {
            continue;
        }
        let Some(function) = table.find(call.to, selector.0) else { continue };
        let values = function.arguments(&call.data).ok_or_else(|| {
            CallsError::NonCanonicalPinned { to: call.to, function: function.signature.clone() }
        })?;
        let arguments = function.inputs.iter().zip(values).map(|(field, value)| PinnedArgument {
            name: field.name.clone(),
            abi_type: field.kind.name(),
            value,
        });
        call.pinned = Some(PinnedCall {
            function: function.signature.clone(),
            arguments: arguments.collect(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::{
        primitives::{Bytes, U256},
        sol,
        sol_types::SolCall,
    };
    use writ_policy::{FunctionTable, Limits, Manifest, STANDARD_FUNCTIONS, decode_json};

    use super::*;
    use crate::calls::observed_call;

    sol! {
        struct Leg { address to; uint256 least; }
        function swap(address token, Leg[] legs, bytes memo) external;
    }

    const ACCOUNT: Address = Address::repeat_byte(0xac);
    const ROUTER: Address = Address::repeat_byte(0x77);

    fn table(functions: &str) -> FunctionTable {
        let zero = "0x0000000000000000000000000000000000000000000000000000000000000000";
        let manifest = format!(
            r#"{{"format": 1, "name": "t", "version": "1", "engine": "regorus-strict", "entry": "data.a.b", "provable": false,
            "level": "quorum", "readsHistory": false, "requiredFacts": [], "functions": {functions},
            "files": {{"a.rego": "{zero}", "schema.json": "{zero}", "words.json": "{zero}"}}}}"#
        );
        let value = decode_json(&manifest, &Limits::PARAMETERS).unwrap();
        FunctionTable::new(Manifest::from_value(value).unwrap().functions).unwrap()
    }

    fn swap() -> FunctionTable {
        let leg = r#"[{"name": "to", "type": "address"}, {"name": "least", "type": "uint256"}]"#;
        table(&format!(
            r#"[{{"name": "swap", "targets": ["{ROUTER:?}"], "inputs": [{{"name": "token", "type": "address"}},
            {{"name": "legs", "type": "tuple[]", "components": {leg}}}, {{"name": "memo", "type": "bytes"}}]}}]"#
        ))
    }

    fn named(to: Address, data: Vec<u8>) -> Result<Call, CallsError> {
        let mut calls = vec![observed_call(to, U256::ZERO, data.into())?];
        name_pinned(ACCOUNT, &mut calls, &swap())?;
        Ok(calls.remove(0))
    }

    fn call() -> Vec<u8> {
        let legs = vec![Leg { to: ACCOUNT, least: U256::from(5) }];
        swapCall { token: ROUTER, legs, memo: Bytes::from_static(&[1]) }.abi_encode()
    }

    #[test]
    fn pinned_functions_are_shown_by_name() {
        let pinned = named(ROUTER, call()).unwrap().pinned.unwrap();
        assert_eq!(pinned.function, "swap(address,(address,uint256)[],bytes)");
        let names: Vec<_> =
            pinned.arguments.iter().map(|one| (one.name.as_str(), one.abi_type.as_str())).collect();
        assert_eq!(
            names,
            [("token", "address"), ("legs", "(address,uint256)[]"), ("memo", "bytes")]
        );
        let leg = Value::object([("to", ACCOUNT.into()), ("least", 5_u64.into())]);
        assert_eq!(pinned.arguments[1].value, Value::array([leg]));
        // Elsewhere, and of the account itself, it is nothing that is known.
        for to in [Address::repeat_byte(1), ACCOUNT] {
            assert_eq!(named(to, call()).unwrap().pinned, None);
        }
    }

    #[test]
    fn any_other_encoding_is_refused() {
        for change in [
            |data: &mut Vec<u8>| data.push(0),
            |data: &mut Vec<u8>| data.truncate(data.len() - 1),
            |data: &mut Vec<u8>| data[4] = 1,
            |data: &mut Vec<u8>| *data.last_mut().unwrap() = 1,
        ] {
            let mut data = call();
            change(&mut data);
            let error = named(ROUTER, data).unwrap_err();
            assert!(matches!(&error, CallsError::NonCanonicalPinned { to: ROUTER, .. }), "{error}");
        }
    }

    /// What a manifest cannot pin is exactly what is decoded anyway.
    #[test]
    fn the_standard_functions_are_the_ones_that_are_decoded() {
        for signature in STANDARD_FUNCTIONS {
            let selector = alloy::primitives::keccak256(signature);
            let refused = observed_call(ROUTER, U256::ZERO, Bytes::copy_from_slice(&selector[..4]));
            assert!(refused.is_err(), "{signature} is not decoded");
        }
    }
}
