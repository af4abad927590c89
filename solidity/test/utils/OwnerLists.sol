// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice One owner of a list.
struct ListedOwner {
    uint16 weight;
    address validator;
    bytes data;
}

/// @title Lists of owners and their signatures, written from the documentation and not from the validator
library OwnerLists {
    function id(ListedOwner memory owner) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(owner.validator, uint16(owner.data.length), owner.data));
    }

    /// @notice Into the order that a list must have.
    function sort(ListedOwner[] memory owners) internal pure {
        for (uint256 i = 1; i < owners.length; ++i) {
            for (uint256 j = i; j > 0 && id(owners[j]) < id(owners[j - 1]); --j) {
                (owners[j], owners[j - 1]) = (owners[j - 1], owners[j]);
            }
        }
    }

    /// @notice In the order given.
    function encode(uint16 threshold, ListedOwner[] memory owners)
        internal
        pure
        returns (bytes memory data)
    {
        data = abi.encodePacked(threshold);
        for (uint256 i = 0; i < owners.length; ++i) {
            ListedOwner memory owner = owners[i];
            data = abi.encodePacked(
                data, owner.weight, owner.validator, uint16(owner.data.length), owner.data
            );
        }
    }

    /// @notice One signature of several.
    function one(uint256 index, bytes memory signature) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(index), uint16(signature.length), signature);
    }
}
