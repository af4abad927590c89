//! Static checks of a parsed policy: what it may contain, and how deep its rules call each other.
//!
//! They read regorus' syntax tree as JSON. Checked are all rules of all files, reachable or not:
//! no null, no fraction, no division, no `with`, no builtin outside the allow-list, no recursion,
//! no chain of rules so deep that evaluating it could exhaust the stack.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Node;

use crate::{
    Integer, SourceError,
    builtins::{is_allowed, refusal},
};

/// The longest chain of rules that depend on each other.
pub(crate) const MAX_RULE_DEPTH: usize = 24;

/// The name under which parameters are mounted: `data.parameters`.
pub(crate) const PARAMETERS: &str = "parameters";

/// One rule as it stands in the source, for tests and reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleSpan {
    /// The file it stands in.
    pub(crate) file: String,
    /// Its package, dotted, without `data`.
    pub(crate) package: String,
    /// The name of its head.
    pub(crate) name: String,
    /// Its first line.
    pub(crate) line: usize,
    /// Its bytes in the file.
    pub(crate) bytes: std::ops::Range<usize>,
    /// The bytes of its name.
    pub(crate) head: std::ops::Range<usize>,
    /// Whether it is a `default`.
    pub(crate) is_default: bool,
    /// Whether it takes arguments.
    pub(crate) is_function: bool,
}

/// A statement whose documents are replaced by `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WithSpan {
    /// The file it stands in.
    pub(crate) file: String,
    /// Its bytes in the file.
    pub(crate) bytes: std::ops::Range<usize>,
    /// The bytes of what begins with the first `with`.
    pub(crate) modifiers: std::ops::Range<usize>,
}

/// The syntax trees of a bundle's files.
pub(crate) struct Program {
    modules: Vec<ModuleTree>,
}

struct ModuleTree {
    file: String,
    text: String,
    package: Vec<String>,
    aliases: BTreeSet<String>,
    rules: Vec<(String, Node)>,
}

impl Program {
    /// Reads the trees that `engine.get_ast_as_json()` wrote; `files` are in the order in which
    /// they were added.
    pub(crate) fn parse(ast: &str, files: &[(&str, &str)]) -> Result<Self, SourceError> {
        // serde_json refuses nesting beyond 128, which only an expression of absurd length has.
        let trees: Vec<Node> = serde_json::from_str(ast).map_err(|_| {
            let problem =
                "an expression is nested too deeply, name its parts in rules of their own";
            SourceError::new("bundle", 1, 1, problem)
        })?;
        let modules = trees
            .iter()
            .zip(files)
            .map(|(tree, (file, text))| ModuleTree::parse(&tree["ast"], file, text))
            .collect::<Result<_, _>>()?;
        Ok(Self { modules })
    }

    /// All rules in source order.
    pub(crate) fn rules(&self) -> Vec<RuleSpan> {
        let mut spans = Vec::new();
        for module in &self.modules {
            for (name, rule) in &module.rules {
                let is_default = !rule["Default"].is_null();
                let body = if is_default { &rule["Default"] } else { &rule["Spec"] };
                let at = |field: &str| usize_of(&body["span"][field]);
                spans.push(RuleSpan {
                    file: module.file.clone(),
                    package: module.package.join("."),
                    name: name.clone(),
                    line: at("line"),
                    bytes: module.extent(at("start")..at("end")),
                    head: head_refr(rule).and_then(root_span).unwrap_or_default(),
                    is_default,
                    is_function: !rule["Spec"]["head"]["Func"].is_null()
                        || body["args"].as_array().is_some_and(|args| !args.is_empty()),
                });
            }
        }
        spans
    }

    /// Every statement with `with`, in no order.
    pub(crate) fn with_statements(&self) -> Vec<WithSpan> {
        let mut found = Vec::new();
        for module in &self.modules {
            for (_, rule) in &module.rules {
                module.with_statements(rule, &mut found);
            }
        }
        found
    }

    /// Where the code names the field `name` of `input`, or uses `input` in a way that may come to it: as a whole, or by a name
    /// that is only known when it runs. It can find too much, and never nothing where the field is read.
    pub(crate) fn input_field(&self, name: &str) -> Option<SourceError> {
        let mut uses: Vec<(SourceError, bool)> = Vec::new();
        for module in &self.modules {
            for (_, rule) in &module.rules {
                module.input_uses(rule, name, &mut uses);
            }
        }
        uses.sort_by_key(|(_, certain)| !certain);
        uses.into_iter().next().map(|(at, _)| at)
    }

    /// Applies every check.
    pub(crate) fn check(&self) -> Result<(), SourceError> {
        let functions = self.functions()?;
        for module in &self.modules {
            for (name, rule) in &module.rules {
                module.check_default(name, rule)?;
                module.check_node(rule, &functions)?;
            }
        }
        self.check_depth()
    }

