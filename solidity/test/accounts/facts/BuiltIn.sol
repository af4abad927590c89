// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {Outcome, Path} from "../Path.sol";

/// @title What is the same of all accounts that have the module built in
abstract contract BuiltInFacts is Facts {
    string private constant ONE_MODULE = "the module is built in, and the account takes no other";

    function nonce() public pure override returns (string memory) {
        return unicode"`any key(24) ‖ sequence(8)`: there is one validator";
    }

    /// @dev What needs modules that come and go.
    function _isOfModules(Path path) private pure returns (bool) {
        return path == Path.UnknownValidator || path == Path.OtherValidator
            || path == Path.OtherValidatorUnhooked || path == Path.Executor
            || path == Path.ExecutorInFrame || path == Path.ExecutorUnhooked
            || path == Path.Fallback || path == Path.FallbackUnhooked
            || path == Path.FallbackDelegatecall || path == Path.ModuleAsFallback
            || path == Path.SignatureByOtherValidator || path == Path.UninstallHook
            || path == Path.UninstallHookBySelfCall || path == Path.UninstallValidator
            || path == Path.UninstallHookByOther || path == Path.UninstallOtherHook
            || path == Path.ReplaceHook || path == Path.OverwriteHook
            || path == Path.EmergencyUninstall || path == Path.EmergencyUninstallByOther
            || path == Path.EnableMode || path == Path.EnableModeByOther
            || path == Path.ChangeRootValidator || path == Path.AccountModule;
    }

    function _builtIn(Path path) internal pure returns (Outcome, string memory) {
        if (_isOfModules(path)) return (Outcome.NotApplicable, ONE_MODULE);
        if (
            path == Path.AttestedTry || path == Path.AttestedStatic
                || path == Path.AttestedDelegatecall
        ) return (Outcome.Refused, "the account has calls and batches of calls, and no modes");
        if (path == Path.AttestedExecuteUserOp) return (Outcome.Refused, UNKNOWN_FUNCTION);
        if (path == Path.BoundExceededByTry) {
            return (Outcome.Refused, "the account has no TRY mode");
        }
        if (path == Path.Signature) {
            return (
                Outcome.Refused,
                "the account has no `isValidSignature`, so that Permit2 takes no signature for it"
            );
        }
        return _common(path);
    }
}
