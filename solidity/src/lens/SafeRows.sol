// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SafeSlots} from "../libraries/SafeSlots.sol";
import {Asking} from "./Asking.sol";
import {Findings} from "./Findings.sol";
import {EnforcementPath, Report, Verdict} from "./IWritLens.sol";
import {Subject} from "./Subject.sol";

/// @dev What every Safe tells.
interface ISafeViews {
    function getStorageAt(uint256 offset, uint256 length) external view returns (bytes memory);
    function getModulesPaginated(address start, uint256 size)
        external
        view
        returns (address[] memory, address);
}

/// @dev What Writ's guard of a Safe tells.
interface IGuardViews {
    function enforcementOf(address safe) external view returns (bool transactions, bool modules);
}

/// @title The rows of what a Safe has beside ERC-7579: owners, and modules of its own
library SafeRows {
    using Findings for Report;

    /// @notice Of a Safe, with or without an adapter.
    function fill(Report memory report, Subject memory s) internal view {
        (bool answered, address guard) = _slot(s.account, SafeSlots.GUARD);
        if (answered) {
            EnforcementPath path = EnforcementPath.OwnersTransaction;
            _guarded(report, path, s.account, guard, s.evidence.guard, 0);
        }
        _modules(report, s);
        address handler;
        (answered, handler) = handlerOf(s.account);
        if (answered) {
            report.bySubject(EnforcementPath.OwnersSignature, handler, true);
        }
    }

    /// @notice Of a Safe without an adapter.
    function alone(Report memory report) internal pure {
        report.none(EnforcementPath.Validator);
        report.none(EnforcementPath.Hook);
        report.none(EnforcementPath.EntryPoint);
        report.none(EnforcementPath.RootValidator);
        report.none(EnforcementPath.OtherValidator);
        report.none(EnforcementPath.RevertedTicket);
        report.none(EnforcementPath.OtherValidatorSignature);
        report.none(EnforcementPath.OtherValidatorUninstall);
        report.none(EnforcementPath.OtherValidatorEmergency);
        report.none(EnforcementPath.Executor);
        report.none(EnforcementPath.FallbackHandler);
        report.none(EnforcementPath.FallbackDelegatecall);
        report.none(EnforcementPath.Upgrade);
    }

    /// @notice Of every other account.
    function noSafe(Report memory report) internal pure {
        report.none(EnforcementPath.OwnersTransaction);
        report.none(EnforcementPath.AccountModule);
        report.none(EnforcementPath.OwnersSignature);
    }

    function handlerOf(address account) internal view returns (bool, address) {
        return _slot(account, SafeSlots.FALLBACK_HANDLER);
    }

    /// @dev A guard that is known says itself whether it enforces.
    /// @param which 0 for owners' transactions, 1 for modules'.
    function _guarded(
        Report memory report,
        EnforcementPath path,
        address account,
        address guard,
        address known,
        uint256 which
    ) private view {
        report.set(path, Verdict.Unverifiable, guard);
        if (guard == address(0)) report.open(path, guard);
        if (guard == address(0) || guard != known) return;
        (bool answered, uint256[] memory enforces) =
            Asking.words(guard, abi.encodeCall(IGuardViews.enforcementOf, (account)), 2);
        if (!answered) return;
        if (enforces[which] == 1) report.closed(path);
        else report.open(path, guard);
    }

    /// @dev Without a guard that a module has to pass, there must be no module, and no way to enable one unattested.
    function _modules(Report memory report, Subject memory s) private view {
        EnforcementPath path = EnforcementPath.AccountModule;
        address guard;
        if (s.guardsModules) {
            bool answered;
            (answered, guard) = _slot(s.account, SafeSlots.MODULE_GUARD);
            if (!answered) return;
            if (guard != address(0)) {
                _guarded(report, path, s.account, guard, s.evidence.moduleGuard, 1);
                return;
            }
        }
        (bool complete, address[] memory modules) =
            Asking.list(s.account, ISafeViews.getModulesPaginated.selector);
        for (uint256 i = 0; i < modules.length; ++i) {
            if (modules[i] == s.adapter) continue;
            report.open(path, modules[i]);
            return;
        }
        Verdict owners = report.verdictOf(EnforcementPath.OwnersTransaction);
        if (complete) report.set(path, owners);
    }

    function _slot(address account, bytes32 slot) private view returns (bool, address) {
        (bool answered, uint256[] memory words) =
            Asking.words(account, abi.encodeCall(ISafeViews.getStorageAt, (uint256(slot), 1)), 3);
        // Offset, length, and the word itself.
        answered = answered && words[0] == 32 && words[1] == 32 && Asking.isAddress(words[2]);
        return (answered, address(uint160(words[2])));
    }
}
