//! Which calldata of an account its hook sees, and which the module refuses because no hook does.

use alloy::{primitives::FixedBytes, sol, sol_types::SolCall};
use writ_bindings::Erc7579Account::uninstallModuleCall;

use crate::{AccountKind, PlacementError};

sol! {
    struct PackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
        bytes signature;
    }

    function validateUserOp(PackedUserOperation op, bytes32 userOpHash, uint256 missingAccountFunds) returns (uint256);
    function executeUserOp(PackedUserOperation op, bytes32 userOpHash);
    function emergencyUninstallHook(address hook, bytes deInitData);
}

/// The selector of `executeUserOp`, in front of what Kernel calls itself with under its hook.
pub const EXECUTE_USER_OP: FixedBytes<4> = FixedBytes(executeUserOpCall::SELECTOR);

impl AccountKind {
    /// What an account of this kind calls itself with under its hook, for an operation with this calldata: all of it, and on
    /// Kernel what follows the selector of `executeUserOp`.
    ///
    /// The module refuses the same (`ForbiddenCall`), or the account does; here it is said before anybody is asked.
    ///
    /// # Errors
    /// [`PlacementError`] names the function that no hook sees, or that Kernel's calldata is not wrapped.
    pub fn hooked(self, call_data: &[u8]) -> Result<&[u8], PlacementError> {
        let hooked = match self {
            Self::Kernel => call_data
                .strip_prefix(EXECUTE_USER_OP.as_slice())
                .ok_or(PlacementError::NotWrapped)?,
            _ => call_data,
        };
        match hooked.first_chunk().and_then(|selector| self.unhooked(*selector)) {
            Some(function) => Err(PlacementError::Forbidden { function, kind: self }),
            None => Ok(hooked),
        }
    }

    /// The function with this selector, if it is one that no hook of this kind sees.
    const fn unhooked(self, selector: [u8; 4]) -> Option<&'static str> {
        match selector {
            // It would mint the ticket of an operation that was.
            validateUserOpCall::SELECTOR => Some("validateUserOp"),
            // The EntryPoint composes the call from other bytes than those that were attested.
            executeUserOpCall::SELECTOR => Some("executeUserOp"),
            emergencyUninstallHookCall::SELECTOR => Some("emergencyUninstallHook"),
            uninstallModuleCall::SELECTOR if matches!(self, Self::Safe7579) => {
                Some("uninstallModule")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::hex;

    use super::*;

    const FORBIDDEN: [([u8; 4], &str); 3] = [
        (hex!("19822f7c"), "validateUserOp"),
        (hex!("8dd7712f"), "executeUserOp"),
        (hex!("cd64f80a"), "emergencyUninstallHook"),
    ];
    const EXECUTE: [u8; 5] = hex!("e9ae5c5301");
    const UNINSTALL: [u8; 4] = hex!("a71763a8");

    fn forbidden(kind: AccountKind, function: &'static str) -> PlacementError {
        PlacementError::Forbidden { function, kind }
    }

    #[test]
    fn the_hook_sees_the_calldata_and_of_kernels_what_is_wrapped() {
        for kind in AccountKind::ALL {
            if kind != AccountKind::Kernel {
                assert_eq!(kind.hooked(&EXECUTE), Ok(&EXECUTE[..]));
                assert_eq!(kind.hooked(&[]), Ok(&[][..]));
                assert_eq!(kind.hooked(&[1, 2]), Ok(&[1, 2][..]));
            }
        }
        let wrapped = [EXECUTE_USER_OP.as_slice(), &EXECUTE].concat();
        assert_eq!(AccountKind::Kernel.hooked(&wrapped), Ok(&EXECUTE[..]));
        assert_eq!(AccountKind::Kernel.hooked(EXECUTE_USER_OP.as_slice()), Ok(&[][..]));
    }

    #[test]
    fn kernel_takes_nothing_that_is_not_wrapped() {
        for data in [&EXECUTE[..], &[], &UNINSTALL, &EXECUTE_USER_OP[..3]] {
            assert_eq!(AccountKind::Kernel.hooked(data), Err(PlacementError::NotWrapped));
        }
    }

    #[test]
    fn what_no_hook_sees_is_forbidden_by_name() {
        for (selector, function) in FORBIDDEN {
            for kind in AccountKind::ALL {
                let plain = [&selector[..], &[0; 32]].concat();
                let data = match kind {
                    AccountKind::Kernel => [EXECUTE_USER_OP.as_slice(), &plain].concat(),
                    _ => plain,
                };
                assert_eq!(kind.hooked(&data), Err(forbidden(kind, function)));
                let text = forbidden(kind, function).to_string();
                assert!(text.contains(function) && text.contains(kind.name()), "{text}");
            }
        }
    }

    #[test]
    fn a_module_is_removed_under_the_hook_except_on_safe7579() {
        for kind in AccountKind::ALL {
            let data = match kind {
                AccountKind::Kernel => [EXECUTE_USER_OP.as_slice(), &UNINSTALL].concat(),
                _ => UNINSTALL.to_vec(),
            };
            let expected = match kind {
                AccountKind::Safe7579 => Err(forbidden(kind, "uninstallModule")),
                _ => Ok(&UNINSTALL[..]),
            };
            assert_eq!(kind.hooked(&data), expected);
        }
    }
}
