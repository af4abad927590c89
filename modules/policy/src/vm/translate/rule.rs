//! Rules: definitions, bodies, `else`, defaults.

use regorus::rvm::program::{RuleInfo, RuleType};

use super::{Translator, body::Writer, number};
use crate::{
    SourceError,
    vm::{Instruction, Op, RuleHead},
};

/// Where a rule's values go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sink {
    /// A register that takes one value.
    Value { rvm: u8, register: u16 },
    /// The builder of a set.
    Set { rvm: u8, builder: u16 },
    /// The builder of an object.
    Object { rvm: u8, builder: u16 },
}

impl Translator<'_> {
    /// Translates one rule and appends it.
    pub(super) fn rule(&mut self, rule: usize) -> Result<(), SourceError> {
        let rvm = self.rvm;
        let info = rvm.rule_infos.get(rule).ok_or_else(|| self.odd(0))?;
        let parameters = info.function_info.as_ref().map_or(0, |function| function.num_params);
        let parameters = u16::try_from(parameters).unwrap_or(u16::MAX);
        let entry = number(self.code.len()).map_err(|problem| self.error(0, problem))?;
        let first = u16::from(info.num_registers).max(parameters + 1).max(1);
        let mut writer = Writer::new(first);
        match info.rule_type {
            RuleType::Complete => self.complete(info, &mut writer)?,
            RuleType::PartialSet | RuleType::PartialObject => self.partial(info, &mut writer)?,
        }
        let (code, registers) = writer.finish(entry).map_err(|problem| self.error(0, problem))?;
        self.code.extend(code);
        self.rules.push(RuleHead { entry, registers, parameters });
        Ok(())
    }

    /// A rule or function with one value: of the definitions that have one, the same.
    fn complete(&mut self, info: &RuleInfo, writer: &mut Writer) -> Result<(), SourceError> {
        let result = writer.register();
        for (index, bodies) in info.definitions.iter().enumerate() {
            // Of a definition, the first body with a value counts: those behind it are `else`.
            let value = writer.register();
            let done = writer.label();
            self.destructuring(info, index, done, writer)?;
            for body in bodies {
                let next = writer.label();
                let sink = Sink::Value { rvm: info.result_reg, register: value };
                self.body(*body as usize, sink, next, writer)?;
                writer.place(next);
                writer.jump(Op::Jd, value, done);
            }
            writer.place(done);
            writer.push(Instruction::new(Op::Yield, result, value, 0));
        }
        if let Some(default) = info.default_literal_index {
            let end = writer.label();
            writer.jump(Op::Jd, result, end);
            let literal = self.literal(0, default)?;
            writer.push(Instruction::new(Op::Lit, result, literal, 0));
            writer.place(end);
        }
        writer.push(Instruction::new(Op::Ret, result, 0, 0));
        Ok(())
    }

    /// A rule whose bodies all add to one set or object.
    fn partial(&mut self, info: &RuleInfo, writer: &mut Writer) -> Result<(), SourceError> {
        let builder = writer.register();
        let (kind, sink) = match info.rule_type {
            RuleType::PartialSet => (1, Sink::Set { rvm: info.result_reg, builder }),
            _ => (2, Sink::Object { rvm: info.result_reg, builder }),
        };
        writer.push(Instruction::new(Op::Open, builder, kind, 0));
        for (index, bodies) in info.definitions.iter().enumerate() {
            for (number, body) in bodies.iter().enumerate() {
                let start = *body as usize;
                let is_else = info.else_bodies.get(index).and_then(|bodies| bodies.get(number));
                if is_else.copied().unwrap_or(false) {
                    return Err(self.error(start, "else of a partial rule: write a second rule"));
                }
                let next = writer.label();
                self.body(start, sink, next, writer)?;
                writer.place(next);
            }
        }
        let result = writer.register();
        writer.push(Instruction::new(Op::Seal, result, builder, 0));
        writer.push(Instruction::new(Op::Ret, result, 0, 0));
        Ok(())
    }

    /// What must hold of a function's arguments before a definition is tried.
    fn destructuring(
        &mut self,
        info: &RuleInfo,
        definition: usize,
        fail: super::body::Label,
        writer: &mut Writer,
    ) -> Result<(), SourceError> {
        let Some(start) = info.destructuring_blocks.get(definition).copied().flatten() else {
            return Ok(());
        };
        let sink = Sink::Value { rvm: u8::MAX, register: u16::MAX };
        self.body(start as usize, sink, fail, writer)
    }
}
