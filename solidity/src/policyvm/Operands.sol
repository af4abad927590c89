// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BASE, CODE, LITERALS, OFFSETS, PC, WORDS} from "./Layout.sol";

/// @title The operands of an instruction: `op(1) a(2) b(2) c(2)` at the top of a word
/// @notice A valid program names nothing outside of itself (`ProgramCheck`), so that nothing is checked here.
library Operands {
    /// @notice The value of register a.
    function readA(uint256 word) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(mload(BASE), and(shr(227, word), 0x1fffe0)))
        }
    }

    /// @notice The value of register b.
    function readB(uint256 word) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(mload(BASE), and(shr(211, word), 0x1fffe0)))
        }
    }

    /// @notice The value of register c.
    function readC(uint256 word) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(mload(BASE), and(shr(195, word), 0x1fffe0)))
        }
    }

    /// @notice Sets register a.
    function writeA(uint256 word, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(add(mload(BASE), and(shr(227, word), 0x1fffe0)), value)
        }
    }

    /// @notice The number b.
    function b(uint256 word) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := and(shr(216, word), 0xffff)
        }
    }

    /// @notice The number c.
    function c(uint256 word) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := and(shr(200, word), 0xffff)
        }
    }

    /// @notice The place of a literal.
    function literal(uint256 index) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(mload(LITERALS), shr(224, mload(add(mload(OFFSETS), shl(2, index)))))
        }
    }

    /// @notice Goes on at instruction `target`.
    function jump(uint256 target) internal pure {
        assembly ("memory-safe") {
            mstore(PC, add(mload(CODE), mul(7, target)))
        }
    }

    /// @notice How many registers the operand list `index` names, and where their numbers begin.
    function list(uint256 index) internal pure returns (uint256 count, uint256 at) {
        assembly ("memory-safe") {
            at := add(mload(WORDS), shl(1, index))
            count := shr(240, mload(at))
            at := add(at, 2)
        }
    }

    /// @notice The value of the register that is named at `at` in an operand list.
    function read(uint256 at) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(mload(BASE), and(shr(235, mload(at)), 0x1fffe0)))
        }
    }
}
