//! What exactly an attestation authorizes.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolStruct,
};
use serde::{Deserialize, Serialize};
use writ_types::UserOperation;

use crate::typed;

/// One user operation, minus everything that only prices it: fees and verification gas may change, what it does may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOperationAction {
    /// The sender.
    pub account: Address,
    /// The EntryPoint, from the account's configuration.
    pub entry_point: Address,
    /// The whole nonce: key and sequence.
    pub nonce: U256,
    /// keccak256 of `initCode`.
    pub init_code: B256,
    /// keccak256 of `callData`.
    pub call_data: B256,
    /// keccak256 of `paymasterAndData` as packed on chain; EntryPoint v0.9's paymaster signature and its length excluded.
    pub paymaster_and_data: B256,
    /// EXTCODEHASH of the account: for an EIP-7702 account it names the delegate.
    pub account_code: B256,
    /// Gas limit of the call: with less, a call can be made to fail halfway.
    #[serde(with = "alloy::serde::quantity")]
    pub call_gas_limit: u128,
    /// Most that the operation may cost, in wei.
    pub max_cost: U256,
}

impl UserOperationAction {
    /// EIP-712 `hashStruct`: the attestation's `action`.
    pub fn hash(&self) -> B256 {
        typed::UserOperationAction {
            account: self.account,
            entryPoint: self.entry_point,
            nonce: self.nonce,
            initCode: self.init_code,
            callData: self.call_data,
            paymasterAndData: self.paymaster_and_data,
            accountCode: self.account_code,
            callGasLimit: self.call_gas_limit,
            maxCost: self.max_cost,
        }
        .eip712_hash_struct()
    }
}

/// One call off the ERC-4337 path, as guarded contracts and the guard of Safes verify it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallAction {
    /// Whose policy decides: the guarded contract, or the Safe.
    pub account: Address,
    /// Who calls the contract; who asks the Safe: a module, or the Safe itself where its owners do.
    pub caller: Address,
    /// Who is called: the guarded contract itself, or whom the Safe calls.
    pub target: Address,
    /// Wei that go along.
    pub value: U256,
    /// keccak256 of the calldata.
    pub call_data: B256,
    /// How the attestation comes: 1 presented or attached, 2 posted.
    pub path: u8,
    /// 0 a call; 1 a delegatecall, of a Safe alone.
    pub operation: u8,
    /// What else is bound: of a contract what it says, of owners' transactions the safeTxHash, of modules' nothing.
    pub context: B256,
    /// Single use among the caller's; of owners' transactions the Safe's own.
    pub nonce: U256,
}

impl CallAction {
    /// EIP-712 `hashStruct`: the attestation's `action`.
    pub fn hash(&self) -> B256 {
        typed::CallAction {
            account: self.account,
            caller: self.caller,
            target: self.target,
            value: self.value,
            callData: self.call_data,
            path: self.path,
            operation: self.operation,
            context: self.context,
            nonce: self.nonce,
        }
        .eip712_hash_struct()
    }
}

/// What operators decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
// On the wire and on disk an action is its fields: the two have none that both would take.
#[serde(untagged)]
pub enum Action {
    /// A user operation.
    UserOperation(UserOperationAction),
    /// A call off the ERC-4337 path.
    Call(CallAction),
}

impl Action {
    /// EIP-712 `hashStruct`: the attestation's `action`.
    pub fn hash(&self) -> B256 {
        match self {
            Self::UserOperation(action) => action.hash(),
            Self::Call(action) => action.hash(),
        }
    }

    /// The account that is decided for.
    pub const fn account(&self) -> Address {
        match self {
            Self::UserOperation(action) => action.account,
            Self::Call(action) => action.account,
        }
    }

    /// Its nonce: the account's at the EntryPoint, the caller's, or the Safe's own.
    pub const fn nonce(&self) -> U256 {
        match self {
            Self::UserOperation(action) => action.nonce,
            Self::Call(action) => action.nonce,
        }
    }

    /// The action of a user operation, if it is one.
    pub const fn as_user_operation(&self) -> Option<&UserOperationAction> {
        match self {
            Self::UserOperation(action) => Some(action),
            Self::Call(_) => None,
        }
    }

    /// The action of a call, if it is one.
    pub const fn as_call(&self) -> Option<&CallAction> {
        match self {
            Self::UserOperation(_) => None,
            Self::Call(action) => Some(action),
        }
    }
}

impl From<UserOperationAction> for Action {
    fn from(action: UserOperationAction) -> Self {
        Self::UserOperation(action)
    }
}

impl From<CallAction> for Action {
    fn from(action: CallAction) -> Self {
        Self::Call(action)
    }
}

/// A change of an account's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationAction {
    /// The account.
    pub account: Address,
    /// Hash of the configuration that is replaced.
    pub old_configuration: B256,
    /// Hash of the configuration that replaces it.
    pub new_configuration: B256,
    /// The account's configuration nonce.
    pub nonce: U256,
}

impl ConfigurationAction {
    /// EIP-712 `hashStruct`: the attestation's `action`.
    pub fn hash(&self) -> B256 {
        typed::ConfigurationAction {
            account: self.account,
            oldConfiguration: self.old_configuration,
            newConfiguration: self.new_configuration,
            nonce: self.nonce,
        }
        .eip712_hash_struct()
    }
}

/// An ERC-1271 signature, for one requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureAction {
    /// The account that signs.
    pub account: Address,
    /// Who may ask whether it did.
    pub requester: Address,
    /// What is signed.
    pub hash: B256,
}

impl SignatureAction {
    /// EIP-712 `hashStruct`: the attestation's `action`.
    pub fn action_hash(&self) -> B256 {
        typed::SignatureAction { account: self.account, requester: self.requester, hash: self.hash }
            .eip712_hash_struct()
    }
}

/// The action of a user operation.
///
/// `account_code` is the account's code hash when validation runs, so after the deployment that the operation itself
/// makes. `max_cost` comes from the suffix, or from [`max_cost_of`] when there is none yet.
pub fn action_of(
    operation: &UserOperation,
    entry_point: Address,
    account_code: B256,
    max_cost: u128,
) -> UserOperationAction {
    UserOperationAction {
        account: operation.sender,
        entry_point,
        nonce: operation.nonce,
        init_code: keccak256(operation.init_code()),
        call_data: keccak256(&operation.call_data),
        paymaster_and_data: keccak256(operation.paymaster_and_data_signed()),
        account_code,
        call_gas_limit: operation.call_gas_limit,
        max_cost: U256::from(max_cost),
    }
}

/// The cost in wei that operators attest for an operation: its prefund and a quarter more, so that a bundler can have
/// the fees bumped twice without a new decision. Saturates at 2^128-1, where no real prefund is.
///
/// Every operator and the gateway compute the same number from the same operation, so that they sign the same digest.
pub fn max_cost_of(operation: &UserOperation) -> u128 {
    let prefund = operation.required_prefund();
    prefund.saturating_add(prefund / U256::from(4)).saturating_to()
}
