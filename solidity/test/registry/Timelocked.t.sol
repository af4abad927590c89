// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ITimelock} from "../../../script/ITimelock.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";
import {Standing} from "writ/interfaces/OperatorTypes.sol";

/// @title What the owner decides takes the timelock's delay, from end to end
contract TimelockedTest is RegistryTest {
    function setUp() public override {
        super.setUp();
        joined(3);
    }

    function test_aSetIsScheduledSeenAndPublished() public {
        bytes memory data = abi.encodeCall(registry.publish, (1, signersOf(3), 2));
        _schedule(data);
        vm.warp(block.timestamp + TIMELOCK_DELAY - 1);
        bytes32 id = timelock.hashOperation(address(registry), 0, data, 0, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITimelock.TimelockUnexpectedOperationState.selector, id, bytes32(uint256(1 << 2))
            )
        );
        _execute(data);
        assertEq(registry.latestEpoch(), 0);

        vm.warp(block.timestamp + 1);
        _execute(data);
        assertEq(registry.latestEpoch(), 1);
        assertEq(setOf(1), signersOf(3));
        // Nor does it happen again.
        vm.expectRevert();
        _execute(data);
    }

    function test_nobodyShortensTheDelay() public {
        bytes memory data = abi.encodeCall(registry.publish, (1, signersOf(3), 2));
        vm.prank(proposer);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITimelock.TimelockInsufficientDelay.selector, TIMELOCK_DELAY - 1, TIMELOCK_DELAY
            )
        );
        timelock.schedule(address(registry), 0, data, 0, 0, TIMELOCK_DELAY - 1);
        bytes32 role = timelock.PROPOSER_ROLE();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role
            )
        );
        timelock.schedule(address(registry), 0, data, 0, 0, TIMELOCK_DELAY);
        // Not even the proposer reaches the registry but through the timelock.
        vm.prank(proposer);
        vm.expectRevert();
        registry.publish(1, signersOf(3), 2);
    }

    function test_aSetThatWasOvertakenIsNeverPublished() public {
        bytes memory old = abi.encodeCall(registry.publish, (1, signersOf(2), 2));
        bytes memory data = abi.encodeCall(registry.publish, (1, signersOf(3), 2));
        _schedule(old);
        _schedule(data);
        vm.warp(block.timestamp + TIMELOCK_DELAY);
        _execute(data);
        // Anyone may execute what is due, and would bring the smaller set back.
        vm.expectRevert(abi.encodeWithSelector(IWritOperatorErrors.EpochOutOfOrder.selector, 1, 2));
        vm.prank(stranger);
        _execute(old);
        assertEq(setOf(registry.latestEpoch()), signersOf(3));
    }

    function test_whatHappensBeforeASetIsDueCounts() public {
        bytes memory data = abi.encodeCall(registry.publish, (1, signersOf(3), 2));
        _schedule(data);
        revoke(signerAt(1));
        vm.warp(block.timestamp + TIMELOCK_DELAY);
        vm.expectRevert(notEligible(signerAt(1), Standing.Revoked));
        _execute(data);
    }

    function test_anOperatorThatSeesItsBondForfeitedCannotSaveIt() public {
        bytes memory data = abi.encodeCall(registry.forfeit, (operatorAt(0), BOND, address(0)));
        _schedule(data);
        leave(0);
        vm.warp(block.timestamp + TIMELOCK_DELAY);
        vm.prank(operatorAt(0));
        vm.expectRevert();
        registry.withdraw(operatorAt(0));
        _execute(data);
        assertEq(operator_(0).bond, 0);
    }

    function test_theOwnershipMovesToAnotherTimelock() public {
        ITimelock next = deployTimelock();
        bytes memory data = abi.encodeCall(registry.transferOwnership, (address(next)));
        _schedule(data);
        vm.warp(block.timestamp + TIMELOCK_DELAY);
        _execute(data);
        timelock = next;
        data = abi.encodeCall(registry.acceptOwnership, ());
        _schedule(data);
        vm.warp(block.timestamp + TIMELOCK_DELAY);
        _execute(data);
        assertEq(registry.owner(), address(next));
    }

    function _schedule(bytes memory data) private {
        vm.prank(proposer);
        timelock.schedule(address(registry), 0, data, 0, 0, TIMELOCK_DELAY);
    }

    function _execute(bytes memory data) private {
        timelock.execute(address(registry), 0, data, 0, 0);
    }
}
