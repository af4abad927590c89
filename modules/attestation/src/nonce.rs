//! Where the nonce of an operation names who validates it.
//!
//! ```text
//! OpenZeppelin, reference, Safe7579   validator(20) ‖ number(4) ‖ sequence(8)
//! Nexus                               number(3) ‖ mode(1) ‖ validator(20) ‖ sequence(8)
//! Kernel                              mode(1) ‖ type(1) ‖ validator(20) ‖ number(2) ‖ sequence(8)
//! WritSimpleAccount, WritDelegate     number(24) ‖ sequence(8): every key is the user's own
//! ```

use alloy::primitives::{Address, U256, aliases::U192};

use crate::{AccountKind, PlacementError};

/// Kernel's types of validation.
const ROOT: u8 = 0;
const VALIDATOR: u8 = 1;
const PERMISSION: u8 = 2;

/// Who validates an operation, as its nonce says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validator {
    /// The validator module at this address.
    Module(Address),
    /// Whichever validator is the account's root (Kernel).
    Root,
    /// The module that is a constant of the account's code.
    BuiltIn,
}

impl AccountKind {
    /// Whom `nonce` has validate the operation. What else a nonce can ask of an account of this kind is refused by name: in
    /// those modes the signature holds more than one validator's, or goes to none.
    ///
    /// # Errors
    /// [`PlacementError`] names the mode or type.
    pub fn validator(self, nonce: U256) -> Result<Validator, PlacementError> {
        let bytes = nonce.to_be_bytes::<32>();
        let at = |from: usize| Address::from_slice(&bytes[from..from + 20]);
        match self {
            Self::OpenZeppelin | Self::Reference | Self::Safe7579 => Ok(Validator::Module(at(0))),
            Self::Nexus => match bytes[3] {
                0 => Ok(Validator::Module(at(4))),
                mode => Err(PlacementError::NonceMode { kind: self, mode }),
            },
            Self::Kernel => {
                let ([mode, validation, ..], named) = (bytes, at(2));
                if mode != 0 {
                    return Err(PlacementError::NonceMode { kind: self, mode });
                }
                match validation {
                    ROOT if named.is_zero() => Ok(Validator::Root),
                    ROOT => Err(PlacementError::RootWithValidator { validator: named }),
                    VALIDATOR => Ok(Validator::Module(named)),
                    PERMISSION => Err(PlacementError::Permission),
                    validation => Err(PlacementError::ValidationType { validation }),
                }
            }
            Self::WritSimpleAccount | Self::WritDelegate => Ok(Validator::BuiltIn),
        }
    }

