// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Outcome, Path, Paths} from "./Path.sol";

/// @title What is known of a kind of account: written down here, put into docs/accounts.md, and held against the real account
abstract contract Facts {
    /// @notice With its version.
    function name() public pure virtual returns (string memory);

    /// @notice What the account's `accountId()` answers.
    function id() public pure virtual returns (string memory);

    /// @notice The EntryPoints that its code allows.
    function entryPoints() public pure virtual returns (string memory);

    /// @notice How the module becomes its validator and its hook.
    function installing() public pure virtual returns (string memory);

    /// @notice Where an operation's nonce names the validator.
    function nonce() public pure virtual returns (string memory);

    /// @notice Where in an operation's signature the attestation's suffix goes.
    function suffix() public pure virtual returns (string memory) {
        return "at the end of `signature`";
    }

    /// @notice Which bytes the hook gets of an operation's calldata.
    function hookSees() public pure virtual returns (string memory) {
        return "the operation's calldata";
    }

    /// @notice What is found on a path, and why where that does not go without saying.
    function fact(Path path) public pure virtual returns (Outcome, string memory) {
        return (Paths.wanted(path) ? Outcome.Works : Outcome.Closed, "");
    }

    /// @dev What only Kernel has.
    function _isOfKernel(Path path) internal pure returns (bool) {
        return path == Path.OtherValidatorUnhooked || path == Path.ExecutorUnhooked
            || path == Path.FallbackUnhooked || path == Path.ChangeRootValidator;
    }

    /// @dev What only a Safe has.
    function _isOfSafe(Path path) internal pure returns (bool) {
        return path == Path.OwnersTransaction || path == Path.AccountModule;
    }

    /// @dev What only an account has that was there before ERC-7579, and keeps its functions.
    function _isOfOwner(Path path) internal pure returns (bool) {
        return path == Path.OwnerWithdraws || path == Path.OwnerUpgrades;
    }

    /// @dev What only an EIP-7702 account has.
    function _isOfKey(Path path) internal pure returns (bool) {
        return path == Path.KeyExecutes || path == Path.KeyRedelegates
            || path == Path.KeyRemovesModule || path == Path.KeySigns || path == Path.FormerDelegate;
    }

    string internal constant NO_KEY = "the account is a contract, and has no key of its own";
    string internal constant SIGNATURE =
        "what a validator signs, no hook sees: have no other validator";
    string internal constant ONE_HOOK = "one hook for all of the account";
    string internal constant NO_ROOT = "it has no root validator";
    string internal constant NO_SAFE =
        "the account has no owners or modules beside those of ERC-7579";
    string internal constant NO_ENABLE = "it has no enable mode";
    string internal constant NO_UPGRADE = "it has no function for it";
    string internal constant NO_STATIC =
        "the account executes single calls, batches and delegatecalls";
    string internal constant CALLS_ONLY =
        "the account calls fallback handlers, it delegates to none";
    string internal constant NOT_TYPE_3 = "the module says that it is no fallback handler";
    string internal constant ONE_AT_A_TIME =
        "the account takes a second hook only after the first has gone";
    string internal constant INITIALIZED = "the account is initialized once";
    string internal constant UNKNOWN_FUNCTION = "it has no such function";
    string internal constant WRAPPED =
        "the module refuses it: the EntryPoint hands over the whole operation instead of the calldata that was attested";

    function _common(Path path) internal pure returns (Outcome, string memory) {
        if (path == Path.SignatureByOtherValidator) return (Outcome.Open, SIGNATURE);
        if (path == Path.ChangeRootValidator) return (Outcome.NotApplicable, NO_ROOT);
        if (_isOfKernel(path)) return (Outcome.NotApplicable, ONE_HOOK);
        if (_isOfSafe(path)) return (Outcome.NotApplicable, NO_SAFE);
        if (_isOfOwner(path)) return (Outcome.NotApplicable, UNKNOWN_FUNCTION);
        if (_isOfKey(path)) return (Outcome.NotApplicable, NO_KEY);
        if (path == Path.AttestedStatic) return (Outcome.Refused, NO_STATIC);
        if (path == Path.FallbackDelegatecall) return (Outcome.Refused, CALLS_ONLY);
        if (path == Path.ModuleAsFallback) return (Outcome.Refused, NOT_TYPE_3);
        if (path == Path.ReplaceHook) return (Outcome.Refused, ONE_AT_A_TIME);
        if (path == Path.Reinitialize) return (Outcome.Refused, INITIALIZED);
        if (path == Path.EmergencyUninstall || path == Path.EmergencyUninstallByOther) {
            return (Outcome.Refused, UNKNOWN_FUNCTION);
        }
        if (path == Path.EnableMode || path == Path.EnableModeByOther) {
            return (Outcome.NotApplicable, NO_ENABLE);
        }
        if (path == Path.Upgrade) return (Outcome.NotApplicable, NO_UPGRADE);
        if (path == Path.UnknownValidator) return (Outcome.Refused, "");
        return (Paths.wanted(path) ? Outcome.Works : Outcome.Closed, "");
    }
}
