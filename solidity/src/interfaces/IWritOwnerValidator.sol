// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStatelessValidator} from "./IStatelessValidator.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title What owner checks and the check of their data refuse, by name and with the values
interface IWritOwnerErrors {
    /// @notice No code at the validator's address, or code that is no stateless validator (ERC-7780, type 7).
    error NotAStatelessValidator(address validator);

    /// @notice The code at `owner` is not `0x00 ‖ data`, or holds no data.
    error NotOwnerData(address owner);

    /// @notice The data ends too early or too late.
    error OwnerDataLength(uint256 length);

    /// @notice Not a point of the curve P-256; zero is none.
    error InvalidPublicKey(bytes32 x, bytes32 y);

    /// @notice The hash of the relying party's id is missing.
    error RelyingPartyMissing();

    /// @notice A byte that is 0 or 1 holds something else.
    error InvalidFlags(uint8 flags);

    /// @notice The contract that should own has no code.
    error OwnerWithoutCode(address owner);

    /// @notice The account that should own has code by EIP-7702 delegation. ERC-7562 lets nobody but its own operations reach
    /// it (AUTH-030); its key can own directly.
    error OwnerDelegated(address owner);

    /// @notice The contract that should own accepts an empty signature over anything.
    error OwnerAcceptsAnything(address owner);

    /// @notice The contract that owns failed without a reason, as calls do that run out of gas.
    error OwnerCallFailed(address owner);

    /// @notice No owner, or more than `most`.
    error OwnerCount(uint256 count, uint256 most);

    /// @notice The threshold is zero, or greater than all weights together.
    error InvalidThreshold(uint256 threshold, uint256 weights);

    /// @notice The owner at this index weighs nothing.
    error WeightZero(uint256 index);

    /// @notice The owner at this index does not follow the one before it.
    error OwnersNotAscending(uint256 index);

    /// @notice The owner at this index is the zero address, or no address.
    error InvalidKey(uint256 index);

    /// @notice A list of owners inside of a list of owners.
    error NestedList(uint256 index);

    /// @notice Two owners of the list are one key.
    error SameKey(uint256 first, uint256 second);
}

/// @title An ERC-7780 stateless validator that can say beforehand whether an owner's data is of use
/// @notice Found by ERC-165, so that validators without it keep working.
interface IWritOwnerValidator is IStatelessValidator, IERC165, IWritOwnerErrors {
    /// @notice Checks an owner's data when an account is configured, so that it cannot lock itself out by a slip.
    /// Reverts by name on data with which `validateSignatureWithData` could never say true.
    /// @param data The owner, as `validateSignatureWithData` takes it.
    /// @return key What stands behind the owner, whatever else the data says: the same key gives the same value.
    function checkData(bytes calldata data) external view returns (bytes32 key);
}
