// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Mode} from "../interfaces/WritTypes.sol";

/// @notice The first storage slot of an account, as one word: read once, and taken apart by shifts.
type Head is uint256;

using HeadFields for Head global;

/// @title The fields of a `Head`, in the order in which `WritStorage.Account` packs them
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
        return uint64(Head.unwrap(head) >> 192);
    }

    /// @notice Whether the account enforces, installed the validator, announced no exit, and is of the plain kind: the usual
    /// case, in one comparison.
    /// @dev The mode, and the flags 1 (VALIDATOR), 8 (EXIT_ANNOUNCED) and 128 (ADAPTED) of `WritStorage` above it.
    function isUsual(Head head) internal pure returns (bool) {
        return (Head.unwrap(head) >> 176) & 0x89ff == 0x0100 | uint256(uint8(Mode.Enforce));
    }

    /// @notice Whether one of these flags is set.
    function has(Head head, uint256 flags) internal pure returns (bool) {
        return (Head.unwrap(head) >> 184) & flags != 0;
    }
}
