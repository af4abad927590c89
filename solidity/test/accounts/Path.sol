// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice A way on which something can reach an account. `Paths` says what each is.
enum Path {
    // What an owner wants, with the operators' consent or after leaving.
    AttestedCall,
    AttestedBatch,
    AttestedTry,
    AttestedStatic,
    AttestedDelegatecall,
    AttestedEmptyBatch,
    AttestedExecuteUserOp,
    AttestedSelfCall,
    TwoOperations,
    ExitAfterDelay,
    UninstallAfterExit,
    InstallAgain,
    // What nobody shall get through.
    Unattested,
    OtherCalldata,
    BoundExceeded,
    BoundExceededByTry,
    BoundExceededBySelfCall,
    UnknownValidator,
    OtherValidator,
    OtherValidatorUnhooked,
    EntryPointAlone,
    Executor,
    ExecutorInFrame,
    ExecutorUnhooked,
    Fallback,
    FallbackUnhooked,
    FallbackDelegatecall,
    ModuleAsFallback,
    Signature,
    SignatureByOtherValidator,
    UninstallHook,
    UninstallHookBySelfCall,
    UninstallValidator,
    UninstallHookByOther,
    UninstallOtherHook,
    ReplaceHook,
    OverwriteHook,
    Upgrade,
    Reinitialize,
    EmergencyUninstall,
    EmergencyUninstallByOther,
    EnableMode,
    EnableModeByOther,
    ChangeRootValidator,
    OwnersTransaction,
    AccountModule,
    OwnerWithdraws,
    OwnerUpgrades,
    KeyExecutes,
    KeyRedelegates,
    KeyRemovesModule,
    KeySigns,
    FormerDelegate
}

/// @notice What was found on a path.
enum Outcome {
    // What an owner wants goes through.
    Works,
    // The module stops it: where it only observes, it goes through.
    Closed,
    // It does not go through where the module only observes either.
    Refused,
    // It goes through, and the module does not stop it.
    Open,
    NotApplicable
}

/// @title The words for both
library Paths {
    uint256 internal constant COUNT = uint256(type(Path).max) + 1;

    /// @notice Whether an owner wants it to go through.
    function wanted(Path path) internal pure returns (bool) {
        return path < Path.Unattested;
    }

    function word(Path path, Outcome outcome) internal pure returns (string memory) {
        if (outcome == Outcome.Works) return "works";
        if (outcome == Outcome.Closed) return "closed";
        if (outcome == Outcome.Refused) return wanted(path) ? "not supported" : "closed anyway";
        if (outcome == Outcome.Open) return "**open**";
        return "not applicable";
    }

    function title(Path path) internal pure returns (string memory) {
        if (path >= Path.OwnerWithdraws) return _own(path);
        return path < Path.UninstallHook ? _way(path) : _change(path);
    }

    function _way(Path path) private pure returns (string memory) {
        if (path == Path.AttestedCall) return "attested call";
        if (path == Path.AttestedBatch) return "attested batch";
        if (path == Path.AttestedTry) return "attested call in TRY mode";
        if (path == Path.AttestedStatic) return "attested call in static mode";
        if (path == Path.AttestedDelegatecall) return "attested delegatecall";
        if (path == Path.AttestedEmptyBatch) return "attested empty batch";
        if (path == Path.AttestedExecuteUserOp) return "attested `executeUserOp`";
        if (path == Path.AttestedSelfCall) {
            return "attested call of the account to its own `execute`";
        }
        if (path == Path.TwoOperations) {
            return "two attested operations of the account in one bundle";
        }
        if (path == Path.ExitAfterDelay) return "unattested operation after exit and delay";
        if (path == Path.UninstallAfterExit) return "uninstalling after exit and delay";
        if (path == Path.InstallAgain) {
            return "installing again; attestations of before do not count";
        }
        if (path == Path.Unattested) return "operation without attestation";
        if (path == Path.OtherCalldata) return "attestation over other calldata";
        if (path == Path.BoundExceeded) return "more leaves than attested";
        if (path == Path.BoundExceededByTry) return "more leaves than attested, in TRY mode";
        if (path == Path.BoundExceededBySelfCall) {
            return "more leaves than attested, by a call to itself";
        }
        if (path == Path.UnknownValidator) {
            return "operation under a validator that is not installed";
        }
        if (path == Path.OtherValidator) return "operation under another validator";
        if (path == Path.OtherValidatorUnhooked) {
            return "operation under another validator, installed without the module as its hook";
        }
        if (path == Path.EntryPointAlone) return "call by the EntryPoint that nothing validated";
        if (path == Path.Executor) return "executor";
        if (path == Path.ExecutorInFrame) return "executor called inside of an attested operation";
        if (path == Path.ExecutorUnhooked) {
            return "executor, installed without the module as its hook";
        }
        if (path == Path.Fallback) return "fallback handler, called from outside";
        if (path == Path.FallbackUnhooked) {
            return "fallback handler, installed without the module as its hook";
        }
        if (path == Path.FallbackDelegatecall) {
            return "fallback handler by delegatecall, called from outside";
        }
        if (path == Path.ModuleAsFallback) return "the module's own `onUninstall` as a fallback";
        if (path == Path.Signature) return "ERC-1271 signature through the module";
        return "ERC-1271 signature through another validator";
    }

    function _change(Path path) private pure returns (string memory) {
        if (path == Path.UninstallHook) {
            return "attested removal of the hook, by `uninstallModule`";
        }
        if (path == Path.UninstallValidator) {
            return "attested removal of the validator, by `uninstallModule`";
        }
        if (path == Path.UninstallHookBySelfCall) {
            return "attested removal of the hook, by a call of the account to itself";
        }
        if (path == Path.UninstallHookByOther) {
            return "removal of the hook under another validator";
        }
        if (path == Path.UninstallOtherHook) return "attested removal of another address as hook";
        if (path == Path.ReplaceHook) return "attested installation of another hook";
        if (path == Path.OverwriteHook) return "attested delegatecall that clears the hook's slot";
        if (path == Path.Upgrade) return "attested upgrade to other code, or to another adapter";
        if (path == Path.Reinitialize) return "initializing once more, from outside";
        if (path == Path.EmergencyUninstall) return "attested emergency uninstall of the hook";
        if (path == Path.EmergencyUninstallByOther) {
            return "emergency uninstall under another validator";
        }
        if (path == Path.EnableMode) return "enable mode, consented to through the module";
        if (path == Path.EnableModeByOther) {
            return "enable mode, consented to through another validator";
        }
        if (path == Path.ChangeRootValidator) return "attested change of the root validator";
        if (path == Path.OwnersTransaction) {
            return "transaction signed by the owners that the account itself has";
        }
        return "module that the account itself knows";
    }

    function _own(Path path) private pure returns (string memory) {
        if (path == Path.OwnerWithdraws) {
            return "withdrawal of the EntryPoint deposit by the owner that the account itself has";
        }
        if (path == Path.OwnerUpgrades) return "upgrade by the owner that the account itself has";
        if (path == Path.KeyExecutes) {
            return "transaction of an EIP-7702 account's key to the account's own `execute`";
        }
        if (path == Path.KeyRedelegates) {
            return "delegation to other code by an EIP-7702 account's key";
        }
        if (path == Path.KeyRemovesModule) {
            return "removal of the module by a transaction of an EIP-7702 account's key";
        }
        if (path == Path.KeySigns) {
            return
                "signature of an EIP-7702 account's key that a contract recovers by itself (ERC-2612)";
        }
        return "configuration that other code of an EIP-7702 account left in the module";
    }
}
