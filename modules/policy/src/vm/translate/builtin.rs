//! Which builtin function is which instruction.

use super::super::Op;

/// How a builtin becomes an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    /// One operand.
    One(Op),
    /// Two operands, in order.
    Two(Op),
    /// A list of operands.
    List(Op),
    /// Whether the operand is of this kind.
    Is(u16),
}

/// The instruction of the builtin `name`; none if it is outside the provable profile.
pub(super) fn builtin(name: &str) -> Option<Builtin> {
    Some(match name {
        "count" => Builtin::One(Op::Count),
        "sum" => Builtin::One(Op::Sum),
        "min" => Builtin::One(Op::Min),
        "max" => Builtin::One(Op::Max),
        "abs" => Builtin::One(Op::Abs),
        "lower" => Builtin::One(Op::Lower),
        "sort" => Builtin::One(Op::Sort),
        "object.keys" => Builtin::One(Op::Keys),
        "startswith" => Builtin::Two(Op::Starts),
        "endswith" => Builtin::Two(Op::Ends),
        "contains" => Builtin::Two(Op::Contains),
        "concat" => Builtin::Two(Op::Join),
        "format_int" => Builtin::Two(Op::Format),
        "trim" => Builtin::Two(Op::Trim),
        "trim_left" => Builtin::Two(Op::Triml),
        "trim_right" => Builtin::Two(Op::Trimr),
        "trim_prefix" => Builtin::Two(Op::Trimp),
        "trim_suffix" => Builtin::Two(Op::Trims),
        "array.concat" => Builtin::Two(Op::Acat),
        "__builtin_sets.union" => Builtin::Two(Op::Union),
        "__builtin_sets.intersection" => Builtin::Two(Op::Inter),
        "substring" => Builtin::List(Op::Substr),
        "object.get" => Builtin::List(Op::Get),
        "is_boolean" => Builtin::Is(1),
        "is_number" => Builtin::Is(2),
        "is_string" => Builtin::Is(4),
        "is_array" => Builtin::Is(5),
        "is_object" => Builtin::Is(6),
        "is_set" => Builtin::Is(7),
        _ => return None,
    })
}
