// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {Meter} from "./Meter.sol";
import {PolicyVMTest} from "./PolicyVMTest.sol";
import {console} from "forge-std/console.sol";
import {IPolicyVM} from "writ/policyvm/IPolicyVM.sol";

/// @title Gas is bounded by fuel: what each instruction takes for each unit of it
/// @notice `forge test --match-contract PolicyVMGasTest -vv` prints the table. An instruction is repeated, and what the
/// same program without it takes is subtracted.
contract PolicyVMGasTest is PolicyVMTest {
    using Assembler for Draft;

    /// @dev What a unit of fuel may take at most, while memory is small. Memory beyond that is priced by its square.
    uint256 private constant MOST_GAS_PER_FUEL = 350;
    /// @dev What an evaluation takes besides.
    uint256 private constant MOST_BASE = 20_000;

    Meter private meter;

    function setUp() public override {
        super.setUp();
        meter = new Meter();
    }

    function _measure(Draft memory draft) private returns (uint256 gas_, uint64 fuel) {
        bytes memory program = draft.assemble();
        checker.checkProgram(program);
        bytes memory answer;
        (gas_, answer) = meter.measure(
            address(vm_),
            abi.encodeCall(IPolicyVM.evaluate, (publish(program), hex"00", hex"00", 10_000_000))
        );
        uint8 code;
        (, code,, fuel) = abi.decode(answer, (uint8, uint8, bytes, uint64));
        assertEq(code, 0);
    }

    /// @dev Registers 1 to 3 hold `values`, 8 is a builder of arrays, 9 one of sets.
    function _start(bytes[] memory values) private pure returns (Draft memory draft) {
        draft.rule(2, 1);
        draft.add(Op.RET, 1, 0, 0);
        draft.rule(2, 0);
        draft.add(Op.RET, 1, 0, 0);
        draft.rule(14, 0);
        for (uint16 i = 0; i < values.length; ++i) {
            draft.add(Op.LIT, i + 1, draft.literal(values[i]), 0);
        }
        draft.list(1, 2, 3);
        draft.list(1);
        draft.list();
        draft.add(Op.OPEN, 8, 0, 0);
        draft.add(Op.OPEN, 9, 1, 0);
    }

    function _instruction(
        string memory name,
        bytes[] memory values,
        uint8 operation,
        uint16 a,
        uint16 b,
        uint16 c
    ) private {
        uint256[2] memory gas_;
        uint64[2] memory fuel;
        for (uint256 round = 0; round < 2; ++round) {
            Draft memory draft = _start(values);
            for (uint256 i = 0; i < 20 * round; ++i) {
                draft.add(operation, a, b, c);
            }
            draft.add(Op.RET, 13, 0, 0);
            (gas_[round], fuel[round]) = _measure(draft);
        }
        uint256 used = gas_[1] - gas_[0];
        uint256 paid = fuel[1] - fuel[0];
        uint256 ratio = used / paid;
        console.log(name, used / 20, paid / 20, ratio);
        assertLe(ratio, MOST_GAS_PER_FUEL, name);
    }

    function _two(string memory name, uint8 operation, bytes memory a, bytes memory b) private {
        _instruction(name, Encode.list(a, b, a), operation, 4, 1, 2);
    }

    function _one(string memory name, uint8 operation, bytes memory a) private {
        _instruction(name, Encode.list(a, a, a), operation, 4, 1, 0);
    }

    /*//////////////////////////////////////////////////////////////
        Enough of everything to see what one more takes
    //////////////////////////////////////////////////////////////*/

    bytes private one = Encode.natural(1);
    bytes private two = Encode.natural(2);
    bytes private x = Encode.text("x");
    bytes private empty = Encode.text("");

    function _numbers() private pure returns (bytes memory) {
        return Encode.array(Encode.range(0, 100));
    }

    function _set() private pure returns (bytes memory) {
        return Encode.set(Encode.range(0, 100));
    }

    function _other() private pure returns (bytes memory) {
        return Encode.set(Encode.range(50, 100));
    }

    function _truths() private pure returns (bytes memory) {
        return Encode.container(5, 200, new bytes(200));
    }

    function _long() private pure returns (bytes memory) {
        return Encode.text(string(new bytes(1000)));
    }

    function _object() private pure returns (bytes memory) {
        bytes[] memory entries = new bytes[](100);
        for (uint256 i = 0; i < 100; i += 2) {
            entries[i] = Encode.text(vm.toString(100 + i));
            entries[i + 1] = Encode.boolean(true);
        }
        return Encode.object(entries);
    }

    function _many(bytes memory item) private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](100);
        for (uint256 i = 0; i < 100; ++i) {
            items[i] = item;
        }
        return Encode.array(items);
    }

    function _nested() private pure returns (bytes memory) {
        return _many(Encode.array(Encode.list()));
    }

    function _texts() private view returns (bytes memory) {
        return _many(empty);
    }

    function test_gasOfScalars() public {
        _one("MOVE", Op.MOVE, one);
        _one("NOT", Op.NOT, one);
        _instruction("LIT", Encode.list(one), Op.LIT, 4, 0, 0);
        _instruction("INPUT", Encode.list(one), Op.INPUT, 4, 0, 0);
        _instruction("JT, not taken", Encode.list(Encode.boolean(false)), Op.JT, 1, 2, 0);
        _instruction("DEF", Encode.list(one), Op.DEF, 1, 0, 0);
        _instruction("TYPE", Encode.list(one), Op.TYPE, 4, 1, 2);
        _instruction("OPEN", Encode.list(one), Op.OPEN, 7, 0, 0);
        _two("EQ of integers", Op.EQ, one, two);
        _two("EQ of texts", Op.EQ, x, x);
        _two("EQ of long texts", Op.EQ, _long(), _long());
        _two("LT of integers", Op.LT, one, two);
        _two("LT of texts", Op.LT, x, x);
        _two("LT of long texts", Op.LT, _long(), _long());
        _two("LT of arrays of integers", Op.LT, _numbers(), _numbers());
    }

    function test_gasOfContainers() public {
        _two("LT of arrays of booleans", Op.LT, _truths(), _truths());
        _two("LT of objects", Op.LT, _object(), _object());
        _two("LT of nested arrays", Op.LT, _nested(), _nested());
        _two("ADD", Op.ADD, one, two);
        _two("SUB", Op.SUB, one, two);
        _two("MUL", Op.MUL, one, two);
        _two("MOD", Op.MOD, one, two);
        _one("ABS", Op.ABS, one);
        _two("INDEX of an array", Op.INDEX, _truths(), Encode.natural(199));
        _two("INDEX of an object, last", Op.INDEX, _object(), Encode.text("198"));
        _two("INDEX of a set, last", Op.INDEX, _set(), Encode.natural(99));
        _two("IN of booleans", Op.IN, Encode.boolean(true), _truths());
        _two("IN of an object", Op.IN, Encode.boolean(false), _object());
        _instruction("GET", Encode.list(_object(), x, x), Op.GET, 4, 0, 0);
        _instruction("ITER", Encode.list(_truths()), Op.ITER, 5, 1, 2);
    }

    function test_gasOfCollections() public {
        _instruction("YIELD", Encode.list(one), Op.YIELD, 4, 1, 0);
        _instruction("PUSH to an array", Encode.list(one), Op.PUSH, 8, 1, 0);
        _instruction("PUSH to a set, there", Encode.list(one), Op.PUSH, 9, 1, 0);
        _instruction("SEAL, empty", Encode.list(one), Op.SEAL, 4, 8, 0);
        _instruction("PACK, array", Encode.list(one, two, x), Op.PACK, 4, 0, 0);
        _instruction("PACK, set", Encode.list(one, two, x), Op.PACK, 4, 0, 1);
        _instruction("CALL", Encode.list(one), Op.CALL, 4, 0, 4);
        _instruction("CALL, known", Encode.list(one), Op.CALL, 4, 1, 6);
        _one("COUNT", Op.COUNT, _numbers());
        _one("COUNT of a long text", Op.COUNT, _long());
        _one("SUM", Op.SUM, _numbers());
        _one("MIN", Op.MIN, _numbers());
        _one("MAX of booleans", Op.MAX, _truths());
        _one("SORT", Op.SORT, _numbers());
        _one("KEYS", Op.KEYS, _object());
    }

    function test_gasOfTexts() public {
        _two("UNION", Op.UNION, _set(), _other());
        _two("INTER", Op.INTER, _set(), _other());
        _two("SUB of sets", Op.SUB, _set(), _other());
        _two("ACAT", Op.ACAT, _truths(), _truths());
        _one("LOWER", Op.LOWER, _long());
        _two("STARTS", Op.STARTS, x, x);
        _two("ENDS", Op.ENDS, x, x);
        _two("CONTAINS", Op.CONTAINS, _long(), x);
        _two("TRIM", Op.TRIM, _long(), Encode.text(string(new bytes(1))));
        _two("TRIMP", Op.TRIMP, x, x);
        _two("TRIMS", Op.TRIMS, x, x);
        _two("JOIN", Op.JOIN, empty, _texts());
        _two("FORMAT", Op.FORMAT, Encode.natural(type(uint256).max), Encode.natural(10));
        _instruction("SUBSTR", Encode.list(x, one, one), Op.SUBSTR, 4, 0, 0);
    }

    function test_gasOfNothing() public {
        Draft memory draft = _start(Encode.list());
        draft.add(Op.RET, 13, 0, 0);
        (uint256 gas_, uint64 fuel) = _measure(draft);
        console.log("base", gas_, fuel);
        assertLe(gas_, MOST_BASE);
    }

    /// @dev Some 21 KB of instructions.
    function test_gasOfTheCheck() public view {
        Draft memory draft = begin(6, Encode.list(Encode.natural(1), Encode.natural(2)));
        bytes memory code = abi.encodePacked(Op.ADD, uint16(3), uint16(1), uint16(2));
        for (uint256 i = 0; i < 10; ++i) {
            code = bytes.concat(code, code);
        }
        draft.code = bytes.concat(draft.code, code, code, code);
        draft.add(Op.RET, 3, 0, 0);
        (uint256 gas_,) = meter.measure(
            address(checker), abi.encodeCall(checker.checkProgram, (draft.assemble()))
        );
        console.log("check of 3,075 instructions", gas_);
        assertLe(gas_, 25_000_000);
    }
}
