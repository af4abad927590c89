// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "../utils/Attestor.sol";
import {Safes} from "../utils/Safes.sol";
import {ContractOwner, Together} from "./Mocks.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {SafeCall} from "writ/interfaces/SafeTypes.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Owners' transactions of a guarded Safe
contract SafeTransactionsTest is SafeTest {
    // ------------------------------------------------------------------ what works

    function test_supportsTheInterfacesThatASafeAsksFor() public view {
        assertTrue(guard.supportsInterface(0xe6d7a83a));
        assertTrue(guard.supportsInterface(0x58401ed8));
        assertTrue(guard.supportsInterface(type(IERC165).interfaceId));
        assertFalse(guard.supportsInterface(0xffffffff));
    }

    function test_attestedTransactionRuns() public {
        SafeTx memory t = pay(1 ether);
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallAdmitted(
            address(safe), address(safe), recipient, uint64(safe.nonce()), PRESENTED, keccak256("")
        );
        assertTrue(run(t));
        assertEq(recipient.balance, 1 ether);
    }

    function test_anyoneRelays() public {
        SafeTx memory t = pay(1);
        bytes memory data = exec(t, bytes.concat(signed(t), attestation(t)));
        vm.prank(makeAddr("anyone"));
        (bool success,) = address(safe).call(data);
        assertTrue(success);
        assertEq(recipient.balance, 1);
    }

    function test_postedAttestationNeedsNoSuffix() public {
        SafeTx memory t = pay(1 ether);
        post(callOf(t));
        vm.warp(NOW + 600);
        assertTrue(execute(t));
        assertEq(recipient.balance, 1 ether);
    }

    function test_presentedInTheSameTransaction() public {
        SafeTx memory t = pay(1 ether);
        SafeCall memory call = callOf(t);
        Together both = new Together();
        both.run(
            address(guard),
            abi.encodeCall(guard.present, (call, attest(call, PRESENTED))),
            address(safe),
            exec(t, signed(t))
        );
        assertEq(recipient.balance, 1 ether);
    }

    function test_presentedBeforeIsGone() public {
        SafeTx memory t = pay(1 ether);
        SafeCall memory call = callOf(t);
        guard.present(call, attest(call, PRESENTED));
        refused(t);
    }

    function test_batchByDelegatecallRuns() public {
        SafeTx memory t = batch(_twoPayments());
        assertTrue(run(t));
        assertEq(recipient.balance, 3);
        assertEq(token.balanceOf(recipient), 7);
    }

    function test_anAttestedFailureIsOverAsWell() public {
        SafeTx memory t = transaction(address(token), 0, hex"deadbeef", CALL);
        t.safeTxGas = 100_000;
        uint256 nonce = safe.nonce();
        assertFalse(run(t));
        assertEq(safe.nonce(), nonce + 1);
    }

    function test_ownersSettingsByCallsToItself() public {
        address third = makeAddr("third owner");
        assertTrue(run(self(abi.encodeCall(safe.addOwnerWithThreshold, (third, 2)))));
        assertTrue(safe.isOwner(third));
        address other = makeAddr("another module");
        assertTrue(run(self(abi.encodeCall(safe.enableModule, (other)))));
        assertTrue(safe.isModuleEnabled(other));
    }

    function testFuzz_theHashIsTheSafes(SafeTx memory t) public {
        t.operation %= 2;
        t.gasPrice = 0;
        vm.assume(t.to != address(guard));
        // What the guard says it wants is what the Safe says it is.
        refused(t);
    }

    // ------------------------------------------------------------------ what does not

    function test_withoutAttestationIsRefused() public {
        refused(pay(1));
        refused(pay(0));
        refused(batch(""));
        refused(self(abi.encodeCall(safe.changeThreshold, (1))));
    }

    /// @dev One bit of what the owners signed, or of what the operators signed, changed: nothing runs.
    function testFuzz_anyOtherTransactionIsRefused(uint8 what, uint256 bit) public {
        SafeTx memory t = payToken(1);
        SafeCall memory call = callOf(t);
        Decision memory d = decide();
        uint8 path = PRESENTED;
        what = what % 13;
        uint160 flip = uint160(1 << (bit % 160));
        if (what == 0) call.safe = address(uint160(call.safe) ^ flip);
        if (what == 1) call.caller = address(uint160(call.caller) ^ flip);
        if (what == 2) call.target = address(uint160(call.target) ^ flip);
        if (what == 3) call.value ^= 1 << (bit % 256);
        if (what == 4) call.callData ^= bytes32(uint256(1) << (bit % 256));
        if (what == 5) call.operation ^= uint8(1 << (bit % 8));
        if (what == 6) call.context ^= bytes32(uint256(1) << (bit % 256));
        if (what == 7) call.nonce ^= uint64(1 << (bit % 64));
        if (what == 8) path ^= uint8(1 << (bit % 8));
        if (what == 9) d.policy ^= bytes32(uint256(1) << (bit % 256));
        if (what == 10) d.module = address(uint160(d.module) ^ flip);
        if (what == 11) d.chainId ^= 1 << (bit % 64);
        bytes memory suffixed = attest(call, path, d);
        // The last of them changes what was signed after it was signed.
        if (what == 12) suffixed[128 + 37 + bit % 37] ^= bytes1(uint8(1 << (bit % 8)));
        vm.prank(relayer);
        (bool success,) = address(safe).call(exec(t, bytes.concat(signed(t), suffixed)));
        assertFalse(success);
        assertTrue(run(t), "the same, unchanged");
    }

    /// @dev Gas and refund are in the safeTxHash: what was attested without a refund runs without one.
    function test_attestedWithoutRefundIsNotRefunded() public {
        SafeTx memory t = pay(1);
        bytes memory suffixed = attestation(t);
        t.gasPrice = 1;
        t.baseGas = 1e18;
        t.refundReceiver = relayer;
        reverts(
            t,
            bytes.concat(signed(t), suffixed),
            abi.encodePacked(IWritErrors.InvalidQuorum.selector)
        );
    }

    /// @dev The refund counts against the bounds, for it is paid before the check after the execution.
    function test_refundIsBounded() public {
        SafeTx memory t = pay(1);
        address refunded = makeAddr("refunded");
        (t.gasPrice, t.baseGas, t.refundReceiver) = (1, 10_000, refunded);
        t.gasToken = address(token);
        bytes memory data = exec(t, bytes.concat(signed(t), attestation(t)));
        vm.prank(relayer, relayer);
        (bool success, bytes memory result) = address(safe).call(data);
        assertFalse(success);
        assertEq(bytes4(result), IWritErrors.BoundExceeded.selector);

        Decision memory d = decide();
        d.bounds = bounds(1, 900_000);
        assertTrue(run(t, d));
        assertGt(token.balanceOf(refunded), 10_000);
    }

    function test_moreNativeThanAttestedReverts() public {
        runReverting(
            pay(1 ether + 1),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 0, address(0), 1 ether, 1 ether + 1
            )
        );
    }

    function test_moreTokensThanAttestedReverts() public {
        runReverting(
            payToken(1001),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 1, address(token), 1000, 1001
            )
        );
        assertTrue(run(payToken(1000)));
    }

    function test_moreByDelegatecallThanAttestedReverts() public {
        Decision memory d = decide();
        d.bounds = bounds(2, 1000);
        runReverting(
            batch(_twoPayments()),
            d,
            abi.encodeWithSelector(IWritErrors.BoundExceeded.selector, 0, address(0), 2, 3)
        );
    }

    function testFuzz_boundsHoldExactly(uint64 sent, uint64 bound_) public {
        Decision memory d = decide();
        d.bounds = onlyNative(bound_);
        vm.prank(relayer);
        SafeTx memory t = pay(sent);
        assertEq(_tries(t, d), sent <= bound_);
        assertEq(recipient.balance, sent <= bound_ ? sent : 0);
    }

    function test_afterItsWindowIsRefused() public {
        SafeTx memory t = pay(1);
        Decision memory d = decide();
        bytes memory late = bytes.concat(signed(t), attest(callOf(t), PRESENTED, d));
        post(callOf(t));
        vm.warp(d.validUntil + 1);
        reverts(
            t,
            late,
            abi.encodeWithSelector(
                IWritErrors.OutsideValidity.selector, d.validAfter, d.validUntil, d.validUntil + 1
            )
        );
        reverts(
            t,
            signed(t),
            abi.encodeWithSelector(
                IWritSafeGuard.AttestationExpired.selector, d.validUntil, d.validUntil + 1
            )
        );
    }

    function test_underAnotherRevisionIsRefused() public {
        SafeTx memory t = pay(1);
        SafeCall memory call = callOf(t);
        post(call);
        vm.prank(address(safe));
        guard.revokeAttestations();
        refused(t);
        Decision memory d = decide();
        --d.revision;
        runReverting(
            t,
            d,
            abi.encodeWithSelector(
                IWritErrors.RevisionMismatch.selector, d.revision, d.revision + 1
            )
        );
    }

    /// @dev A posted one of a transaction that never came admits nothing at the next nonce.
    function test_postedForAnotherNonceIsRefused() public {
        SafeTx memory t = pay(1);
        post(callOf(t));
        assertTrue(run(pay(2)));
        refused(t);
    }

    /// @dev Operators that name another nonce beside the right hash admit nothing.
    function test_postedWithAnotherNonceBesideTheHashIsRefused() public {
        SafeTx memory t = pay(1);
        SafeCall memory call = callOf(t);
        ++call.nonce;
        post(call);
        refused(t);
    }

    // ------------------------------------------------------------------ what stands behind the signatures

    function test_malformedSuffixIsRefused() public {
        SafeTx memory t = pay(1);
        bytes memory good = attestation(t);
        bytes memory owners = signed(t);
        bytes memory malformed = abi.encodePacked(IWritErrors.MalformedAttestation.selector);
        // Twice.
        reverts(t, bytes.concat(owners, good, good), malformed);
        // A length that reaches into the owners' signatures, or beyond all.
        bytes memory longer = bytes.concat(owners, good);
        longer[longer.length - 10] = 0xff;
        reverts(t, longer, malformed);
        uint256 length = uint256(uint8(good[good.length - 9])) + 1;
        longer = bytes.concat(owners, good);
        longer[longer.length - 9] = bytes1(uint8(length));
        vm.prank(relayer);
        (bool success,) = address(safe).call(exec(t, longer));
        assertFalse(success);
        // Something behind it: then it is none.
        reverts(
            t,
            bytes.concat(owners, good, hex"00"),
            abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, callOf(t))
        );
        assertTrue(run(t));
    }

    function testFuzz_cutSuffixIsRefused(uint16 cut) public {
        SafeTx memory t = pay(1);
        bytes memory whole = bytes.concat(signed(t), attestation(t));
        uint256 length = bound(cut, 130, whole.length - 1);
        bytes memory shorter = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            shorter[i] = whole[i];
        }
        vm.prank(relayer);
        (bool success,) = address(safe).call(exec(t, shorter));
        assertFalse(success);
    }

    /// @dev A contract among the owners signs in the dynamic part, behind which the suffix stands.
    function test_contractSignaturesLeaveRoomForTheSuffix() public {
        ContractOwner contractOwner = new ContractOwner();
        assertTrue(
            run(self(abi.encodeCall(safe.addOwnerWithThreshold, (address(contractOwner), 2))))
        );
        SafeTx memory t = pay(1);
        bytes32 hash = hashOf(safe, t, safe.nonce());
        bytes memory byContract =
            abi.encodePacked(uint256(uint160(address(contractOwner))), uint256(130), uint8(0));
        bytes memory byKey = signBy(FIRST_OWNER, hash);
        bytes memory fixed_ = address(contractOwner) < vm.addr(FIRST_OWNER)
            ? bytes.concat(byContract, byKey)
            : bytes.concat(byKey, byContract);
        bytes memory dynamic = abi.encodePacked(uint256(5), "hello");
        reverts(
            t,
            bytes.concat(fixed_, dynamic),
            abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, callOf(t))
        );
        assertTrue(send(safe, exec(t, bytes.concat(fixed_, dynamic, attestation(t)))));
        assertEq(recipient.balance, 1);
    }

    function test_approvedHashesNeedTheAttestationAsWell() public {
        SafeTx memory t = pay(1);
        bytes32 hash = hashOf(safe, t, safe.nonce());
        (address first, address second) = (vm.addr(FIRST_OWNER), vm.addr(SECOND_OWNER));
        vm.prank(first);
        safe.approveHash(hash);
        (first, second) = first < second ? (first, second) : (second, first);
        bytes memory approved = abi.encodePacked(
            uint256(uint160(first)),
            uint256(0),
            uint8(1),
            uint256(uint160(second)),
            uint256(0),
            uint8(1)
        );
        revertsAs(
            vm.addr(SECOND_OWNER),
            exec(t, approved),
            abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, callOf(t))
        );
        bytes memory data = exec(t, bytes.concat(approved, attestation(t)));
        vm.prank(vm.addr(SECOND_OWNER));
        (bool success,) = address(safe).call(data);
        assertTrue(success);
    }

    // ------------------------------------------------------------------ modes

    function test_observeRefusesNothingAndLogs() public {
        _observe();
        SafeTx memory t = pay(1);
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), address(safe), IWritSafeGuard.CallNotAttested.selector
        );
        assertTrue(execute(t));

        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), address(safe), IWritErrors.BoundExceeded.selector
        );
        assertTrue(run(pay(2 ether)));

        t = pay(1);
        bytes memory good = attestation(t);
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), address(safe), IWritErrors.MalformedAttestation.selector
        );
        assertTrue(send(safe, exec(t, bytes.concat(signed(t), good, good))));

        t = self(abi.encodeCall(safe.setFallbackHandler, (address(1))));
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), address(safe), IWritSafeGuard.SafeChanged.selector
        );
        assertTrue(run(t));
    }

    /// @dev Whatever stands behind the signatures, Observe lets it pass.
    function testFuzz_observeNeverReverts(bytes memory behind, bool magic, uint16 length) public {
        _observe();
        if (magic) behind = abi.encodePacked(behind, length, bytes8(0x668a63987bdc83a5));
        SafeTx memory t = pay(1);
        assertTrue(send(safe, exec(t, bytes.concat(signed(t), behind))));
        assertEq(recipient.balance, 1);
    }

    function _observe() private {
        safe = newSafe();
        vm.label(address(safe), "observed Safe");
        Configuration memory c = guardConfiguration();
        c.mode = Mode.Observe;
        install(c);
    }

    function _tries(SafeTx memory t, Decision memory d) private returns (bool success) {
        bytes memory data = exec(t, bytes.concat(signed(t), attest(callOf(t), PRESENTED, d)));
        vm.prank(relayer);
        (success,) = address(safe).call(data);
    }

    function _twoPayments() private view returns (bytes memory) {
        return bytes.concat(
            Safes.part(CALL, recipient, 3, ""),
            Safes.part(CALL, address(token), 0, abi.encodeCall(token.transfer, (recipient, 7)))
        );
    }
}
