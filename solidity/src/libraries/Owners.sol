// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStatelessValidator} from "../interfaces/IStatelessValidator.sol";
import {Flags} from "./Flags.sol";
import {Head} from "./Head.sol";
import {OwnerSignature} from "./OwnerSignature.sol";
import {Record} from "./Records.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title Whether an account's owner signed: a key (`OwnerSignature`), or whoever a stateless validator takes (`OwnerData`)
/// @dev 7562: precompile 1; or the code of the owner's data, and the validator, whose rules are its own.
library Owners {
    /// @notice Whether the owner signed this very hash.
    function signed(Head head, Record record, bytes32 hash, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        return head.has(Flags.OWNER_VALIDATOR)
            ? _signed(record, hash, signature)
            : OwnerSignature.signed(record.owner(), hash, signature);
    }

    /// @notice Whether the owner signed an operation: a key may sign the EIP-191 message of its hash as well.
    function signedOperation(Head head, Record record, bytes32 hash, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        return head.has(Flags.OWNER_VALIDATOR)
            ? _signed(record, hash, signature)
            : OwnerSignature.signedOperation(record.owner(), hash, signature);
    }

    /// @dev True is a whole word that says one, and nothing else is. What fails is no answer: a validator that ran out of gas
    /// must not look like one that refused, or estimates with a stub signature come out too low.
    function _signed(Record record, bytes32 hash, bytes calldata signature)
        private
        view
        returns (bool answer)
    {
        address validator = record.ownerValidator();
        bytes memory question = abi.encodeCall(
            IStatelessValidator.validateSignatureWithData,
            (hash, signature, SSTORE2.read(record.owner()))
        );
        assembly ("memory-safe") {
            // The gas that is left is read where OP-012 allows it, right before the call.
            if iszero(
                staticcall(gas(), validator, add(question, 0x20), mload(question), 0x00, 0x20)
            ) {
                let m := mload(0x40)
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            answer := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))
        }
    }
}
