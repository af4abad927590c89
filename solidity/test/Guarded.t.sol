// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Call, Caller, Forwarder, PaidCaller, Till} from "./mocks/Guarded.sol";
import {UnreadableToken} from "./mocks/Mocks.sol";
import {Attestor, Decision} from "./utils/Attestor.sol";
import {GuardedTest} from "./utils/GuardedTest.sol";
import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {
    TransparentUpgradeableProxy
} from "@openzeppelin/contracts/proxy/transparent/TransparentUpgradeableProxy.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CallAction, GuardedCall} from "writ/interfaces/GuardedTypes.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritGuarded} from "writ/interfaces/IWritGuarded.sol";
import {Bound, Configuration, Mode} from "writ/interfaces/WritTypes.sol";
import {Digests} from "writ/libraries/Digests.sol";

contract GuardedCallsTest is GuardedTest {
    // ------------------------------------------------------------------ what works

    function test_presentedCallRuns() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        vm.expectEmit(address(till));
        emit IWritGuarded.CallAdmitted(address(caller), 0, PRESENTED, action.callData);
        caller.run(calls(presenting(action), tick(1)));
        assertEq(till.ticks(), 1);
        assertEq(till.nonceBitmap(address(caller), 0), 1);
    }

    function test_postedCallRuns() public {
        CallAction memory action = ours(tick(1), POSTED);
        vm.expectEmit(address(till));
        emit IWritGuarded.AttestationPosted(
            address(caller), 0, uint48(block.timestamp) + 600, expected(action)
        );
        stranger.run(calls(posting(action)));
        vm.warp(NOW + 600);
        vm.expectEmit(address(till));
        emit IWritGuarded.CallAdmitted(address(caller), 0, POSTED, action.callData);
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 1);
    }

    function test_valueIsAttested() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        action.value = 3;
        Call[] memory list = calls(presenting(action), tick(1));
        list[1].value = 3;
        caller.run(list);
        assertEq(till.ticks(), 1);
    }

    function testFuzz_presentedCallRuns(uint96 value, uint256 which, uint64 nonce) public {
        CallAction memory action = ours(tick(which), PRESENTED);
        (action.value, action.nonce) = (value, nonce);
        vm.deal(address(caller), value);
        Call[] memory list = calls(presenting(action), tick(which));
        list[1].value = value;
        caller.run(list);
        assertEq(till.ticks(), 1);
        assertEq(till.nonceBitmap(address(caller), nonce >> 8), 1 << (nonce & 0xff));
        runReverting(
            caller,
            list,
            abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(caller), nonce)
        );
    }

    /// @dev Whatever one bit of what is signed is changed: no admission.
    function testFuzz_anyOtherCallIsRefused(uint8 what, uint256 bit, bool post) public {
        uint8 path = post ? POSTED : PRESENTED;
        CallAction memory action = ours(tick(1), path);
        Decision memory d = decide(address(till));
        what = what % 12;
        uint256 flip = 1 << (bit % 48);
        if (what == 0) action.account = address(uint160(address(till)) ^ uint160(flip));
        if (what == 1) action.target = address(uint160(address(till)) ^ uint160(flip));
        if (what == 2) action.operation ^= uint8(1 << (bit % 8));
        if (what == 3) action.path ^= uint8(1 << (bit % 8));
        if (what == 4) action.nonce ^= 1 << (64 + bit % 192);
        if (what == 5) d.policy ^= bytes32(flip);
        if (what == 6) d.module = address(uint160(address(till)) ^ uint160(flip));
        if (what == 7) d.chainId ^= flip;
        if (what == 8) action.caller = address(uint160(address(caller)) ^ uint160(flip));
        bytes memory attestation = attest(action, d);
        GuardedCall memory call = expected(action);
        if (what == 9) call.value ^= flip;
        if (what == 10) call.callData ^= bytes32(flip);
        if (what == 11) call.context ^= bytes32(flip);

        bytes memory bring = post
            ? abi.encodeCall(till.post, (address(caller), call, attestation))
            : abi.encodeCall(till.present, (call, attestation));
        runReverting(caller, calls(bring), abi.encodePacked(IWritErrors.InvalidQuorum.selector));
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
    }

    function test_theActionIsTheOneThatRustHashes() public view {
        string memory json = vm.readFile("solidity/test/vectors/attestation.json");
        CallAction memory action = CallAction({
            account: vm.parseJsonAddress(json, ".others.callAction.account"),
            caller: vm.parseJsonAddress(json, ".others.callAction.caller"),
            target: vm.parseJsonAddress(json, ".others.callAction.target"),
            value: vm.parseUint(vm.parseJsonString(json, ".others.callAction.value")),
            callData: vm.parseJsonBytes32(json, ".others.callAction.callData"),
            path: uint8(vm.parseUint(vm.parseJsonString(json, ".others.callAction.path"))),
            operation: uint8(
                vm.parseUint(vm.parseJsonString(json, ".others.callAction.operation"))
            ),
            context: vm.parseJsonBytes32(json, ".others.callAction.context"),
            nonce: vm.parseUint(vm.parseJsonString(json, ".others.callAction.nonce"))
        });
        bytes32 hash = vm.parseJsonBytes32(json, ".others.callActionHash");
        assertEq(Digests.callAction(action), hash);
        assertEq(Attestor.callAction(action), hash);
    }

    function test_domainIsOfTheProxyOnThisChain() public {
        assertEq(till.writDomainSeparator(), Attestor.domain(address(till), block.chainid));
        vm.chainId(5);
        assertEq(till.writDomainSeparator(), Attestor.domain(address(till), 5));
    }

    /// @dev Whatever the proxy, it is the proxy that is attested and that keeps everything.
    function test_behindEveryProxy() public {
        address code = address(new Till());
        bytes memory initialize =
            abi.encodeCall(Till.initialize, (admin, guardConfiguration(), policies()));
        address beacon = address(new UpgradeableBeacon(code, admin));
        address[2] memory proxies = [
            address(new TransparentUpgradeableProxy(code, admin, initialize)),
            address(new BeaconProxy(beacon, initialize))
        ];
        for (uint256 i = 0; i < proxies.length; ++i) {
            till = Till(payable(proxies[i]));
            runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
            caller.run(calls(presenting(ours(tick(1), PRESENTED)), tick(1)));
            assertEq(till.ticks(), 1);
        }
    }

    function test_checkCallSaysWhatEnforceWould() public {
        CallAction memory action = ours(tick(1), POSTED);
        bytes memory attestation = attest(action, decide(address(till)));
        till.checkCall(address(caller), expected(action), POSTED, attestation);
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        till.checkCall(address(caller), expected(action), PRESENTED, attestation);
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        till.checkCall(address(stranger), expected(action), POSTED, attestation);
    }

    // ------------------------------------------------------------------ what does not

    function test_withoutAttestationIsRefused() public {
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
    }

    function test_otherCallerIsRefused() public {
        stranger.run(calls(posting(ours(tick(1), POSTED))));
        runReverting(stranger, calls(tick(1)), notAttested(address(stranger), 0, tick(1)));
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_presentedByOneUsedByAnother() public {
        // Within one transaction: the caller presents, the stranger calls.
        Call[] memory list = new Call[](2);
        list[0] = Call(address(till), 0, presenting(ours(tick(1), PRESENTED)));
        list[1] = Call(address(stranger), 0, abi.encodeCall(Caller.run, (calls(tick(1)))));
        runReverting(caller, list, notAttested(address(stranger), 0, tick(1)));
    }

    function test_presentedForAnotherIsRefused() public {
        runReverting(
            stranger,
            calls(presenting(ours(tick(1), PRESENTED)), tick(1)),
            abi.encodePacked(IWritErrors.InvalidQuorum.selector)
        );
    }

    function test_otherSelectorArgumentsAndValueAreRefused() public {
        bytes memory presented = presenting(ours(tick(1), PRESENTED));
        bytes memory tock = abi.encodeCall(Till.tock, (1));
        runReverting(caller, calls(presented, tock), notAttested(address(caller), 0, tock));
        runReverting(caller, calls(presented, tick(2)), notAttested(address(caller), 0, tick(2)));
        Call[] memory list = calls(presented, tick(1));
        list[1].value = 1;
        runReverting(caller, list, notAttested(address(caller), 1, tick(1)));
        bytes memory longer = bytes.concat(tick(1), hex"00");
        runReverting(caller, calls(presented, longer), notAttested(address(caller), 0, longer));
        caller.run(calls(presented, tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_otherContractIsRefused() public {
        Till other = newTill(guardConfiguration());
        Call[] memory list = calls(presenting(ours(tick(1), PRESENTED)));
        list[0].to = address(other);
        runReverting(caller, list, abi.encodePacked(IWritErrors.InvalidQuorum.selector));
    }

    function test_otherChainIsRefused() public {
        bytes memory presented = presenting(ours(tick(1), PRESENTED));
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        runReverting(
            caller, calls(presented, tick(1)), abi.encodePacked(IWritErrors.InvalidQuorum.selector)
        );
        vm.chainId(chain);
        caller.run(calls(presented, tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_presentedDiesWithTheTransaction() public {
        caller.run(calls(presenting(ours(tick(1), PRESENTED))));
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
        assertEq(till.nonceBitmap(address(caller), 0), 0, "its nonce is not used up");
        caller.run(calls(presenting(ours(tick(1), PRESENTED)), tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_replayIsRefused() public {
        bytes memory presented = presenting(ours(tick(1), PRESENTED));
        runReverting(
            caller, calls(presented, tick(1), tick(1)), notAttested(address(caller), 0, tick(1))
        );
        caller.run(calls(presented, tick(1)));
        bytes memory used =
            abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(caller), 0);
        runReverting(caller, calls(presented, tick(1)), used);

        CallAction memory action = ours(tick(1), POSTED);
        action.nonce = 1;
        bytes memory posted = posting(action);
        stranger.run(calls(posted));
        caller.run(calls(tick(1)));
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
        used = abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(caller), 1);
        runReverting(stranger, calls(posted), used);
        assertEq(till.ticks(), 2);
    }

    function test_presentedIsNoPostedOne() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        bytes memory attestation = attest(action, decide(address(till)));
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        till.post(address(caller), expected(action), attestation);
    }

    // ------------------------------------------------------------------ window, revision, quorum

    function test_windowOfPresented() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        Decision memory d = decide(address(till));
        bytes memory presented = presenting(action, d);
        bytes memory outside = abi.encodeWithSelector(
            IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, d.validUntil + 1
        );
        vm.warp(d.validUntil + 1);
        runReverting(caller, calls(presented, tick(1)), outside);
        outside = abi.encodeWithSelector(
            IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, d.validAfter
        );
        vm.warp(d.validAfter);
        runReverting(caller, calls(presented, tick(1)), outside);
        vm.warp(d.validUntil);
        caller.run(calls(presented, tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_windowOfPosted() public {
        CallAction memory action = ours(tick(1), POSTED);
        Decision memory d = decide(address(till));
        bytes memory posted = posting(action, d);
        vm.warp(d.validAfter);
        runReverting(
            stranger,
            calls(posted),
            abi.encodeWithSelector(
                IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, d.validAfter
            )
        );
        vm.warp(NOW);
        stranger.run(calls(posted));
        vm.warp(d.validUntil + 1);
        runReverting(
            caller,
            calls(tick(1)),
            abi.encodeWithSelector(
                IWritGuarded.AttestationExpired.selector, d.validUntil, d.validUntil + 1
            )
        );
        runReverting(
            stranger,
            calls(posted),
            abi.encodeWithSelector(
                IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, d.validUntil + 1
            )
        );
    }

    function test_windowsThatCannotBeMeantAreRefused() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        Decision memory d = decide(address(till));
        d.validUntil = d.validAfter + 1 days + 1;
        bytes memory invalid = abi.encodePacked(IWritErrors.InvalidValidity.selector);
        runReverting(caller, calls(presenting(action, d)), invalid);
        d.validUntil = d.validAfter;
        runReverting(caller, calls(presenting(action, d)), invalid);
        d.validUntil = d.validAfter + 1 days;
        caller.run(calls(presenting(action, d), tick(1)));
    }

    function test_revisionVoidsWhatIsOutstanding() public {
        bytes memory posted = posting(ours(tick(1), POSTED));
        bytes memory presented = presenting(ours(tick(1), PRESENTED));
        stranger.run(calls(posted));
        vm.prank(admin);
        vm.expectEmit(address(till));
        emit IWritGuarded.AttestationsRevoked(2);
        till.revokeAttestations();

        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
        bytes memory stale = abi.encodeWithSelector(IWritErrors.RevisionMismatch.selector, 1, 2);
        runReverting(stranger, calls(posted), stale);
        runReverting(caller, calls(presented, tick(1)), stale);
        caller.run(calls(presenting(ours(tick(1), PRESENTED)), tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_revisionVoidsWhatIsPresented() public {
        // The admin itself presents, revokes, calls.
        vm.store(address(till), 0, bytes32(uint256(uint160(address(caller)))));
        bytes memory presented = presenting(ours(tick(1), PRESENTED));
        runReverting(
            caller,
            calls(presented, abi.encodeCall(till.revokeAttestations, ()), tick(1)),
            notAttested(address(caller), 0, tick(1))
        );
    }

    function test_levelAndEpochAreTheConfiguredOnes() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        Decision memory d = decide(address(till));
        d.level = 2;
        bytes memory reason = abi.encodeWithSelector(IWritErrors.LevelMismatch.selector, 2, 1);
        runReverting(caller, calls(presenting(action, d)), reason);
        d = decide(address(till));
        d.epoch = 6;
        reason = abi.encodeWithSelector(IWritErrors.EpochMismatch.selector, 6, 7);
        runReverting(caller, calls(presenting(action, d)), reason);
        d = decide(address(till));
        d.sequence = 1;
        reason = abi.encodeWithSelector(IWritErrors.SequenceMismatch.selector, 1, 0);
        runReverting(caller, calls(presenting(action, d)), reason);
        d = decide(address(till));
        d.maxCost = 1;
        reason = abi.encodeWithSelector(IWritErrors.MaxCostExceeded.selector, 0, 1);
        runReverting(caller, calls(presenting(action, d)), reason);
    }

    function test_wrongQuorums() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        Decision memory d = decide(address(till));

        d.signers = signers(2);
        bytes memory reason = abi.encodeWithSelector(IWritErrors.ThresholdMismatch.selector, 2, 3);
        runReverting(caller, calls(presenting(action, d)), reason);
        d.signers = signers(4);
        reason = abi.encodeWithSelector(IWritErrors.ThresholdMismatch.selector, 4, 3);
        runReverting(caller, calls(presenting(action, d)), reason);

        d.signers = signers(3);
        d.signers[2] = 1;
        reason = abi.encodePacked(IWritErrors.SignersNotAscending.selector);
        runReverting(caller, calls(presenting(action, d)), reason);
        (d.signers[1], d.signers[2]) = (2, 1);
        runReverting(caller, calls(presenting(action, d)), reason);

        d.signers = signers(3);
        d.signers[2] = 5;
        reason = abi.encodeWithSelector(IWritErrors.UnknownSigner.selector, 5, 5);
        runReverting(caller, calls(presenting(action, d)), reason);

        d.signers = signers(3);
        uint256 key = operatorKeys[1];
        operatorKeys[1] = 0xbad;
        reason = abi.encodePacked(IWritErrors.InvalidQuorum.selector);
        runReverting(caller, calls(presenting(action, d)), reason);
        operatorKeys[1] = key;
        (d.signers[0], d.signers[1], d.signers[2]) = (1, 3, 4);
        caller.run(calls(presenting(action, d), tick(1)));
        assertEq(till.ticks(), 1, "control");
    }

    function test_malformedAttestations() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        bytes memory good = attest(action, decide(address(till)));
        bytes4 malformed = IWritErrors.MalformedAttestation.selector;
        vm.startPrank(address(caller));
        vm.expectRevert(malformed);
        till.present(expected(action), "");
        vm.expectRevert(malformed);
        till.present(expected(action), bytes.concat(hex"00", good));
        vm.expectRevert(malformed);
        till.present(expected(action), bytes.concat(good, good));
        till.present(expected(action), good);
    }

    // ------------------------------------------------------------------ reentrancy, delegatecall, multicall, spoofing

    function test_reentrancyDoesNotReuseAnAttestation() public {
        PaidCaller thief = new PaidCaller();
        bytes memory pay = abi.encodeCall(Till.pay, (address(thief), 1));
        CallAction memory action = actionOf(address(till), address(thief), 0, pay, PRESENTED);
        Decision memory d = decide(address(till));
        d.bounds[0].maxOut = 10 ether;
        Call[] memory list = calls(presenting(action, d), pay);

        // The same function, then another one.
        thief.onPaid(Call(address(till), 0, pay));
        runReverting(thief, list, notAttested(address(thief), 0, pay));
        thief.onPaid(Call(address(till), 0, tick(1)));
        runReverting(thief, list, notAttested(address(thief), 0, tick(1)));
        // Presenting again inside finds the nonce used.
        thief.onPaid(list[0]);
        runReverting(
            thief, list, abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(thief), 0)
        );
        // The way out stays open inside, as long as the bounds of the outer call allow it.
        thief.onPaid(Call(address(till), 0, abi.encodeCall(Till.leave, (recipient, 1))));
        thief.run(list);
        assertEq(till.ticks(), 1, "control");
    }

    function test_reentrancyWithItsOwnAttestationRuns() public {
        PaidCaller payee = new PaidCaller();
        bytes memory pay = abi.encodeCall(Till.pay, (address(payee), 1));
        CallAction memory outer = actionOf(address(till), address(payee), 0, pay, PRESENTED);
        CallAction memory inner = actionOf(address(till), address(payee), 0, tick(1), PRESENTED);
        inner.nonce = 1;
        Decision memory d = decide(address(till));
        d.bounds[0].maxOut = 1;
        payee.onPaid(Call(address(till), 0, tick(1)));
        payee.run(calls(presenting(outer, d), presenting(inner), pay));
        assertEq(till.ticks(), 2);
    }

    function test_guardedInsideOfGuardedIsRefused() public {
        bytes memory data = abi.encodeCall(Till.nested, ());
        bytes memory presented = presenting(ours(data, PRESENTED));
        runReverting(caller, calls(presented, data), notAttested(address(caller), 0, data));
    }

    function test_delegatecallFromAnotherContract() public {
        Till implementation = new Till();
        bytes memory reason =
            abi.encodeWithSelector(IWritErrors.NotInstalled.selector, address(caller));
        stranger.run(calls(posting(ours(tick(1), POSTED))));
        // What is run is the till's code, on a storage that has no configuration.
        vm.expectRevert(reason);
        caller.delegate(address(implementation), tick(1));
        bytes memory presented = presenting(ours(tick(1), PRESENTED));
        vm.expectRevert(reason);
        caller.delegate(address(implementation), presented);
        assertEq(till.ticks(), 0);
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 1, "what was posted is still there");
    }

    function test_implementationItselfRefuses() public {
        Till implementation = new Till();
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.NotInstalled.selector, address(implementation))
        );
        implementation.tick(1);
    }

    function test_multicallNeedsOneEach() public {
        bytes[] memory inner = new bytes[](2);
        (inner[0], inner[1]) = (tick(1), tick(2));
        bytes memory multicall = abi.encodeCall(till.multicall, (inner));
        bytes memory first = presenting(ours(tick(1), PRESENTED));
        runReverting(caller, calls(first, multicall), notAttested(address(caller), 0, tick(2)));
        // An attestation of the multicall itself admits nothing inside.
        runReverting(
            caller,
            calls(presenting(ours(multicall, PRESENTED)), multicall),
            notAttested(address(caller), 0, tick(1))
        );
        CallAction memory second = ours(tick(2), PRESENTED);
        runReverting(
            caller,
            calls(first, presenting(second), multicall),
            abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(caller), 0)
        );
        second.nonce = 1;
        caller.run(calls(first, presenting(second), multicall));
        assertEq(till.ticks(), 2);
    }

    function test_multicallPresentsAndCalls() public {
        address eoa = makeAddr("eoa");
        bytes[] memory inner = new bytes[](2);
        inner[0] = presenting(actionOf(address(till), eoa, 0, tick(1), PRESENTED));
        inner[1] = tick(1);
        vm.prank(eoa);
        till.multicall(inner);
        assertEq(till.ticks(), 1);
    }

    function test_sameCallTwiceInOneMulticallNeedsTwo() public {
        CallAction memory second = ours(tick(1), PRESENTED);
        bytes[] memory inner = new bytes[](4);
        (inner[0], inner[1]) = (presenting(second), tick(1));
        second.nonce = 1;
        (inner[2], inner[3]) = (presenting(second), tick(1));
        vm.prank(address(caller));
        till.multicall(inner);
        assertEq(till.ticks(), 2);
    }

    function test_appendedSenderSpoofsNobody() public {
        Forwarder forwarder = new Forwarder();
        address victim = address(caller);
        stranger.run(calls(posting(ours(tick(1), POSTED))));
        // Appending the victim's address makes neither the sender nor the bytes the victim's.
        bytes memory spoofed = bytes.concat(tick(1), bytes20(victim));
        runReverting(stranger, calls(spoofed), notAttested(address(stranger), 0, spoofed));
        bytes memory reason = notAttested(address(forwarder), 0, spoofed);
        vm.prank(victim);
        vm.expectRevert(reason);
        forwarder.forward(address(till), tick(1));

        // Of a forwarded call both the forwarder and the appended signer are attested.
        CallAction memory action = actionOf(address(till), address(forwarder), 0, spoofed, POSTED);
        stranger.run(calls(posting(action)));
        bytes memory other = bytes.concat(tick(1), bytes20(address(stranger)));
        reason = notAttested(address(forwarder), 0, other);
        vm.prank(address(stranger));
        vm.expectRevert(reason);
        forwarder.forward(address(till), tick(1));
        vm.prank(victim);
        forwarder.forward(address(till), tick(1));
        assertEq(till.ticks(), 1);
    }

    function test_contextIsReadWhenTheCallComes() public {
        CallAction memory action = ours(tick(1), POSTED);
        stranger.run(calls(posting(action)));
        till.setContext("later");
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
        action.context = "later";
        action.nonce = 1;
        stranger.run(calls(posting(action)));
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 1);
    }

    // ------------------------------------------------------------------ posting and nonces

    function test_frontRunPostingChangesNothing() public {
        bytes memory posted = posting(ours(tick(1), POSTED));
        stranger.run(calls(posted));
        // The second to post is not refused, changes nothing, and nothing is there twice.
        vm.recordLogs();
        stranger.run(calls(posted));
        assertEq(vm.getRecordedLogs().length, 0);
        caller.run(calls(posted, tick(1)));
        assertEq(till.ticks(), 1);
        runReverting(caller, calls(tick(1)), notAttested(address(caller), 0, tick(1)));
    }

    function test_ofTwoPostedTheOneThatLastsLongerIsKept() public {
        CallAction memory short = ours(tick(1), POSTED);
        CallAction memory long = ours(tick(1), POSTED);
        long.nonce = 1;
        Decision memory d = decide(address(till));
        d.validUntil += 100;
        bytes memory shorter = posting(short);
        bytes memory longer = posting(long, d);
        stranger.run(calls(shorter, longer));
        stranger.run(calls(shorter));
        vm.warp(d.validUntil);
        caller.run(calls(tick(1)));
        assertEq(till.nonceBitmap(address(caller), 0), 2, "the longer one");
        vm.warp(NOW);
        stranger.run(calls(shorter));
        caller.run(calls(tick(1)));
        assertEq(till.nonceBitmap(address(caller), 0), 3);
    }

    function test_deadPostedGivesWay() public {
        CallAction memory dead = ours(tick(1), POSTED);
        Decision memory d = decide(address(till));
        d.validUntil += 100;
        stranger.run(calls(posting(dead, d)));
        vm.prank(address(caller));
        till.invalidateNonces(0, 1);
        CallAction memory live = ours(tick(1), POSTED);
        live.nonce = 1;
        stranger.run(calls(posting(live)));
        caller.run(calls(tick(1)));
        assertEq(till.ticks(), 1);
    }

    function test_presentedComesBeforePosted() public {
        stranger.run(calls(posting(ours(tick(1), POSTED))));
        CallAction memory action = ours(tick(1), PRESENTED);
        action.nonce = 9;
        caller.run(calls(presenting(action), tick(1)));
        assertEq(till.nonceBitmap(address(caller), 0), 1 << 9);
        caller.run(calls(tick(1)));
        assertEq(till.nonceBitmap(address(caller), 0), (1 << 9) | 1);
    }

    function test_nonceIsUsedOnceWhateverBringsIt() public {
        // Presented and posted, two calls, one nonce.
        stranger.run(calls(posting(ours(tick(2), POSTED))));
        caller.run(calls(presenting(ours(tick(1), PRESENTED)), tick(1)));
        runReverting(
            caller,
            calls(tick(2)),
            abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(caller), 0)
        );
    }

    function test_invalidatedNonces() public {
        CallAction memory action = ours(tick(1), POSTED);
        action.nonce = 259;
        bytes memory posted = posting(action);
        stranger.run(calls(posted));
        // Nobody gives up another's.
        vm.prank(address(stranger));
        till.invalidateNonces(1, type(uint256).max);
        assertEq(till.nonceBitmap(address(caller), 1), 0);

        vm.prank(address(caller));
        vm.expectEmit(address(till));
        emit IWritGuarded.NoncesInvalidated(address(caller), 1, 8);
        till.invalidateNonces(1, 8);
        bytes memory used =
            abi.encodeWithSelector(IWritGuarded.NonceUsed.selector, address(caller), 259);
        runReverting(caller, calls(tick(1)), used);
        runReverting(stranger, calls(posted), used);
    }

    function testFuzz_noncesDoNotMeet(uint64 a, uint64 b) public {
        vm.assume(a != b);
        CallAction memory action = ours(tick(1), PRESENTED);
        action.nonce = a;
        caller.run(calls(presenting(action), tick(1)));
        action.nonce = b;
        caller.run(calls(presenting(action), tick(1)));
        assertEq(till.ticks(), 2);
    }

    // ------------------------------------------------------------------ bounds

    function test_nativeBound() public {
        bytes memory pay = abi.encodeCall(Till.pay, (recipient, 10));
        for (uint8 path = PRESENTED; path <= POSTED; ++path) {
            CallAction memory action = ours(pay, path);
            action.nonce = path * 2;
            Decision memory d = decide(address(till));
            d.bounds[0].maxOut = 9;
            bytes memory bring = path == PRESENTED ? presenting(action, d) : posting(action, d);
            runReverting(
                caller,
                calls(bring, pay),
                abi.encodeWithSelector(IWritErrors.BoundExceeded.selector, 0, address(0), 9, 10)
            );
            d.bounds[0].maxOut = 10;
            bring = path == PRESENTED ? presenting(action, d) : posting(action, d);
            caller.run(calls(bring, pay));
        }
        assertEq(till.ticks(), 2);
    }

    function test_valueThatCameAlongCountsAsHeld() public {
        bytes memory pay = abi.encodeCall(Till.pay, (recipient, 5));
        CallAction memory action = ours(pay, PRESENTED);
        action.value = 5;
        Call[] memory list = calls(presenting(action), pay);
        list[1].value = 5;
        runReverting(
            caller,
            list,
            abi.encodeWithSelector(IWritErrors.BoundExceeded.selector, 0, address(0), 0, 5)
        );
    }

    function test_tokenBounds() public {
        bytes memory pay = abi.encodeCall(Till.payToken, (IERC20(address(token)), recipient, 100));
        for (uint8 path = PRESENTED; path <= POSTED; ++path) {
            CallAction memory action = ours(pay, path);
            action.nonce = path;
            Decision memory d = decide(address(till));
            d.bounds = bounds(0, 99);
            bytes memory bring = path == PRESENTED ? presenting(action, d) : posting(action, d);
            runReverting(
                caller,
                calls(bring, pay),
                abi.encodeWithSelector(
                    IWritErrors.BoundExceeded.selector, 1, address(token), 99, 100
                )
            );
            d.bounds[1].maxOut = 100;
            bring = path == PRESENTED ? presenting(action, d) : posting(action, d);
            caller.run(calls(bring, pay));
        }
        assertEq(token.balanceOf(recipient), 200);
    }

    /// @dev As many as there may be, each in its place, also where they share words.
    function testFuzz_everyBoundHolds(uint8 count, uint8 which, bool post) public {
        count = uint8(bound(count, 2, 8));
        which = uint8(bound(which, 1, count - 1));
        Decision memory d = decide(address(till));
        d.bounds = new Bound[](count);
        for (uint160 i = 1; i < count; ++i) {
            address at = address(0x1000 + i);
            vm.etch(at, address(token).code);
            // The balance of the till, in the mapping at slot 0.
            vm.store(at, keccak256(abi.encode(address(till), 0)), bytes32(uint256(1000)));
            d.bounds[i] = Bound(1, at, uint128(10 * i), 0);
        }
        IERC20 asset = IERC20(d.bounds[which].asset);
        uint256 most = d.bounds[which].maxOut;
        bytes memory pay = abi.encodeCall(Till.payToken, (asset, recipient, most + 1));
        CallAction memory action = ours(pay, post ? POSTED : PRESENTED);
        runReverting(
            caller,
            calls(post ? posting(action, d) : presenting(action, d), pay),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 1, address(asset), most, most + 1
            )
        );
        pay = abi.encodeCall(Till.payToken, (asset, recipient, most));
        action = ours(pay, post ? POSTED : PRESENTED);
        caller.run(calls(post ? posting(action, d) : presenting(action, d), pay));
        assertEq(asset.balanceOf(recipient), most);
    }

    function test_unreadableBalanceIsRefused() public {
        UnreadableToken unreadable = new UnreadableToken();
        CallAction memory action = ours(tick(1), PRESENTED);
        Decision memory d = decide(address(till));
        d.bounds = bounds(0, 0);
        d.bounds[1].asset = address(unreadable);
        runReverting(
            caller,
            calls(presenting(action, d), tick(1)),
            abi.encodeWithSelector(IWritErrors.BalanceUnreadable.selector, unreadable)
        );
    }

    function test_boundsHoldWhatHappensInside() public {
        // What leaves through an open way inside of an attested call counts against its bound.
        PaidCaller payee = new PaidCaller();
        bytes memory pay = abi.encodeCall(Till.pay, (address(payee), 1));
        CallAction memory action = actionOf(address(till), address(payee), 0, pay, PRESENTED);
        Decision memory d = decide(address(till));
        d.bounds[0].maxOut = 1;
        payee.onPaid(Call(address(till), 0, abi.encodeCall(Till.leave, (recipient, 1))));
        runReverting(
            payee,
            calls(presenting(action, d), pay),
            abi.encodeWithSelector(IWritErrors.BoundExceeded.selector, 0, address(0), 1, 2)
        );
    }
}

