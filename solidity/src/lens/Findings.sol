// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {EnforcementPath, Finding, Report, Verdict} from "./IWritLens.sol";

/// @title The rows of a report while it is made: unverifiable until something is found out
library Findings {
    uint256 internal constant COUNT = uint256(type(EnforcementPath).max) + 1;

    function begin(Report memory report) internal pure {
        report.findings = new Finding[](COUNT);
        for (uint256 i = 0; i < COUNT; ++i) {
            report.findings[i].path = EnforcementPath(i);
        }
    }

    function set(Report memory report, EnforcementPath path, Verdict verdict) internal pure {
        set(report, path, verdict, address(0), 0);
    }

    function set(Report memory report, EnforcementPath path, Verdict verdict, address subject)
        internal
        pure
    {
        set(report, path, verdict, subject, 0);
    }

    function set(
        Report memory report,
        EnforcementPath path,
        Verdict verdict,
        address subject,
        bytes4 selector
    ) internal pure {
        report.findings[uint256(path)] = Finding(path, verdict, subject, selector);
    }

    function closed(Report memory report, EnforcementPath path) internal pure {
        set(report, path, Verdict.Closed);
    }

    function open(Report memory report, EnforcementPath path, address subject) internal pure {
        set(report, path, Verdict.Open, subject, 0);
    }

    function none(Report memory report, EnforcementPath path) internal pure {
        set(report, path, Verdict.NotApplicable);
    }

    /// @notice Open by `subject` if there is one; otherwise closed if nothing can have been overlooked.
    function bySubject(
        Report memory report,
        EnforcementPath path,
        address subject,
        bool nothingOverlooked
    ) internal pure {
        if (subject != address(0)) open(report, path, subject);
        else if (nothingOverlooked) closed(report, path);
    }

    function verdictOf(Report memory report, EnforcementPath path) internal pure returns (Verdict) {
        return report.findings[uint256(path)].verdict;
    }

    /// @notice Whether nothing is open and nothing unverifiable.
    function allClosed(Report memory report) internal pure returns (bool) {
        for (uint256 i = 0; i < COUNT; ++i) {
            Verdict verdict = report.findings[i].verdict;
            if (verdict == Verdict.Open || verdict == Verdict.Unverifiable) return false;
        }
        return true;
    }
}
