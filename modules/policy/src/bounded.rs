//! Our own versions of the builtins whose result can be larger than what they were given, or is not
//! the same with every version of Unicode.
//!
//! Doubling a text forty times takes forty lines and a terabyte. regorus looks at the clock
//! between builtins but not at their results, so these replace its own: same answers, and an
//! error where the result would be too large or the text is not ASCII. An error is a denial on every machine.

use regorus::{Engine as Regorus, Value as Rego};

/// The longest text that `concat` makes, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The longest array that `array.concat` makes.
const MAX_ITEMS: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
enum BoundedError {
    #[error("`{0}` was called with other arguments than it takes")]
    Arguments(&'static str),
    #[error("`{0}` would make more than {1}")]
    TooLarge(&'static str, usize),
    #[error("`{0}` takes ASCII only")]
    NotAscii(&'static str),
}

/// Puts the bounded versions in front of the engine's own.
pub(crate) fn install(engine: &mut Regorus) -> Result<(), String> {
    engine
        .add_extension(
            "concat".to_owned(),
            2,
            Box::new(|arguments: Vec<Rego>| Ok(concat(&arguments)?)),
        )
        .and_then(|()| {
            engine.add_extension(
                "array.concat".to_owned(),
                2,
                Box::new(|arguments: Vec<Rego>| Ok(array_concat(&arguments)?)),
            )
        })
        .and_then(|()| {
            engine.add_extension(
                "lower".to_owned(),
                1,
                Box::new(|arguments: Vec<Rego>| Ok(lower(&arguments)?)),
            )
        })
        .map_err(|error| error.to_string())
}

/// Joins the strings of an array or set with a delimiter.
fn concat(arguments: &[Rego]) -> Result<Rego, BoundedError> {
    let wrong = || BoundedError::Arguments("concat");
    let [Rego::String(delimiter), collection] = arguments else { return Err(wrong()) };
    let items: Vec<&Rego> = match collection {
        Rego::Array(items) => items.iter().collect(),
        Rego::Set(items) => items.iter_sorted().collect(),
        _ => return Err(wrong()),
    };
    let mut text = String::new();
    for (index, item) in items.into_iter().enumerate() {
        let Rego::String(item) = item else { return Err(wrong()) };
        let delimiter = if index == 0 { "" } else { delimiter.as_ref() };
        if text.len() + delimiter.len() + item.len() > MAX_TEXT {
            return Err(BoundedError::TooLarge("concat", MAX_TEXT));
        }
        text.push_str(delimiter);
        text.push_str(item);
    }
    Ok(Rego::from(text))
}

/// A text with A to Z as a to z; beyond ASCII it would depend on the version of Unicode.
fn lower(arguments: &[Rego]) -> Result<Rego, BoundedError> {
    match arguments {
        [Rego::String(text)] if text.is_ascii() => Ok(Rego::from(text.to_ascii_lowercase())),
        [Rego::String(_)] => Err(BoundedError::NotAscii("lower")),
        _ => Err(BoundedError::Arguments("lower")),
    }
}

/// One array after another.
fn array_concat(arguments: &[Rego]) -> Result<Rego, BoundedError> {
    let [Rego::Array(first), Rego::Array(second)] = arguments else {
        return Err(BoundedError::Arguments("array.concat"));
    };
    if first.len() + second.len() > MAX_ITEMS {
        return Err(BoundedError::TooLarge("array.concat", MAX_ITEMS));
    }
    let items: Vec<Rego> = first.iter().chain(second.iter()).cloned().collect();
    Ok(Rego::from(items))
}
