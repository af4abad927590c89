// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title What an enforcing contract asks of an operator registry
/// @notice An account that follows a registry takes its operator set from here. Validation never asks (ERC-7562 STO-010): the
/// hook asks whom it must not believe any more, and `sync` asks for the set to move to.
interface IWritOperatorRegistry {
    /// @notice The newest epoch; 0 before the first set was published. Only grows.
    function latestEpoch() external view returns (uint64);

    /// @notice What was published as an epoch's set. Never changes once it is there, and stays for good.
    /// @return operatorSet The data contract that holds the signers' addresses (`OperatorSets`); zero when there is none.
    /// @return codeHash Code hash of that contract.
    /// @return leastThreshold How many signatures an account must demand at least under this set: more than half of its
    /// operators, at most 32.
    /// @return publishedAt When it was published, in seconds since 1970.
    function operatorEpoch(uint64 epoch)
        external
        view
        returns (address operatorSet, bytes32 codeHash, uint8 leastThreshold, uint48 publishedAt);

    /// @notice For how long an account's former set counts after the account moved to a newer one. In seconds, at most one
    /// day; never changes.
    function grace() external view returns (uint32);

    /// @notice Whose signatures of this epoch count no more: bit i is the operator at index i of the epoch's set. Bits are only
    /// ever added. 0 also for an epoch that does not exist.
    /// @dev One storage slot.
    function revokedSigners(uint64 epoch) external view returns (uint256);
}
