// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "../utils/Attestor.sol";
import {Safes} from "../utils/Safes.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {SafeCall} from "writ/interfaces/SafeTypes.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title How a guarded Safe changes its settings, leaves, and comes back
contract SafeSettingsTest is SafeTest {
    // ------------------------------------------------------------------ without operators

    function test_installedInOneTransaction() public view {
        assertEq(slotOf(safe, GUARD_SLOT), address(guard));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(guard));
        (bool transactions, bool modules) = guard.enforcementOf(address(safe));
        assertTrue(transactions && modules);
        assertEq(abi.encode(configured()), abi.encode(guardConfiguration()));
        assertEq(guardState().revision, 1);
    }

    function test_ownersStrengthenWithoutOperators() public {
        Configuration memory c = configured();
        c.threshold = 4;
        assertTrue(execute(setting(abi.encodeCall(guard.configure, (c, policies(), "")))));
        assertEq(configured().threshold, 4);
    }

    function test_ownersWeakenAfterTheDelayOnly() public {
        Configuration memory c = configured();
        c.threshold = 1;
        assertTrue(execute(setting(abi.encodeCall(guard.configure, (c, policies(), "")))));
        assertEq(configured().threshold, 3);
        SafeTx memory applying =
            setting(abi.encodeCall(guard.applyConfiguration, (address(safe), c, policies())));
        vm.warp(NOW + 2 days - 1);
        reverts(
            applying,
            signed(applying),
            abi.encodeWithSelector(IWritErrors.NotReady.selector, NOW + 2 days, NOW + 2 days - 1)
        );
        vm.warp(NOW + 2 days);
        assertTrue(execute(applying));
        assertEq(configured().threshold, 1);
    }

    function test_ownersWithdrawWhatIsScheduled() public {
        Configuration memory c = configured();
        c.mode = Mode.Off;
        execute(setting(abi.encodeCall(guard.configure, (c, policies(), ""))));
        assertTrue(execute(setting(abi.encodeCall(guard.cancelConfiguration, ()))));
        vm.warp(NOW + 3 days);
        vm.expectRevert();
        guard.applyConfiguration(address(safe), c, policies());
        refused(pay(1));
    }

    function test_ownersVoidAttestationsWithoutOperators() public {
        SafeCall memory call = postFor(recipient, 1, "", CALL, 7);
        assertTrue(execute(setting(abi.encodeCall(guard.revokeAttestations, ()))));
        assertEq(guardState().revision, 2);
        moduleRefused(recipient, 1, "", CALL);
        // And a single one by its nonce.
        call = postFor(recipient, 1, "", CALL, 7);
        assertTrue(
            execute(setting(abi.encodeCall(guard.invalidateNonces, (safeModule, 0, 1 << 7))))
        );
        moduleReverts(
            recipient,
            1,
            "",
            CALL,
            abi.encodeWithSelector(IWritSafeGuard.NonceUsed.selector, safeModule, 7)
        );
    }

    /// @dev A setting is free of operators only as it is: a refund or a value would take what no operator saw.
    function test_settingsThatPaySomebodyNeedTheOperators() public {
        SafeTx memory t = setting(abi.encodeCall(guard.announceExit, ()));
        t.gasPrice = 1;
        t.baseGas = 1e18;
        refused(t);
        t = setting(abi.encodeCall(guard.announceExit, ()));
        t.value = 1;
        refused(t);
        t = setting(abi.encodeCall(guard.announceExit, ()));
        t.operation = DELEGATECALL;
        refused(t);
        t.operation = CALL;
        t.to = address(multiSend);
        refused(t);
    }

    /// @dev Every other function of the guard needs them, those that a Safe calls among them.
    function test_otherFunctionsOfTheGuardNeedTheOperators() public {
        SafeTx memory t = pay(1);
        refused(setting(abi.encodeCall(guard.post, (callOf(t), ""))));
        refused(setting(abi.encodeCall(guard.checkAfterExecution, (0, true))));
        refused(
            setting(abi.encodeCall(guard.checkAfterModuleExecution, (bytes32(uint256(1)), true)))
        );
        refused(setting(hex"deadbeef"));
        refused(setting(""));
    }

    /// @dev A module's call to the guard is a module's call: the owners did not ask for it.
    function test_settingsByAModuleNeedTheOperators() public {
        bytes memory data = abi.encodeCall(guard.announceExit, ());
        moduleRefused(address(guard), 0, data, CALL);
        postFor(address(guard), 0, data, CALL, 0);
        assertTrue(byModule(address(guard), 0, data, CALL));
        assertGt(guardState().exitAt, 0);
    }

    function test_nobodyElseChangesSettings() public {
        Configuration memory c = configured();
        c.threshold = 4;
        guard.configure(c, policies(), "");
        assertEq(configured().threshold, 3, "of the sender, not of the Safe");
        vm.startPrank(relayer);
        bytes memory none = abi.encodeWithSelector(IWritErrors.NotInstalled.selector, relayer);
        vm.expectRevert(none);
        guard.announceExit();
        vm.expectRevert(none);
        guard.cancelExit();
        vm.expectRevert(none);
        guard.cancelConfiguration();
        vm.expectRevert(none);
        guard.revokeAttestations();
        vm.expectRevert(none);
        guard.applyConfiguration(relayer, c, policies());
        guard.invalidateNonces(safeModule, 0, 1);
        assertEq(guard.nonceBitmap(address(safe), safeModule, 0), 0);
        assertEq(guard.nonceBitmap(relayer, safeModule, 0), 1);
    }

    // ------------------------------------------------------------------ with operators

    function test_quorumWeakensAtOnce() public {
        Configuration memory next = configured();
        next.mode = Mode.Off;
        assertTrue(execute(setting(_configuring(next))));
        assertTrue(execute(pay(1)));
        assertTrue(byModule(recipient, 1, "", CALL));
        assertTrue(execute(self(abi.encodeCall(safe.setGuard, (address(0))))));
        assertEq(slotOf(safe, GUARD_SLOT), address(0));
    }

    /// @dev In one attested transaction: the quorum ends enforcement, and the Safe drops its guards.
    function test_quorumLeavesInOneTransaction() public {
        Configuration memory next = configured();
        next.mode = Mode.Off;
        bytes memory parts = bytes.concat(
            Safes.part(CALL, address(guard), 0, _configuring(next)),
            Safes.part(CALL, address(safe), 0, abi.encodeCall(safe.setGuard, (address(0)))),
            Safes.part(CALL, address(safe), 0, abi.encodeCall(safe.setModuleGuard, (address(0))))
        );
        refused(batch(parts));
        assertTrue(run(batch(parts)));
        assertEq(slotOf(safe, GUARD_SLOT), address(0));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(0));
    }

    /// @dev What operators attest of a call is no consent to a configuration.
    function test_attestedCallWeakensNothing() public {
        Configuration memory c = configured();
        c.mode = Mode.Off;
        SafeTx memory t = setting(abi.encodeCall(guard.configure, (c, policies(), "")));
        assertTrue(run(t));
        assertEq(uint8(configured().mode), uint8(Mode.Enforce));
        bytes memory wrong = attestation(t);
        t = setting(abi.encodeCall(guard.configure, (c, policies(), wrong)));
        reverts(t, signed(t), abi.encodePacked(IWritErrors.InvalidQuorum.selector));
    }

    function _configuring(Configuration memory next) private view returns (bytes memory) {
        bytes32 action = Attestor.configurationAction(
            address(safe), configured(), next, guardState().configurationNonce
        );
        bytes memory attested_ = Attestor.close(Attestor.body(decide(), action, operatorKeys));
        return abi.encodeCall(guard.configure, (next, policies(), attested_));
    }

    // ------------------------------------------------------------------ leaving

    function test_exitNeedsNoOperator() public {
        assertTrue(execute(setting(abi.encodeCall(guard.announceExit, ()))));
        vm.warp(NOW + 2 days - 1);
        refused(pay(1));
        moduleRefused(recipient, 1, "", CALL);
        vm.warp(NOW + 2 days);
        assertTrue(execute(pay(1)));
        assertTrue(byModule(recipient, 1, "", CALL));
        assertTrue(execute(batch(Safes.part(CALL, recipient, 1, ""))));
        assertEq(recipient.balance, 3);
        (bool transactions, bool modules) = guard.enforcementOf(address(safe));
        assertFalse(transactions || modules);
        bytes memory parts = bytes.concat(
            Safes.part(CALL, address(safe), 0, abi.encodeCall(safe.setModuleGuard, (address(0)))),
            Safes.part(CALL, address(safe), 0, abi.encodeCall(safe.setGuard, (address(0))))
        );
        assertTrue(execute(batch(parts)));
        assertEq(slotOf(safe, GUARD_SLOT), address(0));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(0));
    }

    /// @dev After the exit the guard calls nobody, so nobody can be in the way; not even the Safe is asked anything.
    function test_afterTheExitTheGuardCallsNobody() public {
        execute(setting(abi.encodeCall(guard.announceExit, ())));
        vm.warp(NOW + 2 days);
        vm.etch(operatorSet, hex"fe");
        vm.startPrank(makeAddr("a Safe that answers nothing"));
        guard.checkAfterExecution(0, true);
        vm.stopPrank();
        vm.startStateDiffRecording();
        vm.prank(address(safe));
        guard.checkTransaction(
            recipient, 1, "", DELEGATECALL, 0, 0, 0, address(0), address(0), "", relayer
        );
        vm.prank(address(safe));
        guard.checkModuleTransaction(recipient, 1, "", DELEGATECALL, safeModule);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i = 0; i < accesses.length; ++i) {
            if (accesses[i].account == address(vm)) continue;
            assertEq(accesses[i].account, address(guard));
        }
    }

    function test_exitIsCancelledAlsoAfterTheDelay() public {
        execute(setting(abi.encodeCall(guard.announceExit, ())));
        vm.warp(NOW + 3 days);
        assertTrue(execute(setting(abi.encodeCall(guard.cancelExit, ()))));
        refused(pay(1));
    }

    /// @dev In one transaction with something else: that the exit ends in it does not refuse it.
    function test_exitIsCancelledInABatch() public {
        execute(setting(abi.encodeCall(guard.announceExit, ())));
        vm.warp(NOW + 3 days);
        bytes memory parts = bytes.concat(
            Safes.part(CALL, recipient, 1, ""),
            Safes.part(CALL, address(guard), 0, abi.encodeCall(guard.cancelExit, ()))
        );
        assertTrue(execute(batch(parts)));
        refused(pay(1));
    }

    function test_comesBackAndNothingOldCounts() public {
        SafeTx memory t = pay(1);
        Decision memory old = decide();
        old.validUntil = old.validAfter + 1 days;
        postFor(recipient, 1, "", CALL, 3);
        Configuration memory short = guardConfiguration();
        execute(setting(abi.encodeCall(guard.announceExit, ())));
        vm.warp(NOW + 2 days);
        install(short);
        (bool transactions, bool modules) = guard.enforcementOf(address(safe));
        assertTrue(transactions && modules);
        assertEq(guardState().exitAt, 0);
        assertEq(guardState().revision, 2);
        refused(t);
        moduleRefused(recipient, 1, "", CALL);
        assertTrue(run(t));
    }

    /// @dev The same from Off: what demands nothing cannot be weakened.
    function test_fromOffAnythingAtOnce() public {
        Configuration memory c = configured();
        c.mode = Mode.Off;
        execute(setting(_configuring(c)));
        c.mode = Mode.Enforce;
        c.threshold = 1;
        c.policy = guardConfiguration().policy;
        assertTrue(execute(setting(abi.encodeCall(guard.configure, (c, policies(), "")))));
        assertEq(configured().threshold, 1);
        refused(pay(1));
    }

    /// @dev Set and not configured, it stands in nobody's way, and nothing is called enforced.
    function test_notConfiguredItDemandsNothing() public {
        safe = newSafe();
        assertTrue(execute(self(abi.encodeCall(safe.setGuard, (address(guard))))));
        assertTrue(execute(self(abi.encodeCall(safe.setModuleGuard, (address(guard))))));
        (bool transactions, bool modules) = guard.enforcementOf(address(safe));
        assertFalse(transactions || modules);
        assertTrue(execute(pay(1)));
        assertTrue(byModule(recipient, 1, "", CALL));
        Configuration memory c = guardConfiguration();
        assertTrue(execute(setting(abi.encodeCall(guard.configure, (c, policies(), "")))));
        refused(pay(1));
    }

    /// @dev Only where both guards are set and the Safe asks both, and only while it enforces.
    function test_enforcementIsToldHonestly() public {
        bool transactions;
        bool modules;
        bytes32 slot = keccak256(bytes(MODULE_GUARD_SLOT));
        vm.store(address(safe), slot, 0);
        (transactions, modules) = guard.enforcementOf(address(safe));
        assertTrue(transactions && !modules);
        vm.store(address(safe), slot, bytes32(uint256(uint160(address(guard)))));
        vm.store(address(safe), keccak256(bytes(GUARD_SLOT)), bytes32(uint256(1)));
        (transactions, modules) = guard.enforcementOf(address(safe));
        assertTrue(!transactions && modules);
        vm.mockCall(address(safe), abi.encodeWithSignature("VERSION()"), abi.encode("1.4.1"));
        (, modules) = guard.enforcementOf(address(safe));
        assertFalse(modules);
    }

    function test_guardOfAnAdapterAloneIsRefused() public {
        vm.expectRevert();
        Safes.guard(address(1), address(0));
        vm.expectRevert();
        Safes.guard(address(0), address(module));
    }
}
