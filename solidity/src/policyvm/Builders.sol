// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Equality} from "./Equality.sol";
import {Fuel, INSERTED} from "./Fuel.sol";
import {ARRAY, Layout, OBJECT, SET} from "./Layout.sol";
import {FAULT_CONFLICT, Outcome} from "./Outcome.sol";
import {PlaceLists} from "./PlaceLists.sol";
import {Values} from "./Values.sol";

/// @notice A builder: a list of places that grows, in one word, so that it lives in its register alone.
/// @dev `opened(1 bit, at 130) kind(2) bytes(32) count(32) room(32) list(32)`. What was never opened is 0.
type Builder is uint256;

using Builders for Builder global;

/// @title What builders collect
library Builders {
    uint256 private constant OPENED = 1 << 130;
    uint256 private constant SETS = 1;

    /// @notice A new builder of arrays (0), sets (1) or objects (2).
    function open(uint256 kind) internal pure returns (Builder) {
        return Builder.wrap(OPENED | (kind << 128));
    }

    /// @notice Adds a value: at the end, or in a set at its place unless it is there.
    function push(Builder builder, uint256 value) internal pure returns (Builder) {
        if ((Builder.unwrap(builder) >> 32) & 0xffffffff == _count(builder)) {
            builder = builder.room(1);
        }
        if (_kind(builder) != SETS) {
            Fuel.spend(INSERTED);
            PlaceLists.set(_list(builder), _count(builder), value);
        } else if (!PlaceLists.include(_list(builder), _count(builder), value)) {
            return builder;
        }
        return _with(builder, 1, Values.size(value));
    }

    /// @notice Adds an entry at its place. It may be there, but not with another value.
    function put(Builder builder, uint256 key, uint256 value) internal pure returns (Builder) {
        unchecked {
            uint256 count = _count(builder);
            (bool found, uint256 index) = PlaceLists.search(_list(builder), count, 2, key);
            if (found) {
                uint256 former = PlaceLists.at(_list(builder), 2 * index + 1);
                if (!Equality.equal(former, value)) Outcome.fault(FAULT_CONFLICT);
                return builder;
            }
            builder = builder.room(2);
            uint256 list = _list(builder);
            PlaceLists.open(list, count, 2 * index, 2);
            PlaceLists.set(list, 2 * index, key);
            PlaceLists.set(list, 2 * index + 1, value);
            return _with(builder, 2, Values.size(key) + Values.size(value));
        }
    }

    /// @notice The value of what was collected.
    function seal(Builder builder) internal pure returns (uint256) {
        uint256 kind = _kind(builder);
        kind = kind == 0 ? ARRAY : kind == SETS ? SET : OBJECT;
        return PlaceLists.write(kind, _list(builder), _count(builder), _bytes(builder));
    }

    /// @notice The builder with room for `more` places. Room doubles, so that what is moved is at most what was added.
    function room(Builder builder, uint256 more) internal pure returns (Builder) {
        unchecked {
            uint256 word = Builder.unwrap(builder);
            uint256 count = _count(builder);
            uint256 capacity = (word >> 32) & 0xffffffff;
            if (count + more <= capacity) return builder;
            capacity = 2 * capacity + more + 6;
            uint256 list = Layout.reserve(4 * capacity);
            assembly ("memory-safe") {
                mcopy(list, and(word, 0xffffffff), shl(2, count))
                word := or(shl(64, shr(64, word)), or(shl(32, capacity), list))
            }
            return Builder.wrap(word);
        }
    }

    function _with(Builder builder, uint256 places, uint256 size) private pure returns (Builder) {
        unchecked {
            return Builder.wrap(Builder.unwrap(builder) + (size << 96) + (places << 64));
        }
    }

    function _list(Builder builder) private pure returns (uint256) {
        return Builder.unwrap(builder) & 0xffffffff;
    }

    function _count(Builder builder) private pure returns (uint256) {
        return (Builder.unwrap(builder) >> 64) & 0xffffffff;
    }

    function _bytes(Builder builder) private pure returns (uint256) {
        return (Builder.unwrap(builder) >> 96) & 0xffffffff;
    }

    function _kind(Builder builder) private pure returns (uint256) {
        return (Builder.unwrap(builder) >> 128) & 3;
    }
}
