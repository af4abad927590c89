// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CaseVector, Claim, DisputesTest} from "./DisputesTest.sol";
import {Attestation, PolicyCommitment} from "writ/disputes/DisputeTypes.sol";
import {IWritDisputes} from "writ/disputes/IWritDisputes.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";

/// @title A wrong decision costs its signers their bonds, a right one costs nobody anything
contract DecisionsTest is DisputesTest {
    string private constant WRONG = "agent-spending, 20 rows, over the day";
    string private constant RIGHT = "agent-spending, 20 rows";

    function _right(CaseVector memory v) private pure returns (bool) {
        return v.allow && !v.lower;
    }

    function test_noRightDecisionCostsAnything() public {
        CaseVector[] memory all = caseVectors();
        uint256 count = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            if (!_right(all[i])) continue;
            stands(claimOf(all[i]));
            statementStandsIfOperation(all[i]);
            ++count;
        }
        assertGt(count, 10);
    }

    function statementStandsIfOperation(CaseVector memory v) private {
        if (keccak256(bytes(v.name)) != keccak256("a call")) statementStands(claimOf(v));
    }

    function test_everyWrongDecisionCostsItsSigners() public {
        CaseVector[] memory all = caseVectors();
        uint256 count = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            if (_right(all[i])) continue;
            uint256 before = vm.snapshotState();
            bytes32 what = all[i].lower ? bytes32("bounds") : bytes32("denied");
            if (keccak256(bytes(all[i].name)) == keccak256("no result")) what = "undefined";
            disproves(claimOf(all[i]), what);
            vm.revertToState(before);
            ++count;
        }
        assertGt(count, 20);
    }

    /// @dev What every operator grants an evaluation; with less an honest allow would be a fault.
    function test_grantsTheFuelThatOperatorsGrant() public view {
        (bool success, bytes memory limit) =
            address(court).staticcall(abi.encodeWithSignature("FUEL_LIMIT()"));
        assertTrue(success);
        assertEq(abi.decode(limit, (uint256)), fuelLimitVector());
    }

    function test_whatThePolicyLetsStandForLess() public {
        Claim memory claim = claimOf(named("agent-spending"));
        stands(claim);
        claim.signed.attestation.validUntil += 1;
        sign(claim);
        disproves(claim, "validFor");
    }

    function test_oneOfManyPoliciesIsEnough() public {
        Claim memory claim = claimOf(named(WRONG));
        CaseVector memory other = named("counterparty");
        PolicyCommitment[] memory both = new PolicyCommitment[](2);
        both[0] = PolicyCommitment(other.policyId, keccak256(other.parameters));
        both[1] = policiesOf(claim)[0];
        claim.list = abi.encode(both);
        claim.signed.attestation.policy = keccak256(claim.list);
        claim.evidence = named(WRONG).evidence;
        claim.index = 1;
        sign(claim);
        disproves(claim, "denied");
    }

    // ------------------------------------------------------------------ once

    function test_costsEachSignerOnce() public {
        Claim memory claim = claimOf(named(WRONG));
        challenge(claim);
        bytes32 digest = digestOf(claim.signed);
        assertEq(court.punished(digest), 5);
        vm.deal(operatorAt(0), BOND);
        vm.prank(operatorAt(0));
        registry.addBond{value: BOND}();
        bytes memory nothing = abi.encodeWithSelector(IWritDisputes.NothingToTake.selector, digest);
        vm.expectRevert(nothing);
        challenge(claim);
        // Nor by a proof on another ground.
        claim.signed.attestation.blockNumber += 1;
        sign(claim);
        assertEq(challengeStatement(claim), BOND);
        vm.expectRevert(
            abi.encodeWithSelector(IWritDisputes.NothingToTake.selector, digestOf(claim.signed))
        );
        challenge(claim);
    }

    function test_aThirdSignerCanFollow() public {
        Claim memory claim = claimOf(named(WRONG));
        challenge(claim);
        sign(claim, 1, 2);
        assertEq(challenge(claim), BOND);
        assertEq(court.punished(digestOf(claim.signed)), 7);
    }

    function test_nobodyHidesBehindAnEmptyBond() public {
        vm.prank(owner);
        registry.forfeit(operatorAt(0), BOND, address(0));
        Claim memory claim = claimOf(named(WRONG));
        assertEq(challenge(claim), BOND);
        assertEq(operator_(2).bond, 0);
        // Who had nothing is not let off.
        assertEq(court.punished(digestOf(claim.signed)), 4);
        vm.deal(operatorAt(0), BOND);
        vm.prank(operatorAt(0));
        registry.addBond{value: BOND}();
        assertEq(challenge(claim), BOND);
    }

    function test_aRevokedKeyStillAnswers() public {
        Claim memory claim = claimOf(named(WRONG));
        revoke(signerAt(0));
        disproves(claim, "denied");
    }

    function test_anOperatorThatLeavesStillAnswers() public {
        leave(0);
        disproves(claimOf(named(WRONG)), "denied");
    }

    function test_theReporterMayBeNobody() public {
        Claim memory claim = claimOf(named(WRONG));
        reporter = address(0);
        assertEq(challenge(claim), 2 * BOND);
        assertEq(registry.owed(beneficiary), 2 * BOND);
    }

    function test_theRewardIsPaid() public {
        challenge(claimOf(named(WRONG)));
        registry.collect(reporter);
        assertEq(reporter.balance, BOND / 2);
    }

    // ------------------------------------------------------------------ who signed what

    function _refused(Claim memory claim, bytes memory refusal) private {
        vm.expectRevert(refusal);
        challenge(claim);
        vm.expectRevert(refusal);
        challengeStatement(claim);
        vm.expectRevert(refusal);
        court.disproveEncoding(claim.signed, claim.evidence, reporter);
        assertUntouched();
    }

    function _invalid(uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IWritDisputes.InvalidSignature.selector, index);
    }

    function test_refusesWhatWasSignedForAnotherContract() public {
        Claim memory claim = claimOf(named(WRONG));
        claim.signed.enforcer = address(0xed);
        _refused(claim, _invalid(0));
    }

    function test_refusesWhatWasSignedOnAnotherChain() public {
        Claim memory claim = claimOf(named(WRONG));
        vm.chainId(2);
        _refused(claim, _invalid(0));
    }

    function testFuzz_refusesWhatWasNotSigned(uint8 member, uint48 change) public {
        Claim memory claim = claimOf(named(WRONG));
        change = uint48(bound(change, 1, type(uint48).max));
        uint256 position = member % 12;
        // The epoch names the set, and the evidence has to fit.
        vm.assume(position != 5);
        bytes memory encoded = abi.encode(claim.signed.attestation);
        assembly ("memory-safe") {
            let at := add(add(encoded, 32), shl(5, position))
            let word := xor(mload(at), change)
            // The level is a byte.
            if eq(position, 7) { word := and(word, 0xff) }
            mstore(at, word)
        }
        bytes32 former = digestOf(claim.signed);
        claim.signed.attestation = abi.decode(encoded, (Attestation));
        vm.assume(digestOf(claim.signed) != former);
        _refused(claim, _invalid(0));
    }

    function test_refusesAnEpochThatIsNone() public {
        Claim memory claim = claimOf(named(WRONG));
        // Of detached attestations, and of accounts that follow no registry.
        uint64[2] memory none = [uint64(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            claim.signed.attestation.epoch = none[i];
            sign(claim);
            _refused(claim, abi.encodeWithSelector(IWritDisputes.UnknownEpoch.selector, none[i]));
        }
    }

    function test_refusesFewerThanAQuorum() public {
        Claim memory claim = claimOf(named(WRONG));
        claim.signed.signatures = signature(digestOf(claim.signed), 0);
        _refused(claim, abi.encodeWithSelector(IWritDisputes.NoQuorum.selector, 1, 2));
        claim.signed.signatures = "";
        _refused(claim, abi.encodeWithSelector(IWritDisputes.NoQuorum.selector, 0, 2));
    }

    function test_refusesBytesBehindTheSignatures() public {
        Claim memory claim = claimOf(named(WRONG));
        claim.signed.signatures = bytes.concat(claim.signed.signatures, hex"00");
        _refused(claim, abi.encodeWithSelector(IWritDisputes.NoQuorum.selector, 131, 65));
    }

    function test_refusesOneOperatorTwice() public {
        Claim memory claim = claimOf(named(WRONG));
        sign(claim, 1, 1);
        _refused(claim, abi.encodeWithSelector(IWritDisputes.InvalidIndex.selector, 1, 3));
        sign(claim, 2, 0);
        _refused(claim, abi.encodeWithSelector(IWritDisputes.InvalidIndex.selector, 0, 3));
    }

    function test_refusesStrangers() public {
        Claim memory claim = claimOf(named(WRONG));
        sign(claim, 0, 3);
        _refused(claim, abi.encodeWithSelector(IWritDisputes.InvalidIndex.selector, 3, 3));
        // At somebody's place.
        bytes memory signatures = claim.signed.signatures;
        signatures[65] = 0x02;
        _refused(claim, _invalid(2));
    }

    function testFuzz_refusesADamagedSignature(uint256 at, uint8 bit) public {
        Claim memory claim = claimOf(named(WRONG));
        at = bound(at, 0, 129);
        claim.signed.signatures[at] ^= bytes1(uint8(1) << (bit % 8));
        vm.expectRevert();
        challenge(claim);
        assertUntouched();
    }

    function test_refusesAMalleableSignature() public {
        Claim memory claim = claimOf(named(WRONG));
        bytes32 digest = digestOf(claim.signed);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyAt(0, 0), digest);
        uint256 other =
            0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - uint256(s);
        bytes32 vs = bytes32(other | (v == 27 ? 1 << 255 : 0));
        claim.signed.signatures =
            bytes.concat(abi.encodePacked(uint8(0), r, vs), signature(digest, 2));
        _refused(claim, _invalid(0));
    }

    // ------------------------------------------------------------------ what belongs to it

    function test_refusesOtherEvidence() public {
        Claim memory claim = claimOf(named(RIGHT));
        claim.evidence = named("agent-spending, reverted").evidence;
        vm.expectPartialRevert(IWritDisputes.EvidenceMismatch.selector);
        challenge(claim);
        vm.expectPartialRevert(IWritDisputes.EvidenceMismatch.selector);
        challengeStatement(claim);
    }

    function test_refusesOtherParametersAndPolicies() public {
        Claim memory claim = claimOf(named(RIGHT));
        CaseVector memory other = named(WRONG);
        claim.parameters = other.parameters;
        vm.expectPartialRevert(IWritDisputes.ParametersMismatch.selector);
        challenge(claim);
        claim.list = listOf(other.policyId, keccak256(other.parameters));
        vm.expectPartialRevert(IWritDisputes.PolicyMismatch.selector);
        challenge(claim);
        claim = claimOf(named(RIGHT));
        claim.index = 1;
        vm.expectRevert(abi.encodeWithSelector(IWritDisputes.NoSuchPolicy.selector, 1, 1));
        challenge(claim);
    }

    function test_refusesPoliciesThatAreNotRegistered() public {
        Claim memory claim = claimOf(named(WRONG));
        bytes32 policyId = keccak256("regorus alone");
        claim.list = listOf(policyId, keccak256(claim.parameters));
        claim.signed.attestation.policy = keccak256(claim.list);
        sign(claim);
        vm.expectRevert(
            abi.encodeWithSelector(IWritDisputes.PolicyNotRegistered.selector, policyId)
        );
        challenge(claim);
    }

    function test_refusesAnotherEncoding() public {
        Claim memory claim = claimOf(named(WRONG));
        claim.evidence[0] = 0x03;
        claim.signed.attestation.evidence = keccak256(claim.evidence);
        sign(claim);
        _refused(claim, abi.encodeWithSelector(IWritDisputes.UnknownEncoding.selector));
        claim.evidence = "";
        claim.signed.attestation.evidence = keccak256("");
        sign(claim);
        _refused(claim, abi.encodeWithSelector(IWritDisputes.UnknownEncoding.selector));
    }

    function test_withoutItsRoleItTakesNothing() public {
        vm.prank(owner);
        registry.setDisputes(address(0));
        Claim memory claim = claimOf(named(WRONG));
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.NotAllowed.selector, address(court))
        );
        challenge(claim);
        assertUntouched();
    }

    // ------------------------------------------------------------------ gas

    /// @dev Whatever is left where, an evaluation that does not come to its end is no fault.
    function testFuzz_tooLittleGasIsNoFault(uint256 gas_) public {
        bytes memory data = _calldata(claimOf(named(RIGHT)));
        (bool success,) = address(court).call{gas: bound(gas_, 0, 3_000_000)}(data);
        assertFalse(success);
        assertUntouched();
    }

    function test_tooLittleGasIsNoFaultAnywhere() public {
        bytes memory data = _calldata(claimOf(named(RIGHT)));
        for (uint256 gas_ = 50_000; gas_ < 3_000_000; gas_ += 20_011) {
            (bool success,) = address(court).call{gas: gas_}(data);
            assertFalse(success);
        }
        assertUntouched();
    }

    /// @dev Who signed wrongly cannot be let off by a call that runs out of gas halfway: it costs all or nothing.
    function testFuzz_gasDecidesOnlyWhetherItIsProven(uint256 gas_) public {
        Claim memory claim = claimOf(named(WRONG));
        (bool success,) = address(court).call{gas: bound(gas_, 0, 3_000_000)}(_calldata(claim));
        if (success) {
            assertTaken();
        } else {
            assertUntouched();
            assertEq(court.punished(digestOf(claim.signed)), 0);
        }
    }

    function _calldata(Claim memory claim) private view returns (bytes memory) {
        return abi.encodeCall(
            IWritDisputes.disproveDecision,
            (
                claim.signed,
                policiesOf(claim),
                claim.index,
                claim.parameters,
                claim.evidence,
                reporter
            )
        );
    }
}
