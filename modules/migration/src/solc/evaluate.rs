//! Expressions whose value is known before the code runs: constants, and functions that give one.

use alloy::primitives::{U256, keccak256};
use serde_json::Value;

use super::ast::{Ast, parameters, referenced, string};
use crate::limits;

/// The slot of an ERC-7201 namespace: `keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~bytes32(uint256(0xff))`.
#[must_use]
pub fn namespace_slot(id: &str) -> U256 {
    let inner = U256::from_be_bytes(keccak256(id).0).wrapping_sub(U256::ONE);
    U256::from_be_bytes(keccak256(inner.to_be_bytes::<32>()).0) & !U256::from(0xff)
}

enum Known {
    Word(U256),
    Bytes(Vec<u8>),
}

/// Evaluates within one contract: a virtual function is the one that the contract runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluator<'a, 'b> {
    pub(crate) ast: &'b Ast<'a>,
    pub(crate) contract: &'a Value,
}

impl<'a> Evaluator<'a, '_> {
    /// The word that an expression gives, if nothing but constants decides it.
    pub(crate) fn word(&self, expression: &'a Value) -> Option<U256> {
        self.word_at(expression, 0)
    }

    fn word_at(&self, expression: &'a Value, depth: usize) -> Option<U256> {
        match self.known(expression, depth)? {
            Known::Word(word) => Some(word),
            Known::Bytes(_) => None,
        }
    }

    /// The value of a declaration: a constant, or a local variable that never changes.
    pub(crate) fn declared(&self, declaration: u64) -> Option<U256> {
        match self.declaration(declaration, 0)? {
            Known::Word(word) => Some(word),
            Known::Bytes(_) => None,
        }
    }

    fn declaration(&self, declaration: u64, depth: usize) -> Option<Known> {
        let node = self.ast.node(declaration)?;
        if string(node, "nodeType") != "VariableDeclaration" {
            return None;
        }
        let constant = node.get("constant").and_then(Value::as_bool) == Some(true);
        let value = if constant { node.get("value")? } else { self.ast.initial(declaration)? };
        convert(self.known(value, depth + 1)?, type_identifier(node))
    }

    fn known(&self, node: &'a Value, depth: usize) -> Option<Known> {
        if depth > limits::EXPRESSION_DEPTH {
            return None;
        }
        if let Some(number) = rational(type_identifier(node)) {
            return Some(Known::Word(number));
        }
        match string(node, "nodeType") {
            "Literal" => literal(node),
            "Identifier" | "MemberAccess" => self.declaration(referenced(node)?, depth),
            "TupleExpression" => match node.get("components")?.as_array()?.as_slice() {
                [one] => self.known(one, depth + 1),
                _ => None,
            },
            "UnaryOperation" => {
                let word = self.word_at(node.get("subExpression")?, depth + 1)?;
                (string(node, "operator") == "~" && full_word(type_identifier(node)))
                    .then_some(Known::Word(!word))
            }
            "BinaryOperation" => self.binary(node, depth).map(Known::Word),
            "FunctionCall" => self.call(node, depth),
            _ => None,
        }
    }

    fn binary(&self, node: &'a Value, depth: usize) -> Option<U256> {
        if !full_word(type_identifier(node)) {
            return None;
        }
        let left = self.word_at(node.get("leftExpression")?, depth + 1)?;
        let right = self.word_at(node.get("rightExpression")?, depth + 1)?;
        match string(node, "operator") {
            "+" => left.checked_add(right),
            "-" => left.checked_sub(right),
            "*" => left.checked_mul(right),
            "&" => Some(left & right),
            "|" => Some(left | right),
            "^" => Some(left ^ right),
            "<<" => Some(left.checked_shl(right.try_into().ok()?).unwrap_or_default()),
            ">>" => Some(left >> usize::try_from(right).ok()?),
            _ => None,
        }
    }

    fn call(&self, node: &'a Value, depth: usize) -> Option<Known> {
        let callee = node.get("expression")?;
        let arguments = node.get("arguments")?.as_array()?;
        if string(node, "kind") == "typeConversion" {
            let [argument] = arguments.as_slice() else { return None };
            return convert(self.known(argument, depth + 1)?, type_identifier(node));
        }
        let name = if string(callee, "nodeType") == "Identifier" {
            string(callee, "name")
        } else {
            string(callee, "memberName")
        };
        // Names of the language refer to no declaration, or to one with a negative id.
        let built_in = referenced(callee).and_then(|id| self.ast.node(id)).is_none();
        match (name, arguments.as_slice()) {
            ("keccak256", [argument]) if built_in => match self.known(argument, depth + 1)? {
                Known::Bytes(bytes) => Some(Known::Word(U256::from_be_bytes(keccak256(bytes).0))),
                Known::Word(_) => None,
            },
            ("erc7201", [argument]) if built_in => match self.known(argument, depth + 1)? {
                Known::Bytes(bytes) => {
                    Some(Known::Word(namespace_slot(std::str::from_utf8(&bytes).ok()?)))
                }
                Known::Word(_) => None,
            },
            ("encode" | "encodePacked", arguments) if built_in => {
                let mut bytes = Vec::new();
                for argument in arguments {
                    match self.known(argument, depth + 1)? {
                        Known::Word(word) if full_word(type_identifier(argument)) => {
                            bytes.extend(word.to_be_bytes::<32>());
                        }
                        Known::Bytes(text) if name == "encodePacked" => bytes.extend(text),
                        _ => return None,
                    }
                }
                Some(Known::Bytes(bytes))
            }
            (_, []) => self.function(referenced(callee)?, depth),
            _ => None,
        }
    }

    /// What a function without parameters gives, if all it does is to return one value.
    fn function(&self, declared: u64, depth: usize) -> Option<Known> {
        let function = self.ast.node(declared)?;
        if string(function, "nodeType") != "FunctionDefinition" || !parameters(function).is_empty()
        {
            return None;
        }
        let function = self.resolve(function);
        let modified = function.get("modifiers").and_then(Value::as_array);
        if modified.is_some_and(|modifiers| !modifiers.is_empty()) {
            return None;
        }
        let statements = function.get("body")?.get("statements")?.as_array()?;
        match statements.as_slice() {
            [only] if string(only, "nodeType") == "Return" => {
                self.known(only.get("expression")?, depth + 1)
            }
            _ => None,
        }
    }

    /// The function that runs: the most derived one of its name, where it is virtual.
    fn resolve(&self, function: &'a Value) -> &'a Value {
        let overridable = function.get("virtual").and_then(Value::as_bool) == Some(true)
            || function.get("overrides").is_some_and(Value::is_object);
        if !overridable {
            return function;
        }
        let runs = self
            .ast
            .linearized(self.contract)
            .into_iter()
            .flat_map(|base| base.get("nodes").and_then(Value::as_array).into_iter().flatten())
            .find(|node| {
                string(node, "nodeType") == "FunctionDefinition"
                    && string(node, "name") == string(function, "name")
                    && parameters(node).is_empty()
            });
        runs.unwrap_or(function)
    }
}