    fn functions(&self) -> Result<BTreeSet<String>, SourceError> {
        let mut functions = BTreeSet::new();
        for module in &self.modules {
            for (name, rule) in &module.rules {
                if is_allowed(name) || refusal(name).is_some() {
                    let problem = format!("rule {name} has the name of a builtin, rename it");
                    return Err(module.error(&rule["Spec"]["span"], problem));
                }
                if !rule["Spec"]["head"]["Func"].is_null() {
                    functions.insert(name.clone());
                }
            }
        }
        Ok(functions)
    }

    /// Refuses recursion and chains of rules deeper than [`MAX_RULE_DEPTH`]. Rules are told apart
    /// by name only, across packages, so this can refuse too much but never too little.
    fn check_depth(&self) -> Result<(), SourceError> {
        let names: BTreeSet<&str> = self
            .modules
            .iter()
            .flat_map(|module| module.rules.iter().map(|(name, _)| name.as_str()))
            .collect();
        let mut graph: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for module in &self.modules {
            for (name, rule) in &module.rules {
                module.references(rule, &names, graph.entry(name).or_default());
            }
        }
        // Peel off rules whose dependencies are settled; what is left over is a cycle.
        let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
        while depths.len() < graph.len() {
            let settled: Vec<(&str, usize)> = graph
                .iter()
                .filter(|(name, _)| !depths.contains_key(*name))
                .filter_map(|(name, uses)| {
                    let below = uses.iter().map(|used| depths.get(used.as_str()).copied());
                    let below: Vec<usize> = below.collect::<Option<_>>()?;
                    Some((*name, below.into_iter().max().unwrap_or(0) + 1))
                })
                .collect();
            if settled.is_empty() {
                let stuck = graph.keys().find(|name| !depths.contains_key(*name));
                return Err(self.rule_error(
                    stuck.copied().unwrap_or_default(),
                    "rule depends on itself (rules are told apart by name: a variable with a rule's name counts, rename it)",
                ));
            }
            if let Some((name, _)) = settled.iter().find(|(_, depth)| *depth > MAX_RULE_DEPTH) {
                let problem = format!("rules depend on each other deeper than {MAX_RULE_DEPTH}");
                return Err(self.rule_error(name, problem));
            }
            depths.extend(settled);
        }
        Ok(())
    }

    fn rule_error(&self, name: &str, problem: impl Into<String>) -> SourceError {
        let rule = self.rules().into_iter().find(|rule| rule.name == name);
        let (file, line) = rule.map_or_else(|| (String::new(), 1), |rule| (rule.file, rule.line));
        SourceError::new(&file, line, 1, format!("{name}: {}", problem.into()))
    }
}

impl ModuleTree {
    fn parse(tree: &Node, file: &str, text: &str) -> Result<Self, SourceError> {
        let mut module = Self {
            file: file.to_owned(),
            text: text.to_owned(),
            package: Vec::new(),
            aliases: BTreeSet::new(),
            rules: Vec::new(),
        };
        let package = &tree["package"];
        module.package = path_of(&package["refr"])
            .ok_or_else(|| module.error(&package["span"], "package path is not plain names"))?;
        if module.package.first().is_some_and(|first| first == PARAMETERS) {
            let problem = "data.parameters belongs to the parameters, name the package otherwise";
            return Err(module.error(&package["span"], problem));
        }
        for import in tree["imports"].as_array().into_iter().flatten() {
            let path = path_of(&import["refr"])
                .ok_or_else(|| module.error(&import["span"], "import path is not plain names"))?;
            match path.first().map(String::as_str) {
                Some("rego" | "future") => continue,
                Some("data") => {}
                _ => {
                    let problem = "only rego.v1, future.keywords and data may be imported";
                    return Err(module.error(&import["span"], problem));
                }
            }
            let alias = module.text_of(&import["as"]).or_else(|| path.last().cloned());
            module.aliases.extend(alias);
        }
        for rule in tree["rules"].as_array().into_iter().flatten() {
            let name = head_name(rule)
                .ok_or_else(|| module.error(&rule["Spec"]["span"], "rule head is not a name"))?;
            module.rules.push((name, rule.clone()));
        }
        Ok(module)
    }

    fn text_of(&self, span: &Node) -> Option<String> {
        let (start, end) = (span["start"].as_u64()?, span["end"].as_u64()?);
        let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
        self.text.get(range).map(str::to_owned)
    }

    /// The bytes with the quotes of a string at either end, which regorus leaves out.
    fn extent(&self, bytes: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let is_quote = |at: Option<usize>| {
            matches!(at.and_then(|at| self.text.as_bytes().get(at)), Some(b'"' | b'`'))
        };
        let start = bytes.start - usize::from(is_quote(bytes.start.checked_sub(1)));
        let end = bytes.end + usize::from(is_quote(Some(bytes.end)));
        start..end
    }

