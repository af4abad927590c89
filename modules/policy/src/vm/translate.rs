//! From regorus' RVM program to a PolicyVM program.
//!
//! RVM finds out at run time where a failing condition leads: to the next round of the loop that is
//! running, to the end of a comprehension, to the next body of the rule. Its code is nested, so the
//! translator knows that place from where the condition stands, and writes a jump. What RVM
//! does otherwise than Rego (it forgets that `x := y` needs a `y`, takes the last of several
//! values of a rule, goes to no `else` behind a loop) is written as Rego has it.

mod body;
mod builtin;
mod reads;
mod rule;

use std::collections::BTreeMap;

use regorus::rvm::program::Program as Rvm;

use crate::{
    SourceError,
    convert::from_rego,
    encoding::encode_bare,
    vm::{Instruction, Program, RuleHead},
};

/// Translates the rule `entry` (as in `data.writ.agent_spending.decision`) and what it calls.
///
/// # Errors
/// The first thing that the provable profile does not cover, where it stands, and what to
/// write instead.
pub(crate) fn translate(rvm: &Rvm, entry: &str) -> Result<Program, SourceError> {
    let unknown = || SourceError::new("bundle", 1, 1, format!("{entry} is no rule of the program"));
    let entry = rvm.rule_infos.iter().position(|rule| rule.name == entry).ok_or_else(unknown)?;
    let mut translator = Translator {
        rvm,
        literals: BTreeMap::new(),
        lists: BTreeMap::new(),
        words: Vec::new(),
        code: Vec::new(),
        rules: Vec::new(),
        numbers: BTreeMap::new(),
    };
    translator.visit(entry, 0)?;
    translator.finish()
}

/// The deepest chain of rules; [`crate::profile`] refuses longer ones, and cycles, before.
const MAX_DEPTH: usize = 64;

struct Translator<'a> {
    rvm: &'a Rvm,
    /// Encoded literals and their numbers.
    literals: BTreeMap<Vec<u8>, u16>,
    /// Operand lists and where they stand.
    lists: BTreeMap<Vec<u16>, u16>,
    words: Vec<u16>,
    code: Vec<Instruction>,
    rules: Vec<RuleHead>,
    /// RVM's number of a rule to ours.
    numbers: BTreeMap<usize, u16>,
}

impl Translator<'_> {
    /// Translates a rule after all that it calls.
    fn visit(&mut self, rule: usize, depth: usize) -> Result<(), SourceError> {
        if self.numbers.contains_key(&rule) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(self.error(0, "rules depend on each other too deeply"));
        }
        for callee in self.callees(rule) {
            self.visit(callee, depth + 1)?;
        }
        let number = number(self.rules.len()).map_err(|problem| self.error(0, problem))?;
        self.rule(rule)?;
        self.numbers.insert(rule, number);
        Ok(())
    }

    fn finish(self) -> Result<Program, SourceError> {
        let mut literals = vec![Vec::new(); self.literals.len()];
        for (literal, index) in self.literals {
            if let Some(place) = literals.get_mut(usize::from(index)) {
                *place = literal;
            }
        }
        Program::new(&literals, self.rules, self.words, self.code)
            .map_err(|error| SourceError::new("bundle", 1, 1, error.to_string()))
    }

    /// The number of a literal of RVM's table.
    fn literal(&mut self, at: usize, index: u16) -> Result<u16, SourceError> {
        let value = self.rvm.literals.get(usize::from(index)).ok_or_else(|| self.odd(at))?;
        let value = from_rego(value).map_err(|error| self.error(at, error.to_string()))?;
        self.literal_of(at, &value)
    }

    fn literal_of(&mut self, at: usize, value: &crate::Value) -> Result<u16, SourceError> {
        let next = self.literals.len();
        let encoded = encode_bare(value);
        if let Some(index) = self.literals.get(&encoded) {
            return Ok(*index);
        }
        let index = number(next).map_err(|problem| self.error(at, problem))?;
        self.literals.insert(encoded, index);
        Ok(index)
    }

    /// Where an operand list stands.
    fn list(&mut self, at: usize, registers: &[u16]) -> Result<u16, SourceError> {
        if let Some(index) = self.lists.get(registers) {
            return Ok(*index);
        }
        let too_many = |problem| self.error(at, problem);
        let index = number(self.words.len()).map_err(too_many)?;
        let count = number(registers.len()).map_err(too_many)?;
        self.words.push(count);
        self.words.extend_from_slice(registers);
        self.lists.insert(registers.to_vec(), index);
        Ok(index)
    }

    /// An error where RVM's instruction `at` comes from.
    fn error(&self, at: usize, problem: impl Into<String>) -> SourceError {
        let span = self.rvm.instruction_spans.get(at).and_then(Option::as_ref);
        let file = span
            .and_then(|span| self.rvm.sources.get(span.source_index))
            .map_or("bundle", |source| source.name.as_str());
        let (line, column) = span.map_or((1, 1), |span| (span.line.max(1), span.column.max(1)));
        SourceError::new(file, line, column, problem)
    }

    /// RVM code that its compiler does not write.
    fn odd(&self, at: usize) -> SourceError {
        self.error(at, "the compiled program is not understood here: not provable")
    }
}

fn number(index: usize) -> Result<u16, &'static str> {
    u16::try_from(index).map_err(|_| "the program is too large to be proven: simplify the policy")
}
