// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperatorRegistry} from "../interfaces/IWritOperatorRegistry.sol";
import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {Operator, Seat, SigningKey, Standing} from "../interfaces/OperatorTypes.sol";
import {ConfigurationRules} from "../libraries/ConfigurationRules.sol";
import {OperatorSets} from "../libraries/OperatorSets.sol";
import {RegistryOperators} from "./RegistryOperators.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {LibBit} from "solady/utils/LibBit.sol";

/// @title The sets of the epochs, and whose signatures of them count no more
abstract contract RegistryEpochs is RegistryOperators {
    /// @dev Of a larger set a majority would be more signatures than a suffix may carry.
    uint256 private constant MOST_OPERATORS = 2 * ConfigurationRules.MOST_SIGNERS - 1;

    /// @dev As many epochs as one call revokes a key in, with gas to spare: about 3 million.
    uint256 private constant MOST_SEATS = 128;

    /// @inheritdoc IWritOperatorRegistry
    /// @dev 7562: not called in validation.
    uint64 public latestEpoch;

    /// @inheritdoc IWritOperatorRegistry
    /// @dev 7562: not called in validation, as foreign storage. For hooks: one slot.
    mapping(uint64 epoch => uint256 bitmap) public revokedSigners;

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function publish(uint64 epoch, address[] calldata signers, uint8 leastThreshold)
        external
        onlyOwner
        whenNotPaused
    {
        if (epoch != latestEpoch + 1) revert EpochOutOfOrder(epoch, latestEpoch + 1);
        _checkSize(signers.length, leastThreshold);
        for (uint256 i = 0; i < signers.length; ++i) {
            _seat(epoch, signers[i], uint8(i));
        }

        // The salt lets the same operators be published again.
        address operatorSet =
            Create2.deploy(0, bytes32(uint256(epoch)), OperatorSets.creationCode(signers));
        latestEpoch = epoch;
        epochs[epoch] =
            Epoch(operatorSet, uint48(block.timestamp), leastThreshold, uint8(signers.length));
        codeHashes[epoch] = operatorSet.codehash;
        emit EpochPublished(epoch, operatorSet, operatorSet.codehash, leastThreshold, signers);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function revoke(address signer) external {
        SigningKey storage key = keys[signer];
        if (key.operator == address(0)) revert SignerUnknown(signer);
        if (msg.sender != guardian && msg.sender != key.operator && msg.sender != owner()) {
            revert NotAllowed(msg.sender);
        }
        if (key.revokedAt != 0) revert AlreadyRevoked(signer, key.revokedAt);
        key.revokedAt = uint48(block.timestamp);
        emit SignerRevoked(signer, key.operator, msg.sender);

        Seat[] storage taken = seats[signer];
        for (uint256 i = taken.length; i != 0; --i) {
            Seat memory seat = taken[i - 1];
            uint256 revoked = revokedSigners[seat.epoch] | (uint256(1) << seat.index);
            revokedSigners[seat.epoch] = revoked;
            Epoch memory epoch = epochs[seat.epoch];
            uint256 left = epoch.operators - LibBit.popCount(revoked);
            if (left < epoch.leastThreshold) {
                emit QuorumLost(seat.epoch, left, epoch.leastThreshold);
            }
        }
    }

    /// @inheritdoc IWritOperatorRegistry
    /// @dev 7562: not called in validation.
    function operatorEpoch(uint64 epoch)
        external
        view
        returns (address operatorSet, bytes32 codeHash, uint8 leastThreshold, uint48 publishedAt)
    {
        Epoch memory published = epochs[epoch];
        return
            (
                published.operatorSet,
                codeHashes[epoch],
                published.leastThreshold,
                published.publishedAt
            );
    }

    /// @inheritdoc IWritOperatorRegistry
    /// @dev 7562: no storage.
    function grace() external view returns (uint32) {
        return GRACE;
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function standingOf(address signer) public view returns (Standing) {
        SigningKey memory key = keys[signer];
        if (key.operator == address(0)) return Standing.Unknown;
        if (key.revokedAt != 0) return Standing.Revoked;
        if (block.timestamp < key.eligibleFrom) return Standing.Waiting;
        Operator storage operator = operators[key.operator];
        if (_signerOf(operator) != signer) return Standing.Replaced;
        if (operator.leftAt != 0) return Standing.Leaving;
        if (operator.bond < LEAST_BOND) return Standing.Underbonded;
        if (seats[signer].length >= MOST_SEATS) return Standing.WornOut;
        return Standing.Eligible;
    }

    /// @dev More than half, so that any two quorums of a set have an operator in common: one that keeps its signing log
    /// signs no two decisions that exclude each other, and so there are never two.
    function _checkSize(uint256 count, uint256 threshold) private view {
        if (count == 0 || count > MOST_OPERATORS) revert OperatorCount(count, MOST_OPERATORS);
        uint256 least = Math.max(THRESHOLD_FLOOR, count / 2 + 1);
        uint256 most = Math.min(count, ConfigurationRules.MOST_SIGNERS);
        if (threshold < least || threshold > most) {
            revert ThresholdOutOfRange(threshold, least, most);
        }
    }

    function _seat(uint64 epoch, address signer, uint8 index) private {
        Standing standing = standingOf(signer);
        if (standing != Standing.Eligible) revert NotEligible(signer, standing);
        Operator storage operator = operators[keys[signer].operator];
        if (operator.lastEpoch == epoch) revert SignerRepeated(signer);
        operator.lastEpoch = epoch;
        operator.seatedSigner = signer;
        seats[signer].push(Seat(epoch, index));
    }
}
