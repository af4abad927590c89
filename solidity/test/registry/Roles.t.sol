// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IOwned} from "../../../script/ITimelock.sol";
import {IRegistry, RegistryTest} from "./RegistryTest.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {RegistryParameters} from "writ/interfaces/OperatorTypes.sol";

/// @title Who may do what, what a pause stops, and what a registry can be made with
contract RolesTest is RegistryTest {
    // ------------------------------------------------------------------ roles

    /// @notice Every function that is not everybody's, by everybody.
    function test_everyRoleDoesWhatIsItsAndNothingElse() public {
        joined(3);
        publish(signersOf(2));
        address operator = operatorAt(0);
        address[6] memory all = [owner, guardian, disputes, operator, beneficiary, stranger];
        for (uint256 i = 0; i < all.length; ++i) {
            address who = all[i];
            bool owns = who == owner;
            bool guards = owns || who == guardian;
            _may(who, owns, true, abi.encodeCall(registry.publish, (2, signersOf(3), 2)));
            _may(who, owns, true, abi.encodeCall(registry.setGuardian, (stranger)));
            _may(who, owns, true, abi.encodeCall(registry.setDisputes, (stranger)));
            _may(who, owns, true, abi.encodeCall(registry.transferOwnership, (stranger)));
            _may(who, guards, false, abi.encodeCall(registry.pause, ()));
            _may(
                who,
                guards || who == operator,
                false,
                abi.encodeCall(registry.revoke, (signerAt(0)))
            );
            _may(
                who,
                owns || who == disputes,
                false,
                abi.encodeCall(registry.forfeit, (operator, 1, stranger))
            );

            uint256 state = vm.snapshotState();
            vm.prank(guardian);
            registry.pause();
            _may(who, owns, true, abi.encodeCall(registry.unpause, ()));
            vm.revertToState(state);
        }
    }

    function test_withoutAGuardianTheOwnerAndTheOperatorsStillRevoke() public {
        joined(3);
        publish(signersOf(3));
        vm.prank(owner);
        vm.expectEmit(address(registry));
        emit IWritOperators.GuardianSet(guardian, address(0));
        registry.setGuardian(address(0));
        assertEq(registry.guardian(), address(0));
        bytes memory revoke_ = abi.encodeCall(registry.revoke, (signerAt(0)));
        _may(guardian, false, false, revoke_);
        _may(owner, true, false, revoke_);
        _may(operatorAt(0), true, false, revoke_);
    }

    function test_withoutDisputesTheOwnerStillForfeits() public {
        joined(1);
        bytes memory forfeit = abi.encodeCall(registry.forfeit, (operatorAt(0), 1, stranger));
        vm.prank(owner);
        vm.expectEmit(address(registry));
        emit IWritOperators.DisputesSet(disputes, address(0));
        registry.setDisputes(address(0));
        assertEq(registry.disputes(), address(0));
        _may(disputes, false, false, forfeit);
        _may(owner, true, false, forfeit);
    }

    // ------------------------------------------------------------------ ownership

    function test_ownershipGoesToContractsAloneAndInTwoSteps() public {
        address next = address(deployTimelock());
        vm.prank(owner);
        registry.transferOwnership(next);
        assertEq(registry.owner(), owner);
        assertEq(registry.pendingOwner(), next);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IOwned.OwnableUnauthorizedAccount.selector, stranger)
        );
        registry.acceptOwnership();
        vm.prank(next);
        registry.acceptOwnership();
        assertEq(registry.owner(), next);
        assertEq(registry.pendingOwner(), address(0));
        _may(owner, false, true, abi.encodeCall(registry.setGuardian, (stranger)));
    }

    function test_noKeyOwnsARegistry() public {
        // One that was delegated has code, and is a key all the same.
        address delegated = makeAddr("delegated");
        vm.etch(delegated, abi.encodePacked(hex"ef0100", address(timelock)));
        address[2] memory keys = [stranger, delegated];
        for (uint256 i = 0; i < keys.length; ++i) {
            bytes memory refusal =
                abi.encodeWithSelector(IWritOperatorErrors.OwnerIsNoContract.selector, keys[i]);
            vm.expectRevert(refusal);
            this.make(keys[i], guardian, given());
            vm.prank(owner);
            registry.transferOwnership(keys[i]);
            vm.prank(keys[i]);
            vm.expectRevert(refusal);
            registry.acceptOwnership();
            assertEq(registry.owner(), owner);
        }
    }

    function test_ownershipIsNotGivenUp() public {
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.OwnerIsNoContract.selector, address(0))
        );
        registry.renounceOwnership();
        assertEq(registry.owner(), owner);
    }

    // ------------------------------------------------------------------ pause

    function test_aPauseStopsJoiningAndNewSetsAlone() public {
        joined(4);
        publish(signersOf(4));
        leave(3);
        publish(signersOf(3));
        vm.prank(guardian);
        registry.pause();
        assertTrue(registry.paused());

        refusesToPublish(signersOf(3), 2, abi.encodeWithSelector(IRegistry.EnforcedPause.selector));
        bytes memory proof_ = proof(operatorAt(5), keyAt(5, 0));
        vm.deal(operatorAt(5), BOND);
        vm.prank(operatorAt(5));
        vm.expectRevert(IRegistry.EnforcedPause.selector);
        registry.join{value: BOND}(signerAt(5), "", proof_);

        // Everything else goes on.
        rotate(0, 1);
        vm.deal(operatorAt(0), 1);
        vm.startPrank(operatorAt(0));
        registry.addBond{value: 1}();
        registry.setMetadata("elsewhere");
        registry.revoke(signerAt(0));
        registry.leave();
        vm.stopPrank();
        revoke(signerAt(1));
        vm.prank(disputes);
        registry.forfeit(operatorAt(1), 1, address(0));
        registry.collect(beneficiary);
        assertEq(registry.latestEpoch(), 2);
        (address operatorSet,,,) = registry.operatorEpoch(2);
        assertNotEq(operatorSet, address(0));
        assertEq(registry.revokedSigners(2), 3);
        vm.warp(registry.withdrawableAt(operatorAt(3)));
        vm.prank(operatorAt(3));
        registry.withdraw(operatorAt(3));
        vm.warp(registry.withdrawableAt(operatorAt(0)));
        vm.prank(operatorAt(0));
        registry.withdraw(operatorAt(0));
        assertEq(operatorAt(3).balance, BOND);
        assertEq(operatorAt(0).balance, BOND + 1);
        vm.startPrank(owner);
        registry.setGuardian(stranger);
        registry.setDisputes(stranger);

        vm.expectRevert(IRegistry.EnforcedPause.selector);
        registry.pause();
        registry.unpause();
        vm.expectRevert(IRegistry.ExpectedPause.selector);
        registry.unpause();
        vm.stopPrank();
        join(6);
    }

    // ------------------------------------------------------------------ parameters

    function test_saysWhatItWasMadeWith() public view {
        assertEq(abi.encode(registry.parameters()), abi.encode(given()));
        assertEq(registry.grace(), GRACE);
        assertEq(registry.guardian(), guardian);
        assertEq(registry.disputes(), disputes);
        assertEq(registry.owner(), owner);
    }

    function test_takesTheLeastAndTheMost() public {
        RegistryParameters memory g = RegistryParameters(1, 1, 1, 1, 0, 1, beneficiary);
        assertEq(abi.encode(deployRegistry(owner, address(0), g).parameters()), abi.encode(g));
        uint32 year = 365 days;
        g = RegistryParameters(type(uint128).max, year, year, year, uint32(1 days), 32, beneficiary);
        assertEq(abi.encode(deployRegistry(owner, guardian, g).parameters()), abi.encode(g));
    }

    function test_refusesParametersOutOfRange() public {
        uint32 more = 365 days + 1;
        RegistryParameters memory g = given();
        g.leastBond = 0;
        _refused(g, "leastBond", 0);
        for (uint256 i = 0; i < 2; ++i) {
            uint32 delay = i == 0 ? 0 : more;
            (g = given()).joinDelay = delay;
            _refused(g, "joinDelay", delay);
            (g = given()).leaveDelay = delay;
            _refused(g, "leaveDelay", delay);
            (g = given()).coveredExitDelay = delay;
            _refused(g, "coveredExitDelay", delay);
            uint8 floor = i == 0 ? 0 : 33;
            (g = given()).thresholdFloor = floor;
            _refused(g, "thresholdFloor", floor);
        }
        (g = given()).grace = 1 days + 1;
        _refused(g, "grace", 1 days + 1);
        (g = given()).beneficiary = address(0);
        _refused(g, "beneficiary", 0);
    }

    /// @notice Nothing of the registry's code can run something else in its place, or be replaced.
    function test_theCodeDelegatesToNobodyAndCannotEnd() public view {
        bytes memory code = address(registry).code;
        for (uint256 i = 0; i < code.length; ++i) {
            uint8 op = uint8(code[i]);
            // PUSH1 to PUSH32 carry data.
            if (op >= 0x60 && op <= 0x7f) {
                i += op - 0x5f;
                continue;
            }
            assertTrue(op != 0xf4 && op != 0xf2 && op != 0xff, vm.toString(i));
        }
    }

    // ------------------------------------------------------------------

    /// @dev Like `deployRegistry`, with the constructor's own error.
    function make(address owner_, address guardian_, RegistryParameters memory given_) external {
        bytes memory code = bytes.concat(
            vm.getCode("WritOperatorRegistry.sol:WritOperatorRegistry"),
            abi.encode(owner_, guardian_, given_)
        );
        assembly {
            if iszero(create(0, add(code, 32), mload(code))) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    function _refused(RegistryParameters memory g, bytes32 parameter, uint256 value) private {
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.InvalidParameter.selector, parameter, value)
        );
        this.make(owner, guardian, g);
    }

    /// @dev Tries it, and leaves everything as it was.
    function _may(address who, bool allowed, bool ownersAlone, bytes memory data) private {
        uint256 state = vm.snapshotState();
        vm.prank(who);
        (bool success, bytes memory result) = address(registry).call(data);
        assertEq(success, allowed, vm.toString(who));
        if (!allowed) {
            bytes4 refusal = ownersAlone
                ? IOwned.OwnableUnauthorizedAccount.selector
                : IWritOperatorErrors.NotAllowed.selector;
            assertEq(result, abi.encodeWithSelector(refusal, who));
        }
        vm.revertToState(state);
    }
}
