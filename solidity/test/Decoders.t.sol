// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    ModuleArguments,
    ModuleDecoder,
    PlainArguments,
    PlainDecoder
} from "./utils/PlainDecoder.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Test} from "forge-std/Test.sol";

/// @title What is decoded in assembly is what plain Solidity decodes, and is refused as it refuses
contract DecodersTest is Test {
    ModuleDecoder internal module = new ModuleDecoder();
    PlainDecoder internal plain = new PlainDecoder();
    address internal moduleArguments = address(new ModuleArguments());
    PlainArguments internal plainArguments = new PlainArguments();

    function testFuzz_anyBytesAsASuffix(bytes calldata body) public view {
        _same(abi.encodeCall(plain.decode, (body)));
    }

    /// @dev Near to a suffix: well formed, then cut, lengthened, or changed in one byte.
    function testFuzz_nearlyASuffix(
        bytes32 seed,
        uint8 bounds,
        uint8 signatures,
        uint16 at,
        uint8 value,
        uint8 cut
    ) public view {
        bytes memory body = _body(seed, bound(bounds, 1, 8), bound(signatures, 0, 32));
        _same(abi.encodeCall(plain.decode, (body)));
        bytes memory changed = bytes.concat(body);
        changed[at % body.length] = bytes1(value);
        _same(abi.encodeCall(plain.decode, (changed)));
        // Where structure is: version, scheme, counts, and the bounds' kinds.
        uint256 count = uint8(body[127]) & 15;
        uint256 longer = uint8(body[127]) >> 4;
        uint256 firstLonger = 128 + 37 * (count - longer);
        uint256[7] memory places = [
            0,
            1,
            127,
            128 + 37 * count + 32 * longer,
            128 + 37 * (uint256(at) % (count - longer)),
            longer == 0 ? 127 : firstLonger + 69 * (uint256(at) % longer),
            longer == 0 ? 127 : firstLonger + 69 * (uint256(at) % longer) + 37 + uint256(at) % 32
        ];
        changed = bytes.concat(body);
        changed[places[value % 7]] = bytes1(value < 128 ? cut % 12 : cut);
        _same(abi.encodeCall(plain.decode, (changed)));
        _same(abi.encodeCall(plain.decode, (bytes.concat(body, bytes1(value)))));
        uint256 length = body.length - (uint256(cut) % body.length);
        assembly ("memory-safe") {
            mstore(body, length)
        }
        _same(abi.encodeCall(plain.decode, (body)));
    }

    /// @dev Offsets and lengths that overlap, point outside or overflow. Nothing is taken that Solidity would not take.
    function testFuzz_fieldsOfAnOperation(
        bytes calldata data,
        uint8 field,
        uint8 how,
        uint256 value,
        uint16 cut
    ) public view {
        PackedUserOperation memory op;
        (op.callData, op.signature) = (data, bytes.concat(data, data));
        bytes memory input = abi.encodeCall(plain.fields, (op));
        _same(input);
        // The words of the operation begin behind the selector and the offset to it; four of them are offsets.
        uint256 place = [uint256(2), 3, 7, 8][field % 4];
        uint256 word = how % 4 == 0
            ? value
            : how % 4 == 1
                ? value % (input.length + 64)
                : how % 4 == 2 ? type(uint256).max - value % 1024 : (value % 64) * 32;
        assembly ("memory-safe") {
            let at := add(add(input, 0x44), mul(place, 32))
            // An offset, or the length that it points to.
            if and(how, 0x80) { at := add(add(input, 0x44), mload(at)) }
            mstore(at, word)
        }
        _neverMore(input);
        uint256 length = input.length - cut % (input.length - 4);
        assembly ("memory-safe") {
            mstore(input, length)
        }
        _neverMore(input);
    }

    /// @dev Offsets and lengths that overlap, point outside or overflow; calldata that is cut; addresses that are none; value.
    function testFuzz_argumentsOfWhatIsCalledWithEveryOperation(
        bytes calldata data,
        address sender,
        uint8 which,
        uint8 how,
        uint256 value,
        uint16 cut
    ) public {
        PackedUserOperation memory op;
        (op.sender, op.callData) = (sender, data);
        bytes memory input = which % 3 == 0
            ? abi.encodeCall(plainArguments.validateUserOp, (op, keccak256(data)))
            : which % 3 == 1
                ? abi.encodeCall(plainArguments.preCheck, (sender, value, data))
                : abi.encodeCall(plainArguments.postCheck, (data));
        _sameArguments(input, 0);
        _sameArguments(input, 1 + value % 1 ether);
        // The offset, or the length that it points to; of preCheck, the address as well.
        uint256 word = how % 4 == 0
            ? value
            : how % 4 == 1
                ? value % (input.length + 64)
                : how % 4 == 2 ? type(uint256).max - value % 1024 : (value % 64) * 32;
        uint256 place = which % 3 == 1 ? (how & 0x40 == 0 ? 0x44 : 0x04) : 0x04;
        assembly ("memory-safe") {
            let at := add(add(input, 0x20), place)
            if and(how, 0x80) {
                at := add(add(input, 0x24), mload(at))
                // Only what lies inside: an address is no offset.
                if gt(sub(at, input), mload(input)) { at := add(input, 0x24) }
            }
            mstore(at, word)
        }
        _sameArguments(input, 0);
        uint256 length = input.length - cut % (input.length - 3);
        assembly ("memory-safe") {
            mstore(input, length)
        }
        _sameArguments(input, 0);
    }

    function _sameArguments(bytes memory input, uint256 value) private {
        vm.deal(address(this), 1 ether);
        (bool ours, bytes memory decoded) = moduleArguments.call{value: value}(input);
        (bool theirs, bytes memory expected) = address(plainArguments).call{value: value}(input);
        assertEq(ours, theirs);
        assertEq(decoded, expected);
    }

    function _same(bytes memory input) private view {
        (bool ours, bytes memory decoded) = address(module).staticcall(input);
        (bool theirs, bytes memory expected) = address(plain).staticcall(input);
        assertEq(ours, theirs);
        assertEq(decoded, expected);
    }

    function _neverMore(bytes memory input) private view {
        (bool ours, bytes memory decoded) = address(module).staticcall(input);
        if (!ours) return;
        (bool theirs, bytes memory expected) = address(plain).staticcall(input);
        assertTrue(theirs);
        assertEq(decoded, expected);
    }

    function _body(bytes32 seed, uint256 bounds, uint256 signatures)
        private
        pure
        returns (bytes memory body)
    {
        body = abi.encodePacked(uint8(1), uint8(1));
        for (uint256 i = 0; i < 4; ++i) {
            body = bytes.concat(body, keccak256(abi.encode(seed, i)));
        }
        assembly ("memory-safe") {
            mstore(body, 127)
        }
        uint256 longer = uint256(seed) % bounds;
        body = abi.encodePacked(
            body, uint8(longer << 4 | bounds), uint8(0), address(0), bytes16(seed)
        );
        for (uint256 i = 1; i < bounds - longer; ++i) {
            body = abi.encodePacked(body, uint8(1 + i / 3), uint160(i << 100), bytes16(seed));
        }
        // Of one asset, and told apart by what follows, or by kind.
        for (uint256 i = 0; i < longer; ++i) {
            body = abi.encodePacked(body, uint8(4 + i / 3), uint160(1), uint128(i % 2), i + 1);
        }
        body = abi.encodePacked(body, uint8(signatures));
        for (uint256 i = 0; i < signatures; ++i) {
            body = abi.encodePacked(body, uint8(i), seed, ~seed);
        }
    }
}
