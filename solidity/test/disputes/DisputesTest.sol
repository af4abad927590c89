// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RegistryTest} from "../registry/RegistryTest.sol";
import {Attestor} from "../utils/Attestor.sol";
import {
    ActionKind,
    Attestation,
    Ground,
    PolicyCommitment,
    SignedAttestation
} from "writ/disputes/DisputeTypes.sol";
import {IPolicyRegistry} from "writ/disputes/IPolicyRegistry.sol";
import {IWritDisputes} from "writ/disputes/IWritDisputes.sol";

/// @notice A policy as it is registered. The members stand in the order of their names.
struct PolicyVector {
    bytes manifest;
    string name;
    bytes32 policyId;
    bytes program;
}

/// @notice A decision of the operators' own software. The members stand in the order of their names.
struct CaseVector {
    bool allow;
    bytes bounds;
    bytes evidence;
    bool lower;
    string name;
    bytes parameters;
    bytes32 policyId;
    uint256 validFor;
}

/// @notice An attestation, and what a challenger shows with it.
struct Claim {
    SignedAttestation signed;
    ActionKind kind;
    bytes members;
    /// The encoded list of policies.
    bytes list;
    uint256 index;
    bytes parameters;
    bytes evidence;
}

/// @title What every test of disputes starts from: three bonded operators, an epoch of theirs, and registered policies
abstract contract DisputesTest is RegistryTest {
    string private constant FILE = "solidity/test/vectors/disputes.json";
    string private constant POLICY =
        "PolicyVector(bytes manifest,string name,bytes32 policyId,bytes program)";
    string private constant CASE =
        "CaseVector(bool allow,bytes bounds,bytes evidence,bool lower,string name,bytes parameters,bytes32 policyId,uint256 validFor)";

    /// @dev Of the example document.
    uint48 internal constant DECIDED_AT = 1_790_000_000;
    address internal constant ACCOUNT = 0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa;
    address internal constant ENTRY_POINT = 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108;
    address internal constant ENFORCER = address(0xec);

    IPolicyRegistry internal policies;
    IWritDisputes internal court;
    address internal machine;
    address internal checker;
    address internal reporter = makeAddr("reporter");
    string private json;

    function setUp() public virtual override {
        super.setUp();
        json = vm.readFile(FILE);
        machine = deployCode("PolicyVM.sol:PolicyVM");
        checker = deployCode("PolicyCheck.sol:PolicyCheck");
        policies =
            IPolicyRegistry(deployCode("PolicyRegistry.sol:PolicyRegistry", abi.encode(checker)));
        court = IWritDisputes(
            deployCode(
                "WritDisputes.sol:WritDisputes",
                abi.encode(address(registry), address(policies), machine, checker)
            )
        );
        vm.prank(owner);
        registry.setDisputes(address(court));
        joined(3);
        publish(signersOf(3));
        PolicyVector[] memory all = policyVectors();
        for (uint256 i = 0; i < all.length; ++i) {
            policies.register(all[i].manifest, all[i].program);
        }
    }

    function fuelLimitVector() internal view returns (uint256) {
        return vm.parseJsonUint(json, ".fuelLimit");
    }

    function policyVectors() internal view returns (PolicyVector[] memory) {
        return abi.decode(vm.parseJsonTypeArray(json, ".policies", POLICY), (PolicyVector[]));
    }

    function caseVectors() internal view returns (CaseVector[] memory) {
        return abi.decode(vm.parseJsonTypeArray(json, ".cases", CASE), (CaseVector[]));
    }

    function named(string memory name) internal view returns (CaseVector memory) {
        CaseVector[] memory all = caseVectors();
        for (uint256 i = 0; i < all.length; ++i) {
            if (keccak256(bytes(all[i].name)) == keccak256(bytes(name))) return all[i];
        }
        revert(name);
    }

    // ------------------------------------------------------------------ claims

    /// @dev As honest operators attest it, but for the verdict, which they may not come to.
    function claimOf(CaseVector memory v) internal view returns (Claim memory claim) {
        claim.kind = ActionKind.UserOperation;
        claim.members = operationMembers();
        claim.list = listOf(v.policyId, keccak256(v.parameters));
        claim.parameters = v.parameters;
        claim.evidence = v.evidence;
        claim.signed.enforcer = ENFORCER;
        uint256 validFor = v.validFor < 300 ? v.validFor : 300;
        claim.signed.attestation = Attestation({
            action: keccak256(bytes.concat(OPERATION_TYPE, claim.members)),
            policy: keccak256(claim.list),
            evidence: keccak256(v.evidence),
            bounds: keccak256(v.bounds),
            revision: 5,
            epoch: registry.latestEpoch(),
            sequence: 3,
            level: 1,
            blockNumber: 120,
            blockHash: bytes32(uint256(0xb1)),
            validAfter: DECIDED_AT - 1,
            validUntil: DECIDED_AT + uint48(validFor)
        });
        sign(claim, 0, 2);
    }

    function listOf(bytes32 policyId, bytes32 parametersHash) internal pure returns (bytes memory) {
        PolicyCommitment[] memory list = new PolicyCommitment[](1);
        list[0] = PolicyCommitment(policyId, parametersHash);
        return abi.encode(list);
    }

    function policiesOf(Claim memory claim) internal pure returns (PolicyCommitment[] memory) {
        return abi.decode(claim.list, (PolicyCommitment[]));
    }

    bytes32 internal constant OPERATION_TYPE = keccak256(
        "UserOperationAction(address account,address entryPoint,uint256 nonce,bytes32 initCode,bytes32 callData,bytes32 paymasterAndData,bytes32 accountCode,uint128 callGasLimit,uint256 maxCost)"
    );
    bytes32 internal constant CALL_TYPE = keccak256(
        "CallAction(address account,address caller,address target,uint256 value,bytes32 callData,uint8 path,uint8 operation,bytes32 context,uint256 nonce)"
    );

    function operationMembers() internal pure returns (bytes memory) {
        return abi.encode(
            ACCOUNT,
            ENTRY_POINT,
            uint256(7),
            keccak256(""),
            keccak256("calldata"),
            keccak256(""),
            bytes32(uint256(0xc0)),
            uint256(200_000),
            uint256(2_000_000_000_000_000)
        );
    }

    function callMembers() internal pure returns (bytes memory) {
        return abi.encode(
            ACCOUNT,
            address(0xca),
            address(0xec),
            uint256(0),
            keccak256("calldata"),
            uint256(2),
            uint256(0),
            bytes32(uint256(0xc7)),
            uint256(9)
        );
    }

    /// @dev Written from the design and not from the contract's libraries.
    function digestOf(SignedAttestation memory signed) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Attestation(bytes32 action,bytes32 policy,bytes32 evidence,bytes32 bounds,uint64 revision,uint64 epoch,uint64 sequence,uint8 level,uint64 blockNumber,bytes32 blockHash,uint48 validAfter,uint48 validUntil)"
        );
        bytes memory members = abi.encode(signed.attestation);
        return
            Attestor.typed(
                signed.enforcer, block.chainid, keccak256(bytes.concat(typeHash, members))
            );
    }

    /// @dev By two of the three operators.
    function sign(Claim memory claim, uint8 first, uint8 second) internal view {
        bytes32 digest = digestOf(claim.signed);
        claim.signed.signatures = bytes.concat(signature(digest, first), signature(digest, second));
    }

    function sign(Claim memory claim) internal view {
        sign(claim, 0, 2);
    }

    function signature(bytes32 digest, uint8 index) internal pure returns (bytes memory) {
        return Attestor.sign(digest, keyAt(index, 0), index);
    }

    // ------------------------------------------------------------------ challenges

    function challenge(Claim memory claim) internal returns (uint256) {
        return court.disproveDecision(
            claim.signed, policiesOf(claim), claim.index, claim.parameters, claim.evidence, reporter
        );
    }

    function challengeStatement(Claim memory claim) internal returns (uint256) {
        return
            court.disproveStatement(
                claim.signed, claim.kind, claim.members, claim.evidence, reporter
            );
    }

    function stands(Claim memory claim) internal {
        vm.expectRevert(IWritDisputes.DecisionStands.selector);
        challenge(claim);
        assertUntouched();
    }

    function statementStands(Claim memory claim) internal {
        vm.expectRevert(IWritDisputes.StatementStands.selector);
        challengeStatement(claim);
        assertUntouched();
    }

    function disproves(Claim memory claim, bytes32 what) internal {
        vm.expectEmit(address(court));
        emit IWritDisputes.Disproved(
            digestOf(claim.signed), Ground.Decision, what, reporter, 2 * BOND
        );
        assertEq(challenge(claim), 2 * BOND);
        assertTaken();
    }

    function statementDisproves(Claim memory claim, bytes32 leaf) internal {
        sign(claim);
        vm.expectEmit(address(court));
        emit IWritDisputes.Disproved(
            digestOf(claim.signed), Ground.Statement, leaf, reporter, 2 * BOND
        );
        assertEq(challengeStatement(claim), 2 * BOND);
        assertTaken();
    }

    function assertUntouched() internal {
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(operator_(i).bond, BOND);
        }
        assertEq(registry.owed(reporter), 0);
    }

    /// @dev From 0 and 2, who sign.
    function assertTaken() internal {
        assertEq(operator_(0).bond, 0);
        assertEq(operator_(1).bond, BOND);
        assertEq(operator_(2).bond, 0);
        assertEq(registry.owed(reporter), BOND / 2);
        assertEq(registry.owed(beneficiary), 2 * BOND - BOND / 2);
    }
}
