// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "./utils/Attestor.sol";
import {GuardedTest} from "./utils/GuardedTest.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritGuarded} from "writ/interfaces/IWritGuarded.sol";
import {IWritSettingsEvents} from "writ/interfaces/IWritSettingsEvents.sol";
import {Configuration, Mode, PolicyReference} from "writ/interfaces/WritTypes.sol";

contract GuardedSettingsTest is GuardedTest {
    function stronger() internal view returns (Configuration memory next) {
        next = configured();
        next.threshold = 4;
    }

    function weaker() internal view returns (Configuration memory next) {
        next = configured();
        next.threshold = 2;
    }

    function configure(Configuration memory next, bytes memory attestation) internal {
        vm.prank(admin);
        till.configureWrit(next, policies(), attestation);
    }

    function quorumConfigures(Configuration memory next, uint256 nonce, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        bytes32 action = Attestor.configurationAction(address(till), configured(), next, nonce);
        return Attestor.close(Attestor.body(d, action, operatorKeys));
    }

    // ------------------------------------------------------------------ the first one

    function test_firstConfiguration() public {
        Configuration memory c = guardConfiguration();
        assertEq(abi.encode(configured()), abi.encode(c));
        assertEq(guardState().revision, 1);
        assertEq(guardState().configuredAt, 1000);
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.AlreadyInstalled.selector, address(till))
        );
        till.initialize(admin, c, policies());
    }

    function test_configurationsThatCannotBeEnforcedAreRefused() public {
        bytes4 invalid = IWritErrors.InvalidConfiguration.selector;
        Configuration memory c = stronger();
        c.owner = admin;
        refused(c, abi.encodeWithSelector(invalid, bytes32("owner"), uint160(admin)));
        c = stronger();
        c.entryPoint = admin;
        refused(c, abi.encodeWithSelector(invalid, bytes32("entryPoint"), uint160(admin)));
        c = stronger();
        c.readsHistory = true;
        refused(c, abi.encodeWithSelector(invalid, bytes32("readsHistory"), 1));
        c = stronger();
        c.threshold = 0;
        refused(c, abi.encodeWithSelector(invalid, bytes32("threshold"), 0));
        c = stronger();
        c.threshold = 5;
        refused(c, abi.encodeWithSelector(invalid, bytes32("leastOperators"), 4));
        c = stronger();
        c.level = 2;
        refused(c, abi.encodeWithSelector(IWritErrors.LevelNotSupported.selector, 2));
        c = stronger();
        c.exitDelay = 366 days;
        refused(c, abi.encodeWithSelector(invalid, bytes32("exitDelay"), 366 days));
        c = stronger();
        c.operatorSetCodeHash = 0;
        refused(
            c,
            abi.encodeWithSelector(
                IWritErrors.OperatorSetCodeHashMismatch.selector, 0, operatorSet.codehash
            )
        );
        c = stronger();
        c.policy = 0;
        refused(
            c, abi.encodeWithSelector(IWritErrors.PolicyMismatch.selector, 0, configured().policy)
        );
        refused(configured(), abi.encodePacked(IWritErrors.ConfigurationUnchanged.selector));
    }

    function refused(Configuration memory c, bytes memory reason) private {
        PolicyReference[] memory list = policies();
        vm.prank(admin);
        vm.expectRevert(reason);
        till.configureWrit(c, list, "");
    }

    // ------------------------------------------------------------------ who

    function test_onlyWhoIsAuthorized() public {
        Configuration memory c = stronger();
        vm.startPrank(address(caller));
        vm.expectRevert("not admin");
        till.configureWrit(c, policies(), "");
        vm.expectRevert("not admin");
        till.cancelWritConfiguration();
        vm.expectRevert("not admin");
        till.revokeAttestations();
        vm.expectRevert("not admin");
        till.announceWritExit();
        vm.expectRevert("not admin");
        till.cancelWritExit();
    }

    function test_anAttestedCallAuthorizesNoSetter() public {
        bytes memory data = abi.encodeCall(till.announceWritExit, ());
        bytes memory presented = presenting(ours(data, PRESENTED));
        runReverting(
            caller, calls(presented, data), abi.encodeWithSignature("Error(string)", "not admin")
        );
    }

    // ------------------------------------------------------------------ strengthening and weakening

    function test_strengtheningTakesEffectAtOnce() public {
        vm.expectEmit(address(till));
        emit IWritSettingsEvents.ConfigurationSet(address(till), 2, stronger(), policies());
        configure(stronger(), "");
        assertEq(configured().threshold, 4);
        caller.run(calls(presenting(ours(tick(1), PRESENTED)), tick(1)));
        assertEq(till.ticks(), 1, "four sign");
    }

    function test_everyWeakeningWaits() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 7; ++i) {
            Configuration memory next = stronger();
            PolicyReference[] memory list = policies();
            if (i == 0) next.mode = Mode.Observe;
            if (i == 1) next.mode = Mode.Off;
            if (i == 2) next.threshold = 2;
            if (i == 3) next.exitDelay -= 1;
            if (i == 4) next.epoch += 1;
            if (i == 5) {
                next.operatorSet = deploySet(newKeys("other", 5));
                next.operatorSetCodeHash = next.operatorSet.codehash;
            }
            if (i == 6) {
                list[0].parameters = hex"a1";
                next.policy = Attestor.policyCommitment(list);
            }
            vm.prank(admin);
            till.configureWrit(next, list, "");
            assertEq(guardState().revision, 1, "took effect at once");
            assertEq(guardState().pendingReadyAt, NOW + 2 days);
            runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));

            vm.warp(NOW + 2 days - 1);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IWritErrors.NotReady.selector, NOW + 2 days, NOW + 2 days - 1
                )
            );
            till.applyWritConfiguration(next, list);
            vm.warp(NOW + 2 days);
            till.applyWritConfiguration(next, list);
            assertEq(guardState().revision, 2);
            assertEq(abi.encode(configured()), abi.encode(next));
            vm.revertToState(snapshot);
        }
    }

    function test_quorumWeakensAtOnce() public {
        Configuration memory next = weaker();
        bytes memory attestation = quorumConfigures(next, 0, decide(address(till)));
        configure(next, attestation);
        assertEq(configured().threshold, 2);
        // Once: the configuration it replaced is another, and so is the revision.
        configure(stronger(), "");
        PolicyReference[] memory list = policies();
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.RevisionMismatch.selector, 1, 3));
        till.configureWrit(next, list, attestation);
    }

    function test_quorumsThatDoNotWeaken() public {
        Configuration memory next = weaker();
        Decision memory d = decide(address(till));
        bytes memory reason = abi.encodePacked(IWritErrors.InvalidQuorum.selector);
        refusedBy(next, quorumConfigures(next, 1, d), reason);
        refusedBy(next, quorumConfigures(stronger(), 0, d), reason);
        d.signers = signers(2);
        refusedBy(
            next,
            quorumConfigures(next, 0, d),
            abi.encodeWithSelector(IWritErrors.ThresholdMismatch.selector, 2, 3)
        );
        d = decide(address(till));
        d.module = address(caller);
        refusedBy(next, quorumConfigures(next, 0, d), reason);
        // An attested call is no attested configuration.
        bytes memory data = abi.encodeCall(till.configureWrit, (next, policies(), ""));
        refusedBy(
            next,
            attest(actionOf(address(till), admin, 0, data, PRESENTED), decide(address(till))),
            reason
        );
        d = decide(address(till));
        bytes memory late = quorumConfigures(next, 0, d);
        vm.warp(d.validUntil + 1);
        refusedBy(
            next,
            late,
            abi.encodeWithSelector(
                IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, d.validUntil + 1
            )
        );
    }

    function refusedBy(Configuration memory next, bytes memory attestation, bytes memory reason)
        private
    {
        PolicyReference[] memory list = policies();
        vm.prank(admin);
        vm.expectRevert(reason);
        till.configureWrit(next, list, attestation);
    }

    function test_scheduledCanBeWithdrawnAndReplaced() public {
        Configuration memory next = weaker();
        configure(next, "");
        vm.prank(admin);
        till.cancelWritConfiguration();
        vm.warp(NOW + 2 days);
        bytes memory none =
            abi.encodeWithSelector(IWritErrors.NotPending.selector, keccak256(abi.encode(next)), 0);
        vm.expectRevert(none);
        till.applyWritConfiguration(next, policies());
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotPending.selector, 0, 0));
        till.cancelWritConfiguration();

        // What takes effect meanwhile takes the place of what was scheduled.
        configure(next, "");
        configure(stronger(), "");
        vm.warp(NOW + 4 days);
        vm.expectRevert(none);
        till.applyWritConfiguration(next, policies());
    }

    /// @dev Nothing that is at once is weaker in anything.
    function testFuzz_atOnceIsNeverWeaker(uint8 threshold, uint8 mode, uint32 delay) public {
        Configuration memory before = configured();
        Configuration memory next = configured();
        next.threshold = uint8(bound(threshold, 1, 4));
        next.mode = Mode(bound(mode, 0, 2));
        next.exitDelay = uint32(bound(delay, 0, 4 days));
        vm.assume(keccak256(abi.encode(next)) != keccak256(abi.encode(before)));
        configure(next, "");
        bool strict = next.threshold >= before.threshold && next.mode >= before.mode
            && next.exitDelay >= before.exitDelay;
        assertEq(guardState().revision, strict ? 2 : 1);
    }

    // ------------------------------------------------------------------ exit

    function test_exitNeedsNoOperator() public {
        vm.prank(admin);
        vm.expectEmit(address(till));
        emit IWritSettingsEvents.ExitAnnounced(address(till), NOW + 2 days);
        till.announceWritExit();
        vm.prank(admin);
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.ExitAlreadyAnnounced.selector, NOW + 2 days)
        );
        till.announceWritExit();

        vm.warp(NOW + 2 days - 1);
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
        caller.run(calls(presenting(ours(tick(1), PRESENTED)), tick(1)));
        vm.warp(NOW + 2 days);
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 2);

        vm.prank(admin);
        vm.expectEmit(address(till));
        emit IWritSettingsEvents.ExitCancelled(address(till));
        till.cancelWritExit();
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
        vm.prank(admin);
        vm.expectRevert(IWritErrors.ExitNotAnnounced.selector);
        till.cancelWritExit();
    }

    function test_exitDoesNotWaitBeforeEnforceBegins() public {
        // Announced under Observe, elapsed, then Enforce: it has to be announced again.
        Configuration memory c = guardConfiguration();
        c.mode = Mode.Observe;
        till = newTill(c);
        vm.prank(admin);
        till.announceWritExit();
        vm.warp(NOW + 3 days);
        c.mode = Mode.Enforce;
        configure(c, "");
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
    }

    function test_offIsReachedWithoutOperators() public {
        Configuration memory next = configured();
        next.mode = Mode.Off;
        configure(next, "");
        vm.warp(NOW + 2 days);
        till.applyWritConfiguration(next, policies());
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 1);
    }
}
