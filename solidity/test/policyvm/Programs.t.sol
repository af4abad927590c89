// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {PolicyVMTest} from "./PolicyVMTest.sol";
import {IPolicyCheck} from "writ/policyvm/IPolicyCheck.sol";
import {IPolicyVM} from "writ/policyvm/IPolicyVM.sol";

/// @title Which programs are valid, and what those that are not can do
contract ProgramsTest is PolicyVMTest {
    using Assembler for Draft;

    function _refused(Draft memory draft, bytes memory reason) private view {
        _refused(address(checker), abi.encodeCall(checker.checkProgram, (draft.assemble())), reason);
    }

    function _refused(address target, bytes memory data, bytes memory reason) private view {
        (bool success, bytes memory answer) = target.staticcall(data);
        assertFalse(success);
        assertEq(answer, reason);
    }

    function _refused(Draft memory draft, bytes4 selector, uint256 index) private view {
        _refused(draft, abi.encodeWithSelector(selector, index));
    }

    /// @dev One instruction, and a return behind it.
    function _instruction(uint8 operation, uint16 a, uint16 b, uint16 c)
        private
        pure
        returns (Draft memory draft)
    {
        draft.rule(2, 1);
        draft.add(Op.RET, 1, 0, 0);
        draft.rule(8, 0);
        draft.literal(Encode.natural(1));
        draft.list(1, 2);
        draft.list(1);
        draft.list(1, 2, 3);
        draft.add(operation, a, b, c);
        draft.add(Op.RET, 0, 0, 0);
    }

    function _valid(uint8 operation, uint16 a, uint16 b, uint16 c) private view {
        checker.checkProgram(_instruction(operation, a, b, c).assemble());
    }

    function _invalid(uint8 operation, uint16 a, uint16 b, uint16 c) private view {
        _refused(_instruction(operation, a, b, c), IPolicyCheck.InvalidInstruction.selector, 1);
    }

    function test_operandsOfEachKind() public view {
        _valid(Op.MOVE, 7, 7, 0);
        _invalid(Op.MOVE, 8, 0, 0);
        _invalid(Op.MOVE, 0, 8, 0);
        _invalid(Op.MOVE, 0, 0, 1);
        _valid(Op.LIT, 7, 0, 0);
        _invalid(Op.LIT, 7, 1, 0);
        _valid(Op.FIELD, 7, 1, 0);
        _invalid(Op.FIELD, 7, 1, 1);
        _valid(Op.JMP, 2, 0, 0);
        _invalid(Op.JMP, 3, 0, 0);
        // Of another rule.
        _invalid(Op.JMP, 0, 0, 0);
        _valid(Op.BOOL, 1, 1, 0);
        _invalid(Op.BOOL, 1, 2, 0);
        _valid(Op.OPEN, 1, 2, 0);
        _invalid(Op.OPEN, 1, 3, 0);
        _valid(Op.TYPE, 1, 1, 7);
        _invalid(Op.TYPE, 1, 1, 8);
        _valid(Op.ITER, 5, 1, 2);
        _invalid(Op.ITER, 6, 1, 2);
        // The iterator covers what is read.
        _invalid(Op.ITER, 1, 2, 2);
        _invalid(Op.PUSH, 1, 1, 0);
        _valid(Op.PACK, 7, 0, 2);
        // One register is no pair.
        _invalid(Op.PACK, 7, 3, 2);
        _valid(Op.PACK, 7, 3, 1);
        _invalid(Op.PACK, 7, 0, 3);
        _invalid(Op.PACK, 7, 9, 0);
        // A list that goes on behind the last word: the word at 8 says 3.
        _invalid(Op.PACK, 7, 8, 0);
        _valid(Op.CALL, 7, 0, 3);
        _invalid(Op.CALL, 7, 0, 0);
        _invalid(Op.CALL, 7, 1, 3);
        _invalid(Op.CALL, 7, 2, 3);
        _valid(Op.GET, 7, 5, 0);
        _invalid(Op.GET, 7, 0, 0);
        _valid(Op.DEF, 7, 0, 0);
        _invalid(0x24, 0, 0, 0);
        _invalid(0x2f, 0, 0, 0);
        _invalid(0x48, 0, 0, 0);
        _invalid(0x80, 0, 0, 0);
        _invalid(0xff, 0, 0, 0);
    }

    function test_registersAreUsedAsOneThing() public view {
        Draft memory draft = begin(8, Encode.list());
        draft.add(Op.OPEN, 3, 0, 0);
        draft.add(Op.RET, 3, 0, 0);
        _refused(draft, IPolicyCheck.InvalidInstruction.selector, 1);
        draft = begin(8, Encode.list());
        draft.add(Op.NEXT, 3, 1, 0);
        draft.add(Op.RET, 5, 0, 0);
        _refused(draft, IPolicyCheck.InvalidInstruction.selector, 1);
        draft = begin(8, Encode.list());
        draft.add(Op.NEXT, 3, 1, 0);
        draft.add(Op.NEXT, 4, 1, 0);
        draft.add(Op.RET, 0, 0, 0);
        _refused(draft, IPolicyCheck.InvalidInstruction.selector, 1);
        // An argument is a value.
        draft = begin(1, Encode.list());
        draft.rules = 0;
        draft.heads = "";
        draft.rule(2, 1);
        draft.add(Op.SEAL, 0, 1, 0);
        draft.add(Op.RET, 0, 0, 0);
        draft.rule(1, 0);
        draft.add(Op.RET, 0, 0, 0);
        _refused(draft, IPolicyCheck.InvalidInstruction.selector, 0);
    }

    function test_aBuilderIsOfItemsOrOfEntries() public view {
        for (uint16 kind = 0; kind < 3; ++kind) {
            Draft memory draft = begin(8, Encode.list());
            draft.add(Op.OPEN, 3, kind, 0);
            draft.add(Op.PUSH, 3, 1, 0);
            draft.add(Op.SEAL, 0, 3, 0);
            draft.add(Op.RET, 0, 0, 0);
            if (kind == 2) _refused(draft, IPolicyCheck.InvalidInstruction.selector, 1);
            else checker.checkProgram(draft.assemble());
            draft = begin(8, Encode.list());
            draft.add(Op.OPEN, 3, kind, 0);
            draft.add(Op.PUT, 3, 1, 1);
            draft.add(Op.SEAL, 0, 3, 0);
            draft.add(Op.RET, 0, 0, 0);
            if (kind != 2) _refused(draft, IPolicyCheck.InvalidInstruction.selector, 1);
            else checker.checkProgram(draft.assemble());
        }
        Draft memory unopened = begin(8, Encode.list());
        unopened.add(Op.SEAL, 0, 3, 0);
        unopened.add(Op.RET, 0, 0, 0);
        _refused(unopened, IPolicyCheck.InvalidInstruction.selector, 0);
    }

    function test_rules() public view {
        Draft memory draft;
        _refused(draft, IPolicyCheck.InvalidRule.selector, 0);
        draft.rule(0, 0);
        draft.add(Op.RET, 0, 0, 0);
        _refused(draft, IPolicyCheck.InvalidRule.selector, 0);
        draft.heads = abi.encodePacked(uint16(0), uint16(4097), uint16(0));
        _refused(draft, IPolicyCheck.InvalidRule.selector, 0);
        draft.heads = abi.encodePacked(uint16(0), uint16(2), uint16(1));
        _refused(draft, IPolicyCheck.InvalidRule.selector, 0);
        draft.heads = abi.encodePacked(uint16(1), uint16(1), uint16(0));
        _refused(draft, IPolicyCheck.InvalidRule.selector, 0);
        draft.heads = abi.encodePacked(uint16(0), uint16(4096), uint16(0));
        checker.checkProgram(draft.assemble());
        // Without an instruction.
        draft.rule(1, 0);
        _refused(draft, IPolicyCheck.InvalidRule.selector, 1);
        // It would go on in the next rule, or behind the end.
        draft = begin(2, Encode.list());
        draft.add(Op.MOVE, 1, 0, 0);
        _refused(draft, IPolicyCheck.InvalidInstruction.selector, 0);
    }

    function test_literals() public view {
        Draft memory draft = begin(2, Encode.list(Encode.natural(1), Encode.text("a")));
        draft.add(Op.RET, 1, 0, 0);
        draft.registers = 3;
        draft.heads = abi.encodePacked(uint16(0), uint16(3), uint16(0));
        checker.checkProgram(draft.assemble());
        draft.offsets[7] = bytes1(uint8(34));
        _refused(draft, IPolicyCheck.InvalidLiteral.selector, 0);
        draft.offsets[7] = bytes1(uint8(33));
        draft.offsets[3] = bytes1(uint8(1));
        _refused(draft, IPolicyCheck.InvalidLiteral.selector, 0);
        draft.offsets[3] = bytes1(uint8(0));
        draft.blob[34] = 0x01;
        _refused(draft, IPolicyCheck.InvalidLiteral.selector, 1);
        draft.blob = bytes.concat(Encode.natural(1), Encode.text("a"), hex"00");
        _refused(draft, IPolicyCheck.InvalidLiteral.selector, 1);
        // None is named, but one is there.
        draft = begin(2, Encode.list());
        draft.add(Op.RET, 1, 0, 0);
        draft.blob = hex"00";
        bytes memory program = draft.assemble();
        _refused(draft, IPolicyCheck.InvalidProgramLength.selector, program.length);
        // An object and a set in a set: the order of encodings, in a check that must not end like an evaluation.
        bytes memory set = Encode.set(Encode.list());
        bytes memory object = Encode.object(Encode.list());
        draft = begin(2, Encode.list(Encode.set(Encode.list(object, set))));
        draft.add(Op.RET, 1, 0, 0);
        checker.checkProgram(draft.assemble());
        draft = begin(2, Encode.list(Encode.set(Encode.list(set, object))));
        draft.add(Op.RET, 1, 0, 0);
        _refused(draft, IPolicyCheck.InvalidLiteral.selector, 0);
    }

    function test_lengths() public view {
        Draft memory draft = begin(2, Encode.list(Encode.natural(1)));
        draft.add(Op.RET, 1, 0, 0);
        bytes memory program = draft.assemble();
        for (uint256 size = 0; size < program.length; ++size) {
            bytes memory cut = new bytes(size);
            for (uint256 i = 0; i < size; ++i) {
                cut[i] = program[i];
            }
            (bool success, bytes memory reason) =
                address(checker).staticcall(abi.encodeCall(checker.checkProgram, (cut)));
            assertFalse(success);
            assertGe(reason.length, 4);
        }
        program[0] = 0x02;
        _refused(
            address(checker),
            abi.encodeCall(checker.checkProgram, (program)),
            abi.encodeWithSelector(IPolicyCheck.UnknownProgramVersion.selector, 2)
        );
        // The longest that there is, in one literal.
        draft = begin(2, Encode.list(Encode.text(string(new bytes(24_575 - 9 - 4 - 6 - 14 - 5)))));
        draft.add(Op.RET, 1, 0, 0);
        assertEq(draft.assemble().length, 24_575);
        checker.checkProgram(draft.assemble());
        draft = begin(2, Encode.list(Encode.text(string(new bytes(24_576 - 9 - 4 - 6 - 14 - 5)))));
        draft.add(Op.RET, 1, 0, 0);
        _refused(draft, IPolicyCheck.ProgramTooLong.selector, 24_576);
    }

    /// @dev A chain of `rules` rules, each of 1021 registers and three words more, 8 of which are just what there may be.
    function _chain(uint16 rules) private pure returns (Draft memory draft) {
        uint16 list = draft.list();
        for (uint16 i = 0; i < rules; ++i) {
            draft.rule(1021, 0);
            if (i > 0) draft.add(Op.CALL, 1020, i - 1, list);
            else draft.add(Op.BOOL, 1020, 1, 0);
            draft.add(Op.RET, 1020, 0, 0);
        }
    }

    function test_stack() public {
        assertValue(run(_chain(8)), Encode.boolean(true));
        _refused(_chain(9), IPolicyCheck.TooManyRegisters.selector, 8);
        // Many rules that no chain has together are no harm.
        Draft memory draft = _chain(8);
        draft.rule(1021, 0);
        draft.add(Op.CALL, 1020, 0, 0);
        draft.add(Op.RET, 1020, 0, 0);
        assertValue(run(draft), Encode.boolean(true));
    }

    function test_whatIsNoProgram() public {
        bytes memory good = _instruction(Op.MOVE, 0, 0, 0).assemble();
        address[4] memory wrong =
            [address(0xdead), publish(""), publish(hex"01000000000000000000"), address(this)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _fails(wrong[i], abi.encodeWithSelector(IPolicyVM.InvalidProgram.selector, wrong[i]));
        }
        good[0] = 0x02;
        address other = publish(good);
        _fails(other, abi.encodeWithSelector(IPolicyVM.InvalidProgram.selector, other));
        address unknown = publish(_instruction(0x24, 0, 0, 0).assemble());
        _fails(unknown, abi.encodeWithSelector(IPolicyVM.UnknownOperation.selector));
    }

    function _fails(address program, bytes memory reason) private view {
        bytes memory data =
            abi.encodeCall(IPolicyVM.evaluate, (program, parameters(), input(), LIMIT));
        _refused(address(vm_), data, reason);
    }

    /// @dev No limit of gas is too small to be safe: either the whole answer, or none.
    function testFuzz_gas(uint256 gas_) public {
        Draft memory draft = begin(3, Encode.list(Encode.array(Encode.range(0, 20))));
        draft.add(Op.SORT, 2, 1, 0);
        draft.add(Op.RET, 2, 0, 0);
        address program = publish(draft.assemble());
        bytes memory data =
            abi.encodeCall(IPolicyVM.evaluate, (program, parameters(), input(), LIMIT));
        (bool success, bytes memory whole) = address(vm_).staticcall(data);
        assertTrue(success);
        bytes memory answer;
        (success, answer) = address(vm_).staticcall{gas: gas_ % 400_000}(data);
        if (success) assertEq(answer, whole);
        else assertEq(answer, "");
    }

    /// @dev Any bytes behind a good head: the check takes it or gives a reason, and the interpreter answers or fails, within
    /// what it is given, and changes nothing. What the check takes, the interpreter answers.
    function testFuzz_hostileCode(bytes memory code, uint64 limit) public {
        Draft memory draft;
        draft.rule(16, 0);
        draft.literal(Encode.object(Encode.list(Encode.text("a"), Encode.natural(1))));
        draft.literal(Encode.array(Encode.range(0, 3)));
        draft.list(1, 2);
        for (uint256 i = 0; i + 7 <= code.length; i += 7) {
            // Mostly known operations on registers that exist.
            draft.add(
                uint8(code[i]) % 0x49,
                uint8(code[i + 2]) % 17,
                uint8(code[i + 4]) % 17,
                uint8(code[i + 6]) % 17
            );
        }
        draft.add(Op.RET, 1, 0, 0);
        _hostile(draft.assemble(), limit);
    }

    function testFuzz_hostileBytes(bytes memory tail, uint64 limit) public {
        _hostile(bytes.concat(hex"01", tail), limit);
        _hostile(bytes.concat(hex"0100010001000100040000000000000000ff0000", tail), limit);
    }

    function testFuzz_hostileValues(bytes memory parameters_, bytes memory input_) public {
        Draft memory draft = begin(8, Encode.list());
        draft.add(Op.DATA, 1, 0, 0);
        draft.add(Op.INPUT, 2, 0, 0);
        draft.add(Op.EQ, 3, 1, 2);
        draft.add(Op.LT, 3, 1, 2);
        draft.add(Op.IN, 3, 2, 1);
        draft.add(Op.PACK, 3, draft.list(1, 2), 1);
        draft.add(Op.RET, 3, 0, 0);
        address program = publish(draft.assemble());
        (bool success,) = address(vm_).staticcall{gas: 3_000_000}(
            abi.encodeCall(IPolicyVM.evaluate, (program, parameters_, input_, LIMIT))
        );
        success;
    }

    function _hostile(bytes memory program, uint64 limit) private {
        limit %= 10_000;
        (bool valid, bytes memory reason) =
            address(checker).staticcall(abi.encodeCall(IPolicyCheck.checkProgram, (program)));
        if (!valid) assertGe(reason.length, 4, "no reason");
        (bool success, bytes memory answer) = address(vm_).staticcall{gas: 5_000_000}(
            abi.encodeCall(IPolicyVM.evaluate, (publish(program), parameters(), input(), limit))
        );
        if (valid) {
            assertTrue(success);
            (, uint8 code,, uint64 fuel) = abi.decode(answer, (uint8, uint8, bytes, uint64));
            assertLe(code, DEPTH);
            assertLe(fuel, limit);
        }
    }
}
