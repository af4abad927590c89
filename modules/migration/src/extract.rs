//! Layouts of contracts, from what the compiler says.
//!
//! The first run gives the AST; if the code places structs itself, a second run has a contract with such a struct as its only
//! variable behind the source of each, for the compiler lays out nothing else.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::U256;
use serde_json::Value;

use crate::{
    build_info::{BuildInfo, Target},
    error::LayoutError,
    layout::{
        Computed, ContractLayout, ContractName, Field, Location, Namespace, RawSlot, Shape, Type,
        TypeId, Types,
    },
    limits,
    solc::{Access, Ast, Compiler, Evaluator, Placed, accesses, annotation, id_of, string},
};

/// A struct: its source, and its name with that of its contract.
type StructName = (String, String);

/// The layouts of contracts of one build, in the order asked. All are compiled at once.
///
/// # Errors
/// The compiler is another one or fails, a contract is not there, or the layout is beyond [`limits`].
pub fn layouts(
    compiler: &Compiler,
    build: &BuildInfo,
    targets: &[Target],
) -> Result<Vec<ContractLayout>, LayoutError> {
    if targets.len() > limits::CONTRACTS {
        return Err(LayoutError::TooManyContracts {
            count: targets.len(),
            limit: limits::CONTRACTS,
        });
    }
    let mut names: BTreeSet<String> = targets.iter().map(|target| target.name.clone()).collect();
    let mut output = compiler.compile(build, &build.request(&names, &BTreeMap::new()))?;
    let mut probes = BTreeMap::new();
    let contracts = {
        let ast = Ast::of(&output, build.sources())?;
        let contracts =
            targets.iter().map(|target| find(&ast, target)).collect::<Result<Vec<_>, _>>()?;
        let prefix = probe_prefix(build);
        for contract in &contracts {
            for name in Code::of(&ast, contract)?.structs.into_keys() {
                let next = probes.len();
                probes.entry(name).or_insert_with(|| format!("{prefix}{next}"));
            }
        }
        contracts
    };
    if !probes.is_empty() {
        let mut appended: BTreeMap<String, String> = BTreeMap::new();
        for ((source, name), probe) in &probes {
            let behind = appended.entry(source.clone()).or_default();
            behind.push_str(&format!("\ncontract {probe} {{ {name} probed; }}\n"));
            names.insert(probe.clone());
        }
        output = compiler.compile(build, &build.request(&names, &appended))?;
    }
    let ast = Ast::of(&output, build.sources())?;
    contracts.iter().map(|contract| layout(&output, &ast, contract, &probes)).collect()
}

/// A name that no source has.
fn probe_prefix(build: &BuildInfo) -> String {
    let mut prefix = "WritProbe".to_owned();
    while build.sources().values().any(|text| text.contains(&prefix)) {
        prefix.push('_');
    }
    prefix
}

fn find(ast: &Ast<'_>, target: &Target) -> Result<ContractName, LayoutError> {
    let mut found: Vec<&ContractName> = ast
        .contracts()
        .keys()
        .filter(|contract| {
            contract.name == target.name
                && target.source.as_ref().is_none_or(|source| *source == contract.source)
        })
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(contract), true) => Ok(contract.clone()),
        (None, _) => Err(LayoutError::NoContract(target.to_string())),
        (Some(last), false) => Err(LayoutError::Ambiguous {
            name: target.name.clone(),
            sources: found.into_iter().chain([last]).map(|one| one.source.clone()).collect(),
        }),
    }
}

/// What the code of one contract says of storage.
struct Code<'a> {
    contract: &'a Value,
    accesses: Vec<Access<'a>>,
    structs: BTreeMap<StructName, &'a Value>,
}

impl<'a> Code<'a> {
    fn of(ast: &Ast<'a>, name: &ContractName) -> Result<Self, LayoutError> {
        let contract = ast
            .contracts()
            .get(name)
            .copied()
            .ok_or_else(|| LayoutError::NoContract(name.to_string()))?;
        let found = accesses(ast, contract);
        let placed = found.list.iter().filter_map(|access| match access.placed {
            Placed::Struct(declaration, _) => Some(declaration),
            _ => None,
        });
        let annotated = found.reached.iter().copied().filter(|id| {
            ast.node(*id).is_some_and(|node| {
                string(node, "nodeType") == "StructDefinition"
                    && !annotation(node, "storage-location").is_empty()
            })
        });
        let structs = annotated
            .chain(placed)
            .filter_map(|id| {
                let node = ast.node(id)?;
                let name = string(node, "canonicalName").to_owned();
                let outer = ast.owner(id).and_then(id_of).unwrap_or(id);
                Some(((ast.file(outer)?.to_owned(), name), node))
            })
            .collect();
        Ok(Self { contract, accesses: found.list, structs })
    }
}

