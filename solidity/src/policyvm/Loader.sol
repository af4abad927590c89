// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ARGUMENT_WORD, Fuel} from "./Fuel.sol";
import {IPolicyVM} from "./IPolicyVM.sol";
import {
    BASE,
    CODE,
    DATA,
    FUEL,
    INPUT,
    LIMIT,
    LITERALS,
    Layout,
    MEMO,
    OBJECT,
    OFFSETS,
    PC,
    RULES,
    STRING,
    TOP,
    WORDS
} from "./Layout.sol";
import {Operands} from "./Operands.sol";

/// @title Puts a program and what it is run on into memory, each once
/// @notice The version and that all tables lie inside the code are looked at. All else that makes a program valid is what
/// `ProgramCheck` says, once, before a program is ever run.
library Loader {
    uint256 private constant HEAD = 9;
    /// @dev The most words that the registers of a valid program take at a time, with three for each rule that runs.
    uint256 private constant MOST_STACK = 8192;

    /// @notice Reads the program from the code of `program`: `0x00 ‖ program`.
    function load(address program, uint64 limit) internal view {
        uint256 size;
        uint256 at;
        bool known;
        assembly ("memory-safe") {
            mstore(LIMIT, limit)
            mstore(FUEL, limit)
            at := mload(0x40)
            size := extcodesize(program)
            if gt(size, HEAD) {
                extcodecopy(program, at, 0, size)
                // STOP, then version 1
                known := eq(shr(240, mload(at)), 1)
                at := add(at, 1)
                size := sub(size, 1)
                mstore(0x40, add(at, size))
            }
        }
        if (!known || !_tables(at, size)) revert IPolicyVM.InvalidProgram(program);
    }

    /// @dev Finds the tables of a program; false if they do not fit into it, or if there is no rule.
    function _tables(uint256 at, uint256 size) private pure returns (bool inside) {
        uint256 literals;
        uint256 rules;
        assembly ("memory-safe") {
            let head := mload(at)
            literals := and(shr(232, head), 0xffff)
            rules := and(shr(216, head), 0xffff)
            let words := and(shr(200, head), 0xffff)
            let code := and(shr(184, head), 0xffff)
            let end := add(at, size)
            at := add(at, HEAD)
            mstore(OFFSETS, at)
            at := add(at, shl(2, literals))
            mstore(RULES, at)
            at := add(at, mul(6, rules))
            mstore(WORDS, at)
            at := add(at, shl(1, words))
            mstore(CODE, at)
            at := add(at, mul(7, code))
            mstore(LITERALS, at)
            inside := and(iszero(gt(at, end)), iszero(iszero(rules)))
            size := sub(end, at)
        }
        if (inside) Fuel.spend(Fuel.words(size) + rules);
    }

    /// @notice The object `{"parameters": parameters}` with room for so many bytes at `at`.
    function data(uint256 size) internal pure returns (uint256 at) {
        Fuel.pay(ARGUMENT_WORD * Fuel.words(size));
        uint256 place = Layout.reserve(24 + size);
        at = place + 24;
        assembly ("memory-safe") {
            // An object of 19 bytes and the parameters, with one entry, whose key is a string of 10 bytes.
            let head := or(shl(64, OBJECT), or(shl(32, add(size, 19)), 1))
            mstore(place, shl(184, head))
            mstore(add(place, 9), shl(216, or(shl(32, STRING), 10)))
            mstore(add(place, 14), "parameters")
            mstore(DATA, place)
        }
    }

    /// @notice Copies the input from calldata.
    function input(bytes calldata value) internal pure {
        Fuel.pay(ARGUMENT_WORD * Fuel.words(value.length));
        uint256 at = Layout.reserve(value.length);
        assembly ("memory-safe") {
            calldatacopy(at, value.offset, value.length)
            mstore(INPUT, at)
        }
    }

    /// @notice Makes room for registers, and goes to the first instruction of the entry rule.
    function start() internal pure {
        uint256 rules;
        uint256 stack;
        uint256 head;
        assembly ("memory-safe") {
            let at := mload(RULES)
            let end := mload(WORDS)
            rules := div(sub(end, at), 6)
            // No chain of calls has more than all rules, since no rule is in it twice.
            for {} lt(at, end) { at := add(at, 6) } {
                head := mload(at)
                // Each rule in a chain has three words besides its registers (`Flow`).
                stack := add(stack, add(3, and(shr(224, head), 0xffff)))
            }
        }
        if (stack > MOST_STACK) stack = MOST_STACK;
        uint256 own = (head >> 224) & 0xffff;
        Fuel.pay(Fuel.words(4 * own));
        uint256 memo = Layout.reserve(32 * rules);
        uint256 base = Layout.reserve(32 * stack) + 96;
        assembly ("memory-safe") {
            // Memory that nothing was written to is zero: no rule has a value, no register, and the entry rule no caller.
            mstore(MEMO, memo)
            mstore(BASE, base)
            mstore(TOP, add(base, shl(5, own)))
        }
        Operands.jump(head >> 240);
    }
}
