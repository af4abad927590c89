//! ABI types that a policy pins, and the one encoding of their values that is accepted.
//!
//! Two decoders that disagree are a bypass, so nothing is followed here: bytes are read forward only, every offset has to
//! lead to what is read next, all padding is zero, and nothing is left over. Work is linear in the input: elements that
//! overlap cannot be expressed.

use alloy::primitives::{Address, FixedBytes, I256, U256, keccak256};

use crate::{Integer, Value};

/// The most parameters of a function, and fields of a tuple.
const MAX_FIELDS: usize = 16;
/// The deepest nesting of a type.
const MAX_TYPE_DEPTH: usize = 4;
/// The most items of a fixed array.
const MAX_FIXED: usize = 64;
/// What a function of a JSON ABI has; some of it says nothing here.
const FUNCTION_FIELDS: [&str; 5] = ["name", "type", "inputs", "outputs", "stateMutability"];
const PARAMETER_FIELDS: [&str; 4] = ["name", "type", "components", "internalType"];
/// The most values that one decoding gives.
pub const MAX_ABI_VALUES: usize = 4_096;

/// A type of the ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AbiType {
    /// `uintN`, of so many bits.
    Uint(usize),
    /// `intN`, of so many bits.
    Int(usize),
    /// `address`.
    Address,
    /// `bool`.
    Bool,
    /// `bytesN`, of so many bytes.
    FixedBytes(usize),
    /// `bytes`.
    Bytes,
    /// `string`.
    Text,
    /// `T[]`.
    Array(Box<AbiType>),
    /// `T[N]`.
    FixedArray(Box<AbiType>, usize),
    /// A tuple, whose fields have names.
    Tuple(Vec<AbiField>),
}

/// A named parameter, or field of a tuple.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbiField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: AbiType,
}

/// A function's signature with the names of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbiFunction {
    /// As it is hashed: `transfer(address,uint256)`.
    pub signature: String,
    /// The first four bytes of the signature's hash.
    pub selector: FixedBytes<4>,
    /// The parameters, in order.
    pub inputs: Vec<AbiField>,
    /// What it returns; names may be empty.
    pub outputs: Vec<AbiField>,
}

impl AbiFunction {
    /// Reads a function as a contract's JSON ABI has it. Every parameter has a name.
    ///
    /// # Errors
    /// In words: what is not understood, not named, or too large.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("a function of a JSON ABI was expected")?;
        let unknown = fields.keys().find(|name| !FUNCTION_FIELDS.contains(&name.as_str()));
        if let Some(unknown) = unknown {
            return Err(format!("unknown field {unknown:?}"));
        }
        if fields.get("type").is_some_and(|kind| kind.as_str() != Some("function")) {
            return Err("type is not function".to_owned());
        }
        let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
        if !is_identifier(name) {
            return Err("name is not one of Solidity's".to_owned());
        }
        let parameters = |name: &str, named: bool| match fields.get(name) {
            None if !named => Ok(Vec::new()),
            None => Err(format!("{name} is missing")),
            Some(listed) => parameters(listed, named, 0),
        };
        let (inputs, outputs) = (parameters("inputs", true)?, parameters("outputs", false)?);
        let types: Vec<String> = inputs.iter().map(|field| field.kind.name()).collect();
        let signature = format!("{name}({})", types.join(","));
        let hash = keccak256(&signature);
        let selector = FixedBytes::from_slice(&hash[..4]);
        Ok(Self { signature, selector, inputs, outputs })
    }

    /// The arguments in `data`, which begins with the selector.
    ///
    /// None unless `data` is exactly the encoding of what it says.
    pub fn arguments(&self, data: &[u8]) -> Option<Vec<Value>> {
        decode_abi(&self.inputs, data.strip_prefix(self.selector.as_slice())?)
    }
}

