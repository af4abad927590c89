// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Head} from "./Head.sol";
import {Record} from "./Records.sol";

/// @title Exactly k of n operators signed: `index(1) ‖ r(32) ‖ vs(32)` each, by strictly ascending index
library Quorum {
    uint256 internal constant SIGNATURE = 65;

    /// @dev Half of the group order of secp256k1; a greater `s` is malleable.
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Whether the signatures are of exactly the threshold of distinct operators of the set.
    /// @dev Structure reverts by name; a signature that recovers to somebody else gives false, as ERC-4337 wants it of
    /// signatures. 7562: calls precompile 1, no storage.
    function verify(bytes32 digest, bytes calldata signatures, Head head, Record record)
        internal
        view
        returns (bool valid)
    {
        unchecked {
            uint256 threshold = head.threshold();
            if (signatures.length != threshold * SIGNATURE) {
                revert IWritErrors.ThresholdMismatch(signatures.length / SIGNATURE, threshold);
            }
        }
        uint256 count = head.operators();
        bool whole;
        uint256 index;
        (valid, whole, index) = _match(digest, signatures, record.operators(), count);
        if (whole) return valid;

        if (index >= count) revert IWritErrors.UnknownSigner(uint8(index), count);
        revert IWritErrors.SignersNotAscending();
    }

    /// @dev Compares each signature with the operator at its index, and stops at an index that is out of order or has no
    /// operator.
    /// @return valid Whether all that were compared matched.
    /// @return whole Whether it compared them all.
    /// @return index The last index that it looked at.
    function _match(bytes32 digest, bytes calldata signatures, uint256 operators, uint256 count)
        private
        view
        returns (bool valid, bool whole, uint256 index)
    {
        assembly ("memory-safe") {
            // The precompile takes `digest ‖ v ‖ r ‖ s`: the last two lie where the free memory pointer and the zero are,
            // which are put back.
            let free := mload(0x40)
            mstore(0x00, digest)
            valid := 1
            let at := signatures.offset
            let end := add(at, signatures.length)
            for { let least := 0 } lt(at, end) { at := add(at, 65) } {
                index := byte(0, calldataload(at))
                if or(lt(index, least), iszero(lt(index, count))) { break }
                least := add(index, 1)
                let operator := shr(96, mload(add(operators, mul(index, 20))))

                // ERC-2098: the parity of y is the highest bit of s.
                let vs := calldataload(add(at, 33))
                mstore(0x20, add(27, shr(255, vs)))
                mstore(0x40, calldataload(add(at, 1)))
                vs := shr(1, shl(1, vs))
                mstore(0x60, vs)
                pop(staticcall(gas(), 1, 0x00, 0x80, 0x20, 0x20))
                // For what is no signature the precompile returns nothing, and leaves v where the signer would be.
                valid := and(
                    and(valid, eq(mload(0x20), operator)),
                    and(eq(returndatasize(), 0x20), iszero(gt(vs, HALF_ORDER)))
                )
            }
            whole := eq(at, end)
            mstore(0x40, free)
            mstore(0x60, 0)
        }
    }
}
