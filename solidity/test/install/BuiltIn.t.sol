// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IInstall, Plan, Target} from "../../../script/install/Plan.sol";
import {Contracts, IDevAccount} from "../utils/Contracts.sol";
import {Delegates, OpenDelegate} from "../utils/Delegates.sol";
import {EntryPoints, IEntryPointExtra} from "../utils/EntryPoints.sol";
import {
    ISimpleAccount,
    ISimpleAccountFactory,
    IWritDelegate,
    SimpleAccounts
} from "../utils/SimpleAccounts.sol";
import {InstallSuite} from "./InstallSuite.sol";
import {IRootConsents} from "writ/interfaces/IRootConsents.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @title Accounts that have the module built in
abstract contract BuiltInInstall is InstallSuite {
    address internal implementation;

    /// @dev With this module built in.
    function newImplementation(address builtIn) internal virtual returns (address);

    function target() internal view override returns (Target memory t) {
        t = super.target();
        t.implementation = implementation;
    }

    function nonceOf(address who, uint32 key) internal view override returns (uint256) {
        return entryPoint.getNonce(who, key);
    }

    function executeCall(address to, uint256 value, bytes memory data)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(ISimpleAccount.execute, (to, value, data));
    }

    function distorted(Target memory t, address wrong) internal override {
        t.module = wrong;
        t.implementation = newImplementation(wrong);
    }

    function test_refusesWrongImplementations() public {
        Target memory t = target();
        t.implementation = address(1);
        refused(t, abi.encodeWithSelector(IInstall.NoCode.selector, "implementation", address(1)));
        t.implementation = address(token);
        refused(t, abi.encodeWithSelector(IInstall.WrongImplementation.selector, address(token)));
        // Made for another module.
        t.implementation = newImplementation(address(Contracts.module()));
        refused(t, abi.encodeWithSelector(IInstall.WrongImplementation.selector, t.implementation));
    }
}

contract SimpleAccountInstallTest is BuiltInInstall {
    ISimpleAccountFactory internal factory;

    function version() internal pure virtual returns (string memory) {
        return SimpleAccounts.V07;
    }

    function newImplementation(address builtIn) internal override returns (address) {
        return SimpleAccounts.writSimpleAccount(entryPoint, builtIn);
    }

    function bare() internal override returns (address) {
        factory = SimpleAccounts.factory(version(), entryPoint);
        implementation = newImplementation(address(module));
        return SimpleAccounts.create(version(), factory, entryPoint, owner, 0);
    }

    function carryOut(Target memory t, Plan memory p) internal override {
        vm.prank(p.sender);
        (bool success,) = t.account.call(p.payload);
        assertTrue(success);
    }

    function test_isTheOwnersTransaction() public {
        Plan memory p = install.plan(target());
        assertEq(p.sender, owner);
        assertEq(bytes4(p.payload), ISimpleAccount.upgradeToAndCall.selector);
        assertTrue(vm.contains(install.asText(target(), p), vm.toString(owner)));
    }

    function test_theRestOfAnUpgradeWithoutInstallation() public {
        Target memory t = target();
        vm.prank(owner);
        ISimpleAccount(t.account).upgradeToAndCall(implementation, "");
        Plan memory p = installAs(t);
        assertEq(bytes4(p.payload), bytes4(keccak256("initializeWrit(bytes)")));
        assertEq(abi.encode(state(t.account)), abi.encode(p.state));
        sendRefused(unattested(), refusal());
    }

    /// @dev Without an implementation to go to it takes no modules.
    function test_isNotModular() public {
        Target memory t = target();
        t.implementation = address(0);
        refused(t, abi.encodeWithSelector(IInstall.NotAModularAccount.selector, t.account));
    }
}

contract SimpleAccountV08InstallTest is SimpleAccountInstallTest {
    function version() internal pure override returns (string memory) {
        return SimpleAccounts.V08;
    }

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

/// forge-config: default.evm_version = "prague"
contract DelegateInstallTest is BuiltInInstall, Delegates {
    function newImplementation(address builtIn) internal override returns (address) {
        return address(SimpleAccounts.writDelegate(entryPoint, builtIn));
    }

    function bare() internal override returns (address) {
        implementation = newImplementation(address(module));
        return newKey();
    }

    function consented(Target memory t) internal view returns (Target memory) {
        bytes memory data = abi.encode(t.configuration, t.policies);
        t.consent = consents(IWritDelegate(t.implementation), t.account, data);
        return t;
    }

    function carryOut(Target memory t, Plan memory p) internal override {
        Plan memory complete = install.plan(consented(t));
        assertEq(abi.encode(complete.state), abi.encode(p.state), "with the consent as without");
        vm.signAndAttachDelegation(t.implementation, keys[t.account]);
        (bool success,) = t.account.call(complete.payload);
        assertTrue(success);
        t.consent = "";
    }

    function printed(Target memory t, Plan memory p) internal override returns (string memory) {
        Plan memory complete = install.plan(consented(t));
        string memory text = install.asText(t, complete);
        t.consent = "";
        p.calls = complete.calls;
        return text;
    }

    function test_printsWhatTheKeySigns() public {
        Target memory t = target();
        Plan memory p = install.plan(t);
        bytes32 digest = IRootConsents(implementation)
            .consentDigest(t.account, keccak256(abi.encode(t.configuration, t.policies)));
        assertEq(p.consentDigest, digest);
        string memory text = install.asText(t, p);
        assertTrue(vm.contains(text, vm.toString(digest)));
        assertTrue(vm.contains(text, "Not complete"));
        assertFalse(vm.contains(text, vm.toString(p.calls[0])));
        t = consented(t);
        text = install.asText(t, install.plan(t));
        assertFalse(vm.contains(text, "Not complete"));
        assertTrue(vm.contains(text, vm.toString(t.implementation)));
    }

    function test_refusesAConsentToSomethingElse() public {
        Target memory t = consented(target());
        t.configuration.threshold = 4;
        vm.expectPartialRevert(IInstall.CallFailed.selector);
        install.plan(t);
    }

    /// @dev Nor does a configuration count that other code left in the module.
    function test_replacesAFormerDelegation() public {
        Target memory t = target();
        delegate(t.account, address(new OpenDelegate()));
        Configuration memory c = configuration();
        c.threshold = 4;
        OpenDelegate former = OpenDelegate(payable(t.account));
        bytes memory data = abi.encode(c, policies());
        former.run(address(module), 0, abi.encodeCall(module.onInstall, (data)));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, ("")));
        Plan memory p = installAs(t);
        assertEq(abi.encode(state(t.account)), abi.encode(p.state));
        assertEq(abi.encode(current(t.account)), abi.encode(configuration()));
        sendRefused(unattested(), abi.encodePacked(IWritErrors.AttestationRequired.selector));
    }

    function test_theRestOfADelegationWithoutConsent() public {
        Target memory t = target();
        delegate(t.account, implementation);
        installAs(t);
        sendRefused(unattested(), refusal());
        assertEq(install.plan(t).calls.length, 0);
    }

    function test_aConsentThatCountsStillIsNotGivenTwice() public {
        Target memory t = target();
        installAs(t);
        delegate(t.account, address(new OpenDelegate()));
        bytes memory reason =
            abi.encodeWithSelector(IInstall.DelegationMissing.selector, t.account, implementation);
        refused(t, reason);
        refused(consented(t), reason);
        delegate(t.account, implementation);
        assertEq(install.plan(t).calls.length, 0);
    }
}
