//! The instructions, as the specification numbers them.

/// What an operand of an instruction is, so that one check covers every instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Not used; zero.
    None,
    /// A register that holds a value.
    Register,
    /// The first of an iterator's three registers.
    Iterator,
    /// A register that holds a builder.
    Builder,
    /// A literal.
    Literal,
    /// An instruction of the same rule.
    Target,
    /// A number up to the given one.
    Number(u16),
    /// A list of registers, of any length.
    List,
    /// A list of exactly so many registers.
    ListOf(u16),
    /// A rule with a smaller number.
    Rule,
    /// The arguments of the rule that the operand before names.
    Arguments,
}

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $code:literal ($a:expr, $b:expr, $c:expr);)*) => {
        /// An instruction's operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Op {
            $($(#[$doc])* $name = $code,)*
        }

        impl Op {
            /// Every operation, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The operation with this code.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What its three operands are.
            pub(crate) const fn operands(self) -> [Operand; 3] {
                use Operand::{
                    Arguments, Builder, Iterator, List, ListOf, Literal, None, Number, Register,
                    Rule, Target,
                };
                match self {
                    $(Self::$name => [$a, $b, $c],)*
                }
            }
        }
    };
}

opcodes! {
    /// The rule's value.
    Ret = 0x00 (Register, None, None);
    /// A literal.
    Lit = 0x01 (Register, Literal, None);
    /// The input.
    Input = 0x02 (Register, None, None);
    /// The data.
    Data = 0x03 (Register, None, None);
    /// A copy of a register.
    Move = 0x04 (Register, Register, None);
    /// False or true.
    Bool = 0x05 (Register, Number(1), None);
    /// An item by a key in a register.
    Index = 0x06 (Register, Register, Register);
    /// An item by a literal key.
    Field = 0x07 (Register, Register, Literal);
    /// A jump.
    Jmp = 0x08 (Target, None, None);
    /// A jump if truthy.
    Jt = 0x09 (Register, Target, None);
    /// A jump if not truthy.
    Jf = 0x0a (Register, Target, None);
    /// A jump if undefined.
    Ju = 0x0b (Register, Target, None);
    /// A jump if defined.
    Jd = 0x0c (Register, Target, None);
    /// Negation.
    Not = 0x0d (Register, Register, None);
    /// Equality.
    Eq = 0x0e (Register, Register, Register);
    /// Inequality.
    Ne = 0x0f (Register, Register, Register);
    /// Before.
    Lt = 0x10 (Register, Register, Register);
    /// Before or equal.
    Le = 0x11 (Register, Register, Register);
    /// After.
    Gt = 0x12 (Register, Register, Register);
    /// After or equal.
    Ge = 0x13 (Register, Register, Register);
    /// Sum of two.
    Add = 0x14 (Register, Register, Register);
    /// Difference of integers or sets.
    Sub = 0x15 (Register, Register, Register);
    /// Product.
    Mul = 0x16 (Register, Register, Register);
    /// Remainder.
    Mod = 0x17 (Register, Register, Register);
    /// Membership.
    In = 0x18 (Register, Register, Register);
    /// Begins an iteration, or a jump if there is nothing to go through.
    Iter = 0x19 (Iterator, Register, Target);
    /// The next item, or a jump at the end.
    Next = 0x1a (Iterator, Register, Target);
    /// The key of the item that came last.
    Key = 0x1b (Register, Iterator, None);
    /// The one value of a complete rule.
    Yield = 0x1c (Register, Register, None);
    /// Begins a builder.
    Open = 0x1d (Builder, Number(2), None);
    /// Adds to an array or a set.
    Push = 0x1e (Builder, Register, None);
    /// Adds to an object.
    Put = 0x1f (Builder, Register, Register);
    /// The value of a builder.
    Seal = 0x20 (Register, Builder, None);
    /// A container of registers.
    Pack = 0x21 (Register, List, Number(2));
    /// The value of a rule.
    Call = 0x22 (Register, Rule, Arguments);
    /// An error if undefined.
    Def = 0x23 (Register, None, None);
    /// How many.
    Count = 0x30 (Register, Register, None);
    /// Sum of all.
    Sum = 0x31 (Register, Register, None);
    /// The first in order.
    Min = 0x32 (Register, Register, None);
    /// The last in order.
    Max = 0x33 (Register, Register, None);
    /// The absolute value.
    Abs = 0x34 (Register, Register, None);
    /// ASCII lower case.
    Lower = 0x35 (Register, Register, None);
    /// Has a prefix.
    Starts = 0x36 (Register, Register, Register);
    /// Has a suffix.
    Ends = 0x37 (Register, Register, Register);
    /// Has a part.
    Contains = 0x38 (Register, Register, Register);
    /// Strings with a delimiter between them.
    Join = 0x39 (Register, Register, Register);
    /// Decimal digits.
    Format = 0x3a (Register, Register, Register);
    /// A part of a text.
    Substr = 0x3b (Register, ListOf(3), None);
    /// Without certain characters at both ends.
    Trim = 0x3c (Register, Register, Register);
    /// At the left end.
    Triml = 0x3d (Register, Register, Register);
    /// At the right end.
    Trimr = 0x3e (Register, Register, Register);
    /// Without a prefix.
    Trimp = 0x3f (Register, Register, Register);
    /// Without a suffix.
    Trims = 0x40 (Register, Register, Register);
    /// An object's value, or a default.
    Get = 0x41 (Register, ListOf(3), None);
    /// An object's keys.
    Keys = 0x42 (Register, Register, None);
    /// Members of either set.
    Union = 0x43 (Register, Register, Register);
    /// Members of both sets.
    Inter = 0x44 (Register, Register, Register);
    /// Whether it is of a kind.
    Type = 0x45 (Register, Register, Number(7));
    /// One array behind another.
    Acat = 0x46 (Register, Register, Register);
    /// Items in order.
    Sort = 0x47 (Register, Register, None);
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub op: Op,
    /// The first operand.
    pub a: u16,
    /// The second operand.
    pub b: u16,
    /// The third operand.
    pub c: u16,
}

impl Instruction {
    /// An instruction with its three operands.
    pub const fn new(op: Op, a: u16, b: u16, c: u16) -> Self {
        Self { op, a, b, c }
    }
}
