//! Contracts that are generated, edited, and written as Solidity.

use std::{collections::BTreeMap, fmt::Write as _};

use alloy::primitives::{U256, keccak256};
use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    Uint(u16),
    Int(u16),
    Bool,
    Address,
    Bytes(u16),
    Enum(Vec<String>),
    Struct(Vec<(String, Ty)>),
    Map(Box<Ty>),
    List(Box<Ty>),
    Array(Box<Ty>, u16),
}

impl Ty {
    pub fn elementary(rng: &mut TestRng) -> Self {
        match rng.random_range(0..8) {
            0..=2 => Self::Uint([8, 16, 64, 96, 128, 256, 256, 256][rng.random_range(0..8)]),
            3 => Self::Int([8, 64, 256][rng.random_range(0..3)]),
            4 => Self::Bool,
            5 => Self::Address,
            6 => Self::Bytes([4, 20, 32][rng.random_range(0..3)]),
            _ => Self::Enum((0..rng.random_range(2..5)).map(|n| format!("M{n}")).collect()),
        }
    }

    pub fn any(rng: &mut TestRng, depth: usize) -> Self {
        let kind = if depth == 0 { 0 } else { rng.random_range(0..10) };
        match kind {
            5 | 6 => {
                let count = rng.random_range(1..4);
                let member = |n, rng: &mut TestRng| (format!("m{n}"), Self::any(rng, depth - 1));
                Self::Struct((0..count).map(|n| member(n, rng)).collect())
            }
            7 => Self::Map(Box::new(Self::any(rng, depth - 1))),
            8 => Self::List(Box::new(Self::any(rng, depth - 1))),
            9 => Self::Array(Box::new(Self::any(rng, depth - 1)), rng.random_range(1..5)),
            _ => Self::elementary(rng),
        }
    }

    /// Its name, and the definitions that it needs, under names that begin with `name`.
    fn write(&self, name: &str, definitions: &mut String) -> String {
        match self {
            Self::Uint(bits) => format!("uint{bits}"),
            Self::Int(bits) => format!("int{bits}"),
            Self::Bool => "bool".to_owned(),
            Self::Address => "address".to_owned(),
            Self::Bytes(bytes) => format!("bytes{bytes}"),
            Self::Enum(members) => {
                writeln!(definitions, "enum E{name} {{ {} }}", members.join(", ")).unwrap();
                format!("E{name}")
            }
            Self::Struct(members) => {
                let mut body = String::new();
                for (member, kind) in members {
                    let kind = kind.write(&format!("{name}_{member}"), definitions);
                    write!(body, "{kind} {member}; ").unwrap();
                }
                writeln!(definitions, "struct S{name} {{ {body}}}").unwrap();
                format!("S{name}")
            }
            Self::Map(value) => {
                format!("mapping(uint256 => {})", value.write(&format!("{name}_v"), definitions))
            }
            Self::List(element) => {
                format!("{}[]", element.write(&format!("{name}_e"), definitions))
            }
            Self::Array(element, length) => {
                format!("{}[{length}]", element.write(&format!("{name}_e"), definitions))
            }
        }
    }

    /// The values in it: key, expression, and what makes room for it first.
    fn leaves<'t>(&'t self, key: &str, at: &str, room: &str, leaves: &mut Vec<Leaf<'t>>) {
        match self {
            Self::Struct(members) => {
                for (member, kind) in members {
                    let (key, at) = (format!("{key}.{member}"), format!("{at}.{member}"));
                    kind.leaves(&key, &at, room, leaves);
                }
            }
            Self::Map(value) => {
                value.leaves(&format!("{key}[7]"), &format!("{at}[7]"), room, leaves);
            }
            Self::List(element) => {
                let room = format!("{room} if ({at}.length == 0) {at}.push();");
                element.leaves(&format!("{key}[l]"), &format!("{at}[0]"), &room, leaves);
            }
            Self::Array(element, length) => {
                for index in [0, length - 1] {
                    let (key, at) = (format!("{key}[{index}]"), format!("{at}[{index}]"));
                    element.leaves(&key, &at, room, leaves);
                }
            }
            kind => leaves.push(Leaf {
                key: key.to_owned(),
                at: at.to_owned(),
                room: room.to_owned(),
                kind,
            }),
        }
    }
}

/// One value.
pub struct Leaf<'t> {
    pub key: String,
    at: String,
    room: String,
    pub kind: &'t Ty,
}

