// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Equality} from "./Equality.sol";
import {Fuel, PASSED} from "./Fuel.sol";
import {BASE, DATA, INPUT, MEMO, PC, RULES, TOP} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {FAULT_CONFLICT, FAULT_TYPE, Outcome} from "./Outcome.sol";
import {Values} from "./Values.sol";

/// @title Instructions that move values, jump, call and return
/// @dev A rule's registers stand behind three words of its own: its caller's registers, the instruction to go on at, and
/// below that register that takes the value; above 128 bits, where a rule without parameters keeps it.
library Flow {
    /// @dev `RET a`
    function ret(uint256 word) internal pure {
        uint256 value = Operands.readA(word);
        bool last;
        assembly ("memory-safe") {
            let base := mload(BASE)
            let outer := mload(sub(base, 0x60))
            switch outer
            case 0 { last := 1 }
            default {
                let dest := mload(sub(base, 0x20))
                let memo := shr(128, dest)
                if memo { mstore(memo, add(value, 1)) }
                mstore(and(dest, 0xffffffffffffffffffffffffffffffff), value)
                mstore(PC, mload(sub(base, 0x40)))
                mstore(BASE, outer)
                mstore(TOP, sub(base, 0x60))
            }
        }
        if (!last) return;
        if (value == 0) Outcome.result(0, 0);
        uint256 size = Values.size(value);
        Fuel.pay(Fuel.written(size));
        Outcome.result(value, size);
    }

    /// @dev `LIT a b`
    function lit(uint256 word) internal pure {
        Operands.writeA(word, Operands.literal(Operands.b(word)));
    }

    /// @dev `INPUT a`
    function input(uint256 word) internal pure {
        uint256 value;
        assembly ("memory-safe") {
            value := mload(INPUT)
        }
        Operands.writeA(word, value);
    }

    /// @dev `DATA a`
    function data(uint256 word) internal pure {
        uint256 value;
        assembly ("memory-safe") {
            value := mload(DATA)
        }
        Operands.writeA(word, value);
    }

    /// @dev `MOVE a b`
    function move(uint256 word) internal pure {
        Operands.writeA(word, Operands.readB(word));
    }

    /// @dev `BOOL a b`
    function boolean(uint256 word) internal pure {
        Operands.writeA(word, Values.boolean(Operands.b(word) != 0));
    }

    /// @dev `JMP a`
    function jmp(uint256 word) internal pure {
        uint256 target;
        assembly ("memory-safe") {
            target := and(shr(232, word), 0xffff)
        }
        Operands.jump(target);
    }

    /// @dev `JT a b`
    function jt(uint256 word) internal pure {
        if (_truthy(Operands.readA(word))) Operands.jump(Operands.b(word));
    }

    /// @dev `JF a b`
    function jf(uint256 word) internal pure {
        if (!_truthy(Operands.readA(word))) Operands.jump(Operands.b(word));
    }

    /// @dev `JU a b`
    function ju(uint256 word) internal pure {
        if (Operands.readA(word) == 0) Operands.jump(Operands.b(word));
    }

    /// @dev `JD a b`
    function jd(uint256 word) internal pure {
        if (Operands.readA(word) != 0) Operands.jump(Operands.b(word));
    }

    /// @dev `DEF a`
    function def(uint256 word) internal pure {
        if (Operands.readA(word) == 0) Outcome.fault(FAULT_TYPE);
    }

    /// @dev `NOT a b`
    function not_(uint256 word) internal pure {
        Operands.writeA(word, Values.boolean(!_truthy(Operands.readB(word))));
    }

    /// @dev `YIELD a b`
    function yield(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value == 0) return;
        uint256 former = Operands.readA(word);
        if (former == 0) Operands.writeA(word, value);
        else if (!Equality.equal(former, value)) Outcome.fault(FAULT_CONFLICT);
    }

    /// @dev `CALL a b c`
    function call(uint256 word) internal pure {
        unchecked {
            uint256 rule = Operands.b(word);
            uint256 known;
            assembly ("memory-safe") {
                known := mload(add(mload(MEMO), shl(5, rule)))
            }
            if (known != 0) {
                Operands.writeA(word, known - 1);
                return;
            }
            (uint256 count, uint256 list) = Operands.list(Operands.c(word));
            Fuel.pay(PASSED * count);
            for (uint256 i = 0; i < count; ++i) {
                if (Operands.read(list + 2 * i) == 0) {
                    Operands.writeA(word, 0);
                    return;
                }
            }
            uint256 base = _enter(word, rule);
            _pass(list, count, base);
            assembly ("memory-safe") {
                mstore(BASE, base)
            }
        }
    }

    /// @dev Makes room for the registers of `rule`, all undefined, and goes on there.
    function _enter(uint256 word, uint256 rule) private pure returns (uint256 base) {
        uint256 head;
        uint256 size;
        assembly ("memory-safe") {
            // entry(2) registers(2) parameters(2)
            head := mload(add(mload(RULES), mul(6, rule)))
            size := and(shr(219, head), 0x1fffe0)
        }
        Fuel.pay(Fuel.words(size >> 3));
        assembly ("memory-safe") {
            base := mload(TOP)
            let outer := mload(BASE)
            mstore(base, outer)
            mstore(add(base, 0x20), mload(PC))
            let dest := add(outer, and(shr(227, word), 0x1fffe0))
            if iszero(and(shr(208, head), 0xffff)) {
                dest := or(dest, shl(128, add(mload(MEMO), shl(5, rule))))
            }
            mstore(add(base, 0x40), dest)
            base := add(base, 0x60)
            // There is no call data there, which is read as zeros.
            calldatacopy(base, calldatasize(), size)
            mstore(TOP, add(base, size))
        }
        Operands.jump(head >> 240);
    }

    /// @dev Copies the arguments to the registers from 1 on.
    function _pass(uint256 list, uint256 count, uint256 base) private pure {
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 value = Operands.read(list + 2 * i);
                assembly ("memory-safe") {
                    mstore(add(base, shl(5, add(i, 1))), value)
                }
            }
        }
    }

    /// @dev Memory at 0 is 0, so that undefined is read as false.
    function _truthy(uint256 place) private pure returns (bool truthy) {
        assembly ("memory-safe") {
            truthy := iszero(iszero(byte(0, mload(place))))
        }
    }
}
