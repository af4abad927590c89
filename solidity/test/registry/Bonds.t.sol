// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRegistry, RegistryTest} from "./RegistryTest.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {Operator, Standing} from "writ/interfaces/OperatorTypes.sol";

/// @notice An operator, reporter or beneficiary that calls back when it is paid, with whatever it was told to call.
contract CallsBack {
    IRegistry private immutable REGISTRY;
    bytes private again;
    bool public entered;

    constructor(IRegistry registry) {
        REGISTRY = registry;
    }

    function prepare(bytes calldata again_) external {
        again = again_;
    }

    function run(uint256 value, bytes calldata data) external {
        (bool success, bytes memory result) = address(REGISTRY).call{value: value}(data);
        if (!success) {
            assembly {
                revert(add(result, 32), mload(result))
            }
        }
    }

    receive() external payable {
        if (again.length == 0) return;
        bytes memory data = again;
        delete again;
        (entered,) = address(REGISTRY).call(data);
    }
}

/// @title Taking bonds out, forfeiting them, and being paid
contract BondsTest is RegistryTest {
    uint48 internal constant OVERLAP = uint48(COVERED) + GRACE;

    // ------------------------------------------------------------------ withdrawing

    function test_whoWasInNoSetWaitsTheLeaveDelay() public {
        joined(1);
        assertEq(registry.withdrawableAt(operatorAt(0)), NEVER);
        _refused(0, abi.encodeWithSelector(IWritOperatorErrors.NotLeaving.selector, operatorAt(0)));
        leave(0);
        _waits(0, NOW + JOIN_DELAY + LEAVE_DELAY);
    }

    function test_whoIsInTheNewestSetCannotTakeTheBondOut() public {
        joined(3);
        publish(signersOf(3));
        leave(0);
        vm.warp(block.timestamp + 1000 days);
        assertEq(registry.withdrawableAt(operatorAt(0)), NEVER);
        _refused(
            0,
            abi.encodeWithSelector(
                IWritOperatorErrors.NotWithdrawable.selector, operatorAt(0), NEVER, block.timestamp
            )
        );
    }

    function test_theBondStaysUntilNoAccountCanHaveTheSetAndTheLeaveDelayPassed() public {
        joined(3);
        publish(signersOf(3));
        leave(2);
        vm.warp(block.timestamp + 100 days);
        publish(signersOf(2));
        _waits(2, uint48(block.timestamp) + OVERLAP + LEAVE_DELAY);
    }

    function test_theLeaveDelayCountsFromLeavingWhereThatIsLater() public {
        joined(3);
        publish(signersOf(3));
        publish(signersOf(2));
        vm.warp(block.timestamp + 100 days);
        leave(2);
        _waits(2, uint48(block.timestamp) + LEAVE_DELAY);
    }

    function test_laterSetsOfOthersChangeNothing() public {
        joined(3);
        publish(signersOf(3));
        leave(2);
        publish(signersOf(2));
        uint48 readyAt = registry.withdrawableAt(operatorAt(2));
        vm.warp(block.timestamp + 5 days);
        publish(signersOf(2));
        assertEq(registry.withdrawableAt(operatorAt(2)), readyAt);
        _waits(2, readyAt);
    }

    function test_anOperatorEndsItsServiceByRevokingItself() public {
        joined(3);
        publish(signersOf(3));
        leave(0);
        vm.warp(block.timestamp + 50 days);
        // No owner publishes anything, and a pause changes nothing about it.
        vm.prank(guardian);
        registry.pause();
        vm.prank(operatorAt(0));
        registry.revoke(signerAt(0));
        _waits(0, uint48(block.timestamp) + LEAVE_DELAY);
    }

    function test_aRevokedKeyDoesNotEndTheServiceOfTheKeyBefore() public {
        joined(3);
        publish(signersOf(3));
        address next = rotate(0, 1);
        vm.warp(block.timestamp + JOIN_DELAY);
        address[] memory signers = signersOf(3);
        signers[0] = next;
        publish(signers);
        uint48 replacedAt = uint48(block.timestamp);
        leave(0);
        vm.prank(operatorAt(0));
        registry.revoke(next);
        // The former key still counts for accounts that have not moved to the second set.
        assertEq(registry.revokedSigners(1), 0);
        _waits(0, replacedAt + OVERLAP + LEAVE_DELAY);
    }

    function test_revokingAKeyThatServedItsTimeHoldsNoBondLonger() public {
        joined(3);
        publish(signersOf(3));
        leave(2);
        publish(signersOf(2));
        uint48 readyAt = registry.withdrawableAt(operatorAt(2));
        vm.warp(readyAt - 1);
        revoke(signerAt(2));
        _waits(2, readyAt);
    }

    function test_revokingAnotherKeyThanTheOneInTheSetEndsNothing() public {
        joined(3);
        publish(signersOf(3));
        address next = rotate(0, 1);
        leave(0);
        vm.prank(operatorAt(0));
        registry.revoke(next);
        vm.warp(block.timestamp + 1000 days);
        assertEq(registry.withdrawableAt(operatorAt(0)), NEVER);
    }

    function testFuzz_aSetOfYesterdayHoldsNoBondLongerThanItCounts(
        uint32 untilNext,
        uint32 untilLeaving,
        bool revoked,
        uint32 untilRevoked
    ) public {
        joined(3);
        publish(signersOf(3));
        uint48 published = uint48(block.timestamp);
        uint48 next = published + uint48(bound(untilNext, 1, 400 days));
        uint48 left = published + uint48(bound(untilLeaving, 1, 400 days));
        uint48 revokedAt = published + uint48(bound(untilRevoked, 1, 400 days));
        // In whatever order it happens.
        for (uint48 at = 0; at < 3; ++at) {
            (uint48 time, uint256 what) = _nth(at, next, left, revokedAt);
            vm.warp(time);
            if (what == 0) publish(_others());
            // One that leaves cannot be in the next set either way.
            if (what == 1) leave(0);
            if (what == 2 && revoked) revoke(signerAt(0));
        }
        uint48 served = next + OVERLAP;
        if (revoked && _max(revokedAt, published + OVERLAP) < served) {
            served = _max(revokedAt, published + OVERLAP);
        }
        _waits(0, _max(served, left) + LEAVE_DELAY);
    }

    function test_whoeverTheOperatorNamesIsPaid() public {
        joined(1);
        leave(0);
        vm.warp(block.timestamp + LEAVE_DELAY);
        vm.startPrank(operatorAt(0));
        vm.expectRevert(IWritOperatorErrors.ZeroRecipient.selector);
        registry.withdraw(address(0));
        // A recipient that does not take it changes nothing.
        vm.expectRevert();
        registry.withdraw(address(registry));
        assertEq(operator_(0).bond, BOND);
        vm.expectEmit(address(registry));
        emit IWritOperators.Withdrawn(operatorAt(0), stranger, BOND);
        registry.withdraw(stranger);
        assertEq(stranger.balance, BOND);
        assertEq(address(registry).balance, 0);
        Operator memory empty;
        assertEq(abi.encode(operator_(0)), abi.encode(empty));
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.NotJoined.selector, operatorAt(0))
        );
        registry.withdraw(stranger);
    }

    function test_nobodyIsPaidTwiceByCallingBack() public {
        join(5);
        CallsBack thief = new CallsBack(registry);
        bytes memory proof_ = proof(address(thief), keyAt(0, 0));
        vm.deal(address(thief), BOND);
        thief.run(BOND, abi.encodeCall(registry.join, (signerAt(0), "", proof_)));
        thief.run(0, abi.encodeCall(registry.leave, ()));
        vm.warp(block.timestamp + LEAVE_DELAY);
        thief.prepare(abi.encodeCall(registry.withdraw, (address(thief))));
        thief.run(0, abi.encodeCall(registry.withdraw, (address(thief))));
        assertFalse(thief.entered());
        assertEq(address(thief).balance, BOND);
        assertEq(address(registry).balance, BOND);
    }

    function test_nobodyCollectsTwiceByCallingBack() public {
        joined(2);
        CallsBack thief = new CallsBack(registry);
        vm.prank(disputes);
        registry.forfeit(operatorAt(0), 8 ether, address(thief));
        thief.prepare(abi.encodeCall(registry.collect, (address(thief))));
        registry.collect(address(thief));
        assertFalse(thief.entered());
        assertEq(address(thief).balance, 2 ether);
        assertEq(address(registry).balance, 2 * BOND - 2 ether);
    }

    // ------------------------------------------------------------------ forfeiting

    function testFuzz_forfeitsToTheReporterAndTheBeneficiary(uint256 amount, bool reported) public {
        joined(2);
        amount = bound(amount, 1, type(uint256).max);
        uint256 taken = amount < BOND ? amount : BOND;
        uint256 reward = reported ? taken / 4 : 0;
        address reporter = reported ? stranger : address(0);
        vm.prank(disputes);
        vm.expectEmit(address(registry));
        emit IWritOperators.Forfeited(operatorAt(0), disputes, reporter, taken, reward);
        assertEq(registry.forfeit(operatorAt(0), amount, reporter), taken);

        assertEq(operator_(0).bond, BOND - taken);
        assertEq(operator_(1).bond, BOND);
        assertEq(registry.owed(stranger), reward);
        assertEq(registry.owed(beneficiary), taken - reward);
        assertEq(address(registry).balance, 2 * BOND);

        vm.expectEmit(address(registry));
        emit IWritOperators.Collected(beneficiary, taken - reward);
        registry.collect(beneficiary);
        assertEq(beneficiary.balance, taken - reward);
        if (reward != 0) registry.collect(stranger);
        assertEq(stranger.balance, reward);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.NothingOwed.selector, beneficiary)
        );
        registry.collect(beneficiary);
        assertEq(address(registry).balance, 2 * BOND - taken);
    }

    function test_whatIsForfeitedAddsUp() public {
        joined(2);
        vm.startPrank(disputes);
        registry.forfeit(operatorAt(0), 4 ether, stranger);
        registry.forfeit(operatorAt(1), 4 ether, stranger);
        assertEq(registry.forfeit(operatorAt(0), BOND, stranger), 6 ether);
        assertEq(registry.owed(stranger), 3.5 ether);
        assertEq(registry.owed(beneficiary), 10.5 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.NothingToForfeit.selector, operatorAt(0))
        );
        registry.forfeit(operatorAt(0), 1, address(0));
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.NothingToForfeit.selector, operatorAt(1))
        );
        registry.forfeit(operatorAt(1), 0, address(0));
    }

    function test_theBondOfWhoLeavesIsForfeitedLikeAnother() public {
        joined(3);
        publish(signersOf(3));
        leave(2);
        publish(signersOf(2));
        vm.warp(registry.withdrawableAt(operatorAt(2)) - 1);
        vm.prank(disputes);
        registry.forfeit(operatorAt(2), 9 ether, address(0));
        vm.warp(block.timestamp + 1);
        vm.prank(operatorAt(2));
        registry.withdraw(operatorAt(2));
        assertEq(operatorAt(2).balance, 1 ether);
    }

    function test_whoLostEverythingStillLeaves() public {
        joined(1);
        vm.prank(owner);
        registry.forfeit(operatorAt(0), BOND, address(0));
        assertStanding(signerAt(0), Standing.Underbonded);
        leave(0);
        vm.warp(block.timestamp + LEAVE_DELAY);
        vm.prank(operatorAt(0));
        registry.withdraw(operatorAt(0));
        assertEq(operatorAt(0).balance, 0);
        assertEq(operator_(0).signer, address(0));
    }

    // ------------------------------------------------------------------

    /// @dev That operator `i` gets its bond at `readyAt` and not a second before.
    function _waits(uint256 i, uint48 readyAt) private {
        address operator = operatorAt(i);
        assertEq(registry.withdrawableAt(operator), readyAt);
        vm.warp(readyAt - 1);
        _refused(
            i,
            abi.encodeWithSelector(
                IWritOperatorErrors.NotWithdrawable.selector, operator, readyAt, readyAt - 1
            )
        );
        vm.warp(readyAt);
        vm.prank(operator);
        registry.withdraw(operator);
        assertEq(operator.balance, BOND);
    }

    function _refused(uint256 i, bytes memory refusal) private {
        vm.prank(operatorAt(i));
        vm.expectRevert(refusal);
        registry.withdraw(operatorAt(i));
    }

    function _others() private pure returns (address[] memory signers) {
        signers = new address[](2);
        (signers[0], signers[1]) = (signerAt(1), signerAt(2));
    }

    function _max(uint48 a, uint48 b) private pure returns (uint48) {
        return a > b ? a : b;
    }

    /// @dev The n-th of three moments, and which it is.
    function _nth(uint48 n, uint48 a, uint48 b, uint48 c)
        private
        pure
        returns (uint48 time, uint256 what)
    {
        uint48[3] memory times = [a, b, c];
        uint256[3] memory whats = [uint256(0), 1, 2];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                if (times[j] <= times[j + 1]) continue;
                (times[j], times[j + 1]) = (times[j + 1], times[j]);
                (whats[j], whats[j + 1]) = (whats[j + 1], whats[j]);
            }
        }
        return (times[n], whats[n]);
    }
}
