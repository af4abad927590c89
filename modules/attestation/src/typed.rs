//! The EIP-712 structs, exactly as `WritModule` has them. Field names are Solidity's: they are part of the type hash.

#![allow(missing_docs, unreachable_pub, non_snake_case)]

use alloy::sol;

sol! {
    /// What the operators of a quorum sign when they allow.
    #[derive(Debug, PartialEq, Eq)]
    struct Attestation {
        bytes32 action;
        bytes32 policy;
        bytes32 evidence;
        bytes32 bounds;
        uint64 revision;
        uint64 epoch;
        uint64 sequence;
        uint8 level;
        uint64 blockNumber;
        bytes32 blockHash;
        uint48 validAfter;
        uint48 validUntil;
    }

    /// One user operation, minus everything that only prices it.
    #[derive(Debug, PartialEq, Eq)]
    struct UserOperationAction {
        address account;
        address entryPoint;
        uint256 nonce;
        bytes32 initCode;
        bytes32 callData;
        bytes32 paymasterAndData;
        bytes32 accountCode;
        uint128 callGasLimit;
        uint256 maxCost;
    }

    /// One call off the ERC-4337 path.
    #[derive(Debug, PartialEq, Eq)]
    struct CallAction {
        address account;
        address caller;
        address target;
        uint256 value;
        bytes32 callData;
        uint8 path;
        uint8 operation;
        bytes32 context;
        uint256 nonce;
    }

    /// A change of an account's configuration that weakens it.
    #[derive(Debug, PartialEq, Eq)]
    struct ConfigurationAction {
        address account;
        bytes32 oldConfiguration;
        bytes32 newConfiguration;
        uint256 nonce;
    }

    /// An ERC-1271 signature for one requester.
    #[derive(Debug, PartialEq, Eq)]
    struct SignatureAction {
        address account;
        address requester;
        bytes32 hash;
    }

    /// A refusal, signed so that it can be audited.
    #[derive(Debug, PartialEq, Eq)]
    struct Denial {
        bytes32 action;
        bytes32 policy;
        bytes32 evidence;
        uint64 revision;
        uint64 blockNumber;
        bytes32 blockHash;
        bytes32 reasons;
    }
}
