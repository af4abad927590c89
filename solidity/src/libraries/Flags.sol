// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Configuration} from "../interfaces/WritTypes.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";

/// @title What is kept of an account in one bit each
library Flags {
    /// @dev Installed as validator; of a guard: configured once.
    uint256 internal constant INSTALLED = 1;
    /// @dev Installed as hook.
    uint256 internal constant HOOK = 2;
    uint256 internal constant READS_HISTORY = 4;
    uint256 internal constant EXIT_ANNOUNCED = 8;
    /// @dev The configured EntryPoint is the published one of this version, which saves reading its address.
    uint256 internal constant ENTRY_POINT_V07 = 16;
    uint256 internal constant ENTRY_POINT_V08 = 32;
    /// @dev This one also tells which operation it executes.
    uint256 internal constant ENTRY_POINT_V09 = 64;
    /// @dev The account is of one of the `Kinds` that are not plain.
    uint256 internal constant ADAPTED = 128;
    /// @dev A stateless validator judges the owner's signatures.
    uint256 internal constant OWNER_VALIDATOR = 256;
    /// @dev The account follows an operator registry, which can revoke.
    uint256 internal constant FOLLOWS = 512;
    /// @dev The account followed its registry to another epoch, and has not been configured since.
    uint256 internal constant FORMER = 1024;

    /// @dev What most accounts do not have.
    uint256 internal constant UNUSUAL =
        EXIT_ANNOUNCED | ADAPTED | OWNER_VALIDATOR | FOLLOWS | FORMER;

    /// @dev What a change of the configuration leaves as it is.
    uint256 private constant KEPT = INSTALLED | HOOK | EXIT_ANNOUNCED | ADAPTED;

    /// @notice The flags after a change to `next`.
    function configured(uint16 flags, Configuration memory next) internal pure returns (uint16) {
        uint256 bits = flags & KEPT;
        if (next.readsHistory) bits |= READS_HISTORY;
        if (next.ownerValidator != address(0)) bits |= OWNER_VALIDATOR;
        if (next.registry != address(0)) bits |= FOLLOWS;
        return uint16(bits | _entryPoint(next.entryPoint));
    }

    /// @dev By address: in validation an EntryPoint may not be asked what it is (OP-054).
    function _entryPoint(address entryPoint) private pure returns (uint256) {
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V07)) return ENTRY_POINT_V07;
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V08)) return ENTRY_POINT_V08;
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V09)) return ENTRY_POINT_V09;
        return 0;
    }
}
