// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {AttestationRules} from "./AttestationRules.sol";
import {Attested} from "./Attested.sol";
import {Domain} from "./Domain.sol";
import {Head} from "./Head.sol";
import {Quorum} from "./Quorum.sol";
import {Record} from "./Records.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title Attestations that travel without an operation
library Attestations {
    /// @notice Refuses unless the quorum of the configuration in force attested the action, for now.
    /// @param attestation A suffix with nothing before it, no sequence and no cost.
    /// @return given What it says.
    /// @return bounds Its packed list of bounds, checked.
    function requireAlone(Head head, Record record, bytes32 action, bytes calldata attestation)
        internal
        view
        returns (Attested given, bytes calldata bounds)
    {
        bytes calldata signatures;
        (given, bounds, signatures) = AttestationRules.decodeAlone(attestation);
        AttestationRules.checkCurrent(head, record, given);
        bytes32 digest = Domain.digest(
            given.hash(action, record.policy(), EfficientHashLib.hashCalldata(bounds))
        );
        if (!Quorum.verify(digest, signatures, head, record)) revert IWritErrors.InvalidQuorum();
        AttestationRules.checkOpen(given);
    }
}
