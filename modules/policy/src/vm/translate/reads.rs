//! What RVM instructions read, and which rules they call.

use regorus::rvm::{Instruction as Rvm, instructions::LiteralOrRegister};

use super::Translator;

impl Translator<'_> {
    /// Whether an instruction in `range` reads `register`.
    pub(super) fn is_read(&self, mut range: std::ops::Range<usize>, register: u8) -> bool {
        range.any(|at| self.reads(at).contains(&register))
    }

    /// The registers that the instruction `at` reads; more rather than fewer.
    fn reads(&self, at: usize) -> Vec<u8> {
        let data = &self.rvm.instruction_data;
        let Some(instruction) = self.rvm.instructions.get(at) else { return Vec::new() };
        let path = |components: &[LiteralOrRegister]| -> Vec<u8> {
            components
                .iter()
                .filter_map(|component| match component {
                    LiteralOrRegister::Register(register) => Some(*register),
                    LiteralOrRegister::Literal(_) => None,
                })
                .collect()
        };
        match *instruction {
            Rvm::Move { src, .. } => vec![src],
            Rvm::Add { left, right, .. }
            | Rvm::Sub { left, right, .. }
            | Rvm::Mul { left, right, .. }
            | Rvm::Div { left, right, .. }
            | Rvm::Mod { left, right, .. }
            | Rvm::Eq { left, right, .. }
            | Rvm::Ne { left, right, .. }
            | Rvm::Lt { left, right, .. }
            | Rvm::Le { left, right, .. }
            | Rvm::Gt { left, right, .. }
            | Rvm::Ge { left, right, .. }
            | Rvm::And { left, right, .. }
            | Rvm::Or { left, right, .. }
            | Rvm::AssertEq { left, right } => vec![left, right],
            Rvm::Not { operand, .. } => vec![operand],
            Rvm::Guard { register, .. } => vec![register],
            Rvm::Index { container, key, .. } => vec![container, key],
            Rvm::IndexLiteral { container, .. } => vec![container],
            Rvm::Contains { collection, value, .. } => vec![collection, value],
            Rvm::Count { collection, .. } => vec![collection],
            Rvm::SetAdd { set, value } => vec![set, value],
            Rvm::ObjectSet { obj, key, value } => vec![obj, key, value],
            Rvm::ComprehensionYield { value_reg, key_reg } => {
                key_reg.into_iter().chain([value_reg]).collect()
            }
            Rvm::LoopStart { params_index } => {
                data.get_loop_params(params_index).map(|p| vec![p.collection]).unwrap_or_default()
            }
            Rvm::BuiltinCall { params_index } => data
                .get_builtin_call_params(params_index)
                .map(|p| p.arg_registers().to_vec())
                .unwrap_or_default(),
            Rvm::FunctionCall { params_index } => data
                .get_function_call_params(params_index)
                .map(|p| p.arg_registers().to_vec())
                .unwrap_or_default(),
            Rvm::ArrayCreate { params_index } => data
                .get_array_create_params(params_index)
                .map(|p| p.element_registers().to_vec())
                .unwrap_or_default(),
            Rvm::SetCreate { params_index } => data
                .get_set_create_params(params_index)
                .map(|p| p.element_registers().to_vec())
                .unwrap_or_default(),
            Rvm::ObjectCreate { params_index } => data
                .get_object_create_params(params_index)
                .map(|p| {
                    let literal = p.literal_key_field_pairs().iter().map(|(_, value)| *value);
                    let dynamic = p.field_pairs().iter().flat_map(|(key, value)| [*key, *value]);
                    literal.chain(dynamic).collect()
                })
                .unwrap_or_default(),
            Rvm::ChainedIndex { params_index } => data
                .get_chained_index_params(params_index)
                .map(|p| [vec![p.root], path(&p.path_components)].concat())
                .unwrap_or_default(),
            // Refused, or without operands that a policy names.
            _ => Vec::new(),
        }
    }

    /// The rules that a rule calls, by RVM's numbers.
    pub(super) fn callees(&self, rule: usize) -> Vec<usize> {
        let Some(info) = self.rvm.rule_infos.get(rule) else { return Vec::new() };
        let blocks = info.destructuring_blocks.iter().flatten();
        let starts = info.definitions.iter().flatten().chain(blocks);
        let mut callees = Vec::new();
        for start in starts {
            for instruction in self.rvm.instructions.iter().skip(*start as usize) {
                match *instruction {
                    Rvm::CallRule { rule_index, .. } => callees.push(usize::from(rule_index)),
                    Rvm::FunctionCall { params_index } => {
                        let params =
                            self.rvm.instruction_data.get_function_call_params(params_index);
                        callees.extend(params.map(|p| usize::from(p.func_rule_index)));
                    }
                    Rvm::RuleReturn {} | Rvm::DestructuringSuccess {} => break,
                    _ => {}
                }
            }
        }
        callees
    }
}
