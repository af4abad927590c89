//! Between our values and regorus' values, without JSON text in between.

use regorus::Value as Rego;

use crate::{Integer, MAX_DEPTH, Value};

/// Why a regorus value has no counterpart here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConvertError {
    #[error("null is not a value")]
    Null,
    #[error("undefined is not a value")]
    Undefined,
    #[error("{0} is not an integer of 256 bits")]
    Number(String),
    #[error("an object key is not a string")]
    Key,
    #[error("nested deeper than {MAX_DEPTH}")]
    Depth,
}

/// Converts into the engine. Integers keep every bit.
pub(crate) fn to_rego(value: &Value) -> Result<Rego, ConvertError> {
    Ok(match value {
        Value::Bool(value) => Rego::from(*value),
        Value::Integer(integer) => integer_to_rego(*integer)?,
        Value::String(text) => Rego::from(text.as_str()),
        Value::Array(items) => {
            Rego::from(items.iter().map(to_rego).collect::<Result<Vec<_>, _>>()?)
        }
        Value::Set(items) => {
            let items: Result<std::collections::BTreeSet<_>, _> =
                items.iter().map(to_rego).collect();
            Rego::from(items?)
        }
        Value::Object(fields) => {
            let fields: Result<std::collections::BTreeMap<_, _>, _> = fields
                .iter()
                .map(|(name, field)| Ok((Rego::from(name.as_str()), to_rego(field)?)))
                .collect();
            Rego::from(fields?)
        }
    })
}

fn integer_to_rego(integer: Integer) -> Result<Rego, ConvertError> {
    if let Some(small) = integer.to_u128() {
        return Ok(Rego::from(small));
    }
    // Decimal digits take the engine's exact path, which never sees a float.
    let digits = integer.to_string();
    Rego::from_numeric_string(&digits).map_err(|_| ConvertError::Number(digits))
}

/// Converts out of the engine, refusing whatever is not one of our values.
pub(crate) fn from_rego(value: &Rego) -> Result<Value, ConvertError> {
    from_rego_below(value, MAX_DEPTH)
}

fn from_rego_below(value: &Rego, depth: usize) -> Result<Value, ConvertError> {
    let depth = depth.checked_sub(1).ok_or(ConvertError::Depth)?;
    Ok(match value {
        Rego::Null => return Err(ConvertError::Null),
        Rego::Undefined => return Err(ConvertError::Undefined),
        Rego::Bool(value) => Value::Bool(*value),
        Rego::Number(number) => {
            let digits = number.format_decimal();
            let integer: Result<Integer, _> = digits.parse();
            Value::Integer(integer.map_err(|_| ConvertError::Number(digits))?)
        }
        Rego::String(text) => Value::String(text.to_string()),
        Rego::Array(items) => Value::Array(
            items.iter().map(|item| from_rego_below(item, depth)).collect::<Result<_, _>>()?,
        ),
        Rego::Set(items) => Value::Set(
            items.iter().map(|item| from_rego_below(item, depth)).collect::<Result<_, _>>()?,
        ),
        Rego::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, field)| {
                    let Rego::String(name) = name else { return Err(ConvertError::Key) };
                    Ok((name.to_string(), from_rego_below(field, depth)?))
                })
                .collect::<Result<_, _>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary::value;

    #[test]
    fn what_is_not_ours_is_refused() {
        assert_eq!(from_rego(&Rego::Null), Err(ConvertError::Null));
        assert_eq!(from_rego(&Rego::Undefined), Err(ConvertError::Undefined));
        assert!(matches!(from_rego(&Rego::from(0.5)), Err(ConvertError::Number(_))));
        let too_large = Rego::from_numeric_string(&"9".repeat(80)).expect("a big integer");
        assert!(matches!(from_rego(&too_large), Err(ConvertError::Number(_))));
        let key = std::collections::BTreeMap::from([(Rego::from(true), Rego::from(true))]);
        assert_eq!(from_rego(&Rego::from(key)), Err(ConvertError::Key));
    }

    proptest! {
        #[test]
        fn values_pass_through_the_engine_unchanged(value in value()) {
            let rego = to_rego(&value).expect("every value has a counterpart");
            prop_assert_eq!(from_rego(&rego), Ok(value));
        }

        #[test]
        fn the_engine_orders_integers_as_we_do(a in any::<[u8; 32]>(), b in any::<[u8; 32]>(), s in any::<bool>(), t in any::<bool>()) {
            let a = Integer::new(s, alloy::primitives::U256::from_be_bytes(a));
            let b = Integer::new(t, alloy::primitives::U256::from_be_bytes(b));
            let order = integer_to_rego(a).expect("exact").cmp(&integer_to_rego(b).expect("exact"));
            prop_assert_eq!(order, a.cmp(&b));
        }
    }
}
