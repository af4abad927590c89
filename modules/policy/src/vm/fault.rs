//! Why an evaluation ended without a value.

/// An error of an evaluation: the same on every machine, and a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u8)]
#[non_exhaustive]
pub enum Fault {
    /// The fuel limit would be exceeded.
    #[error("the evaluation takes more than its fuel")]
    Fuel = 1,
    /// An operand of a wrong kind.
    #[error("an operand is of a wrong kind")]
    Type = 2,
    /// A magnitude of 2^256 or more.
    #[error("an integer needs more than 256 bits")]
    Overflow = 3,
    /// A remainder by zero.
    #[error("a remainder by zero")]
    Division = 4,
    /// Two values where one is allowed: a complete rule, a function, an object's key.
    #[error("two different values where only one is allowed")]
    Conflict = 5,
    /// A key of an object that is not a string.
    #[error("an object's key is not a string")]
    Key = 6,
    /// Text outside ASCII, in a function that handles only ASCII.
    #[error("text outside ASCII where only ASCII is handled")]
    Text = 7,
    /// Values nested too deep are ordered.
    #[error("values nested too deep are ordered")]
    Depth = 8,
}

impl Fault {
    /// The code in the specification.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The error with this code.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Fuel,
            2 => Self::Type,
            3 => Self::Overflow,
            4 => Self::Division,
            5 => Self::Conflict,
            6 => Self::Key,
            7 => Self::Text,
            8 => Self::Depth,
            _ => return None,
        })
    }
}
