//! Slots that the code names itself: `$.slot := CONSTANT`, `sload(CONSTANT)`, and library functions that take the slot.
//!
//! A slot that comes in as a parameter is followed to the calls that give it. What is not known then is [`Placed::Computed`],
//! with a fingerprint of everything that it can depend on. `tload` and `tstore` are left out: nothing outlives the transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use alloy::primitives::{B256, Keccak256, U256};
use serde_json::Value;

use super::{
    ast::{Ast, id_of, parameters, referenced, references, string},
    evaluate::{Evaluator, callee},
};
use crate::{layout::Location, limits};

/// What lies at a slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Content {
    /// A struct, by its declaration.
    Struct(u64),
    /// What a pointer of another type says.
    Other(String),
    /// A word.
    Raw,
}

/// Where code puts something.
#[derive(Debug, Clone)]
pub(crate) enum Placed {
    /// A struct, by its declaration.
    Struct(u64, Location),
    /// A word, or what a pointer of another type says.
    Raw(Option<String>, Location),
    /// Not known before the code runs.
    Computed(B256),
}

/// One use of a slot.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    pub(crate) placed: Placed,
    /// The function, or the expression that gives the slot.
    pub(crate) node: &'a Value,
    pub(crate) function: String,
}

/// What a contract's code uses.
#[derive(Debug)]
pub(crate) struct Accesses<'a> {
    pub(crate) list: Vec<Access<'a>>,
    /// Every declaration that the contract's code refers to.
    pub(crate) reached: HashSet<u64>,
}

#[derive(Debug, Clone)]
enum Slot {
    Known(Location),
    Parameter(usize),
    /// That of a variable, which the compiler places.
    Own,
    Computed,
}

#[derive(Debug, Default)]
struct Body<'a> {
    assemblies: Vec<&'a Value>,
    calls: Vec<&'a Value>,
    references: BTreeSet<u64>,
}

impl<'a> Body<'a> {
    fn collect(&mut self, node: &'a Value) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(attributes) => {
                match string(node, "nodeType") {
                    "InlineAssembly" => {
                        self.assemblies.push(node);
                        self.references
                            .extend(references(node).map(|(_, declaration)| declaration));
                    }
                    "FunctionCall" => self.calls.push(node),
                    _ => {}
                }
                self.references.extend(referenced(node));
                for (key, value) in attributes {
                    if key != "AST" && (value.is_object() || value.is_array()) {
                        self.collect(value);
                    }
                }
            }
            _ => {}
        }
    }
}

/// All uses of slots in the code that runs on a contract's storage: its own, its bases' and that of libraries and free functions.
pub(crate) fn accesses<'a>(ast: &Ast<'a>, contract: &'a Value) -> Accesses<'a> {
    let mut walk = Walk::of(ast, contract);
    walk.assemblies();
    walk.calls();
    walk.finish()
}

struct Walk<'a, 'b> {
    evaluator: Evaluator<'a, 'b>,
    bodies: BTreeMap<u64, Body<'a>>,
    reached: HashSet<u64>,
    /// Base function to the functions that override it.
    overriding: HashMap<u64, Vec<u64>>,
    /// Functions that put something where a parameter says.
    accessors: BTreeMap<(u64, usize), BTreeSet<Content>>,
    list: Vec<Access<'a>>,
    computed: BTreeSet<u64>,
}

