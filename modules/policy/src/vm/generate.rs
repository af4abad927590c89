//! Policies and inputs for the differential test, from a seed.
//!
//! Typed, so that most of what comes out computes something; now and then of the wrong type on
//! purpose. Rules call only rules before them.

use std::fmt::Write as _;

use crate::Value;

/// What a generated expression is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Int,
    Bool,
    Text,
    Ints,
    IntSet,
    Texts,
    Record,
    Records,
}

const KINDS: [Kind; 8] = [
    Kind::Int,
    Kind::Bool,
    Kind::Text,
    Kind::Ints,
    Kind::IntSet,
    Kind::Texts,
    Kind::Record,
    Kind::Records,
];

/// A small generator: the same numbers on every machine.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    pub(super) fn one_in(&mut self, chance: u64) -> bool {
        self.below(chance) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }
}

/// A policy's source and a way to make inputs for it.
pub(super) fn policy(random: &mut Random) -> String {
    let mut writer = Writer { random, rules: Vec::new(), functions: Vec::new(), fresh: 0 };
    let mut source = "package t\n\nimport rego.v1\n\n".to_owned();
    let count = 2 + writer.random.below(5);
    for index in 0..count {
        source.push_str(&writer.rule(index));
        source.push('\n');
    }
    let shown: Vec<String> = writer.rules.iter().map(|(name, _)| name.clone()).collect();
    if writer.random.one_in(4) {
        // The entry depends on all: one undefined rule makes it undefined.
        let _ = writeln!(source, "p := [{}]", shown.join(", "));
    } else {
        for (index, name) in shown.iter().enumerate() {
            let _ = writeln!(source, "p contains [{index}, {name}]");
        }
    }
    source
}

/// The source of a policy that decides: it allows if one thing holds, and gives reasons if others do.
pub(super) fn decision(random: &mut Random) -> String {
    let mut writer = Writer { random, rules: Vec::new(), functions: Vec::new(), fresh: 0 };
    let mut source = "package t\n\nimport rego.v1\n\n".to_owned();
    for index in 0..1 + writer.random.below(3) {
        source.push_str(&writer.rule(index));
        source.push('\n');
    }
    source.push_str("default allow := false\n\n");
    for _ in 0..2 {
        let condition = writer.condition(&Scope::new(), 1);
        let _ = writeln!(source, "allow if {{ {condition} }}");
    }
    if writer.random.one_in(6) {
        source.push_str("allow if input.n % input.m == 1\n");
    }
    // What is a text anyhow, since a reason of another kind is a malformed result.
    for _ in 0..writer.random.below(2) {
        let (condition, scope) = writer.body();
        let text = writer.leaf(Kind::Text, &scope);
        let _ = writeln!(source, "reasons contains concat(\"\", [{text}]) if {{ {condition} }}");
    }
    source.push_str("reasons contains \"n is 5\" if input.n == 5\n");
    source.push_str("p := {\"allow\": allow, \"reasons\": reasons}\n");
    source
}

/// What generated policies find at `data.parameters`.
pub(super) fn parameters() -> Value {
    Value::object([("n", Value::from(3_u64))])
}

/// An input: everything that a policy may name, most of it there, some of it of another type.
pub(super) fn input(random: &mut Random) -> Value {
    let mut fields: Vec<(String, Value)> = Vec::new();
    for (name, kind) in FIELDS {
        if !random.one_in(8) {
            let kind = if random.one_in(12) { random.pick(&KINDS) } else { *kind };
            let value = value(random, kind);
            fields.push(((*name).to_owned(), value));
        }
    }
    Value::object(fields)
}

const FIELDS: &[(&str, Kind)] = &[
    ("n", Kind::Int),
    ("m", Kind::Int),
    ("s", Kind::Text),
    ("t", Kind::Text),
    ("b", Kind::Bool),
    ("xs", Kind::Ints),
    ("ys", Kind::Ints),
    ("ss", Kind::Texts),
    ("o", Kind::Record),
    ("os", Kind::Records),
];

