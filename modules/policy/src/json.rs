//! Our own JSON decoder, because the decision must not depend on anybody's number type.
//!
//! Ordinary decoders turn integers above 2^64 into floats, keep the last of two equal keys, and
//! spend unbounded time on `1e99999999`. This one accepts the subset in which a text has one
//! meaning: integers without fraction, exponent or `-0`, no null, no repeated key, no unpaired
//! surrogate, bounded size and depth.

use std::collections::BTreeMap;

use crate::{Integer, IntegerError, Value};

/// The deepest nesting of any value, in JSON and in the canonical encoding. A bare scalar has
/// depth one.
pub const MAX_DEPTH: usize = 16;

/// What a decoder accepts from a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text or encoding, in bytes.
    pub bytes: usize,
    /// The deepest nesting; at most [`MAX_DEPTH`] is honoured.
    pub depth: usize,
    /// The most values in total, counting every array item and object field.
    pub values: usize,
}

impl Limits {
    /// For parameters, manifests and schemas: 64 KiB.
    pub const PARAMETERS: Self = Self { bytes: 64 * 1024, depth: MAX_DEPTH, values: 8_192 };
    /// For input documents: 1 MiB.
    pub const INPUT: Self = Self { bytes: 1024 * 1024, depth: MAX_DEPTH, values: 65_536 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::INPUT
    }
}

/// A refusal, and where in the text it happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct DecodeError {
    /// The line, from one.
    pub line: usize,
    /// The column, from one, in bytes.
    pub column: usize,
    /// What is wrong there.
    pub problem: DecodeProblem,
}

