// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {InstallSafeGuard} from "../../../script/InstallSafeGuard.s.sol";
import {Safes} from "../utils/Safes.sol";
import {SafeTest} from "./SafeTest.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @title The script installs by what it prints, again and again, and refuses what cannot work
contract InstallSafeGuardTest is SafeTest {
    InstallSafeGuard private _script;

    function setUp() public override {
        super.setUp();
        _script = new InstallSafeGuard();
        safe = newSafe();
    }

    function test_theTransactionInstalls() public {
        Configuration memory c = guardConfiguration();
        InstallSafeGuard.Call[] memory list = _script.calls(address(safe), guard, c, policies());
        assertEq(list.length, 3);
        assertTrue(execute(transaction(address(multiSend), 0, _script.batch(list), DELEGATECALL)));
        _script.verify(address(safe), guard, c);
        refused(pay(1));
        moduleRefused(recipient, 1, "", CALL);
        // Again: nothing is missing.
        assertEq(_script.calls(address(safe), guard, c, policies()).length, 0);
    }

    function test_triesBeforeItPrints() public {
        Configuration memory c = guardConfiguration();
        _script.attempt(address(safe), _script.calls(address(safe), guard, c, policies()));
        _script.verify(address(safe), guard, c);
    }

    function test_printsWhatIsMissing() public {
        execute(self(abi.encodeCall(safe.setGuard, (address(guard)))));
        Configuration memory c = guardConfiguration();
        InstallSafeGuard.Call[] memory list = _script.calls(address(safe), guard, c, policies());
        assertEq(list.length, 2);
        _script.attempt(address(safe), list);
        _script.verify(address(safe), guard, c);
    }

    /// @dev After an exit that has come, the configuration is set again.
    function test_installsAgainAfterAnExit() public {
        Configuration memory c = guardConfiguration();
        _script.attempt(address(safe), _script.calls(address(safe), guard, c, policies()));
        execute(setting(abi.encodeCall(guard.announceExit, ())));
        vm.warp(NOW + 2 days);
        InstallSafeGuard.Call[] memory list = _script.calls(address(safe), guard, c, policies());
        assertEq(list.length, 1);
        _script.attempt(address(safe), list);
        _script.verify(address(safe), guard, c);
    }

    function test_seesWhatIsNotInstalled() public {
        Configuration memory c = guardConfiguration();
        vm.expectRevert(
            abi.encodeWithSelector(InstallSafeGuard.NotInstalled.selector, "the configuration")
        );
        _script.verify(address(safe), guard, c);
        vm.prank(address(safe));
        guard.configure(c, policies(), "");
        vm.expectRevert(abi.encodeWithSelector(InstallSafeGuard.NotInstalled.selector, "the guard"));
        _script.verify(address(safe), guard, c);
        execute(self(abi.encodeCall(safe.setGuard, (address(guard)))));
        vm.expectRevert(
            abi.encodeWithSelector(InstallSafeGuard.NotInstalled.selector, "the module guard")
        );
        _script.verify(address(safe), guard, c);
    }

    function test_refusesWhereItCannotWork() public {
        Configuration memory c = guardConfiguration();
        vm.expectRevert(
            abi.encodeWithSelector(InstallSafeGuard.NoCode.selector, "Safe", address(77))
        );
        _script.calls(address(77), guard, c, policies());
        vm.mockCall(address(safe), abi.encodeWithSignature("VERSION()"), abi.encode("1.2.0"));
        vm.expectRevert(
            abi.encodeWithSelector(InstallSafeGuard.UnsupportedVersion.selector, "1.2.0")
        );
        _script.calls(address(safe), guard, c, policies());
        vm.clearMockedCalls();
        c.threshold = 0;
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritErrors.InvalidConfiguration.selector, bytes32("threshold"), 0
            )
        );
        _script.calls(address(safe), guard, c, policies());
        c.threshold = 3;
        address other = address(Safes.guard(address(0), address(0)));
        execute(self(abi.encodeCall(safe.setModuleGuard, (other))));
        vm.expectRevert(
            abi.encodeWithSelector(InstallSafeGuard.OtherGuard.selector, "module guard", other)
        );
        _script.calls(address(safe), guard, c, policies());
    }
}
