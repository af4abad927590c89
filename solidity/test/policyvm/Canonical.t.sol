// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Encode} from "./Encode.sol";
import {PolicyVMTest} from "./PolicyVMTest.sol";

/// @title Which bytes are encodings
contract CanonicalTest is PolicyVMTest {
    bytes private a = Encode.text("a");
    bytes private b = Encode.text("b");
    bytes private one = Encode.natural(1);

    function _is(bytes memory value) private view {
        assertTrue(checker.isCanonicalInput(value));
        assertTrue(checker.isCanonicalParameters(value));
    }

    function _isNot(bytes memory value) private view {
        assertFalse(checker.isCanonicalInput(value));
        assertFalse(checker.isCanonicalParameters(value));
    }

    function test_scalars() public view {
        _is(hex"00");
        _is(hex"01");
        _is(one);
        _is(Encode.natural(0));
        _is(Encode.integer(-1));
        _is(Encode.text(""));
        _is(Encode.text("text"));
        _isNot("");
        _isNot(hex"0000");
        _isNot(hex"08");
        _isNot(hex"ff");
        _isNot(abi.encodePacked(uint8(3), uint256(0)));
        _isNot(abi.encodePacked(uint8(2), uint248(1)));
        _isNot(hex"04");
        _isNot(hex"0400000001");
        _isNot(hex"04000000016162");
        _isNot(hex"04ffffffff61");
    }

    function test_utf8() public view {
        bytes[8] memory good = [
            bytes(hex"c280"),
            hex"dfbf",
            hex"e0a080",
            hex"ed9fbf",
            hex"ee8080",
            hex"efbfbf",
            hex"f0908080",
            hex"f48fbfbf"
        ];
        for (uint256 i = 0; i < good.length; ++i) {
            _is(Encode.text(string(good[i])));
            _is(Encode.text(string(bytes.concat("0123456789abcdef0123456789abcd", good[i], "z"))));
        }
        bytes[16] memory bad = [
            bytes(hex"80"),
            hex"bf",
            hex"c080",
            hex"c1bf",
            hex"c2",
            hex"c241",
            hex"c2c0",
            hex"e09fbf",
            hex"eda080",
            hex"e28241",
            hex"e282",
            hex"f08fbfbf",
            hex"f4908080",
            hex"f5808080",
            hex"f09080",
            hex"ff"
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            _isNot(Encode.text(string(bad[i])));
            // What follows the string does not complete it.
            _isNot(Encode.array(Encode.list(Encode.text(string(bad[i])), Encode.text("z"))));
        }
    }

    function test_containers() public view {
        _is(Encode.array(Encode.list()));
        _is(Encode.array(Encode.list(b, a, a)));
        _is(Encode.object(Encode.list(a, one, b, a)));
        _is(Encode.set(Encode.list(hex"00", hex"01", Encode.integer(-1), one)));
        _is(Encode.set(Encode.list(one, a, Encode.array(Encode.list()))));
        // In encodings the order is total.
        bytes memory object = Encode.object(Encode.list());
        bytes memory set = Encode.set(Encode.list());
        _is(Encode.set(Encode.list(object, set)));
        _isNot(Encode.set(Encode.list(set, object)));
        _isNot(Encode.set(Encode.list(b, a)));
        _isNot(Encode.set(Encode.list(a, a)));
        _isNot(Encode.set(Encode.list(one, Encode.integer(-1))));
        _isNot(Encode.object(Encode.list(b, a, a, one)));
        _isNot(Encode.object(Encode.list(a, a, a, a)));
        _isNot(Encode.object(Encode.list(one, a)));
        _isNot(Encode.container(5, 2, a));
        _isNot(Encode.container(5, 0, a));
        _isNot(Encode.container(5, type(uint32).max, a));
        _isNot(Encode.container(6, 1, a));
        _isNot(bytes.concat(Encode.array(Encode.list(a)), a));
        // A length that says less, or more, than there is.
        _isNot(abi.encodePacked(uint8(5), uint32(3), uint32(0)));
        _isNot(abi.encodePacked(uint8(5), uint32(5), uint32(1), a));
        _isNot(abi.encodePacked(uint8(5), uint32(5), uint32(0), uint8(0)));
        _isNot(abi.encodePacked(uint8(5), type(uint32).max, uint32(0)));
        _isNot(hex"050000000400");
    }

    function test_limits() public view {
        bytes memory value = one;
        for (uint256 i = 0; i < 15; ++i) {
            value = Encode.array(Encode.list(value));
        }
        _is(value);
        _isNot(Encode.array(Encode.list(value)));
        bytes memory wide = Encode.container(5, 8191, new bytes(8191));
        _is(wide);
        wide = Encode.container(5, 8192, new bytes(8192));
        assertTrue(checker.isCanonicalInput(wide));
        assertFalse(checker.isCanonicalParameters(wide));
        assertTrue(checker.isCanonicalInput(Encode.container(5, 65_535, new bytes(65_535))));
        assertFalse(checker.isCanonicalInput(Encode.container(5, 65_536, new bytes(65_536))));
        _is(Encode.text(string(new bytes(65_530))));
        assertFalse(checker.isCanonicalParameters(Encode.text(string(new bytes(65_531)))));
        assertTrue(checker.isCanonicalInput(Encode.text(string(new bytes(65_531)))));
    }

    /// @dev Any bytes get an answer, and a change of one byte of an encoding is another one or none, but never the same value.
    function testFuzz_anyBytes(bytes memory value) public view {
        checker.isCanonicalInput(value);
        checker.isCanonicalParameters(value);
    }

    function testFuzz_mutations(uint256 at, uint8 with) public view {
        bytes memory value = Encode.object(
            Encode.list(a, Encode.set(Encode.list(one, a, b)), b, Encode.array(Encode.list(one, a)))
        );
        uint256 index = at % value.length;
        bytes1 former = value[index];
        value[index] = bytes1(with);
        bool canonical = checker.isCanonicalInput(value);
        // Heads of containers and strings are fixed by what is in them.
        if (index < 9 && with != uint8(former)) assertFalse(canonical);
        if (with == uint8(former)) assertTrue(canonical);
    }
}
