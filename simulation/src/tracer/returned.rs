//! Reads, and on request corrects, what accounts and paymasters return.

use alloy::primitives::{Bytes, U256};

use crate::validation::{PaymasterValidation, ValidationData};

/// The word that an account returned. The EntryPoint reads the first 32 bytes and ignores more.
pub(super) fn account(output: &[u8]) -> Option<ValidationData> {
    word(output, 0).map(ValidationData)
}

/// `(bytes context, uint256 validationData)` as the EntryPoint's ABI decoder reads it; `None` when
/// it would revert.
pub(super) fn paymaster(output: &[u8]) -> Option<PaymasterValidation> {
    let offset = usize::try_from(word(output, 0)?).ok()?;
    let data = ValidationData(word(output, 32)?);
    let context_len = usize::try_from(word(output, offset)?).ok()?;
    let end = offset.checked_add(32)?.checked_add(context_len)?;
    (end <= output.len()).then_some(PaymasterValidation { data, context_len })
}

/// The same output with a signature failure in the word at `at` forgiven; `None` if there is none.
pub(super) fn forgive(output: &Bytes, at: usize) -> Option<Bytes> {
    let data = ValidationData(word(output, at)?);
    if !data.sig_failed() {
        return None;
    }
    let mut forgiven = output.to_vec();
    forgiven[at..at + 32].copy_from_slice(&data.without_signature_failure().0.to_be_bytes::<32>());
    Some(forgiven.into())
}

fn word(output: &[u8], at: usize) -> Option<U256> {
    output.get(at..at.checked_add(32)?).map(U256::from_be_slice)
}

#[cfg(test)]
mod tests {
    use alloy::{primitives::Address, sol_types::SolValue};

    use super::*;

    #[test]
    fn a_paymasters_tuple_is_read() {
        let failed = ValidationData::new(Address::with_last_byte(1), 5, 6);
        let output = (Bytes::from(vec![7; 40]), failed.0).abi_encode_params();
        let read = paymaster(&output).expect("well-formed");
        assert_eq!((read.context_len, read.data), (40, failed));
        let forgiven = forgive(&output.into(), 32).expect("failed");
        let read = paymaster(&forgiven).expect("well-formed");
        assert_eq!(read.data, ValidationData::new(Address::ZERO, 5, 6));
        assert_eq!(read.context_len, 40);
    }

    #[test]
    fn garbage_is_nothing() {
        assert_eq!(account(&[0; 31]), None);
        assert_eq!(paymaster(&[0xff; 96]), None);
        assert_eq!(paymaster(&[]), None);
        let huge = [U256::from(64), U256::ZERO, U256::from(u64::MAX)];
        let output: Vec<u8> = huge.iter().flat_map(|word| word.to_be_bytes_vec()).collect();
        assert_eq!(paymaster(&output), None);
        assert_eq!(forgive(&Bytes::from_static(&[0; 8]), 0), None);
        assert_eq!(forgive(&Bytes::from(vec![0; 32]), 0), None, "nothing to forgive");
    }
}
