// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title The byte strings of a packed user operation in calldata
/// @notice What Solidity's own accessors give, and refuse, at half of their price.
library Operations {
    /// @notice Whose operation it is. With bits above an address, nobody's.
    function isOf(PackedUserOperation calldata userOp, address who)
        internal
        pure
        returns (bool same)
    {
        assembly ("memory-safe") {
            same := eq(calldataload(userOp), shr(96, shl(96, who)))
        }
    }

    /// @notice Who sends it, where that is known to be an address.
    function sender(PackedUserOperation calldata userOp) internal pure returns (address word) {
        assembly ("memory-safe") {
            word := calldataload(userOp)
        }
    }

    function initCode(PackedUserOperation calldata userOp) internal pure returns (bytes calldata) {
        return _bytesAt(userOp, 0x40);
    }

    function callData(PackedUserOperation calldata userOp) internal pure returns (bytes calldata) {
        return _bytesAt(userOp, 0x60);
    }

    function paymasterAndData(PackedUserOperation calldata userOp)
        internal
        pure
        returns (bytes calldata)
    {
        return _bytesAt(userOp, 0xe0);
    }

    function signature(PackedUserOperation calldata userOp) internal pure returns (bytes calldata) {
        return _bytesAt(userOp, 0x100);
    }

    function _bytesAt(PackedUserOperation calldata userOp, uint256 field)
        private
        pure
        returns (bytes calldata slice)
    {
        assembly ("memory-safe") {
            let offset := calldataload(add(userOp, field))
            let start := add(add(userOp, offset), 0x20)
            let length := calldataload(sub(start, 0x20))
            // Below 2^64 nothing of this overflows; what does not lie in the calldata as a whole is refused without a name,
            // as by the decoder.
            if or(shr(64, or(offset, length)), gt(add(start, length), calldatasize())) {
                revert(0x00, 0x00)
            }
            slice.offset := start
            slice.length := length
        }
    }
}
