// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CHECKING, FUEL, LIMIT} from "./Layout.sol";

/// @dev Codes of errors, as in section 4 of the specification.
uint256 constant FAULT_FUEL = 1;
uint256 constant FAULT_TYPE = 2;
uint256 constant FAULT_OVERFLOW = 3;
uint256 constant FAULT_DIVISION = 4;
uint256 constant FAULT_CONFLICT = 5;
uint256 constant FAULT_KEY = 6;
uint256 constant FAULT_TEXT = 7;
uint256 constant FAULT_DEPTH = 8;

/// @title The end of an evaluation
/// @notice Each of these ends the call and returns what `IPolicyVM.evaluate` returns, wherever it is called. Nothing comes
/// after it, so that nothing of a failed evaluation can be taken for a result.
library Outcome {
    /// @notice The evaluation ends with an error, which is `FAULT_FUEL` if more was spent than there is.
    /// @dev A debt was made before the error was found, since charges are made in order.
    function fault(uint256 code) internal pure {
        assembly ("memory-safe") {
            // No check may end like that, which its caller could take for a success.
            if mload(CHECKING) { revert(0x00, 0x00) }
            let left := mload(FUEL)
            if slt(left, 0) { code := FAULT_FUEL }
            // Who runs out has used all.
            if eq(code, FAULT_FUEL) { left := 0 }
            let used := sub(mload(LIMIT), left)
            mstore(0x00, 2)
            mstore(0x20, code)
            mstore(0x40, 0x80)
            mstore(0x60, used)
            mstore(0x80, 0)
            return(0x00, 0xa0)
        }
    }

    /// @notice The evaluation ends with the value at `place`, or with none. There is no debt.
    function result(uint256 place, uint256 size) internal pure {
        assembly ("memory-safe") {
            // Where the value stands already: nothing is needed any more of what is before it.
            let answer := sub(place, 0xa0)
            if iszero(place) { answer := 0 }
            mstore(answer, iszero(place))
            mstore(add(answer, 0x20), 0)
            mstore(add(answer, 0x40), 0x80)
            mstore(add(answer, 0x60), sub(mload(LIMIT), mload(FUEL)))
            mstore(add(answer, 0x80), size)
            let bytes_ := add(answer, 0xa0)
            mstore(add(bytes_, size), 0)
            return(answer, add(0xa0, and(add(size, 31), not(31))))
        }
    }
}
