// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {IWritOperatorRegistry} from "../interfaces/IWritOperatorRegistry.sol";
import {Configuration} from "../interfaces/WritTypes.sol";

/// @title What a configuration takes from the operator registry that it follows
/// @notice None of it is for validation: a registry's storage is not the account's.
library Epochs {
    /// @dev Enough for a registry that reads two slots, and a bound on what a hostile one can burn.
    uint256 private constant REVOCATIONS_GAS = 50_000;

    /// @notice Refuses a configuration that names another set than its registry published for its epoch, or a lower threshold.
    function check(Configuration memory next) internal view {
        (address operatorSet, bytes32 codeHash, uint8 leastThreshold,) = _epoch(next);
        if (next.operatorSet != operatorSet || next.operatorSetCodeHash != codeHash) {
            revert IWritErrors.NotTheSetOfEpoch(next.epoch, operatorSet);
        }
        if (next.threshold < leastThreshold) {
            revert IWritErrors.InvalidConfiguration("threshold", next.threshold);
        }
    }

    /// @notice Moves a configuration to an epoch of its registry: the set, and what its threshold has to be at least.
    /// @return publishedAt When that epoch was published, in seconds.
    function move(Configuration memory next, uint64 epoch)
        internal
        view
        returns (uint48 publishedAt)
    {
        next.epoch = epoch;
        uint8 leastThreshold;
        (next.operatorSet, next.operatorSetCodeHash, leastThreshold, publishedAt) = _epoch(next);
        if (next.threshold < leastThreshold) next.threshold = leastThreshold;
        if (next.leastOperators < next.threshold) next.leastOperators = next.threshold;
    }

    /// @notice The operators of an epoch that the registry revoked, as bits by their index.
    /// @return known False when the registry does not answer.
    function revoked(address registry, uint64 epoch)
        internal
        view
        returns (bool known, uint256 bitmap)
    {
        bytes4 selector = IWritOperatorRegistry.revokedSigners.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, epoch)
            known := staticcall(REVOCATIONS_GAS, registry, 0x00, 0x24, 0x00, 0x20)
            known := and(known, gt(returndatasize(), 0x1f))
            bitmap := mload(0x00)
        }
    }

    function _epoch(Configuration memory next)
        private
        view
        returns (address operatorSet, bytes32 codeHash, uint8 leastThreshold, uint48 publishedAt)
    {
        (operatorSet, codeHash, leastThreshold, publishedAt) =
            IWritOperatorRegistry(next.registry).operatorEpoch(next.epoch);
        if (publishedAt == 0) revert IWritErrors.UnknownEpoch(next.epoch);
    }
}
