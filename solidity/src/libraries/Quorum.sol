// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {OperatorSets} from "./OperatorSets.sol";

/// @title Exactly k of n operators signed: `index(1) ‖ r(32) ‖ vs(32)` each, by strictly ascending index
library Quorum {
    uint256 internal constant SIGNATURE = 65;

    /// @dev Half of the group order of secp256k1; a greater `s` is malleable.
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Whether the signatures are of exactly `threshold` distinct operators of the set.
    /// @dev Structure reverts by name; a signature that recovers to somebody else gives false, as ERC-4337 wants it of
    /// signatures. 7562: reads the code of `operatorSet`, calls precompile 1, no storage.
    function verify(
        bytes32 digest,
        bytes calldata signatures,
        address operatorSet,
        uint256 threshold
    ) internal view returns (bool valid) {
        uint256 given = signatures.length / SIGNATURE;
        if (given != threshold) revert IWritErrors.ThresholdMismatch(given, threshold);

        bytes memory code = OperatorSets.read(operatorSet);
        uint256 operators = OperatorSets.count(code);
        uint256 next;
        valid = true;
        unchecked {
            for (uint256 offset = 0; offset < signatures.length; offset += SIGNATURE) {
                uint256 index;
                assembly ("memory-safe") {
                    index := shr(248, calldataload(add(signatures.offset, offset)))
                }
                if (index < next) revert IWritErrors.SignersNotAscending();
                if (index >= operators) revert IWritErrors.UnknownSigner(uint8(index), operators);
                next = index + 1;
                address signer = _recover(digest, signatures, offset);
                // No operator is the zero address; what recovers to nobody matches nobody.
                if (signer != OperatorSets.at(code, index) || signer == address(0)) valid = false;
            }
        }
    }

    function _recover(bytes32 digest, bytes calldata signatures, uint256 offset)
        private
        view
        returns (address signer)
    {
        assembly ("memory-safe") {
            let pointer := mload(0x40)
            let position := add(signatures.offset, offset)
            let vs := calldataload(add(position, 33))
            let s := shr(1, shl(1, vs))
            mstore(pointer, digest)
            mstore(add(pointer, 0x20), add(27, shr(255, vs)))
            calldatacopy(add(pointer, 0x40), add(position, 1), 0x20)
            mstore(add(pointer, 0x60), s)
            mstore(0x00, 0)
            // The precompile returns nothing for what is no signature, which leaves the zero address.
            if iszero(gt(s, HALF_ORDER)) {
                pop(staticcall(gas(), 1, pointer, 0x80, 0x00, 0x20))
            }
            signer := mload(0x00)
        }
    }
}
