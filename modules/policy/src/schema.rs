//! The JSON Schema of a policy's parameters.
//!
//! Values reach the schema only after our own decoder, so integers are exact and of 256 bits,
//! keys are unique, null does not exist. The schema library compares numbers beyond 2^64 as
//! floats; so a schema may only use numbers up to 2^53, where that comparison is exact enough to
//! be right: a larger value stays larger than any of them.

use alloy::primitives::U256;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use crate::{Integer, Value};

/// The largest number that a schema may contain.
const MAX_NUMBER: u64 = 1 << 53;

/// The keywords that a schema may contain. Each is judged locally and in bounded time; the ones
/// that begin with `x-` are for people and tools.
const KEYWORDS: [&str; 26] = [
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "examples",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
    "const",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "x-unit",
    "x-key",
];

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: Validator,
    unique_keys: Vec<(String, String)>,
}

impl Schema {
    /// Compiles a schema, refusing keywords outside the list, references to other documents and
    /// numbers that the comparison could get wrong.
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        check_keywords(schema, "#")?;
        let validator = jsonschema::draft202012::options()
            .with_pattern_options(PatternOptions::regex().size_limit(1 << 16))
            .build(&to_json(schema))
            .map_err(|error| error.to_string())?;
        let unique_keys = schema.get("properties").and_then(Value::as_object).map_or_else(
            Vec::new,
            |properties| {
                let key =
                    |field: &Value| field.get("x-key").and_then(Value::as_str).map(str::to_owned);
                properties
                    .iter()
                    .filter_map(|(name, field)| Some((name.clone(), key(field)?)))
                    .collect()
            },
        );
        Ok(Self { validator, unique_keys })
    }

    /// Checks parameters, listing everything that is wrong, at most eight of them.
    pub(crate) fn check(&self, parameters: &Value) -> Result<(), Vec<String>> {
        let json = to_json(parameters);
        let mut problems: Vec<String> = self
            .validator
            .iter_errors(&json)
            .take(8)
            .map(|error| format!("parameters{}: {error}", error.instance_path()))
            .collect();
        // Two entries for one asset would leave it to chance which limit counts.
        for (name, key) in &self.unique_keys {
            let entries = parameters.get(name).and_then(Value::as_array).unwrap_or_default();
            let mut keys: Vec<&Value> = entries.iter().filter_map(|entry| entry.get(key)).collect();
            keys.sort_unstable();
            if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
                problems.push(format!("parameters/{name}: two entries for {key} {}", pair[0]));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// Walks the places of a schema that hold schemas.
fn check_keywords(schema: &Value, path: &str) -> Result<(), String> {
    if schema.as_bool().is_some() {
        return Ok(());
    }
    let fields = schema.as_object().ok_or_else(|| format!("{path}: not a schema"))?;
    for (keyword, value) in fields {
        let here = format!("{path}/{keyword}");
        if !KEYWORDS.contains(&keyword.as_str()) {
            return Err(format!("{here}: this keyword is not supported"));
        }
        match keyword.as_str() {
            "properties" | "$defs" => {
                let schemas = value.as_object().ok_or_else(|| format!("{here}: not an object"))?;
                for (name, schema) in schemas {
                    check_keywords(schema, &format!("{here}/{name}"))?;
                }
            }
            "items" | "additionalProperties" | "propertyNames" => check_keywords(value, &here)?,
            "$ref" if !value.as_str().is_some_and(|target| target.starts_with("#/$defs/")) => {
                return Err(format!("{here}: only #/$defs/… may be referred to"));
            }
            _ => check_numbers(value, &here)?,
        }
    }
    Ok(())
}

fn check_numbers(value: &Value, path: &str) -> Result<(), String> {
    match value {
        Value::Integer(integer) if integer.magnitude() > U256::from(MAX_NUMBER) => Err(format!(
            "{path}: {integer} is beyond 2^53; the decoder already limits integers to 256 bits"
        )),
        Value::Array(items) => items.iter().try_for_each(|item| check_numbers(item, path)),
        Value::Object(fields) => fields.values().try_for_each(|field| check_numbers(field, path)),
        _ => Ok(()),
    }
}

/// The value as the schema library sees it. Integers beyond 64 bits become floats *here*, which
/// is why nothing but the schema's verdict comes back.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(integer) => integer_to_json(*integer),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Set(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Object(fields) => Json::Object(
            fields.iter().map(|(name, field)| (name.clone(), to_json(field))).collect(),
        ),
    }
}

fn integer_to_json(integer: Integer) -> Json {
    if let Some(small) = integer.to_u64() {
        return Json::from(small);
    }
    let magnitude = integer.magnitude();
    if integer.is_negative() && magnitude <= U256::from(i64::MAX) {
        return Json::from(-magnitude.to::<i64>());
    }
    let float = f64::from(magnitude);
    Json::from(if integer.is_negative() { -float } else { float })
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
