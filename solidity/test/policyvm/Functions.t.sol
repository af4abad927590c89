// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {Answer, PolicyVMTest} from "./PolicyVMTest.sol";

/// @title Instructions that compute something of values
contract FunctionsTest is PolicyVMTest {
    using Assembler for Draft;

    uint256 private constant MOST = type(uint256).max;

    bytes private yes = Encode.boolean(true);
    bytes private no = Encode.boolean(false);
    bytes private one = Encode.natural(1);
    bytes private two = Encode.natural(2);
    bytes private a = Encode.text("a");
    bytes private b = Encode.text("b");
    bytes private none = Encode.array(Encode.list());
    bytes private ones = Encode.array(Encode.range(1, 3));
    bytes private object = Encode.object(Encode.list(a, one, b, two));
    bytes private set = Encode.set(Encode.range(1, 3));

    function test_comparison() public {
        gives(Op.EQ, a, a, yes, 2);
        gives(Op.EQ, a, b, no, 2);
        gives(Op.EQ, a, one, no, 1);
        gives(Op.NE, a, b, yes, 2);
        gives(Op.NE, object, object, no, compared(object.length));
        gives(Op.LT, one, two, yes, 10);
        gives(Op.LE, two, two, yes, 10);
        gives(Op.GT, two, one, yes, 10);
        gives(Op.GE, one, two, no, 10);
        gives(Op.LT, a, b, yes, 10 + 3);
        gives(Op.LT, a, Encode.text("a1"), yes, 10 + 3);
        gives(Op.LT, ones, Encode.array(Encode.range(1, 4)), yes, 10 + 3 * 10);
        gives(Op.LT, ones, Encode.array(Encode.range(2, 1)), yes, 10 + 10);
        gives(Op.LT, Encode.integer(-2), Encode.integer(-1), yes, 10);
        gives(Op.LT, Encode.integer(-2), Encode.natural(0), yes, 10);
        // The kinds in their order.
        bytes[] memory kinds = new bytes[](6);
        (kinds[0], kinds[1], kinds[2], kinds[3]) = (no, yes, one, a);
        (kinds[4], kinds[5]) = (ones, object);
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 j = 0; j < 6; ++j) {
                (Answer memory answer,) = binary(Op.LT, kinds[i], kinds[j]);
                assertValue(answer, Encode.boolean(i < j));
            }
        }
        gives(Op.LT, ones, set, yes, 10);
        faults(Op.LT, object, set, TYPE);
        faults(Op.GE, Encode.array(Encode.list(set)), Encode.array(Encode.list(object)), TYPE);
        for (uint8 operation = Op.EQ; operation <= Op.GE; ++operation) {
            needsBoth(operation, one, two);
        }
    }

    /// @dev 64 levels are ordered, 65 are not; equality has no limit.
    function test_depth() public {
        for (uint256 levels = 64; levels < 66; ++levels) {
            for (uint256 equal = 0; equal < 2; ++equal) {
                Draft memory draft = begin(4, Encode.list(one, two));
                for (uint256 i = 0; i < levels; ++i) {
                    draft.add(Op.PACK, 1, draft.list(1), 0);
                    draft.add(Op.PACK, 2, draft.list(2), 0);
                }
                draft.add(equal == 1 ? Op.EQ : Op.LT, 3, 1, 2);
                (Answer memory answer,) = finish(draft, 3);
                if (levels == 64 || equal == 1) assertValue(answer, Encode.boolean(equal == 0));
                else assertFault(answer, DEPTH);
            }
        }
    }

    function test_arithmetic() public {
        gives(Op.ADD, one, two, Encode.natural(3), 5);
        gives(Op.ADD, Encode.integer(-1), one, Encode.natural(0), 5);
        gives(Op.SUB, one, two, Encode.integer(-1), 5);
        gives(Op.MUL, Encode.integer(-3), two, Encode.integer(-6), 5);
        gives(Op.MUL, Encode.integer(-3), Encode.natural(0), Encode.natural(0), 5);
        gives(Op.MOD, Encode.integer(-7), Encode.natural(3), Encode.integer(-1), 5);
        gives(Op.MOD, Encode.natural(7), Encode.integer(-3), one, 5);
        gives(Op.MOD, Encode.integer(-6), Encode.natural(3), Encode.natural(0), 5);
        gives(Op.ABS, Encode.integer(-7), Encode.natural(7), 5);
        faults(Op.MOD, one, Encode.natural(0), DIVISION);
        faults(Op.ADD, Encode.natural(MOST), one, OVERFLOW);
        faults(Op.SUB, Encode.signed(true, MOST), one, OVERFLOW);
        faults(Op.MUL, Encode.natural(1 << 128), Encode.signed(true, 1 << 128), OVERFLOW);
        faults(Op.ABS, a, TYPE);
        for (uint8 operation = Op.ADD; operation <= Op.MOD; ++operation) {
            faults(operation, one, a, TYPE);
            faults(operation, yes, one, TYPE);
            needsBoth(operation, one, two);
        }
        faults(Op.SUB, set, one, TYPE);
        gives(Op.ABS, UNDEFINED, "", 0, true);
    }

    /// @dev A function of one operand that is undefined.
    function gives(uint8 operation, bytes memory value, bytes memory, uint256 fuel, bool) private {
        (Answer memory answer, uint256 used) = unary(operation, value);
        assertUndefined(answer);
        assertEq(used, fuel);
    }

    function _undefined(uint8 operation, bytes memory left, bytes memory right, uint256 fuel)
        private
    {
        (Answer memory answer, uint256 used) = binary(operation, left, right);
        assertUndefined(answer);
        assertEq(used, fuel);
    }

    function test_lookup() public {
        gives(Op.INDEX, ones, Encode.natural(2), Encode.natural(3), 4 + 2 * 2);
        _undefined(Op.INDEX, ones, Encode.natural(3), 4);
        _undefined(Op.INDEX, ones, Encode.natural(MOST), 4);
        _undefined(Op.INDEX, ones, Encode.integer(-1), 4);
        _undefined(Op.INDEX, ones, a, 4);
        gives(Op.INDEX, object, b, two, 4 + 2 * (3 + 2));
        _undefined(Op.INDEX, object, Encode.text("cc"), 4 + 2 * (3 + 1));
        _undefined(Op.INDEX, object, one, 4);
        gives(Op.INDEX, set, two, two, 4 + 2 * (3 + 3));
        _undefined(Op.INDEX, set, a, 4 + 3 * (3 + 1));
        _undefined(Op.INDEX, one, one, 4);
        needsBoth(Op.INDEX, ones, one);
        Draft memory draft = begin(4, Encode.list(object, b));
        draft.add(Op.FIELD, 3, 1, 1);
        (Answer memory answer, uint256 fuel) = finish(draft, 3);
        assertValue(answer, two);
        assertEq(fuel, 4 + 2 * (3 + 2));
    }

    function test_longKeys() public {
        bytes memory long = Encode.text(string(new bytes(100)));
        bytes memory other = Encode.text(string(bytes.concat(new bytes(50), "x", new bytes(49))));
        gives(
            Op.INDEX,
            Encode.object(Encode.list(long, one, other, two)),
            other,
            two,
            4 + 2 * (3 + 11)
        );
        gives(Op.IN, other, Encode.array(Encode.list(long, other)), yes, 4 + 2 * (3 + 11));
        gives(Op.IN, other, Encode.array(Encode.list(long, long)), no, 4 + 2 * (3 + 11));
        gives(Op.LT, long, other, yes, 10 + 3 * 4);
        gives(Op.EQ, long, other, no, 1 + 4 + 6);
    }

    function test_membership() public {
        gives(Op.IN, two, ones, yes, 4 + 2 * (3 + 3));
        gives(Op.IN, a, ones, no, 4 + 3 * (3 + 1));
        gives(Op.IN, two, object, yes, 4 + 2 * (3 + 3));
        gives(Op.IN, a, object, no, 4 + 2 * (3 + 1));
        gives(Op.IN, two, set, yes, 4 + 2 * (3 + 3));
        gives(Op.IN, two, a, no, 4);
        gives(Op.IN, none, Encode.array(Encode.list(none)), yes, 4 + 3 + 2);
        needsBoth(Op.IN, two, ones);
    }

    function test_get() public {
        gives(Op.GET, object, b, a, two, 4 + 2 * (3 + 2));
        gives(Op.GET, object, Encode.text("c"), a, a, 4 + 2 * (3 + 2));
        (Answer memory answer,) = ternary(Op.GET, ones, b, a);
        assertFault(answer, TYPE);
        (answer,) = ternary(Op.GET, object, one, a);
        assertFault(answer, TYPE);
        (answer,) = ternary(Op.GET, UNDEFINED, b, a);
        assertFault(answer, TYPE);
        (answer,) = ternary(Op.GET, object, UNDEFINED, a);
        assertUndefined(answer);
        (answer,) = ternary(Op.GET, object, b, UNDEFINED);
        assertUndefined(answer);
    }

    function test_wholeContainers() public {
        gives(Op.COUNT, ones, Encode.natural(3), 5);
        gives(Op.COUNT, object, two, 5);
        gives(Op.COUNT, Encode.text(unicode"aé€"), Encode.natural(3), 3 + 5);
        gives(Op.COUNT, Encode.text(string(new bytes(70))), Encode.natural(70), 3 * 3 + 5);
        faults(Op.COUNT, Encode.text(unicode"a😀"), TEXT);
        faults(Op.COUNT, one, TYPE);
        gives(Op.SUM, ones, Encode.natural(6), 3 * 8 + 5);
        gives(Op.SUM, none, Encode.natural(0), 5);
        gives(Op.SUM, set, Encode.natural(6), 3 * 8 + 5);
        bytes[] memory mixed = Encode.list(Encode.integer(-5), one, Encode.natural(10));
        gives(Op.SUM, Encode.array(mixed), Encode.natural(6), 3 * 8 + 5);
        faults(Op.SUM, Encode.array(Encode.list(Encode.natural(MOST), one)), OVERFLOW);
        faults(Op.SUM, Encode.array(Encode.list(one, a)), TYPE);
        faults(Op.SUM, object, TYPE);
        gives(Op.MIN, Encode.array(Encode.list(two, one, two)), one, 3 * 6 + 2 * 10);
        gives(Op.MAX, Encode.array(Encode.list(one, two, one)), two, 3 * 6 + 2 * 10);
        gives(Op.MIN, none, "", 0, true);
        faults(Op.MAX, object, TYPE);
        gives(Op.KEYS, object, Encode.set(Encode.list(a, b)), 6 + 2 * 6 + 3 + 2 * 3);
        faults(Op.KEYS, ones, TYPE);
        gives(
            Op.SORT,
            Encode.array(Encode.list(two, one, two)),
            Encode.array(Encode.list(one, two, two)),
            // Searches of one and one step; insertions before 0, 1 and 1 places; 108 bytes, 3 places.
            6 + 3 * 6 + 2 * (2 + 10) + (6 + 7 + 7) + (1 + 2 * 4) + 3 * 3
        );
        gives(Op.SORT, set, ones, 4 * 6 + 2 * (2 + 10) + 3 * 6 + (1 + 2 * 4) + 3 * 3);
        faults(Op.SORT, object, TYPE);
        for (uint8 operation = Op.COUNT; operation <= Op.ABS; ++operation) {
            gives(operation, UNDEFINED, "", 0, true);
        }
    }

    function test_sets() public {
        bytes memory left = Encode.set(Encode.list(one, two));
        bytes memory right = Encode.set(Encode.list(two, Encode.natural(3)));
        gives(Op.UNION, left, right, set, 4 * 6 + 2 * 10 + written(108) + 3 * 3);
        gives(Op.INTER, left, right, Encode.set(Encode.list(two)), 4 * 6 + 2 * 10 + written(42) + 3);
        gives(Op.SUB, left, right, Encode.set(Encode.list(one)), 4 * 6 + 2 * 10 + written(42) + 3);
        faults(Op.UNION, left, ones, TYPE);
        faults(Op.INTER, ones, left, TYPE);
        faults(Op.SUB, left, ones, TYPE);
        needsBoth(Op.UNION, left, right);
        needsBoth(Op.INTER, left, right);
        gives(Op.ACAT, none, ones, ones, 6 + written(108));
        gives(Op.ACAT, ones, none, ones, 6 + written(108));
        faults(Op.ACAT, ones, set, TYPE);
        needsBoth(Op.ACAT, ones, ones);
    }

    function test_type() public {
        bytes[] memory kinds = new bytes[](8);
        (kinds[0], kinds[1], kinds[2], kinds[3]) = (no, yes, one, Encode.integer(-1));
        (kinds[4], kinds[5], kinds[6], kinds[7]) = (a, ones, object, set);
        for (uint16 i = 0; i < 8; ++i) {
            for (uint16 kind = 0; kind < 8; ++kind) {
                Draft memory draft = begin(3, Encode.list(kinds[i]));
                draft.add(Op.TYPE, 2, 1, kind);
                (Answer memory answer,) = finish(draft, 2);
                uint16 known = i == 0 ? 1 : i == 3 ? 2 : i;
                assertValue(answer, Encode.boolean(known == kind));
            }
        }
    }

    function test_parts() public {
        bytes memory text = Encode.text("abcab");
        bytes memory ab = Encode.text("ab");
        bytes memory empty = Encode.text("");
        gives(Op.STARTS, text, ab, yes, 8);
        gives(Op.STARTS, ab, text, no, 8);
        gives(Op.STARTS, text, b, no, 8);
        gives(Op.STARTS, text, empty, yes, 7);
        gives(Op.ENDS, text, ab, yes, 8);
        gives(Op.ENDS, text, a, no, 8);
        gives(Op.ENDS, text, empty, yes, 7);
        gives(Op.CONTAINS, text, Encode.text("ca"), yes, 8 + 4 * 2);
        gives(Op.CONTAINS, text, Encode.text("cc"), no, 8 + 4 * 2);
        gives(Op.CONTAINS, text, empty, yes, 7 + 6);
        gives(Op.CONTAINS, ab, text, no, 8);
        gives(Op.TRIMP, text, ab, Encode.text("cab"), 8 + 3);
        gives(Op.TRIMP, text, b, text, 8);
        gives(Op.TRIMS, text, ab, Encode.text("abc"), 8 + 3);
        gives(Op.TRIMS, text, a, text, 8);
        gives(Op.TRIMS, text, text, empty, 8 + 3);
        string memory long = "0123456789abcdefghijklmnopqrstuvwxyz";
        bytes memory within = Encode.text(string.concat("x", long, "y"));
        gives(Op.CONTAINS, within, Encode.text(long), yes, 6 + 2 + 2 + 3 * 3);
        gives(Op.CONTAINS, within, Encode.text(string.concat(long, "z")), no, 6 + 2 + 2 + 2 * 3);
        _texts(Op.STARTS);
        _texts(Op.ENDS);
        _texts(Op.CONTAINS);
        _texts(Op.TRIMP);
        _texts(Op.TRIMS);
    }

    function _texts(uint8 operation) private {
        faults(operation, a, one, TYPE);
        faults(operation, ones, a, TYPE);
        needsBoth(operation, a, b);
    }

    function test_trim() public {
        bytes memory text = Encode.text("  a b  ");
        bytes memory space = Encode.text(" ");
        gives(Op.TRIM, text, space, Encode.text("a b"), 12 + 7 + 1 + 3);
        gives(Op.TRIML, text, space, Encode.text("a b  "), 12 + 7 + 1 + 3);
        gives(Op.TRIMR, text, space, Encode.text("  a b"), 12 + 7 + 1 + 3);
        gives(Op.TRIM, text, Encode.text("ba "), Encode.text(""), 12 + 7 + 3 + 3);
        gives(Op.TRIMR, text, Encode.text("ba "), Encode.text(""), 12 + 7 + 3 + 3);
        gives(Op.TRIM, text, Encode.text(""), text, 12 + 7 + 3);
        for (uint8 operation = Op.TRIM; operation <= Op.TRIMR; ++operation) {
            faults(operation, Encode.text(unicode"é"), space, TEXT);
            faults(operation, text, Encode.text(unicode"é"), TEXT);
            _texts(operation);
        }
    }

    function test_texts() public {
        gives(Op.LOWER, Encode.text("@AZ[`az{0"), Encode.text("@az[`az{0"), 1 + 3 + 3);
        gives(
            Op.LOWER,
            Encode.text("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ"),
            Encode.text("abcdefghijklmnopqrstuvwxyzabcdefghij"),
            1 + 3 * 2 + 5
        );
        faults(Op.LOWER, Encode.text(unicode"É"), TEXT);
        faults(Op.LOWER, one, TYPE);
        gives(Op.LOWER, UNDEFINED, "", 0, true);
        bytes memory comma = Encode.text(", ");
        gives(
            Op.JOIN, comma, Encode.array(Encode.list(b, a)), Encode.text("b, a"), 2 * 6 + 3 + 2 * 3
        );
        gives(Op.JOIN, comma, Encode.set(Encode.list(a)), a, 6 + 3 + 3);
        gives(Op.JOIN, comma, none, Encode.text(""), 3);
        faults(Op.JOIN, comma, Encode.array(Encode.list(a, one)), TYPE);
        faults(Op.JOIN, comma, object, TYPE);
        faults(Op.JOIN, one, none, TYPE);
        needsBoth(Op.JOIN, comma, none);
        bytes memory ten = Encode.natural(10);
        gives(Op.FORMAT, Encode.natural(0), ten, Encode.text("0"), 80 + 3);
        gives(Op.FORMAT, Encode.integer(-120), ten, Encode.text("-120"), 80 + 3);
        gives(
            Op.FORMAT,
            Encode.signed(true, MOST),
            ten,
            Encode.text(string.concat("-", vm.toString(MOST))),
            80 + 7
        );
        faults(Op.FORMAT, one, Encode.natural(16), TYPE);
        faults(Op.FORMAT, a, ten, TYPE);
        faults(Op.FORMAT, one, a, TYPE);
        needsBoth(Op.FORMAT, one, ten);
    }

    function test_substring() public {
        bytes memory text = Encode.text("abcde");
        gives(Op.SUBSTR, text, one, two, Encode.text("bc"), 12 + 1 + 3);
        gives(Op.SUBSTR, text, one, Encode.integer(-1), Encode.text("bcde"), 12 + 1 + 3);
        gives(
            Op.SUBSTR, text, Encode.natural(4), Encode.natural(MOST), Encode.text("e"), 12 + 1 + 3
        );
        gives(Op.SUBSTR, text, Encode.natural(MOST), one, Encode.text(""), 12 + 1 + 3);
        (Answer memory answer,) = ternary(Op.SUBSTR, text, Encode.integer(-1), one);
        assertFault(answer, TYPE);
        (answer,) = ternary(Op.SUBSTR, Encode.text(unicode"é"), Encode.integer(-1), one);
        assertFault(answer, TEXT);
        (answer,) = ternary(Op.SUBSTR, text, one, a);
        assertFault(answer, TYPE);
        (answer,) = ternary(Op.SUBSTR, text, one, UNDEFINED);
        assertUndefined(answer);
    }

    /// @dev With less fuel than an evaluation takes, whatever less, it ends with that error and has used all.
    function test_outOfFuelEverywhere() public {
        Draft memory draft = begin(9, Encode.list(object, ones, set, Encode.text("AbC")));
        draft.add(Op.OPEN, 8, 1, 0);
        draft.add(Op.PUSH, 8, 2, 0);
        draft.add(Op.PUSH, 8, 4, 0);
        draft.add(Op.SEAL, 5, 8, 0);
        draft.add(Op.LOWER, 4, 4, 0);
        draft.add(Op.KEYS, 6, 1, 0);
        draft.add(Op.UNION, 6, 6, 5);
        draft.add(Op.SORT, 7, 6, 0);
        draft.add(Op.EQ, 7, 7, 6);
        draft.add(Op.PACK, 7, draft.list(7, 6, 4), 0);
        draft.add(Op.RET, 7, 0, 0);
        Answer memory whole = run(draft);
        assertEq(uint8(whole.status), 0);
        address program = publish(draft.assemble());
        for (uint64 limit = 0; limit <= whole.fuel; ++limit) {
            Answer memory answer;
            (answer.status, answer.code, answer.value, answer.fuel) =
                vm_.evaluate(program, parameters(), input(), limit);
            if (limit < whole.fuel) assertFault(answer, FUEL);
            else assertValue(answer, whole.value);
            assertEq(answer.fuel, limit);
        }
    }
}