const TEXTS: [&str; 8] = ["", "a", "b", "ab", "0xab", "AB", "é", "10"];

fn value(random: &mut Random, kind: Kind) -> Value {
    let several = |random: &mut Random, kind| -> Vec<Value> {
        (0..random.below(5)).map(|_| value(random, kind)).collect()
    };
    match kind {
        Kind::Int => match random.below(12) {
            0 => Value::from(alloy::primitives::U256::MAX),
            1 => Value::from(-1_i64),
            2 => Value::from(u128::MAX),
            _ => Value::from(random.below(6)),
        },
        Kind::Bool => Value::from(random.one_in(2)),
        Kind::Text => Value::from(random.pick(&TEXTS)),
        Kind::Ints | Kind::IntSet => Value::Array(several(random, Kind::Int)),
        Kind::Texts => Value::Array(several(random, Kind::Text)),
        Kind::Record => {
            Value::object([("k", value(random, Kind::Text)), ("v", value(random, Kind::Int))])
        }
        Kind::Records => {
            let mut records = several(random, Kind::Record);
            if random.one_in(4) {
                records.push(Value::object([("k", Value::from("a"))]));
            }
            Value::Array(records)
        }
    }
}

struct Writer<'a> {
    random: &'a mut Random,
    /// Rules so far.
    rules: Vec<(String, Kind)>,
    /// Functions of one integer so far.
    functions: Vec<(String, Kind)>,
    fresh: u64,
}

type Scope = Vec<(String, Kind)>;

