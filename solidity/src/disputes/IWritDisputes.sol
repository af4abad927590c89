// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    ActionKind,
    Ground,
    PolicyCommitment,
    SignedAttestation,
    SignedDenial
} from "./DisputeTypes.sol";

/// @title Proves attestations wrong, in one transaction each, and takes their signers' bonds
/// @notice Anybody calls, for any attestation that a quorum of a registry's epoch signed on this chain, whatever contract it
/// was for and whether it was ever used. Nothing here is anybody's opinion: what is taken for wrong is what no operator signs
/// that evaluates the policies on the evidence and copies the rest of the statement from it.
///
/// A proof that fails reverts and changes nothing. Too little gas reverts, and is never taken for a fault of a policy.
interface IWritDisputes {
    // ------------------------------------------------------------------ events

    /// @notice An attestation was proven wrong.
    /// @param digest What was signed.
    /// @param what In which way: of `Decision` "undefined", "fault", "denied", "validFor" or "bounds", of `Statement` the leaf of the
    /// evidence, otherwise 0.
    /// @param reporter Who was named to be paid.
    /// @param taken Wei of all bonds together.
    event Disproved(
        bytes32 indexed digest,
        Ground indexed ground,
        bytes32 what,
        address indexed reporter,
        uint256 taken
    );

    // ------------------------------------------------------------------ errors

    /// @notice The registry has no such epoch. Attestations of accounts that follow no registry, and detached ones, which are of
    /// epoch 0, have nobody's bond behind them.
    error UnknownEpoch(uint64 epoch);
    /// @notice Not whole signatures, or fewer than the epoch's least threshold.
    error NoQuorum(uint256 given, uint256 least);
    /// @notice No operator of the set has this index, or it does not come after the one before.
    error InvalidIndex(uint256 index, uint256 operators);
    /// @notice The signature is not of the operator at its index over this statement.
    error InvalidSignature(uint256 index);
    /// @notice Nobody who signed has a bond left that this attestation has not cost already.
    error NothingToTake(bytes32 digest);

    /// @notice The bytes are not what the attestation's `evidence` is the hash of.
    error EvidenceMismatch(bytes32 given, bytes32 attested);
    /// @notice The list is not what the attestation's `policy` commits to.
    error PolicyMismatch(bytes32 given, bytes32 attested);
    /// @notice The list has no such policy.
    error NoSuchPolicy(uint256 index, uint256 count);
    /// @notice The bytes are not the parameters that the list names.
    error ParametersMismatch(bytes32 given, bytes32 committed);
    /// @notice The members are not what the attestation's `action` is the hash of.
    error ActionMismatch(bytes32 given, bytes32 attested);
    /// @notice The registry of policies has none with this id: it was not registered, or is outside the provable profile.
    error PolicyNotRegistered(bytes32 policyId);
    /// @notice Another version of the encoding, which these engines do not read.
    error UnknownEncoding();
    /// @notice Longer than evidence that can be checked.
    error EvidenceTooLong(uint256 size, uint256 most);
    /// @notice The evaluation did not come to its end: more gas is needed.
    error EvaluationIncomplete();

    /// @notice The policy allows what was attested.
    error DecisionStands();
    /// @notice The evidence is a canonical encoding.
    error EncodingStands();
    /// @notice The statement says nothing that its evidence contradicts.
    error StatementStands();
    /// @notice Attestation and denial are not about the same evidence under the same policies.
    error NotTheSame();

    // ------------------------------------------------------------------ proofs

    /// @notice Proves that a policy does not allow what was attested: re-executes it on the evidence.
    /// @param policies All policies that the attestation commits to, in order.
    /// @param index Which of them is re-executed. All have to allow, so that one that does not is enough.
    /// @param parameters That policy's parameters, encoded, version byte included.
    /// @param evidence The input document, encoded, version byte included.
    /// @param reporter Who gets the reporter's part; zero for nobody.
    /// @return taken Wei of all bonds together.
    function disproveDecision(
        SignedAttestation calldata signed,
        PolicyCommitment[] calldata policies,
        uint256 index,
        bytes calldata parameters,
        bytes calldata evidence,
        address reporter
    ) external returns (uint256 taken);

    /// @notice Proves that the evidence is no canonical encoding, so that nobody can have evaluated it.
    function disproveEncoding(
        SignedAttestation calldata signed,
        bytes calldata evidence,
        address reporter
    ) external returns (uint256 taken);

    /// @notice Proves that the statement, or the action behind it, says something else than the evidence.
    /// @param kind Of which struct `members` are; `None` compares the statement alone.
    /// @param members The action's members in their order, a word each, without the type hash.
    function disproveStatement(
        SignedAttestation calldata signed,
        ActionKind kind,
        bytes calldata members,
        bytes calldata evidence,
        address reporter
    ) external returns (uint256 taken);

    /// @notice Proves that operators allowed and refused the same evidence under the same policies.
    /// @dev Takes the bonds of those alone who signed both, and whose key is not revoked: here a single key is enough, and
    /// when a revoked one signed, nobody can tell.
    function disproveTwofold(
        SignedAttestation calldata signed,
        SignedDenial calldata denied,
        address reporter
    ) external returns (uint256 taken);

    // ------------------------------------------------------------------ views

    /// @notice What the operators of an epoch sign for this attestation.
    function digestOf(SignedAttestation calldata signed) external view returns (bytes32);

    /// @notice Whose bonds an attestation has cost: bit i is the operator at index i of its epoch's set.
    function punished(bytes32 digest) external view returns (uint256 bitmap);
}
