// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Asking} from "./Asking.sol";
import {ConfigurationRows} from "./ConfigurationRows.sol";
import {Findings} from "./Findings.sol";
import {EnforcementPath, KnownKind, Report, Source, Verdict} from "./IWritLens.sol";
import {KnownAccounts} from "./KnownAccounts.sol";
import {Subject} from "./Subject.sol";
import {
    IERC7579ModuleConfig,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @dev How most kinds list their modules and tell their hook.
interface IListsModules {
    function getValidatorsPaginated(address cursor, uint256 size)
        external
        view
        returns (address[] memory, address);
    function getActiveHook() external view returns (address);
}

/// @dev How OpenZeppelin's account tells its hook.
interface ITellsHook {
    function hook() external view returns (address);
}

/// @title The rows of accounts with one hook for everything: OpenZeppelin's, the reference account, Nexus, Safe7579
library ModularRows {
    using Findings for Report;
    using ConfigurationRows for Report;

    function fill(Report memory report, Subject memory s) internal view {
        _module(report, s);
        _otherValidators(report, s);
        // The hook sees every executor, and stops it.
        report.closed(EnforcementPath.Executor);
        if (report.kind == KnownKind.Reference) _handlers(report, s);
        else report.closed(EnforcementPath.FallbackHandler);
        // None of these kinds delegates to a handler.
        report.closed(EnforcementPath.FallbackDelegatecall);
        report.none(EnforcementPath.RootValidator);
        if (report.kind == KnownKind.Nexus || report.kind == KnownKind.Safe7579) {
            report.closed(EnforcementPath.Upgrade);
        } else {
            report.none(EnforcementPath.Upgrade);
        }
    }

    function _module(Report memory report, Subject memory s) private view {
        (bool answered, bool installed) =
            _isInstalled(s.account, MODULE_TYPE_VALIDATOR, s.module, "");
        report.role(
            EnforcementPath.Validator,
            answered,
            installed,
            s.told,
            s.state.validatorInstalled,
            address(0)
        );
        bytes4 asked = report.kind == KnownKind.OpenZeppelin
            ? ITellsHook.hook.selector
            : IListsModules.getActiveHook.selector;
        address hook;
        (answered, hook) = Asking.addressOf(s.account, abi.encodePacked(asked));
        report.role(
            EnforcementPath.Hook, answered, hook == s.module, s.told, s.state.hookInstalled, hook
        );
    }

    function _otherValidators(Report memory report, Subject memory s) private view {
        (address other, bool all) = _other(report.kind, s);
        // The hook stops its operations, but sees neither what it signs nor every function.
        report.closed(EnforcementPath.OtherValidator);
        report.bySubject(EnforcementPath.OtherValidatorSignature, other, all);
        ticket(report, s, other, all);
        if (report.kind == KnownKind.Safe7579) {
            report.bySubject(EnforcementPath.OtherValidatorUninstall, other, all);
        } else {
            report.closed(EnforcementPath.OtherValidatorUninstall);
        }
        if (report.kind == KnownKind.Nexus) {
            report.bySubject(EnforcementPath.OtherValidatorEmergency, other, all);
        } else {
            report.closed(EnforcementPath.OtherValidatorEmergency);
        }
    }

    /// @notice From v0.9 on the hook knows whose operation is executed.
    function ticket(Report memory report, Subject memory s, address other, bool all) internal pure {
        EnforcementPath path = EnforcementPath.RevertedTicket;
        if (KnownAccounts.tellsOperation(s.entryPoint)) report.none(path);
        else report.bySubject(path, other, all);
    }

    /// @dev A validator beside the module, and whether none can have been overlooked.
    function _other(KnownKind kind, Subject memory s)
        private
        view
        returns (address other, bool all)
    {
        if (kind == KnownKind.OpenZeppelin) {
            all = s.evidence.source != Source.Partial;
        } else {
            address[] memory list;
            (all, list) = Asking.list(s.account, IListsModules.getValidatorsPaginated.selector);
            for (uint256 i = 0; i < list.length; ++i) {
                if (list[i] != s.module) return (list[i], all);
            }
        }
        address[] memory candidates = s.evidence.validators;
        for (uint256 i = 0; i < candidates.length; ++i) {
            if (candidates[i] == s.module) continue;
            (bool answered, bool installed) =
                _isInstalled(s.account, MODULE_TYPE_VALIDATOR, candidates[i], "");
            if (installed) return (candidates[i], all);
            all = all && answered;
        }
    }

    /// @dev The reference account calls its handlers without a hook. Its events name handlers, but not selectors.
    function _handlers(Report memory report, Subject memory s) private view {
        EnforcementPath path = EnforcementPath.FallbackHandler;
        address[] memory handlers = s.evidence.handlers;
        bytes4[] memory selectors = s.evidence.selectors;
        for (uint256 i = 0; i < handlers.length; ++i) {
            for (uint256 j = 0; j < selectors.length; ++j) {
                (, bool installed) = _isInstalled(
                    s.account, MODULE_TYPE_FALLBACK, handlers[i], abi.encode(selectors[j])
                );
                if (installed) {
                    report.set(path, Verdict.Open, handlers[i], selectors[j]);
                    return;
                }
            }
        }
        if (handlers.length != 0) report.set(path, Verdict.Unverifiable, handlers[0]);
        else if (s.evidence.source != Source.Partial) report.closed(path);
    }

    function _isInstalled(
        address account,
        uint256 moduleType,
        address installed,
        bytes memory context
    ) private view returns (bool, bool) {
        return Asking.boolOf(
            account,
            abi.encodeCall(IERC7579ModuleConfig.isModuleInstalled, (moduleType, installed, context))
        );
    }
}