impl Leaf<'_> {
    /// The word that is read where it was written, and the literal that writes it.
    pub fn value(&self) -> (U256, String) {
        let noise = U256::from_be_bytes(keccak256(&self.key).0) | U256::ONE;
        let cut = |bits: u16| noise >> (256 - usize::from(bits)) | U256::ONE;
        match self.kind {
            Ty::Uint(bits) => (cut(*bits), cut(*bits).to_string()),
            Ty::Int(bits) => (cut(*bits - 1), cut(*bits - 1).to_string()),
            Ty::Bool => (U256::ONE, "true".to_owned()),
            Ty::Address => (cut(160), format!("address(uint160({}))", cut(160))),
            Ty::Bytes(bytes) => {
                let shift = 256 - 8 * usize::from(*bytes);
                let value = cut(8 * bytes);
                (value << shift, format!("bytes{bytes}(uint{}({value}))", 8 * bytes))
            }
            Ty::Enum(_) => (U256::ONE, String::new()),
            other => panic!("{other:?} is no leaf"),
        }
    }

    fn read(&self) -> String {
        let at = &self.at;
        match self.kind {
            Ty::Int(_) => format!("uint256(int256({at}))"),
            Ty::Bool => format!("({at} ? 1 : 0)"),
            Ty::Address => format!("uint256(uint160({at}))"),
            Ty::Bytes(_) => format!("uint256(bytes32({at}))"),
            _ => format!("uint256({at})"),
        }
    }
}

/// A variable. Its id stays what it is called.
#[derive(Clone, Debug)]
pub struct Var {
    pub id: usize,
    pub name: String,
    pub was: Option<String>,
    pub kind: Ty,
}

/// A contract that others inherit.
#[derive(Clone, Debug)]
pub struct Base {
    pub name: String,
    pub vars: Vec<Var>,
    pub gap: u16,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Contract {
    pub bases: Vec<Base>,
    pub namespace: Vec<Var>,
    /// What the namespace's constant is the hash of.
    pub constant: String,
    next: usize,
}

impl Contract {
    pub fn any(rng: &mut TestRng) -> Self {
        let mut contract =
            Self { bases: Vec::new(), namespace: Vec::new(), constant: "main".to_owned(), next: 0 };
        for index in 0..rng.random_range(1..4) {
            let vars = (0..rng.random_range(1..5)).map(|_| contract.var(rng)).collect();
            let gap = if rng.random_bool(0.5) { rng.random_range(3..8) } else { 0 };
            contract.bases.push(Base { name: format!("B{index}"), vars, gap });
        }
        contract.namespace = (0..rng.random_range(1..4)).map(|_| contract.var(rng)).collect();
        contract
    }

    pub fn var(&mut self, rng: &mut TestRng) -> Var {
        self.next += 1;
        let kind = Ty::any(rng, 2);
        Var { id: self.next, name: format!("v{}", self.next), was: None, kind }
    }

    /// One change of those that people make, safe ones and others.
    pub fn edit(&mut self, rng: &mut TestRng) -> &'static str {
        let base = rng.random_range(0..self.bases.len());
        let mut new = self.var(rng);
        let vars = &mut self.bases[base].vars;
        let at = if vars.is_empty() { 0 } else { rng.random_range(0..vars.len()) };
        match rng.random_range(0..20) {
            0 | 1 => {
                if let Some(last) = self.bases.last_mut().filter(|last| last.gap == 0) {
                    last.vars.push(new);
                } else {
                    let name = format!("N{}", new.id);
                    self.bases.push(Base { name, vars: vec![new], gap: 0 });
                }
                "append"
            }
            2 => {
                vars.insert(at, new);
                "insert"
            }
            3 if !vars.is_empty() => {
                vars.remove(at);
                "delete"
            }
            4 if vars.len() > 1 => {
                vars.swap(0, at.max(1));
                "swap"
            }
            5 if !vars.is_empty() => {
                vars[at].kind = Ty::elementary(rng);
                "retype"
            }
            6 | 7 if !vars.is_empty() => {
                let annotated = rng.random_bool(0.7);
                let old = std::mem::replace(&mut vars[at].name, format!("renamed{}", new.id));
                vars[at].was = annotated.then_some(old);
                "rename"
            }
            8 => {
                let name = format!("N{}", new.id);
                self.bases.insert(0, Base { name, vars: vec![new], gap: 0 });
                "base in front"
            }
            9..=11 if self.bases[base].gap > 1 => {
                new.kind = Ty::Uint(256);
                let base = &mut self.bases[base];
                base.vars.push(new);
                base.gap -= rng.random_range(1..3).min(base.gap - 1);
                "use a gap"
            }
            12 | 13 => {
                for var in self.bases.iter_mut().flat_map(|base| &mut base.vars) {
                    let mut kind = &mut var.kind;
                    while let Ty::Map(inner) | Ty::List(inner) | Ty::Array(inner, _) = kind {
                        kind = inner;
                    }
                    if let Ty::Struct(members) = kind {
                        let at = if rng.random_bool(0.7) { members.len() } else { 0 };
                        members.insert(at, (format!("n{}", new.id), Ty::elementary(rng)));
                        break;
                    }
                }
                "grow a struct"
            }
            14 | 15 => {
                self.namespace.push(new);
                "append to the namespace"
            }
            16 => {
                self.namespace.insert(0, new);
                "insert into the namespace"
            }
            17 if rng.random_bool(0.3) => {
                self.constant = "other".to_owned();
                "move the namespace"
            }
            18 if self.bases.len() > 1 => {
                self.bases.swap(0, 1);
                "swap bases"
            }
            19 => {
                for var in self.bases.iter_mut().flat_map(|base| &mut base.vars) {
                    if let Ty::Enum(members) = &mut var.kind {
                        let at = if rng.random_bool(0.6) { members.len() } else { 0 };
                        members.insert(at, format!("N{}", new.id));
                        break;
                    }
                }
                "grow an enum"
            }
            _ => "nothing",
        }
    }

