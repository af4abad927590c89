// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Encode} from "./Encode.sol";

/// @title Values for fuzz tests
library Values {
    /// @notice A value that is made from `seed`, of a few that are near to each other. No sets, since these cannot be ordered against
    /// objects, and none of which one would have to know the order.
    function any(uint256 seed, uint256 depth) internal pure returns (bytes memory) {
        uint256 kind = seed % (depth == 0 ? 4 : 6);
        seed = uint256(keccak256(abi.encode(seed)));
        if (kind == 0) return Encode.boolean(seed & 1 == 1);
        if (kind == 1) {
            return Encode.signed(seed & 1 == 1, (seed >> 8) % 3 << (seed & 2 == 2 ? 250 : 0));
        }
        if (kind == 2) return Encode.signed(seed & 1 == 1, seed);
        if (kind == 3) {
            bytes memory text = new bytes((seed >> 8) % 3 * 31 + seed % 3);
            if (text.length > 0) text[text.length - 1] = bytes1(uint8(seed >> 16) % 3);
            return Encode.text(string(text));
        }
        bytes[] memory items = new bytes[]((seed >> 8) % 3);
        for (uint256 i = 0; i < items.length; ++i) {
            items[i] = any(uint256(keccak256(abi.encode(seed, i))) % 60, depth - 1);
        }
        if (kind == 4) return Encode.array(items);
        bytes[] memory entries = new bytes[](2 * items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            entries[2 * i] = Encode.text(i == 0 ? "a" : seed & 1 == 1 ? "b" : "ab");
            entries[2 * i + 1] = items[i];
        }
        return Encode.object(entries);
    }
}
