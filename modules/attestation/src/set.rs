//! An operator set: a data contract whose code is the list of operator addresses.
//!
//! The module checks it when a configuration is set, and copies it into the configuration's [`Record`](crate::Record),
//! which is what validation reads.

use std::collections::HashSet;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use writ_bindings::{SALT, deterministic_address, deterministic_calldata};

/// Most operators in one set: a signer index is one byte.
pub const MAX_OPERATORS: usize = 255;

/// First byte of a set's code: STOP, so that a call does nothing.
const STOP: u8 = 0x00;

/// Creation code that deploys a data contract: a ten-byte loader and the code itself.
pub(crate) fn creation_code_of(code: &[u8]) -> Vec<u8> {
    // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN.
    let mut creation = Vec::with_capacity(10 + code.len());
    creation.push(0x61);
    // At most 1 + 384 + 1 + 20 * 255 = 5,486: fits two bytes.
    creation.extend_from_slice(&(code.len() as u16).to_be_bytes());
    creation.extend_from_slice(&[0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3]);
    creation.extend_from_slice(code);
    creation
}

/// Why code is not an operator set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// There is no code.
    #[error("the operator set has no code")]
    Empty,
    /// Not `0x00` and whole addresses.
    #[error("the operator set's code is {0} bytes and not 0x00 followed by whole addresses")]
    Layout(usize),
    /// No operator, or more than [`MAX_OPERATORS`].
    #[error("an operator set has 1 to {MAX_OPERATORS} operators, not {0}")]
    Count(usize),
    /// An operator is the zero address.
    #[error("operator {0} is the zero address")]
    Zero(usize),
    /// An operator is there twice.
    #[error("operator {0} ({1}) is there twice")]
    Repeated(usize, Address),
}

/// Distinct, non-zero operator addresses in a fixed order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperatorSet(Vec<Address>);

impl OperatorSet {
    /// The set of `operators` in the order given.
    pub fn new(operators: Vec<Address>) -> Result<Self, SetError> {
        if operators.is_empty() || operators.len() > MAX_OPERATORS {
            return Err(SetError::Count(operators.len()));
        }
        let mut seen = HashSet::with_capacity(operators.len());
        for (index, operator) in operators.iter().enumerate() {
            if operator.is_zero() {
                return Err(SetError::Zero(index));
            }
            if !seen.insert(*operator) {
                return Err(SetError::Repeated(index, *operator));
            }
        }
        Ok(Self(operators))
    }

    /// Reads a set from the code of its contract.
    pub fn from_code(code: &[u8]) -> Result<Self, SetError> {
        let (first, addresses) = code.split_first().ok_or(SetError::Empty)?;
        let (addresses, rest) = addresses.as_chunks::<20>();
        if *first != STOP || !rest.is_empty() {
            return Err(SetError::Layout(code.len()));
        }
        if addresses.len() > MAX_OPERATORS {
            return Err(SetError::Count(addresses.len()));
        }
        Self::new(addresses.iter().map(Address::from).collect())
    }

    /// The code of the set's contract: `0x00 ‖ address(20)*n`.
    pub fn code(&self) -> Bytes {
        let mut code = Vec::with_capacity(1 + 20 * self.0.len());
        code.push(STOP);
        for operator in &self.0 {
            code.extend_from_slice(operator.as_slice());
        }
        code.into()
    }

    /// keccak256 of the code: EXTCODEHASH of the set's contract.
    pub fn code_hash(&self) -> B256 {
        keccak256(self.code())
    }

    /// Creation code that deploys [`code`](Self::code): a ten-byte loader and the code itself.
    pub fn creation_code(&self) -> Bytes {
        creation_code_of(&self.code()).into()
    }

    /// Where the deterministic deployer puts the set (CREATE2, salt 0).
    pub fn address(&self) -> Address {
        deterministic_address(SALT, &self.creation_code())
    }

    /// Transaction input for the deterministic deployer that deploys the set.
    pub fn deployment_input(&self) -> Bytes {
        deterministic_calldata(SALT, &self.creation_code())
    }

    /// Number of operators.
    #[allow(clippy::len_without_is_empty, reason = "a set is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The operator at a position.
    pub fn get(&self, index: u8) -> Option<Address> {
        self.0.get(usize::from(index)).copied()
    }

    /// The position of an operator.
    pub fn index_of(&self, operator: Address) -> Option<u8> {
        self.0
            .iter()
            .position(|known| *known == operator)
            .and_then(|index| u8::try_from(index).ok())
    }

    /// The operators in order.
    pub fn operators(&self) -> &[Address] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(n: usize) -> Vec<Address> {
        (1..=n).map(|i| Address::left_padding_from(&(i as u32).to_be_bytes())).collect()
    }

    #[test]
    fn code_round_trips() {
        for n in [1, 3, 255] {
            let set = OperatorSet::new(operators(n)).unwrap();
            assert_eq!(set.code().len(), 1 + 20 * n);
            assert_eq!(OperatorSet::from_code(&set.code()).unwrap(), set);
            assert_eq!(set.index_of(set.get((n - 1) as u8).unwrap()), Some((n - 1) as u8));
            assert_eq!(set.get(n as u8), if n == 255 { None } else { set.get(n as u8) });
        }
        assert_eq!(OperatorSet::new(operators(3)).unwrap().get(3), None);
    }

    #[test]
    fn refuses_what_is_not_a_set() {
        assert_eq!(OperatorSet::from_code(&[]), Err(SetError::Empty));
        assert_eq!(OperatorSet::from_code(&[0]), Err(SetError::Count(0)));
        assert_eq!(OperatorSet::from_code(&[0; 20]), Err(SetError::Layout(20)));
        assert_eq!(OperatorSet::from_code(&[0; 21]), Err(SetError::Zero(0)));
        let mut code = OperatorSet::new(operators(2)).unwrap().code().to_vec();
        code[0] = 1;
        assert_eq!(OperatorSet::from_code(&code), Err(SetError::Layout(41)));
        assert_eq!(OperatorSet::new(operators(256)), Err(SetError::Count(256)));
        let twice = [operators(2), operators(1)].concat();
        assert_eq!(OperatorSet::new(twice.clone()), Err(SetError::Repeated(2, twice[0])));
    }
}
