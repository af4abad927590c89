// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Fuel} from "./Fuel.sol";
import {STRING} from "./Layout.sol";
import {FAULT_TYPE, Outcome} from "./Outcome.sol";
import {Values} from "./Values.sol";

/// @title StringValues in memory: what they are made of, and new ones
library StringValues {
    /// @notice The bytes of the string at `place`; an error of type if there is none.
    function length(uint256 place) internal pure returns (uint256 size) {
        if (Values.kind(place) != STRING) Outcome.fault(FAULT_TYPE);
        return Values.length(place);
    }

    /// @notice Whether all `size` bytes from `at` on are ASCII.
    function isAscii(uint256 at, uint256 size) internal pure returns (bool ascii) {
        assembly ("memory-safe") {
            let end := add(at, size)
            let bits := 0
            for {} iszero(gt(add(at, 32), end)) { at := add(at, 32) } {
                bits := or(bits, mload(at))
            }
            let unused := shl(3, sub(add(at, 32), end))
            bits := or(bits, shl(unused, shr(unused, mload(at))))
            ascii := iszero(and(bits, shl(7, div(not(0), 255))))
        }
    }

    /// @notice Takes room for a string of `size` bytes, which the caller writes behind its head.
    function head(uint256 size) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := mload(0x40)
            mstore(place, shl(216, or(shl(32, STRING), size)))
            mstore(0x40, add(place, add(size, 5)))
        }
    }

    /// @notice Writes a string of the `size` bytes at `at`.
    function write(uint256 at, uint256 size) internal pure returns (uint256 place) {
        unchecked {
            Fuel.pay(Fuel.written(5 + size));
            place = head(size);
            assembly ("memory-safe") {
                mcopy(add(place, 5), at, size)
            }
        }
    }
}