    fn error(&self, span: &Node, problem: impl Into<String>) -> SourceError {
        let (line, column) = (usize_of(&span["line"]), usize_of(&span["col"]));
        SourceError::new(&self.file, line.max(1), column.max(1), problem)
    }

    /// A `default` of a function, which the engines do not agree about.
    fn check_default(&self, name: &str, rule: &Node) -> Result<(), SourceError> {
        let default = &rule["Default"];
        if default["args"].as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let problem = format!(
            "default of the function {name} is not supported: give {name} a body for what its others leave out"
        );
        Err(self.error(&default["span"], problem))
    }

    /// Walks a syntax tree; every object with one capitalised key is a node of that kind.
    fn check_node(&self, node: &Node, functions: &BTreeSet<String>) -> Result<(), SourceError> {
        match node {
            Node::Array(items) => {
                items.iter().try_for_each(|item| self.check_node(item, functions))
            }
            Node::Object(fields) => fields.iter().try_for_each(|(kind, child)| {
                self.check_kind(kind, child, functions)?;
                self.check_node(child, functions)
            }),
            _ => Ok(()),
        }
    }

    fn check_kind(
        &self,
        kind: &str,
        node: &Node,
        functions: &BTreeSet<String>,
    ) -> Result<(), SourceError> {
        let refuse = |problem: String| Err(self.error(&node["span"], problem));
        match kind {
            "Null" => refuse("null does not exist here".to_owned()),
            "Number" => {
                let text = self.text_of(&node["span"]).unwrap_or_default();
                match text.parse::<Integer>() {
                    Ok(_) => Ok(()),
                    Err(error) => refuse(format!("{text}: {error}")),
                }
            }
            "ArithExpr" if node["op"] == "Div" => refuse(
                "division is not exact, cross-multiply: a * 100 > b * 5 instead of b / a < 20"
                    .to_owned(),
            ),
            "with_mods" if node.as_array().is_some_and(|mods| !mods.is_empty()) => {
                Err(self.error(&node[0]["span"], "with is for tests only"))
            }
            "Call" => self.check_call(node, functions),
            _ => Ok(()),
        }
    }

    fn check_call(&self, call: &Node, functions: &BTreeSet<String>) -> Result<(), SourceError> {
        let span = &call["span"];
        let Some(path) = path_of(&call["fcn"]) else {
            return Err(self.error(span, "only functions with a plain name can be called"));
        };
        let name = path.join(".");
        if is_allowed(&name) {
            return Ok(());
        }
        if let Some(because) = refusal(&name) {
            return Err(self.error(span, format!("{name} may not be called: it {because}")));
        }
        // A function of the bundle: by its bare name, or through data or an import.
        let local = path.len() == 1;
        let through =
            path.first().is_some_and(|first| first == "data" || self.aliases.contains(first));
        let known = path.last().is_some_and(|last| functions.contains(last));
        if known && (local || through) {
            return Ok(());
        }
        Err(self.error(span, format!("unknown function {name}")))
    }

    fn with_statements(&self, node: &Node, into: &mut Vec<WithSpan>) {
        match node {
            Node::Array(items) => items.iter().for_each(|item| self.with_statements(item, into)),
            Node::Object(fields) => {
                let modifiers = fields.get("with_mods").and_then(Node::as_array);
                if let Some((first, last)) = modifiers.and_then(|m| m.first().zip(m.last())) {
                    let modifiers = range_of(&first["span"]).start..range_of(&last["span"]).end;
                    into.push(WithSpan {
                        file: self.file.clone(),
                        bytes: self.extent(range_of(&node["span"])),
                        modifiers: self.extent(modifiers),
                    });
                }
                fields.values().for_each(|child| self.with_statements(child, into));
            }
            _ => {}
        }
    }

    /// Uses of `input` that name `name`, and such that may: the whole of it, or a field that is computed.
    fn input_uses(&self, node: &Node, name: &str, into: &mut Vec<(SourceError, bool)>) {
        let is_input = |refr: &Node| refr["Var"]["value"] == "input";
        match node {
            Node::Array(items) => items.iter().for_each(|item| self.input_uses(item, name, into)),
            Node::Object(fields) => {
                for (kind, child) in fields {
                    let mut found = |certain: bool| {
                        let problem = if certain { "is read here" } else { "may be read here" };
                        let problem = format!("input.{name} {problem}");
                        into.push((self.error(&child["span"], problem), certain));
                    };
                    match kind.as_str() {
                        "RefDot" if is_input(&child["refr"]) => {
                            if child["field"][1] == name {
                                found(true);
                            }
                        }
                        "RefBrack" if is_input(&child["refr"]) => {
                            match child["index"]["String"]["value"].as_str() {
                                Some(field) if field == name => found(true),
                                Some(_) => {}
                                None => found(false),
                            }
                            self.input_uses(&child["index"], name, into);
                        }
                        "Var" if child["value"] == "input" => found(false),
                        _ => self.input_uses(child, name, into),
                    }
                }
            }
            _ => {}
        }
    }

