// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bound} from "../interfaces/WritTypes.sol";
import {AttestationRules} from "../libraries/AttestationRules.sol";
import {BoundLists} from "./BoundLists.sol";
import {ActionKind, Attestation} from "./DisputeTypes.sol";
import {Documents} from "./Documents.sol";

/// @title Where a statement says something else than its evidence
/// @notice Compares what operators copy from one into the other, and nothing that they conclude. A leaf that is not there, or
/// is of another kind, is no contradiction, and nothing is in a document of a later version, which may mean something else by it.
/// @dev Each function gives the name of the first leaf that contradicts, or 0.
library Contradictions {
    bytes32 private constant EMPTY_HASH = keccak256("");
    /// @dev The last version of the document whose leaves mean what is compared here.
    uint256 private constant LAST_VERSION = 2;

    /// @notice Whether the document is of a version whose leaves mean what is compared here.
    function isKnown(uint256 document) internal pure returns (bool) {
        (bool known, uint256 version) = Documents.natural(Documents.field(document, "version"));
        return known && version != 0 && version <= LAST_VERSION;
    }

    /// @notice The attestation's own members.
    function ofStatement(uint256 document, Attestation calldata attestation)
        internal
        view
        returns (bytes32)
    {
        if (!isKnown(document)) return 0;
        uint256 chain = Documents.field(document, "chain");
        if (_differs(Documents.field(chain, "id"), block.chainid)) return "chain.id";
        uint256 head = Documents.field(chain, "block");
        if (_differs(Documents.field(head, "number"), attestation.blockNumber)) {
            return "chain.block.number";
        }
        if (_wordDiffers(Documents.field(head, "hash"), attestation.blockHash)) {
            return "chain.block.hash";
        }
        (bool known, uint256 timestamp) = Documents.natural(Documents.field(head, "timestamp"));
        if (known && _misses(attestation, timestamp)) return "chain.block.timestamp";
        uint256 sequence = Documents.field(Documents.field(document, "history"), "sequence");
        if (_differs(sequence, attestation.sequence)) return "history.sequence";
        (bool listed, Bound[] memory bounds) = BoundLists.read(Documents.field(document, "bounds"));
        if (listed && keccak256(BoundLists.pack(bounds)) != attestation.bounds) return "bounds";
        return 0;
    }

    /// @notice The action, whose members were checked against its hash.
    function ofAction(uint256 document, ActionKind kind, bytes calldata members, address enforcer)
        internal
        pure
        returns (bytes32)
    {
        if (kind == ActionKind.None || !isKnown(document)) return 0;
        uint256 account = Documents.field(document, "account");
        if (_addressDiffers(Documents.field(account, "address"), _member(members, 0))) {
            return "account.address";
        }
        bytes32 leaf = kind == ActionKind.UserOperation
            ? _ofOperation(document, account, members)
            : _ofCall(document, members, enforcer);
        return leaf;
    }

    /// @dev Members: account, entryPoint, nonce, initCode, callData, paymasterAndData, accountCode, callGasLimit, maxCost.
    function _ofOperation(uint256 document, uint256 account, bytes calldata members)
        private
        pure
        returns (bytes32)
    {
        // Only calls off the ERC-4337 path have one.
        if (Documents.field(document, "action") != 0) return "action";
        if (_wordDiffers(Documents.field(account, "codeHash"), bytes32(_member(members, 6)))) {
            return "account.codeHash";
        }
        uint256 operation = Documents.field(document, "operation");
        if (_addressDiffers(Documents.field(operation, "entryPoint"), _member(members, 1))) {
            return "operation.entryPoint";
        }
        uint256 nonce = Documents.field(operation, "nonce");
        uint256 given = _member(members, 2);
        if (_differs(Documents.field(nonce, "key"), given >> 64)) return "operation.nonce.key";
        if (_differs(Documents.field(nonce, "sequence"), uint64(given))) {
            return "operation.nonce.sequence";
        }
        if (_differs(Documents.field(operation, "callGasLimit"), _member(members, 7))) {
            return "operation.callGasLimit";
        }
        if (_differs(Documents.field(operation, "maxCost"), _member(members, 8))) {
            return "operation.maxCost";
        }
        if (_isInvented(Documents.field(operation, "factory"), _member(members, 3))) {
            return "operation.factory";
        }
        if (_isInvented(Documents.field(operation, "paymaster"), _member(members, 5))) {
            return "operation.paymaster";
        }
        return 0;
    }

    /// @dev Members: account, caller, target, value, callData, path, operation, context, nonce.
    function _ofCall(uint256 document, bytes calldata members, address enforcer)
        private
        pure
        returns (bytes32)
    {
        uint256 action = Documents.field(document, "action");
        uint160 contract_ = uint160(enforcer);
        if (_addressDiffers(Documents.field(action, "enforcer"), contract_)) {
            return "action.enforcer";
        }
        if (_addressDiffers(Documents.field(action, "caller"), _member(members, 1))) {
            return "action.caller";
        }
        if (_addressDiffers(Documents.field(action, "target"), _member(members, 2))) {
            return "action.target";
        }
        uint256 leaf = Documents.field(action, "path");
        if (_choiceDiffers(leaf, "presented", "posted", _member(members, 5) == 1)) {
            return "action.path";
        }
        leaf = Documents.field(action, "operation");
        if (_choiceDiffers(leaf, "call", "delegatecall", _member(members, 6) == 0)) {
            return "action.operation";
        }
        if (_wordDiffers(Documents.field(action, "context"), bytes32(_member(members, 7)))) {
            return "action.context";
        }
        if (_differs(Documents.field(action, "nonce"), _member(members, 8))) return "action.nonce";
        return 0;
    }

    /// @dev The window begins at the block that was decided at, and is no longer than any contract takes.
    function _misses(Attestation calldata attestation, uint256 timestamp)
        private
        pure
        returns (bool)
    {
        uint256 validUntil = attestation.validUntil;
        return attestation.validAfter > timestamp
            || (validUntil > timestamp && validUntil - timestamp > AttestationRules.MAX_VALIDITY);
    }

    function _differs(uint256 place, uint256 expected) private pure returns (bool) {
        (bool known, uint256 value) = Documents.natural(place);
        return known && value != expected;
    }

    function _addressDiffers(uint256 place, uint256 expected) private pure returns (bool) {
        (bool known, address value) = Documents.account(place);
        return known && uint160(value) != expected;
    }

    function _wordDiffers(uint256 place, bytes32 expected) private pure returns (bool) {
        (bool known, uint256 value) = Documents.word(place);
        return known && bytes32(value) != expected;
    }

    /// @dev One of two words stands there, and it is not the one that is meant.
    function _choiceDiffers(uint256 place, bytes32 first, bytes32 second, bool isFirst)
        private
        pure
        returns (bool)
    {
        return Documents.isText(place, isFirst ? second : first);
    }

    /// @dev An address is named, and the operation has no bytes that could begin with it.
    function _isInvented(uint256 place, uint256 hash) private pure returns (bool) {
        (bool known, address value) = Documents.account(place);
        return known && value != address(0) && bytes32(hash) == EMPTY_HASH;
    }

    function _member(bytes calldata members, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(members.offset, shl(5, index)))
        }
    }
}
