// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

/// @notice What scripts and tests use of OpenZeppelin's TimelockController, which they take from its artifact.
interface ITimelock is IAccessControl {
    // The names are those of the contract.
    // forge-lint: disable-start(mixed-case-function)
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);
    function PROPOSER_ROLE() external view returns (bytes32);
    function EXECUTOR_ROLE() external view returns (bytes32);
    function CANCELLER_ROLE() external view returns (bytes32);
    // forge-lint: disable-end(mixed-case-function)
    function getMinDelay() external view returns (uint256);

    function schedule(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;

    function execute(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;

    function cancel(bytes32 id) external;

    function hashOperation(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt
    ) external pure returns (bytes32);

    error TimelockUnexpectedOperationState(bytes32 operationId, bytes32 expectedStates);
    error TimelockInsufficientDelay(uint256 delay, uint256 minDelay);
}

/// @notice What scripts and tests use of OpenZeppelin's Ownable2Step.
interface IOwned {
    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function transferOwnership(address next) external;
    function acceptOwnership() external;
    function renounceOwnership() external;

    error OwnableUnauthorizedAccount(address account);
}
