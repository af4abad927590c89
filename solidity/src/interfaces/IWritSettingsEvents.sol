// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Configuration, PolicyReference} from "./WritTypes.sol";

/// @title What module and guard log about their settings
/// @notice `account` is the account, or the guarded contract: one reader understands both.
interface IWritSettingsEvents {
    /// @notice A configuration took effect. Emitted at block `configuredAt`.
    event ConfigurationSet(
        address indexed account,
        uint64 revision,
        Configuration configuration,
        PolicyReference[] policies
    );

    /// @notice A weaker configuration was scheduled; anyone can apply it from `readyAt` on.
    event ConfigurationScheduled(
        address indexed account,
        bytes32 configurationHash,
        uint48 readyAt,
        Configuration configuration
    );

    /// @notice A scheduled configuration was withdrawn, by whoever may change settings or by another change.
    event ConfigurationCancelled(address indexed account, bytes32 configurationHash);

    /// @notice The way out was announced; from `exitAt` on nothing is demanded.
    event ExitAnnounced(address indexed account, uint48 exitAt);

    /// @notice The announcement was withdrawn, or a change to Enforce ended the exit.
    event ExitCancelled(address indexed account);
}