impl AbiType {
    /// Reads an elementary type, or an array of one.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        kind(text, None, 0)
    }

    /// The type's name in the ABI; a tuple's is its fields' types in parentheses.
    pub fn name(&self) -> String {
        match self {
            Self::Uint(bits) => format!("uint{bits}"),
            Self::Int(bits) => format!("int{bits}"),
            Self::Address => "address".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::FixedBytes(length) => format!("bytes{length}"),
            Self::Bytes => "bytes".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Array(item) => format!("{}[]", item.name()),
            Self::FixedArray(item, length) => format!("{}[{length}]", item.name()),
            Self::Tuple(fields) => {
                let names: Vec<String> = fields.iter().map(|field| field.kind.name()).collect();
                format!("({})", names.join(","))
            }
        }
    }

    fn is_dynamic(&self) -> bool {
        match self {
            Self::Bytes | Self::Text | Self::Array(_) => true,
            Self::FixedArray(item, _) => item.is_dynamic(),
            Self::Tuple(fields) => fields.iter().any(|field| field.kind.is_dynamic()),
            _ => false,
        }
    }
}

/// A name as Solidity takes it, of at most 64 characters.
fn is_identifier(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$';
    !name.is_empty()
        && name.len() <= 64
        && letter(name.as_bytes()[0])
        && name.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

fn parameters(listed: &Value, named: bool, depth: usize) -> Result<Vec<AbiField>, String> {
    let listed = listed.as_array().ok_or("parameters are not an array")?;
    if listed.len() > MAX_FIELDS {
        return Err(format!("{} parameters, at most {MAX_FIELDS} are accepted", listed.len()));
    }
    let mut fields: Vec<AbiField> = Vec::with_capacity(listed.len());
    for value in listed {
        let parameter = value.as_object().ok_or("a parameter is not an object")?;
        let unknown = parameter.keys().find(|name| !PARAMETER_FIELDS.contains(&name.as_str()));
        if let Some(unknown) = unknown {
            return Err(format!("unknown field {unknown:?}"));
        }
        let text = |name: &str| parameter.get(name).and_then(Value::as_str);
        let kind_name = text("type").ok_or("a parameter has no type")?;
        let name = text("name").unwrap_or_default();
        if named && !is_identifier(name) {
            return Err(format!("a parameter of type {kind_name} has no name"));
        }
        if !name.is_empty() && fields.iter().any(|field| field.name == name) {
            return Err(format!("two parameters are called {name}"));
        }
        let kind = kind(kind_name, parameter.get("components"), depth)?;
        fields.push(AbiField { name: name.to_owned(), kind });
    }
    Ok(fields)
}

fn kind(text: &str, components: Option<&Value>, depth: usize) -> Result<AbiType, String> {
    if depth > MAX_TYPE_DEPTH {
        return Err(format!("types are nested deeper than {MAX_TYPE_DEPTH}"));
    }
    let unknown = || format!("{text:?} is not a type of the ABI that is accepted");
    if let Some(rest) = text.strip_suffix(']') {
        let (item, length) = rest.rsplit_once('[').ok_or_else(unknown)?;
        let item = Box::new(kind(item, components, depth + 1)?);
        if length.is_empty() {
            return Ok(AbiType::Array(item));
        }
        if !length.bytes().all(|byte| byte.is_ascii_digit()) || length.starts_with('0') {
            return Err(unknown());
        }
        return match length.parse() {
            Ok(length) if length <= MAX_FIXED => Ok(AbiType::FixedArray(item, length)),
            _ => Err(format!("a fixed array has 1 to {MAX_FIXED} items")),
        };
    }
    if text == "tuple" {
        let fields = parameters(components.ok_or("a tuple has components")?, true, depth + 1)?;
        if fields.is_empty() {
            return Err("a tuple has at least one field".to_owned());
        }
        return Ok(AbiType::Tuple(fields));
    }
    if components.is_some() {
        return Err(format!("{text} has no components"));
    }
    elementary(text).ok_or_else(unknown)
}

/// A type of one word, `bytes` or `string`, by its one name: `uint256`, and not `uint`.
fn elementary(text: &str) -> Option<AbiType> {
    let sized = |prefix: &str| {
        let digits = text.strip_prefix(prefix)?;
        let plain = !digits.is_empty()
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain { digits.parse::<usize>().ok() } else { None }
    };
    let is_width = |bits: &usize| (8..=256).contains(bits) && bits.is_multiple_of(8);
    match text {
        "address" => return Some(AbiType::Address),
        "bool" => return Some(AbiType::Bool),
        "bytes" => return Some(AbiType::Bytes),
        "string" => return Some(AbiType::Text),
        _ => {}
    }
    if let Some(bits) = sized("uint").filter(is_width) {
        return Some(AbiType::Uint(bits));
    }
    if let Some(bits) = sized("int").filter(is_width) {
        return Some(AbiType::Int(bits));
    }
    sized("bytes").filter(|length| (1..=32).contains(length)).map(AbiType::FixedBytes)
}

/// The values of `fields` in `data`. None unless `data` is exactly the encoding of what it says, and of no more than
/// [`MAX_ABI_VALUES`] values.
///
/// Integers are exact; addresses and bytes are lowercase hexadecimal text; a tuple is an object of its fields.
pub fn decode_abi(fields: &[AbiField], data: &[u8]) -> Option<Vec<Value>> {
    let mut reader = Reader { data, at: 0, left: MAX_ABI_VALUES };
    let values = reader.sequence(fields.iter().map(|field| &field.kind))?;
    (reader.at == data.len()).then_some(values)
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.data.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn word(&mut self) -> Option<U256> {
        self.take(32).map(U256::from_be_slice)
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.word()?).ok()
    }

    /// Values one after the other: the static ones and offsets first, what the offsets lead to behind.
    fn sequence<'t>(&mut self, kinds: impl Iterator<Item = &'t AbiType>) -> Option<Vec<Value>> {
        let base = self.at;
        let mut values = Vec::new();
        let mut later = Vec::new();
        for kind in kinds {
            if kind.is_dynamic() {
                later.push((values.len(), self.size()?, kind));
                values.push(Value::Bool(false));
            } else {
                values.push(self.value(kind)?);
            }
        }
        for (index, offset, kind) in later {
            if offset != self.at - base {
                return None;
            }
            values[index] = self.value(kind)?;
        }
        Some(values)
    }

    fn value(&mut self, kind: &AbiType) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        Some(match kind {
            AbiType::Uint(bits) => {
                let number = self.word()?;
                if number.bit_len() > *bits {
                    return None;
                }
                number.into()
            }
            AbiType::Int(bits) => {
                let number = I256::from_raw(self.word()?);
                // A number of so many bits, its sign carried through the whole word.
                let significant = if number.is_negative() { !number } else { number };
                if significant.into_raw().bit_len() >= *bits {
                    return None;
                }
                Integer::new(number.is_negative(), number.unsigned_abs()).into()
            }
            AbiType::Address => {
                let word = self.take(32)?;
                let (padding, address) = word.split_at(12);
                zero(padding)?;
                Address::from_slice(address).into()
            }
            AbiType::Bool => match usize::try_from(self.word()?).ok()? {
                0 => false.into(),
                1 => true.into(),
                _ => return None,
            },
            AbiType::FixedBytes(length) => {
                let (bytes, padding) = self.take(32)?.split_at_checked(*length)?;
                zero(padding)?;
                Value::hex(bytes)
            }
            AbiType::Bytes => Value::hex(self.tail()?),
            AbiType::Text => std::str::from_utf8(self.tail()?).ok()?.into(),
            AbiType::Array(item) => {
                let count = self.size()?;
                // Every item has a word at least: more than there are bytes are not looked for.
                if count > self.data.len().checked_sub(self.at)? / 32 {
                    return None;
                }
                self.sequence(std::iter::repeat_n(&**item, count))?.into()
            }
            AbiType::FixedArray(item, count) => {
                self.sequence(std::iter::repeat_n(&**item, *count))?.into()
            }
            AbiType::Tuple(fields) => {
                let values = self.sequence(fields.iter().map(|field| &field.kind))?;
                Value::object(fields.iter().map(|field| field.name.clone()).zip(values))
            }
        })
    }

    /// Length, bytes, zero padding to a word.
    fn tail(&mut self) -> Option<&'a [u8]> {
        let length = self.size()?;
        let bytes = self.take(length)?;
        zero(self.take((32 - length % 32) % 32)?)?;
        Some(bytes)
    }
}

fn zero(bytes: &[u8]) -> Option<()> {
    bytes.iter().all(|byte| *byte == 0).then_some(())
}

#[cfg(test)]
#[path = "abi_tests.rs"]
mod tests;
