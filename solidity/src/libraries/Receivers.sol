// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Callbacks by which tokens announce that they arrive
/// @notice An account's fallback handler may answer them at any time: they take nothing, and refusing them would refuse the
/// tokens. Every other call from outside needs an open frame.
library Receivers {
    bytes4 private constant ERC721 = 0x150b7a02; // onERC721Received(address,address,uint256,bytes)
    bytes4 private constant ERC1155 = 0xf23a6e61; // onERC1155Received(address,address,uint256,uint256,bytes)
    bytes4 private constant ERC1155_BATCH = 0xbc197c81; // onERC1155BatchReceived(...)
    bytes4 private constant ERC777 = 0x0023de29; // tokensReceived(...)

    function isReceiver(bytes4 selector) internal pure returns (bool) {
        return selector == ERC721 || selector == ERC1155 || selector == ERC1155_BATCH
            || selector == ERC777;
    }
}
