// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Fuel} from "./Fuel.sol";
import {BOOLEANS, POSITIVE} from "./Layout.sol";
import {FAULT_TYPE, Outcome} from "./Outcome.sol";

/// @title Values in memory, which are their encodings
/// @dev The word at a place begins with `tag(1) length(4) count(4)`.
library Values {
    function kind(uint256 place) internal pure returns (uint256 tag) {
        assembly ("memory-safe") {
            tag := byte(0, mload(place))
        }
    }

    /// @notice The bytes of a value's encoding, its tag included.
    function size(uint256 place) internal pure returns (uint256 bytes_) {
        assembly ("memory-safe") {
            let word := mload(place)
            bytes_ := byte(0, word)
            switch gt(bytes_, 3)
            case 0 { bytes_ := add(1, shl(5, gt(bytes_, 1))) }
            default { bytes_ := add(5, and(shr(216, word), 0xffffffff)) }
        }
    }

    /// @notice The bytes of a string, or of a container behind its length.
    function length(uint256 place) internal pure returns (uint256 bytes_) {
        assembly ("memory-safe") {
            bytes_ := and(shr(216, mload(place)), 0xffffffff)
        }
    }

    /// @notice How many items a container has; of an object, entries.
    function count(uint256 place) internal pure returns (uint256 items) {
        assembly ("memory-safe") {
            items := and(shr(184, mload(place)), 0xffffffff)
        }
    }

    function boolean(bool value) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(BOOLEANS, value)
        }
    }

    /// @notice The integer at `place`; an error of type if there is none.
    function integer(uint256 place) internal pure returns (bool negative, uint256 magnitude) {
        uint256 tag;
        assembly ("memory-safe") {
            tag := byte(0, mload(place))
            negative := and(tag, 1)
            magnitude := mload(add(place, 1))
        }
        if (tag & 0xfe != POSITIVE) Outcome.fault(FAULT_TYPE);
    }

    /// @notice Writes an integer. The sign of zero is dropped.
    function write(bool negative, uint256 magnitude) internal pure returns (uint256 place) {
        // What `Fuel.written` says of 33 bytes.
        Fuel.spend(5);
        assembly ("memory-safe") {
            place := mload(0x40)
            mstore8(place, add(2, and(negative, iszero(iszero(magnitude)))))
            mstore(add(place, 1), magnitude)
            mstore(0x40, add(place, 33))
        }
    }
}
