// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {LONG} from "./Fuel.sol";
import {FUEL} from "./Layout.sol";

/// @title Equality of values, which is that of their encodings
library Equality {
    /// @notice Whether two values are equal.
    /// @dev With a debt, which ends the evaluation before the answer is used, nothing long is looked at.
    function equal(uint256 left, uint256 right) internal pure returns (bool result) {
        uint256 size;
        assembly ("memory-safe") {
            let head := mload(left)
            size := byte(0, head)
            switch gt(size, 3)
            case 0 { size := add(1, shl(5, gt(size, 1))) }
            default { size := add(5, and(shr(216, head), 0xffffffff)) }
            head := mload(right)
            let other := byte(0, head)
            switch gt(other, 3)
            case 0 { other := add(1, shl(5, gt(other, 1))) }
            default { other := add(5, and(shr(216, head), 0xffffffff)) }
            let fuel := sub(mload(FUEL), 1)
            switch eq(size, other)
            case 0 { size := 0 }
            default {
                fuel := sub(fuel, add(shr(5, add(size, 31)), mul(LONG, gt(size, 64))))
                if slt(fuel, 0) { size := 0 }
            }
            mstore(FUEL, fuel)
        }
        // No value has no bytes.
        if (size != 0) result = same(left, right, size);
    }

    /// @notice Whether the same `size` bytes stand at two places.
    /// @dev Up to 64 bytes are two words that may overlap. More are hashed, but only if both ends are the same.
    function same(uint256 left, uint256 right, uint256 size) internal pure returns (bool result) {
        assembly ("memory-safe") {
            result := xor(mload(left), mload(right))
            switch lt(size, 32)
            case 0 {
                result := iszero(result)
                if result {
                    let tail := sub(size, 32)
                    result := eq(mload(add(left, tail)), mload(add(right, tail)))
                    if gt(size, 64) {
                        if result {
                            result := eq(keccak256(left, size), keccak256(right, size))
                        }
                    }
                }
            }
            default { result := iszero(shr(sub(256, shl(3, size)), result)) }
        }
    }
}
