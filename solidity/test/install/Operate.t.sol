// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Operate, Setting, Subject} from "../../../script/Operate.s.sol";
import {SettingsFixture} from "../Settings.t.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title What the script prints is what the module takes, and what the module would refuse is not printed
contract OperateTest is SettingsFixture {
    Operate internal operate;

    function setUp() public override {
        super.setUp();
        operate = new Operate();
    }

    function subject() internal view returns (Subject memory s) {
        s.account = address(account);
        s.module = address(module);
    }

    function signed(Setting memory setting) internal view returns (Subject memory s) {
        s = subject();
        s.signature = ownerSignature(setting.digest);
    }

    /// @dev Sends what was printed, as anyone, and compares with what was told.
    function carryOut(Setting memory setting) internal {
        assertTrue(setting.tried);
        bytes memory text = bytes(operate.asText(subject(), setting));
        assertTrue(vm.contains(string(text), vm.toString(setting.data)));
        vm.prank(makeAddr("anyone"));
        (bool success,) = address(module).call(setting.data);
        assertTrue(success);
        assertEq(abi.encode(state(address(account))), abi.encode(setting.state));
        assertEq(abi.encode(current(address(account))), abi.encode(setting.configuration));
    }

    function untried(Setting memory setting) internal {
        assertFalse(setting.tried);
        string memory text = operate.asText(subject(), setting);
        assertTrue(vm.contains(text, "Not complete"));
        assertTrue(vm.contains(text, vm.toString(setting.digest)));
        assertFalse(vm.contains(text, vm.toString(setting.data)));
    }

    function test_theExitIsAnnouncedAndCancelled() public {
        Setting memory first = operate.announcingExit(subject());
        untried(first);
        assertTrue(vm.contains(first.effect, "172800 seconds"));
        carryOut(operate.announcingExit(signed(first)));
        assertEq(state(address(account)).exitAt, NOW + 2 days);

        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.ExitAlreadyAnnounced.selector, NOW + 2 days)
        );
        operate.announcingExit(subject());

        first = operate.cancellingExit(subject());
        untried(first);
        carryOut(operate.cancellingExit(signed(first)));
        assertEq(state(address(account)).exitAt, 0);
        vm.expectRevert(IWritErrors.ExitNotAnnounced.selector);
        operate.cancellingExit(subject());
    }

    function test_strengtheningTakesEffectAtOnce() public {
        Configuration memory next = stronger();
        Setting memory first = operate.configuring(subject(), next, policies());
        untried(first);
        assertTrue(vm.contains(first.effect, "at once"));
        carryOut(operate.configuring(signed(first), next, policies()));
        assertEq(abi.encode(current(address(account))), abi.encode(next));
    }

    function test_weakeningIsScheduledCancelledAndApplied() public {
        Configuration memory next = weaker();
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotPending.selector, 0, 0));
        operate.cancellingConfiguration(subject());
        Setting memory first = operate.configuring(subject(), next, policies());
        assertTrue(vm.contains(first.effect, "Is scheduled"));
        carryOut(operate.configuring(signed(first), next, policies()));
        assertEq(state(address(account)).pendingConfiguration, hashOf(next));
        assertTrue(
            vm.contains(operate.configuring(subject(), next, policies()).effect, "takes the place")
        );
        assertTrue(
            vm.contains(operate.configuring(subject(), stronger(), policies()).effect, "withdraws")
        );

        first = operate.cancellingConfiguration(subject());
        untried(first);
        carryOut(operate.cancellingConfiguration(signed(first)));
        assertEq(state(address(account)).pendingConfiguration, 0);

        configure(next);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotReady.selector, NOW + 2 days, NOW));
        operate.applyingConfiguration(subject(), next, policies());
        vm.warp(NOW + 2 days);
        Configuration memory other = stronger();
        vm.expectPartialRevert(IWritErrors.NotPending.selector);
        operate.applyingConfiguration(subject(), other, policies());
        carryOut(operate.applyingConfiguration(subject(), next, policies()));
        assertEq(abi.encode(current(address(account))), abi.encode(next));
    }

    function test_aQuorumWeakensAtOnce() public {
        Configuration memory next = weaker();
        Setting memory first = operate.configuring(subject(), next, policies());
        Subject memory s = signed(first);
        s.attestation = quorumConfigures(next, settingDecision());
        Setting memory attested_ = operate.configuring(s, next, policies());
        assertEq(attested_.digest, first.digest);
        assertTrue(vm.contains(operate.asText(s, first), vm.toString(first.action)));
        carryOut(attested_);
        assertEq(abi.encode(current(address(account))), abi.encode(next));
    }

    function test_tellsWhenEnforcementBegins() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);
        Setting memory first = operate.configuring(subject(), configuration(), policies());
        assertTrue(vm.contains(first.effect, "Enforcement begins"));
        carryOut(operate.configuring(signed(first), configuration(), policies()));
    }

    function test_refusesWhatTheModuleWouldRefuse() public {
        Configuration memory next = configuration();
        vm.expectRevert(IWritErrors.ConfigurationUnchanged.selector);
        operate.configuring(subject(), next, policies());
        next.threshold = 33;
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritErrors.InvalidConfiguration.selector, bytes32("threshold"), 33
            )
        );
        operate.configuring(subject(), next, policies());
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.FollowsNoRegistry.selector, address(account))
        );
        operate.following(subject(), 8);

        // Signed by somebody else, or for another nonce.
        Subject memory s = subject();
        s.signature = ownerSignature(keccak256("something else"));
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        operate.announcingExit(s);
        s = signed(operate.announcingExit(subject()));
        configure(stronger());
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        operate.announcingExit(s);
    }

    function test_refusesWhereTheModuleIsNot() public {
        Subject memory s = subject();
        s.account = address(0xd00d);
        bytes memory reason =
            abi.encodeWithSelector(IWritErrors.NotInstalled.selector, address(0xd00d));
        vm.expectRevert(reason);
        operate.announcingExit(s);
        vm.expectRevert(reason);
        operate.configuring(s, configuration(), policies());
        vm.expectRevert(reason);
        operate.following(s, 8);
        s = subject();
        s.module = address(1);
        vm.expectRevert(abi.encodeWithSelector(Operate.NoCode.selector, "module", address(1)));
        operate.announcingExit(s);
        s.module = address(token);
        vm.expectRevert(abi.encodeWithSelector(Operate.NotTheModule.selector, address(token)));
        operate.announcingExit(s);
    }
}
