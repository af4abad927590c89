// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Standing} from "./OperatorTypes.sol";

/// @title Everything that the operator registry refuses, by name and with the values
/// @notice What only the owner may do is refused by OpenZeppelin's `OwnableUnauthorizedAccount`, what a pause stops by
/// `EnforcedPause`, and a payment that its receiver does not take by `FailedCall` or by the receiver's own error.
interface IWritOperatorErrors {
    // ------------------------------------------------------------------ deployment and roles

    /// @notice A parameter is out of range.
    error InvalidParameter(bytes32 parameter, uint256 value);

    /// @notice Ownership is for contracts that delay what they do. Keys cannot have it, EIP-7702 accounts included, nor can
    /// it be given up.
    error OwnerIsNoContract(address owner);

    /// @notice Not the caller's to do.
    error NotAllowed(address caller);

    // ------------------------------------------------------------------ operators

    /// @notice This address joined already.
    error AlreadyJoined(address operator);

    /// @notice Nobody joined under this address.
    error NotJoined(address operator);

    /// @notice The operator announced that it leaves.
    error IsLeaving(address operator, uint48 leftAt);

    /// @notice The operator has not announced that it leaves.
    error NotLeaving(address operator);

    /// @notice The bond cannot be taken out yet; `readyAt` is 2^48 - 1 while the operator is in the newest set and not revoked.
    error NotWithdrawable(address operator, uint48 readyAt, uint256 timestamp);

    /// @notice Less than the least bond.
    error BondTooSmall(uint256 given, uint256 least);

    /// @notice More bytes than metadata may have.
    error MetadataTooLong(uint256 length, uint256 most);

    /// @notice The key is, or was, somebody's.
    error SignerTaken(address signer, address operator);

    /// @notice The key that signs attestations must not be the one that can take the bond out.
    error SignerIsOperator(address operator);

    /// @notice Not the key's own signature over this operator, this registry and this chain.
    error InvalidProof(address operator, address signer);

    /// @notice The zero address cannot be paid.
    error ZeroRecipient();

    /// @notice No bond is left.
    error NothingToForfeit(address operator);

    /// @notice Nothing is waiting for this address.
    error NothingOwed(address recipient);

    // ------------------------------------------------------------------ epochs

    /// @notice Not the number that is due.
    error EpochOutOfOrder(uint64 given, uint64 due);

    /// @notice No operators, or more than a set may have.
    error OperatorCount(uint256 count, uint256 most);

    /// @notice Below the floor or no majority of the set, or more than the set has or a suffix can carry.
    error ThresholdOutOfRange(uint256 threshold, uint256 least, uint256 most);

    /// @notice This key cannot be in a set.
    error NotEligible(address signer, Standing standing);

    /// @notice One key twice in a set.
    error SignerRepeated(address signer);

    /// @notice Nobody showed this key.
    error SignerUnknown(address signer);

    /// @notice The key was revoked before.
    error AlreadyRevoked(address signer, uint48 revokedAt);
}
