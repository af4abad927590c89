// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IStatelessValidator} from "../interfaces/IStatelessValidator.sol";
import {IWritOwnerValidator} from "../interfaces/IWritOwnerValidator.sol";
import {StatelessValidator} from "./StatelessValidator.sol";
import {EIP7702Utils} from "@openzeppelin/contracts/account/utils/EIP7702Utils.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

/// @title ContractOwner
/// @notice An owner that is a contract, asked by ERC-1271.
///
/// ```
/// data       owner(20)
/// signature  what the owner takes
/// ```
///
/// Bundlers take operations of such an account only if the owner's own check keeps to ERC-7562, of which no contract can
/// convince itself: whoever installs this must trace the check first (docs/owners.md says what). A wallet that keeps its keys
/// in its own storage does not pass (STO-021); one that has them in its code, as immutables or as clones' arguments, does.
contract ContractOwner is StatelessValidator {
    uint256 private constant DATA = 20;
    /// @dev Gas for asking the owner about an empty signature when an account is configured.
    uint256 private constant QUESTION_GAS = 100_000;

    /// @inheritdoc IStatelessValidator
    /// @notice True for exactly ERC-1271's answer, false for another one and for a refusal with a reason. A call that failed
    /// without one reverts: out of gas looks so, and taken for a refusal it would let estimates with stub signatures come out
    /// too low.
    /// @dev 7562: no storage of its own; calls the owner with all gas, and reads 32 bytes of what it returns.
    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata data)
        external
        view
        returns (bool)
    {
        if (data.length != DATA) return false;
        address owner = address(bytes20(data));
        (bool success, bytes32 answer,) = LowLevelCall.staticcallReturn64Bytes(
            owner, abi.encodeCall(IERC1271.isValidSignature, (hash, signature))
        );
        uint256 size = LowLevelCall.returnDataSize();
        if (!success && size == 0) revert OwnerCallFailed(owner);
        return success && size == 32 && answer == bytes32(IERC1271.isValidSignature.selector);
    }

    /// @inheritdoc IWritOwnerValidator
    /// @dev 7562: no storage of its own; calls the owner.
    function checkData(bytes calldata data) external view returns (bytes32 key) {
        if (data.length != DATA) revert OwnerDataLength(data.length);
        address owner = address(bytes20(data));
        if (owner.code.length == 0) revert OwnerWithoutCode(owner);
        if (EIP7702Utils.fetchDelegate(owner) != address(0)) revert OwnerDelegated(owner);
        bytes memory question =
            abi.encodeCall(IERC1271.isValidSignature, (keccak256("WritContractOwner"), ""));
        (bool success, bytes memory answer) = owner.staticcall{gas: QUESTION_GAS}(question);
        if (success && bytes4(answer) == IERC1271.isValidSignature.selector) {
            revert OwnerAcceptsAnything(owner);
        }
        return bytes32(uint256(uint160(owner)));
    }
}
