// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Encoding} from "./Encoding.sol";
import {IPolicyCheck} from "./IPolicyCheck.sol";
import {Layout} from "./Layout.sol";
import {Opcodes, OperandKind} from "./Opcodes.sol";

/// @notice Where a program and its tables are in memory, and how many of each there are.
struct Tables {
    uint256 literals;
    uint256 rules;
    uint256 words;
    uint256 code;
    uint256 offsetsAt;
    uint256 rulesAt;
    uint256 wordsAt;
    uint256 codeAt;
    uint256 literalsAt;
    uint256 end;
}

/// @notice A rule while it is checked.
struct Rule {
    uint256 index;
    uint256 entry;
    uint256 end;
    uint256 registers;
    uint256 parameters;
    /// One byte per register: what it is used as.
    bytes uses;
}

/// @title Whether a program is valid, in the sense of section 2 of the specification
/// @notice What passes names nothing outside of itself, ends, and keeps values, iterators and builders apart, so that the
/// interpreter looks at none of that again.
library ProgramCheck {
    uint256 private constant MOST_BYTES = 24_575;
    uint256 private constant MOST_REGISTERS = 4096;
    uint256 private constant MOST_STACK = 8192;
    /// @dev What a rule in a chain of calls takes besides its registers.
    uint256 private constant FRAME = 3;

    bytes1 private constant VALUE = 0x01;
    /// @dev The builder of arrays or sets, and of objects.
    bytes1 private constant ITEMS = 0x02;
    bytes1 private constant ENTRIES = 0x03;
    bytes1 private constant ITERATOR = 0x04;
    bytes1 private constant ITERATOR_REST = 0x05;

    uint256 private constant RET = 0x00;
    uint256 private constant JMP = 0x08;
    uint256 private constant OPEN = 0x1d;
    uint256 private constant PUT = 0x1f;
    uint256 private constant SEAL = 0x20;
    uint256 private constant PACK = 0x21;
    uint256 private constant CALL = 0x22;

    /// @notice Reverts with what is wrong with the `size` bytes at `at`.
    function check(uint256 at, uint256 size) internal pure {
        if (size > MOST_BYTES) revert IPolicyCheck.ProgramTooLong(size);
        Tables memory tables = _tables(at, size);
        _checkLiterals(tables, size);
        if (tables.rules == 0) revert IPolicyCheck.InvalidRule(0);
        uint256[] memory stacks = new uint256[](tables.rules);
        uint256 free = Layout.reserve(0);
        for (uint256 i = 0; i < tables.rules; ++i) {
            _checkRule(tables, i, stacks);
            // Nothing of a rule is needed for the next one.
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    function _tables(uint256 at, uint256 size) private pure returns (Tables memory tables) {
        if (size == 0) revert IPolicyCheck.InvalidProgramLength(size);
        uint256 version = _half(at) >> 8;
        if (version != 1) revert IPolicyCheck.UnknownProgramVersion(uint8(version));
        if (size < 9) revert IPolicyCheck.InvalidProgramLength(size);
        tables.literals = _half(at + 1);
        tables.rules = _half(at + 3);
        tables.words = _half(at + 5);
        tables.code = _half(at + 7);
        tables.offsetsAt = at + 9;
        tables.rulesAt = tables.offsetsAt + 4 * tables.literals;
        tables.wordsAt = tables.rulesAt + 6 * tables.rules;
        tables.codeAt = tables.wordsAt + 2 * tables.words;
        tables.literalsAt = tables.codeAt + 7 * tables.code;
        tables.end = at + size;
        if (tables.literalsAt > tables.end) revert IPolicyCheck.InvalidProgramLength(size);
    }

    /// @dev Literals stand one behind the other, each where its offset says, up to the end.
    function _checkLiterals(Tables memory tables, uint256 size) private pure {
        uint256 most = tables.end - tables.literalsAt;
        uint256 expected = 0;
        for (uint256 i = 0; i < tables.literals; ++i) {
            uint256 at = tables.offsetsAt + 4 * i;
            uint256 end = i + 1 == tables.literals ? most : _word(at + 4);
            if (
                _word(at) != expected || end < expected || end > most
                    || !Encoding.isCanonical(
                        tables.literalsAt + expected, end - expected, MOST_BYTES
                    )
            ) revert IPolicyCheck.InvalidLiteral(i);
            expected = end;
        }
        if (expected != most) revert IPolicyCheck.InvalidProgramLength(size);
    }

    function _checkRule(Tables memory tables, uint256 index, uint256[] memory stacks) private pure {
        uint256 at = tables.rulesAt + 6 * index;
        bool last = index + 1 == tables.rules;
        Rule memory rule;
        rule.index = index;
        rule.entry = _half(at);
        rule.registers = _half(at + 2);
        rule.parameters = _half(at + 4);
        rule.end = last ? tables.code : _half(at + 6);
        if (
            rule.parameters >= rule.registers || rule.registers > MOST_REGISTERS
                || rule.entry >= rule.end || rule.end > tables.code
                || (index == 0 && rule.entry != 0) || (last && rule.parameters != 0)
        ) revert IPolicyCheck.InvalidRule(index);
        rule.uses = new bytes(rule.registers);
        // Arguments are values whatever is done with them.
        for (uint256 i = 1; i <= rule.parameters; ++i) {
            rule.uses[i] = VALUE;
        }
        uint256 below = 0;
        for (uint256 i = rule.entry; i < rule.end; ++i) {
            uint256 instruction = _instruction(tables, i);
            if (!_isValid(tables, rule, instruction)) revert IPolicyCheck.InvalidInstruction(i);
            if (instruction >> 48 == CALL) {
                uint256 stack = stacks[(instruction >> 16) & 0xffff];
                if (stack > below) below = stack;
            }
        }
        uint256 operation = _instruction(tables, rule.end - 1) >> 48;
        if (operation != RET && operation != JMP) {
            revert IPolicyCheck.InvalidInstruction(rule.end - 1);
        }
        stacks[index] = below + rule.registers + FRAME;
        if (stacks[index] > MOST_STACK) revert IPolicyCheck.TooManyRegisters(index);
    }

    function _isValid(Tables memory tables, Rule memory rule, uint256 instruction)
        private
        pure
        returns (bool)
    {
        uint256 operation = instruction >> 48;
        uint256 kinds = Opcodes.operands(operation);
        if (kinds == 0) return false;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 operand = (instruction >> (32 - 16 * i)) & 0xffff;
            if (!_isOperand(tables, rule, instruction, Opcodes.kind(kinds, i), operand)) {
                return false;
            }
        }
        // An object is packed from pairs.
        if (operation != PACK || instruction & 0xffff != 2) return true;
        return _half(tables.wordsAt + 2 * ((instruction >> 16) & 0xffff)) % 2 == 0;
    }

    function _isOperand(
        Tables memory tables,
        Rule memory rule,
        uint256 instruction,
        OperandKind kind,
        uint256 operand
    ) private pure returns (bool) {
        if (kind == OperandKind.Register) return _uses(rule, operand, VALUE);
        if (kind == OperandKind.None) return operand == 0;
        if (kind == OperandKind.Target) return operand >= rule.entry && operand < rule.end;
        if (kind == OperandKind.Literal) return operand < tables.literals;
        if (kind == OperandKind.UpTo1) return operand <= 1;
        if (kind == OperandKind.UpTo2) return operand <= 2;
        if (kind == OperandKind.UpTo7) return operand <= 7;
        if (kind == OperandKind.Builder) return _builds(rule, instruction, operand);
        if (kind == OperandKind.Iterator) {
            return _uses(rule, operand, ITERATOR) && _uses(rule, operand + 1, ITERATOR_REST)
                && _uses(rule, operand + 2, ITERATOR_REST);
        }
        if (kind == OperandKind.Rule) return operand < rule.index;
        if (kind == OperandKind.List) return _isList(tables, rule, operand, type(uint256).max);
        if (kind == OperandKind.ListOf3) return _isList(tables, rule, operand, 3);
        // As many as the rule that the operand before names has parameters.
        uint256 callee = (instruction >> 16) & 0xffff;
        return _isList(tables, rule, operand, _half(tables.rulesAt + 6 * callee + 4));
    }

    /// @dev A list of registers that are values, `wanted` of them unless that is the largest number.
    function _isList(Tables memory tables, Rule memory rule, uint256 index, uint256 wanted)
        private
        pure
        returns (bool)
    {
        if (index >= tables.words) return false;
        uint256 at = tables.wordsAt + 2 * index;
        uint256 count = _half(at);
        if (wanted != type(uint256).max && count != wanted) return false;
        if (index + 1 + count > tables.words) return false;
        for (uint256 i = 0; i < count; ++i) {
            at += 2;
            if (!_uses(rule, _half(at), VALUE)) return false;
        }
        return true;
    }

    /// @dev Whether a register is a builder for what the instruction does with it: what items are added to holds no entries.
    function _builds(Rule memory rule, uint256 instruction, uint256 register)
        private
        pure
        returns (bool)
    {
        uint256 operation = instruction >> 48;
        if (operation == SEAL) {
            if (register >= rule.registers) return false;
            return rule.uses[register] == ITEMS || rule.uses[register] == ENTRIES;
        }
        bool entries = operation == PUT || (operation == OPEN && (instruction >> 16) & 0xffff == 2);
        return _uses(rule, register, entries ? ENTRIES : ITEMS);
    }

    /// @dev Whether a register exists and is used as nothing else.
    function _uses(Rule memory rule, uint256 register, bytes1 use) private pure returns (bool) {
        if (register >= rule.registers) return false;
        bytes1 former = rule.uses[register];
        if (former == 0) {
            rule.uses[register] = use;
            return true;
        }
        return former == use;
    }

    /// @dev `op(1) a(2) b(2) c(2)`
    function _instruction(Tables memory tables, uint256 index) private pure returns (uint256 word) {
        uint256 at = tables.codeAt + 7 * index;
        assembly ("memory-safe") {
            word := shr(200, mload(at))
        }
    }

    function _half(uint256 at) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := shr(240, mload(at))
        }
    }

    function _word(uint256 at) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := shr(224, mload(at))
        }
    }
}
