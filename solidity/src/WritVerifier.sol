// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritStorage} from "./WritStorage.sol";
import {IWritErrors} from "./interfaces/IWritErrors.sol";
import {Attested} from "./libraries/Attested.sol";
import {Head} from "./libraries/Head.sol";
import {OperationAction} from "./libraries/OperationAction.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Suffix} from "./libraries/Suffix.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title Verification of attestations against an account's configuration
/// @notice What the configuration knows (EntryPoint, policy, set, threshold) is never taken from the attestation: the digest
/// is built from the configuration, so that a quorum's signature under anything else does not verify.
abstract contract WritVerifier is WritStorage, IWritErrors, EIP712 {
    /// @notice The longest validity window of an attestation, in seconds.
    uint48 public constant MAX_VALIDITY = 1 days;

    /// @dev Verifies the attestation of an operation. Reverts on structure and staleness, false on signatures.
    function _verifyOperation(
        Account storage account,
        Head head,
        PackedUserOperation calldata userOp,
        bytes32 callDataHash,
        bytes calldata body
    ) internal view returns (bool valid, Attested attested, bytes calldata bounds) {
        bytes calldata signatures;
        (attested, bounds, signatures) = Suffix.decode(body);

        OperationAction.checkCall(userOp.callData);
        uint256 prefund = OperationAction.requiredPrefund(userOp);
        if (prefund > attested.maxCost()) revert MaxCostExceeded(prefund, attested.maxCost());

        uint64 due = head.has(READS_HISTORY) ? account.sequence : 0;
        if (attested.sequence() != due) revert SequenceMismatch(attested.sequence(), due);

        bytes32 action = OperationAction.hash(
            userOp,
            callDataHash,
            _entryPoint(account, head),
            attested.maxCost(),
            head.has(ENTRY_POINT_V09)
        );
        valid = _verify(account, head, attested, action, bounds, signatures);
    }

    /// @dev Verifies an attestation over any action under the account's configuration, the sequence aside.
    function _verify(
        Account storage account,
        Head head,
        Attested attested,
        bytes32 action,
        bytes calldata bounds,
        bytes calldata signatures
    ) internal view returns (bool) {
        address operatorSet = _checkCurrent(account, head, attested);
        bytes32 digest = _hashTypedData(
            attested.hash(action, account.policy, EfficientHashLib.hashCalldata(bounds))
        );
        return Quorum.verify(digest, signatures, operatorSet, head.threshold());
    }

    /// @dev That the attestation is of the configuration in force, whose operator set it gives, and of a window that can be
    /// meant.
    function _checkCurrent(Account storage account, Head head, Attested attested)
        private
        view
        returns (address operatorSet)
    {
        uint64 epoch;
        (operatorSet, epoch) = _operatorSet(account);
        if (attested.level() != head.level()) {
            revert LevelMismatch(attested.level(), head.level());
        }
        if (attested.revision() != head.revision()) {
            revert RevisionMismatch(attested.revision(), head.revision());
        }
        if (attested.epoch() != epoch) revert EpochMismatch(attested.epoch(), epoch);
        // Above 2^47 EntryPoint v0.9 reads block numbers.
        if (
            attested.validAfter() >= attested.validUntil() || attested.validUntil() >= 1 << 47
                || attested.validUntil() - attested.validAfter() > MAX_VALIDITY
        ) revert InvalidValidity();
    }

    /// @inheritdoc EIP712
    function _domainNameAndVersion()
        internal
        pure
        override
        returns (string memory name, string memory version)
    {
        return ("Writ", "1");
    }
}
