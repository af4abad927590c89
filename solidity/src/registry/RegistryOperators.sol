// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {Operator, SigningKey} from "../interfaces/OperatorTypes.sol";
import {Domain} from "../libraries/Domain.sol";
import {RegistryRoles} from "./RegistryRoles.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Joining, keys and metadata, and announcing to leave
abstract contract RegistryOperators is RegistryRoles {
    bytes32 private constant OPERATOR_KEY_TYPEHASH =
        keccak256("OperatorKey(address operator,address signer)");

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function join(address signer, string calldata metadata, bytes calldata proof)
        external
        payable
        whenNotPaused
    {
        Operator storage operator = operators[msg.sender];
        if (operator.signer != address(0)) revert AlreadyJoined(msg.sender);
        if (msg.value < LEAST_BOND) revert BondTooSmall(msg.value, LEAST_BOND);

        uint48 eligibleFrom = _take(signer, proof);
        operator.signer = signer;
        operator.bond = SafeCast.toUint128(msg.value);
        _setMetadata(operator, metadata);
        emit Joined(msg.sender, signer, msg.value, eligibleFrom, metadata);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function rotate(address signer, bytes calldata proof) external {
        Operator storage operator = _staying();
        address former = _signerOf(operator);
        uint48 eligibleFrom = _take(signer, proof);
        operator.signer = former;
        operator.nextSigner = signer;
        emit KeyRotated(msg.sender, former, signer, eligibleFrom);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function addBond() external payable {
        Operator storage operator = _staying();
        operator.bond += SafeCast.toUint128(msg.value);
        emit BondAdded(msg.sender, msg.value, operator.bond);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function setMetadata(string calldata metadata) external {
        _setMetadata(_staying(), metadata);
        emit MetadataSet(msg.sender, metadata);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function leave() external {
        Operator storage operator = _staying();
        operator.leftAt = uint48(block.timestamp);
        emit Leaving(msg.sender, uint48(block.timestamp));
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function signerOf(address operator) external view returns (address) {
        return _signerOf(operators[operator]);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: no storage.
    function domainSeparator() external view returns (bytes32) {
        return Domain.separator();
    }

    /// @dev An operator has one key at a time that can be in a new set: so distinct keys are distinct operators.
    function _signerOf(Operator storage operator) internal view returns (address) {
        address next = operator.nextSigner;
        if (next != address(0) && block.timestamp >= keys[next].eligibleFrom) return next;
        return operator.signer;
    }

    /// @dev The caller's record, unless it announced that it leaves.
    function _staying() private view returns (Operator storage operator) {
        operator = operators[msg.sender];
        if (operator.signer == address(0)) revert NotJoined(msg.sender);
        if (operator.leftAt != 0) revert IsLeaving(msg.sender, operator.leftAt);
    }

    /// @dev Makes a key the caller's, for good. Without the proof anybody could show the key of somebody else, who could then
    /// never join with it and would answer for nothing.
    function _take(address signer, bytes calldata proof) private returns (uint48 eligibleFrom) {
        if (signer == msg.sender) revert SignerIsOperator(msg.sender);
        SigningKey storage key = keys[signer];
        if (key.operator != address(0)) revert SignerTaken(signer, key.operator);

        bytes32 digest =
            Domain.digest(keccak256(abi.encode(OPERATOR_KEY_TYPEHASH, msg.sender, signer)));
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(digest, proof);
        if (error != ECDSA.RecoverError.NoError || recovered != signer) {
            revert InvalidProof(msg.sender, signer);
        }

        eligibleFrom = uint48(block.timestamp) + JOIN_DELAY;
        key.operator = msg.sender;
        key.eligibleFrom = eligibleFrom;
    }

    function _setMetadata(Operator storage operator, string calldata metadata) private {
        if (bytes(metadata).length > MOST_METADATA) {
            revert MetadataTooLong(bytes(metadata).length, MOST_METADATA);
        }
        operator.metadata = metadata;
    }
}
