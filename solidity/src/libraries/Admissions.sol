// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";

/// @notice What waits for the call that it admits, in one word:
/// `nonce(64) ‖ validUntil(48) ‖ most native currency(128) ‖ 0(8) ‖ size byte of the bounds(8)`. Never zero: the native bound counts.
type Admission is uint256;

using AdmissionFields for Admission global;

/// @title The fields of an `Admission`
library AdmissionFields {
    function exists(Admission admission) internal pure returns (bool) {
        return Admission.unwrap(admission) != 0;
    }

    function nonce(Admission admission) internal pure returns (uint64) {
        return uint64(Admission.unwrap(admission) >> 192);
    }

    function validUntil(Admission admission) internal pure returns (uint48) {
        return uint48(Admission.unwrap(admission) >> 144);
    }

    function maxNative(Admission admission) internal pure returns (uint128) {
        return uint128(Admission.unwrap(admission) >> 16);
    }

    /// @notice The size byte of its list of bounds (`Bounds.length`), the native one included.
    function size(Admission admission) internal pure returns (uint256) {
        return uint8(Admission.unwrap(admission));
    }
}

/// @notice What waits for one call. Presented, the same lies at the same slots of transient storage.
struct Waiting {
    Admission admission;
    /// The packed bounds behind the native one, as many words as they fill, at most.
    uint256[16] bounds;
}

/// @title Attested calls that were verified and did not happen yet
/// @notice Presented ones are gone with the transaction, posted ones stay until they are used.
library Admissions {
    /// @notice Names a call for one revision, so that the next one finds nothing.
    function callOf(
        uint64 revision,
        address caller,
        uint256 value,
        bytes32 callData,
        bytes32 context
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(revision, caller, value, callData, context));
    }

    /// @notice Makes the word of an attestation.
    /// @param size The size byte of the list of bounds.
    /// @param bounds The packed list, checked.
    function pack(uint64 nonce, uint256 validUntil, uint256 size, bytes calldata bounds)
        internal
        pure
        returns (Admission admission)
    {
        uint256 word = uint256(nonce) << 192 | validUntil << 144 | size;
        assembly ("memory-safe") {
            // The native bound comes first, and its amount ends where the list's first 37 bytes end.
            admission := or(word, shl(16, shr(128, calldataload(add(bounds.offset, 21)))))
        }
    }

    /// @notice Keeps an admission for this transaction only.
    function present(Waiting storage waiting, Admission admission, bytes calldata bounds) internal {
        assembly ("memory-safe") {
            tstore(waiting.slot, admission)
            // Reads into the signatures behind the list at its end; the count says where to stop.
            let from := add(bounds.offset, 37)
            let end := add(bounds.offset, bounds.length)
            for { let to := add(waiting.slot, 1) } lt(from, end) { to := add(to, 1) } {
                tstore(to, calldataload(from))
                from := add(from, 32)
            }
        }
    }

    /// @notice Keeps an admission until it is used.
    function post(Waiting storage waiting, Admission admission, bytes calldata bounds) internal {
        assembly ("memory-safe") {
            sstore(waiting.slot, admission)
            let from := add(bounds.offset, 37)
            let end := add(bounds.offset, bounds.length)
            for { let to := add(waiting.slot, 1) } lt(from, end) { to := add(to, 1) } {
                sstore(to, calldataload(from))
                from := add(from, 32)
            }
        }
    }

    /// @notice Takes what admits a call out of where it lies: a presented one before a posted one.
    /// @return admission Empty when there is none.
    /// @return stored Whether it was a posted one.
    /// @return bounds The packed bounds behind the native one, filled up to a word.
    function take(Waiting storage waiting)
        internal
        returns (Admission admission, bool stored, bytes memory bounds)
    {
        assembly ("memory-safe") {
            admission := tload(waiting.slot)
        }
        if (!admission.exists()) {
            admission = waiting.admission;
            if (!admission.exists()) return (admission, false, bounds);
            stored = true;
        }
        (uint256 count, uint256 size) = Bounds.length(admission.size());
        if (count > 1) bounds = new bytes((size - Bounds.SIZE + 31) / 32 * 32);
        assembly ("memory-safe") {
            let from := add(waiting.slot, 1)
            let to := add(bounds, 32)
            let end := add(to, mload(bounds))
            switch stored
            case 0 {
                tstore(waiting.slot, 0)
                for {} lt(to, end) { to := add(to, 32) } {
                    mstore(to, tload(from))
                    from := add(from, 1)
                }
            }
            default {
                sstore(waiting.slot, 0)
                for {} lt(to, end) { to := add(to, 32) } {
                    mstore(to, sload(from))
                    sstore(from, 0)
                    from := add(from, 1)
                }
            }
        }
    }
}
