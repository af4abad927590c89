//! The shape of the input document, version 1, checked before every evaluation.
//!
//! A policy that says `deny if input.x > limit` denies nothing when `x` is missing or is text.
//! So every field that a policy may rely on is present and of its type before Rego runs, and
//! fields that version 1 does not have are refused: what is not in the document cannot influence
//! the decision.
//!
//! The document of a call that comes through no EntryPoint has one field more, `action`, and what
//! an EntryPoint would have said of an operation is zero in it.

use crate::{AssetBound, VERIFIED, Value, result::list_bounds};

/// The version of the input document that this crate checks and policies are written for.
pub const INPUT_VERSION: u64 = 1;

enum Shape {
    Bool,
    /// An integer that is not negative.
    Amount,
    Text,
    /// 42 lowercase characters.
    Address,
    /// `0x` and 64 lowercase digits.
    Hash,
    /// `0x` and an even number of lowercase digits.
    Bytes,
    /// Empty, or `0x` and eight lowercase digits.
    Selector,
    AssetKind,
    /// Whatever an argument's ABI type holds.
    Any,
    /// Facts by name.
    Facts,
    /// A call, of a function that a policy pinned or of another.
    Call,
    List(&'static Self),
    Record(&'static [(&'static str, Self)]),
}

use Shape::{
    Address, Amount, Any, AssetKind, Bool, Bytes, Call, Facts, Hash, List, Record, Selector, Text,
};

const INPUT: Shape = Record(&[
    ("version", Amount),
    ("chain", CHAIN),
    ("account", ACCOUNT),
    ("operation", OPERATION),
    ("calls", List(&Call)),
    ("bounds", List(&BOUND)),
    ("effects", EFFECTS),
    ("history", HISTORY),
    ("facts", Facts),
]);
/// Of a call that comes through no EntryPoint: the same, and what of its action the rest does not show.
const CALL_INPUT: Shape = Record(&[
    ("version", Amount),
    ("chain", CHAIN),
    ("account", ACCOUNT),
    ("operation", OPERATION),
    ("action", ACTION),
    ("calls", List(&Call)),
    ("bounds", List(&BOUND)),
    ("effects", EFFECTS),
    ("history", HISTORY),
    ("facts", Facts),
]);
const CHAIN: Shape = Record(&[("id", Amount), ("block", BLOCK)]);
const ACCOUNT: Shape =
    Record(&[("address", Address), ("codeHash", Hash), ("kind", Text), ("deployed", Bool)]);
const HISTORY: Shape = Record(&[("sequence", Amount), ("day", DAY)]);
const ACTION: Shape = Record(&[
    ("enforcer", Address),
    ("caller", Address),
    ("target", Address),
    ("path", Text),
    ("operation", Text),
    ("context", Hash),
    ("nonce", Amount),
]);
const BLOCK: Shape = Record(&[("number", Amount), ("hash", Hash), ("timestamp", Amount)]);
const OPERATION: Shape = Record(&[
    ("entryPoint", Address),
    ("nonce", Record(&[("key", Amount), ("sequence", Amount)])),
    ("factory", Address),
    ("paymaster", Address),
    ("callGasLimit", Amount),
    ("maxCost", Amount),
]);
const CALL: Shape = Record(&[
    ("to", Address),
    ("value", Amount),
    ("selector", Selector),
    ("function", Text),
    ("args", ARGUMENTS),
    ("data", Bytes),
]);
/// Of a function that a policy of the set pins: the same, and what it is by that.
const PINNED_CALL: Shape = Record(&[
    ("to", Address),
    ("value", Amount),
    ("selector", Selector),
    ("function", Text),
    ("args", ARGUMENTS),
    ("data", Bytes),
    ("pinned", Record(&[("function", Text), ("args", ARGUMENTS)])),
]);
const ARGUMENTS: Shape = List(&Record(&[("name", Text), ("type", Text), ("value", Any)]));
const BOUND: Shape = Record(&[
    ("asset", Address),
    ("kind", AssetKind),
    ("id", Amount),
    ("spender", Address),
    ("maxOut", Amount),
]);
const EFFECTS: Shape = Record(&[
    ("native", List(&Record(&[("from", Address), ("to", Address), ("amount", Amount)]))),
    (
        "tokens",
        List(&Record(&[
            ("token", Address),
            ("standard", Text),
            ("from", Address),
            ("to", Address),
            ("id", Amount),
            ("amount", Amount),
        ])),
    ),
    (
        "approvals",
        List(&Record(&[
            ("kind", Text),
            ("token", Address),
            ("owner", Address),
            ("spender", Address),
            ("id", Amount),
            ("amount", Amount),
        ])),
    ),
    ("delegateCalls", List(&Record(&[("from", Address), ("to", Address)]))),
    ("created", List(&Address)),
    ("touched", List(&Address)),
    ("reverted", Bool),
]);
/// A fact that holds.
const FACT: Shape = Record(&[
    ("status", Text),
    ("kind", Text),
    ("issuer", Text),
    ("value", Any),
    ("issuedAt", Amount),
    ("validUntil", Amount),
    ("proof", Hash),
]);
/// A fact that does not, and why.
const UNMET_FACT: Shape = Record(&[("status", Text), ("detail", Text)]);
const DAY: Shape = Record(&[
    ("operations", Amount),
    ("spent", List(&Record(&[("asset", Address), ("amount", Amount)]))),
]);

