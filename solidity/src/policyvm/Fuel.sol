// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {FUEL} from "./Layout.sol";
import {FAULT_FUEL, Outcome} from "./Outcome.sol";

/*
 * What each kind of touching takes: section 5 of the specification. A unit of fuel takes at most 100 gas, all memory counted.
 */

/// @dev Each word of parameters and input.
uint256 constant ARGUMENT_WORD = 12;
/// @dev `INDEX`, `FIELD`, `GET`, `IN`, besides what is looked at.
uint256 constant LOOKUP = 4;
/// @dev Each item that these look at.
uint256 constant LOOKED_AT = 3;
/// @dev `NEXT` that gives an item, and each element of an array that is stepped over.
uint256 constant STEP = 2;
/// @dev Comparing more than 64 bytes for equality, besides.
uint256 constant LONG = 6;
/// @dev Each pair of values that is put in order.
uint256 constant ORDERED = 10;
/// @dev Each step of a search by halving, besides.
uint256 constant HALVING = 2;
/// @dev Adding to a builder, besides what is moved.
uint256 constant INSERTED = 6;
/// @dev Each item of a container that a function goes through.
uint256 constant ITEM = 6;
/// @dev Each item of `SUM`.
uint256 constant SUMMED = 8;
/// @dev Each place that a new container is written from.
uint256 constant PLACE = 3;
/// @dev Each argument of `CALL`.
uint256 constant PASSED = 4;
/// @dev `PACK`, and each of its registers.
uint256 constant PACK = 8;
uint256 constant PACKED = 3;
/// @dev Functions of texts.
uint256 constant TEXT = 6;
/// @dev `SUBSTR` and `TRIM…`.
uint256 constant CUT = 12;
/// @dev Each word of a text whose bytes are looked at one by one.
uint256 constant TEXT_WORD = 3;
/// @dev `FORMAT`.
uint256 constant DIGITS = 80;

/// @title Counts what an evaluation touches
/// @notice Charges are made in the order of the specification, but looked at only where it matters: before each instruction,
/// before an error is answered, and before work that is not bounded by a few words. Between those, fuel may be negative.
library Fuel {
    /// @notice The words of 32 bytes that so many bytes touch.
    function words(uint256 size) internal pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := shr(5, add(size, 31))
        }
    }

    /// @notice What a new value of so many bytes takes.
    function written(uint256 size) internal pure returns (uint256 amount) {
        assembly ("memory-safe") {
            amount := add(1, shl(1, shr(5, add(size, 31))))
        }
    }

    /// @notice Charges; a debt is found later.
    function spend(uint256 amount) internal pure {
        assembly ("memory-safe") {
            mstore(FUEL, sub(mload(FUEL), amount))
        }
    }

    /// @notice Ends the evaluation if there is a debt.
    function check() internal pure {
        bool debt;
        assembly ("memory-safe") {
            debt := slt(mload(FUEL), 0)
        }
        if (debt) Outcome.fault(FAULT_FUEL);
    }

    /// @notice Charges for work that comes next and is large.
    function pay(uint256 amount) internal pure {
        spend(amount);
        check();
    }
}
