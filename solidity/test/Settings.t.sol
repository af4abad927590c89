// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "./utils/Attestor.sol";
import {EntryPoints} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {IWritSettingsEvents} from "writ/interfaces/IWritSettingsEvents.sol";
import {Bound, Configuration, Mode, PolicyReference} from "writ/interfaces/WritTypes.sol";

/// @notice The owner's and the quorum's side of settings.
abstract contract SettingsFixture is WritTest {
    function hashOf(Configuration memory c) internal pure returns (bytes32) {
        return keccak256(abi.encode(c));
    }

    function due() internal view returns (uint256) {
        return state(address(account)).configurationNonce;
    }

    function ownerConfigures(Configuration memory next) internal view returns (bytes memory) {
        return ownerSignature(
            Attestor.typed(
                address(module),
                block.chainid,
                keccak256(
                    abi.encode(
                        keccak256("Configure(address account,bytes32 configuration,uint256 nonce)"),
                        account,
                        hashOf(next),
                        due()
                    )
                )
            )
        );
    }

    function ownerSets(string memory what) internal view returns (bytes memory) {
        return ownerSignature(
            Attestor.typed(
                address(module),
                block.chainid,
                keccak256(
                    abi.encode(
                        keccak256(bytes(string.concat(what, "(address account,uint256 nonce)"))),
                        account,
                        due()
                    )
                )
            )
        );
    }

    function settingDecision() internal view returns (Decision memory d) {
        PackedUserOperation memory none;
        none.sender = address(account);
        d = decision(none);
        d.sequence = 0;
        d.maxCost = 0;
        d.bounds = new Bound[](1);
    }

    function quorumConfigures(Configuration memory next, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        bytes32 action = Attestor.configurationAction(
            address(account), current(address(account)), next, due()
        );
        return Attestor.close(Attestor.body(d, action, operatorKeys));
    }

    function configure(Configuration memory next, bytes memory attestation) internal {
        module.configure(
            address(account), next, policies(), due(), ownerConfigures(next), attestation
        );
    }

    function configure(Configuration memory next) internal {
        configure(next, "");
    }

    /// @dev Another threshold in the other direction: weaker, and valid.
    function weaker() internal view returns (Configuration memory next) {
        next = current(address(account));
        next.threshold = 2;
    }

    function stronger() internal view returns (Configuration memory next) {
        next = current(address(account));
        next.threshold = 4;
    }
}

