// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "../utils/Attestor.sol";
import {Parts} from "./Parts.sol";
import {Path} from "./Path.sol";
import {
    IAccountExecute,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    Execution,
    IERC7579Execution,
    IERC7579Module,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title What an owner wants to go through, and what executes or signs without operators
abstract contract Ways is Parts {
    // ------------------------------------------------------------------ wanted

    function test_attestedCall() public {
        check(Path.AttestedCall, attestedCall);
    }

    function attestedCall() internal returns (bool) {
        return runs(sendNative(1)) && recipient.balance == 1;
    }

    function test_attestedBatch() public {
        check(Path.AttestedBatch, attestedBatch);
    }

    function attestedBatch() internal returns (bool) {
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(recipient, 1, "");
        calls[1] = Execution(address(token), 0, abi.encodeCall(token.transfer, (recipient, 2)));
        return
            runs(executeBatch(calls)) && recipient.balance == 1 && token.balanceOf(recipient) == 2;
    }

    function test_attestedTry() public {
        check(Path.AttestedTry, attestedTry);
    }

    function attestedTry() internal returns (bool) {
        return runs(sendIn(SINGLE_TRY, 1)) && recipient.balance == 1;
    }

    function test_attestedStatic() public {
        check(Path.AttestedStatic, attestedStatic);
    }

    function attestedStatic() internal returns (bool) {
        bytes memory asked = abi.encodeCall(token.balanceOf, (recipient));
        return runs(
            abi.encodeCall(
                IERC7579Execution.execute, (STATIC, abi.encodePacked(address(token), asked))
            )
        );
    }

    function test_attestedDelegatecall() public {
        check(Path.AttestedDelegatecall, attestedDelegatecall);
    }

    function attestedDelegatecall() internal returns (bool) {
        uint256 slot = uint256(keccak256("free"));
        return runs(delegateWrite(slot, 1))
            && vm.load(address(account), bytes32(slot)) == bytes32(uint256(1));
    }

    function test_attestedEmptyBatch() public {
        check(Path.AttestedEmptyBatch, attestedEmptyBatch);
    }

    function attestedEmptyBatch() internal returns (bool) {
        return runs(executeBatch(new Execution[](0)));
    }

    function test_attestedExecuteUserOp() public {
        check(Path.AttestedExecuteUserOp, attestedExecuteUserOp);
    }

    function attestedExecuteUserOp() internal returns (bool) {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.callData = abi.encodePacked(IAccountExecute.executeUserOp.selector, sendNative(1));
        return ran(attested(op)) && recipient.balance == 1;
    }

    function test_attestedSelfCall() public {
        check(Path.AttestedSelfCall, attestedSelfCall);
    }

    function attestedSelfCall() internal returns (bool) {
        return runs(executeCall(address(account), 0, sendNative(1))) && recipient.balance == 1;
    }

    function test_twoOperations() public {
        check(Path.TwoOperations, twoOperations);
    }

    function twoOperations() internal returns (bool) {
        PackedUserOperation memory first = attested(operation(account, 0, sendNative(1)));
        PackedUserOperation memory second = attested(operation(account, 1, sendNative(2)));
        return included(two(first, second)) && recipient.balance == 3;
    }

    function test_exitAfterDelay() public {
        check(Path.ExitAfterDelay, exitAfterDelay);
    }

    function exitAfterDelay() internal returns (bool) {
        announce();
        if (unattested(sendNative(1))) return false;
        vm.warp(block.timestamp + 2 days + 1);
        return unattested(sendNative(1)) && recipient.balance == 1;
    }

    function test_uninstallAfterExit() public {
        check(Path.UninstallAfterExit, uninstallAfterExit);
    }

    function uninstallAfterExit() internal returns (bool) {
        announce();
        vm.warp(block.timestamp + 2 days + 1);
        return leave() && !state(address(account)).validatorInstalled
            && !state(address(account)).hookInstalled && !module.isInitialized(address(account));
    }

    function test_installAgain() public {
        check(Path.InstallAgain, installAgain);
    }

    function installAgain() internal returns (bool) {
        PackedUserOperation memory old = attested(operation(account, 9, sendNative(1)));
        announce();
        vm.warp(block.timestamp + 2 days + 1);
        if (!leave()) return false;
        comeBack();
        Decision memory d = decision(old);
        d.revision = 1;
        if (included(one(attach(old, d)))) return false;
        return state(address(account)).revision > 1 && attestedCall();
    }

    // ------------------------------------------------------------------ unattested execution

    function test_unattested() public {
        check(Path.Unattested, unattestedCall);
    }

    function unattestedCall() internal returns (bool) {
        return unattested(sendNative(1)) && recipient.balance == 1;
    }

    function test_otherCalldata() public {
        check(Path.OtherCalldata, otherCalldata);
    }

    function otherCalldata() internal returns (bool) {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        bytes memory forAnother = suffix(op, decision(op));
        op.callData = wrap(sendNative(2));
        op.signature = bytes.concat(ownerSigns(op), forAnother);
        return ran(op) && recipient.balance == 2;
    }

    function test_boundExceeded() public {
        check(Path.BoundExceeded, boundExceeded);
    }

    function boundExceeded() internal returns (bool) {
        return runs(sendNative(2 ether)) && recipient.balance == 2 ether;
    }

    function test_boundExceededByTry() public {
        check(Path.BoundExceededByTry, boundExceededByTry);
    }

    function boundExceededByTry() internal returns (bool) {
        return runs(sendIn(SINGLE_TRY, 2 ether)) && recipient.balance == 2 ether;
    }

    function test_boundExceededBySelfCall() public {
        check(Path.BoundExceededBySelfCall, boundExceededBySelfCall);
    }

    function boundExceededBySelfCall() internal returns (bool) {
        return
            runs(executeCall(address(account), 0, sendNative(2 ether)))
                && recipient.balance == 2 ether;
    }

    function test_unknownValidator() public {
        check(Path.UnknownValidator, unknownValidator);
    }

    function unknownValidator() internal virtual returns (bool) {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.nonce = entryPoint.getNonce(address(account), nonceKey(makeAddr("unknown"), 0));
        op.signature = ownerSigns(op);
        return ran(op) && recipient.balance == 1;
    }

    function test_otherValidator() public {
        check(Path.OtherValidator, otherValidator);
    }

    function otherValidator() internal returns (bool) {
        return install(MODULE_TYPE_VALIDATOR, address(yes), "") && byOther(sendNative(1))
            && recipient.balance == 1;
    }

    function test_otherValidatorUnhooked() public {
        check(Path.OtherValidatorUnhooked, otherValidatorUnhooked);
    }

    function otherValidatorUnhooked() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_entryPointAlone() public {
        check(Path.EntryPointAlone, entryPointAlone);
    }

    function entryPointAlone() internal returns (bool) {
        vm.prank(address(entryPoint));
        (bool success,) = address(account).call(sendNative(1));
        return success && recipient.balance == 1;
    }

    function test_executor() public {
        check(Path.Executor, executorAlone);
    }

    function executorAlone() internal returns (bool) {
        return install(MODULE_TYPE_EXECUTOR, address(executor), "") && executorRuns();
    }

    function test_executorInFrame() public {
        check(Path.ExecutorInFrame, executorInFrame);
    }

    function executorInFrame() internal returns (bool) {
        bytes memory calling = abi.encodeCall(
            executor.run, (address(account), SINGLE, abi.encodePacked(recipient, uint256(1)))
        );
        return install(MODULE_TYPE_EXECUTOR, address(executor), "")
            && runs(executeCall(address(executor), 0, calling)) && recipient.balance == 1;
    }

    function test_executorUnhooked() public {
        check(Path.ExecutorUnhooked, executorUnhooked);
    }

    function executorUnhooked() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_fallback() public {
        check(Path.Fallback, fallbackCall);
    }

    function fallbackCall() internal returns (bool) {
        return installFallback(ASKED, address(handler), CALL_TYPE_SINGLE) && fallbackAnswers();
    }

    function test_fallbackUnhooked() public {
        check(Path.FallbackUnhooked, fallbackUnhooked);
    }

    function fallbackUnhooked() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_fallbackDelegatecall() public {
        check(Path.FallbackDelegatecall, fallbackDelegatecall);
    }

    function fallbackDelegatecall() internal returns (bool) {
        if (!installFallback(writer.write.selector, address(writer), CALL_TYPE_DELEGATE)) {
            return false;
        }
        (bool success,) = address(account).call(abi.encodeCall(writer.write, (77, 1)));
        return success && vm.load(address(account), bytes32(uint256(77))) != 0;
    }

    function test_moduleAsFallback() public {
        check(Path.ModuleAsFallback, moduleAsFallback);
    }

    function moduleAsFallback() internal returns (bool) {
        installFallback(IERC7579Module.onUninstall.selector, address(module), CALL_TYPE_SINGLE);
        (bool success,) = address(account).call(abi.encodeCall(IERC7579Module.onUninstall, ("")));
        return success && !state(address(account)).validatorInstalled;
    }

    // ------------------------------------------------------------------ signatures

    function test_signature() public {
        check(Path.Signature, signatureThroughSigner);
    }

    /// @dev The second time through any other validator: what the account does with a validator that says yes.
    function signatureThroughSigner() internal returns (bool) {
        if (signer == address(yes)) install(MODULE_TYPE_VALIDATOR, address(yes), "");
        return signs(signer);
    }

    function test_signatureByOtherValidator() public {
        check(Path.SignatureByOtherValidator, signatureByOther);
    }

    function signatureByOther() internal returns (bool) {
        return install(MODULE_TYPE_VALIDATOR, address(yes), "") && signs(address(yes));
    }
}
