// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "../../script/Deploy.s.sol";
import {WritTest} from "./utils/WritTest.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";

/// @title The scripts do what they print, again and again, and refuse what cannot work
contract ScriptsTest is WritTest {
    Deploy internal deploy;

    function setUp() public override {
        super.setUp();
        deploy = new Deploy();
    }

    function test_deployIsDeterministicAndCanBeRunAgain() public {
        address first = deploy.deployModule();
        assertEq(first, deploy.addressOf(vm.getCode("WritModule.sol:WritModule")));
        assertNotEq(IWritModule(first).domainSeparator(), bytes32(0));
        assertEq(deploy.deployModule(), first);
    }

    function test_deploysTheOperatorsInTheirOrder() public {
        address[] memory operators = new address[](2);
        operators[0] = address(0x22);
        operators[1] = address(0x11);
        address set = deploy.deployOperatorSet(operators);
        assertEq(set.code, abi.encodePacked(hex"00", operators[0], operators[1]));
        assertEq(deploy.deployOperatorSet(operators), set);
        (operators[0], operators[1]) = (operators[1], operators[0]);
        assertNotEq(deploy.deployOperatorSet(operators), set);
    }

    function test_refusesListsThatAreNoOperatorSet() public {
        address[] memory operators = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(Deploy.OperatorCount.selector, 0));
        deploy.deployOperatorSet(operators);
        operators = new address[](2);
        operators[0] = address(1);
        vm.expectRevert(abi.encodeWithSelector(Deploy.OperatorZero.selector, 1));
        deploy.deployOperatorSet(operators);
        operators[1] = address(1);
        vm.expectRevert(abi.encodeWithSelector(Deploy.OperatorRepeated.selector, 0, 1));
        deploy.deployOperatorSet(operators);
        operators[1] = address(2);
        deploy.deployOperatorSet(operators);
    }
}
