// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IDevAccount} from "../utils/Contracts.sol";
import {Encodings} from "./Encodings.sol";
import {RecordingHook} from "./Mocks.sol";
import {Path} from "./Path.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title Every path on every kind of account: what really happens, against what the kind's `Facts` say
/// @notice `Ways` tries to execute, what is here to get rid of the module.
abstract contract Matrix is Encodings {
    // ------------------------------------------------------------------ what the module is given

    function test_isWhatItSays() public view {
        assertEq(account.accountId(), facts.id());
    }

    function test_whatTheValidatorAndTheHookSee() public {
        RecordingHook hook = new RecordingHook();
        account = IDevAccount(payable(create(address(yes), "", address(hook))));
        fund(address(account));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.nonce = entryPoint.getNonce(address(account), firstKey(address(yes)));
        op.signature = bytes.concat(new bytes(65), "suffix");
        send(op);
        assertEq(recipient.balance, 1);
        assertEq(hook.sender(), address(entryPoint));
        assertEq(hook.data(), seen(op.callData));
        assertEq(yes.signature(), op.signature, "the signature arrives whole");
    }

    /// @dev What the hook sees of an operation's calldata.
    function seen(bytes memory callData) internal view virtual returns (bytes memory) {
        return callData;
    }

    /// @dev The nonce key of the validator that the account came with.
    function firstKey(address validator) internal view virtual returns (uint192) {
        return nonceKey(validator, 0);
    }

    // ------------------------------------------------------------------ getting rid of the module

    function test_uninstallHook() public {
        check(Path.UninstallHook, uninstallHook);
    }

    function uninstallHook() internal returns (bool) {
        runs(removal(MODULE_TYPE_HOOK, address(module)));
        return !hasHook(address(module));
    }

    function test_uninstallValidator() public {
        check(Path.UninstallValidator, uninstallValidator);
    }

    function uninstallValidator() internal virtual returns (bool) {
        install(MODULE_TYPE_VALIDATOR, address(yes), "");
        runs(removal(MODULE_TYPE_VALIDATOR, address(module)));
        return !account.isModuleInstalled(MODULE_TYPE_VALIDATOR, address(module), "");
    }

    function test_uninstallHookBySelfCall() public {
        check(Path.UninstallHookBySelfCall, uninstallHookBySelfCall);
    }

    function uninstallHookBySelfCall() internal returns (bool) {
        runs(executeCall(address(account), 0, removal(MODULE_TYPE_HOOK, address(module))));
        return !hasHook(address(module));
    }

    function test_uninstallHookByOther() public {
        check(Path.UninstallHookByOther, uninstallHookByOther);
    }

    function uninstallHookByOther() internal returns (bool) {
        install(MODULE_TYPE_VALIDATOR, address(yes), "");
        byOther(removal(MODULE_TYPE_HOOK, address(module)));
        return !hasHook(address(module));
    }

    function test_uninstallOtherHook() public {
        check(Path.UninstallOtherHook, uninstallOtherHook);
    }

    function uninstallOtherHook() internal returns (bool) {
        runs(removal(MODULE_TYPE_HOOK, address(new RecordingHook())));
        return !hasHook(address(module));
    }

    function test_replaceHook() public {
        check(Path.ReplaceHook, replaceHook);
    }

    function replaceHook() internal virtual returns (bool) {
        install(MODULE_TYPE_HOOK, address(new RecordingHook()), "");
        return !hasHook(address(module));
    }

    function test_overwriteHook() public {
        check(Path.OverwriteHook, overwriteHook);
    }

    function overwriteHook() internal returns (bool) {
        runs(delegateWrite(hookSlot(), 0));
        return !hasHook(address(module));
    }

    function test_upgrade() public {
        check(Path.Upgrade, upgrade);
    }

    function upgrade() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_reinitialize() public {
        check(Path.Reinitialize, reinitialize);
    }

    function reinitialize() internal virtual returns (bool) {
        (bool success,) = address(account).call(reinitialization());
        return success && account.isModuleInstalled(MODULE_TYPE_VALIDATOR, address(yes), "");
    }

    function reinitialization() internal view virtual returns (bytes memory) {
        return "";
    }

    function test_emergencyUninstall() public {
        check(Path.EmergencyUninstall, emergencyUninstall);
    }

    function emergencyUninstall() internal returns (bool) {
        runs(emergency());
        vm.warp(block.timestamp + 1 days + 1);
        runs(emergency());
        return !hasHook(address(module));
    }

    function test_emergencyUninstallByOther() public {
        check(Path.EmergencyUninstallByOther, emergencyUninstallByOther);
    }

    function emergencyUninstallByOther() internal returns (bool) {
        install(MODULE_TYPE_VALIDATOR, address(yes), "");
        byOther(emergency());
        vm.warp(block.timestamp + 1 days + 1);
        byOther(emergency());
        return !hasHook(address(module));
    }

    /// @dev Nexus has such a function; others do not answer to it.
    function emergency() internal view returns (bytes memory) {
        return abi.encodeWithSignature("emergencyUninstallHook(address,bytes)", address(module), "");
    }

    function test_enableMode() public {
        check(Path.EnableMode, enableMode);
    }

    function enableMode() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_enableModeByOther() public {
        check(Path.EnableModeByOther, enableModeByOther);
    }

    function enableModeByOther() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_changeRootValidator() public {
        check(Path.ChangeRootValidator, changeRootValidator);
    }

    function changeRootValidator() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_ownersTransaction() public {
        check(Path.OwnersTransaction, ownersTransaction);
    }

    function ownersTransaction() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_accountModule() public {
        check(Path.AccountModule, accountModule);
    }

    function accountModule() internal virtual returns (bool) {
        revert("no such path");
    }

    // ------------------------------------------------------------------ who is the account's own

    function test_ownerWithdraws() public {
        check(Path.OwnerWithdraws, ownerWithdraws);
    }

    function ownerWithdraws() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_ownerUpgrades() public {
        check(Path.OwnerUpgrades, ownerUpgrades);
    }

    function ownerUpgrades() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_keyExecutes() public {
        check(Path.KeyExecutes, keyExecutes);
    }

    function keyExecutes() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_keyRedelegates() public {
        check(Path.KeyRedelegates, keyRedelegates);
    }

    function keyRedelegates() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_keyRemovesModule() public {
        check(Path.KeyRemovesModule, keyRemovesModule);
    }

    function keyRemovesModule() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_keySigns() public {
        check(Path.KeySigns, keySigns);
    }

    function keySigns() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_formerDelegate() public {
        check(Path.FormerDelegate, formerDelegate);
    }

    function formerDelegate() internal virtual returns (bool) {
        revert("no such path");
    }
}
