// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Digests} from "../libraries/Digests.sol";
import {ActionKind, Attestation, Denial} from "./DisputeTypes.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title What operators sign, in the domain of whoever enforces it on this chain
library Statements {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME = keccak256("Writ");
    bytes32 private constant VERSION = keccak256("1");

    bytes32 internal constant DENIAL_TYPEHASH = keccak256(
        "Denial(bytes32 action,bytes32 policy,bytes32 evidence,uint64 revision,uint64 blockNumber,bytes32 blockHash,bytes32 reasons)"
    );

    /// @dev An action's struct without its type hash.
    uint256 internal constant ACTION_SIZE = 9 * 32;

    function digest(Attestation calldata attestation, address enforcer)
        internal
        view
        returns (bytes32)
    {
        bytes32 hash = keccak256(abi.encode(Digests.ATTESTATION_TYPEHASH, attestation));
        return _typed(enforcer, hash);
    }

    function digest(Denial calldata denial, address enforcer) internal view returns (bytes32) {
        return _typed(enforcer, keccak256(abi.encode(DENIAL_TYPEHASH, denial)));
    }

    /// @notice hashStruct of an action from its members, a word each.
    function actionHash(ActionKind kind, bytes calldata members) internal pure returns (bytes32) {
        bytes32 typeHash = kind == ActionKind.Call
            ? Digests.CALL_ACTION_TYPEHASH
            : Digests.USER_OPERATION_ACTION_TYPEHASH;
        return keccak256(bytes.concat(typeHash, members));
    }

    function _typed(address enforcer, bytes32 structHash) private view returns (bytes32) {
        bytes32 separator =
            keccak256(abi.encode(DOMAIN_TYPEHASH, NAME, VERSION, block.chainid, enforcer));
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }
}
