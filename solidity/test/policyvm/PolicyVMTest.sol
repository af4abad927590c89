// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {Test} from "forge-std/Test.sol";
import {DataContracts} from "writ/libraries/DataContracts.sol";
import {IPolicyCheck} from "writ/policyvm/IPolicyCheck.sol";
import {IPolicyVM, Status} from "writ/policyvm/IPolicyVM.sol";

/// @notice What an evaluation came to, as `IPolicyVM.evaluate` gives it.
struct Answer {
    Status status;
    uint8 code;
    bytes value;
    uint64 fuel;
}

/// @title Programs written by hand, run on the interpreter as it ships
abstract contract PolicyVMTest is Test {
    using Assembler for Draft;

    uint8 internal constant FUEL = 1;
    uint8 internal constant TYPE = 2;
    uint8 internal constant OVERFLOW = 3;
    uint8 internal constant DIVISION = 4;
    uint8 internal constant CONFLICT = 5;
    uint8 internal constant KEY = 6;
    uint8 internal constant TEXT = 7;
    uint8 internal constant DEPTH = 8;

    /// @dev What an undefined operand is written as: no value begins like that.
    bytes internal constant UNDEFINED = hex"ff";

    uint64 internal constant LIMIT = 1_000_000;

    IPolicyVM internal vm_;
    IPolicyCheck internal checker;

    function setUp() public virtual {
        vm_ = IPolicyVM(deployCode("PolicyVM.sol:PolicyVM"));
        checker = IPolicyCheck(deployCode("PolicyCheck.sol:PolicyCheck"));
    }

    function parameters() internal pure returns (bytes memory) {
        return Encode.object(Encode.list(Encode.text("limit"), Encode.natural(7)));
    }

    function input() internal pure returns (bytes memory) {
        return Encode.object(
            Encode.list(
                Encode.text("calls"),
                Encode.array(Encode.range(1, 2)),
                Encode.text("chain"),
                Encode.text("one")
            )
        );
    }

    function words(uint256 size) internal pure returns (uint256) {
        return (size + 31) / 32;
    }

    /// @dev `0x00 ‖ data` as code.
    function publish(bytes memory data) internal returns (address at) {
        bytes memory creation = DataContracts.creationCode(data);
        assembly {
            at := create(0, add(creation, 32), mload(creation))
        }
        require(at != address(0), "not created");
    }

    function run(bytes memory program, uint64 limit) internal returns (Answer memory) {
        return run(program, parameters(), input(), limit);
    }

    function run(bytes memory program, bytes memory parameters_, bytes memory input_, uint64 limit)
        internal
        returns (Answer memory answer)
    {
        address at = publish(program);
        (answer.status, answer.code, answer.value, answer.fuel) =
            vm_.evaluate(at, parameters_, input_, limit);
    }

    /// @dev Runs a program of one rule, which must be valid.
    function run(Draft memory draft) internal returns (Answer memory) {
        bytes memory program = draft.assemble();
        checker.checkProgram(program);
        return run(program, LIMIT);
    }

    /// @dev The fuel of a new value of so many bytes.
    function written(uint256 size) internal pure returns (uint256) {
        return 1 + 2 * words(size);
    }

    /// @dev The fuel of comparing two values of so many bytes for equality.
    function compared(uint256 size) internal pure returns (uint256) {
        return 1 + words(size) + (size > 64 ? 6 : 0);
    }

    /// @dev The fuel of a program's literals and rules, parameters, input, the entry rule's registers, and so many instructions.
    function overhead(Draft memory draft, uint256 instructions) internal pure returns (uint256) {
        return words(draft.blob.length) + draft.rules + 12
            * (words(parameters().length) + words(input().length))
            + words(4 * uint256(draft.registers)) + 8 * instructions;
    }

    /// @dev The fuel beyond that, where each instruction was run once.
    function extra(Draft memory draft, Answer memory answer) internal pure returns (uint256) {
        uint256 result = answer.value.length == 0 ? 0 : written(answer.value.length);
        return answer.fuel - overhead(draft, draft.here()) - result;
    }

    /// @dev A rule that begins with literals in registers 1 to n, of which `UNDEFINED` ones are left out.
    function begin(uint16 registers, bytes[] memory values)
        internal
        pure
        returns (Draft memory draft)
    {
        draft.rule(registers, 0);
        for (uint16 i = 0; i < values.length; ++i) {
            if (keccak256(values[i]) != keccak256(UNDEFINED)) {
                draft.add(Op.LIT, i + 1, draft.literal(values[i]), 0);
            }
        }
    }

    function finish(Draft memory draft, uint16 register)
        internal
        returns (Answer memory answer, uint256 fuel)
    {
        draft.add(Op.RET, register, 0, 0);
        answer = run(draft);
        if (answer.status != Status.Fault) fuel = extra(draft, answer);
    }

    /// @dev `operation` on two values.
    function binary(uint8 operation, bytes memory left, bytes memory right)
        internal
        returns (Answer memory, uint256)
    {
        Draft memory draft = begin(5, Encode.list(left, right));
        draft.add(operation, 3, 1, 2);
        return finish(draft, 3);
    }

    /// @dev `operation` on one value.
    function unary(uint8 operation, bytes memory value) internal returns (Answer memory, uint256) {
        Draft memory draft = begin(5, Encode.list(value));
        draft.add(operation, 3, 1, 0);
        return finish(draft, 3);
    }

    /// @dev `operation` on a list of three values.
    function ternary(uint8 operation, bytes memory a, bytes memory b, bytes memory c)
        internal
        returns (Answer memory, uint256)
    {
        Draft memory draft = begin(5, Encode.list(a, b, c));
        draft.add(operation, 4, draft.list(1, 2, 3), 0);
        return finish(draft, 4);
    }

    function assertFault(Answer memory answer, uint8 code) internal pure {
        assertEq(uint8(answer.status), uint8(Status.Fault));
        assertEq(answer.code, code);
        assertEq(answer.value, "");
    }

    function assertUndefined(Answer memory answer) internal pure {
        assertEq(uint8(answer.status), uint8(Status.Undefined));
        assertEq(answer.code, 0);
        assertEq(answer.value, "");
    }

    function assertValue(Answer memory answer, bytes memory value) internal pure {
        assertEq(uint8(answer.status), uint8(Status.Value));
        assertEq(answer.code, 0);
        assertEq(answer.value, value);
    }

    /// @dev An operation on two values, its value and its fuel besides the instruction's own.
    function gives(
        uint8 operation,
        bytes memory a,
        bytes memory b,
        bytes memory value,
        uint256 fuel
    ) internal {
        (Answer memory answer, uint256 used) = binary(operation, a, b);
        assertValue(answer, value);
        assertEq(used, fuel, "fuel");
    }

    function gives(uint8 operation, bytes memory a, bytes memory value, uint256 fuel) internal {
        (Answer memory answer, uint256 used) = unary(operation, a);
        assertValue(answer, value);
        assertEq(used, fuel, "fuel");
    }

    function gives(
        uint8 operation,
        bytes memory a,
        bytes memory b,
        bytes memory c,
        bytes memory value,
        uint256 fuel
    ) internal {
        (Answer memory answer, uint256 used) = ternary(operation, a, b, c);
        assertValue(answer, value);
        assertEq(used, fuel, "fuel");
    }

    function faults(uint8 operation, bytes memory a, bytes memory b, uint8 code) internal {
        (Answer memory answer,) = binary(operation, a, b);
        assertFault(answer, code);
    }

    function faults(uint8 operation, bytes memory a, uint8 code) internal {
        (Answer memory answer,) = unary(operation, a);
        assertFault(answer, code);
    }

    /// @dev An undefined operand makes the result undefined, at no charge.
    function needsBoth(uint8 operation, bytes memory a, bytes memory b) internal {
        (Answer memory answer, uint256 used) = binary(operation, UNDEFINED, b);
        assertUndefined(answer);
        assertEq(used, 0);
        (answer, used) = binary(operation, a, UNDEFINED);
        assertUndefined(answer);
        assertEq(used, 0);
    }
}