fn layout(
    output: &Value,
    ast: &Ast<'_>,
    name: &ContractName,
    probes: &BTreeMap<StructName, String>,
) -> Result<ContractLayout, LayoutError> {
    let code = Code::of(ast, name)?;
    let mut reader = Reader { ast, types: Types::new(), items: 0, contract: name.to_string() };
    let compiled = compiled(output, name)?;
    let variables = reader.variables(compiled.get("storageLayout"), true)?;
    let transient = reader.variables(compiled.get("transientStorageLayout"), false)?;
    let mut namespaces = Vec::new();
    for (structure, node) in &code.structs {
        let probe = probes
            .get(structure)
            .ok_or_else(|| LayoutError::output(&structure.1, "a struct without its probe"))?;
        let at = ContractName { source: structure.0.clone(), name: probe.clone() };
        let probed = reader.variables(self::compiled(output, &at)?.get("storageLayout"), true)?;
        let kind = probed.first().and_then(|field| reader.types.get(&field.kind));
        let Some(Type { bytes, shape: Shape::Struct(fields), .. }) = kind else {
            return Err(LayoutError::output(&structure.1, "a struct that is none"));
        };
        let declared = id_of(node);
        let mut locations: Vec<Location> = code
            .accesses
            .iter()
            .filter_map(|access| match &access.placed {
                Placed::Struct(id, location) if Some(*id) == declared => Some(location.clone()),
                _ => None,
            })
            .collect();
        locations.sort();
        locations.dedup();
        let id = annotation(node, "storage-location").into_iter().next();
        let fields = fields
            .iter()
            .map(|field| Field { source: member(ast, node, &field.label), ..field.clone() })
            .collect();
        namespaces.push(Namespace {
            id,
            label: structure.1.clone(),
            locations,
            fields,
            bytes: *bytes,
            source: ast.source(node),
        });
    }
    let mut raw: Vec<RawSlot> = Vec::new();
    let mut computed: Vec<Computed> = Vec::new();
    for access in &code.accesses {
        let source = ast.source(access.node);
        match &access.placed {
            Placed::Raw(label, location) => {
                if !raw.iter().any(|known| known.location == *location && known.label == *label) {
                    let (location, label) = (location.clone(), label.clone());
                    raw.push(RawSlot { location, label, source });
                }
            }
            Placed::Computed(fingerprint) => computed.push(Computed {
                function: access.function.clone(),
                fingerprint: *fingerprint,
                source,
            }),
            Placed::Struct(..) => {}
        }
    }
    let base = code.contract.get("storageLayout").and_then(|at| at.get("baseSlotExpression"));
    let base = base.map_or(Some(U256::ZERO), |expression| {
        Evaluator { ast, contract: code.contract }.word(expression)
    });
    let types = reader.types;
    Ok(ContractLayout {
        contract: name.clone(),
        types,
        variables,
        transient,
        base,
        namespaces,
        raw,
        computed,
    })
}

fn member(ast: &Ast<'_>, structure: &Value, label: &str) -> Option<crate::layout::Source> {
    let members = structure.get("members")?.as_array()?;
    ast.source(members.iter().find(|member| string(member, "name") == label)?)
}

fn compiled<'a>(output: &'a Value, name: &ContractName) -> Result<&'a Value, LayoutError> {
    output
        .get("contracts")
        .and_then(|contracts| contracts.get(&name.source)?.get(&name.name))
        .ok_or_else(|| LayoutError::output(name.to_string(), "the contract is missing"))
}

struct Reader<'a, 'b> {
    ast: &'b Ast<'a>,
    types: Types,
    items: usize,
    contract: String,
}

impl Reader<'_, '_> {
    fn count(&mut self) -> Result<(), LayoutError> {
        self.items += 1;
        if self.items > limits::LAYOUT_ITEMS {
            return Err(LayoutError::TooManyFields {
                contract: self.contract.clone(),
                limit: limits::LAYOUT_ITEMS,
            });
        }
        Ok(())
    }

