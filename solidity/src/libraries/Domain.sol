// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title The EIP-712 domain {"Writ", "1", chainId, this contract}, kept nowhere
/// @notice Behind a proxy an immutable would hold the implementation's address, and a contract may have a domain of its own
/// already: so this one is computed, and inherits nothing.
library Domain {
    bytes32 private constant TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME = keccak256("Writ");
    bytes32 private constant VERSION = keccak256("1");

    /// @notice The domain separator of the calling contract on this chain.
    function separator() internal view returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, NAME, VERSION, block.chainid, address(this)));
    }

    /// @notice What is signed for a struct.
    function digest(bytes32 structHash) internal view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(separator(), structHash);
    }
}
