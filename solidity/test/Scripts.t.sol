// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "../../script/Deploy.s.sol";
import {Install} from "../../script/Install.s.sol";
import {Contracts, IDevAccount} from "./utils/Contracts.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title The scripts do what they print, again and again, and refuse what cannot work
contract ScriptsTest is WritTest {
    Deploy internal deploy;
    Install internal install;

    function setUp() public override {
        super.setUp();
        deploy = new Deploy();
        install = new Install();
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

    function test_theInstallationBatchInstalls() public {
        account = _observed();
        // The account leaves the module and comes back through the script's batch.
        _uninstall(4);
        address second = address(Contracts.module());
        Configuration memory c = configuration();
        Execution[] memory list = install.calls(address(account), second, c, policies());
        PackedUserOperation memory op = operation(account, 0, install.batch(list));
        op.signature = ownerSigns(op);
        send(op);
        assertTrue(account.isModuleInstalled(1, second, ""));
        assertEq(account.hook(), second);
        (Configuration memory stored,) = IWritModule(second).configurationOf(address(account));
        assertEq(abi.encode(stored), abi.encode(c));
    }

    function test_refusesToInstallWhereItCannotWork() public {
        account = _observed();
        address second = address(Contracts.module());
        Configuration memory c = configuration();
        vm.expectRevert(abi.encodeWithSelector(Install.NoCode.selector, "account", address(1)));
        install.calls(address(0x1), second, c, policies());
        vm.expectRevert(abi.encodeWithSelector(Install.NoCode.selector, "module", address(77)));
        install.calls(address(account), address(77), c, policies());
        vm.expectRevert(abi.encodeWithSelector(Install.NotTheModule.selector, address(token)));
        install.calls(address(account), address(token), c, policies());
        vm.expectRevert(abi.encodeWithSelector(Install.NotAModularAccount.selector, address(token)));
        install.calls(address(token), second, c, policies());
        vm.expectRevert(
            abi.encodeWithSelector(Install.AlreadyInstalled.selector, address(account), 1)
        );
        install.calls(address(account), address(module), c, policies());
        c.threshold = 0;
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritErrors.InvalidConfiguration.selector, bytes32("threshold"), 0
            )
        );
        install.calls(address(account), second, c, policies());
        c.threshold = 3;
        install.calls(address(account), second, c, policies());
    }

    function _observed() private returns (IDevAccount) {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        return newAccount(c);
    }

    function _uninstall(uint256 kind) private {
        PackedUserOperation memory op = operation(
            account, 0, abi.encodeCall(account.uninstallModule, (kind, address(module), ""))
        );
        op.signature = ownerSigns(op);
        send(op);
    }
}
