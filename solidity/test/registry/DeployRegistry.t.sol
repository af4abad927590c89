// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {DeployRegistry, RegistryPlan} from "../../../script/DeployRegistry.s.sol";
import {ITimelock} from "../../../script/ITimelock.sol";
import {IRegistry, RegistryTest} from "./RegistryTest.sol";
import {RegistryParameters} from "writ/interfaces/OperatorTypes.sol";

/// @title The script deploys a registry that nobody but a timelock owns, again and again, and refuses anything else
contract DeployRegistryTest is RegistryTest {
    DeployRegistry internal script;
    address internal deployer = makeAddr("deployer");

    function setUp() public override {
        super.setUp();
        script = new DeployRegistry();
    }

    function test_deploysARegistryThatIsTheTimelocks() public {
        RegistryPlan memory p = plan();
        (address lock, address made) = script.deploy(p);
        assertEq(lock, script.addressOf(script.timelockCode(p)));
        assertEq(made, script.addressOf(script.registryCode(p, lock)));
        assertEq(IRegistry(made).owner(), lock);
        assertEq(IRegistry(made).guardian(), guardian);
        assertEq(abi.encode(IRegistry(made).parameters()), abi.encode(given()));
        assertEq(ITimelock(lock).getMinDelay(), TIMELOCK_DELAY);
        script.check(p, lock, made, deployer);

        // Once more, and nothing happens.
        (address again, address madeAgain) = script.deploy(p);
        assertEq(again, lock);
        assertEq(madeAgain, made);
        // With other parameters it is another one of the same timelock.
        p.parameters.grace = 1;
        (again, madeAgain) = script.deploy(p);
        assertEq(again, lock);
        assertNotEq(madeAgain, made);
    }

    function test_theDeployedRegistryWorksThroughItsTimelock() public {
        (address lock, address made) = script.deploy(plan());
        (timelock, registry) = (ITimelock(lock), IRegistry(made));
        joined(3);
        bytes memory data = abi.encodeCall(registry.publish, (1, signersOf(3), 2));
        vm.prank(proposer);
        timelock.schedule(made, 0, data, 0, 0, TIMELOCK_DELAY);
        vm.warp(block.timestamp + TIMELOCK_DELAY);
        timelock.execute(made, 0, data, 0, 0);
        assertEq(setOf(1), signersOf(3));
    }

    function test_readsItsPlanFromTheEnvironment() public {
        vm.setEnv("PROPOSERS", vm.toString(proposer));
        vm.setEnv("GUARDIAN", vm.toString(guardian));
        vm.setEnv("LEAST_BOND", "5");
        vm.setEnv("BENEFICIARY", vm.toString(beneficiary));
        (address lock, address made) = script.run();
        assertEq(
            abi.encode(IRegistry(made).parameters()),
            abi.encode(
                RegistryParameters(
                    5, uint32(14 days), uint32(30 days), uint32(30 days), 1 hours, 2, beneficiary
                )
            )
        );
        assertEq(ITimelock(lock).getMinDelay(), 7 days);
        assertTrue(ITimelock(lock).hasRole(ITimelock(lock).EXECUTOR_ROLE(), address(0)));
        vm.setEnv("GRACE", vm.toString((uint256(1) << 32) + 1));
        vm.expectRevert("GRACE is out of range");
        script.run();
        vm.setEnv("GRACE", "3600");
    }

    function test_refusesPlansThatCannotBeMeant() public {
        RegistryPlan memory p = plan();
        p.proposers = new address[](0);
        _refused(p, abi.encodeWithSelector(DeployRegistry.NobodyProposes.selector));
        p.proposers = new address[](1);
        _refused(p, abi.encodeWithSelector(DeployRegistry.ProposerZero.selector, 0));
        (p = plan()).executors = new address[](0);
        _refused(p, abi.encodeWithSelector(DeployRegistry.NobodyExecutes.selector));
        (p = plan()).guardian = address(0);
        _refused(p, abi.encodeWithSelector(DeployRegistry.NoGuardian.selector));
        (p = plan()).timelockDelay = 1 days - 1;
        _refused(
            p,
            abi.encodeWithSelector(
                DeployRegistry.TimelockDelayTooShort.selector, 1 days - 1, 1 days
            )
        );
        (p = plan()).parameters.leaveDelay = uint32(TIMELOCK_DELAY);
        _refused(
            p,
            abi.encodeWithSelector(
                DeployRegistry.LeaveDelayTooShort.selector, TIMELOCK_DELAY, TIMELOCK_DELAY
            )
        );
        (p = plan()).parameters.joinDelay = uint32(TIMELOCK_DELAY);
        _refused(
            p,
            abi.encodeWithSelector(
                DeployRegistry.JoinDelayTooShort.selector, TIMELOCK_DELAY, TIMELOCK_DELAY
            )
        );
    }

    function test_refusesADeployerThatHasARole() public {
        RegistryPlan memory p = plan();
        p.executors[0] = stranger;
        (address lock, address made) = script.deploy(p);
        script.check(p, lock, made, deployer);
        ITimelock t = ITimelock(lock);
        _hasRole(p, lock, made, proposer, t.PROPOSER_ROLE());
        _hasRole(p, lock, made, stranger, t.EXECUTOR_ROLE());
        _hasRole(p, lock, made, guardian, "guardian");
        bytes32 cancel = t.CANCELLER_ROLE();
        vm.startPrank(lock);
        IRegistry(made).setDisputes(disputes);
        t.grantRole(cancel, beneficiary);
        vm.stopPrank();
        _hasRole(p, lock, made, disputes, "disputes");
        _hasRole(p, lock, made, beneficiary, cancel);
        _hasRole(p, lock, made, lock, t.DEFAULT_ADMIN_ROLE());
        // The deterministic deployer does what anybody tells it to.
        p.guardian = script.DEPLOYER();
        (lock, made) = script.deploy(p);
        _refusedCheck(
            p,
            lock,
            made,
            deployer,
            abi.encodeWithSelector(
                DeployRegistry.DeployerHasRole.selector, script.DEPLOYER(), bytes32("guardian")
            )
        );
    }

    function test_refusesWhatIsNotAsPlanned() public {
        RegistryPlan memory p = plan();
        (address lock, address made) = script.deploy(p);
        p.timelockDelay += 1;
        _notAsPlanned(p, lock, made, "timelockDelay");
        (p = plan()).proposers[0] = stranger;
        _notAsPlanned(p, lock, made, "proposers");
        (p = plan()).executors[0] = stranger;
        _notAsPlanned(p, lock, made, "executors");
        (p = plan()).guardian = stranger;
        _notAsPlanned(p, lock, made, "guardian");
        (p = plan()).parameters.leastBond += 1;
        _notAsPlanned(p, lock, made, "parameters");
        p = plan();
        // Made by hand, and another's.
        _notAsPlanned(p, lock, address(registry), "owner");
        vm.startPrank(lock);
        IRegistry(made).transferOwnership(stranger);
        _notAsPlanned(p, lock, made, "pendingOwner");
        IRegistry(made).transferOwnership(address(0));
        script.check(p, lock, made, deployer);
        ITimelock(lock).renounceRole(bytes32(0), lock);
        vm.stopPrank();
        _notAsPlanned(p, lock, made, "timelock's own admin");
    }

    // ------------------------------------------------------------------

    function plan() internal view returns (RegistryPlan memory p) {
        p.timelockDelay = TIMELOCK_DELAY;
        p.proposers = new address[](1);
        p.proposers[0] = proposer;
        p.executors = new address[](1);
        p.guardian = guardian;
        p.parameters = given();
    }

    function _refused(RegistryPlan memory p, bytes memory refusal) private {
        vm.expectRevert(refusal);
        script.deploy(p);
    }

    function _hasRole(RegistryPlan memory p, address lock, address made, address who, bytes32 role)
        private
    {
        _refusedCheck(
            p,
            lock,
            made,
            who,
            abi.encodeWithSelector(DeployRegistry.DeployerHasRole.selector, who, role)
        );
    }

    function _notAsPlanned(RegistryPlan memory p, address lock, address made, bytes32 what)
        private
    {
        _refusedCheck(
            p,
            lock,
            made,
            deployer,
            abi.encodeWithSelector(DeployRegistry.NotAsPlanned.selector, what)
        );
    }

    function _refusedCheck(
        RegistryPlan memory p,
        address lock,
        address made,
        address who,
        bytes memory refusal
    ) private {
        vm.expectRevert(refusal);
        script.check(p, lock, made, who);
    }
}
