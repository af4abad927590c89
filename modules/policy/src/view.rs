//! A value as JSON for people and their clients.

use serde_json::Value as Json;

use crate::Value;

/// JSON in which no number is rounded: an integer that a reader may take for a float becomes its decimal text.
pub fn json_view(value: &Value) -> Json {
    /// Integers up to here are exact everywhere (IEEE 754 double precision).
    const EXACT: u64 = (1 << 53) - 1;
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => match value.to_u64() {
            Some(small) if small <= EXACT => small.into(),
            _ => value.to_string().into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(json_view).collect(),
        Value::Set(items) => items.iter().map(json_view).collect(),
        Value::Object(fields) => Json::Object(
            fields.iter().map(|(name, value)| (name.clone(), json_view(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_rounded() {
        let document = Value::object([
            ("small", Value::from((1_u64 << 53) - 1)),
            ("large", Value::from(1_u64 << 53)),
            (
                "list",
                Value::array([Value::from(u128::MAX), Value::from(-1_i64), Value::from(true)]),
            ),
        ]);
        let expected = serde_json::json!({
            "small": 9_007_199_254_740_991_u64,
            "large": "9007199254740992",
            "list": [u128::MAX.to_string(), "-1", true],
        });
        assert_eq!(json_view(&document), expected);
    }
}
