// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice A program as it is written.
struct Draft {
    uint16 literals;
    uint16 rules;
    bytes offsets;
    bytes blob;
    bytes heads;
    bytes words;
    bytes code;
    /// Of the rule that was begun last.
    uint16 registers;
}

/// @title Operations, by their names in the specification
library Op {
    uint8 internal constant RET = 0x00;
    uint8 internal constant LIT = 0x01;
    uint8 internal constant INPUT = 0x02;
    uint8 internal constant DATA = 0x03;
    uint8 internal constant MOVE = 0x04;
    uint8 internal constant BOOL = 0x05;
    uint8 internal constant INDEX = 0x06;
    uint8 internal constant FIELD = 0x07;
    uint8 internal constant JMP = 0x08;
    uint8 internal constant JT = 0x09;
    uint8 internal constant JF = 0x0a;
    uint8 internal constant JU = 0x0b;
    uint8 internal constant JD = 0x0c;
    uint8 internal constant NOT = 0x0d;
    uint8 internal constant EQ = 0x0e;
    uint8 internal constant NE = 0x0f;
    uint8 internal constant LT = 0x10;
    uint8 internal constant LE = 0x11;
    uint8 internal constant GT = 0x12;
    uint8 internal constant GE = 0x13;
    uint8 internal constant ADD = 0x14;
    uint8 internal constant SUB = 0x15;
    uint8 internal constant MUL = 0x16;
    uint8 internal constant MOD = 0x17;
    uint8 internal constant IN = 0x18;
    uint8 internal constant ITER = 0x19;
    uint8 internal constant NEXT = 0x1a;
    uint8 internal constant KEY = 0x1b;
    uint8 internal constant YIELD = 0x1c;
    uint8 internal constant OPEN = 0x1d;
    uint8 internal constant PUSH = 0x1e;
    uint8 internal constant PUT = 0x1f;
    uint8 internal constant SEAL = 0x20;
    uint8 internal constant PACK = 0x21;
    uint8 internal constant CALL = 0x22;
    uint8 internal constant DEF = 0x23;
    uint8 internal constant COUNT = 0x30;
    uint8 internal constant SUM = 0x31;
    uint8 internal constant MIN = 0x32;
    uint8 internal constant MAX = 0x33;
    uint8 internal constant ABS = 0x34;
    uint8 internal constant LOWER = 0x35;
    uint8 internal constant STARTS = 0x36;
    uint8 internal constant ENDS = 0x37;
    uint8 internal constant CONTAINS = 0x38;
    uint8 internal constant JOIN = 0x39;
    uint8 internal constant FORMAT = 0x3a;
    uint8 internal constant SUBSTR = 0x3b;
    uint8 internal constant TRIM = 0x3c;
    uint8 internal constant TRIML = 0x3d;
    uint8 internal constant TRIMR = 0x3e;
    uint8 internal constant TRIMP = 0x3f;
    uint8 internal constant TRIMS = 0x40;
    uint8 internal constant GET = 0x41;
    uint8 internal constant KEYS = 0x42;
    uint8 internal constant UNION = 0x43;
    uint8 internal constant INTER = 0x44;
    uint8 internal constant TYPE = 0x45;
    uint8 internal constant ACAT = 0x46;
    uint8 internal constant SORT = 0x47;
}

/// @title Writes programs
library Assembler {
    /// @notice Adds a literal; gives its number.
    function literal(Draft memory draft, bytes memory value) internal pure returns (uint16) {
        draft.offsets = bytes.concat(draft.offsets, bytes4(uint32(draft.blob.length)));
        draft.blob = bytes.concat(draft.blob, value);
        return draft.literals++;
    }

    /// @notice Begins a rule; gives its number.
    function rule(Draft memory draft, uint16 registers, uint16 parameters)
        internal
        pure
        returns (uint16)
    {
        draft.heads = bytes.concat(
            draft.heads, bytes2(here(draft)), bytes2(registers), bytes2(parameters)
        );
        draft.registers = registers;
        return draft.rules++;
    }

    /// @notice The number of the next instruction.
    function here(Draft memory draft) internal pure returns (uint16) {
        return uint16(draft.code.length / 7);
    }

    /// @notice Adds an instruction; gives its number.
    function add(Draft memory draft, uint8 operation, uint16 a, uint16 b, uint16 c)
        internal
        pure
        returns (uint16 at)
    {
        at = here(draft);
        draft.code = bytes.concat(draft.code, bytes1(operation), bytes2(a), bytes2(b), bytes2(c));
    }

    /// @notice Sets operand 0, 1 or 2 of an instruction, once a target is known.
    function patch(Draft memory draft, uint16 at, uint256 operand, uint16 value) internal pure {
        draft.code[uint256(at) * 7 + 1 + 2 * operand] = bytes1(uint8(value >> 8));
        draft.code[uint256(at) * 7 + 2 + 2 * operand] = bytes1(uint8(value));
    }

    /// @notice Adds an operand list; gives its number.
    function list(Draft memory draft, uint16[] memory registers) internal pure returns (uint16 at) {
        at = uint16(draft.words.length / 2);
        draft.words = bytes.concat(draft.words, bytes2(uint16(registers.length)));
        for (uint256 i = 0; i < registers.length; ++i) {
            draft.words = bytes.concat(draft.words, bytes2(registers[i]));
        }
    }

    function list(Draft memory draft) internal pure returns (uint16) {
        return list(draft, new uint16[](0));
    }

    function list(Draft memory draft, uint16 a) internal pure returns (uint16) {
        uint16[] memory registers = new uint16[](1);
        registers[0] = a;
        return list(draft, registers);
    }

    function list(Draft memory draft, uint16 a, uint16 b) internal pure returns (uint16) {
        uint16[] memory registers = new uint16[](2);
        (registers[0], registers[1]) = (a, b);
        return list(draft, registers);
    }

    function list(Draft memory draft, uint16 a, uint16 b, uint16 c) internal pure returns (uint16) {
        uint16[] memory registers = new uint16[](3);
        (registers[0], registers[1], registers[2]) = (a, b, c);
        return list(draft, registers);
    }

    /// @notice The program.
    function assemble(Draft memory draft) internal pure returns (bytes memory) {
        bytes memory head = abi.encodePacked(
            uint8(1),
            draft.literals,
            draft.rules,
            uint16(draft.words.length / 2),
            uint16(draft.code.length / 7)
        );
        return bytes.concat(head, draft.offsets, draft.heads, draft.words, draft.code, draft.blob);
    }
}
