//! Calls off the ERC-4337 path: their action, and the verification of their attestation.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolCall,
};
use writ_bindings::{IWritGuarded, WritSafeGuard};
use writ_types::{
    AttestableCall, CallPath, ContractCall, ProtectedCall, SafeModuleCall, SafeTransaction,
};

use crate::{
    AccountPolicy, Attestation, AttestationError, CallAction, Domain, OperatorSet, Suffix,
    verify::{check_current, check_level, check_quorum, check_set, check_signers, check_window},
};

/// The action of a call on this chain, exactly as the enforcing contract puts it together.
///
/// Everyone computes the same from the same call: nothing of it is anybody's to choose.
pub fn call_action(call: &AttestableCall, chain_id: u64) -> CallAction {
    let path = call.path as u8;
    match &call.call {
        ProtectedCall::Contract(ContractCall { contract, caller, value, data, context, nonce }) => {
            CallAction {
                account: *contract,
                caller: *caller,
                target: *contract,
                value: *value,
                call_data: keccak256(data),
                path,
                operation: 0,
                context: *context,
                nonce: U256::from(*nonce),
            }
        }
        ProtectedCall::Safe(call) => {
            let SafeTransaction { safe, to, value, data, operation, nonce, .. } = call;
            CallAction {
                account: *safe,
                caller: *safe,
                target: *to,
                value: *value,
                call_data: keccak256(data),
                path,
                operation: *operation as u8,
                context: call.hash(chain_id),
                nonce: U256::from(*nonce),
            }
        }
        ProtectedCall::SafeModule(SafeModuleCall {
            safe,
            module,
            to,
            value,
            data,
            operation,
            nonce,
        }) => CallAction {
            account: *safe,
            caller: *module,
            target: *to,
            value: *value,
            call_data: keccak256(data),
            path,
            operation: *operation as u8,
            context: B256::ZERO,
            nonce: U256::from(*nonce),
        },
    }
}

/// What `present` and `post` of the guard of Safes take beside the attestation.
pub fn safe_call(action: &CallAction) -> WritSafeGuard::SafeCall {
    WritSafeGuard::SafeCall {
        safe: action.account,
        caller: action.caller,
        target: action.target,
        value: action.value,
        callData: action.call_data,
        operation: action.operation,
        context: action.context,
        nonce: action.nonce.saturating_to(),
    }
}

/// What `present` and `post` of a guarded contract take beside the attestation.
pub fn guarded_call(call: &ContractCall, action: &CallAction) -> IWritGuarded::GuardedCall {
    IWritGuarded::GuardedCall {
        value: call.value,
        callData: action.call_data,
        context: call.context,
        nonce: call.nonce,
    }
}

/// Calldata by which the enforcing contract is brought the attestation ahead of the call: of its `present`, or of its `post`.
pub fn bring(call: &AttestableCall, action: &CallAction, attestation: Bytes) -> Vec<u8> {
    match (&call.call, call.path) {
        (ProtectedCall::Contract(contract), CallPath::Presented) => {
            let expected = guarded_call(contract, action);
            IWritGuarded::presentCall { expected, attestation }.abi_encode()
        }
        (ProtectedCall::Contract(contract), CallPath::Posted) => {
            let (caller, expected) = (contract.caller, guarded_call(contract, action));
            IWritGuarded::postCall { caller, expected, attestation }.abi_encode()
        }
        (_, CallPath::Presented) => {
            WritSafeGuard::presentCall { call: safe_call(action), attestation }.abi_encode()
        }
        (_, CallPath::Posted) => {
            WritSafeGuard::postCall { call: safe_call(action), attestation }.abi_encode()
        }
    }
}

/// Everything that the attestation of a call is checked against.
#[derive(Clone, Copy, Debug)]
pub struct CallContext<'a> {
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// The configuration and state in that contract.
    pub policy: &'a AccountPolicy,
    /// The operators, read from the code at the configuration's operator set.
    pub operators: &'a OperatorSet,
    /// The time to check the validity window at, Unix seconds.
    pub now: u64,
}

/// Checks that `suffix` is a quorum's attestation of `action` under the configuration in force: the checks of the
/// contracts (`Attestations.requireAlone`), in the same words.
///
/// Returns who signed, in the order of the set.
///
/// # Errors
/// The first check that fails, by name.
pub fn verify_call(
    action: &CallAction,
    suffix: &Suffix,
    context: &CallContext<'_>,
) -> Result<Vec<Address>, AttestationError> {
    let CallContext { domain, policy, operators, now } = *context;
    let configuration = &policy.configuration;
    check_level(suffix, configuration)?;
    check_current(suffix, policy)?;
    if suffix.sequence != 0 {
        return Err(AttestationError::Sequence { attested: suffix.sequence, current: 0 });
    }
    if suffix.max_cost != 0 {
        return Err(AttestationError::MaxCost { required: U256::ZERO, attested: suffix.max_cost });
    }
    check_set(operators, configuration)?;
    check_signers(suffix, policy, operators)?;
    check_window(suffix, now)?;
    let attestation: Attestation = suffix.attestation(action.hash(), configuration.policy);
    let digest = attestation.digest(&domain).ok_or(AttestationError::Validity {
        valid_after: suffix.valid_after,
        valid_until: suffix.valid_until,
    })?;
    check_quorum(suffix, digest, operators)
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