contract SettingsTest is SettingsFixture {
    // ------------------------------------------------------------------ strengthening

    function test_strengtheningTakesEffectAtOnce() public {
        Configuration memory next = stronger();
        next.leastOperators = 5;
        next.exitDelay = 3 days;
        vm.roll(2000);
        vm.expectEmit(address(module));
        emit IWritSettingsEvents.ConfigurationSet(address(account), 2, next, policies());
        configure(next);
        assertEq(abi.encode(current(address(account))), abi.encode(next));
        assertEq(state(address(account)).revision, 2);
        assertEq(state(address(account)).configuredAt, 2000);
        assertEq(state(address(account)).configurationNonce, 1);
    }

    function test_everyWeakeningIsDelayed() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 9; ++i) {
            Configuration memory next = stronger();
            if (i == 0) next.owner = address(0xbeef);
            if (i == 1) next.entryPoint = address(0xbeef);
            if (i == 2) next.threshold = 2;
            if (i == 3) next.leastOperators = 4;
            if (i == 3) next.threshold = 2;
            if (i == 4) next.mode = Mode.Observe;
            if (i == 5) next.exitDelay -= 1;
            if (i == 6) next.epoch += 1;
            if (i == 7) next.readsHistory = true;
            if (i == 8) {
                next.operatorSet = deploySet(newKeys("other", 5));
                next.operatorSetCodeHash = next.operatorSet.codehash;
            }
            configure(next);
            assertEq(state(address(account)).revision, 1, "took effect at once");
            assertEq(state(address(account)).pendingConfiguration, hashOf(next));
            assertEq(state(address(account)).pendingReadyAt, NOW + 2 days);
            vm.revertToState(snapshot);
        }
        configure(stronger());
        assertEq(state(address(account)).revision, 2, "control");
    }

    function test_needsTheOwner() public {
        Configuration memory next = stronger();
        bytes memory good = ownerConfigures(next);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0xbad, keccak256("any"));
        uint256 nonce = due();
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.configure(address(account), next, policies(), nonce, abi.encodePacked(r, s, v), "");
        module.configure(address(account), next, policies(), nonce, good, "");
        // And only once.
        next = weaker();
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.ConfigurationNonceMismatch.selector, 0, 1)
        );
        module.configure(address(account), next, policies(), 0, good, "");
    }

    function test_anotherAccountsSignatureIsNone() public {
        Configuration memory next = stronger();
        bytes memory good = ownerConfigures(next);
        address other = address(newAccount(configuration()));
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.configure(other, next, policies(), 0, good, "");
        module.configure(address(account), next, policies(), 0, good, "");
        assertEq(state(other).revision, 1);
    }

    function test_unchangedIsRefused() public {
        Configuration memory same = current(address(account));
        bytes memory good = ownerConfigures(same);
        vm.expectRevert(IWritErrors.ConfigurationUnchanged.selector);
        module.configure(address(account), same, policies(), 0, good, "");
    }

    // ------------------------------------------------------------------ delay

    function test_scheduledIsAppliedAfterItsDelayByAnyone() public {
        Configuration memory next = weaker();
        configure(next);
        vm.warp(NOW + 2 days - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.NotReady.selector, NOW + 2 days, NOW + 2 days - 1)
        );
        module.applyConfiguration(address(account), next, policies());
        vm.warp(NOW + 2 days);
        Configuration memory other = next;
        other.epoch += 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritErrors.NotPending.selector,
                hashOf(other),
                state(address(account)).pendingConfiguration
            )
        );
        module.applyConfiguration(address(account), other, policies());
        other.epoch -= 1;
        vm.prank(address(0xcafe));
        module.applyConfiguration(address(account), next, policies());
        assertEq(current(address(account)).threshold, 2);
        assertEq(state(address(account)).pendingConfiguration, 0);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotPending.selector, hashOf(next), 0));
        module.applyConfiguration(address(account), next, policies());
    }

    function test_anyChangeInForceDropsWhatWasScheduled() public {
        Configuration memory next = weaker();
        configure(next);
        vm.expectEmit(address(module));
        emit IWritSettingsEvents.ConfigurationCancelled(address(account), hashOf(next));
        configure(stronger());
        vm.warp(NOW + 30 days);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotPending.selector, hashOf(next), 0));
        module.applyConfiguration(address(account), next, policies());
        assertEq(current(address(account)).threshold, 4);
    }

    function test_schedulingAgainStartsAnew() public {
        configure(weaker());
        vm.warp(NOW + 1 days);
        Configuration memory next = weaker();
        next.mode = Mode.Off;
        configure(next);
        assertEq(state(address(account)).pendingReadyAt, NOW + 3 days);
        assertEq(state(address(account)).pendingConfiguration, hashOf(next));
    }

    function test_cancelConfiguration() public {
        configure(weaker());
        bytes memory exit = ownerSets("CancelExit");
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.cancelConfiguration(address(account), 1, exit);
        module.cancelConfiguration(address(account), 1, ownerSets("CancelConfiguration"));
        assertEq(state(address(account)).pendingConfiguration, 0);
        bytes memory again = ownerSets("CancelConfiguration");
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotPending.selector, 0, 0));
        module.cancelConfiguration(address(account), 2, again);
    }

    // ------------------------------------------------------------------ quorum

    function test_weakeningByAQuorumTakesEffectAtOnce() public {
        Configuration memory next = weaker();
        next.mode = Mode.Off;
        configure(next, quorumConfigures(next, settingDecision()));
        assertEq(abi.encode(current(address(account))), abi.encode(next));
        assertEq(state(address(account)).revision, 2);
    }

    function test_refusesAnAttestationForSomethingElse() public {
        Configuration memory next = weaker();
        Configuration memory other = weaker();
        other.exitDelay = 1;
        bytes memory ownerPart = ownerConfigures(next);

        _refused(next, ownerPart, quorumConfigures(other, settingDecision()), _q());
        Decision memory d = settingDecision();
        d.maxCost = 1;
        _refused(
            next,
            ownerPart,
            quorumConfigures(next, d),
            abi.encodeWithSelector(IWritErrors.MaxCostExceeded.selector, 0, 1)
        );
        d = settingDecision();
        d.sequence = 1;
        _refused(
            next,
            ownerPart,
            quorumConfigures(next, d),
            abi.encodeWithSelector(IWritErrors.SequenceMismatch.selector, 1, 0)
        );
        d = settingDecision();
        d.revision = 2;
        _refused(
            next,
            ownerPart,
            quorumConfigures(next, d),
            abi.encodeWithSelector(IWritErrors.RevisionMismatch.selector, 2, 1)
        );
        d = settingDecision();
        d.validUntil = NOW - 1;
        _refused(
            next,
            ownerPart,
            quorumConfigures(next, d),
            abi.encodeWithSelector(
                IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, NOW
            )
        );
        bytes memory good = quorumConfigures(next, settingDecision());
        _refused(
            next,
            ownerPart,
            bytes.concat(hex"00", good),
            abi.encodePacked(IWritErrors.MalformedAttestation.selector)
        );
        // An attested operation is no attested setting.
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        _refused(next, ownerPart, suffix(op, settingDecision()), _q());
        module.configure(address(account), next, policies(), 0, ownerPart, good);
        assertEq(current(address(account)).threshold, 2);
    }

    function _q() private pure returns (bytes memory) {
        return abi.encodePacked(IWritErrors.InvalidQuorum.selector);
    }

    function _refused(
        Configuration memory next,
        bytes memory ownerPart,
        bytes memory attestation,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        module.configure(address(account), next, policies(), 0, ownerPart, attestation);
    }

    function test_aQuorumAloneChangesNothing() public {
        Configuration memory next = weaker();
        bytes memory good = quorumConfigures(next, settingDecision());
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.configure(address(account), next, policies(), 0, new bytes(65), good);
    }

    // ------------------------------------------------------------------ no ticket authorizes a setting

    function test_changingTheConfigurationInsideItsOwnFrameIsRefused() public {
        Configuration memory next = stronger();
        bytes memory data = abi.encodeCall(
            module.configure, (address(account), next, policies(), 0, ownerConfigures(next), "")
        );
        sendReverting(
            attested(operation(account, 0, executeCall(address(module), 0, data))),
            abi.encodeWithSelector(IWritErrors.RevisionChanged.selector, 1, 2)
        );
        assertEq(state(address(account)).revision, 1);
        (bool success,) = address(module).call(data);
        assertTrue(success, "anyone may bring it outside");
    }

    function test_aChangeVoidsTicketsOfTheSameBundle() public {
        Configuration memory c = configuration();
        c.mode = Mode.Off;
        Configuration memory next = stronger();
        bytes memory data = abi.encodeCall(
            module.configure, (address(account), next, policies(), 0, ownerConfigures(next), "")
        );
        PackedUserOperation memory second = attested(operation(account, 0, sendNative(1)));
        PackedUserOperation memory first =
            operation(newAccount(c), 0, executeCall(address(module), 0, data));
        first.signature = ownerSigns(first);
        vm.expectEmit(address(entryPoint));
        emit UserOperationRevertReason(
            entryPoint.getUserOpHash(second),
            address(account),
            second.nonce,
            abi.encodeWithSelector(IWritErrors.RevisionChanged.selector, 1, 2)
        );
        send(two(first, second));
        assertEq(recipient.balance, 0);
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    // ------------------------------------------------------------------ exit

    function test_exitNeedsNoOperators() public {
        vm.prank(address(0xcafe));
        module.announceExit(address(account), 0, ownerSets("AnnounceExit"));
        uint48 exitAt = NOW + 2 days;
        assertEq(state(address(account)).exitAt, exitAt);

        PackedUserOperation memory op = operation(account, 0, sendNative(50 ether));
        op.signature = ownerSigns(op);
        // Not before.
        vm.prank(bundler, bundler);
        vm.expectRevert();
        entryPoint.handleOps(one(op), bundler);
        vm.warp(exitAt + 1);
        send(op);
        assertEq(recipient.balance, 50 ether);

        op = operation(
            account, 0, abi.encodeCall(account.uninstallModule, (4, address(module), ""))
        );
        op.signature = ownerSigns(op);
        send(op);
        assertEq(account.hook(), address(0));
        assertFalse(state(address(account)).hookInstalled);
        assertTrue(state(address(account)).validatorInstalled);
    }

    function test_attestedOperationsRunWhileTheExitIsUnderWay() public {
        module.announceExit(address(account), 0, ownerSets("AnnounceExit"));
        send(attested(operation(account, 0, sendNative(1))));
        vm.warp(NOW + 3 days);
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 2);
    }

    function test_exitCanBeCancelledAlsoAfterItsDelay() public {
        module.announceExit(address(account), 0, ownerSets("AnnounceExit"));
        bytes memory again = ownerSets("AnnounceExit");
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.ExitAlreadyAnnounced.selector, NOW + 2 days)
        );
        module.announceExit(address(account), 1, again);
        vm.warp(NOW + 5 days);
        module.cancelExit(address(account), 1, ownerSets("CancelExit"));
        assertEq(state(address(account)).exitAt, 0);
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendRefused(op, IWritErrors.AttestationRequired.selector);
        again = ownerSets("CancelExit");
        vm.expectRevert(IWritErrors.ExitNotAnnounced.selector);
        module.cancelExit(address(account), 2, again);
    }

    function test_exitNeedsTheOwner() public {
        bytes memory wrong = ownerSets("CancelExit");
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.announceExit(address(account), 0, wrong);
        module.announceExit(address(account), 0, ownerSets("AnnounceExit"));
    }

    function test_anExitAnnouncedBeforeEnforcementDoesNotOutliveItsBeginning() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);
        module.announceExit(address(account), 0, ownerSets("AnnounceExit"));
        vm.warp(NOW + 5 days);
        c.mode = Mode.Enforce;
        configure(c);
        assertEq(state(address(account)).exitAt, 0);
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendRefused(op, IWritErrors.AttestationRequired.selector);
    }

    // ------------------------------------------------------------------ what a configuration may be

    function test_refusesFieldsOutOfRange() public {
        Configuration memory c = configuration();
        c.owner = address(0);
        _invalid(c, "owner", 0);
        c = configuration();
        c.entryPoint = address(0);
        _invalid(c, "entryPoint", 0);
        c = configuration();
        c.threshold = 0;
        _invalid(c, "threshold", 0);
        c.threshold = 33;
        _invalid(c, "threshold", 33);
        c = configuration();
        c.leastOperators = 2;
        _invalid(c, "leastOperators", 2);
        c = configuration();
        c.exitDelay = 365 days + 1;
        _invalid(c, "exitDelay", 365 days + 1);
        c = configuration();
        c.level = 0;
        _invalid(c, "level", 0);
        c.level = 4;
        _invalid(c, "level", 4);
        c.level = 2;
        _refuses(c, abi.encodeWithSelector(IWritErrors.LevelNotSupported.selector, 2));
        c.level = 3;
        _refuses(c, abi.encodeWithSelector(IWritErrors.LevelNotSupported.selector, 3));
        c = configuration();
        c.policy = 0;
        _refuses(
            c,
            abi.encodeWithSelector(IWritErrors.PolicyMismatch.selector, 0, configuration().policy)
        );
        c = configuration();
        c.exitDelay = 365 days;
        newAccount(c);
    }

    function test_refusesWhatIsNoOperatorSet() public {
        Configuration memory c = configuration();
        c.operatorSetCodeHash = keccak256("other");
        _refuses(
            c,
            abi.encodeWithSelector(
                IWritErrors.OperatorSetCodeHashMismatch.selector,
                c.operatorSetCodeHash,
                operatorSet.codehash
            )
        );
        bytes20 one = bytes20(address(1));
        bytes20 two = bytes20(address(2));
        bytes20 three = bytes20(address(3));
        _notASet("");
        _notASet(hex"00");
        _notASet(bytes.concat(hex"01", one, two, three));
        _notASet(bytes.concat(hex"00", one, two, three, hex"00"));
        _notASet(bytes.concat(hex"00", one, two));
        _notASet(bytes.concat(hex"00", one, two, one));
        _notASet(bytes.concat(hex"00", one, two, bytes20(0)));
        c = configuration();
        c.leastOperators = 3;
        c.operatorSet = _etch(bytes.concat(hex"00", one, two, three));
        c.operatorSetCodeHash = c.operatorSet.codehash;
        newAccount(c);
    }

    function _notASet(bytes memory code) private {
        Configuration memory c = configuration();
        c.leastOperators = 3;
        c.operatorSet = _etch(code);
        c.operatorSetCodeHash = c.operatorSet.codehash;
        _refuses(c, abi.encodeWithSelector(IWritErrors.InvalidOperatorSet.selector, c.operatorSet));
    }

    function _etch(bytes memory code) private returns (address at) {
        at = address(uint160(uint256(keccak256(code))));
        vm.etch(at, code);
        vm.deal(at, 1);
    }

    function _invalid(Configuration memory c, bytes32 field, uint256 value) private {
        _refuses(c, abi.encodeWithSelector(IWritErrors.InvalidConfiguration.selector, field, value));
    }

    function _refuses(Configuration memory c, bytes memory reason) private {
        vm.prank(address(0xd00d));
        vm.expectRevert(reason);
        module.onInstall(abi.encode(c, policies()));
    }

    // ------------------------------------------------------------------ policies

    function testFuzz_policyCommitment(bytes32 id, bytes calldata parameters) public {
        PolicyReference[] memory list = new PolicyReference[](2);
        list[0] = policies()[0];
        list[1] = PolicyReference(id, parameters);
        Configuration memory c = configuration();
        c.policy = Attestor.policyCommitment(list);
        vm.prank(address(0xd00d));
        module.onInstall(abi.encode(c, list));
        assertEq(current(address(0xd00d)).policy, c.policy);
        // Order is part of it.
        if (keccak256(abi.encode(list[0])) == keccak256(abi.encode(list[1]))) return;
        (list[0], list[1]) = (list[1], list[0]);
        vm.prank(address(0xd00e));
        vm.expectRevert();
        module.onInstall(abi.encode(c, list));
    }
}
