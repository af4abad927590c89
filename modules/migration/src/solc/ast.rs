//! The AST of a compilation, by node.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::{
    error::LayoutError,
    layout::{ContractName, Source},
};

/// The text of a node's attribute; empty where it has none.
pub(crate) fn string<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What stands behind `@custom:<tag>` in a node's documentation, each time.
pub(crate) fn annotation(node: &Value, tag: &str) -> Vec<String> {
    let text = match node.get("documentation") {
        Some(Value::String(text)) => text.as_str(),
        Some(documentation) => string(documentation, "text"),
        None => return Vec::new(),
    };
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim().trim_start_matches('*').trim_start();
        if let Some(title) = line.strip_prefix('@') {
            let (title, rest) = title.split_once(char::is_whitespace).unwrap_or((title, ""));
            open = title.strip_prefix("custom:") == Some(tag);
            if open {
                found.push(rest.trim().to_owned());
            }
        } else if open && let Some(last) = found.last_mut() {
            // An argument may go on in the next line.
            let joined = format!("{last} {line}");
            joined.trim().clone_into(last);
        }
    }
    found
}

/// All nodes of all sources, and what is derived from them once.
#[derive(Debug)]
pub(crate) struct Ast<'a> {
    nodes: HashMap<u64, &'a Value>,
    contracts: BTreeMap<ContractName, &'a Value>,
    /// The declaration that a node stands in: contract or source.
    owners: HashMap<u64, u64>,
    /// The file-level nodes of each source.
    files: HashMap<u64, &'a str>,
    source_names: HashMap<u64, &'a str>,
    texts: &'a BTreeMap<String, String>,
    /// Local variables that get their value once, where they are declared.
    initial: HashMap<u64, &'a Value>,
    assigned: HashSet<u64>,
    /// Parameters: their function and position.
    parameters: HashMap<u64, (u64, usize)>,
}

impl<'a> Ast<'a> {
    /// Walks the AST of every source of the compiler's output.
    pub(crate) fn of(
        output: &'a Value,
        texts: &'a BTreeMap<String, String>,
    ) -> Result<Self, LayoutError> {
        let mut ast = Self {
            nodes: HashMap::new(),
            contracts: BTreeMap::new(),
            owners: HashMap::new(),
            files: HashMap::new(),
            source_names: HashMap::new(),
            texts,
            initial: HashMap::new(),
            assigned: HashSet::new(),
            parameters: HashMap::new(),
        };
        let sources = output
            .get("sources")
            .and_then(Value::as_object)
            .ok_or_else(|| LayoutError::output("/sources", "missing"))?;
        for (name, source) in sources {
            let root = source
                .get("ast")
                .filter(|ast| ast.is_object())
                .ok_or_else(|| LayoutError::output(name, "the AST is missing"))?;
            if let Some(id) = source.get("id").and_then(Value::as_u64) {
                ast.source_names.insert(id, name);
            }
            for node in root.get("nodes").and_then(Value::as_array).into_iter().flatten() {
                if string(node, "nodeType") == "ContractDefinition" {
                    let contract = ContractName {
                        source: name.clone(),
                        name: string(node, "name").to_owned(),
                    };
                    ast.contracts.insert(contract, node);
                }
                if let Some(id) = id_of(node) {
                    ast.files.insert(id, name);
                }
                ast.walk(node, None);
            }
        }
        Ok(ast)
    }

    /// The answer's depth is bounded by the JSON parser.
    fn walk(&mut self, node: &'a Value, mut owner: Option<u64>) {
        match node {
            Value::Array(items) => {
                for item in items {
                    self.walk(item, owner);
                }
            }
            Value::Object(attributes) => {
                if let Some(id) = id_of(node).filter(|_| attributes.contains_key("nodeType")) {
                    self.nodes.insert(id, node);
                    if let Some(owner) = owner {
                        self.owners.insert(id, owner);
                    }
                    self.note(id, node);
                    if string(node, "nodeType") == "ContractDefinition" {
                        owner = Some(id);
                    }
                }
                for (key, value) in attributes {
                    if key != "AST" && (value.is_object() || value.is_array()) {
                        self.walk(value, owner);
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, id: u64, node: &'a Value) {
        match string(node, "nodeType") {
            "FunctionDefinition" | "ModifierDefinition" => {
                for (position, parameter) in parameters(node).iter().enumerate() {
                    if let Some(parameter) = id_of(parameter) {
                        self.parameters.insert(parameter, (id, position));
                    }
                }
            }
            "VariableDeclarationStatement" => {
                let declared = node.get("assignments").and_then(Value::as_array);
                if let (Some([one]), Some(value)) =
                    (declared.map(Vec::as_slice), node.get("initialValue"))
                    && let Some(one) = one.as_u64()
                    && value.is_object()
                {
                    self.initial.insert(one, value);
                }
            }
            "Assignment" => self.assign(node.get("leftHandSide")),
            "UnaryOperation" if ["++", "--", "delete"].contains(&string(node, "operator")) => {
                self.assign(node.get("subExpression"));
            }
            "InlineAssembly" => {
                let mut written = BTreeSet::new();
                yul_written(node.get("AST").unwrap_or(&Value::Null), &mut written);
                for (source, declaration) in references(node) {
                    if written.contains(source) {
                        self.assigned.insert(declaration);
                    }
                }
            }
            _ => {}
        }
    }

    fn assign(&mut self, target: Option<&'a Value>) {
        let Some(target) = target else { return };
        if string(target, "nodeType") == "TupleExpression" {
            for part in target.get("components").and_then(Value::as_array).into_iter().flatten() {
                self.assign(Some(part));
            }
        } else if let Some(declaration) = referenced(target) {
            self.assigned.insert(declaration);
        }
    }

    pub(crate) fn node(&self, id: u64) -> Option<&'a Value> {
        self.nodes.get(&id).copied()
    }

    /// The contract or library that a node stands in.
    pub(crate) fn owner(&self, id: u64) -> Option<&'a Value> {
        self.owners.get(&id).and_then(|owner| self.node(*owner))
    }

    /// The source that a file-level declaration stands in.
    pub(crate) fn file(&self, id: u64) -> Option<&'a str> {
        self.files.get(&id).copied()
    }

    pub(crate) const fn contracts(&self) -> &BTreeMap<ContractName, &'a Value> {
        &self.contracts
    }

