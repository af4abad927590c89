// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {StringValues} from "./StringValues.sol";

/// @title UTF-8, as Unicode defines it: no longer form than needed, no surrogates, nothing above U+10FFFF
library Utf8 {
    /// @notice Whether `size` bytes from `at` on are UTF-8.
    function isValid(uint256 at, uint256 size) internal pure returns (bool) {
        if (StringValues.isAscii(at, size)) return true;
        uint256 end = at + size;
        while (at < end) {
            uint256 step = _character(at, end - at);
            if (step == 0) return false;
            at += step;
        }
        return true;
    }

    /// @dev How many bytes the character at `at` has, of which there are `left`; 0 if there is none.
    function _character(uint256 at, uint256 left) private pure returns (uint256 size) {
        uint256 word;
        assembly ("memory-safe") {
            word := mload(at)
        }
        uint256 first = word >> 248;
        if (first < 0x80) return 1;
        // What the second byte may be keeps longer forms, surrogates and what is above U+10FFFF out.
        uint256 least = 0x80;
        uint256 most = 0xbf;
        if (first < 0xc2) {
            return 0;
        } else if (first < 0xe0) {
            size = 2;
        } else if (first < 0xf0) {
            size = 3;
            if (first == 0xe0) least = 0xa0;
            if (first == 0xed) most = 0x9f;
        } else if (first < 0xf5) {
            size = 4;
            if (first == 0xf0) least = 0x90;
            if (first == 0xf4) most = 0x8f;
        } else {
            return 0;
        }
        if (size > left) return 0;
        uint256 second = (word >> 240) & 0xff;
        if (second < least || second > most) return 0;
        if (size > 2 && (word >> 238) & 3 != 2) return 0;
        if (size > 3 && (word >> 230) & 3 != 2) return 0;
    }
}
