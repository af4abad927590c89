// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SettingsFixture} from "./Settings.t.sol";
import {Decision} from "./utils/Attestor.sol";
import {Contracts, IDevAccount} from "./utils/Contracts.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Installing, removing, and installing again
contract InstallTest is SettingsFixture {
    function test_isValidatorAndHookAndNothingElse() public view {
        for (uint256 kind = 0; kind < 12; ++kind) {
            assertEq(module.isModuleType(kind), kind == 1 || kind == 4);
        }
        assertTrue(module.isInitialized(address(account)));
        assertFalse(module.isInitialized(address(0xd00d)));
        AccountState memory s = state(address(account));
        assertTrue(s.validatorInstalled && s.hookInstalled);
        assertEq(s.revision, 1);
        assertEq(s.configuredAt, 1000);
        assertEq(abi.encode(current(address(account))), abi.encode(configuration()));
    }

    function test_hookComesAfterTheValidator() public {
        vm.startPrank(address(0xd00d));
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.ValidatorFirst.selector, address(0xd00d))
        );
        module.onInstall("");
        module.onInstall(abi.encode(configuration(), policies()));
        module.onInstall("");
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.AlreadyInstalled.selector, address(0xd00d))
        );
        module.onInstall("");
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.AlreadyInstalled.selector, address(0xd00d))
        );
        module.onInstall(abi.encode(configuration(), policies()));
    }

    function test_refusesDataThatIsNotCanonical() public {
        bytes memory good = abi.encode(configuration(), policies());
        vm.startPrank(address(0xd00d));
        vm.expectRevert(IWritErrors.MalformedInstallation.selector);
        module.onInstall(bytes.concat(good, new bytes(32)));
        vm.expectRevert();
        module.onInstall(hex"00");
        module.onInstall(good);
    }

    function test_validatorAloneStillDemandsAttestations() public {
        account = Contracts.account(
            address(entryPoint),
            address(module),
            abi.encode(configuration(), policies()),
            address(0)
        );
        fund(address(account));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendRefused(op, IWritErrors.AttestationRequired.selector);
        send(attested(op));
        assertEq(recipient.balance, 1);
        // Nothing to veto without the hook.
        _uninstall(1, true);
        assertFalse(module.isInitialized(address(account)));
    }

    function test_removalClearsWhatIsUnderWayAndKeepsCounters() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        c.readsHistory = true;
        account = newAccount(c);
        send(attested(operation(account, 0, sendNative(1))));
        configure(weaker());
        module.announceExit(address(account), 1, ownerSets("AnnounceExit"));

        _uninstall(4, false);
        AccountState memory s = state(address(account));
        assertFalse(s.hookInstalled);
        assertTrue(s.validatorInstalled);
        assertNotEq(s.exitAt, 0);
        assertEq(module.removalsOf(address(account)), 0);
        _uninstall(1, false);
        assertEq(module.removalsOf(address(account)), 1);
        s = state(address(account));
        assertFalse(s.validatorInstalled);
        assertEq(s.exitAt, 0);
        assertEq(s.pendingConfiguration, 0);
        assertEq(s.revision, 3);
        assertEq(s.sequence, 1);
        assertEq(s.configurationNonce, 2);
        assertEq(s.lastOutflowBlock, 1000);

        // Nothing answers for the account any more.
        bytes memory exit = ownerSets("AnnounceExit");
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotInstalled.selector, address(account)));
        module.announceExit(address(account), 2, exit);

        // A second life begins where the first ended.
        vm.prank(address(account));
        module.onInstall(abi.encode(c, policies()));
        s = state(address(account));
        assertEq(s.revision, 4);
        assertEq(s.sequence, 1);
    }

    function test_anAttestationOfAnEarlierLifeCountsForNothing() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);
        Decision memory old = decision(operation(account, 0, sendNative(1)));
        _uninstall(4, false);
        _uninstall(1, false);

        c.mode = Mode.Enforce;
        vm.startPrank(address(account));
        account.installModule(1, address(module), abi.encode(c, policies()));
        account.installModule(4, address(module), "");
        vm.stopPrank();
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        sendRefused(
            attach(op, old), abi.encodeWithSelector(IWritErrors.RevisionMismatch.selector, 1, 4)
        );
        send(attested(op));
        assertEq(recipient.balance, 1);
    }

    function test_removalByWhoeverHasNothingDoesNothing() public {
        vm.prank(address(0xd00d));
        module.onUninstall("");
        assertEq(state(address(0xd00d)).revision, 0);
    }

    function test_removalIsCheapWhateverTheConfiguration() public {
        Configuration memory c = configuration();
        c.mode = Mode.Off;
        account = newAccount(c);
        vm.prank(address(account));
        uint256 before = gasleft();
        module.onUninstall("");
        assertLt(before - gasleft(), 100_000);
    }

    function test_oneAccountsSettingsAreItsOwn() public {
        IDevAccount other = newAccount(configuration());
        bytes memory before = abi.encode(current(address(other)), state(address(other)));
        configure(stronger());
        configure(weaker());
        module.announceExit(address(account), 2, ownerSets("AnnounceExit"));
        send(attested(operation(account, 0, sendNative(1))));
        vm.warp(NOW + 3 days);
        module.applyConfiguration(address(account), weaker(), policies());
        assertEq(abi.encode(current(address(other)), state(address(other))), before);
    }

    function _uninstall(uint256 kind, bool needsQuorum) private {
        PackedUserOperation memory op = operation(
            account, 0, abi.encodeCall(account.uninstallModule, (kind, address(module), ""))
        );
        if (needsQuorum) op = attested(op);
        else op.signature = ownerSigns(op);
        send(op);
        assertFalse(account.isModuleInstalled(kind, address(module), ""));
    }
}