    /// A parameter's function and position.
    pub(crate) fn parameter(&self, declaration: u64) -> Option<(u64, usize)> {
        let fixed = !self.assigned.contains(&declaration);
        self.parameters.get(&declaration).copied().filter(|_| fixed)
    }

    /// What a local variable was declared with, if nothing else is ever assigned to it.
    pub(crate) fn initial(&self, declaration: u64) -> Option<&'a Value> {
        let fixed = !self.assigned.contains(&declaration);
        self.initial.get(&declaration).copied().filter(|_| fixed)
    }

    /// The contracts that a contract inherits, itself first.
    pub(crate) fn linearized(&self, contract: &Value) -> Vec<&'a Value> {
        let ids = contract.get("linearizedBaseContracts").and_then(Value::as_array);
        ids.into_iter().flatten().filter_map(|id| self.node(id.as_u64()?)).collect()
    }

    /// The text that a node was parsed from.
    pub(crate) fn text(&self, node: &Value) -> Option<&'a str> {
        let (start, length, file) = self.span(node)?;
        self.texts.get(file)?.get(start..start.checked_add(length)?)
    }

    /// Where a node stands.
    pub(crate) fn source(&self, node: &Value) -> Option<Source> {
        let (start, _, file) = self.span(node)?;
        let before = self.texts.get(file)?.as_bytes().get(..start)?;
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Some(Source { file: file.to_owned(), line, column })
    }

    fn span(&self, node: &Value) -> Option<(usize, usize, &'a str)> {
        let mut parts = string(node, "src").split(':');
        let start = parts.next()?.parse().ok()?;
        let length = parts.next()?.parse().ok()?;
        let file = self.source_names.get(&parts.next()?.parse().ok()?)?;
        Some((start, length, file))
    }
}

/// A node's id.
pub(crate) fn id_of(node: &Value) -> Option<u64> {
    node.get("id").and_then(Value::as_u64)
}

/// What a name refers to.
pub(crate) fn referenced(node: &Value) -> Option<u64> {
    node.get("referencedDeclaration").and_then(Value::as_u64)
}

/// The parameters of a function.
pub(crate) fn parameters(function: &Value) -> &[Value] {
    function
        .get("parameters")
        .and_then(|list| list.get("parameters"))
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// What the names in a block of assembly refer to, by where they stand.
pub(crate) fn references(assembly: &Value) -> impl Iterator<Item = (&str, u64)> {
    let listed = assembly.get("externalReferences").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(|reference| {
        Some((string(reference, "src"), reference.get("declaration")?.as_u64()?))
    })
}

fn yul_written<'a>(node: &'a Value, written: &mut BTreeSet<&'a str>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| yul_written(item, written)),
        Value::Object(attributes) => {
            if string(node, "nodeType") == "YulAssignment" {
                let targets = node.get("variableNames").and_then(Value::as_array);
                for target in targets.into_iter().flatten() {
                    written.insert(string(target, "src"));
                }
            }
            attributes.values().for_each(|value| yul_written(value, written));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn annotations_are_read_as_they_are_written() {
        let node = |text: &str| json!({ "documentation": { "text": text } });
        let tag = "oz-renamed-from";
        assert_eq!(annotation(&node("@custom:oz-renamed-from old"), tag), ["old"]);
        assert_eq!(annotation(&node(" Words.\n @custom:oz-renamed-from  old \n"), tag), ["old"]);
        assert_eq!(
            annotation(&node("@custom:oz-renamed-from\n old\n@dev no"), tag),
            ["old"],
            "an argument in the next line"
        );
        assert!(annotation(&node("@custom:oz-renamed-from-x old"), tag).is_empty());
        assert!(annotation(&node("see @custom:oz-renamed-from old"), tag).is_empty());
        assert!(annotation(&json!({}), tag).is_empty());
    }
}
