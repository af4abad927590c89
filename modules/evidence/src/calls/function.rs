//! The functions whose arguments are shown to a policy.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::SolCall,
};

use super::CallsError;

sol! {
    /// ERC-20.
    function transfer(address to, uint256 value);
    /// ERC-20.
    function approve(address spender, uint256 value);
    /// ERC-20 (and, with the same selector, ERC-721).
    function transferFrom(address from, address to, uint256 value);
    /// Of many ERC-20.
    function increaseAllowance(address spender, uint256 addedValue);
    /// ERC-721 and ERC-1155.
    function setApprovalForAll(address operator, bool approved);
    /// EntryPoint.
    function withdrawTo(address withdrawAddress, uint256 withdrawAmount);

    /// ERC-721.
    interface Erc721 {
        function safeTransferFrom(address from, address to, uint256 tokenId);
    }
    /// ERC-721, with something for the receiver.
    interface Erc721WithData {
        function safeTransferFrom(address from, address to, uint256 tokenId, bytes data);
    }
    interface Erc1155 {
        function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data);
        function safeBatchTransferFrom(
            address from, address to, uint256[] ids, uint256[] values, bytes data
        );
    }
    /// ERC-7579.
    function installModule(uint256 moduleTypeId, address module, bytes initData);
    /// ERC-7579.
    function uninstallModule(uint256 moduleTypeId, address module, bytes deInitData);
    /// ERC-7579: an account tells its hook what it is about to do.
    function preCheck(address msgSender, uint256 value, bytes msgData);
    /// ERC-7579: and that it was done.
    function postCheck(bytes hookData);
}

/// One decoded argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The parameter's name in the ERC.
    pub name: &'static str,
    /// Its value, which also says its ABI type.
    pub value: ArgumentValue,
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// ABI type `address`.
    Address(Address),
    /// ABI type `uint256`.
    Uint(U256),
    /// ABI type `bool`.
    Bool(bool),
    /// ABI type `bytes`.
    Bytes(Bytes),
    /// ABI type `uint256[]`.
    Uints(Vec<U256>),
}

impl ArgumentValue {
    /// The ABI type's name.
    #[must_use]
    pub const fn abi_type(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Uint(_) => "uint256",
            Self::Bool(_) => "bool",
            Self::Bytes(_) => "bytes",
            Self::Uints(_) => "uint256[]",
        }
    }
}