    /// Variables of a layout, whose types are added. Compilers before 0.8.27 give no transient layout.
    fn variables(
        &mut self,
        layout: Option<&Value>,
        demanded: bool,
    ) -> Result<Vec<Field>, LayoutError> {
        let storage = layout.and_then(|layout| layout.get("storage")).and_then(Value::as_array);
        let Some(storage) = storage else {
            return if demanded {
                let what = "no storageLayout: solc gives it from 0.5.13";
                Err(LayoutError::output(&self.contract, what))
            } else {
                Ok(Vec::new())
            };
        };
        let types = layout.and_then(|layout| layout.get("types")).and_then(Value::as_object);
        for (id, value) in types.into_iter().flatten() {
            if !self.types.contains_key(&TypeId(id.clone())) {
                let kind = self.kind(id, value)?;
                self.types.insert(TypeId(id.clone()), kind);
            }
        }
        let fields =
            storage.iter().map(|field| self.field(field)).collect::<Result<Vec<_>, _>>()?;
        match fields.iter().find(|field| !self.types.contains_key(&field.kind)) {
            Some(field) => Err(LayoutError::output(&field.label, "a type that is not listed")),
            None => Ok(fields),
        }
    }

    fn field(&mut self, value: &Value) -> Result<Field, LayoutError> {
        self.count()?;
        let label = string(value, "label").to_owned();
        let wrong = |what| LayoutError::output(&label, what);
        let slot = string(value, "slot").parse().map_err(|_| wrong("no slot"))?;
        let offset = value.get("offset").and_then(Value::as_u64);
        let offset = offset
            .and_then(|offset| u8::try_from(offset).ok())
            .filter(|offset| *offset < 32)
            .ok_or_else(|| wrong("no offset"))?;
        let id = value.get("astId").and_then(Value::as_u64);
        let node = id.and_then(|id| self.ast.node(id));
        let owner = id.and_then(|id| self.ast.owner(id));
        let tag =
            |tag| node.and_then(|node| annotation(node, tag).pop()).filter(|text| !text.is_empty());
        Ok(Field {
            slot,
            offset,
            kind: TypeId(string(value, "type").to_owned()),
            contract: owner.map_or_else(String::new, |owner| string(owner, "name").to_owned()),
            source: node.and_then(|node| self.ast.source(node)),
            renamed_from: tag("oz-renamed-from"),
            retyped_from: tag("oz-retyped-from"),
            label,
        })
    }

    fn kind(&mut self, id: &str, value: &Value) -> Result<Type, LayoutError> {
        self.count()?;
        let wrong = |what| LayoutError::output(id, what);
        let bytes = string(value, "numberOfBytes").parse().map_err(|_| wrong("no size"))?;
        let inner = |key| {
            let id = string(value, key);
            (!id.is_empty()).then(|| TypeId(id.to_owned())).ok_or_else(|| wrong("no inner type"))
        };
        // What stands behind the last bracket: the declaration's id, or an array's length.
        let tail = id.rsplit(')').next().unwrap_or_default();
        let number = tail.split('_').next().unwrap_or_default();
        let declared = || number.parse().ok().and_then(|id| self.ast.node(id));
        let shape = match (string(value, "encoding"), id) {
            ("mapping", _) => Shape::Mapping(inner("key")?, inner("value")?),
            ("dynamic_array", _) => Shape::DynamicArray(inner("base")?),
            ("bytes", _) => Shape::Bytes,
            ("inplace", id) if id.starts_with("t_array(") => {
                Shape::Array(inner("base")?, number.parse().map_err(|_| wrong("no length"))?)
            }
            ("inplace", id) if id.starts_with("t_struct(") => {
                let members = value.get("members").and_then(Value::as_array);
                let members = members.ok_or_else(|| wrong("no members"))?.iter();
                let fields = members.map(|member| {
                    let field = self.field(member)?;
                    Ok(Field { contract: String::new(), ..field })
                });
                Shape::Struct(fields.collect::<Result<_, LayoutError>>()?)
            }
            ("inplace", id) if id.starts_with("t_enum(") => {
                let members = declared().and_then(|node| node.get("members")?.as_array());
                members.map_or(Shape::Unknown, |members| {
                    let names = members.iter().map(|member| string(member, "name").to_owned());
                    Shape::Enum(names.collect())
                })
            }
            ("inplace", id) if id.starts_with("t_userDefinedValueType(") => declared()
                .and_then(|node| node.get("underlyingType")?.get("typeDescriptions"))
                .map_or(Shape::Unknown, |t| Shape::Alias(string(t, "typeString").to_owned())),
            ("inplace", id) if id.starts_with("t_contract(") => Shape::Contract,
            ("inplace", id) if id.starts_with("t_function_internal") => Shape::InternalFunction,
            ("inplace", id) if id.starts_with("t_function_external") => Shape::ExternalFunction,
            ("inplace", id) if !id.contains('(') => Shape::Elementary,
            _ => Shape::Unknown,
        };
        Ok(Type { label: string(value, "label").to_owned(), bytes, shape })
    }
}
