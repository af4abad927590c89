//! The parts of the EntryPoints' interfaces that a simulation watches, in our own words: selectors
//! of what they call, errors they revert with, events they emit.

use alloy::sol;

sol! {
    /// Called on SenderCreator, on accounts, on paymasters, and on the EntryPoint by itself. The
    /// tuple is the operation as each version lays it out; only the selectors are used.
    interface Packed {
        struct PackedUserOperation {
            address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits;
            uint256 preVerificationGas; bytes32 gasFees; bytes paymasterAndData; bytes signature;
        }
        function validateUserOp(PackedUserOperation op, bytes32 hash, uint256 missing);
        function validatePaymasterUserOp(PackedUserOperation op, bytes32 hash, uint256 cost);
    }

    interface Legacy {
        struct UserOperation {
            address sender; uint256 nonce; bytes initCode; bytes callData; uint256 callGasLimit;
            uint256 verificationGasLimit; uint256 preVerificationGas; uint256 maxFeePerGas;
            uint256 maxPriorityFeePerGas; bytes paymasterAndData; bytes signature;
        }
        function validateUserOp(UserOperation op, bytes32 hash, uint256 missing);
        function validatePaymasterUserOp(UserOperation op, bytes32 hash, uint256 cost);
    }

    interface Failures {
        error FailedOp(uint256 opIndex, string reason);
        error FailedOpWithRevert(uint256 opIndex, string reason, bytes inner);
        error SignatureValidationFailed(address aggregator);
    }

    interface Events {
        event UserOperationEvent(
            bytes32 indexed userOpHash, address indexed sender, address indexed paymaster,
            uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed
        );
        event UserOperationRevertReason(
            bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason
        );
        event PostOpRevertReason(
            bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason
        );
    }

    interface Tokens {
        event Transfer(address indexed from, address indexed to, uint256 amount);
        event Approval(address indexed owner, address indexed spender, uint256 amount);
        event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
        event TransferSingle(
            address indexed operator, address indexed from, address indexed to,
            uint256 id, uint256 amount
        );
        event TransferBatch(
            address indexed operator, address indexed from, address indexed to,
            uint256[] ids, uint256[] amounts
        );
    }

    /// Permit2: allowances that a token knows nothing of.
    interface Permit2 {
        event Approval(
            address indexed owner, address indexed token, address indexed spender,
            uint160 amount, uint48 expiration
        );
        event Permit(
            address indexed owner, address indexed token, address indexed spender,
            uint160 amount, uint48 expiration, uint48 nonce
        );
        event Lockdown(address indexed owner, address token, address spender);
    }

    /// Every EntryPoint.
    interface Deposits {
        event Withdrawn(address indexed account, address withdrawAddress, uint256 amount);
    }
}

/// Selectors of the calls by which an EntryPoint hands control to others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selectors {
    pub(crate) validate_user_op: [u8; 4],
    pub(crate) validate_paymaster: [u8; 4],
}

impl Selectors {
    /// Those of the packed (v0.7 and later) or the unpacked (v0.6) layout.
    pub(crate) fn new(packed: bool) -> Self {
        use alloy::sol_types::SolCall;
        if packed {
            Self {
                validate_user_op: Packed::validateUserOpCall::SELECTOR,
                validate_paymaster: Packed::validatePaymasterUserOpCall::SELECTOR,
            }
        } else {
            Self {
                validate_user_op: Legacy::validateUserOpCall::SELECTOR,
                validate_paymaster: Legacy::validatePaymasterUserOpCall::SELECTOR,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_those_of_the_deployed_contracts() {
        let packed = Selectors::new(true);
        assert_eq!(packed.validate_user_op, [0x19, 0x82, 0x2f, 0x7c]);
        assert_eq!(packed.validate_paymaster, [0x52, 0xb7, 0x51, 0x2c]);
        let legacy = Selectors::new(false);
        assert_eq!(legacy.validate_user_op, [0x3a, 0x87, 0x1c, 0xdd]);
        assert_eq!(legacy.validate_paymaster, [0xf4, 0x65, 0xc7, 0x7e]);
    }
}