/// Decodes a call of a token, or of an EntryPoint's deposits, of exactly its own length; any other selector is left as it is.
///
/// Bytes after the arguments are refused rather than shown as an unknown function: a token ignores
/// them, so a rule on `function` must not be avoidable by appending one.
pub(super) fn decode(
    selector: [u8; 4],
    data: &[u8],
) -> Result<(&'static str, Vec<Argument>), CallsError> {
    let address = |name, value| Argument { name, value: ArgumentValue::Address(value) };
    let uint = |name, value| Argument { name, value: ArgumentValue::Uint(value) };
    let bytes = |name, value| Argument { name, value: ArgumentValue::Bytes(value) };
    let uints = |name, value| Argument { name, value: ArgumentValue::Uints(value) };
    Ok(match selector {
        transferCall::SELECTOR => {
            let call: transferCall = exact(data)?;
            (transferCall::SIGNATURE, vec![address("to", call.to), uint("value", call.value)])
        }
        approveCall::SELECTOR => {
            let call: approveCall = exact(data)?;
            (
                approveCall::SIGNATURE,
                vec![address("spender", call.spender), uint("value", call.value)],
            )
        }
        transferFromCall::SELECTOR => {
            let call: transferFromCall = exact(data)?;
            (
                transferFromCall::SIGNATURE,
                vec![address("from", call.from), address("to", call.to), uint("value", call.value)],
            )
        }
        increaseAllowanceCall::SELECTOR => {
            let call: increaseAllowanceCall = exact(data)?;
            (
                increaseAllowanceCall::SIGNATURE,
                vec![address("spender", call.spender), uint("addedValue", call.addedValue)],
            )
        }
        setApprovalForAllCall::SELECTOR => {
            let call: setApprovalForAllCall = exact(data)?;
            let approved = Argument { name: "approved", value: ArgumentValue::Bool(call.approved) };
            (setApprovalForAllCall::SIGNATURE, vec![address("operator", call.operator), approved])
        }
        withdrawToCall::SELECTOR => {
            let call: withdrawToCall = exact(data)?;
            (
                withdrawToCall::SIGNATURE,
                vec![
                    address("withdrawAddress", call.withdrawAddress),
                    uint("withdrawAmount", call.withdrawAmount),
                ],
            )
        }
        Erc721::safeTransferFromCall::SELECTOR => {
            let call: Erc721::safeTransferFromCall = exact(data)?;
            (
                Erc721::safeTransferFromCall::SIGNATURE,
                vec![
                    address("from", call.from),
                    address("to", call.to),
                    uint("tokenId", call.tokenId),
                ],
            )
        }
        Erc721WithData::safeTransferFromCall::SELECTOR => {
            let call: Erc721WithData::safeTransferFromCall = exact(data)?;
            (
                Erc721WithData::safeTransferFromCall::SIGNATURE,
                vec![
                    address("from", call.from),
                    address("to", call.to),
                    uint("tokenId", call.tokenId),
                    bytes("data", call.data),
                ],
            )
        }
        Erc1155::safeTransferFromCall::SELECTOR => {
            let call: Erc1155::safeTransferFromCall = exact(data)?;
            (
                Erc1155::safeTransferFromCall::SIGNATURE,
                vec![
                    address("from", call.from),
                    address("to", call.to),
                    uint("id", call.id),
                    uint("value", call.value),
                    bytes("data", call.data),
                ],
            )
        }
        Erc1155::safeBatchTransferFromCall::SELECTOR => {
            let call: Erc1155::safeBatchTransferFromCall = exact(data)?;
            (
                Erc1155::safeBatchTransferFromCall::SIGNATURE,
                vec![
                    address("from", call.from),
                    address("to", call.to),
                    uints("ids", call.ids),
                    uints("values", call.values),
                    bytes("data", call.data),
                ],
            )
        }
        _ => ("", Vec::new()),
    })
}

/// The signature of a function by which an ERC-7579 account calls its hook, in its canonical encoding.
///
/// What the account tells its hook it also does: the call itself concerns nobody but the contract that is called.
pub(super) fn of_hook(selector: [u8; 4], data: &[u8]) -> Option<&'static str> {
    match selector {
        preCheckCall::SELECTOR => exact::<preCheckCall>(data).ok().map(|_| preCheckCall::SIGNATURE),
        postCheckCall::SELECTOR => {
            exact::<postCheckCall>(data).ok().map(|_| postCheckCall::SIGNATURE)
        }
        _ => None,
    }
}

/// Whether the selector is one of ERC-7579's module functions.
pub(super) const fn is_administration(selector: [u8; 4]) -> bool {
    matches!(selector, installModuleCall::SELECTOR | uninstallModuleCall::SELECTOR)
}

/// The signature of an ERC-7579 module function in its canonical encoding, or none for another selector.
pub(super) fn administration(
    selector: [u8; 4],
    data: &[u8],
) -> Result<Option<&'static str>, CallsError> {
    Ok(match selector {
        installModuleCall::SELECTOR => {
            exact::<installModuleCall>(data)?;
            Some(installModuleCall::SIGNATURE)
        }
        uninstallModuleCall::SELECTOR => {
            exact::<uninstallModuleCall>(data)?;
            Some(uninstallModuleCall::SIGNATURE)
        }
        _ => None,
    })
}

/// Decodes and requires the input to be the encoding of the result.
pub(crate) fn exact<C: SolCall>(data: &[u8]) -> Result<C, CallsError> {
    let error = || CallsError::NonCanonical { what: C::SIGNATURE };
    let call = C::abi_decode(data).map_err(|_| error())?;
    if call.abi_encode() == data { Ok(call) } else { Err(error()) }
}
