// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Fuel, STEP} from "./Fuel.sol";
import {ARRAY, BASE, OBJECT} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {FAULT_TYPE, Outcome} from "./Outcome.sol";
import {Values} from "./Values.sol";

/// @title Iterators: three registers
/// @dev The next item; the kind above 32 bits and how many are left; what `KEY` asks for: in an array how many were given,
/// otherwise the place of the key or member.
library Iteration {
    /// @dev `ITER a b c`
    function iter(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value == 0) return Operands.jump(Operands.c(word));
        if (Values.kind(value) < ARRAY) Outcome.fault(FAULT_TYPE);
        assembly ("memory-safe") {
            let head := mload(value)
            let at := add(mload(BASE), and(shr(227, word), 0x1fffe0))
            mstore(at, add(value, 9))
            mstore(add(at, 0x20), or(shl(32, byte(0, head)), and(shr(184, head), 0xffffffff)))
            mstore(add(at, 0x40), 0)
        }
    }

    /// @dev `NEXT a b c`
    function next(uint256 word) internal pure {
        unchecked {
            uint256 at;
            uint256 left;
            assembly ("memory-safe") {
                at := add(mload(BASE), and(shr(227, word), 0x1fffe0))
                left := mload(add(at, 0x20))
            }
            if (left & 0xffffffff == 0) {
                Operands.jump(Operands.c(word));
                return;
            }
            Fuel.spend(STEP);
            uint256 item;
            uint256 key;
            assembly ("memory-safe") {
                item := mload(at)
                key := item
                if eq(shr(32, left), ARRAY) { key := add(mload(add(at, 0x40)), 1) }
                mstore(add(at, 0x40), key)
            }
            if (left >> 32 == OBJECT) item += Values.size(item);
            uint256 after_ = item + Values.size(item);
            assembly ("memory-safe") {
                mstore(at, after_)
                mstore(add(at, 0x20), sub(left, 1))
                mstore(add(mload(BASE), and(shr(211, word), 0x1fffe0)), item)
            }
        }
    }

    /// @dev `KEY a b`
    function key_(uint256 word) internal pure {
        unchecked {
            uint256 key;
            bool counted;
            assembly ("memory-safe") {
                let at := add(mload(BASE), and(shr(211, word), 0x1fffe0))
                key := mload(add(at, 0x40))
                counted := eq(shr(32, mload(add(at, 0x20))), ARRAY)
            }
            if (key != 0 && counted) key = Values.write(false, key - 1);
            Operands.writeA(word, key);
        }
    }
}
