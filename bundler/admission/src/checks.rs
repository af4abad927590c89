//! The cheap checks: everything that needs no simulation, no operator and no lock.

use alloy::primitives::U256;
use writ_types::{EntryPointVersion, FieldError, UserOperation};

use crate::{AdmissionError, AdmissionRules, rules::Head};

/// Checks fields, limits, fees and gas of an operation as it will be included (attestation and all).
///
/// # Errors
/// The first check that fails; always `-32602` with the field and, where it is a number, what would be enough.
pub(crate) fn check(
    operation: &UserOperation,
    head: &Head,
    rules: &AdmissionRules,
) -> Result<(), AdmissionError> {
    size(operation, rules)?;
    gas_limits(operation, rules)?;
    fees(operation, head, rules)?;
    authorization(operation, head)?;
    pre_verification_gas(operation, rules)
}

fn size(operation: &UserOperation, rules: &AdmissionRules) -> Result<(), AdmissionError> {
    let (size, most) = (operation.packed_size(), rules.max_packed_size);
    if size > most {
        return Err(field(
            "userOperation",
            format!("{size} bytes when packed; at most {most} are accepted"),
        ));
    }
    Ok(())
}

fn gas_limits(operation: &UserOperation, rules: &AdmissionRules) -> Result<(), AdmissionError> {
    let most = rules.max_verification_gas;
    let paymaster =
        operation.paymaster.as_ref().map_or(0, |paymaster| paymaster.verification_gas_limit);
    for (name, limit) in [
        ("verificationGasLimit", operation.verification_gas_limit),
        ("paymasterVerificationGasLimit", paymaster),
    ] {
        if limit > most {
            return Err(AdmissionError::Limit {
                field: name,
                actual: U256::from(limit),
                most: U256::from(most),
            });
        }
    }
    let total = operation.total_gas_limit();
    let most = U256::from(rules.max_operation_gas);
    if total > most {
        return Err(AdmissionError::Limit { field: "callGasLimit", actual: total, most });
    }
    Ok(())
}

fn fees(
    operation: &UserOperation,
    head: &Head,
    rules: &AdmissionRules,
) -> Result<(), AdmissionError> {
    let (most, tip) = (operation.max_fee_per_gas, operation.max_priority_fee_per_gas);
    if tip > most {
        return Err(field(
            "maxPriorityFeePerGas",
            format!("{tip} is above maxFeePerGas {most}; at most that is accepted"),
        ));
    }
    let too_low =
        |field, actual: u128, required: u128| AdmissionError::FeeTooLow { field, actual, required };
    if tip < rules.min_priority_fee {
        return Err(too_low("maxPriorityFeePerGas", tip, rules.min_priority_fee));
    }
    let base = u128::from(head.base_fee) * u128::from(rules.base_fee_per_mille);
    let required = base.div_ceil(1000) + rules.min_priority_fee;
    if most < required {
        return Err(too_low("maxFeePerGas", most, required));
    }
    Ok(())
}

/// EIP-7702: for this chain, signed by the sender, and understood by the EntryPoint (AUTH-010 is a matter of type).
fn authorization(operation: &UserOperation, head: &Head) -> Result<(), AdmissionError> {
    let Some(tuple) = &operation.authorization else { return Ok(()) };
    if operation.version == EntryPointVersion::V06 {
        return Err(field(
            "eip7702Auth",
            "EntryPoint v0.6 has no EIP-7702 accounts; v0.7 and later are accepted",
        ));
    }
    operation.check_authorization_chain(head.chain_id)?;
    match tuple.recover_authority() {
        Ok(signer) if signer == operation.sender => Ok(()),
        Ok(signer) => Err(field(
            "eip7702Auth",
            format!("signed by {signer}; only the sender {} may", operation.sender),
        )),
        Err(_) => {
            Err(field("eip7702Auth", format!("no signature of the sender {}", operation.sender)))
        }
    }
}

fn pre_verification_gas(
    operation: &UserOperation,
    rules: &AdmissionRules,
) -> Result<(), AdmissionError> {
    if !rules.enforce_pre_verification_gas {
        return Ok(());
    }
    let required = rules.gas.pre_verification_gas(operation, 0);
    if operation.pre_verification_gas < required {
        let actual = operation.pre_verification_gas;
        return Err(AdmissionError::PreVerificationGas { actual, required });
    }
    Ok(())
}

