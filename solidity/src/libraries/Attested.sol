// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Digests} from "./Digests.sol";

/// @notice An attestation in memory: the members of the EIP-712 struct in their order, a word each, type hash first, so
/// that its memory is what is hashed; and behind them the most that the operation may cost, which the action holds.
/// @dev The address of that memory. Not a struct, which Solidity would fill with zeros before each of the two writes.
type Attested is uint256;

using AttestedFields for Attested global;

/// @title The fields of an `Attested`
/// @notice As whole words: `Suffix.decode` wrote nothing above their types.
library AttestedFields {
    /// @dev The type hash, the twelve members, and the cost.
    uint256 internal constant SIZE = 0x1c0;

    uint256 private constant HASHED = 0x1a0;

    /// @notice Fills in what does not travel, and gives hashStruct of the whole.
    function hash(Attested attested, bytes32 action, bytes32 policy, bytes32 bounds)
        internal
        pure
        returns (bytes32 structHash)
    {
        bytes32 typeHash = Digests.ATTESTATION_TYPEHASH;
        assembly ("memory-safe") {
            mstore(attested, typeHash)
            mstore(add(attested, 0x20), action)
            mstore(add(attested, 0x40), policy)
            mstore(add(attested, 0x80), bounds)
            structHash := keccak256(attested, HASHED)
        }
    }

    function revision(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0xa0);
    }

    function epoch(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0xc0);
    }

    function sequence(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0xe0);
    }

    function level(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0x100);
    }

    function validAfter(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0x160);
    }

    function validUntil(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0x180);
    }

    /// @notice Ends its window earlier, once it was hashed.
    function endBy(Attested attested, uint256 time) internal pure {
        if (time >= attested.validUntil()) return;
        assembly ("memory-safe") {
            mstore(add(attested, 0x180), time)
        }
    }

    function maxCost(Attested attested) internal pure returns (uint256) {
        return _word(attested, 0x1a0);
    }

    function _word(Attested attested, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(attested, offset))
        }
    }
}
