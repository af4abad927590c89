//! Where a contract keeps what, and as what.

use std::{collections::BTreeMap, fmt};

use alloy::primitives::{B256, U256};
use serde::{Deserialize, Serialize};

/// A contract by source and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContractName {
    /// The source, as the compiler names it.
    pub source: String,
    /// The contract's name.
    pub name: String,
}

impl fmt::Display for ContractName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.name)
    }
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The source, as the compiler names it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A type within one [`Types`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub(crate) String);

/// The types of one layout, by the compiler's identifier.
pub type Types = BTreeMap<TypeId, Type>;

/// A type as it lies in storage.
#[derive(Debug, Clone)]
pub struct Type {
    /// How the compiler writes it for people: `mapping(address => struct Vault.Account)`.
    pub label: String,
    /// Bytes that it takes where it stands.
    pub bytes: U256,
    /// What it is made of.
    pub shape: Shape,
}

/// What a type is made of.
#[derive(Debug, Clone)]
pub enum Shape {
    /// `uint256`, `bool`, `bytes4`, … by its label; `address` and `address payable` are two.
    Elementary,
    /// A contract or interface: an address.
    Contract,
    /// A function of this contract: a position in its code.
    InternalFunction,
    /// An address and a selector.
    ExternalFunction,
    /// The members in their order.
    Enum(Vec<String>),
    /// A user-defined value type: the elementary type under it.
    Alias(String),
    /// The members, slots counted from the struct's own.
    Struct(Vec<Field>),
    /// A fixed number of elements.
    Array(TypeId, U256),
    /// Elements behind the hash of the slot.
    DynamicArray(TypeId),
    /// Values behind the hash of key and slot.
    Mapping(TypeId, TypeId),
    /// `bytes` or `string`.
    Bytes,
    /// Nothing that is known.
    Unknown,
}

/// A state variable, or a member of a struct.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub label: String,
    /// The contract that declares it; empty for a member.
    pub contract: String,
    /// The slot; for a member counted from the struct's.
    pub slot: U256,
    /// The first byte within the slot, from the least significant.
    pub offset: u8,
    /// Its type.
    pub kind: TypeId,
    /// Where it is declared.
    pub source: Option<Source>,
    /// `@custom:oz-renamed-from`.
    pub renamed_from: Option<String>,
    /// `@custom:oz-retyped-from`.
    pub retyped_from: Option<String>,
}

/// Where the code puts something itself, with the name of the constant that says so, where it has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The slot.
    pub slot: U256,
    /// The constant's name.
    pub constant: Option<String>,
}

/// A struct that has a place of its own: an ERC-7201 namespace, or a struct that the code puts at a slot.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// `erc7201:<id>` of `@custom:storage-location`; none where there is no annotation.
    pub id: Option<String>,
    /// The struct, with its contract.
    pub label: String,
    /// The slots where code puts it. More than one is possible, and none where no code was found that does.
    pub locations: Vec<Location>,
    /// Its members, slots counted from the namespace's.
    pub fields: Vec<Field>,
    /// Bytes that they take.
    pub bytes: U256,
    /// Where the struct is declared.
    pub source: Option<Source>,
}

/// A slot that is read or written as it is.
#[derive(Debug, Clone)]
pub struct RawSlot {
    /// Where.
    pub location: Location,
    /// What lies there, where a storage pointer of a type that is no struct says it.
    pub label: Option<String>,
    /// The first place in the code that uses it.
    pub source: Option<Source>,
}

/// A slot that is computed while the code runs.
#[derive(Debug, Clone)]
pub struct Computed {
    /// The function that uses it.
    pub function: String,
    /// Hash of what the slot can depend on: the text of the function and of all that it calls, and the constants they name.
    pub fingerprint: B256,
    /// Where the function is.
    pub source: Option<Source>,
}

/// Where a contract keeps everything.
#[derive(Debug, Clone)]
pub struct ContractLayout {
    /// Which contract.
    pub contract: ContractName,
    /// All types that the rest names.
    pub types: Types,
    /// State variables, in the order of their slots.
    pub variables: Vec<Field>,
    /// Transient state variables.
    pub transient: Vec<Field>,
    /// The base slot of `layout at`; zero without one, none where it could not be evaluated.
    pub base: Option<U256>,
    /// Structs with a place of their own.
    pub namespaces: Vec<Namespace>,
    /// Slots that are read or written as they are.
    pub raw: Vec<RawSlot>,
    /// Slots that nobody knows before the code runs.
    pub computed: Vec<Computed>,
}

impl ContractLayout {
    /// A field's type. Layouts are built with every type that they name.
    pub(crate) fn kind(&self, id: &TypeId) -> Option<&Type> {
        self.types.get(id)
    }

    /// First byte and the byte behind the last of a field, counted from the region's first slot.
    pub(crate) fn range(&self, field: &Field) -> (Bytes, Bytes) {
        let begin = Bytes::at(field.slot, field.offset);
        let bytes = self.kind(&field.kind).map_or(U256::from(32), |kind| kind.bytes);
        (begin, begin.plus(bytes))
    }

    /// Whether a field keeps room for later: an array of a fixed length named `__gap` or `__gap_…`.
    pub(crate) fn is_gap(&self, field: &Field) -> bool {
        let named = field.label == "__gap" || field.label.starts_with("__gap_");
        named && matches!(self.kind(&field.kind).map(|kind| &kind.shape), Some(Shape::Array(..)))
    }
}

/// A number of bytes from the first of storage; storage has 2^261.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bytes {
    pub(crate) slot: U256,
    pub(crate) offset: u8,
}

impl Bytes {
    pub(crate) const fn at(slot: U256, offset: u8) -> Self {
        Self { slot, offset }
    }

    pub(crate) fn plus(self, bytes: U256) -> Self {
        let within = bytes.wrapping_add(U256::from(self.offset));
        let offset = (within.as_limbs()[0] % 32) as u8;
        // The compiler lets nothing reach beyond the last slot: this saturates only at the end itself.
        Self { slot: self.slot.saturating_add(within / U256::from(32)), offset }
    }
}