impl Writer<'_> {
    fn rule(&mut self, index: u64) -> String {
        let kind = self.random.pick(&KINDS);
        let name = format!("r{index}");
        let mut out = String::new();
        match self.random.below(6) {
            // A set.
            0 if kind == Kind::Int || kind == Kind::Text => {
                for _ in 0..=self.random.below(2) {
                    let (body, scope) = self.body();
                    let head = self.expression(kind, &scope, 2);
                    let _ = writeln!(out, "{name} contains {head} if {{ {body} }}");
                }
                let kind = if kind == Kind::Int { Kind::IntSet } else { Kind::Texts };
                self.rules.push((name, kind));
            }
            // An object, one of whose values is taken.
            0 => {
                let (body, scope) = self.body();
                let key = self.expression(Kind::Text, &scope, 1);
                let value = self.expression(kind, &scope, 2);
                let _ = writeln!(out, "{name}o[key] := {value} if {{ {body}; key := {key} }}");
                let _ =
                    writeln!(out, "{name} := {name}o[{}]", self.leaf(Kind::Text, &Scope::new()));
                self.rules.push((name, kind));
            }
            // A function, and a rule that calls it.
            1 => {
                let scope = vec![("x".to_owned(), Kind::Int)];
                for _ in 0..=self.random.below(2) {
                    let (body, scope) = self.body_in(scope.clone());
                    let value = self.expression(kind, &scope, 2);
                    let _ = writeln!(out, "f{index}(x) := {value} if {{ {body} }}");
                }
                self.functions.push((format!("f{index}"), kind));
                let argument = self.expression(Kind::Int, &Scope::new(), 2);
                let _ = writeln!(out, "{name} := f{index}({argument})");
                self.rules.push((name, kind));
            }
            // A complete rule, with default, definitions and else.
            other => {
                if other == 2 {
                    let _ = writeln!(out, "default {name} := {}", self.literal(kind));
                }
                for _ in 0..=self.random.below(2) {
                    let (body, scope) = self.body();
                    let value = self.expression(kind, &scope, 3);
                    let _ = write!(out, "{name} := {value} if {{ {body} }}");
                    for _ in 0..self.random.below(3) / 2 {
                        let (body, scope) = self.body();
                        let value = self.expression(kind, &scope, 2);
                        let _ = write!(out, " else := {value} if {{ {body} }}");
                    }
                    out.push('\n');
                }
                self.rules.push((name, kind));
            }
        }
        out
    }

    fn body(&mut self) -> (String, Scope) {
        self.body_in(Scope::new())
    }

    fn body_in(&mut self, mut scope: Scope) -> (String, Scope) {
        let mut statements = Vec::new();
        for _ in 0..=self.random.below(3) {
            statements.push(self.statement(&mut scope, 2));
        }
        (statements.join("; "), scope)
    }

    fn variable(&mut self) -> String {
        self.fresh += 1;
        format!("v{}", self.fresh)
    }

    fn statement(&mut self, scope: &mut Scope, depth: u32) -> String {
        match self.random.below(9) {
            0 | 1 => {
                let kind = self.random.pick(&KINDS);
                let name = self.variable();
                let value = self.expression(kind, scope, depth);
                scope.push((name.clone(), kind));
                format!("{name} := {value}")
            }
            2 | 3 => {
                let (item, collection) = self.collection(scope, depth);
                let name = self.variable();
                let text = if self.random.one_in(4) {
                    let key = self.variable();
                    scope.push((key.clone(), Kind::Int));
                    format!("some {key}, {name} in {collection}")
                } else {
                    format!("some {name} in {collection}")
                };
                scope.push((name, item));
                text
            }
            4 => format!("not {}", self.condition(scope, depth)),
            5 if depth > 0 => {
                let (item, collection) = self.collection(scope, 1);
                let name = self.variable();
                let mut inside = scope.clone();
                inside.push((name.clone(), item));
                let first = self.statement(&mut inside, depth - 1);
                let second = self.condition(&inside, 1);
                format!("every {name} in {collection} {{ {first}; {second} }}")
            }
            _ => self.condition(scope, depth),
        }
    }

    /// A collection and what its items are.
    fn collection(&mut self, scope: &Scope, depth: u32) -> (Kind, String) {
        let (kind, item) = self.random.pick(&[
            (Kind::Ints, Kind::Int),
            (Kind::IntSet, Kind::Int),
            (Kind::Texts, Kind::Text),
            (Kind::Records, Kind::Record),
        ]);
        (item, self.expression(kind, scope, depth.min(2)))
    }

    fn condition(&mut self, scope: &Scope, depth: u32) -> String {
        match self.random.below(5) {
            0 => self.expression(Kind::Bool, scope, depth),
            1 => {
                let kind = self.random.pick(&[Kind::Int, Kind::Text]);
                let value = self.expression(kind, scope, 1);
                let list = if kind == Kind::Int { Kind::Ints } else { Kind::Texts };
                format!("{value} in {}", self.expression(list, scope, 1))
            }
            _ => {
                let kind = self.random.pick(&KINDS);
                let other = if self.random.one_in(10) { self.random.pick(&KINDS) } else { kind };
                let operator = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                let left = self.expression(kind, scope, depth.saturating_sub(1));
                let right = self.expression(other, scope, depth.saturating_sub(1));
                format!("{left} {operator} {right}")
            }
        }
    }

    fn literal(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Int => self.random.below(6).to_string(),
            Kind::Bool => self.random.one_in(2).to_string(),
            Kind::Text => format!("{:?}", self.random.pick(&TEXTS)),
            Kind::Ints => format!("[{}, {}]", self.random.below(6), self.random.below(6)),
            Kind::IntSet => format!("{{{}, {}}}", self.random.below(6), self.random.below(6)),
            Kind::Texts => format!("[{:?}]", self.random.pick(&TEXTS)),
            Kind::Record => format!("{{\"k\": \"a\", \"v\": {}}}", self.random.below(6)),
            Kind::Records => "[{\"k\": \"a\", \"v\": 1}, {\"k\": \"b\", \"v\": 2}]".to_owned(),
        }
    }

    fn expression(&mut self, kind: Kind, scope: &Scope, depth: u32) -> String {
        if depth == 0 || self.random.one_in(3) {
            return self.leaf(kind, scope);
        }
        let depth = depth - 1;
        match kind {
            Kind::Int => self.integer(scope, depth),
            Kind::Bool => self.boolean(scope, depth),
            Kind::Text => self.text(scope, depth),
            Kind::Ints => self.integers(scope, depth),
            Kind::IntSet => self.set(scope, depth),
            Kind::Texts => match self.random.below(3) {
                0 => {
                    let condition = self.comprehension(scope, depth, Kind::Text);
                    format!("[{condition}")
                }
                1 => format!(
                    "[{}, {}]",
                    self.expression(Kind::Text, scope, depth),
                    self.expression(Kind::Text, scope, depth)
                ),
                _ => self.leaf(kind, scope),
            },
            Kind::Record => format!(
                "{{\"k\": {}, \"v\": {}}}",
                self.expression(Kind::Text, scope, depth),
                self.expression(Kind::Int, scope, depth)
            ),
            Kind::Records => match self.random.below(2) {
                0 => format!("[{}", self.comprehension(scope, depth, Kind::Record)),
                _ => format!(
                    "array.concat({}, [{}])",
                    self.leaf(kind, scope),
                    self.expression(Kind::Record, scope, depth)
                ),
            },
        }
    }

    fn leaf(&mut self, kind: Kind, scope: &Scope) -> String {
        let mut from: Vec<String> = Vec::new();
        from.extend(scope.iter().filter(|(_, of)| *of == kind).map(|(name, _)| name.clone()));
        from.extend(self.rules.iter().filter(|(_, of)| *of == kind).map(|(name, _)| name.clone()));
        if kind == Kind::Int {
            from.push("data.parameters.n".to_owned());
        }
        from.extend(
            FIELDS.iter().filter(|(_, of)| *of == kind).map(|(name, _)| format!("input.{name}")),
        );
        for (name, of) in scope.iter().filter(|(_, of)| *of == Kind::Record) {
            let _ = of;
            match kind {
                Kind::Int => from.push(format!("{name}.v")),
                Kind::Text => from.push(format!("{name}.k")),
                _ => {}
            }
        }
        if from.is_empty() || self.random.one_in(4) {
            return self.literal(kind);
        }
        let index = usize::try_from(self.random.below(from.len() as u64)).expect("an index");
        from.swap_remove(index)
    }

    fn integer(&mut self, scope: &Scope, depth: u32) -> String {
        match self.random.below(9) {
            0 | 1 => {
                let operator = self.random.pick(&["+", "-", "*", "%"]);
                let left = self.expression(Kind::Int, scope, depth);
                let right = self.expression(Kind::Int, scope, depth);
                format!("({left} {operator} {right})")
            }
            2 => {
                let function = self.random.pick(&["sum", "max", "min", "count"]);
                let of = self.random.pick(&[Kind::Ints, Kind::IntSet]);
                format!("{function}({})", self.expression(of, scope, depth))
            }
            3 => match self.random.below(3) {
                0 => format!("count(object.keys({}))", self.expression(Kind::Record, scope, depth)),
                1 => {
                    let name = self.variable();
                    let list = self.expression(Kind::Records, scope, depth.min(1));
                    format!("count({{{name}.k: {name}.v | some {name} in {list}}})")
                }
                _ => {
                    let of = self.random.pick(&KINDS);
                    format!("count({})", self.expression(of, scope, depth))
                }
            },
            4 => {
                let list = self.expression(Kind::Ints, scope, 0);
                let index = self.expression(Kind::Int, scope, depth.min(1));
                format!("{list}[{index}]")
            }
            5 => "input.o.v".to_owned(),
            6 => format!(
                "object.get({}, {}, {})",
                self.leaf(Kind::Record, scope),
                self.leaf(Kind::Text, scope),
                self.leaf(Kind::Int, scope)
            ),
            7 => format!("abs({})", self.expression(Kind::Int, scope, depth)),
            _ => match self.functions.iter().rev().find(|(_, of)| *of == Kind::Int) {
                Some((name, _)) => {
                    let name = name.clone();
                    format!("{name}({})", self.expression(Kind::Int, scope, depth))
                }
                None => self.leaf(Kind::Int, scope),
            },
        }
    }

    fn boolean(&mut self, scope: &Scope, depth: u32) -> String {
        match self.random.below(4) {
            0 => format!("({})", {
                let kind = self.random.pick(&KINDS);
                let left = self.expression(kind, scope, depth);
                format!("{left} == {}", self.expression(kind, scope, depth))
            }),
            1 => {
                let function = self.random.pick(&["startswith", "endswith", "contains"]);
                format!(
                    "{function}({}, {})",
                    self.expression(Kind::Text, scope, depth),
                    self.expression(Kind::Text, scope, depth)
                )
            }
            2 => {
                let function = self.random.pick(&["is_number", "is_string", "is_array", "is_set"]);
                let kind = self.random.pick(&KINDS);
                format!("{function}({})", self.expression(kind, scope, depth))
            }
            _ => self.leaf(Kind::Bool, scope),
        }
    }

    fn text(&mut self, scope: &Scope, depth: u32) -> String {
        match self.random.below(7) {
            0 => format!(
                "concat({}, {})",
                self.leaf(Kind::Text, scope),
                self.expression(Kind::Texts, scope, depth)
            ),
            1 => format!("format_int({}, 10)", self.expression(Kind::Int, scope, depth)),
            2 => {
                let length = self.random.pick(&["-1", "0", "1", "2"]);
                let from = self.random.below(3);
                format!(
                    "substring({}, {from}, {length})",
                    self.expression(Kind::Text, scope, depth)
                )
            }
            3 | 4 => {
                let function = self.random.pick(&[
                    "trim",
                    "trim_left",
                    "trim_right",
                    "trim_prefix",
                    "trim_suffix",
                ]);
                if self.random.one_in(2) {
                    let text = self.random.pick(&["aab", "abb", "0xab", "bab"]);
                    let part = self.random.pick(&["a", "b", "ab", "0x"]);
                    return format!("{function}({text:?}, {part:?})");
                }
                format!(
                    "{function}({}, {})",
                    self.expression(Kind::Text, scope, depth),
                    self.leaf(Kind::Text, scope)
                )
            }
            5 => format!("lower({})", self.expression(Kind::Text, scope, depth)),
            _ => self.leaf(Kind::Text, scope),
        }
    }

    fn integers(&mut self, scope: &Scope, depth: u32) -> String {
        match self.random.below(5) {
            0 => format!("[{}", self.comprehension(scope, depth, Kind::Int)),
            1 => format!("sort({})", self.expression(Kind::IntSet, scope, depth)),
            2 => format!(
                "array.concat({}, {})",
                self.expression(Kind::Ints, scope, depth),
                self.expression(Kind::Ints, scope, depth)
            ),
            3 => format!(
                "[{}, {}]",
                self.expression(Kind::Int, scope, depth),
                self.expression(Kind::Int, scope, depth)
            ),
            _ => self.leaf(Kind::Ints, scope),
        }
    }

    fn set(&mut self, scope: &Scope, depth: u32) -> String {
        match self.random.below(4) {
            0 => {
                let text = self.comprehension(scope, depth, Kind::Int);
                format!("{{{}}}", text.trim_end_matches(']'))
            }
            1 => {
                let operator = self.random.pick(&["|", "&", "-"]);
                let left = self.expression(Kind::IntSet, scope, depth);
                let right = self.expression(Kind::IntSet, scope, depth);
                format!("({left} {operator} {right})")
            }
            2 => format!(
                "{{{}, {}}}",
                self.expression(Kind::Int, scope, depth),
                self.expression(Kind::Int, scope, depth)
            ),
            _ => self.leaf(Kind::IntSet, scope),
        }
    }

    /// `item | some … in …; condition]`, without what opens it.
    fn comprehension(&mut self, scope: &Scope, depth: u32, kind: Kind) -> String {
        let mut inside = scope.clone();
        let (item, collection) = self.collection(scope, depth.min(1));
        let name = self.variable();
        inside.push((name.clone(), item));
        let value = self.expression(kind, &inside, depth.min(1));
        let condition = self.condition(&inside, depth.min(1));
        format!("{value} | some {name} in {collection}; {condition}]")
    }
}
