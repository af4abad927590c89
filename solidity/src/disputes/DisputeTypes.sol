// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice The EIP-712 struct that a quorum signs when it allows, member by member.
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

/// @notice The EIP-712 struct that an operator signs when it refuses.
struct Denial {
    bytes32 action;
    bytes32 policy;
    bytes32 evidence;
    uint64 revision;
    uint64 blockNumber;
    bytes32 blockHash;
    bytes32 reasons;
}

/// @notice An attestation and who signed it.
struct SignedAttestation {
    /// The enforcing contract, in whose EIP-712 domain it was signed.
    address enforcer;
    Attestation attestation;
    /// `index(1) ‖ r(32) ‖ vs(32)` each, by strictly ascending index in the set of the attestation's epoch.
    bytes signatures;
}

/// @notice A denial and who signed it.
struct SignedDenial {
    /// The enforcing contract, in whose EIP-712 domain it was signed.
    address enforcer;
    Denial denial;
    /// As of an attestation, by indices in the set of the attestation's epoch.
    bytes signatures;
}

/// @notice One policy of an account's commitment: `keccak256(abi.encode(PolicyCommitment[]))`.
struct PolicyCommitment {
    bytes32 policyId;
    bytes32 parametersHash;
}

/// @notice Which EIP-712 struct an attestation's `action` is the hash of.
enum ActionKind {
    /// Not shown: nothing of the action is compared.
    None,
    UserOperation,
    Call
}

/// @notice In which way an attestation is wrong.
enum Ground {
    /// A policy of the set does not allow, or allows less than was attested.
    Decision,
    /// The evidence is no canonical encoding.
    Encoding,
    /// The statement says something else than its evidence or its action.
    Statement,
    /// The same was allowed and refused.
    Twofold
}
