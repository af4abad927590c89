// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Mode} from "../interfaces/WritTypes.sol";
import {Waiting} from "../libraries/Admissions.sol";
import {Head} from "../libraries/Head.sol";
import {SettingsState} from "../libraries/Settings.sol";

/// @title What the guard keeps per Safe
/// @notice In slots at keccak(safe ‖ slot)+n, which ERC-7562 counts as the Safe's own, and the configuration as code
/// (`Records`). Nothing is cleared when a Safe leaves: what only grows keeps old attestations from counting once it is back.
abstract contract WritSafeStorage {
    struct Guarded {
        // slots 0 to 2: the first holds all that is needed while nothing is demanded
        SettingsState settings;
        // slot 3
        mapping(address caller => mapping(uint256 word => uint256 bits)) nonces;
        // slot 4: what was posted
        mapping(bytes32 call => Waiting) waiting;
    }

    mapping(address safe => Guarded) internal safes;

    /// @dev Whether nothing is demanded: not configured, by configuration, or after an announced exit.
    function _standsAside(SettingsState storage settings, Head head) internal view returns (bool) {
        return head.isIn(Mode.Off) || settings.exited(head);
    }
}
