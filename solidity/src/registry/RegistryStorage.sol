// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {Operator, RegistryParameters, Seat, SigningKey} from "../interfaces/OperatorTypes.sol";
import {ConfigurationRules} from "../libraries/ConfigurationRules.sol";

/// @title What a registry keeps, and what it was made with
abstract contract RegistryStorage is IWritOperators {
    /// @notice What is published of an epoch; it fits one slot.
    struct Epoch {
        address operatorSet;
        uint48 publishedAt;
        uint8 leastThreshold;
        uint8 operators;
    }

    uint256 internal constant MOST_METADATA = 256;
    uint256 private constant MOST_DELAY = 365 days;
    uint256 private constant MOST_GRACE = 1 days;

    /// @dev By the address that joined, and that the bond goes back to.
    mapping(address operator => Operator) internal operators;
    mapping(address signer => SigningKey) internal keys;
    mapping(address signer => Seat[]) internal seats;

    mapping(uint64 epoch => Epoch) internal epochs;
    mapping(uint64 epoch => bytes32) internal codeHashes;

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    mapping(address recipient => uint256) public owed;

    uint128 internal immutable LEAST_BOND;
    uint32 internal immutable JOIN_DELAY;
    uint32 internal immutable LEAVE_DELAY;
    uint32 internal immutable COVERED_EXIT_DELAY;
    uint32 internal immutable GRACE;
    uint8 internal immutable THRESHOLD_FLOOR;
    address internal immutable BENEFICIARY;

    constructor(RegistryParameters memory given) {
        _require(given.leastBond != 0, "leastBond", given.leastBond);
        _requireDelay(given.joinDelay, "joinDelay");
        _requireDelay(given.leaveDelay, "leaveDelay");
        _requireDelay(given.coveredExitDelay, "coveredExitDelay");
        _require(given.grace <= MOST_GRACE, "grace", given.grace);
        _require(
            given.thresholdFloor != 0 && given.thresholdFloor <= ConfigurationRules.MOST_SIGNERS,
            "thresholdFloor",
            given.thresholdFloor
        );
        _require(given.beneficiary != address(0), "beneficiary", 0);

        LEAST_BOND = given.leastBond;
        JOIN_DELAY = given.joinDelay;
        LEAVE_DELAY = given.leaveDelay;
        COVERED_EXIT_DELAY = given.coveredExitDelay;
        GRACE = given.grace;
        THRESHOLD_FLOOR = given.thresholdFloor;
        BENEFICIARY = given.beneficiary;
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: no storage.
    function parameters() external view returns (RegistryParameters memory) {
        return RegistryParameters({
            leastBond: LEAST_BOND,
            joinDelay: JOIN_DELAY,
            leaveDelay: LEAVE_DELAY,
            coveredExitDelay: COVERED_EXIT_DELAY,
            grace: GRACE,
            thresholdFloor: THRESHOLD_FLOOR,
            beneficiary: BENEFICIARY
        });
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function operatorOf(address operator) external view returns (Operator memory) {
        return operators[operator];
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function keyOf(address signer) external view returns (SigningKey memory) {
        return keys[signer];
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function seatsOf(address signer) external view returns (Seat[] memory) {
        return seats[signer];
    }

    function _requireDelay(uint32 delay, bytes32 parameter) private pure {
        _require(delay != 0 && delay <= MOST_DELAY, parameter, delay);
    }

    function _require(bool condition, bytes32 parameter, uint256 value) private pure {
        if (!condition) revert InvalidParameter(parameter, value);
    }
}
