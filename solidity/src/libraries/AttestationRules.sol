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
        if (attested.level() != record.level()) {
            revert IWritErrors.LevelMismatch(uint8(attested.level()), record.level());
        }
        if (attested.revision() != head.revision()) {
            revert IWritErrors.RevisionMismatch(uint64(attested.revision()), head.revision());
        }
        if (attested.epoch() != record.epoch()) {
            revert IWritErrors.EpochMismatch(uint64(attested.epoch()), record.epoch());
        }
        (uint256 validAfter, uint256 validUntil) = (attested.validAfter(), attested.validUntil());
        unchecked {
            // Above 2^47 EntryPoint v0.9 reads block numbers.
            if (
                validAfter >= validUntil || validUntil >= 1 << 47
                    || validUntil - validAfter > MAX_VALIDITY
            ) revert IWritErrors.InvalidValidity();
        }
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
