// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Court, DeployDisputes} from "../../../script/DeployDisputes.s.sol";
import {DisputesTest} from "./DisputesTest.sol";
import {IPolicyRegistry} from "writ/disputes/IPolicyRegistry.sol";
import {IWritDisputes} from "writ/disputes/IWritDisputes.sol";

/// @title The script deploys a court that works once the timelock names it
contract DeployDisputesTest is DisputesTest {
    DeployDisputes private script;

    function setUp() public override {
        super.setUp();
        script = new DeployDisputes();
        // The deterministic deployer, as it stands on chains.
        vm.etch(
            script.DEPLOYER(),
            hex"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
        );
    }

    function test_deploysACourt() public {
        Court memory made = script.deploy(address(registry));
        script.check(made, address(registry));
        Court memory again = script.deploy(address(registry));
        assertEq(abi.encode(again), abi.encode(made));

        policies = IPolicyRegistry(made.policies);
        policies.register(policyVectors()[0].manifest, policyVectors()[0].program);
        bytes memory naming = script.naming(made);
        vm.prank(owner);
        (bool success,) = address(registry).call(naming);
        assertTrue(success);
        court = IWritDisputes(made.disputes);
        disproves(claimOf(named("agent-spending, over the day")), "denied");
    }

    function test_refusesARegistryThatIsNone() public {
        vm.expectRevert(abi.encodeWithSelector(DeployDisputes.NoRegistry.selector, address(0x1234)));
        script.deploy(address(0x1234));
        vm.etch(address(0x1234), hex"00");
        Court memory made = script.deploy(address(0x1234));
        vm.expectRevert();
        script.check(made, address(0x1234));
    }

    function test_refusesAnotherCourt() public {
        Court memory made = script.deploy(address(registry));
        made.machine = made.check;
        vm.expectRevert(
            abi.encodeWithSelector(DeployDisputes.NotAsPlanned.selector, bytes32("MACHINE"))
        );
        script.check(made, address(registry));
    }
}
