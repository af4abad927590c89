// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Mode} from "./interfaces/WritTypes.sol";
import {Waiting} from "./libraries/Admissions.sol";
import {Head} from "./libraries/Head.sol";
import {SettingsState} from "./libraries/Settings.sol";

/// @title What a guarded contract keeps
/// @notice Everything lies in an ERC-7201 namespace, and the configuration as code (`Records`): inheriting shifts no slot, and
/// a version without the guard leaves all of it as it is for a later one that has it again.
abstract contract WritGuardedStorage {
    /// @custom:storage-location erc7201:writ.guarded
    struct Guard {
        // slots 0 to 2: the first holds all that a guarded call needs while nothing is demanded
        SettingsState settings;
        // slot 3
        mapping(address caller => mapping(uint256 word => uint256 bits)) nonces;
        // slot 4: what was posted
        mapping(bytes32 call => Waiting) waiting;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("writ.guarded")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant WRIT_GUARDED_STORAGE =
        0x31fa96e6be70d47e8fbb2a09a5449183930a5e9d636e568532c2afc7bcb5be00;

    function _writGuard() internal pure returns (Guard storage guard) {
        assembly ("memory-safe") {
            guard.slot := WRIT_GUARDED_STORAGE
        }
    }

    /// @dev Whether nothing is demanded: by configuration, or after an announced exit.
    function _writStandsAside(Guard storage guard, Head head) internal view returns (bool) {
        return head.isIn(Mode.Off) || guard.settings.exited(head);
    }
}
