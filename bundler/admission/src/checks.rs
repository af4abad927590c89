//! The cheap checks: everything that needs no simulation, no operator and no lock.

use alloy::primitives::U256;
use writ_types::{EntryPointVersion, FieldError, RuleId, UserOperation};

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
    lim_010(operation, rules)?;
    lim_060(operation, rules)?;
    total_gas(operation, rules)?;
    fees(operation, head, rules)?;
    authorization(operation, head)?;
    lim_070(operation, rules)
}

/// LIM-010: a packed operation has at most so many bytes.
fn lim_010(operation: &UserOperation, rules: &AdmissionRules) -> Result<(), AdmissionError> {
    let (size, most) = (operation.packed_size(), rules.constants.max_user_operation_size);
    if size > most {
        return Err(AdmissionError::Limit {
            rule: Some(RuleId::Lim010),
            field: "userOperation",
            actual: U256::from(size),
            most: U256::from(most),
            unit: "bytes when packed",
        });
    }
    Ok(())
}

/// LIM-060: each verification gas limit stays below the constant.
fn lim_060(operation: &UserOperation, rules: &AdmissionRules) -> Result<(), AdmissionError> {
    let most = u128::from(rules.constants.max_verification_gas.saturating_sub(1));
    let paymaster =
        operation.paymaster.as_ref().map_or(0, |paymaster| paymaster.verification_gas_limit);
    for (name, limit) in [
        ("verificationGasLimit", operation.verification_gas_limit),
        ("paymasterVerificationGasLimit", paymaster),
    ] {
        if limit > most {
            return Err(AdmissionError::Limit {
                rule: Some(RuleId::Lim060),
                field: name,
                actual: U256::from(limit),
                most: U256::from(most),
                unit: "gas",
            });
        }
    }
    Ok(())
}

fn total_gas(operation: &UserOperation, rules: &AdmissionRules) -> Result<(), AdmissionError> {
    let (total, most) = (operation.total_gas_limit(), U256::from(rules.max_operation_gas));
    if total > most {
        let (rule, field, unit) = (None, "callGasLimit", "gas in all");
        return Err(AdmissionError::Limit { rule, field, actual: total, most, unit });
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

/// EIP-7702: for this chain, signed by the sender, and understood by the EntryPoint. That there is one tuple at most
/// (AUTH-010) is a matter of type: an operation has a single `eip7702Auth`.
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

/// LIM-070: `preVerificationGas` pays for the operation's bytes and the overhead.
fn lim_070(operation: &UserOperation, rules: &AdmissionRules) -> Result<(), AdmissionError> {
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
    use writ_types::{Constants, ErrorCode, Paymaster, Profile};

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
        low.max_priority_fee_per_gas = low.max_fee_per_gas;
        assert_eq!(verdict(&low), Ok(()), "all of it may be tip");
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

    /// The rule of a refusal, and what it would accept.
    fn broken(operation: &UserOperation, rules: &AdmissionRules) -> Option<(RuleId, U256)> {
        let refusal = check(operation, &HEAD, rules).err()?.into_refusal();
        assert_eq!(refusal.code, ErrorCode::InvalidFields);
        Some((refusal.data.rule?, refusal.data.required?))
    }

    #[test]
    fn lim_010_packed_operations_have_at_most_the_constant() {
        let mut long = operation();
        let mut rules = AdmissionRules::default();
        rules.constants.max_user_operation_size = long.packed_size();
        assert_eq!(broken(&long, &rules), None, "exactly as many are fine");
        long.call_data = Bytes::from(vec![0; long.call_data.len() + 32]);
        let most = U256::from(rules.constants.max_user_operation_size);
        assert_eq!(broken(&long, &rules), Some((RuleId::Lim010, most)));
    }

    #[test]
    fn lim_060_verification_gas_limits_stay_below_the_constant() {
        let rules = AdmissionRules::default();
        let most = U256::from(499_999);
        let mut heavy = operation();
        heavy.verification_gas_limit = 499_999;
        assert_eq!(broken(&heavy, &rules), None);
        heavy.verification_gas_limit = 500_000;
        assert_eq!(broken(&heavy, &rules), Some((RuleId::Lim060, most)));
        let mut sponsored = operation();
        sponsored.paymaster = Some(Paymaster {
            address: Address::repeat_byte(1),
            verification_gas_limit: 499_999,
            post_op_gas_limit: 0,
            data: Bytes::new(),
            signature: None,
        });
        assert_eq!(broken(&sponsored, &rules), None);
        if let Some(paymaster) = &mut sponsored.paymaster {
            paymaster.verification_gas_limit = 500_000;
        }
        assert_eq!(broken(&sponsored, &rules), Some((RuleId::Lim060, most)));
        assert_eq!(refused_field(&sponsored), "paymasterVerificationGasLimit");
        let compat = AdmissionRules::new(Constants::of(Profile::Compat));
        assert_eq!(broken(&sponsored, &compat), None, "the suite's profile has another limit");
    }

    #[test]
    fn lim_070_pre_verification_gas_pays_for_bytes_and_overhead() {
        for constants in [Constants::TEXT, Constants::of(Profile::Compat)] {
            let rules = AdmissionRules::new(constants);
            let mut exact = operation();
            exact.call_data = Bytes::new();
            // Of the field itself no byte changes from zero to not zero around the limit.
            exact.pre_verification_gas = rules.gas.pre_verification_gas(&exact, 0) | U256::from(1);
            let required = rules.gas.pre_verification_gas(&exact, 0);
            exact.pre_verification_gas = required;
            assert_eq!(broken(&exact, &rules), None);
            assert!(required > U256::from(constants.pre_verification_overhead_gas));
            exact.pre_verification_gas = required - U256::from(1);
            assert_eq!(broken(&exact, &rules).map(|broken| broken.0), Some(RuleId::Lim070));
        }
    }

    #[test]
    fn an_operation_must_fit_into_a_bundle() {
        let mut heavy = operation();
        heavy.call_gas_limit = 16_000_000;
        assert_eq!(refused_field(&heavy), "callGasLimit");
        let total: u64 = heavy.total_gas_limit().to();
        for (max_operation_gas, fits) in [(total, true), (total - 1, false)] {
            let rules = AdmissionRules { max_operation_gas, ..AdmissionRules::default() };
            assert_eq!(check(&heavy, &HEAD, &rules).is_ok(), fits);
        }
    }

    #[test]
    fn auth_010_an_operation_has_one_tuple_and_a_second_is_refused() {
        let mut document = operation().to_rpc();
        document["eip7702Auth"] = serde_json::json!([]);
        let refused = UserOperation::from_rpc(&document, EntryPointVersion::V08);
        assert!(refused.expect_err("a list is no tuple").field.starts_with("eip7702Auth"));
    }

    #[test]
    fn auth_010_a_tuple_is_the_senders_own_and_for_this_chain() {
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
