// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RegistryTest} from "./RegistryTest.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {RegistryParameters, Seat, SigningKey, Standing} from "writ/interfaces/OperatorTypes.sol";
import {OperatorSets} from "writ/libraries/OperatorSets.sol";

/// @title Publishing sets, reading them, and taking signers out of them
contract EpochsTest is RegistryTest {
    function check(address operatorSet, bytes32 codeHash, uint256 least) external view {
        OperatorSets.check(operatorSet, codeHash, least);
    }

    // ------------------------------------------------------------------ publishing

    function test_publishesASetThatAnAccountCanTake() public {
        joined(5);
        address[] memory signers = signersOf(5);
        vm.prank(owner);
        vm.recordLogs();
        registry.publish(1, signers, 3);
        Vm.Log[] memory logs = vm.getRecordedLogs();

        (address operatorSet, bytes32 codeHash, uint8 least, uint48 at) = registry.operatorEpoch(1);
        assertEq(registry.latestEpoch(), 1);
        assertEq(least, 3);
        assertEq(at, NOW + JOIN_DELAY);
        assertEq(codeHash, operatorSet.codehash);
        assertEq(
            operatorSet.code,
            abi.encodePacked(hex"00", signers[0], signers[1], signers[2], signers[3], signers[4])
        );
        this.check(operatorSet, codeHash, 5);
        assertEq(registry.revokedSigners(1), 0);

        assertEq(logs.length, 1);
        assertEq(logs[0].topics[0], IWritOperators.EpochPublished.selector);
        assertEq(logs[0].topics[1], bytes32(uint256(1)));
        assertEq(logs[0].data, abi.encode(operatorSet, codeHash, uint8(3), signers));
        for (uint256 i = 0; i < 5; ++i) {
            Seat[] memory seats = registry.seatsOf(signers[i]);
            assertEq(seats.length, 1);
            assertEq(seats[0].epoch, 1);
            assertEq(seats[0].index, i);
            assertEq(operator_(i).lastEpoch, 1);
            assertEq(operator_(i).seatedSigner, signers[i]);
        }
    }

    function test_nothingIsKnownOfAnEpochThatIsNotThere() public view {
        for (uint64 epoch = 0; epoch < 3; ++epoch) {
            (address operatorSet, bytes32 codeHash, uint8 least, uint48 at) =
                registry.operatorEpoch(epoch);
            assertEq(operatorSet, address(0));
            assertEq(codeHash, 0);
            assertEq(least, 0);
            assertEq(at, 0);
            assertEq(registry.revokedSigners(epoch), 0);
        }
        assertEq(registry.latestEpoch(), 0);
        assertEq(registry.grace(), GRACE);
    }

    function test_theSetThatWasPublishedNeverChanges() public {
        joined(3);
        publish(signersOf(3));
        (address operatorSet, bytes32 codeHash,,) = registry.operatorEpoch(1);
        bytes memory before = _epoch(1);

        // Calling it does nothing, and whatever happens to its operators and after it leaves it as it is.
        (bool success, bytes memory result) = operatorSet.call{value: 0}(hex"deadbeef");
        assertTrue(success && result.length == 0);
        rotate(0, 1);
        leave(1);
        revoke(signerAt(2));
        join(4);
        vm.warp(block.timestamp + JOIN_DELAY);
        address[] memory next = new address[](2);
        (next[0], next[1]) = (vm.addr(keyAt(0, 1)), signerAt(4));
        publish(next);
        assertEq(_epoch(1), before);
        assertEq(operatorSet.codehash, codeHash);
    }

    function test_theSameOperatorsCanBePublishedAgain() public {
        joined(3);
        publish(signersOf(3));
        publish(signersOf(3));
        (address first, bytes32 firstHash,,) = registry.operatorEpoch(1);
        (address second, bytes32 secondHash,,) = registry.operatorEpoch(2);
        assertNotEq(first, second);
        assertEq(firstHash, secondHash);
        assertEq(registry.seatsOf(signerAt(2)).length, 2);
    }

    function testFuzz_epochsFollowOneAnother(uint64 epoch) public {
        joined(3);
        publish(signersOf(3));
        vm.assume(epoch != 2);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.EpochOutOfOrder.selector, epoch, 2)
        );
        registry.publish(epoch, signersOf(3), 2);
        publish(signersOf(2));
        assertEq(registry.latestEpoch(), 2);
    }

    function test_aSetHasOperators() public {
        refusesToPublish(
            new address[](0),
            1,
            abi.encodeWithSelector(IWritOperatorErrors.OperatorCount.selector, 0, 63)
        );
    }

    function test_aSetHasNoMoreOperatorsThanAMajorityCanSignFor() public {
        joined(64);
        refusesToPublish(
            signersOf(64),
            32,
            abi.encodeWithSelector(IWritOperatorErrors.OperatorCount.selector, 64, 63)
        );
        vm.prank(owner);
        registry.publish(1, signersOf(63), 32);
        (address operatorSet, bytes32 codeHash,,) = registry.operatorEpoch(1);
        this.check(operatorSet, codeHash, 63);
        assertEq(setOf(1), signersOf(63));
    }

    function testFuzz_theThresholdIsAMajorityAndAtLeastTheFloor(
        uint8 count,
        uint8 threshold,
        uint8 floor
    ) public {
        count = uint8(bound(count, 1, 63));
        RegistryParameters memory other = given();
        other.thresholdFloor = uint8(bound(floor, 1, 32));
        registry = deployRegistry(owner, guardian, other);
        joined(count);

        uint256 least = count / 2 + 1;
        if (least < other.thresholdFloor) least = other.thresholdFloor;
        uint256 most = count < 32 ? count : 32;
        if (threshold < least || threshold > most) {
            refusesToPublish(
                signersOf(count),
                threshold,
                abi.encodeWithSelector(
                    IWritOperatorErrors.ThresholdOutOfRange.selector, threshold, least, most
                )
            );
        } else {
            vm.prank(owner);
            registry.publish(1, signersOf(count), threshold);
            (,, uint8 stored,) = registry.operatorEpoch(1);
            assertEq(stored, threshold);
            // Two quorums of the set have an operator in common.
            assertGt(2 * uint256(stored), count);
        }
    }

    function test_theFloorHoldsWhereAMajorityWouldBeLess() public {
        joined(3);
        bytes memory refusal =
            abi.encodeWithSelector(IWritOperatorErrors.ThresholdOutOfRange.selector, 1, 2, 2);
        refusesToPublish(signersOf(2), 1, refusal);
        refusal = abi.encodeWithSelector(IWritOperatorErrors.ThresholdOutOfRange.selector, 1, 2, 1);
        refusesToPublish(signersOf(1), 1, refusal);
    }

    function test_onlyWhoCanAttestIsInASet() public {
        joined(3);
        address[] memory signers = signersOf(3);
        join(3);
        signers[1] = signerAt(3);
        refusesToPublish(signers, 2, notEligible(signerAt(3), Standing.Waiting));
        signers[1] = signerAt(9);
        refusesToPublish(signers, 2, notEligible(signerAt(9), Standing.Unknown));
        signers[1] = address(0);
        refusesToPublish(signers, 2, notEligible(address(0), Standing.Unknown));
        signers[1] = signerAt(0);
        refusesToPublish(
            signers,
            2,
            abi.encodeWithSelector(IWritOperatorErrors.SignerRepeated.selector, signerAt(0))
        );

        signers[1] = signerAt(1);
        uint256 state = vm.snapshotState();
        leave(1);
        refusesToPublish(signers, 2, notEligible(signerAt(1), Standing.Leaving));
        vm.revertToState(state);
        revoke(signerAt(1));
        refusesToPublish(signers, 2, notEligible(signerAt(1), Standing.Revoked));
        vm.revertToState(state);
        vm.prank(disputes);
        registry.forfeit(operatorAt(1), 1, address(0));
        refusesToPublish(signers, 2, notEligible(signerAt(1), Standing.Underbonded));
        vm.deal(operatorAt(1), 1);
        vm.prank(operatorAt(1));
        registry.addBond{value: 1}();
        publish(signers);
    }

    function test_aKeyIsInNoMoreSetsThanOneRevocationReaches() public {
        joined(2);
        for (uint256 i = 0; i < 128; ++i) {
            publish(signersOf(2));
        }
        refusesToPublish(signersOf(2), 2, notEligible(signerAt(0), Standing.WornOut));
        // Another key of the same operator begins anew.
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (rotate(0, 1), rotate(1, 1));
        vm.warp(block.timestamp + JOIN_DELAY);
        publish(signers);
        assertEq(registry.latestEpoch(), 129);

        revoke(signerAt(1));
        for (uint64 epoch = 1; epoch <= 128; ++epoch) {
            assertEq(registry.revokedSigners(epoch), 2);
        }
        assertEq(registry.revokedSigners(129), 0);
    }

    // ------------------------------------------------------------------ revocation

    function test_revokesAKeyInEveryEpochThatItIsIn() public {
        joined(5);
        publish(signersOf(5));
        address[] memory signers = new address[](3);
        (signers[0], signers[1], signers[2]) = (signerAt(4), signerAt(3), signerAt(0));
        publish(signers);
        publish(signersOf(3));

        vm.prank(guardian);
        vm.expectEmit(address(registry));
        emit IWritOperators.SignerRevoked(signerAt(4), operatorAt(4), guardian);
        registry.revoke(signerAt(4));
        assertEq(registry.revokedSigners(1), 1 << 4);
        assertEq(registry.revokedSigners(2), 1 << 0);
        assertEq(registry.revokedSigners(3), 0);
        revoke(signerAt(0));
        assertEq(registry.revokedSigners(1), 1 << 4 | 1 << 0);
        assertEq(registry.revokedSigners(2), 1 << 0 | 1 << 2);
        assertEq(registry.revokedSigners(3), 1 << 0);
        SigningKey memory key = registry.keyOf(signerAt(0));
        assertEq(key.revokedAt, NOW + JOIN_DELAY);
        assertEq(key.operator, operatorAt(0));
    }

    function test_revocationIsForGood() public {
        joined(2);
        publish(signersOf(2));
        revoke(signerAt(1));
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritOperatorErrors.AlreadyRevoked.selector, signerAt(1), NOW + JOIN_DELAY
            )
        );
        registry.revoke(signerAt(1));
        refusesToPublish(signersOf(2), 2, notEligible(signerAt(1), Standing.Revoked));
        // Nor can it be shown again, by whomever.
        bytes memory proof_ = proof(operatorAt(1), keyAt(1, 0));
        vm.prank(operatorAt(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritOperatorErrors.SignerTaken.selector, signerAt(1), operatorAt(1)
            )
        );
        registry.rotate(signerAt(1), proof_);
    }

    function test_aRevokedOperatorComesBackWithAnotherKey() public {
        joined(2);
        publish(signersOf(2));
        revoke(signerAt(1));
        address[] memory signers = signersOf(2);
        signers[1] = rotate(1, 1);
        vm.warp(block.timestamp + JOIN_DELAY);
        publish(signers);
        assertEq(registry.revokedSigners(1), 2);
        assertEq(registry.revokedSigners(2), 0);
    }

    function test_aKeyThatIsInNoSetCanBeRevoked() public {
        join(0);
        revoke(signerAt(0));
        vm.warp(NOW + JOIN_DELAY);
        assertStanding(signerAt(0), Standing.Revoked);
        assertEq(registry.revokedSigners(0), 0);
    }

    function test_aKeyThatNobodyShowedCannotBeRevoked() public {
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.SignerUnknown.selector, signerAt(0))
        );
        registry.revoke(signerAt(0));
        // Its proof could otherwise be stopped before it comes.
        join(0);
    }

    function test_anOperatorRevokesItsOwnKeysAndNoOthers() public {
        joined(2);
        publish(signersOf(2));
        address next = rotate(0, 1);
        vm.startPrank(operatorAt(0));
        registry.revoke(signerAt(0));
        registry.revoke(next);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.NotAllowed.selector, operatorAt(0))
        );
        registry.revoke(signerAt(1));
        vm.stopPrank();
        assertEq(registry.revokedSigners(1), 1);
    }

    function test_saysAloudThatNoQuorumIsLeft() public {
        joined(5);
        publish(signersOf(5));
        publish(signersOf(3));
        vm.recordLogs();
        revoke(signerAt(0));
        _lost(0, 0, 0);
        revoke(signerAt(1));
        _lost(2, 1, 2);
        revoke(signerAt(4));
        _lost(1, 2, 3);
    }

    /// @dev That of the last revocation exactly this one epoch was told to have lost its quorum; 0 for none.
    function _lost(uint64 epoch, uint256 left, uint256 least) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IWritOperators.QuorumLost.selector) continue;
            ++found;
            assertEq(uint256(logs[i].topics[1]), epoch);
            assertEq(logs[i].data, abi.encode(left, least));
        }
        assertEq(found, epoch == 0 ? 0 : 1);
    }

    function testFuzz_revocationOnlyAddsBits(uint256 order, uint8 count) public {
        count = uint8(bound(count, 3, 9));
        joined(count);
        publish(signersOf(count));
        publish(signersOf(count - 1));
        uint256 first;
        uint256 second;
        for (uint256 i = 0; i < count; ++i) {
            address signer = signerAt((order >> (8 * i)) % count);
            if (registry.keyOf(signer).revokedAt != 0) continue;
            revoke(signer);
            assertEq(registry.revokedSigners(1) & first, first);
            assertEq(registry.revokedSigners(2) & second, second);
            (first, second) = (registry.revokedSigners(1), registry.revokedSigners(2));
        }
        for (uint256 i = 0; i < count; ++i) {
            bool revoked = registry.keyOf(signerAt(i)).revokedAt != 0;
            assertEq(first >> i & 1 == 1, revoked);
            assertEq(second >> i & 1 == 1, revoked && i != uint256(count) - 1);
        }
    }

    function _epoch(uint64 epoch) private view returns (bytes memory) {
        (address operatorSet, bytes32 codeHash, uint8 least, uint48 at) =
            registry.operatorEpoch(epoch);
        return abi.encode(operatorSet, operatorSet.code, codeHash, least, at);
    }
}
