// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice What an operand is.
enum OperandKind {
    /// Not used; zero.
    None,
    /// A register that holds a value.
    Register,
    /// The first of an iterator's three registers.
    Iterator,
    /// A register that holds a builder.
    Builder,
    Literal,
    /// An instruction of the same rule.
    Target,
    UpTo1,
    UpTo2,
    UpTo7,
    /// A list of registers.
    List,
    ListOf3,
    /// A rule with a smaller number.
    Rule,
    /// A list of arguments of that rule.
    Arguments
}

/// @title The operations that there are, and what their operands are
library Opcodes {
    /// @notice What the three operands of an operation are; 0 if there is no such operation.
    function operands(uint256 operation) internal pure returns (uint256 kinds) {
        return (_row(operation >> 4) >> (240 - 16 * (operation & 15))) & 0xffff;
    }

    /// @notice The kind of operand 0, 1 or 2.
    function kind(uint256 kinds, uint256 operand) internal pure returns (OperandKind) {
        return OperandKind((kinds >> (8 - 4 * operand)) & 15);
    }

    /// @dev Sixteen operations, four digits each: the last three are the kinds of a, b and c. All zero is none.
    function _row(uint256 index) private pure returns (uint256) {
        // RET LIT INPUT DATA, MOVE BOOL INDEX FIELD, JMP JT JF JU, JD NOT EQ NE
        if (index == 0) {
            return 0x0100014001000100_0110016001110114_0500015001500150_0150011001110111;
        }
        // LT LE GT GE, ADD SUB MUL MOD, IN ITER NEXT KEY, YIELD OPEN PUSH PUT
        if (index == 1) {
            return 0x0111011101110111_0111011101110111_0111021502150120_0110037003100311;
        }
        // SEAL PACK CALL DEF
        if (index == 2) {
            return 0x0130019701bc0100_0000000000000000_0000000000000000_0000000000000000;
        }
        // COUNT SUM MIN MAX, ABS LOWER STARTS ENDS, CONTAINS JOIN FORMAT SUBSTR, TRIM TRIML TRIMR TRIMP
        if (index == 3) {
            return 0x0110011001100110_0110011001110111_01110111011101a0_0111011101110111;
        }
        // TRIMS GET KEYS UNION, INTER TYPE ACAT SORT
        if (index == 4) {
            return 0x011101a001100111_0111011801110110_0000000000000000_0000000000000000;
        }
        return 0;
    }
}
