// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CallAction} from "../interfaces/GuardedTypes.sol";
import {Configuration, PolicyReference} from "../interfaces/WritTypes.sol";

/// @title Hashes of the EIP-712 structs, and the two commitments of a configuration
library Digests {
    bytes32 internal constant ATTESTATION_TYPEHASH = keccak256(
        "Attestation(bytes32 action,bytes32 policy,bytes32 evidence,bytes32 bounds,uint64 revision,uint64 epoch,uint64 sequence,uint8 level,uint64 blockNumber,bytes32 blockHash,uint48 validAfter,uint48 validUntil)"
    );

    bytes32 internal constant USER_OPERATION_ACTION_TYPEHASH = keccak256(
        "UserOperationAction(address account,address entryPoint,uint256 nonce,bytes32 initCode,bytes32 callData,bytes32 paymasterAndData,bytes32 accountCode,uint128 callGasLimit,uint256 maxCost)"
    );

    bytes32 internal constant CONFIGURATION_ACTION_TYPEHASH = keccak256(
        "ConfigurationAction(address account,bytes32 oldConfiguration,bytes32 newConfiguration,uint256 nonce)"
    );

    bytes32 internal constant CALL_ACTION_TYPEHASH = keccak256(
        "CallAction(address account,address caller,address target,uint256 value,bytes32 callData,uint8 path,uint8 operation,bytes32 context,uint256 nonce)"
    );

    bytes32 internal constant CONFIGURE_TYPEHASH =
        keccak256("Configure(address account,bytes32 configuration,uint256 nonce)");

    bytes32 internal constant CANCEL_CONFIGURATION_TYPEHASH =
        keccak256("CancelConfiguration(address account,uint256 nonce)");

    bytes32 internal constant ANNOUNCE_EXIT_TYPEHASH =
        keccak256("AnnounceExit(address account,uint256 nonce)");

    bytes32 internal constant CANCEL_EXIT_TYPEHASH =
        keccak256("CancelExit(address account,uint256 nonce)");

    struct Commitment {
        bytes32 policyId;
        bytes32 parametersHash;
    }

    /// @notice The hash that names a configuration.
    function configurationHash(Configuration memory configuration) internal pure returns (bytes32) {
        return keccak256(abi.encode(configuration));
    }

    /// @notice Commitment to an ordered list of policies: `keccak256(abi.encode((policyId, parametersHash)[]))`.
    function policyCommitment(PolicyReference[] memory policies) internal pure returns (bytes32) {
        Commitment[] memory commitments = new Commitment[](policies.length);
        for (uint256 i = 0; i < policies.length; ++i) {
            commitments[i] = Commitment(policies[i].policyId, keccak256(policies[i].parameters));
        }
        return keccak256(abi.encode(commitments));
    }

    /// @notice hashStruct of a CallAction.
    function callAction(CallAction memory action) internal pure returns (bytes32) {
        return keccak256(abi.encode(CALL_ACTION_TYPEHASH, action));
    }

    /// @notice hashStruct of a ConfigurationAction.
    function configurationAction(
        address account,
        bytes32 oldConfiguration,
        bytes32 newConfiguration,
        uint256 nonce
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                CONFIGURATION_ACTION_TYPEHASH, account, oldConfiguration, newConfiguration, nonce
            )
        );
    }

    /// @notice hashStruct of the owner's Configure.
    function configure(address account, bytes32 configuration, uint256 nonce)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(CONFIGURE_TYPEHASH, account, configuration, nonce));
    }

    /// @notice hashStruct of one of the owner's settings that have no argument beside the nonce.
    function setting(bytes32 typeHash, address account, uint256 nonce)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(typeHash, account, nonce));
    }
}
