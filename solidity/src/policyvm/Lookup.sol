// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Equality} from "./Equality.sol";
import {Fuel, LONG, LOOKED_AT, LOOKUP, STEP} from "./Fuel.sol";
import {ARRAY, FUEL, OBJECT, POSITIVE, SET, STRING} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {FAULT_TYPE, Outcome} from "./Outcome.sol";
import {Values} from "./Values.sol";

/// @title Instructions that look something up in a container
library Lookup {
    /// @dev `INDEX a b c`
    function index(uint256 word) internal pure {
        Operands.writeA(word, _at(Operands.readB(word), Operands.readC(word)));
    }

    /// @dev `FIELD a b c`
    function field(uint256 word) internal pure {
        Operands.writeA(word, _at(Operands.readB(word), Operands.literal(Operands.c(word))));
    }

    /// @dev `IN a b c`
    function in_(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        uint256 container = Operands.readC(word);
        uint256 found;
        if (value != 0 && container != 0) {
            Fuel.spend(LOOKUP);
            if (Values.kind(container) >= ARRAY) {
                found = _find(container, value, Values.kind(container) == OBJECT);
            }
            found = Values.boolean(found != 0);
        }
        Operands.writeA(word, found);
    }

    /// @dev `GET a b`
    function get(uint256 word) internal pure {
        (, uint256 list) = Operands.list(Operands.b(word));
        uint256 object = Operands.read(list);
        uint256 key = Operands.read(list + 2);
        uint256 value = Operands.read(list + 4);
        if (object == 0) Outcome.fault(FAULT_TYPE);
        if (key == 0 || value == 0) {
            value = 0;
        } else {
            if (Values.kind(object) != OBJECT || Values.kind(key) != STRING) {
                Outcome.fault(FAULT_TYPE);
            }
            Fuel.spend(LOOKUP);
            uint256 found = _field(object, key);
            if (found != 0) value = found;
        }
        Operands.writeA(word, value);
    }

    function _at(uint256 container, uint256 key) private pure returns (uint256 value) {
        if (container == 0 || key == 0) return 0;
        Fuel.spend(LOOKUP);
        uint256 kind = Values.kind(container);
        if (kind == OBJECT) {
            if (Values.kind(key) == STRING) value = _field(container, key);
        } else if (kind == ARRAY) {
            if (Values.kind(key) == POSITIVE) value = _element(container, key);
        } else if (kind == SET) {
            value = _find(container, key, false);
        }
    }

    /// @dev The element of an array at an integer that is not negative.
    function _element(uint256 array, uint256 key) private pure returns (uint256 item) {
        uint256 count = Values.count(array);
        assembly ("memory-safe") {
            let steps := mload(add(key, 1))
            if lt(steps, count) {
                let fuel := mload(FUEL)
                item := add(array, 9)
                for {} steps { steps := sub(steps, 1) } {
                    fuel := sub(fuel, STEP)
                    if slt(fuel, 0) { break }
                    let head := mload(item)
                    let kind := byte(0, head)
                    switch gt(kind, 3)
                    case 0 { item := add(item, add(1, shl(5, gt(kind, 1)))) }
                    default { item := add(item, add(5, and(shr(216, head), 0xffffffff))) }
                }
                mstore(FUEL, fuel)
            }
        }
    }

    /// @dev The value of an object at a string, 0 if there is none.
    function _field(uint256 object, uint256 key) private pure returns (uint256 value) {
        uint256 left = Values.count(object);
        unchecked {
            value = object + 9;
            while (left != 0) {
                (value, left) = _key(value, left, key);
                if (left == 0) return 0;
                uint256 size = Values.size(key);
                if (size <= 64 || Equality.same(value, key, size)) return value + size;
                value += size;
                value += Values.size(value);
                --left;
            }
        }
        return 0;
    }

    /// @dev Goes on to the first of the `left` entries from `name` on whose key has the size and the ends of `key`, and pays for
    /// all up to it. Keys of up to 64 bytes are then equal.
    function _key(uint256 name, uint256 left, uint256 key) private pure returns (uint256, uint256) {
        assembly ("memory-safe") {
            let first := mload(key)
            let size := add(5, and(shr(216, first), 0xffffffff))
            let tail := 0
            let unused := sub(256, shl(3, size))
            if gt(size, 31) {
                unused := 0
                tail := sub(size, 32)
            }
            let last := mload(add(key, tail))
            let fuel := mload(FUEL)
            for {} left { left := sub(left, 1) } {
                let head := mload(name)
                let here := add(5, and(shr(216, head), 0xffffffff))
                // A builder of an object may have been given something else.
                if lt(byte(0, head), 4) { here := add(1, shl(5, gt(byte(0, head), 1))) }
                fuel := sub(fuel, add(LOOKED_AT, 1))
                if eq(here, size) {
                    fuel := sub(fuel, add(shr(5, add(size, 31)), mul(LONG, gt(size, 64))))
                    head := or(xor(head, first), xor(mload(add(name, tail)), last))
                    if iszero(shr(unused, head)) { break }
                }
                if slt(fuel, 0) { break }
                name := add(name, here)
                head := mload(name)
                here := byte(0, head)
                switch gt(here, 3)
                case 0 { name := add(name, add(1, shl(5, gt(here, 1)))) }
                default { name := add(name, add(5, and(shr(216, head), 0xffffffff))) }
            }
            mstore(FUEL, fuel)
        }
        Fuel.check();
        return (name, left);
    }

    /// @dev The first item, of `pairs` the first value, that equals `value`; 0 if there is none.
    function _find(uint256 container, uint256 value, bool pairs)
        private
        pure
        returns (uint256 item)
    {
        uint256 left = Values.count(container);
        uint256 size = Values.size(value);
        unchecked {
            item = container + 9;
            while (left != 0) {
                (item, left) = _item(item, left, value, size, pairs);
                if (left == 0) return 0;
                if (size <= 64 || Equality.same(item, value, size)) return item;
                item += size;
                --left;
            }
        }
        return 0;
    }

    /// @dev Goes on to the first of the `left` items from `item` on that has the size and the ends of `value`, and pays for all up
    /// to it. Values of up to 64 bytes are then equal.
    function _item(uint256 item, uint256 left, uint256 value, uint256 size, bool pairs)
        private
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            let tail := 0
            let unused := sub(256, shl(3, size))
            if gt(size, 31) {
                unused := 0
                tail := sub(size, 32)
            }
            let fuel := mload(FUEL)
            for {} left { left := sub(left, 1) } {
                let head := mload(item)
                let here := byte(0, head)
                if pairs {
                    switch gt(here, 3)
                    case 0 { item := add(item, add(1, shl(5, gt(here, 1)))) }
                    default { item := add(item, add(5, and(shr(216, head), 0xffffffff))) }
                    head := mload(item)
                    here := byte(0, head)
                }
                switch gt(here, 3)
                case 0 { here := add(1, shl(5, gt(here, 1))) }
                default { here := add(5, and(shr(216, head), 0xffffffff)) }
                fuel := sub(fuel, add(LOOKED_AT, 1))
                if eq(here, size) {
                    fuel := sub(fuel, add(shr(5, add(size, 31)), mul(LONG, gt(size, 64))))
                    head := xor(head, mload(value))
                    head := or(head, xor(mload(add(item, tail)), mload(add(value, tail))))
                    if iszero(shr(unused, head)) { break }
                }
                if slt(fuel, 0) { break }
                item := add(item, here)
            }
            mstore(FUEL, fuel)
        }
        Fuel.check();
        return (item, left);
    }
}