impl<'a, 'b> Walk<'a, 'b> {
    fn of(ast: &'b Ast<'a>, contract: &'a Value) -> Self {
        let bases = ast.linearized(contract);
        let own: HashSet<u64> = bases.iter().filter_map(|base| id_of(base)).collect();
        let mut walk = Self {
            evaluator: Evaluator { ast, contract },
            bodies: BTreeMap::new(),
            reached: HashSet::new(),
            overriding: HashMap::new(),
            accessors: BTreeMap::new(),
            list: Vec::new(),
            computed: BTreeSet::new(),
        };
        let mut waiting: Vec<u64> = Vec::new();
        for base in bases {
            let mut all = Body::default();
            all.collect(base);
            walk.reached.extend(&all.references);
            waiting.extend(all.references);
            for node in base.get("nodes").and_then(Value::as_array).into_iter().flatten() {
                walk.reached.extend(id_of(node));
                waiting.extend(id_of(node));
            }
        }
        while let Some(id) = waiting.pop() {
            let Some(node) = ast.node(id).filter(|_| !walk.bodies.contains_key(&id)) else {
                continue;
            };
            if !["FunctionDefinition", "ModifierDefinition"].contains(&string(node, "nodeType")) {
                continue;
            }
            // A function of another contract runs on that contract's storage.
            let here = ast.owner(id).is_none_or(|owner| {
                string(owner, "contractKind") == "library"
                    || id_of(owner).is_some_and(|owner| own.contains(&owner))
            });
            if !here {
                continue;
            }
            let mut body = Body::default();
            body.collect(node);
            walk.reached.extend(&body.references);
            waiting.extend(&body.references);
            for base in node.get("baseFunctions").and_then(Value::as_array).into_iter().flatten() {
                walk.overriding.entry(base.as_u64().unwrap_or_default()).or_default().push(id);
            }
            walk.bodies.insert(id, body);
        }
        walk
    }

