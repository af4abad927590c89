// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Vm} from "forge-std/Vm.sol";
import {CallAction} from "writ/interfaces/GuardedTypes.sol";
import {Bound, Configuration, PolicyReference} from "writ/interfaces/WritTypes.sol";

/// @notice Everything that operators decide about an operation, so that a test can change one thing of it.
struct Decision {
    uint8 version;
    uint8 scheme;
    uint8 level;
    uint64 revision;
    uint64 epoch;
    uint64 sequence;
    uint64 blockNumber;
    bytes32 blockHash;
    uint48 validAfter;
    uint48 validUntil;
    uint128 maxCost;
    bytes32 evidence;
    Bound[] bounds;
    // Not carried, but signed:
    bytes32 policy;
    address entryPoint;
    address account;
    address module;
    uint256 chainId;
    // Who signs, by index, in this order.
    uint8[] signers;
}

/// @title The operators' side, written from the design and not from the module's libraries
library Attestor {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bytes8 internal constant MAGIC = bytes8(keccak256("WritAttestation"));

    function domain(address module, uint256 chainId) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Writ"),
                keccak256("1"),
                chainId,
                module
            )
        );
    }

    function typed(address module, uint256 chainId, bytes32 structHash)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(bytes.concat(hex"1901", domain(module, chainId), structHash));
    }

    function operationAction(PackedUserOperation memory op, Decision memory d)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256(
                    "UserOperationAction(address account,address entryPoint,uint256 nonce,bytes32 initCode,bytes32 callData,bytes32 paymasterAndData,bytes32 accountCode,uint128 callGasLimit,uint256 maxCost)"
                ),
                d.account,
                d.entryPoint,
                op.nonce,
                keccak256(op.initCode),
                keccak256(op.callData),
                keccak256(op.paymasterAndData),
                d.account.codehash,
                uint128(uint256(op.accountGasLimits)),
                uint256(d.maxCost)
            )
        );
    }

    function packBounds(Bound[] memory bounds) internal pure returns (bytes memory packed) {
        for (uint256 i = 0; i < bounds.length; ++i) {
            Bound memory b = bounds[i];
            packed = abi.encodePacked(packed, b.kind, b.asset, b.maxOut);
            if (b.kind > 3) packed = abi.encodePacked(packed, b.extra);
        }
    }

    /// @dev How many in the lower four bits, how many of them have an extra word in the upper four.
    function sizeOf(Bound[] memory bounds) internal pure returns (uint8 size) {
        size = uint8(bounds.length);
        for (uint256 i = 0; i < bounds.length; ++i) {
            if (bounds[i].kind > 3) size += 16;
        }
    }

    function digest(Decision memory d, bytes32 action) internal pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Attestation(bytes32 action,bytes32 policy,bytes32 evidence,bytes32 bounds,uint64 revision,uint64 epoch,uint64 sequence,uint8 level,uint64 blockNumber,bytes32 blockHash,uint48 validAfter,uint48 validUntil)"
        );
        bytes memory head = abi.encode(
            typeHash,
            action,
            d.policy,
            d.evidence,
            keccak256(packBounds(d.bounds)),
            d.revision,
            d.epoch,
            d.sequence
        );
        bytes memory tail =
            abi.encode(d.level, d.blockNumber, d.blockHash, d.validAfter, d.validUntil);
        return typed(d.module, d.chainId, keccak256(bytes.concat(head, tail)));
    }

    function sign(bytes32 hash, uint256 key, uint8 index) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, hash);
        return abi.encodePacked(index, r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function body(Decision memory d, bytes32 action, uint256[] memory keys)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 hash = digest(d, action);
        bytes memory signatures;
        for (uint256 i = 0; i < d.signers.length; ++i) {
            uint8 index = d.signers[i];
            uint256 key = index < keys.length ? keys[index] : 0xdead;
            signatures = bytes.concat(signatures, sign(hash, key, index));
        }
        bytes memory head = abi.encodePacked(
            d.version, d.scheme, d.level, d.revision, d.epoch, d.sequence, d.blockNumber
        );
        bytes memory middle =
            abi.encodePacked(d.blockHash, d.validAfter, d.validUntil, d.maxCost, d.evidence);
        return bytes.concat(
            head,
            middle,
            abi.encodePacked(sizeOf(d.bounds), packBounds(d.bounds)),
            abi.encodePacked(uint8(d.signers.length), signatures)
        );
    }

    function close(bytes memory body_) internal pure returns (bytes memory) {
        return abi.encodePacked(body_, uint16(body_.length), MAGIC);
    }

    function policyCommitment(PolicyReference[] memory policies) internal pure returns (bytes32) {
        bytes32[2][] memory pairs = new bytes32[2][](policies.length);
        for (uint256 i = 0; i < policies.length; ++i) {
            pairs[i] = [policies[i].policyId, keccak256(policies[i].parameters)];
        }
        return keccak256(abi.encode(pairs));
    }

    function callAction(CallAction memory action) internal pure returns (bytes32) {
        bytes memory head = abi.encode(
            keccak256(
                "CallAction(address account,address caller,address target,uint256 value,bytes32 callData,uint8 path,uint8 operation,bytes32 context,uint256 nonce)"
            ),
            action.account,
            action.caller,
            action.target,
            action.value,
            action.callData
        );
        bytes memory tail = abi.encode(action.path, action.operation, action.context, action.nonce);
        return keccak256(bytes.concat(head, tail));
    }

    function configurationAction(
        address account,
        Configuration memory old,
        Configuration memory next,
        uint256 nonce
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "ConfigurationAction(address account,bytes32 oldConfiguration,bytes32 newConfiguration,uint256 nonce)"
                ),
                account,
                keccak256(abi.encode(old)),
                keccak256(abi.encode(next)),
                nonce
            )
        );
    }
}
