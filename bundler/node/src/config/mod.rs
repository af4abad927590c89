//! Configuration: flags over environment over TOML over defaults, all from one table.

mod bundler;
mod constants;
mod file;
mod operator;

pub use bundler::{BundlerArguments, DataAvailability, GateMode};
pub use constants::ConstantArguments;
pub use file::{ConfigurationError, parse};
pub use operator::OperatorArguments;
