//! Verification of an operation's attestation: the checks of the module, in the same words.

use alloy::primitives::{Address, B256};
use writ_types::UserOperation;

use crate::{
    AccountPolicy, Attestation, AttestationError, Configuration, Domain, OperatorSet, Suffix,
    UserOperationAction, action_of, suffix::LEVEL_QUORUM,
};

/// Everything outside the operation that an attestation is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// The EntryPoint that the operation is for.
    pub entry_point: Address,
    /// The account's configuration and state.
    pub policy: &'a AccountPolicy,
    /// The operators, read from the code at the configuration's operator set.
    pub operators: &'a OperatorSet,
    /// EXTCODEHASH of the account when validation runs.
    pub account_code: B256,
    /// The sequence that the chain will require: [`AccountPolicy::next_sequence`].
    pub sequence: u64,
    /// The time to check the validity window at, Unix seconds.
    pub now: u64,
}

/// An attestation whose every check passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What was authorized.
    pub action: UserOperationAction,
    /// The statement.
    pub attestation: Attestation,
    /// Its EIP-712 digest.
    pub digest: B256,
    /// Who signed it, in the order of the set.
    pub signers: Vec<Address>,
}

/// Checks that `suffix` is a quorum's attestation of `operation` under the account's current configuration.
///
/// # Errors
/// The first check that fails, by name. Structure comes first, then staleness, then the window, then the signatures
/// (which cost the most).
pub fn verify(
    operation: &UserOperation,
    suffix: &Suffix,
    context: &Context<'_>,
) -> Result<Verified, AttestationError> {
    check_configuration(suffix, context)?;
    check_signers(suffix, context.policy, context.operators)?;
    let required = operation.required_prefund();
    if required > alloy::primitives::U256::from(suffix.max_cost) {
        return Err(AttestationError::MaxCost { required, attested: suffix.max_cost });
    }
    check_window(suffix, context.now)?;
    let action = action_of(operation, context.entry_point, context.account_code, suffix.max_cost);
    let attestation = suffix.attestation(action.hash(), context.policy.configuration.policy);
    let digest = attestation.digest(&context.domain).ok_or(AttestationError::Validity {
        valid_after: suffix.valid_after,
        valid_until: suffix.valid_until,
    })?;
    let signers = check_quorum(suffix, digest, context.operators)?;
    Ok(Verified { action, attestation, digest, signers })
}

/// Checks that the window of `suffix` holds at `now`.
pub const fn check_window(suffix: &Suffix, now: u64) -> Result<(), AttestationError> {
    if now <= suffix.valid_after {
        return Err(AttestationError::NotYetValid { valid_after: suffix.valid_after, now });
    }
    if now > suffix.valid_until {
        return Err(AttestationError::Expired { valid_until: suffix.valid_until, now });
    }
    Ok(())
}

/// Checks every field of `suffix` that goes stale when the account's configuration or history moves on.
pub fn check_configuration(suffix: &Suffix, context: &Context<'_>) -> Result<(), AttestationError> {
    let configuration = &context.policy.configuration;
    check_level(suffix, configuration)?;
    if context.entry_point != configuration.entry_point {
        return Err(AttestationError::EntryPoint {
            given: context.entry_point,
            configured: configuration.entry_point,
        });
    }
    check_current(suffix, context.policy)?;
    if suffix.sequence != context.sequence {
        return Err(AttestationError::Sequence {
            attested: suffix.sequence,
            current: context.sequence,
        });
    }
    check_set(context.operators, configuration)
}

/// Checks that the level is the configuration's, and one that can be had.
pub(crate) fn check_level(
    suffix: &Suffix,
    configuration: &Configuration,
) -> Result<(), AttestationError> {
    if suffix.level != configuration.level {
        return Err(AttestationError::Level {
            attested: suffix.level,
            required: configuration.level,
        });
    }
    match suffix.level {
        LEVEL_QUORUM => Ok(()),
        other => Err(AttestationError::UnsupportedLevel(other)),
    }
}

/// Checks that nothing was configured and no epoch began since.
pub(crate) fn check_current(
    suffix: &Suffix,
    policy: &AccountPolicy,
) -> Result<(), AttestationError> {
    if suffix.revision != policy.state.revision {
        return Err(AttestationError::Revision {
            attested: suffix.revision,
            current: policy.state.revision,
        });
    }
    if suffix.epoch != policy.configuration.epoch {
        return Err(AttestationError::Epoch {
            attested: suffix.epoch,
            current: policy.configuration.epoch,
        });
    }
    Ok(())
}

/// Checks that the operators are those of the configuration.
pub(crate) fn check_set(
    operators: &OperatorSet,
    configuration: &Configuration,
) -> Result<(), AttestationError> {
    let found = operators.code_hash();
    if found == configuration.operator_set_code_hash {
        return Ok(());
    }
    Err(AttestationError::SetCode { found, configured: configuration.operator_set_code_hash })
}

pub(crate) fn check_signers(
    suffix: &Suffix,
    policy: &AccountPolicy,
    operators: &OperatorSet,
) -> Result<(), AttestationError> {
    let given = suffix.signatures.len();
    let required = usize::from(policy.configuration.threshold);
    if given < required {
        return Err(AttestationError::TooFewSignatures { given, required });
    }
    if given > required {
        return Err(AttestationError::TooManySignatures { given, required });
    }
    let mut before: Option<u8> = None;
    for signature in &suffix.signatures {
        let index = signature.index;
        match before {
            Some(after) if index == after => return Err(AttestationError::RepeatedSigner(index)),
            Some(after) if index < after => {
                return Err(AttestationError::UnorderedSigners { index, after });
            }
            _ => before = Some(index),
        }
        if operators.get(index).is_none() {
            return Err(AttestationError::UnknownSigner { index, operators: operators.len() });
        }
    }
    Ok(())
}

pub(crate) fn check_quorum(
    suffix: &Suffix,
    digest: B256,
    operators: &OperatorSet,
) -> Result<Vec<Address>, AttestationError> {
    suffix
        .signatures
        .iter()
        .map(|signature| {
            let index = signature.index;
            let operator = operators
                .get(index)
                .ok_or(AttestationError::UnknownSigner { index, operators: operators.len() })?;
            let recovered = signature.recover(digest);
            if recovered == Some(operator) {
                Ok(operator)
            } else {
                Err(AttestationError::Signature { index, operator, recovered })
            }
        })
        .collect()
}
