// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {NonceBitmap} from "writ/libraries/NonceBitmap.sol";

/// @title A nonce is used once, and nothing but it: `make symbolic`
contract NonceBitmapChecks {
    using NonceBitmap for mapping(uint256 word => uint256 bits);

    mapping(uint256 word => uint256 bits) private nonces;

    /// @notice Whatever was used before: a nonce is fresh if it was not used, is used then, and is not fresh again.
    function check_aNonceIsUsedOnce(uint64 nonce, uint256 before) external {
        (uint256 word,) = NonceBitmap.position(nonce);
        nonces[word] = before;
        bool used = nonces.used(nonce);
        assert(nonces.use(nonce) == !used);
        assert(nonces.used(nonce));
        assert(!nonces.use(nonce));
    }

    /// @notice Using one nonce says nothing about another.
    function check_othersStayAsTheyAre(
        uint64 nonce,
        uint64 other,
        uint256 before,
        uint256 otherBefore
    ) external {
        if (nonce == other) return;
        (uint256 word,) = NonceBitmap.position(nonce);
        (uint256 otherWord,) = NonceBitmap.position(other);
        nonces[word] = before;
        nonces[otherWord] = otherBefore;
        bool used = nonces.used(other);
        nonces.use(nonce);
        assert(nonces.used(other) == used);
    }
}
