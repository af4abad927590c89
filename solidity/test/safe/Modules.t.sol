// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "../utils/Attestor.sol";
import {Together} from "./Mocks.sol";
import {SafeTest} from "./SafeTest.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {SafeCall} from "writ/interfaces/SafeTypes.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Modules' transactions of a guarded Safe
contract SafeModulesTest is SafeTest {
    function test_postedCallRunsOnce() public {
        postFor(recipient, 1 ether, "", CALL, 5);
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallAdmitted(
            address(safe), safeModule, recipient, 5, POSTED, keccak256("")
        );
        assertTrue(byModule(recipient, 1 ether, "", CALL));
        assertEq(recipient.balance, 1 ether);
        assertEq(guard.nonceBitmap(address(safe), safeModule, 0), 1 << 5);
        moduleRefused(recipient, 1 ether, "", CALL);
    }

    function test_presentedByWhoeverRunsTheModule() public {
        RunsTheSafe running = new RunsTheSafe(payable(address(safe)));
        assertTrue(run(self(abi.encodeCall(safe.enableModule, (address(running))))));
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, 0);
        call.caller = address(running);
        bytes memory presenting = abi.encodeCall(guard.present, (call, attest(call, PRESENTED)));
        bytes memory paying = abi.encodeCall(running.pay, (recipient, 1));
        new Together().run(address(guard), presenting, address(running), paying);
        assertEq(recipient.balance, 1);
        // Its nonce is used: a second time it admits nothing.
        bytes memory again = attest(call, PRESENTED);
        vm.expectRevert(
            abi.encodeWithSelector(IWritSafeGuard.NonceUsed.selector, address(running), 0)
        );
        guard.present(call, again);
    }

    function test_withoutAttestationIsRefused() public {
        moduleRefused(recipient, 1, "", CALL);
        moduleRefused(address(multiSend), 0, hex"8d80ff0a", DELEGATECALL);
        moduleRefused(address(safe), 0, abi.encodeCall(safe.changeThreshold, (1)), CALL);
        vm.prank(safeModule);
        vm.expectRevert();
        safe.execTransactionFromModuleReturnData(recipient, 1, "", CALL);
    }

    function testFuzz_anyOtherCallIsRefused(uint8 what, uint256 bit) public {
        SafeCall memory call = moduleCall(recipient, 1, hex"01020304", CALL, 0);
        what = what % 6;
        uint160 flip = uint160(1 << (bit % 160));
        if (what == 0) call.caller = address(uint160(call.caller) ^ flip);
        if (what == 1) call.target = address(uint160(call.target) ^ flip);
        if (what == 2) call.value ^= 1 << (bit % 256);
        if (what == 3) call.callData ^= bytes32(uint256(1) << (bit % 256));
        if (what == 4) call.operation ^= uint8(1 << (bit % 8));
        if (what == 5) call.context ^= bytes32(uint256(1) << (bit % 256));
        post(call);
        moduleRefused(recipient, 1, hex"01020304", CALL);
    }

    /// @dev What is attested of one Safe admits nothing of another with the same module.
    function test_ofAnotherSafeIsRefused() public {
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, 0);
        call.safe = address(newSafe());
        bytes memory attested_ = attest(call, POSTED);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotInstalled.selector, call.safe));
        guard.post(call, attested_);
        call.safe = address(safe);
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        guard.post(call, attested_);
    }

    function test_presentedIsNotPosted() public {
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, 0);
        bytes memory attested_ = attest(call, PRESENTED);
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        guard.post(call, attested_);
        attested_ = attest(call, POSTED);
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        guard.present(call, attested_);
    }

    function test_moreThanAttestedReverts() public {
        postFor(recipient, 1 ether + 1, "", CALL, 0);
        moduleReverts(
            recipient,
            1 ether + 1,
            "",
            CALL,
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 0, address(0), 1 ether, 1 ether + 1
            )
        );
    }

    function test_anAttestedFailureUsesItsNonce() public {
        postFor(address(token), 0, hex"deadbeef", CALL, 2);
        assertFalse(byModule(address(token), 0, hex"deadbeef", CALL));
        moduleRefused(address(token), 0, hex"deadbeef", CALL);
        assertEq(guard.nonceBitmap(address(safe), safeModule, 0), 1 << 2);
    }

    function test_ofTwoThatWaitTheLongerStays() public {
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, 0);
        Decision memory d = decide();
        d.validUntil += 100;
        guard.post(call, attest(call, POSTED, d));
        call.nonce = 1;
        post(call);
        vm.warp(NOW + 700);
        assertTrue(byModule(recipient, 1, "", CALL));
        assertEq(guard.nonceBitmap(address(safe), safeModule, 0), 1);
    }

    function test_expiredIsRefused() public {
        postFor(recipient, 1, "", CALL, 0);
        vm.warp(NOW + 601);
        moduleReverts(
            recipient,
            1,
            "",
            CALL,
            abi.encodeWithSelector(IWritSafeGuard.AttestationExpired.selector, NOW + 600, NOW + 601)
        );
    }

    /// @dev A Safe that is a module of itself: neither does what owners attested run as a module's, nor the other way.
    function test_aSafeAsItsOwnModuleStaysAModule() public {
        assertTrue(run(self(abi.encodeCall(safe.enableModule, (address(safe))))));
        bytes memory inner =
            abi.encodeCall(safe.execTransactionFromModule, (recipient, 1, bytes(""), CALL));
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, 0);
        call.caller = address(safe);
        runReverting(
            self(inner), abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, call)
        );
        post(call);
        assertTrue(run(self(inner)));
        assertEq(recipient.balance, 1);
        assertEq(guard.nonceBitmap(address(safe), address(safe), 0), 1);
    }

    /// @dev Every module has nonces of its own.
    function testFuzz_noncesAreUsedOnce(uint64 nonce, uint64 other) public {
        postFor(recipient, 1, "", CALL, nonce);
        assertTrue(byModule(recipient, 1, "", CALL));
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, nonce);
        bytes memory attested_ = attest(call, POSTED);
        vm.expectRevert(
            abi.encodeWithSelector(IWritSafeGuard.NonceUsed.selector, safeModule, nonce)
        );
        guard.post(call, attested_);
        vm.assume(other != nonce);
        postFor(recipient, 1, "", CALL, other);
        assertTrue(byModule(recipient, 1, "", CALL));
    }

    /// @dev Two that wait for different calls under one nonce: one of them runs.
    function test_oneNonceOneCall() public {
        postFor(recipient, 1, "", CALL, 0);
        postFor(recipient, 2, "", CALL, 0);
        assertTrue(byModule(recipient, 2, "", CALL));
        moduleReverts(
            recipient,
            1,
            "",
            CALL,
            abi.encodeWithSelector(IWritSafeGuard.NonceUsed.selector, safeModule, 0)
        );
    }

    function test_observeRefusesNothingAndLogs() public {
        safe = newSafe();
        Configuration memory c = guardConfiguration();
        c.mode = Mode.Observe;
        install(c);
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), safeModule, IWritSafeGuard.CallNotAttested.selector
        );
        assertTrue(byModule(recipient, 1, "", CALL));
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), safeModule, IWritErrors.MalformedAttestation.selector
        );
        guard.post(moduleCall(recipient, 1, "", CALL, 0), "");
        postFor(recipient, 2 ether, "", CALL, 0);
        vm.expectEmit(address(guard));
        emit IWritSafeGuard.CallWouldBlock(
            address(safe), address(safe), IWritErrors.BoundExceeded.selector
        );
        assertTrue(byModule(recipient, 2 ether, "", CALL));
    }

    function test_checkCallSaysWhatEnforceWould() public {
        SafeCall memory call = moduleCall(recipient, 1, "", CALL, 0);
        guard.checkCall(call, POSTED, attest(call, POSTED));
        bytes memory other = attest(call, PRESENTED);
        vm.expectRevert(IWritErrors.InvalidQuorum.selector);
        guard.checkCall(call, POSTED, other);
    }
}

interface IRunsModules {
    function execTransactionFromModule(
        address to,
        uint256 value,
        bytes memory data,
        uint8 operation
    ) external returns (bool);
}

/// @notice A module that lets anyone pay from the Safe.
contract RunsTheSafe {
    IRunsModules private immutable SAFE;

    constructor(address payable safe) {
        SAFE = IRunsModules(safe);
    }

    function pay(address to, uint256 value) external {
        SAFE.execTransactionFromModule(to, value, "", 0);
    }
}