fn field(name: &str, reason: impl Into<String>) -> AdmissionError {
    FieldError::new(name, reason).into()
}

#[cfg(test)]
mod tests {
    use alloy::{
        eips::eip7702::Authorization,
        primitives::{Address, Bytes},
        signers::{SignerSync, local::PrivateKeySigner},
    };
    use writ_types::{ErrorCode, Paymaster};

    use super::*;
    use crate::testing::operation;

    const HEAD: Head =
        Head { chain_id: 31_337, number: 10, timestamp: 1_000, base_fee: 1_000_000_000 };

    fn verdict(operation: &UserOperation) -> Result<(), (i32, String, Option<U256>)> {
        check(operation, &HEAD, &AdmissionRules::default()).map_err(|error| {
            let refusal = error.into_refusal();
            assert_eq!(refusal.code, ErrorCode::InvalidFields);
            (refusal.code.code(), refusal.data.field.unwrap_or_default(), refusal.data.required)
        })
    }

    fn refused_field(operation: &UserOperation) -> String {
        verdict(operation).expect_err("must be refused").1
    }

    #[test]
    fn a_fair_operation_passes() {
        assert_eq!(verdict(&operation()), Ok(()));
    }

    #[test]
    fn fees_must_cover_base_fee_and_tip_and_say_what_would() {
        let mut low = operation();
        low.max_fee_per_gas = 1_000_999_999;
        low.max_priority_fee_per_gas = 1_000_000;
        assert_eq!(
            verdict(&low),
            Err((-32602, "maxFeePerGas".into(), Some(U256::from(1_001_000_000))))
        );
        low.max_fee_per_gas += 1;
        assert_eq!(verdict(&low), Ok(()));
        low.max_priority_fee_per_gas = 999_999;
        assert_eq!(
            verdict(&low),
            Err((-32602, "maxPriorityFeePerGas".into(), Some(U256::from(1_000_000))))
        );
        low.max_priority_fee_per_gas = low.max_fee_per_gas + 1;
        assert_eq!(refused_field(&low), "maxPriorityFeePerGas");
    }

    #[test]
    fn pre_verification_gas_must_cover_the_bytes() {
        let rules = AdmissionRules::default();
        let mut exact = operation();
        exact.pre_verification_gas = rules.gas.pre_verification_gas(&exact, 0);
        assert_eq!(verdict(&exact), Ok(()));
        exact.signature = Bytes::from(vec![0xff; exact.signature.len() + 32]);
        assert_eq!(refused_field(&exact), "preVerificationGas");
    }

    #[test]
    fn limits_are_limits() {
        let mut heavy = operation();
        heavy.verification_gas_limit = 5_000_001;
        assert_eq!(refused_field(&heavy), "verificationGasLimit");
        let mut heavy = operation();
        heavy.call_gas_limit = 16_000_000;
        assert_eq!(refused_field(&heavy), "callGasLimit");
        let mut heavy = operation();
        heavy.paymaster = Some(Paymaster {
            address: Address::repeat_byte(1),
            verification_gas_limit: 5_000_001,
            post_op_gas_limit: 0,
            data: Bytes::new(),
            signature: None,
        });
        assert_eq!(refused_field(&heavy), "paymasterVerificationGasLimit");
        let mut long = operation();
        long.call_data = Bytes::from(vec![1; 8_000]);
        assert_eq!(refused_field(&long), "userOperation");
    }

    #[test]
    fn a_tuple_is_the_senders_own_and_for_this_chain() {
        let signer = PrivateKeySigner::random();
        let mut delegating = operation();
        delegating.pre_verification_gas += U256::from(25_000);
        let tuple =
            Authorization { chain_id: U256::ZERO, address: Address::repeat_byte(7), nonce: 0 };
        let signature = signer.sign_hash_sync(&tuple.signature_hash()).expect("signs");
        delegating.authorization = Some(tuple.clone().into_signed(signature));
        assert_eq!(refused_field(&delegating), "eip7702Auth");
        delegating.sender = signer.address();
        assert_eq!(verdict(&delegating), Ok(()));
        let elsewhere = Authorization { chain_id: U256::from(1), ..tuple };
        let signature = signer.sign_hash_sync(&elsewhere.signature_hash()).expect("signs");
        delegating.authorization = Some(elsewhere.into_signed(signature));
        assert_eq!(refused_field(&delegating), "eip7702Auth.chainId");
    }
}