    fn assemblies(&mut self) {
        let found: Vec<(u64, &'a Value)> = self
            .bodies
            .iter()
            .flat_map(|(function, body)| body.assemblies.iter().map(|block| (*function, *block)))
            .collect();
        for (function, block) in found {
            let mut uses = Vec::new();
            Assembly::of(&self.evaluator, function, block).uses(&mut uses);
            for (content, slot) in uses {
                self.place(function, block, content, &slot);
            }
        }
    }

    /// Notes a use, or that the function puts something where its caller says.
    fn place(&mut self, function: u64, node: &'a Value, content: Content, slot: &Slot) -> bool {
        match slot {
            Slot::Known(location) => {
                let location = location.clone();
                let placed = match content {
                    Content::Struct(declaration) => Placed::Struct(declaration, location),
                    Content::Other(label) => Placed::Raw(Some(label), location),
                    Content::Raw => Placed::Raw(None, location),
                };
                let function = self.name(function);
                self.list.push(Access { placed, node, function });
                false
            }
            Slot::Parameter(position) => {
                self.accessors.entry((function, *position)).or_default().insert(content)
            }
            // The compiler's own slot under another type says as little as a computed one.
            Slot::Own if content == Content::Raw => false,
            Slot::Own | Slot::Computed => {
                self.computed.insert(function);
                false
            }
        }
    }

    /// Follows parameters to the calls that give them, until nothing is new. Each round adds to a finite set.
    fn calls(&mut self) {
        let calls: Vec<(u64, &'a Value)> = self
            .bodies
            .iter()
            .flat_map(|(function, body)| body.calls.iter().map(|call| (*function, *call)))
            .collect();
        let mut done: HashSet<(usize, u64, usize, Content)> = HashSet::new();
        loop {
            let mut new = false;
            for (index, (function, call)) in calls.iter().enumerate() {
                let Some((called, bound)) = callee(call) else { continue };
                for target in self.runs(called) {
                    let wanted: Vec<(usize, Content)> = self
                        .accessors
                        .range((target, 0)..=(target, usize::MAX))
                        .flat_map(|((_, position), contents)| {
                            contents.iter().map(|content| (*position, content.clone()))
                        })
                        .collect();
                    for (position, content) in wanted {
                        if done.insert((index, target, position, content.clone())) {
                            let slot = self.argument(*function, call, target, bound, position);
                            new |= self.place(*function, call, content, &slot);
                        }
                    }
                }
            }
            if !new {
                break;
            }
        }
        // What comes from outside is whatever a caller wants.
        let open: Vec<u64> = self
            .accessors
            .keys()
            .map(|(function, _)| *function)
            .filter(|function| {
                let node = self.evaluator.ast.node(*function);
                node.is_some_and(|node| {
                    ["public", "external"].contains(&string(node, "visibility"))
                }) && self
                    .evaluator
                    .ast
                    .owner(*function)
                    .is_some_and(|owner| string(owner, "contractKind") != "library")
            })
            .collect();
        self.computed.extend(open);
    }

    /// The functions that a call of `called` may run.
    fn runs(&self, called: u64) -> BTreeSet<u64> {
        let mut all = BTreeSet::from([called]);
        let mut waiting = vec![called];
        while let Some(base) = waiting.pop() {
            for heir in self.overriding.get(&base).into_iter().flatten() {
                if all.insert(*heir) {
                    waiting.push(*heir);
                }
            }
        }
        all
    }

    fn argument(
        &self,
        function: u64,
        call: &'a Value,
        target: u64,
        bound: Option<&'a Value>,
        position: usize,
    ) -> Slot {
        let given = call.get("arguments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let names = call.get("names").and_then(Value::as_array);
        let taken = self.evaluator.ast.node(target).map_or(0, |node| parameters(node).len());
        let argument = if names.is_some_and(|names| !names.is_empty()) {
            None
        } else if given.len() == taken {
            given.get(position)
        } else if position == 0 {
            bound
        } else {
            given.get(position - 1)
        };
        argument
            .map_or(Slot::Computed, |argument| expression(&self.evaluator, function, argument, 0))
    }

    fn name(&self, function: u64) -> String {
        let node = self.evaluator.ast.node(function);
        let name = node.map_or("", |node| match string(node, "name") {
            "" => string(node, "kind"),
            name => name,
        });
        match self.evaluator.ast.owner(function) {
            Some(owner) => format!("{}.{name}", string(owner, "name")),
            None => name.to_owned(),
        }
    }

    fn finish(mut self) -> Accesses<'a> {
        for function in std::mem::take(&mut self.computed) {
            if let Some(node) = self.evaluator.ast.node(function) {
                let placed = Placed::Computed(self.fingerprint(function));
                let function = self.name(function);
                self.list.push(Access { placed, node, function });
            }
        }
        Accesses { list: self.list, reached: self.reached }
    }

    /// Hash of the text of a function and of all that it calls, and of the constants that they name.
    fn fingerprint(&self, function: u64) -> B256 {
        let mut seen = BTreeSet::from([function]);
        let mut waiting = vec![function];
        let mut parts = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            let Some(body) = self.bodies.get(&id) else { continue };
            let text = self.evaluator.ast.node(id).and_then(|node| self.evaluator.ast.text(node));
            // Indentation and line breaks say nothing.
            let text: Vec<&str> = text.unwrap_or_default().split_whitespace().collect();
            parts.insert(text.join(" "));
            for reference in &body.references {
                if let Some(value) = self.evaluator.declared(*reference) {
                    let name =
                        self.evaluator.ast.node(*reference).map_or("", |n| string(n, "name"));
                    parts.insert(format!("{name} = {value}"));
                }
                for target in self.runs(*reference) {
                    if self.bodies.contains_key(&target) && seen.insert(target) {
                        waiting.push(target);
                    }
                }
            }
        }
        let mut hasher = Keccak256::new();
        for part in parts {
            hasher.update(part.as_bytes());
            hasher.update([0]);
        }
        hasher.finalize()
    }
}

/// The slot that an expression of Solidity gives.
fn expression<'a>(
    evaluator: &Evaluator<'a, '_>,
    function: u64,
    node: &'a Value,
    depth: usize,
) -> Slot {
    if depth > limits::EXPRESSION_DEPTH {
        return Slot::Computed;
    }
    let arguments = node.get("arguments").and_then(Value::as_array).map(Vec::as_slice);
    match (string(node, "nodeType"), arguments) {
        ("Identifier" | "MemberAccess", _) => referenced(node)
            .map_or(Slot::Computed, |id| declared(evaluator, function, id, depth + 1)),
        ("FunctionCall", Some([only])) if string(node, "kind") == "typeConversion" => {
            match expression(evaluator, function, only, depth + 1) {
                // A conversion may cut something off.
                Slot::Known(Location { constant, .. }) => evaluator
                    .word(node)
                    .map_or(Slot::Computed, |slot| Slot::Known(Location { slot, constant })),
                other => other,
            }
        }
        ("FunctionCall", Some([])) => {
            let name = callee(node)
                .and_then(|(id, _)| evaluator.ast.node(id))
                .map(|node| string(node, "name").to_owned());
            evaluator
                .word(node)
                .map_or(Slot::Computed, |slot| Slot::Known(Location { slot, constant: name }))
        }
        _ => evaluator
            .word(node)
            .map_or(Slot::Computed, |slot| Slot::Known(Location { slot, constant: None })),
    }
}

