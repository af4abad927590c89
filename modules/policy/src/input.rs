//! The shape of the input document, version 2, checked before every evaluation.
//!
//! A policy that says `deny if input.x > limit` denies nothing when `x` is missing or is text.
//! So every field that a policy may rely on is present and of its type before Rego runs, and
//! fields that version 2 does not have are refused: what is not in the document cannot influence
//! the decision.
//!
//! The document of a call that comes through no EntryPoint has one field more, `action`, and what
//! an EntryPoint would have said of an operation is zero in it.
//!
//! The tables of fields are in `input_shape`; the JSON Schema that is published of them, in `input_schema`.

use crate::{
    AssetBound, VERIFIED, Value,
    input_shape::{FACT, INPUT, Shape, UNMET_FACT},
    result::list_bounds,
};

/// The version of the input document that this crate checks and policies are written for.
pub const INPUT_VERSION: u64 = 2;

/// An input document that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input{path}: expected {expected}")]
pub struct InputError {
    /// Where in the document, as `.calls[0].to`.
    pub path: String,
    /// What version 2 has there.
    pub expected: String,
}

/// Checks that `input` has exactly the shape of version 2.
///
/// # Errors
/// Naming the first field that is missing, unknown or of another type.
pub fn check_input(input: &Value) -> Result<(), InputError> {
    check(&INPUT, input)?;
    if input.get("version") != Some(&Value::from(INPUT_VERSION)) {
        return Err(expected("version 2").under(".version"));
    }
    input_bounds(input).map(|_| ())
}

/// The bounds of an input, which are a list that the chain can enforce: the native currency first, then the others by
/// kind, asset, id and spender, strictly ascending, so that nothing stands there twice.
pub(crate) fn input_bounds(input: &Value) -> Result<Vec<AssetBound>, InputError> {
    let refuse = |problem: String| InputError { path: ".bounds".to_owned(), expected: problem };
    let listed = input.get("bounds").ok_or_else(|| refuse("a list".to_owned()))?;
    let bounds = list_bounds(listed).map_err(refuse)?;
    let in_order = bounds.is_sorted_by(|one, next| one.key() < next.key());
    let native_first = bounds.first().is_some_and(|first| first.kind == crate::AssetKind::Native);
    if in_order && native_first {
        Ok(bounds)
    } else {
        Err(refuse("native currency first, then the others in ascending order".to_owned()))
    }
}

fn expected(what: impl Into<String>) -> InputError {
    InputError { path: String::new(), expected: what.into() }
}

impl InputError {
    fn under(mut self, prefix: impl AsRef<str>) -> Self {
        self.path.insert_str(0, prefix.as_ref());
        self
    }
}

fn check(shape: &Shape, value: &Value) -> Result<(), InputError> {
    let holds = |holds: bool, what: &str| if holds { Ok(()) } else { Err(expected(what)) };
    let text = value.as_str();
    match shape {
        Shape::Bool => holds(value.as_bool().is_some(), "a boolean"),
        Shape::Amount => {
            let amount = value.as_integer().filter(|integer| !integer.is_negative());
            holds(amount.is_some(), "an integer of at least 0")
        }
        Shape::Text => holds(text.is_some(), "a string"),
        Shape::Word(words) => {
            let known = text.is_some_and(|text| words.contains(&text));
            if known { Ok(()) } else { Err(expected(format!("one of {}", words.join(", ")))) }
        }
        Shape::Address => {
            holds(text.is_some_and(|text| is_hex(text, Some(20))), "a lowercase address")
        }
        Shape::Hash => holds(text.is_some_and(|text| is_hex(text, Some(32))), "a lowercase hash"),
        Shape::Bytes => holds(text.is_some_and(|text| is_hex(text, None)), "lowercase 0x bytes"),
        Shape::Selector => {
            let fits = text.is_some_and(|text| text.is_empty() || is_hex(text, Some(4)));
            holds(fits, "an empty string or a lowercase selector")
        }
        Shape::AssetKind => {
            let known = text.and_then(crate::AssetKind::from_word).is_some();
            holds(known, "a kind of asset, as native or erc20")
        }
        Shape::Any => Ok(()),
        Shape::Facts => {
            let facts = value.as_object().ok_or_else(|| expected("an object"))?;
            facts.iter().try_for_each(|(name, fact)| {
                let status = fact.get("status").and_then(Value::as_str);
                let shape = if status == Some(VERIFIED) { &FACT } else { &UNMET_FACT };
                check(shape, fact).map_err(|error| error.under(format!(".{name}")))
            })
        }
        Shape::List(item, most) => check_list(item, *most, value),
        Shape::Sorted(item, most, keys) => {
            check_list(item, *most, value)?;
            let key = |item: &Value| -> Vec<Option<Value>> {
                keys.iter().map(|key| item.get(key).cloned()).collect()
            };
            let items = value.as_array().unwrap_or_default();
            let ascends = items.is_sorted_by(|one, next| key(one) < key(next));
            if ascends { Ok(()) } else { Err(expected(format!("ascending {}", keys.join(", ")))) }
        }
        Shape::Record(fields) => {
            let object = value.as_object().ok_or_else(|| expected("an object"))?;
            for field in *fields {
                let under = |error: InputError| error.under(format!(".{}", field.name));
                match object.get(field.name) {
                    Some(value) => check(&field.shape, value).map_err(under)?,
                    None if field.optional => {}
                    None => return Err(under(expected("a value"))),
                }
            }
            let known = |name: &String| fields.iter().any(|field| field.name == name);
            match object.keys().find(|name| !known(name)) {
                None => Ok(()),
                Some(name) => Err(expected("no such field").under(format!(".{name}"))),
            }
        }
    }
}

fn check_list(item: &Shape, most: usize, value: &Value) -> Result<(), InputError> {
    let items = value.as_array().ok_or_else(|| expected("an array"))?;
    if items.len() > most {
        return Err(expected(format!("at most {most} items")));
    }
    items.iter().enumerate().try_for_each(|(index, value)| {
        check(item, value).map_err(|error| error.under(format!("[{index}]")))
    })
}

fn is_hex(text: &str, bytes: Option<usize>) -> bool {
    let Some(digits) = text.strip_prefix("0x") else { return false };
    digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        && bytes.map_or(digits.len().is_multiple_of(2), |bytes| digits.len() == 2 * bytes)
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
