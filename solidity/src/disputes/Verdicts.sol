// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bound} from "../interfaces/WritTypes.sol";
import {ARRAY, OBJECT, POSITIVE, SET} from "../policyvm/Layout.sol";
import {Values} from "../policyvm/Values.sol";
import {BoundLists} from "./BoundLists.sol";
import {Documents} from "./Documents.sol";

/// @title Reads the value of a policy's entry rule as a decision: `{allow, reasons, bounds?, validFor?}`
/// @notice Exactly what `read_decision` of `modules/policy` takes for an allow, and nothing else.
library Verdicts {
    /// @dev Thirty days.
    uint256 private constant MOST_VALID_FOR = 30 * 86_400;

    /// @notice What the value at `place` decides.
    /// @return allow Whether it is an allow, without a reason against it.
    /// @return validFor For how many seconds it may stand; 2^256-1 where the policy does not say.
    /// @return bounds The policy's own bounds.
    function read(uint256 place)
        internal
        pure
        returns (bool allow, uint256 validFor, Bound[] memory bounds)
    {
        validFor = type(uint256).max;
        if (Values.kind(place) != OBJECT) return (false, validFor, bounds);
        uint256 at = Documents.field(place, "allow");
        if (at == 0 || Values.kind(at) != Documents.TRUE) return (false, validFor, bounds);
        at = Documents.field(place, "reasons");
        if (at == 0) return (false, validFor, bounds);
        uint256 kind = Values.kind(at);
        // One that is no string makes the result none, which is a denial as well.
        if ((kind != ARRAY && kind != SET) || Values.count(at) != 0) {
            return (false, validFor, bounds);
        }

        uint256 fields = 2;
        allow = true;
        at = Documents.field(place, "bounds");
        if (at != 0) {
            (allow, bounds) = BoundLists.read(at);
            allow = allow && BoundLists.areDistinct(bounds);
            ++fields;
        }
        at = Documents.field(place, "validFor");
        if (at != 0) {
            (, validFor) = Documents.natural(at);
            allow = allow && validFor != 0 && validFor <= MOST_VALID_FOR;
            ++fields;
        }
        allow = allow && Values.count(place) == fields;
    }
}
