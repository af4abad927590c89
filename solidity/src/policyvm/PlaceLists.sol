// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Fuel, HALVING, INSERTED, PLACE} from "./Fuel.sol";
import {FUEL, OBJECT} from "./Layout.sol";
import {Order} from "./Order.sol";
import {Values} from "./Values.sol";

/// @title PlaceLists of places, four bytes each, from which containers are written
/// @notice Of an object, its keys and values in turns.
library PlaceLists {
    /// @notice The place at `index`.
    function at(uint256 list, uint256 index) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := shr(224, mload(add(list, shl(2, index))))
        }
    }

    /// @notice Overwrites the place at `index`.
    function set(uint256 list, uint256 index, uint256 place) internal pure {
        assembly ("memory-safe") {
            list := add(list, shl(2, index))
            mstore(list, or(shl(224, place), shr(32, shl(32, mload(list)))))
        }
    }

    /// @notice Charges for `added` places at `index` of `count`, and moves those behind to make room for them.
    function open(uint256 list, uint256 count, uint256 index, uint256 added) internal pure {
        unchecked {
            uint256 size;
            assembly ("memory-safe") {
                size := shl(2, sub(count, index))
            }
            Fuel.pay(INSERTED + Fuel.words(size));
            assembly ("memory-safe") {
                list := add(list, shl(2, index))
                mcopy(add(list, shl(2, added)), list, size)
            }
        }
    }

    /// @notice Looks for `value` among every `step`-th of `count` places, which ascend: by halving, so that every machine looks
    /// at the same ones. Gives where it stands, or where it goes.
    function search(uint256 list, uint256 count, uint256 step, uint256 value)
        internal
        pure
        returns (bool found, uint256 index)
    {
        unchecked {
            uint256 high = count / step;
            while (index < high) {
                Fuel.spend(HALVING);
                uint256 middle = (index + high) >> 1;
                int256 order = Order.compare(at(list, middle * step), value);
                if (order == 0) {
                    Fuel.check();
                    return (true, middle);
                }
                assembly ("memory-safe") {
                    switch slt(order, 0)
                    case 0 { high := middle }
                    default { index := add(middle, 1) }
                    // Goes no further with a debt.
                    if slt(mload(FUEL), 0) { high := index }
                }
            }
        }
        Fuel.check();
    }

    /// @notice Adds `value` to a list of `count` members of a set, unless it is there.
    function include(uint256 list, uint256 count, uint256 value)
        internal
        pure
        returns (bool added)
    {
        (bool found, uint256 index) = search(list, count, 1, value);
        if (found) return false;
        open(list, count, index, 1);
        set(list, index, value);
        return true;
    }

    /// @notice Writes a container of the values at `count` places, which have `size` bytes together.
    function write(uint256 kind, uint256 list, uint256 count, uint256 size)
        internal
        pure
        returns (uint256 place)
    {
        unchecked {
            Fuel.pay(Fuel.written(9 + size) + PLACE * count);
            place = head(kind, size, kind == OBJECT ? count >> 1 : count);
        }
        assembly ("memory-safe") {
            let to := mload(0x40)
            let end := add(list, shl(2, count))
            for {} lt(list, end) { list := add(list, 4) } {
                let item := shr(224, mload(list))
                let word := mload(item)
                size := byte(0, word)
                switch gt(size, 3)
                case 0 { size := add(1, shl(5, gt(size, 1))) }
                default { size := add(5, and(shr(216, word), 0xffffffff)) }
                mcopy(to, item, size)
                to := add(to, size)
            }
            mstore(0x40, to)
        }
    }

    /// @notice Writes the first nine bytes of a container whose `count` items have `size` bytes together.
    function head(uint256 kind, uint256 size, uint256 count) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := mload(0x40)
            mstore(place, shl(184, or(or(shl(64, kind), shl(32, add(size, 4))), count)))
            mstore(0x40, add(place, 9))
        }
    }
}