    /// The rules that `node` may refer to, by name.
    fn references(&self, node: &Node, names: &BTreeSet<&str>, into: &mut BTreeSet<String>) {
        match node {
            Node::Array(items) => items.iter().for_each(|item| self.references(item, names, into)),
            Node::Object(fields) => {
                for (kind, child) in fields {
                    match kind.as_str() {
                        // The head names the rule itself; only its arguments and values refer.
                        "refr" if is_head(node) => self.head_references(child, names, into),
                        "Var" => {
                            let name = child["value"].as_str().unwrap_or_default();
                            into.extend(names.get(name).map(|name| (*name).to_owned()));
                        }
                        "RefDot" | "RefBrack" => {
                            self.path_references(child, names, into);
                            self.references(child, names, into);
                        }
                        _ => self.references(child, names, into),
                    }
                }
            }
            _ => {}
        }
    }

    /// References inside the brackets of a rule's head, as in `p[f(x)] := …`.
    fn head_references(&self, head: &Node, names: &BTreeSet<&str>, into: &mut BTreeSet<String>) {
        let bracket = &head["RefBrack"];
        if !bracket.is_null() {
            self.references(&bracket["index"], names, into);
            self.head_references(&bracket["refr"], names, into);
        }
        let dot = &head["RefDot"];
        if !dot.is_null() {
            self.head_references(&dot["refr"], names, into);
        }
    }

    /// A field of `data` or of an import may be a rule of any package.
    fn path_references(&self, node: &Node, names: &BTreeSet<&str>, into: &mut BTreeSet<String>) {
        let mut fields = Vec::new();
        let mut current = node;
        let root = loop {
            if let Some(field) = current["field"][1].as_str() {
                fields.push(field.to_owned());
            }
            if let Some(index) = current["index"]["String"]["value"].as_str() {
                fields.push(index.to_owned());
            }
            let below = &current["refr"];
            if let Some(name) = below["Var"]["value"].as_str() {
                break name;
            }
            current = if below["RefDot"].is_null() { &below["RefBrack"] } else { &below["RefDot"] };
            if current.is_null() {
                return;
            }
        };
        if root == "data" && fields.last().is_some_and(|first| first == PARAMETERS) {
            return;
        }
        if root == "data" || self.aliases.contains(root) {
            into.extend(fields.into_iter().filter(|field| names.contains(field.as_str())));
        }
    }
}

/// Whether a node is a rule's head, whose `refr` is a name and not a reference.
fn is_head(node: &Node) -> bool {
    let Some(fields) = node.as_object() else { return false };
    fields.contains_key("refr") && !fields.contains_key("eidx") && !fields.contains_key("as")
}

fn head_name(rule: &Node) -> Option<String> {
    root_var(head_refr(rule)?)?["value"].as_str().map(str::to_owned)
}

fn head_refr(rule: &Node) -> Option<&Node> {
    let head = &rule["Spec"]["head"];
    ["Compr", "Set", "Func"]
        .iter()
        .map(|kind| &head[kind]["refr"])
        .chain([&rule["Default"]["refr"]])
        .find(|refr| !refr.is_null())
}

fn root_span(refr: &Node) -> Option<std::ops::Range<usize>> {
    root_var(refr).map(|var| range_of(&var["span"]))
}

fn range_of(span: &Node) -> std::ops::Range<usize> {
    usize_of(&span["start"])..usize_of(&span["end"])
}

/// The variable with which a reference begins.
fn root_var(refr: &Node) -> Option<&Node> {
    let mut current = refr;
    // A head has at most 32 components, which the parser enforces.
    loop {
        if !current["Var"].is_null() {
            return Some(&current["Var"]);
        }
        let below = ["RefDot", "RefBrack"].iter().find(|kind| !current[**kind].is_null())?;
        current = &current[*below]["refr"];
    }
}

/// The names of a path such as `data.writ.limits`; `None` if it is anything else.
fn path_of(refr: &Node) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut current = refr;
    loop {
        if let Some(name) = current["Var"]["value"].as_str() {
            names.push(name.to_owned());
            names.reverse();
            return Some(names);
        }
        let dot = current.get("RefDot")?;
        names.push(dot["field"][1].as_str()?.to_owned());
        current = &dot["refr"];
    }
}

fn usize_of(node: &Node) -> usize {
    node.as_u64().and_then(|value| usize::try_from(value).ok()).unwrap_or(0)
}
