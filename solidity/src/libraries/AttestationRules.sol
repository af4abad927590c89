// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Attested} from "./Attested.sol";
import {Head} from "./Head.sol";
import {Record} from "./Records.sol";
import {Suffix} from "./Suffix.sol";

/// @title Which attestations can count, whatever was signed
library AttestationRules {
    /// @notice The longest validity window of an attestation, in seconds.
    uint48 internal constant MAX_VALIDITY = 1 days;

    /// @notice That the attestation is of the configuration in force, and of a window that can be meant.
    function checkCurrent(Head head, Record record, Attested attested) internal pure {
        uint256 validUntil = attested.validUntil();
        unchecked {
            // Above 2^47 EntryPoint v0.9 reads block numbers. A window that ends before it begins wraps around, to more than
            // the longest.
            uint256 wrong = (attested.level() ^ record.level())
                | (attested.revision() ^ head.revision()) | (attested.epoch() ^ record.epoch())
                | (validUntil >> 47) | ((validUntil - attested.validAfter() - 1) / MAX_VALIDITY);
            if (wrong != 0) _refuse(head, record, attested);
        }
    }

    /// @dev Names what is wrong.
    function _refuse(Head head, Record record, Attested attested) private pure {
        if (attested.level() != record.level()) {
            revert IWritErrors.LevelMismatch(uint8(attested.level()), uint8(record.level()));
        }
        if (attested.revision() != head.revision()) {
            revert IWritErrors.RevisionMismatch(uint64(attested.revision()), head.revision());
        }
        if (attested.epoch() != record.epoch()) {
            revert IWritErrors.EpochMismatch(uint64(attested.epoch()), uint64(record.epoch()));
        }
        revert IWritErrors.InvalidValidity();
    }

    /// @notice That the window is open. Not for validation: reads the clock.
    function checkOpen(Attested attested) internal view {
        if (block.timestamp <= attested.validAfter() || block.timestamp > attested.validUntil()) {
            revert IWritErrors.OutsideValidity(
                uint48(attested.validAfter()), uint48(attested.validUntil()), block.timestamp
            );
        }
    }

    /// @notice Parses an attestation that travels without an operation: a suffix with nothing before it, no sequence and no
    /// cost.
    function decodeAlone(bytes calldata attestation)
        internal
        pure
        returns (Attested attested, bytes calldata bounds, bytes calldata signatures)
    {
        (bool attached, bytes calldata before, bytes calldata body) = Suffix.split(attestation);
        if (!attached || before.length != 0) revert IWritErrors.MalformedAttestation();
        (attested, bounds, signatures) = Suffix.decode(body);
        if (attested.sequence() != 0) {
            revert IWritErrors.SequenceMismatch(uint64(attested.sequence()), 0);
        }
        if (attested.maxCost() != 0) revert IWritErrors.MaxCostExceeded(0, attested.maxCost());
    }
}
