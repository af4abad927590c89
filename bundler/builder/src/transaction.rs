//! The transaction around a bundle: EIP-1559, or EIP-7702 when an operation brings an authorization.

use alloy::{
    consensus::{TxEip1559, TxEip7702},
    eips::{eip2930::AccessList, eip7702::SignedAuthorization},
    primitives::{Address, Bytes, TxKind, U256},
};
use writ_types::{CalldataGas, EntryPointVersion, UserOperation};

use crate::fees::Fees;

/// Gas of any transaction.
const INTRINSIC: u64 = 21_000;
/// Intrinsic gas of one EIP-7702 tuple.
const AUTHORIZATION: u64 = 25_000;
/// What the EntryPoint itself spends per operation beside the limits it grants: loops, events, prefund, copies.
const PER_OPERATION: u64 = 40_000;
/// What it spends per bundle.
const PER_BUNDLE: u64 = 20_000;

/// A call to make, without nonce and price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Callee.
    pub to: Address,
    /// Calldata.
    pub input: Bytes,
    /// Gas limit.
    pub gas: u64,
}

impl Call {
    /// A transfer of nothing to ourselves: it only uses up a nonce.
    #[must_use]
    pub fn cancellation(signer: Address) -> Self {
        Self { to: signer, input: Bytes::new(), gas: INTRINSIC }
    }
}

/// A transaction that is ready to be signed.
#[derive(Clone, Debug)]
pub enum Unsigned {
    /// Type 2.
    Plain(TxEip1559),
    /// Type 4, with at least one authorization.
    Delegating(TxEip7702),
}

impl Unsigned {
    /// Puts nonce and price on a call. The type follows from whether there are authorizations.
    #[must_use]
    pub fn new(
        chain_id: u64,
        nonce: u64,
        fees: Fees,
        call: &Call,
        authorizations: Vec<SignedAuthorization>,
    ) -> Self {
        let Fees { max_fee_per_gas, max_priority_fee_per_gas } = fees;
        if authorizations.is_empty() {
            return Self::Plain(TxEip1559 {
                chain_id,
                nonce,
                gas_limit: call.gas,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: TxKind::Call(call.to),
                value: U256::ZERO,
                access_list: AccessList::default(),
                input: call.input.clone(),
            });
        }
        Self::Delegating(TxEip7702 {
            chain_id,
            nonce,
            gas_limit: call.gas,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to: call.to,
            value: U256::ZERO,
            access_list: AccessList::default(),
            authorization_list: authorizations,
            input: call.input.clone(),
        })
    }
}

/// Gas limit for a bundle: enough that every operation gets each of its limits in full, whatever the others do.
///
/// The EntryPoint checks that it can still grant what was promised (AA95), and calls keep 1/64 back at two
/// levels; what is not used is not paid. Saturates.
#[must_use]
pub fn bundle_gas(operations: &[UserOperation], calldata: &[u8], simulated: u64) -> u64 {
    let bytes = CalldataGas::of(calldata);
    let tuples =
        operations.iter().filter(|operation| operation.authorization.is_some()).count() as u64;
    let intrinsic = INTRINSIC + bytes.standard() + tuples * AUTHORIZATION;
    let granted = operations.iter().fold(0u64, |sum, operation| {
        let limits = operation.total_gas_limit().saturating_sub(operation.pre_verification_gas);
        sum.saturating_add(limits.saturating_to::<u64>())
            .saturating_add(demanded_twice(operation))
            .saturating_add(PER_OPERATION)
    });
    // 64/63 twice, rounded up.
    let through_calls = granted.saturating_add(granted / 31).saturating_add(PER_BUNDLE);
    intrinsic
        .saturating_add(through_calls)
        .max(INTRINSIC + bytes.floor() + tuples * AUTHORIZATION)
        .max(simulated.saturating_add(simulated / 4))
}

/// v0.6 wants the verification gas limit in hand once more before it executes, for a `postOp`; only with a paymaster is
/// that part of the operation's own limits.
fn demanded_twice(operation: &UserOperation) -> u64 {
    if operation.version == EntryPointVersion::V06 && operation.paymaster.is_none() {
        u64::try_from(operation.verification_gas_limit).unwrap_or(u64::MAX)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use alloy::eips::eip7702::Authorization;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_authorization_makes_it_type_four() {
        let call = Call::cancellation(Address::repeat_byte(3));
        let fees = Fees::default();
        assert!(matches!(Unsigned::new(1, 0, fees, &call, Vec::new()), Unsigned::Plain(_)));
        let tuple = Authorization { chain_id: U256::ZERO, address: Address::ZERO, nonce: 0 };
        let tuple = SignedAuthorization::new_unchecked(tuple, 0, U256::ZERO, U256::ZERO);
        let Unsigned::Delegating(transaction) = Unsigned::new(1, 0, fees, &call, vec![tuple])
        else {
            panic!("type 4 expected");
        };
        assert_eq!(transaction.authorization_list.len(), 1);
    }

    #[test]
    fn v06_has_its_verification_gas_in_hand_a_second_time() {
        let operation = |version| UserOperation {
            version,
            sender: Address::ZERO,
            nonce: U256::ZERO,
            factory: None,
            call_data: Bytes::new(),
            call_gas_limit: 100_000,
            verification_gas_limit: 400_000,
            pre_verification_gas: U256::from(50_000),
            max_fee_per_gas: 0,
            max_priority_fee_per_gas: 0,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        };
        let gas = |version| bundle_gas(&[operation(version)], &[], 0);
        // What validation may use, and then what the EntryPoint asks for before it executes.
        assert!(gas(EntryPointVersion::V06) >= INTRINSIC + 400_000 + 400_000 + 100_000);
        let more = gas(EntryPointVersion::V06) - gas(EntryPointVersion::V07);
        assert_eq!(more, 400_000 + 400_000 / 31);
    }

    proptest! {
        #[test]
        fn gas_covers_limits_bytes_and_simulation(zeros in 0..5_000usize, ones in 0..5_000usize, simulated in 0..20_000_000u64) {
            let calldata = [vec![0; zeros], vec![1; ones]].concat();
            let gas = bundle_gas(&[], &calldata, simulated);
            prop_assert!(gas >= INTRINSIC + 10 * (zeros as u64 + 4 * ones as u64));
            prop_assert!(gas >= simulated);
        }
    }
}
