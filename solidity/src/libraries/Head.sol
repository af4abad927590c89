// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Mode} from "../interfaces/WritTypes.sol";
import {Flags} from "./Flags.sol";

/// @notice The first storage slot of `SettingsState`, as one word: read once, and taken apart by shifts.
type Head is uint256;

using HeadFields for Head global;

/// @title The fields of a `Head`, in the order in which `SettingsState` packs them
library HeadFields {
    function record(Head head) internal pure returns (address) {
        return address(uint160(Head.unwrap(head)));
    }

    function operators(Head head) internal pure returns (uint8) {
        return uint8(Head.unwrap(head) >> 160);
    }

    function threshold(Head head) internal pure returns (uint8) {
        return uint8(Head.unwrap(head) >> 168);
    }

    /// @notice Whether the account is in this mode.
    /// @dev Compared as numbers: as an enum, Solidity would check its range at every turn.
    function isIn(Head head, Mode mode) internal pure returns (bool) {
        return uint8(Head.unwrap(head) >> 176) == uint8(mode);
    }

    function revision(Head head) internal pure returns (uint64) {
        return uint56(Head.unwrap(head) >> 200);
    }

    /// @notice Whether the account enforces, has the module installed, and nothing about it asks for more than most accounts
    /// do: the usual case, in one comparison.
    /// @dev The mode, and the flags above it.
    function isUsual(Head head) internal pure returns (bool) {
        return (Head.unwrap(head) >> 176) & (0xff | Flags.UNUSUAL << 8 | Flags.INSTALLED << 8)
            == Flags.INSTALLED << 8 | uint256(uint8(Mode.Enforce));
    }

    /// @notice The same head with as many operators.
    function withOperators(Head head, uint8 count) internal pure returns (Head) {
        uint256 cleared = Head.unwrap(head) & ~(uint256(0xff) << 160);
        return Head.wrap(cleared | uint256(count) << 160);
    }

    /// @notice Whether one of these flags is set.
    function has(Head head, uint256 flags) internal pure returns (bool) {
        return (Head.unwrap(head) >> 184) & flags != 0;
    }
}