    /// The nonce key under which `validator` validates, with a number of the user's own: each key is a queue.
    ///
    /// None where the kind has no such validator, or fewer bits for the number: 32 on most kinds, 24 on Nexus, 16 on Kernel.
    pub fn nonce_key(self, validator: Validator, number: u32) -> Option<U192> {
        let named = |address: Address| U192::from_be_slice(address.as_slice());
        let number_of = |bits: u32| (bits >= 32 || number >> bits == 0).then(|| U192::from(number));
        match (self, validator) {
            (Self::Kernel, Validator::Root) => number_of(16),
            (Self::WritSimpleAccount | Self::WritDelegate, Validator::BuiltIn) => number_of(32),
            (Self::WritSimpleAccount | Self::WritDelegate, _)
            | (_, Validator::Root | Validator::BuiltIn) => None,
            (Self::Kernel, Validator::Module(address)) => {
                Some(U192::from(VALIDATOR) << 176 | named(address) << 16 | number_of(16)?)
            }
            (Self::Nexus, Validator::Module(address)) => {
                Some(number_of(24)? << 168 | named(address))
            }
            (_, Validator::Module(address)) => Some(named(address) << 32 | number_of(32)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::uint;
    use proptest::prelude::*;

    use super::*;

    const MODULE: Address = Address::repeat_byte(0xab);

    fn nonce(key: U192, sequence: u64) -> U256 {
        (U256::from(key) << 64) | U256::from(sequence)
    }

    #[test]
    fn each_layout_is_the_one_that_is_written_down() {
        let of = |kind: AccountKind, nonce| kind.validator(nonce).unwrap();
        let named = Validator::Module(MODULE);
        for kind in [AccountKind::OpenZeppelin, AccountKind::Reference, AccountKind::Safe7579] {
            let nonce =
                uint!(0xabababababababababababababababababababab01020304_0506070809101112_U256);
            assert_eq!(of(kind, nonce), named);
        }
        let nexus =
            uint!(0x010203_00_abababababababababababababababababababab_0506070809101112_U256);
        assert_eq!(of(AccountKind::Nexus, nexus), named);
        let kernel =
            uint!(0x00_01_abababababababababababababababababababab_0102_0506070809101112_U256);
        assert_eq!(of(AccountKind::Kernel, kernel), named);
        let root = uint!(0x0102_0506070809101112_U256);
        assert_eq!(of(AccountKind::Kernel, root), Validator::Root);
    }

    #[test]
    fn every_other_mode_and_type_is_refused_by_name() {
        let refused = |kind: AccountKind, nonce: U256| kind.validator(nonce).unwrap_err();
        for mode in 1..=u8::MAX {
            let nexus = U256::from(mode) << 224;
            let expected = PlacementError::NonceMode { kind: AccountKind::Nexus, mode };
            assert_eq!(refused(AccountKind::Nexus, nexus), expected);
            let kernel = U256::from(mode) << 248;
            let expected = PlacementError::NonceMode { kind: AccountKind::Kernel, mode };
            assert_eq!(refused(AccountKind::Kernel, kernel), expected);
        }
        for (kind, place) in [(AccountKind::Nexus, 224), (AccountKind::Kernel, 248)] {
            let text = refused(kind, U256::from(1) << place).to_string();
            assert!(text.contains("enable mode"), "{text}");
        }
        let install = refused(AccountKind::Kernel, U256::from(2) << 248).to_string();
        assert!(install.contains("install mode"), "{install}");
        let permission = refused(AccountKind::Kernel, U256::from(2) << 240);
        assert_eq!(permission, PlacementError::Permission);
        for validation in 3..=u8::MAX {
            let nonce = U256::from(validation) << 240;
            let expected = PlacementError::ValidationType { validation };
            assert_eq!(refused(AccountKind::Kernel, nonce), expected);
        }
        let both = U256::from_be_slice(MODULE.as_slice()) << 80;
        let expected = PlacementError::RootWithValidator { validator: MODULE };
        assert_eq!(refused(AccountKind::Kernel, both), expected);
    }

    #[test]
    fn a_number_that_does_not_fit_makes_no_key() {
        let named = Validator::Module(MODULE);
        for (kind, most) in [
            (AccountKind::OpenZeppelin, u32::MAX),
            (AccountKind::Nexus, (1 << 24) - 1),
            (AccountKind::Kernel, (1 << 16) - 1),
        ] {
            assert!(kind.nonce_key(named, most).is_some());
            if let Some(more) = most.checked_add(1) {
                assert_eq!(kind.nonce_key(named, more), None);
            }
        }
        assert_eq!(AccountKind::Kernel.nonce_key(Validator::Root, 1 << 16), None);
        assert_eq!(AccountKind::Nexus.nonce_key(Validator::Root, 0), None);
    }

    #[test]
    fn a_module_that_is_built_in_is_named_by_no_nonce() {
        for kind in AccountKind::ALL {
            let most = kind.nonce_key(Validator::BuiltIn, u32::MAX);
            assert_eq!(most, kind.is_built_in().then(|| U192::from(u32::MAX)));
            if kind.is_built_in() {
                assert_eq!(kind.nonce_key(Validator::Module(MODULE), 0), None);
                assert_eq!(kind.nonce_key(Validator::Root, 0), None);
            }
        }
    }

    fn kinds() -> impl Strategy<Value = AccountKind> {
        prop::sample::select(AccountKind::MODULAR.to_vec())
    }

    fn built_in() -> impl Strategy<Value = AccountKind> {
        prop::sample::select(AccountKind::BUILT_IN.to_vec())
    }

    proptest! {
        #[test]
        fn whom_a_key_was_made_for_is_read_from_its_nonces(
            kind in kinds(),
            address in any::<[u8; 20]>(),
            number in any::<u16>(),
            sequence in any::<u64>(),
        ) {
            let validator = Validator::Module(address.into());
            let key = kind.nonce_key(validator, number.into()).unwrap();
            prop_assert_eq!(kind.validator(nonce(key, sequence)), Ok(validator));
            let root = AccountKind::Kernel.nonce_key(Validator::Root, number.into()).unwrap();
            prop_assert_eq!(
                AccountKind::Kernel.validator(nonce(root, sequence)),
                Ok(Validator::Root)
            );
        }

        #[test]
        fn keys_of_different_numbers_and_validators_differ(
            kind in kinds(),
            one in any::<([u8; 20], u16)>(),
            other in any::<([u8; 20], u16)>(),
        ) {
            let key = |(address, number): ([u8; 20], u16)| {
                kind.nonce_key(Validator::Module(address.into()), number.into())
            };
            prop_assert_eq!(key(one) == key(other), one == other);
        }

        #[test]
        fn every_nonce_is_validated_by_the_module_that_is_built_in(
            kind in built_in(),
            bytes in any::<[u8; 32]>(),
        ) {
            prop_assert_eq!(kind.validator(U256::from_be_bytes(bytes)), Ok(Validator::BuiltIn));
        }

        #[test]
        fn any_nonce_names_one_validator_or_is_refused(kind in kinds(), bytes in any::<[u8; 32]>()) {
            let nonce = U256::from_be_bytes(bytes);
            if let Ok(validator) = kind.validator(nonce) {
                // The number is whatever is left, so that the key can be made again.
                let number = match kind {
                    AccountKind::Nexus => u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]),
                    AccountKind::Kernel => u32::from_be_bytes([0, 0, bytes[22], bytes[23]]),
                    _ => u32::from_be_bytes([bytes[20], bytes[21], bytes[22], bytes[23]]),
                };
                let key = kind.nonce_key(validator, number).unwrap();
                prop_assert_eq!(U256::from(key), nonce >> 64);
            }
        }
    }
}
