// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Arithmetic} from "./Arithmetic.sol";
import {Fuel, ITEM, SUMMED, TEXT_WORD} from "./Fuel.sol";
import {ARRAY, FUEL, Layout, OBJECT, SET, STRING} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {Order} from "./Order.sol";
import {FAULT_TEXT, FAULT_TYPE, Outcome} from "./Outcome.sol";
import {PlaceLists} from "./PlaceLists.sol";
import {Values} from "./Values.sol";

/// @title Instructions on whole containers
library Collections {
    /// @dev `COUNT a b`
    function count(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value != 0) {
            uint256 kind = Values.kind(value);
            if (kind < STRING) Outcome.fault(FAULT_TYPE);
            value = Values.write(false, kind == STRING ? _points(value) : Values.count(value));
        }
        Operands.writeA(word, value);
    }

    /// @dev `SUM a b`
    function sum(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value != 0) {
            uint256 left = _sequence(value);
            uint256 item = value;
            bool sign;
            uint256 magnitude;
            bool done;
            while (!done) {
                (item, left, sign, magnitude, done) = _sum(item, left, sign, magnitude);
                Fuel.check();
                // What comes next is no integer, or is added with a carry or a sign.
                if (!done) {
                    (bool nextSign, uint256 next) = Values.integer(item);
                    (sign, magnitude) = Arithmetic.sum(sign, magnitude, nextSign, next);
                }
            }
            value = Values.write(sign, magnitude);
        }
        Operands.writeA(word, value);
    }

    /// @dev Goes on from `item`, which is taken, and adds up what is not negative as long as nothing else comes.
    function _sum(uint256 item, uint256 left, bool sign, uint256 magnitude)
        private
        pure
        returns (uint256, uint256, bool, uint256, bool done)
    {
        assembly ("memory-safe") {
            let step := 33
            // The container itself, before its first item.
            if gt(byte(0, mload(item)), 4) { step := 9 }
            let fuel := mload(FUEL)
            for {} 1 {} {
                if iszero(left) {
                    done := 1
                    break
                }
                left := sub(left, 1)
                item := add(item, step)
                step := 33
                fuel := sub(fuel, SUMMED)
                if slt(fuel, 0) { break }
                let total := add(magnitude, mload(add(item, 1)))
                if or(or(sign, lt(total, magnitude)), xor(byte(0, mload(item)), 2)) { break }
                magnitude := total
            }
            mstore(FUEL, fuel)
        }
        return (item, left, sign, magnitude, done);
    }

    /// @dev `MIN a b`
    function min(uint256 word) internal pure {
        _extreme(word, true);
    }

    /// @dev `MAX a b`
    function max(uint256 word) internal pure {
        _extreme(word, false);
    }

    /// @dev `KEYS a b`
    function keys(uint256 word) internal pure {
        uint256 object = Operands.readB(word);
        if (object != 0) {
            if (Values.kind(object) != OBJECT) Outcome.fault(FAULT_TYPE);
            uint256 entries = Values.count(object);
            Fuel.pay(ITEM * (entries + 1));
            uint256 list = Layout.reserve(4 * entries + 32);
            uint256 size = _keys(object + 9, entries, list);
            object = PlaceLists.write(SET, list, entries, size);
        }
        Operands.writeA(word, object);
    }

    /// @dev PlaceLists the keys of `left` entries, and gives how many bytes they have.
    function _keys(uint256 name, uint256 left, uint256 list) private pure returns (uint256 size) {
        assembly ("memory-safe") {
            for {} left { left := sub(left, 1) } {
                mstore(list, shl(224, name))
                list := add(list, 4)
                let head := mload(name)
                let step := byte(0, head)
                switch gt(step, 3)
                case 0 { step := add(1, shl(5, gt(step, 1))) }
                default { step := add(5, and(shr(216, head), 0xffffffff)) }
                size := add(size, step)
                name := add(name, step)
                head := mload(name)
                step := byte(0, head)
                switch gt(step, 3)
                case 0 { name := add(name, add(1, shl(5, gt(step, 1)))) }
                default { name := add(name, add(5, and(shr(216, head), 0xffffffff))) }
            }
        }
    }

    /// @dev `SORT a b`
    function sort(uint256 word) internal pure {
        unchecked {
            uint256 value = Operands.readB(word);
            if (value != 0) {
                uint256 items = _sequence(value);
                Fuel.spend(ITEM);
                uint256 list = Layout.reserve(4 * items);
                uint256 item = value + 9;
                for (uint256 i = 0; i < items; ++i) {
                    Fuel.pay(ITEM);
                    (, uint256 index) = PlaceLists.search(list, i, 1, item);
                    PlaceLists.open(list, i, index, 1);
                    PlaceLists.set(list, index, item);
                    item += Values.size(item);
                }
                value = PlaceLists.write(ARRAY, list, items, item - value - 9);
            }
            Operands.writeA(word, value);
        }
    }

    /// @dev `UNION a b c`
    function union(uint256 word) internal pure {
        _merge(word, 7);
    }

    /// @dev `INTER a b c`
    function inter(uint256 word) internal pure {
        _merge(word, 2);
    }

    /// @dev `SUB a b c` of two sets
    function difference(uint256 word) internal pure {
        _merge(word, 1);
    }

    /// @dev `ACAT a b c`
    function acat(uint256 word) internal pure {
        unchecked {
            (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
            uint256 value;
            if (left != 0 && right != 0) {
                if (Values.kind(left) != ARRAY || Values.kind(right) != ARRAY) {
                    Outcome.fault(FAULT_TYPE);
                }
                uint256 first = Values.size(left) - 9;
                uint256 second = Values.size(right) - 9;
                Fuel.pay(ITEM + Fuel.written(9 + first + second));
                value = PlaceLists.head(
                    ARRAY, first + second, Values.count(left) + Values.count(right)
                );
                uint256 at = Layout.reserve(first + second);
                assembly ("memory-safe") {
                    mcopy(at, add(left, 9), first)
                    mcopy(add(at, first), add(right, 9), second)
                }
            }
            Operands.writeA(word, value);
        }
    }

    /// @dev The code points of a string: its bytes less those that continue one. An error of text if one needs more than 16
    /// bits, which not all engines of Rego count as one.
    function _points(uint256 text) private pure returns (uint256 points) {
        points = Values.length(text);
        Fuel.pay(TEXT_WORD * Fuel.words(points));
        uint256 wide;
        assembly ("memory-safe") {
            let ones := div(not(0), 255)
            let at := add(text, 5)
            let end := add(at, points)
            for {} lt(at, end) { at := add(at, 32) } {
                let word := mload(at)
                // What is behind the end is cleared, and continues nothing.
                if gt(add(at, 32), end) {
                    let unused := shl(3, sub(add(at, 32), end))
                    word := shl(unused, shr(unused, word))
                }
                // The four bits with which a code point of 2^16 or more begins.
                wide := or(wide, and(and(word, shl(1, word)), and(shl(2, word), shl(3, word))))
                word := and(and(shr(7, word), not(shr(6, word))), ones)
                points := sub(points, byte(0, mul(word, ones)))
            }
            wide := and(wide, shl(7, ones))
        }
        if (wide != 0) Outcome.fault(FAULT_TEXT);
    }

    /// @dev How many items an array or a set has; an error of type if it is neither.
    function _sequence(uint256 value) private pure returns (uint256 items) {
        uint256 kind = Values.kind(value);
        if (kind != ARRAY && kind != SET) Outcome.fault(FAULT_TYPE);
        return Values.count(value);
    }

    function _extreme(uint256 word, bool first) private pure {
        unchecked {
            uint256 value = Operands.readB(word);
            uint256 best;
            if (value != 0) {
                uint256 left = _sequence(value);
                for (uint256 item = value + 9; left != 0; --left) {
                    Fuel.pay(ITEM);
                    if (best == 0) {
                        best = item;
                    } else {
                        int256 order = Order.compare(item, best);
                        if (first ? order < 0 : order > 0) best = item;
                    }
                    item += Values.size(item);
                }
            }
            Operands.writeA(word, best);
        }
    }

    /// @dev Goes through two sets in order and keeps what the bits of `kept` say: 1 what is in the left one only, 2 what is in
    /// both, 4 what is in the right one only.
    function _merge(uint256 word, uint256 kept) private pure {
        unchecked {
            (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
            uint256 value;
            if (left != 0 && right != 0) {
                if (Values.kind(left) != SET || Values.kind(right) != SET) {
                    Outcome.fault(FAULT_TYPE);
                }
                Fuel.spend(ITEM);
                uint256 list = Layout.reserve(4 * (Values.count(left) + Values.count(right)) + 32);
                (uint256 count_, uint256 size) = _select(left, right, kept, list);
                value = PlaceLists.write(SET, list, count_, size);
            }
            Operands.writeA(word, value);
        }
    }

    function _select(uint256 left, uint256 right, uint256 kept, uint256 list)
        private
        pure
        returns (uint256 count_, uint256 size)
    {
        uint256 a = Values.count(left);
        uint256 b = Values.count(right);
        unchecked {
            left += 9;
            right += 9;
            while (a | b != 0) {
                Fuel.pay(ITEM);
                int256 order;
                if (a == 0) order = 1;
                else if (b == 0) order = -1;
                else order = Order.compare(left, right);
                assembly ("memory-safe") {
                    let item := left
                    if sgt(order, 0) { item := right }
                    let head := mload(item)
                    let step := byte(0, head)
                    switch gt(step, 3)
                    case 0 { step := add(1, shl(5, gt(step, 1))) }
                    default { step := add(5, and(shr(216, head), 0xffffffff)) }
                    if and(1, shr(add(order, 1), kept)) {
                        mstore(add(list, shl(2, count_)), shl(224, item))
                        count_ := add(count_, 1)
                        size := add(size, step)
                    }
                    // Equal members have the same size.
                    if slt(order, 1) {
                        left := add(left, step)
                        a := sub(a, 1)
                    }
                    if sgt(order, sub(0, 1)) {
                        right := add(right, step)
                        b := sub(b, 1)
                    }
                }
            }
        }
    }
}
