//! ABI types that a policy pins, and the one encoding of their values that is accepted.
//!
//! Two decoders that disagree are a bypass, so nothing is followed here: bytes are read forward only, every offset has to
//! lead to what is read next, all padding is zero, and nothing is left over. Work is linear in the input: elements that
//! overlap cannot be expressed.

use alloy::{
    dyn_abi::DynSolType,
    json_abi::{Function, Param},
    primitives::{Address, FixedBytes, I256, U256},
};

use crate::{Integer, Value};

/// The most parameters of a function, and fields of a tuple.
const MAX_FIELDS: usize = 16;
/// The deepest nesting of a type.
const MAX_TYPE_DEPTH: usize = 4;
/// The most items of a fixed array.
const MAX_FIXED: usize = 64;
/// The longest signature, in bytes.
const MAX_SIGNATURE: usize = 1_024;
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
    /// Reads a signature as Solidity writes it, `swap(address token, uint256 amount)`, with or without `returns`.
    ///
    /// # Errors
    /// In words: what is not understood, not named, or too large.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_SIGNATURE || !text.is_ascii() {
            return Err(format!("a signature has at most {MAX_SIGNATURE} ASCII characters"));
        }
        // The parser descends into parentheses and brackets: that is bounded before it starts.
        let depth = text.bytes().filter(|byte| matches!(byte, b'(' | b'[')).count();
        if depth > 64 {
            return Err("a signature has at most 64 brackets".to_owned());
        }
        let function = Function::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
        let inputs = fields(&function.inputs, true, 0)?;
        let outputs = fields(&function.outputs, false, 0)?;
        Ok(Self { signature: function.signature(), selector: function.selector(), inputs, outputs })
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
        kind(text, &[], false, 0)
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

fn fields(parameters: &[Param], named: bool, depth: usize) -> Result<Vec<AbiField>, String> {
    if parameters.len() > MAX_FIELDS {
        return Err(format!("{} parameters, at most {MAX_FIELDS} are accepted", parameters.len()));
    }
    let mut fields: Vec<AbiField> = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let name = parameter.name.clone();
        if name.is_empty() && named {
            return Err(format!("a parameter of type {} has no name", parameter.ty));
        }
        if !name.is_empty() && fields.iter().any(|field| field.name == name) {
            return Err(format!("two parameters are called {name}"));
        }
        fields.push(AbiField {
            name,
            kind: kind(&parameter.ty, &parameter.components, true, depth)?,
        });
    }
    Ok(fields)
}

fn kind(text: &str, components: &[Param], tuples: bool, depth: usize) -> Result<AbiType, String> {
    if depth > MAX_TYPE_DEPTH {
        return Err(format!("types are nested deeper than {MAX_TYPE_DEPTH}"));
    }
    let unknown = || format!("{text:?} is not a type of the ABI that is accepted");
    if let Some(rest) = text.strip_suffix(']') {
        let (item, length) = rest.rsplit_once('[').ok_or_else(unknown)?;
        let item = Box::new(kind(item, components, tuples, depth + 1)?);
        if length.is_empty() {
            return Ok(AbiType::Array(item));
        }
        let length: usize = length.parse().map_err(|_| unknown())?;
        if length == 0 || length > MAX_FIXED {
            return Err(format!("a fixed array has 1 to {MAX_FIXED} items"));
        }
        return Ok(AbiType::FixedArray(item, length));
    }
    if text == "tuple" && tuples {
        if components.is_empty() {
            return Err("a tuple has at least one field".to_owned());
        }
        return fields(components, true, depth + 1).map(AbiType::Tuple);
    }
    match DynSolType::parse(text).map_err(|_| unknown())? {
        DynSolType::Uint(bits) => Ok(AbiType::Uint(bits)),
        DynSolType::Int(bits) => Ok(AbiType::Int(bits)),
        DynSolType::Address => Ok(AbiType::Address),
        DynSolType::Bool => Ok(AbiType::Bool),
        DynSolType::FixedBytes(length) => Ok(AbiType::FixedBytes(length)),
        DynSolType::Bytes => Ok(AbiType::Bytes),
        DynSolType::String => Ok(AbiType::Text),
        _ => Err(unknown()),
    }
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
