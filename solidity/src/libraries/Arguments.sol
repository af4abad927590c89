// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title The arguments of the functions that are called with every operation
/// @notice What Solidity's own decoder gives, and refuses, at a fraction of its price. None of the functions takes value.
library Arguments {
    /// @notice Of `validateUserOp(PackedUserOperation,bytes32)`.
    function ofValidateUserOp()
        internal
        view
        returns (PackedUserOperation calldata userOp, bytes32 userOpHash)
    {
        assembly ("memory-safe") {
            let offset := calldataload(0x04)
            userOp := add(offset, 0x04)
            userOpHash := calldataload(0x24)
            // The words of the operation lie inside, which also says that there was an offset to read.
            if or(callvalue(), or(shr(64, offset), gt(add(offset, 0x124), calldatasize()))) {
                revert(0x00, 0x00)
            }
        }
    }

    /// @notice Of `preCheck(address,uint256,bytes)`. What was sent along is of no use.
    function ofPreCheck() internal view returns (address msgSender, bytes calldata msgData) {
        assembly ("memory-safe") {
            msgSender := calldataload(0x04)
            let offset := calldataload(0x44)
            msgData.offset := add(offset, 0x24)
            msgData.length := calldataload(add(offset, 0x04))
            if or(
                or(callvalue(), or(shr(160, msgSender), lt(calldatasize(), 0x64))),
                or(
                    shr(64, or(offset, msgData.length)),
                    gt(add(msgData.offset, msgData.length), calldatasize())
                )
            ) {
                revert(0x00, 0x00)
            }
        }
    }

    /// @notice Of `postCheck(bytes)`, in new memory that ends with a whole word.
    function ofPostCheck() internal view returns (bytes memory hookData) {
        assembly ("memory-safe") {
            let offset := calldataload(0x04)
            let length := calldataload(add(offset, 0x04))
            let start := add(offset, 0x24)
            if or(
                callvalue(),
                or(shr(64, or(offset, length)), gt(add(start, length), calldatasize()))
            ) {
                revert(0x00, 0x00)
            }
            hookData := mload(0x40)
            mstore(hookData, length)
            calldatacopy(add(hookData, 0x20), start, length)
            mstore(0x40, add(hookData, and(add(length, 63), not(31))))
        }
    }
}
