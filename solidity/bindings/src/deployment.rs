//! Where things stand when they are deployed through the deterministic deployer: the same address on every chain.

use alloy::{
    primitives::{Address, B256, Bytes, address, keccak256},
    sol_types::SolValue,
};

use crate::{DevAccount, WritModule};

/// The deterministic deployer (Arachnid's), which anvil and most chains have. Calldata: salt, then creation code.
pub const DETERMINISTIC_DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// Salt of the module and of every operator set.
pub const SALT: B256 = B256::ZERO;

/// Most operators of a set: their index is one byte, and 255 of them count as the limit of the module.
pub const MAX_OPERATORS: usize = 255;

/// A list of operators that no module accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorSetError {
    /// No operator at all, or more than [`MAX_OPERATORS`].
    #[error("an operator set has 1 to {MAX_OPERATORS} operators, not {0}")]
    Count(usize),
    /// The operator at this index is the zero address.
    #[error("operator {0} is the zero address")]
    Zero(usize),
    /// The operator at the second index stands at the first one already.
    #[error("operator {1} is the same address as operator {0}")]
    Repeated(usize, usize),
}

/// The code of an operator set: `0x00 ‖ address(20)·n`, in the order given.
///
/// # Errors
/// When the module would refuse the set: empty, too many, zero or repeated addresses.
pub fn operator_set_code(operators: &[Address]) -> Result<Bytes, OperatorSetError> {
    if operators.is_empty() || operators.len() > MAX_OPERATORS {
        return Err(OperatorSetError::Count(operators.len()));
    }
    let mut code = vec![0];
    for (index, operator) in operators.iter().enumerate() {
        if operator.is_zero() {
            return Err(OperatorSetError::Zero(index));
        }
        if let Some(first) = operators[..index].iter().position(|other| other == operator) {
            return Err(OperatorSetError::Repeated(first, index));
        }
        code.extend_from_slice(operator.as_slice());
    }
    Ok(code.into())
}

/// What to deploy for an operator set.
///
/// # Errors
/// As [`operator_set_code`].
pub fn operator_set_creation_code(operators: &[Address]) -> Result<Bytes, OperatorSetError> {
    let code = operator_set_code(operators)?;
    // At most 5,101 bytes: two bytes hold the length.
    let [.., high, low] = code.len().to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
    let mut creation = vec![0x61, high, low, 0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3];
    creation.extend_from_slice(&code);
    Ok(creation.into())
}

/// Where an operator set stands once deployed.
///
/// # Errors
/// As [`operator_set_code`].
pub fn operator_set_address(operators: &[Address]) -> Result<Address, OperatorSetError> {
    Ok(deterministic_address(SALT, &operator_set_creation_code(operators)?))
}

/// Creation code of the module, which takes no arguments.
pub fn module_creation_code() -> Bytes {
    WritModule::BYTECODE.clone()
}

/// Where the module stands once deployed.
pub fn module_address() -> Address {
    deterministic_address(SALT, &WritModule::BYTECODE)
}

/// Creation code of a development account that has the module as validator, and as hook when `hook` is not zero.
pub fn dev_account_creation_code(
    entry_point: Address,
    validator: Address,
    validator_data: Bytes,
    hook: Address,
) -> Bytes {
    let arguments = DevAccount::constructorCall {
        entryPoint_: entry_point,
        validator,
        validatorData: validator_data,
        hook_: hook,
    };
    let mut code = DevAccount::BYTECODE.to_vec();
    code.extend_from_slice(&alloy::sol_types::SolConstructor::abi_encode(&arguments));
    code.into()
}

/// What the module's `onInstall` takes in its role as validator.
pub fn installation_data(
    configuration: &WritModule::Configuration,
    policies: &[WritModule::PolicyReference],
) -> Bytes {
    (configuration.clone(), policies.to_vec()).abi_encode_params().into()
}

/// The hash that names a configuration.
pub fn configuration_hash(configuration: &WritModule::Configuration) -> B256 {
    keccak256(configuration.abi_encode())
}

/// Where the deterministic deployer puts this creation code.
pub fn deterministic_address(salt: B256, creation_code: &[u8]) -> Address {
    DETERMINISTIC_DEPLOYER.create2(salt, keccak256(creation_code))
}

/// Calldata for the deterministic deployer.
pub fn deterministic_calldata(salt: B256, creation_code: &[u8]) -> Bytes {
    [salt.as_slice(), creation_code].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_set_holds_its_operators_behind_a_stop() {
        let operators = [Address::repeat_byte(0x22), Address::repeat_byte(0x11)];
        let code = operator_set_code(&operators).expect("valid");
        assert_eq!(code[0], 0);
        assert_eq!(&code[1..21], operators[0].as_slice());
        assert_eq!(&code[21..], operators[1].as_slice());
        let creation = operator_set_creation_code(&operators).expect("valid");
        assert_eq!(creation[..10], [0x61, 0, 41, 0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3]);
        assert_eq!(creation[10..], code[..]);
    }

    #[test]
    fn order_matters() {
        let operators = [Address::repeat_byte(0x22), Address::repeat_byte(0x11)];
        let reversed = [operators[1], operators[0]];
        assert_ne!(operator_set_address(&operators), operator_set_address(&reversed));
    }

    #[test]
    fn refuses_what_the_module_refuses() {
        let one = Address::repeat_byte(1);
        let two = Address::repeat_byte(2);
        assert!(operator_set_code(&[one, two]).is_ok());
        assert_eq!(operator_set_code(&[]), Err(OperatorSetError::Count(0)));
        assert_eq!(operator_set_code(&[one, Address::ZERO]), Err(OperatorSetError::Zero(1)));
        assert_eq!(operator_set_code(&[one, two, one]), Err(OperatorSetError::Repeated(0, 2)));
        assert_eq!(operator_set_code(&vec![one; 256]), Err(OperatorSetError::Count(256)));
    }
}
