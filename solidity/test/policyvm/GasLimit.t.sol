// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {GasTest} from "./GasTest.sol";
import {Values} from "./Values.sol";

/// @title No program takes more gas than a transaction may have, whatever it does with all of its fuel
/// @notice What repeats one instruction is in `PolicyVMGasTest`. These fill memory, which is priced by its square, go through
/// much, and have as much of everything as there may be.
contract PolicyVMGasLimitTest is GasTest {
    using Assembler for Draft;

    /// @dev The most that parameters and input may have together: `ARGUMENT_WORD` for each word.
    uint256 private constant MOST_ARGUMENT_WORDS = FUEL_LIMIT / 12;

    /// @dev An array that is as long as a program has room for, in register 1.
    function _large(uint16 registers) private pure returns (Draft memory) {
        return begin(registers, Encode.list(Encode.array(Encode.range(0, 700))));
    }

    function test_memoryByJoiningArrays() public {
        Draft memory draft = _large(4);
        uint16 again = draft.add(Op.ACAT, 2, 1, 1);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("ACAT of what is large", draft);
        draft = _large(4);
        again = draft.add(Op.ACAT, 1, 1, 1);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("ACAT that doubles", draft);
    }

    /// @dev The deepest stack there may be is laid out before what is written.
    function test_memoryBehindTheLargestStack() public {
        Draft memory draft;
        draft.rule(4096, 0);
        draft.add(Op.LIT, 1, draft.literal(Encode.array(Encode.range(0, 700))), 0);
        uint16 again = draft.add(Op.ACAT, 2, 1, 1);
        draft.add(Op.JMP, again, 0, 0);
        draft.rule(4090, 0);
        draft.add(Op.CALL, 1, 0, draft.list());
        draft.add(Op.RET, 1, 0, 0);
        exhausts("ACAT behind 8,192 words of stack", draft);
    }

    /// @dev As many rules as a program has room for, each called by the next.
    function test_allRules() public {
        uint256 rules = 1200;
        Draft memory draft;
        uint16 list = draft.list();
        bytes memory heads;
        bytes memory code;
        for (uint256 i = 0; i < rules; ++i) {
            heads = bytes.concat(
                heads, bytes2(uint16(2 * i)), bytes2(uint16(i == rules - 1 ? 2000 : 2)), bytes2(0)
            );
            bytes memory first = i == 0
                ? abi.encodePacked(Op.BOOL, uint16(1), uint16(1), uint16(0))
                : abi.encodePacked(Op.CALL, uint16(1), uint16(i - 1), list);
            code = bytes.concat(code, first, abi.encodePacked(Op.RET, uint16(1), uint32(0)));
        }
        draft.rules = uint16(rules);
        draft.heads = heads;
        draft.code = code;
        (uint256 gas_, uint64 fuel, uint8 error) = measure(draft, hex"00", hex"00", FUEL_LIMIT);
        assertEq(error, 0);
        assertLe(gas_, FIXED_GAS + GAS_PER_FUEL * fuel);
    }

    function test_memoryByJoiningTexts() public {
        bytes memory part = Encode.text(string(new bytes(16_000)));
        bytes[] memory parts = new bytes[](64);
        for (uint256 i = 0; i < 64; ++i) {
            parts[i] = Encode.text("");
        }
        Draft memory draft = begin(5, Encode.list(part, Encode.array(parts)));
        uint16 again = draft.add(Op.JOIN, 3, 1, 2);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("JOIN of long texts", draft);
    }

    function test_memoryByBuilding() public {
        for (uint16 sealed_ = 0; sealed_ < 2; ++sealed_) {
            Draft memory draft = begin(6, Encode.list(Encode.natural(1)));
            draft.add(Op.OPEN, 5, 0, 0);
            uint16 again = draft.add(Op.PUSH, 5, 1, 0);
            if (sealed_ == 1) draft.add(Op.SEAL, 2, 5, 0);
            draft.add(Op.JMP, again, 0, 0);
            exhausts("PUSH for ever", draft);
        }
    }

    /// @dev Numbers that are all new, into a set, which finds its place in what is there already.
    function test_setThatGrows() public {
        Draft memory draft = begin(6, Encode.list(Encode.natural(0), Encode.natural(1)));
        draft.add(Op.OPEN, 5, 1, 0);
        uint16 again = draft.add(Op.SUB, 1, 1, 2);
        draft.add(Op.PUSH, 5, 1, 0);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("PUSH of new numbers", draft);
    }

    function test_objectThatGrows() public {
        Draft memory draft =
            begin(7, Encode.list(Encode.natural(0), Encode.natural(1), Encode.natural(10)));
        draft.add(Op.OPEN, 6, 2, 0);
        uint16 again = draft.add(Op.ADD, 1, 1, 2);
        draft.add(Op.FORMAT, 4, 1, 3);
        draft.add(Op.PUT, 6, 4, 1);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("PUT of new keys", draft);
    }

    /// @dev A value of containers, each around the one before.
    function test_nesting() public {
        for (uint16 kind = 0; kind < 2; ++kind) {
            Draft memory draft = begin(4, Encode.list(Encode.natural(1)));
            uint16 again = draft.add(Op.PACK, 1, draft.list(1), kind);
            draft.add(Op.JMP, again, 0, 0);
            exhausts("PACK around PACK", draft);
        }
    }

    /// @dev 60 levels that are equal but for what is innermost.
    function test_deepOrder() public {
        Draft memory draft = begin(6, Encode.list(Encode.natural(1), Encode.natural(2)));
        for (uint256 i = 0; i < 60; ++i) {
            draft.add(Op.PACK, 1, draft.list(1), 0);
            draft.add(Op.PACK, 2, draft.list(2), 0);
        }
        uint16 again = draft.add(Op.LT, 3, 1, 2);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("LT of 60 levels", draft);
    }

    /// @dev Loops in loops over what there is most of: items that are one byte each.
    function test_loops() public {
        bytes memory truths = Encode.container(5, 2000, new bytes(2000));
        Draft memory draft = begin(14, Encode.list(truths));
        uint16 outer = draft.add(Op.ITER, 2, 1, 0);
        uint16 next = draft.add(Op.NEXT, 2, 5, 0);
        uint16 inner = draft.add(Op.ITER, 6, 1, 0);
        uint16 again = draft.add(Op.NEXT, 6, 9, next);
        draft.add(Op.KEY, 10, 6, 0);
        draft.add(Op.JMP, again, 0, 0);
        draft.patch(inner, 2, next);
        uint16 end = draft.add(Op.RET, 1, 0, 0);
        draft.patch(outer, 2, end);
        draft.patch(next, 2, end);
        exhausts("loops", draft);
    }

    /// @dev The largest input and the largest parameters that there is fuel for, to their last word, and one word more.
    function test_largestArguments() public {
        bytes memory large = Encode.text(string(new bytes(32 * (MOST_ARGUMENT_WORDS - 2) - 5)));
        Draft memory draft = begin(3, Encode.list());
        draft.add(Op.INPUT, 1, 0, 0);
        uint16 again = draft.add(Op.EQ, 2, 1, 1);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("input that takes all", draft, hex"00", large);
        exhausts("parameters that take all", draft, large, hex"00");
        exhausts("input beyond all", draft, hex"00", bytes.concat(large, new bytes(96)));
    }

    /// @dev Half of the fuel is the input's, and what is left is used to write it again.
    function test_memoryBehindALargeInput() public {
        bytes memory half =
            Encode.container(5, 1, Encode.text(string(new bytes(16 * MOST_ARGUMENT_WORDS))));
        Draft memory draft = begin(3, Encode.list());
        draft.add(Op.INPUT, 1, 0, 0);
        uint16 again = draft.add(Op.ACAT, 2, 1, 1);
        draft.add(Op.JMP, again, 0, 0);
        exhausts("ACAT of the input", draft, hex"00", half);
    }

    /// @dev What is answered is a copy for who asked, and is paid for as such.
    function test_largestAnswer() public {
        Draft memory draft = _large(4);
        for (uint256 i = 0; i < 5; ++i) {
            draft.add(Op.ACAT, 1, 1, 1);
        }
        draft.add(Op.RET, 1, 0, 0);
        (uint256 gas_, uint64 fuel, uint8 code) = measure(draft, hex"00", hex"00", FUEL_LIMIT);
        assertEq(code, 0);
        assertGt(fuel, FUEL_LIMIT * 9 / 10);
        assertLe(gas_, FIXED_GAS + GAS_PER_FUEL * fuel);
    }

    /*//////////////////////////////////////////////////////////////
                              Whatever it is
    //////////////////////////////////////////////////////////////*/

    /// @dev Operations with two or three registers, one of which takes the result.
    bytes private operations = abi.encodePacked(
        hex"040606060d0e0f101112131415161718181c30313233343536373838",
        hex"393a3c3d3e3f4042434344454647474700"
    );

    /// @dev Any instructions on any values. Where one is an error, the evaluation ends; the law holds for that as well.
    function testFuzz_gasIsBoundedByFuel(uint256 seed) public {
        Draft memory draft;
        draft.rule(16, 0);
        for (uint16 i = 1; i < 12; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            draft.add(Op.LIT, i, draft.literal(Values.any(seed % 5000, 3)), 0);
        }
        for (uint256 i = 0; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint8 operation = uint8(operations[(seed >> 64) % (operations.length - 1)]);
            uint16 a = uint16(12 + (seed % 4));
            uint16 b = uint16(1 + (seed >> 8) % 15);
            uint16 c = uint16(1 + (seed >> 16) % 15);
            _add(draft, operation, a, b, c);
        }
        draft.add(Op.RET, 12, 0, 0);
        (uint256 gas_, uint64 fuel,) = measure(draft, hex"00", hex"00", FUEL_LIMIT);
        assertLe(gas_, SMALL + GAS_PER_FUEL * fuel);
    }

    /// @dev One instruction on two values, as often as there is room.
    function testFuzz_gasOfOneInstruction(uint256 seed) public {
        bytes memory left = Values.any(seed % 5000, 3);
        bytes memory right = Values.any((seed >> 16) % 5000, 3);
        Draft memory draft = begin(16, Encode.list(left, right, left));
        uint8 operation = uint8(operations[(seed >> 64) % (operations.length - 1)]);
        for (uint256 i = 0; i < 200; ++i) {
            _add(draft, operation, 12, 1, 2);
        }
        draft.add(Op.RET, 12, 0, 0);
        (uint256 gas_, uint64 fuel,) = measure(draft, hex"00", hex"00", FUEL_LIMIT);
        assertLe(gas_, SMALL + GAS_PER_FUEL * fuel);
    }

    /// @dev An instruction as the operation wants it.
    function _add(Draft memory draft, uint8 operation, uint16 a, uint16 b, uint16 c) private pure {
        if (operation == Op.TYPE) c %= 8;
        bool one = operation == Op.MOVE || operation == Op.NOT || operation == Op.YIELD
            || (operation >= Op.COUNT && operation <= Op.LOWER) || operation == Op.KEYS
            || operation == Op.SORT;
        draft.add(operation, a, b, one ? 0 : c);
    }
}
