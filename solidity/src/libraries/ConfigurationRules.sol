// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Configuration, PolicyReference} from "../interfaces/WritTypes.sol";
import {Digests} from "./Digests.sol";
import {Epochs} from "./Epochs.sol";
import {OperatorSets} from "./OperatorSets.sol";
import {OwnerData} from "./OwnerData.sol";

/// @title Which configurations are accepted, and which changes make one stronger
library ConfigurationRules {
    /// @dev As many signatures as a suffix may carry.
    uint256 internal constant MOST_SIGNERS = 32;
    uint256 internal constant MOST_POLICIES = 16;
    /// @dev Leaving stays in reach: an owner cannot be talked into a delay of a lifetime.
    uint256 internal constant MAX_EXIT_DELAY = 365 days;

    uint8 internal constant QUORUM = 1;
    uint8 internal constant HIGHEST_KNOWN_LEVEL = 3;

    /// @notice Refuses a configuration that could not be enforced, by the name of the field.
    function check(Configuration memory next, PolicyReference[] memory policies) internal view {
        _require(next.owner != address(0), "owner", 0);
        _require(next.entryPoint != address(0), "entryPoint", 0);
        if (next.ownerValidator != address(0)) {
            OwnerData.checkAt(next.ownerValidator, next.owner);
        }
        _checkPolicy(next, policies);
        if (next.registry != address(0)) Epochs.check(next);
    }

    /// @notice The same for a contract that guards itself: it has no owner's key and no EntryPoint, keeps no history and follows
    /// no registry.
    function checkGuarded(Configuration memory next, PolicyReference[] memory policies)
        internal
        view
    {
        _require(next.owner == address(0), "owner", uint160(next.owner));
        _require(next.ownerValidator == address(0), "ownerValidator", uint160(next.ownerValidator));
        _require(next.entryPoint == address(0), "entryPoint", uint160(next.entryPoint));
        _require(next.registry == address(0), "registry", uint160(next.registry));
        _require(!next.readsHistory, "readsHistory", 1);
        _checkPolicy(next, policies);
    }

    function _checkPolicy(Configuration memory next, PolicyReference[] memory policies)
        private
        view
    {
        _require(next.threshold != 0 && next.threshold <= MOST_SIGNERS, "threshold", next.threshold);
        _require(next.leastOperators >= next.threshold, "leastOperators", next.leastOperators);
        _require(next.exitDelay <= MAX_EXIT_DELAY, "exitDelay", next.exitDelay);
        _require(next.level != 0 && next.level <= HIGHEST_KNOWN_LEVEL, "level", next.level);
        if (next.level != QUORUM) revert IWritErrors.LevelNotSupported(next.level);
        _require(
            policies.length != 0 && policies.length <= MOST_POLICIES, "policies", policies.length
        );

        bytes32 commitment = Digests.policyCommitment(policies);
        if (next.policy != commitment) revert IWritErrors.PolicyMismatch(next.policy, commitment);
        checkSet(next);
    }

    /// @notice Refuses a set that is not what the configuration says, or smaller than it demands.
    function checkSet(Configuration memory next) internal view {
        OperatorSets.check(next.operatorSet, next.operatorSetCodeHash, next.leastOperators);
    }

    /// @notice Whether `next` differs from `current` only in being stricter: mode, threshold, least operators, exit delay.
    function strengthens(Configuration memory current, Configuration memory next)
        internal
        pure
        returns (bool)
    {
        return next.owner == current.owner && next.ownerValidator == current.ownerValidator
            && next.entryPoint == current.entryPoint && next.registry == current.registry
            && next.operatorSet == current.operatorSet
            && next.operatorSetCodeHash == current.operatorSetCodeHash
            && next.policy == current.policy && next.level == current.level
            && next.epoch == current.epoch && next.readsHistory == current.readsHistory
            && next.mode >= current.mode && next.threshold >= current.threshold
            && next.leastOperators >= current.leastOperators && next.exitDelay >= current.exitDelay;
    }

    function _require(bool condition, bytes32 field, uint256 value) private pure {
        if (!condition) revert IWritErrors.InvalidConfiguration(field, value);
    }
}
