// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC7579AccountConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title Accounts that speak to their hook in another way than most
/// @notice Most kinds hand `msg.data` to the hook, which is the operation's calldata, and say of a hook that it is installed.
/// Kernel hooks `executeUserOp` alone, hands over what follows its selector, and denies every question about hooks. Safe7579
/// hands over what the Safe's fallback made of the calldata, the caller's address appended, and answers about a hook for
/// everything only when it is told that this is meant.
library Kinds {
    uint8 internal constant PLAIN = 0;
    uint8 internal constant KERNEL = 1;
    uint8 internal constant SAFE7579 = 2;

    /// @dev What a Safe appends to the calldata that it passes on.
    uint256 internal constant APPENDED = 20;

    bytes21 private constant KERNEL_ID = "kernel.advanced.v0.3.";
    bytes23 private constant SAFE7579_ID = "rhinestone.safe7579.v1.";

    /// @dev Enough for a proxy behind a fallback handler.
    uint256 private constant QUESTION_GAS = 50_000;

    /// @notice What an account says that it is. One that has no code yet, or does not say, is of the plain kind.
    function kindOf(address account) internal view returns (uint8) {
        bytes4 selector = IERC7579AccountConfig.accountId.selector;
        bytes32 id;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(0x00, selector)
            // Offset, length, and the first word of the text.
            let success := staticcall(QUESTION_GAS, account, 0x00, 0x04, m, 0x60)
            if and(success, gt(returndatasize(), 0x5f)) { id := mload(add(m, 0x40)) }
        }
        if (bytes21(id) == KERNEL_ID) return KERNEL;
        if (bytes23(id) == SAFE7579_ID) return SAFE7579;
        return PLAIN;
    }
}
