// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Unordered nonces, a bit each, 256 to the word
/// @notice Every caller has its own, so that nobody uses up another's.
library NonceBitmap {
    /// @notice Where a nonce lies.
    function position(uint64 nonce) internal pure returns (uint256 word, uint256 bit) {
        return (nonce >> 8, uint256(1) << (nonce & 0xff));
    }

    /// @notice Whether a nonce is used or invalidated.
    function used(mapping(uint256 word => uint256 bits) storage nonces, uint64 nonce)
        internal
        view
        returns (bool)
    {
        (uint256 word, uint256 bit) = position(nonce);
        return nonces[word] & bit != 0;
    }

    /// @notice Uses a nonce up.
    /// @return fresh Whether it was not used before.
    function use(mapping(uint256 word => uint256 bits) storage nonces, uint64 nonce)
        internal
        returns (bool fresh)
    {
        (uint256 word, uint256 bit) = position(nonce);
        uint256 bits = nonces[word];
        if (bits & bit != 0) return false;
        nonces[word] = bits | bit;
        return true;
    }
}
