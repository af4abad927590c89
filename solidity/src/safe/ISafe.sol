// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

/// @title What the guard asks a Safe
interface ISafe {
    /// @notice Number of the next owners' transaction. Raised before the guard is asked.
    function nonce() external view returns (uint256);

    /// @notice The code that runs behind the proxy. Answered by the proxy itself, so that no such code can lie about it.
    function masterCopy() external view returns (address);

    function getOwners() external view returns (address[] memory);

    function getThreshold() external view returns (uint256);

    /// @notice So many modules behind `start`, and whether there are more.
    function getModulesPaginated(address start, uint256 pageSize)
        external
        view
        returns (address[] memory modules, address next);

    /// @notice Words of the Safe's storage.
    function getStorageAt(uint256 offset, uint256 words) external view returns (bytes memory);

    function VERSION() external view returns (string memory);

    function enableModule(address module) external;

    function setGuard(address guard) external;

    /// @dev From 1.5.0 on.
    function setModuleGuard(address guard) external;

    function setFallbackHandler(address handler) external;
}

/// @title What a Safe asks the guard of its owners' transactions, from 1.3.0 on
interface ISafeTransactionGuard is IERC165 {
    /// @notice Called after the owners' signatures were checked, before the execution. Reverts to refuse.
    /// @param operation 0 a call, 1 a delegatecall.
    /// @param signatures As they came: what follows the owners' signatures, the Safe does not read.
    /// @param executor Who sent the transaction to the Safe.
    function checkTransaction(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation,
        uint256 safeTxGas,
        uint256 baseGas,
        uint256 gasPrice,
        address gasToken,
        address refundReceiver,
        bytes calldata signatures,
        address executor
    ) external;

    /// @notice Called after the execution and the refund.
    /// @param safeTxHash The transaction's EIP-712 hash.
    function checkAfterExecution(bytes32 safeTxHash, bool success) external;
}

/// @title What a Safe asks the guard of its modules' transactions, from 1.5.0 on
interface ISafeModuleGuard is IERC165 {
    /// @notice Called before the execution. Reverts to refuse.
    /// @param operation 0 a call, 1 a delegatecall.
    /// @return id What the Safe hands back after the execution.
    function checkModuleTransaction(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation,
        address module
    ) external returns (bytes32 id);

    /// @notice Called after the execution.
    function checkAfterModuleExecution(bytes32 id, bool success) external;
}
