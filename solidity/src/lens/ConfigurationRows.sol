// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Mode} from "../interfaces/WritTypes.sol";
import {Findings} from "./Findings.sol";
import {EnforcementPath, Report, Verdict} from "./IWritLens.sol";
import {KnownAccounts} from "./KnownAccounts.sol";
import {Subject} from "./Subject.sol";

/// @title The rows that the account's configuration decides
library ConfigurationRows {
    using Findings for Report;

    function fill(Report memory report, Subject memory s) internal view {
        if (!s.told) return;
        _set(report, EnforcementPath.Mode, s.configuration.mode == Mode.Enforce);
        _set(report, EnforcementPath.Exit, s.state.exitAt == 0);
        _set(report, EnforcementPath.PendingConfiguration, s.state.pendingConfiguration == 0);
        address set = s.configuration.operatorSet;
        if (set.codehash == s.configuration.operatorSetCodeHash && set.code.length != 0) {
            report.closed(EnforcementPath.OperatorSet);
        } else {
            report.open(EnforcementPath.OperatorSet, set);
        }
    }

    /// @notice Whether the EntryPoint that the account serves is the one that attestations are for.
    function entryPoint(Report memory report, Subject memory s) internal pure {
        if (!s.told || s.entryPoint == address(0)) return;
        EnforcementPath path = EnforcementPath.EntryPoint;
        if (s.entryPoint != s.configuration.entryPoint) report.open(path, s.entryPoint);
        else if (KnownAccounts.isEntryPoint(s.entryPoint)) report.closed(path);
        else report.set(path, Verdict.Unverifiable, s.entryPoint);
    }

    /// @notice Of an account that is not known: what the module itself says that it lacks.
    function denied(Report memory report, Subject memory s) internal pure {
        role(
            report,
            EnforcementPath.Validator,
            false,
            false,
            s.told,
            s.state.validatorInstalled,
            address(0)
        );
        role(report, EnforcementPath.Hook, false, false, s.told, s.state.hookInstalled, address(0));
    }

    /// @notice A role of the module: closed when account and module say so, open when one of them denies it.
    function role(
        Report memory report,
        EnforcementPath path,
        bool answered,
        bool installed,
        bool told,
        bool alsoInstalled,
        address instead
    ) internal pure {
        if (answered && !installed) report.open(path, instead);
        else if (told && !alsoInstalled) report.open(path, address(0));
        else if (answered && told) report.closed(path);
    }

    function _set(Report memory report, EnforcementPath path, bool fine) private pure {
        report.set(path, fine ? Verdict.Closed : Verdict.Open);
    }
}
