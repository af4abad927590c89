// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CHECKING, FUEL, OBJECT, POSITIVE, SET, STRING} from "./Layout.sol";
import {Order} from "./Order.sol";
import {Utf8} from "./Utf8.sol";
import {Values} from "./Values.sol";

/// @title Canonical encodings: the only ones that values have
/// @dev Works in a memory that `Layout.claim` took, without a limit of fuel, and is bounded by the bytes that there are: every
/// value takes one at least, and the members of a set are compared once per level that they are in.
library Encoding {
    /// @dev The deepest nesting, what is innermost counted.
    uint256 private constant MOST_LEVELS = 16;

    /// @notice Whether `size` bytes at `at` are the encoding of one value, of at most `most` values with all that is in it.
    function isCanonical(uint256 at, uint256 size, uint256 most) internal pure returns (bool) {
        assembly ("memory-safe") {
            // Comparing charges for what it does, and knows an order that evaluations do not rely on.
            mstore(CHECKING, 1)
            mstore(FUEL, shr(1, not(0)))
        }
        (uint256 next,) = _value(at, at + size, MOST_LEVELS, most);
        return next == at + size;
    }

    /// @dev Where the value at `at` ends, at `end` at the latest, and how many more there may be; 0 if there is none.
    function _value(uint256 at, uint256 end, uint256 levels, uint256 most)
        private
        pure
        returns (uint256, uint256)
    {
        if (levels == 0 || most == 0 || at >= end) return (0, 0);
        --most;
        uint256 kind = Values.kind(at);
        if (kind > SET) return (0, 0);
        if (kind > STRING) return _container(at, end, levels - 1, most);
        if (kind == STRING) return (_string(at, end), most);
        if (kind < POSITIVE) return (at + 1, most);
        if (end - at < 33) return (0, 0);
        uint256 magnitude;
        assembly ("memory-safe") {
            magnitude := mload(add(at, 1))
        }
        // There is one zero.
        if (kind != POSITIVE && magnitude == 0) return (0, 0);
        return (at + 33, most);
    }

    /// @dev Where the string at `at` ends; 0 if there is none.
    function _string(uint256 at, uint256 end) private pure returns (uint256 next) {
        if (end - at < 5 || Values.kind(at) != STRING) return 0;
        uint256 size = Values.length(at);
        if (size > end - at - 5 || !Utf8.isValid(at + 5, size)) return 0;
        return at + 5 + size;
    }

    function _container(uint256 at, uint256 end, uint256 levels, uint256 most)
        private
        pure
        returns (uint256 next, uint256)
    {
        if (end - at < 9) return (0, 0);
        next = at + 5 + Values.length(at);
        if (next > end || next < at + 9) return (0, 0);
        end = next;
        next = at + 9;
        uint256 kind = Values.kind(at);
        uint256 left = Values.count(at);
        for (uint256 former = 0; left != 0; --left) {
            uint256 item = next;
            if (kind == OBJECT) {
                if (item >= end) return (0, 0);
                next = _string(item, end);
                if (next == 0) return (0, 0);
            }
            (next, most) = _value(next, end, levels, most);
            if (next == 0) return (0, 0);
            if (kind >= OBJECT) {
                if (former != 0 && Order.compare(former, item) >= 0) return (0, 0);
                former = item;
            }
        }
        return next == end ? (next, most) : (0, 0);
    }
}
