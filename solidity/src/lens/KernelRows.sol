// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Asking} from "./Asking.sol";
import {ConfigurationRows} from "./ConfigurationRows.sol";
import {Findings} from "./Findings.sol";
import {EnforcementPath, Report, Source, Verdict} from "./IWritLens.sol";
import {ModularRows} from "./ModularRows.sol";
import {Subject} from "./Subject.sol";

/// @dev What Kernel 0.3 tells, struct by struct as words.
interface IKernelViews {
    function rootValidator() external view returns (bytes21);
    function validationConfig(bytes21 id) external view returns (uint32 nonce, address hook);
    function executorConfig(address executor) external view returns (address hook);
    function selectorConfig(bytes4 selector)
        external
        view
        returns (address hook, address target, bytes1 callType);
}

/// @title The rows of Kernel 0.3: each validator, executor and selector has a hook of its own, and nothing lists them
library KernelRows {
    using Findings for Report;
    using ConfigurationRows for Report;

    bytes1 private constant DELEGATECALL = 0xff;

    function fill(Report memory report, Subject memory s) internal view {
        _module(report, s);
        _others(report, s);
        _executors(report, s);
        _selectors(report, s);
        // Another validator calls no function of Kernel's own; there is no emergency.
        report.closed(EnforcementPath.OtherValidatorUninstall);
        report.closed(EnforcementPath.OtherValidatorEmergency);
        report.closed(EnforcementPath.Upgrade);
    }

    function _module(Report memory report, Subject memory s) private view {
        bytes21 id = _validator(s.module);
        (bool answered, uint256[] memory root) =
            Asking.words(s.account, abi.encodeCall(IKernelViews.rootValidator, ()), 1);
        if (answered) {
            if (bytes32(root[0]) == id) {
                report.closed(EnforcementPath.RootValidator);
            } else {
                report.open(EnforcementPath.RootValidator, address(uint160(root[0] >> 88)));
            }
        }
        address hook;
        (answered, hook) = _hookOf(s.account, id);
        report.role(
            EnforcementPath.Validator,
            answered,
            hook != address(0),
            s.told,
            s.state.validatorInstalled,
            address(0)
        );
        report.role(
            EnforcementPath.Hook, answered, hook == s.module, s.told, s.state.hookInstalled, hook
        );
    }

    /// @dev No event names a permission that `installValidations` installs. It may sign, but calls no function before another
    /// event gives it one, and names it.
    function _others(Report memory report, Subject memory s) private view {
        bool all = s.evidence.source != Source.Partial;
        report.bySubject(EnforcementPath.OtherValidator, address(0), all);
        address first;
        address[] memory validators = s.evidence.validators;
        for (uint256 i = 0; i < validators.length; ++i) {
            if (validators[i] == s.module) continue;
            (bool answered, bool installed) =
                _other(report, s, _validator(validators[i]), validators[i], 0);
            all = all && answered;
            if (installed && first == address(0)) first = validators[i];
        }
        bytes4[] memory permissions = s.evidence.permissions;
        for (uint256 i = 0; i < permissions.length; ++i) {
            (bool answered, bool installed) =
                _other(report, s, _permission(permissions[i]), s.account, permissions[i]);
            all = all && answered;
            if (installed && first == address(0)) first = s.account;
        }
        report.bySubject(
            EnforcementPath.OtherValidatorSignature,
            first,
            all && s.evidence.source == Source.Traces
        );
        ModularRows.ticket(report, s, first, all);
    }

    function _other(
        Report memory report,
        Subject memory s,
        bytes21 id,
        address subject,
        bytes4 permission
    ) private view returns (bool answered, bool installed) {
        address hook;
        (answered, hook) = _hookOf(s.account, id);
        installed = hook != address(0);
        _under(
            report,
            EnforcementPath.OtherValidator,
            answered,
            !installed || hook == s.module,
            subject,
            permission
        );
    }

    function _executors(Report memory report, Subject memory s) private view {
        EnforcementPath path = EnforcementPath.Executor;
        report.bySubject(path, address(0), s.evidence.source != Source.Partial);
        address[] memory executors = s.evidence.executors;
        for (uint256 i = 0; i < executors.length; ++i) {
            (bool answered, address hook) = Asking.addressOf(
                s.account, abi.encodeCall(IKernelViews.executorConfig, (executors[i]))
            );
            bool fine = hook == address(0) || hook == s.module;
            _under(report, path, answered, fine, executors[i], 0);
        }
    }

    function _selectors(Report memory report, Subject memory s) private view {
        EnforcementPath called = EnforcementPath.FallbackHandler;
        EnforcementPath delegated = EnforcementPath.FallbackDelegatecall;
        bool all = s.evidence.source != Source.Partial;
        report.bySubject(called, address(0), all);
        report.bySubject(delegated, address(0), all);
        bytes4[] memory selectors = s.evidence.selectors;
        address[] memory found = new address[](selectors.length);
        for (uint256 i = 0; i < selectors.length; ++i) {
            (bool answered, uint256[] memory config) = Asking.words(
                s.account, abi.encodeCall(IKernelViews.selectorConfig, (selectors[i])), 3
            );
            address hook = address(uint160(config[0]));
            found[i] = address(uint160(config[1]));
            bool fine = found[i] == address(0) || hook == s.module;
            bool delegates = bytes1(bytes32(config[2])) == DELEGATECALL;
            if (!answered || !delegates) {
                _under(report, called, answered, fine, found[i], selectors[i]);
            }
            if (!answered || delegates) {
                _under(report, delegated, answered, fine, found[i], selectors[i]);
            }
        }
        address missing = _missing(s.evidence.handlers, found);
        if (missing == address(0)) return;
        _under(report, called, false, false, missing, 0);
        _under(report, delegated, false, false, missing, 0);
    }

    /// @dev A handler that is installed more often than selectors lead to it; events name no selectors.
    function _missing(address[] memory handlers, address[] memory found)
        private
        pure
        returns (address)
    {
        for (uint256 i = 0; i < handlers.length; ++i) {
            uint256 installed = _count(handlers, handlers[i]);
            if (installed > _count(found, handlers[i])) return handlers[i];
        }
        return address(0);
    }

    function _count(address[] memory list, address what) private pure returns (uint256 count) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == what) ++count;
        }
    }

    /// @dev Takes back that a path is closed. Open outweighs unverifiable, and the first that is found stays.
    function _under(
        Report memory report,
        EnforcementPath path,
        bool answered,
        bool fine,
        address subject,
        bytes4 selector
    ) private pure {
        if (report.verdictOf(path) == Verdict.Open || (answered && fine)) return;
        if (answered) {
            report.set(path, Verdict.Open, subject, selector);
        } else if (report.verdictOf(path) == Verdict.Closed) {
            report.set(path, Verdict.Unverifiable, subject, selector);
        }
    }

    /// @dev Zero where nothing is installed, and 1 where something is without a hook.
    function _hookOf(address account, bytes21 id)
        private
        view
        returns (bool answered, address hook)
    {
        uint256[] memory config;
        (answered, config) =
            Asking.words(account, abi.encodeCall(IKernelViews.validationConfig, (id)), 2);
        hook = address(uint160(config[1]));
    }

    function _validator(address validator) private pure returns (bytes21) {
        return bytes21(abi.encodePacked(bytes1(0x01), validator));
    }

    function _permission(bytes4 permission) private pure returns (bytes21) {
        return bytes21(abi.encodePacked(bytes1(0x02), permission, bytes16(0)));
    }
}
