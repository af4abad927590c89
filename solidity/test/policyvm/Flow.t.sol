// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {Answer, PolicyVMTest} from "./PolicyVMTest.sol";

/// @title Instructions that move values, jump, call, iterate and build
contract FlowTest is PolicyVMTest {
    using Assembler for Draft;

    function test_literals() public {
        Draft memory draft = begin(3, Encode.list(Encode.natural(7), Encode.text("second")));
        (Answer memory answer, uint256 fuel) = finish(draft, 2);
        assertValue(answer, Encode.text("second"));
        assertEq(fuel, 0);
    }

    function test_nothingIsUndefined() public {
        (Answer memory answer, uint256 fuel) = finish(begin(2, Encode.list()), 1);
        assertUndefined(answer);
        assertEq(fuel, 0);
    }

    function test_inputAndData() public {
        Draft memory draft = begin(2, Encode.list());
        draft.add(Op.INPUT, 1, 0, 0);
        (Answer memory answer,) = finish(draft, 1);
        assertValue(answer, input());
        draft = begin(2, Encode.list());
        draft.add(Op.DATA, 1, 0, 0);
        (answer,) = finish(draft, 1);
        assertValue(answer, Encode.object(Encode.list(Encode.text("parameters"), parameters())));
    }

    function test_parametersFromCode() public {
        Draft memory draft = begin(2, Encode.list());
        draft.add(Op.DATA, 1, 0, 0);
        draft.add(Op.RET, 1, 0, 0);
        address program = publish(draft.assemble());
        (,, bytes memory value, uint64 fuel) =
            vm_.evaluateWith(program, publish(parameters()), input(), LIMIT);
        (,, bytes memory same, uint64 sameFuel) =
            vm_.evaluate(program, parameters(), input(), LIMIT);
        assertEq(value, same);
        assertEq(fuel, sameFuel);
    }

    function test_moveAndBool() public {
        Draft memory draft = begin(4, Encode.list(Encode.natural(7)));
        draft.add(Op.MOVE, 2, 1, 0);
        (Answer memory answer,) = finish(draft, 2);
        assertValue(answer, Encode.natural(7));
        draft = begin(4, Encode.list(Encode.natural(7)));
        draft.add(Op.MOVE, 1, 2, 0);
        (answer,) = finish(draft, 1);
        assertUndefined(answer);
        for (uint16 i = 0; i < 2; ++i) {
            draft = begin(2, Encode.list());
            draft.add(Op.BOOL, 1, i, 0);
            (answer,) = finish(draft, 1);
            assertValue(answer, Encode.boolean(i == 1));
        }
    }

    /// @dev Whether `operation` jumps on undefined, false, true and zero, in the bits of `jumps` from the lowest on.
    function _jumps(uint8 operation, uint256 jumps) private {
        bytes[] memory values =
            Encode.list(UNDEFINED, Encode.boolean(false), Encode.boolean(true), Encode.natural(0));
        for (uint256 i = 0; i < 4; ++i) {
            Draft memory draft = begin(3, Encode.list(values[i]));
            uint16 at = draft.add(operation, 1, 0, 0);
            draft.add(Op.BOOL, 2, 0, 0);
            draft.add(Op.RET, 2, 0, 0);
            draft.patch(at, 1, draft.here());
            draft.add(Op.BOOL, 2, 1, 0);
            (Answer memory answer,) = finishJump(draft);
            assertValue(answer, Encode.boolean((jumps >> i) & 1 == 1));
        }
    }

    function finishJump(Draft memory draft) private returns (Answer memory answer, uint256) {
        draft.add(Op.RET, 2, 0, 0);
        answer = run(draft);
        return (answer, 0);
    }

    function test_jumps() public {
        _jumps(Op.JT, 12);
        _jumps(Op.JF, 3);
        _jumps(Op.JU, 1);
        _jumps(Op.JD, 14);
    }

    function test_not() public {
        gives(Op.NOT, UNDEFINED, Encode.boolean(true), 0);
        gives(Op.NOT, Encode.boolean(false), Encode.boolean(true), 0);
        gives(Op.NOT, Encode.boolean(true), Encode.boolean(false), 0);
        gives(Op.NOT, Encode.natural(0), Encode.boolean(false), 0);
    }

    function test_def() public {
        Draft memory draft = begin(3, Encode.list(Encode.boolean(false)));
        draft.add(Op.DEF, 1, 0, 0);
        (Answer memory answer,) = finish(draft, 1);
        assertValue(answer, Encode.boolean(false));
        draft = begin(3, Encode.list());
        draft.add(Op.DEF, 1, 0, 0);
        (answer,) = finish(draft, 1);
        assertFault(answer, TYPE);
    }

    function _yield(bytes memory first, bytes memory second)
        private
        returns (Answer memory, uint256)
    {
        Draft memory draft = begin(4, Encode.list(first, second));
        draft.add(Op.YIELD, 3, 1, 0);
        draft.add(Op.YIELD, 3, 2, 0);
        return finish(draft, 3);
    }

    function test_yield() public {
        (Answer memory answer, uint256 fuel) = _yield(Encode.text("a"), UNDEFINED);
        assertValue(answer, Encode.text("a"));
        assertEq(fuel, 0);
        (answer, fuel) = _yield(UNDEFINED, Encode.text("a"));
        assertValue(answer, Encode.text("a"));
        (answer, fuel) = _yield(Encode.text("a"), Encode.text("a"));
        assertValue(answer, Encode.text("a"));
        assertEq(fuel, 2);
        (answer,) = _yield(Encode.text("a"), Encode.text("b"));
        assertFault(answer, CONFLICT);
        (answer,) = _yield(UNDEFINED, UNDEFINED);
        assertUndefined(answer);
    }

    /// @dev Rule 0 doubles its argument, and has nothing for what is undefined.
    function _doubling(bytes memory argument) private returns (Answer memory answer, uint64 fuel) {
        Draft memory draft;
        draft.rule(20, 1);
        draft.add(Op.ADD, 2, 1, 1);
        draft.add(Op.RET, 2, 0, 0);
        draft.rule(3, 0);
        if (keccak256(argument) != keccak256(UNDEFINED)) {
            draft.add(Op.LIT, 1, draft.literal(argument), 0);
        }
        draft.add(Op.CALL, 2, 0, draft.list(1));
        draft.add(Op.RET, 2, 0, 0);
        answer = run(draft);
        fuel = answer.fuel - uint64(overhead(draft, 0));
    }

    function test_call() public {
        (Answer memory answer, uint64 fuel) = _doubling(Encode.natural(21));
        assertValue(answer, Encode.natural(42));
        // Five instructions, one argument, 20 registers, one integer, and it is the result.
        assertEq(fuel, 40 + 4 + 3 + 5 + written(33));
        (answer, fuel) = _doubling(UNDEFINED);
        assertUndefined(answer);
        assertEq(fuel, 16 + 4);
    }

    /// @dev A rule without parameters is run once, and keeps even that it has no value. One with parameters runs each time.
    function test_memo() public {
        for (uint256 defined = 0; defined < 2; ++defined) {
            Draft memory draft;
            draft.rule(2, 0);
            if (defined == 1) draft.add(Op.BOOL, 1, 1, 0);
            draft.add(Op.RET, 1, 0, 0);
            draft.rule(4, 0);
            uint16 list = draft.list();
            draft.add(Op.CALL, 1, 0, list);
            draft.add(Op.CALL, 2, 0, list);
            draft.add(Op.CALL, 3, 0, list);
            draft.add(Op.RET, 3, 0, 0);
            Answer memory answer = run(draft);
            if (defined == 1) assertValue(answer, Encode.boolean(true));
            else assertUndefined(answer);
            assertEq(answer.fuel, overhead(draft, 4) + 1 + 8 * (1 + defined) + written(1) * defined);
        }
    }

    /// @dev What a rule had in its registers is gone when it runs again, and its caller's are as they were.
    function test_registersAreARulesOwn() public {
        Draft memory draft;
        draft.rule(4, 1);
        draft.add(Op.MOVE, 3, 2, 0);
        draft.add(Op.MOVE, 2, 1, 0);
        draft.add(Op.RET, 3, 0, 0);
        draft.rule(4, 0);
        draft.add(Op.LIT, 1, draft.literal(Encode.natural(5)), 0);
        uint16 list = draft.list(1);
        draft.add(Op.CALL, 2, 0, list);
        draft.add(Op.CALL, 3, 0, list);
        draft.add(Op.JD, 3, draft.here() + 2, 0);
        draft.add(Op.RET, 1, 0, 0);
        draft.add(Op.RET, 3, 0, 0);
        assertValue(run(draft), Encode.natural(5));
    }

    /// @dev Arrays of what an iterator gives: `[value, key]` of each, or `["none"]` if it jumped at once.
    function _iterate(bytes memory value) private returns (Answer memory answer) {
        Draft memory draft = begin(10, Encode.list(value, Encode.text("none")));
        draft.add(Op.OPEN, 9, 0, 0);
        uint16 iter = draft.add(Op.ITER, 5, 1, 0);
        uint16 next = draft.add(Op.NEXT, 5, 3, 0);
        draft.add(Op.KEY, 4, 5, 0);
        draft.add(Op.PACK, 3, draft.list(3, 4), 0);
        draft.add(Op.PUSH, 9, 3, 0);
        draft.add(Op.JMP, next, 0, 0);
        draft.patch(next, 2, draft.here());
        draft.add(Op.SEAL, 3, 9, 0);
        draft.add(Op.RET, 3, 0, 0);
        draft.patch(iter, 2, draft.here());
        draft.add(Op.RET, 2, 0, 0);
        return run(draft);
    }

    function _pair(bytes memory value, bytes memory key) private pure returns (bytes memory) {
        return Encode.array(Encode.list(value, key));
    }

    function test_iterate() public {
        bytes memory x = Encode.text("x");
        bytes memory y = Encode.text("y");
        assertValue(
            _iterate(Encode.array(Encode.list(y, x))),
            Encode.array(Encode.list(_pair(y, Encode.natural(0)), _pair(x, Encode.natural(1))))
        );
        assertValue(
            _iterate(Encode.object(Encode.list(x, Encode.natural(1), y, Encode.natural(2)))),
            Encode.array(Encode.list(_pair(Encode.natural(1), x), _pair(Encode.natural(2), y)))
        );
        assertValue(
            _iterate(Encode.set(Encode.list(x, y))),
            Encode.array(Encode.list(_pair(x, x), _pair(y, y)))
        );
        assertValue(_iterate(Encode.array(Encode.list())), Encode.array(Encode.list()));
        assertValue(_iterate(UNDEFINED), Encode.text("none"));
        assertFault(_iterate(x), TYPE);
        assertFault(_iterate(Encode.boolean(true)), TYPE);
    }

    function test_iteratorThatWasNeverBegun() public {
        Draft memory draft = begin(8, Encode.list());
        draft.add(Op.KEY, 1, 5, 0);
        draft.add(Op.NEXT, 5, 1, draft.here() + 2);
        draft.add(Op.BOOL, 1, 1, 0);
        draft.add(Op.RET, 1, 0, 0);
        assertUndefined(run(draft));
    }

    /// @dev Adds values to a builder of `kind` and seals it twice.
    function _build(uint16 kind, bytes[] memory values)
        private
        returns (Answer memory answer, uint256)
    {
        Draft memory draft = begin(8, values);
        draft.add(Op.OPEN, 7, kind, 0);
        for (uint16 i = 0; i < values.length; ++i) {
            if (kind < 2) draft.add(Op.PUSH, 7, i + 1, 0);
            else if (i % 2 == 0) draft.add(Op.PUT, 7, i + 1, i + 2);
        }
        draft.add(Op.SEAL, 6, 7, 0);
        return finish(draft, 6);
    }

    function test_build() public {
        bytes memory a = Encode.text("a");
        bytes memory b = Encode.text("b");
        (Answer memory answer, uint256 fuel) = _build(0, Encode.list(b, a, UNDEFINED, b));
        assertValue(answer, Encode.array(Encode.list(b, a, b)));
        assertEq(fuel, 3 * 6 + written(27) + 3 * 3);
        (answer, fuel) = _build(1, Encode.list(b, a, UNDEFINED, b));
        assertValue(answer, Encode.set(Encode.list(a, b)));
        // b: insert 6. a: a step with order, insert before one. b: found at once, in the middle of two.
        assertEq(fuel, 6 + (15 + 7) + 15 + written(21) + 2 * 3);
        (answer, fuel) = _build(2, Encode.list(b, a, a, b));
        assertValue(answer, Encode.object(Encode.list(a, b, b, a)));
        assertEq(fuel, 6 + (15 + 7) + written(33) + 4 * 3);
        (answer,) = _build(2, Encode.list(a, b, a, b));
        assertValue(answer, Encode.object(Encode.list(a, b)));
        (answer,) = _build(2, Encode.list(a, b, a, a));
        assertFault(answer, CONFLICT);
        (answer,) = _build(2, Encode.list(Encode.natural(1), b));
        assertFault(answer, KEY);
        (answer,) = _build(2, Encode.list(UNDEFINED, b, a, UNDEFINED));
        assertValue(answer, Encode.object(Encode.list()));
    }

    function test_builderThatWasNeverOpened() public {
        for (uint256 i = 0; i < 2; ++i) {
            Draft memory draft = begin(5, Encode.list(Encode.text("a")));
            if (i == 0) draft.add(Op.PUSH, 4, 1, 0);
            else draft.add(Op.PUT, 4, 1, 1);
            draft.add(Op.SEAL, 2, 4, 0);
            (Answer memory answer, uint256 fuel) = finish(draft, 2);
            assertUndefined(answer);
            assertEq(fuel, 6);
        }
    }

    /// @dev What was sealed stays as it was when the builder goes on.
    function test_sealTwice() public {
        Draft memory draft = begin(6, Encode.list(Encode.natural(1)));
        draft.add(Op.OPEN, 5, 0, 0);
        draft.add(Op.PUSH, 5, 1, 0);
        draft.add(Op.SEAL, 2, 5, 0);
        draft.add(Op.PUSH, 5, 2, 0);
        draft.add(Op.SEAL, 3, 5, 0);
        draft.add(Op.PACK, 4, draft.list(2, 3), 0);
        (Answer memory answer,) = finish(draft, 4);
        bytes memory first = Encode.array(Encode.list(Encode.natural(1)));
        assertValue(
            answer,
            Encode.array(Encode.list(first, Encode.array(Encode.list(Encode.natural(1), first))))
        );
    }

    function _pack(uint16 kind, bytes[] memory values) private returns (Answer memory answer) {
        Draft memory draft = begin(6, values);
        uint16 list = values.length == 2 ? draft.list(1, 2) : draft.list();
        draft.add(Op.PACK, 5, list, kind);
        (answer,) = finish(draft, 5);
    }

    function test_pack() public {
        bytes memory a = Encode.text("a");
        bytes memory b = Encode.text("b");
        assertValue(_pack(0, Encode.list(b, a)), Encode.array(Encode.list(b, a)));
        assertValue(_pack(1, Encode.list(b, a)), Encode.set(Encode.list(a, b)));
        assertValue(_pack(1, Encode.list(a, a)), Encode.set(Encode.list(a)));
        assertValue(_pack(2, Encode.list(b, a)), Encode.object(Encode.list(b, a)));
        assertValue(_pack(2, Encode.list()), Encode.object(Encode.list()));
        assertFault(_pack(2, Encode.list(Encode.natural(1), a)), KEY);
        assertUndefined(_pack(0, Encode.list(a, UNDEFINED)));
    }
}
