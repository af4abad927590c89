// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    IERC7579ModuleConfig,
    MODULE_TYPE_HOOK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @dev Of Kernel 0.3.
interface IKernel {
    function rootValidator() external view returns (bytes21);
    function validationConfig(bytes21 validation) external view returns (uint32 nonce, address hook);
}

/// @title What the module asks an account
library Questions {
    /// @notice Whether the account says that this module is installed in a role. What does not answer says no.
    function isInstalled(address account, uint256 moduleType, uint256 gasLimit)
        internal
        view
        returns (bool)
    {
        return _isInstalled(account, moduleType, 0x00, gasLimit);
    }

    /// @notice Whether a Safe7579 says that this module is its hook for everything: `(0, no selector)` as context.
    function isHookOfSafe7579(address account, uint256 gasLimit) internal view returns (bool) {
        return _isInstalled(account, MODULE_TYPE_HOOK, 0x40, gasLimit);
    }

    /// @dev With a context of so many zero bytes.
    function _isInstalled(address account, uint256 moduleType, uint256 context, uint256 gasLimit)
        private
        view
        returns (bool answer)
    {
        bytes4 selector = IERC7579ModuleConfig.isModuleInstalled.selector;
        assembly ("memory-safe") {
            // Behind what is allocated, and not kept.
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), moduleType)
            mstore(add(m, 0x24), address())
            mstore(add(m, 0x44), 0x60)
            mstore(add(m, 0x64), context)
            if context { calldatacopy(add(m, 0x84), calldatasize(), context) }
            answer := staticcall(gasLimit, account, m, add(0x84, context), 0x00, 0x20)
            // True is a whole word that says one, and nothing else is.
            answer := and(answer, and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1)))
        }
    }

    /// @notice Whether a Kernel has this module as its root validator, and as the hook of that. Kernel denies every other
    /// question about hooks.
    function isRootOfKernel(address account, uint256 gasLimit) internal view returns (bool answer) {
        bytes4 rootValidator = IKernel.rootValidator.selector;
        bytes4 validationConfig = IKernel.validationConfig.selector;
        assembly ("memory-safe") {
            // `1 ‖ address`, in the upper bytes.
            let root := shl(88, or(shl(160, 1), address()))
            mstore(0x00, rootValidator)
            answer := staticcall(gasLimit, account, 0x00, 0x04, 0x00, 0x20)
            answer := and(answer, and(gt(returndatasize(), 0x1f), eq(mload(0x00), root)))
            if answer {
                mstore(0x00, validationConfig)
                mstore(0x04, root)
                // A nonce and the hook.
                answer := staticcall(gasLimit, account, 0x00, 0x24, 0x00, 0x40)
                answer := and(answer, and(gt(returndatasize(), 0x3f), eq(mload(0x20), address())))
            }
        }
    }
}
