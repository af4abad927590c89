//! The record of a configuration: the code as which the module keeps it, operators included.
//!
//! ```text
//!  0x00 ‖ abi.encode(Configuration) ‖ code of the operator set     at CREATE2(module, salt 0, loader ‖ that)
//! ```
//!
//! Validation reads this code and neither storage nor the operator set, so this is what a simulation overrides.

use alloy::primitives::{Address, B256, Bytes};

use crate::{Configuration, OperatorSet, set::creation_code_of};

/// Where and as what the module keeps a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Address of the code.
    pub address: Address,
    /// The code.
    pub code: Bytes,
}

impl Record {
    /// The record that `module` made of a configuration with these operators.
    pub fn of(module: Address, configuration: &Configuration, operators: &OperatorSet) -> Self {
        // STOP, so that a call does nothing.
        let mut code = vec![0x00];
        code.extend_from_slice(&configuration.encode());
        code.extend_from_slice(&operators.code());
        let address = module.create2_from_code(B256::ZERO, creation_code_of(&code));
        Self { address, code: code.into() }
    }

    /// The same with other operators, at the same address: for simulation only.
    #[must_use]
    pub fn with_operators(self, configuration: &Configuration, operators: &OperatorSet) -> Self {
        Self { address: self.address, ..Self::of(Address::ZERO, configuration, operators) }
    }
}