    /// Every value, in order.
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut leaves = Vec::new();
        for var in self.bases.iter().flat_map(|base| &base.vars) {
            var.kind.leaves(&format!("{}", var.id), &var.name, "", &mut leaves);
        }
        for var in &self.namespace {
            let at = format!("_main().{}", var.name);
            var.kind.leaves(&format!("{}", var.id), &at, "", &mut leaves);
        }
        leaves
    }

    /// As Solidity: `write()` stores every value, `read()` reads those of `keys`, in that order.
    pub fn solidity(&self, keys: &[String]) -> String {
        let mut text = String::from("// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n");
        for base in &self.bases {
            let mut body = String::new();
            for var in &base.vars {
                let kind = var.kind.write(&var.id.to_string(), &mut body);
                if let Some(was) = &var.was {
                    writeln!(body, "/// @custom:oz-renamed-from {was}").unwrap();
                }
                writeln!(body, "{kind} internal {};", var.name).unwrap();
            }
            if base.gap > 0 {
                writeln!(body, "uint256[{}] private __gap;", base.gap).unwrap();
            }
            writeln!(text, "abstract contract {} {{\n{body}}}", base.name).unwrap();
        }
        let mut body = String::new();
        let mut members = String::new();
        for var in &self.namespace {
            let kind = var.kind.write(&var.id.to_string(), &mut body);
            writeln!(members, "{kind} {};", var.name).unwrap();
        }
        let mut stores = String::new();
        let mut reads = String::new();
        let leaves = self.leaves();
        let by_key: BTreeMap<&str, &Leaf<'_>> =
            leaves.iter().map(|leaf| (leaf.key.as_str(), leaf)).collect();
        for leaf in &leaves {
            let literal = match leaf.kind {
                Ty::Enum(members) => format!("{}.{}", self.enum_name(leaf), members[1]),
                _ => leaf.value().1,
            };
            writeln!(stores, "{} {} = {literal};", leaf.room, leaf.at).unwrap();
        }
        for (index, key) in keys.iter().enumerate() {
            if let Some(leaf) = by_key.get(key.as_str()) {
                writeln!(reads, "r[{index}] = {};", leaf.read()).unwrap();
            }
        }
        let bases: Vec<&str> = self.bases.iter().map(|base| base.name.as_str()).collect();
        let constant = &self.constant;
        write!(
            text,
            "contract Subject is {} {{
{body}/// @custom:storage-location erc7201:main
struct Main {{
{members}}}
bytes32 private constant LOCATION = keccak256(abi.encode(uint256(keccak256(\"{constant}\")) - 1)) & ~bytes32(uint256(0xff));
function _main() private pure returns (Main storage $) {{
bytes32 slot = LOCATION;
assembly {{ $.slot := slot }}
}}
function write() external {{
{stores}}}
function read() external view returns (uint256[] memory r) {{
r = new uint256[]({});
{reads}}}
}}
",
            bases.join(", "),
            keys.len()
        )
        .unwrap();
        text
    }

    /// The name under which an enum was defined: the way into its variable.
    fn enum_name(&self, leaf: &Leaf<'_>) -> String {
        let mut name = String::from("E");
        let mut kind = self
            .bases
            .iter()
            .flat_map(|base| &base.vars)
            .chain(&self.namespace)
            .find(|var| {
                let id = var.id.to_string();
                leaf.key == id
                    || leaf.key.strip_prefix(&id).is_some_and(|rest| rest.starts_with(['.', '[']))
            })
            .map(|var| {
                name.push_str(&var.id.to_string());
                &var.kind
            })
            .expect("a variable");
        let mut path = leaf.key.split('.').skip(1);
        loop {
            kind = match kind {
                Ty::Enum(_) => return name,
                Ty::Map(value) => {
                    name.push_str("_v");
                    value
                }
                Ty::List(element) | Ty::Array(element, _) => {
                    name.push_str("_e");
                    element
                }
                Ty::Struct(members) => {
                    let member = path.next().expect("a member").split('[').next().expect("a name");
                    write!(name, "_{member}").unwrap();
                    &members.iter().find(|(name, _)| name == member).expect("a member").1
                }
                other => panic!("{other:?} is no enum"),
            };
        }
    }
}