/// The slot that a constant, a local variable or a parameter holds.
fn declared(evaluator: &Evaluator<'_, '_>, function: u64, id: u64, depth: usize) -> Slot {
    if let Some((of, position)) = evaluator.ast.parameter(id) {
        return if of == function { Slot::Parameter(position) } else { Slot::Computed };
    }
    let Some(node) = evaluator.ast.node(id) else { return Slot::Computed };
    if node.get("constant").and_then(Value::as_bool) == Some(true) {
        let constant = Some(string(node, "name").to_owned());
        return evaluator
            .declared(id)
            .map_or(Slot::Computed, |slot| Slot::Known(Location { slot, constant }));
    }
    evaluator
        .ast
        .initial(id)
        .map_or(Slot::Computed, |value| expression(evaluator, function, value, depth + 1))
}

/// One block of assembly.
struct Assembly<'a, 'b, 'c> {
    evaluator: &'c Evaluator<'a, 'b>,
    function: u64,
    block: &'a Value,
    /// What each name in it refers to outside: declaration, and whether its slot or offset is meant.
    names: HashMap<&'a str, (u64, bool, bool)>,
    /// Variables of the block that get their value once.
    locals: HashMap<&'a str, Option<&'a Value>>,
}

impl<'a, 'b, 'c> Assembly<'a, 'b, 'c> {
    fn of(evaluator: &'c Evaluator<'a, 'b>, function: u64, block: &'a Value) -> Self {
        let listed = block.get("externalReferences").and_then(Value::as_array);
        let flag = |reference: &Value, key: &str| {
            reference.get(key).and_then(Value::as_bool) == Some(true)
        };
        let names = listed
            .into_iter()
            .flatten()
            .filter_map(|reference| {
                let declaration = reference.get("declaration")?.as_u64()?;
                let (slot, offset) = (flag(reference, "isSlot"), flag(reference, "isOffset"));
                Some((string(reference, "src"), (declaration, slot, offset)))
            })
            .collect();
        let mut assembly = Self { evaluator, function, block, names, locals: HashMap::new() };
        if let Some(yul) = block.get("AST") {
            assembly.local(yul);
        }
        assembly
    }

