// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CUT, DIGITS, Fuel, ITEM, PLACE, TEXT_WORD} from "./Fuel.sol";
import {ARRAY, SET} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {FAULT_TEXT, FAULT_TYPE, Outcome} from "./Outcome.sol";
import {StringValues} from "./StringValues.sol";
import {Values} from "./Values.sol";

/// @title Instructions that write strings
library Text {
    /// @dev `LOWER a b`
    function lower(uint256 word) internal pure {
        unchecked {
            uint256 text = Operands.readB(word);
            if (text != 0) {
                uint256 size = StringValues.length(text);
                Fuel.pay(1 + TEXT_WORD * Fuel.words(size));
                if (!StringValues.isAscii(text + 5, size)) Outcome.fault(FAULT_TEXT);
                Fuel.pay(Fuel.written(5 + size));
                uint256 place = StringValues.head(size);
                _lower(text + 5, place + 5, size);
                text = place;
            }
            Operands.writeA(word, text);
        }
    }

    /// @dev `JOIN a b c`
    function join(uint256 word) internal pure {
        unchecked {
            (uint256 between, uint256 container) = (Operands.readB(word), Operands.readC(word));
            uint256 value;
            if (between != 0 && container != 0) {
                uint256 gap = StringValues.length(between);
                uint256 kind = Values.kind(container);
                if (kind != ARRAY && kind != SET) Outcome.fault(FAULT_TYPE);
                uint256 count = Values.count(container);
                uint256 size = count == 0 ? 0 : gap * (count - 1);
                uint256 item = container + 9;
                for (uint256 i = 0; i < count; ++i) {
                    Fuel.pay(ITEM);
                    uint256 length = StringValues.length(item);
                    size += length;
                    item += 5 + length;
                }
                Fuel.pay(Fuel.written(5 + size) + PLACE * count);
                value = StringValues.head(size);
                _join(value + 5, between + 5, gap, container + 9, count);
            }
            Operands.writeA(word, value);
        }
    }

    /// @dev `FORMAT a b c`
    function format(uint256 word) internal pure {
        unchecked {
            (uint256 value, uint256 base) = (Operands.readB(word), Operands.readC(word));
            if (base == 0) value = 0;
            if (value != 0) {
                (bool negative, uint256 magnitude) = Values.integer(value);
                (bool sign, uint256 ten) = Values.integer(base);
                if (sign || ten != 10) Outcome.fault(FAULT_TYPE);
                Fuel.spend(DIGITS);
                uint256 end;
                uint256 at;
                assembly ("memory-safe") {
                    // Written from the end, behind where the string will be.
                    end := add(mload(0x40), 256)
                    at := end
                    for {} 1 {} {
                        at := sub(at, 1)
                        mstore8(at, add(48, mod(magnitude, 10)))
                        magnitude := div(magnitude, 10)
                        if iszero(magnitude) { break }
                    }
                    if negative {
                        at := sub(at, 1)
                        mstore8(at, 0x2d)
                    }
                }
                value = StringValues.write(at, end - at);
            }
            Operands.writeA(word, value);
        }
    }

    /// @dev `SUBSTR a b`
    function substr(uint256 word) internal pure {
        unchecked {
            (, uint256 list) = Operands.list(Operands.b(word));
            uint256 text = Operands.read(list);
            uint256 offset = Operands.read(list + 2);
            uint256 length = Operands.read(list + 4);
            if (offset == 0 || length == 0) text = 0;
            if (text != 0) {
                uint256 size = StringValues.length(text);
                bool negative;
                bool all;
                (negative, offset) = Values.integer(offset);
                (all, length) = Values.integer(length);
                Fuel.pay(CUT + Fuel.words(size));
                if (!StringValues.isAscii(text + 5, size)) Outcome.fault(FAULT_TEXT);
                if (negative) Outcome.fault(FAULT_TYPE);
                if (offset > size) offset = size;
                if (all || length > size - offset) length = size - offset;
                text = StringValues.write(text + 5 + offset, length);
            }
            Operands.writeA(word, text);
        }
    }

    /// @dev `TRIM a b c`
    function trim(uint256 word) internal pure {
        _trim(word, true, true);
    }

    /// @dev `TRIML a b c`
    function trimLeft(uint256 word) internal pure {
        _trim(word, true, false);
    }

    /// @dev `TRIMR a b c`
    function trimRight(uint256 word) internal pure {
        _trim(word, false, true);
    }

    function _trim(uint256 word, bool left, bool right) private pure {
        unchecked {
            (uint256 text, uint256 set) = (Operands.readB(word), Operands.readC(word));
            if (set == 0) text = 0;
            if (text != 0) {
                uint256 size = StringValues.length(text);
                uint256 count = StringValues.length(set);
                Fuel.pay(CUT + size + count);
                if (!StringValues.isAscii(text + 5, size) || !StringValues.isAscii(set + 5, count))
                {
                    Outcome.fault(FAULT_TEXT);
                }
                (uint256 from, uint256 to) =
                    _kept(text + 5, text + 5 + size, _bitmap(set + 5, count), left, right);
                text = StringValues.write(from, to - from);
            }
            Operands.writeA(word, text);
        }
    }

    /// @dev A bit for each character that occurs in `size` bytes.
    function _bitmap(uint256 at, uint256 size) private pure returns (uint256 bits) {
        assembly ("memory-safe") {
            let end := add(at, size)
            for {} lt(at, end) { at := add(at, 1) } { bits := or(bits, shl(byte(0, mload(at)), 1)) }
        }
    }

    /// @dev What is left of `from … to` without the characters in `bits` at the ends.
    function _kept(uint256 from, uint256 to, uint256 bits, bool left, bool right)
        private
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            if left {
                for {} lt(from, to) { from := add(from, 1) } {
                    if iszero(and(1, shr(byte(0, mload(from)), bits))) { break }
                }
            }
            if right {
                for {} lt(from, to) {} {
                    let last := sub(to, 1)
                    if iszero(and(1, shr(byte(0, mload(last)), bits))) { break }
                    to := last
                }
            }
        }
        return (from, to);
    }

    /// @dev Copies `size` bytes of ASCII and sets 0x20 in those from A to Z, 32 at a time.
    function _lower(uint256 from, uint256 to, uint256 size) private pure {
        assembly ("memory-safe") {
            let ones := div(not(0), 255)
            for { let end := add(from, size) } lt(from, end) { from := add(from, 32) } {
                let word := mload(from)
                // What is behind the end may not be ASCII, and would carry into what is before it only from the right.
                if gt(add(from, 32), end) {
                    let unused := shl(3, sub(add(from, 32), end))
                    word := shl(unused, shr(unused, word))
                }
                // The high bit of each byte: at least A, and not beyond Z.
                let upper := and(add(word, mul(0x3f, ones)), not(add(word, mul(0x25, ones))))
                mstore(to, or(word, shr(2, and(upper, shl(7, ones)))))
                to := add(to, 32)
            }
        }
    }

    function _join(uint256 to, uint256 between, uint256 gap, uint256 item, uint256 count)
        private
        pure
    {
        assembly ("memory-safe") {
            for { let first := 1 } count { count := sub(count, 1) } {
                if iszero(first) {
                    mcopy(to, between, gap)
                    to := add(to, gap)
                }
                first := 0
                let size := and(shr(216, mload(item)), 0xffffffff)
                item := add(item, 5)
                mcopy(to, item, size)
                to := add(to, size)
                item := add(item, size)
            }
        }
    }
}
