// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Configuration} from "writ/interfaces/WritTypes.sol";
import {ConfigurationRules} from "writ/libraries/ConfigurationRules.sol";

/// @title What an owner may change at once, for all configurations: `make symbolic`
/// @dev Said as an order, so that a field which a later version adds and forgets to compare is found here.
contract ConfigurationRulesChecks {
    /// @notice No way back: what strengthens in both directions changes nothing at all.
    function check_nothingStrengthensBothWays(Configuration calldata a, Configuration calldata b)
        external
        pure
    {
        if (!ConfigurationRules.strengthens(a, b) || !ConfigurationRules.strengthens(b, a)) return;
        assert(keccak256(abi.encode(a)) == keccak256(abi.encode(b)));
    }

    /// @notice No way around: what two changes reach, one may reach, and so no series of changes weakens.
    function check_aSeriesStrengthens(
        Configuration calldata a,
        Configuration calldata b,
        Configuration calldata c
    ) external pure {
        if (!ConfigurationRules.strengthens(a, b) || !ConfigurationRules.strengthens(b, c)) return;
        assert(ConfigurationRules.strengthens(a, c));
    }

    /// @notice To change nothing is allowed, whatever the configuration.
    function check_theSameIsAsStrong(Configuration calldata a) external pure {
        assert(ConfigurationRules.strengthens(a, a));
    }

    /// @notice What strengthens lowers none of the four, and leaves everything else alone.
    function check_whatStrengthensIsStricter(Configuration calldata a, Configuration calldata b)
        external
        pure
    {
        if (!ConfigurationRules.strengthens(a, b)) return;
        assert(b.mode >= a.mode);
        assert(b.threshold >= a.threshold);
        assert(b.leastOperators >= a.leastOperators);
        assert(b.exitDelay >= a.exitDelay);
        Configuration memory same = b;
        same.mode = a.mode;
        same.threshold = a.threshold;
        same.leastOperators = a.leastOperators;
        same.exitDelay = a.exitDelay;
        assert(keccak256(abi.encode(same)) == keccak256(abi.encode(a)));
    }
}
