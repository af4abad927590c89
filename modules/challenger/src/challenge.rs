//! From a wrong decision to the transaction that proves it.

use alloy::{
    primitives::{Address, Bytes, U256, aliases::U48, keccak256},
    sol_types::{SolCall, SolValue},
};
use writ_attestation::{
    Action, Attestation, CallAction, Denial, Domain, OperatorSignature, UserOperationAction,
};
use writ_bindings::WritDisputes;

use crate::{Claim, ClaimError, Wrong};

/// `ActionKind` of the contract.
const USER_OPERATION: u8 = 1;
const CALL: u8 = 2;

/// Calldata by which `WritDisputes` is shown that the claim is wrong in this way, and `reporter` is paid.
///
/// # Errors
/// [`ClaimError::Window`] for what nobody can have signed.
pub fn challenge(claim: &Claim, wrong: &Wrong, reporter: Address) -> Result<Bytes, ClaimError> {
    let signed = signed(claim)?;
    let evidence = claim.evidence.clone();
    Ok(match wrong {
        Wrong::Encoding(_) => {
            WritDisputes::disproveEncodingCall { signed, evidence, reporter }.abi_encode()
        }
        Wrong::Statement(_) => {
            let (kind, members) = members(&claim.action);
            WritDisputes::disproveStatementCall { signed, kind, members, evidence, reporter }
                .abi_encode()
        }
        Wrong::Decision { index, .. } => {
            let policies = claim
                .policies
                .iter()
                .map(|policy| WritDisputes::PolicyCommitment {
                    policyId: policy.policy_id,
                    parametersHash: keccak256(&policy.parameters),
                })
                .collect();
            let parameters = claim.policies.get(*index).map(|policy| policy.parameters.clone());
            WritDisputes::disproveDecisionCall {
                signed,
                policies,
                index: U256::from(*index),
                parameters: parameters.unwrap_or_default(),
                evidence,
                reporter,
            }
            .abi_encode()
        }
    }
    .into())
}

/// Calldata by which `WritDisputes` is shown that operators allowed and refused the same.
///
/// # Errors
/// [`ClaimError::Window`] for what nobody can have signed.
pub fn twofold(
    claim: &Claim,
    denial: &Denial,
    domain: &Domain,
    signatures: &[OperatorSignature],
    reporter: Address,
) -> Result<Bytes, ClaimError> {
    let denied = WritDisputes::SignedDenial {
        enforcer: domain.module,
        denial: WritDisputes::Denial {
            action: denial.action,
            policy: denial.policy,
            evidence: denial.evidence,
            revision: denial.revision,
            blockNumber: denial.block_number,
            blockHash: denial.block_hash,
            reasons: denial.reasons,
        },
        signatures: packed(signatures),
    };
    let call = WritDisputes::disproveTwofoldCall { signed: signed(claim)?, denied, reporter };
    Ok(call.abi_encode().into())
}

fn signed(claim: &Claim) -> Result<WritDisputes::SignedAttestation, ClaimError> {
    let Attestation {
        action,
        policy,
        evidence,
        bounds,
        revision,
        epoch,
        sequence,
        level,
        block_number,
        block_hash,
        valid_after,
        valid_until,
    } = claim.attestation;
    let time = |seconds: u64| U48::checked_from_limbs_slice(&[seconds]).ok_or(ClaimError::Window);
    Ok(WritDisputes::SignedAttestation {
        enforcer: claim.domain.module,
        attestation: WritDisputes::Attestation {
            action,
            policy,
            evidence,
            bounds,
            revision,
            epoch,
            sequence,
            level,
            blockNumber: block_number,
            blockHash: block_hash,
            validAfter: time(valid_after)?,
            validUntil: time(valid_until)?,
        },
        signatures: packed(&claim.signatures),
    })
}

fn packed(signatures: &[OperatorSignature]) -> Bytes {
    signatures.iter().flat_map(OperatorSignature::pack).collect::<Vec<u8>>().into()
}

/// An action's kind and its members, a word each.
fn members(action: &Action) -> (u8, Bytes) {
    match action {
        Action::UserOperation(UserOperationAction {
            account,
            entry_point,
            nonce,
            init_code,
            call_data,
            paymaster_and_data,
            account_code,
            call_gas_limit,
            max_cost,
        }) => {
            let head = (*account, *entry_point, *nonce, *init_code, *call_data);
            let tail = (*paymaster_and_data, *account_code, U256::from(*call_gas_limit), *max_cost);
            (USER_OPERATION, [head.abi_encode(), tail.abi_encode()].concat().into())
        }
        Action::Call(CallAction {
            account,
            caller,
            target,
            value,
            call_data,
            path,
            operation,
            context,
            nonce,
        }) => {
            let head = (*account, *caller, *target, *value, *call_data);
            let tail = (U256::from(*path), U256::from(*operation), *context, *nonce);
            (CALL, [head.abi_encode(), tail.abi_encode()].concat().into())
        }
    }
}
