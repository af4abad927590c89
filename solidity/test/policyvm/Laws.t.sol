// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {Answer, PolicyVMTest} from "./PolicyVMTest.sol";
import {Values} from "./Values.sol";
import {Status} from "writ/policyvm/IPolicyVM.sol";

/// @title What holds for all values
contract LawsTest is PolicyVMTest {
    using Assembler for Draft;

    /// @dev −1, 0 or 1, from two instructions that must agree.
    function _order(bytes memory left, bytes memory right) private returns (int256) {
        (Answer memory less,) = binary(Op.LT, left, right);
        (Answer memory more,) = binary(Op.GT, left, right);
        assertEq(uint8(less.status) | uint8(more.status), 0);
        assertFalse(less.value[0] != 0 && more.value[0] != 0);
        return less.value[0] != 0 ? -1 : more.value[0] != 0 ? int256(1) : int256(0);
    }

    function testFuzz_orderIsTotal(uint256 a, uint256 b, uint256 c) public {
        bytes memory x = Values.any(a % 200, 3);
        bytes memory y = Values.any(b % 200, 3);
        bytes memory z = Values.any(c % 200, 3);
        int256 order = _order(x, y);
        assertEq(order, -_order(y, x));
        assertEq(order == 0, keccak256(x) == keccak256(y));
        int256 next = _order(y, z);
        if (order <= 0 && next <= 0) assertLe(_order(x, z), 0);
        if (order >= 0 && next >= 0) assertGe(_order(x, z), 0);
    }

    function testFuzz_equalityIsThatOfBytes(uint256 a, uint256 b) public {
        bytes memory x = Values.any(a % 100, 3);
        bytes memory y = Values.any(b % 100, 3);
        bool same = keccak256(x) == keccak256(y);
        gives(Op.EQ, x, y, Encode.boolean(same), x.length == y.length ? compared(x.length) : 1);
    }

    function testFuzz_textsAreOrderedByTheirBytes(
        bytes memory left,
        bytes memory right,
        uint256 cut
    ) public {
        // Longer ones that begin with the same, too.
        bytes memory front = new bytes(cut % 1200);
        left = bytes.concat(front, left);
        right = bytes.concat(front, right);
        int256 expected = 0;
        for (uint256 i = 0; expected == 0; ++i) {
            if (i == left.length || i == right.length) {
                expected = left.length < right.length
                    ? -1
                    : left.length > right.length ? int256(1) : int256(0);
                break;
            }
            if (left[i] != right[i]) expected = left[i] < right[i] ? -1 : int256(1);
        }
        Draft memory draft =
            begin(4, Encode.list(Encode.text(string(left)), Encode.text(string(right))));
        draft.add(expected < 0 ? Op.LT : expected > 0 ? Op.GT : Op.EQ, 3, 1, 2);
        draft.add(Op.RET, 3, 0, 0);
        // Not UTF-8, which the interpreter does not look at.
        assertValue(run(draft.assemble(), LIMIT), Encode.boolean(true));
    }

    function testFuzz_arithmetic(int128 x, int128 y) public {
        gives(Op.ADD, Encode.integer(x), Encode.integer(y), Encode.integer(int256(x) + y), 5);
        gives(Op.SUB, Encode.integer(x), Encode.integer(y), Encode.integer(int256(x) - y), 5);
        gives(Op.MUL, Encode.integer(x), Encode.integer(y), Encode.integer(int256(x) * y), 5);
        if (y != 0) {
            gives(Op.MOD, Encode.integer(x), Encode.integer(y), Encode.integer(int256(x) % y), 5);
        }
    }

    /// @dev Of naturals up to 2^256 − 1, against Solidity's own checks.
    function testFuzz_overflow(uint256 x, uint256 y, uint8 shift) public {
        y >>= shift;
        (bytes memory a, bytes memory b) = (Encode.natural(x), Encode.natural(y));
        unchecked {
            if (x + y < x) faults(Op.ADD, a, b, OVERFLOW);
            else gives(Op.ADD, a, b, Encode.natural(x + y), 5);
            if (x != 0 && (x * y) / x != y) faults(Op.MUL, a, b, OVERFLOW);
            else gives(Op.MUL, a, b, Encode.natural(x * y), 5);
            gives(Op.SUB, a, b, Encode.signed(x < y, x < y ? y - x : x - y), 5);
            if (x + y < x) faults(Op.SUB, Encode.signed(true, x), b, OVERFLOW);
            else gives(Op.SUB, Encode.signed(true, x), b, Encode.signed(true, x + y), 5);
        }
    }

    /// @dev Two sets of small numbers, as bits: what is built, united, cut and taken away has the bits that it should.
    function testFuzz_sets(uint16 left, uint16 right, uint16 shuffle) public {
        gives(Op.UNION, _set(left), _set(right), _set(left | right));
        gives(Op.INTER, _set(left), _set(right), _set(left & right));
        gives(Op.SUB, _set(left), _set(right), _set(left & ~right));
        // In whatever order its members come, and however often.
        Draft memory draft = begin(4, Encode.list());
        draft.add(Op.OPEN, 3, 1, 0);
        for (uint256 round = 0; round < 32; ++round) {
            uint256 i = (round * 7 + shuffle) % 16;
            if ((left >> i) & 1 == 0) continue;
            draft.add(Op.LIT, 1, draft.literal(Encode.natural(i)), 0);
            draft.add(Op.PUSH, 3, 1, 0);
        }
        draft.add(Op.SEAL, 2, 3, 0);
        (Answer memory answer,) = finish(draft, 2);
        assertValue(answer, _set(left));
    }

    function gives(uint8 operation, bytes memory a, bytes memory b, bytes memory value) private {
        (Answer memory answer,) = binary(operation, a, b);
        assertValue(answer, value);
    }

    function _set(uint16 bits) private pure returns (bytes memory) {
        bytes memory items;
        uint32 count;
        for (uint256 i = 0; i < 16; ++i) {
            if ((bits >> i) & 1 == 0) continue;
            items = bytes.concat(items, Encode.natural(i));
            ++count;
        }
        return Encode.container(7, count, items);
    }

    /// @dev Sorting orders, keeps all items, and takes the same fuel each time.
    function testFuzz_sort(uint8[] memory numbers) public {
        uint256 count = numbers.length > 40 ? 40 : numbers.length;
        bytes[] memory items = new bytes[](count);
        bytes[] memory sorted = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = Encode.natural(numbers[i]);
            uint256 at = i;
            for (; at > 0 && uint8(sorted[at - 1][32]) > numbers[i]; --at) {
                sorted[at] = sorted[at - 1];
            }
            sorted[at] = items[i];
        }
        (Answer memory answer, uint256 fuel) = unary(Op.SORT, Encode.array(items));
        assertValue(answer, Encode.array(sorted));
        (, uint256 again) = unary(Op.SORT, Encode.array(items));
        assertEq(fuel, again);
    }

    function testFuzz_parts(bytes memory text, uint8 from, uint8 size) public {
        uint256 start = from % (text.length + 1);
        uint256 length = size % (text.length - start + 1);
        bytes memory part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = text[start + i];
        }
        Draft memory draft =
            begin(6, Encode.list(Encode.text(string(text)), Encode.text(string(part))));
        draft.add(Op.CONTAINS, 3, 1, 2);
        draft.add(Op.RET, 3, 0, 0);
        assertValue(run(draft.assemble(), type(uint64).max), Encode.boolean(true));
    }

    /// @dev Whatever the limit, an evaluation uses no more, and what it comes to with enough is what it comes to with more.
    function testFuzz_fuel(uint64 limit, uint256 seed) public {
        Draft memory draft =
            begin(4, Encode.list(Values.any(seed % 500, 3), Values.any(seed / 500 % 500, 3)));
        draft.add(Op.PACK, 3, draft.list(1, 2, 1), 1);
        draft.add(Op.RET, 3, 0, 0);
        bytes memory program = draft.assemble();
        Answer memory whole = run(program, type(uint64).max);
        limit %= whole.fuel * 2;
        Answer memory answer = run(program, limit);
        assertEq(answer.fuel, limit < whole.fuel ? limit : whole.fuel);
        if (limit < whole.fuel) assertFault(answer, FUEL);
        else assertEq(abi.encode(answer), abi.encode(whole));
    }
}
