//! What a fact's value looks like.

use std::collections::BTreeMap;

use crate::Value;

/// The deepest nesting of a shape.
const MAX_SHAPE_DEPTH: usize = 4;
/// The most fields of a record.
const MAX_SHAPE_FIELDS: usize = 16;
/// The most items of a list in a value.
const MAX_ITEMS: usize = 64;
/// The longest text in a value, in bytes.
pub const MAX_TEXT: usize = 256;

/// The shape of a value, so that a policy never compares a number with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactShape {
    /// `true` or `false`.
    Boolean,
    /// An integer.
    Integer,
    /// ASCII text of at most [`MAX_TEXT`] bytes: what PolicyVM computes with.
    Text,
    /// 42 lowercase characters.
    Address,
    /// At most 64 items of one shape.
    List(Box<FactShape>),
    /// Fields by name.
    Record(BTreeMap<String, FactShape>),
}

impl FactShape {
    /// Reads `"boolean"`, `"integer"`, `"text"`, `"address"`, `{"list": …}` or `{"record": {name: …}}`.
    pub(crate) fn from_value(value: &Value) -> Result<Self, String> {
        Self::read(value, 0)
    }

    fn read(value: &Value, depth: usize) -> Result<Self, String> {
        if depth >= MAX_SHAPE_DEPTH {
            return Err(format!("a shape is nested at most {MAX_SHAPE_DEPTH} deep"));
        }
        let unknown =
            || format!("{value} is no shape: boolean, integer, text, address, list or record");
        match value {
            Value::String(word) => match word.as_str() {
                "boolean" => Ok(Self::Boolean),
                "integer" => Ok(Self::Integer),
                "text" => Ok(Self::Text),
                "address" => Ok(Self::Address),
                _ => Err(unknown()),
            },
            Value::Object(fields) if fields.len() == 1 => {
                if let Some(item) = fields.get("list") {
                    return Ok(Self::List(Box::new(Self::read(item, depth + 1)?)));
                }
                let record = fields.get("record").and_then(Value::as_object).ok_or_else(unknown)?;
                if record.is_empty() || record.len() > MAX_SHAPE_FIELDS {
                    return Err(format!("a record has 1 to {MAX_SHAPE_FIELDS} fields"));
                }
                let fields = record.iter().map(|(name, shape)| {
                    Ok::<_, String>((name.clone(), Self::read(shape, depth + 1)?))
                });
                fields.collect::<Result<_, _>>().map(Self::Record)
            }
            _ => Err(unknown()),
        }
    }

    /// Whether `value` has this shape and nothing beside it.
    pub fn holds(&self, value: &Value) -> bool {
        self.part_of(value).as_ref() == Some(value)
    }

    /// What of `value` has this shape: fields of objects that are not named are left out. None when something named is
    /// missing or of another kind.
    pub fn part_of(&self, value: &Value) -> Option<Value> {
        let plain = match (self, value) {
            (Self::Boolean, Value::Bool(_)) | (Self::Integer, Value::Integer(_)) => true,
            (Self::Text, Value::String(text)) => text.len() <= MAX_TEXT && text.is_ascii(),
            (Self::Address, text) => crate::functions::lowercase_address(text).is_some(),
            (Self::List(shape), Value::Array(items)) => {
                if items.len() > MAX_ITEMS {
                    return None;
                }
                let items: Option<Vec<Value>> =
                    items.iter().map(|item| shape.part_of(item)).collect();
                return items.map(Value::Array);
            }
            (Self::Record(shapes), Value::Object(fields)) => {
                let part = |(name, shape): (&String, &Self)| {
                    Some((name.clone(), shape.part_of(fields.get(name)?)?))
                };
                let fields: Option<BTreeMap<String, Value>> = shapes.iter().map(part).collect();
                return fields.map(Value::Object);
            }
            _ => false,
        };
        plain.then(|| value.clone())
    }
}