fn type_identifier(node: &Value) -> &str {
    node.get("typeDescriptions").map_or("", |description| string(description, "typeIdentifier"))
}

/// Types of which every bit counts, so that no operation cuts anything off.
fn full_word(identifier: &str) -> bool {
    ["t_bytes32", "t_uint256"].contains(&identifier) || rational(identifier).is_some()
}

/// Constant expressions have their value as their type.
fn rational(identifier: &str) -> Option<U256> {
    let digits = identifier.strip_prefix("t_rational_")?.strip_suffix("_by_1")?;
    digits.strip_prefix("minus_").map_or_else(
        || digits.parse().ok(),
        |digits| digits.parse().ok().map(|number: U256| number.wrapping_neg()),
    )
}

fn literal(node: &Value) -> Option<Known> {
    match string(node, "kind") {
        "string" | "unicodeString" | "hexString" => {
            alloy::hex::decode(string(node, "hexValue")).ok().map(Known::Bytes)
        }
        "bool" => Some(Known::Word(U256::from(u8::from(string(node, "value") == "true")))),
        _ => None,
    }
}

/// A value as a type keeps it.
fn convert(value: Known, identifier: &str) -> Option<Known> {
    match value {
        Known::Bytes(bytes) if identifier == "t_bytes32" => (bytes.len() <= 32).then(|| {
            let mut word = [0; 32];
            word[..bytes.len()].copy_from_slice(&bytes);
            Known::Word(U256::from_be_bytes(word))
        }),
        Known::Bytes(_)
            if identifier.starts_with("t_bytes_") || identifier.starts_with("t_string_") =>
        {
            Some(value)
        }
        Known::Word(_) if ["t_bytes32", "t_uint256", "t_int256"].contains(&identifier) => {
            Some(value)
        }
        _ => None,
    }
}

/// The function that a call names, and what stands before the dot.
///
/// A function that is bound with `using` takes that as its first argument.
pub(crate) fn callee(call: &Value) -> Option<(u64, Option<&Value>)> {
    let mut expression = call.get("expression")?;
    if string(expression, "nodeType") == "FunctionCallOptions" {
        expression = expression.get("expression")?;
    }
    let bound =
        (string(expression, "nodeType") == "MemberAccess").then(|| expression.get("expression"));
    Some((referenced(expression)?, bound.flatten()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_lies_where_the_text_of_the_erc_says() {
        let slot = "0x183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500";
        assert_eq!(namespace_slot("example.main"), slot.parse::<U256>().unwrap());
    }

    #[test]
    fn constant_expressions_are_read_from_their_type() {
        assert_eq!(rational("t_rational_16_by_1"), Some(U256::from(16)));
        assert_eq!(rational("t_rational_minus_1_by_1"), Some(U256::MAX));
        assert_eq!(rational("t_rational_1_by_2"), None);
        assert_eq!(rational("t_uint256"), None);
    }
}
