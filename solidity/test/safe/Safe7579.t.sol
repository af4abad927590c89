// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {OpenExecutor} from "../mocks/Mocks.sol";
import {SafeFixture} from "./Safe7579Test.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Execution, IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Mode} from "writ/interfaces/WritTypes.sol";

/// @title A Safe 1.5 that is an ERC-7579 account as well, with the WritModule, and with both guards
contract GuardedSafe7579Test is SafeFixture {
    function test_theGuardKnowsTheAdaptersEntryPoint() public view {
        assertEq(guard.ENTRY_POINT(), address(entryPoint));
        assertEq(guard.ADAPTER(), adapter);
        assertEq(guard.MODULE(), address(module));
        (bool transactions, bool modules) = guard.enforcementOf(address(account));
        assertTrue(transactions && modules);
    }

    // ------------------------------------------------------------------ what works

    function test_attestedOperationRuns() public {
        assertTrue(runs(sendNative(1)));
        assertEq(recipient.balance, 1);
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(recipient, 1, "");
        calls[1] = Execution(address(token), 0, abi.encodeCall(token.transfer, (recipient, 2)));
        assertTrue(runs(executeBatch(calls)));
        assertEq(recipient.balance, 2);
        assertEq(token.balanceOf(recipient), 2);
        assertTrue(
            runs(
                abi.encodeCall(
                    IERC7579Execution.execute, (SINGLE_TRY, abi.encodePacked(recipient, uint256(1)))
                )
            )
        );
        assertEq(recipient.balance, 3);
    }

    /// @dev Without a deposit the adapter pays the EntryPoint out of the Safe, in validation.
    function test_theSafePaysTheEntryPoint() public {
        vm.prank(address(account));
        entryPoint.withdrawTo(payable(relayer), 10 ether);
        assertEq(entryPoint.balanceOf(address(account)), 0);
        uint256 before = address(account).balance;
        assertTrue(runs(sendNative(1)));
        assertLt(address(account).balance, before - 1);
    }

    /// @dev In validation nothing of the guard is read or written: also while an exit is announced, when other paths ask the clock.
    function test_validationTouchesNothingOfTheGuard() public {
        announceOfGuard();
        PackedUserOperation memory op = attested(operation(account, 0, sendNative(1)));
        bytes memory validating = _validating(op);
        vm.record();
        vm.prank(address(entryPoint));
        (bool success,) = address(account).call(validating);
        assertTrue(success);
        (bytes32[] memory reads, bytes32[] memory writes) = vm.accesses(address(guard));
        assertEq(reads.length, 0);
        assertEq(writes.length, 0);
    }

    // ------------------------------------------------------------------ what does not

    function test_ownersNeedAnAttestation() public {
        assertFalse(byOwners(recipient, 1, ""));
        assertEq(recipient.balance, 0);
    }

    function test_modulesOfTheSafeNeedAnAttestation() public {
        address other = makeAddr("another module of the Safe");
        assertTrue(
            runs(executeCall(address(account), 0, abi.encodeCall(safe.enableModule, (other))))
        );
        assertTrue(safe.isModuleEnabled(other));
        vm.prank(other);
        vm.expectRevert();
        safe.execTransactionFromModule(recipient, 1, "", 0);
    }

    /// @dev An attested operation is no consent to leave the guard.
    function test_guardsStay() public {
        assertFalse(
            runs(executeCall(address(account), 0, abi.encodeCall(safe.setGuard, (address(0)))))
        );
        assertFalse(
            runs(
                executeCall(address(account), 0, abi.encodeCall(safe.setModuleGuard, (address(0))))
            )
        );
        Execution[] memory calls = new Execution[](1);
        calls[0] = Execution(address(account), 0, abi.encodeCall(safe.setModuleGuard, (address(0))));
        assertFalse(runs(executeBatch(calls)));
        assertEq(slotOf(safe, GUARD_SLOT), address(guard));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(guard));
    }

    /// @dev The hook lets `uninstallModule` pass, the guard does not: nothing is under way.
    function test_uninstallingByAnotherValidatorIsRefused() public {
        assertTrue(installYes());
        byOther(uninstallHook());
        assertTrue(hasHook());
    }

    /// @dev Who is no adapter opens no frame of the module, though it makes the Safe say the same.
    function test_anotherModuleOpensNoFrame() public {
        address other = makeAddr("another module of the Safe");
        assertTrue(
            runs(executeCall(address(account), 0, abi.encodeCall(safe.enableModule, (other))))
        );
        bytes memory opening = abi.encodeCall(
            module.preCheck, (address(entryPoint), 0, bytes.concat(sendNative(1), new bytes(20)))
        );
        vm.prank(other);
        vm.expectRevert();
        safe.execTransactionFromModule(address(module), 0, opening, 0);
    }

    /// @dev The adapter validates nothing for strangers, so that nobody but the EntryPoint makes the Safe pay.
    function test_strangersMakeTheSafePayNothing() public {
        PackedUserOperation memory op = attested(operation(account, 0, sendNative(1)));
        bytes memory validating = _validating(op);
        uint256 before = address(account).balance;
        vm.prank(relayer);
        (bool success,) = address(account).call(validating);
        assertFalse(success);
        vm.prank(relayer);
        (success,) = adapter.call(validating);
        assertFalse(success);
        assertEq(address(account).balance, before);
    }

    /// @dev What the adapter does beside validating needs an operation under way: the module's own exit opens nothing here.
    function test_theModulesExitIsNotTheGuards() public {
        announceOfModule();
        vm.warp(NOW + 2 days + 1);
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        assertFalse(ran(op));
        announceOfGuard();
        vm.warp(NOW + 4 days + 2);
        op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        assertTrue(ran(op));
        assertEq(recipient.balance, 1);
    }

    /// @dev Executors never inherit a frame, and have none of their own.
    function test_executorsAreRefused() public {
        OpenExecutor executor = new OpenExecutor();
        assertTrue(installExecutor(address(executor)));
        vm.expectRevert();
        executor.run(address(account), SINGLE, abi.encodePacked(recipient, uint256(1)));
    }

    function test_ownersLeaveWithoutOperators() public {
        announceOfGuard();
        assertFalse(byOwners(recipient, 1, ""));
        vm.warp(NOW + 2 days + 1);
        assertTrue(byOwners(recipient, 1, ""));
        assertTrue(byOwners(address(account), 0, abi.encodeCall(safe.setGuard, (address(0)))));
    }

    /// @dev As the EntryPoint calls it, the sender appended by nobody.
    function _validating(PackedUserOperation memory op) private view returns (bytes memory) {
        return abi.encodeWithSignature(
            "validateUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32,uint256)",
            op,
            entryPoint.getUserOpHash(op),
            1 ether
        );
    }
}
