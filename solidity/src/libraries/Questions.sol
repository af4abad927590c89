// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title What the module asks an account
library Questions {
    /// @notice Whether the account says that this module is installed in a role. What does not answer says no.
    function isInstalled(address account, uint256 moduleType, uint256 gasLimit)
        internal
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
            mstore(add(m, 0x64), 0)
            answer := staticcall(gasLimit, account, m, 0x84, 0x00, 0x20)
            // True is a whole word that says one, and nothing else is.
            answer := and(answer, and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1)))
        }
    }
}
