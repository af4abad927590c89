//! The compiler, and what its AST says.

mod accesses;
mod ast;
mod compiler;
mod evaluate;

pub(crate) use accesses::{Access, Placed, accesses};
pub(crate) use ast::{Ast, annotation, id_of, string};
pub use compiler::Compiler;
pub(crate) use evaluate::Evaluator;
pub use evaluate::namespace_slot;