    fn local(&mut self, node: &'a Value) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.local(item)),
            Value::Object(attributes) => {
                let list = |key| node.get(key).and_then(Value::as_array).into_iter().flatten();
                match string(node, "nodeType") {
                    "YulVariableDeclaration" => {
                        let single = list("variables").count() == 1;
                        for variable in list("variables") {
                            let value =
                                node.get("value").filter(|value| single && value.is_object());
                            // Declared twice: one of them is in another scope.
                            self.locals
                                .entry(string(variable, "name"))
                                .and_modify(|known| *known = None)
                                .or_insert(value);
                        }
                    }
                    "YulAssignment" => {
                        for variable in list("variableNames") {
                            self.locals.insert(string(variable, "name"), None);
                        }
                    }
                    // Inside of functions names have another meaning with each call.
                    "YulFunctionDefinition" => {
                        for variable in list("parameters").chain(list("returnVariables")) {
                            self.locals.insert(string(variable, "name"), None);
                        }
                    }
                    _ => {}
                }
                attributes.values().for_each(|value| self.local(value));
            }
            _ => {}
        }
    }

    fn uses(&self, uses: &mut Vec<(Content, Slot)>) {
        if let Some(yul) = self.block.get("AST") {
            self.visit(yul, uses);
        }
    }

    fn visit(&self, node: &'a Value, uses: &mut Vec<(Content, Slot)>) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.visit(item, uses)),
            Value::Object(attributes) => {
                match string(node, "nodeType") {
                    "YulFunctionCall" => {
                        let name = node.get("functionName").map_or("", |name| string(name, "name"));
                        if ["sload", "sstore"].contains(&name) {
                            let arguments = node.get("arguments").and_then(Value::as_array);
                            let slot = arguments
                                .and_then(|arguments| arguments.first())
                                .map_or(Slot::Computed, |slot| self.slot(slot, 0));
                            uses.push((Content::Raw, slot));
                        }
                    }
                    "YulAssignment" => self.pointer(node, uses),
                    _ => {}
                }
                attributes.values().for_each(|value| self.visit(value, uses));
            }
            _ => {}
        }
    }

    /// `$.slot := value`
    fn pointer(&self, node: &'a Value, uses: &mut Vec<(Content, Slot)>) {
        let targets = node.get("variableNames").and_then(Value::as_array);
        let targets = targets.map_or(&[][..], Vec::as_slice);
        for target in targets {
            let Some((declaration, true, _)) = self.names.get(string(target, "src")) else {
                continue;
            };
            let slot = match (targets, node.get("value")) {
                ([_], Some(value)) => self.slot(value, 0),
                _ => Slot::Computed,
            };
            uses.push((self.content(*declaration), slot));
        }
    }

    fn content(&self, declaration: u64) -> Content {
        let ast = self.evaluator.ast;
        let Some(variable) = ast.node(declaration) else { return Content::Raw };
        let kind = variable.get("typeName").and_then(referenced).and_then(|id| ast.node(id));
        match kind {
            Some(kind) if string(kind, "nodeType") == "StructDefinition" => {
                id_of(kind).map_or(Content::Raw, Content::Struct)
            }
            _ => {
                let label =
                    variable.get("typeDescriptions").map_or("", |t| string(t, "typeString"));
                Content::Other(label.replace(" storage pointer", "").replace(" storage ref", ""))
            }
        }
    }

    fn slot(&self, node: &'a Value, depth: usize) -> Slot {
        if depth > limits::EXPRESSION_DEPTH {
            return Slot::Computed;
        }
        match string(node, "nodeType") {
            "YulIdentifier" => match self.names.get(string(node, "src")) {
                Some((_, true, _)) => Slot::Own,
                Some((_, _, true)) => Slot::Computed,
                Some((declaration, ..)) => {
                    declared(self.evaluator, self.function, *declaration, depth)
                }
                None => match self.locals.get(string(node, "name")) {
                    Some(Some(value)) => self.slot(value, depth + 1),
                    _ => Slot::Computed,
                },
            },
            "YulLiteral" if string(node, "kind") == "number" => string(node, "value")
                .parse::<U256>()
                .map_or(Slot::Computed, |slot| Slot::Known(Location { slot, constant: None })),
            "YulFunctionCall" => self
                .arithmetic(node, depth)
                .map_or(Slot::Computed, |slot| Slot::Known(Location { slot, constant: None })),
            _ => Slot::Computed,
        }
    }

    fn arithmetic(&self, node: &'a Value, depth: usize) -> Option<U256> {
        let name = string(node.get("functionName")?, "name");
        let mut words = Vec::new();
        for argument in node.get("arguments")?.as_array()? {
            match self.slot(argument, depth + 1) {
                Slot::Known(location) => words.push(location.slot),
                _ => return None,
            }
        }
        match (name, words.as_slice()) {
            ("add", [a, b]) => Some(a.wrapping_add(*b)),
            ("sub", [a, b]) => Some(a.wrapping_sub(*b)),
            ("and", [a, b]) => Some(*a & *b),
            ("or", [a, b]) => Some(*a | *b),
            ("xor", [a, b]) => Some(*a ^ *b),
            ("not", [a]) => Some(!*a),
            _ => None,
        }
    }
}
