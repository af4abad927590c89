//! Saying in words what a policy means under given parameters.
//!
//! A bundle's `words.json` is a list of sentences with places for parameters:
//!
//! ```json
//! [{"text": "A decision stands for {validFor:duration}."},
//!  {"each": "limits", "text": "At most {perDay:amount} in 24 hours.", "none": "Nothing may leave."}]
//! ```
//! `each` repeats the sentence for every entry of a list, and `none` stands for an empty list. `if` names a parameter (of the
//! entry, with `each`) without which the sentence is left out.
//! A place is a parameter's name, optionally with a format: `amount` (with the entry's `decimals`
//! and `symbol`), `ether`, `duration`, `functions`. In a list of plain values the entry itself is
//! called `item`.

use crate::{Integer, Value};

/// The most sentences in a description's template.
const MAX_SENTENCES: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Words {
    sentences: Vec<Sentence>,
}

#[derive(Clone, Debug)]
struct Sentence {
    each: Option<String>,
    condition: Option<String>,
    text: String,
    none: Option<String>,
}

impl Words {
    pub(crate) fn from_value(value: &Value) -> Result<Self, String> {
        let items = value.as_array().ok_or("an array of sentences was expected")?;
        if items.is_empty() || items.len() > MAX_SENTENCES {
            return Err(format!("1 to {MAX_SENTENCES} sentences are accepted"));
        }
        let sentences = items
            .iter()
            .map(|item| {
                let problem =
                    || format!("{item} is not a sentence: text, and each, if, none if any");
                let fields = item.as_object().ok_or_else(problem)?;
                if fields
                    .keys()
                    .any(|name| !["each", "if", "text", "none"].contains(&name.as_str()))
                {
                    return Err(problem());
                }
                let field = |name: &str| match fields.get(name) {
                    None => Ok(None),
                    Some(Value::String(text)) => Ok(Some(text.clone())),
                    Some(_) => Err(problem()),
                };
                let text = field("text")?.ok_or_else(problem)?;
                let (each, condition, none) = (field("each")?, field("if")?, field("none")?);
                Ok(Sentence { each, condition, text, none })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { sentences })
    }

    /// The names in places that parameters under `schema` can never have.
    pub(crate) fn unknown_places(&self, schema: &Value) -> Vec<String> {
        let resolve = |field: &Value| -> Value {
            let target = field.get("$ref").and_then(Value::as_str);
            let name = target.and_then(|target| target.strip_prefix("#/$defs/"));
            let known = name.and_then(|name| schema.get("$defs")?.get(name));
            known.unwrap_or(field).clone()
        };
        let has = |scope: &Value, name: &str| {
            scope.get("properties").is_some_and(|properties| properties.get(name).is_some())
        };
        let mut unknown = Vec::new();
        for sentence in &self.sentences {
            let list = sentence.each.as_deref();
            let entry = list.map(|list| {
                let field = schema.get("properties").and_then(|fields| fields.get(list));
                let items = field.map(resolve).and_then(|field| field.get("items").map(resolve));
                (list, items)
            });
            let names = places(&sentence.text).map(str::to_owned);
            match entry {
                None => unknown.extend(names.filter(|name| !has(schema, name))),
                Some((list, None)) => unknown.push(list.to_owned()),
                Some((_, Some(items))) => unknown.extend(names.filter(|name| {
                    let plain = items.get("properties").is_none() && name == "item";
                    !plain && !has(&items, name)
                })),
            }
        }
        unknown
    }

    /// The sentences with `parameters` in their places.
    pub(crate) fn describe(&self, parameters: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        for sentence in &self.sentences {
            let Some(list) = &sentence.each else {
                lines.extend(sentence.fill(parameters));
                continue;
            };
            let entries = parameters.get(list).and_then(Value::as_array).unwrap_or_default();
            lines.extend(entries.iter().filter_map(|entry| match entry {
                Value::Object(_) => sentence.fill(entry),
                plain => sentence.fill(&Value::object([("item", plain.clone())])),
            }));
            if entries.is_empty() {
                lines.extend(sentence.none.clone());
            }
        }
        lines
    }
}

/// The names in the places of one sentence, without what stands behind a dot.
fn places(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    inside.map(|(place, _)| place.split([':', '.']).next().unwrap_or(place))
}

impl Sentence {
    /// The sentence with its places filled, if it has something to say.
    fn fill(&self, scope: &Value) -> Option<String> {
        let missing = self.condition.as_ref().is_some_and(|name| scope.path(name).is_none());
        (!missing).then(|| fill(&self.text, scope))
    }
}

/// Fills the places of one sentence from the fields of `scope`.
fn fill(text: &str, scope: &Value) -> String {
    let mut line = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        line.push_str(before);
        let Some((place, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let (name, format) = place.split_once(':').unwrap_or((place, ""));
        match scope.path(name) {
            Some(value) => line.push_str(&show(value, format, scope)),
            None => line.push_str("(not set)"),
        }
        rest = after;
    }
    line.push_str(rest);
    line
}

fn show(value: &Value, format: &str, scope: &Value) -> String {
    match (value, format) {
        (Value::Integer(amount), "amount") => {
            let decimals = scope.get("decimals").and_then(Value::as_integer);
            let symbol = scope.get("symbol").and_then(Value::as_str).unwrap_or("units");
            format!("{} {symbol}", shift(*amount, decimals.and_then(|d| d.to_u64()).unwrap_or(0)))
        }
        (Value::Integer(amount), "ether") => shift(*amount, 18),
        (Value::Integer(seconds), "duration") => duration(*seconds),
        (Value::Array(items), _) => {
            let shown: Vec<String> = items.iter().map(|item| show(item, format, scope)).collect();
            shown.join(", ")
        }
        (Value::String(selector), "functions") => function(selector).to_owned(),
        (Value::String(text), _) => text.clone(),
        (other, _) => other.to_json(),
    }
}

/// Writes an amount of smallest units with its decimal point.
fn shift(amount: Integer, decimals: u64) -> String {
    let decimals = usize::try_from(decimals).unwrap_or(0).min(78);
    let sign = if amount.is_negative() { "-" } else { "" };
    let digits = format!("{:0>width$}", amount.magnitude().to_string(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    match fraction.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{fraction}"),
    }
}

fn duration(seconds: Integer) -> String {
    let Some(seconds) = seconds.to_u64() else { return format!("{seconds} seconds") };
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, name) = units
        .into_iter()
        .find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size))
        .unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// The signature behind a well-known selector. Only selectors of standards, whose meaning nobody
/// can choose.
fn function(selector: &str) -> &str {
    match selector {
        "" => "plain transfers of native currency",
        "0xa9059cbb" => "transfer(address,uint256)",
        "0x095ea7b3" => "approve(address,uint256)",
        "0x23b872dd" => "transferFrom(address,address,uint256)",
        "0xd0e30db0" => "deposit()",
        "0x2e1a7d4d" => "withdraw(uint256)",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, decode_json};

    fn describe(words: &str, parameters: &str) -> Vec<String> {
        let read = |text| decode_json(text, &Limits::PARAMETERS).expect(text);
        Words::from_value(&read(words)).expect(words).describe(&read(parameters))
    }

    #[test]
    fn fills_places_and_repeats() {
        let words = r#"[{"text": "For {validFor:duration}, {missing}."},
            {"each": "limits", "text": "{perDay:amount} of {asset}: {selectors:functions}"},
            {"each": "spenders", "text": "spender {item}", "none": "nobody"}]"#;
        let parameters = r#"{"validFor": 300, "spenders": ["0x1", "0x2"], "limits": [
            {"asset": "0xa", "perDay": 1500000, "decimals": 6, "symbol": "USDC", "selectors": ["", "0xa9059cbb"]}]}"#;
        assert_eq!(
            describe(words, parameters),
            [
                "For 5 minutes, (not set).",
                "1.5 USDC of 0xa: plain transfers of native currency, transfer(address,uint256)",
                "spender 0x1",
                "spender 0x2"
            ]
        );
        assert_eq!(
            describe(words, r#"{"validFor": 1, "spenders": []}"#),
            ["For 1 second, (not set).", "nobody"]
        );
    }

    #[test]
    fn a_sentence_about_what_is_not_set_is_left_out() {
        let words = r#"[{"if": "most", "text": "Up to {most}."},
            {"each": "limits", "if": "perHour", "text": "{perHour} of {asset}", "none": "nothing"}]"#;
        let limits = r#"{"limits": [{"asset": "a"}, {"asset": "b", "perHour": 5}]"#;
        assert_eq!(describe(words, &format!("{limits}}}")), ["5 of b"]);
        assert_eq!(describe(words, &format!(r#"{limits}, "most": 0}}"#)), ["Up to 0.", "5 of b"]);
        assert_eq!(describe(words, r#"{"limits": []}"#), ["nothing"]);
    }

    #[test]
    fn amounts_get_their_point() {
        for (amount, decimals, shown) in [
            (0_u64, 0, "0"),
            (0, 18, "0"),
            (1, 18, "0.000000000000000001"),
            (1_000_000, 6, "1"),
            (1_230_000, 6, "1.23"),
            (123, 0, "123"),
            (123, 2, "1.23"),
        ] {
            assert_eq!(shift(Integer::from(amount), decimals), shown);
        }
    }

    #[test]
    fn malformed_words_are_refused() {
        for words in ["[]", "{}", r#"[{}]"#, r#"[{"text": 1}]"#, r#"[{"text": "a", "when": "b"}]"#]
        {
            let value = decode_json(words, &Limits::PARAMETERS).expect(words);
            assert!(Words::from_value(&value).is_err(), "{words}");
        }
        // An open brace at the end is text, not a panic.
        assert_eq!(describe(r#"[{"text": "a {b"}]"#, "{}"), ["a b"]);
    }
}