/// @notice Observe says, Off is silent, and neither refuses.
contract GuardedModesTest is GuardedTest {
    Mode internal mode = Mode.Observe;

    function guardConfiguration() internal view override returns (Configuration memory c) {
        c = super.guardConfiguration();
        c.mode = mode;
    }

    function expectWouldBlock(bytes4 selector, bytes4 reason) internal {
        vm.expectEmit(address(till));
        emit IWritGuarded.CallWouldBlock(address(caller), selector, reason);
    }

    function test_observeNeverRefuses() public {
        expectWouldBlock(Till.tick.selector, IWritGuarded.CallNotAttested.selector);
        caller.run(calls(tick(1)));

        CallAction memory action = ours(tick(1), PRESENTED);
        Decision memory d = decide(address(till));
        d.revision = 9;
        expectWouldBlock(IWritGuarded.present.selector, IWritErrors.RevisionMismatch.selector);
        expectWouldBlock(Till.tick.selector, IWritGuarded.CallNotAttested.selector);
        caller.run(calls(presenting(action, d), tick(1)));

        d = decide(address(till));
        d.policy = "other";
        expectWouldBlock(IWritGuarded.post.selector, IWritErrors.InvalidQuorum.selector);
        stranger.run(calls(posting(action, d)));

        expectWouldBlock(IWritGuarded.present.selector, IWritErrors.MalformedAttestation.selector);
        vm.prank(address(caller));
        till.present(expected(action), "");
        assertEq(till.ticks(), 2);
    }

    function test_observeAdmitsAsEnforceDoes() public {
        CallAction memory action = ours(tick(1), PRESENTED);
        vm.expectEmit(address(till));
        emit IWritGuarded.CallAdmitted(address(caller), 0, PRESENTED, action.callData);
        caller.run(calls(presenting(action), tick(1)));
        expectWouldBlock(IWritGuarded.present.selector, IWritGuarded.NonceUsed.selector);
        expectWouldBlock(Till.tick.selector, IWritGuarded.CallNotAttested.selector);
        caller.run(calls(presenting(action), tick(1)));
    }

    function test_observeOfExpiredUsedAndUnbounded() public {
        Decision memory d = decide(address(till));
        stranger.run(calls(posting(ours(tick(1), POSTED), d)));
        vm.warp(d.validUntil + 1);
        expectWouldBlock(Till.tick.selector, IWritGuarded.AttestationExpired.selector);
        caller.run(calls(tick(1)));

        stranger.run(calls(posting(ours(tick(1), POSTED))));
        vm.prank(address(caller));
        till.invalidateNonces(0, 1);
        expectWouldBlock(Till.tick.selector, IWritGuarded.NonceUsed.selector);
        caller.run(calls(tick(1)));

        bytes memory pay = abi.encodeCall(Till.pay, (recipient, 1));
        CallAction memory action = ours(pay, PRESENTED);
        action.nonce = 1;
        d = decide(address(till));
        d.bounds = bounds(0, 0);
        d.bounds[1].asset = address(new UnreadableToken());
        expectWouldBlock(Till.pay.selector, IWritErrors.BalanceUnreadable.selector);
        expectWouldBlock(Till.pay.selector, IWritErrors.BoundExceeded.selector);
        caller.run(calls(presenting(action, d), pay));
        assertEq(recipient.balance, 1);
    }

    function test_offAsksNothingAndKeepsNothing() public {
        mode = Mode.Off;
        till = newTill(guardConfiguration());
        vm.recordLogs();
        CallAction memory action = ours(tick(1), POSTED);
        stranger.run(calls(posting(action)));
        vm.prank(address(caller));
        till.present(expected(action), "");
        caller.run(calls(tick(1)));
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(till.ticks(), 1);
        assertEq(till.nonceBitmap(address(caller), 0), 0);
    }
}
