// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperatorErrors} from "../interfaces/IWritOperatorErrors.sol";
import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {OperatorSets} from "../libraries/OperatorSets.sol";
import {Ground, SignedAttestation} from "./DisputeTypes.sol";
import {IWritDisputes} from "./IWritDisputes.sol";
import {Statements} from "./Statements.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Who signed, and what it costs them
abstract contract Accusations is IWritDisputes {
    uint256 private constant SIGNATURE = 65;

    /// @notice Where the operators' bonds are. This contract has to be its `disputes`.
    IWritOperators public immutable OPERATORS;

    /// @inheritdoc IWritDisputes
    mapping(bytes32 digest => uint256 bitmap) public punished;

    /// @notice An attestation whose signatures are a quorum's.
    struct Accused {
        bytes32 digest;
        /// Code of the epoch's set.
        bytes operators;
        /// Who signed, by their indices.
        uint256 signers;
    }

    constructor(IWritOperators operators) {
        OPERATORS = operators;
    }

    /// @dev Refuses unless a quorum of the epoch signed exactly this, and somebody of it was not punished for it.
    function _accuse(SignedAttestation calldata signed)
        internal
        view
        returns (Accused memory accused)
    {
        uint64 epoch = signed.attestation.epoch;
        (address operatorSet,, uint8 least,) = OPERATORS.operatorEpoch(epoch);
        if (operatorSet == address(0)) revert UnknownEpoch(epoch);
        uint256 count = signed.signatures.length / SIGNATURE;
        if (count < least) revert NoQuorum(count, least);

        accused.digest = Statements.digest(signed.attestation, signed.enforcer);
        accused.operators = OperatorSets.read(operatorSet);
        accused.signers = _signersOf(accused.digest, accused.operators, signed.signatures);
        if (accused.signers & ~punished[accused.digest] == 0) {
            revert NothingToTake(accused.digest);
        }
    }

    /// @dev Refuses unless every signature is of the operator at its index, by strictly ascending index.
    function _signersOf(bytes32 digest, bytes memory operators, bytes calldata signatures)
        internal
        pure
        returns (uint256 signers)
    {
        if (signatures.length % SIGNATURE != 0) {
            revert NoQuorum(signatures.length, SIGNATURE);
        }
        uint256 count = OperatorSets.count(operators);
        uint256 due = 0;
        for (uint256 at = 0; at < signatures.length; at += SIGNATURE) {
            uint256 index = uint8(signatures[at]);
            if (index < due || index >= count) revert InvalidIndex(index, count);
            due = index + 1;
            bytes32 r = bytes32(signatures[at + 1:at + 33]);
            bytes32 vs = bytes32(signatures[at + 33:at + 65]);
            (address signer,,) = ECDSA.tryRecover(digest, r, vs);
            if (signer == address(0) || signer != OperatorSets.at(operators, index)) {
                revert InvalidSignature(index);
            }
            signers |= 1 << index;
        }
    }

    /// @dev Takes the whole bond of each of `signers`, once for each attestation. Whoever has none left is passed over and can
    /// be brought here again: so nobody hides behind another one's empty bond.
    function _punish(
        Accused memory accused,
        uint256 signers,
        Ground ground,
        bytes32 what,
        address reporter
    ) internal returns (uint256 taken) {
        uint256 open = signers & ~punished[accused.digest];
        uint256 paid = 0;
        for (uint256 index = 0; open >> index != 0; ++index) {
            if ((open >> index) & 1 == 0) continue;
            uint256 bond = _forfeit(OperatorSets.at(accused.operators, index), reporter);
            if (bond == 0) continue;
            paid |= 1 << index;
            taken += bond;
        }
        if (taken == 0) revert NothingToTake(accused.digest);
        punished[accused.digest] |= paid;
        emit Disproved(accused.digest, ground, what, reporter, taken);
    }

    /// @dev Gives 0 where the operator has no bond. Whatever else fails, lack of gas included, fails here as well.
    function _forfeit(address signer, address reporter) private returns (uint256) {
        address operator = OPERATORS.keyOf(signer).operator;
        try OPERATORS.forfeit(operator, type(uint256).max, reporter) returns (uint256 bond) {
            return bond;
        } catch (bytes memory reason) {
            if (bytes4(reason) == IWritOperatorErrors.NothingToForfeit.selector) return 0;
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }
}
