// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Encodings of values, written independently of what is tested
library Encode {
    function boolean(bool value) internal pure returns (bytes memory) {
        return value ? bytes(hex"01") : bytes(hex"00");
    }

    function natural(uint256 value) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(2), value);
    }

    /// @dev An integer by its sign and magnitude.
    function signed(bool negative, uint256 magnitude) internal pure returns (bytes memory) {
        return abi.encodePacked(negative && magnitude != 0 ? uint8(3) : uint8(2), magnitude);
    }

    function integer(int256 value) internal pure returns (bytes memory) {
        return value < 0 ? signed(true, uint256(-value)) : natural(uint256(value));
    }

    function text(string memory value) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(4), uint32(bytes(value).length), value);
    }

    function container(uint8 tag, uint32 count, bytes memory items)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(tag, uint32(items.length + 4), count, items);
    }

    function array(bytes[] memory items) internal pure returns (bytes memory) {
        return container(5, uint32(items.length), join(items));
    }

    /// @dev Of keys and values in turns.
    function object(bytes[] memory items) internal pure returns (bytes memory) {
        return container(6, uint32(items.length / 2), join(items));
    }

    function set(bytes[] memory items) internal pure returns (bytes memory) {
        return container(7, uint32(items.length), join(items));
    }

    function join(bytes[] memory items) internal pure returns (bytes memory all) {
        for (uint256 i = 0; i < items.length; ++i) {
            all = bytes.concat(all, items[i]);
        }
    }

    function list() internal pure returns (bytes[] memory) {
        return new bytes[](0);
    }

    function list(bytes memory a) internal pure returns (bytes[] memory items) {
        items = new bytes[](1);
        items[0] = a;
    }

    function list(bytes memory a, bytes memory b) internal pure returns (bytes[] memory items) {
        items = new bytes[](2);
        (items[0], items[1]) = (a, b);
    }

    function list(bytes memory a, bytes memory b, bytes memory c)
        internal
        pure
        returns (bytes[] memory items)
    {
        items = new bytes[](3);
        (items[0], items[1], items[2]) = (a, b, c);
    }

    function list(bytes memory a, bytes memory b, bytes memory c, bytes memory d)
        internal
        pure
        returns (bytes[] memory items)
    {
        items = new bytes[](4);
        (items[0], items[1], items[2], items[3]) = (a, b, c, d);
    }

    /// @dev The numbers from `first` on, `count` of them.
    function range(uint256 first, uint256 count) internal pure returns (bytes[] memory items) {
        items = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = natural(first + i);
        }
    }
}
