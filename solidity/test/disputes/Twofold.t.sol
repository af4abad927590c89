// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor} from "../utils/Attestor.sol";
import {Claim, DisputesTest} from "./DisputesTest.sol";
import {Denial, Ground, SignedDenial} from "writ/disputes/DisputeTypes.sol";
import {IWritDisputes} from "writ/disputes/IWritDisputes.sol";

/// @title Who allowed and refused the same loses the bond
contract TwofoldTest is DisputesTest {
    Claim private claim;
    SignedDenial private denied;

    function setUp() public override {
        super.setUp();
        claim = claimOf(named("agent-spending"));
        denied.enforcer = ENFORCER;
        denied.denial = Denial({
            action: claim.signed.attestation.action,
            policy: claim.signed.attestation.policy,
            evidence: claim.signed.attestation.evidence,
            revision: 5,
            blockNumber: 120,
            blockHash: bytes32(uint256(0xb1)),
            reasons: keccak256("reasons")
        });
    }

    function _deny(uint8[] memory indices) private {
        bytes32 typeHash = keccak256(
            "Denial(bytes32 action,bytes32 policy,bytes32 evidence,uint64 revision,uint64 blockNumber,bytes32 blockHash,bytes32 reasons)"
        );
        bytes32 hash = keccak256(bytes.concat(typeHash, abi.encode(denied.denial)));
        bytes32 digest = Attestor.typed(denied.enforcer, block.chainid, hash);
        bytes memory signatures = "";
        for (uint256 i = 0; i < indices.length; ++i) {
            signatures = bytes.concat(signatures, signature(digest, indices[i]));
        }
        denied.signatures = signatures;
    }

    function _deny(uint8 index) private {
        uint8[] memory indices = new uint8[](1);
        indices[0] = index;
        _deny(indices);
    }

    function _deny(uint8 first, uint8 second) private {
        uint8[] memory indices = new uint8[](2);
        (indices[0], indices[1]) = (first, second);
        _deny(indices);
    }

    function test_costsWhoSignedBoth() public {
        _deny(1, 2);
        vm.expectEmit(address(court));
        emit IWritDisputes.Disproved(digestOf(claim.signed), Ground.Twofold, 0, reporter, BOND);
        assertEq(court.disproveTwofold(claim.signed, denied, reporter), BOND);
        assertEq(operator_(0).bond, BOND);
        assertEq(operator_(1).bond, BOND);
        assertEq(operator_(2).bond, 0);
        vm.expectPartialRevert(IWritDisputes.NothingToTake.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
    }

    function test_whoeverRefusedAloneKeepsItsBond() public {
        _deny(1);
        vm.expectPartialRevert(IWritDisputes.NothingToTake.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
        assertUntouched();
    }

    /// @dev One key is enough here: whoever stole it could refuse what its operator allowed.
    function test_aRevokedKeyDoesNotCount() public {
        _deny(0, 2);
        revoke(signerAt(0));
        assertEq(court.disproveTwofold(claim.signed, denied, reporter), BOND);
        assertEq(operator_(0).bond, BOND);
        assertEq(operator_(2).bond, 0);
    }

    function test_inWhicheverDomain() public {
        denied.enforcer = address(0);
        _deny(0, 2);
        assertEq(court.disproveTwofold(claim.signed, denied, reporter), 2 * BOND);
    }

    function test_refusesWhatIsNotTheSame() public {
        denied.denial.evidence = keccak256("other");
        _deny(0, 2);
        vm.expectRevert(IWritDisputes.NotTheSame.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
        denied.denial.evidence = claim.signed.attestation.evidence;
        denied.denial.policy = keccak256("other");
        _deny(0, 2);
        vm.expectRevert(IWritDisputes.NotTheSame.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
        assertUntouched();
    }

    function test_refusesDenialsThatNobodySigned() public {
        _deny(0, 2);
        denied.denial.reasons = keccak256("other reasons");
        vm.expectPartialRevert(IWritDisputes.InvalidSignature.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
        // An attestation is no denial.
        denied.signatures = claim.signed.signatures;
        vm.expectPartialRevert(IWritDisputes.InvalidSignature.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
        denied.signatures = "";
        vm.expectPartialRevert(IWritDisputes.NothingToTake.selector);
        court.disproveTwofold(claim.signed, denied, reporter);
        assertUntouched();
    }
}