/// An input document that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input{path}: expected {expected}")]
pub struct InputError {
    /// Where in the document, as `.calls[0].to`.
    pub path: String,
    /// What version 1 has there.
    pub expected: String,
}

/// Checks that `input` has exactly the shape of version 1.
///
/// # Errors
/// Naming the first field that is missing, unknown or of another type.
pub fn check_input(input: &Value) -> Result<(), InputError> {
    let shape = if input.get("action").is_some() { &CALL_INPUT } else { &INPUT };
    check(shape, input)?;
    if input.get("version") != Some(&Value::from(INPUT_VERSION)) {
        return Err(expected("version 1").under(".version"));
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
        Bool => holds(value.as_bool().is_some(), "a boolean"),
        Amount => {
            let amount = value.as_integer().filter(|integer| !integer.is_negative());
            holds(amount.is_some(), "an integer of at least 0")
        }
        Text => holds(text.is_some(), "a string"),
        Address => holds(text.is_some_and(|text| is_hex(text, Some(20))), "a lowercase address"),
        Hash => holds(text.is_some_and(|text| is_hex(text, Some(32))), "a lowercase hash"),
        Bytes => holds(text.is_some_and(|text| is_hex(text, None)), "lowercase 0x bytes"),
        Selector => {
            let fits = text.is_some_and(|text| text.is_empty() || is_hex(text, Some(4)));
            holds(fits, "an empty string or a lowercase selector")
        }
        AssetKind => {
            let known = text.and_then(crate::AssetKind::from_word).is_some();
            holds(known, "a kind of asset, as native or erc20")
        }
        Any => Ok(()),
        Call if value.get("pinned").is_some() => check(&PINNED_CALL, value),
        Call => check(&CALL, value),
        Facts => {
            let facts = value.as_object().ok_or_else(|| expected("an object"))?;
            facts.iter().try_for_each(|(name, fact)| {
                let status = fact.get("status").and_then(Value::as_str);
                let shape = if status == Some(VERIFIED) { &FACT } else { &UNMET_FACT };
                check(shape, fact).map_err(|error| error.under(format!(".{name}")))
            })
        }
        List(item) => {
            let items = value.as_array().ok_or_else(|| expected("an array"))?;
            items.iter().enumerate().try_for_each(|(index, value)| {
                check(item, value).map_err(|error| error.under(format!("[{index}]")))
            })
        }
        Record(fields) => {
            let object = value.as_object().ok_or_else(|| expected("an object"))?;
            for (name, shape) in *fields {
                let field = object
                    .get(*name)
                    .ok_or_else(|| expected("a value").under(format!(".{name}")))?;
                check(shape, field).map_err(|error| error.under(format!(".{name}")))?;
            }
            let unknown = object.keys().find(|name| fields.iter().all(|(known, _)| known != name));
            match unknown {
                None => Ok(()),
                Some(name) => Err(expected("no such field").under(format!(".{name}"))),
            }
        }
    }
}

fn is_hex(text: &str, bytes: Option<usize>) -> bool {
    let Some(digits) = text.strip_prefix("0x") else { return false };
    digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        && bytes.map_or(digits.len().is_multiple_of(2), |bytes| digits.len() == 2 * bytes)
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
