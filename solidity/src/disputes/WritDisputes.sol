// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {Bound} from "../interfaces/WritTypes.sol";
import {IPolicyCheck} from "../policyvm/IPolicyCheck.sol";
import {IPolicyVM, Status} from "../policyvm/IPolicyVM.sol";
import {Accusations} from "./Accusations.sol";
import {BoundLists} from "./BoundLists.sol";
import {Contradictions} from "./Contradictions.sol";
import {
    ActionKind,
    Ground,
    PolicyCommitment,
    SignedAttestation,
    SignedDenial
} from "./DisputeTypes.sol";
import {Documents} from "./Documents.sol";
import {IPolicyRegistry} from "./IPolicyRegistry.sol";
import {IWritDisputes} from "./IWritDisputes.sol";
import {Statements} from "./Statements.sol";
import {Verdicts} from "./Verdicts.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title WritDisputes
/// @notice Where a wrong attestation costs its signers their bonds, in one transaction that anyone sends.
///
/// ```
/// attestation, signatures ──> quorum of the epoch? ──> digest, signers
/// policies, parameters ─────> what `policy` commits to? ──> program, from code ──┐
/// evidence ─────────────────> what `evidence` is the hash of? ──> PolicyVM <─────┘
///                                                                    │ no allow, or a lower one
///                              registry.forfeit(operator, …, reporter) <──┘
/// ```
///
/// It has no owner, holds nothing, and calls its four contracts alone, of which none calls anybody.
contract WritDisputes is Accusations {
    /// @notice The most fuel of an evaluation, as every operator grants it.
    uint64 public constant FUEL_LIMIT = 140_000;

    bytes1 private constant ENCODING_VERSION = 0x02;
    /// @dev Beyond it an encoding counts as none, whatever it is.
    uint256 private constant MOST_EVIDENCE = 1 << 20;

    /// @notice Where policies' programs are.
    IPolicyRegistry public immutable POLICIES;
    /// @notice Evaluates them.
    IPolicyVM public immutable MACHINE;
    /// @notice Says which encodings are canonical.
    IPolicyCheck public immutable CHECK;

    constructor(
        IWritOperators operators,
        IPolicyRegistry policies,
        IPolicyVM machine,
        IPolicyCheck check
    ) Accusations(operators) {
        POLICIES = policies;
        MACHINE = machine;
        CHECK = check;
    }

    /// @inheritdoc IWritDisputes
    function disproveDecision(
        SignedAttestation calldata signed,
        PolicyCommitment[] calldata policies,
        uint256 index,
        bytes calldata parameters,
        bytes calldata evidence,
        address reporter
    ) external returns (uint256 taken) {
        Accused memory accused = _accuse(signed);
        _checkEvidence(signed, evidence);
        address program = _program(signed, policies, index, parameters);
        bytes32 what = _judge(signed, program, parameters, evidence);
        if (what == 0) revert DecisionStands();
        return _punish(accused, accused.signers, Ground.Decision, what, reporter);
    }

    /// @inheritdoc IWritDisputes
    function disproveEncoding(
        SignedAttestation calldata signed,
        bytes calldata evidence,
        address reporter
    ) external returns (uint256 taken) {
        Accused memory accused = _accuse(signed);
        _checkEvidence(signed, evidence);
        if (evidence.length > MOST_EVIDENCE) {
            revert EvidenceTooLong(evidence.length, MOST_EVIDENCE);
        }
        if (CHECK.isCanonicalInput(evidence[1:])) revert EncodingStands();
        return _punish(accused, accused.signers, Ground.Encoding, 0, reporter);
    }

    /// @inheritdoc IWritDisputes
    function disproveStatement(
        SignedAttestation calldata signed,
        ActionKind kind,
        bytes calldata members,
        bytes calldata evidence,
        address reporter
    ) external returns (uint256 taken) {
        Accused memory accused = _accuse(signed);
        _checkEvidence(signed, evidence);
        uint256 document = Documents.open(evidence);
        if (kind != ActionKind.None) _checkAction(signed, kind, members);
        bytes32 leaf = Contradictions.ofStatement(document, signed.attestation);
        if (leaf == 0) {
            leaf = Contradictions.ofAction(document, kind, members, signed.enforcer);
        }
        if (leaf == 0) revert StatementStands();
        return _punish(accused, accused.signers, Ground.Statement, leaf, reporter);
    }

    /// @inheritdoc IWritDisputes
    function disproveTwofold(
        SignedAttestation calldata signed,
        SignedDenial calldata denied,
        address reporter
    ) external returns (uint256 taken) {
        Accused memory accused = _accuse(signed);
        if (
            denied.denial.evidence != signed.attestation.evidence
                || denied.denial.policy != signed.attestation.policy
        ) revert NotTheSame();
        bytes32 digest = Statements.digest(denied.denial, denied.enforcer);
        uint256 both = accused.signers & _signersOf(digest, accused.operators, denied.signatures);
        both &= ~OPERATORS.revokedSigners(signed.attestation.epoch);
        return _punish(accused, both, Ground.Twofold, 0, reporter);
    }

    /// @inheritdoc IWritDisputes
    function digestOf(SignedAttestation calldata signed) external view returns (bytes32) {
        return Statements.digest(signed.attestation, signed.enforcer);
    }

    /// @dev In which way the policy does not allow what was attested; 0 if it does.
    function _judge(
        SignedAttestation calldata signed,
        address program,
        bytes calldata parameters,
        bytes calldata evidence
    ) private view returns (bytes32) {
        (Status status, bytes memory value) = _evaluate(program, parameters, evidence);
        if (status == Status.Undefined) return "undefined";
        if (status == Status.Fault) return "fault";

        uint256 place;
        assembly ("memory-safe") {
            place := add(value, 32)
        }
        (bool allow, uint256 validFor, Bound[] memory bounds) = Verdicts.read(place);
        if (!allow) return "denied";
        uint256 input = Documents.open(evidence);
        if (!Contradictions.isKnown(input)) return 0;
        uint256 head = Documents.field(Documents.field(input, "chain"), "block");
        (bool known, uint256 timestamp) = Documents.natural(Documents.field(head, "timestamp"));
        uint256 validUntil = signed.attestation.validUntil;
        if (known && validUntil > timestamp && validUntil - timestamp > validFor) {
            return "validFor";
        }
        if (bounds.length != 0) {
            (bool listed, Bound[] memory attested) =
                BoundLists.read(Documents.field(input, "bounds"));
            if (listed && BoundLists.lower(bounds, attested)) return "bounds";
        }
        return 0;
    }

    /// @dev A call that fails is no answer: a valid program always comes to one, if the gas suffices.
    function _evaluate(address program, bytes calldata parameters, bytes calldata evidence)
        private
        view
        returns (Status, bytes memory)
    {
        try MACHINE.evaluate(program, parameters[1:], evidence[1:], FUEL_LIMIT) returns (
            Status status, uint8, bytes memory value, uint64
        ) {
            return (status, value);
        } catch {
            revert EvaluationIncomplete();
        }
    }

    /// @dev The program of one of the policies that were attested, whose parameters are these.
    function _program(
        SignedAttestation calldata signed,
        PolicyCommitment[] calldata policies,
        uint256 index,
        bytes calldata parameters
    ) private view returns (address program) {
        bytes32 commitment = keccak256(abi.encode(policies));
        if (commitment != signed.attestation.policy) {
            revert PolicyMismatch(commitment, signed.attestation.policy);
        }
        if (index >= policies.length) revert NoSuchPolicy(index, policies.length);
        PolicyCommitment calldata policy = policies[index];
        bytes32 hash = keccak256(parameters);
        if (hash != policy.parametersHash) revert ParametersMismatch(hash, policy.parametersHash);
        _checkVersion(parameters);
        program = POLICIES.programOf(policy.policyId);
        if (program == address(0)) revert PolicyNotRegistered(policy.policyId);
    }

    /// @dev Hashed where the next copy of it overwrites it: evidence can be long, and memory is priced by its square.
    function _checkEvidence(SignedAttestation calldata signed, bytes calldata evidence)
        private
        pure
    {
        bytes32 hash = EfficientHashLib.hashCalldata(evidence);
        if (hash != signed.attestation.evidence) {
            revert EvidenceMismatch(hash, signed.attestation.evidence);
        }
        _checkVersion(evidence);
    }

    function _checkAction(
        SignedAttestation calldata signed,
        ActionKind kind,
        bytes calldata members
    ) private pure {
        bytes32 hash = Statements.actionHash(kind, members);
        if (hash != signed.attestation.action || members.length != Statements.ACTION_SIZE) {
            revert ActionMismatch(hash, signed.attestation.action);
        }
    }

    function _checkVersion(bytes calldata encoded) private pure {
        if (encoded.length < 2 || encoded[0] != ENCODING_VERSION) revert UnknownEncoding();
    }
}
