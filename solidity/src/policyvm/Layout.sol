// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/*
 * Where the machine keeps what it knows. An evaluation is one call that has all memory to itself, so that everything but
 * the heap stands at an address that is known when this is compiled:
 *
 *   0x00 … 0x3f      never written: place 0 is undefined, and read as a value it is false
 *   0x40             where the heap ends, Solidity's own pointer; values are written there and never moved
 *   0x80 … 0x25f     the words below
 *   FRAMES           what `Order` has open, 64 levels of 4 words
 *   HANDLERS         a function per operation
 *   HEAP             program, data, input, memo, the stack of registers, then the heap
 *
 * A value is the memory address where its encoding begins, its *place*. A register is a word that holds a place or 0.
 */

/// @dev Fuel that is left, signed: who spends more than there is has a debt, which ends the evaluation before anything
/// else is answered (`Fuel`).
uint256 constant FUEL = 0x80;
/// @dev The fuel that the evaluation began with.
uint256 constant LIMIT = 0xa0;
/// @dev Address of the next instruction.
uint256 constant PC = 0xc0;
/// @dev Address of register 0 of the rule that runs.
uint256 constant BASE = 0xe0;
/// @dev Address behind the last register of the rule that runs.
uint256 constant TOP = 0x100;
/// @dev Address of instruction 0.
uint256 constant CODE = 0x120;
/// @dev Address of the heads of the rules.
uint256 constant RULES = 0x140;
/// @dev Address of the operand lists.
uint256 constant WORDS = 0x160;
/// @dev Address of the offsets of the literals.
uint256 constant OFFSETS = 0x180;
/// @dev Address of the literals.
uint256 constant LITERALS = 0x1a0;
/// @dev Place of the input.
uint256 constant INPUT = 0x1c0;
/// @dev Place of the data.
uint256 constant DATA = 0x1e0;
/// @dev Address of a word per rule: 0, or 1 more than the place of its value.
uint256 constant MEMO = 0x200;
/// @dev Place of false; true is the byte behind it.
uint256 constant BOOLEANS = 0x220;
/// @dev Not 0 while encodings are checked, when nothing is evaluated that could end with an error (`Encoding`).
uint256 constant CHECKING = 0x240;
/// @dev 64 levels of `Order`: left, right, items to come, order of the counts.
uint256 constant FRAMES = 0x260;
/// @dev 128 words, a function pointer for each operation.
uint256 constant HANDLERS = 0x2260;
/// @dev Where memory is handed out from.
uint256 constant HEAP = 0x3260;

/// @dev Tags of values.
uint256 constant NEGATIVE = 3;
uint256 constant POSITIVE = 2;
uint256 constant STRING = 4;
uint256 constant ARRAY = 5;
uint256 constant OBJECT = 6;
uint256 constant SET = 7;

/// @title Takes the memory of a call for a machine
library Layout {
    /// @notice Something stands in memory already.
    error MemoryInUse();

    /// @notice To be called first: nothing else has memory in this call.
    function claim() internal pure {
        bool free;
        assembly ("memory-safe") {
            free := eq(mload(0x40), 0x80)
        }
        if (!free) revert MemoryInUse();
        assembly ("memory-safe") {
            mstore(0x40, HEAP)
            mstore(BOOLEANS, shl(240, 1))
        }
    }

    /// @notice Takes `size` bytes from the heap.
    function reserve(uint256 size) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := mload(0x40)
            mstore(0x40, add(at, size))
        }
    }
}
