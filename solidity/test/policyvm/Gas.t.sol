// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "./Assembler.sol";
import {Encode} from "./Encode.sol";
import {GasTest} from "./GasTest.sol";
import {console} from "forge-std/console.sol";

/// @title Gas is bounded by fuel: what each instruction takes for each unit of it
/// @notice `forge test --match-contract PolicyVMGasTest -vv` prints the table. An instruction is repeated, and what the
/// same program without it takes is subtracted; then it is repeated until all fuel is used.
contract PolicyVMGasTest is GasTest {
    using Assembler for Draft;

    function _measure(Draft memory draft) private returns (uint256 gas_, uint64 fuel) {
        uint8 code;
        (gas_, fuel, code) = measure(draft, hex"00", hex"00", 10_000_000);
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
        draft.add(Op.OPEN, 11, 2, 0);
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
        console.log(name, used / 20, paid / 20, used / paid);
        assertLe(used, GAS_PER_FUEL * paid, name);
        _exhaust(name, values, operation, a, b, c);
    }

    /// @dev The same again and again, up to the limit.
    function _exhaust(
        string memory name,
        bytes[] memory values,
        uint8 operation,
        uint16 a,
        uint16 b,
        uint16 c
    ) private {
        Draft memory draft = _start(values);
        uint16 first = draft.here();
        uint256 room = (MOST_BYTES - draft.assemble().length) / 7 - 2;
        bytes memory instruction = abi.encodePacked(operation, a, b, c);
        bytes memory block_ = instruction;
        while (block_.length * 2 / 7 <= room) block_ = bytes.concat(block_, block_);
        draft.code = bytes.concat(draft.code, block_);
        draft.add(Op.JMP, first, 0, 0);
        exhausts(name, draft);
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

    /// @dev `count` items that differ from each other behind a part that is the same, in their order.
    function _alike(uint256 count, uint256 same) private pure returns (bytes[] memory items) {
        items = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = Encode.text(string(bytes.concat(new bytes(same), bytes2(uint16(i)))));
        }
    }

    /// @dev Arrays of arrays of … an integer.
    function _deep(uint256 levels, uint256 innermost) private pure returns (bytes memory value) {
        value = Encode.natural(innermost);
        for (uint256 i = 0; i < levels; ++i) {
            value = Encode.array(Encode.list(value));
        }
    }

    function _wrapped(bytes[] memory items) private pure returns (bytes[] memory) {
        for (uint256 i = 0; i < items.length; ++i) {
            items[i] = Encode.array(Encode.list(items[i]));
        }
        return items;
    }

    /// @dev Keys of so many bytes of which both ends are the same.
    function _keyed(uint256 size) private pure returns (bytes memory object, bytes memory key) {
        bytes[] memory entries = new bytes[](40);
        for (uint256 i = 0; i < 40; i += 2) {
            bytes memory name = new bytes(size);
            name[size / 2] = bytes1(uint8(i));
            entries[i] = key = Encode.text(string(name));
            entries[i + 1] = Encode.natural(i);
        }
        object = Encode.object(entries);
    }

    /// @dev What is most for the fuel that it takes.
    function test_gasOfTheWorst() public {
        bytes memory none = Encode.array(Encode.list());
        _two("LT of empty arrays", Op.LT, none, none);
        _two("LT of empty texts", Op.LT, empty, empty);
        _two("LT of deep arrays", Op.LT, _deep(15, 1), _deep(15, 2));
        _two("LT of texts of 33 bytes", Op.LT, _alike(1, 31)[0], _alike(1, 31)[0]);
        bytes memory alike = Encode.array(_alike(60, 31));
        _two("LT of arrays of texts of 33 bytes", Op.LT, alike, alike);
        _one("MIN of empty arrays", Op.MIN, _many(none));
        _one("MAX of texts of 33 bytes", Op.MAX, alike);
        _one("SORT of arrays", Op.SORT, Encode.array(_wrapped(Encode.range(0, 100))));
        _one("SORT of texts of 33 bytes", Op.SORT, alike);
        _one("SORT of empty arrays", Op.SORT, _many(none));
        _one("SORT of a pair", Op.SORT, Encode.array(Encode.list(two, one)));
        _one("SORT of nothing", Op.SORT, none);
        _one("SUM of negative and positive", Op.SUM, _mixed());
        _one("SUM of nothing", Op.SUM, none);
        bytes memory arrays = Encode.set(_wrapped(Encode.range(0, 100)));
        _two("UNION of sets of arrays", Op.UNION, arrays, arrays);
        _two("UNION with nothing", Op.UNION, arrays, Encode.set(Encode.list()));
        _two("INTER of nothing", Op.INTER, Encode.set(Encode.list()), Encode.set(Encode.list()));
        _two(
            "UNION of texts of 33 bytes",
            Op.UNION,
            Encode.set(_alike(60, 31)),
            Encode.set(_alike(60, 31))
        );
        _one("KEYS of nothing", Op.KEYS, Encode.object(Encode.list()));
    }

    function _mixed() private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](100);
        for (uint256 i = 0; i < 100; ++i) {
            items[i] = Encode.signed(i % 2 == 0, 1 << i);
        }
        return Encode.array(items);
    }

    function test_gasOfTheWorstLookups() public {
        bytes memory none = Encode.array(Encode.list());
        bytes memory nothing = Encode.object(Encode.list());
        (bytes memory object, bytes memory key) = _keyed(65);
        _two("INDEX of long keys", Op.INDEX, object, key);
        (object, key) = _keyed(64);
        _two("INDEX of keys of 64 bytes", Op.INDEX, object, key);
        _two("INDEX of keys of another size", Op.INDEX, object, x);
        _two("INDEX of no entries", Op.INDEX, nothing, x);
        _two("INDEX, one entry", Op.INDEX, Encode.object(Encode.list(x, one)), x);
        _two("INDEX of a scalar", Op.INDEX, one, one);
        _two("INDEX of an array, first", Op.INDEX, _truths(), Encode.natural(0));
        _two("IN of an empty array", Op.IN, one, none);
        _two("IN of a scalar", Op.IN, one, one);
        _two("IN of long texts", Op.IN, _alike(40, 64)[39], Encode.array(_alike(40, 64)));
        _two("IN of objects of texts", Op.IN, two, object);
        _two("IN of another size", Op.IN, one, _texts());
        _instruction("FIELD", Encode.list(_object(), x, x), Op.FIELD, 4, 1, 1);
        _instruction("GET of nothing", Encode.list(nothing, x, x), Op.GET, 4, 0, 0);
        _instruction("KEY of nothing", Encode.list(one), Op.KEY, 4, 5, 0);
        _instruction("DATA", Encode.list(one), Op.DATA, 4, 0, 0);
        _instruction("BOOL", Encode.list(one), Op.BOOL, 4, 1, 0);
    }

    /// @dev Lists of registers, which are read whether what comes of them or not.
    function test_gasOfLists() public {
        for (uint256 undefined = 0; undefined < 2; ++undefined) {
            for (uint16 kind = 0; kind < 2; ++kind) {
                Draft memory draft = _start(Encode.list(one));
                uint16[] memory registers = new uint16[](1000);
                for (uint256 i = 0; i < 1000; ++i) {
                    registers[i] = undefined == 1 && i == 999 ? 4 : 1;
                }
                uint16 at = draft.list(registers);
                uint16 first = draft.add(Op.PACK, 5, at, kind);
                draft.add(Op.JMP, first, 0, 0);
                exhausts(string.concat("PACK of 1,000, kind ", vm.toString(kind)), draft);
            }
        }
        _call("CALL with 1,000 arguments", false);
        _call("CALL with 1,000, the last undefined", true);
    }

    function _call(string memory name, bool undefined) private {
        Draft memory draft;
        draft.rule(1001, 1000);
        draft.add(Op.RET, 1, 0, 0);
        draft.rule(3, 0);
        uint16[] memory arguments = new uint16[](1000);
        for (uint256 i = 0; i < 1000; ++i) {
            arguments[i] = 1;
        }
        // What is called gives this one, undefined as it was.
        if (undefined) arguments[999] = 2;
        uint16 list = draft.list(arguments);
        draft.add(Op.LIT, 1, draft.literal(one), 0);
        uint16 again = draft.add(Op.CALL, 2, 0, list);
        draft.add(Op.JMP, again, 0, 0);
        exhausts(name, draft);
    }

    function test_gasOfCollections() public {
        _instruction("YIELD", Encode.list(one), Op.YIELD, 4, 1, 0);
        _instruction("PUSH to an array", Encode.list(one), Op.PUSH, 8, 1, 0);
        _instruction("PUSH to a set, there", Encode.list(one), Op.PUSH, 9, 1, 0);
        _instruction("PUSH of an array to a set", Encode.list(_deep(2, 1)), Op.PUSH, 9, 1, 0);
        _instruction("PUT, there", Encode.list(x, one), Op.PUT, 11, 1, 2);
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
        _two("JOIN of nothing", Op.JOIN, empty, Encode.array(Encode.list()));
        _two("JOIN with a long text", Op.JOIN, _long(), _texts());
        _two("STARTS with nothing", Op.STARTS, empty, empty);
        _two("TRIM of one", Op.TRIM, x, x);
        _two("TRIM of nothing", Op.TRIM, empty, empty);
        _two("TRIM of many", Op.TRIM, x, _long());
        _one("LOWER of one", Op.LOWER, x);
        _one("LOWER of nothing", Op.LOWER, empty);
        _one("COUNT of a text", Op.COUNT, x);
        _two("ACAT of nothing", Op.ACAT, Encode.array(Encode.list()), Encode.array(Encode.list()));
        _two("TRIMS of all", Op.TRIMS, x, x);
        _two("CONTAINS nothing", Op.CONTAINS, empty, empty);
        _two("CONTAINS what nearly is there", Op.CONTAINS, _long(), _nearly(33));
        _two("FORMAT of one digit", Op.FORMAT, one, Encode.natural(10));
        _two("FORMAT", Op.FORMAT, Encode.natural(type(uint256).max), Encode.natural(10));
        _instruction("SUBSTR", Encode.list(x, one, one), Op.SUBSTR, 4, 0, 0);
    }

    function _nearly(uint256 size) private pure returns (bytes memory) {
        bytes memory text = new bytes(size);
        text[size - 1] = "x";
        return Encode.text(string(text));
    }

    function test_gasOfNothing() public {
        Draft memory draft = _start(Encode.list());
        draft.add(Op.RET, 13, 0, 0);
        (uint256 gas_, uint64 fuel) = _measure(draft);
        console.log("base", gas_, fuel);
        assertLe(gas_, SMALL + GAS_PER_FUEL * fuel);
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