/// What the decoder refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The text is longer than the limit.
    #[error("text of {0} bytes, at most {1} are accepted")]
    TooLong(usize, usize),
    /// Nesting beyond the limit.
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    /// More values than the limit.
    #[error("more than {0} values")]
    TooMany(usize),
    /// The text ends inside a value.
    #[error("the text ends here, {0} was expected")]
    End(&'static str),
    /// Something else stands where this was expected.
    #[error("{0} was expected")]
    Expected(&'static str),
    /// `null` has no meaning in a policy.
    #[error("null is not allowed, leave the field out or give it a value")]
    Null,
    /// A fraction or exponent.
    #[error("numbers are whole and written out: no fraction, no exponent")]
    NotInteger,
    /// The integer is out of range or misspelt.
    #[error("{0}")]
    Integer(#[from] IntegerError),
    /// The same key twice in one object.
    #[error("key {0:?} appears twice")]
    DuplicateKey(String),
    /// A control character that JSON wants escaped.
    #[error("control character in a string, escape it")]
    Control,
    /// An escape that JSON does not have.
    #[error("unknown escape")]
    Escape,
    /// Half of a surrogate pair.
    #[error("unpaired surrogate")]
    Surrogate,
    /// Something follows the value.
    #[error("text after the end of the value")]
    Trailing,
}

/// Decodes one JSON text into a [`Value`].
///
/// # Errors
/// With line and column, for everything that [`DecodeProblem`] names.
pub fn decode_json(text: &str, limits: &Limits) -> Result<Value, DecodeError> {
    let mut reader =
        Reader { text, position: 0, depth: limits.depth.min(MAX_DEPTH), limits, values: 0 };
    reader.document().map_err(|problem| {
        let before = &text.as_bytes()[..reader.position.min(text.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        DecodeError {
            line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
            column: 1 + before.len() - line_start,
            problem,
        }
    })
}

struct Reader<'a> {
    text: &'a str,
    /// Byte offset; on an error it stands where the error is reported.
    position: usize,
    /// Levels still allowed below this point.
    depth: usize,
    limits: &'a Limits,
    values: usize,
}

type Outcome<T> = Result<T, DecodeProblem>;

impl Reader<'_> {
    fn document(&mut self) -> Outcome<Value> {
        if self.text.len() > self.limits.bytes {
            return Err(DecodeProblem::TooLong(self.text.len(), self.limits.bytes));
        }
        let value = self.value()?;
        self.space();
        if self.peek().is_some() { Err(DecodeProblem::Trailing) } else { Ok(value) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.position += 1;
        }
    }

    /// The next byte after white space, which must exist.
    fn next_token(&mut self, expected: &'static str) -> Outcome<u8> {
        self.space();
        self.peek().ok_or(DecodeProblem::End(expected))
    }

    fn value(&mut self) -> Outcome<Value> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(DecodeProblem::TooMany(self.limits.values));
        }
        let first = self.next_token("a value")?;
        if self.depth == 0 {
            return Err(DecodeProblem::TooDeep(self.limits.depth.min(MAX_DEPTH)));
        }
        match first {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => self.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' if self.rest().starts_with("null") => Err(DecodeProblem::Null),
            _ => Err(DecodeProblem::Expected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Outcome<Value>) -> Outcome<Value> {
        self.position += 1;
        self.depth -= 1;
        let value = read(self)?;
        self.depth += 1;
        Ok(value)
    }

    fn rest(&self) -> &str {
        // The position only ever stops at ASCII bytes or the end, which are character boundaries.
        self.text.get(self.position..).unwrap_or_default()
    }

    fn word(&mut self, word: &str, value: Value) -> Outcome<Value> {
        if !self.rest().starts_with(word) {
            return Err(DecodeProblem::Expected("a value"));
        }
        self.position += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Outcome<Value> {
        let start = self.position;
        let length = self
            .rest()
            .bytes()
            .enumerate()
            .take_while(|&(at, byte)| byte.is_ascii_digit() || (at == 0 && byte == b'-'))
            .count();
        if let Some(b'.' | b'e' | b'E') = self.text.as_bytes().get(start + length) {
            return Err(DecodeProblem::NotInteger);
        }
        let digits = self.rest().get(..length).unwrap_or_default();
        let integer: Integer = digits.parse()?;
        self.position = start + length;
        Ok(Value::Integer(integer))
    }

    fn array(&mut self) -> Outcome<Value> {
        let mut items = Vec::new();
        if self.next_token("a value or ]")? == b']' {
            self.position += 1;
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            match self.next_token(", or ]")? {
                b',' => self.position += 1,
                b']' => break,
                _ => return Err(DecodeProblem::Expected(", or ]")),
            }
        }
        self.position += 1;
        Ok(Value::Array(items))
    }

    fn object(&mut self) -> Outcome<Value> {
        let mut fields = BTreeMap::new();
        if self.next_token("a key or }")? == b'}' {
            self.position += 1;
            return Ok(Value::Object(fields));
        }
        loop {
            if self.next_token("a key")? != b'"' {
                return Err(DecodeProblem::Expected("a key"));
            }
            let at = self.position;
            let name = self.string()?;
            if fields.contains_key(&name) {
                self.position = at;
                return Err(DecodeProblem::DuplicateKey(name));
            }
            if self.next_token(":")? != b':' {
                return Err(DecodeProblem::Expected(":"));
            }
            self.position += 1;
            let value = self.value()?;
            fields.insert(name, value);
            match self.next_token(", or }")? {
                b',' => self.position += 1,
                b'}' => break,
                _ => return Err(DecodeProblem::Expected(", or }")),
            }
        }
        self.position += 1;
        Ok(Value::Object(fields))
    }

    /// Reads a string; the position stands at its opening quote.
    fn string(&mut self) -> Outcome<String> {
        self.position += 1;
        let mut text = String::new();
        loop {
            let plain =
                self.rest().bytes().take_while(|&b| b != b'"' && b != b'\\' && b >= 0x20).count();
            // Bytes of a multi-byte character are all ≥ 0x80, so the run ends at a boundary.
            text.push_str(self.rest().get(..plain).unwrap_or_default());
            self.position += plain;
            match self.peek() {
                None => return Err(DecodeProblem::End("\"")),
                Some(b'"') => break,
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(DecodeProblem::Control),
            }
        }
        self.position += 1;
        Ok(text)
    }

    fn escape(&mut self) -> Outcome<char> {
        let kind = self.text.as_bytes().get(self.position + 1).copied();
        let character = match kind.ok_or(DecodeProblem::End("an escape"))? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(DecodeProblem::Escape),
        };
        self.position += 2;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Outcome<char> {
        let first = self.code_unit(self.position)?;
        if !(0xd800..=0xdfff).contains(&first) {
            self.position += 6;
            return char::from_u32(first).ok_or(DecodeProblem::Surrogate);
        }
        let second = self.code_unit(self.position + 6).map_err(|_| DecodeProblem::Surrogate)?;
        if first > 0xdbff || !(0xdc00..=0xdfff).contains(&second) {
            return Err(DecodeProblem::Surrogate);
        }
        self.position += 12;
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or(DecodeProblem::Surrogate)
    }

    /// The code unit of the `\uXXXX` at byte `at`.
    fn code_unit(&self, at: usize) -> Outcome<u32> {
        let escape = self.text.as_bytes().get(at..at + 6).ok_or(DecodeProblem::Escape)?;
        let [b'\\', b'u', digits @ ..] = escape else { return Err(DecodeProblem::Escape) };
        digits.iter().try_fold(0, |code, &digit| {
            let digit = char::from(digit).to_digit(16).ok_or(DecodeProblem::Escape)?;
            Ok(code * 16 + digit)
        })
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
